"""Deciding where effects go, and which: pure, and the same for the same film and library.

What deserves an effect is said by ``events``. Of that the weightiest get one as long as there is room, each a
sound of the very role and of no thing that nobody said is there, laid where nobody speaks. Fewer than are
asked for is right, more is not.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass

from avm_otio.engine.events import Candidate, candidates_in, has_near
from avm_otio.engine.library import Kind, LibraryItem
from avm_otio.engine.matching import Meanings, takes
from avm_otio.engine.requests import DENSITIES
from avm_otio.engine.shelf import Shelf, lie_of, main_role
from avm_otio.engine.subjects import is_believed
from avm_otio.engine.traits import FilmTraits, Sighting, Span
from avm_otio.engine.vocabulary import Event, Role

LEAST_SPACING_US = 400_000
"""Two hits that are nearer than this blur into one."""

WORN_US = 20_000_000
"""The same sound is not heard twice in this time where another fits."""

MINUTE_US = 60_000_000

_SPOKEN_SHARE = 0.25
"""From this share of it on, a stretch counts as one in which people speak: a dialogue has pauses."""

_LEAST_CUE_US = 40_000
_CLEAR_US = 250_000
"""An effect whose heart would be so near before a word would be heard over it."""

_ALTERNATIVES = 5


@dataclass(frozen=True, slots=True)
class Cue:
    """An effect to lay.

    Attributes:
        start_us, end_us: Film time in microseconds.
        event: What it is laid at.
        role: What its sounds do, each of them.
        item_ids: Items, best first.
        reasons: Why there, and why these sounds, in words.
        confidence: How sure it is that an effect belongs there, 0 to 1.
        spot: The number of the spot for which it is.
        is_timed: Whether it was said how long it lasts.
    """

    start_us: int
    end_us: int
    event: Event
    role: Role
    item_ids: tuple[int, ...]
    reasons: tuple[str, ...] = ()
    confidence: float = 0.0
    spot: int | None = None
    is_timed: bool = False


@dataclass(frozen=True, slots=True)
class AskedSpot:
    """A sound that somebody spotted.

    Attributes:
        at_us: Where, film time in microseconds.
        until_us: Where it ends; ``None`` where it is as long as it is.
        words: What is to be heard.
        is_ambience: Whether it is heard on and on, and not once.
    """

    at_us: int
    until_us: int | None
    words: str
    is_ambience: bool = False


@dataclass(frozen=True, slots=True)
class EffectWish:
    """What was asked of the effects.

    Attributes:
        density: A word of ``DENSITIES``, a number a minute, or ``None``: as many as suit the film.
        words: What is in the film: the reason to believe in a thing.
        spots: What somebody spotted: laid there in any case, and beside what is found.
    """

    density: str | float | None = None
    words: str = ""
    spots: tuple[AskedSpot, ...] = ()


def spot_effects(
    film: FilmTraits,
    items: Sequence[LibraryItem],
    within: Span | None = None,
    wish: EffectWish | None = None,
) -> tuple[Cue, ...]:
    """Lay effects where something stands out that a sound could belong to.

    Args:
        film: What was found in it.
        items: The library.
        within: The stretch of film time that may be used; the whole film by default.
        wish: How many are wanted, and what is in the film.

    Returns:
        In order of their starts; each lies within the stretch and ends after it starts. What was not spotted
        is never heard to start in speech, and on the mean and in any minute no more than is wanted.
    """
    within, wish = within or Span(0, film.duration_us), wish or EffectWish()
    a_minute = effects_a_minute(film, within, wish.density)
    effects = [item for item in items if item.kind is Kind.EFFECT]
    shelves = _Shelves(effects, wish.words, a_minute, film.seen)
    spotter = _Spotter(shelves, film.speech, within, a_minute)
    if wish.spots:
        meanings = Meanings(items)
        for number, spot in enumerate(wish.spots):
            spotter.answer(number, spot, meanings)
    candidates = candidates_in(film, within, a_minute)
    for candidate in sorted(candidates, key=lambda one: (-one.weight, one.at_us, one.event)):
        spotter.offer(candidate)
    spotter.freshen()
    return tuple(sorted(spotter.cues, key=lambda cue: (cue.start_us, cue.end_us, cue.event)))


def effects_a_minute(film: FilmTraits, within: Span, density: str | float | None) -> float:
    """How many effects a minute there may be: as asked, else few where people speak."""
    if density is None:
        spoken_us = sum(
            max(0, min(each.end_us, within.end_us) - max(each.start_us, within.start_us))
            for each in film.speech
        )
        is_spoken = spoken_us >= _SPOKEN_SHARE * (within.end_us - within.start_us) and spoken_us > 0
        density = "sparse" if is_spoken else "normal"
    return DENSITIES[density] if isinstance(density, str) else density


def _role_at(spot: AskedSpot, item: LibraryItem) -> Role:
    return Role.AMBIENCE if spot.is_ambience else main_role(item) or Role.SPOT


class _Shelves:
    """The sounds to choose from at each time of a film: what is seen there is a reason to believe, too.

    Args:
        effects: The library's effects.
        words: What is said to be in the film.
        a_minute: How many effects are wanted a minute.
        seen: What is seen, and where.
    """

    def __init__(
        self, effects: Sequence[LibraryItem], words: str, a_minute: float, seen: Sequence[Sighting]
    ) -> None:
        self._effects, self._words, self._a_minute = effects, words, a_minute
        self._seen = sorted(seen, key=lambda each: each.start_us)
        self._starts_us = [each.start_us for each in self._seen]
        self._made: dict[frozenset[str], Shelf] = {}

    def at(self, at_us: int) -> Shelf:
        """The sounds that may be laid at a time."""
        things = frozenset(each.thing for each in self._seen_at(at_us))
        if things not in self._made:
            words = " ".join((self._words, *sorted(things)))
            self._made[things] = Shelf(self._effects, words, self._a_minute)
        return self._made[things]

    def belief(self, claims: frozenset[str], at_us: int) -> tuple[str, float]:
        """Why what a sound claims is believed at a time, in words, and how sure that is."""
        if not claims:
            return "it claims no thing", 1.0
        named = ", ".join(sorted(claims))
        if is_believed(claims, self._words):
            return f"the request's words speak of it: {named}", 1.0
        seen = self._seen_at(at_us)
        shown = ", ".join(f"{each.thing} ({round(100 * each.confidence)} %)" for each in seen)
        return f"it is seen there: {shown}", min((each.confidence for each in seen), default=1.0)

    def _seen_at(self, at_us: int) -> list[Sighting]:
        """What is seen at a time: sightings of one shot follow each other."""
        found = []
        for each in reversed(self._seen[: bisect_right(self._starts_us, at_us)]):
            if each.end_us <= at_us:
                break
            found.append(each)
        return found


class _Spotter:
    """Takes candidates, the weightiest first, as long as there is room for them, and a sound.

    Args:
        shelves: The sounds to choose from.
        speech: Where people speak.
        within: The stretch that may be used.
        a_minute: How many cues a minute there may be.
    """

    def __init__(self, shelves: _Shelves, speech: Sequence[Span], within: Span, a_minute: float) -> None:
        self._spotted: list[Cue] = []
        self._laid: list[Cue] = []
        self._shelves = shelves
        self._taken: list[tuple[Candidate, Cue]] = []
        self._speech = speech
        self._speech_ends = [each.end_us for each in speech]
        self._within = within
        self._room = math.floor(a_minute * (within.end_us - within.start_us) / MINUTE_US)
        self._in_a_minute = max(1, math.floor(a_minute))
        self._starts_us: list[int] = []
        self._hits_us: list[int] = []
        self._used_us: dict[int, list[int]] = {}

    @property
    def cues(self) -> list[Cue]:
        """All that is laid, in no order."""
        return [*self._spotted, *self._laid]

    def answer(self, number: int, spot: AskedSpot, meanings: Meanings) -> None:
        """Lay what somebody spotted, the least worn of the sounds that fit its words best."""
        if not self._within.start_us <= spot.at_us < self._within.end_us:
            return
        found = meanings.of(spot.words, is_ambience=spot.is_ambience)
        if not found:
            return
        first = min(takes(found), key=lambda item: self._worn(item, spot.at_us))
        role = _role_at(spot, first)
        alike = [item for _, item in found if item is not first and _role_at(spot, item) is role]
        ids = tuple(item.id for item in (first, *alike[: _ALTERNATIVES - 1]))
        lasts_us = 0 if role is Role.RISER else lie_of(first, role).after_us
        end_us = spot.at_us + max(lasts_us, _LEAST_CUE_US) if spot.until_us is None else spot.until_us
        end_us = max(min(end_us, self._within.end_us), spot.at_us + 1)
        reasons = (f"somebody spotted “{spot.words}” there", f"“{first.title}” fits these words")
        confidence = round(0.5 + 0.49 * min(found[0][0], 1.0), 2)
        is_timed = spot.until_us is not None
        cue = Cue(spot.at_us, end_us, Event.SPOTTED, role, ids, reasons, confidence, number, is_timed)
        if role is not Role.AMBIENCE:
            insort(self._hits_us, spot.at_us)
        insort(self._used_us.setdefault(first.id, []), spot.at_us)
        self._spotted.append(cue)

    def offer(self, candidate: Candidate) -> None:
        """Lay an effect for a candidate if there is room for it and a sound that fits."""
        if len(self._laid) >= self._room or not self._is_inside(candidate) or self._is_crowded(candidate):
            return
        cue = self._first_that_fits(candidate)
        if cue is None or self._fills_a_minute(cue.start_us):
            return
        if candidate.is_hit:
            insort(self._hits_us, candidate.at_us)
        insort(self._starts_us, cue.start_us)
        self._take(cue)
        self._taken.append((candidate, cue))

    def freshen(self) -> None:
        """Choose the sounds anew in the order of time: until now the weightiest chose first."""
        self._used_us, self._laid = {}, []
        for cue in self._spotted:
            insort(self._used_us.setdefault(cue.item_ids[0], []), cue.start_us)
        for candidate, before in sorted(self._taken, key=lambda taken: taken[1].start_us):
            # Another riser would start elsewhere.
            found = None if candidate.event is Event.TENSION else self._first_that_fits(candidate)
            self._take(found or before)

    def _take(self, cue: Cue) -> None:
        insort(self._used_us.setdefault(cue.item_ids[0], []), cue.start_us)
        self._laid.append(cue)

    def _is_inside(self, candidate: Candidate) -> bool:
        return self._within.start_us <= candidate.at_us <= self._within.end_us - _LEAST_CUE_US

    def _is_crowded(self, candidate: Candidate) -> bool:
        return candidate.is_hit and has_near(self._hits_us, candidate.at_us, LEAST_SPACING_US - 1)

    def _fills_a_minute(self, start_us: int) -> bool:
        """Whether there would be more in some minute than may be."""
        many, place = self._in_a_minute, bisect_left(self._starts_us, start_us)
        around = self._starts_us[max(0, place - many) : place + many]
        insort(around, start_us)
        return any(after - first < MINUTE_US for first, after in zip(around, around[many:], strict=False))

    def _first_that_fits(self, candidate: Candidate) -> Cue | None:
        """A candidate with the least worn of the sounds that can be laid there, the others after it."""
        ranked = self._least_worn(candidate)
        for item in ranked:
            cue = self._placed(candidate, item, [item, *(other for other in ranked if other is not item)])
            if cue is not None:
                return cue
        return None

    def _least_worn(self, candidate: Candidate) -> list[LibraryItem]:
        """The sounds that fit, best first; those that are heard shortly before or after come last."""

        def worn(item: LibraryItem) -> tuple[int, int]:
            start_us = candidate.at_us
            if candidate.event is Event.TENSION:
                start_us = max(self._within.start_us, start_us - lie_of(item, candidate.role).before_us)
            return self._worn(item, start_us)

        return sorted(self._shelves.at(candidate.at_us).of(candidate.role), key=worn)

    def _worn(self, item: LibraryItem, start_us: int) -> tuple[int, int]:
        """How worn a sound is at a time: by how near it is heard, then by how often."""
        used_us = self._used_us.get(item.id, [])
        place = bisect_left(used_us, start_us)
        near_us = used_us[max(0, place - 1) : place + 1]
        away_us = min((abs(used - start_us) for used in near_us), default=WORN_US)
        return max(0, WORN_US - away_us), len(used_us)

    def _placed(self, candidate: Candidate, item: LibraryItem, ranked: Sequence[LibraryItem]) -> Cue | None:
        """A candidate with its sounds, cut to the stretch, clear of speech; ``None`` where it cannot be."""
        within, lie = self._within, lie_of(item, candidate.role)
        at_us = start_us = candidate.at_us
        heard_us, clear_us = at_us - lie.before_us, at_us + _CLEAR_US
        if candidate.until_us is None:
            end_us = min(at_us + max(lie.after_us, _LEAST_CUE_US), within.end_us)
        elif candidate.event is Event.STILL:
            end_us = clear_us = candidate.until_us
        else:
            start_us, end_us = max(within.start_us, at_us - lie.before_us), at_us
            clear_us = end_us
        if heard_us < within.start_us and candidate.role in (Role.WHOOSH, Role.RISER):
            return None  # what swells is nothing without its beginning
        if self._next_word(heard_us) < clear_us:
            return None
        end_us = min(end_us, self._next_word(at_us if candidate.until_us is None else start_us))
        if end_us - start_us < _LEAST_CUE_US:
            return None
        ids = tuple(each.id for each in ranked[:_ALTERNATIVES])
        named = f"“{item.title}” says {candidate.role.name.lower()} by its name"
        claims = self._shelves.at(at_us).claims(item)
        believed, sure = self._shelves.belief(claims, at_us)
        quiet = ("nobody speaks there",) if self._speech else ()
        reasons = (candidate.reason, *quiet, named, believed)
        confidence = round(min(max(candidate.weight / 3, 0.05), 0.95, sure), 2)
        return Cue(start_us, end_us, candidate.event, candidate.role, ids, reasons, confidence)

    def _next_word(self, from_us: int) -> int:
        """Where speech begins, or goes on, from a time on."""
        place = bisect_left(self._speech_ends, from_us + 1)
        return max(self._speech[place].start_us, from_us) if place < len(self._speech) else 2**62
