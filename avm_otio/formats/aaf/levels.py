"""Gains as an AAF says them: ratios."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

from avm_otio.timeline.model import GainKey

_UNITY = 1 << 29
"""What a ratio of 1 is written over: so do Media Composer, Pro Tools and Resolve [file]."""

_SILENCE_DB = -144.0
"""What silence is read as: the floor of 24-bit sound."""

_FINE = 1 / 256
"""Below this a ratio over ``_UNITY`` is too coarse to be read as the same decibels."""


@lru_cache(maxsize=4096)
def ratio_of(gain_db: float) -> Fraction:
    """A gain as a ratio of two 32-bit numbers."""
    if gain_db == 0:
        return Fraction(1)
    ratio = 10 ** (min(gain_db, 180.0) / 20) if gain_db > _SILENCE_DB else 0.0
    if _FINE < ratio < 4:
        return Fraction(round(ratio * _UNITY), _UNITY)
    return Fraction(ratio).limit_denominator(_UNITY)


def gain_of(ratio: Fraction) -> float:
    """A ratio as a gain, without what rounding left."""
    if ratio <= 0:
        return _SILENCE_DB
    return round(20 * math.log10(ratio), 4) + 0.0


def gain_at(keys: Sequence[GainKey], at: Fraction) -> float:
    """The gain at a moment, which runs straight between key frames and stays as it is beyond them."""
    before = [key for key in keys if key.at <= at]
    after = [key for key in keys if key.at > at]
    if not before or not after:
        return (before[-1:] or after[:1])[0].gain_db
    left, right = before[-1], after[0]
    share = float((at - left.at) / (right.at - left.at))
    return left.gain_db + share * (right.gain_db - left.gain_db)
