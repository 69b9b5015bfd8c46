"""Stems of a mix: dialogue, music and effects as Broadcast WAVs, in one pass with the mix itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import numpy as np

from avm_otio.errors import OutputError
from avm_otio.files import make_folder, unwritable, whole
from avm_otio.media import broadcast_wav
from avm_otio.media.broadcast_wav import BYTES_A_SAMPLE, ORIGINATOR, Origin
from avm_otio.media.decode import Doubles
from avm_otio.media.film_sound import Buses
from avm_otio.media.wav import packed
from avm_otio.timeline.model import SAMPLE_RATE_HZ

NAMES = ("DX", "MX", "FX", "ME")
"""Dialogue (the timeline's own sound and what took its place), music, effects; music and effects."""

_FULL_SCALE = 1 << 23
_CHANNELS = 2
_HISTORY = f"A=PCM,F={SAMPLE_RATE_HZ},W=24,M=stereo,T={ORIGINATOR}\r\n"


class Stems:
    """Four files of one length: stereo, 48 kHz, 24 bit; RF64 where 4 GiB do not suffice.

    DX, MX and FX add up to the mix, to the rounding of each; ME is MX and FX added, step for step.

    Args:
        folder: Where they go; made where it is not there.
        name: What their names begin with: ``<name>_DX.wav``.
        time_reference: Samples since midnight at their first sample.
    """

    def __init__(self, folder: Path, name: str, time_reference: int) -> None:
        self._folder, self._name = folder, name
        self._time_reference = time_reference
        self.paths = tuple(folder / f"{name}_{stem}.wav" for stem in NAMES)
        self._files: list[BinaryIO] = []

    @contextmanager
    def written(self, samples: int) -> Iterator[None]:
        """Open all of them; they are there when this ends, whole, or none is if it fails.

        Args:
            samples: How long they become.

        Raises:
            OutputError: They cannot be written, or the disk has no room for them.
        """
        make_folder(self._folder)
        self._refuse_full(samples * _CHANNELS * BYTES_A_SAMPLE * len(self.paths))
        made = datetime.now()
        with ExitStack() as stack:
            self._files = [
                stack.enter_context(stack.enter_context(whole(path)).open("wb")) for path in self.paths
            ]
            for stem, file in zip(NAMES, self._files, strict=True):
                origin = Origin(self._time_reference, f"{self._name} {stem}", history=_HISTORY)
                broadcast_wav.begin(file, _CHANNELS, origin, made)
            yield
            for path, file in zip(self.paths, self._files, strict=True):
                with _naming(path):
                    broadcast_wav.finish(file, samples, _CHANNELS)

    def write(self, block: Buses) -> Iterator[tuple[str, Doubles]]:
        """Write one block of each.

        Args:
            block: Dialogue, music and effects; what is above full scale is cut off there.

        Yields:
            Each stem's name and samples, before anything is cut off.

        Raises:
            OutputError: It cannot be written.
        """
        dialogue, music, effects = np.rint(block.astype(np.float64) * _FULL_SCALE) / _FULL_SCALE
        sums = (dialogue, music, effects, music + effects)
        for name, path, file, samples in zip(NAMES, self.paths, self._files, sums, strict=True):
            with _naming(path):
                file.write(packed(samples).tobytes())
            yield name, samples

    def _refuse_full(self, size_bytes: int) -> None:
        free = shutil.disk_usage(self._folder).free
        if size_bytes > free:
            raise OutputError(
                f"The stems come to {size_bytes / 1e9:.1f} GB, and the disk of {self._folder} has "
                f"{free / 1e9:.1f} GB left.",
                "Choose a folder on another disk.",
            )


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Name the stem that a full disk ends."""
    try:
        yield
    except OSError as error:
        raise unwritable(path, error) from error
