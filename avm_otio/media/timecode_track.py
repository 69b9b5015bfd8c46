"""How a QuickTime or MP4 file counts its timecode: a 59.94 file may count it at 30.

FFmpeg hands over the timecode as text; at what rate the file counts is in its timecode track's description
alone (QuickTime File Format, "Timecode sample description").
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

_INSIDE = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
_MOST_DESCRIPTION = 1 << 16


@dataclass(frozen=True, slots=True)
class TimecodeBase:
    """How a timecode counts.

    Attributes:
        frames: Frames of the timecode a second, as they are numbered: 30.
        rate: Frames of the timecode a second, as long as they last: 30000/1001.
    """

    frames: int
    rate: Fraction


def timecode_base(path: Path) -> TimecodeBase | None:
    """How a QuickTime or MP4 file's first timecode track counts; ``None`` where it has none."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            return next(_bases(file, 0, file.tell()), None)
    except (OSError, struct.error):
        return None


def _bases(file: BinaryIO, start: int, end: int) -> Iterator[TimecodeBase]:
    at = start
    while at + 8 <= end:
        file.seek(at)
        size, kind = struct.unpack(">I4s", file.read(8))
        body = at + 8
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
            body += 8
        elif size == 0:
            size = end - at
        if size < body - at:
            return
        if kind in _INSIDE:
            yield from _bases(file, body, min(at + size, end))
        elif kind == b"stsd":
            yield from _described(file.read(min(at + size - body, _MOST_DESCRIPTION)))
        at += size


def _described(table: bytes) -> Iterator[TimecodeBase]:
    # 8 bytes: version, flags and count of entries; of each: size and kind, 8; reserved and reference, 8;
    # reserved, flags, time scale and frame duration of 4 each; number of frames, 1
    if table[12:16] != b"tmcd" or len(table) < 41:
        return
    scale, duration, frames = struct.unpack_from(">IIB", table, 32)
    if scale and duration and frames:
        yield TimecodeBase(frames, Fraction(scale, duration))
