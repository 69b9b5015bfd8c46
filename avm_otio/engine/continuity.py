"""Whether a shot goes on over a sudden change: light and particles lie over a picture, a cut replaces it.

Compared are fine structures, evened out so that light does not count: where both frames have some, those of
one shot agree at one common shift, those of two shots do not. What is blown out by light has none; there the
shot must come back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avm_otio.engine.decoding import Luma

_FINE, _EVEN, _PART = 2, 3, 4
"""Pixels around each: of what is fine, of what it is evened out by, of a part that agrees or does not."""

_FAINT, _LEAST_FAINT, _MOST_FAINT = 2.5, 0.7, 4.0
"""Structure that is taken for grain: so many times the grain, and grey levels within these bounds."""

_USUAL_FAINT = 2.0
_CLIPPED = 4
"""Grey levels next to black and white in which no grain is seen."""

_STRUCTURE = 0.14
_ALIKE = 0.6
"""The correlation from which on parts agree; by chance it is about 0 ± 0.2."""

_LEAST_SEEN = 0.08
_NEAR, _FAR = (3, 3), (10, 24)
"""Pixels, down and right, that a camera may have moved between two frames; and one that is thrown about."""

_ONE_SIGN, _ONLY_LIGHT = 0.75, 0.95
"""Of all change, so much more brightens than darkens where light comes, and where nothing else changes; where
light goes, the reverse."""

_LEAST_LIT, _LIT, _EXPLAINED = 0.05, 0.2, 0.8
"""The share of parts that agree under other light: at the least if the shot comes back, and if not; and that
agree without other light: people jump where a shot was cut."""

_BLOWN_OUT, _BLINDING = 0.3, 160
"""Where less than this is seen in both frames, and one is so bright (of 255), light hides the shot."""

_COMES_BACK = 0.5
_LASTS = 36
"""Frames in which a light that hides a shot goes: an explosion takes so long."""

_BESIDE = 3
"""Frames before and after between which a camera may be thrown about; shots are no shorter."""

_BLURRED = 0.35
"""Frames of a camera that is thrown about agree no more than this; where a person jumps, the wall agrees."""

_ANOTHER_SEEN, _ANOTHER_ALIKE = 0.2, 0.2
_BAR = 24
"""Grey levels that the bars of a letterbox have at the most."""

_AROUND = 12
_LEAST_HIGH, _LEAST_WIDE = 12, 20

Floats = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Shared:
    """What two frames share.

    Attributes:
        seen: The share of the picture where both have structure.
        alike: The share whose structures agree, of what the frame with fewer of them shows.
        sign: 1 where all that changes brightens, -1 where all darkens.
    """

    seen: float
    alike: float
    sign: float


def goes_on(frames: Luma, at: int) -> bool:
    """Whether a frame shows the shot of the one before it: in other light, behind it, or from elsewhere."""
    shown = _without_bars(frames, at)
    faint = _faint(shown, at)
    before, after = shown[at - 1], shown[at]
    shared = compared(before, after, faint)
    if abs(shared.sign) >= _ONE_SIGN and shared.alike >= _LIT:
        return True
    wide = compared(before, after, faint, _FAR)
    if wide.alike >= _EXPLAINED:
        return True
    if wide.alike < _BLURRED and _agree_beside(shown, at, faint):
        return True
    is_lit = abs(shared.sign) >= _ONLY_LIGHT and shared.alike > _LEAST_LIT
    is_hidden = shared.seen < _BLOWN_OUT and max(before.mean(), after.mean()) >= _BLINDING
    if not is_lit and not (is_hidden and abs(shared.sign) >= _ONE_SIGN):
        return False
    if shared.sign > 0:
        others = shown[at + 1 : at + _LASTS : 2]
        return any(compared(before, later, faint).alike >= _COMES_BACK for later in others)
    others = shown[max(0, at - _LASTS) : at - 1 : 2]
    return any(compared(early, after, faint).alike >= _COMES_BACK for early in others)


def is_another(frames: Luma, at: int) -> bool:
    """Whether a frame plainly shows something else than the one before it."""
    shown = _without_bars(frames, at)
    faint = _faint(shown, at)
    shared = compared(shown[at - 1], shown[at], faint, _FAR)
    if shared.seen < _ANOTHER_SEEN or shared.alike > _ANOTHER_ALIKE:
        return False
    return not _agree_beside(shown, at, faint)


def is_one_shot(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    """Whether two frames, whatever is between them, plainly show the same."""
    return compared(one, other, _MOST_FAINT).alike >= _COMES_BACK


def _agree_beside(shown: Luma, at: int, faint: float) -> bool:
    """Whether frames a little before and a little after are of one shot."""
    apart = range(1, min(_BESIDE + 1, at, len(shown) - at))
    pairs = ((shown[at - 1 - n], shown[at + n]) for n in apart)
    return any(compared(one, other, faint, _FAR).alike >= _COMES_BACK for one, other in pairs)


def _faint(shown: Luma, at: int) -> float:
    """How faint structure may be beside the grain, which is what changes where nothing else does."""
    steps = []
    for first in (at - 2, at):
        if first < 0 or first + 1 >= len(shown):
            continue
        one, other = shown[first].astype(np.float32), shown[first + 1].astype(np.float32)
        within = (np.minimum(one, other) > _CLIPPED) & (np.maximum(one, other) < 255 - _CLIPPED)
        if within.mean() >= _LEAST_SEEN:
            steps.append(float(np.median(np.abs(other - one)[within])))
    return float(np.clip(_FAINT * min(steps), _LEAST_FAINT, _MOST_FAINT)) if steps else _USUAL_FAINT


def compared(
    one: NDArray[np.uint8], other: NDArray[np.uint8], faint: float, reach: tuple[int, int] = _NEAR
) -> Shared:
    """What two frames share, one of them moved a little."""
    change = other.astype(np.float32) - one
    sign = float(change.sum() / (np.abs(change).sum() + 1.0))
    first, then = _structure(one, faint), _structure(other, faint)
    down, right = _shift(first, then, reach)
    high, wide = first.shape
    first = first[max(0, -down) : high - max(0, down), max(0, -right) : wide - max(0, right)]
    then = then[max(0, down) : high + min(0, down), max(0, right) : wide + min(0, right)]
    power, other_power = _mean(first * first, _PART), _mean(then * then, _PART)
    shows, other_shows = power > _STRUCTURE, other_power > _STRUCTURE
    seen = shows & other_shows
    share, least = float(seen.mean()), min(float(shows.mean()), float(other_shows.mean()))
    if share < _LEAST_SEEN:
        return Shared(share, 0.0, sign)
    likeness = _mean(first * then, _PART)[seen] / np.sqrt(power[seen] * other_power[seen])
    return Shared(share, share / least * float((likeness > _ALIKE).mean()), sign)


def _structure(picture: NDArray[np.uint8], faint: float) -> Floats:
    """What is fine in a picture, about as strong everywhere."""
    fine = picture - _mean(picture.astype(np.float32), _FINE)
    found: Floats = fine / (np.sqrt(_mean(fine * fine, _EVEN)) + faint)
    return found


def _shift(one: Floats, other: Floats, reach: tuple[int, int]) -> tuple[int, int]:
    """How far (down, right) structures moved: where they correlate most."""
    high, wide = one.shape
    size = 2 * high, 2 * wide
    whole = np.fft.rfft2(np.ones((high, wide)), size)
    ours, theirs = np.fft.rfft2(one, size), np.fft.rfft2(other, size)
    power = np.fft.irfft2(np.fft.rfft2(one * one, size).conj() * whole, size)
    other_power = np.fft.irfft2(whole.conj() * np.fft.rfft2(other * other, size), size)
    both = np.maximum(power * other_power, 1e-3)
    likeness = np.fft.irfft2(ours.conj() * theirs, size) / np.sqrt(both)
    down, right = (np.r_[0 : most + 1, -most:0] for most in reach)
    best = int(likeness[np.ix_(down, right)].argmax())
    return int(down[best // len(right)]), int(right[best % len(right)])


def _mean(values: Floats, around: int) -> Floats:
    """The mean of so many values around each, both ways."""
    size = 2 * around + 1
    for axis in (0, 1):
        pads = [(0, 0), (0, 0)]
        pads[axis] = around + 1, around
        sums = np.cumsum(np.pad(values, pads, "edge"), axis)
        values = (sums[size:] - sums[:-size] if axis == 0 else sums[:, size:] - sums[:, :-size]) / size
    return values


def _without_bars(frames: Luma, at: int) -> Luma:
    """Frames without the black bars around them, whose edges all shots share."""
    brightest = frames[max(0, at - _AROUND) : at + _AROUND].max(axis=0)
    rows = np.flatnonzero(brightest.max(axis=1) > _BAR)
    columns = np.flatnonzero(brightest.max(axis=0) > _BAR)
    if len(rows) < _LEAST_HIGH or len(columns) < _LEAST_WIDE:
        return frames
    return frames[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
