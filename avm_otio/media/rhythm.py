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

from avm_otio.media.features import FINE, HOP, SLOW, Features
from avm_otio.media.repetition import agreeing, attacks_of
from avm_otio.mix.heard import Rhythm
from avm_otio.timeline.model import SAMPLE_RATE_HZ

_HOP_S = HOP / SAMPLE_RATE_HZ
_FINE_S = FINE / SAMPLE_RATE_HZ
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

_WINDOW_BEATS = 8
_STEADY_S = 0.006
"""A piece whose beats all lie so near one even grid was made on it."""

_OFF_S = 0.012
"""Further than this a place is off: the ear hears 15 ms."""

_ALIKE, _LEAST_SURE, _CLEAR = 0.4, 0.35, 0.15
"""How like all others what is around a place is where music has bars: of 126 made pieces whose places were
right none was under 0.3 at its median, of 18 without a beat none over 0.12."""

_TIGHT = 100.0
"""How much even beats are worth against strong ones (Ellis, 2007)."""

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
    grid = _followed(pulse, attacks, meter.period_s, begins_s, ends_s)
    if grid is None:
        return None
    beats = _extended(grid, begins_s, ends_s)
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


def _followed(
    pulse: Floats, attacks: Floats, period_s: float, begins_s: float, ends_s: float
) -> tuple[Floats, Floats] | None:
    """Beats by number, and where these lie, in seconds: from the clearest stretch on, both ways."""
    smooth = np.convolve(pulse, np.hanning(7) / np.hanning(7).sum(), "same")
    time = np.arange(len(smooth))
    span = _WINDOW_BEATS * period_s

    def comb(start_s: float, period: float) -> float:
        beats = start_s + period * np.arange(_WINDOW_BEATS)
        return float(np.interp(beats / _HOP_S, time, smooth, left=0, right=0).sum())

    # the clearest window, its phase and its exact period
    best = (0.0, 0.0, period_s)
    starts = np.arange(begins_s, max(ends_s - span, begins_s + 0.01), span / 2)
    phases = np.arange(0, period_s, _HOP_S)
    for start in starts:
        at = (start + phases[:, None] + period_s * np.arange(_WINDOW_BEATS)) / _HOP_S
        sums = np.interp(at.ravel(), time, smooth, left=0, right=0).reshape(at.shape).sum(axis=1)
        top = int(sums.argmax())
        if sums[top] > best[0]:
            best = (float(sums[top]), float(start + phases[top]), period_s)
    if best[0] <= 0:
        return None
    stretch = [(comb(best[1], period_s * s), period_s * s) for s in np.linspace(0.98, 1.02, 41)]
    period = max(stretch)[1]
    found: list[tuple[float, float, float]] = []
    for direction in (1, -1):
        at, number, pace = best[1], 0, period
        while begins_s - period <= at and at <= ends_s + period:
            placed = _placed(attacks, at, pace)
            if placed is not None:
                offset, weight = placed
                if direction == 1 or number:
                    found.append(
                        (
                            number + (_WINDOW_BEATS - 1) / 2,
                            at + offset + pace * (_WINDOW_BEATS - 1) / 2,
                            weight,
                        )
                    )
                at += 0.8 * offset
                pace *= 1 + 0.25 * direction * offset / (_WINDOW_BEATS / 2 * pace)
            at += direction * pace * _WINDOW_BEATS / 2
            number += direction * _WINDOW_BEATS // 2
    even = _settled(np.array(sorted(found))) if len(found) > 1 else None
    return even or _tracked(pulse, attacks, period)


def _placed(attacks: Floats, at: float, pace: float) -> tuple[float, float] | None:
    """How far from where they are thought some beats are, in seconds, and how clear that is."""
    reach = min(0.06, pace / 6)
    beats = at + pace * np.arange(_WINDOW_BEATS)
    offsets = np.arange(-round(reach / _FINE_S), round(reach / _FINE_S) + 1)
    index = np.rint(beats / _FINE_S).astype(np.int64)[:, None] + offsets
    inside = (index >= 0) & (index < len(attacks))
    if inside.all(axis=1).sum() < 3:
        return None
    seen = np.where(inside, attacks[np.clip(index, 0, len(attacks) - 1)], 0)
    profile = np.convolve(seen.mean(axis=0), np.array([0.25, 0.5, 0.25]), "same")
    top = int(profile.argmax())
    if profile[top] < 0.25 or profile[top] < 2 * profile.mean():
        return None
    return float(offsets[top]) * _FINE_S, float(profile[top])


def _settled(places: NDArray[np.float64]) -> tuple[Floats, Floats] | None:
    """An even grid where all lie near one."""
    number, at, weight = places.T
    keep = np.ones(len(number), bool)
    line = np.array([0.0, 0.0])
    for _ in range(4):
        line = np.polyfit(number[keep], at[keep], 1, w=weight[keep]) if keep.sum() > 1 else line
        off = np.abs(at - np.polyval(line, number))
        keep = off <= max(2.5 * float(np.median(off)), 0.002)
    off = np.abs(at - np.polyval(line, number))
    if np.percentile(off, 75) > _STEADY_S:
        return None
    ends = np.array([number[0], number[-1] + 1])
    return ends, np.polyval(line, ends)


def _tracked(pulse: Floats, attacks: Floats, period_s: float) -> tuple[Floats, Floats] | None:
    """Beats that hurry or linger, by number: the best way through all onsets (Ellis, 2007), then to a ms."""
    smooth = np.convolve(pulse, np.hanning(7) / np.hanning(7).sum(), "same")
    onsets = smooth / max(float(smooth.std()), 1e-9)
    lag = period_s / _HOP_S
    back = np.arange(-round(1.15 * lag), -round(0.87 * lag) + 1)
    cost = -_TIGHT * np.log(-back / lag) ** 2
    total, came = onsets.copy(), np.full(len(onsets), -1)
    for now in range(-int(back[0]), len(onsets)):
        ways = total[now + back] + cost
        best = int(ways.argmax())
        total[now] += ways[best]
        came[now] = now + back[best]
    first = max(0, len(total) - round(lag))
    way = [first + int(total[first:].argmax())]
    while came[way[-1]] >= 0:
        way.append(int(came[way[-1]]))
    beats = np.array(way[::-1]) * _HOP_S
    if len(beats) < 2 * _WINDOW_BEATS:
        return None
    numbers = np.arange(len(beats))
    reach = _WINDOW_BEATS // 2
    found = []
    for centre in range(reach, len(beats) - reach):
        near = slice(centre - reach, centre + reach + 1)
        line = np.polyfit(numbers[near] - centre, beats[near], 1)
        placed = _placed(attacks, float(np.polyval(line, -reach)), float(line[0]))
        if placed is not None:
            found.append((centre - 0.5, float(np.polyval(line, -0.5)) + placed[0], placed[1]))
    if len(found) < _WINDOW_BEATS:
        return None
    number, at, weight = np.array(found).T
    smoothed = [
        np.polyval(np.polyfit(number[near] - n, at[near], 2, w=weight[near]), 0)
        for n in number
        if (near := np.abs(number - n) <= _WINDOW_BEATS).sum() > 3
    ]
    return (number, np.array(smoothed)) if len(smoothed) == len(number) else None


def _extended(grid: tuple[Floats, Floats], begins_s: float, ends_s: float) -> Floats:
    """Every beat from where the piece begins to where it ends."""
    number, at = grid
    first_pace = (at[1] - at[0]) / (number[1] - number[0])
    last_pace = (at[-1] - at[-2]) / (number[-1] - number[-2])
    first = math.ceil(number[0] - (at[0] - begins_s + 0.03) / first_pace)
    last = math.floor(number[-1] + (ends_s - at[-1]) / last_pace)
    beats = np.arange(first, last + 1)
    inside = np.interp(beats, number, at)
    early, late = at[0] + (beats - number[0]) * first_pace, at[-1] + (beats - number[-1]) * last_pace
    placed: Floats = np.where(beats < number[0], early, np.where(beats > number[-1], late, inside))
    return placed[placed >= 0]


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
