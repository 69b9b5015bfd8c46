"""WAV files to the bit: made from whole numbers, and read by their chunks alone."""

from __future__ import annotations

import struct
import wave
from fractions import Fraction as F
from pathlib import Path

import av
import numpy as np


def pcm(path: Path, samples: np.ndarray, rate: int = 48_000, bytes_each: int = 3) -> Path:
    """Whole numbers, shape (samples, channels), as a PCM WAV made by Python's own writer."""
    packed = samples.astype("<i4").view(np.uint8).reshape(*samples.shape, 4)[:, :, :bytes_each]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(bytes_each)
        file.setframerate(rate)
        file.writeframes(packed.tobytes())
    return path


def steps_in(path: Path) -> np.ndarray:
    """The whole numbers of a 24-bit WAV, (samples, channels), by its chunks alone."""
    chunks = chunks_of(path)
    channels = struct.unpack_from("<H", chunks[b"fmt "], 2)[0]
    raw = np.frombuffer(chunks[b"data"], np.uint8).reshape(-1, channels, 3).astype(np.int32)
    value = raw[..., 0] | raw[..., 1] << 8 | raw[..., 2] << 16
    return np.where(value >= 1 << 23, value - (1 << 24), value)


def chunks_of(path: Path) -> dict[bytes, bytes]:
    data = path.read_bytes()
    assert data[:4] in (b"RIFF", b"RF64")
    assert data[8:12] == b"WAVE"
    at, found, long = 12, {}, 0
    while at < len(data):
        name, size = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        if size == 0xFFFF_FFFF:
            size = long
        found[name] = data[at + 8 : at + 8 + size]
        if name == b"ds64":
            long = struct.unpack_from("<Q", data, at + 16)[0]
        at += 8 + size + size % 2
    assert at == len(data)
    return found


def noise(count: int, channels: int = 2, bits: int = 24) -> np.ndarray:
    most = 1 << (bits - 1)
    return np.random.default_rng(7).integers(-most, most, (count, channels))


def floating(path: Path, samples: np.ndarray) -> Path:
    """A 32-bit float WAV, (samples, channels)."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("pcm_f32le", rate=48000, layout={1: "mono", 2: "stereo"}[samples.shape[1]])
        packed = np.ascontiguousarray(samples.astype(np.float32)).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, "flt", stream.codec_context.layout.name)
        frame.sample_rate, frame.pts, frame.time_base = 48000, 0, F(1, 48000)
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path
