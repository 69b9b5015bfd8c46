"""What was asked for, found in the timeline, and the plan of the film that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fractions import Fraction

import opentimelineio as otio

from avm_otio.errors import SelectionError, TimelineError
from avm_otio.timeline.compose import picture_segments, sound_of_picture, sound_segments
from avm_otio.timeline.flatten import AUDIO, VIDEO, Placed, flatten, kind_of, timeline_duration, timeline_rate
from avm_otio.timeline.plan import ExportPlan, FilmMap
from avm_otio.timeline.time import (
    FilmTime,
    FrameSpan,
    RecordTime,
    format_timecode,
    nearest_frame,
    parse_timecode,
    seconds_of,
)


@dataclass(frozen=True, slots=True)
class Selection:
    """What to score; nothing given is the whole timeline.

    Attributes:
        clip: A clip's name, or its number (from 1, lowest video track first, left to right).
        track: ``2`` or ``V2`` for the second video track from below, ``A1`` for the first audio track.
        tc_in: Record timecode of the first frame, as the timeline counts.
        tc_out: Record timecode of the first frame after the range.
    """

    clip: str | None = None
    track: str | None = None
    tc_in: str | None = None
    tc_out: str | None = None


def plan_film(timeline: otio.schema.Timeline, selection: Selection = Selection()) -> ExportPlan:
    """Plan the film of a clip or a range.

    Args:
        timeline: The timeline; not modified.
        selection: What to show.

    Returns:
        A single clip's film is its media at the speed it was shot (as it plays, for a freeze or backwards
        play); a range's film is the conformed picture and sound.

    Raises:
        SelectionError: The clip, track or range is not there, is ambiguous or shows no picture.
        TimelineError: The timeline is empty or has no picture.
        TimeFormatError: A timecode is none.
    """
    rate = timeline_rate(timeline)
    if timeline_duration(timeline) == 0:
        raise TimelineError(
            f"Timeline “{timeline.name}” is empty.", "Put at least one clip on a video track."
        )
    if not any(kind_of(track) == VIDEO and len(track) for track in timeline.tracks):
        raise TimelineError(
            f"Timeline “{timeline.name}” has no video.", "The service needs a picture to look at."
        )
    if selection.clip is not None:
        if selection.tc_in is not None or selection.tc_out is not None:
            raise SelectionError("A clip and a range were both asked for.", "Give --clip, or --in and --out.")
        return _clip_plan(find_clip(timeline, selection.clip, selection.track), rate)
    return _range_plan(timeline, selection, rate)


def record_span(timeline: otio.schema.Timeline, selection: Selection) -> FrameSpan:
    """The record frames of a range, counted from the timeline's first frame.

    Raises:
        SelectionError: The range is empty, reversed or outside the timeline.
        TimeFormatError: A timecode is none.
    """
    rate = timeline_rate(timeline)
    length = max(1, nearest_frame(timeline_duration(timeline), rate))
    offset = start_frame(timeline, rate)
    first = 0 if selection.tc_in is None else parse_timecode(selection.tc_in, rate) - offset
    last = length if selection.tc_out is None else parse_timecode(selection.tc_out, rate) - offset
    drop = any(mark in (selection.tc_in or "") + (selection.tc_out or "") for mark in ";.,")
    span = " to ".join(format_timecode(offset + edge, rate, drop) for edge in (0, length))
    for name, edge, text in (("in", first, selection.tc_in), ("out", last, selection.tc_out)):
        if not 0 <= edge <= length:
            raise SelectionError(
                f"The {name} point {text} lies outside the timeline.", f"It runs from {span}."
            )
    if first >= last:
        raise SelectionError(
            f"The range {selection.tc_in or 'from the start'} to {selection.tc_out or 'the end'} is empty.",
            "The out point is the first frame that is not in the range.",
        )
    return FrameSpan(first, last)


def start_frame(timeline: otio.schema.Timeline, rate: Fraction) -> int:
    """The timeline's start timecode, as a count of frames since 00:00:00:00."""
    start = timeline.global_start_time
    return 0 if start is None else nearest_frame(seconds_of(start), rate)


def find_clip(timeline: otio.schema.Timeline, wanted: str, track: str | None = None) -> Placed:
    """The one clip of the video tracks that bears a name or a number.

    Raises:
        SelectionError: None or several do; the message lists what there is.
    """
    clips = flatten(timeline, VIDEO, dissolves=False)
    if track is not None:
        clips = [clip for clip in clips if clip.track == find_track(timeline, track)]
    clips.sort(key=lambda placed: (placed.track, placed.start))
    named = [(number, clip) for number, clip in enumerate(clips, 1) if clip.clip.name == wanted]
    if not named and wanted.isascii() and wanted.isdecimal() and 1 <= int(wanted) <= len(clips):
        named = [(int(wanted), clips[int(wanted) - 1])]
    if len(named) > 1:
        numbers = ", ".join(str(number) for number, _ in named)
        raise SelectionError(
            f"{len(named)} clips are named “{wanted}”: numbers {numbers}.", "Give the number: --clip N."
        )
    if not named:
        listed = _listed([clip.clip.name for clip in clips])
        raise SelectionError(
            f"No clip is named “{wanted}”.", _nearest(wanted, clips) + f"There are: {listed}."
        )
    found = named[0][1]
    if found.start == found.end:
        raise SelectionError(f"Clip “{found.clip.name}” has no length.", "Choose another clip.")
    return found


def find_track(timeline: otio.schema.Timeline, wanted: str) -> int:
    """Index among all tracks of the one that ``2``, ``V2`` or ``A1`` names.

    Raises:
        SelectionError: There is no such track.
    """
    kind = AUDIO if wanted[:1] in "Aa" and wanted else VIDEO
    number = wanted[1:] if wanted[:1] in "AaVv" else wanted
    indices = [index for index, track in enumerate(timeline.tracks) if kind_of(track) == kind]
    if not number.isdecimal() or not 1 <= int(number) <= len(indices):
        counts = {k: sum(kind_of(track) == k for track in timeline.tracks) for k in (VIDEO, AUDIO)}
        tracks = [f"V{n}" for n in range(1, counts[VIDEO] + 1)] + [
            f"A{n}" for n in range(1, counts[AUDIO] + 1)
        ]
        raise SelectionError(f"There is no track “{wanted}”.", f"There are: {', '.join(tracks)}.")
    return indices[int(number) - 1]


def _nearest(wanted: str, clips: Sequence[Placed]) -> str:
    close = get_close_matches(wanted, {clip.clip.name for clip in clips}, n=1)
    return f"Did you mean “{close[0]}”? " if close else ""


def _listed(names: Sequence[str], most: int = 12) -> str:
    shown = [f"{number} “{name}”" for number, name in enumerate(names[:most], 1)]
    return ", ".join(shown) + (f" and {len(names) - most} more" if len(names) > most else "")


def _clip_plan(placed: Placed, record_rate: Fraction) -> ExportPlan:
    if placed.media is None:
        raise SelectionError(
            f"Clip “{placed.clip.name}” is a generator without media.", "Choose another clip."
        )
    rate = (placed.media.rate or record_rate) if placed.speed > 0 else record_rate
    per_film = 1 / placed.speed if placed.speed > 0 else Fraction(1)
    seconds = (placed.end - placed.start) / per_film
    frames = max(1, nearest_frame(seconds, rate))
    shown = replace(
        placed,
        start=Fraction(0),
        end=seconds,
        speed=placed.speed * per_film,
        enabled=True,
        own_sound=True,
    )
    picture = picture_segments([shown], FrameSpan(0, frames), rate)
    return ExportPlan(
        name=placed.clip.name or "clip",
        rate=rate,
        frames=frames,
        picture=picture,
        sound=sound_of_picture(picture, rate),
        film_map=FilmMap(RecordTime(placed.start), per_film, FilmTime(frames / rate)),
    )


def _range_plan(timeline: otio.schema.Timeline, selection: Selection, rate: Fraction) -> ExportPlan:
    span = record_span(timeline, selection)
    seen = flatten(timeline, VIDEO)
    heard = flatten(timeline, AUDIO)
    has_audio_track = any(kind_of(track) == AUDIO for track in timeline.tracks)
    if selection.track is not None:
        wanted = find_track(timeline, selection.track)
        if kind_of(timeline.tracks[wanted]) == AUDIO:
            heard = [placed for placed in heard if placed.track == wanted]
        else:
            seen = [placed for placed in seen if placed.track == wanted]
    picture = picture_segments([one for one in seen if one.enabled], span, rate)
    first, last = span.start / rate, span.end / rate
    if not any(one.enabled and one.trimmed(first, last) for one in seen):
        raise SelectionError("The range shows no picture.", "Choose a range with a clip in it.")
    if has_audio_track:
        sound = sound_segments([one for one in heard if one.enabled], span, rate)
    else:
        nested = sound_segments(
            [one for one in flatten(timeline, AUDIO, inside=VIDEO) if one.enabled], span, rate
        )
        silent = {one.media for one in seen if not one.own_sound and one.media is not None}
        sound = sound_of_picture(picture, rate, silent) + nested
    frames = span.duration
    return ExportPlan(
        name=timeline.name or "timeline",
        rate=rate,
        frames=frames,
        picture=picture,
        sound=sound,
        film_map=FilmMap(RecordTime(span.start / rate), Fraction(1), FilmTime(frames / rate)),
        notes=_notes(seen),
    )


def _notes(seen: Sequence[Placed]) -> tuple[str, ...]:
    generators = {placed.clip.name for placed in seen if placed.media is None and placed.enabled}
    return tuple(
        f"“{name}” is a generator: the film shows what lies below it." for name in sorted(generators)
    )
