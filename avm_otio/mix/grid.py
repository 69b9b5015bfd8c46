"""Sounds on one grid of time: what each brings to a mix, before its gain.

A grid counts steps of 10 ms from the start of the film on the record. Sounds of different sources are not
alike, so their powers add up; their peaks add up at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avm_otio.mix.heard import GRAIN_US, STEP_US, Curve, Heard
from avm_otio.timeline.gain import SILENCE_DB
from avm_otio.timeline.model import Clip, Mix

Floats = NDArray[np.floating[Any]]

FINE_S = 0.01
"""A step of the grid: ramps of gain are a few of them, a step of a loudness curve ten."""

COARSE = STEP_US // 10_000
"""Steps of the grid in one of a loudness curve."""


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """One sound on the grid.

    Attributes:
        first: Its first step.
        power: K-weighted mean square of each step; where the sound fills a part of it, of the whole step.
        peak: True peak of each step, at most.
    """

    first: int
    power: Floats
    peak: Floats

    @property
    def end(self) -> int:
        """The first step after it."""
        return self.first + len(self.power)

    @property
    def edges_s(self) -> Floats:
        """Where its steps begin and the last one ends, seconds of the grid."""
        return (self.first + np.arange(len(self.power) + 1)) * FINE_S

    def between(self, start_s: float, end_s: float) -> list[float]:
        """The power of each step of 100 ms from one moment to another, the last of them if half of it is in.

        Less than 100 ms are one step.
        """
        first = max(0, round(start_s / FINE_S) - self.first)
        last = min(len(self.power), round(end_s / FINE_S) - self.first)
        if last - first < COARSE:
            return [float(self.power[first:last].mean())] if last > first else []
        count = (last - first + COARSE // 2) // COARSE
        used = self.power[first : first + count * COARSE]
        whole = len(used) // COARSE
        found: list[float] = used[: whole * COARSE].reshape(whole, COARSE).mean(axis=1).tolist()
        return found if whole == count else [*found, float(used[whole * COARSE :].mean())]

    def louder(self, at_s: Floats, gains_db: Floats, start_s: float, end_s: float) -> Strip:
        """The part of it between two moments with a gain that runs straight in decibels.

        Args:
            at_s: Corners of the gain, seconds of the grid.
            gains_db: The gain there.
            start_s: Where the part begins.
            end_s: Where it ends.
        """
        first = max(self.first, int(start_s / FINE_S) - 1)
        last = max(first, min(self.end, int(end_s / FINE_S) + 2 + COARSE))
        here = slice(first - self.first, last - self.first)
        moments = (np.arange(first, last) + 0.5) * FINE_S
        power = self.power[here] * 10 ** (np.interp(moments, at_s, gains_db) / 10)
        return Strip(first, power, self.peak[here])


def strip(
    curve: Curve,
    start_s: float,
    end_s: float,
    media_s: float = 0.0,
    speed: float = 1.0,
    grains: Sequence[float] = (),
) -> Strip:
    """A sound on the grid.

    Args:
        curve: What was heard of it.
        start_s: Where it begins, seconds of the grid.
        end_s: Where it ends.
        media_s: Seconds of the file at its beginning.
        speed: Seconds of the file a second.
        grains: The same power in steps of 10 ms, where that is known.
    """
    step_s = STEP_US / 1e6
    first, last = int(np.floor(start_s / FINE_S + 1e-6)), int(np.ceil(end_s / FINE_S - 1e-6))
    count = max(0, last - first)
    if not count or not curve.power:
        return Strip(first, np.zeros(count), np.zeros(count))
    edges = np.clip((first + np.arange(count + 1)) * FINE_S, start_s, end_s)
    media = media_s + (edges - start_s) * speed
    within = _gathered(grains, GRAIN_US / 1e6, media) if grains else _gathered(curve.power, step_s, media)
    power = np.maximum(np.diff(within), 0) / (FINE_S * speed)
    peaks = np.append(np.asarray(curve.peak, dtype=np.float64), 0.0)
    lying = np.clip((media / step_s + 1e-6).astype(np.int64), 0, len(peaks) - 1)
    peak = np.maximum(peaks[lying[:-1]], peaks[np.minimum(lying[1:], len(peaks) - 1)])
    return Strip(first, power, peak)


def _gathered(power: Sequence[float], step_s: float, at_s: Floats) -> Floats:
    """What a sound's power comes to up to some moments, from the first of them on."""
    first = min(max(0, int(at_s.min() / step_s)), len(power))
    used = np.asarray(power[first : max(first, int(at_s.max() / step_s) + 2)], dtype=np.float64)
    gathered = np.concatenate(([0.0], np.cumsum(used))) * step_s
    found: Floats = np.interp(at_s, (first + np.arange(len(gathered))) * step_s, gathered)
    return found


def strip_of(clip: Clip, heard: Heard, origin: Fraction) -> Strip:
    """A clip of ours on the grid, without its gain and fades.

    Args:
        clip: It.
        heard: What was heard in its file.
        origin: Record time of the grid's beginning.
    """
    media_start = clip.media.start if clip.media else Fraction(0)
    return strip(
        heard.curve,
        float(clip.start - origin),
        float(clip.end - origin),
        float(clip.media_in - media_start),
        float(clip.speed) if clip.speed > 0 else 1.0,
        heard.grains,
    )


def amplitudes(mix: Mix, edges_s: Floats, start_s: float, end_s: float) -> Floats:
    """What the gain and the fades of a clip leave of its amplitude, at some moments.

    Args:
        mix: Its gain.
        edges_s: The moments, seconds of the grid.
        start_s: Where the clip begins.
        end_s: Where it ends.
    """
    local = edges_s - start_s
    if mix.keys:
        times = [float(key.at) for key in mix.keys]
        gains = np.interp(local, times, [key.gain_db for key in mix.keys])
    else:
        gains = np.full(len(local), mix.gain_db)
    found: Floats = np.where(gains > SILENCE_DB, 10 ** (gains / 20), 0.0)
    return found * fades(mix, local, end_s - start_s)


def fades(mix: Mix, local_s: Floats, length_s: float) -> Floats:
    """What the fades of a clip leave of its amplitude, at some moments from its head."""
    found = np.ones(len(local_s))
    if mix.fade_in_us:
        found *= np.clip(local_s / (mix.fade_in_us / 1e6), 0, 1)
    if mix.fade_out_us:
        found *= np.clip((length_s - local_s) / (mix.fade_out_us / 1e6), 0, 1)
    return found


@dataclass(slots=True, eq=False)
class Sum:
    """A mix on the grid.

    Attributes:
        power: K-weighted mean square of each step.
        peak: True peak of each step, at most.
    """

    power: Floats
    peak: Floats

    @classmethod
    def silent(cls, steps: int) -> Sum:
        """Nothing yet."""
        return cls(np.zeros(steps), np.zeros(steps))

    def add(self, sound: Strip, amplitude: Floats) -> None:
        """Add a sound.

        Args:
            sound: It.
            amplitude: Its gain at each edge of its steps.
        """
        first, last = max(0, sound.first), min(len(self.power), sound.end)
        if first >= last:
            return
        here = slice(first - sound.first, last - sound.first)
        before, after = amplitude[:-1][here], amplitude[1:][here]
        self.power[first:last] += sound.power[here] * (before**2 + before * after + after**2) / 3
        self.peak[first:last] += sound.peak[here] * np.maximum(before, after)

    def coarse(self) -> list[float]:
        """The power of each step of 100 ms."""
        whole = -(-len(self.power) // COARSE)
        padded = np.zeros(whole * COARSE)
        padded[: len(self.power)] = self.power
        found: list[float] = padded.reshape(whole, COARSE).mean(axis=1).tolist()
        return found
