"""What several readers need: levels on lines of key frames."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from tests.differential.events import Level

SILENCE = -144.0

Points = Sequence[tuple[Fraction, float]]


def decibels(amplitude: float) -> float:
    return 20 * math.log10(amplitude) if amplitude > 0 else SILENCE


def on_line(points: Points, at: Fraction) -> float:
    """A value on a line of points; of two at one place the later."""
    before = [value for where, value in points if where <= at]
    if not before:
        return points[0][1]
    later = [(where, value) for where, value in points if where > at]
    if not later:
        return before[-1]
    start = max(where for where, _ in points if where <= at)
    share = float((at - start) / (later[0][0] - start))
    return before[-1] + (later[0][1] - before[-1]) * share


def level_of(flat: float, points: Points) -> Level:
    """The level of a clip: of its points where it has any."""
    return lambda at: on_line(points, at) if points else flat
