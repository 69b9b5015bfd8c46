"""How loud a sound is from step to step: K-weighted power and true peak, block by block, in flat memory."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from avm_otio.media.decode import Samples
from avm_otio.mix.heard import STEP_US, Curve
from avm_otio.timeline.model import SAMPLE_RATE_HZ

GRAIN = SAMPLE_RATE_HZ // 100
"""10 ms in samples: the finest step of power."""

_STEP = SAMPLE_RATE_HZ * STEP_US // 1_000_000
_TURN = 5 * _STEP
_AHEAD = 32
_SIZE = 32_768
_BEHIND = _SIZE - _TURN - _AHEAD
"""What lies before a turn: after so many samples the filters have forgotten (−150 dB)."""

_OVERSAMPLING = 8
_REACH = 16
"""Samples on either side from which a point between two is reckoned."""

_NEAR_PEAK = 0.6
"""Only around samples of at least this share of the loudest of a step can its true peak lie: the worst case,
a quarter of the sampling rate met halfway, shows 0.71 of it."""

_NOTHING = 1e-13
"""−130 dB: what single precision leaves of silence."""

_MOST_TOPS = 3000
"""Of more places in one turn (loud, high tones) those count whose two highest samples promise most."""

Floats = NDArray[np.floating[Any]]


class Meter:
    """Listens to a sound at 48 kHz.

    Args:
        channels: How many channels; all count the same (BS.1770's weights of left, right and centre).
        peaks: Whether true peaks are wanted, too: most of the work. Without them all are 0.
    """

    def __init__(self, channels: int, *, peaks: bool = True) -> None:
        self._wants_peaks = peaks
        self._held = np.zeros((channels, _SIZE), np.float32)
        self._filled = _BEHIND
        self._samples = 0
        self._grains: list[Floats] = []
        self._peaks: list[Floats] = []

    def add(self, block: Samples) -> None:
        """Listen on; shape (samples, channels)."""
        self._samples += len(block)
        at = 0
        while at < len(block):
            count = min(_SIZE - self._filled, len(block) - at)
            self._held[:, self._filled : self._filled + count] = block[at : at + count].T
            self._filled += count
            at += count
            if self._filled == _SIZE:
                self._turn()

    def finish(self) -> tuple[Curve, Floats]:
        """What was heard: from step to step, and the K-weighted power of each 10 ms.

        What is left of the last step is silence.
        """
        samples = self._samples
        while len(self._peaks) * _TURN < samples:
            self._held[:, self._filled :] = 0
            self._filled = _SIZE
            self._turn()
        grains = np.concatenate([*self._grains, np.zeros(0)])
        steps = -(-samples // _STEP)
        grains[grains < _NOTHING] = 0.0
        powers = grains[: steps * _STEP // GRAIN].reshape(steps, -1).mean(axis=1)
        peaks = np.concatenate([*self._peaks, np.zeros(0)])[:steps]
        return Curve(tuple(powers.tolist()), tuple(peaks.tolist())), grains[: -(-samples // GRAIN)]

    def _turn(self) -> None:
        """Measure what lies between ``_BEHIND`` and ``_AHEAD``, and move on."""
        held = self._held
        weighted = np.fft.irfft(np.fft.rfft(held, axis=1) * _k_response(), _SIZE, axis=1)
        power = (weighted[:, _BEHIND : _BEHIND + _TURN].astype(np.float32) ** 2).sum(axis=0)
        self._grains.append(power.reshape(-1, GRAIN).mean(axis=1, dtype=np.float64))
        around = held[:, _BEHIND - _REACH : _BEHIND + _TURN + _REACH]
        self._peaks.append(_true_peaks(around) if self._wants_peaks else np.zeros(_TURN // _STEP))
        held[:, : _SIZE - _TURN] = held[:, _TURN:].copy()
        self._filled = _SIZE - _TURN


@cache
def _k_response() -> NDArray[np.complex64]:
    """The two filters of BS.1770-5 at 48 kHz (its tables 1 and 2), as a spectrum."""
    z = np.exp(-2j * np.pi * np.arange(_SIZE // 2 + 1) / _SIZE)
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    high_pass = (1 - 2 * z + z**2) / (1 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    response: NDArray[np.complex64] = (shelf * high_pass).astype(np.complex64)
    return response


def _true_peaks(held: Floats) -> Floats:
    """The true peak of each step of a turn, an amplitude.

    Args:
        held: Shape (channels, samples), with ``_REACH`` samples before and after the turn.
    """
    inside = held[:, _REACH:-_REACH]
    level = np.abs(held)
    peaks: Floats = level[:, _REACH:-_REACH].reshape(len(held), -1, _STEP).max(axis=(0, 2)).astype(np.float64)
    before, here, after = (level[:, _REACH + shift : _REACH + shift + _TURN] for shift in (-1, 0, 1))
    tops = (here > 0) & (here >= _NEAR_PEAK * np.repeat(peaks, _STEP)) & (here >= before) & (here >= after)
    is_level = (inside == held[:, _REACH - 1 : _REACH - 1 + _TURN]) & (
        inside == held[:, _REACH + 1 :][:, :_TURN]
    )
    channels, places = np.nonzero(tops & ~is_level)
    if len(places) > _MOST_TOPS:
        pairs = here[channels, places] ** 2 + np.maximum(before, after)[channels, places] ** 2
        best = np.argpartition(pairs / peaks[places // _STEP] ** 2, -_MOST_TOPS)[-_MOST_TOPS:]
        channels, places = channels[best], places[best]
    if len(places):
        around = sliding_window_view(held, 2 * _REACH + 1, axis=1)[channels, places]
        between = np.abs(around @ _interpolators()).max(axis=1)
        np.maximum.at(peaks, places // _STEP, between)
    return peaks


@cache
def _interpolators() -> NDArray[np.float32]:
    """Sincs under a Kaiser window that give the points around the middle sample, shape (samples, points)."""
    shifts = np.arange(1 - _OVERSAMPLING, _OVERSAMPLING) / _OVERSAMPLING
    distance = np.arange(-_REACH, _REACH + 1)[:, None] - shifts[None, :]
    inside = np.sqrt(np.maximum(1 - (distance / (_REACH + 1)) ** 2, 0))
    taps = np.sinc(distance) * np.i0(8.0 * inside) / np.i0(8.0)
    return taps.astype(np.float32)
