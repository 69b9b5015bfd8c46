"""The film's sound: every sound of a plan, exact to the sample, mixed to 48 kHz stereo."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
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
_LOBES = 24
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
    idle: list[StereoReader] | None = None,
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
        idle: Readers that are open and may be used; all are in it again at the end, for the caller to close.
            ``None`` opens and closes as it goes.

    Raises:
        MediaError: A sound cannot be read.
    """
    total = length_in_samples(plan) if end is None else end
    waiting = [_Voice(segment, clocks[segment.media]) for segment in plan.sound if infos[segment.media].audio]
    waiting = [voice for voice in waiting if voice.end > first]
    waiting.sort(key=lambda voice: voice.first)
    playing: list[tuple[_Voice, StereoReader]] = []
    is_lent = idle is not None
    idle = [] if idle is None else idle
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
        idle += [sound for _, sound in playing]
        if not is_lent:
            for sound in idle:
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
        gain = self._gain_curve.between(first, end)
        if not isinstance(gain, float) or gain != 1:
            heard = heard * (np.float32(gain) if isinstance(gain, float) else gain)
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
    """The amplitude of a segment over time: its gain, key frames and fades; film times in samples.

    Most blocks lie within no fade and between two key frames: only what changes is reckoned sample by sample.
    """

    def __init__(self, segment: SoundSegment) -> None:
        # The sort is stable: of two key frames at one moment, a jump, the first stays the first.
        keys = sorted(segment.keys, key=lambda key: key.at) or [GainKey(Fraction(0), 0.0)]
        self._keys = [
            (float((segment.start + key.at) * _RATE), max(segment.gain_db + key.gain_db, _SILENCE_DB))
            for key in keys
        ]
        self._moments = [moment for moment, _ in self._keys]
        self._fades = list(_fades_of(segment))

    def between(self, first: int, end: int) -> Samples | float:
        """Factors for the samples ``first`` up to ``end`` of the film, shape (samples, 1); or one for all."""
        pieces = list(self._pieces(first, end))
        fades = [fade for fade in self._fades if fade.touches(first, end)]
        if len(pieces) == 1 and not fades:
            ((_, _, level),) = pieces
            if isinstance(level, float):
                return level
        factors = np.empty(end - first)
        for begin, stop, level in pieces:
            factors[begin - first : stop - first] = level
        for fade in fades:
            factors *= fade.between(first, end)
        return factors.astype(np.float32)[:, None]

    def _pieces(self, first: int, end: int) -> Iterator[tuple[int, int, float | Doubles]]:
        """Stretches from key frame to key frame, held outside: from, to, and the amplitude of each sample."""
        at, number = first, bisect_right(self._moments, first)
        while at < end:
            moment, right_db = self._keys[min(number, len(self._keys) - 1)]
            stop = end if number == len(self._keys) else min(end, math.ceil(moment))
            if stop > at:
                since, left_db = self._keys[max(number - 1, 0)]
                if left_db == right_db:
                    yield at, stop, _amplitude(left_db)
                else:
                    slope = (right_db - left_db) / (moment - since)
                    line = left_db + slope * (np.arange(at, stop, dtype=np.float64) - since)
                    is_heard = line > _SILENCE_DB
                    yield at, stop, np.exp(line * _NEPERS_A_DB) * is_heard
                at = stop
            number += 1


_NEPERS_A_DB = math.log(10) / 20


def _amplitude(gain_db: float) -> float:
    return 10 ** (gain_db / 20) if gain_db > _SILENCE_DB else 0.0


@dataclass(frozen=True, slots=True)
class _Fade:
    """Amplitude that runs straight from one sample to another, and is held outside."""

    start: float
    end: float
    at_start: float
    at_end: float

    def touches(self, first: int, end: int) -> bool:
        """Whether it changes what lies between two samples: it is full on one side of itself."""
        return first < self.end if self.at_end == 1 else end > self.start

    def between(self, first: int, end: int) -> Doubles:
        """Factors for some samples."""
        share = (np.arange(first, end, dtype=np.float64) - self.start) / (self.end - self.start)
        line: Doubles = self.at_start + (self.at_end - self.at_start) * np.clip(share, 0, 1)
        return line


def _fades_of(segment: SoundSegment) -> Iterator[_Fade]:
    """All fades of a segment; each is full at one of its ends."""

    def sample(time: Fraction) -> float:
        return float(time * _RATE)

    start, end = segment.start, segment.end
    if segment.fade_in:
        yield _Fade(sample(start), sample(start + segment.fade_in), float(segment.fade_in_from), 1)
    if segment.fade_out:
        yield _Fade(sample(end - segment.fade_out), sample(end), 1, float(segment.fade_out_to))
    for ramp in segment.rises:
        yield _Fade(sample(start + ramp.start), sample(start + ramp.end), 0, 1)
    for ramp in segment.falls:
        yield _Fade(sample(start + ramp.start), sample(start + ramp.end), 1, 0)
