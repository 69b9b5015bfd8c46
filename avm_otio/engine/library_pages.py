"""The library over HTTP, under ``/library/``: the engine's own, outside the service's contract."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from avm_otio.engine.catalogue import Filter
from avm_otio.engine.requests import Locale, Refusal
from avm_otio.engine.searching import Found, Search, Searcher
from avm_otio.engine.vocabulary import Role
from avm_otio.errors import InputError, UsageError

MOST = 200
"""How many sounds one answer has at most."""

_LONGEST_TEXT = 400
_LONGEST_S = 1e6
_KINDS = ("music", "effect", "ambience", "dialogue")
_ROLES = tuple(role.name.lower() for role in Role)

_TEXT = {"type": "string", "maxLength": _LONGEST_TEXT}
_SECONDS = {"type": "number", "minimum": 0, "maximum": _LONGEST_S}
_BPM = {"type": "number", "minimum": 1, "maximum": 1000}

PARAMETERS: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "words": (_TEXT, "What sounds should speak of, in English, German, French, Spanish, Italian or Chinese."),
    "like": (_TEXT, "The id, or the path within the library, of a sound that they should sound like."),
    "kind": ({"type": "string", "enum": list(_KINDS)}, "Only of this kind."),
    "role": ({"type": "string", "enum": list(_ROLES)}, "Only effects that do this."),
    "category": (_TEXT, "Only of this UCS category: an id, the start of one, or a name."),
    "licence": (_TEXT, "Only with this in their licence."),
    "channels": ({"type": "integer", "minimum": 1, "maximum": 1024}, "Only with so many channels."),
    "min_length": (_SECONDS, "Only so long or longer, in seconds."),
    "max_length": (_SECONDS, "Only so long or shorter, in seconds."),
    "min_bpm": (_BPM, "Only so fast or faster."),
    "max_bpm": (_BPM, "Only so fast or slower."),
    "most": ({"type": "integer", "minimum": 1, "maximum": MOST}, "How many; 20 by default."),
}
"""What a search may say: each parameter's schema, and what it means."""


class LibrarySound(BaseModel):
    """A sound of the library. Times are microseconds of the sound."""

    model_config = ConfigDict(extra="forbid")

    id: int
    path: str
    title: str
    url: Annotated[str, Field(description="Where it can be downloaded.")]
    score: Annotated[float, Field(ge=0, le=1, description="How well it fits; 1 where nothing was asked for.")]
    kind: str
    roles: list[str]
    category: str | None
    category_words: str | None
    duration_us: int
    channels: int
    sample_rate_hz: int
    loudness_lufs: float | None
    tempo_bpm: float | None
    key: str | None
    brightness_hz: float
    attack_us: int
    peak_us: int
    tail_us: int
    is_rising: bool
    licence: str


class LibrarySounds(BaseModel):
    """Sounds of the library, best first."""

    model_config = ConfigDict(extra="forbid")

    sounds: list[LibrarySound]


def found_sounds(
    searcher: Searcher, query: Mapping[str, str], locale: Locale, url: Callable[[int, str], str]
) -> dict[str, Any]:
    """Search as a query says.

    Args:
        searcher: The library.
        query: What was asked, by name.
        locale: In which words it is refused.
        url: Makes the address of a sound of its id and its ending.

    Raises:
        Refusal: The query is none.
    """
    wanted = _read(query, locale)
    like = query.get("like", "")
    try:
        if like:
            sound = _one(searcher, like, locale)
            wanted = replace(wanted, signature=tuple(sound.facts["signature"]), without=sound.item.path)
        return {"sounds": [_shown(found, url) for found in searcher.search(wanted)]}
    except InputError as error:
        raise Refusal(str(error), 404) from None


def one_sound(
    searcher: Searcher, sound_id: int, locale: Locale, url: Callable[[int, str], str]
) -> dict[str, Any]:
    """One sound by its id; the other arguments as above.

    Raises:
        Refusal: There is none.
    """
    return _shown(_one(searcher, str(sound_id), locale), url)


def _one(searcher: Searcher, name: str, locale: Locale) -> Found:
    try:
        return searcher.sound(name)
    except UsageError:
        raise Refusal(locale.say("There is no such sound.", "沒有這個聲音。"), 404) from None


def _shown(found: Found, url: Callable[[int, str], str]) -> dict[str, Any]:
    fields = found.as_json()
    del fields["file"]  # where it lies is nobody's business who asks over HTTP
    return fields | {"url": url(found.item.id, found.item.suffix)}


def _read(query: Mapping[str, str], locale: Locale) -> Search:
    """Read a search.

    Raises:
        Refusal: A parameter is unknown, or its value is none.
    """
    values: dict[str, Any] = {}
    for name, text in query.items():
        if name not in PARAMETERS:
            raise Refusal(locale.say(f"There is no parameter {name[:40]!r}.", f"沒有參數 {name[:40]!r}。"))
        values[name] = _value(name, text, locale)
    most = values.pop("most", 20)
    words, _ = values.pop("words", ""), values.pop("like", None)
    for name, field in (("min_length", "min_us"), ("max_length", "max_us")):
        if name in values:
            values[field] = round(values.pop(name) * 1e6)
    return Search(words, where=Filter(**values), most=most)


def _value(name: str, text: str, locale: Locale) -> Any:
    schema = PARAMETERS[name][0]
    value: Any = text
    try:
        if schema["type"] != "string":
            value = int(text) if schema["type"] == "integer" else float(text)
            is_right = math.isfinite(value) and schema["minimum"] <= value <= schema.get("maximum", value)
        else:
            is_right = len(text) <= schema.get("maxLength", len(text)) and text in schema.get("enum", (text,))
    except (ValueError, OverflowError):
        is_right = False
    if not is_right:
        raise Refusal(locale.say(f"{name} cannot be {text[:40]!r}.", f"{name} 不能是 {text[:40]!r}。"))
    return value
