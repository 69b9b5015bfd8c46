"""Sync pops: one frame of 1 kHz, by which sound and picture are laid together; made, put in, and found.

The tone has a peak of −20 dBFS, which is −20 dBFS by AES17 as well (a sine at full scale is 0 there). It
begins half a sample into its period: its first sample sounds, and whoever looks for it finds the very one.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from avm_otio.errors import OutputError
from avm_otio.files import unwritable, whole
from avm_otio.media import broadcast_wav
from avm_otio.media.broadcast_wav import BYTES_A_SAMPLE, ORIGINATOR, Origin, read_header
from avm_otio.media.wav import packed
from avm_otio.timeline.model import SAMPLE_RATE_HZ

POP_HZ = 1_000
POP_DBFS = -20.0
_HALF = 0.5
_HISTORY = f"A=PCM,F={SAMPLE_RATE_HZ},W=24,M=mono,T={ORIGINATOR}\r\n"
_AROUND = 4_000
"""Samples on either side in which a pop that is not in its place is looked for: two frames at 24."""

_NEAR = 2
"""Steps of 24 bit by which a sample may differ from ours: programs round."""


def tone(count: int) -> npt.NDArray[np.float64]:
    """The samples of a pop."""
    turns = (np.arange(count) + _HALF) * POP_HZ / SAMPLE_RATE_HZ
    return np.sin(2 * np.pi * turns) * 10 ** (POP_DBFS / 20)


def write_pop(path: Path, count: int, time_reference: int) -> None:
    """Write a pop as a mono Broadcast WAV.

    Args:
        path: The file.
        count: Its length in samples.
        time_reference: Samples since midnight at its first sample.

    Raises:
        OutputError: It cannot be written.
    """
    origin = Origin(time_reference, "Sync pop", history=_HISTORY)
    with whole(path) as temporary, temporary.open("wb") as file:
        broadcast_wav.begin(file, 1, origin, datetime.now())
        file.write(packed(tone(count)[:, None]).tobytes())
        broadcast_wav.finish(file, count, 1)


def put_pop(path: Path, at: int, count: int) -> None:
    """Put a pop into a WAV of ours, on every channel, in the place of what is there.

    Args:
        path: The file.
        at: The pop's first sample.
        count: Its length in samples.

    Raises:
        OutputError: It is no WAV of ours, or cannot be written.
    """
    place = read_header(path)
    if place is None or at < 0 or at + count > place.samples:
        raise OutputError(f"{path} has no room for a sync pop.", "Make it again.")
    block = np.repeat(tone(count)[:, None], place.channels, axis=1)
    try:
        with path.open("r+b") as file:
            file.seek(place.offset + at * place.channels * BYTES_A_SAMPLE)
            file.write(packed(block).tobytes())
    except OSError as error:
        raise unwritable(path, error) from error


def pop_offset(path: Path, at: int, count: int, *, alone: bool = True) -> int | None:
    """How many samples a pop in a 24-bit WAV is from its place; ``None`` where there is none near it.

    Args:
        path: The file.
        at: Where its first sample is meant to be.
        count: How long it is meant to be.
        alone: Whether it must be silent right before and after it: a longer one is none.
    """
    place = read_header(path)
    if place is None or place.bits != 8 * BYTES_A_SAMPLE:
        return None
    first, last = max(0, at - _AROUND), min(place.samples, at + count + _AROUND)
    if last - first < count:
        return None
    with path.open("rb") as file:
        file.seek(place.offset + first * place.channels * BYTES_A_SAMPLE)
        data = file.read((last - first) * place.channels * BYTES_A_SAMPLE)
    steps = whole_steps(data).reshape(-1, place.channels)
    wanted = np.rint(tone(count) * (1 << 23))
    sounding = np.abs(steps).max(axis=1) > _NEAR
    if not sounding.any():
        return None
    starts = [at - first, int(np.argmax(sounding))]
    for start in starts:
        part = steps[start : start + count]
        if start < 0 or len(part) < count or np.abs(part - wanted[:, None]).max() > _NEAR:
            continue
        beside = np.concatenate([sounding[max(0, start - 1) : start], sounding[start + count :][:1]])
        if not alone or not beside.any():
            return start + first - at
    return None


def whole_steps(data: bytes) -> npt.NDArray[np.int32]:
    """24-bit samples as whole numbers."""
    count = len(data) // BYTES_A_SAMPLE
    padded = np.zeros((count, 4), np.uint8)
    padded[:, 1:] = np.frombuffer(data, np.uint8, count * BYTES_A_SAMPLE).reshape(-1, BYTES_A_SAMPLE)
    steps: npt.NDArray[np.int32] = padded.view("<i4").reshape(-1) >> 8
    return steps
