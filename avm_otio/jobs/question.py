"""What a service is asked: the part of a job that its identity is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from avm_otio.api.models import ServiceRequest
from avm_otio.core.errors import InputError
from avm_otio.core.service_keys import ServiceKeys
from avm_otio.jobs.said import digest

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
        keys: The JSON keys of the services; not part of the question.
    """

    service: str
    language: str
    currency: str
    request: ServiceRequest
    keys: ServiceKeys = field(default=ServiceKeys(), compare=False)

    def asked(self, film: Mapping[str, Any], attempt: int = 0) -> dict[str, Any]:
        """The question as JSON; where a notification goes is not part of it.

        Args:
            film: What is seen and heard, as ``media.fingerprint.film_asked`` tells it.
            attempt: How often the same was asked, and answered, before.
        """
        return {
            "version": VERSION,
            "service": self.service,
            "language": self.language,
            "currency": self.currency,
            "request": self.request.dump() | {"notify_url": None},
            "film": film,
        } | ({"attempt": attempt} if attempt else {})

    @classmethod
    def of(cls, asked: Mapping[str, Any], keys: ServiceKeys, notify_url: str | None) -> Self:
        """The way back from a journal.

        Raises:
            InputError: It is no question.
        """
        try:
            request = ServiceRequest.model_validate(asked["request"])
            service, language, currency = (str(asked[key]) for key in ("service", "language", "currency"))
            told = request.model_copy(update={"notify_url": notify_url})
            return cls(service, language, currency, told, keys)
        except (KeyError, ValueError):
            raise InputError("The journal does not say what was asked.", "Run score again.") from None


def key_of(asked: Mapping[str, Any]) -> str:
    """The name of a question: of the job, and in the name of its film at the service."""
    return digest(asked)[:KEY_LENGTH]
