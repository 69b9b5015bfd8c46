"""Sounds that can be told apart, and where they are heard in a mix.

Each sound is noise of its own seed, left and right different: its cross-correlation with a mix has one sharp
peak, at the sample where it lies.
"""

from __future__ import annotations

import itertools
import wave
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

RATE_HZ = 48_000

Sound = npt.NDArray[np.float64]
"""Samples by channels, full scale 1."""


def noise(seed: int, seconds: float, channels: int = 2, level: float = 0.1) -> Sound:
    """Noise that no other seed makes."""
    return (
        np.random.default_rng(seed).normal(0.0, level, (round(seconds * RATE_HZ), channels)).clip(-0.9, 0.9)
    )


def write_wav(path: Path, sound: Sound) -> Path:
    """A 16-bit WAV."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(sound.shape[1])
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((sound * 32767).round().astype("<i2").tobytes())
    return path


def read_wav(path: Path) -> Sound:
    """A WAV of 16 or 24 bits; its rate must be ours."""
    with av.open(str(path)) as file:
        stream = file.streams.audio[0]
        assert stream.codec_context.sample_rate == RATE_HZ
        assert stream.codec_context.name in ("pcm_s16le", "pcm_s24le")
        blocks = [frame.to_ndarray() for frame in file.decode(stream)]
        full_scale = 2.0 ** (8 * blocks[0].itemsize - 1)
        return np.concatenate(blocks, axis=1).reshape(-1, stream.codec_context.channels) / full_scale


@dataclass(frozen=True, slots=True)
class Heard:
    """One sound in one channel of a mix.

    Attributes:
        at: The sample of the mix at which its first sample lies.
        gain: How loud it is there, 1 as it was.
        likeness: How much of the loudness there is this sound: 1 when nothing else is, about 0 by chance.
    """

    at: int
    gain: float
    likeness: float

    @property
    def seconds(self) -> float:
        return self.at / RATE_HZ

    @property
    def gain_db(self) -> float:
        return float(20 * np.log10(max(self.gain, 1e-9)))


def hear(mix: Sound, sound: npt.NDArray[np.float64], channel: int = 0) -> Heard:
    """Where a channel of a mix has a sound (one channel of it), wherever it fits best."""
    heard = mix[:, channel]
    size = 1 << int(np.ceil(np.log2(len(heard) + len(sound))))
    product = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(sound, size))
    correlation = np.fft.irfft(product, size)
    correlation = np.concatenate((correlation[-len(sound) :], correlation[: len(heard)]))
    at = int(np.argmax(np.abs(correlation))) - len(sound)
    return heard_at(mix, sound, at, channel)


def heard_at(mix: Sound, sound: npt.NDArray[np.float64], at: int, channel: int = 0) -> Heard:
    """How loud a sound is at a sample of a mix."""
    first, last = max(at, 0), min(at + len(sound), len(mix))
    there = mix[first:last, channel]
    part = sound[first - at : last - at]
    energy = float(part @ part)
    shared = float(there @ part)
    everything = float(there @ there)
    likeness = abs(shared) / np.sqrt(energy * everything) if energy and everything else 0.0
    return Heard(at, shared / energy if energy else 0.0, float(likeness))


def gains_over(
    mix: Sound, sound: npt.NDArray[np.float64], at: int, count: int, channel: int = 0
) -> npt.NDArray[np.float64]:
    """How loud each of ``count`` equal parts of a sound is: the shape of a fade."""
    edges = np.linspace(0, len(sound), count + 1).round().astype(int)
    return np.array(
        [
            heard_at(mix, sound[first:last], at + first, channel).gain
            for first, last in itertools.pairwise(edges)
        ]
    )
