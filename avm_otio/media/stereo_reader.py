"""Channels of a media file as the film hears them: 48 kHz stereo, from any sample on, mostly forward."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction

import av
import numpy as np

from avm_otio.media.containers import FAULTS, reopened, sound_streams
from avm_otio.media.decode import PREROLL_S, Samples, ToDoubles, decoded, seeks_exactly
from avm_otio.media.downmix import Weights, by_ffmpeg, sides
from avm_otio.media.probe import MediaInfo
from avm_otio.timeline.model import SAMPLE_RATE_HZ

_NEAR_SAMPLES = 4 * SAMPLE_RATE_HZ
"""A jump ahead of up to this is decoded through rather than sought."""

_KEPT_SAMPLES = SAMPLE_RATE_HZ // 4
"""Kept behind the last sample read: resampled sound reads its neighbourhood again."""


class StereoReader:
    """Channels of one file at 48 kHz stereo; positions in samples since the file's first frame.

    Args:
        info: The file; it has sound.
        channels: Which channels are heard, and how, as ``SoundSegment`` says; empty for the file's own sound.
    """

    def __init__(self, info: MediaInfo, channels: tuple[int, ...]) -> None:
        self.info, self.channels = info, channels
        self._streams = [
            _Stream(info, number, weights) for number, weights in _streams_heard(info, channels).items()
        ]

    def read(self, start: int, count: int) -> Samples:
        """``count`` samples from ``start``; silence where the file has none."""
        if len(self._streams) == 1:
            return np.broadcast_to(self._streams[0].read(start, count), (count, 2))
        both = np.zeros((count, 2), np.float32)
        for stream in self._streams:
            both += stream.read(start, count)
        return both

    def blocks(self, size: int, check: Callable[[], None] = lambda: None) -> Iterator[Samples]:
        """All of it from file time 0 to its end, ``size`` samples at a time; the last block has the rest.

        Args:
            size: How much at a time.
            check: Called before each block; may raise to break off.
        """
        start = 0
        while True:
            check()
            block = self.read(start, size)
            ends = [stream.end for stream in self._streams]
            stated = [end for end in ends if end is not None]
            if len(stated) == len(ends) and max(stated, default=0) <= start + size:
                rest = max(stated, default=0) - start
                if rest > 0:
                    yield block[:rest]
                return
            yield block
            start += size

    def close(self) -> None:
        """Let go of the file."""
        for stream in self._streams:
            stream.close()


def _streams_heard(info: MediaInfo, channels: tuple[int, ...]) -> dict[int, Weights | None]:
    """The streams in which some channels of a file lie, by number, and how these come into the mix.

    Args:
        info: The file.
        channels: The channels, as ``SoundSegment`` counts them. One that the file lacks is silence.

    Returns:
        ``None`` for a stream that FFmpeg is to bring to mono or stereo, whole, as it does.
    """
    places = info.channel_places
    if channels:
        heard = [places[channel] if channel < len(places) else None for channel in channels]
    elif len(info.audio) > 1 and all(audio.channels == 1 for audio in info.audio):
        heard = [*places[:2]]
    else:
        heard = [place for place in places if place[0] == 0]
    for number, audio in enumerate(info.audio):
        is_whole = heard == [(number, column) for column in range(audio.channels)]
        if is_whole and by_ffmpeg(audio.layout):
            return {number: None}
    weights_of = sides(info, heard)
    streams: dict[int, Weights | None] = {}
    for number, audio in enumerate(info.audio):
        weights = np.zeros((audio.channels, weights_of.shape[1]))
        for place, row in zip(heard, weights_of, strict=True):
            if place is not None and place[0] == number:
                weights[place[1]] += row
        if weights.any():
            streams[number] = weights
    return streams


class _Stream:
    """One sound stream of a file, decoded and resampled, read mostly forward.

    ``end`` is the position after its last sample; ``None`` before it was come upon.
    """

    def __init__(self, info: MediaInfo, number: int, weights: Weights | None) -> None:
        self._info = info
        self._number = number
        self._weights = weights
        audio = info.audio[number]
        self._rate_hz = audio.sample_rate_hz
        self._channels = min(audio.channels, 2) if weights is None else weights.shape[1]
        self._layout = "mono" if self._channels == 1 else "stereo"
        self._held: Samples = np.zeros((0, self._channels), np.float32)
        self._held_start = 0
        self._at_first = True
        self.end: int | None = None
        self._chunks: Iterator[Samples] = iter(())
        self._start_over()

    def close(self) -> None:
        self._container.close()

    def read(self, start: int, count: int) -> Samples:
        held_end = self._held_start + len(self._held)
        before = start < self._held_start and not self._at_first
        if before or start > held_end + _NEAR_SAMPLES:
            self._seek(start)
        self._fill(start + count, keep_from=start - _KEPT_SAMPLES)
        result = np.zeros((count, self._channels), np.float32)
        low, high = max(start, self._held_start), min(start + count, self._held_start + len(self._held))
        if low < high:
            result[low - start : high - start] = self._held[low - self._held_start : high - self._held_start]
        return result

    def _fill(self, end: int, keep_from: int) -> None:
        parts = [self._held]
        held_end = self._held_start + len(self._held)
        while held_end < end:
            chunk = next(self._chunks, None)
            if chunk is None:
                self.end = held_end
                break
            parts.append(chunk)
            held_end += len(chunk)
            while len(parts) > 1 and self._held_start + len(parts[0]) < keep_from:
                self._held_start += len(parts.pop(0))
                self._at_first = False
        self._held = np.concatenate(parts) if len(parts) > 1 else parts[0]
        drop = keep_from - self._held_start
        if 0 < drop < len(self._held):
            self._held, self._held_start, self._at_first = self._held[drop:], keep_from, False

    def _seek(self, start: int) -> None:
        target = Fraction(start, SAMPLE_RATE_HZ) + self._info.zero - PREROLL_S
        stream = sound_streams(self._container)[self._number]
        if stream.time_base is not None and target > 0 and seeks_exactly(self._info, self._number):
            with suppress(*FAULTS, OSError):
                self._container.seek(math.floor(target / stream.time_base), stream=stream)
                if self._begin() and self._held_start <= start:
                    self._at_first = False
                    return
        self._container.close()
        self._start_over()

    def _start_over(self) -> None:
        self._container = reopened(self._info.path)
        self._at_first = True
        self._begin()

    def _begin(self) -> bool:
        """Start decoding where the container stands; whether there is anything."""
        self._held_start = 0
        self._held = np.zeros((0, self._channels), np.float32)
        native = self._native()
        first = next(native, None)
        if first is None:
            self._chunks = iter(())
            return False
        # 48 kHz positions are whole only at every so many source samples: begin at such a one.
        position, samples = first
        grid = self._rate_hz // math.gcd(self._rate_hz, SAMPLE_RATE_HZ)
        skip = -position % grid
        self._held_start = (position + skip) // grid * (SAMPLE_RATE_HZ * grid // self._rate_hz)
        self._chunks = self._resampled(samples, native, skip)
        return True

    def _native(self) -> Iterator[tuple[int, Samples]]:
        """Decoded sound at its own rate, without holes, each part with its position."""
        to_float = av.AudioResampler("fltp", self._layout, self._rate_hz)
        form: tuple[str, str, int] | None = None

        def floats(frame: av.AudioFrame) -> Samples | None:
            nonlocal to_float, form
            now = frame.format.name, frame.layout.name, frame.sample_rate
            if form not in (None, now):  # the sound changes its form within the file
                to_float = av.AudioResampler("fltp", self._layout, self._rate_hz)
            form = now
            parts = [*map(_samples, to_float.resample(frame))]
            return np.concatenate(parts) if parts else None

        convert = floats if self._weights is None else self._weighted(self._weights)
        return decoded(self._container, self._number, self._rate_hz, self._info.zero, convert)

    def _weighted(self, weights: Weights) -> Callable[[av.AudioFrame], Samples | None]:
        to_doubles = ToDoubles(self._rate_hz, len(weights))
        columns = np.flatnonzero(weights.any(axis=1))  # what is not heard must not count, not even as NaN

        def mixed(frame: av.AudioFrame) -> Samples | None:
            samples = to_doubles(frame)
            return None if samples is None else (samples[:, columns] @ weights[columns]).astype(np.float32)

        return mixed

    def _resampled(self, first: Samples, rest: Iterator[tuple[int, Samples]], skip: int) -> Iterator[Samples]:
        to_48k = av.AudioResampler("fltp", self._layout, SAMPLE_RATE_HZ)
        samples: Samples | None = first
        while samples is not None:
            part, skip = samples[skip:], max(skip - len(samples), 0)
            if self._rate_hz == SAMPLE_RATE_HZ:
                yield part
            elif len(part):
                frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(part.T), "fltp", self._layout)
                frame.sample_rate = self._rate_hz
                yield from map(_samples, to_48k.resample(frame))
            samples = next((later for _, later in rest), None)
        if self._rate_hz != SAMPLE_RATE_HZ:
            yield from map(_samples, to_48k.resample(None))


def _samples(frame: av.AudioFrame) -> Samples:
    return np.asarray(frame.to_ndarray().T, np.float32)
