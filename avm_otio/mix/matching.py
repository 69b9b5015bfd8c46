"""Sounds of ours that came back from an editor under other names: found by an id in a name, or by place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from avm_otio.mix.used import ServiceItem, stem_of
from avm_otio.timeline.model import Stem

_NUMBER = re.compile(r"(?<!\d)\d{1,19}(?!\d)")
_NO_WORD = re.compile(r"[^\w]+|_+")


@dataclass(frozen=True, slots=True)
class LaidSound:
    """A sound where a run of ours laid it.

    Attributes:
        offered: What it is.
        stem: What it is of.
        start: Where it begins, record seconds.
        end: Where it ends.
        enabled: Whether it is switched on.
    """

    offered: ServiceItem
    stem: Stem
    start: Fraction
    end: Fraction
    enabled: bool = True


def by_name(
    names: Iterable[str], stem: Stem | None, offered: Iterable[ServiceItem]
) -> tuple[ServiceItem, ...]:
    """The items that names speak of: by an id at the head of one, or anywhere beside the title.

    Args:
        names: Of the file, without its ending, and of the clip.
        stem: What the clip is of, where its track says so: then an id at the head is enough.
        offered: What there is.
    """
    spoken = [(name, _words(name)) for name in names if name]
    found: dict[str, ServiceItem] = {}
    for candidate in offered:
        item = candidate.item
        if stem is not None and stem_of(item) is not stem:
            continue
        title = _words(item.title)
        for name, words in spoken:
            ids = [match for match in _NUMBER.finditer(name) if int(match[0]) == item.id]
            has_title = bool(title) and f" {title} " in f" {words} "
            leads = stem is not None and any(match.start() == 0 for match in ids)
            if ids and (has_title or leads):
                found.setdefault(item.name, candidate)
    return tuple(found.values())


def by_place(
    start: Fraction, end: Fraction, stem: Stem | None, laid: Sequence[LaidSound], frame: Fraction
) -> tuple[ServiceItem, ...]:
    """The items that were laid where a clip lies, as long as it: to within a frame at either end.

    Args:
        start: Where the clip begins, record seconds.
        end: Where it ends.
        stem: What the clip is of, where its track says so.
        laid: What was laid where.
        frame: Seconds of a frame.
    """
    found: dict[str, ServiceItem] = {}
    for each in laid:
        if stem is not None and each.stem is not stem:
            continue
        if abs(each.start - start) <= frame and abs(each.end - end) <= frame:
            found.setdefault(each.offered.item.name, each.offered)
    return tuple(found.values())


def item_in(name: str, title: str, kind: str) -> dict[str, Any] | None:
    """The item that a file of ours is named after, as far as that says: its id, and no price.

    Args:
        name: The file's name without its ending: the id, and what is kept of the title.
        title: What the clip is called.
        kind: What its track holds; ids are one's own within a kind only.
    """
    found = re.match(r"(\d{1,19})(?:[\s._-]+(.*))?$", name)
    if found is None:
        return None
    rest = (found[2] or "").strip()
    rest = rest[len(kind) :].strip() if rest.lower().startswith(f"{kind} ") else rest
    return {"id": int(found[1]), "title": title or rest, "price": "not in the file"}


def _words(text: str) -> str:
    return " ".join(_NO_WORD.sub(" ", text.casefold()).split())
