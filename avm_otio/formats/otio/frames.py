"""A timeline counted as editors count it: whole frames of the timeline, media in the files' own timecode."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from avm_otio.formats.otio.json_form import Document, Json, is_a, range_json
from avm_otio.formats.otio.write import Lane
from avm_otio.timeline.model import SAMPLE_RATE_HZ, Clip, Media, Timeline
from avm_otio.timeline.time import exact_value, nearest_frame, snap_rate


def lay_on_frames(lane: Lane, rate: Fraction) -> None:
    """Count every length on a track in whole frames of one rate, so that each edge lies at its nearest.

    Editors take the lengths of a track as frames of the timeline and add them up: what was counted in samples
    would push everything after it. What the track's window hides at its head is cut off: no editor knows
    windows.
    """
    member = lane.member
    if not is_a(member, "Track"):
        return
    clips = {id(item): clip for item, clip in lane.clips}
    window, each = member["source_range"], float(rate)
    at: Fraction | int = 0 if window is None else -_frames(window["start_time"], rate, each)
    member["source_range"] = None
    kept: list[Document] = []
    for child in member["children"]:
        if is_a(child, "Transition"):
            if at >= 0:
                kept.append(child)
            continue
        span, clip = child.get("source_range"), clips.get(id(child))
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


def unmeasured(timeline: Timeline) -> dict[Media, tuple[Fraction, Fraction]]:
    """Of media whose length nobody knows: from where to where they are used, media time."""
    used: dict[Media, tuple[Fraction, Fraction]] = {}
    for clip in timeline.clips():
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


def in_own_time(item: Document, clip: Clip, rate: Fraction) -> Fraction:
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


def available_json(media: Media, rate: Fraction, used: Mapping[Media, tuple[Fraction, Fraction]]) -> Document:
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
    return range_json(media.start * each, length if length < 1 else media.frames(each) or 1, each)


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
