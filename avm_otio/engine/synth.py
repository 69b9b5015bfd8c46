"""What the starter library's sounds are made of: tones, noise, envelopes, room, level. All at 48 kHz.

A voice is mono, ``samples``; a mix is stereo, ``2 × samples``. Randomness comes from a sound's own name, so
a library is the same each time it is made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avm_otio.engine.decoding import SOUND_RATE_HZ

Wave = NDArray[np.floating[Any]]

_EASY_SIZE = 4096
"""Fourier transforms of multiples of it are fast."""


def dice(name: str) -> np.random.Generator:
    """A source of chance that is the same for the same name."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big"))


def span(seconds: float) -> int:
    """Seconds as samples."""
    return round(seconds * SOUND_RATE_HZ)


def clock(seconds: float) -> Wave:
    """The time of each sample, in seconds."""
    return np.arange(span(seconds), dtype=np.float32) / np.float32(SOUND_RATE_HZ)


def hertz(pitch: float) -> float:
    """A MIDI pitch as a frequency; 69 is 440 Hz."""
    return float(440.0 * 2.0 ** ((pitch - 69) / 12))


def tones(
    seconds: float,
    frequencies_hz: Sequence[float],
    levels: Sequence[float],
    decays: Sequence[float] | None = None,
) -> Wave:
    """A sum of sines, each falling at its own pace (per second); what lies over 18 kHz is left out."""
    time = clock(seconds)
    out = np.zeros(len(time), np.float32)
    for number, (frequency_hz, level) in enumerate(zip(frequencies_hz, levels, strict=True)):
        if frequency_hz < 18_000:
            partial = np.sin(np.float32(2 * np.pi * frequency_hz) * time)
            if decays is not None:
                partial *= np.exp(np.float32(-decays[number]) * time)
            out += np.float32(level) * partial
    return out


def glide(seconds: float, start_hz: float, end_hz: float, pace: float) -> Wave:
    """A sine that goes from one frequency to another, ``pace`` times e a second."""
    time = clock(seconds)
    frequency_hz = end_hz + (start_hz - end_hz) * np.exp(-pace * time)
    wave: Wave = np.sin(2 * np.pi * np.cumsum(frequency_hz) / SOUND_RATE_HZ).astype(np.float32)
    return wave


def noise(
    seconds: float, chance: np.random.Generator, low_hz: float, high_hz: float, tilt: float = 0.0
) -> Wave:
    """Noise between two frequencies with soft edges; ``tilt`` is its slope in powers of the frequency."""
    samples = span(seconds)
    size = -(-samples // _EASY_SIZE) * _EASY_SIZE
    spectrum = np.fft.rfft(chance.standard_normal(size, dtype=np.float32))
    frequencies_hz = np.maximum(np.fft.rfftfreq(size, 1 / SOUND_RATE_HZ), 1.0).astype(np.float32)
    shape = (frequencies_hz / 1000.0) ** np.float32(tilt)
    shape /= (1 + (low_hz / frequencies_hz) ** 4) * (1 + (frequencies_hz / high_hz) ** 4)
    return levelled(np.fft.irfft(spectrum * shape, size)[:samples].astype(np.float32))


def moving_noise(seconds: float, chance: np.random.Generator, centre_hz: Wave, width_octaves: float) -> Wave:
    """Noise whose middle moves: ``centre_hz`` gives it for each sample."""
    out = np.zeros(span(seconds), np.float32)
    for band_hz in np.geomspace(80, 12_000, 16):
        near = np.exp(-0.5 * (np.log2(centre_hz / band_hz) / width_octaves) ** 2)
        out += near.astype(np.float32) * noise(seconds, chance, band_hz / 1.25, band_hz * 1.25)
    return levelled(out)


def shaped(wave: Wave, attack_s: float, release_s: float) -> Wave:
    """A wave that comes in and goes out on raised cosines."""
    out = wave.copy()
    attack, release = (min(span(length), wave.shape[-1] // 2) for length in (attack_s, release_s))
    out[..., :attack] *= _half_cosine(attack)
    if release:
        out[..., -release:] *= _half_cosine(release)[::-1]
    return out


@cache
def _half_cosine(samples: int) -> Wave:
    rise: Wave = (0.5 - 0.5 * np.cos(np.pi * np.arange(samples) / max(samples, 1))).astype(np.float32)
    return rise


def levelled(wave: Wave, peak: float = 1.0) -> Wave:
    """A wave with its highest point at ``peak``, and without direct current."""
    centred = wave - wave.mean(axis=-1, keepdims=True)
    out: Wave = centred * np.float32(peak / max(float(np.abs(centred).max()), 1e-9))
    return out


def panned(wave: Wave, place: float) -> Wave:
    """A voice in the stereo field, −1 left to 1 right, at constant power."""
    angle = (place + 1) * np.pi / 4
    return np.stack([wave * np.float32(np.cos(angle)), wave * np.float32(np.sin(angle))])


def widened(seconds: float, left: Wave, right: Wave) -> Wave:
    """Two voices as the sides of a mix, both to a length."""
    return np.stack([fitted(left, span(seconds)), fitted(right, span(seconds))])


def fitted(wave: Wave, samples: int) -> Wave:
    """A wave cut or filled with silence to a length."""
    short = wave[..., :samples]
    return np.pad(short, [(0, 0)] * (wave.ndim - 1) + [(0, samples - short.shape[-1])])


def lay_in(mix: Wave, wave: Wave, at_s: float, level: float = 1.0) -> None:
    """Add a stereo wave to a mix from a moment on; what goes past its end is lost."""
    first = span(at_s)
    piece = wave[:, : max(0, mix.shape[1] - first)]
    mix[:, first : first + piece.shape[1]] += np.float32(level) * piece


def in_room(mix: Wave, chance: np.random.Generator, seconds: float, share: float) -> Wave:
    """A mix in a room that rings for so long: reverberation from noise that dies away."""
    time = clock(seconds)
    samples = mix.shape[1]
    block = min(1 << (len(time) - 1).bit_length(), 1 << (samples - 1).bit_length())
    size = 1 << (block + len(time) - 2).bit_length()
    wet = np.zeros((2, samples + size), np.float32)
    for side in range(2):
        tail = noise(seconds, chance, 150, 6000, -0.3) * np.exp(-6.9 * time / seconds)
        response = np.fft.rfft(tail / np.sqrt((tail**2).sum()), size)
        for start in range(0, samples, block):
            dry = np.fft.rfft(mix[side, start : start + block], size)
            wet[side, start : start + size] += np.fft.irfft(dry * response, size)
    return mix * np.float32(1 - 0.3 * share) + np.float32(share) * wet[:, :samples]


def limited(mix: Wave, ceiling: float) -> Wave:
    """A mix whose loud points are rounded off below a ceiling; what is quiet stays as it is."""
    knee = 0.7 * ceiling
    over = np.maximum(np.abs(mix) - knee, 0)
    rounded = knee + (ceiling - knee) * np.tanh(over / (ceiling - knee))
    out: Wave = np.where(over > 0, np.sign(mix) * rounded, mix).astype(np.float32)
    return out
