"""The gain of a clip over its length, as it is drawn: as a line, and in how tall its waveform is."""

from __future__ import annotations

import math
from bisect import bisect_right
from fractions import Fraction

from avm_otio.timeline.model import GainKey, Mix
from avm_otio.timeline.time import from_micros

LOUDEST_DB, SOFTEST_DB = 12, -48
"""From the top to the foot of a clip, where its gain is drawn as a line."""

_BEND = 0.5
"""Power of an amplitude as height: drawn as it is speech would lie flat, in decibels noise stand tall."""


class Levels:
    """How loud a clip is over its length, in seconds from its head.

    Args:
        mix: Its gain, key frames and fades.
        length: Its length, seconds.
    """

    def __init__(self, mix: Mix, length: Fraction) -> None:
        self._keys, self._gain_db, self._length = mix.keys, mix.gain_db, max(float(length), 1e-9)
        self._times = [float(key.at) for key in mix.keys]
        self._rise, self._fall = (
            min(float(from_micros(fade_us)), self._length) for fade_us in (mix.fade_in_us, mix.fade_out_us)
        )

    @property
    def is_flat(self) -> bool:
        """Whether nothing of it changes anything."""
        return not (self._keys or self._gain_db or self._rise or self._fall)

    def is_seen(self, least: float) -> bool:
        """Whether there is a gain, or a fade as long as ``least`` seconds."""
        return bool(self._keys or self._gain_db) or max(self._rise, self._fall) >= least

    def factor(self, at: float) -> float:
        """Amplitude that is left of full scale at a moment."""
        fade = 1.0
        if self._rise:
            fade = min(fade, max(at, 0.0) / self._rise)
        if self._fall:
            fade = min(fade, max(self._length - at, 0.0) / self._fall)
        return max(fade, 0.0) * _amplitude(self._gain(at))

    def line(self, first: float, last: float) -> list[tuple[float, float]]:
        """The gain from one moment to another: moments and decibels, through every key frame between.

        Of two key frames at one moment both are passed, in order. Fades run straight to the foot.
        """
        edges = {first, last, self._rise or first, self._length - self._fall if self._fall else last}
        inside = [time for time in edges if first <= time <= last]
        points = [(time, self._gain(time)) for time in inside if time not in self._times]
        points += [
            (time, key.gain_db)
            for time, key in zip(self._times, self._keys, strict=True)
            if first <= time <= last
        ]
        return [(time, self._faded(time, gain)) for time, gain in sorted(points, key=lambda one: one[0])]

    def keys(self, first: float, last: float) -> list[tuple[float, float]]:
        """The key frames between two moments: moments and decibels."""
        return [
            (time, self._faded(time, key.gain_db))
            for time, key in zip(self._times, self._keys, strict=True)
            if first <= time <= last
        ]

    def _faded(self, at: float, gain_db: float) -> float:
        """A gain within a fade: on the straight line from the foot to it."""
        part = 1.0
        if self._rise:
            part = min(part, at / self._rise)
        if self._fall:
            part = min(part, (self._length - at) / self._fall)
        gain_db = min(max(gain_db, SOFTEST_DB), LOUDEST_DB)
        return SOFTEST_DB + (gain_db - SOFTEST_DB) * max(part, 0.0)

    def _gain(self, at: float) -> float:
        if not self._keys:
            return self._gain_db
        after = bisect_right(self._times, at)
        if after == 0 or after == len(self._keys):
            return self._keys[max(0, after - 1)].gain_db
        left, right = self._keys[after - 1], self._keys[after]
        return _between(left, right, at)


def height_of(amplitude: float) -> float:
    """How tall an amplitude is drawn, 1 being full scale and all there is room for."""
    return float(min(amplitude, 1.0) ** _BEND) if amplitude > 0 else 0.0


def depth_of(gain_db: float) -> float:
    """How far below the top a gain is drawn, 1 being the foot."""
    return min(max((LOUDEST_DB - gain_db) / (LOUDEST_DB - SOFTEST_DB), 0.0), 1.0)


def _between(left: GainKey, right: GainKey, at: float) -> float:
    length = float(right.at - left.at)
    return left.gain_db + (at - float(left.at)) / length * (right.gain_db - left.gain_db) if length else 0.0


def _amplitude(gain_db: float) -> float:
    return math.pow(10, min(gain_db, 60.0) / 20)
