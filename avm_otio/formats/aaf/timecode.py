"""Timecode of an AAF as this program counts it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from avm_otio.formats.aaf.elements import Notes, value_of
from avm_otio.timeline.time import dropped_per_minute, nearest_frame, nominal_rate, snap_rate


def counted_frames(timecode: Any, rate: Fraction, notes: Notes) -> tuple[int, bool]:
    """A timecode's first frame, since 00:00:00:00 at a rate, and whether it drops frame numbers.

    Before midnight it is negative: Media Composer notes so where a file begins in its tape [file].

    Args:
        timecode: The timecode.
        rate: Frames a second.
        notes: What could not be read.
    """
    start, fps = int(value_of(timecode, "Start") or 0), int(value_of(timecode, "FPS") or 0)
    nominal = nominal_rate(rate)
    drops = bool(value_of(timecode, "Drop"))
    if fps in (0, nominal):
        if drops and not dropped_per_minute(snap_rate(rate)):
            notes.add(f"timecode of {nominal} fps that says it drops frames: there is no such")
            drops = False
        return start, drops
    # A timecode of another rate: the same time of day.
    if drops:
        notes.add(f"drop-frame timecode of {fps} fps at another rate is counted on without drops")
        start = _labelled(start, fps)
    return nearest_frame(Fraction(start, fps), Fraction(nominal)), False


def counted_start(timecode: Any, rate: Fraction, notes: Notes) -> tuple[Fraction, bool]:
    """A timecode's start in seconds, and whether it drops frame numbers."""
    frames, drops = counted_frames(timecode, rate, notes)
    return Fraction(frames) / rate, drops


def _labelled(frames: int, fps: int) -> int:
    """A count of frames without drops that reads as a count with drops does."""
    dropped = dropped_per_minute(Fraction(fps))
    tens, rest = divmod(frames, 600 * fps - 9 * dropped)
    minutes = (rest - dropped) // (60 * fps - dropped) if rest >= dropped else 0
    return frames + dropped * (9 * tens + minutes)
