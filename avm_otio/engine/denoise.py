"""Noise reduction: DeepFilterNet 3, limited; where that cannot run, a Wiener filter.

The limit keeps the network from deleting production sound: at full strength it turns a door down by 38 dB and
thunder by 36. What is clean already is left as it is (``sparing``).

The Wiener filter follows the noise in each frequency by the least smoothed power of the last 1.5 seconds
(R. Martin, 2001) and begins at the mean of the quietest moments of the whole sound. Its gain goes by the last
decision (Ephraim and Malah, 1984). Input and output have the same samples in the same places.
"""

from __future__ import annotations

import wave
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avm_otio.engine import deep_filter
from avm_otio.engine.decoding import SOUND_RATE_HZ, Samples
from avm_otio.engine.sparing import LOOK_AHEAD, Filter, Sparing
from avm_otio.files import whole

_WINDOW = 2048
_HOP = 512
_SMOOTHING = 0.85
_RECENT_FRAMES = 24
_RECENTS = 6
"""Minima are kept for six runs of 24 frames: about one and a half seconds."""

_MINIMUM_BIAS = 1.8
"""How much lower the least of so many smoothed powers lies than their mean (measured on white noise)."""

_DIRECTED = 0.96
LIMIT_DB = 12.0
"""By how much anything is turned down at most: no hole where noise was, and no sound of the scene is lost."""

_LEAST_LIMIT_DB = 0.1
"""Below this nobody hears a difference, and the network passes the sound on without its delay."""

_QUIET_SHARE = 0.1
_MOST_AT_ONCE = 2
"""Channels that are filtered at once."""

Floats = NDArray[np.float64]


def noise_profile(blocks: Iterable[Samples]) -> Floats | None:
    """Mean power spectrum of the quietest moments of a sound, all channels together; ``None`` if too short.

    Digital silence is no noise and is passed over.
    """
    quiet: list[tuple[float, Floats]] = []
    for block in blocks:
        mono = block.mean(axis=0)
        if len(mono) < _WINDOW:
            continue
        frames = np.lib.stride_tricks.sliding_window_view(mono, _WINDOW)[:: _WINDOW // 2]
        power = np.abs(np.fft.rfft(frames * _window(), axis=1)) ** 2
        energy = power.sum(axis=1)
        heard = np.flatnonzero(energy > 1e-7)
        if not len(heard):
            continue
        count = max(1, int(len(heard) * _QUIET_SHARE))
        quietest = heard[np.argsort(energy[heard], kind="stable")[:count]]
        quiet.append((float(energy[quietest].mean()), power[quietest].mean(axis=0)))
    if not quiet:
        return None
    quiet.sort(key=lambda pair: pair[0])
    kept = quiet[: max(1, round(len(quiet) * 0.3))]
    profile: Floats = np.mean([spectrum for _, spectrum in kept], axis=0)
    return profile


def reduced(blocks: Iterable[Samples], new_filter: Callable[[], Filter]) -> Iterator[Samples]:
    """The sound with its noise reduced, as many samples in as out, not in blocks of the same size.

    Args:
        blocks: Channels × samples at 48 kHz.
        new_filter: Makes the filter of one channel.
    """
    filters: list[Filter] = []
    taken = 0
    given = 0
    with ThreadPoolExecutor(max_workers=_MOST_AT_ONCE) as pool:
        try:
            for block in blocks:
                filters = filters or [new_filter() for _ in range(block.shape[0])]
                taken += block.shape[1]
                out = np.stack(list(pool.map(lambda one, channel: one.feed(channel), filters, block)))
                given += out.shape[1]
                yield out
            if filters:
                flush = np.zeros(2 * _WINDOW + LOOK_AHEAD, np.float32)
                yield np.stack([one.feed(flush) for one in filters])[:, : taken - given]
        finally:
            for one in filters:
                one.close()


def denoise_to(path: Path, blocks: Callable[[], Iterable[Samples]], limit_db: float = LIMIT_DB) -> None:
    """Write the noise-reduced sound as a 16-bit WAV at 48 kHz; appears whole or not at all.

    Args:
        path: The file.
        blocks: Gives the sound from its start; called once or twice.
        limit_db: By how much anything is turned down at most; 0 leaves the sound as it is.

    Raises:
        OutputError: It cannot be written.
    """
    new_filter: Callable[[], Filter]
    if limit_db < _LEAST_LIMIT_DB:
        new_filter = _AsItIs
    elif deep_filter.is_here():
        new_filter = partial(_spared, partial(deep_filter.DeepFilter, limit_db))
    else:
        least_gain = 10 ** (-limit_db / 20)
        new_filter = partial(_spared, partial(_WienerFilter, noise_profile(blocks()), least_gain))
    pieces = reduced(blocks(), new_filter)
    first = next(pieces, np.zeros((1, 0), np.float32))
    with whole(path) as temporary, wave.open(str(temporary), "wb") as file:
        file.setnchannels(first.shape[0])
        file.setsampwidth(2)
        file.setframerate(SOUND_RATE_HZ)
        for piece in chain([first], pieces):
            file.writeframes((np.clip(piece, -1, 1) * 32_767).round().T.astype("<i2").tobytes())


def _spared(new_filter: Callable[[], Filter]) -> Filter:
    return Sparing(new_filter())


def _window() -> NDArray[np.float32]:
    """The root of a Hann window: squared and overlapped by three quarters it adds up to 2."""
    turn = 2 * np.pi * np.arange(_WINDOW) / _WINDOW
    window: NDArray[np.float32] = np.sqrt(0.5 - 0.5 * np.cos(turn)).astype(np.float32)
    return window


class _AsItIs:
    """One channel that is left as it is."""

    def feed(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """The same samples."""
        return samples

    def close(self) -> None:
        """It holds nothing."""


class _WienerFilter:
    """One channel on its way through the Wiener filter; gives samples in the places where they came in.

    Args:
        profile: What ``noise_profile`` gave for the same sound.
        least_gain: What is left of pure noise, as an amplitude.
    """

    def __init__(self, profile: Floats | None, least_gain: float) -> None:
        self._least_gain = least_gain
        # A window of silence ahead, so that the first sample lies under as many windows as all others.
        self._waiting = np.zeros(_WINDOW - _HOP, np.float32)
        self._adding = np.zeros(_WINDOW, np.float64)
        self._lead = _WINDOW - _HOP
        self._window = _window()
        self._start = profile
        self._noise = np.zeros(_WINDOW // 2 + 1)
        self._smooth: Floats | None = None
        self._recent: list[Floats] = []
        self._least = np.zeros(0)
        self._frames = 0
        self._clean = np.zeros(_WINDOW // 2 + 1)

    def feed(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take samples in and give out those that are done."""
        self._waiting = np.concatenate([self._waiting, samples])
        hops = (len(self._waiting) - _WINDOW) // _HOP + 1
        done = np.zeros(max(hops, 0) * _HOP, np.float32)
        for hop in range(hops):
            start = hop * _HOP
            spectrum = np.fft.rfft(self._waiting[start : start + _WINDOW] * self._window)
            spectrum *= self._gain(np.abs(spectrum) ** 2)
            self._adding += np.fft.irfft(spectrum, _WINDOW) * self._window
            done[start : start + _HOP] = self._adding[:_HOP] / 2.0
            self._adding = np.concatenate([self._adding[_HOP:], np.zeros(_HOP)])
        self._waiting = self._waiting[max(hops, 0) * _HOP :]
        kept = done[self._lead :]
        self._lead -= len(done) - len(kept)
        return kept

    def close(self) -> None:
        """It holds nothing."""

    def _gain(self, power: Floats) -> Floats:
        noise = np.maximum(self._follow(power), 1e-12)
        after = power / noise
        before = _DIRECTED * self._clean / noise + (1 - _DIRECTED) * np.maximum(after - 1, 0)
        gain = np.maximum(before / (1 + before), self._least_gain)
        self._clean = (gain**2) * power
        return gain

    def _follow(self, power: Floats) -> Floats:
        """The noise in each frequency, with this frame heard."""
        if self._smooth is None:
            self._smooth = self._least = power
            self._noise = power * 0.5 if self._start is None else self._start
        self._smooth = _SMOOTHING * self._smooth + (1 - _SMOOTHING) * power
        self._least = np.minimum(self._least, self._smooth)
        self._frames += 1
        if self._frames % _RECENT_FRAMES == 0:
            self._recent = [*self._recent[1 - _RECENTS :], self._least]
            self._least = self._smooth
            if len(self._recent) == _RECENTS:
                followed = _MINIMUM_BIAS * np.min(self._recent, axis=0)
                self._noise = followed if self._start is None else 0.5 * (followed + self._start)
        return self._noise
