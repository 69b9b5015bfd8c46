"""Exact time, and the one rule by which it becomes frames.

A moment is a ``Fraction`` of a second or an integer number of microseconds; it never passes through a
float. Three clocks run here and are never mixed; each has its own type:

- ``MediaTime``: seconds in a media file's own time (its timecode, where it has one);
- ``RecordTime``: seconds on the timeline, 0 at its first frame whatever its start timecode says;
- ``FilmTime``: seconds from the first frame of the film that is sent to the service.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import NewType

from avm_otio.errors import TimeFormatError

MediaTime = NewType("MediaTime", Fraction)
RecordTime = NewType("RecordTime", Fraction)
FilmTime = NewType("FilmTime", Fraction)

MICROSECONDS = 1_000_000
"""Microseconds in a second: the service's own resolution (``HH:MM:SS.ffffff``)."""

_HALF = Fraction(1, 2)
_TIMESTAMP = re.compile(r"(\d{1,9}):([0-5]\d):([0-5]\d)(?:\.(\d+))?", re.ASCII)
_TIMECODE = re.compile(r"(\d{1,2})([:;])(\d{1,2})([:;])(\d{1,2})([:;.,])(\d{1,3})", re.ASCII)

_SNAP = Fraction(6, 1000)
"""How far from a rate a written one may be and still mean it: admits 23.98 and 29.97; 24 and 23.976 are
0.024 apart, so no two rates are confused."""

_HIGHEST_SNAPPED_RATE = 240


def parse_timestamp(text: object) -> int | None:
    """Read the service's ``HH:MM:SS[.f…]``.

    Args:
        text: The text, or ``None``. Hours may pass 23; any number of fractional digits may follow.

    Returns:
        Microseconds, rounded half up from a finer text; ``None`` for ``None``.

    Raises:
        TimeFormatError: It is anything else: negative, minutes past 59, a number, prose.
    """
    if text is None:
        return None
    match = _TIMESTAMP.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        shown = text if not isinstance(text, str) or len(text) < 80 else f"{text[:80]}…"
        raise TimeFormatError(f"{shown!r} is not a time.", "A time is written HH:MM:SS.ffffff.")
    hours, minutes, seconds, fraction = match.groups()
    whole = (int(hours) * 60 + int(minutes)) * 60 + int(seconds)
    micros = int(((fraction or "") + "000000")[:6])
    rounded_up = fraction is not None and fraction[6:7] >= "5"
    return whole * MICROSECONDS + micros + rounded_up


def format_timestamp(time_us: int) -> str:
    """Write microseconds as the service does, ``HH:MM:SS.ffffff``.

    Raises:
        TimeFormatError: The time is negative.
    """
    if time_us < 0:
        raise TimeFormatError(f"A time cannot be negative: {time_us} µs.")
    seconds, micro = divmod(time_us, MICROSECONDS)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}.{micro:06d}"


@lru_cache(maxsize=256)  # asked for every range of a timeline, which knows a handful of rates
def snap_rate(rate: float | int | str | Fraction) -> Fraction:
    """Turn a frame rate as anybody writes it into the exact one.

    23.976, 23.98 and 23.976024627685547 all mean 24000/1001; 29.97 means 30000/1001; 25 means 25. A rate
    that is neither whole nor n·1000/1001 is kept as the nearest small fraction (12.5 is 25/2).

    Raises:
        TimeFormatError: It is not a positive number.
    """
    try:
        exact = Fraction(rate)
    except (ValueError, TypeError, OverflowError, ZeroDivisionError) as error:
        raise TimeFormatError(f"{rate!r} is not a frame rate.", "Write 25, 23.976 or 24000/1001.") from error
    if exact <= 0:
        raise TimeFormatError(f"A frame rate must be above zero, not {rate}.")
    whole = math.floor(exact + _HALF)
    if whole and abs(exact - whole) < _SNAP:
        return Fraction(whole)
    nominal = math.floor(exact * Fraction(1001, 1000) + _HALF)
    ntsc = Fraction(nominal * 1000, 1001)
    if 0 < nominal <= _HIGHEST_SNAPPED_RATE and abs(exact - ntsc) < _SNAP:
        return ntsc
    small = exact.limit_denominator(1001)
    if not small:
        raise TimeFormatError(f"{rate} is too low for a frame rate.", "Write 25, 23.976 or 24000/1001.")
    return small


def nearest_frame(seconds: Fraction, rate: Fraction) -> int:
    """The frame whose start is nearest to a moment; half way goes to the later one.

    This is the only place where a moment becomes a frame.
    """
    # floor(seconds * rate + 1/2), in whole numbers: this runs for every cue of a result.
    twice = 2 * seconds.numerator * rate.numerator
    over = seconds.denominator * rate.denominator
    return (twice + over) // (2 * over)


MICROS_OFF = Fraction(2, 10**6)
"""Seconds by which times that were rounded to microseconds are off, and a little."""


def unrounded(at: RecordTime, rate: Fraction) -> RecordTime:
    """A moment that was a frame's before it was rounded to microseconds, exactly; others as they are."""
    frame = RecordTime(nearest_frame(at, rate) / rate)
    return frame if abs(frame - at) < MICROS_OFF else at


_DAY_S = 24 * 3600


def since_midnight(at: Fraction, rate: Fraction) -> int:
    """The nearest frame or sample to a time of day, counted from midnight; a day later is midnight again.

    Args:
        at: Seconds since midnight of some day.
        rate: Frames or samples a second.
    """
    return nearest_frame(at % _DAY_S, rate) % nearest_frame(Fraction(_DAY_S), rate)


def whole_frames(seconds: Fraction, rate: Fraction) -> int:
    """How many whole frames fit in a length: media that exists is never rounded up."""
    return (seconds.numerator * rate.numerator) // (seconds.denominator * rate.denominator)


def touched_frames(seconds: Fraction, rate: Fraction) -> int:
    """How many frames a length that begins on one reaches into."""
    return -whole_frames(-seconds, rate)


def from_micros(time_us: int) -> Fraction:
    """Microseconds as exact seconds."""
    return Fraction(time_us, MICROSECONDS)


def to_micros(seconds: Fraction) -> int:
    """Exact seconds as microseconds, to the nearest."""
    return nearest_frame(seconds, Fraction(MICROSECONDS))


@dataclass(frozen=True, slots=True)
class FrameSpan:
    """A run of whole frames: ``start`` is the first, ``end`` the first one after it."""

    start: int
    end: int

    @property
    def duration(self) -> int:
        """Its length in frames."""
        return self.end - self.start


def frame_span(start: Fraction, end: Fraction, rate: Fraction, within: FrameSpan) -> FrameSpan:
    """Round a stretch of time to frames.

    Start and end go to their nearest frames; the span is at least one frame long and lies inside ``within``.
    So the start is at most half a frame from its exact time, save in the last half frame of ``within``,
    where the last frame is all there is.

    Args:
        start: Where it begins, in seconds on the clock of ``within``.
        end: Where it ends, on the same clock.
        rate: Frames a second.
        within: The frames that may be used; at least one.
    """
    first = min(max(nearest_frame(start, rate), within.start), within.end - 1)
    last = min(max(nearest_frame(end, rate), first + 1), within.end)
    return FrameSpan(first, last)


def exact_value(value: float) -> Fraction:
    """A count of frames (or samples) that OTIO keeps as a double, without the double's dust."""
    whole = round(value)
    if abs(value - whole) < 1e-6:
        return Fraction(whole)
    return Fraction(value).limit_denominator(10_000_000)


def nominal_rate(rate: Fraction) -> int:
    """The whole number that timecode counts at: 24 for 24000/1001, 30 for 30000/1001."""
    return math.ceil(rate)


def dropped_per_minute(rate: Fraction) -> int:
    """How many frame numbers drop-frame timecode skips each minute but the tenth; 0 where there is no such.

    Source: SMPTE ST 12-1: two numbers a minute at 30000/1001, four at 60000/1001. Whole rates count the same
    way where their timecode is flagged so: phones write 30.00 with drop-frame [file: Final Cut Camera].
    """
    nominal = nominal_rate(rate)
    return 2 * (nominal // 30) if nominal % 30 == 0 and rate.denominator in (1, 1001) else 0


def parse_timecode(text: str, rate: Fraction) -> int:
    """Read ``HH:MM:SS:FF``; a ``;`` (or ``.``, ``,``) before the frames means drop-frame.

    Args:
        text: The timecode.
        rate: Frames a second, exact.

    Returns:
        Frames since 00:00:00:00.

    Raises:
        TimeFormatError: It is no timecode, names a frame that the rate does not have, is drop-frame at a rate
            without drop-frame, or is one of the numbers that drop-frame skips.
    """
    match = _TIMECODE.fullmatch(text.strip())
    if match is None:
        raise TimeFormatError(
            f"{text!r} is not a timecode.", "Write HH:MM:SS:FF, or HH:MM:SS;FF for drop-frame."
        )
    hours, minutes, seconds, frames = (int(match[group]) for group in (1, 3, 5, 7))
    nominal = nominal_rate(rate)
    if minutes > 59 or seconds > 59 or frames >= nominal:
        raise TimeFormatError(
            f"{text!r} does not exist at {format_rate(rate)} fps.", f"Frames run 00–{nominal - 1:02d}."
        )
    count = ((hours * 60 + minutes) * 60 + seconds) * nominal + frames
    if match[6] == ":":
        return count
    drop = dropped_per_minute(rate)
    if drop == 0:
        raise TimeFormatError(
            f"{text!r} is drop-frame, and {format_rate(rate)} fps has no drop-frame.",
            "Write it with a colon.",
        )
    if seconds == 0 and frames < drop and minutes % 10:
        raise TimeFormatError(
            f"{text!r} is one of the numbers that drop-frame skips.", f"The next is frame {drop:02d}."
        )
    total_minutes = hours * 60 + minutes
    return count - drop * (total_minutes - total_minutes // 10)


def format_timecode(frames: int, rate: Fraction, drop_frame: bool = False) -> str:
    """Write frames since 00:00:00:00 as timecode; ``;`` before the frames where it is drop-frame.

    Raises:
        TimeFormatError: The count is negative, or the rate has no drop-frame.
    """
    if frames < 0:
        raise TimeFormatError(f"A timecode cannot be negative: {frames} frames.")
    nominal = nominal_rate(rate)
    if drop_frame:
        drop = dropped_per_minute(rate)
        if drop == 0:
            raise TimeFormatError(f"{format_rate(rate)} fps has no drop-frame.")
        per_minute = nominal * 60 - drop
        per_ten = per_minute * 10 + drop
        tens, rest = divmod(frames, per_ten)
        frames += drop * 9 * tens
        if rest >= drop:
            frames += drop * ((rest - drop) // per_minute)
    seconds, frame = divmod(frames, nominal)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    digits = max(2, len(str(nominal - 1)))
    return f"{hours:02d}:{minute:02d}:{second:02d}{';' if drop_frame else ':'}{frame:0{digits}d}"


def format_rate(rate: Fraction) -> str:
    """A rate as people write it: 25, 23.976, 29.97."""
    return f"{float(rate):.3f}".rstrip("0").rstrip(".")
