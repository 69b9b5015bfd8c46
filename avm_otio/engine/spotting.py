"""Deciding where effects go and which music fits: pure, and the same for the same film and library."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from avm_otio.engine.library import Kind, LibraryItem
from avm_otio.engine.traits import FilmTraits, Moment, Span
from avm_otio.engine.vocabulary import EMOTIONS, GENRES, INSTRUMENTS, Event, Role, ids_in, words_of

LEAST_SPACING_US = 400_000
"""Two hits that are nearer than this blur into one."""

MOST_DENSE_US = 800_000
"""On the mean there is no more than one cue in this time."""

_WANTED_US = 2_000_000
"""Weak moments are used only while there is less than one cue in this time."""

_NEAR_US = 80_000
_AROUND_US = 600_000
_LEAST_CUE_US = 40_000
_RISER_FROM_US = 1_500_000
_ALTERNATIVES = 5
_MUSIC_OFFERED = 10

_IDEAL = {
    Role.WHOOSH: (0.6, 2000.0),
    Role.IMPACT: (1.0, 120.0),
    Role.RISER: (2.2, 1200.0),
    Role.TICK: (0.25, 1800.0),
    Role.AMBIENCE: (8.0, 500.0),
    Role.SPOT: (0.6, 1000.0),
}
"""The length (seconds) and brightness (Hz) that a sound for a role has where its name does not say."""


@dataclass(frozen=True, slots=True)
class Cue:
    """An effect to lay: film time in microseconds, what it is laid at, and items, best first."""

    start_us: int
    end_us: int
    event: Event
    role: Role
    item_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MusicWish:
    """What was asked of the music. Ids are those of ``vocabulary``."""

    text: str = ""
    bpm: float | None = None
    genres: tuple[int, ...] = ()
    instruments: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A moment that could have a sound; ends at ``until_us`` where that is set; ``weak`` is a filler."""

    at_us: int
    event: Event
    role: Role
    weight: float
    weak: bool = False
    until_us: int | None = None

    @property
    def is_hit(self) -> bool:
        return self.event in (Event.CUT, Event.MOTION, Event.SOUND)


def spot_effects(
    film: FilmTraits, items: Sequence[LibraryItem], within: Span | None = None
) -> tuple[Cue, ...]:
    """Lay effects.

    Hard cuts come first, then a riser into the strongest of them, sounds of the film itself, motion, and room
    tone under long still shots.

    Args:
        film: What was found in it.
        items: The library.
        within: The stretch of film time that may be used; the whole film by default.

    Returns:
        In order of their starts; each lies within the stretch and ends after it starts; at most one in
        ``MOST_DENSE_US`` on the mean.
    """
    within = within or Span(0, film.duration_us)
    effects = [item for item in items if item.kind is Kind.EFFECT]
    if not effects:
        return ()
    uses: Counter[int] = Counter()
    cues = []
    for candidate in sorted(_chosen(film, within), key=lambda chosen: (chosen.at_us, chosen.event)):
        ranked = rank_effects(effects, candidate.role, uses)
        cue = _placed(candidate, ranked, within)
        if cue is not None:
            uses[ranked[0].id] += 1
            cues.append(cue)
    return tuple(sorted(cues, key=lambda cue: (cue.start_us, cue.end_us, cue.event)))


def rank_effects(
    items: Sequence[LibraryItem], role: Role, uses: Counter[int] | None = None
) -> tuple[LibraryItem, ...]:
    """Effects for a role, best first; what was used often goes back a little."""
    ideal_s, ideal_hz = _IDEAL[role]

    def cost(item: LibraryItem) -> tuple[float, str]:
        length = abs(math.log2(max(item.duration_us, 1000) / 1e6 / ideal_s))
        brightness = abs(math.log2(max(item.brightness_hz, 20.0) / ideal_hz))
        named = 3.0 if role in item.roles else 0.0
        worn = 0.7 * uses[item.id] if uses else 0.0
        return 0.3 * length + 0.15 * brightness + worn - named, item.path

    return tuple(sorted(items, key=cost))


def rank_music(film: FilmTraits, items: Sequence[LibraryItem], wish: MusicWish) -> tuple[LibraryItem, ...]:
    """Music for a film, best first: by what was asked, then by how fast and bright the film is."""
    activity = _activity(film)
    bpm = wish.bpm or 70.0 + 65.0 * activity
    bright_hz = 180.0 * 2 ** (1.5 * activity)
    asked = set(words_of(wish.text))
    moods = set(ids_in(wish.text, EMOTIONS))

    def cost(item: LibraryItem) -> tuple[float, str]:
        tempo = 0.5 if item.tempo_bpm is None else min(abs(math.log2(item.tempo_bpm / bpm)), 1.0)
        brightness = abs(math.log2(max(item.brightness_hz, 20.0) / bright_hz))
        genres = set(ids_in(item.path, GENRES))
        genre = bool(genres & (set(wish.genres) | set(ids_in(wish.text, GENRES))))
        instrument = bool(set(ids_in(item.path, INSTRUMENTS)) & set(wish.instruments))
        mood = len(moods & set(ids_in(item.title, EMOTIONS)))
        words = len(asked & set(words_of(item.title)))
        fits = 1.5 * mood + 0.5 * words + 2.0 * genre + 2.0 * instrument
        return (4.0 if wish.bpm else 1.0) * tempo + 0.15 * brightness - fits, item.path

    return tuple(sorted((item for item in items if item.kind is Kind.MUSIC), key=cost))[:_MUSIC_OFFERED]


def _activity(film: FilmTraits) -> float:
    """How lively a film is, from 0 to 1: cuts (30 a minute are lively), motion, loudness."""
    minutes = max(film.duration_us / 60e6, 1 / 60)
    cutting = min(len(film.picture.cuts) / minutes / 30.0, 1.0)
    loudness = film.sound.loudness_lufs
    loud = 0.5 if loudness is None else min(max((loudness + 40) / 30, 0.0), 1.0)
    return 0.5 * cutting + 0.35 * min(2 * film.picture.motion, 1.0) + 0.15 * loud


def _chosen(film: FilmTraits, within: Span) -> list[_Candidate]:
    length_us = within.end_us - within.start_us
    room = max(1, length_us // MOST_DENSE_US)
    wanted = max(1, length_us // _WANTED_US)
    last_us = within.end_us - _LEAST_CUE_US
    taken: list[_Candidate] = []
    hits_us: list[int] = []
    for candidate in sorted(_candidates(film, within), key=lambda one: (one.weak, -one.weight, one.at_us)):
        if len(taken) >= (wanted if candidate.weak else room):
            break
        if not within.start_us <= candidate.at_us <= last_us:
            continue
        if candidate.is_hit:
            place = bisect_left(hits_us, candidate.at_us)
            beside = hits_us[max(0, place - 1) : place + 1]
            if any(abs(other - candidate.at_us) < LEAST_SPACING_US for other in beside):
                continue
            hits_us.insert(place, candidate.at_us)
        taken.append(candidate)
    return taken


def _candidates(film: FilmTraits, within: Span) -> Iterator[_Candidate]:
    picture, sound = film.picture, film.sound
    onsets = sorted(moment.at_us for moment in sound.onsets)
    strong = sorted(moment.at_us for moment in picture.busiest if moment.strength >= 0.5)
    for cut in picture.cuts:
        yield _Candidate(cut.at_us, Event.CUT, _role_of_cut(cut, onsets, strong), 2.0 + cut.strength)
    late = [cut for cut in picture.cuts if within.start_us + _RISER_FROM_US <= cut.at_us < within.end_us]
    if late:
        strongest = max(late, key=lambda cut: (cut.strength, -cut.at_us))
        yield _Candidate(strongest.at_us, Event.TENSION, Role.RISER, 1.9, until_us=strongest.at_us)
    for onset in sound.onsets:
        role = Role.IMPACT if onset.strength >= 0.8 else Role.SPOT
        yield _Candidate(onset.at_us, Event.SOUND, role, 0.5 + onset.strength, weak=onset.strength < 0.3)
    for peak in picture.busiest:
        weight = 0.4 + 0.6 * peak.strength
        weak = peak.strength < 0.7
        yield _Candidate(peak.at_us, Event.MOTION, Role.WHOOSH, weight, weak)
    for still in picture.stills:
        start_us, end_us = max(still.start_us, within.start_us), min(still.end_us, within.end_us)
        if start_us < end_us:
            yield _Candidate(start_us, Event.STILL, Role.AMBIENCE, 1.0, until_us=end_us)


def _role_of_cut(cut: Moment, onsets: Sequence[int], strong_motion: Sequence[int]) -> Role:
    if cut.strength >= 0.9 or _has_near(onsets, cut.at_us, _NEAR_US):
        return Role.IMPACT
    return Role.WHOOSH if _has_near(strong_motion, cut.at_us, _AROUND_US) else Role.TICK


def _has_near(times_us: Sequence[int], at_us: int, reach_us: int) -> bool:
    place = bisect_left(times_us, at_us - reach_us)
    return place < len(times_us) and times_us[place] <= at_us + reach_us


def _placed(candidate: _Candidate, ranked: Sequence[LibraryItem], within: Span) -> Cue | None:
    """A candidate with its sounds, cut to the stretch; ``None`` where too little of it is left."""
    natural_us = ranked[0].duration_us
    if candidate.until_us is None:
        start_us, end_us = candidate.at_us, min(candidate.at_us + natural_us, within.end_us)
    elif candidate.event is Event.STILL:
        start_us, end_us = candidate.at_us, candidate.until_us
    else:
        start_us, end_us = max(within.start_us, candidate.until_us - natural_us), candidate.until_us
        if end_us - start_us < natural_us // 2:
            return None  # it would peak long after what it is for
    if end_us - start_us < _LEAST_CUE_US and end_us - start_us < natural_us:
        return None
    ids = tuple(item.id for item in ranked[:_ALTERNATIVES])
    return Cue(start_us, end_us, candidate.event, candidate.role, ids)
