"""What rhythm and sections are found in: onsets, harmony and timbre over time, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from avm_otio.media.decode import Samples
from avm_otio.timeline.model import SAMPLE_RATE_HZ

HOP = 480
"""10 ms: one step of novelty."""

FINE = 48
"""1 ms: one step of the fine level."""

SLOW = 2400
"""50 ms: one step of harmony and timbre."""

RECENT = 4
"""Steps that what is new must be louder than."""

_WINDOW = 1024
_THIN = 4
"""Harmony is heard at a quarter of the rate: 12 kHz."""

_LONG = 2048
_BANDS = 36
_TIMBRE = 12
_LOW_BANDS = 6

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Features:
    """A piece over time.

    Attributes:
        novelty: What is new in each 10 ms, over all bands.
        low: The same of the bass and the bass drum alone.
        fine: Mean square of each 1 ms, high notes before low ones.
        chroma: Harmony around each 50 ms: 12 pitch classes.
        timbre: Level of each 50 ms in 12 bands, logarithmic.
    """

    novelty: Floats
    low: Floats
    fine: Floats
    chroma: Floats
    timbre: Floats


class Watcher:
    """Watches a sound at 48 kHz.

    Attributes:
        spectrum: The power of all that was watched so far, from 0 Hz to half the rate.
    """

    def __init__(self) -> None:
        self.spectrum: Floats = np.zeros(_WINDOW // 2 + 1)
        self._short: Floats = np.zeros(_WINDOW, np.float32)
        self._long: Floats = np.zeros(_LONG // 2, np.float32)
        self._before: Floats = np.zeros((RECENT, _BANDS))
        self._last = np.float32(0)
        self._rest: Floats = np.zeros(0, np.float32)
        self._found: dict[str, list[Floats]] = {name: [] for name in Features.__slots__}

    def add(self, block: Samples) -> None:
        """Watch on; shape (samples, channels)."""
        mono = np.concatenate([self._rest, block.mean(axis=1)])
        whole = len(mono) - len(mono) % SLOW
        self._rest = mono[whole:]
        if whole:
            self._watch(mono[:whole].astype(np.float32))

    def finish(self) -> Features:
        """What was seen."""
        self._watch(np.pad(self._rest, (0, SLOW - len(self._rest) + _THIN * _LONG // 2 // SLOW * SLOW)))
        return Features(**{name: np.concatenate(parts) for name, parts in self._found.items()})

    def _watch(self, mono: Floats) -> None:
        found = self._found
        edge = np.diff(mono, prepend=self._last)
        self._last = mono[-1]
        found["fine"].append((edge.reshape(-1, FINE) ** 2).mean(axis=1))

        heard = np.concatenate([self._short, mono])
        self._short = heard[-_WINDOW:]
        frames = sliding_window_view(heard, _WINDOW)[HOP::HOP]
        power = np.abs(np.fft.rfft(frames * _hann(_WINDOW), axis=1)) ** 2
        self.spectrum += power.sum(axis=0, dtype=np.float64)
        bands = np.log1p(np.add.reduceat(power, _band_edges(), axis=1) * 10.0)
        rise = rises(self._before, bands)
        self._before = np.concatenate([self._before, bands])[-RECENT:]
        found["novelty"].append(rise.sum(axis=1))
        found["low"].append(rise[:, :_LOW_BANDS].sum(axis=1))

        found["timbre"].append(bands.reshape(-1, SLOW // HOP, _TIMBRE, _BANDS // _TIMBRE).mean(axis=(1, 3)))

        heard = np.concatenate([self._long, mono.reshape(-1, _THIN).mean(axis=1)])
        step = SLOW // _THIN
        usable = max((len(heard) - _LONG) // step + 1, 0)
        if usable:
            frames = sliding_window_view(heard, _LONG)[::step][:usable]
            level = np.abs(np.fft.rfft(frames * _hann(_LONG), axis=1))
            found["chroma"].append(level[:, : len(_pitches())] @ _pitches())
        self._long = heard[usable * step :]


def rises(before: Floats, bands: Floats) -> Floats:
    """What is new in each band, step by step: louder than any of the steps shortly before it.

    Two low notes at once beat against each other, and steps of 10 ms make slow rhythms of that (a chord
    that is held through a piece at 120 was heard at 96): against several steps it is nothing new.

    Args:
        before: The last ``RECENT`` steps before these.
        bands: Levels, steps × bands.
    """
    whole = np.concatenate([before, bands])
    recent = sliding_window_view(whole[:-1], RECENT, axis=0).max(axis=2)
    rise: Floats = np.maximum(bands - recent, 0)
    return rise


@cache
def _hann(size: int) -> NDArray[np.float32]:
    window: NDArray[np.float32] = np.hanning(size).astype(np.float32)
    return window


@cache
def _band_edges() -> NDArray[np.int64]:
    edges = np.unique(np.geomspace(2, _WINDOW // 2, 64).astype(np.int64))
    return edges[np.linspace(0, len(edges) - 1, _BANDS).astype(np.int64)]


@cache
def _pitches() -> NDArray[np.float32]:
    """How the bins of the long window come to pitch classes: 65 Hz to 2.1 kHz."""
    hertz = np.fft.rfftfreq(_LONG, _THIN / SAMPLE_RATE_HZ)
    hertz = hertz[hertz <= 2100]
    pitch = 12 * np.log2(np.maximum(hertz, 1.0) / 440)
    distance = (pitch[:, None] - np.arange(12)[None, :] + 6) % 12 - 6
    loud = (hertz >= 65) / np.sqrt(np.maximum(hertz, 65))
    shares: NDArray[np.float32] = (np.exp(-0.5 * (distance / 0.35) ** 2) * loud[:, None]).astype(np.float32)
    return shares
