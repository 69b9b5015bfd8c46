"""Sounds of ours under other names, found by what is heard: the same bytes, else the same sound."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from avm_otio.errors import MediaError
from avm_otio.jobs.conform.sources import file_of
from avm_otio.jobs.folder import MEDIA
from avm_otio.jobs.job_sounds import Unmatched
from avm_otio.jobs.reels import Reel
from avm_otio.media.offset import offset_between
from avm_otio.media.probe import sound_length
from avm_otio.mix.used import ServiceItem, sounds_on, stem_of
from avm_otio.report import Report

_ALIKE = 0.8
"""From here on a file is an item's preview: the same sound, coded anew, with other levels or handles."""

_CLEARLY = 0.2
"""So much more alike than the next one: two pieces of one loop are alike as well."""

_MOST_PAIRS = 60
"""Comparisons of one run: each takes up to a second."""

_LONGER_S = Fraction(12)
"""A file that is so much longer than a preview is none of it with handles."""


@dataclass(frozen=True, slots=True)
class Left:
    """A clip that may be a sound of ours, and of which nothing says for sure which.

    Attributes:
        name: What it is called.
        at: Record timecode.
        candidates: The items that it may be.
    """

    name: str
    at: str
    candidates: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """As an event says it."""
        return {"name": self.name, "at": self.at, "candidates": list(self.candidates)}


def by_sound(reel: Reel, report: Report) -> tuple[Reel, list[Left]]:
    """The reel in which clips say what they are that names and places leave open, and what stays open.

    Args:
        reel: The scored timeline.
        report: Receives progress.
    """
    if not reel.left:
        return reel, []
    offered = [
        (candidate, job / MEDIA / file, reel.job_sounds.answer(job).digests.get(file, ""))
        for job in dict.fromkeys((*reel.jobs, *reel.job_sounds.all_jobs))
        for file, candidate in reel.job_sounds.answer(job).by_file.items()
    ]
    ears = _Ears(offered)
    found: dict[tuple[int, int], ServiceItem] = {}
    left = []
    with report.step("Comparing sounds", len(reel.left)) as advance:
        for number, each in enumerate(reel.left, 1):
            candidates = ears.heard_in(each, file_of(each.clip.media, reel.opened.folder))
            place = reel.opened.timeline.tracks[each.track].clips.index(each.clip)
            if len(candidates) == 1:
                found[each.track, place] = candidates[0]
            elif candidates:
                at = reel.opened.timeline.timecode(each.clip.start)
                left.append(Left(each.clip.name, at, tuple(candidate.item.name for candidate in candidates)))
            advance(number, len(reel.left))
    if not found:
        return reel, left
    timeline = reel.job_sounds.saying(reel.opened.timeline, found)
    names = {candidate.item.name for candidate in found.values()}
    used = [
        job
        for job in reel.job_sounds.all_jobs
        if any(candidate.item.name in names for candidate in reel.job_sounds.answer(job).by_file.values())
    ]
    return (
        replace(
            reel,
            opened=replace(reel.opened, timeline=timeline),
            sounds=sounds_on(timeline, reel.job_sounds.item_of),
            jobs=tuple(dict.fromkeys((*reel.jobs, *used[:1]))),
        ),
        left,
    )


class _Ears:
    """Compares files with what jobs fetched.

    Args:
        offered: Items, their previews, and the digests of these.
    """

    def __init__(self, offered: Sequence[tuple[ServiceItem, Path, str]]) -> None:
        self._offered = offered
        self._pairs = 0
        self._heard: dict[tuple[Path, frozenset[str]], tuple[ServiceItem, ...]] = {}

    def heard_in(self, each: Unmatched, file: Path | None) -> tuple[ServiceItem, ...]:
        """The items that a clip's file may be: one where it is sure."""
        if file is None:
            return each.candidates
        names = frozenset(candidate.item.name for candidate in each.candidates)
        key = file, names
        if key not in self._heard:
            self._heard[key] = self._compared(each, file, names)
        return self._heard[key]

    def _compared(self, each: Unmatched, file: Path, names: frozenset[str]) -> tuple[ServiceItem, ...]:
        stem = each.clip.stem
        pool = {
            candidate.item.name: (candidate, preview, digest)
            for candidate, preview, digest in reversed(self._offered)
            if (not names or candidate.item.name in names)
            and (stem is None or stem_of(candidate.item) is stem)
        }
        own = _digest(file)
        same = [candidate for candidate, _, digest in pool.values() if digest and digest == own]
        if same:
            return tuple(same)
        length = _length(file)
        if length is None:
            return each.candidates
        alike: list[tuple[float, ServiceItem]] = []
        for candidate, preview, _ in pool.values():
            other = _length(preview)
            if other is None or length > other + _LONGER_S or self._pairs >= _MOST_PAIRS:
                continue
            self._pairs += 1
            with suppress(MediaError):
                alike.append((offset_between(file, preview).correlation, candidate))
        alike.sort(key=lambda one: -one[0])
        if not alike or alike[0][0] < _ALIKE:
            return each.candidates
        return tuple(candidate for likeness, candidate in alike if likeness > alike[0][0] - _CLEARLY)


def _digest(file: Path) -> str:
    with suppress(OSError), file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
    return ""


@cache
def _length(file: Path) -> Fraction | None:
    """Seconds of a sound; ``None`` where it is none."""
    with suppress(MediaError):
        facts = sound_length(file)
        return Fraction(facts.samples, facts.sample_rate_hz)
    return None
