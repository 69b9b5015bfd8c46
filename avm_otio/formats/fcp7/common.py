"""What Final Cut Pro 7's XML (xmeml) is made of, for its writer and its reader.

Where a figure comes from: [off] Apple's “Final Cut Pro XML Interchange Format”; [file] files that Premiere
Pro wrote; [3p] measured by others, likely but not proven here.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

from avm_otio.timeline.model import Stem
from avm_otio.timeline.time import format_timecode, nominal_rate

VERSION = 4
"""Of xmeml: what Premiere Pro writes [file]."""

TICKS = 254_016_000_000
"""Premiere's ticks in a second [file]: whole numbers for every frame and every sample of usual rates."""

LEVEL_MAX = 3.98109
"""The highest linear gain of ``audiolevels``: +12 dB [file]."""

LEVEL_MAX_DB = 12.0
"""The same in decibels."""

SILENCE_DB = -100.0
"""What a level of 0 is read as, and at or under which a gain is written as 0: out of hearing in 16 bits."""

TRACK_TYPES = {1: "Mono", 2: "Stereo", 6: "5.1"}
"""Channels of a sound track → ``premiereTrackType``: the first two [file], the third [3p]."""

OTHER_TRACK_TYPE = "Multichannel"
"""``premiereTrackType`` of any other [3p]."""

MARKER_COLORS = {
    "RED": 4281740498,
    "YELLOW": 4281049552,
    "PURPLE": 4289825711,
    "ORANGE": 4280578025,
    "WHITE": 4294967295,
    "BLUE": 4294741314,
    "CYAN": 4292277273,
}
"""OTIO's colour → ``pproColor``, 0xAABBGGRR [3p]. Green is Premiere's own and has no tag."""

NEAREST_COLORS = {"MAGENTA": "PURPLE", "PINK": "PURPLE", "BLACK": "WHITE"}
"""OTIO's colours that Premiere's markers do not come in, and what is written for them."""

LABELS = {Stem.MUSIC: "Forest", Stem.EFFECTS: "Mango", Stem.DIALOGUE: "Cerulean"}
"""What we hold → ``label2``: names of Premiere's labels [file] [3p]."""

OWN_LABELS = frozenset({"Iris", "Caribbean", *LABELS.values()})
"""Labels that say nothing of the user's: Premiere's for clips with picture, for sound [file], and ours."""

NOTE = "avm"
"""The word that begins the log note of a clip of ours: ``avm effects``, ``avm music 2`` (alternative 2)."""

SLUG = "Slug"
"""``mediaSource`` of black, bars and other pictures without a file [file]."""

COLOR = "Color"
"""``effectid`` of a colour matte [file]."""

DISSOLVE, DISSOLVE_ID = "Cross Dissolve", "Cross Dissolve"
"""Name and ``effectid`` of the picture's dissolve [file]."""

CROSS_FADE, CROSS_FADE_ID = "Cross Fade (+3dB)", "KGAudioTransCrossFade3dB"
"""Name and ``effectid`` of the sound's cross fade of even power [3p]."""

EVEN_GAIN, EVEN_GAIN_ID = "Cross Fade ( 0dB)", "KGAudioTransCrossFade0dB"
"""The same of even gain: straight in amplitude, as those between clips of ours are [3p]."""


def timebase(rate: Fraction) -> tuple[int, bool] | None:
    """A rate as ``timebase`` and ``ntsc`` [off]; ``None`` where they cannot say it."""
    if rate.denominator == 1:
        return rate.numerator, False
    if (rate * Fraction(1001, 1000)).denominator == 1:
        return nominal_rate(rate), True
    return None


@lru_cache(maxsize=64)
def rate_xml(rate: Fraction) -> str:
    """The ``<rate>`` of a rate that it can say."""
    base, ntsc = timebase(rate) or (nominal_rate(rate), False)
    return f"<rate><timebase>{base}</timebase><ntsc>{'TRUE' if ntsc else 'FALSE'}</ntsc></rate>\n"


def timecode_xml(frame: int, rate: Fraction, drop_frame: bool) -> str:
    """A ``<timecode>``: Premiere writes drop-frame with semicolons throughout [file]."""
    written = format_timecode(max(0, frame), rate, drop_frame)
    if drop_frame:
        written = written.replace(":", ";")
    return (
        f"<timecode>\n{rate_xml(rate)}<string>{written}</string>\n<frame>{max(0, frame)}</frame>\n"
        f"<displayformat>{'DF' if drop_frame else 'NDF'}</displayformat>\n</timecode>\n"
    )


def ticks(seconds: Fraction) -> int:
    """Exact seconds as the nearest tick."""
    return (2 * seconds.numerator * TICKS + seconds.denominator) // (2 * seconds.denominator)
