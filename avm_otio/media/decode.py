"""A file's sound as it decodes: at its own rate, placed by its timestamps, without holes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, TypeVar

import av
import numpy as np
import numpy.typing as npt

from avm_otio.errors import MediaError
from avm_otio.media.containers import FAULTS, frames_in, sound_streams
from avm_otio.media.probe import MediaInfo
from avm_otio.timeline.time import nearest_frame

PREROLL_S = Fraction(1, 2)
"""Decoded before what is wanted and thrown away: AAC needs one frame before, MP3 up to ten."""

_GAP_S = Fraction(1, 50)
"""A hole between timestamps from here on is silence; a smaller one is a coarse clock (Matroska's is 1 ms)."""

Samples = npt.NDArray[np.float32]
"""Shape (samples, channels); full scale is ±1."""

Doubles = npt.NDArray[np.float64]
"""As ``Samples``, where 24 bits must come through exactly."""

_MOST_PLANES = 8
"""From so many channels on PyAV cannot hand over a planar frame; see ``_packed``."""

_INDEXED = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "mxf", "flac", "mpegts", "mpeg")
_PCM = ("pcm_s", "pcm_u", "pcm_f", "pcm_alaw", "pcm_mulaw", "pcm_bluray", "pcm_dvd")
_ENTERED_ANYWHERE = frozenset(
    ["aac", "ac3", "alac", "eac3", "flac", "mp2", "mp3", "mp3float", "opus", "vorbis"]
)

_Float = TypeVar("_Float", bound=np.floating[Any])


def decoded(
    container: av.container.InputContainer,
    number: int,
    rate_hz: int,
    zero: Fraction,
    convert: Callable[[av.AudioFrame], npt.NDArray[_Float] | None],
) -> Iterator[tuple[int, npt.NDArray[_Float]]]:
    """Decode a sound stream from where the container stands.

    Encoder delay is left out, as the container says it. A damaged packet is silence.

    Args:
        container: The file, open.
        number: Which of its sound streams, from 0.
        rate_hz: Samples a second of that stream.
        zero: Where the container's timestamps stand at file time 0, in seconds.
        convert: Makes samples of a frame, shape (samples, channels); ``None`` for none.

    Yields:
        Parts of the sound, each right after the one before, with its position in samples since file time 0.
    """
    stream = sound_streams(container)[number]
    position: int | None = None
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
            frames = frames_in(packet)
        except FAULTS:
            continue  # a damaged packet leaves a hole, and a hole is silence
        for frame in frames:
            try:
                samples = convert(frame)
            except FAULTS as error:
                # What decodes and cannot be heard is no damage: silence in its place would be a lie.
                raise MediaError(
                    f"The sound of {container.name} cannot be mixed ({frame.layout.name}).",
                    "Make a WAV of it, and use that.",
                ) from error
            if samples is None:
                continue
            at = position or 0
            if frame.pts is not None and frame.time_base is not None:
                at = nearest_frame(frame.pts * frame.time_base - zero, Fraction(rate_hz))
            if position is not None and abs(at - position) < _GAP_S * rate_hz:
                at = position
            if position is not None and at > position:
                for hole in range(position, at, rate_hz):
                    count = min(rate_hz, at - hole)
                    yield hole, np.zeros((count, samples.shape[1]), samples.dtype)
            elif position is not None and at < position:
                samples, at = samples[position - at :], position
            if len(samples):
                yield at, samples
                position = at + len(samples)
        if packet is None:
            return


class ToDoubles:
    """Turns decoded frames into doubles, exactly: shape (samples, channels), full scale ±1.

    Args:
        rate_hz: Samples a second of the stream, by its header.
        channels: Its channels, by its header. A frame that differs from either is brought to them.
    """

    def __init__(self, rate_hz: int, channels: int) -> None:
        self._rate_hz = rate_hz
        self._channels = channels
        self._resampler: av.AudioResampler | None = None

    def __call__(self, frame: av.AudioFrame) -> Doubles | None:
        """The samples of a frame; ``None`` where there are none yet."""
        if frame.sample_rate == self._rate_hz and frame.layout.nb_channels == self._channels:
            return _doubles(frame)
        layout = {1: "mono", 2: "stereo"}.get(self._channels, f"{self._channels} channels")
        if self._resampler is None:
            self._resampler = av.AudioResampler("dblp", layout, self._rate_hz)
        parts = [_doubles(part) for part in self._resampler.resample(frame)]
        return np.concatenate(parts) if parts else None


def samples_of(frame: av.AudioFrame) -> npt.NDArray[Any]:
    """A frame's samples as they are, shape (samples, channels)."""
    channels = frame.layout.nb_channels
    if frame.format.is_planar and channels >= _MOST_PLANES:
        frame = _packed(frame)
    raw: npt.NDArray[Any] = frame.to_ndarray()
    return raw.T if frame.format.is_planar else raw.reshape(-1, channels)


def _packed(frame: av.AudioFrame) -> av.AudioFrame:
    """The same with its channels interleaved, which FFmpeg does.

    PyAV looks for the end of a frame's planes behind a list that holds eight and has no end mark, and reads
    memory that is not there.
    """
    packing = av.AudioResampler(frame.format.name.removesuffix("p"), frame.layout.name, frame.sample_rate)
    (packed,) = packing.resample(frame)
    return packed


def _doubles(frame: av.AudioFrame) -> Doubles:
    samples = samples_of(frame)
    if samples.dtype.kind == "f":
        return samples.astype(np.float64)
    if samples.dtype == np.uint8:
        return (samples.astype(np.float64) - 128) / 128
    return samples.astype(np.float64) / 2.0 ** (8 * samples.dtype.itemsize - 1)


def seeks_exactly(info: MediaInfo, number: int) -> bool:
    """Whether a sound stream can be entered in the middle, and its timestamps are right there.

    PCM is a table. Elsewhere every packet must have a place and a time of its own: WAV and its kin reckon the
    place by the mean bit rate, and a decoder that carries its state on (ADPCM, G.722) begins wrongly.
    """
    codec = info.audio[number].codec
    if codec.startswith(_PCM):
        return True
    return info.container in _INDEXED and codec in _ENTERED_ANYWHERE
