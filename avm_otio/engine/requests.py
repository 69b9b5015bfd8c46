"""What a call may hold, and the words in which it is refused. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from avm_otio import services
from avm_otio.errors import TimeFormatError
from avm_otio.services import EFFECTS, MUSIC
from avm_otio.timeline.time import parse_timestamp

TWD_PER = {"TWD": 1.0, "USD": 32.0, "EUR": 35.0}
"""New Taiwan dollars for one of each currency: fixed, since the engine's prices are make-believe."""

_MOST = 1e15
"""The largest amount that means anything: of money, or of beats."""

DENSITIES = {"none": 0.0, "sparse": 4.0, "normal": 20.0, "dense": 30.0}
"""Effects a minute, by the words in which they are asked for."""

_MOST_SPOTS = 5000
_LONGEST_WORDS = 300

_MOST_DENSE = 1000
"""Effects a minute beyond which a number means nothing."""

PLATFORMS_PER_USAGE = 100
"""The engine's own rule of which platform belongs to which usage: 1–99 to the first, 100–199 to the next."""


class Language(StrEnum):
    """What the engine's words are in."""

    ZH = "zh"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Locale:
    """What ``accept-language`` and ``avma-currency`` ask for; their defaults are the contract's."""

    language: Language = Language.ZH
    currency: str = "TWD"

    def say(self, en: str, zh: str) -> str:
        """One of two wordings."""
        return zh if self.language is Language.ZH else en

    def price(self, price_twd: int) -> float:
        """A price in the currency that was asked for, to the cent."""
        return round(price_twd / TWD_PER[self.currency], 2)


class Refusal(Exception):  # noqa: N818  # it is an answer, not a fault
    """The engine says no: a status and the contract's messages, documented ones always in English."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


@dataclass(frozen=True, slots=True)
class ServiceCall:
    """What a service call asks for, checked.

    Attributes:
        services: The keys of the services that are asked for.
        music: ``text`` (title and outline), ``bpm``, ``genres``, ``instruments`` and both budgets.
        start_us, end_us: The stretch of film time for effects.
        notify_url: Where the result is posted.
        language, currency: Of the call, for what is posted later.
        density: How many effects, as asked: a word of ``DENSITIES``, a number a minute, or ``None``.
        words: What is in the film, in the caller's words; a reason to believe in a thing.
        spots: Sounds that somebody spotted: ``at_us``, ``until_us`` or ``None``, ``words``,
            ``is_ambience``.
    """

    services: tuple[str, ...]
    music: Mapping[str, Any] | None
    start_us: int
    end_us: int
    notify_url: str | None
    language: str
    currency: str
    density: str | float | None = None
    words: str = ""
    spots: tuple[Mapping[str, Any], ...] = ()


def read_locale(language: str | None, currency: str | None) -> Locale:
    """Read the two headers, in any case; ``en-US,en;q=0.9`` is English.

    Raises:
        Refusal: The engine has no such language or currency.
    """
    tongue = (language or "zh").split(",")[0].split(";")[0].split("-")[0].strip().lower()
    money = (currency or "TWD").strip().upper()
    tongue = "zh" if tongue == "*" else tongue
    if tongue not in set(Language):
        raise Refusal(f"accept-language must be zh or en, not {tongue[:20]!r}.")
    if money not in TWD_PER:
        raise Refusal(f"avma-currency must be TWD, USD or EUR, not {money[:20]!r}.")
    return Locale(Language(tongue), money)


def check_youtube_url(url: str) -> Refusal:
    """Why a YouTube address is of no use here: this engine reaches no network."""
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").removeprefix("www.").removeprefix("m.").removeprefix("music.")
    except ValueError:
        return Refusal("The Youtube url is invalid")
    on_youtube = host in ("youtube.com", "youtube-nocookie.com") and (
        "v=" in parts.query or parts.path.count("/") > 1
    )
    short = host == "youtu.be" and len(parts.path) > 1
    if parts.scheme not in ("http", "https") or not (on_youtube or short):
        return Refusal("The Youtube url is invalid")
    return Refusal("The Youtube url is unavailable")


def read_service_call(body: object, film_type: str, duration_us: int, locale: Locale) -> ServiceCall:
    """Check a service call against the contract.

    Raises:
        Refusal: It is against it; in the contract's own words where it has any.
    """
    if not isinstance(body, Mapping):
        raise Refusal(locale.say("The body must be a JSON object.", "內容必須是 JSON 物件。"))
    if not _is_text(body):
        raise Refusal(locale.say("The body holds half a character.", "內容含有不完整的字元。"))
    _check_license(body.get("license"))
    asked = [service for service in services.SERVICES if body.get(service.request_key) is not None]
    if not asked:
        raise Refusal("At least one service to be chosen")
    for service in asked:
        key = service.request_key
        if not isinstance(body[key], Mapping):
            raise Refusal(locale.say(f"{key} must be an object.", f"{key} 必須是物件。"))
    for service in asked:
        for unsupported in service.unsupported:
            if film_type == unsupported.film_type:
                raise Refusal(locale.say(unsupported.message, unsupported.message_zh))
    music = _read_music(body[MUSIC.request_key], locale) if MUSIC in asked else None
    effects = body.get(EFFECTS.request_key) or {}
    start_us, end_us = _read_stretch(effects, duration_us)
    density, words = _read_density(effects, locale), _read_words(effects, locale)
    spots = _read_spots(effects, duration_us, locale)
    if music is not None:
        words = f"{words} {music.pop('outline')}".strip()
    notify_url = body.get("notify_url") or None
    if notify_url is not None and not _is_web(notify_url):
        raise Refusal(
            locale.say(
                "notify_url must be an http or https address.", "notify_url 必須是 http 或 https 網址。"
            )
        )
    keys = tuple(service.request_key for service in asked)
    language, currency = locale.language, locale.currency
    return ServiceCall(keys, music, start_us, end_us, notify_url, language, currency, density, words, spots)


def _check_license(given: object) -> None:
    if not isinstance(given, Mapping) or not _is_whole(given.get("duration")):
        raise Refusal("The license data must be provide")
    for name in ("range", "usage_platforms"):
        ids = given.get(name)
        if not isinstance(ids, list) or not ids or not all(_is_whole(each) for each in ids):
            raise Refusal("The license data must be provide")
    if len({platform // PLATFORMS_PER_USAGE for platform in given["usage_platforms"]}) > 1:
        raise Refusal("All usage_platform that choice must be related to the same usage data")


def _read_music(service: Mapping[str, Any], locale: Locale) -> dict[str, Any]:
    given = service.get(MUSIC.parameters_key)
    if isinstance(given, list) and len(given) == 1:
        given = given[0]
    if not isinstance(given, Mapping):
        raise Refusal(locale.say("requirement must be one object.", "requirement 必須是一個物件。"))

    def field(name: str, fits: Callable[[Any], bool], kind: str, default: Any) -> Any:
        value = given.get(name)
        if value is None and default is not None:
            return default
        if not fits(value):
            raise Refusal(
                locale.say(
                    f"requirement.{name} must be given as {kind}.", f"requirement.{name} 必須是 {kind}。"
                )
            )
        return value

    title = field("title", lambda value: isinstance(value, str) and bool(value.strip()), "text", None)
    least = field("budget_min", _is_amount, "a number of at least 0", None)
    most = field("budget_max", _is_amount, "a number of at least 0", None)
    if least > most:
        raise Refusal(
            locale.say(
                "requirement.budget_min is above budget_max.", "requirement.budget_min 大於 budget_max。"
            )
        )
    outline = field("outline", lambda value: isinstance(value, str), "text", "")
    return {
        "text": f"{title} {outline}",
        "outline": outline,
        "ref_music": ref_music if isinstance(ref_music := given.get("ref_music"), str) else "",
        "bpm": field("bpm", _is_amount, "a number of at least 0", 0) or None,
        "genres": field("genre", _are_whole, "a list of ids", []),
        "instruments": field("instrument", _are_whole, "a list of ids", []),
        "budget_min": least,
        "budget_max": most,
    }


def _read_stretch(service: Mapping[str, Any], duration_us: int) -> tuple[int, int]:
    try:
        start_us, end_us = parse_timestamp(service.get("start_at")), parse_timestamp(service.get("end_at"))
    except TimeFormatError:
        raise Refusal("Sound effect start time unavailable") from None
    start_us = 0 if start_us is None else start_us
    end_us = duration_us if end_us is None else end_us
    if not 0 <= start_us < end_us <= duration_us:
        raise Refusal("Sound effect start time unavailable")
    return start_us, end_us


def _read_density(service: Mapping[str, Any], locale: Locale) -> str | float | None:
    given = service.get("avm_density")
    if given is None or (isinstance(given, str) and given in DENSITIES):
        return given
    if _is_amount(given) and given <= _MOST_DENSE:
        return float(given)
    listed = ", ".join(DENSITIES)
    raise Refusal(
        locale.say(
            f"avm_density must be {listed}, or a number a minute from 0 to {_MOST_DENSE}.",
            f"avm_density 必須是 {listed},或每分鐘 0 到 {_MOST_DENSE} 的數字。",
        )
    )


def _read_words(service: Mapping[str, Any], locale: Locale) -> str:
    given = service.get("avm_words")
    if given is None or isinstance(given, str):
        return given or ""
    raise Refusal(locale.say("avm_words must be text.", "avm_words 必須是文字。"))


def _read_spots(service: Mapping[str, Any], duration_us: int, locale: Locale) -> tuple[dict[str, Any], ...]:
    given = service.get("avm_spots")
    if given is None:
        return ()
    if not isinstance(given, list) or len(given) > _MOST_SPOTS:
        raise Refusal(
            locale.say(
                f"avm_spots must be a list of at most {_MOST_SPOTS}.",
                f"avm_spots 必須是最多 {_MOST_SPOTS} 項的清單。",
            )
        )
    return tuple(
        _read_spot(f"avm_spots[{number}]", spot, duration_us, locale) for number, spot in enumerate(given)
    )


def _read_spot(place: str, spot: object, duration_us: int, locale: Locale) -> dict[str, Any]:
    if not isinstance(spot, Mapping):
        raise Refusal(locale.say(f"{place} must be an object.", f"{place} 必須是物件。"))
    words, kind = spot.get("words"), spot.get("kind") or "effect"
    if not isinstance(words, str) or not words.strip() or len(words) > _LONGEST_WORDS:
        raise Refusal(
            locale.say(
                f"{place}.words must be text of at most {_LONGEST_WORDS} characters.",
                f"{place}.words 必須是最多 {_LONGEST_WORDS} 字的文字。",
            )
        )
    if kind not in ("effect", "ambience"):
        raise Refusal(
            locale.say(
                f"{place}.kind must be effect or ambience.", f"{place}.kind 必須是 effect 或 ambience。"
            )
        )
    try:
        at_us, until_us = parse_timestamp(spot.get("at")), parse_timestamp(spot.get("until"))
    except TimeFormatError:
        at_us = until_us = None
    if at_us is None or not 0 <= at_us < duration_us or (until_us is not None and until_us <= at_us):
        raise Refusal("Sound effect start time unavailable")
    until_us = None if until_us is None else min(until_us, duration_us)
    return {"at_us": at_us, "until_us": until_us, "words": words, "is_ambience": kind == "ambience"}


def _is_text(body: object) -> bool:
    """Whether all texts can be written down: JSON can carry half of a surrogate pair."""
    try:
        json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return False
    return True


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def _are_whole(value: object) -> bool:
    return isinstance(value, list) and all(_is_whole(each) for each in value)


def _is_amount(value: object) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return 0 <= value <= _MOST


def _is_web(url: object) -> bool:
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
    except ValueError:
        return False
    return parts is not None and parts.scheme in ("http", "https") and bool(parts.hostname)
