"""The cheapest way through a piece of music that takes a given time.

Dynamic programming over bars, from the end back: for each place, and each number of bars that are left, the
cheapest way to finish, and the cheapest one that takes another join first. With those two the same join is
never taken twice in a row. A way's exact time is carried along, so bars need not be of one length.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from avm_otio.mix.joins import Grid, Joins

if TYPE_CHECKING:
    from numpy.typing import NDArray

Reward = tuple[int, "NDArray[Any]"]
"""What it is worth that a section begins when so much is left, since it begins on a cut of the picture then:
for every step of so many microseconds."""

_IN_SECTION, _IN_FIRST_BAR, _AT_SECTION, _IN_BEGINNING = 2.0, 0.8, 0.5, 0.4
"""What it costs to begin in the middle of a section, within its first bar, at one that is not the first, and
within the first bar of all."""
_LEAD_IN = 0.25
"""What it costs to begin before a bar, under a fade, and as much again for a whole bar."""
_OTHER_END = 0.3
"""What it costs that a fade does not end with a section."""

_PLAY, _PLAY_SECOND = -1, -2


@dataclass(frozen=True, slots=True)
class Way:
    """A way through a piece.

    Attributes:
        start_us: Where it begins.
        lead_in_us: How long before a place that is.
        joins: From which place to which, in order, with the quality of each.
        cost: Of all.
    """

    start_us: int
    lead_in_us: int
    joins: tuple[tuple[int, int, float], ...]
    cost: float


def cheapest(grid: Grid, joins: Joins, wanted_us: int, frame_us: int, reward: Reward | None) -> Way | None:
    """The cheapest way that takes a time, ``None`` where none does.

    A piece with an ending ends there; its beginning gives way. One without begins at a place, and breaks off
    in any bar.

    Args:
        grid: The places of the piece.
        joins: The joins that may be taken.
        wanted_us: How long the way is, microseconds.
        frame_us: How long a frame is: what is shorter does not count.
        reward: What it is worth that a section begins when so much is left.
    """
    lengths = _lengths(grid)
    if grid.has_ending and wanted_us < lengths[-1]:
        return Way(grid.ends_us - wanted_us, wanted_us // 2, (), _IN_SECTION)
    lengths.sort()
    short = max(1, lengths[len(lengths) // 10], grid.bar_us // 2)
    most = math.ceil(wanted_us / short) + 2
    # The cheapest may break off in the last bar, of which there is too little; then those count that do not.
    for last in (True, False):
        table = _Table(grid, joins, most, reward, may_end_last=last)
        for start, count in table.starts(wanted_us, frame_us, lengths[-1]):
            found = table.way(start, count)
            rest = wanted_us - found.taken_us
            if grid.has_ending:
                return Way(grid.edges_us[start] - rest, rest, found.joins, found.cost)
            if grid.edges_us[found.end] + rest <= grid.ends_us:
                return Way(grid.edges_us[start], 0, found.joins, found.cost)
        if grid.has_ending or grid.count < 2:
            break
    return None


def _lengths(grid: Grid) -> list[int]:
    return [end - start for start, end in zip(grid.edges_us, grid.edges_us[1:], strict=False)]


@dataclass(frozen=True, slots=True)
class _Found:
    taken_us: int
    joins: tuple[tuple[int, int, float], ...]
    end: int
    cost: float


class _Table:
    """The cheapest ways to finish, from every place with every number of bars left."""

    def __init__(
        self, grid: Grid, joins: Joins, most: int, reward: Reward | None, *, may_end_last: bool
    ) -> None:
        import numpy as np

        self._grid, self._joins = grid, joins
        places = grid.count
        edges = np.array(grid.edges_us, dtype=np.int64)
        shape = (most + 1, 2, places + 1)
        self.cost = np.full(shape, np.inf)
        self.left = np.zeros(shape, dtype=np.int64)
        self._pick = np.full(shape, _PLAY, dtype=np.int32)
        self._first = np.full((most + 1, places + 1), -1, dtype=np.int64)
        if grid.has_ending:
            self.cost[0, 0, places] = 0.0
        else:  # it breaks off in the bar after
            self.cost[0, 0, :places] = _OTHER_END
            self.cost[0, 0, list(grid.starts)] = 0.0
            self.cost[0, 0, places - 1] += 1.0 if may_end_last else np.inf  # there may be less than a bar
        self._fill(edges, reward)

    def _fill(self, edges: NDArray[Any], reward: Reward | None) -> None:
        import numpy as np

        grid, run = self._grid, self._joins.run
        places = grid.count
        lengths = np.diff(edges)
        to = self._joins.to
        target = np.minimum(to + run, places)
        played = edges[target] - edges[np.minimum(to, places - 1)]
        width = to.shape[1]
        number = np.arange(places * width).reshape(places, width)
        rows = np.arange(places)
        starts = np.array(grid.starts)
        begins, inner = np.isin(to, starts), starts[starts > 0]
        step_us, worth = reward or (1, np.zeros(1))
        cost, left, pick, first = self.cost, self.left, self._pick, self._first
        options = np.empty((4, places))
        options_left = np.empty((4, places), dtype=np.int64)
        options_pick = np.empty((4, places), dtype=np.int32)
        options_pick[0], options_pick[1] = _PLAY, _PLAY_SECOND
        for bars in range(1, len(cost)):
            options[:2] = cost[bars - 1, :, 1:]
            options_left[:2] = left[bars - 1, :, 1:] + lengths
            if reward is not None:
                # Played through to a section's beginning.
                options[:2, inner - 1] -= worth.take(left[bars - 1][:, inner] // step_us, mode="clip")
            if bars >= run:
                then, then_left = cost[bars - run], left[bars - run]
                is_same = first[bars - run][target] == number
                value = np.where(is_same, then[1][target], then[0][target]) + self._joins.cost
                after = np.where(is_same, then_left[1][target], then_left[0][target]) + played
                if reward is not None:
                    value[begins] -= worth.take(after[begins] // step_us, mode="clip")
                for rank in (2, 3):
                    best = value.argmin(axis=1)
                    options[rank] = value[rows, best]
                    options_left[rank] = after[rows, best]
                    options_pick[rank] = best
                    value[rows, best] = np.inf
            else:
                options[2:] = np.inf
            best = options.argmin(axis=0)
            cost[bars, 0, :places] = options[best, rows]
            left[bars, 0, :places] = options_left[best, rows]
            pick[bars, 0, :places] = options_pick[best, rows]
            first[bars, :places] = np.where(
                best == 0, first[bars - 1, 1:], number[rows, np.maximum(pick[bars, 0, :places], 0)]
            )
            options[best, rows] = np.inf
            second = options.argmin(axis=0)
            cost[bars, 1, :places] = options[second, rows]
            left[bars, 1, :places] = options_left[second, rows]
            pick[bars, 1, :places] = options_pick[second, rows]

    def starts(self, wanted_us: int, frame_us: int, slack_us: int) -> Iterator[tuple[int, int]]:
        """Where a way may begin and how many bars it has, the cheapest first.

        A way plays some bars before its first join.
        """
        import numpy as np

        grid, run = self._grid, self._joins.run
        places, most = grid.count, len(self.cost) - 1
        edges = np.array(grid.edges_us, dtype=np.int64)
        total = np.full((most + 1, places), np.inf)
        taken = np.zeros((most + 1, places), dtype=np.int64)
        begin = np.arange(places)
        later = np.minimum(begin + run, places)
        played = edges[later] - edges[begin]
        total[run:] = np.where(begin + run <= places, self.cost[: most + 1 - run, 0][:, later], np.inf)
        taken[run:] = self.left[: most + 1 - run, 0][:, later] + played
        for bars in range(min(run, most) + 1):  # so short that no join fits in
            straight = begin + bars <= places
            ends = np.minimum(begin + bars, places)
            here = np.where(straight, self.cost[0, 0, ends], np.inf)
            better = here < total[bars]
            total[bars] = np.where(better, here, total[bars])
            taken[bars] = np.where(better, edges[ends] - edges[begin], taken[bars])
        rest = wanted_us - taken
        if grid.has_ending:
            before = np.concatenate(([frame_us], np.diff(edges)[:-1]))
            fits = (rest >= 0) & (rest < np.maximum(before, frame_us))
            part = rest / np.maximum(before, 1)
            total = total + np.where(rest < frame_us, 0.0, _LEAD_IN * (1 + part))
        else:
            fits = (rest >= 0) & (rest < slack_us)
        total = np.where(fits, total + self._beginnings(), np.inf)
        order = np.argsort(total, axis=None, kind="stable")
        for flat in order[: 4 * places]:
            bars, start = divmod(int(flat), places)
            if not np.isfinite(total[bars, start]):
                return
            yield start, bars

    def _beginnings(self) -> NDArray[Any]:
        """What it costs to begin at each place."""
        import numpy as np

        grid = self._grid
        beginnings = np.full(grid.count, _IN_SECTION if grid.has_beat else _AT_SECTION)
        starts = np.array(grid.starts)
        after = starts[starts + 1 < grid.count] + 1
        beginnings[after] = np.minimum(beginnings[after], _IN_FIRST_BAR)
        beginnings[starts] = _AT_SECTION
        beginnings[1:2] = np.minimum(beginnings[1:2], _IN_BEGINNING)
        beginnings[0] = 0.0
        return np.asarray(beginnings)

    def way(self, start: int, bars: int) -> _Found:
        """The way from a place with so many bars."""
        grid, run = self._grid, self._joins.run
        edges = grid.edges_us
        played = min(run, bars)
        place, left, rank = start + played, bars - played, 0
        taken = edges[place] - edges[start]
        cost = float(self.cost[left, 0, place])
        joins: list[tuple[int, int, float]] = []
        while left > 0:
            pick = int(self._pick[left, rank, place])
            if pick < 0:
                taken += edges[place + 1] - edges[place]
                place, left, rank = place + 1, left - 1, int(pick == _PLAY_SECOND)
                continue
            to = int(self._joins.to[place, pick])
            joins.append((place, to, float(self._joins.quality[place, pick])))
            number = place * self._joins.to.shape[1] + pick
            place, left = to + run, left - run
            taken += edges[place] - edges[to]
            rank = int(self._first[left, place] == number)
        return _Found(taken, tuple(joins), place, cost)
