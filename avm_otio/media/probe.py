"""What a media file is: its picture, its sound, its own clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av

from avm_otio.errors import MediaError, TimeFormatError
from avm_otio.timeline.time import parse_timecode, snap_rate

_STILL_CONTAINERS = ("image2", "jpegxl_anim", "ico", "tiff_pipe", "svg_pipe")
_GIVE_ANOTHER = "Give a whole, readable file."


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """The first picture stream of a file.

    Attributes:
        width: Pixels across as it is seen, after sample aspect and rotation.
        height: Lines as it is seen, after rotation.
        rate: Frames a second, NTSC rates exact; the mean where the rate varies.
        frames: How many frames the file says it has; ``None`` where it does not say.
        codec: Its codec's name.
        start_timecode: The file's own timecode at its first frame, in frames; ``None`` where it has none.
        drop_frame: Whether that timecode drops frames.
        rotation: Degrees, a multiple of 90, by which frames are turned counterclockwise to be seen upright.
        has_alpha: Whether some of it is see-through.
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


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """One sound stream of a file.

    Attributes:
        sample_rate_hz: Samples a second.
        channels: How many channels.
        samples: How many samples a channel; ``None`` where the header cannot be trusted with it.
        codec: Its codec's name.
        layout: Which channel is which, by FFmpeg's name: ``"5.1(side)"``; ``"4 channels"`` where the file
            does not say.
    """

    sample_rate_hz: int
    channels: int
    samples: int | None
    codec: str
    layout: str


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """One media file.

    Attributes:
        path: The file.
        container: FFmpeg's name of its format.
        size_bytes: Its size.
        duration: Seconds by its header; ``None`` for a still or where it does not say.
        video: Its picture, if it has one (the cover of a song is none).
        audio: Its sound streams, in order.
        is_still: One image, without a clock.
        zero: Where the container's own timestamps stand at the file's first frame, in seconds: file time 0.
        start: What the file's own timecode (or a Broadcast WAV's time reference) says at file time 0, in
            seconds; ``None`` where it has none.
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

    @property
    def channel_places(self) -> list[tuple[int, int]]:
        """Where each channel of its sound lies, counted through all streams in order: stream and column."""
        return [
            (stream, column) for stream, audio in enumerate(self.audio) for column in range(audio.channels)
        ]


@dataclass(frozen=True, slots=True)
class SoundFacts:
    """How much sound a file really holds: ``samples`` a channel."""

    samples: int
    sample_rate_hz: int
    channels: int


@contextmanager
def opened(path: Path) -> Iterator[av.container.InputContainer]:
    """A media file, open for reading.

    Raises:
        MediaError: It is missing, a folder, empty, or nothing that can be read.
    """
    if path.is_dir():
        raise MediaError(f"{path} is a folder, not a media file.", "Give the file itself.")
    try:
        if path.stat().st_size == 0:
            raise MediaError(f"{path} is empty (0 bytes).", "Copy or export it again.")
        container = av.open(str(path), metadata_errors="replace")
    except FileNotFoundError as error:
        raise MediaError(f"{path} is not there.", "Check the path, or point --media-root at it.") from error
    except PermissionError as error:
        raise MediaError(f"{path} may not be read.", "Check its permissions.") from error
    except (av.FFmpegError, OSError, ValueError) as error:
        raise MediaError(f"{path} is damaged, cut short, or not a media file.", _GIVE_ANOTHER) from error
    try:
        yield container
    finally:
        container.close()


def reopened(path: Path) -> av.container.InputContainer:
    """A file that was probed before, opened to decode it.

    Raises:
        MediaError: It has gone since.
    """
    try:
        return av.open(str(path), metadata_errors="replace")
    except (av.FFmpegError, OSError) as error:
        raise MediaError(f"{path} can no longer be read.", "Check the disk that it lies on.") from error


def probe(path: Path) -> MediaInfo:
    """Find out what a media file is.

    The first frame is decoded, so a file that passes has at least that.

    Raises:
        MediaError: It is missing, a folder, empty, unreadable, cut short, or holds neither picture nor sound.
    """
    with opened(path) as container:
        size_bytes = path.stat().st_size
        _refuse_cut_short(container, path, size_bytes)
        name = container.format.name
        is_still = name.endswith("_pipe") or name in _STILL_CONTAINERS
        audio = tuple(_audio_info(stream, name, size_bytes) for stream in container.streams.audio)
        pictures = [
            s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic
        ]
        video = zero = None
        if pictures:
            first = _first_frame(container, pictures[0], path)
            video = _video_info(container, pictures[0], first)
            zero = _seconds(first.pts, first.time_base)
        elif audio:
            zero = _seconds(container.streams.audio[0].start_time, container.streams.audio[0].time_base)
        else:
            raise MediaError(f"{path} holds neither picture nor sound.", "Give a video or sound file.")
        duration = (
            None if is_still or container.duration is None else Fraction(container.duration, av.time_base)
        )
        return MediaInfo(
            path=path,
            container=name,
            size_bytes=size_bytes,
            duration=duration,
            video=video,
            audio=audio,
            is_still=is_still,
            zero=zero or Fraction(0),
            start=_own_start(container, video, audio),
        )


def sound_length(path: Path) -> SoundFacts:
    """Measure the sound of a file.

    A PCM header is believed where the file is long enough for it; all else is decoded and counted, since
    headers of compressed files round, leave out the padding, or promise what a cut-short file lacks.

    Raises:
        MediaError: It cannot be read, does not decode, or holds no sound.
    """
    with opened(path) as container:
        if not container.streams.audio:
            raise MediaError(f"{path} holds no sound.", "Give a sound file.")
        stream = container.streams.audio[0]
        info = _audio_info(stream, container.format.name, path.stat().st_size)
        if info.codec.startswith("pcm_") and info.samples:
            return SoundFacts(info.samples, info.sample_rate_hz, info.channels)
        samples = rate = channels = 0
        try:
            for frame in container.decode(stream):
                samples += frame.samples
                rate, channels = frame.sample_rate, frame.layout.nb_channels
        except (av.FFmpegError, ValueError) as error:
            if not samples:
                raise MediaError(f"{path} does not decode.", _GIVE_ANOTHER) from error
        if not samples:
            raise MediaError(f"{path} holds no sound that decodes.", _GIVE_ANOTHER)
        return SoundFacts(samples, rate, channels)


def _refuse_cut_short(container: av.container.InputContainer, path: Path, size_bytes: int) -> None:
    for stream in container.streams:
        count = len(stream.index_entries)
        if not count or container.format.name != "mov,mp4,m4a,3gp,3g2,mj2":
            continue  # elsewhere the index is no table of the file's own
        last = stream.index_entries[count - 1]
        if last.pos + last.size > size_bytes:
            raise MediaError(f"{path} is cut short: its end is missing.", "Copy or export it again.")


def _first_frame(
    container: av.container.InputContainer, stream: av.video.stream.VideoStream, path: Path
) -> av.VideoFrame:
    damaged = 0
    for packet in container.demux(stream):
        try:
            for frame in packet.decode():
                return frame
        except (av.FFmpegError, ValueError):
            damaged += 1
    fault = "is damaged: none of its pictures decodes" if damaged else "holds no picture"
    raise MediaError(f"{path} {fault}.", _GIVE_ANOTHER)


def _video_info(
    container: av.container.InputContainer, stream: av.video.stream.VideoStream, first: av.VideoFrame
) -> VideoInfo:
    aspect = stream.sample_aspect_ratio or Fraction(1)
    width, height = round(first.width * aspect), first.height
    rotation = round(first.rotation / 90) * 90 % 360
    if rotation in (90, 270):
        width, height = height, width
    written = stream.guessed_rate or stream.average_rate or Fraction(25)
    rate = snap_rate(written)
    timecode = _timecode(container, stream)
    start_timecode = None
    if timecode is not None:
        try:
            start_timecode = parse_timecode(timecode, rate)
        except TimeFormatError:
            start_timecode = None
    return VideoInfo(
        width=max(width, 1),
        height=height,
        rate=rate,
        frames=stream.frames or None,
        codec=stream.codec_context.name,
        start_timecode=start_timecode,
        drop_frame=start_timecode is not None and ";" in (timecode or ""),
        rotation=rotation,
        has_alpha=any(component.is_alpha for component in first.format.components)
        or first.format.has_palette,
    )


def _timecode(container: av.container.InputContainer, stream: av.stream.Stream) -> str | None:
    for tags in (stream.metadata, container.metadata, *(each.metadata for each in container.streams)):
        for key, value in tags.items():
            if key.lower() == "timecode":
                return value
    return None


def _audio_info(stream: av.audio.stream.AudioStream, container: str, size_bytes: int) -> AudioInfo:
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
    return AudioInfo(context.sample_rate, context.channels, samples, context.name, context.layout.name)


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
