"""Media files opened with PyAV, so that no file ends the program or fails in a way of its own.

PyAV copies a channel layout as it stands in memory. Where a file labels its channels in an order of its own
(QuickTime's and CAF's ``chan`` can), the copy shares its table of labels with the original, and both free it:
the process is aborted, when a layout is merely looked at as well as when a frame is decoded. So every layout
is looked at once, right after opening, and replaced by one without such a table before anything else sees it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from avm_otio.errors import MediaError

FAULTS = (
    av.FFmpegError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What reading and decoding can raise for what a file holds: FFmpeg's own errors; ``AttributeError`` for a
stream without a decoder; ``ValueError`` (``UnicodeDecodeError``, too) for names, sizes and formats that are
none; ``OverflowError`` for times; the rest where PyAV did not reckon with a value."""

GIVE_ANOTHER = "Give a whole, readable file."

_LISTS = (b"#EXTM3U", b"ffconcat", b"[Reference]")
"""How playlists begin, which name other files and addresses: FFmpeg would open those."""

_NO_PICTURE = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails

_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}

_THUMBNAIL_PART = Fraction(1, 2)
"""A picture stream shorter than this part of the longest is no film beside it, but its thumbnail."""


@dataclass(frozen=True, slots=True)
class OpenMedia:
    """An open file.

    Attributes:
        container: The file.
        layouts: Which channel is which in each sound stream, by the stream's index, as the file says it.
    """

    container: av.container.InputContainer
    layouts: Mapping[int, str]


@contextmanager
def opened(path: Path) -> Iterator[av.container.InputContainer]:
    """A media file, open for reading; what goes wrong with it inside is a ``MediaError``.

    Raises:
        MediaError: It is missing, a folder, empty, or nothing that can be read.
    """
    with opened_with_layouts(path) as media:
        yield media.container


@contextmanager
def opened_with_layouts(path: Path) -> Iterator[OpenMedia]:
    """As ``opened``, with what the file says of its channels."""
    if path.is_dir():
        raise MediaError(f"{path} is a folder, not a media file.", "Give the file itself.")
    try:
        if path.stat().st_size == 0:
            raise MediaError(f"{path} is empty (0 bytes).", "Copy or export it again.")
        media = _open(path)
    except FileNotFoundError as error:
        raise MediaError(f"{path} is not there.", "Check the path, or point --media-root at it.") from error
    except PermissionError as error:
        raise MediaError(f"{path} may not be read.", "Check its permissions.") from error
    except (*FAULTS, OSError) as error:
        raise MediaError(f"{path} is damaged, cut short, or not a media file.", GIVE_ANOTHER) from error
    try:
        yield media
    finally:
        media.container.close()


def reopened(path: Path) -> av.container.InputContainer:
    """A file that was probed before, opened to decode it.

    Raises:
        MediaError: It has gone since.
    """
    try:
        return _open(path).container
    except (*FAULTS, OSError) as error:
        raise MediaError(f"{path} can no longer be read.", "Check the disk that it lies on.") from error


def sound_streams(container: av.container.InputContainer) -> list[av.AudioStream]:
    """The sound streams that can be decoded, in order: what every count of streams in this program means."""
    return [
        stream
        for stream in container.streams.audio
        if stream.codec_context is not None and stream.codec_context.sample_rate > 0
    ]


def picture_stream(container: av.container.InputContainer) -> av.VideoStream | None:
    """The stream that is the file's picture; ``None`` where it has none.

    Covers, thumbnails and stills beside a film are no picture. Of several that are left, it is the one that
    the file marks as its default, of those the largest, of those the first: what players show.
    """
    streams = [
        stream
        for stream in container.streams.video
        if stream.codec_context is not None and not stream.disposition & _NO_PICTURE
    ]
    lengths = {stream.index: stream_length(stream) or _tagged_length(stream) for stream in streams}
    longest = max((length for length in lengths.values() if length is not None), default=None)

    def is_film(stream: av.VideoStream) -> bool:
        length = lengths[stream.index]
        if longest is not None and length is not None and length < longest * _THUMBNAIL_PART:
            return False
        return stream.frames != 1 or all(other.frames in (0, 1) for other in streams)

    def rank(stream: av.VideoStream) -> tuple[bool, bool, int]:
        context = stream.codec_context
        is_default = bool(stream.disposition & av.stream.Disposition.default)
        return is_film(stream), is_default, context.width * context.height

    return max(streams, key=rank, default=None)


def stream_length(stream: Any) -> Fraction | None:
    """How long a stream plays by its header, in seconds from its first frame; ``None`` where it is silent."""
    base = stream.time_base
    if stream.duration is not None and stream.duration > 0 and base:
        length: Fraction = stream.duration * base
        return length
    return None


def _tagged_length(stream: Any) -> Fraction | None:
    """What Matroska says of each track: "00:00:04.000000000"."""
    for key, value in stream.metadata.items():
        if key.upper().startswith("DURATION"):
            with suppress(ValueError):
                hours, minutes, seconds = value.split(":")
                return (int(hours) * 60 + int(minutes)) * 60 + Fraction(seconds)
    return None


def picture_decoder(stream: av.VideoStream) -> Callable[[Any | None], list[Any]]:
    """What decodes a picture stream's packets from where its container stands: anew after every seek.

    FFmpeg's own VP8 and VP9 decoders leave out the transparency that WebM keeps beside the picture; libvpx's
    read it.
    """
    library = _ALPHA_DECODERS.get(stream.codec_context.name)
    if library is None or not has_alpha_beside(stream):
        return frames_in
    context: Any = av.CodecContext.create(library, "r")
    return lambda packet: list(context.decode(packet))


def alpha_stream(container: av.container.InputContainer) -> av.VideoStream | None:
    """The transparency of an AVIF image, which lies beside it as a grey picture of its own."""
    if not container.metadata.get("major_brand", "").startswith("avif"):
        return None
    named = (stream for stream in container.streams.video if stream.metadata.get("title") == "Alpha")
    return next((stream for stream in named if stream.codec_context is not None), None)


def has_alpha_beside(stream: av.VideoStream) -> bool:
    """Whether a WebM's picture has transparency that lies beside it and can be read."""
    mode = {key.lower(): value for key, value in stream.metadata.items()}.get("alpha_mode")
    library = _ALPHA_DECODERS.get(stream.codec_context.name)
    if mode != "1" or library is None:
        return False
    try:
        av.Codec(library, "r")
    except (av.FFmpegError, ValueError):
        return False
    return True


def frames_in(packet: Any | None) -> list[Any]:
    """The frames of a packet.

    Raises:
        FAULTS: It does not decode.
    """
    frames: list[Any] = [] if packet is None else packet.decode()
    for frame in frames:
        if isinstance(frame, av.AudioFrame) and not _is_plain(frame.layout.name):
            # A decoder that labels channels itself: the label table is the frame's, which frees it. The
            # copy in ``layout`` must never do so, so it stays for good.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(frame.layout))
    return frames


def _open(path: Path) -> OpenMedia:
    with path.open("rb") as file:
        head = file.read(1024).lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(_LISTS) or (head.startswith(b"<") and b"<MPD" in head):
        raise ValueError(f"{path} is a list of media")
    container = av.open(str(path), metadata_errors="replace", options={"protocol_whitelist": "file"})
    try:
        return OpenMedia(
            container, {stream.index: _settled(stream.codec_context) for stream in sound_streams(container)}
        )
    except BaseException:
        container.close()
        raise


def _settled(context: av.AudioCodecContext) -> str:
    """Give a stream that is not yet decoded a layout without a table of its own; the name of what it had."""
    layout = context.layout
    count, name = layout.nb_channels, ""
    with suppress(RuntimeError, ValueError):
        name = layout.name
    if not count:
        return name
    plain = None
    if _is_plain(name):
        with suppress(ValueError):
            plain = av.AudioLayout(name)
    if plain is None or plain.nb_channels != count:
        plain = av.AudioLayout(f"{count} channels")
    context.layout = plain  # before ``layout`` goes and takes the table with it that both had
    return name or plain.name


def _is_plain(name: str) -> bool:
    """Whether FFmpeg's name of a layout is that of one without a table: "4 channels (FL+FR+FL+FR)" is not."""
    return " (" not in name
