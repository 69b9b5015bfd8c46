"""Two sounds in phase: by how many samples one has to give way so that a crossfade of both keeps its level.

A linear crossfade of two sounds that are the same is not to be heard; of two that have nothing in common it
dips by 3 dB at its middle; of two in opposite phase it falls silent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avm_otio.mix.cutting import Phase
from avm_otio.mix.fitted import Fitted
from avm_otio.timeline.model import SAMPLE_RATE_HZ
from avm_otio.timeline.time import from_micros, nearest_frame, to_micros

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


def phases_of(
    fitted: Fitted, read: Callable[[int, int], NDArray[Any]], rate_hz: int = SAMPLE_RATE_HZ
) -> dict[tuple[int, int], Phase]:
    """Listen to the joins of a piece, to each kind of them once: what ``mix.fit.aligned`` takes.

    Args:
        fitted: How the piece lies.
        read: Samples of its file: the first one and how many; silence where there are none.
        rate_hz: Samples a second.
    """
    rate, most = Fraction(rate_hz), from_micros(MOST_US)
    found: dict[tuple[int, int], Phase] = {}
    for join, (out, into) in zip(fitted.joins, pairwise(fitted.pieces), strict=True):
        pair = (join.leaves_us, join.enters_us)
        length = nearest_frame(join.before + join.after, rate)
        if pair in found or length < 1:
            continue
        first = nearest_frame(out.media_out - join.before, rate)
        second = nearest_frame(into.media_in - join.before - most, rate)
        room = nearest_frame(2 * most, rate)
        found_here = align(read(first, length), read(second, length + room))
        offset_us = to_micros(Fraction(found_here.offset_samples, rate_hz))
        found[pair] = Phase(offset_us, found_here.correlation)
    return found


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
    alike = _correlated(right, left) / np.maximum(power * whole, 1e-12)
    alike[power < 1e-6] = 0.0
    best = int(np.argmax(alike))
    if alike[best] < alike[here] + _WORTH:
        best = here
    return Alignment(best - here, float(np.clip(alike[best], -1.0, 1.0)))


def _correlated(long: NDArray[Any], short: NDArray[Any]) -> NDArray[Any]:
    """``numpy.correlate(long, short, "valid")``, which for a second of samples takes seconds."""
    size = 1 << (len(long) - 1).bit_length()
    spectrum = np.fft.rfft(long, size) * np.conj(np.fft.rfft(short, size))
    return np.fft.irfft(spectrum, size)[: len(long) - len(short) + 1]


def _mono(samples: NDArray[Any]) -> NDArray[Any]:
    exact = np.asarray(samples, dtype=np.float64)
    return exact.mean(axis=1) if exact.ndim > 1 else exact
