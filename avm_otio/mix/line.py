"""A line of gain over record time: flat but for ramps, and each clip's share of it."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from fractions import Fraction

from avm_otio.timeline.model import Clip, GainKey, Mix

MOST_GAIN_DB = 12.0
"""Premiere's and Final Cut Pro 7's clip gain ends there (level 3.98)."""

LEAST_GAIN_DB = -60.0


@dataclass(frozen=True, slots=True)
class Flat:
    """A stretch of one gain.

    Attributes:
        first: Its first frame, of record time.
        last: Its last frame, from which a ramp goes on.
        gain_db: The gain.
        is_under: Whether somebody speaks, so that nothing but the anchor decides it.
    """

    first: int
    last: int
    gain_db: float
    is_under: bool = False

    @property
    def middle(self) -> int:
        """A frame in its middle."""
        return (self.first + self.last) // 2


@dataclass(frozen=True, slots=True)
class Line:
    """The gain of a piece: flats in order, ramps straight in decibels between them.

    Attributes:
        flats: At least one; the first holds before it, the last after it.
        rate: Frames a second.
        out_of_reach: How many utterances the music is too soft or too loud for.
    """

    flats: tuple[Flat, ...]
    rate: Fraction
    out_of_reach: int = 0

    def raised(self, between_db: float, all_db: float = 0.0) -> Line:
        """The same with more gain.

        Args:
            between_db: Where nobody speaks.
            all_db: Everywhere.
        """
        if not between_db and not all_db:
            return self
        flats = (
            replace(flat, gain_db=held(flat.gain_db + all_db + (0.0 if flat.is_under else between_db)))
            for flat in self.flats
        )
        return replace(self, flats=tuple(flats))

    def on(self, clip: Clip) -> Mix:
        """The mix of one of the piece's clips: gain, or key frames where that changes within it."""
        corners = [(frame, flat.gain_db) for flat in self.flats for frame in (flat.first, flat.last)]
        head, tail = clip.start * self.rate, clip.end * self.rate
        inside = [(Fraction(frame), gain_db) for frame, gain_db in corners if head < frame < tail]
        points = [(head, self.at(head)), *inside, (tail, self.at(tail))]
        if len({round(gain_db, 3) for _, gain_db in points}) == 1:
            return replace(clip.mix, gain_db=points[0][1], keys=())
        kept = [
            point
            for before, point, after in zip([None, *points[:-1]], points, [*points[1:], None], strict=True)
            if not (before and before[1] == point[1] and (after is None or after[1] == point[1]))
            and not (before is None and after and after[1] == point[1])
        ]
        keys = (GainKey((frame - head) / self.rate, round(gain_db, 3)) for frame, gain_db in kept)
        return replace(clip.mix, gain_db=0.0, keys=tuple(keys))

    def at(self, frame: Fraction) -> float:
        """The gain at a moment, counted in frames of record time."""
        flats = self.flats
        index = bisect_right(flats, frame, key=lambda flat: Fraction(flat.first)) - 1
        if index < 0:
            return flats[0].gain_db
        flat = flats[index]
        if frame <= flat.last or index + 1 == len(flats):
            return flat.gain_db
        following = flats[index + 1]
        share = float((frame - flat.last) / (following.first - flat.last))
        return flat.gain_db + share * (following.gain_db - flat.gain_db)


def held(gain_db: float) -> float:
    """A gain that a clip may have."""
    return round(min(max(gain_db, LEAST_GAIN_DB), MOST_GAIN_DB), 2)
