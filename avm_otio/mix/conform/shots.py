"""A cut as the shots that are seen: which frames of which source each moment of the record shows.

The picture at a moment is the topmost clip with moving pictures; stills, titles and other generators count
only where there is no other, since they lie over a picture as a rule. Nests are opened. A dissolve parts at
its cut.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from pathlib import PurePosixPath

from avm_otio.timeline.model import Media, Timeline, TrackKind
from avm_otio.timeline.placed import Placed, Placements

_STILLS = {
    ".bmp", ".gif", ".heic", ".jpeg", ".jpg", ".pdf", ".png", ".psd", ".svg", ".tga", ".tif", ".tiff",
    ".webp",
}  # fmt: skip

_FREEZE = Fraction(1, 1000)
"""Seconds by which the media times of one frozen frame may differ."""


@dataclass(frozen=True)
class Shot:
    """A stretch of the record that shows one stretch of one source.

    Attributes:
        number: Its place in the cut, from 0.
        name: The clip's name.
        source: What tells the source from all others, in both cuts.
        start: Record time of its first moment.
        end: Record time at which it ends.
        media_in: Media time at its head.
        speed: Media seconds a record second; 0 for a freeze, negative backwards.
    """

    number: int
    name: str
    source: str
    start: Fraction
    end: Fraction
    media_in: Fraction
    speed: Fraction

    @cached_property
    def media(self) -> tuple[Fraction, Fraction]:
        """The lowest and the highest media time that it shows."""
        other = self.media_at(self.end)
        return min(self.media_in, other), max(self.media_in, other)

    @property
    def is_freeze(self) -> bool:
        """Whether it stands still."""
        return self.speed == 0

    def media_at(self, record: Fraction) -> Fraction:
        """The media time that a moment of the record shows."""
        return self.media_in + (record - self.start) * self.speed

    def record_at(self, media: Fraction) -> Fraction:
        """The moment of the record that shows a media time; of a freeze its first."""
        return self.start if self.is_freeze else self.start + (media - self.media_in) / self.speed

    def shows(self, media: Fraction) -> bool:
        """Whether it shows a media time: its head is part of it, its tail is not."""
        low, high = self.media
        if self.is_freeze:
            return abs(media - low) < _FREEZE
        return low <= media < high if self.speed > 0 else low < media <= high


def shots_of(timeline: Timeline, source_of: Callable[[Media], str]) -> tuple[Shot, ...]:
    """The shots of a cut, in record order.

    Args:
        timeline: The cut, its media counted as their files do.
        source_of: What tells a source from all others, in both cuts.
    """
    placed = [
        each
        for each in Placements(timeline, dissolves=False).of(TrackKind.VIDEO)
        if each.enabled and each.start < each.end
    ]
    edges = sorted({edge for each in placed for edge in (each.start, each.end)})
    starting: dict[Fraction, list[int]] = {}
    ending: dict[Fraction, list[int]] = {}
    for number, each in enumerate(placed):
        starting.setdefault(each.start, []).append(number)
        ending.setdefault(each.end, []).append(number)
    seen: set[int] = set()
    runs: list[tuple[int, Fraction, Fraction]] = []
    for start, end in pairwise(edges):
        seen.difference_update(ending.get(start, ()))
        seen.update(starting.get(start, ()))
        if not seen:
            continue
        top = max(seen, key=lambda number: (_is_moving(placed[number]), number))
        if runs and runs[-1][0] == top and runs[-1][2] == start:
            runs[-1] = (top, runs[-1][1], end)
        else:
            runs.append((top, start, end))
    return tuple(
        _shot(index, placed[number], start, end, source_of) for index, (number, start, end) in enumerate(runs)
    )


def shot_at(shots: Sequence[Shot], record: Fraction) -> Shot | None:
    """The shot at a moment of the record; ``None`` where nothing is seen."""
    from bisect import bisect_right

    index = bisect_right(shots, record, key=lambda shot: shot.start) - 1
    return shots[index] if index >= 0 and record < shots[index].end else None


def _is_moving(placed: Placed) -> bool:
    media = placed.media
    if media is None:
        return False
    name = media.names[0] if media.names else media.path
    return media.sequence is not None or PurePosixPath(name.lower()).suffix not in _STILLS


def _shot(
    number: int, placed: Placed, start: Fraction, end: Fraction, source_of: Callable[[Media], str]
) -> Shot:
    if placed.media is None:  # a generator counts from its own head
        return Shot(
            number,
            placed.clip.name,
            f"generator {placed.clip.name}",
            start,
            end,
            start - placed.start,
            Fraction(1),
        )
    return Shot(
        number, placed.clip.name, source_of(placed.media), start, end, placed.media_at(start), placed.speed
    )
