"""From the timeline's media time to the media file's own time, the same for picture and sound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from avm_otio.media.probe import MediaInfo
from avm_otio.timeline.model import Media
from avm_otio.timeline.plan import ExportPlan

TOLERANCE = Fraction(1, 1000)
"""How far a timestamp in a file may be off, in seconds: Matroska keeps whole milliseconds."""

_NTSC = Fraction(1001, 1000)


@dataclass(frozen=True, slots=True)
class MediaClock:
    """How media time runs in a file.

    Attributes:
        origin: Media time of the file's first frame.
        scale: File seconds a media second: 1, or 1001/1000 where a timeline counts a 23.976 file at 24.
    """

    origin: Fraction
    scale: Fraction = Fraction(1)

    def file_time(self, media_time: Fraction) -> Fraction:
        """Seconds since the file's first frame."""
        return (media_time - self.origin) * self.scale


def media_clocks(plan: ExportPlan, infos: Mapping[Media, MediaInfo]) -> dict[Media, MediaClock]:
    """The clock of every source of a plan.

    ``available_range`` says where the file starts. Without it the file's own timecode does, provided that
    everything used lies at or after it; else media time counts from 0. Where the timeline counts frames at 24
    and the file runs at 23.976 (or the like, and the other way round), frame counts win.
    """
    earliest: dict[Media, Fraction] = {}
    for media, time in _times(plan):
        earliest[media] = min(earliest.get(media, time), time)
    return {media: media_clock(media, infos.get(media), earliest[media]) for media in plan.media}


def media_clock(media: Media, info: MediaInfo | None, earliest: Fraction) -> MediaClock:
    """The clock of one source, of which nothing earlier than a media time is used; see ``media_clocks``."""
    scale = Fraction(1)
    if info is not None and info.video is not None and not info.is_still and media.counted_rate is not None:
        ratio = media.counted_rate / info.video.rate
        if ratio in (_NTSC, 1 / _NTSC):
            scale = ratio
    if media.counted_from is not None:
        return MediaClock(media.counted_from, scale)
    if info is not None and info.start is not None:
        # What lies behind the file's end when counted from 0 can only be meant in its own timecode.
        is_past = info.duration is not None and earliest >= info.duration
        if earliest >= info.start / scale - TOLERANCE or is_past:
            return MediaClock(info.start / scale, scale)
    return MediaClock(Fraction(0), scale)


def used_spans(plan: ExportPlan) -> dict[Media, tuple[Fraction, Fraction]]:
    """The earliest and the latest media time that a film uses of each source."""
    spans: dict[Media, tuple[Fraction, Fraction]] = {}
    for segment in plan.picture:
        last = (segment.end - segment.start - 1) / plan.rate
        for layer in segment.layers:
            _widen(spans, layer.media, layer.media_in, layer.media_in + last * layer.speed)
    for sound in plan.sound:
        _widen(spans, sound.media, sound.media_in, sound.media_in + (sound.end - sound.start) * sound.speed)
    return spans


def _widen(
    spans: dict[Media, tuple[Fraction, Fraction]], media: Media, first: Fraction, last: Fraction
) -> None:
    low, high = spans.get(media, (first, first))
    spans[media] = min(low, first, last), max(high, first, last)


def _times(plan: ExportPlan) -> Iterator[tuple[Media, Fraction]]:
    for segment in plan.picture:
        last = (segment.end - segment.start - 1) / plan.rate
        for layer in segment.layers:
            yield layer.media, min(layer.media_in, layer.media_in + last * layer.speed)
    for sound in plan.sound:
        yield sound.media, min(sound.media_in, sound.media_in + (sound.end - sound.start) * sound.speed)
