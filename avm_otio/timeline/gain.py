"""Gain key frames: what they say at a moment, and several of them as one."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from avm_otio.timeline.model import GainKey


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
