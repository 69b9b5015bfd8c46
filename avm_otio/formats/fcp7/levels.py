"""A clip's gain, fades and gain key frames ↔ the key frames of ``audiolevels``.

The format has no fades: a fade is two key frames, silence and the full level, between which the editor runs
straight in linear gain. The level that the two meet is the clip's gain there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from avm_otio.formats.fcp7.common import LEVEL_MAX, LEVEL_MAX_DB, SILENCE_DB
from avm_otio.timeline.features import Feature
from avm_otio.timeline.gain import on_frames
from avm_otio.timeline.model import CUT_FADE_US, SAMPLE_RATE_HZ, GainKey, Mix
from avm_otio.timeline.time import from_micros, nearest_frame, to_micros

_SAMPLE = Fraction(1, SAMPLE_RATE_HZ)
_SAME = 1e-5
"""Levels whose ratio is this near to 1 are one: six digits are written."""


@dataclass(frozen=True, slots=True)
class Levels:
    """What ``audiolevels`` says.

    Attributes:
        value: The linear gain; with key frames, that of the first.
        keys: Frame from the clip's head → linear gain.
        losses: What it does not say as the mix does.
    """

    value: float
    keys: tuple[tuple[int, float], ...] = ()
    losses: tuple[tuple[Feature, str], ...] = ()


@lru_cache(maxsize=4096)  # the clips of a track mostly share a few mixes
def levels_of(mix: Mix, frames: int, rate: Fraction) -> Levels:
    """A mix as levels.

    Args:
        mix: The mix.
        frames: How long the clip is, in frames.
        rate: Frames a second.
    """
    losses: list[tuple[Feature, str]] = []
    fade_in = min(_fade(mix.fade_in_us, rate), frames)
    fade_out = min(_fade(mix.fade_out_us, rate), frames - fade_in)
    for word, us, length in (("in", mix.fade_in_us, fade_in), ("out", mix.fade_out_us, fade_out)):
        is_guard = us <= CUT_FADE_US and length == 1  # against a click: a frame does that, too
        if abs(length / rate - from_micros(us)) >= _SAMPLE and not is_guard:
            written = f"written as {length} frame{'s' * (length != 1)}" if length else "not written"
            losses.append((Feature.FADE, f"fade {word} of {us / 1e6:g} s {written}"))
    snapped = on_frames(sorted(mix.keys, key=lambda key: key.at), rate, jumps=True)
    line = snapped.points
    loudest = max((key.gain_db for key in mix.keys), default=mix.gain_db)
    if loudest > LEVEL_MAX_DB:
        losses.append((Feature.GAIN, f"gain of {loudest:g} dB written as {LEVEL_MAX_DB:g} dB"))
    if any(abs(k.at * rate % 1) for k in mix.keys):
        losses.append((Feature.GAIN, "gain key frames moved to whole frames"))
    lowest = fade_in if fade_in else line[0][0] if line else 0
    highest = frames - fade_out if fade_out else line[-1][0] if line else frames
    points = [point for point in line if lowest <= point[0] <= highest]
    if len(points) < len(line):
        losses.append((Feature.GAIN, f"{len(line) - len(points)} gain key frames under a fade not written"))
    if fade_in and (not points or points[0][0] > lowest):
        points.insert(0, (lowest, _gain_at(lowest, line, mix.gain_db)))
    if fade_out and (not points or points[-1][0] < highest):
        points.append((highest, _gain_at(highest, line, mix.gain_db)))
    keys = [(at, _linear(gain_db)) for at, gain_db in points]
    if fade_in:
        keys.insert(0, (0, 0.0))
    if fade_out:
        keys.append((frames, 0.0))
    return Levels(keys[0][1] if keys else _linear(mix.gain_db), tuple(keys), tuple(losses))


def mix_of(value: float, keys: Sequence[tuple[int, float]], frames: int, rate: Fraction) -> Mix:
    """What a clip's levels say: silence at its very head or tail is a fade.

    Args:
        value: The linear gain where there are no key frames.
        keys: Frame from the clip's head → linear gain, in order.
        frames: How long the clip is, in frames.
        rate: Frames a second.
    """
    rest = list(keys)
    fade_in = fade_out = 0
    if len(rest) > 1 and rest[0] == (0, 0.0) and rest[1][1] and rest[1][0] <= frames:
        fade_in = rest.pop(0)[0] or rest[0][0]
    if len(rest) > 1 and rest[-1] == (frames, 0.0) and rest[-2][1] and rest[-2][0] >= fade_in:
        rest.pop()
        fade_out = frames - rest[-1][0]
    # What only holds the level from a fade to the next key frame says nothing.
    while fade_in and len(rest) > 1 and rest[0][0] == fade_in and _alike(rest[0][1], rest[1][1]):
        rest.pop(0)
    while (
        fade_out and len(rest) > 1 and rest[-1][0] == frames - fade_out and _alike(rest[-2][1], rest[-1][1])
    ):
        rest.pop()
    fades = to_micros(fade_in / rate), to_micros(fade_out / rate)
    if len(rest) > 1:
        return Mix(0.0, *fades, tuple(GainKey(at / rate, _decibels(level)) for at, level in rest))
    return Mix(_decibels(rest[0][1] if rest else value), *fades)


def _fade(us: int, rate: Fraction) -> int:
    """A fade in frames: one at least, for a cut without any is heard."""
    return max(1, nearest_frame(from_micros(us), rate)) if us else 0


def _gain_at(at: int, line: Sequence[tuple[int, float]], otherwise: float) -> float:
    """The gain at a frame without a key frame: straight in decibels between two, held before and after."""
    if not line:
        return otherwise
    before = next((point for point in reversed(line) if point[0] < at), line[0])
    after = next((point for point in line if point[0] > at), line[-1])
    if after[0] <= before[0]:
        return before[1]
    return before[1] + (after[1] - before[1]) * (at - before[0]) / (after[0] - before[0])


def _linear(gain_db: float) -> float:
    return 0.0 if gain_db <= SILENCE_DB else min(LEVEL_MAX, 10.0 ** (gain_db / 20.0))


def _decibels(level: float) -> float:
    # Six digits are written, which is 0.00001 dB.
    return max(SILENCE_DB, round(20.0 * math.log10(level), 4) + 0.0) if level > 0 else SILENCE_DB


def _alike(first: float, second: float) -> bool:
    return abs(first - second) <= _SAME * max(first, second)
