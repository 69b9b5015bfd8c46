"""Sound files made for tests, and a film's sound as it is mixed, before it is encoded."""

from __future__ import annotations

import wave
from collections.abc import Callable, Sequence
from fractions import Fraction as F
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np

from avm_otio.media.clock import media_clocks
from avm_otio.media.film_sound import mix
from avm_otio.media.probe import MediaInfo, probe
from avm_otio.timeline.plan import ExportPlan
from tests.media.numbered import placed


def noise(seconds: float, sample_rate: int = 48000, seed: int = 1) -> np.ndarray:
    """Band-limited noise: its place in another sound is unmistakable."""
    count = round(seconds * sample_rate)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(count))
    spectrum[np.fft.rfftfreq(count, 1 / sample_rate) > 8000] = 0
    samples = np.fft.irfft(spectrum, count)
    return np.repeat((samples / np.abs(samples).max() * 0.5)[:, None], 2, axis=1).astype(np.float32)


def wav(path: Path, samples: np.ndarray, sample_rate: int = 48000) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(np.rint(samples * 32767).astype("<i2").tobytes())
    return path


def mono_wav(path: Path, sound: np.ndarray, sample_rate: int = 48000) -> Path:
    """One channel, held to full scale."""
    return wav(path, np.clip(sound, -1, 1)[:, None], sample_rate)


def streams(
    path: Path, sounds: Sequence[np.ndarray], layouts: Sequence[str], codec: str = "pcm_s16le"
) -> Path:
    """A file of several sound streams at 48 kHz and 16 bit; a sound is (samples, channels)."""
    with av.open(str(path), "w") as file:
        made = [file.add_stream(codec, rate=48000, layout=layout) for layout in layouts]
        for stream, samples, layout in zip(made, sounds, layouts, strict=True):
            packed = np.rint(samples * 32767).astype(np.int16).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(packed, format="s16", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = 48000, 0, F(1, 48000)
            file.mux(stream.encode(frame))
            file.mux(stream.encode(None))
    return path


def as_stored(samples: np.ndarray) -> np.ndarray:
    """What a 16-bit file holds of samples, full scale 1."""
    return np.rint(samples * 32767).astype(np.int16) / 32768


def mixed(plan: ExportPlan, probed: Callable[[Path], MediaInfo] = probe) -> np.ndarray:
    """The sound of a film before it is encoded, (samples, 2)."""
    infos = {source: probed(path) for source, path in placed(plan).items()}
    return np.concatenate([*mix(plan, infos, media_clocks(plan, infos))])


def sound_of(path: Path) -> np.ndarray:
    """The sound of a film as it decodes, (samples, 2), placed by its timestamps."""
    with av.open(str(path)) as film:
        frames = list(film.decode(audio=0))
    first = round(frames[0].pts * frames[0].time_base * 48000)
    samples = np.concatenate([np.asarray(frame.to_ndarray()).T for frame in frames])
    return np.concatenate([np.zeros((first, 2)), samples]) if first >= 0 else samples[-first:]


def wav_bytes(samples: np.ndarray) -> bytes:
    with TemporaryDirectory() as folder:
        return wav(Path(folder) / "sound.wav", samples).read_bytes()


def tune(seconds: float) -> np.ndarray:
    """A walk by chance: its place in another sound is unmistakable, and no stretch of it is like another."""
    dice = np.random.default_rng(3)
    return np.cumsum(dice.normal(0, 0.02, round(seconds * 48_000))) % 0.5 - 0.25
