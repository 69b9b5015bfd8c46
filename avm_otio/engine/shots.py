"""Shots, from what was measured frame by frame: how each and its camera move, how bright it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avm_otio.engine.camera import APART, Moves
from avm_otio.engine.traits import Curves, Shot

_MICROS = 1_000_000
_PANS = 0.04
"""Picture widths a second from which on a camera moves: less is a hand that breathes."""

_ZOOMS = 0.04
"""Growth a second from which on it goes closer or away."""

_SHAKES = 0.35
"""Picture widths a second that a camera moves back and forth."""

_STEADY = 0.5
"""Of all that it moves, this share in one direction is a pan; less is a shake."""

Floats = NDArray[Any]


@dataclass(frozen=True, slots=True)
class PerFrame:
    """What was measured of some frames.

    Attributes:
        brightness: Mean luma of each, 0 to 1.
        contrast: How far it spreads, 0 to 1.
        compared: Which frames were compared with a later one.
        moves: How the picture moves from each of these.
        motion: How much changes from the frame before to each, in parts of what counts as moving all over.
    """

    brightness: Floats
    contrast: Floats
    compared: NDArray[np.int64]
    moves: Moves
    motion: Floats

    @classmethod
    def joined(cls, parts: Sequence[PerFrame], motion: Floats) -> PerFrame:
        """Those of parts that follow each other, as one, with how much changes in each frame."""
        compared, first = [], 0
        for part in parts:
            compared.append(part.compared + first)
            first += len(part.brightness)
        return cls(
            np.concatenate([part.brightness for part in parts]),
            np.concatenate([part.contrast for part in parts]),
            np.concatenate(compared),
            Moves.joined([part.moves for part in parts]),
            np.minimum(motion, 1.0),
        )


def shots_of(
    parts: Iterable[tuple[int, int]], times_us: Sequence[int], ends_us: Sequence[int], measured: PerFrame
) -> Iterator[Shot]:
    """What each stretch of frames is.

    Args:
        parts: First frame and the one after the last.
        times_us: When each frame begins.
        ends_us: When it ends.
        measured: Of all frames.
    """
    moves = measured.moves
    for first, end in parts:
        low = int(np.searchsorted(measured.compared, first))
        high = max(low, int(np.searchsorted(measured.compared, end - APART)))
        seen = moves.is_seen[low:high]
        rate = (end - first) * _MICROS / max(1, ends_us[end - 1] - times_us[first])

        def middle(values: Floats, low: int = low, high: int = high, seen: Any = seen) -> Floats:
            found: Floats = values[low:high][seen]
            return found

        right, down, closer = (middle(each) * rate for each in (moves.right, moves.down, moves.closer))
        inside = slice(first + 1, end) if end - first > 1 else slice(first, end)
        yield Shot(
            times_us[first],
            ends_us[end - 1],
            motion=round(float(measured.motion[inside].mean()), 4),
            camera=_words(right, down, closer),
            right=_mean(right),
            down=_mean(down),
            closer=_mean(closer),
            things=_mean(middle(moves.things)),
            brightness=round(float(measured.brightness[first:end].mean()), 4),
            contrast=round(float(min(1.0, measured.contrast[first:end].mean())), 4),
        )


def _mean(values: Floats) -> float:
    """The mean, without the few that are far off."""
    if not len(values):
        return 0.0
    low, high = np.percentile(values, [10, 90])
    return round(float(np.clip(values, low, high).mean()), 4) + 0.0


def _words(right: Floats, down: Floats, closer: Floats) -> str:
    """How a camera moves."""
    if not len(right):
        return ""
    steady = _mean(right), _mean(down)
    path = float(np.hypot(right, down).mean())
    ways = []
    far = float(np.hypot(*steady))
    if far >= _PANS and far >= _STEADY * path:
        across, along = abs(steady[0]), abs(steady[1])
        if across >= 0.4 * along:
            ways.append("pans right" if steady[0] > 0 else "pans left")
        if along > 0.4 * across:
            ways.append("tilts down" if steady[1] > 0 else "tilts up")
    elif path >= _SHAKES:
        ways.append("shakes")
    if abs(_mean(closer)) >= _ZOOMS:
        ways.append("goes closer" if _mean(closer) > 0 else "draws back")
    return ", ".join(ways)


def curves_of(
    heads: Sequence[int], times_us: Sequence[int], ends_us: Sequence[int], measured: PerFrame
) -> Curves:
    """How a film goes, second by second.

    Args:
        heads: The first frame of each shot: what changes from one to the next is no move.
        times_us: When each frame begins.
        ends_us: When it ends.
        measured: Of all frames.
    """
    seconds = np.array(times_us) // _MICROS
    many = int(-(-ends_us[-1] // _MICROS))
    camera = np.minimum(np.hypot(measured.moves.right, measured.moves.down) * 25 / 2, 1.0)
    shot = np.searchsorted(heads, measured.compared, "right")
    within = shot == np.searchsorted(heads, measured.compared + APART, "right")
    at = seconds[measured.compared][within]
    zoom = np.minimum(np.abs(measured.moves.closer) * 25, 1.0)
    return Curves(
        motion=_by_second(seconds, measured.motion, many),
        camera=_by_second(at, (camera + zoom)[within], many),
        things=_by_second(at, measured.moves.things[within], many),
        brightness=_by_second(seconds, measured.brightness, many),
    )


def _by_second(at: Floats, values: Floats, many: int) -> tuple[float, ...]:
    sums = np.bincount(at, weights=values, minlength=many)[:many]
    counts = np.bincount(at, minlength=many)[:many]
    means = np.minimum(sums / np.maximum(counts, 1), 1.0)
    return tuple(round(float(value), 4) for value in means)
