"""Some channels of a sound file at 48 kHz, to the sample, wherever in the file one begins."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from contextlib import ExitStack, suppress
from fractions import Fraction
from itertools import chain

import av
import numpy as np

from avm_otio.media.decoded import PREROLL_S, Doubles, ToDoubles, decoded
from avm_otio.media.probe import MediaInfo, opened, reopened
from avm_otio.media.resample import Resampler, grid, reach
from avm_otio.timeline.model import SAMPLE_RATE_HZ
from avm_otio.timeline.time import nearest_frame

_RATE = Fraction(SAMPLE_RATE_HZ)
_PART = 32_768
"""Samples of the file that are worked on at a time: calls cost more than samples."""

_SEEK_FROM_S = 2
"""Less than this many seconds into a file are decoded through rather than sought."""

_MOST_PADDING = 4096
"""Samples by which a compressed stream may run past its header's end: its last frame, filled up."""


class Lane:
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

    def __enter__(self) -> Lane:
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
        yield from (part for _, part in _native(info, number, columns, start))
        return
    step, width = grid(rate_hz), reach(rate_hz)
    shared = SAMPLE_RATE_HZ * step // rate_hz
    # Begin at a moment that both rates share, early enough for the filter.
    begin = (start * step // shared - width) // step * step
    position = begin // step * shared
    changers = [Resampler(rate_hz) for _ in columns]
    end = begin
    for at, part in _native(info, number, columns, begin):
        end = at + len(part)
        made = np.stack([one.resampled(part[:, at]) for at, one in enumerate(changers)], axis=1)
        fresh = made[max(0, start - position) :]
        position += len(made)
        if len(fresh):
            yield fresh
    last = np.stack([one.rest() for one in changers], axis=1)
    until = nearest_frame(Fraction(end, rate_hz), _RATE)
    yield last[max(0, start - position) : max(0, until - position)]


def _native(info: MediaInfo, number: int, columns: list[int], start: int) -> Iterator[tuple[int, Doubles]]:
    """Some channels at the stream's own rate, from a sample on, in large parts; silence before the first."""
    audio = info.audio[number]
    to_doubles = ToDoubles(audio.sample_rate_hz, audio.channels)
    waiting: list[Doubles] = []
    held, position = 0, start
    said = _said_end(info, number)

    def padded(end: int) -> bool:
        return position < said and 0 < end - said <= _MOST_PADDING

    with ExitStack() as stack:
        for at, samples in _from(info, number, start, to_doubles, stack):
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
            yield position, joined[: said - position] if padded(position + held) else joined


def _said_end(info: MediaInfo, number: int) -> int:
    """Where the header says that a stream ends, in its samples since file time 0; 0 where it does not say."""
    audio = info.audio[number]
    if audio.samples is None:
        return 0
    with opened(info.path) as container:
        stream = container.streams.audio[number]
        begins = (stream.start_time or 0) * (stream.time_base or Fraction(0)) - info.zero
    return nearest_frame(begins, Fraction(audio.sample_rate_hz)) + audio.samples


def _from(
    info: MediaInfo, number: int, start: int, to_doubles: ToDoubles, stack: ExitStack
) -> Iterator[tuple[int, Doubles]]:
    """Decode from somewhere before a sample."""
    rate_hz = info.audio[number].sample_rate_hz

    def parts() -> Iterator[tuple[int, Doubles]]:
        return decoded(container, number, rate_hz, info.zero, to_doubles)

    container = stack.enter_context(reopened(info.path))
    early = Fraction(start, rate_hz) - PREROLL_S
    time_base = container.streams.audio[number].time_base
    if early < _SEEK_FROM_S or time_base is None or time_base > Fraction(1, rate_hz):
        return parts()  # where the clock is coarse (Matroska's), only counting from the start is exact
    with suppress(av.FFmpegError, OverflowError):
        container.seek(math.floor((early + info.zero) / time_base), stream=container.streams.audio[number])
        sought = parts()
        head = next(sought, None)
        if head is not None and head[0] <= start:
            return chain([head], sought)
    container = stack.enter_context(reopened(info.path))
    return parts()
