"""Onsets, loudness, tempo and brightness of a sound, in one pass and in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from avm_otio.engine.decoding import SOUND_RATE_HZ, Samples
from avm_otio.engine.traits import Moment, SoundTraits

_HOP = 480
"""10 ms: the step at which the spectrum is watched."""

_WINDOW = 1024
_FINE = 48
"""1 ms: the step to which onsets are placed."""

_SEGMENT = 4800
"""100 ms: a loudness window is four of them."""

_HOP_US = 10_000
_LEAST_GAP_HOPS = 8
_BANDS = 36
_LEAST_RISE_DB = 3.0
_INAUDIBLE = 1e-7
"""−70 dBFS, as a mean square."""

_ABSOLUTE_GATE_LUFS = -70.0
_RELATIVE_GATE_LU = -10.0

Floats = NDArray[np.floating[Any]]


def analyse_sound(blocks: Iterable[Samples]) -> SoundTraits:
    """Measure a sound.

    Args:
        blocks: Channels × samples at 48 kHz, one after the other.
    """
    flux, fine, power = _Strip(), _Strip(), _Strip()
    spectrum = np.zeros(_WINDOW // 2 + 1)
    tail = np.zeros(_WINDOW, np.float32)
    previous = np.zeros(_BANDS)
    rest: Samples | None = None
    samples = 0
    for block in blocks:
        samples += block.shape[1]
        whole = block if rest is None else np.concatenate([rest, block], axis=1)
        used = whole.shape[1] - whole.shape[1] % _SEGMENT
        rest = whole[:, used:]
        if used:
            mono = whole[:, :used].mean(axis=0)
            power.add(_weighted_power(whole[:, :used]))
            fine.add(_fine_energy(mono))
            bands, total = _band_levels(np.concatenate([tail, mono]))
            spectrum += total
            flux.add(np.maximum(np.diff(bands, axis=0, prepend=previous[None]), 0).sum(axis=1))
            previous, tail = bands[-1], mono[-_WINDOW:]
    if rest is not None and rest.shape[1]:
        ending = np.pad(rest, ((0, 0), (0, _SEGMENT - rest.shape[1])))
        fine.add(_fine_energy(ending.mean(axis=0)))
        bands, total = _band_levels(np.concatenate([tail, ending.mean(axis=0)]))
        spectrum += total
        flux.add(np.maximum(np.diff(bands, axis=0, prepend=previous[None]), 0).sum(axis=1))
        if not len(power.joined()):
            power.add(_weighted_power(ending))
    novelty = flux.joined()
    return SoundTraits(
        onsets=_onsets(novelty, fine.joined(), samples),
        loudness_lufs=_gated_loudness(power.joined()),
        tempo_bpm=tempo_of(novelty),
        brightness_hz=_brightness(spectrum),
        duration_us=samples * 1_000_000 // SOUND_RATE_HZ,
    )


class _Strip:
    """A measure that grows block by block."""

    def __init__(self) -> None:
        self._pieces: list[Floats] = []

    def add(self, piece: Floats) -> None:
        self._pieces.append(piece)

    def joined(self) -> Floats:
        return np.concatenate(self._pieces) if self._pieces else np.zeros(0)


def _fine_energy(mono: Samples) -> Floats:
    energy: Floats = (mono.astype(np.float64).reshape(-1, _FINE) ** 2).mean(axis=1)
    return energy


def _band_levels(mono: Samples) -> tuple[Floats, Floats]:
    """Log levels in bands for each hop after the first window, and the power spectrum in all."""
    frames = sliding_window_view(mono, _WINDOW)[_HOP::_HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(_WINDOW).astype(np.float32), axis=1)) ** 2
    banded = np.add.reduceat(power, _band_edges(), axis=1)
    return np.log1p(banded * 10.0), power.sum(axis=0, dtype=np.float64)


def _band_edges() -> NDArray[np.int64]:
    edges = np.unique(np.geomspace(2, _WINDOW // 2, 64).astype(np.int64))
    return edges[np.linspace(0, len(edges) - 1, _BANDS).astype(np.int64)]


def _onsets(novelty: Floats, fine: Floats, samples: int) -> tuple[Moment, ...]:
    """Peaks of novelty that stand out, each moved to the steepest rise of the sound near it."""
    if len(novelty) < 3 or novelty.max() <= 0:
        return ()
    window = 51
    padded = np.pad(novelty, window // 2)
    usual = np.median(sliding_window_view(padded, window), axis=1)
    near = sliding_window_view(np.pad(novelty, _LEAST_GAP_HOPS // 2), _LEAST_GAP_HOPS + 1).max(axis=1)
    floor = max(0.12 * float(np.percentile(novelty, 99.5)), 1.0)
    peaks = np.flatnonzero((novelty >= near) & (novelty > 2.0 * usual + floor))
    strongest = float(novelty[peaks].max()) if len(peaks) else 1.0
    found: dict[int, float] = {}
    end_us = samples * 1_000_000 // SOUND_RATE_HZ
    for peak in peaks:
        at_us = _steepest_us(fine, int(peak) * _HOP // _FINE)
        if at_us < end_us and _rise_db(fine, at_us // 1000) >= _LEAST_RISE_DB:
            found.setdefault(at_us, float(novelty[peak]) / strongest)
    return tuple(Moment(at_us, strength) for at_us, strength in sorted(found.items()))


def _steepest_us(fine: Floats, around: int) -> int:
    """The millisecond, within 25 of ``around``, that is loudest against the five before it."""
    first, end = max(0, around - 25), min(len(fine), around + 26)
    quiet = np.concatenate([np.zeros(5), fine])
    before = np.array([quiet[n : n + 5].mean() for n in range(first, end)])
    rise = np.log(fine[first:end] + _INAUDIBLE) - np.log(before + _INAUDIBLE)
    loud = fine[first:end] > 0.05 * fine[first:end].max()
    return (first + int(np.where(loud, rise, -np.inf).argmax())) * 1000


def _rise_db(fine: Floats, at: int) -> float:
    """How much louder the 20 ms from a millisecond on are than the 50 ms before it."""
    before, after = fine[max(0, at - 50) : at], fine[at : at + 20]
    quiet = float(before.mean()) if len(before) else 0.0
    return 10 * math.log10((float(after.mean()) + _INAUDIBLE) / (quiet + _INAUDIBLE))


def _weighted_power(block: Samples) -> Floats:
    """K-weighted mean square of each 100 ms, summed over the channels."""
    segments = block.reshape(block.shape[0], -1, _SEGMENT)
    spectra = np.abs(np.fft.rfft(segments, axis=2)) ** 2
    weights = _k_weights(np.fft.rfftfreq(_SEGMENT, 1 / SOUND_RATE_HZ))
    weights[1:-1] *= 2.0
    power: Floats = (spectra @ weights).sum(axis=0) / _SEGMENT**2
    return power


def _k_weights(frequencies_hz: Floats) -> Floats:
    """Power response of the two filters of BS.1770-4 at 48 kHz (coefficients from its tables 1 and 2)."""
    z = np.exp(-2j * np.pi * frequencies_hz / SOUND_RATE_HZ)
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    high_pass = (1 - 2 * z + z**2) / (1 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    weights: Floats = np.abs(shelf * high_pass) ** 2
    return weights


def _gated_loudness(power: Floats) -> float | None:
    """Integrated loudness from the power of each 100 ms: windows of 400 ms, both gates of BS.1770-4."""
    if not len(power):
        return None
    windows = np.convolve(power, np.full(4, 0.25), "valid") if len(power) >= 4 else power.mean(keepdims=True)
    loud = windows[windows > 10 ** ((_ABSOLUTE_GATE_LUFS + 0.691) / 10)]
    if not len(loud):
        return None
    loud = loud[loud > loud.mean() * 10 ** (_RELATIVE_GATE_LU / 10)]
    return -0.691 + 10 * math.log10(float(loud.mean()))


def tempo_of(novelty: Floats) -> float | None:
    """The tempo, in beats a minute, of novelty that is sampled every 10 ms; 55 to 200.

    Autocorrelation with its second and fourth multiples, weighed towards 110 bpm as listeners tap.
    """
    if len(novelty) < 400:
        return None
    local = novelty[:60_000] - np.convolve(novelty[:60_000], np.full(100, 0.01), "same")
    pulse = np.maximum(local, 0)
    pulse -= pulse.mean()
    size = 1 << (2 * len(pulse) - 1).bit_length()
    auto = np.fft.irfft(np.abs(np.fft.rfft(pulse, size)) ** 2)[: len(pulse)]
    if auto[0] <= 0:
        return None
    auto /= auto[0]
    tempi = np.arange(55.0, 200.0, 0.1)
    lags = 6000.0 / tempi
    strength = sum(
        share * np.interp(lags * times, np.arange(len(auto)), auto, right=0.0)
        for times, share in ((1, 1.0), (2, 0.7), (4, 0.5))
    )
    strength = strength * np.exp(-0.5 * (np.log2(tempi / 110.0) / 0.8) ** 2)
    best = int(strength.argmax())
    return round(float(tempi[best]), 1) if strength[best] > 0.1 else None


def _brightness(spectrum: Floats) -> float:
    """The frequency below which half of the energy above 40 Hz lies, in Hz; 0 for silence."""
    frequencies_hz = np.fft.rfftfreq(_WINDOW, 1 / SOUND_RATE_HZ)
    energy = np.where(frequencies_hz >= 40, spectrum, 0).cumsum()
    if energy[-1] <= 0:
        return 0.0
    return round(float(frequencies_hz[np.searchsorted(energy, energy[-1] / 2)]), 1)
