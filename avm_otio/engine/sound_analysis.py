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
from avm_otio.media.features import FINE, HOP, SLOW, Features, Watcher
from avm_otio.media.loudness import Meter
from avm_otio.media.rhythm import rhythm_of
from avm_otio.mix.loudness import integrated

_LEAST_GAP_HOPS = 8
_LEAST_RISE_DB = 3.0
_USUAL, _PIECE = 51, 30_000
_INAUDIBLE = 1e-7
"""−70 dBFS, as a mean square."""

_TEMPO_S = 600.0
"""So much of a sound is listened to for its tempo."""

Floats = NDArray[np.floating[Any]]


def analyse_sound(blocks: Iterable[Samples]) -> SoundTraits:
    """Measure a sound.

    Args:
        blocks: Channels × samples at 48 kHz, one after the other.
    """
    watcher, fine = Watcher(), _Fine()
    meter: Meter | None = None
    samples = 0
    for block in blocks:
        samples += block.shape[1]
        meter = meter or Meter(len(block), peaks=False)
        meter.add(block.T)
        watcher.add(block.T)
        fine.add(block)
    if meter is None:
        return SoundTraits()
    features = watcher.finish()
    return SoundTraits(
        onsets=_onsets(features.novelty, fine.finish(), samples),
        loudness_lufs=_loudness(meter),
        tempo_bpm=tempo_of(features, samples / SOUND_RATE_HZ),
        brightness_hz=brightness_of(watcher.spectrum),
        duration_us=samples * 1_000_000 // SOUND_RATE_HZ,
    )


def loudness_of(sound: Samples) -> float | None:
    """The integrated loudness of a sound, channels × samples at 48 kHz, in LUFS; ``None`` for silence."""
    meter = Meter(len(sound), peaks=False)
    meter.add(sound.T)
    return _loudness(meter)


def _loudness(meter: Meter) -> float | None:
    loudness = integrated(meter.finish()[0].power)
    return loudness if math.isfinite(loudness) else None


def tempo_of(features: Features, length_s: float) -> float | None:
    """Beats a minute; ``None`` where there is no beat whose bars hold.

    Args:
        features: The sound, watched.
        length_s: How long it is.
    """
    head = Features(
        novelty=features.novelty[: round(_TEMPO_S * SOUND_RATE_HZ) // HOP],
        low=features.low[: round(_TEMPO_S * SOUND_RATE_HZ) // HOP],
        fine=features.fine[: round(_TEMPO_S * SOUND_RATE_HZ) // FINE],
        chroma=features.chroma[: round(_TEMPO_S * SOUND_RATE_HZ) // SLOW],
        timbre=features.timbre[: round(_TEMPO_S * SOUND_RATE_HZ) // SLOW],
    )
    rhythm = rhythm_of(head, 0.0, min(length_s, _TEMPO_S))
    return round(rhythm.bpm, 1) if rhythm else None


class _Fine:
    """The mean square of each millisecond, block by block."""

    def __init__(self) -> None:
        self._rest: Floats = np.zeros(0, np.float32)
        self._pieces: list[Floats] = []

    def add(self, block: Samples) -> None:
        mono = np.concatenate([self._rest, block.mean(axis=0)])
        whole = len(mono) - len(mono) % FINE
        self._rest = mono[whole:]
        self._pieces.append((mono[:whole].astype(np.float64).reshape(-1, FINE) ** 2).mean(axis=1))

    def finish(self) -> Floats:
        rest = np.pad(self._rest, (0, FINE - len(self._rest)))
        return np.concatenate([*self._pieces, [float((rest.astype(np.float64) ** 2).mean())]])


def _onsets(novelty: Floats, fine: Floats, samples: int) -> tuple[Moment, ...]:
    """Peaks of novelty that stand out, each moved to the steepest rise of the sound near it."""
    if len(novelty) < 3 or novelty.max() <= 0:
        return ()
    usual = _running_median(novelty)
    near = sliding_window_view(np.pad(novelty, _LEAST_GAP_HOPS // 2), _LEAST_GAP_HOPS + 1).max(axis=1)
    floor = max(0.12 * float(np.percentile(novelty, 99.5)), 1.0)
    peaks = np.flatnonzero((novelty >= near) & (novelty > 2.0 * usual + floor))
    strongest = float(novelty[peaks].max()) if len(peaks) else 1.0
    found: dict[int, float] = {}
    end_us = samples * 1_000_000 // SOUND_RATE_HZ
    for peak in peaks:
        at_us = _steepest_us(fine, int(peak) * HOP // FINE)
        if at_us < end_us and _rise_db(fine, at_us // 1000) >= _LEAST_RISE_DB:
            found.setdefault(at_us, float(novelty[peak]) / strongest)
    return tuple(Moment(at_us, strength) for at_us, strength in sorted(found.items()))


def _running_median(values: Floats) -> Floats:
    """The median of half a second around each; in pieces, since numpy copies every window for it."""
    padded = np.pad(values, _USUAL // 2)
    pieces = [
        np.median(sliding_window_view(padded[at : at + _PIECE + _USUAL - 1], _USUAL), axis=1)
        for at in range(0, len(values), _PIECE)
    ]
    return np.concatenate(pieces)


def _steepest_us(fine: Floats, around: int) -> int:
    """The millisecond, within 25 of ``around``, that is loudest against the five before it."""
    first, end = max(0, around - 25), min(len(fine), around + 26)
    quiet = np.concatenate([np.zeros(max(0, 5 - first)), fine[max(0, first - 5) : end]])
    before = sliding_window_view(quiet, 5)[: end - first].mean(axis=1)
    rise = np.log(fine[first:end] + _INAUDIBLE) - np.log(before + _INAUDIBLE)
    loud = fine[first:end] > 0.05 * fine[first:end].max()
    return (first + int(np.where(loud, rise, -np.inf).argmax())) * 1000


def _rise_db(fine: Floats, at: int) -> float:
    """How much louder the 20 ms from a millisecond on are than the 50 ms before it."""
    before, after = fine[max(0, at - 50) : at], fine[at : at + 20]
    quiet = float(before.mean()) if len(before) else 0.0
    return 10 * math.log10((float(after.mean()) + _INAUDIBLE) / (quiet + _INAUDIBLE))


def brightness_of(spectrum: Floats) -> float:
    """The frequency below which half of the energy above 40 Hz lies, in Hz; 0 for silence."""
    frequencies_hz = np.linspace(0, SOUND_RATE_HZ / 2, len(spectrum))
    energy = np.where(frequencies_hz >= 40, spectrum, 0).cumsum()
    if energy[-1] <= 0:
        return 0.0
    return round(float(frequencies_hz[np.searchsorted(energy, energy[-1] / 2)]), 1)
