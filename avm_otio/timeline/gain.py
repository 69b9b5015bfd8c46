"""Gain key frames: what they say at a moment, and several of them as one; and what pans come to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from avm_otio.timeline.model import GainKey, Mix
from avm_otio.timeline.time import nearest_frame

SILENCE_DB = -144.0
"""A gain of this or less is silence: it leaves nothing of 24 bit."""

Sides = tuple[float, float]
"""Amplitude of the left and of the right side, 1 unchanged."""

BOTH_SIDES: Sides = (1.0, 1.0)
"""What is not panned."""


def sides_of(pan: float) -> Sides:
    """What a pan from -1 to 1 leaves of each side."""
    return min(1.0, 1.0 - pan), min(1.0, 1.0 + pan)


def through(sides: Sides, others: Sides) -> Sides:
    """What is left of each side after two pans."""
    return sides[0] * others[0], sides[1] * others[1]


def pan_of(sides: Sides) -> tuple[float, float]:
    """The gain in decibels and the pan that leave so much of each side."""
    loudest = max(sides)
    if loudest <= 0:
        return SILENCE_DB, 0.0
    return 20 * math.log10(loudest), (sides[1] - sides[0]) / loudest


def louder(mix: Mix, change_db: float) -> Mix:
    """A mix that is louder, or softer, throughout."""
    if mix.keys:
        keys = (replace(key, gain_db=round(key.gain_db + change_db, 3)) for key in mix.keys)
        return replace(mix, keys=tuple(keys))
    return replace(mix, gain_db=round(mix.gain_db + change_db, 3))


_STEPS = 16
"""Key frames of a fade that is written as such: straight in decibels between two, it is within 0.1 dB of a
line for its upper three quarters."""


def rising_keys(
    start: Fraction, end: Fraction, first: Fraction | None = None, last: Fraction | None = None
) -> tuple[GainKey, ...]:
    """A linear fade from silence as key frames.

    Args:
        start: Where it is silent.
        end: Where it is full.
        first: From where it is wanted; from ``start`` where that is later or nothing is said.
        last: Up to where it is wanted; to ``end`` where that is earlier or nothing is said.
    """
    length = end - start
    first, last = max(start, start if first is None else first), min(end, end if last is None else last)
    steps = (start + length * Fraction(step, _STEPS) ** 2 for step in range(_STEPS + 1))
    shares = [(at, (at - start) / length) for at in sorted({first, last, *steps}) if first <= at <= last]
    return tuple(GainKey(at, 20 * math.log10(share) if share > 0 else SILENCE_DB) for at, share in shares)


def falling_keys(
    start: Fraction, end: Fraction, first: Fraction | None = None, last: Fraction | None = None
) -> tuple[GainKey, ...]:
    """A linear fade to silence as key frames, full at ``start``: see ``rising_keys``."""
    first, last = start if first is None else first, end if last is None else last
    rising = rising_keys(start, end, start + end - last, start + end - first)
    return tuple(replace(key, at=start + end - key.at) for key in reversed(rising))


def added(curves: Sequence[Sequence[GainKey]]) -> tuple[GainKey, ...]:
    """Several gains over time as one: key frames wherever any has one, and two where any jumps.

    Args:
        curves: Key frames in order, their times in one frame; each at least one.
    """
    if len(curves) <= 1:
        return tuple(curves[0]) if curves else ()
    keys: list[GainKey] = []
    for at in sorted({key.at for curve in curves for key in curve}):
        before, after = (sum(_gain_at(curve, at, late) for curve in curves) for late in (False, True))
        keys += [GainKey(at, before)] if before == after else [GainKey(at, before), GainKey(at, after)]
    return tuple(keys)


@dataclass(frozen=True, slots=True)
class OnFrames:
    """Gain key frames on whole frames.

    Attributes:
        points: Frame from the clip's head and decibels, in order.
        is_moved: Whether any lay between two frames, by a sample or more of sound at 48 kHz.
        ramps: How many jumps are ramps of one frame.
    """

    points: tuple[tuple[int, float], ...]
    is_moved: bool
    ramps: int = 0


def on_frames(keys: Sequence[GainKey], rate: Fraction, *, jumps: bool = False) -> OnFrames:
    """Gain key frames for a format that counts them in frames.

    Of those that come to lie on one frame the first says where the gain arrives and the last where it goes on
    from: a jump. Where a format cannot say one, the gain arrives a frame early and runs from there.

    Args:
        keys: In order.
        rate: Frames a second.
        jumps: Whether the format can say two key frames on one frame.
    """
    lying: dict[int, list[float]] = {}
    is_moved = False
    for key in keys:
        frame = nearest_frame(key.at, rate)
        is_moved = is_moved or abs(frame / rate - key.at) * 48_000 >= 1
        lying.setdefault(frame, []).append(key.gain_db)
    points: list[tuple[int, float]] = []
    ramps = 0
    for frame in sorted(lying):
        arrives, goes_on = lying[frame][0], lying[frame][-1]
        if arrives != goes_on and jumps:
            points.append((frame, arrives))
        elif arrives != goes_on:
            ramps += 1
            if not points or points[-1][0] < frame - 1:
                points.append((frame - 1, arrives))
        points.append((frame, goes_on))
    return OnFrames(tuple(points), is_moved, ramps)


def words_of_ramps(ramps: int) -> str:
    """The loss that a writer reports for jumps that it wrote as ramps of one frame."""
    return (
        f"{ramps} jumps of its gain written as ramps of one frame"
        if ramps > 1
        else ("a jump of its gain written as a ramp of one frame")
    )


def _gain_at(keys: Sequence[GainKey], at: Fraction, late: bool) -> float:
    """The gain at a moment; where two key frames lie at it, the first or the last of them.

    Args:
        keys: In order, at least one.
        at: The moment.
        late: Whether what follows the moment is asked for.
    """
    here = [key.gain_db for key in keys if key.at == at]
    if here:
        return here[-1 if late else 0]
    before = [key for key in keys if key.at < at]
    after = [key for key in keys if key.at > at]
    if not before or not after:
        return (before or after)[-1 if before else 0].gain_db
    left, right = before[-1], after[0]
    return left.gain_db + float((at - left.at) / (right.at - left.at)) * (right.gain_db - left.gain_db)
