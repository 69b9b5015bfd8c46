"""Room tone that is shorter than its scene, repeated through it: parts on one track with crossfades."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from statistics import median

from avm_otio.mix.heard import STEP_US, Heard
from avm_otio.timeline.time import RecordTime, from_micros, nearest_frame

FADE_IN_US, FADE_OUT_US = 300_000, 500_000
"""Room tone comes and goes: its beginning and its end are not what is meant of it."""

_HALF_S = Fraction(1, 4)
"""Of a crossfade, before the cut and after it: shorter is heard as a bump, longer wastes the file."""

_LEAST_HALVES = 10
"""A file whose steady part has no more of these is too short to be a bed."""

_STEADY = 0.5
"""Where it is as loud as half the power of its median, a sound is past its own fades."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a loop.

    Attributes:
        start: Record time of its head, on a whole frame.
        end: Record time of its tail.
        media_in: Seconds of the file at its head.
        crossfade: Seconds over which it comes in from the part before it, half of them before its head.
    """

    start: RecordTime
    end: RecordTime
    media_in: Fraction
    crossfade: Fraction


def looped(start: RecordTime, end: RecordTime, heard: Heard, rate: Fraction) -> tuple[Part, ...]:
    """A sound repeated from one record time to another.

    Its first part begins where the file does, every other one past its own fade in; all are left before its
    fade out.

    Args:
        start: Record time of its beginning.
        end: Record time of its end.
        heard: What was heard in the file.
        rate: Frames a second of the record.

    Returns:
        The parts in order, abutting; none where the sound is long enough, or too short to be repeated.
    """
    begins, ends = from_micros(heard.begins_us), from_micros(heard.ends_us)
    steady = _steady(heard)
    half = max(Fraction(round(_HALF_S * rate)), Fraction(1)) / rate
    if ends - begins >= end - start or steady is None or steady[1] - steady[0] <= _LEAST_HALVES * half:
        return ()
    low, high = steady
    first = Fraction(nearest_frame(start, rate)) / rate
    lengths = list(_lengths(high - half - begins, high - low - 2 * half, end - first, 4 * half, rate))
    parts, at = [], first
    for number, length in enumerate(lengths):
        media_in = low + half if number else begins
        crossfade = 2 * half if number else Fraction(0)
        parts.append(Part(RecordTime(at), RecordTime(at + length), media_in, crossfade))
        at += length
    return tuple(parts) if len(parts) > 1 else ()


def _lengths(
    most_first: Fraction, most: Fraction, whole: Fraction, least: Fraction, rate: Fraction
) -> Iterator[Fraction]:
    """Lengths, whole frames but the last, that come to the whole; the last is no less than ``least``."""
    left, longest = whole, most_first
    while left > longest:
        length = min(longest, max(left - least, least))
        length = Fraction(length * rate // 1) / rate
        yield length
        left, longest = left - length, most
    yield left


def _steady(heard: Heard) -> tuple[Fraction, Fraction] | None:
    """From and to where it is past its own fades, seconds of the file."""
    power = heard.curve.power
    loud = [each for each in power if each > 0]
    if not loud:
        return None
    usual = median(loud)
    steps = [number for number, each in enumerate(power) if each >= _STEADY * usual]
    low, high = from_micros(steps[0] * STEP_US), from_micros((steps[-1] + 1) * STEP_US)
    return max(low, from_micros(heard.begins_us)), min(high, from_micros(heard.ends_us))
