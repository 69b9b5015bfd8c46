"""One sound of a library, of what the index keeps of it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from avm_otio.engine.place import place_of
from avm_otio.engine.sorting import Kind, category_of_sound, kind_of, roles_of
from avm_otio.engine.traits import Outline
from avm_otio.engine.ucs import Category, ucs_name
from avm_otio.engine.vocabulary import Role
from avm_otio.licences import Licences
from avm_otio.tags import NO_TAGS, Tags

_BPM = re.compile(r"(?<![\d.])(\d{2,3}(?:[.,]\d{1,2})?)[ _-]?bpm|bpm[ _-]?(\d{2,3})(?![\d.])", re.I)


@dataclass(frozen=True, slots=True)
class LibraryItem:
    """One sound.

    Attributes:
        id: From its path within the library: the same at each start.
        path: Its path within the library, with slashes.
        title: What it is called: its file's name without the ending, or the FXName of a UCS name.
        kind: Music, effect or dialogue.
        roles: What an effect is good for, the main thing first; empty where nothing says so.
        duration_us: Its length.
        loudness_lufs: Integrated loudness; ``None`` for silence.
        tempo_bpm: The tempo that it states, else the likeliest, if any.
        brightness_hz: Where the middle of its energy lies.
        channels: How many channels it has.
        outline: Where it begins, strikes and ends; ``None`` where nobody listened.
        tail_us: From where on it only rings out.
        is_rising: Whether it swells up to its peak.
        key: Its key, as in ``F#m``, if it has one.
        energy_db: Of music, how loud each part of it is against its loudest, all parts of one length.
        category: Its UCS category, if its name or its tags say one.
        licence: What it may be used for, as far as that is stated; empty where it is not.
        tags: What the file says of itself.
        suffix: Its ending, or that of its format where its name has none.
    """

    id: int
    path: str
    title: str
    kind: Kind
    roles: tuple[Role, ...]
    duration_us: int
    loudness_lufs: float | None
    tempo_bpm: float | None
    brightness_hz: float
    channels: int = 2
    outline: Outline | None = None
    tail_us: int = 0
    is_rising: bool = False
    key: str | None = None
    energy_db: tuple[float, ...] = ()
    category: Category | None = None
    licence: str = ""
    tags: Tags = NO_TAGS
    suffix: str = ""


def item_of(item_id: int, relative: str, facts: Mapping[str, Any], licences: Licences) -> LibraryItem:
    """A sound, of what the index keeps of it.

    Args:
        item_id: Its id.
        relative: Its path within the library, as the system gives it.
        facts: What was measured.
        licences: What its folders say.
    """
    path = shown(relative)
    place = place_of(path)
    tags = Tags(**facts["tags"])
    duration_us = facts["duration_us"]
    category = category_of_sound(path, tags)
    roles = roles_of(path, tags, category, duration_us)
    named = ucs_name(place.stem)
    tempo = _BPM.search(place.stem)
    stated = float((tempo[1] or tempo[2]).replace(",", ".")) if tempo else None
    kind = kind_of(path, tags, category, roles, duration_us, has_beat=facts["tempo_bpm"] is not None)
    return LibraryItem(
        id=item_id,
        path=path,
        title=(named.fx_name if named is not None else "") or place.stem,
        kind=kind,
        roles=roles,
        duration_us=duration_us,
        loudness_lufs=facts["loudness_lufs"],
        tempo_bpm=stated or facts["tempo_bpm"],
        brightness_hz=facts["brightness_hz"],
        channels=facts["channels"],
        outline=Outline(*(facts[name] for name in Outline.__slots__)),
        tail_us=facts["tail_us"],
        is_rising=facts["is_rising"],
        key=facts["key"],
        energy_db=tuple(facts["energy_db"]) if kind is Kind.MUSIC else (),
        category=category,
        licence=licences.of(relative, tags).licence,
        tags=tags,
        suffix=place.suffix or facts["suffix"],
    )


def shown(path: str) -> str:
    """A path as text: what is not UTF-8 is taken for Western European, as most such names are."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return os.fsencode(path).decode("cp1252", "replace")
    return path
