"""Films made for these tests: moving noise with hard cuts at known frames, clicks at known samples."""

from __future__ import annotations

import wave
from collections.abc import Collection, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

RATE_HZ = 48_000
NTSC = Fraction(24000, 1001)


def make_film(
    path: Path,
    *,
    frames: int = 240,
    cuts: Collection[int] = (40, 90, 150, 200),
    rate: Fraction = NTSC,
    sound: NDArray[np.float32] | None = None,
    sound_late_samples: int = 0,
) -> Path:
    chance = np.random.default_rng(5)
    with av.open(str(path), "w") as container:
        picture = container.add_stream(
            "libx264", rate=rate, options={"bf": "2", "preset": "ultrafast", "crf": "20"}
        )
        picture.width, picture.height, picture.pix_fmt = 320, 180, "yuv420p"
        voice = container.add_stream("pcm_s16le", rate=RATE_HZ, layout="mono") if sound is not None else None
        scene = 0
        for number in range(frames):
            if number == 0 or number in cuts:
                coarse = chance.integers(20, 235, (12, 24)).astype(np.uint8)
                world = np.kron(coarse, np.ones((20, 20), np.uint8))
                scene = number
            moved = np.roll(world, (number - scene) * 2, axis=1)[:180, :320]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(moved), format="gray").reformat(
                format="yuv420p"
            )
            frame.pts, frame.time_base = number, 1 / rate
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
        if voice is not None and sound is not None:
            for start in range(0, len(sound), 4800):
                piece = (np.clip(sound[start : start + 4800], -1, 1) * 32_767).astype(np.int16)[None]
                block = av.AudioFrame.from_ndarray(piece, format="s16", layout="mono")
                block.sample_rate, block.time_base = RATE_HZ, Fraction(1, RATE_HZ)
                block.pts = start + sound_late_samples
                container.mux(voice.encode(block))
            container.mux(voice.encode(None))
    return path


def clicks(seconds: float, at_samples: Sequence[int]) -> NDArray[np.float32]:
    chance = np.random.default_rng(9)
    sound = 0.001 * chance.standard_normal(round(seconds * RATE_HZ)).astype(np.float32)
    burst = chance.uniform(-0.8, 0.8, 1200) * np.exp(-np.arange(1200) / 250)
    for at in at_samples:
        sound[at : at + 1200] += burst.astype(np.float32)
    return sound


def speech_like(seconds: float) -> NDArray[np.float32]:
    """Vowels with a moving pitch and moving formants, in syllables and words."""
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    pitch = 120 + 25 * np.sin(2 * np.pi * 0.7 * time)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
    low, high = 500 + 200 * np.sin(2 * np.pi * 1.3 * time), 1500 + 500 * np.sin(2 * np.pi * 0.9 * time)
    voice = np.zeros_like(time)
    for k in range(1, 25):
        formants = np.exp(-0.5 * ((k * pitch - low) / 150) ** 2) + 0.6 * np.exp(
            -0.5 * ((k * pitch - high) / 250) ** 2
        )
        voice += (formants + 0.02) * np.sin(k * phase)
    voice *= np.maximum(0, np.sin(2 * np.pi * 2.1 * time)) ** 0.7 * (np.sin(2 * np.pi * 0.31 * time) > -0.6)
    return (0.4 * voice / np.abs(voice).max()).astype(np.float32)


def read_wav(path: Path) -> NDArray[np.float32]:
    with wave.open(str(path)) as file:
        data = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32_768
        return data.reshape(-1, file.getnchannels()).T


def write_wav(path: Path, mono: NDArray[np.float32]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((np.clip(mono, -1, 1) * 32_767).astype("<i2").tobytes())
    return path
