"""What a service is asked: the part of a job that its identity is made of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from avm_otio.addresses import LOCAL, is_loopback
from avm_otio.errors import InputError, UsageError
from avm_otio.request import Request
from avm_otio.service.request import ServiceRequest
from avm_otio.services import EFFECTS, MUSIC, ServiceKeys

VERSION = 2
"""Part of every key: grows when the same question would be written otherwise."""

KEY_LENGTH = 12
"""Hexadecimal digits of a job's key: 48 bits, so that the films of one account never meet."""

BUDGET = (0.0, 100_000.0)
"""Lowest and highest budget where none is set: the reference's own example asks for 1 to 100,000."""

_ENGINE_LICENSE = (1,), 1, (1,)
"""Range, duration and platforms that the local engine is asked with; there they mean nothing."""


@dataclass(frozen=True, slots=True)
class Question:
    """Who is asked for what.

    Attributes:
        service: The service's origin, or ``local``.
        language: What its words will be in.
        currency: What its prices will be in.
        request: The body of the call.
        library: Which sounds the local engine has to choose from; empty for those of its own.
        is_titled: Whether a title was given. One that is just the timeline's name is sent to the service, and
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

    @classmethod
    def of(cls, request: Request, keys: ServiceKeys, library: str = "") -> Self:
        """The question of a request.

        Args:
            request: Complete.
            keys: The JSON keys of the services.
            library: Which sounds the local engine has to choose from.

        Raises:
            UsageError: No licence for a service that needs one, or budgets that contradict each other.
        """
        return cls(
            request.origin,
            request.language,
            request.currency,
            service_request(request, request.timeline.stem),
            library,
            bool(request.title),
            keys,
        )

    @classmethod
    def from_journal(cls, asked: Mapping[str, Any], keys: ServiceKeys, notify_url: str | None) -> Self:
        """The way back from ``asked``.

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

    def as_asked(self, asked: Mapping[str, Any]) -> Self:
        """The same with what was asked in a job: what was spotted is part of it.

        Args:
            asked: As the job's journal has it.
        """
        try:
            request = ServiceRequest.from_json(asked["request"])
        except (AttributeError, KeyError, ValueError):
            return self
        return replace(self, request=replace(request, notify_url=self.request.notify_url))

    def asked(self, film: Mapping[str, Any], attempt: int = 0) -> dict[str, Any]:
        """The question as JSON; where a notification goes is not part of it.

        Args:
            film: What is seen and heard, as ``media.fingerprint.film_asked`` describes it.
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


def key_of(asked: Mapping[str, Any]) -> str:
    """The name of a question: of the job, and in the name of its film at the service."""
    return digest_of(asked)[:KEY_LENGTH]


def digest_of(asked: Mapping[str, Any]) -> str:
    """The digest of a question and of all that its film shows and plays: equal questions, equal digests."""
    request = asked["request"]
    if asked.get("is_titled") is False and request.get("music"):
        music = {name: value for name, value in request["music"].items() if name != "title"}
        asked = {**asked, "request": {**request, "music": music}}
    text = json.dumps(asked, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def service_request(request: Request, title: str) -> ServiceRequest:
    """The body of the call that a request makes.

    Args:
        request: Complete.
        title: Where the request has none.

    Raises:
        UsageError: No licence for a service that needs one, or budgets that contradict each other.
    """
    parameters: dict[str, Mapping[str, Any]] = {name: {} for name in request.services}
    if EFFECTS.name in request.services and understands_ours(request.service):
        own = {"avm_density": request.effects_density, "avm_words": request.outline or None}
        parameters[EFFECTS.name] = {name: value for name, value in own.items() if value is not None}
    if MUSIC.name in request.services:
        parameters[MUSIC.name] = _requirement(request, title)
    return ServiceRequest(_license(request), parameters, request.notify_url or None)


def understands_ours(service: str) -> bool:
    """Whether a service is an engine of this machine, which understands more than the contract."""
    return service == LOCAL or is_loopback(urlsplit(service).hostname or "")


def _license(request: Request) -> dict[str, Any]:
    spare = _ENGINE_LICENSE if understands_ours(request.service) else ((), None, ())
    area = list(request.license_range or spare[0])
    duration = spare[1] if request.license_duration is None else request.license_duration
    platforms = list(request.license_platforms or spare[2])
    if area and duration is not None and platforms:
        return {"range": area, "duration": duration, "usage_platforms": platforms}
    raise UsageError(
        "The service needs to know the licence: where, how long, and for which platforms.",
        "Give --license-range, --license-duration and --license-platforms, or set them under [license].",
    )


def _ref_music(request: Request) -> str | None:
    """The piece that the music should be like; for the engine here a file, by its whole path."""
    named = request.ref_music
    if not named or not understands_ours(request.service) or "://" in named:
        return named or None
    try:
        path = Path(named).expanduser()
    except RuntimeError:
        raise UsageError(
            f"{named} begins with ~, and there is no such home.", "Write the whole path."
        ) from None
    return str(path.absolute()) if path.is_file() else named


def _requirement(request: Request, title: str) -> dict[str, Any]:
    lowest = BUDGET[0] if request.budget_min is None else request.budget_min
    highest = max(BUDGET[1], lowest) if request.budget_max is None else request.budget_max
    if lowest > highest:
        raise UsageError(f"The lowest budget ({lowest:g}) is above the highest ({highest:g}).", "Swap them.")
    return {
        "title": request.title or title,
        "budget_min": lowest,
        "budget_max": highest,
        "outline": request.outline or None,
        "ref_music": _ref_music(request),
        "bpm": request.bpm,
        "genre": list(request.genre) or None,
        "instrument": list(request.instrument) or None,
        "language": request.music_language,
    }
