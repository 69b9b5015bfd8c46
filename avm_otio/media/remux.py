"""The picture of a film that is there, packet for packet, beside another sound."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from avm_otio.media.containers import FAULTS, opened, picture_stream, reopened
from avm_otio.media.decode import Samples
from avm_otio.media.encode import FILM_SOUND, MP4_OPTIONS, SoundQuality, SoundTrack
from avm_otio.media.probe import probe
from avm_otio.timeline.time import nearest_frame

_FRAMES_OFF = 0.25
"""How far from its place a frame may stand: coarse clocks round, other rates drift."""


@dataclass(frozen=True, slots=True)
class ReadyPicture:
    """Frames of a film that can be shown as they are; made by ``ready_picture``.

    Attributes:
        path: The film.
        width: Pixels across.
        height: Lines.
        first_packet: The first of their packets, in the order of the file.
        frames: How many they are.
        shift: Timestamp of the first of them in the film.
    """

    path: Path
    width: int
    height: int
    first_packet: int
    frames: int
    shift: int


def ready_picture(path: Path, first: int, frames: int, rate: Fraction) -> ReadyPicture | None:
    """Some frames of a film, where its packets can be shown without encoding them anew.

    That is so where they begin with a key frame, follow one another in the file with none missing, no other
    among them, and each at its time. A picture that must be turned is none: that stands beside the packets.

    Args:
        path: The film.
        first: The first frame, from 0.
        frames: How many.
        rate: Frames a second, exact.

    Raises:
        MediaError: The film cannot be read.
    """
    info = probe(path)
    if info.video is None or info.is_still or info.video.rotation or info.video.mirrored:
        return None
    times, keys = array("q"), bytearray()
    with opened(path) as film:
        stream = picture_stream(film)
        if stream is None or not stream.time_base:
            return None
        base = stream.time_base
        try:
            for packet in film.demux(stream):
                if packet.pts is None or packet.dts is None:
                    continue  # the empty packet at the end
                if packet.is_discard or packet.is_corrupt:
                    return None
                times.append(packet.pts)
                keys.append(packet.is_keyframe)
        except FAULTS:
            return None
    per_tick = rate * base
    ticks = np.frombuffer(times, np.int64) - nearest_frame(info.zero, 1 / base)
    numbers = np.rint(ticks * float(per_tick)).astype(np.int64)
    places = np.flatnonzero((numbers >= first) & (numbers < first + frames))
    if len(places) != frames or places[-1] - places[0] + 1 != frames or not keys[places[0]]:
        return None
    if (np.sort(numbers[places]) != np.arange(first, first + frames)).any():
        return None
    if np.abs(ticks[places] * float(per_tick) - numbers[places]).max() > _FRAMES_OFF:
        return None
    return ReadyPicture(
        path, info.video.width, info.video.height, int(places[0]), frames, min(times[at] for at in places)
    )


def remux(
    ready: ReadyPicture,
    blocks: Iterator[Samples] | None,
    path: Path,
    *,
    frame_done: Callable[[int], None],
    sound_quality: SoundQuality = FILM_SOUND,
) -> None:
    """Write an MP4 with a film's picture as it is, packet for packet, and AAC.

    Args:
        ready: What is shown.
        blocks: The sound, 48 kHz stereo, of any lengths; ``None`` for a file without a sound track.
        path: Where it goes.
        frame_done: Called with the number of frames done.
        sound_quality: How the sound is encoded.

    Raises:
        MediaError: The film cannot be read.
        av.FFmpegError: It cannot be written.
    """
    container = reopened(ready.path)
    try:
        stream = picture_stream(container)
        assert stream is not None  # it was looked at
        with av.open(str(path), "w", format="mp4", options=MP4_OPTIONS) as film:
            video = film.add_stream_from_template(stream)
            video.time_base = stream.time_base
            sound = None if blocks is None else SoundTrack(film, blocks, sound_quality)
            number = 0
            for packet in container.demux(stream):
                if packet.pts is None or packet.dts is None or packet.time_base is None:
                    continue
                number += 1
                done = number - ready.first_packet
                if done <= 0:
                    continue
                if done > ready.frames:
                    break
                packet.pts -= ready.shift
                packet.dts -= ready.shift
                if sound is not None:
                    sound.up_to(packet.dts * packet.time_base)
                packet.stream = video
                film.mux(packet)
                frame_done(done)
            if sound is not None:
                sound.finish()
    finally:
        container.close()
