"""Loudness over the steps of a curve: the gates of ITU-R BS.1770-5 and the range of EBU Tech 3342.

All take the K-weighted mean square of each step of 100 ms (``Curve.power``, or a sum of several such, each
times its gain) and give LUFS or LU; minus infinity where there is nothing loud enough to count.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import accumulate

from avm_otio.mix.heard import lufs, power_of

MOMENTARY_STEPS = 4
"""400 ms (EBU Tech 3341, 2.2)."""

SHORT_TERM_STEPS = 30
"""3 s (EBU Tech 3341, 2.2)."""

RANGE_NEEDS_STEPS = 600
"""A minute: EBU Tech 3342 gives no range to less, which has too few blocks for its shares."""

_ABSOLUTE_GATE = power_of(-70.0)
_INTEGRATED_GATE = 10 ** (-10.0 / 10)
"""BS.1770-5, annex 1: 10 LU below what passes the absolute gate."""

_RANGE_GATE = 10 ** (-20.0 / 10)
"""EBU Tech 3342, 3: 20 LU below."""

_LOW, _HIGH = 0.10, 0.95
"""EBU Tech 3342, 3: the range lies between these shares of what passes the gates."""


def integrated(power: Sequence[float]) -> float:
    """Integrated loudness, in LUFS. Less than 400 ms are one block."""
    return lufs(_mean(_gated(windows(power, MOMENTARY_STEPS), _INTEGRATED_GATE)))


def loudness_range(power: Sequence[float]) -> float:
    """Loudness range, in LU; 0 for less than 3 s, and for silence.

    The blocks that its shares meet are those of Tech 3342's own reference. FFmpeg rounds otherwise, by one
    block: in films of some seconds that is up to 0.8 LU, in a minute less than 0.2.
    """
    if len(power) < SHORT_TERM_STEPS:
        return 0.0
    loud = sorted(_gated(windows(power, SHORT_TERM_STEPS), _RANGE_GATE))
    if not loud:
        return 0.0
    low, high = (loud[round((len(loud) - 1) * share)] for share in (_LOW, _HIGH))
    return lufs(high) - lufs(low)


def windows(power: Sequence[float], steps: int) -> list[float]:
    """The mean square of each window of so many steps, one from each step on; one of all if shorter."""
    if len(power) < steps:
        return [_mean(power)] if power else []
    sums = list(accumulate(power, initial=0.0))
    # Differences of large sums leave crumbs of either sign where there is silence.
    crumbs = sums[-1] * 1e-12
    return [
        (after - before if after - before > crumbs else 0.0) / steps
        for before, after in zip(sums, sums[steps:], strict=False)
    ]


def true_peak(peaks: Iterable[float]) -> float:
    """The highest of some amplitudes, in dBTP."""
    highest = max(peaks, default=0.0)
    return 20 * math.log10(highest) if highest > 0 else -math.inf


def _gated(blocks: Sequence[float], relative: float) -> list[float]:
    loud = [block for block in blocks if block > _ABSOLUTE_GATE]
    gate = _mean(loud) * relative
    return [block for block in loud if block > gate]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0
