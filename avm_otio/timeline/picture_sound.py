"""The sound of pictures on tracks of its own, where a timeline has it only inside its video tracks.

Editors differ in what a clip on a video track brings: DaVinci Resolve takes its picture and no more. With the
sound on a track of its own, linked to the picture, all of them show the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count

from avm_otio.timeline.model import Clip, Mix, Timeline, Track, TrackKind


def with_picture_sound(timeline: Timeline) -> tuple[Timeline, int]:
    """The timeline with the sound of its pictures on sound tracks, linked to them.

    One sound track for each video track that has any, after the user's last track and before ours. A timeline
    with a sound track of the user's own, even an empty one, says already what is heard: it stays as it is.

    Args:
        timeline: The timeline, its media located: only a file that is there has sound.

    Returns:
        The timeline, and how many clips and nests were given their sound.
    """
    sounds = _Sounds(_free_links(timeline))
    return sounds.added_to(timeline), sounds.added


@dataclass(slots=True)
class _Sounds:
    links: Iterator[int]
    added: int = 0

    def added_to(self, timeline: Timeline) -> Timeline:
        """A timeline or a nest with the sound of its pictures, nests first."""
        users = [index for index, track in enumerate(timeline.tracks) if not track.is_ours]
        if any(timeline.tracks[index].kind is TrackKind.AUDIO for index in users):
            return timeline
        tracks, sounds = list(timeline.tracks), []
        for index in users:
            tracks[index], sound = self.split(tracks[index])
            sounds += sound
        at = max(users, default=-1) + 1
        return replace(timeline, tracks=(*tracks[:at], *sounds, *tracks[at:]))

    def split(self, track: Track) -> tuple[Track, list[Track]]:
        """A video track, and what it sounds like; nothing where it is silent."""
        pictures: list[Clip] = []
        sounds: list[Clip] = []
        for clip in map(self.opened, track.clips):
            channels = _channels(clip)
            if channels:
                link = next(self.links) if clip.link is None else clip.link
                heard = tuple(range(channels))
                sound = replace(clip, link=link, channels=heard, channels_assumed=False, markers=(), kept=())
                clip = replace(clip, link=link, mix=Mix())
                sounds.append(sound)
            pictures.append(clip)
        self.added += len(sounds)
        seen = replace(track, clips=tuple(pictures))
        if not sounds:
            return seen, []
        edges = {edge for clip in sounds for edge in (clip.start, clip.end)}
        made = Track(
            track.name,
            TrackKind.AUDIO,
            tuple(sounds),
            tuple(transition for transition in track.transitions if transition.at in edges),
            channels=max(len(clip.channels) for clip in sounds),
            enabled=track.enabled,
        )
        return seen, [made]

    def opened(self, clip: Clip) -> Clip:
        """A clip; of a nest that plays one in which pictures have their sound."""
        if isinstance(clip.content, Timeline) and clip.speed and not _is_a_track(clip.content):
            return replace(clip, content=self.added_to(clip.content))
        return clip


def _channels(clip: Clip) -> int:
    """How many channels of sound a clip on a video track has; 0 where it is silent."""
    if clip.speed == 0:
        return 0
    if isinstance(clip.content, Timeline):
        tracks = [track for track in clip.content.audio_tracks if track.clips]
        return max((2 if track.channels_assumed else track.channels for track in tracks), default=0)
    media = clip.media
    return media.channels if media is not None and media.is_online else 0


def _is_a_track(nest: Timeline) -> bool:
    """Whether a nest was read from an OTIO track, which holds no others."""
    return nest.raw is not None and str(nest.raw["OTIO_SCHEMA"]).startswith("Track.")


def _free_links(timeline: Timeline) -> Iterator[int]:
    """Link numbers that nothing in the timeline has; it is looked through when the first is asked for."""
    yield from count(max(_links(timeline), default=0) + 1)


def _links(timeline: Timeline) -> Iterator[int]:
    for clip in timeline.clips():
        if clip.link is not None:
            yield max(clip.link, 0)
        if isinstance(clip.content, Timeline):
            yield from _links(clip.content)
