"""How high a sound rises, between its samples, too."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from avm_otio.media.decode import Doubles, Samples

AROUND = 32
"""Samples on either side of a moment that count for what lies between two samples."""

_FINER = 8
_BETA = 9
"""Of the Kaiser window: ripple below -90 dB."""


def peak_between(blocks: Iterable[Samples]) -> float:
    """The highest amplitude of all channels, at the samples and at seven moments between any two.

    Args:
        blocks: A sound in parts, in order, with ``AROUND`` samples more before and after it.
    """
    kernels = _kernels()
    held: Samples | None = None
    peak = 0.0
    for block in blocks:
        held = block if held is None else np.concatenate([held, block])
        count = len(held) - 2 * AROUND
        if count <= 0:
            continue
        peak = max(peak, float(np.abs(held[AROUND : AROUND + count]).max()))
        for side in held.T.astype(np.float64):
            for kernel in kernels:
                between = np.convolve(side[1:], kernel, "valid")
                peak = max(peak, float(np.abs(between).max()))
        held = held[count:]
    return peak


def _kernels() -> Doubles:
    """Windowed sinc for each moment between two samples, last sample first."""
    share = np.arange(1, _FINER)[:, None] / _FINER
    distance = np.arange(1 - AROUND, AROUND + 1)[None, :] - share
    window = np.i0(_BETA * np.sqrt(1 - (distance / AROUND) ** 2)) / np.i0(_BETA)
    kernels: Doubles = (np.sinc(distance) * window)[:, ::-1]
    return kernels
