"""Stretches of a mix and of single sounds, in any order, as plain samples: what a page plays by pieces."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np

from avm_otio.media.decode import Samples
from avm_otio.media.film import Sources
from avm_otio.media.film_sound import mixed
from avm_otio.media.probe import MediaInfo
from avm_otio.media.stereo_reader import StereoReader

_MOST_OPEN = 12


class MixStretches:
    """The sum of a plan's sounds, stretch by stretch; for several threads.

    Args:
        sources: The plan and its media.
    """

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._lock = threading.Lock()
        self._idle: list[StereoReader] = []

    def read(self, first: int, count: int) -> Samples:
        """Samples at 48 kHz stereo from a sample of the plan on.

        Raises:
            MediaError: A sound cannot be read.
        """
        sources = self._sources
        with self._lock:
            blocks = mixed(
                sources.plan,
                sources.infos,
                sources.clocks,
                first=first,
                end=first + count,
                idle=self._idle,
            )
            parts = [block[0] for block in blocks]
            while len(self._idle) > _MOST_OPEN:
                self._idle.pop(0).close()
        return np.concatenate(parts) if parts else np.zeros((0, 2), np.float32)

    def close(self) -> None:
        """Let go of the media."""
        with self._lock:
            while self._idle:
                self._idle.pop().close()


class SoundStretches:
    """Single sounds, stretch by stretch, the last few of them open; for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[tuple[str, Sequence[int]], StereoReader] = {}

    def read(self, info: MediaInfo, channels: tuple[int, ...], first: int, count: int) -> Samples:
        """Samples of a file at 48 kHz stereo, as ``StereoReader`` gives them.

        Raises:
            MediaError: It cannot be read.
        """
        key = (str(info.path), channels)
        with self._lock:
            reader = self._open.pop(key, None) or StereoReader(info, channels)
            self._open[key] = reader
            samples = np.array(reader.read(first, count), np.float32)
            while len(self._open) > _MOST_OPEN:
                self._open.pop(next(iter(self._open))).close()
        return samples

    def close(self) -> None:
        """Let go of all files."""
        with self._lock:
            while self._open:
                self._open.popitem()[1].close()
