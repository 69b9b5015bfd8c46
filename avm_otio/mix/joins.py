"""Where a piece of music can be joined to itself, and what each join costs.

Between two places lies a bar, or in a piece without a beat about two seconds that begin in a valley of its
energy. A join leaves the piece at one place and goes on at another. It costs the less the more alike the
bars around both places sound, the nearer their levels are, and the more both stand at the same point of a
section.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from avm_otio.mix.heard import STEP_US, Heard, Music, lufs
from avm_otio.timeline.time import MICROSECONDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEAR_FRAMES_MS = 5.0
"""Distances of a join this near to whole frames keep the beat in editors that count frames: a hit 5 ms off
is not heard as off."""

OFF_BEAT_MS = 15.0
"""A join that would be further off the beat in such an editor is taken only where there is no other way."""

_NEVER = 100.0
"""Costs more than any number of good joins that a plan needs instead."""

_JOIN = 1.0
"""What a join costs by itself: as few as possible."""

_UNLIKE = 3.0
_LEVEL_DB = 6.0
"""A step of so many decibels at a join costs as much as the join itself."""
_PHRASE = (0.0, 0.7, 0.35, 0.7)
"""What it costs to land so many bars (modulo four) from the same point of a phrase."""

_SHORTEST_LOOP_US, _SHORT_LOOP_US = 8_000_000, 16_000_000
_VALLEY_US = 2_000_000
"""A piece without a beat has one place in so long a time: where it is softest."""

_SILENCE_LUFS = -70.0
"""BS.1770-5: below its absolute gate nothing counts as sound."""

_LEAST_HEAD_US = 60_000
_LEAST_HANDLE_US, _NO_HANDLE = 150_000, 0.4
"""Where the file begins too near to a place there is little to fade in with."""


@dataclass(frozen=True)
class Grid:
    """The places of a piece.

    Attributes:
        edges_us: Each place, and last where the music ends.
        likeness: What is heard from each place on.
        starts: Which of the places begin a section; the first one does.
        labels: Of the section of each place.
        level_lufs: From each place to the next.
        bars: The number of each place as people count bars, from 1; 0 for what lies before the first bar.
        has_beat: Whether the places are bars.
        has_ending: Whether the piece ends by itself.
        rings_us: From where on it only rings out.
        length_us: How long the file is.
    """

    edges_us: tuple[int, ...]
    likeness: tuple[tuple[float, ...], ...]
    starts: tuple[int, ...]
    labels: tuple[str, ...]
    level_lufs: tuple[float, ...]
    bars: tuple[int, ...]
    has_beat: bool
    has_ending: bool
    rings_us: int
    length_us: int

    @property
    def count(self) -> int:
        """How many places there are."""
        return len(self.edges_us) - 1

    @cached_property
    def bar_us(self) -> int:
        """How long a bar usually is."""
        lengths = sorted(end - start for start, end in pairwise(self.edges_us))
        return max(1, lengths[len(lengths) // 2])

    @property
    def ends_us(self) -> int:
        """Where the music ends."""
        return self.edges_us[-1]

    def phase(self, place: int) -> int:
        """How many places a section is old."""
        return place - self.starts[bisect_right(self.starts, place) - 1]


def grid_of(heard: Heard) -> Grid | None:
    """The places of a piece; ``None`` where nothing is known of its music, or it is silent."""
    music = heard.music
    first, last = heard.begins_us, min(heard.ends_us, heard.length_us)
    if music is None or last <= first:
        return None
    inside = [index for index, at in enumerate(music.places_us) if first <= at < last]
    if not inside:
        return None
    level = _Level(heard)
    has_beat = music.rhythm is not None
    if not has_beat:
        inside = _valleys(music, inside, level, last)
    edges = [music.places_us[index] for index in inside]
    likeness = [music.likeness[index] for index in inside]
    bars = list(range(1, len(edges) + 1))
    if edges[0] - first > _LEAST_HEAD_US:  # an upbeat, or an opening before the first bar
        edges, likeness, bars = [first, *edges], [likeness[0], *likeness], [0, *bars]
    else:
        edges[0] = edges[0] if has_beat else first
    starts = {0, *(_nearest(edges, section.start_us) for section in music.sections)}
    labels = [_label(music, edge + 1) for edge in edges]
    edges.append(last)
    return Grid(
        edges_us=tuple(edges),
        likeness=tuple(likeness),
        starts=tuple(sorted(starts)),
        labels=tuple(labels),
        level_lufs=tuple(level.between(*bar) for bar in pairwise(edges)),
        bars=tuple(bars),
        has_beat=has_beat,
        has_ending=not heard.is_cut_off,
        rings_us=last if heard.is_cut_off else heard.tail_us,
        length_us=heard.length_us,
    )


class _Level:
    """How loud any part of a sound is."""

    def __init__(self, heard: Heard) -> None:
        self._sums = (0.0, *accumulate(heard.curve.power))

    def between(self, start_us: int, end_us: int) -> float:
        """Loudness from one moment to another, in whole steps."""
        last = len(self._sums) - 1
        first = min(start_us // STEP_US, last)
        stop = min(max(first + 1, -(-end_us // STEP_US)), last)
        return max(_SILENCE_LUFS, lufs((self._sums[stop] - self._sums[first]) / max(1, stop - first)))


def _valleys(music: Music, inside: list[int], level: _Level, last: int) -> list[int]:
    """One place in every two seconds, each where the piece is softest."""
    found = [inside[0]]
    window = music.places_us[inside[0]] + _VALLEY_US // 2
    while window < last:
        some = [at for at in inside if window <= music.places_us[at] < window + _VALLEY_US]
        if some:
            softest = min(some, key=lambda at: level.between(music.places_us[at], music.places_us[at] + 1))
            found.append(softest)
        window += _VALLEY_US
    return found


def _nearest(edges: list[int], at_us: int) -> int:
    after = bisect_left(edges, at_us)
    near = [index for index in (after - 1, after) if 0 <= index < len(edges)]
    return min(near, key=lambda index: abs(edges[index] - at_us))


def _label(music: Music, at_us: int) -> str:
    labels = [section.label for section in music.sections if section.start_us <= at_us < section.end_us]
    return labels[0] if labels else ""


@dataclass(frozen=True, slots=True)
class Joins:
    """The joins that a plan may take, by the place that they leave.

    Attributes:
        to: Where each goes on: a row for each place, padded with 0.
        cost: What each costs; infinite where there is none.
        quality: What each costs without what any join costs: 0 is not to be heard.
        run: How many places are played after each at least.
    """

    to: NDArray[Any]
    cost: NDArray[Any]
    quality: NDArray[Any]
    run: int


def joins_of(grid: Grid, rate: Fraction) -> Joins:
    """The joins of a piece, the best few of each place and of each distance.

    Args:
        grid: Its places.
        rate: Frames a second of the picture: what editors round to.
    """
    import numpy as np

    count = grid.count
    run = _least_run(grid)
    quality = _quality(grid, rate)
    leave, enter = np.indices((count, count))
    allowed = (leave > 0) & (enter + run <= count) & (leave != enter)
    bars = np.array(grid.bars)
    allowed &= (bars[leave] > 0) & (bars[enter] > 0)
    edges = np.array(grid.edges_us[:-1], dtype=float)
    allowed &= (edges[leave] <= grid.rings_us) & (edges[enter] < grid.rings_us)
    back = edges[leave] - edges[enter]
    short = np.where(back < _SHORTEST_LOOP_US, 0.6, np.where(back < _SHORT_LOOP_US, 0.2, 0.0))
    quality = quality + np.where(edges[enter] < _LEAST_HANDLE_US, _NO_HANDLE, 0.0)
    cost = np.where(allowed, _JOIN + quality + np.where(back > 0, short, 0.0), np.inf)
    kept = _kept(cost)
    most = max(1, int(kept.sum(axis=1).max(initial=0)))
    order = np.argsort(np.where(kept, cost, np.inf), axis=1, kind="stable")[:, :most]
    rows = np.arange(count)[:, None]
    taken = np.where(kept, cost, np.inf)[rows, order]
    return Joins(to=order, cost=taken, quality=quality[rows, order], run=run)


_OF_A_PLACE, _OF_A_DISTANCE = 6, 3


def _kept(cost: NDArray[Any]) -> NDArray[Any]:
    """Which joins are worth a look: for any length that is asked for there must be some."""
    import numpy as np

    count = len(cost)
    kept = np.zeros(cost.shape, dtype=bool)
    leave, enter = np.indices(cost.shape)
    cost = cost + 1e-6 * ((leave * 7919 + enter * 104_729) % 997)  # of equals some of every place
    best = np.argsort(cost, axis=1, kind="stable")[:, :_OF_A_PLACE]
    kept[np.arange(count)[:, None], best] = True
    for distance in range(1 - count, count):
        some = np.diagonal(cost, distance)
        rows = np.argsort(some, kind="stable")[:_OF_A_DISTANCE] + max(0, -distance)
        kept[rows, rows + distance] = True
    return np.asarray(kept & np.isfinite(cost))


def _least_run(grid: Grid) -> int:
    """How many places are played between two joins: four seconds, where the piece is not too short."""
    run = max(2, math.ceil(4 * MICROSECONDS / grid.bar_us))
    return run if grid.count >= 4 * run else max(1, grid.count // 4)


def _quality(grid: Grid, rate: Fraction) -> NDArray[Any]:
    """What a join from each place to each other costs beside being one."""
    import numpy as np

    likeness = np.array(grid.likeness)
    alike = np.clip(likeness @ likeness.T, 0.0, 1.0)
    levels = np.array(grid.level_lufs)
    step = np.minimum(np.abs(levels[:, None] - levels[None, :]) / _LEVEL_DB, 1.5)
    # What is left was followed by one bar, and what is gone on with was preceded by another: both count.
    alike = (alike + _of_the_bars_before(alike)) / 2
    step = (step + _of_the_bars_before(step)) / 2
    phase = np.array([grid.phase(place) for place in range(grid.count)])
    is_start = np.isin(np.arange(grid.count), grid.starts)
    between_sections = is_start[:, None] & is_start[None, :]
    unlike = _UNLIKE * (1 - alike) * np.where(between_sections, 0.5, 1.0)
    quality = unlike + step
    if grid.has_beat:
        quality += np.array(_PHRASE)[(phase[:, None] - phase[None, :]) % 4]
        quality += _off_frames(grid, rate)
    return np.asarray(quality)


def _of_the_bars_before(pairs: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    shifted = np.array(pairs)
    shifted[1:, 1:] = pairs[:-1, :-1]
    return shifted


def _off_frames(grid: Grid, rate: Fraction) -> NDArray[Any]:
    """What it costs that the distance of two places is no whole number of frames."""
    import numpy as np

    edges = np.array(grid.edges_us[:-1], dtype=float) * (float(rate) / MICROSECONDS)
    distance = edges[None, :] - edges[:, None]
    off_ms = np.abs(distance - np.round(distance)) / float(rate) * 1000
    rising = np.clip((off_ms - NEAR_FRAMES_MS) / (OFF_BEAT_MS - NEAR_FRAMES_MS), 0.0, 1.0) * 0.8
    return np.asarray(np.where(off_ms > OFF_BEAT_MS, _NEVER, rising))
