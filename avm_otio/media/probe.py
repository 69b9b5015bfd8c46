"""What a media file is: its picture, its sound, its own clock."""

from __future__ import annotations

import itertools
import struct
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from avm_otio.errors import MediaError
from avm_otio.media.containers import (
    FAULTS,
    GIVE_ANOTHER,
    OpenMedia,
    alpha_stream,
    frames_in,
    has_alpha_beside,
    opened,
    opened_with_layouts,
    picture_decoder,
    picture_stream,
    sound_streams,
)
from avm_otio.media.exif import is_mirrored
from avm_otio.media.length import picture_length, sound_length_of
from avm_otio.media.timecode_track import frames_of, timecode_base, timecode_in
from avm_otio.timeline.time import (
    dropped_per_minute,
    nearest_frame,
    snap_rate,
)

_STILL_CONTAINERS = ("image2", "jpegxl_anim", "ico", "tiff_pipe", "svg_pipe")
_ONE_OR_MORE = ("gif", "apng", "webp", "webp_anim")
"""Containers of one image or of an animation: with one frame it is a still."""

_STILL_BRANDS = ("avif", "heic", "heix", "heim", "heis", "mif1", "mif2")
"""MP4 files that are one image (ISO/IEC 23008-12 and AVIF); ``avis`` and ``hevc`` are sequences."""

_MOV = "mov,mp4,m4a,3gp,3g2,mj2"
_NOTED_OFFSET_S = Fraction(1, 20)

_MATRIX = struct.Struct("=5i")
"""The beginning of FFmpeg's display matrix: a, b, u, c, d in 16.16."""


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """The picture of a file: its best stream, see ``containers.picture_stream``.

    Attributes:
        width: Pixels across as it is seen, after sample aspect and rotation.
        height: Lines as it is seen, after rotation.
        rate: Frames a second, NTSC rates exact; the mean where the rate varies.
        frames: How many frames at ``rate`` play, from its first to the end of its last, whatever the file
            stores besides; ``None`` where nobody knows.
        codec: Its codec's name.
        start_timecode: The file's own timecode at its first frame, in frames; ``None`` where it has none.
        drop_frame: Whether that timecode drops frames.
        rotation: Degrees, a multiple of 90, by which frames are turned counterclockwise to be seen upright.
        has_alpha: Whether some of it is see-through.
        mirrored: Whether frames, once turned, are to be mirrored left to right.
        stream: Its number among all streams of the file, from 0, as FFmpeg and MLT count them.
    """

    width: int
    height: int
    rate: Fraction
    frames: int | None
    codec: str
    start_timecode: int | None
    drop_frame: bool = False
    rotation: int = 0
    has_alpha: bool = False
    mirrored: bool = False
    stream: int = 0


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """One sound stream of a file.

    Attributes:
        sample_rate_hz: Samples a second.
        channels: How many channels.
        samples: How many samples a channel; ``None`` where the header cannot be trusted with it.
        codec: Its codec's name.
        layout: Which channel is which, by FFmpeg's name: ``"5.1(side)"``; ``"4 channels"`` where the file
            does not say; ``"4 channels (FL+FR+FL+FR)"`` where it labels them one by one.
        stream: Its number among all streams of the file, from 0, as FFmpeg and MLT count them.
    """

    sample_rate_hz: int
    channels: int
    samples: int | None
    codec: str
    layout: str
    stream: int = 0


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """One media file.

    Attributes:
        path: The file.
        container: FFmpeg's name of its format.
        size_bytes: Its size.
        duration: Seconds by its header; ``None`` for a still or where it does not say.
        video: Its picture, if it has one (the cover of a song is none).
        audio: Its sound streams, in order; those that cannot be decoded are left out, see ``notes``.
        is_still: One image, without a clock.
        zero: Where the container's own timestamps stand at the file's first frame, in seconds: file time 0.
        start: What the file's own timecode (or a Broadcast WAV's time reference) says at file time 0, in
            seconds; ``None`` where it has none.
        notes: What of it cannot be seen or heard as it is, in words, one each.
    """

    path: Path
    container: str
    size_bytes: int
    duration: Fraction | None
    video: VideoInfo | None
    audio: tuple[AudioInfo, ...]
    is_still: bool
    zero: Fraction = Fraction(0)
    start: Fraction | None = None
    notes: tuple[str, ...] = ()

    @property
    def channel_places(self) -> list[tuple[int, int]]:
        """Where each channel of its sound lies, counted through all streams in order: stream and column."""
        return [
            (stream, column) for stream, audio in enumerate(self.audio) for column in range(audio.channels)
        ]


@dataclass(frozen=True, slots=True)
class SoundFacts:
    """How much sound a file really holds: ``samples`` a channel.

    ``quieter_db`` is by how many decibels a file that was made here is quieter than its source, so that
    nothing of it is cut off at full scale.
    """

    samples: int
    sample_rate_hz: int
    channels: int
    quieter_db: float = 0.0


def probe(path: Path) -> MediaInfo:
    """Find out what a media file is.

    The first frame is decoded, so a file that passes has at least that.

    Raises:
        MediaError: It is missing, a folder, empty, unreadable, cut short, or holds neither picture nor sound.
    """
    with opened_with_layouts(path) as media:
        try:
            return _info(media, path)
        except (*FAULTS, OSError) as error:
            raise MediaError(
                f"{path} cannot be read as media ({type(error).__name__}).", GIVE_ANOTHER
            ) from error


def _info(media: OpenMedia, path: Path) -> MediaInfo:
    container = media.container
    size_bytes = path.stat().st_size
    _refuse_cut_short(container, path, size_bytes)
    name = container.format.name
    sounds = sound_streams(container)
    audio = tuple(_audio_info(stream, media.layouts[stream.index], name, size_bytes) for stream in sounds)
    notes = _undecodable(container, path)
    picture = picture_stream(container)
    is_still = picture is not None and _is_still(container, picture)
    video, zero = None, Fraction(0)
    duration = None if is_still or container.duration is None else Fraction(container.duration, av.time_base)
    if picture is not None:
        _refuse_tiles(container, path)
        first = _first_frame(container, picture, path)
        zero = _seconds(first.pts, first.time_base)
        video = _video_info(container, picture, first, path, is_still=is_still)
        if not is_still:
            length = picture_length(container, picture, zero, video.rate)
            frames = None if length is None else max(1, nearest_frame(length, video.rate))
            video = replace(video, frames=frames)
            duration = length if duration is None else duration
        notes += _offset_notes(sounds, zero, path)
        notes += _alpha_notes(container, picture, video, path)
    elif sounds:
        zero = _seconds(sounds[0].start_time, sounds[0].time_base)
        if audio[0].samples is None:
            duration = sound_length_of(container, sounds[0]) or duration
    else:
        raise MediaError(
            f"{path} holds neither picture nor sound" + (" that can be decoded." if notes else "."),
            "Give a video or sound file.",
        )
    return MediaInfo(
        path=path,
        container=name,
        size_bytes=size_bytes,
        duration=duration,
        video=video,
        audio=audio,
        is_still=is_still,
        zero=zero,
        start=_own_start(container, video, audio),
        notes=tuple(notes),
    )


def _is_still(container: av.container.InputContainer, picture: av.VideoStream) -> bool:
    name = container.format.name
    if name.endswith("_pipe") or name in _STILL_CONTAINERS:
        return True
    if name in _ONE_OR_MORE:
        packets = (packet for packet in container.demux(picture) if packet.size)
        is_one = len(list(itertools.islice(packets, 2))) == 1
        container.seek(0)
        return is_one
    brand = container.metadata.get("major_brand", "").strip()
    return name == _MOV and picture.frames <= 1 and (brand in _STILL_BRANDS or container.duration is None)


def _undecodable(container: av.container.InputContainer, path: Path) -> list[str]:
    usable = sound_streams(container)
    lost = [number for number, stream in enumerate(container.streams.audio, 1) if stream not in usable]
    if not lost:
        return []
    named = ", ".join(map(str, lost))
    streams = f"sound stream {named} is" if len(lost) == 1 else f"sound streams {named} are"
    return [f"{path.name}: {streams} of a kind that cannot be decoded here: left out, and not counted."]


def _offset_notes(sounds: list[av.AudioStream], zero: Fraction, path: Path) -> list[str]:
    """Sound and picture that begin at different times; shorter than a frame or two is a codec's delay."""
    begins = [_seconds(sound.start_time, sound.time_base) - zero for sound in sounds if sound.start_time]
    early = min(begins, default=Fraction(0))
    if early >= -_NOTED_OFFSET_S:
        return []
    return [
        f"{path.name}: its sound begins {float(-early):.2f} s before its picture; "
        "its time is counted from its first picture."
    ]


def _alpha_notes(
    container: av.container.InputContainer, picture: av.VideoStream, video: VideoInfo, path: Path
) -> list[str]:
    tags = {key.lower(): value for key, value in picture.metadata.items()}
    beside = any(
        stream.index != picture.index and stream.metadata.get("title") == "Alpha"
        for stream in container.streams.video
    )
    if video.has_alpha or not (beside or tags.get("alpha_mode") == "1"):
        return []
    return [f"{path.name}: its transparency cannot be read here: it hides what lies below it."]


def sound_length(path: Path) -> SoundFacts:
    """Measure the sound of a file.

    A PCM header is believed where the file is long enough for it; all else is decoded and counted, since
    headers of compressed files round, leave out the padding, or promise what a cut-short file lacks.

    Raises:
        MediaError: It cannot be read, does not decode, or holds no sound.
    """
    with opened(path) as container:
        streams = sound_streams(container)
        if not streams:
            unknown = " that can be decoded" if container.streams.audio else ""
            raise MediaError(f"{path} holds no sound{unknown}.", "Give a sound file.")
        stream = streams[0]
        try:
            info = _audio_info(stream, "", container.format.name, path.stat().st_size)
        except FAULTS as error:
            raise MediaError(f"{path} does not decode.", GIVE_ANOTHER) from error
        if info.codec.startswith("pcm_") and info.samples:
            return SoundFacts(info.samples, info.sample_rate_hz, info.channels)
        samples = rate = channels = 0
        try:
            for packet in container.demux(stream):
                for frame in frames_in(packet):
                    samples += frame.samples
                    rate, channels = frame.sample_rate, frame.layout.nb_channels
        except FAULTS as error:
            if not samples:
                raise MediaError(f"{path} does not decode.", GIVE_ANOTHER) from error
        if not samples:
            raise MediaError(f"{path} holds no sound that decodes.", GIVE_ANOTHER)
        return SoundFacts(samples, rate, channels)


def _refuse_cut_short(container: av.container.InputContainer, path: Path, size_bytes: int) -> None:
    for stream in container.streams:
        count = len(stream.index_entries)
        if not count or container.format.name != "mov,mp4,m4a,3gp,3g2,mj2":
            continue  # elsewhere the index is no table of the file's own
        last = stream.index_entries[count - 1]
        if last.pos + last.size > size_bytes:
            raise MediaError(f"{path} is cut short: its end is missing.", "Copy or export it again.")


def _refuse_tiles(container: av.container.InputContainer, path: Path) -> None:
    """Large HEIC images are tiles that FFmpeg's tools put together, and PyAV does not."""
    dependent = av.stream.Disposition.dependent
    tiles = [stream for stream in container.streams.video if stream.disposition & dependent]
    if len(tiles) > 1 and container.metadata.get("major_brand", "").strip() in _STILL_BRANDS:
        raise MediaError(
            f"{path} is an image of {len(tiles)} tiles, which cannot be put together here.",
            "Save it as JPEG, PNG or TIFF.",
        )


def _first_frame(container: av.container.InputContainer, stream: av.VideoStream, path: Path) -> av.VideoFrame:
    damaged = 0
    decode = picture_decoder(stream)
    for packet in container.demux(stream):
        try:
            for frame in decode(packet):
                if isinstance(frame, av.VideoFrame):
                    return frame
        except FAULTS:
            damaged += 1
    if container.format.name.startswith("webp") and _is_animated_webp(path):
        raise MediaError(f"{path} is an animated WebP, which cannot be read here.", "Save it as GIF or MOV.")
    fault = "is damaged: none of its pictures decodes" if damaged else "holds no picture"
    raise MediaError(f"{path} {fault}.", GIVE_ANOTHER)


def _is_animated_webp(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(21)
    return head[8:16] == b"WEBPVP8X" and bool(head[20] & 2)


def _video_info(
    container: av.container.InputContainer,
    stream: av.VideoStream,
    first: av.VideoFrame,
    path: Path,
    *,
    is_still: bool,
) -> VideoInfo:
    aspect = stream.sample_aspect_ratio or Fraction(1)
    width, height = round(first.width * aspect), first.height
    rotation, mirrored = _turned(first, path, is_still=is_still)
    if rotation in (90, 270):
        width, height = height, width
    rate = snap_rate(stream.guessed_rate or stream.average_rate or Fraction(25))
    timecode = timecode_in(container, stream)
    start_timecode = None
    if timecode is not None:
        base = timecode_base(path) if container.format.name == _MOV else None
        start_timecode = frames_of(timecode, rate, base)
    return VideoInfo(
        width=max(width, 1),
        height=height,
        rate=rate,
        frames=None,
        codec=stream.codec_context.name,
        start_timecode=start_timecode,
        drop_frame=start_timecode is not None and ";" in (timecode or "") and dropped_per_minute(rate) > 0,
        rotation=rotation,
        has_alpha=any(component.is_alpha for component in first.format.components)
        or first.format.has_palette
        or has_alpha_beside(stream)
        or alpha_stream(container) is not None,
        mirrored=mirrored,
        stream=stream.index,
    )


def _turned(frame: av.VideoFrame, path: Path, *, is_still: bool) -> tuple[int, bool]:
    """How a frame is to be turned, counterclockwise, and whether it is then mirrored left to right."""
    angle = round(frame.rotation / 90) * 90 % 360
    try:
        data: Any = frame.side_data.get("DISPLAYMATRIX")
        matrix = b"" if data is None else bytes(data)
        mirrored = len(matrix) >= _MATRIX.size and _is_flipping(*_MATRIX.unpack_from(matrix))
    except FAULTS:  # PyAV does not know EXIF data, with which such stills come
        mirrored = is_still and is_mirrored(path)
    # FFmpeg's angle is that of the first column, which mirroring left to right turns about.
    return ((180 - angle) % 360 if mirrored else angle), mirrored


def _is_flipping(a: int, b: int, u: int, c: int, d: int) -> bool:
    return a * d - b * c < 0


def _audio_info(stream: av.AudioStream, layout: str, container: str, size_bytes: int) -> AudioInfo:
    context = stream.codec_context
    samples = None
    if stream.duration is not None and stream.time_base is not None and context.sample_rate:
        exact = stream.duration * stream.time_base * context.sample_rate
        fine = stream.time_base <= Fraction(1, context.sample_rate)
        if fine and exact.denominator == 1 and container != "mp3":
            samples = exact.numerator
    if samples is not None and context.name.startswith("pcm_"):
        bytes_held = samples * context.channels * context.format.bytes
        if bytes_held > size_bytes + _packed_saving(context.name, bytes_held):
            samples = None
    return AudioInfo(
        context.sample_rate,
        context.channels,
        samples,
        context.name,
        layout or context.layout.name,
        stream.index,
    )


def _packed_saving(codec: str, bytes_decoded: int) -> int:
    """How many fewer bytes lie in the file than after decoding: 24 bit becomes 32, A-law and µ-law 16."""
    if "24" in codec:
        return bytes_decoded // 4
    return bytes_decoded // 2 if codec in ("pcm_alaw", "pcm_mulaw") else 0


def _own_start(
    container: av.container.InputContainer, video: VideoInfo | None, audio: tuple[AudioInfo, ...]
) -> Fraction | None:
    if video is not None:
        return None if video.start_timecode is None else video.start_timecode / video.rate
    reference = container.metadata.get("time_reference", "")
    return Fraction(int(reference), audio[0].sample_rate_hz) if reference.isdecimal() and audio else None


def _seconds(ticks: int | None, time_base: Fraction | None) -> Fraction:
    return Fraction(0) if ticks is None or time_base is None else ticks * time_base
