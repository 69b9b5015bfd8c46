"""Cues → clips on lanes: which record frames each takes, and on which track, so that none overlap."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from avm_otio.errors import CueError
from avm_otio.mix.attacks import Cued, on_frame
from avm_otio.mix.cues import SKIP_HINT, Cue, Cues, Item
from avm_otio.mix.heard import Heard
from avm_otio.mix.loops import FADE_IN_US, FADE_OUT_US, looped
from avm_otio.mix.roles import Role, role_of
from avm_otio.request import Request
from avm_otio.services import Laying, Service
from avm_otio.timeline.completed import all_channels
from avm_otio.timeline.model import (
    CUT_FADE_US,
    MUSIC_FADE_US,
    SAMPLE_RATE_HZ,
    Clip,
    Media,
    Mix,
    Offer,
    Stem,
    Transition,
)
from avm_otio.timeline.plan import FilmMap
from avm_otio.timeline.time import (
    FilmTime,
    FrameSpan,
    MediaTime,
    RecordTime,
    format_timestamp,
    frame_span,
    from_micros,
    nearest_frame,
    to_micros,
    unrounded,
)

ONE_SHOT = Fraction(3)
"""Seconds up to which an effect rings out under ``auto``: a cue can be shorter than a frame."""

CROSSFADE = "Cross Fade 0 dB"
"""What the transitions of our tracks are called: the name of a straight one in Resolve."""

_LEAST_CUT = Fraction(2, SAMPLE_RATE_HZ)
"""Media seconds that are left of a sound which does not play out."""

_AS_IT_COMES = Request()


@dataclass(frozen=True, slots=True)
class LaidClip:
    """One item on the timeline.

    Attributes:
        clip: It as a clip of the timeline, with the item that is heard and the others for the same cue.
        cue: The cue that it answers.
        rank: 0 for the item that is heard; 1, 2 … for a disabled alternative, best first.
        part: Of music that is cut to the picture, or of room tone that is repeated, which clip of it this
            is, from 0.
        crossfade: Of a part of room tone, seconds over which it comes in from the part before it.
        note: What a person noted about its cue.
    """

    clip: Clip
    cue: Cue
    rank: int = 0
    part: int = 0
    crossfade: Fraction = Fraction(0)
    note: str = ""

    def follows(self, other: LaidClip) -> bool:
        """Whether it is the next part of the same sound."""
        is_next = self.part == other.part + 1 and self.crossfade > 0
        return is_next and (self.cue, self.rank) == (other.cue, other.rank)

    @property
    def kind(self) -> Stem:
        """The stem to which it belongs."""
        assert self.clip.stem is not None  # every clip of ours has one
        return self.clip.stem

    @property
    def item(self) -> Item:
        """The item that is heard."""
        return self.cue.items[self.rank]

    @property
    def alternatives(self) -> tuple[Item, ...]:
        """The other items for the same cue, best first."""
        return (*self.cue.items[: self.rank], *self.cue.items[self.rank + 1 :])

    @property
    def lies(self) -> tuple[RecordTime, RecordTime]:
        """From and to where it exactly lies, record time."""
        clip = self.clip
        return (clip.offer and clip.offer.record) or (clip.start, clip.end)


MIXER = (Stem.DIALOGUE, Stem.MUSIC, Stem.EFFECTS)
"""Stems from the top of a mixer to its end: the order of tracks."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One new track.

    Attributes:
        service: Whose offers lie on it.
        name: The track's name.
        clips: Its clips by their start; none overlap.
        is_spare: Whether these are alternatives, switched off.
        transitions: Crossfades between its clips, in order.
    """

    service: Service
    name: str
    clips: tuple[LaidClip, ...]
    is_spare: bool = False
    transitions: tuple[Transition, ...] = ()

    @property
    def stem(self) -> Stem:
        """The stem to which the track belongs."""
        return Stem(self.service.stem)


@dataclass(frozen=True, slots=True)
class Laid:
    """Cues laid onto a record range.

    Attributes:
        rate: Frames a second of the record.
        lanes: The new tracks, from the top of a mixer to its end, those of alternatives last; as few as
            possible for each service.
        notes: What was left out or shortened, one line each.
    """

    rate: Fraction
    lanes: tuple[Lane, ...]
    notes: tuple[str, ...] = ()

    @property
    def clips(self) -> tuple[LaidClip, ...]:
        """Every clip that is heard."""
        return tuple(clip for lane in self.lanes if not lane.is_spare for clip in lane.clips)

    @property
    def replacements(self) -> tuple[LaidClip, ...]:
        """The clips that take the place of the film's own sound."""
        replacing = (lane for lane in self.lanes if lane.service.laying is Laying.REPLACES)
        return tuple(clip for lane in replacing for clip in lane.clips)

    def of(self, service: Service) -> tuple[Lane, ...]:
        """The tracks of a service that are heard."""
        return tuple(lane for lane in self.lanes if lane.service == service and not lane.is_spare)


def lay(
    cues: Cues,
    film_map: FilmMap,
    rate: Fraction,
    media_of: Callable[[Item], Media],
    request: Request = _AS_IT_COMES,
    *,
    heard: Callable[[Item], Heard | None] | None = None,
    scene_changes: Sequence[FilmTime] = (),
) -> Laid:
    """Lay an answer onto the record.

    Args:
        cues: What the service answered.
        film_map: Where film time lies on the timeline.
        rate: Frames a second of the record.
        media_of: The media of an item, with no path where there is none. May raise ``LookupError`` for an
            alternative: it is not laid then.
        request: How to lay.
        heard: What was heard in the file of an item, so that an effect's attack lies on its cue; where there
            is nothing, the head of its file does.
        scene_changes: Hard cuts of the picture, over which no effect's tail rings.

    Raises:
        CueError: A cue makes no sense, or starts at or after the film's end, and ``request.skip_bad_cues``
            is not set.
    """
    first = nearest_frame(film_map.record_start, rate)
    within = FrameSpan(first, max(first + 1, nearest_frame(film_map.record_end, rate)))
    changes = tuple(sorted(map(film_map.to_record, scene_changes)))
    place = _Place(film_map, film_map.record_end, rate, within, request, heard or (lambda _: None), changes)
    notes = list(cues.check(skip_bad=request.skip_bad_cues))
    made: list[Lane] = []
    for service, offered in cues.by_service.items():
        chosen, spare = [], []
        most = request.spares if service.spare_track else 0
        for number, cue in enumerate(offered, 1):
            if from_micros(cue.start_us) >= film_map.film_duration:
                message = (
                    f"{service.words.capitalize()} {number} of {len(offered)} starts at "
                    f"{format_timestamp(cue.start_us)}, past the film's end at "
                    f"{format_timestamp(to_micros(film_map.film_duration))}."
                )
                if not request.skip_bad_cues:
                    raise CueError(message, SKIP_HINT)
                notes.append(f"Left out. {message}")
                continue
            chosen += place.clips(service, cue, 0, media_of(cue.items[0]))
            for rank, item in enumerate(cue.items[1 : 1 + most], 1):
                with suppress(LookupError):
                    spare += place.clips(service, cue, rank, media_of(item))
        made += _lanes(service, service.track, chosen, rate, is_spare=False)
        made += _lanes(service, service.spare_track, spare, rate, is_spare=True)
    made.sort(key=lambda lane: (lane.is_spare, MIXER.index(lane.stem)))
    return Laid(rate, tuple(made), tuple(notes))


def _lanes(
    service: Service, name: str, clips: Iterable[LaidClip], rate: Fraction, *, is_spare: bool
) -> list[Lane]:
    return [
        Lane(service, name.format(number=number), dealt, is_spare, tuple(crossfades(dealt)))
        for number, dealt in enumerate(deal(clips, rate), 1)
    ]


def crossfades(clips: Sequence[LaidClip]) -> Iterator[Transition]:
    """Between the parts of one sound."""
    for before, clip in pairwise(clips):
        if clip.follows(before) and before.clip.end == clip.clip.start:
            half = clip.crossfade / 2
            yield Transition(CROSSFADE, clip.clip.start, half, half)


def relaid(laid: Laid, clips: Mapping[int, Sequence[LaidClip]]) -> Laid:
    """The same with other clips on its tracks.

    Args:
        laid: It.
        clips: By the number of a lane what lies on it now. Where cues of their own places moved or are gone,
            the clips of all tracks of their kind are dealt anew.
    """
    made: list[Lane] = []
    dealt: set[tuple[str, bool]] = set()
    places = [[(clip.clip.start, clip.clip.end) for clip in lane.clips] for lane in laid.lanes]
    now = [[(clip.clip.start, clip.clip.end) for clip in clips.get(n, ())] for n in range(len(laid.lanes))]
    for number, lane in enumerate(laid.lanes):
        kind = (lane.service.name, lane.is_spare)
        alike = [n for n, each in enumerate(laid.lanes) if (each.service.name, each.is_spare) == kind]
        if all(places[n] == now[n] for n in alike):
            made.append(replace(lane, clips=tuple(clips.get(number, ()))))
        elif kind not in dealt:
            dealt.add(kind)
            every = [clip for n in alike for clip in clips.get(n, ())]
            name = lane.service.spare_track if lane.is_spare else lane.service.track
            made += _lanes(lane.service, name, every, laid.rate, is_spare=lane.is_spare)
    return replace(laid, lanes=tuple(made))


def deal(clips: Iterable[LaidClip], rate: Fraction) -> tuple[tuple[LaidClip, ...], ...]:
    """Deal clips onto as few lanes as possible so that none overlap in a lane.

    A part of a sound lies in the lane of the part before it. Two overlap where their frames do, or their
    exact times: a sound that rings on for a part of a frame is not cut off by the next. Taking clips by their
    start and giving each the lowest lane that is free needs exactly as many lanes as clips overlap at once,
    which no dealing can better.
    """
    dealt: list[list[LaidClip]] = []
    busy: list[tuple[int, int]] = []
    ringing: list[int] = []
    free: list[int] = []
    spans = [(clip.clip.frames(rate), clip) for clip in clips]
    in_order = sorted(spans, key=lambda span: (span[0][0], not span[1].crossfade, span[1].clip.start))
    for (first, last), clip in in_order:
        while busy and busy[0][0] <= first:
            ringing.append(heapq.heappop(busy)[1])
        for lane in [lane for lane in ringing if dealt[lane][-1].clip.end <= clip.clip.start]:
            ringing.remove(lane)
            heapq.heappush(free, lane)
        going_on = [lane for lane in free if clip.crossfade and clip.follows(dealt[lane][-1])]
        if going_on:
            lane = going_on[0]
            free.remove(lane)
            heapq.heapify(free)
        elif free:
            lane = heapq.heappop(free)
        else:
            lane = len(dealt)
            dealt.append([])
        dealt[lane].append(clip)
        heapq.heappush(busy, (last, lane))
    return tuple(tuple(lane) for lane in dealt)


@dataclass(frozen=True, slots=True)
class _Length:
    """How long a clip is on the record.

    Attributes:
        start: Exact record time of its start.
        length: Exact length on the record, in seconds.
        mix: Gain and fades.
        speed: Media seconds a record second.
        media_in: Seconds of the file at its start.
    """

    start: RecordTime
    length: Fraction
    mix: Mix
    speed: Fraction = Fraction(1)
    media_in: Fraction = Fraction(0)


def _faded(clip: Clip, fade_in_us: int, fade_out_us: int) -> Clip:
    mix = replace(clip.mix, fade_in_us=fade_in_us, fade_out_us=fade_out_us)
    return replace(clip, mix=mix.within(to_micros(clip.duration)))


@dataclass(frozen=True, slots=True)
class _Place:
    film_map: FilmMap
    end: RecordTime
    rate: Fraction
    within: FrameSpan
    request: Request
    heard: Callable[[Item], Heard | None]
    scene_changes: tuple[RecordTime, ...]

    def clips(self, service: Service, cue: Cue, rank: int, media: Media) -> list[LaidClip]:
        """One of the items for a cue, laid: one clip, or the parts of room tone that is repeated."""
        whole = self._clip(service, cue, rank, media)
        heard = self.heard(cue.items[rank])
        is_cue = service.laying is Laying.CUES and cue.end_us is not None
        if not is_cue or heard is None or role_of(cue, whole.item) is not Role.AMBIENCE:
            return [whole]
        clip, record = whole.clip, self.film_map.to_record
        is_natural = self.request.effects_length == "natural"
        end = min(record(FilmTime(from_micros(cue.end_us or 0))), self.end)
        parts = () if is_natural else looped(clip.start, end, heard, self.rate)
        if not parts and not clip.mix.fade_out_us:  # it is over by itself
            return [whole]
        clips = [
            replace(
                clip,
                start=part.start,
                end=part.end,
                media_in=MediaTime(media.start + part.media_in),
                mix=replace(clip.mix, fade_in_us=0, fade_out_us=0),
                offer=clip.offer and replace(clip.offer, record=None),
            )
            for part in parts
        ] or [clip]
        clips[0] = _faded(clips[0], FADE_IN_US, clips[0].mix.fade_out_us)
        clips[-1] = _faded(clips[-1], clips[-1].mix.fade_in_us, FADE_OUT_US)
        if not parts:
            return [replace(whole, clip=clips[0])]
        return [
            LaidClip(self._within(each), cue, rank, number, part.crossfade)
            for number, (each, part) in enumerate(zip(clips, parts, strict=True))
        ]

    def _clip(self, service: Service, cue: Cue, rank: int, media: Media) -> LaidClip:
        stem, item = Stem(service.stem), cue.items[rank]
        title = item.title or f"{stem} {item.id}"
        if service.laying is Laying.REPLACES:  # its title is the film's: what only a job understands
            title = service.words.capitalize()
        media = media if media.name else replace(media, name=title)
        lay = {Laying.CUES: self._at_cue, Laying.BED: self._under_film, Laying.REPLACES: self._as_film}
        lies = lay[service.laying](cue, item, media, self._gain_db(stem))
        film_end_us = to_micros(self.film_map.film_duration) if cue.end_us is None else cue.end_us
        others = (*cue.items[:rank], *cue.items[rank + 1 :])
        clip = Clip(
            name=title,
            start=lies.start,
            end=RecordTime(lies.start + lies.length),
            content=media,
            media_in=MediaTime(media.start + lies.media_in),
            speed=lies.speed,
            enabled=not rank,
            mix=lies.mix,
            channels=all_channels(media),
            stem=stem,
            alternative=rank,
            offer=Offer(
                item=item.served,
                alternatives=tuple(other.served for other in others),
                film_start_us=cue.start_us,
                film_end_us=film_end_us,
                cue=None if cue.end_us is None else cue.served,
            ),
            channels_assumed=True,
        )
        return LaidClip(self._within(clip), cue, rank)

    def _gain_db(self, stem: Stem) -> float:
        """The gain of a stem; the film's own sound is never made louder or softer."""
        gains = {Stem.MUSIC: self.request.music_gain_db, Stem.EFFECTS: self.request.effects_gain_db}
        return gains.get(stem, 0.0)

    def _at_cue(self, cue: Cue, item: Item, media: Media, gain_db: float) -> _Length:
        start = self.film_map.to_record(FilmTime(from_micros(cue.start_us)))
        cue_end_us = cue.start_us if cue.end_us is None else cue.end_us
        cue_length = self.film_map.to_record(FilmTime(from_micros(cue_end_us))) - start
        heard = self.heard(item)
        natural, rule = media.duration, self.request.effects_length
        if natural is None and heard is not None:
            natural = from_micros(heard.length_us)
        rings_out = natural is not None and (rule == "natural" or (rule == "auto" and natural <= ONE_SHOT))
        if cue.is_spotted:
            start = unrounded(start, self.rate)
            rings_out = natural is not None and not cue.is_timed
        if heard is not None and natural is not None:
            first, last = self.film_map.record_start, self.end
            changes = () if cue.is_timed else self.scene_changes
            cued = Cued(start, RecordTime(start + cue_length), first, last, self.rate, changes)
            lies = on_frame(
                cued, heard, natural, role_of(cue, item), rings_out=rings_out, exactly=cue.is_spotted
            )
            length = lies.end - lies.start
            mix = Mix(gain_db, lies.fade_in_us, lies.fade_out_us).within(to_micros(length))
            return _Length(lies.start, length, mix, media_in=lies.media_in)
        wanted = natural if natural is not None and (rings_out or natural < cue_length) else cue_length
        length = min(wanted, self.end - start)
        is_cut = natural is None or length < natural
        mix = Mix(gain_db, 0, CUT_FADE_US if is_cut else 0).within(to_micros(length))
        return _Length(start, length, mix)

    def _under_film(self, cue: Cue, item: Item, media: Media, gain_db: float) -> _Length:
        start = self.film_map.record_start
        whole = self.end - start
        length = whole if media.duration is None else min(whole, media.duration)
        is_cut = media.duration is None or media.duration > whole
        mix = Mix(gain_db, 0, MUSIC_FADE_US if is_cut else 0).within(to_micros(length))
        return _Length(start, length, mix)

    def _as_film(self, cue: Cue, item: Item, media: Media, gain_db: float) -> _Length:
        """In place of the film's own sound: at the speed at which the film's clip plays."""
        speed, start = 1 / self.film_map.record_per_film, self.film_map.record_start
        natural = None if media.duration is None else media.duration / speed
        length = self.end - start if natural is None else min(self.end - start, natural)
        return _Length(start, length, Mix(gain_db), speed)

    def _within(self, clip: Clip) -> Clip:
        """The same on frames that may be used; where it exactly lies is noted where that is elsewhere.

        So the start is at most half a frame from its exact time, save in the last half frame of the range,
        where the last frame is all there is.
        """
        if clip.plays_out and clip.frames(self.rate)[1] > self.within.end:
            # From its nearest frame on it would ring past the range: it is cut off there.
            clip = replace(clip, end=RecordTime(clip.end - _LEAST_CUT / clip.speed))
        span = frame_span(clip.start, clip.frames(self.rate)[1] / self.rate, self.rate, self.within)
        first, last = RecordTime(span.start / self.rate), RecordTime(span.end / self.rate)
        places = (
            (clip.start, clip.end),
            (clip.start, last),
            (first, RecordTime(first + clip.duration)),
            (first, clip.end),
        )
        laid = replace(clip, start=first, end=last)
        for start, end in places:
            exact = replace(clip, start=start, end=end)
            no_longer = end == last or end - start <= clip.duration
            if start < end and no_longer and exact.frames(self.rate) == (span.start, span.end):
                laid = exact
                break
        if (laid.start, laid.end) != (clip.start, clip.end) and laid.offer is not None:
            laid = replace(laid, offer=replace(laid.offer, record=(clip.start, clip.end)))
        return laid
