"""Any sound → Broadcast WAV at 48 kHz and 24 bit, sample for sample where it should be.

There is no dither: at 24 bit the rounding lies below -144 dB, under the noise of anything recorded, and
without it sound that has 24 bit or fewer at 48 kHz stays bit for bit the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, suppress
from datetime import datetime
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from avm_otio.core.errors import MediaError, OutputError
from avm_otio.core.timing import nearest_frame
from avm_otio.files import same_file, whole
from avm_otio.media import broadcast_wav
from avm_otio.media.broadcast_wav import Origin
from avm_otio.media.decoded import PREROLL_S, decoded
from avm_otio.media.probe import MediaInfo, SoundFacts, opened, probe, reopened
from avm_otio.media.resample import SAMPLE_RATE_HZ, Doubles, Resampler, grid, reach

_RATE = Fraction(SAMPLE_RATE_HZ)
_BLOCK = 32_768
"""Samples that are worked on at a time; memory does not grow with the file."""

_SEEK_FROM_S = 2
"""Less than this many seconds into a file are decoded through rather than sought."""

_PADDED_S = Fraction(1, 20)
"""How much silence makes up for a source that ends early: a frame, at any rate; more is no rounding."""

_MOST_PADDING = 4096
"""Samples by which a compressed stream may run past its header's end: its last frame, filled up."""

_FULL_SCALE = 1 << 23
_HISTORY = {"mp3": "MPEG1L3", "mp2": "MPEG1L2"}

Advance = Callable[[int], None]
"""Told how many samples are done; what it raises stops the work, and nothing is left behind."""


def write_wav(
    source: Path,
    target: Path,
    *,
    channels: tuple[int, ...] | None = None,
    first: Fraction = Fraction(0),
    length: Fraction | None = None,
    time_reference: int = 0,
    description: str = "",
    reference: str = "",
    advance: Advance | None = None,
) -> SoundFacts:
    """Write the sound of a file, or a part of it, as a Broadcast WAV.

    Args:
        source: Any file with sound.
        target: The WAV; appears whole or not at all.
        channels: Which of the source's channels, counted from 0 through all its sound streams in order;
            ``None`` for all.
        first: Where to begin, in seconds of the file's own time (0 at its first frame); silence before 0.
        length: How much, in seconds; ``None`` to the end. Where the source ends up to a frame earlier,
            silence makes up for it; where it ends earlier still, so does the WAV.
        time_reference: Samples since midnight at its first sample.
        description: What it is.
        reference: The originator's reference, by which the file is known again.
        advance: Told of progress.

    Returns:
        How much sound the WAV holds.

    Raises:
        MediaError: The source cannot be read, or has no such sound.
        OutputError: The target cannot be written, or is the source.
    """
    origin = Origin(time_reference, description, reference)
    return _write(source, [target], channels, first, length, origin, advance, split=False)


def write_mono(
    source: Path,
    targets: Sequence[Path],
    *,
    channels: tuple[int, ...] | None = None,
    first: Fraction = Fraction(0),
    length: Fraction | None = None,
    time_reference: int = 0,
    description: str = "",
    reference: str = "",
    advance: Advance | None = None,
) -> SoundFacts:
    """Write channels of a file as WAVs of one channel each, in one pass; as ``write_wav``.

    Args:
        source: Any file with sound.
        targets: One WAV a channel.
        channels: Which channels, as many as targets; ``None`` for the first ones.
        first: Where to begin.
        length: How much.
        time_reference: Samples since midnight at their first sample.
        description: What they are.
        reference: The originator's reference.
        advance: Told of progress.

    Returns:
        How much sound each of them holds.

    Raises:
        MediaError: The source cannot be read, or has no such sound.
        OutputError: A target cannot be written, or is the source.
        ValueError: There are not as many channels as targets.
    """
    wanted = tuple(range(len(targets))) if channels is None else channels
    if len(wanted) != len(targets):
        raise ValueError(f"{len(wanted)} channels for {len(targets)} files")
    origin = Origin(time_reference, description, reference)
    return _write(source, targets, wanted, first, length, origin, advance, split=True)


def _write(
    source: Path,
    targets: Sequence[Path],
    channels: tuple[int, ...] | None,
    first: Fraction,
    length: Fraction | None,
    origin: Origin,
    advance: Advance | None,
    *,
    split: bool,
) -> SoundFacts:
    for target in targets:
        if same_file(source, target):
            raise OutputError(f"{target} is the sound itself.", "Choose another folder.")
    info = probe(source)
    places = _places(info, channels)
    # Columns follow the streams; each target has the columns of its channels.
    streams = sorted({stream for stream, _ in places})
    columns = {stream: [column for at, column in places if at == stream] for stream in streams}
    flat = [(stream, column) for stream in streams for column in columns[stream]]
    order = [flat.index(place) for place in places]
    groups = [[one] for one in order] if split else [order]
    flat_order = list(range(len(flat)))
    start = nearest_frame(first, _RATE)
    count = None if length is None else nearest_frame(length, _RATE)
    said = Origin(
        origin.time_reference,
        origin.description,
        origin.reference,
        _history(info, streams[0], len(groups[0])),
        "" if split or len(streams) > 1 else _layout(info, streams[0], columns[streams[0]]),
    )
    made = datetime.now()
    with ExitStack() as stack:
        files = [stack.enter_context(stack.enter_context(whole(one)).open("wb")) for one in targets]
        for file, group in zip(files, groups, strict=True):
            broadcast_wav.begin(file, len(group), said, made)
        done = 0
        for block in _blocks(info, columns, start, count):
            packed = _packed(block)
            for file, group in zip(files, groups, strict=True):
                file.write((packed if group == flat_order else packed[:, group]).tobytes())
            done += len(block)
            if advance is not None:
                advance(done)
        if not done:
            raise MediaError(f"{source} has no sound from {float(first):g} s on.", "Check the clip's range.")
        for file, group in zip(files, groups, strict=True):
            broadcast_wav.finish(file, done, len(group))
    return SoundFacts(done, SAMPLE_RATE_HZ, len(groups[0]))


def _places(info: MediaInfo, channels: tuple[int, ...] | None) -> list[tuple[int, int]]:
    """Where channels lie, counted through all streams: stream and column."""
    there = [(number, one) for number, audio in enumerate(info.audio) for one in range(audio.channels)]
    if not there:
        raise MediaError(f"{info.path} holds no sound.", "Give a file with sound.")
    wanted = tuple(range(len(there))) if channels is None else channels
    missing = [one + 1 for one in wanted if not 0 <= one < len(there)]
    if missing or not wanted:
        told = ", ".join(map(str, missing)) or "none"
        raise MediaError(f"{info.path} has {len(there)} channels; {told} was asked for.", "Check the clip.")
    return [there[one] for one in wanted]


def _layout(info: MediaInfo, number: int, columns: list[int]) -> str:
    """Where the channels of a whole stream belong; empty for a part of one."""
    if columns != list(range(info.audio[number].channels)) or len(columns) < 3:
        return ""
    with opened(info.path) as container:
        return container.streams.audio[number].codec_context.layout.name


def _history(info: MediaInfo, number: int, channels: int) -> str:
    """Coding history as EBU R 98 writes it: what the sound was, what it is."""
    audio = info.audio[number]
    names = {1: "mono", 2: "stereo"}
    before = "PCM" if audio.codec.startswith("pcm_") else _HISTORY.get(audio.codec)
    lines = [f"A=PCM,F={SAMPLE_RATE_HZ},W=24,M={names.get(channels, 'multichannel')},T=avm_otio"]
    if before is not None:
        mode = names.get(audio.channels, "multichannel")
        lines.insert(0, f"A={before},F={audio.sample_rate_hz},M={mode},T={info.path.name.replace(',', ' ')}")
    return "".join(f"{line}\r\n" for line in lines)


def _packed(block: Doubles) -> npt.NDArray[np.uint8]:
    """Samples as three bytes each, lowest first; what is louder than full scale is cut off there."""
    whole_steps = np.rint(block * _FULL_SCALE)
    np.clip(whole_steps, -_FULL_SCALE, _FULL_SCALE - 1, out=whole_steps)
    steps = np.ascontiguousarray(whole_steps.astype("<i4"))
    return steps.view(np.uint8).reshape(*steps.shape, 4)[:, :, :3]


def _blocks(
    info: MediaInfo, columns: dict[int, list[int]], start: int, count: int | None
) -> Generator[Doubles, None, None]:
    """The sound at 48 kHz from a sample on, all streams side by side, in blocks."""
    with ExitStack() as stack:
        lanes = [stack.enter_context(_Lane(info, number, one, start)) for number, one in columns.items()]
        done = 0
        while count is None or done < count:
            wanted = _BLOCK if count is None else min(_BLOCK, count - done)
            parts = [lane.read(wanted) for lane in lanes]
            longest = max(map(len, parts))
            if longest < wanted and count is not None and count - done - longest <= _PADDED_S * _RATE:
                longest = count - done  # at most a frame more than was wanted
            if longest and (done or any(map(len, parts))):
                yield np.concatenate([_padded(part, longest) for part in parts], axis=1)
            done += longest
            if longest < wanted:
                return


def _padded(part: Doubles, count: int) -> Doubles:
    missing = count - len(part)
    return np.concatenate([part, np.zeros((missing, part.shape[1]))]) if missing > 0 else part


class _Lane:
    """Some channels of one stream at 48 kHz, from a sample on, read in order."""

    def __init__(self, info: MediaInfo, number: int, columns: list[int], start: int) -> None:
        self._sound = _at_48k(info, number, columns, start)
        self._held: Doubles = np.zeros((0, len(columns)))

    def __enter__(self) -> _Lane:
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
    to_doubles = _ToDoubles(audio.sample_rate_hz, audio.channels)
    waiting: list[Doubles] = []
    held, position = 0, start
    said = _said_end(info, number)

    def padded(end: int) -> bool:
        return position < said and 0 < end - said <= _MOST_PADDING

    with ExitStack() as stack:
        for at, samples in _from(info, number, start, to_doubles, stack):
            if at + len(samples) <= position + held:
                continue
            for hole in range(position + held, at, _BLOCK):
                yield hole, np.zeros((min(_BLOCK, at - hole), len(columns)))
                position = hole + min(_BLOCK, at - hole)
            waiting.append(samples[max(0, position + held - at) :][:, columns])
            held += len(waiting[-1])
            if held >= _BLOCK and not padded(position + held):
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
    info: MediaInfo, number: int, start: int, to_doubles: _ToDoubles, stack: ExitStack
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


class _ToDoubles:
    """Decoded frames as doubles, exactly, shape (samples, channels)."""

    def __init__(self, rate_hz: int, channels: int) -> None:
        self._rate_hz = rate_hz
        self._channels = channels
        self._other: av.AudioResampler | None = None

    def __call__(self, frame: av.AudioFrame) -> Doubles | None:
        if frame.sample_rate == self._rate_hz and frame.layout.nb_channels == self._channels:
            return _doubles(frame)
        # A stream that changes on its way, or whose header was wrong.
        layout = {1: "mono", 2: "stereo"}.get(self._channels, f"{self._channels}c")
        if self._other is None:
            self._other = av.AudioResampler("dblp", layout, self._rate_hz)
        parts = [_doubles(one) for one in self._other.resample(frame)]
        return np.concatenate(parts) if parts else None


def _doubles(frame: av.AudioFrame) -> Doubles:
    raw: npt.NDArray[Any] = frame.to_ndarray()
    samples = raw.T if frame.format.is_planar else raw.reshape(-1, frame.layout.nb_channels)
    if samples.dtype.kind == "f":
        return samples.astype(np.float64)
    if samples.dtype == np.uint8:
        return (samples.astype(np.float64) - 128) / 128
    return samples.astype(np.float64) / 2.0 ** (8 * samples.dtype.itemsize - 1)
