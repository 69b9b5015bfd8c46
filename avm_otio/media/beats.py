"""Where each beat of a piece lies, to a millisecond: evenly, or hurrying and lingering."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avm_otio.media.features import FINE, HOP
from avm_otio.timeline.model import SAMPLE_RATE_HZ

_HOP_S = HOP / SAMPLE_RATE_HZ
_FINE_S = FINE / SAMPLE_RATE_HZ

_WINDOW_BEATS = 8
_STEADY_S = 0.006
"""A piece whose beats all lie so near one even grid was made on it."""

_TIGHT = 100.0
"""How much even beats are worth against strong ones (Ellis, 2007)."""


Floats = NDArray[np.floating[Any]]


def followed(
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


def extended(grid: tuple[Floats, Floats], begins_s: float, ends_s: float) -> Floats:
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
