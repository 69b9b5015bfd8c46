"""What the film service is asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self

from avm_otio import services
from avm_otio.errors import NoServiceChosenError, UnsupportedFilmError
from avm_otio.services import Service, ServiceKeys

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """One call that uses up an analysis.

    Attributes:
        license: What the music may be used for, by the ids of the service's option tables: ``range`` and
            ``usage_platforms`` (lists), ``duration``.
        parameters: For each service that is asked for, by its name, its parameters; those that are ``null``
            are not sent. Budgets are in the currency that the client asks for, times are film time.
        notify_url: Where the service should post its result.
    """

    license: Json
    parameters: Mapping[str, Json]
    notify_url: str | None = None

    @property
    def services(self) -> tuple[Service, ...]:
        """The services that are asked for."""
        return services.named(self.parameters)

    def payload(self, keys: ServiceKeys) -> dict[str, Any]:
        """The JSON body of the call.

        Raises:
            NoServiceChosenError: No service is asked for.
        """
        if not self.services:
            raise NoServiceChosenError("No service is asked for.", f"Choose {services.any_of_names()}.")
        body: dict[str, Any] = {"license": self.license}
        for service in self.services:
            given = {key: value for key, value in self.parameters[service.name].items() if value is not None}
            # The reference's table says a list of requirements, its example sends one object: as the example.
            body[keys.of(service)] = {service.parameters_key: given} if service.parameters_key else given
        if self.notify_url is not None:
            body["notify_url"] = self.notify_url
        return body

    def as_json(self) -> dict[str, Any]:
        """The request as a job keeps it, and of which its key is made; without ``notify_url``."""
        document: dict[str, Any] = {"license": self.license}
        for service in services.SERVICES:
            given = self.parameters.get(service.name)
            if given is not None:
                document[service.name] = service.is_flag or given
            elif service.is_always_named:
                document[service.name] = False if service.is_flag else None
        return document

    @classmethod
    def from_json(cls, document: Json) -> Self:
        """The way back.

        Raises:
            ValueError: It is no request.
        """
        license, asked = document.get("license"), {}
        for name in services.service_names():
            given = document.get(name)
            if given is not None and given is not False:
                asked[name] = {} if given is True else given
        if not all(isinstance(each, Mapping) for each in (license, *asked.values())):
            raise ValueError("not a request")
        return cls(license or {}, asked)


def check_film_may(film_type: str, asked: Collection[Service]) -> None:
    """Refuse, before anything is uploaded or paid, what the service would refuse after.

    Source: the reference, "Create a Film Service". A type that it does not name is let through.

    Raises:
        UnsupportedFilmError: This type of film may not use one of the services.
    """
    for service in asked:
        for unsupported in service.unsupported:
            if film_type == unsupported.film_type:
                raise UnsupportedFilmError(unsupported.message, unsupported.hint)
