"""The sound of pictures on tracks of its own, where a timeline has it only inside its video tracks.

Editors differ in what a clip on a video track brings: DaVinci Resolve takes its picture and no more. With the
sound on a track of its own, linked to the picture, all of them show the same.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import opentimelineio as otio

from avm_otio.formats.otio import metadata
from avm_otio.formats.otio.metadata import NAMESPACE
from avm_otio.formats.otio.resolve_words import RESOLVE
from avm_otio.timeline.flatten import AUDIO, MediaSource, duration_of, kind_of, media_of, speed_of

_OF_THE_SOUND = ("gain_db", "fade_in_us", "fade_out_us", "gain_keys")
"""What a picture's clip notes of its sound under our key; it goes with the sound."""

_OF_BOTH = ("nest",)
"""What a picture's clip notes of what it holds; the sound holds the same."""


def with_picture_sound(
    timeline: otio.schema.Timeline, channels_of: Callable[[MediaSource], int]
) -> tuple[otio.schema.Timeline, int]:
    """A copy in which the sound of the pictures lies on sound tracks, linked to them.

    One sound track for each video track that has any, after the user's last track and before ours. A timeline
    with a sound track of the user's own, even an empty one, says already what is heard: it stays as it is.

    Args:
        timeline: The timeline; not modified.
        channels_of: How many channels of sound a piece of media has; 0 for none.

    Returns:
        The copy, and how many clips and nests were given their sound.

    Raises:
        TimelineError: A clip has no length, or a range that no clip can have.
    """
    made = copy.deepcopy(timeline)
    sounds = _Sounds(channels_of, _free_links(made))
    sounds.add_to(made.tracks)
    return made, sounds.added


@dataclass(slots=True)
class _Sounds:
    channels_of: Callable[[MediaSource], int]
    links: Iterator[int]
    added: int = 0
    known: dict[MediaSource, int] = field(default_factory=dict)

    def add_to(self, stack: otio.core.Composition) -> None:
        """Give a stack the sound of its pictures, nests first."""
        users = [member for member in stack if not _is_ours(member)]
        if any(kind_of(member) == AUDIO for member in users):
            return
        tracks = [track for track in map(self._track, users) if track is not None]
        at = max((index for index, member in enumerate(stack) if not _is_ours(member)), default=-1) + 1
        for track in reversed(tracks):
            stack.insert(at, track)

    def _track(self, member: otio.core.Composable) -> otio.schema.Track | None:
        """What a video track, or a bare clip or nest, sounds like; ``None`` where it is silent."""
        inside = list(member) if isinstance(member, otio.schema.Track) else [member]
        heard = [self._heard(child) for child in inside]
        if not any(heard):
            return None
        made = otio.schema.Track(member.name, kind=AUDIO)
        made.enabled = bool(getattr(member, "enabled", True))
        if isinstance(member, otio.schema.Track):
            made.source_range = member.source_range
        widest = 0
        children: list[otio.core.Composable] = []
        for index, child in enumerate(inside):
            if isinstance(child, otio.schema.Transition):
                if any(heard[max(0, index - 1) : index]) or any(heard[index + 1 : index + 2]):
                    children.append(copy.deepcopy(child))
            elif isinstance(child, otio.core.Item):
                if heard[index]:
                    widest = max(widest, heard[index])
                    children.append(self._sound(child, heard[index]))
                else:
                    length = otio.opentime.TimeRange(duration=_length(child))
                    children.append(otio.schema.Gap(source_range=length))
        made.extend(children)
        made.metadata[NAMESPACE] = {"version": metadata.VERSION, "channels": widest}
        return made

    def _heard(self, child: otio.core.Composable) -> int:
        """How many channels a child of a video track has; 0 where it is silent."""
        if not isinstance(child, otio.core.Item) or speed_of(child) == 0:
            return 0
        if isinstance(child, otio.schema.Clip):
            media = media_of(child)
            if media is None:
                return 0
            if media not in self.known:
                self.known[media] = self.channels_of(media)
            return self.known[media]
        if isinstance(child, otio.core.Composition):
            return self._of_nest(child)
        return 0

    def _of_nest(self, nest: otio.core.Composition) -> int:
        if isinstance(nest, otio.schema.Stack):
            self.add_to(nest)
            tracks = [one for one in nest if kind_of(one) == AUDIO]
            return max(
                (self._of_track(one) for one in tracks if isinstance(one, otio.schema.Track)), default=0
            )
        return 0

    def _of_track(self, track: otio.schema.Track) -> int:
        """How many channels a sound track inside a nest has; 0 where nothing lies on it."""
        if all(isinstance(child, otio.schema.Gap) for child in track):
            return 0
        return int(metadata.of(track).get("channels", 0)) or 2

    def _sound(self, picture: otio.core.Item, channels: int) -> otio.core.Item:
        """The sound of a picture: the same clip, without what is for the eye; the two are linked."""
        noted = dict(metadata.of(picture))
        link = noted.get("link", _resolve(picture).get("Link Group ID"))
        link = next(self.links) if link is None else int(link)
        sound = copy.deepcopy(picture)
        of_time = [effect for effect in sound.effects if isinstance(effect, otio.schema.TimeEffect)]
        del sound.effects[:], sound.markers[:]
        sound.effects.extend(of_time)
        for key in list(sound.metadata):
            del sound.metadata[key]
        heard: dict[str, Any] = {key: noted.pop(key) for key in _OF_THE_SOUND if key in noted}
        heard |= {key: noted[key] for key in _OF_BOTH if key in noted}
        if "source" in noted:
            heard["source"] = noted["source"]
        heard |= {"version": metadata.VERSION, "link": link, "source_channels": list(range(channels))}
        sound.metadata[NAMESPACE] = heard
        picture.metadata[NAMESPACE] = noted | {"version": metadata.VERSION, "link": link}
        self.added += 1
        return sound


def _is_ours(member: otio.core.Composable) -> bool:
    return isinstance(member, otio.schema.Track) and metadata.track_kind(member) is not None


def _length(item: otio.core.Item) -> otio.opentime.RationalTime:
    """How long an item is, in its own rate."""
    if item.source_range is not None:
        return item.source_range.duration
    duration_of(item)  # says what is wrong where it has no length
    return item.duration()


def _resolve(item: otio.core.SerializableObjectWithMetadata) -> Mapping[str, Any]:
    noted = item.metadata.get(RESOLVE)
    return noted if isinstance(noted, Mapping) else {}


def _free_links(timeline: otio.schema.Timeline) -> Iterator[int]:
    """Link numbers that nothing in the timeline has; it is looked through when the first is asked for."""
    taken = [0]
    for item in timeline.tracks.find_children():
        for said in (metadata.of(item).get("link"), _resolve(item).get("Link Group ID")):
            if isinstance(said, int):
                taken.append(said)
    yield from count(max(taken) + 1)
