"""Small pictures out of media files, as JPEG."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
from av.video.reformatter import ColorRange, Colorspace

from avm_otio.errors import MediaError
from avm_otio.media.containers import FAULTS
from avm_otio.media.film_picture import Layer, Raster, compose, even
from avm_otio.media.picture import Pictures, SequencePictures, open_pictures
from avm_otio.media.probe import MediaInfo
from avm_otio.timeline.model import Media

_QUALITY = "5"
"""FFmpeg's scale of quantisers, 2 the finest: 16:9 at 96 lines comes to 3 to 6 KB."""

_MOST_OPEN = 4
"""Files kept open: cuts go back and forth between a few."""

_WIDEST = Fraction(12, 5)
"""Of wider pictures the sides are not shown anyway."""


class Thumbnails:
    """Reads small pictures, mostly forward in each file."""

    def __init__(self) -> None:
        self._open: dict[str, Pictures | None] = {}

    def __enter__(self) -> Thumbnails:
        return self

    def __exit__(self, *_: object) -> None:
        for pictures in self._open.values():
            if pictures is not None:
                pictures.close()

    def at(self, media: Media, info: MediaInfo, time: Fraction, height: int) -> bytes | None:
        """The picture at a file time as JPEG; ``None`` where none is seen there.

        Args:
            media: Located media.
            info: Its file; of a sequence its first image.
            time: Seconds since its first frame.
            height: Lines of the small picture.
        """
        if info.video is None:
            return None
        with suppress(*FAULTS, OSError, MediaError):
            pictures = self._pictures(media, info, height)
            frame = None if pictures is None else pictures.frame_at(time)
            if frame is not None:
                shape = min(Fraction(info.video.width, info.video.height), _WIDEST)
                raster = Raster(even(height * shape), even(height))
                (small,) = compose([(Layer(frame, info.video, 1.0),)], raster)
                return _jpeg(small)
        return None

    def _pictures(self, media: Media, info: MediaInfo, height: int) -> Pictures | None:
        if media.path in self._open:
            self._open[media.path] = self._open.pop(media.path)  # the one used last is let go last
            return self._open[media.path]
        while len(self._open) >= _MOST_OPEN:
            oldest = self._open.pop(next(iter(self._open)))
            if oldest is not None:
                oldest.close()
        self._open[media.path] = None  # where it cannot be opened, it is not tried again
        assert info.video is not None
        if media.sequence is None:
            self._open[media.path] = open_pictures(info, height, lambda note: None)
        elif media.counted_rate or media.rate:
            rate = media.counted_rate or media.rate
            assert rate is not None
            self._open[media.path] = SequencePictures(Path(media.path), media.sequence, rate, info.video)
        return self._open[media.path]


def _jpeg(frame: av.VideoFrame) -> bytes:
    """A frame (yuv420p, BT.709, limited range) as JPEG, which is BT.601 at full range."""
    full = frame.reformat(
        format="yuvj420p",
        src_colorspace=Colorspace.ITU709,
        dst_colorspace=Colorspace.ITU601,
        src_color_range=ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
    )
    context = av.CodecContext.create("mjpeg", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = full.width, full.height, "yuvj420p"
    context.time_base = Fraction(1, 25)
    context.options = {"qmin": _QUALITY, "qmax": _QUALITY, "flags": "bitexact"}
    full.pts, full.time_base = 0, context.time_base
    return b"".join(bytes(packet) for part in (full, None) for packet in context.encode(part))
