"""What a list does not say, from the media it names: its rate, and where its timecode lies in their files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from avm_otio.errors import InputError
from avm_otio.formats.reading import Opened, read
from avm_otio.formats.table import reader_of
from avm_otio.media.locate import look_for
from avm_otio.request import Request
from avm_otio.timeline.model import Clip, Media, Timeline, TrackKind
from avm_otio.timeline.time import (
    MediaTime,
    dropped_per_minute,
    format_timecode,
    nearest_frame,
    nominal_rate,
)

if TYPE_CHECKING:
    from avm_otio.media.probe import MediaInfo, VideoInfo


def as_media_count(opened: Opened, request: Request) -> Opened:
    """A timeline of a format that says no rate, read at that of its media, in their own timecode.

    Args:
        opened: The timeline, as it was read.
        request: The rate that the user gives, and where moved media are found.

    Raises:
        TimelineError: It has frames that the rate does not have.
    """
    reader = reader_of(opened.path.suffix.lower())
    if reader is None or reader.rate_of is None:
        return opened
    infos = _probed(opened, request.media_roots)
    seen: dict[Media, Fraction] = {}
    for clip in opened.timeline.clips():
        if clip.media is not None:
            seen[clip.media] = seen.get(clip.media, Fraction(0)) + clip.duration
    pictures = [
        (info.path.name, info.video.rate, seen.get(media, Fraction(0)))
        for media, info in infos.items()
        if info.video is not None and not info.is_still
    ]
    rate, note = reader.rate_of(opened.path, request.rate, pictures)
    notes = opened.notes
    is_told_else = request.rate is None and note not in opened.notes
    if rate != opened.timeline.rate or is_told_else:
        again = read(opened.path, rate=rate, sequence=request.sequence)
        opened, notes = again, again.notes
        infos = _probed(opened, request.media_roots)
    timeline = in_files_timecode(opened.timeline, infos)
    return replace(opened, timeline=timeline, notes=tuple(dict.fromkeys((note, *notes) if note else notes)))


def _probed(opened: Opened, roots: Sequence[Path]) -> dict[Media, MediaInfo]:
    from avm_otio.media.probe import probe

    places, _ = look_for(opened.timeline.media(), folder=opened.folder, roots=roots)
    found: dict[Path, MediaInfo | None] = {}
    for path in places.values():
        if path not in found:
            try:
                found[path] = probe(path)
            except InputError:  # whoever needs it says so
                found[path] = None
    infos = {media: found[path] for media, path in places.items()}
    return {media: info for media, info in infos.items() if info is not None}


def in_files_timecode(timeline: Timeline, infos: Mapping[Media, MediaInfo]) -> Timeline:
    """The same with every source timecode read as its file counts: by its rate and its drop-frame flag.

    A list writes what the file's own timecode shows. Where that lies outside the file, the list's counting
    is tried.

    Args:
        timeline: A timeline whose media time is a list's timecode at its rate.
        infos: The files that were found.
    """

    def of_clip(clip: Clip, kind: TrackKind) -> Clip:
        media = clip.media
        info = infos.get(media) if media is not None else None
        if info is None or media is None:
            return clip
        count = sum(stream.channels for stream in info.audio)
        if kind is TrackKind.AUDIO and count:  # a list names the record's channels; a file may have fewer
            clip = replace(clip, channels=tuple(channel % count for channel in clip.channels))
        if info.video is None or info.video.start_timecode is None:
            return clip
        return _counted_in(clip, media, info.video, timeline.rate)

    tracks = (
        replace(track, clips=tuple(of_clip(clip, track.kind) for clip in track.clips))
        for track in timeline.tracks
    )
    return replace(timeline, tracks=tuple(tracks))


def _counted_in(clip: Clip, media: Media, video: VideoInfo, rate: Fraction) -> Clip:
    count = nearest_frame(clip.media_in, rate)
    listed = media.drop_frame and dropped_per_minute(rate) > 0
    label = format_timecode(count, rate, listed)
    start, length = video.start_timecode or 0, video.frames
    readings = [(_frames(label, rate, video.rate, drop), drop) for drop in (video.drop_frame, listed)]
    inside = [
        (frame, drop)
        for frame, drop in readings
        if frame >= start and (length is None or frame < start + length)
    ]
    frame, drop = (inside or readings)[0]
    is_alike = nominal_rate(video.rate) == nominal_rate(rate)
    media = replace(media, drop_frame=drop, counted_rate=rate if is_alike else None)
    return replace(clip, content=media, media_in=MediaTime(frame / (rate if is_alike else video.rate)))


def _frames(label: str, rate: Fraction, file_rate: Fraction, drop: bool) -> Fraction:
    """The frame of a file that a timecode of a list names; its frames are a part of its second."""
    hours, minutes, seconds, frames = (int(part) for part in re.split("[:;]", label))
    nominal = nominal_rate(file_rate)
    count = ((hours * 60 + minutes) * 60 + seconds) * nominal + Fraction(frames * nominal, nominal_rate(rate))
    total = hours * 60 + minutes
    return count - (dropped_per_minute(file_rate) * (total - total // 10) if drop else 0)
