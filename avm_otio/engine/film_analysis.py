"""Cuts and motion, from the picture at 64×36 grey.

A cut is a frame that the one before cannot explain, even when each part of it may have moved a little: pans
and shakes are explained, new shots are not. Dissolves are not looked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from avm_otio.engine.decoding import LUMA_HEIGHT, LUMA_WIDTH, Luma
from avm_otio.engine.traits import Moment, PictureTraits, Span
from avm_otio.timeline.time import to_micros

_CHUNK_FRAMES = 256
_REACH = 3
"""How far a part may have moved between two frames, in pixels of the small picture."""

_BLOCK_HEIGHT, _BLOCK_WIDTH = 9, 8
_LEAST_CHANGE = 7.0
"""Grey levels (of 255) that a cut leaves unexplained at the least."""

_ABOVE_USUAL = 2.5
"""How many times more than its neighbourhood a cut leaves unexplained."""

_NEIGHBOURHOOD = 10
_FLASH_FRAMES = 4
"""A change that is undone within so many frames is a flash."""

_FLASH_SHARE = 0.4
_STRETCH_US = 1_500_000
_STILL_US = 3_000_000
_MOVING = 1.0
"""Grey levels that change from frame to frame on the mean in a picture that moves."""

_BUSY = 20.0
"""Grey levels at which a picture counts as moving all over."""

Floats = NDArray[Any]


def analyse_picture(frames: Iterable[tuple[Fraction, Luma]]) -> PictureTraits:
    """Find cuts and motion.

    Args:
        frames: Film time in seconds and picture of each frame, in order.

    Returns:
        Times are those of the frames, to the microsecond.
    """
    times: list[Fraction] = []
    unexplained, changed = [np.zeros(1, np.float32)], [np.zeros(1, np.float32)]
    thumbs: list[Floats] = []
    last: Luma | None = None
    for chunk_times, chunk in _chunks(frames):
        if last is not None:
            chunk = np.concatenate([last, chunk])
        times += chunk_times
        last = chunk[-1:]
        plain = np.abs(np.diff(chunk.astype(np.int16), axis=0)).mean(axis=(1, 2), dtype=np.float32)
        changed.append(plain)
        unexplained.append(_unexplained(chunk, plain))
        thumbs.append(_thumbnails(chunk[-len(chunk_times) :]))
    if len(times) < 2:
        return PictureTraits()
    starts_us = [to_micros(time) for time in times]
    cuts = _cuts(np.concatenate(unexplained), np.concatenate(thumbs))
    motion = np.concatenate(changed)
    motion[[0, *(frame for frame, _ in cuts)]] = 0.0
    shots = list(pairwise([0, *(frame for frame, _ in cuts), len(times)]))
    strongest = max((strength for _, strength in cuts), default=1.0)
    return PictureTraits(
        cuts=tuple(Moment(starts_us[frame], strength / strongest) for frame, strength in cuts),
        busiest=tuple(_busiest(starts_us, motion, shots)),
        stills=tuple(_stills(starts_us, motion, shots)),
        motion=float(min(1.0, motion.mean() / _BUSY)),
        most_motion=float(min(1.0, motion.max() / _BUSY)),
    )


def _chunks(frames: Iterable[tuple[Fraction, Luma]]) -> Iterator[tuple[list[Fraction], Luma]]:
    times: list[Fraction] = []
    pictures: list[Luma] = []
    for time, picture in frames:
        times.append(time)
        pictures.append(picture)
        if len(times) == _CHUNK_FRAMES:
            yield times, np.stack(pictures)
            times, pictures = [], []
    if times:
        yield times, np.stack(pictures)


def _unexplained(frames: Luma, changed: Floats) -> Floats:
    """For each frame but the first: grey levels that no small movement of the one before accounts for.

    Where too little changed to weigh in any decision about cuts, that change is given as it is.
    """
    unexplained = changed.copy()
    worth = np.flatnonzero(changed >= _LEAST_CHANGE / _ABOVE_USUAL)
    if not len(worth):
        return unexplained
    edges = ((0, 0), (_REACH, _REACH), (_REACH, _REACH))
    before = np.pad(frames[worth].astype(np.int16), edges, mode="edge")
    after = frames[worth + 1].astype(np.int16)
    rows, columns = LUMA_HEIGHT // _BLOCK_HEIGHT, LUMA_WIDTH // _BLOCK_WIDTH
    least = np.full((len(after), rows, columns), np.iinfo(np.int32).max, np.int32)
    for down in range(2 * _REACH + 1):
        for right in range(2 * _REACH + 1):
            moved = before[:, down : down + LUMA_HEIGHT, right : right + LUMA_WIDTH]
            off = np.abs(after - moved).reshape(-1, rows, _BLOCK_HEIGHT, columns, _BLOCK_WIDTH)
            np.minimum(least, off.sum(axis=(2, 4), dtype=np.int32), out=least)
    unexplained[worth] = least.mean(axis=(1, 2)) / (_BLOCK_HEIGHT * _BLOCK_WIDTH)
    return unexplained


def _thumbnails(frames: Luma) -> Floats:
    rows, columns = LUMA_HEIGHT // 4, LUMA_WIDTH // 4
    thumbs: Floats = frames.reshape(-1, rows, 4, columns, 4).mean(axis=(2, 4), dtype=np.float32)
    return thumbs


def _cuts(unexplained: Floats, thumbs: Floats) -> list[tuple[int, float]]:
    """The frames at which shots begin, and how much was new in each."""
    padded = np.pad(unexplained, _NEIGHBOURHOOD, mode="edge")
    windows = sliding_window_view(padded, 2 * _NEIGHBOURHOOD + 1)
    usual = np.percentile(windows, 80, axis=1)
    near = windows[:, _NEIGHBOURHOOD - 2 : _NEIGHBOURHOOD + 3].max(axis=1)
    likely = (unexplained >= _LEAST_CHANGE) & (unexplained >= _ABOVE_USUAL * usual) & (unexplained == near)
    likely[0] = False
    return [(int(n), float(unexplained[n])) for n in np.flatnonzero(likely) if not _is_flash(thumbs, int(n))]


def _is_flash(thumbs: Floats, frame: int) -> bool:
    """Whether the picture before comes back soon after, or the one after was there shortly before."""
    before, after = thumbs[frame - 1], thumbs[frame]
    change = np.abs(after - before).mean()
    later = thumbs[frame + 1 : frame + 1 + _FLASH_FRAMES]
    earlier = thumbs[max(0, frame - 1 - _FLASH_FRAMES) : frame - 1]
    back = [np.abs(other - before).mean() for other in later]
    back += [np.abs(other - after).mean() for other in earlier]
    return bool(min(back, default=np.inf) < _FLASH_SHARE * change)


def _busiest(starts_us: Sequence[int], motion: Floats, shots: Iterable[tuple[int, int]]) -> Iterator[Moment]:
    most = max(float(motion.max()), _MOVING)
    for first, end in shots:
        stretch = first
        while stretch < end:
            after = stretch
            while after < end and starts_us[after] - starts_us[stretch] < _STRETCH_US:
                after += 1
            frame = stretch + int(motion[stretch:after].argmax())
            if motion[frame] >= _MOVING:
                yield Moment(starts_us[frame], float(motion[frame]) / most)
            stretch = after


def _stills(starts_us: Sequence[int], motion: Floats, shots: Iterable[tuple[int, int]]) -> Iterator[Span]:
    for first, end in shots:
        last_us = starts_us[end - 1]
        if last_us - starts_us[first] >= _STILL_US and motion[first:end].max() < _MOVING:
            yield Span(starts_us[first], last_us)
