"""Markers of an AAF, laid where they belong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from avm_otio.formats.aaf.chain import number_of
from avm_otio.formats.aaf.colors import MARKER_COLORS
from avm_otio.formats.aaf.elements import Notes, items, kind_of, length_of, rate_of, tags, value_of
from avm_otio.timeline.model import Clip, Marker, Timeline, Track
from avm_otio.timeline.time import nearest_frame


@dataclass(frozen=True, slots=True)
class Layers:
    """Which tracks a slot became.

    Attributes:
        first: The place of the first among the timeline's.
        count: How many: a picture slot may hold all picture tracks, each a layer.
        number: The slot's physical track number, which is the first's; 0 where it has none.
    """

    first: int
    count: int
    number: int


def with_markers(
    timeline: Timeline, slots: list[Any], places: Mapping[int, Layers | None], notes: Notes
) -> Timeline:
    """A timeline with the markers of its mob.

    Media Composer's markers lie on a track; they belong to the clip that is under them, with which they move.
    All picture tracks may be layers of one slot, and then the physical number of the markers' slot says which
    of them it is [file].

    Args:
        timeline: Without them.
        slots: The mob's.
        places: Which tracks a slot became, by its number; ``None`` for a timecode track.
        notes: What could not be read.
    """
    whole: list[Marker] = []
    tracks = list(timeline.tracks)
    for slot in slots:
        segment = value_of(slot, "Segment")
        passed = 0
        for event in [segment, *items(value_of(segment, "Components"))] if segment is not None else []:
            since, passed = passed, passed + (length_of(event) if event is not segment else 0)
            if kind_of(event) not in ("DescriptiveMarker", "CommentMarker"):
                continue
            marker, noted = _marker(event, rate_of(slot), since)
            described = sorted(int(number) for number in value_of(event, "DescribedSlots") or ())
            at = _place(places.get(described[0]), number_of(slot), notes) if described else None
            if at is None or at >= len(tracks):
                whole.append(marker)
            else:
                tracks[at] = _marked(tracks[at], marker, noted.get("_AVM_ON_CLIP", 1), timeline.rate)
    whole.sort(key=lambda marker: marker.start)
    return replace(timeline, tracks=tuple(tracks), markers=tuple(whole))


def _place(layers: Layers | None, number: int, notes: Notes) -> int | None:
    """The track of a marker whose slot has a physical number; ``None`` for the timeline as a whole."""
    if layers is None:
        return None
    if layers.count == 1:
        return layers.first
    layer = max(0, number - max(1, layers.number))
    if layer >= layers.count:
        notes.add(f"a marker of picture track {number}, which is not in the file, is read as the timeline's")
        return None
    return layers.first + layer


def _marker(event: Any, rate: Fraction, since: int) -> tuple[Marker, dict[str, Any]]:
    """A marker, at the record time where its slot says; and what else is noted of it.

    Args:
        event: The marker.
        rate: Edit units a second of its slot.
        since: Edit units of what is before it in its slot: where it lies, unless it says so itself.
    """
    noted = tags(event, "CommentMarkerAttributeList")
    comment = str(value_of(event, "Comment") or noted.get("_ATN_CRM_COM") or "")
    user = str(value_of(event, "CommentMarkerUser", "CommentMarkerUSer") or noted.get("_ATN_CRM_USER") or "")
    length = noted.get("_ATN_CRM_LENGTH") or value_of(event, "Length") or 0
    length = 0 if length == 1 and "_AVM_NAME" not in noted else length
    position = value_of(event, "Position")
    marker = Marker(
        name=str(noted.get("_AVM_NAME", user)),
        start=Fraction(max(0, int(since if position is None else position))) / rate,
        duration=Fraction(max(0, int(length))) / rate,
        comment=str(noted.get("_AVM_COMMENT", comment)),
        color=_color(noted.get("_ATN_CRM_COLOR"), value_of(event, "CommentMarkerColor")),
    )
    return marker, noted


def _color(name: Any, mixed: Any) -> str:
    """A colour by its name; else the nearest to what is mixed."""
    if str(name or "").upper() in MARKER_COLORS:
        return str(name).upper()
    if not isinstance(mixed, dict):
        return ""
    mixture = [int(mixed.get(part, 0)) for part in ("red", "green", "blue")]

    def off(color: str) -> int:
        return sum((have - want) ** 2 for have, want in zip(mixture, MARKER_COLORS[color], strict=True))

    return min(MARKER_COLORS, key=off)


def _marked(track: Track, marker: Marker, on_clip: Any, rate: Fraction) -> Track:
    frame = nearest_frame(marker.start, rate)
    for at, clip in enumerate(track.clips):
        first, last = clip.frames(rate)
        if on_clip and first <= frame < last:
            clips = (*track.clips[:at], _with(clip, marker), *track.clips[at + 1 :])
            return replace(track, clips=clips)
    return replace(track, markers=(*track.markers, marker))


def _with(clip: Clip, marker: Marker) -> Clip:
    moved = replace(marker, start=max(Fraction(0), marker.start - clip.start))
    return replace(clip, markers=(*clip.markers, moved))
