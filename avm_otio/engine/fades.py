"""Fades to and from black, white or a plain colour, and flashes: by how bright small pictures are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from avm_otio.engine.decoding import LUMA_HEIGHT, LUMA_WIDTH, Luma

PLAIN = 5.0
"""Grey levels that a picture without content varies by at the most: grain does."""

_BLACK, _WHITE = 32.0, 224.0
_LONGEST = 72
"""Frames of a fade: about three seconds."""

_SHORTEST = 4
_STEP = 0.55
"""A fade in which one frame does more than this share of it is a cut to black."""

_SLACK = 0.04
"""Of the whole way, so much may a frame of a fade go back: grain, and what moves."""

_ALIKE = 0.3
"""How alike (correlation) the middle of a fade and its full picture are at the least."""

FLASH_FRAMES = 4
"""A change that is undone within so many frames is a flash."""

_FLASH_RISE = 25.0
"""Grey levels of the mean by which a flash is brighter than the frame before it."""

_FLASH_SHARE = 0.4
_ABOVE_USUAL = 5.0
_AROUND = 12

Floats = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Fade:
    """One that was found.

    Attributes:
        first: The first frame that is neither the full picture nor the plain one.
        end: The frame after the last such frame; the last one of a fade out, and the first one of a fade in,
            may be plain.
        is_out: Whether the picture goes.
        level: How bright the plain picture is, 0 to 255.
    """

    first: int
    end: int
    is_out: bool
    level: float

    @property
    def kind(self) -> Literal["fade out", "fade in"]:
        """Which way it goes, in words."""
        return "fade out" if self.is_out else "fade in"

    @property
    def colour(self) -> str:
        """The plain picture, in a word."""
        return "black" if self.level < _BLACK else "white" if self.level > _WHITE else "plain"


def thumbnails(frames: Luma) -> Floats:
    """Frames at 16×9, grey."""
    rows, columns = LUMA_HEIGHT // 4, LUMA_WIDTH // 4
    thumbs: Floats = frames.reshape(-1, rows, 4, columns, 4).mean(axis=(2, 4), dtype=np.float32)
    return thumbs


def fades_in(thumbs: Floats) -> list[Fade]:
    """Find fades: from where a picture is plain, back and on to where it is full."""
    mean, contrast = thumbs.mean(axis=(1, 2)), thumbs.std(axis=(1, 2))
    plain = contrast < PLAIN
    edges = np.flatnonzero(np.diff(np.concatenate([[0], plain.astype(np.int8), [0]])))
    found = []
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        level = float(mean[first:end].mean())
        away = np.abs(thumbs - level).mean(axis=(1, 2))
        back = _length(away[:first][::-1], thumbs[:first][::-1])
        if back:
            last = first + _still_falling(away[first:end])
            found.append(Fade(int(first - back), int(last), True, level))
        onward = _length(away[end:], thumbs[end:])
        if onward:
            head = end - _still_falling(away[first:end][::-1])
            found.append(Fade(int(head), int(end + onward), False, level))
    return found


def _still_falling(away: Floats) -> int:
    """Of plain frames next to a fade, how many still change: the tail of the fade."""
    count = 0
    while count + 1 < len(away) and away[count] > away[count + 1] + 0.35:
        count += 1
    return count + 1 if len(away) else 0


def _length(away: Floats, thumbs: Floats) -> int:
    """How many frames a fade takes, from the plain picture on; 0 where it is none.

    Args:
        away: How far each frame is from the plain picture.
        thumbs: The frames.
    """
    away = away[:_LONGEST]
    if len(away) < _SHORTEST:
        return 0
    smooth = np.convolve(np.pad(away, 1, mode="edge"), np.ones(3) / 3, "valid")
    top = np.maximum.accumulate(smooth)
    count = 1
    while (
        count < len(away)
        and smooth[count] >= top[count] - _SLACK * max(top[count], 10.0)
        and (smooth[min(len(away) - 1, count + 2)] > smooth[count] * 1.01 + 0.15)
    ):
        count += 1
    if count < _SHORTEST:
        return 0
    full = away[count]
    steps = np.diff(np.concatenate([[0.0], away[: count + 1]]))
    if full < 2 * PLAIN or steps.max() > _STEP * full:
        return 0
    half = int(np.argmin(np.abs(away[:count] - full / 2)))
    return count if _likeness(thumbs[half], thumbs[count]) > _ALIKE else 0


def _likeness(one: Floats, other: Floats) -> float:
    one, other = one - one.mean(), other - other.mean()
    return float((one * other).sum() / (np.sqrt((one * one).sum() * (other * other).sum()) + 1e-6))


def flashes_in(thumbs: Floats) -> list[tuple[int, float]]:
    """Frames at which it becomes bright and, a few frames on, as it was; and by how much."""
    mean = thumbs.mean(axis=(1, 2))
    rises = np.diff(mean, prepend=mean[:1])
    found: list[tuple[int, float]] = []
    for frame in np.flatnonzero(rises >= _FLASH_RISE):
        around = np.abs(rises[max(1, frame - _AROUND) : frame + _AROUND + 1])
        before = thumbs[frame - 1]
        change = np.abs(thumbs[frame] - before).mean()
        later = [np.abs(other - before).mean() for other in thumbs[frame + 1 : frame + 1 + FLASH_FRAMES]]
        is_back = min(later, default=np.inf) < _FLASH_SHARE * change
        if is_back and rises[frame] >= _ABOVE_USUAL * max(float(np.median(around)), 1.0):
            found.append((int(frame), float(rises[frame])))
    return found


def flash_frames(thumbs: Floats, frame: int) -> int:
    """Frames until the picture before comes back, or since the one after was there; 0: neither."""
    before, after = thumbs[frame - 1], thumbs[frame]
    least = _FLASH_SHARE * np.abs(after - before).mean()
    later = thumbs[frame + 1 : frame + 1 + FLASH_FRAMES]
    earlier = thumbs[max(0, frame - 1 - FLASH_FRAMES) : frame - 1][::-1]
    lasts = [n for n, other in enumerate(later, 1) if np.abs(other - before).mean() < least]
    lasts += [n for n, other in enumerate(earlier, 1) if np.abs(other - after).mean() < least]
    return min(lasts, default=0)
