"""Dissolves: one picture becomes another without a cut; told from pans, zooms, light and things that pass.

Of a stretch that may be one it is measured how far its middle is a mixture of its ends, more than either end
moved a little would explain it; whether contrast and detail sink towards the middle and rise again; whether
the ends are different pictures; whether there was change before and after it. What these figures come to was
fitted to generated films (``benchmarks/looking.py --fit``), and judged on others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avm_otio.engine.decoding import LUMA_HEIGHT, LUMA_WIDTH, Luma

LENGTHS = (8, 12, 18, 26, 38, 52)
"""Frames of the stretches that are tried; a dissolve between two of them is found by the nearer."""

MARGIN = 72
"""Frames on either side without which nothing can be said of a frame."""

_HIGH, _WIDE = LUMA_HEIGHT // 2, LUMA_WIDTH // 2
_REACH, _BLOCKS = 2, (3, 4)
_NEAR, _FAR = 4, 10
"""Frames before and after by which the frame between is to be explained: of short and of long stretches."""

_LEAST_CHANGE = 4.0
"""Grey levels between them from which on that is looked at."""

_LIMIT = 3.0
"""Standard deviations beyond which a figure says no more."""

_CHUNK = 512
_LONGEST, _SHORTEST = 60, 5

Floats = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Dissolve:
    """One that was found.

    Attributes:
        first: The first frame that is a mixture.
        end: The frame after the last one.
        sureness: The logarithm of the odds that it is one.
    """

    first: int
    end: int
    sureness: float


@dataclass(frozen=True, slots=True)
class _Model:
    mean: Floats
    spread: Floats
    weights: Floats
    threshold: float


@cache
def _model() -> _Model:
    kept = json.loads((files("avm_otio.engine") / "tables" / "dissolves.json").read_text("ascii"))
    return _Model(
        np.array(kept["mean"]), np.array(kept["spread"]), np.array(kept["weights"]), kept["threshold"]
    )


def dissolves_in(frames: Luma) -> list[Dissolve]:
    """Find dissolves in a stretch of a film; of those that overlap the likeliest.

    Args:
        frames: Frames × 36 × 64, grey.
    """
    model = _model()
    seen = Seen(frames)
    found = []
    for length in LENGTHS:
        centres, figures = seen.figures(length)
        sure = terms((figures - model.mean) / model.spread) @ model.weights
        for place in np.flatnonzero(sure > model.threshold):
            centre = int(centres[place])
            found.append(
                Dissolve(centre - length // 2, centre + length - length // 2, round(float(sure[place]), 2))
            )
    return [seen.fitted(each) for each in likeliest(found)]


def likeliest(found: list[Dissolve]) -> list[Dissolve]:
    """Of dissolves that overlap, the surest, in order of time."""
    kept: list[Dissolve] = []
    for each in sorted(found, key=lambda one: (-one.sureness, one.first)):
        if all(each.end <= other.first + 2 or each.first >= other.end - 2 for other in kept):
            kept.append(each)
    return sorted(kept, key=lambda one: one.first)


def terms(figures: Floats) -> Floats:
    """What is weighed: one, each figure, and each product of two."""
    held = np.clip(figures, -_LIMIT, _LIMIT)
    one, other = np.triu_indices(held.shape[1])
    products: Floats = np.concatenate([np.ones((len(held), 1)), held, held[:, one] * held[:, other]], axis=1)
    return products


class Seen:
    """A stretch of a film, looked at for dissolves."""

    def __init__(self, frames: Luma) -> None:
        self._small: Floats = np.concatenate(
            [
                each.reshape(-1, _HIGH, 2, _WIDE, 2).mean(axis=(2, 4), dtype=np.float32)
                for each in _parts(frames)
            ]
        )
        small = self._small
        self._contrast = small.var(axis=(1, 2))
        self._detail = np.zeros(len(small), np.float32)
        self._change = np.zeros(len(small), np.float32)
        for start in range(0, len(small), _CHUNK):
            part = small[start : start + _CHUNK]
            down, across = np.diff(part, axis=1) ** 2, np.diff(part, axis=2) ** 2
            self._detail[start : start + _CHUNK] = down.mean(axis=(1, 2)) + across.mean(axis=(1, 2))
            steps = np.abs(np.diff(small[max(0, start - 1) : start + _CHUNK], axis=0)).mean(axis=(1, 2))
            self._change[max(1, start) : start + _CHUNK] = steps
        self._mean = small.mean(axis=(1, 2))
        self._unexplained = {apart: _unexplained(small, apart) for apart in (_NEAR, _FAR)}

    def figures(self, length: int) -> tuple[NDArray[np.int64], Floats]:
        """What tells dissolves of a length, for each frame that could be the middle of one.

        Returns:
            The frames, and for each its figures.
        """
        half, beside = length // 2, max(2, length // 6)
        centres = np.arange(half + beside + 2, len(self._small) - half - beside - 2)
        if not len(centres):
            return centres, np.zeros((0, 18))
        around = max(1, length // 8)
        before, after = centres - half - 1, centres + half + 1

        def mean(values: Floats, first: Any, end: Any) -> Floats:
            sums = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
            found: Floats = (sums[end] - sums[first]) / (end - first)
            return found

        def ends(values: Floats) -> tuple[Floats, Floats]:
            return mean(values, before - beside, before + 1), mean(values, after, after + beside + 1)

        def middle(values: Floats, at: Any = centres) -> Floats:
            return mean(values, at - around, at + around + 1)

        columns: list[Floats] = []
        for values in (self._contrast, self._detail):
            one, other = ends(values)
            columns.append(np.log((middle(values) + 1) / ((one + other) / 2 + 1)))
            quarter = np.log((middle(values, centres - half // 2) + 1) / ((3 * one + other) / 4 + 1))
            last = np.log((middle(values, centres + half // 2) + 1) / ((one + 3 * other) / 4 + 1))
            columns.append(quarter + last)
        by_one, by_both = self._unexplained[_NEAR if length <= 18 else _FAR]
        alone = middle(by_one)
        columns += [middle(by_both) / (alone + 0.5), np.minimum(alone, 25) / 10]
        columns += self._mixed(centres, before, after, half)
        apart = columns.pop()
        moved = mean(self._change, before, after + 1) * (after - before + 1)
        columns += [apart / (moved + 1), np.minimum(apart, 60) / 20]
        outside = np.maximum(
            mean(self._change, before - beside, before), mean(self._change, after + 1, after + beside + 1)
        )
        inside = mean(self._change, before + 1, after + 1)
        columns.append(np.log((inside + 0.5) / (outside + 0.5)))
        columns.append(np.log((_highest(self._change, centres, half + 1) + 1) / (inside + 1)))
        columns.append(np.abs(np.subtract(*ends(self._mean))) / 20)
        one, other = ends(self._contrast)
        columns.append(np.abs(np.log((one + 5) / (other + 5))))
        columns.append(np.log(np.minimum(np.minimum(one, other), middle(self._contrast)) + 1))
        columns.append(np.full(len(centres), np.log(length / 20)))
        return centres, np.stack(columns, axis=1)

    def _mixed(self, centres: Any, before: Any, after: Any, half: int) -> list[Floats]:
        """How far frames lie between the ends of their stretch, and how far apart these are."""
        found: list[list[Floats]] = []
        for start in range(0, len(centres), _CHUNK):
            part = slice(start, start + _CHUNK)
            at, first, last = centres[part], before[part], after[part]
            one, other = self._small[first], self._small[last]
            way = other - one
            long = (way * way).sum(axis=(1, 2)) + 1

            def along(frames: Any, one: Floats = one, way: Floats = way, long: Floats = long) -> Floats:
                share: Floats = ((self._small[frames] - one) * way).sum(axis=(1, 2)) / long
                return share

            quarter, middle, three = along(at - half // 2), along(at), along(at + half // 2)
            apart = np.abs(way).mean(axis=(1, 2))
            mixed = np.abs(self._small[at] - (one + other) / 2).mean(axis=(1, 2)) / (apart + 2)
            turned = np.maximum(0, np.maximum(0.05 - quarter, quarter - middle))
            found.append([np.abs(middle - 0.5), turned, np.abs(three - quarter - 0.5), mixed, apart])
        return [np.concatenate(column) for column in zip(*found, strict=True)]

    def fitted(self, rough: Dissolve) -> Dissolve:
        """A dissolve with the ends at which a mixture of what lies before and after comes nearest to it."""
        length = rough.end - rough.first
        slack = max(3, length // 3)
        low, high = max(1, rough.first - slack - 6), min(len(self._small) - 1, rough.end + slack + 6)
        tiny = self._small[low - 1 : high + 1].reshape(-1, _HIGH // 2, 2, _WIDE // 2, 2).mean(axis=(2, 4))
        tiny = tiny.reshape(len(tiny), -1)
        best = (np.inf, rough.first, rough.end)
        for first in range(max(low, rough.first - slack), rough.first + slack + 1):
            for end in range(max(first + _SHORTEST, rough.end - slack), rough.end + slack + 1):
                if end >= high or end - first > _LONGEST:
                    continue
                steps = np.arange(low, high) - first + 1
                share = np.clip(steps / (end - first + 1), 0, 1)[:, None]
                made = (1 - share) * tiny[first - low] + share * tiny[end - low + 1]
                off = float(np.abs(tiny[1:-1] - made).mean())
                best = min(best, (off, first, end))
        return Dissolve(best[1], best[2], rough.sureness)


def _parts(frames: Any) -> Iterator[Any]:
    for start in range(0, len(frames), _CHUNK):
        yield frames[start : start + _CHUNK]


def _highest(values: Floats, centres: Any, reach: int) -> Floats:
    padded = np.pad(values, reach)
    found: Floats = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)[centres].max(axis=1)
    return found


def _unexplained(small: Floats, apart: int) -> tuple[Floats, Floats]:
    """For each frame: grey levels that neither frame so far away explains, and that both together do not.

    Each part of those frames may have moved a little. Every second frame is looked at, and stands for the
    next; where next to nothing changes, there is nothing to explain.
    """
    by_one, by_both = np.zeros(len(small), np.float32), np.zeros(len(small), np.float32)
    places = np.arange(apart, len(small) - apart, 2)
    for start in range(0, len(places), _CHUNK):
        at = places[start : start + _CHUNK]
        change = np.abs(small[at + apart] - small[at - apart]).mean(axis=(1, 2))
        at = at[change >= _LEAST_CHANGE]
        if not len(at):
            continue
        now = small[at]
        before, after = _moved(small[at - apart], now), _moved(small[at + apart], now)
        one, other = np.abs(before - now).mean(axis=(1, 2)), np.abs(after - now).mean(axis=(1, 2))
        by_one[at] = by_one[at + 1] = np.minimum(one, other)
        by_both[at] = by_both[at + 1] = np.abs((before + after) / 2 - now).mean(axis=(1, 2))
    return by_one, by_both


def _moved(pictures: Floats, towards: Floats) -> Floats:
    """Pictures, each part of them moved to where it is most like that part of others."""
    rows, columns = _BLOCKS
    shape = len(pictures), rows, _HIGH // rows, columns, _WIDE // columns
    padded = np.pad(pictures, ((0, 0), (_REACH, _REACH), (_REACH, _REACH)), mode="edge")
    least = np.full((shape[0], rows, columns), np.inf, np.float32)
    best = np.empty(shape, np.float32)
    for down in range(2 * _REACH + 1):
        for right in range(2 * _REACH + 1):
            moved = padded[:, down : down + _HIGH, right : right + _WIDE]
            off = np.abs(moved - towards).reshape(shape).sum(axis=(2, 4))
            better = off < least
            np.copyto(least, off, where=better)
            np.copyto(best, moved.reshape(shape), where=better[:, :, None, :, None])
    return best.reshape(pictures.shape)
