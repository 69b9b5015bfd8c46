"""A soundtrack with what a person chose: those cues anew, every other clip where and as it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import groupby

from avm_otio.mix.choices import Choice, Choices, name_of
from avm_otio.mix.placement import MIXER, Laid, LaidClip, Lane, crossfades
from avm_otio.services import Laying, Service
from avm_otio.timeline.gain import louder
from avm_otio.timeline.parts import trimmed
from avm_otio.timeline.plan import FilmMap
from avm_otio.timeline.time import RecordTime


def untouched(laid: Laid, choices: Choices) -> Laid:
    """What stays as it is: all clips but those of cues of which something was decided that is heard."""
    lanes = []
    for lane in laid.lanes:
        kept = tuple(clip for clip in lane.clips if not choices.touches(lane.service, clip.cue))
        if kept == lane.clips:
            lanes.append(lane)
        elif kept:
            lanes.append(replace(lane, clips=kept, transitions=tuple(crossfades(kept))))
    return replace(laid, lanes=tuple(lanes))


def adjusted(laid: Laid, choices: Choices, film_map: FilmMap) -> Laid:
    """Clips of chosen cues as loud, and as early or late, as was decided; what leaves the film is cut."""
    notes: list[str] = []

    def clips_of(lane: Lane) -> Iterator[LaidClip]:
        for clip in lane.clips:
            choice = choices.of(lane.service, clip.cue)
            made = _adjusted(clip, choice, laid.rate, film_map)
            if made is not None:
                yield made
            elif not clip.rank:
                notes.append(
                    f"“{clip.clip.name}” ({name_of(lane.service, clip.cue)}) is nudged out of the film, "
                    f"and is not heard."
                )

    def adjusted_lane(lane: Lane) -> Lane:
        clips = tuple(clips_of(lane))
        joins = lane.transitions if lane.service.laying is Laying.BED else tuple(crossfades(clips))
        return replace(lane, clips=clips, transitions=joins)

    lanes = tuple(lane for lane in map(adjusted_lane, laid.lanes) if lane.clips)
    return replace(laid, lanes=lanes, notes=(*laid.notes, *notes))


def noted(laid: Laid, choices: Choices) -> Laid:
    """The same with what was noted about its cues."""

    def with_notes(lane: Lane) -> Lane:
        clips = tuple(
            replace(clip, note=note)
            if (note := choices.of(lane.service, clip.cue).note) and not clip.rank
            else clip
            for clip in lane.clips
        )
        return replace(lane, clips=clips)

    return replace(laid, lanes=tuple(map(with_notes, laid.lanes)))


def merged(rest: Laid, made: Laid, before: Laid) -> Laid:
    """What stayed and what was chosen, as one; what stayed is on the track on which it was.

    Args:
        rest: What stayed; see ``untouched``.
        made: The clips of chosen cues.
        before: All as it would be without choices: a chosen cue goes on the track on which it was, if there
            is room.
    """
    lanes = list(rest.lanes)
    for lane in made.lanes:
        if lane.service.laying is Laying.BED:
            lanes.append(lane)
            continue
        sounds = groupby(sorted(lane.clips, key=_sound), key=_sound)
        for sound in sorted((list(parts) for _, parts in sounds), key=lambda parts: parts[0].clip.start):
            _insert(lanes, lane, sound, _names_of(before, lane.service, sound[0]), rate=rest.rate)
    order = {(lane.name, lane.is_spare): number for number, lane in enumerate(before.lanes)}
    last = len(order)
    lanes.sort(
        key=lambda lane: (
            lane.is_spare,
            MIXER.index(lane.stem),
            order.get((lane.name, lane.is_spare), last),
            lane.name,
        )
    )
    return replace(rest, lanes=tuple(lanes), notes=(*rest.notes, *made.notes))


def _adjusted(clip: LaidClip, choice: Choice, rate: Fraction, film_map: FilmMap) -> LaidClip | None:
    """A clip as a person wants it; ``None`` where nothing of it is left in the film."""
    lies = clip.clip
    if choice.gain_db:
        lies = replace(lies, mix=louder(lies.mix, choice.gain_db))
    if choice.nudge_frames:
        by = choice.nudge_frames / rate
        offer = lies.offer
        if offer is not None and offer.record is not None:
            start, end = offer.record
            offer = replace(offer, record=(RecordTime(start + by), RecordTime(end + by)))
        start, end = RecordTime(lies.start + by), RecordTime(lies.end + by)
        lies = replace(lies, start=start, end=end, offer=offer)
        first, last = max(start, film_map.record_start), min(end, film_map.record_end)
        if first >= last:
            return None
        if (first, last) != (start, end):
            lies = trimmed(lies, first, last)
            if offer is not None and offer.record is not None:
                lies = replace(lies, offer=replace(offer, record=None))
    return replace(clip, clip=lies)


def _names_of(before: Laid, service: Service, clip: LaidClip) -> list[str]:
    """The track on which a cue, or an alternative of its rank, was."""
    return [
        lane.name
        for lane in before.lanes
        if lane.service == service
        and any(each.cue.number == clip.cue.number and each.rank == clip.rank for each in lane.clips)
    ]


def _sound(clip: LaidClip) -> tuple[int, int]:
    """What tells the clips of one sound from those of others; room tone that is repeated has several."""
    return clip.cue.number, clip.rank


def _insert(
    lanes: list[Lane], like: Lane, sound: Sequence[LaidClip], wanted: Sequence[str], *, rate: Fraction
) -> None:
    """Put a sound on a track on which it overlaps nothing: its own, else the first, else a new one."""
    kind = (like.service, like.is_spare)
    alike = [number for number, lane in enumerate(lanes) if (lane.service, lane.is_spare) == kind]
    alike.sort(key=lambda number: lanes[number].name not in wanted)
    for number in alike:
        lane = lanes[number]
        if not any(_overlap(each, clip, rate) for each in lane.clips for clip in sound):
            clips = tuple(sorted((*lane.clips, *sound), key=lambda each: each.clip.start))
            lanes[number] = replace(lane, clips=clips, transitions=tuple(crossfades(clips)))
            return
    taken = {lanes[number].name for number in alike}
    form = like.service.spare_track if like.is_spare else like.service.track
    names = (*wanted, *(form.format(number=number) for number in range(1, len(alike) + 2)))
    name = next(name for name in names if name not in taken)
    clips = tuple(sorted(sound, key=lambda each: each.clip.start))
    lanes.append(replace(like, name=name, clips=clips, transitions=tuple(crossfades(clips))))


def _overlap(one: LaidClip, other: LaidClip, rate: Fraction) -> bool:
    """Whether two clips overlap, by their frames or by their exact times; see ``placement.deal``."""
    (first, last), (begin, end) = one.clip.frames(rate), other.clip.frames(rate)
    exact = one.clip.start < other.clip.end and other.clip.start < one.clip.end
    return exact or (first < end and begin < last)
