"""The form of our WAV files: Broadcast Wave, 48 kHz, 24 bit; RF64 where 4 GiB do not suffice.

Sources: EBU Tech 3285 (``bext``), EBU Tech 3306 (RF64, ``ds64``), EBU R 98 (coding history), Microsoft's
``WAVEFORMATEXTENSIBLE``.
"""

from __future__ import annotations

import re
import struct
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from avm_otio.timeline.model import SAMPLE_RATE_HZ

BYTES_A_SAMPLE = 3
ORIGINATOR = "avm_otio"

QUIETER = "; -{:.1f} dB"
"""What the coding history says of a sound that was made quieter."""

_QUIETER = re.compile(rb"T=avm_otio; -(\d+\.\d) dB")
_MOST_HISTORY = 1 << 16

RIFF_LIMIT = 0xFFFF_FFFF
"""Bytes that the 32-bit sizes of RIFF can say; from here on it is RF64."""

_PCM = 1
_EXTENSIBLE = 0xFFFE
_PCM_GUID = bytes.fromhex("0100000000001000800000aa00389b71")
"""``KSDATAFORMAT_SUBTYPE_PCM``."""

_SPEAKERS = {"4.0": 0x107, "quad": 0x33, "5.0": 0x37, "5.1": 0x3F, "5.1(side)": 0x60F, "7.1": 0x63F}
"""FFmpeg's layouts → ``dwChannelMask``. Channels of any other layout are written without a place."""

_BEXT = struct.Struct("<256s32s32s10s8sIIH64s190s")
"""Description, originator, its reference, date, time, time reference (low, high), version, UMID, reserved."""

_DS64 = struct.Struct("<QQQI")
_HEAD = 12


@dataclass(frozen=True, slots=True)
class Origin:
    """What a Broadcast WAV says of itself.

    Attributes:
        time_reference: Samples since midnight at its first sample.
        description: What it is; up to 256 signs, ASCII.
        reference: The originator's own reference; up to 32 signs.
        history: Coding history, one line a step (EBU R 98).
        layout: FFmpeg's name of where its channels belong, where that is known.
    """

    time_reference: int = 0
    description: str = ""
    reference: str = ""
    history: str = ""
    layout: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """What the header of a WAV says.

    Attributes:
        samples: Samples a channel that it holds.
        channels: How many channels.
        sample_rate_hz: Samples a second.
        bits: Bits a sample.
        originator: Who made it.
        reference: The originator's own reference.
        description: What it is.
        time_reference: Samples since midnight at its first sample.
        quieter_db: By how many decibels it is quieter than what it was made of; of our files.
        offset: Where in the file its samples begin, in bytes.
    """

    samples: int
    channels: int
    sample_rate_hz: int
    bits: int
    originator: str
    reference: str
    description: str
    time_reference: int
    quieter_db: float = 0.0
    offset: int = 0


def begin(file: BinaryIO, channels: int, origin: Origin, made: datetime) -> None:
    """Write all that stands before the samples; ``finish`` fills in the sizes."""
    low, high = origin.time_reference & 0xFFFF_FFFF, origin.time_reference >> 32
    history = _ascii(origin.history).encode()
    bext = _BEXT.pack(
        _ascii(origin.description).encode()[:256],
        ORIGINATOR.encode(),
        _ascii(origin.reference).encode()[:32],
        made.strftime("%Y-%m-%d").encode(),
        made.strftime("%H:%M:%S").encode(),
        low,
        high,
        1,  # version with a UMID field; the loudness of version 2 is not measured
        b"",
        b"",
    )
    file.write(b"RIFF" + bytes(4) + b"WAVE")
    file.write(b"JUNK" + struct.pack("<I", _DS64.size) + bytes(_DS64.size))
    _write_chunk(file, b"bext", bext + history)
    _write_chunk(file, b"fmt ", _format(channels, origin.layout))
    file.write(b"data" + bytes(4))


def finish(file: BinaryIO, samples: int, channels: int) -> None:
    """Say how much there is: called when all samples are written, the file standing at its end."""
    data = samples * channels * BYTES_A_SAMPLE
    if data % 2:
        file.write(b"\0")
    total = file.tell()
    start = total - data - data % 2
    if total - 8 < RIFF_LIMIT:
        file.seek(4)
        file.write(struct.pack("<I", total - 8))
        file.seek(start - 4)
        file.write(struct.pack("<I", data))
        return
    file.seek(0)
    file.write(b"RF64" + struct.pack("<I", 0xFFFF_FFFF) + b"WAVE")
    file.write(b"ds64" + struct.pack("<I", _DS64.size) + _DS64.pack(total - 8, data, samples, 0))
    file.seek(start - 4)
    file.write(struct.pack("<I", 0xFFFF_FFFF))


def read_header(path: Path) -> Header | None:
    """Read the header of a PCM WAV; ``None`` for any other file, or where the file is cut short."""
    try:
        with path.open("rb") as file:
            return _read_header(file, path.stat().st_size)
    except (OSError, struct.error):
        return None


def _read_header(file: BinaryIO, size: int) -> Header | None:
    head = file.read(_HEAD)
    if head[:4] not in (b"RIFF", b"RF64") or head[8:12] != b"WAVE":
        return None
    texts, time_reference, quieter_db = ("", "", ""), 0, 0.0
    layout: tuple[int, int, int] | None = None
    long_data = 0
    while len(mark := file.read(8)) == 8:
        length = int.from_bytes(mark[4:], "little")
        body = file.tell()
        if mark[:4] == b"ds64":
            long_data = _DS64.unpack(file.read(_DS64.size))[1]
        elif mark[:4] == b"bext":
            fields = _BEXT.unpack(file.read(_BEXT.size))
            texts = tuple(field.partition(b"\0")[0].decode("ascii", "replace") for field in fields[:3])
            time_reference = fields[5] | fields[6] << 32
            quieter = _QUIETER.search(file.read(min(max(0, length - _BEXT.size), _MOST_HISTORY)))
            quieter_db = float(quieter[1]) if quieter else 0.0
        elif mark[:4] == b"fmt ":
            _, channels, rate_hz, _, _, bits = struct.unpack("<HHIIHH", file.read(16))
            layout = channels, rate_hz, bits
        elif mark[:4] == b"data":
            data = long_data if length == 0xFFFF_FFFF else length
            if layout is None or body + data > size or not layout[0] * layout[2]:
                return None
            samples = data // (layout[0] * layout[2] // 8)
            return Header(samples, *layout, texts[1], texts[2], texts[0], time_reference, quieter_db, body)
        file.seek(body + length + length % 2)
    return None


def _format(channels: int, layout: str) -> bytes:
    frame = channels * BYTES_A_SAMPLE
    rate = SAMPLE_RATE_HZ
    if channels <= 2:
        return struct.pack("<HHIIHH", _PCM, channels, rate, rate * frame, frame, 24)
    plain = struct.pack("<HHIIHH", _EXTENSIBLE, channels, rate, rate * frame, frame, 24)
    return plain + struct.pack("<HHI", 22, 24, _SPEAKERS.get(layout, 0)) + _PCM_GUID


def _write_chunk(file: BinaryIO, name: bytes, body: bytes) -> None:
    file.write(name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2))


def _ascii(text: str) -> str:
    """As EBU Tech 3285 wants it: accents are left out, what has no ASCII form becomes ``?``."""
    plain = unicodedata.normalize("NFKD", text)
    kept = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return kept.encode("ascii", "replace").decode()
