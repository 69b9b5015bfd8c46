"""Two sounds in phase: by how many samples one has to give way so that a crossfade of both keeps its level.

A linear crossfade of two sounds that are the same is not to be heard; of two that have nothing in common it
dips by 3 dB at its middle; of two in opposite phase it falls silent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_US = 5_000
"""How far a sound may give way for its phase: a hit 5 ms off is not heard as off."""

_WORTH = 0.05
"""How much better a correlation has to be to move anything."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """How two sounds fit.

    Attributes:
        offset_samples: How much later in its file the second one should begin.
        correlation: How alike both are then, -1 to 1: 1 the same, 0 nothing in common.
    """

    offset_samples: int
    correlation: float


def align(out: NDArray[Any], into: NDArray[Any]) -> Alignment:
    """Find how the beginning of one sound lies best on the end of another.

    Args:
        out: What is left, over the crossfade: samples, or samples × channels.
        into: What is gone on with, over the crossfade and as much before as after it; that much it may be
            moved.

    Raises:
        ValueError: ``into`` is shorter than ``out``.
    """
    left, right = _mono(out), _mono(into)
    room = len(right) - len(left)
    if room < 0 or not len(left):
        raise ValueError("there must be as much of the second sound as of the first")
    here = room // 2
    sums = np.concatenate(([0.0], np.cumsum(right * right)))
    power = np.sqrt(np.maximum(sums[len(left) :] - sums[: len(right) - len(left) + 1], 0.0))
    whole = float(np.sqrt(np.sum(left * left)))
    if whole < 1e-6:
        return Alignment(0, 0.0)
    alike = np.correlate(right, left, "valid") / np.maximum(power * whole, 1e-12)
    alike[power < 1e-6] = 0.0
    best = int(np.argmax(alike))
    if alike[best] < alike[here] + _WORTH:
        best = here
    return Alignment(best - here, float(np.clip(alike[best], -1.0, 1.0)))


def _mono(samples: NDArray[Any]) -> NDArray[Any]:
    exact = np.asarray(samples, dtype=np.float64)
    return exact.mean(axis=1) if exact.ndim > 1 else exact
