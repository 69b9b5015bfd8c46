"""Gains and fades as data: what a dialect writes, and nobody renders here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

CUT_FADE_US = 10_000
"""De-click fade where an effect is cut before its natural end: short enough not to be heard as a fade."""

MUSIC_FADE_US = 2_000_000
"""Fade-out of a music bed that is cut to the range: about a bar at 120 bpm."""


@dataclass(frozen=True, slots=True)
class GainKey:
    """One key frame of a clip's gain; between two the gain runs straight in decibels.

    Attributes:
        at: Seconds from the clip's head on the timeline.
        gain_db: The gain there.
    """

    at: Fraction
    gain_db: float


@dataclass(frozen=True, slots=True)
class Mix:
    """How loud a clip is and how it comes and goes.

    Attributes:
        gain_db: Clip gain in decibels, 0 unchanged.
        fade_in_us: Linear fade from silence at its head.
        fade_out_us: Linear fade to silence at its tail.
        keys: The gain over time; where there are any, they say the whole gain and ``gain_db`` is 0.
    """

    gain_db: float = 0.0
    fade_in_us: int = 0
    fade_out_us: int = 0
    keys: tuple[GainKey, ...] = ()

    def within(self, length_us: int) -> Mix:
        """The same with fades that fit a clip of a length: neither longer than half of it."""
        half = length_us // 2
        return replace(self, fade_in_us=min(self.fade_in_us, half), fade_out_us=min(self.fade_out_us, half))
