"""Markers of an AAF, laid where they belong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from avm_otio.formats.aaf.colors import MARKER_COLORS
from avm_otio.formats.aaf.elements import items, kind_of, rate_of, tags, value_of
from avm_otio.timeline.model import Clip, Marker, Timeline, Track
from avm_otio.timeline.time import nearest_frame


def with_markers(timeline: Timeline, slots: list[Any], places: Mapping[int, int | None]) -> Timeline:
    """A timeline with the markers of its mob.

    Media Composer's markers lie on a track; they belong to the clip that is under them, with which they move.

    Args:
        timeline: Without them.
        slots: The mob's.
        places: Which track a slot became, by its number; ``None`` for a timecode track.
    """
    whole: list[Marker] = []
    tracks = list(timeline.tracks)
    for slot in slots:
        segment = value_of(slot, "Segment")
        found = [segment] if segment is not None else []
        found += items(value_of(segment, "Components"))
        for event in found:
            if kind_of(event) not in ("DescriptiveMarker", "CommentMarker"):
                continue
            marker, noted = _marker(event, rate_of(slot))
            described = sorted(int(number) for number in value_of(event, "DescribedSlots") or ())
            at = places.get(described[0]) if described else None
            if at is None or at >= len(tracks):
                whole.append(marker)
            else:
                tracks[at] = _marked(tracks[at], marker, noted.get("_AVM_ON_CLIP", 1), timeline.rate)
    whole.sort(key=lambda marker: marker.start)
    return replace(timeline, tracks=tuple(tracks), markers=tuple(whole))


def _marker(event: Any, rate: Fraction) -> tuple[Marker, dict[str, Any]]:
    """A marker, at the record time where its slot says; and what else is noted of it."""
    noted = tags(event, "CommentMarkerAttributeList")
    comment = str(value_of(event, "Comment") or noted.get("_ATN_CRM_COM") or "")
    user = str(value_of(event, "CommentMarkerUser", "CommentMarkerUSer") or noted.get("_ATN_CRM_USER") or "")
    length = noted.get("_ATN_CRM_LENGTH") or value_of(event, "Length") or 0
    length = 0 if length == 1 and "_AVM_NAME" not in noted else length
    marker = Marker(
        name=str(noted.get("_AVM_NAME", user)),
        start=Fraction(max(0, int(value_of(event, "Position") or 0))) / rate,
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
