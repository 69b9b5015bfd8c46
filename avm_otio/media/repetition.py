"""Whether places of a piece are true repetitions apart: asked of its attacks, not of a tempo."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from avm_otio.media.features import FINE
from avm_otio.timeline.model import SAMPLE_RATE_HZ

_FINE_S = FINE / SAMPLE_RATE_HZ
_THIN_S, _REACH_S = 0.002, 0.06
_LONGEST_BAR_S = 2.5

Floats = NDArray[np.floating[Any]]


def attacks_of(fine: Floats) -> Floats:
    """How suddenly the sound rises at each millisecond: the 5 from it on against the 5 before it."""
    floor = 1e-9 + 1e-4 * float(np.percentile(fine, 95))
    sums = np.cumsum(np.pad(fine, (6, 5)))
    before = sums[5 : 5 + len(fine)] - sums[: len(fine)]
    after = sums[10 : 10 + len(fine)] - sums[5 : 5 + len(fine)]
    rise: Floats = np.maximum(np.log((after + floor) / (before + floor)), 0)
    return rise


def agreeing(attacks: Floats, places_s: Floats) -> tuple[Floats, Floats, Floats]:
    """How the sound itself says that places are true repetitions apart, whatever the tempo was thought to be.

    What is heard around each place, a bar before and after, is laid on what is heard around all others.

    Returns:
        For each place how like the others it is where it lies (a correlation, -1 to 1), by how many seconds
        it would have to move to be the most like them, and how much more like it would be there.
    """
    thin = round(_THIN_S / _FINE_S)
    reach = round(_REACH_S / _THIN_S)
    thinned = attacks[: len(attacks) // thin * thin].reshape(-1, thin).mean(axis=1)
    smooth = np.convolve(thinned, np.hanning(13) / np.hanning(13).sum(), "same")
    half = round(min(float(np.median(np.diff(places_s))), _LONGEST_BAR_S) / _THIN_S)
    at = np.clip(np.rint(places_s / _THIN_S).astype(np.int64), 0, len(smooth) - 1)
    around = np.pad(smooth, half + reach)[at[:, None] + np.arange(2 * (half + reach))]
    inner = around[:, reach:-reach]
    others = inner.sum(axis=0) - inner
    others = others - others.mean(axis=1, keepdims=True)
    weight = np.linalg.norm(others, axis=1)
    alike = np.empty((len(at), 2 * reach + 1))
    for lag in range(2 * reach + 1):
        moved = around[:, lag : lag + 2 * half]
        moved = moved - moved.mean(axis=1, keepdims=True)
        norm = np.linalg.norm(moved, axis=1) * weight
        alike[:, lag] = (moved * others).sum(axis=1) / np.maximum(norm, 1e-9)
    here = alike[:, reach]
    return here, (alike.argmax(axis=1) - reach) * _THIN_S, alike.max(axis=1) - here
