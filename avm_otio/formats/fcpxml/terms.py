"""What the reader and the writer of FCPXML share: its words, its clock, its formats.

Marks of sources: ``[off]`` Apple's own DTD or documentation, ``[file]`` seen in files that Final Cut Pro
wrote, ``[3p]`` measured by others.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

from avm_otio.errors import TimelineError
from avm_otio.timeline.time import format_rate

VERSION = "1.10"
"""What is written: Final Cut Pro 10.6 and later read it."""

TRACKS_KEY = "org.avm-otio.tracks"
"""Our own metadata on a sequence: its tracks, which Final Cut Pro does not have, for our reader."""

CROSS_DISSOLVE = "FxPlug:4731E73A-8DAC-4113-9A30-AE85B1761265"
"""The effect of a dissolve [file]."""

AUDIO_CROSSFADE = "FFAudioTransition"
"""The effect of a cross fade [file]."""

LOWEST_DB = -96.0
"""Silence, as Final Cut Pro writes it [file]."""

HIGHEST_DB = 12.0412
"""The most that Final Cut Pro has been seen to add: a factor of four [file]."""

HIGHEST_DENOMINATOR = 2**31 - 1
"""Times are rational seconds of a 64-bit numerator and a 32-bit denominator [off]."""

_FRAME_DURATIONS = {
    Fraction(24000, 1001): ("1001/24000s", "2398", "23.98"),
    Fraction(24): ("100/2400s", "24", "24"),
    Fraction(25): ("100/2500s", "25", "25"),
    Fraction(30000, 1001): ("1001/30000s", "2997", "29.97"),
    Fraction(30): ("100/3000s", "30", "30"),
    Fraction(50): ("100/5000s", "50", "50"),
    Fraction(60000, 1001): ("1001/60000s", "5994", "59.94"),
    Fraction(60): ("100/6000s", "60", "60"),
}
"""Rate → frame duration, end of the format's name, name in ``conform-rate`` [file, off]."""

PAN_MODE = "1 (Stereo Left/Right)"
"""The mode of a panner from left, -100, to right, 100 [off: pan modes; 3p: the unit]."""

_OTHER_SOURCES = {Fraction(48000, 1001): "47.95", Fraction(48): "48"}
"""Rates that media may have beside, as ``conform-rate`` names them [off]."""

_SIZES = {
    (1280, 720): "720p",
    (1920, 1080): "1080p",
    (3840, 2160): "3840x2160p",
    (4096, 2160): "4096x2160p",
    (640, 480): "640x480p",
}
"""Sizes that have names at all eight rates [off]; any other is described without one [file]."""

_TIME = re.compile(r"\s*(-?\d+(?:\.\d+)?)(?:/(\d+))?s?\s*", re.ASCII)


def xml_time(time: Fraction) -> str:
    """A time as an attribute says it; one that no 32-bit denominator can say goes to the nearest."""
    if time.denominator == 1:
        return f"{time.numerator}s"
    if time.denominator > HIGHEST_DENOMINATOR:
        return xml_time(time.limit_denominator(HIGHEST_DENOMINATOR))
    return f"{time.numerator}/{time.denominator}s"


@lru_cache(maxsize=4096)
def time_of(text: str) -> Fraction:
    """What a time attribute says, in seconds.

    Raises:
        TimelineError: It is no time.
    """
    match = _TIME.fullmatch(text)
    if match is None or (match[2] is not None and int(match[2]) == 0):
        raise TimelineError(f"{text!r} is not a time of FCPXML.", "Export the project again.")
    if match[2] is None or "." in match[1]:
        return Fraction(match[1]) / int(match[2] or 1)
    return Fraction(int(match[1]), int(match[2]))


def frame_duration(rate: Fraction) -> str:
    """How a format says a project's rate.

    Raises:
        TimelineError: Final Cut Pro has no project of this rate.
    """
    found = _FRAME_DURATIONS.get(rate)
    if found is None:
        raise TimelineError(
            f"Final Cut Pro has no project at {format_rate(rate)} frames a second.",
            "Conform the timeline to 23.976, 24, 25, 29.97, 30, 50, 59.94 or 60.",
        )
    return found[0]


def media_frame_duration(rate: Fraction) -> str:
    """How a format says the rate of media, whatever it is."""
    found = _FRAME_DURATIONS.get(rate)
    return found[0] if found else xml_time(1 / rate)


def format_name(rate: Fraction, size: tuple[int, int]) -> str:
    """Final Cut Pro's name for a rate and size; empty where it has none."""
    found, shape = _FRAME_DURATIONS.get(rate), _SIZES.get(size)
    return f"FFVideoFormat{shape}{found[1]}" if found and shape else ""


def source_rate_name(rate: Fraction) -> str:
    """A rate as ``conform-rate`` names it; empty where it has no name."""
    found = _FRAME_DURATIONS.get(rate)
    return found[2] if found else _OTHER_SOURCES.get(rate, "")


def source_rate(name: str) -> Fraction | None:
    """The rate that ``conform-rate`` names."""
    for rate, (_, _, written) in _FRAME_DURATIONS.items():
        if written == name:
            return rate
    return next((rate for rate, written in _OTHER_SOURCES.items() if written == name), None)


def rate_in_name(name: str) -> Fraction | None:
    """The rate that a format's name ends with, where nothing else says it."""
    for rate, (_, ending, _) in sorted(_FRAME_DURATIONS.items(), key=lambda row: -len(row[1][1])):
        if name.startswith("FFVideoFormat") and re.search(rf"[pi]{ending}$", name):
            return rate
    return None


def conformed_rate(media: Fraction, timeline: Fraction) -> Fraction:
    """The rate that media plays at where Final Cut Pro conforms it.

    Frame for frame where the timeline's rate, its double or its half is within 4.5 % (25 in 24, 23.98 in 25,
    60 in 59.94); else as it is. Source: Apple's rate conforming chart [off]; 25 in 24 checked [file]:
    142.04 s of media take 3551/24 s. For 23.98 in 59.94 others measured a stretch of 1.001 [3p]: the chart is
    followed.
    """
    for rate in (timeline, timeline * 2, timeline / 2):
        if abs(rate - media) / media < Fraction(45, 1000):
            return rate
    return media
