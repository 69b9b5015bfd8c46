"""Cues → clips on lanes: which record frames each takes, and on which track, so that none overlap."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction

from avm_otio.errors import CueError
from avm_otio.mix.cues import Cues, EffectCue, Item
from avm_otio.timeline.model import CUT_FADE_US, MUSIC_FADE_US, Mix, Stem
from avm_otio.timeline.plan import FilmMap
from avm_otio.timeline.time import (
    FilmTime,
    FrameSpan,
    RecordTime,
    format_timestamp,
    frame_span,
    from_micros,
    nearest_frame,
    to_micros,
    whole_frames,
)

ONE_SHOT = Fraction(3)
"""Seconds up to which an effect rings out under ``auto``: a cue can be shorter than a frame."""


class EffectsLength(StrEnum):
    """How long a laid effect is."""

    CUE = "cue"
    NATURAL = "natural"
    AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Sound:
    """The media that stands for an item.

    Attributes:
        url: Its ``target_url``; empty where there is nothing to point at.
        duration: Its true length in seconds where it was measured, else what the service said; ``None`` if
            nobody knows.
        samples: Length in samples, where measured.
        sample_rate_hz: Its sampling rate, where measured.
        channels: How many channels it has, where measured.
    """

    url: str = ""
    duration: Fraction | None = None
    samples: int | None = None
    sample_rate_hz: int | None = None
    channels: int | None = None


@dataclass(frozen=True, slots=True)
class LaidClip:
    """One item on the timeline.

    Attributes:
        kind: What it is.
        item: The item that is heard.
        alternatives: The others for the same place, best first.
        sound: Its media.
        span: Record frames that it takes.
        start: Exact record time of its start.
        end: Exact record time of its end.
        mix: Gain and fades.
        speed: Media seconds a record second: other than 1 only for the noise-reduced sound of a clip that
            plays at another speed.
        cue: The effect cue, as served.
        rank: 0 for the item that is heard; 1, 2 … for a disabled alternative, best first.
        film_start_us: Where the service put it, film time.
        film_end_us: Where the service ended it, film time.
    """

    kind: Stem
    item: Item
    alternatives: tuple[Item, ...]
    sound: Sound
    span: FrameSpan
    start: RecordTime
    end: RecordTime
    mix: Mix
    film_start_us: int
    film_end_us: int
    speed: Fraction = Fraction(1)
    cue: EffectCue | None = None
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """How cues are to be laid.

    Attributes:
        effects_length: How long effects are.
        music_gain_db: Gain of music clips.
        effects_gain_db: Gain of effect clips.
        skip_bad: Leave out a cue past the film's end and note it, instead of refusing the whole.
        alternatives: How many of the other items for each place are laid, too, disabled.
    """

    effects_length: EffectsLength = EffectsLength.AUTO
    music_gain_db: float = 0.0
    effects_gain_db: float = 0.0
    skip_bad: bool = False
    alternatives: int = 0


AS_IT_COMES = Layout()
"""The defaults: gains untouched, effects that ring out."""


@dataclass(frozen=True, slots=True)
class Laid:
    """Cues laid onto a record range.

    Attributes:
        rate: Frames a second of the record.
        music: Music clips, none overlapping.
        effects: Effect clips on as few lanes as possible; none overlap within a lane.
        dialogue: The noise-reduced sound.
        spare_music: Disabled alternatives for the music, a lane each.
        spare_effects: Disabled alternatives for the effects, on lanes of their own.
        notes: What was left out or shortened, one line each.
    """

    rate: Fraction
    music: tuple[LaidClip, ...]
    effects: tuple[tuple[LaidClip, ...], ...]
    dialogue: tuple[LaidClip, ...]
    notes: tuple[str, ...] = ()
    spare_music: tuple[tuple[LaidClip, ...], ...] = ()
    spare_effects: tuple[tuple[LaidClip, ...], ...] = ()

    @property
    def clips(self) -> tuple[LaidClip, ...]:
        """Every clip that is heard, music first."""
        return (*self.music, *self.dialogue, *(clip for lane in self.effects for clip in lane))


def lay(
    cues: Cues,
    film_map: FilmMap,
    rate: Fraction,
    sound_of: Callable[[Item], Sound],
    layout: Layout = AS_IT_COMES,
) -> Laid:
    """Lay an answer onto the record.

    Args:
        cues: What the service answered.
        film_map: Where film time lies on the timeline.
        rate: Frames a second of the record.
        sound_of: The media of an item. May raise ``LookupError`` for an alternative: it is not laid then.
        layout: How to lay.

    Raises:
        CueError: A cue starts at or after the film's end, and ``layout.skip_bad`` is not set.
    """
    first = nearest_frame(film_map.record_start, rate)
    within = FrameSpan(first, max(first + 1, nearest_frame(film_map.record_end, rate)))
    place = _Place(film_map, film_map.record_end, rate, within)
    notes = list(cues.notes)
    effects = []
    spare_effects = []
    for number, cue in enumerate(cues.effects, 1):
        if from_micros(cue.start_us) >= film_map.film_duration:
            told = (
                f"Sound effect {number} of {len(cues.effects)} starts at {format_timestamp(cue.start_us)}, "
                f"past the film's end at {format_timestamp(to_micros(film_map.film_duration))}."
            )
            if not layout.skip_bad:
                raise CueError(told, "Leave such cues out with --skip-bad-cues.")
            notes.append(f"Left out. {told}")
            continue
        effects.append(_effect(place, cue, 0, sound_of(cue.items[0]), layout))
        spare_effects += [
            _effect(place, cue, rank, sound, layout)
            for rank, sound in _spare(cue.items, sound_of, layout.alternatives)
        ]
    beds = [(0, sound_of(item)) for item in cues.music[:1]]
    beds += _spare(cues.music, sound_of, layout.alternatives)
    music = [_bed(place, cues.music, rank, sound, layout.music_gain_db) for rank, sound in beds]
    dialogue = tuple(_dialogue(place, item, cues.dialogue[1:], sound_of(item)) for item in cues.dialogue[:1])
    return Laid(
        rate,
        tuple(music[:1]),
        lanes(effects),
        dialogue,
        tuple(notes),
        spare_music=tuple((bed,) for bed in music[1:]),
        spare_effects=lanes(spare_effects),
    )


def _spare(items: Sequence[Item], sound_of: Callable[[Item], Sound], most: int) -> list[tuple[int, Sound]]:
    """Which alternatives can be laid: their rank and their media."""
    found = []
    for rank, item in enumerate(items[1 : 1 + most], 1):
        with suppress(LookupError):
            found.append((rank, sound_of(item)))
    return found


def _others(items: Sequence[Item], rank: int) -> tuple[Item, ...]:
    return (*items[:rank], *items[rank + 1 :])


def lanes(clips: Iterable[LaidClip]) -> tuple[tuple[LaidClip, ...], ...]:
    """Deal clips onto as few lanes as possible so that none overlap in a lane.

    Taking clips by their start and giving each the lowest lane that is free needs exactly as many lanes as
    clips sound at once, which no dealing can better.
    """
    dealt: list[list[LaidClip]] = []
    busy: list[tuple[int, int]] = []
    free: list[int] = []
    for clip in sorted(clips, key=lambda one: (one.span.start, one.start)):
        while busy and busy[0][0] <= clip.span.start:
            heapq.heappush(free, heapq.heappop(busy)[1])
        if free:
            lane = heapq.heappop(free)
        else:
            lane = len(dealt)
            dealt.append([])
        dealt[lane].append(clip)
        heapq.heappush(busy, (clip.span.end, lane))
    return tuple(tuple(lane) for lane in dealt)


@dataclass(frozen=True, slots=True)
class _Place:
    film_map: FilmMap
    end: RecordTime
    rate: Fraction
    within: FrameSpan

    def span(self, start: Fraction, length: Fraction, natural: Fraction | None) -> FrameSpan:
        """Frames of a stretch; where the media ends first, no frame that it does not fill."""
        span = frame_span(start, start + length, self.rate, self.within)
        if natural is None:
            return span
        return FrameSpan(span.start, min(span.end, span.start + max(1, whole_frames(natural, self.rate))))


def _effect(place: _Place, cue: EffectCue, rank: int, sound: Sound, layout: Layout) -> LaidClip:
    start = place.film_map.to_record(FilmTime(from_micros(cue.start_us)))
    cue_length = place.film_map.to_record(FilmTime(from_micros(cue.end_us))) - start
    natural = sound.duration
    rings_out = natural is not None and (
        layout.effects_length is EffectsLength.NATURAL
        or (layout.effects_length is EffectsLength.AUTO and natural <= ONE_SHOT)
    )
    wanted = natural if natural is not None and (rings_out or natural < cue_length) else cue_length
    length = min(wanted, place.end - start)
    is_cut = natural is None or length < natural
    return LaidClip(
        kind=Stem.EFFECTS,
        item=cue.items[rank],
        alternatives=_others(cue.items, rank),
        sound=sound,
        span=place.span(start, length, natural),
        start=start,
        end=RecordTime(start + length),
        mix=Mix(layout.effects_gain_db, 0, CUT_FADE_US if is_cut else 0).within(to_micros(length)),
        film_start_us=cue.start_us,
        film_end_us=cue.end_us,
        cue=cue,
        rank=rank,
    )


def _bed(place: _Place, items: Sequence[Item], rank: int, sound: Sound, gain_db: float) -> LaidClip:
    whole = place.end - place.film_map.record_start
    length = whole if sound.duration is None else min(whole, sound.duration)
    is_cut = sound.duration is None or sound.duration > whole
    mix = Mix(gain_db, 0, MUSIC_FADE_US if is_cut else 0).within(to_micros(length))
    bed = _from_start(place, Stem.MUSIC, items[rank], _others(items, rank), sound, length, mix, Fraction(1))
    return replace(bed, rank=rank)


def _dialogue(place: _Place, item: Item, others: Sequence[Item], sound: Sound) -> LaidClip:
    speed = 1 / place.film_map.record_per_film
    whole = place.end - place.film_map.record_start
    length = whole if sound.duration is None else min(whole, sound.duration / speed)
    return _from_start(place, Stem.DIALOGUE, item, others, sound, length, Mix(), speed)


def _from_start(
    place: _Place,
    kind: Stem,
    item: Item,
    others: Sequence[Item],
    sound: Sound,
    length: Fraction,
    mix: Mix,
    speed: Fraction,
) -> LaidClip:
    start = place.film_map.record_start
    natural = None if sound.duration is None else sound.duration / speed
    return LaidClip(
        kind=kind,
        item=item,
        alternatives=tuple(others),
        sound=sound,
        span=place.span(start, length, natural),
        start=start,
        end=RecordTime(start + length),
        mix=mix,
        film_start_us=0,
        film_end_us=to_micros(place.film_map.film_duration),
        speed=speed,
    )
