"""Timecode of an AAF as this program counts it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from avm_otio.formats.aaf.elements import Notes, value_of
from avm_otio.timeline.time import dropped_per_minute, nominal_rate, snap_rate


def counted_frames(timecode: Any, rate: Fraction, notes: Notes) -> tuple[int, bool]:
    """A timecode's first frame, since 00:00:00:00 at a rate, and whether it drops frame numbers.

    Before midnight it is negative: Media Composer notes so where a file begins in its tape [file].

    Media Composer has drop-frame projects of 30, 60 and 120 fps, and cameras write such files [file]. At
    these rates nothing else can say it: what people read there is kept, and counted on without drops.

    Args:
        timecode: The timecode.
        rate: Frames a second.
        notes: What could not be read.
    """
    start, fps = int(value_of(timecode, "Start") or 0), int(value_of(timecode, "FPS") or 0)
    nominal = nominal_rate(rate)
    drops = bool(value_of(timecode, "Drop"))
    dropped = _dropped_per_minute(fps or nominal) if drops else 0
    if drops and not dropped:
        notes.add(f"timecode of {fps or nominal} fps that says it drops frames: there is no such")
    if dropped and not (fps in (0, nominal) and dropped_per_minute(snap_rate(rate))):
        notes.add(f"drop-frame timecode at {fps or nominal} fps is counted on from its start without drops")
        start, dropped = labelled(start, fps or nominal, dropped), 0
    if fps not in (0, nominal):
        # A timecode of another rate: the same time of day.
        start = int(Fraction(start, fps) * nominal + Fraction(1, 2))
    return start, dropped > 0


def counted_start(timecode: Any, rate: Fraction, notes: Notes) -> tuple[Fraction, bool]:
    """A timecode's start in seconds, and whether it drops frame numbers."""
    frames, drops = counted_frames(timecode, rate, notes)
    return Fraction(frames) / rate, drops


def labelled(frames: int, fps: int, dropped: int) -> int:
    """A count of frames without drops that reads as a count with drops does.

    Args:
        frames: Since 00:00:00;00.
        fps: Frames a second, as timecode counts them.
        dropped: Numbers that are skipped each minute but the tenth.
    """
    tens, rest = divmod(frames, 600 * fps - 9 * dropped)
    minutes = (rest - dropped) // (60 * fps - dropped) if rest >= dropped else 0
    return frames + dropped * (9 * tens + minutes)


def _dropped_per_minute(fps: int) -> int:
    """How many numbers drop-frame timecode skips each minute but the tenth (SMPTE ST 12-1)."""
    return 0 if fps % 30 else 2 * (fps // 30)
