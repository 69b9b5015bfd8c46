"""Some channels of a sound file at 48 kHz, to the sample, wherever in the file one begins."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from contextlib import ExitStack, suppress
from fractions import Fraction
from functools import lru_cache
from itertools import chain

import av
import numpy as np

from avm_otio.media.containers import FAULTS, opened, reopened, sound_streams
from avm_otio.media.decode import PREROLL_S, Doubles, ToDoubles, decoded, seeks_exactly
from avm_otio.media.probe import MediaInfo
from avm_otio.timeline.model import SAMPLE_RATE_HZ
from avm_otio.timeline.time import nearest_frame

_RATE = Fraction(SAMPLE_RATE_HZ)
_PART = 32_768
"""Samples of the file that are worked on at a time: calls cost more than samples."""

_SEEK_FROM_S = 2
"""Less than this many seconds into a file are decoded through rather than sought."""

_MOST_PADDING = 4096
"""Samples by which a compressed stream may run past its header's end: its last frame, filled up."""

_REACH = 512
"""Samples at the slower of the two rates over which the filter looks, and more."""

_MOST_PHASES = 1 << 13
"""Phases of the filter that are kept exactly: 44,056 Hz needs 6,000, all usual rates 320 or fewer."""

_SETTING = (
    "48000:resampler=swr:internal_sample_fmt=dblp:filter_type=kaiser:exact_rational=1:"
    "filter_size=256:cutoff=0.96:kaiser_beta=15:phase_shift=13"
)
"""FFmpeg's own resampler in doubles; the wheels of PyAV are built without soxr.

Measured with sines, at 22.05, 32, 44.1, 88.2 and 96 kHz: flat within 0.0001 dB up to 0.94 of half the lower
rate (21 kHz from 44.1 kHz on), noise and images below -148 dB, aliases below -150 dB from 24.2 kHz on.
Its default is 0.5 dB down at 20 kHz and lets through 25 kHz at -20 dB.
"""


class ChannelReader:
    """Some channels of one stream at 48 kHz, read in order from a sample on; silence before file time 0.

    Args:
        info: The file.
        number: Which of its sound streams, from 0.
        columns: Which of that stream's channels.
        start: The first sample, at 48 kHz, counted from file time 0.
    """

    def __init__(self, info: MediaInfo, number: int, columns: list[int], start: int) -> None:
        self._sound = _at_48k(info, number, columns, start)
        self._held: Doubles = np.zeros((0, len(columns)))

    def __enter__(self) -> ChannelReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._sound.close()

    def read(self, count: int) -> Doubles:
        """As many samples, or as there are."""
        parts, held = [self._held], len(self._held)
        while held < count and (part := next(self._sound, None)) is not None:
            parts.append(part)
            held += len(part)
        joined = np.concatenate(parts) if len(parts) > 1 else parts[0]
        self._held = joined[count:]
        return joined[:count]


def _at_48k(info: MediaInfo, number: int, columns: list[int], start: int) -> Generator[Doubles, None, None]:
    rate_hz = info.audio[number].sample_rate_hz
    if rate_hz == SAMPLE_RATE_HZ:
        yield from (part for _, part in sound_from(info, number, columns, start))
        return
    step, width = _grid(rate_hz), _reach(rate_hz)
    shared = SAMPLE_RATE_HZ * step // rate_hz
    # Begin at a moment that both rates share, early enough for the filter.
    begin = (start * step // shared - width) // step * step
    position = begin // step * shared
    resamplers = [Resampler(rate_hz) for _ in columns]
    end = begin
    for at, part in sound_from(info, number, columns, begin):
        end = at + len(part)
        made = np.stack([each.resampled(part[:, column]) for column, each in enumerate(resamplers)], axis=1)
        fresh = made[max(0, start - position) :]
        position += len(made)
        if len(fresh):
            yield fresh
    last = np.stack([each.rest() for each in resamplers], axis=1)
    until = nearest_frame(Fraction(end, rate_hz), _RATE)
    yield last[max(0, start - position) : max(0, until - position)]


def sound_from(
    info: MediaInfo,
    number: int,
    columns: list[int],
    start: int,
    container: av.container.InputContainer | None = None,
) -> Iterator[tuple[int, Doubles]]:
    """Some channels at the stream's own rate, from a sample on, in large parts; silence before the first.

    Args:
        info: The file.
        number: Which of its sound streams, from 0.
        columns: Which of that stream's channels.
        start: The first sample, at the stream's rate, counted from file time 0.
        container: The file, open: it is sought, and left open. ``None`` to open it here.

    Yields:
        Where each part begins, in samples as ``start`` counts them, and its samples.
    """
    audio = info.audio[number]
    to_doubles = ToDoubles(audio.sample_rate_hz, audio.channels)
    waiting: list[Doubles] = []
    held, position = 0, start
    header_end = _header_end(info, number)

    def padded(end: int) -> bool:
        return position < header_end and 0 < end - header_end <= _MOST_PADDING

    with ExitStack() as stack:
        for at, samples in _from(info, number, start, to_doubles, stack, container):
            if at + len(samples) <= position + held:
                continue
            for hole in range(position + held, at, _PART):
                yield hole, np.zeros((min(_PART, at - hole), len(columns)))
                position = hole + min(_PART, at - hole)
            waiting.append(samples[max(0, position + held - at) :][:, columns])
            held += len(waiting[-1])
            if held >= _PART and not padded(position + held):
                yield position, np.concatenate(waiting)
                position, held, waiting = position + held, 0, []
        if waiting:
            joined = np.concatenate(waiting)
            yield position, joined[: header_end - position] if padded(position + held) else joined


@lru_cache(maxsize=16)
def _header_end(info: MediaInfo, number: int) -> int:
    """Where a stream ends by its header, in its samples since file time 0; 0 where the header is silent."""
    audio = info.audio[number]
    if audio.samples is None:
        return 0
    with opened(info.path) as container:
        stream = sound_streams(container)[number]
        begins = (stream.start_time or 0) * (stream.time_base or Fraction(0)) - info.zero
    return nearest_frame(begins, Fraction(audio.sample_rate_hz)) + audio.samples


def _from(
    info: MediaInfo,
    number: int,
    start: int,
    to_doubles: ToDoubles,
    stack: ExitStack,
    given: av.container.InputContainer | None,
) -> Iterator[tuple[int, Doubles]]:
    """Decode from somewhere before a sample."""
    rate_hz = info.audio[number].sample_rate_hz

    def parts() -> Iterator[tuple[int, Doubles]]:
        return decoded(container, number, rate_hz, info.zero, to_doubles)

    container = given or stack.enter_context(reopened(info.path))
    early = Fraction(start, rate_hz) - PREROLL_S
    time_base = sound_streams(container)[number].time_base
    coarse = time_base is None or time_base > Fraction(1, rate_hz)
    if early < _SEEK_FROM_S or coarse or time_base is None or not seeks_exactly(info, number):
        if given is not None:
            container = stack.enter_context(reopened(info.path))
        return parts()  # where the clock is coarse (Matroska's), only counting from the start is exact
    with suppress(*FAULTS, OSError):
        container.seek(math.floor((early + info.zero) / time_base), stream=sound_streams(container)[number])
        sought = parts()
        head = next(sought, None)
        if head is not None and head[0] <= start:
            return chain([head], sought)
    container = stack.enter_context(reopened(info.path))
    return parts()


class Resampler:
    """One channel at its own rate → the same at 48 kHz, in parts.

    Its first sample stands at a moment that both rates share; the first one out stands at that same moment.
    What comes before and after is silence.

    Args:
        rate_hz: Samples a second of what comes in.
    """

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        phases = SAMPLE_RATE_HZ // math.gcd(rate_hz, SAMPLE_RATE_HZ)
        self._graph = av.filter.Graph()
        source = self._graph.add_abuffer(
            sample_rate=rate_hz, format="dblp", layout="mono", time_base=Fraction(1, rate_hz)
        )
        setting = _SETTING if phases <= _MOST_PHASES else f"{_SETTING}:linear_interp=1"
        change = self._graph.add("aresample", setting)
        sink = self._graph.add("abuffersink")
        source.link_to(change)
        change.link_to(sink)
        self._graph.configure()
        # It mirrors what it has at its edges: given silence there, it mirrors silence.
        self._edge = np.zeros(_reach(rate_hz))
        self._skip = len(self._edge) // _grid(rate_hz) * (SAMPLE_RATE_HZ // math.gcd(rate_hz, SAMPLE_RATE_HZ))
        self._position = 0
        self._push(self._edge)

    def resampled(self, samples: Doubles) -> Doubles:
        """The samples at 48 kHz that are certain so far."""
        if len(samples):
            self._push(samples)
        return self._pulled()

    def rest(self) -> Doubles:
        """The rest once all has come in, followed by some silence."""
        self._push(self._edge)
        self._graph.push(None)
        return self._pulled()

    def _push(self, samples: Doubles) -> None:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None, :]), "dblp", "mono")
        frame.sample_rate = self._rate_hz
        frame.time_base = Fraction(1, self._rate_hz)
        frame.pts = self._position
        self._position += len(samples)
        self._graph.push(frame)

    def _pulled(self) -> Doubles:
        parts = [*self._frames()]
        made = np.concatenate(parts) if parts else np.zeros(0)
        dropped = min(self._skip, len(made))
        self._skip -= dropped
        return made[dropped:]

    def _frames(self) -> Iterator[Doubles]:
        while True:
            try:
                frame = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            assert isinstance(frame, av.AudioFrame)  # it was built for sound
            yield np.asarray(frame.to_ndarray()[0], np.float64)


def _grid(rate_hz: int) -> int:
    """How many samples of a rate lie between two moments that 48 kHz shares with it."""
    return rate_hz // math.gcd(rate_hz, SAMPLE_RATE_HZ)


def _reach(rate_hz: int) -> int:
    """How many samples of a rate around a moment decide what is heard there, a whole number of grids."""
    wide = _REACH * max(1, math.ceil(rate_hz / SAMPLE_RATE_HZ))
    return math.ceil(wide / _grid(rate_hz)) * _grid(rate_hz)
