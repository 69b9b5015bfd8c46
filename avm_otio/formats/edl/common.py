"""What the reader and the writer of CMX3600 lists both go by."""

from __future__ import annotations

import math
from fractions import Fraction

from avm_otio.timeline.time import dropped_per_minute, nominal_rate

FILE_REEL = "AX"
"""Reel of what never was on a tape: Premiere and Final Cut Pro 7 write it for files [file], and OpenShot
takes no other [its importer's source]."""

BLACK_REELS = ("BL", "BLACK")
"""Reel of black, and of silence [file: ``finalcut7/trailer.edl``]."""

BARS_REEL = "BARS"

COLORS = ("PINK", "RED", "ORANGE", "YELLOW", "GREEN", "CYAN", "BLUE", "PURPLE", "MAGENTA", "BLACK", "WHITE")
"""OTIO's colours of markers; Avid's locators name eight of them [file]."""

DEFAULT_COLOR = "RED"
"""Of a marker without a colour: a locator must name one, or the first word of its text is taken for it."""

MOST_TRANSITION_FRAMES = 999
"""What three digits hold. CMX kept the length in a byte, and editors of its time end at 255 [off: Videonics'
manual]; Avid calls 380 past the format's limits and writes it all the same [file:
``avid/DC7_R1_v8.2-audio.edl``]."""

_STEP = Fraction(1, 20)
"""Half of what ``M2`` resolves, a tenth of a frame a second."""


def day_frames(rate: Fraction, drop_frame: bool) -> int:
    """Frames in the 24 hours after which timecode begins again."""
    frames = 24 * 3600 * nominal_rate(rate)
    return frames - 24 * 54 * dropped_per_minute(rate) if drop_frame else frames


def speed_frames(speed: Fraction, rate: Fraction) -> str:
    """A speed as ``M2`` says it: nominal frames a second, one digit after the point."""
    tenths = math.floor(abs(speed) * nominal_rate(rate) * 10 + Fraction(1, 2))
    return f"{'-' if speed < 0 else ''}{tenths // 10:03d}.{tenths % 10}"


def speed_of(frames_a_second: str, rate: Fraction) -> Fraction:
    """The speed that ``M2`` means: the simplest fraction that it can be the rounding of."""
    frames = Fraction(frames_a_second)
    nominal = nominal_rate(rate)
    size = abs(frames)
    if size < _STEP:
        return Fraction(0)
    speed = _simplest((size - _STEP) / nominal, (size + _STEP) / nominal)
    return -speed if frames < 0 else speed


def _simplest(low: Fraction, high: Fraction) -> Fraction:
    """The fraction with the smallest denominator between two others, both above zero."""
    whole = math.ceil(low)
    if whole <= high:
        return Fraction(whole)
    below = math.floor(low)
    return below + 1 / _simplest(1 / (high - below), 1 / (low - below))
