"""A file's own timecode, and how it is counted: a 59.94 QuickTime or MP4 file may count it at 30.

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

import av

from avm_otio.errors import TimeFormatError
from avm_otio.timeline.time import dropped_per_minute, nearest_frame, nominal_rate, parse_timecode, snap_rate

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


def timecode_in(container: av.container.InputContainer, stream: av.stream.Stream) -> str | None:
    """The timecode that a file states, as FFmpeg writes it: the picture's, the file's or any."""
    for tags in (stream.metadata, container.metadata, *(each.metadata for each in container.streams)):
        for key, value in tags.items():
            if key.lower() == "timecode":
                return value
    return None


def frames_of(timecode: str, rate: Fraction, base: TimecodeBase | None) -> int | None:
    """A file's own timecode in frames of its picture; ``None`` for what is none.

    Args:
        timecode: As FFmpeg writes it, counted at the file's own base.
        rate: The picture's rate.
        base: How the file counts; ``None`` where it does not say: at the picture's rate.
    """
    counted_at = rate
    if base is not None and base.frames != nominal_rate(rate):
        times, rest = divmod(nominal_rate(rate), base.frames)
        counted_at = snap_rate(base.rate) if rest or not times else rate / times
    dropping = ";" in timecode and dropped_per_minute(counted_at) == 0 and counted_at % 30 == 0
    try:
        # Drop-frame numbers at 30.00, as phones write them, are counted as at 29.97.
        numbered_at = counted_at * 1000 / 1001 if dropping else counted_at
        count = parse_timecode(
            timecode if dropped_per_minute(numbered_at) else timecode.replace(";", ":"), numbered_at
        )
    except TimeFormatError:
        return None
    return nearest_frame(count / counted_at, rate)


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
