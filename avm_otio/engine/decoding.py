"""Frames and sound of a film on one clock: film time, 0 at the first frame that is seen.

A film without picture begins at its first sample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from avm_otio.errors import MediaError
from avm_otio.media.containers import FAULTS, frames_in, opened, picture_stream, sound_streams
from avm_otio.media.decode import samples_of
from avm_otio.media.probe import probe, sound_length
from avm_otio.services import FilmType
from avm_otio.timeline.time import snap_rate

T = TypeVar("T")

SOUND_RATE_HZ = 48_000
"""The rate at which sound is looked at and written."""

LUMA_WIDTH, LUMA_HEIGHT = 64, 36
"""Small enough to be fast, large enough to tell shots apart (measured against larger ones: no gain)."""

_GAP = Fraction(1, 20)
"""Sound that comes this many seconds late was left out of the file on purpose: silence stands there."""

Luma = NDArray[np.uint8]
Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FilmShape:
    """What kind of film it is, how long (seconds), and where its container's clock stands at film time 0."""

    type: FilmType
    duration: Fraction
    zero: Fraction


def film_shape(path: Path) -> FilmShape:
    """Look at a film without decoding all of its picture.

    Raises:
        MediaError: It cannot be read, is one image, or has no length.
    """
    info = probe(path)
    if info.is_still:
        raise MediaError("A single image has no length to score.", "Send a film.")
    if info.video is None:
        facts = sound_length(path)
        return FilmShape(FilmType.AUDIO, Fraction(facts.samples, facts.sample_rate_hz), info.zero)
    with opened(path) as container:
        stream = _picture(container)
        base = _time_base(stream)
        frame_ticks = round(1 / (info.video.rate * base))
        ticks = [
            (packet.pts, packet.pts + (packet.duration or frame_ticks))
            for packet in container.demux(stream)
            if packet.pts is not None and not packet.is_discard
        ]
    end = max((end for _, end in ticks), default=0) * base - info.zero
    shown = sum(start * base >= info.zero for start, _ in ticks)
    if end <= 0:
        raise MediaError("The film has no length.", "Send a film.")
    steady = shown / info.video.rate
    duration = steady if abs(steady - end) <= base else end
    return FilmShape(FilmType.NORMAL if info.audio else FilmType.SILENT, duration, info.zero)


def luma_frames(
    path: Path, aside: Callable[[Fraction, av.VideoFrame], None] = lambda time, frame: None
) -> Iterator[tuple[Fraction, Luma]]:
    """The picture, small and grey, each frame with its film time in seconds.

    Where a container counts more coarsely than frames last (Matroska: milliseconds), times that lie within
    one of its ticks of a steady rate are that rate's exact ones.

    Args:
        path: The film.
        aside: Called with the time of each frame and the frame as it is.
    """
    with opened(path) as container:
        stream = _picture(container)
        stream.thread_type = "AUTO"
        base = _time_base(stream)
        rate = _rate(stream)
        shrink = VideoReformatter()  # a frame's own reformat() would set its scaler up anew each time
        zero: int | None = None
        number = 0
        for frame in _decoded(container, stream):
            if frame.pts is None:
                continue
            zero = frame.pts if zero is None else zero
            time = (frame.pts - zero) * base
            steady = number / rate
            small = shrink.reformat(frame, LUMA_WIDTH, LUMA_HEIGHT, format="gray", interpolation="AREA")
            time = steady if abs(steady - time) <= base else time
            aside(time, frame)
            yield time, small.to_ndarray().astype(np.uint8, copy=False)
            number += 1


def _rate(stream: av.VideoStream) -> Fraction:
    """Frames a second, NTSC rates exact."""
    return snap_rate(stream.guessed_rate or stream.average_rate or Fraction(25))


def sound_blocks(path: Path, zero: Fraction | None = None, seconds: int = 5) -> Iterator[Samples]:
    """The sound from film time 0 on, 48 kHz, in blocks of channels × samples.

    What lies before film time 0 is left out; silence stands where the file has none.

    Args:
        path: The file; its first sound stream is read.
        zero: What the container's clock says at film time 0; the first sample by default.
        seconds: The length of a block, but for the last.
    """
    size = seconds * SOUND_RATE_HZ
    waiting: list[Samples] = []
    held = 0
    for piece in _placed_sound(path, zero):
        waiting.append(piece)
        held += piece.shape[1]
        if held < size:
            continue
        joined = np.concatenate(waiting, axis=1)
        whole = held - held % size
        for start in range(0, whole, size):
            yield joined[:, start : start + size]
        waiting, held = [joined[:, whole:]], held - whole
    if held:
        yield np.concatenate(waiting, axis=1)


def checked(things: Iterable[T], check: Callable[[], None]) -> Iterator[T]:
    """The same things, with a call before each that may raise to break off."""
    for thing in things:
        check()
        yield thing


def _placed_sound(path: Path, zero: Fraction | None) -> Iterator[Samples]:
    """Sound as it decodes, silence put in and the time before zero taken out."""
    with opened(path) as container:
        streams = sound_streams(container)
        if not streams:
            return
        stream = streams[0]
        channels, resampler = stream.codec_context.channels, None
        due: Fraction | None = None
        written = 0
        skip = 0
        for frame in _decoded(container, stream):
            time = due or Fraction(0)
            if frame.pts is not None and frame.time_base is not None:
                start = frame.pts * frame.time_base
                zero = start if zero is None else zero
                time = start - zero
            if due is None or time - due > _GAP:
                for piece in _flushed(resampler):
                    written += piece.shape[1]
                    yield piece
                missing = round(time * SOUND_RATE_HZ) - written
                skip = max(0, -missing)
                if missing > 0:
                    written += missing
                    yield from _silence(channels, missing)
                resampler = av.AudioResampler(format="flt", layout=stream.layout.name, rate=SOUND_RATE_HZ)
                due = time
            due += Fraction(frame.samples, frame.sample_rate)
            frame.pts = None
            for piece in _samples(resampler, frame):
                kept = piece[:, skip:]
                skip -= piece.shape[1] - kept.shape[1]
                written += kept.shape[1]
                if kept.size:
                    yield kept
        yield from _flushed(resampler)


def _samples(resampler: av.AudioResampler | None, frame: av.AudioFrame | None) -> Iterator[Samples]:
    if resampler is not None:
        try:
            made = resampler.resample(frame)
        except FAULTS as error:
            raise MediaError("Its sound cannot be decoded throughout.", "Make a WAV of it.") from error
        for out in made:
            yield samples_of(out).T.astype(np.float32, copy=False)


def _flushed(resampler: av.AudioResampler | None) -> Iterator[Samples]:
    return _samples(resampler, None)


def _silence(channels: int, samples: int) -> Iterator[Samples]:
    for start in range(0, samples, SOUND_RATE_HZ):
        yield np.zeros((channels, min(SOUND_RATE_HZ, samples - start)), np.float32)


def _decoded(container: av.container.InputContainer, stream: Any) -> Iterator[Any]:
    """Frames that decode; a damaged packet is passed over, as players do."""
    for packet in container.demux(stream):
        try:
            yield from frames_in(packet)
        except FAULTS:
            continue


def _picture(container: av.container.InputContainer) -> av.VideoStream:
    stream = picture_stream(container)
    if stream is None:
        raise MediaError("The film has no picture that can be decoded.", "Send another.")
    return stream


def _time_base(stream: av.VideoStream) -> Fraction:
    return stream.time_base or Fraction(1, av.time_base)
