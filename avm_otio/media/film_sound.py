"""The film's sound: every sound of a plan, exact to the sample, mixed to 48 kHz stereo."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from avm_otio.media.clock import MediaClock
from avm_otio.media.decode import Doubles, Samples
from avm_otio.media.probe import MediaInfo
from avm_otio.media.stereo_reader import StereoReader
from avm_otio.timeline.gain import BOTH_SIDES
from avm_otio.timeline.model import SAMPLE_RATE_HZ, GainKey, Media
from avm_otio.timeline.plan import ExportPlan, SoundSegment
from avm_otio.timeline.time import nearest_frame

BLOCK_SAMPLES = 2 * SAMPLE_RATE_HZ
"""How much is mixed at a time; memory does not grow with the film."""

_RATE = Fraction(SAMPLE_RATE_HZ)
_LOBES = 16
_MOST_LOBES = 64
_CHUNK = 4096
_MOST_IDLE = 8
_KNEE = 0.95

_SILENCE_DB = -144.0
"""A gain of this or less is silence: it leaves nothing of 24 bit."""


Buses = npt.NDArray[np.float32]
"""Several stereo sums of one stretch, shape (buses, samples, 2)."""


def mix(
    plan: ExportPlan, infos: Mapping[Media, MediaInfo], clocks: Mapping[Media, MediaClock]
) -> Generator[Samples, None, None]:
    """The film's sound in blocks of ``BLOCK_SAMPLES``, stereo, from film time 0 to its end.

    It is what ``mixed`` gives, kept within full scale by a soft knee at 0.95.

    Raises:
        MediaError: A sound cannot be read.
    """
    for block in mixed(plan, infos, clocks):
        yield _limited(block[0])


def length_in_samples(plan: ExportPlan) -> int:
    """How long a plan sounds."""
    return nearest_frame(plan.frames / plan.rate, _RATE)


def mixed(
    plan: ExportPlan,
    infos: Mapping[Media, MediaInfo],
    clocks: Mapping[Media, MediaClock],
    *,
    bus_of: Callable[[SoundSegment], int] = lambda segment: 0,
    buses: int = 1,
    first: int = 0,
    end: int | None = None,
) -> Generator[Buses, None, None]:
    """The sums of a plan's sounds in blocks of ``BLOCK_SAMPLES``; a sum may be above full scale.

    Mono is heard on both sides at its own level; of two or more mono streams the first two are left and
    right; surround is mixed down as FFmpeg does. Where a segment chooses channels, one is heard on both
    sides, two are left and right, more are mixed down by their labels, or as so many usually are; then each
    side is as loud as the segment's pan leaves it.
    Fades are linear in amplitude, gain runs straight in decibels from key frame to key frame, both to the
    sample. Speed changes pitch, as tape does.

    Args:
        plan: What is heard.
        infos: What each source is.
        clocks: How media time runs in each.
        bus_of: To which sum a sound is added.
        buses: How many sums there are.
        first: The first sample, at 48 kHz from film time 0.
        end: The sample after the last one; to the film's end by default.

    Raises:
        MediaError: A sound cannot be read.
    """
    total = length_in_samples(plan) if end is None else end
    waiting = [_Voice(segment, clocks[segment.media]) for segment in plan.sound if infos[segment.media].audio]
    waiting = [voice for voice in waiting if voice.end > first]
    waiting.sort(key=lambda voice: voice.first)
    playing: list[tuple[_Voice, StereoReader]] = []
    idle: list[StereoReader] = []
    try:
        for start in range(first, total, BLOCK_SAMPLES):
            stop = min(start + BLOCK_SAMPLES, total)
            while waiting and waiting[0].first < stop:
                voice = waiting.pop(0)
                segment = voice.segment
                playing.append((voice, _from_idle(idle, infos[segment.media], segment.channels)))
            block = np.zeros((buses, stop - start, 2), np.float32)
            for voice, sound in playing:
                voice.add_to(block[bus_of(voice.segment)], start, sound)
            idle += [sound for voice, sound in playing if voice.end <= stop]
            playing = [pair for pair in playing if pair[0].end > stop]
            while len(idle) > _MOST_IDLE:
                idle.pop(0).close()
            yield block
    finally:
        for sound in (*idle, *(sound for _, sound in playing)):
            sound.close()


def _from_idle(idle: list[StereoReader], info: MediaInfo, channels: tuple[int, ...]) -> StereoReader:
    for sound in idle:
        if (sound.info, sound.channels) == (info, channels):
            idle.remove(sound)
            return sound
    return StereoReader(info, channels)


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
        self._gain_curve = _GainCurve(segment)

    def add_to(self, block: Samples, block_start: int, sound: StereoReader) -> None:
        """Add what of this voice lies in a block."""
        first, end = max(self.first, block_start), min(self.end, block_start + len(block))
        if first >= end:
            return
        if self._step == 1:
            heard = sound.read(first + nearest_frame(self._at_film_zero, Fraction(1)), end - first)
        else:
            heard = self._resampled(first, end, sound)
        if not self._gain_curve.is_full:
            heard = heard * self._gain_curve.between(first, end)
        if self.segment.sides != BOTH_SIDES:
            heard = heard * np.array(self.segment.sides, np.float32)
        block[first - block_start : end - block_start] += heard

    def _resampled(self, first: int, end: int, sound: StereoReader) -> Samples:
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


class _GainCurve:
    """The amplitude of a segment over time: its gain, key frames and fades."""

    def __init__(self, segment: SoundSegment) -> None:
        self._segment = segment
        self._is_level = segment.gain_db == 0 and not segment.keys
        fades = (segment.fade_in, segment.fade_out, segment.rises, segment.falls)
        self.is_full = self._is_level and not any(fades)
        # The sort is stable: of two key frames at one moment, a jump, the first stays the first.
        keys = sorted(segment.keys, key=lambda key: key.at) or [GainKey(Fraction(0), 0.0)]
        self._key_samples = np.array([float((segment.start + key.at) * _RATE) for key in keys])
        self._key_db = np.maximum([segment.gain_db + key.gain_db for key in keys], _SILENCE_DB)

    def between(self, first: int, end: int) -> Samples:
        """Factors for the samples ``first`` up to ``end`` of the film, shape (samples, 1)."""
        segment = self._segment
        samples = np.arange(first, end, dtype=np.float64)
        factors = np.ones(end - first)
        if segment.fade_in:
            since_start = (samples - float(segment.start * _RATE)) / float(segment.fade_in * _RATE)
            factors *= _ramp(since_start, float(segment.fade_in_from))
        if segment.fade_out:
            until_end = (float(segment.end * _RATE) - samples) / float(segment.fade_out * _RATE)
            factors *= _ramp(until_end, float(segment.fade_out_to))
        for ramp, is_fall in [(ramp, False) for ramp in segment.rises] + [
            (ramp, True) for ramp in segment.falls
        ]:
            begins, ends = (float((segment.start + edge) * _RATE) for edge in (ramp.start, ramp.end))
            share = np.clip((samples - begins) / (ends - begins), 0, 1)
            factors *= 1 - share if is_fall else share
        if not self._is_level:
            gain_db = self._line(samples)
            factors *= np.where(gain_db > _SILENCE_DB, np.power(10, gain_db / 20), 0)
        return factors.astype(np.float32)[:, None]

    def _line(self, samples: Doubles) -> Doubles:
        """Decibels at samples: straight from key frame to key frame, held outside."""
        after = np.searchsorted(self._key_samples, samples, side="right")
        left, right = np.maximum(after - 1, 0), np.minimum(after, len(self._key_db) - 1)
        span = self._key_samples[right] - self._key_samples[left]
        passed = samples - self._key_samples[left]
        share = np.divide(passed, span, out=np.zeros(len(samples)), where=span > 0)
        line: Doubles = self._key_db[left] + (self._key_db[right] - self._key_db[left]) * share
        return line


def _ramp(share: Doubles, lowest: float) -> Doubles:
    """From an amplitude to full, linear; ``share`` is how much of the way is done."""
    return lowest + (1 - lowest) * np.clip(share, 0, 1)
