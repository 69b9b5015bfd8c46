"""What a timeline does not state and an editor's file must, filled in from what its media are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from avm_otio.timeline.model import Clip, Generator, Media, Timeline, Track


def completed(timeline: Timeline) -> Timeline:
    """The same with every size, link and channel that nothing states.

    A picture is as large as its largest media, a nest of unknown size as what it lies in. Sound belongs to
    the picture of its media at its place, where no clip states what belongs together. A clip plays all
    channels of its media, and a track has as many as its widest clip.

    Args:
        timeline: The timeline, its media located.
    """
    timeline = _with_channels(timeline)
    size = timeline.size or max((media.size for media in timeline.media() if media.size), default=None)
    return _linked(_with_sized_nests(replace(timeline, size=size)))


def all_channels(content: Media | Timeline | Generator) -> tuple[int, ...]:
    """All channels of what a clip holds; stereo where nobody knows."""
    return tuple(range((content.channels if isinstance(content, Media) else 0) or 2))


def widest(track: Track) -> int:
    """How many channels the clips of a sound track play at most; stereo where none plays any."""
    return max((len(clip.channels) for clip in track.clips), default=2) or 2


def _with_channels(timeline: Timeline) -> Timeline:
    def of_clip(clip: Clip) -> Clip:
        content = clip.content
        if isinstance(content, Timeline):
            clip = replace(clip, content=_with_channels(content))
        return replace(clip, channels=all_channels(content)) if clip.channels_assumed else clip

    def of_track(track: Track) -> Track:
        track = replace(track, clips=tuple(map(of_clip, track.clips)))
        return replace(track, channels=widest(track)) if track.channels_assumed else track

    return replace(timeline, tracks=tuple(map(of_track, timeline.tracks)))


def _with_sized_nests(timeline: Timeline) -> Timeline:
    if timeline.size is None or not any(isinstance(clip.content, Timeline) for clip in timeline.clips()):
        return timeline

    def sized(clip: Clip) -> Clip:
        if not isinstance(clip.content, Timeline):
            return clip
        nest = replace(clip.content, size=clip.content.size or timeline.size)
        return replace(clip, content=_with_sized_nests(nest))

    return replace(
        timeline,
        tracks=tuple(replace(track, clips=tuple(map(sized, track.clips))) for track in timeline.tracks),
    )


def _linked(timeline: Timeline) -> Timeline:
    if any(clip.link is not None for clip in timeline.clips()):
        return timeline
    together: dict[Any, int] = {}
    for track in timeline.video_tracks:
        for clip in track.clips:
            if clip.media is not None:
                together.setdefault(_place(clip), len(together) + 1)
    heard = {_place(clip) for track in timeline.audio_tracks for clip in track.clips}
    numbers = {place: number for place, number in together.items() if place in heard}
    if not numbers:
        return timeline
    return replace(
        timeline,
        tracks=tuple(
            replace(track, clips=tuple(replace(clip, link=numbers.get(_place(clip))) for clip in track.clips))
            for track in timeline.tracks
        ),
    )


def _place(clip: Clip) -> Any:
    media = clip.media
    return media and (media.path or media.name, clip.start, clip.end, clip.media_in, clip.speed)
