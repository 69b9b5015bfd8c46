"""The film's sound: every sound of a plan, exact to the sample, mixed to 48 kHz stereo."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping
from contextlib import suppress
from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt

from avm_otio.media.clock import MediaClock
from avm_otio.media.decoded import PREROLL_S, decoded
from avm_otio.media.probe import MediaInfo, reopened
from avm_otio.timeline.plan import ExportPlan, MediaSource, SoundSegment
from avm_otio.timeline.time import nearest_frame

SAMPLE_RATE_HZ = 48_000
BLOCK_SAMPLES = 2 * SAMPLE_RATE_HZ
"""How much is mixed at a time; memory does not grow with the film."""

_RATE = Fraction(SAMPLE_RATE_HZ)
_NEAR_SAMPLES = 4 * SAMPLE_RATE_HZ
"""A jump ahead of up to this is decoded through rather than sought."""

_KEPT_SAMPLES = SAMPLE_RATE_HZ // 4
"""Kept behind the last sample read: resampled sound reads its neighbourhood again."""

_LOBES = 16
_MOST_LOBES = 64
_CHUNK = 4096
_MOST_IDLE = 8
_KNEE = 0.95

Samples = npt.NDArray[np.float32]
"""Shape (samples, channels); full scale is ±1."""


def mix(
    plan: ExportPlan, infos: Mapping[MediaSource, MediaInfo], clocks: Mapping[MediaSource, MediaClock]
) -> Generator[Samples, None, None]:
    """The film's sound in blocks of ``BLOCK_SAMPLES``, stereo, from film time 0 to its end.

    Mono is heard on both sides at its own level; two or more mono streams are left and right; surround is
    mixed down as FFmpeg does. Fades are linear in amplitude. Sums are kept within full scale by a soft knee
    at 0.95. Speed changes pitch, as tape does.

    Raises:
        MediaError: A sound cannot be read.
    """
    total = nearest_frame(plan.frames / plan.rate, _RATE)
    waiting = [_Voice(segment, clocks[segment.media]) for segment in plan.sound if infos[segment.media].audio]
    waiting.sort(key=lambda voice: voice.first)
    playing: list[tuple[_Voice, _FileSound]] = []
    idle: list[_FileSound] = []
    try:
        for start in range(0, total, BLOCK_SAMPLES):
            end = min(start + BLOCK_SAMPLES, total)
            while waiting and waiting[0].first < end:
                voice = waiting.pop(0)
                playing.append((voice, _from_idle(idle, infos[voice.segment.media])))
            block = np.zeros((end - start, 2), np.float32)
            for voice, sound in playing:
                voice.add_to(block, start, sound)
            idle += [sound for voice, sound in playing if voice.end <= end]
            playing = [pair for pair in playing if pair[0].end > end]
            while len(idle) > _MOST_IDLE:
                idle.pop(0).close()
            yield _limited(block)
    finally:
        for sound in (*idle, *(sound for _, sound in playing)):
            sound.close()


def _from_idle(idle: list[_FileSound], info: MediaInfo) -> _FileSound:
    for sound in idle:
        if sound.info == info:
            idle.remove(sound)
            return sound
    return _FileSound(info)


def _limited(block: Samples) -> Samples:
    over = np.abs(block) > _KNEE
    if over.any():
        room = 1 - _KNEE
        loud = block[over]
        block[over] = np.sign(loud) * (_KNEE + room * np.tanh((np.abs(loud) - _KNEE) / room))
    return block


class _Voice:
    """One segment of the mix; film times in samples."""

    def __init__(self, segment: SoundSegment, clock: MediaClock) -> None:
        self.segment = segment
        self.first = max(nearest_frame(segment.start, _RATE), 0)
        self.end = nearest_frame(segment.end, _RATE)
        self._step = segment.speed * clock.scale
        at_start = clock.file_time(segment.media_in)
        self._at_film_zero = (at_start - segment.start * self._step) * SAMPLE_RATE_HZ

    def add_to(self, block: Samples, block_start: int, sound: _FileSound) -> None:
        """Add what of this voice lies in a block."""
        first, end = max(self.first, block_start), min(self.end, block_start + len(block))
        if first >= end:
            return
        if self._step == 1:
            heard = sound.read(first + nearest_frame(self._at_film_zero, Fraction(1)), end - first)
        else:
            heard = self._resampled(first, end, sound)
        block[first - block_start : end - block_start] += heard * self._gain(first, end)

    def _gain(self, first: int, end: int) -> npt.NDArray[np.float32]:
        times = np.arange(first, end, dtype=np.float64)
        gain = np.ones(end - first)
        if self.segment.fade_in:
            ramp = (times - float(self.segment.start * _RATE)) / float(self.segment.fade_in * _RATE)
            gain *= np.clip(ramp, 0, 1)
        if self.segment.fade_out:
            ramp = (float(self.segment.end * _RATE) - times) / float(self.segment.fade_out * _RATE)
            gain *= np.clip(ramp, 0, 1)
        return gain.astype(np.float32)[:, None]

    def _resampled(self, first: int, end: int, sound: _FileSound) -> Samples:
        """Band-limited interpolation at exact positions (Smith, Digital Audio Resampling, Hann window)."""
        speed = max(1.0, float(abs(self._step)))
        reach = min(math.ceil(_LOBES * speed), _MOST_LOBES)
        taps = np.arange(1 - reach, reach + 1)
        count = max(1, math.floor(min(_CHUNK, BLOCK_SAMPLES / speed)))
        parts = []
        for at in range(first, end, count):
            size = min(count, end - at)
            exact = self._at_film_zero + at * self._step
            low = math.floor(min(exact, exact + (size - 1) * self._step)) - reach
            positions = float(exact - low) + np.arange(size) * float(self._step)
            source = sound.read(low, math.ceil(positions.max()) + reach + 1)
            whole = np.floor(positions).astype(np.int64)
            distance = taps[None, :] - (positions - whole)[:, None]
            kernel = np.sinc(distance / speed) / speed * np.cos(distance * (np.pi / 2 / (reach + 1))) ** 2
            neighbours = source[whole[:, None] + taps[None, :]]
            parts.append(np.einsum("nt,ntc->nc", kernel.astype(np.float32), neighbours))
        return np.concatenate(parts)


class _FileSound:
    """One file's sound at 48 kHz stereo; positions in samples since the file's first frame."""

    def __init__(self, info: MediaInfo) -> None:
        self.info = info
        split = len(info.audio) > 1 and all(audio.channels == 1 for audio in info.audio)
        self._streams = [_Stream(info, number) for number in range(2 if split else 1)]

    def read(self, start: int, count: int) -> Samples:
        """``count`` samples from ``start``; silence where the file has none."""
        sides = [stream.read(start, count) for stream in self._streams]
        both = sides[0] if len(sides) == 1 else np.concatenate(sides, axis=1)
        return np.broadcast_to(both, (count, 2)) if both.shape[1] == 1 else both

    def close(self) -> None:
        for stream in self._streams:
            stream.close()


class _Stream:
    """One sound stream of a file, decoded and resampled, read mostly forward."""

    def __init__(self, info: MediaInfo, number: int) -> None:
        self._info = info
        self._number = number
        audio = info.audio[number]
        self._rate_hz = audio.sample_rate_hz
        self._layout = "mono" if audio.channels == 1 else "stereo"
        self._channels = 1 if audio.channels == 1 else 2
        self._held: Samples = np.zeros((0, self._channels), np.float32)
        self._held_start = 0
        self._at_first = True
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
        stream = self._container.streams.audio[self._number]
        if stream.time_base is not None and target > 0:
            with suppress(av.FFmpegError, OverflowError):
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

        def floats(frame: av.AudioFrame) -> Samples | None:
            parts = [*map(_samples, to_float.resample(frame))]
            return np.concatenate(parts) if parts else None

        return decoded(self._container, self._number, self._rate_hz, self._info.zero, floats)

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
