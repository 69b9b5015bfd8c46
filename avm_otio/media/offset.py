"""Where one recording lies in another of the same sound: a preview in its licensed file, to the sample."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avm_otio.media.align import Alignment
from avm_otio.media.probe import probe
from avm_otio.media.stereo_reader import StereoReader
from avm_otio.timeline.model import SAMPLE_RATE_HZ
from avm_otio.timeline.time import touched_frames

_WINDOW = 29 * SAMPLE_RATE_HZ
"""Samples of the one that are looked for; twice as many of the other are looked through: together 2²²."""

_BLOCK = SAMPLE_RATE_HZ
_SILENT = 1e-4
"""Amplitude below which a second of sound is silence: −80 dB."""

_MOST_SILENCE = 600
"""Seconds of silence at its head that are passed over."""

_LEAST_SHARED = 0.5
"""Of the window: where two recordings share less, their likeness there says nothing."""

Floats = NDArray[np.float64]


def offset_between(preview: Path, licensed: Path) -> Alignment:
    """How much later the same sound comes in a licensed file than in its preview.

    Args:
        preview: The one.
        licensed: The other.

    Returns:
        Samples at 48 kHz by which it comes later, below 0 where it comes sooner; and how alike both are.

    Raises:
        MediaError: One cannot be read.
    """
    readers = [StereoReader(probe(path), ()) for path in (preview, licensed)]
    try:
        one, other = map(_mono, readers)
        length, other_length = map(_length, readers)
        first = _first_sound(one, length)
        start = max(0, first - _WINDOW // 2)
        sought = one(first, min(_WINDOW, max(1, length - first)))
        through = other(start, min(2 * _WINDOW, max(1, other_length - start)))
    finally:
        for reader in readers:
            reader.close()
    lag, likeness = _best(sought, through)
    return Alignment(start + lag - first, likeness)


def _length(reader: StereoReader) -> int:
    """Samples that a file has at most."""
    return touched_frames(reader.info.duration or Fraction(0), Fraction(SAMPLE_RATE_HZ))


def _mono(reader: StereoReader) -> Callable[[int, int], Floats]:
    def read(start: int, count: int) -> Floats:
        before = min(count, max(0, -start))
        found = np.zeros(count)
        if count > before:
            sides: NDArray[Any] = reader.read(start + before, count - before)
            found[before:] = sides.mean(axis=1)
        return found

    return read


def _first_sound(read: Callable[[int, int], Floats], length: int) -> int:
    for second in range(min(_MOST_SILENCE, -(-length // _BLOCK))):
        if np.abs(read(second * _BLOCK, _BLOCK)).max(initial=0.0) > _SILENT:
            return second * _BLOCK
    return 0


def _best(sought: Floats, through: Floats) -> tuple[int, float]:
    """Where in a longer sound a shorter one lies best, and how alike both are where they overlap."""
    size = 1 << (len(sought) + len(through) - 1).bit_length()
    product = np.fft.irfft(np.conj(np.fft.rfft(sought, size)) * np.fft.rfft(through, size), size)
    lags = np.arange(-(len(sought) - 1), len(through))
    dots = product[lags % size]
    # What of each lies in the overlap at each lag.
    energy = [np.concatenate(([0.0], np.cumsum(each**2))) for each in (sought, through)]
    first = np.maximum(0, -lags), np.maximum(0, lags)
    length = np.minimum(len(sought) - first[0], len(through) - first[1])
    shared = [sums[start + length] - sums[start] for sums, start in zip(energy, first, strict=True)]
    with np.errstate(divide="ignore", invalid="ignore"):
        likeness = dots / np.sqrt(shared[0] * shared[1])
    likeness[shared[0] < _LEAST_SHARED * energy[0][-1]] = 0.0
    likeness[~np.isfinite(likeness)] = 0.0
    best = int(likeness.argmax())
    return int(lags[best]), float(likeness[best])
