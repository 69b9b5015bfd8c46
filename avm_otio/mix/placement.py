"""Cues → clips on lanes: which record frames each takes, and on which track, so that none overlap."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction

from avm_otio.errors import CueError
from avm_otio.mix.cues import SKIP_HINT, Cue, Cues, Item
from avm_otio.request import Request
from avm_otio.services import Laying, Service
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

_AS_IT_COMES = Request()


@dataclass(frozen=True, slots=True)
class Sound:
    """The media that stands for an item.

    Attributes:
        url: Its ``target_url``; empty where there is nothing to point at.
        duration: Its true length in seconds where it was measured, else as the service says; ``None`` where
            unknown.
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
        kind: The stem to which it belongs.
        item: The item that is heard.
        alternatives: The other items for the same cue, best first.
        sound: Its media.
        span: Record frames that it takes.
        start: Exact record time of its start.
        end: Exact record time of its end.
        mix: Gain and fades.
        speed: Media seconds a record second: other than 1 only for the noise-reduced sound of a clip that
            plays at another speed.
        cue: The cue that it answers; ``None`` where that is the whole film.
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
    cue: Cue | None = None
    rank: int = 0


_MIXER = (Stem.DIALOGUE, Stem.MUSIC, Stem.EFFECTS)
"""Stems from the top of a mixer to its end: the order of tracks."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One new track.

    Attributes:
        service: Whose offers lie on it.
        name: The track's name.
        clips: Its clips by their start; none overlap.
        is_spare: Whether these are alternatives, switched off.
    """

    service: Service
    name: str
    clips: tuple[LaidClip, ...]
    is_spare: bool = False

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
    sound_of: Callable[[Item], Sound],
    request: Request = _AS_IT_COMES,
) -> Laid:
    """Lay an answer onto the record.

    Args:
        cues: What the service answered.
        film_map: Where film time lies on the timeline.
        rate: Frames a second of the record.
        sound_of: The media of an item. May raise ``LookupError`` for an alternative: it is not laid then.
        request: How to lay.

    Raises:
        CueError: A cue makes no sense, or starts at or after the film's end, and ``request.skip_bad_cues``
            is not set.
    """
    first = nearest_frame(film_map.record_start, rate)
    within = FrameSpan(first, max(first + 1, nearest_frame(film_map.record_end, rate)))
    place = _Place(film_map, film_map.record_end, rate, within, request)
    notes = list(cues.check(skip_bad=request.skip_bad_cues))
    made: list[Lane] = []
    for service, offered in cues.by_service.items():
        heard, spare = [], []
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
            heard.append(place.clip(service, cue, 0, sound_of(cue.items[0])))
            for rank, item in enumerate(cue.items[1 : 1 + most], 1):
                with suppress(LookupError):
                    spare.append(place.clip(service, cue, rank, sound_of(item)))
        made += _lanes(service, service.track, heard, is_spare=False)
        made += _lanes(service, service.spare_track, spare, is_spare=True)
    made.sort(key=lambda lane: (lane.is_spare, _MIXER.index(lane.stem)))
    return Laid(rate, tuple(made), tuple(notes))


def _lanes(service: Service, name: str, clips: Iterable[LaidClip], *, is_spare: bool) -> list[Lane]:
    return [
        Lane(service, name.format(number=number), dealt, is_spare)
        for number, dealt in enumerate(deal(clips), 1)
    ]


def deal(clips: Iterable[LaidClip]) -> tuple[tuple[LaidClip, ...], ...]:
    """Deal clips onto as few lanes as possible so that none overlap in a lane.

    Taking clips by their start and giving each the lowest lane that is free needs exactly as many lanes as
    clips sound at once, which no dealing can better.
    """
    dealt: list[list[LaidClip]] = []
    busy: list[tuple[int, int]] = []
    free: list[int] = []
    for clip in sorted(clips, key=lambda clip: (clip.span.start, clip.start)):
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
class _Length:
    """How long a clip is on the record.

    Attributes:
        start: Exact record time of its start.
        length: Exact length on the record, in seconds.
        natural: How long its media lasts there; ``None`` where unknown.
        mix: Gain and fades.
        speed: Media seconds a record second.
    """

    start: RecordTime
    length: Fraction
    natural: Fraction | None
    mix: Mix
    speed: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class _Place:
    film_map: FilmMap
    end: RecordTime
    rate: Fraction
    within: FrameSpan
    request: Request

    def clip(self, service: Service, cue: Cue, rank: int, sound: Sound) -> LaidClip:
        """One of the items for a cue, laid."""
        stem = Stem(service.stem)
        lay = {Laying.CUES: self._at_cue, Laying.BED: self._under_film, Laying.REPLACES: self._as_film}
        lies = lay[service.laying](cue, sound, self._gain_db(stem))
        film_end_us = to_micros(self.film_map.film_duration) if cue.end_us is None else cue.end_us
        return LaidClip(
            kind=stem,
            item=cue.items[rank],
            alternatives=(*cue.items[:rank], *cue.items[rank + 1 :]),
            sound=sound,
            span=self._span(lies),
            start=lies.start,
            end=RecordTime(lies.start + lies.length),
            mix=lies.mix,
            film_start_us=cue.start_us,
            film_end_us=film_end_us,
            speed=lies.speed,
            cue=None if cue.end_us is None else cue,
            rank=rank,
        )

    def _gain_db(self, stem: Stem) -> float:
        """The gain of a stem; the film's own sound is never made louder or softer."""
        gains = {Stem.MUSIC: self.request.music_gain_db, Stem.EFFECTS: self.request.effects_gain_db}
        return gains.get(stem, 0.0)

    def _at_cue(self, cue: Cue, sound: Sound, gain_db: float) -> _Length:
        start = self.film_map.to_record(FilmTime(from_micros(cue.start_us)))
        cue_end_us = cue.start_us if cue.end_us is None else cue.end_us
        cue_length = self.film_map.to_record(FilmTime(from_micros(cue_end_us))) - start
        natural, rule = sound.duration, self.request.effects_length
        rings_out = natural is not None and (rule == "natural" or (rule == "auto" and natural <= ONE_SHOT))
        wanted = natural if natural is not None and (rings_out or natural < cue_length) else cue_length
        length = min(wanted, self.end - start)
        is_cut = natural is None or length < natural
        mix = Mix(gain_db, 0, CUT_FADE_US if is_cut else 0).within(to_micros(length))
        return _Length(start, length, natural, mix)

    def _under_film(self, cue: Cue, sound: Sound, gain_db: float) -> _Length:
        start = self.film_map.record_start
        whole = self.end - start
        length = whole if sound.duration is None else min(whole, sound.duration)
        is_cut = sound.duration is None or sound.duration > whole
        mix = Mix(gain_db, 0, MUSIC_FADE_US if is_cut else 0).within(to_micros(length))
        return _Length(start, length, sound.duration, mix)

    def _as_film(self, cue: Cue, sound: Sound, gain_db: float) -> _Length:
        """In place of the film's own sound: at the speed at which the film's clip plays."""
        speed, start = 1 / self.film_map.record_per_film, self.film_map.record_start
        natural = None if sound.duration is None else sound.duration / speed
        length = self.end - start if natural is None else min(self.end - start, natural)
        return _Length(start, length, natural, Mix(gain_db), speed)

    def _span(self, lies: _Length) -> FrameSpan:
        """The frames of a clip; where its media ends first, no frame that it does not fill."""
        span = frame_span(lies.start, lies.start + lies.length, self.rate, self.within)
        if lies.natural is None:
            return span
        frames = max(1, whole_frames(lies.natural, self.rate))
        return FrameSpan(span.start, min(span.end, span.start + frames))
