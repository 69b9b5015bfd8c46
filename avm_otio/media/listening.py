"""Listening to a sound file: how loud it is, where it begins, strikes and ends, what music it is made of.

What it finds are the values of ``mix.heard``. ``media.heard_json`` keeps them beside the file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from avm_otio.errors import MediaError
from avm_otio.media.attack import shape_of
from avm_otio.media.decode import Samples
from avm_otio.media.features import Watcher
from avm_otio.media.heard_json import as_kept
from avm_otio.media.loudness import Meter
from avm_otio.media.music import music_of
from avm_otio.media.probe import MediaInfo, probe
from avm_otio.media.stereo_reader import StereoReader
from avm_otio.mix.heard import Heard
from avm_otio.timeline.model import SAMPLE_RATE_HZ

_BLOCK = 5 * SAMPLE_RATE_HZ
_HEAD_BLOCKS = 6
"""The first 30 s are kept to look at once more: most attacks lie there, and few coders can be sought."""

_TAIL_BLOCKS = 2

_LOUDEST = 1e6
"""120 dB above full scale: floating-point files may go above it, but no sound does so far."""


def hear(
    path: Path, *, music: bool = False, fine: bool = True, check: Callable[[], None] = lambda: None
) -> Heard:
    """Listen to a sound, once through, as a mix at 48 kHz stereo plays it.

    Args:
        path: The file. Of a film its sound, from its first frame on.
        music: Whether to find out what it is made of as a piece of music, too.
        fine: Whether its power in steps of 10 ms is kept, too: of what is laid.
        check: Called every 5 seconds of sound; may raise to break off.

    Returns:
        Of silence: everything is at 0.

    Raises:
        MediaError: It cannot be read, or holds no sound.
    """
    watcher = Watcher() if music else None
    heard = attend(probe(path), watcher, check=check)
    if watcher is not None:
        found = music_of(watcher.finish(), heard.curve, heard.begins_us, heard.ends_us)
        heard = replace(heard, music=found)
    return as_kept(heard if fine else replace(heard, grains=()))


def attend(
    info: MediaInfo, watcher: Watcher | None, *, peaks: bool = True, check: Callable[[], None] = lambda: None
) -> Heard:
    """Listen to a sound once through, as ``hear`` does, without finding out what music it is made of.

    Args:
        info: The file, probed.
        watcher: Watches it, too; it is the caller's to finish.
        peaks: Whether true peaks are wanted: most of the work.
        check: Called every 5 seconds of sound; may raise to break off.

    Raises:
        MediaError: It cannot be read, or holds no sound.
    """
    path = info.path
    if not info.audio:
        raise MediaError(f"{path} holds no sound that can be decoded.", "Give a sound file.")
    reader = StereoReader(info, ())
    try:
        meter, kept = Meter(2, peaks=peaks), _Kept(reader)
        for block in reader.blocks(_BLOCK, check):
            _refuse_senseless(block, kept.samples, path)
            meter.add(block)
            kept.add(block)
            if watcher is not None:
                watcher.add(block)
        if not kept.samples:
            raise MediaError(f"{path} holds no sound that decodes.", "Give a whole, readable file.")
        curve, grains = meter.finish()
        shape = shape_of(grains, kept.samples, kept.look)
    finally:
        reader.close()
    return Heard(
        length_us=_micros(kept.samples),
        curve=curve,
        begins_us=_micros(shape.begins),
        ends_us=_micros(shape.ends),
        is_cut_off=shape.is_cut_off,
        attack_us=_micros(shape.attack),
        peak_us=_micros(shape.peak),
        tail_us=_micros(shape.tail),
        is_rising=shape.is_rising,
        grains=tuple(grains.tolist()),
    )


def _refuse_senseless(block: Samples, at: int, path: Path) -> None:
    """Refuse what is no sound: one sample that is no number would be in every level.

    Raises:
        MediaError: A sample is no number, or louder than anything is.
    """
    loudest = float(np.abs(block).max(initial=0))
    if not loudest <= _LOUDEST:  # "not a number" is not less, either
        raise MediaError(
            f"What sounds in {path} from {at / SAMPLE_RATE_HZ:g} s on is no number, or no sound.",
            "Give another file.",
        )


def _micros(samples: int) -> int:
    return round(samples * 1_000_000 / SAMPLE_RATE_HZ)


class _Kept:
    """The beginning and the end of what was heard, to look at once more; the rest is read again."""

    def __init__(self, reader: StereoReader) -> None:
        self._reader = reader
        self._head: list[Samples] = []
        self._tail: deque[Samples] = deque(maxlen=_TAIL_BLOCKS)
        self.samples = 0

    def add(self, block: Samples) -> None:
        if len(self._head) < _HEAD_BLOCKS:
            self._head.append(block)
        self._tail.append(block)
        self.samples += len(block)

    def look(self, start: int, end: int) -> Samples:
        for kept, first in ((self._head, 0), (self._tail, self.samples - sum(map(len, self._tail)))):
            if first <= start and end <= first + sum(map(len, kept)):
                return np.concatenate(kept)[start - first : end - first]
        return self._reader.read(start, end - start)
