"""An OTIO timeline and the arrangement that says the same, walked side by side.

The timeline is taken in its JSON form, which is written and read many times faster than OTIO's own objects
are changed from Python.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import opentimelineio as otio

from avm_otio.formats.otio.json_form import is_a
from avm_otio.formats.otio.metadata import storable_text
from avm_otio.timeline.model import SAMPLE_RATE_HZ, Clip, Media, Timeline, Track
from avm_otio.timeline.time import exact_value, nearest_frame, snap_rate, whole_frames

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lane:
    """One member of a stack and the track that says the same.

    Attributes:
        member: The OTIO track; or the clip or nest that lies in the stack itself.
        track: What it says.
        clips: Every clip and nest on it with what it says.
        transitions: Every transition on it, those that lie outside the track's window among them.
    """

    member: Json
    track: Track
    clips: tuple[tuple[Json, Clip], ...]
    transitions: tuple[Json, ...]


def opened(timeline: otio.schema.Timeline) -> Json:
    """A timeline in its JSON form, to be changed freely."""
    document: Json = json.loads(timeline.to_json_string())
    return document


def closed(document: Json) -> otio.schema.Timeline:
    """A timeline from its JSON form."""
    timeline: otio.schema.Timeline = otio.core.deserialize_json_from_string(storable_text(document))
    return timeline


def lanes(stack: Json, arrangement: Timeline) -> Iterator[Lane]:
    """The members of a stack, each with the track that says the same; nests are not opened.

    Args:
        stack: The tracks of a timeline, or a nest.
        arrangement: What ``formats.otio.read`` made of it.
    """
    members = [stack] if is_a(stack, "Track") else stack["children"]
    items = [member for member in members if not is_a(member, "Transition")]
    for member, track in zip(items, arrangement.tracks, strict=True):
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


def reference_of(item: Json) -> Json | None:
    """The active media reference of a clip; ``None`` for a nest."""
    if not is_a(item, "Clip"):
        return None
    found: Json | None = item["media_references"].get(item["active_media_reference_key"])
    return found


def noted(document: Json, key: str) -> Json:
    """What stands under a key of an object's metadata, to be added to; made where it is not there."""
    there = document["metadata"].get(key)
    if isinstance(there, dict):
        return there
    made: Json = {}
    document["metadata"][key] = made
    return made


def time_json(frames: Fraction | int, rate: Fraction) -> Json:
    """A count of frames as OTIO's JSON writes it."""
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": float(rate), "value": float(frames)}


def range_json(start: Fraction | int, frames: Fraction | int, rate: Fraction) -> Json:
    """A start and a length in frames as OTIO's JSON writes them."""
    return {
        "OTIO_SCHEMA": "TimeRange.1",
        "duration": time_json(frames, rate),
        "start_time": time_json(start, rate),
    }


def lay_on_frames(lane: Lane, rate: Fraction) -> None:
    """Count every length on a track in whole frames of one rate, so that each edge lies at its nearest.

    Editors take the lengths of a track as frames of the timeline and add them up: what was counted in samples
    would push everything after it. What the track's window hides at its head is cut off: no editor knows
    windows.
    """
    member = lane.member
    if not is_a(member, "Track"):
        return
    said = {id(item): clip for item, clip in lane.clips}
    window, each = member["source_range"], float(rate)
    at: Fraction | int = 0 if window is None else -_frames(window["start_time"], rate, each)
    member["source_range"] = None
    kept: list[Json] = []
    for child in member["children"]:
        if is_a(child, "Transition"):
            if at >= 0:
                kept.append(child)
            continue
        span, clip = child.get("source_range"), said.get(id(child))
        start = at
        if span is not None:
            at += _frames(span["duration"], rate, each)
        elif clip is not None:
            at += (clip.end - clip.start) * rate
        if at <= 0 and start < 0:
            continue
        kept.append(child)
        on_frames = start >= 0 and type(start) is type(at) is int
        if on_frames and span is not None and span["start_time"]["rate"] == each:
            continue
        cut = max(0, -start)
        begin = 0 if span is None else _frames(span["start_time"], rate, each)
        if clip is not None and clip.speed > 0:
            begin += cut * clip.speed
        first, last = (nearest_frame(edge / rate, rate) for edge in (start + cut, at))
        child["source_range"] = range_json(begin, last - first, rate)
    member["children"] = kept


def unmeasured(arrangement: Timeline) -> dict[Media, tuple[Fraction, Fraction]]:
    """Of media whose length nobody knows: from where to where they are used, media time."""
    used: dict[Media, tuple[Fraction, Fraction]] = {}
    for clip in arrangement.clips():
        if isinstance(clip.content, Timeline):
            found = unmeasured(clip.content)
        elif isinstance(clip.content, Media) and clip.content.duration is None:
            start = Fraction(clip.media_start)
            found = {clip.content: (start, start + clip.duration * abs(clip.speed))}
        else:
            continue
        for media, (start, end) in found.items():
            first, last = used.get(media, (start, end))
            used[media] = min(first, start), max(last, end)
    return used


def in_own_time(item: Json, clip: Clip, rate: Fraction) -> Fraction:
    """Count a clip's source range from the first frame of its media as the media's own timecode does.

    Args:
        item: The clip, laid on frames.
        clip: What it says.
        rate: Frames a second of the timeline.

    Returns:
        The media time at which the range begins.
    """
    span = item["source_range"]
    first, last = clip.frames(rate)
    frames = last - first if span is None else round(span["duration"]["value"])
    head: Fraction = clip.media_in
    if clip.speed < 0:
        head -= frames / rate * -clip.speed
    item["source_range"] = range_json(head * rate if head else 0, frames, rate)
    return head


def available_json(media: Media, rate: Fraction, used: Mapping[Media, tuple[Fraction, Fraction]]) -> Json:
    """What there is of media, at their own rate, in whole frames of it: sound counts in the timeline's.

    Args:
        media: The media.
        rate: Frames a second of the timeline.
        used: What is used of media whose length nobody knows.
    """
    each = media.rate or rate
    if media.duration is None:
        start, end = used[media]
        return range_json(start * each, (end - start) * each, each)
    length = media.duration * each
    return range_json(media.start * each, length if length < 1 else whole_frames(media.duration, each), each)


def is_moved(clip: Clip, rate: Fraction) -> bool:
    """Whether an edge of a clip and its nearest frame are a sample or more apart."""
    return any(
        abs(frame / rate - at) * SAMPLE_RATE_HZ >= 1
        for at, frame in zip((clip.start, clip.end), clip.frames(rate), strict=True)
    )


def _frames(time: Json, rate: Fraction, each: float) -> Fraction | int:
    """A time as frames of a rate, given as a double, too; a whole number where it is one already."""
    value: float = time["value"]
    if time["rate"] == each and value.is_integer():
        return int(value)
    return exact_value(value) / snap_rate(time["rate"]) * rate
