"""Timecode burnt into a picture: white figures in a black box, bottom centre; drawn, and read again.

The figures are our own, 5 by 7 points, so that what was drawn can be read back from the pixels without doubt.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable
from functools import cache

import av
import numpy as np
import numpy.typing as npt

from avm_otio.media.film_picture import joined, planes

_SIGNS = {
    "0": "01110 10001 10011 10101 11001 10001 01110",
    "1": "00100 01100 00100 00100 00100 00100 01110",
    "2": "01110 10001 00001 00110 01000 10000 11111",
    "3": "11111 00010 00100 00010 00001 10001 01110",
    "4": "00010 00110 01010 10010 11111 00010 00010",
    "5": "11111 10000 11110 00001 00001 10001 01110",
    "6": "00110 01000 10000 11110 10001 10001 01110",
    "7": "11111 00001 00010 00100 01000 01000 01000",
    "8": "01110 10001 10001 01110 10001 10001 01110",
    "9": "01110 10001 10001 01111 00001 00010 01100",
    ":": "00000 00100 00100 00000 00100 00100 00000",
    ";": "00000 00100 00100 00000 00100 00100 01000",
}
_HIGH, _WIDE = 7, 6
"""Points of a sign: its lines, and its columns with the gap after it."""

_WHITE, _BLACK, _GREY = 235, 16, 128
_PER_WIDTH, _PER_HEIGHT = 150, 60
"""A point is this part of the picture: a timecode takes under half its width."""

_NEARLY = 12
"""By how much white may be darker once it was encoded."""

_SURE = 0.75
"""How much of a sign's points must be as they should for it to be read."""

_Plane = npt.NDArray[np.uint8]


def burnt_in(
    frames: Iterable[av.VideoFrame], timecode_of: Callable[[int], str], flashes: Collection[int] = ()
) -> Generator[av.VideoFrame, None, None]:
    """Frames with their timecode.

    Args:
        frames: The picture, yuv420p; not modified.
        timecode_of: What to draw on a frame, by its number from 0.
        flashes: Frames that are white: those on which a sync pop is heard.
    """
    last: tuple[av.VideoFrame, tuple[_Plane, _Plane, _Plane]] | None = None
    for number, frame in enumerate(frames):
        if last is None or last[0] is not frame:
            last = frame, planes(frame)
        drawn = tuple(plane.copy() for plane in last[1])
        if number in flashes:
            for plane, value in zip(drawn, (_WHITE, _GREY, _GREY), strict=True):
                plane[:] = value
        _draw(drawn, timecode_of(number))
        yield joined(drawn[0], np.concatenate(drawn[1:]))


def read_burnt_in(frame: av.VideoFrame, length: int) -> str | None:
    """The timecode that is drawn on a frame; ``None`` where none can be read.

    Args:
        frame: A frame of a picture as large as it was drawn on.
        length: How many signs it has.
    """
    luma = planes(frame.reformat(format="yuv420p"))[0]
    point, top, left = _place(luma.shape[0], luma.shape[1], length)
    area = luma[top : top + _HIGH * point, left : left + length * _WIDE * point]
    if area.shape != (_HIGH * point, length * _WIDE * point):
        return None
    points = area.reshape(_HIGH, point, length * _WIDE, point).mean(axis=(1, 3)) / 255
    text = ""
    for number in range(length):
        seen = points[:, number * _WIDE : number * _WIDE + _WIDE - 1]
        fits = {sign: 1 - float(np.abs(seen - shape).mean()) for sign, shape in _shapes().items()}
        best = max(fits, key=fits.__getitem__)
        if fits[best] < _SURE:
            return None
        text += best
    return text


def is_white(frame: av.VideoFrame) -> bool:
    """Whether a frame flashes: all above its timecode is white."""
    luma = planes(frame.reformat(format="yuv420p"))[0]
    return bool(luma[: luma.shape[0] // 2].mean() > _WHITE - _NEARLY)


def _draw(drawn: tuple[_Plane, ...], text: str) -> None:
    luma = drawn[0]
    point, top, left = _place(luma.shape[0], luma.shape[1], len(text))
    edge = 2 * max(1, point // 2)
    box = (top - edge, top + _HIGH * point + edge, left - edge, left + len(text) * _WIDE * point + edge)
    first, last, begin, end = (max(0, side) for side in box)
    luma[first:last, begin:end] = _BLACK
    for plane in drawn[1:]:
        plane[first // 2 : -(-last // 2), begin // 2 : -(-end // 2)] = _GREY
    shapes = _shapes()
    for number, sign in enumerate(text):
        at = left + number * _WIDE * point
        mask = np.kron(shapes[sign], np.ones((point, point))) > 0
        area = luma[top : top + mask.shape[0], at : at + mask.shape[1]]
        area[mask[: area.shape[0], : area.shape[1]]] = _WHITE


def _place(height: int, width: int, length: int) -> tuple[int, int, int]:
    """How large a point is, in pixels, and where the first one lies."""
    point = max(1, min(width // _PER_WIDTH, height // _PER_HEIGHT))
    top = height - _HIGH * point - max(2, height // 18)
    return point, max(0, top) // 2 * 2, max(0, (width - length * _WIDE * point) // 4 * 2)


@cache
def _shapes() -> dict[str, npt.NDArray[np.float64]]:
    return {
        sign: np.array([[float(point) for point in line] for line in lines.split()])
        for sign, lines in _SIGNS.items()
    }
