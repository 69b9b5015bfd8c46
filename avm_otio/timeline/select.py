"""What was asked for, found in the timeline, and the plan of the film that shows it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fractions import Fraction

from avm_otio.errors import SelectionError, TimelineError
from avm_otio.timeline.compose import picture_segments, sound_of_picture, sound_segments
from avm_otio.timeline.counted import counted
from avm_otio.timeline.limits import refuse_unmeasured
from avm_otio.timeline.model import Timeline, TrackKind
from avm_otio.timeline.placed import UNCHANGED, Placed, Placements
from avm_otio.timeline.plan import ExportPlan, FilmMap
from avm_otio.timeline.time import (
    FilmTime,
    FrameSpan,
    RecordTime,
    format_timecode,
    nearest_frame,
    parse_timecode,
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


def plan_film(timeline: Timeline, selection: Selection = Selection()) -> ExportPlan:
    """Plan the film of a clip or a range.

    Args:
        timeline: The timeline.
        selection: What to show.

    Returns:
        A single clip's film is its media at the speed it was shot (as it plays, for a freeze or backwards
        play); a range's film is the conformed picture and sound.

    Raises:
        SelectionError: The clip, track or range is not there, is ambiguous or shows no picture.
        TimelineError: The timeline is empty or has no picture.
        TimeFormatError: A timecode is none.
    """
    refuse_unmeasured(timeline)
    timeline = counted(timeline)
    if timeline.duration == 0:
        raise TimelineError(
            f"Timeline “{timeline.name}” is empty.", "Put at least one clip on a video track."
        )
    if not any(track.end or track.clips for track in timeline.video_tracks):
        raise TimelineError(
            f"Timeline “{timeline.name}” has no video.", "The service needs a picture to look at."
        )
    if selection.clip is not None:
        if selection.tc_in is not None or selection.tc_out is not None:
            raise SelectionError("A clip and a range were both asked for.", "Give --clip, or --in and --out.")
        return _clip_plan(find_clip(timeline, selection.clip, selection.track), timeline)
    return _range_plan(timeline, selection)


def record_span(timeline: Timeline, selection: Selection) -> FrameSpan:
    """The record frames of a range, counted from the timeline's first frame.

    Raises:
        SelectionError: The range is empty, reversed or outside the timeline.
        TimeFormatError: A timecode is none.
    """
    rate, offset = timeline.rate, timeline.start_frame
    length = max(1, timeline.frames)
    first = 0 if selection.tc_in is None else _frame_of(selection.tc_in, timeline) - offset
    last = length if selection.tc_out is None else _frame_of(selection.tc_out, timeline) - offset
    drop = timeline.drop_frame or any(
        mark in (selection.tc_in or "") + (selection.tc_out or "") for mark in ";.,"
    )
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


def _frame_of(timecode: str, timeline: Timeline) -> int:
    """A record timecode as a count; a timeline that drops frames is counted so, whichever sign is typed."""
    if timeline.drop_frame:
        head, sign, frames = timecode.strip().rpartition(":")
        timecode = f"{head};{frames}" if sign and len(frames) <= 3 else timecode
    return parse_timecode(timecode, timeline.rate)


def find_clip(timeline: Timeline, wanted: str, track: str | None = None) -> Placed:
    """The one clip of the video tracks that bears a name or a number.

    Raises:
        SelectionError: None or several do; the message lists what there is.
    """
    clips = Placements(timeline, dissolves=False).of(TrackKind.VIDEO)
    if track is not None:
        clips = [clip for clip in clips if clip.track == find_track(timeline, track)]
    clips.sort(key=lambda placed: (placed.track, placed.start))
    numbered = list(enumerate(clips, 1))
    meant = alike(wanted, {clip.clip.name for clip in clips})
    named = [(number, clip) for number, clip in numbered if clip.clip.name == meant]
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


def alike(wanted: str, names: Collection[str]) -> str | None:
    """The one of some names that is meant: as it is typed, or as it is seen in a message or a terminal.

    There line breaks are spaces, several spaces may look like one, and accents are composed.

    Returns:
        The name; ``None`` where none is meant, or several look the same.
    """
    if wanted in names:
        return wanted
    found = [name for name in names if _as_seen(name) == _as_seen(wanted)]
    return found[0] if len(found) == 1 else None


def _as_seen(name: str) -> str:
    plain = "".join(sign if sign.isprintable() or sign.isspace() else "\ufffd" for sign in name)
    return " ".join(unicodedata.normalize("NFC", plain).split())


def find_track(timeline: Timeline, wanted: str) -> int:
    """Index among all tracks of the one that ``2``, ``V2`` or ``A1`` names.

    Raises:
        SelectionError: There is no such track.
    """
    kind = TrackKind.AUDIO if wanted[:1] in "Aa" and wanted else TrackKind.VIDEO
    number = wanted[1:] if wanted[:1] in "AaVv" else wanted
    indices = [index for index, track in enumerate(timeline.tracks) if track.kind is kind]
    if not number.isdecimal() or not 1 <= int(number) <= len(indices):
        tracks = [f"V{n}" for n in range(1, len(timeline.video_tracks) + 1)]
        tracks += [f"A{n}" for n in range(1, len(timeline.audio_tracks) + 1)]
        raise SelectionError(f"There is no track “{wanted}”.", f"There are: {', '.join(tracks)}.")
    return indices[int(number) - 1]


def _nearest(wanted: str, clips: Sequence[Placed]) -> str:
    close = get_close_matches(wanted, {clip.clip.name for clip in clips}, n=1)
    return f"Did you mean “{close[0]}”? " if close else ""


def _listed(names: Sequence[str], most: int = 12) -> str:
    shown = [f"{number} “{name}”" for number, name in enumerate(names[:most], 1)]
    return ", ".join(shown) + (f" and {len(names) - most} more" if len(names) > most else "")


def _clip_plan(placed: Placed, timeline: Timeline) -> ExportPlan:
    if placed.media is None:
        raise SelectionError(
            f"Clip “{placed.clip.name}” is a generator without media.", "Choose another clip."
        )
    rate = (placed.media.counted_rate or timeline.rate) if placed.speed > 0 else timeline.rate
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
        level=placed.level.moved(Fraction(1), -placed.start).moved(1 / per_film, Fraction(0)),
    )
    span = FrameSpan(0, frames)
    picture = picture_segments([shown], span, rate)
    mixed = [sound.sped(per_film, seconds) for sound in _mixed_sound_of(placed, timeline)]
    return ExportPlan(
        name=placed.clip.name or "clip",
        rate=rate,
        frames=frames,
        picture=picture,
        sound=sound_segments(mixed, span, rate) if mixed else sound_of_picture(picture, rate),
        film_map=FilmMap(RecordTime(placed.start), per_film, FilmTime(frames / rate)),
    )


def _mixed_sound_of(placed: Placed, timeline: Timeline) -> list[Placed]:
    """The sound of a picture clip as the sound tracks play it, from the clip's head on.

    Returns:
        Nothing where it plays as its file has it, where nothing is heard of it, and where it stands still or
        runs backwards.
    """
    media = placed.media
    if media is None or placed.speed <= 0:
        return []
    cuts = (
        sound.trimmed(placed.start, placed.end)
        for sound in Placements(timeline, dissolves=False).of(TrackKind.AUDIO)
        if sound.enabled
        and sound.media is not None
        and (sound.media.url, sound.media.sequence) == (media.url, media.sequence)
        and sound.speed == placed.speed
        and abs(sound.media_at(placed.start) - placed.media_in) * timeline.rate < 1
    )
    found = [cut.shifted(-placed.start) for cut in cuts if cut is not None and cut.start < cut.end]
    return found if any(sound.level != UNCHANGED or _chooses(sound) for sound in found) else []


def _chooses(sound: Placed) -> bool:
    clip = sound.clip
    every = tuple(range(clip.media.channels)) if clip.media is not None else ()
    return not clip.channels_assumed and clip.channels != every


def _range_plan(timeline: Timeline, selection: Selection) -> ExportPlan:
    rate, span = timeline.rate, record_span(timeline, selection)
    placements = Placements(timeline)
    seen, heard = placements.of(TrackKind.VIDEO), placements.of(TrackKind.AUDIO)
    if selection.track is not None:
        wanted = find_track(timeline, selection.track)
        if timeline.tracks[wanted].kind is TrackKind.AUDIO:
            heard = [placed for placed in heard if placed.track == wanted]
        else:
            seen = [placed for placed in seen if placed.track == wanted]
    picture = picture_segments([placed for placed in seen if placed.enabled], span, rate)
    first, last = span.start / rate, span.end / rate
    if not any(placed.enabled and placed.trimmed(first, last) for placed in seen):
        raise SelectionError("The range shows no picture.", "Choose a range with a clip in it.")
    if timeline.audio_tracks:
        sound = sound_segments([placed for placed in heard if placed.enabled], span, rate)
    else:
        nested = placements.of(TrackKind.AUDIO, inside=TrackKind.VIDEO)
        silent = {placed.media for placed in seen if not placed.own_sound and placed.media is not None}
        sound = sound_of_picture(picture, rate, silent)
        sound += sound_segments([placed for placed in nested if placed.enabled], span, rate)
    frames = span.duration
    return ExportPlan(
        name=timeline.name or "timeline",
        rate=rate,
        frames=frames,
        picture=picture,
        sound=sound,
        film_map=FilmMap(RecordTime(span.start / rate), Fraction(1), FilmTime(frames / rate)),
        notes=(*_notes(seen), *curved_fades(timeline)),
    )


def _notes(seen: Sequence[Placed]) -> tuple[str, ...]:
    generators = {placed.clip.name for placed in seen if placed.media is None and placed.enabled}
    return tuple(
        f"“{name}” is a generator: the film shows what lies below it." for name in sorted(generators)
    )


_CURVED = re.compile(r"[+-] ?3 ?db|(constant|equal|even) power|exponential|logarithmic", re.IGNORECASE)
"""Names of cross fades with a curve: of FCP7 and Premiere's XML, of Resolve, of Premiere's menu."""


def curved_fades(timeline: Timeline) -> tuple[str, ...]:
    """A line on the cross fades of a timeline that have a curve: in a film they are straight."""
    count = sum(
        bool(_CURVED.search(transition.name))
        for track in timeline.audio_tracks
        if track.enabled
        for transition in track.transitions
    )
    if not count:
        return ()
    subject = "1 cross fade has a curve and is" if count == 1 else f"{count} cross fades have a curve and are"
    return (f"{subject} straight here: up to 3 dB lower in the middle.",)
