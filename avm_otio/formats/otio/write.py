"""The timeline → OTIO's JSON form, the one way in which OTIO is written.

What was read from OTIO is written as it was, foreign metadata, effects and unknown schemas with it, and
changed only where the timeline says something else now. What was not is written whole; what OTIO cannot say
goes under ``metadata["avm"]`` (``docs/metadata.md``). So reading a document gives the timeline again, and a
timeline that is only read and written is what it was.

A document shares with the timeline all that it does not change: whoever changes it further changes nothing
but what ``lanes`` gives, which is new down to the lists and notes of each object.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import opentimelineio as otio

from avm_otio.formats.making import many_values
from avm_otio.formats.otio import metadata
from avm_otio.formats.otio.changes import changed, fresh, sound_of_picture
from avm_otio.formats.otio.elements import clip_data, gap, kept_data, markers_json, reference
from avm_otio.formats.otio.json_form import Document, Json, is_a, range_json, said_under, time_json
from avm_otio.formats.otio.metadata import NAMESPACE, note, storable_text
from avm_otio.formats.otio.read import origin_in
from avm_otio.timeline.model import (
    Clip,
    Mix,
    Timeline,
    Track,
    TrackKind,
    Transition,
)
from avm_otio.timeline.time import nearest_frame

_AS_IT_IS = Mix()
_ZERO = Fraction(0)
_ONE = Fraction(1)
_KINDS = {TrackKind.VIDEO: "Video", TrackKind.AUDIO: "Audio"}


@dataclass(frozen=True, slots=True)
class Lane:
    """One member of a stack as it is written, and the track that it says.

    Attributes:
        member: The OTIO track; or the clip or nest that lies in the stack itself.
        track: What it says.
        clips: Every clip and nest on it with what it says.
        transitions: Every transition on it, those that lie outside the track's window among them.
    """

    member: Document
    track: Track
    clips: tuple[tuple[Document, Clip], ...]
    transitions: tuple[Document, ...]


def lanes(stack: Document, timeline: Timeline) -> Iterator[Lane]:
    """The members of a written stack, each with the track that it says; nests are not opened.

    Args:
        stack: The tracks of a timeline's document, or a nest in it.
        timeline: What was written, or the same with other values: clip for clip.
    """
    members = [stack] if is_a(stack, "Track") else stack["children"]
    items = [member for member in members if not is_a(member, "Transition")]
    for member, track in zip(items, timeline.tracks, strict=True):
        inside = member["children"] if is_a(member, "Track") else [member]
        placed = [child for child in inside if not is_a(child, "Gap", "Transition")]
        # What a track's window cuts off is cut off at its head.
        shown = placed[len(placed) - len(track.clips) :]
        yield Lane(
            member=member,
            track=track,
            clips=tuple(zip(shown, track.clips, strict=True)),
            transitions=tuple(child for child in inside if is_a(child, "Transition")),
        )


def otio_of(document: Json) -> otio.schema.Timeline:
    """A timeline as OTIO's own object."""
    made: otio.schema.Timeline = otio.core.deserialize_json_from_string(storable_text(document))
    return made


def timeline_of(timeline: Timeline) -> otio.schema.Timeline:
    """A timeline as OTIO's own object; what OTIO cannot say goes under ``metadata["avm"]``."""
    return otio_of(document(timeline))


def in_otio(timeline: Timeline) -> Timeline:
    """The same timeline, each object with its OTIO form beside it as if it had been read from OTIO.

    So what a timeline says of its media is written even where the media are looked at in between.
    """
    return _beside(document(timeline), timeline)


def _beside(document: Document, timeline: Timeline) -> Timeline:
    tracks = []
    for lane in lanes(document["tracks"] if is_a(document, "Timeline") else document, timeline):
        clips = [
            replace(
                clip,
                raw=item,
                content=_beside(item, clip.content) if isinstance(clip.content, Timeline) else clip.content,
            )
            for item, clip in lane.clips
        ]
        hidden = len(lane.transitions) - len(lane.track.transitions)
        crossings = zip(lane.track.transitions, lane.transitions[hidden:], strict=True)
        tracks.append(
            replace(
                lane.track,
                raw=lane.member,
                clips=tuple(clips),
                transitions=tuple(replace(transition, raw=raw) for transition, raw in crossings),
            )
        )
    return replace(timeline, raw=document, tracks=tuple(tracks))


def without_otio(timeline: Timeline) -> Timeline:
    """The same timeline with nothing of the OTIO beside it: for one whose clips have found other places."""
    return replace(
        timeline,
        raw=None,
        tracks=tuple(
            replace(
                track,
                raw=None,
                clips=tuple(replace(clip, raw=None) for clip in track.clips),
                transitions=tuple(replace(transition, raw=None) for transition in track.transitions),
            )
            for track in timeline.tracks
        ),
    )


@many_values()
def document(timeline: Timeline) -> Document:
    """A timeline in OTIO's JSON form."""
    writer = _Writer(timeline.rate)
    raw = timeline.raw
    if raw is not None and is_a(raw, "Timeline"):
        made = fresh(raw)
        made["tracks"] = writer.stack(timeline, raw["tracks"])
        ours = said_under(raw, NAMESPACE)
        if origin_in(ours) != timeline.origin:
            kept = {key: value for key, value in ours.items() if key in metadata.OF_THE_TIMELINE}
            note(made, kept | dict(timeline.origin or {}))
        return made
    noted: dict[str, Any] = {"drop_frame": timeline.drop_frame}
    if timeline.size:
        noted["size"] = list(timeline.size)
    if timeline.kept:
        noted["kept"] = kept_data(timeline.kept)
    stack = writer.stack(timeline, None) | {"name": "tracks"}
    _fill(stack, timeline)
    return {
        "OTIO_SCHEMA": "Timeline.1",
        "metadata": {NAMESPACE: {"version": metadata.VERSION} | noted | dict(timeline.origin or {})},
        "name": timeline.name,
        "global_start_time": time_json(timeline.start_frame, timeline.rate),
        "tracks": stack,
    }


def _fill(stack: Document, timeline: Timeline) -> None:
    """Lay a gap after the end of the first track where a timeline is longer than any of its tracks."""
    lengths = [_frames_in(track) for track in stack["children"]]
    if lengths and timeline.frames > max(lengths):
        stack["children"][0]["children"].append(gap(timeline.frames - lengths[0], timeline.rate))


def _frames_in(track: Document) -> int:
    """How long OTIO takes a written track to be: a fade after its last clip, or before its first, counts."""
    children = track["children"]
    spans = [child["source_range"] for child in children if not is_a(child, "Transition")]
    frames: float = sum(span["duration"]["value"] for span in spans)
    for child, edge in zip(children[:1] + children[-1:], ("in_offset", "out_offset"), strict=False):
        frames += child[edge]["value"] if is_a(child, "Transition") else 0
    return round(frames)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes one timeline, or one nest of it.

    Attributes:
        rate: Its frames a second.
        pictures: What pictures were read from, by identity. On a sound track it stands for their sound.
        heard: Those of them whose sound lies on a sound track.
    """

    rate: Fraction
    pictures: frozenset[int] = frozenset()
    heard: frozenset[int] = frozenset()

    def stack(self, timeline: Timeline, raw: Json | None) -> Document:
        """The tracks of a timeline or of a nest; ``raw`` is what they were read from."""
        pictures, sounds = (
            frozenset(id(clip.raw) for track in tracks for clip in track.clips if clip.raw is not None)
            for tracks in (timeline.video_tracks, timeline.audio_tracks)
        )
        inside = replace(self, rate=timeline.rate, pictures=pictures, heard=pictures & sounds)
        if raw is None:
            return {
                "OTIO_SCHEMA": "Stack.1",
                "metadata": {},
                "name": timeline.name,
                "source_range": None,
                "effects": [],
                "markers": markers_json(timeline.markers, _ZERO, _ONE, timeline.rate),
                "enabled": True,
                "children": [inside.track(track) for track in timeline.tracks],
            }
        made = fresh(raw)
        if is_a(raw, "Track"):
            made["children"] = inside.children(timeline.tracks[0], raw)
        else:
            made["children"] = list(inside.members(timeline.tracks, raw["children"]))
        return made

    def members(self, tracks: Sequence[Track], raws: Sequence[Json]) -> Iterator[Document]:
        """Tracks in the places of those that were read; new ones after what they come after."""
        there = {id(raw) for raw in raws}
        waiting = list(reversed(tracks))
        for raw in raws:
            while waiting and id(waiting[-1].raw) not in there:
                yield self.track(waiting.pop())
            if is_a(raw, "Transition"):
                yield fresh(raw)
            elif waiting and waiting[-1].raw is raw:
                yield self.track(waiting.pop())
        yield from (self.track(track) for track in reversed(waiting))

    def track(self, track: Track) -> Document:
        raw = track.raw
        if raw is not None and is_a(raw, "Track"):
            return fresh(raw) | {"children": self.children(track, raw)}
        if raw is not None and not track.clips:  # a gap in the stack itself
            return deepcopy(dict(raw))
        if raw is not None:  # a clip or a nest in the stack itself
            return self.item(track.clips[0], TrackKind.VIDEO, *track.clips[0].frames(self.rate))
        noted: dict[str, Any] = {}
        if track.stem is not None:
            noted |= metadata.track_metadata(track.stem)
        if track.channels and not (track.channels_assumed and track.stem is not None):
            noted["channels"] = track.channels
        if track.locked:
            noted["locked"] = True
        if track.kept:
            noted["kept"] = kept_data(track.kept)
        return {
            "OTIO_SCHEMA": "Track.1",
            "metadata": {NAMESPACE: {"version": metadata.VERSION} | noted} if noted else {},
            "name": track.name,
            "source_range": None,
            "effects": [],
            "markers": markers_json(track.markers, _ZERO, _ONE, self.rate),
            "enabled": track.enabled,
            "children": self.laid_anew(track),
            "kind": _KINDS[track.kind],
        }

    def children(self, track: Track, raw: Json) -> list[Document]:
        """What lies on a track that was read: gaps and transitions as they were."""
        waiting = list(reversed(track.clips))
        hidden = raw["source_range"] is not None  # by the track's window, at its head
        made: list[Document] = []
        for child in raw["children"]:
            if is_a(child, "Gap", "Transition"):
                made.append(fresh(child))
            elif waiting and waiting[-1].raw is child:
                hidden = False
                while waiting and waiting[-1].raw is child:
                    clip = waiting.pop()
                    made.append(self.item(clip, track.kind, *clip.frames(self.rate)))
            elif hidden:
                made.append(deepcopy(child))
        return self.laid_anew(track) if waiting else made

    def laid_anew(self, track: Track) -> list[Document]:
        """Clips, gaps and transitions in OTIO's order: a transition stands between what it joins."""
        waiting = sorted(track.transitions, key=lambda transition: transition.at)
        children: list[Document] = []
        at = 0

        def cross(until: int) -> Iterator[Document]:
            """Transitions and gaps up to the frame at which the next thing begins."""
            nonlocal at
            while waiting and nearest_frame(waiting[0].at, self.rate) <= until:
                transition = waiting.pop(0)
                here = nearest_frame(transition.at, self.rate)
                if here > at:
                    yield gap(here - at, self.rate)
                    at = here
                yield self.transition(transition)
            if until > at:
                yield gap(until - at, self.rate)
                at = until

        for clip in track.clips:
            first, last = clip.frames(self.rate)
            children.extend(cross(max(first, at)))
            if last > at:
                children.append(self.item(clip, track.kind, at, last))
                at = last
        children.extend(cross(max((nearest_frame(one.at, self.rate) for one in waiting), default=at)))
        return children

    def transition(self, transition: Transition) -> Document:
        if transition.raw is not None:
            return fresh(transition.raw)
        noted = {"version": metadata.VERSION, "kept": kept_data(transition.kept)}
        return {
            "OTIO_SCHEMA": "Transition.1",
            "metadata": {NAMESPACE: noted} if transition.kept else {},
            "name": transition.name,
            "in_offset": time_json(transition.before * self.rate, self.rate),
            "out_offset": time_json(transition.after * self.rate, self.rate),
            "transition_type": transition.kind,
        }

    def item(self, clip: Clip, kind: TrackKind, first: int, last: int) -> Document:
        """One clip or nest from its first frame up to the first one after it."""
        if clip.raw is None:
            return self.new_item(clip, first, last)
        if kind is TrackKind.AUDIO and id(clip.raw) in self.pictures:
            made = sound_of_picture(clip, clip.raw)
        else:
            made = changed(clip, clip.raw, self.rate, is_heard=id(clip.raw) in self.heard)
        if isinstance(clip.content, Timeline):
            made["children"] = self.stack(clip.content, clip.raw)["children"]
        return made

    def new_item(self, clip: Clip, first: int, last: int) -> Document:
        duration = (last - first) / self.rate
        used = clip.media_in - (duration * -clip.speed if clip.speed < 0 else 0)
        nest = clip.content if isinstance(clip.content, Timeline) else None
        effects: list[Document] = []
        if clip.speed != 1:
            name = "FreezeFrame" if clip.speed == 0 else "LinearTimeWarp"
            effects.append(
                {
                    "OTIO_SCHEMA": f"{name}.1",
                    "metadata": {},
                    "name": "",
                    "effect_name": name,
                    "enabled": True,
                    "time_scalar": float(clip.speed),
                }
            )
        noted = clip_data(clip, self.rate)
        inside: Document = (
            {
                "OTIO_SCHEMA": "Clip.2",
                "media_references": {"DEFAULT_MEDIA": reference(clip, self.rate)},
                "active_media_reference_key": "DEFAULT_MEDIA",
            }
            if nest is None
            else self.stack(nest, None)
        )
        return inside | {
            "metadata": {NAMESPACE: {"version": metadata.VERSION} | noted} if noted else {},
            "name": clip.name,
            "source_range": range_json(used * self.rate, last - first, self.rate),
            "effects": effects,
            # A nest's own come first; it notes how many they are.
            "markers": inside.get("markers", []) + markers_json(clip.markers, used, clip.speed, self.rate),
            "enabled": clip.enabled,
        }
