"""What a service is asked: the part of a job that its identity is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from avm_otio.errors import InputError
from avm_otio.jobs.said import digest
from avm_otio.service.request import ServiceRequest
from avm_otio.services import ServiceKeys

VERSION = 2
"""Part of every key: grows when the same question would be told otherwise."""

KEY_LENGTH = 12
"""Hexadecimal digits of a job's key: 48 bits, so that the films of one account never meet."""


@dataclass(frozen=True, slots=True)
class Question:
    """Who is asked for what.

    Attributes:
        service: The service's origin, or ``local``.
        language: What its words will be in.
        currency: What its prices will be in.
        request: What is asked for.
        library: Which sounds the local engine has to choose from; empty for those of its own.
        is_titled: Whether a title was given. One that is just the timeline's name is told to the service, and
            is not part of the question: a cut under another name is the same cut.
        keys: The JSON keys of the services; not part of the question.
    """

    service: str
    language: str
    currency: str
    request: ServiceRequest
    library: str = ""
    is_titled: bool = True
    keys: ServiceKeys = field(default=ServiceKeys(), compare=False)

    def asked(self, film: Mapping[str, Any], attempt: int = 0) -> dict[str, Any]:
        """The question as JSON; where a notification goes is not part of it.

        Args:
            film: What is seen and heard, as ``media.fingerprint.film_asked`` tells it.
            attempt: How often the same was asked, and answered, before.
        """
        asked: dict[str, Any] = {
            "version": VERSION,
            "service": self.service,
            "language": self.language,
            "currency": self.currency,
            "request": self.request.as_json() | {"notify_url": None},
            "film": film,
        }
        if self.library:
            asked["library"] = self.library
        if not self.is_titled:
            asked["is_titled"] = False
        if attempt:
            asked["attempt"] = attempt
        return asked

    @classmethod
    def of(cls, asked: Mapping[str, Any], keys: ServiceKeys, notify_url: str | None) -> Self:
        """The way back from a journal.

        Raises:
            InputError: It is no question.
        """
        try:
            request = replace(ServiceRequest.from_json(asked["request"]), notify_url=notify_url)
            service, language, currency = (str(asked[key]) for key in ("service", "language", "currency"))
            library, is_titled = str(asked.get("library", "")), asked.get("is_titled") is not False
            return cls(service, language, currency, request, library, is_titled, keys)
        except (AttributeError, KeyError, ValueError):
            raise InputError("The journal does not say what was asked.", "Run score again.") from None


def key_of(asked: Mapping[str, Any]) -> str:
    """The name of a question: of the job, and in the name of its film at the service."""
    request = asked["request"]
    if asked.get("is_titled") is False and request.get("music"):
        music = {name: value for name, value in request["music"].items() if name != "title"}
        asked = {**asked, "request": {**request, "music": music}}
    return digest(asked)[:KEY_LENGTH]
