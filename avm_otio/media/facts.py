"""Whether a file is the one that a timeline means: by what the timeline states and uses of it."""

from __future__ import annotations

from fractions import Fraction

from avm_otio.media.clock import media_clock
from avm_otio.media.probe import MediaInfo
from avm_otio.timeline.model import Media
from avm_otio.timeline.time import format_rate, format_timecode, nearest_frame

_NTSC = Fraction(1001, 1000)
_SLACK_FRAMES = 2
"""Frames by which lengths may differ: programs and containers round."""


def misfits(media: Media, info: MediaInfo, span: tuple[Fraction, Fraction] | None) -> tuple[str, ...]:
    """Why a file cannot be what a timeline means, one clause each; empty where nothing speaks against it.

    Args:
        media: As the timeline describes it.
        info: The file.
        span: What is used of it, where known.
    """
    video = info.video
    if media.sequence is not None or info.is_still:
        return ()
    found = []
    if media.has_picture and video is None:
        found.append("has no picture")
    rate = media.rate or (media.counted_rate if media.duration is not None else None)
    rates = (1, _NTSC, 1 / _NTSC)
    if video is not None and rate is not None and media.has_picture and rate / video.rate not in rates:
        found.append(f"runs at {format_rate(video.rate)} fps, not {format_rate(rate)}")
    frame = 1 / video.rate if video is not None else Fraction(1, 25)
    length = length_of(info)
    clock = media_clock(media, info, span[0] if span else media.start)
    if media.duration is not None:
        if info.start and media.start and abs(media.start * clock.scale - info.start) > _SLACK_FRAMES * frame:
            found.append(f"begins at {_timecode(info.start, info)}, not {_timecode(media.start, info)}")
        if length is not None and length + _SLACK_FRAMES * frame < media.duration * clock.scale:
            found.append(f"lasts {float(length):.2f} s, not {float(media.duration):.2f} s")
        count = sum(stream.channels for stream in info.audio)
        if media.channels > count and (count or not media.has_picture):
            found.append(f"has {count} channels of sound, not {media.channels}")
    if span is not None and length is not None and not found:
        first, last = (clock.file_time(time) for time in span)
        if first < -_SLACK_FRAMES * frame or last > length + _SLACK_FRAMES * frame:
            found.append("does not have all that is used")
    return tuple(found)


def likeness(media: Media, info: MediaInfo) -> int:
    """How many of the facts that a timeline states a file has exactly."""
    length, frame = length_of(info), 1 / info.video.rate if info.video is not None else Fraction(1, 100)
    same = 0
    if media.duration is not None:
        same += length is not None and abs(length - media.duration) <= frame
        same += info.start is not None and abs(info.start - media.start) <= frame
        same += media.channels == sum(stream.channels for stream in info.audio)
    return same


def length_of(info: MediaInfo) -> Fraction | None:
    """How long a file lasts, in seconds; ``None`` where it does not say."""
    if info.video is not None and info.video.frames and not info.is_still:
        return max(info.video.frames / info.video.rate, info.duration or Fraction(0))
    return info.duration


def _timecode(time: Fraction, info: MediaInfo) -> str:
    video = info.video
    if video is None or time < 0:
        return f"{float(time):.3f} s"
    return format_timecode(nearest_frame(time, video.rate), video.rate, video.drop_frame)
