"""The plan of all that a timeline shows and plays, tracks of ours among it: what a preview is made of.

The film that a service looks at leaves our tracks out, and hears of a timeline without sound tracks what is
seen. Here the timeline is heard as the editors for which we write it play it: each sound at its exact moment,
each fade as it is, and without sound tracks of the user's own the sound of every clip on a video track.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from avm_otio.errors import TimelineError
from avm_otio.timeline.compose import picture_segments, sound_segments
from avm_otio.timeline.counted import counted
from avm_otio.timeline.limits import refuse_empty, refuse_unmeasured
from avm_otio.timeline.model import Clip, ImageSequence, Timeline, Track, TrackKind
from avm_otio.timeline.placed import Placed, Placements
from avm_otio.timeline.plan import ExportPlan, FilmMap, SoundSegment
from avm_otio.timeline.select import Selection, curved_fades, record_span
from avm_otio.timeline.time import FilmTime, FrameSpan, RecordTime

_WHOLE = Selection()


def plan_playback(
    timeline: Timeline, selection: Selection = _WHOLE, span: FrameSpan | None = None
) -> ExportPlan:
    """Plan what a range of a timeline shows and plays.

    Args:
        timeline: The timeline, scored or not.
        selection: The range; clips and tracks cannot be chosen.
        span: The range as record frames, instead.

    Returns:
        The plan; what a run of ours laid says so by the ``stem`` of its segments. Where nothing is seen, its
        one segment has no layer.

    Raises:
        SelectionError: The range is not there.
        TimelineError: The timeline is empty, or says not how long a clip is.
        TimeFormatError: A timecode is none.
    """
    refuse_empty(timeline)
    refuse_unmeasured(timeline)
    on_frames = counted(timeline)
    if on_frames.duration == 0:
        raise TimelineError(f"Timeline “{timeline.name}” is empty.", "Put at least one clip on a track.")
    rate = on_frames.rate
    span = record_span(on_frames, selection) if span is None else span
    seen = [placed for placed in Placements(on_frames).of(TrackKind.VIDEO) if placed.enabled]
    frames = span.duration
    return ExportPlan(
        name=timeline.name or "timeline",
        rate=rate,
        frames=frames,
        picture=picture_segments(seen, span, rate),
        sound=_sound(exact(timeline), span),
        film_map=FilmMap(RecordTime(span.start / rate), Fraction(1), FilmTime(frames / rate)),
        notes=(*_notes(seen), *curved_fades(on_frames)),
    )


def sounds_alike(film: ExportPlan, playing: ExportPlan) -> bool:
    """Whether a film sounds as what the timeline plays there: the same sounds at the same places.

    A film follows frames, what is played its exact moments: up to a frame is no difference.
    """
    if film.film_map.record_per_film != 1:
        return False
    frame = 1 / playing.rate
    ours, theirs = (_stretches(plan.sound, frame) for plan in (film, playing))
    return ours.keys() == theirs.keys() and all(
        len(ours[key]) == len(theirs[key])
        and all(
            abs(place - its) <= frame
            for stretch, other in zip(ours[key], theirs[key], strict=True)
            for place, its in zip(stretch, other, strict=True)
        )
        for key in ours
    )


def _stretches(
    sound: tuple[SoundSegment, ...], frame: Fraction
) -> dict[tuple[str, ImageSequence | None, Fraction], list[tuple[Fraction, Fraction, Fraction]]]:
    """When each file is heard, and what of it the film's first moment would be; what goes on is one."""
    found: dict[tuple[str, ImageSequence | None, Fraction], list[tuple[Fraction, Fraction, Fraction]]] = {}
    for part in sorted(sound, key=lambda part: (part.start, part.media_in)):
        head = part.media_in - part.start * part.speed
        stretches = found.setdefault((part.media.path, part.media.sequence, part.speed), [])
        if stretches and part.start <= stretches[-1][1] and abs(head - stretches[-1][2]) <= frame:
            before = stretches[-1]
            stretches[-1] = (before[0], max(before[1], part.end), before[2])
        else:
            stretches.append((part.start, part.end, head))
    return found


def _sound(timeline: Timeline, span: FrameSpan) -> tuple[SoundSegment, ...]:
    """All that sounds in a range."""
    placements = Placements(timeline, heard=True)

    def segments(placed: list[Placed]) -> tuple[SoundSegment, ...]:
        heard = (each for each in placed if each.enabled)
        return sound_segments(heard, span, timeline.rate, all_fades=True)

    found = segments(placements.of(TrackKind.AUDIO))
    if all(track.is_ours for track in timeline.audio_tracks):
        seen = placements.of(TrackKind.VIDEO)
        pictures = segments([each for each in seen if each.own_sound and each.media and each.media.is_file])
        found += tuple(replace(each, may_be_silent=True) for each in pictures)
        found += segments(placements.of(TrackKind.AUDIO, inside=TrackKind.VIDEO))
    return found


def exact(timeline: Timeline) -> Timeline:
    """A timeline whose sounds lie where they exactly lie, not on the frames that OTIO counts."""
    return replace(timeline, tracks=tuple(map(_exact_track, timeline.tracks)))


def _exact_track(track: Track) -> Track:
    clips = tuple(map(_exact_clip, track.clips))
    last = max((clip.end for clip in clips), default=Fraction(0))
    length = None if track.length is None else max(track.length, last)
    return replace(track, clips=clips, length=length)


def _exact_clip(clip: Clip) -> Clip:
    content = exact(clip.content) if isinstance(clip.content, Timeline) else clip.content
    return replace(clip, content=content, laid=None)


def _notes(seen: list[Placed]) -> tuple[str, ...]:
    names = sorted({placed.clip.name for placed in seen if placed.media is None})
    return tuple(f"“{name}” is a generator: what lies below it is seen." for name in names)
