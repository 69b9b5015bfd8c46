"""Which way up a still was taken: the EXIF orientation of JPEG, PNG, WebP and TIFF.

FFmpeg turns it into an angle; that half of the eight orientations are mirrored besides is only here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_ORIENTATION = 0x0112
_MIRRORED = (2, 4, 5, 7)
"""EXIF 2.3, tag 274: 2 and 4 are mirrored left to right and top to bottom, 5 and 7 are turned besides."""

_MOST_BYTES = 1 << 20
_MOST_ENTRIES = 512


def is_mirrored(path: Path) -> bool:
    """Whether a still is to be seen mirrored; ``False`` where it does not say, or says it wrongly."""
    try:
        with path.open("rb") as file:
            return any(_orientation(block) in _MIRRORED for block in _exif_blocks(file))
    except (OSError, struct.error):
        return False


def _exif_blocks(file: BinaryIO) -> Iterator[bytes]:
    """What may begin with a TIFF header: the EXIF data of a file."""
    head = file.read(12)
    if head[:2] == b"\xff\xd8":
        yield from _of_jpeg(file)
    elif head[:8] == b"\x89PNG\r\n\x1a\n":
        yield from _of_chunks(file, 8, ">I4s", b"eXIf", after=4)
    elif head[:4] == b"RIFF" and head[8:] == b"WEBP":
        yield from _of_chunks(file, 12, "<4sI", b"EXIF", after=0)
    elif head[:4] in (b"II*\0", b"MM\0*"):
        file.seek(0)
        yield file.read(_MOST_BYTES)


def _of_jpeg(file: BinaryIO) -> Iterator[bytes]:
    file.seek(2)
    while len(marker := file.read(4)) == 4 and marker[0] == 0xFF and marker[1] not in (0xD9, 0xDA):
        size = int.from_bytes(marker[2:], "big")
        body = file.read(max(size - 2, 0))
        if marker[1] == 0xE1 and body[:6] == b"Exif\0\0":
            yield body[6:]


def _of_chunks(file: BinaryIO, start: int, form: str, wanted: bytes, after: int) -> Iterator[bytes]:
    """The bodies of chunks of a kind in PNG (big-endian, a checksum after each) and RIFF (padded to even)."""
    file.seek(start)
    while len(header := file.read(8)) == 8:
        first, second = struct.unpack(form, header)
        name, size = (first, second) if isinstance(first, bytes) else (second, first)
        if name == wanted:
            body = file.read(min(size, _MOST_BYTES))
            yield body.removeprefix(b"Exif\0\0")
            return
        file.seek(size + after + (size % 2 if not after else 0), 1)


def _orientation(block: bytes) -> int | None:
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None or len(block) < 8:
        return None
    (at,) = struct.unpack_from(f"{order}I", block, 4)
    if at + 2 > len(block):
        return None
    (count,) = struct.unpack_from(f"{order}H", block, at)
    for number in range(min(count, _MOST_ENTRIES)):
        tag, kind, _, value = struct.unpack_from(f"{order}HHIH", block, at + 2 + 12 * number)
        if tag == _ORIENTATION and kind == 3:
            return int(value)
    return None
