"""Tempo, beats and bars of a piece.

The beat's length comes from how the novelty is like itself a beat, two beats, … later; which of its octaves
and which bar, from all bars weighed together, harmony's changes among them. Its place is followed through the
piece a few bars at a time, and set to a millisecond by the attacks on it, many at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avm_otio.media.beats import extended, followed
from avm_otio.media.features import HOP, SLOW, Features
from avm_otio.media.repetition import agreeing, attacks_of
from avm_otio.mix.heard import Rhythm
from avm_otio.timeline.model import SAMPLE_RATE_HZ

_HOP_S = HOP / SAMPLE_RATE_HZ
_SLOW_S = SLOW / SAMPLE_RATE_HZ

_SLOWEST_BPM, _FASTEST_BPM = 50.0, 190.0
_USUAL_BPM, _USUAL_OCTAVES = 110.0, 0.7
"""The tempo that listeners tap to, and how far from it they go (van Noorden and Moelants, 1999)."""

_BARS = (4, 3, 2)
_SHORTEST_BAR_S = 0.9
_REPEATS = 8
"""So many of the times after which a piece is like itself are looked at for its bars."""

_HALVED_BPM = 92.0
"""Two beats in a bar, no faster and each of two parts, are four of twice the tempo."""

_LEAST_S = 6.0
"""A shorter piece has no bars to speak of."""

_LEAST_PULSE = 0.04
"""How like itself a beat later novelty must be."""

_OFF_S = 0.012
"""Further than this a place is off: the ear hears 15 ms."""

_ALIKE, _LEAST_SURE, _CLEAR = 0.4, 0.35, 0.15
"""How like all others what is around a place is where music has bars: of 126 made pieces whose places were
right none was under 0.3 at its median, of 18 without a beat none over 0.12."""

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class _Meter:
    period_s: float
    bar: int
    score: float
    pulse: float
    is_halved: bool


def rhythm_of(features: Features, begins_s: float, ends_s: float) -> Rhythm | None:
    """The beat of a piece; ``None`` where it has none.

    Args:
        features: The piece.
        begins_s: Where it really begins.
        ends_s: Where it really ends.
    """
    if ends_s - begins_s < _LEAST_S or not features.novelty.any():
        return None
    pulse = _pulse(features.novelty)
    changes = _changes(features)
    meter = _meter(pulse, features, changes)
    if meter is None or meter.pulse < _LEAST_PULSE:
        return None
    attacks = attacks_of(features.fine)
    grid = followed(pulse, attacks, meter.period_s, begins_s, ends_s)
    if grid is None:
        return None
    beats = extended(grid, begins_s, ends_s)
    if len(beats) < 2 * meter.bar:
        return None
    first, margin = _first_downbeat(beats, meter.bar, features, changes)
    downbeats = np.arange(first, len(beats), meter.bar)
    alike, off, gain = agreeing(attacks, beats[downbeats])
    is_off = np.abs(off) > _OFF_S
    sure = float(1 - is_off.mean()) * min(max(float(np.median(alike)) / _ALIKE, 0.0), 1.0)
    if sure < _LEAST_SURE:
        return None
    # On an even grid a bar that tells little is where the grid says; where beats move, nothing says so.
    kept = downbeats[~(is_off & (gain > _CLEAR))] if _is_even(grid) else downbeats[~is_off]
    return Rhythm(
        bpm=round(60 / float(np.median(np.diff(beats))), 3),
        beats_us=tuple(round(beat * 1e6) for beat in beats),
        bar=meter.bar,
        downbeats=tuple(int(beat) for beat in kept),
        confidence=round(sure * (0.5 + 0.5 * margin), 3),
    )


def _is_even(grid: tuple[Floats, Floats]) -> bool:
    return len(grid[0]) == 2


def _pulse(novelty: Floats) -> Floats:
    """Novelty above its neighbourhood, with accents tamed."""
    local = novelty - np.convolve(novelty, np.full(100, 0.01), "same")
    return np.sqrt(np.maximum(local, 0))


def _likeness(values: Floats, longest: int) -> Floats:
    """How like itself a measure is after so many steps; 1 at 0."""
    centred = values - values.mean()
    size = 1 << (2 * len(centred) - 1).bit_length()
    auto = np.fft.irfft(np.abs(np.fft.rfft(centred, size)) ** 2)[:longest]
    auto /= np.maximum(len(centred) - np.arange(len(auto)), 1)
    whole: Floats = auto / auto[0] if auto[0] > 0 else auto
    return whole


def _at(likeness: Floats, lags: Floats) -> Floats:
    return np.interp(lags, np.arange(len(likeness)), likeness, right=0.0)


def _changes(features: Features) -> Floats:
    """How much the harmony changes at each 50 ms: what is heard the 0.4 s after against the 0.4 s before."""
    chroma = features.chroma / np.maximum(np.linalg.norm(features.chroma, axis=1, keepdims=True), 1e-3)
    reach = 8
    sums = np.cumsum(np.pad(chroma, ((reach + 1, reach), (0, 0))), axis=0)
    before = sums[reach:-reach][: len(chroma)] - sums[: len(chroma)]
    after = sums[2 * reach :][: len(chroma)] - sums[reach : reach + len(chroma)]
    norm = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    away: Floats = 1 - (before * after).sum(axis=1) / np.maximum(norm, 1e-9)
    away[norm < 1] = 0
    return away


def _meter(pulse: Floats, features: Features, changes: Floats) -> _Meter | None:
    longest = min(len(pulse) // 2, round(16 / _HOP_S))
    smooth = np.convolve(pulse, np.array([0.25, 0.5, 0.25]), "same")
    broad = _likeness(smooth, longest)
    deep = _likeness(np.convolve(_pulse(features.low), np.array([0.25, 0.5, 0.25]), "same"), longest)
    harmony = _likeness(np.convolve(changes, np.full(3, 1 / 3), "same"), round(longest * _HOP_S / _SLOW_S))
    tops = _repeats(broad + deep + _at(harmony, np.arange(len(broad)) * _HOP_S / _SLOW_S))
    best: _Meter | None = None
    for period in _periods(broad):
        lag = period / _HOP_S
        count = min(12, math.floor((longest - 1) / lag))
        multiples = np.arange(1, count + 1)
        own, low = _at(broad, lag * multiples), _at(deep, lag * multiples)
        half = float(_at(broad, lag * (multiples - 0.5)).mean())
        low_half = max(float(_at(deep, lag * (multiples - 0.5)).mean()), 0.0)
        eighth = max(float(_at(broad, lag * (multiples - 1 / 8)).mean()), 0.0)
        third = float(_at(broad, lag * (multiples - 1 / 3)).mean())
        chords = _at(harmony, period / _SLOW_S * multiples)
        prior = -0.5 * (math.log2(60 / period / _USUAL_BPM) / _USUAL_OCTAVES) ** 2
        for bar in _BARS:
            if count < 2 * bar - 1 or not _SHORTEST_BAR_S <= bar * period <= 5.2:
                continue
            on_bar = multiples % bar == 0
            # Beats within the bar must be there by themselves: what repeats a bar later is no beat yet.
            score = prior + float(own[~on_bar].mean()) + 2 * float(low[~on_bar].mean()) - 1.5 * low_half
            score += 0.5 * float(own[on_bar].mean() + low[on_bar].mean())
            score += 2 * float(chords[on_bar].mean()) - float(chords[~on_bar].mean())
            score += 2 * _explained(tops, period, 4 if bar == 2 else bar) - 2 * eighth
            score += 0.3 * (third - half) - 0.1 if bar == 2 else 0.0
            if best is None or score > best.score:
                best = _Meter(period, bar, score, float(own.mean()), bar == 2 and third < half)
    if best is not None and best.is_halved and 60 / best.period_s <= _HALVED_BPM:
        return replace(best, period_s=best.period_s / 2, bar=4)
    return best


def _repeats(likeness: Floats) -> tuple[Floats, Floats]:
    """After which times, in seconds, the piece is most like itself, and how much."""
    inner = np.flatnonzero((likeness[1:-1] > likeness[:-2]) & (likeness[1:-1] >= likeness[2:])) + 1
    inner = inner[inner * _HOP_S >= _SHORTEST_BAR_S]
    tops = inner[np.argsort(likeness[inner])[-_REPEATS:]]
    return tops * _HOP_S, np.maximum(likeness[tops], 0)


def _explained(tops: tuple[Floats, Floats], period: float, bar: int) -> float:
    """Which share of what repeats does so after whole bars, or at least after whole beats."""
    lags, weights = tops
    if not weights.sum():
        return 0.0
    beats = lags / period
    whole = np.abs(beats - np.rint(beats)) < np.minimum(0.02 * beats, 0.12) + 0.02
    bars = whole & (np.rint(beats) % bar == 0)
    return float((weights * np.where(bars, 1.0, np.where(whole, 0.6, 0.0))).sum() / weights.sum())


def _periods(broad: Floats) -> Floats:
    """Lengths of a beat, in seconds: at which novelty is like itself, with their parts and multiples."""
    lags = np.arange(60 / 400 / _HOP_S, min(5.2 / _HOP_S, len(broad) - 1), 0.05)
    values = np.sum([_at(broad, lags * times) / times**0.5 for times in (1, 2, 3, 4)], axis=0)
    inner = np.flatnonzero((values[1:-1] > values[:-2]) & (values[1:-1] >= values[2:])) + 1
    tops = inner[np.argsort(values[inner])[-12:]]
    found = {
        round(float(lags[top]) * part * _HOP_S, 4)
        for top in tops
        for part in (1, 1 / 2, 1 / 3, 1 / 4, 2, 2 / 3, 3 / 2)
    }
    return np.array(sorted(s for s in found if _SLOWEST_BPM <= 60 / s <= _FASTEST_BPM))


def _first_downbeat(beats: Floats, bar: int, features: Features, changes: Floats) -> tuple[int, float]:
    """Which of the first beats begins a bar, and how sure that is: by bass, by harmony, by weight."""
    evidence = np.zeros(bar)
    for values, step, share in (
        (features.low, _HOP_S, 1.0),
        (changes, _SLOW_S, 1.5),
        (features.novelty, _HOP_S, 0.5),
    ):
        at = np.rint(beats / step).astype(np.int64)
        near = np.stack([values[np.clip(at + shift, 0, len(values) - 1)] for shift in (-1, 0, 1, 2)]).max(
            axis=0
        )
        spread = float(near.std())
        if spread > 0:
            near = (near - near.mean()) / spread
            evidence += share * np.array([near[place::bar].mean() for place in range(bar)])
    order = np.argsort(evidence)
    margin = float(evidence[order[-1]] - evidence[order[-2]])
    return int(order[-1]), round(min(max(margin / 1.5, 0.0), 1.0), 3)
