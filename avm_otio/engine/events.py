"""What happens in a film that deserves a sound, and how much it does: the rules of spotting, pure.

A hard cut or a move that stands out among those of its film, the strongest cut for a riser into it, a still
scene of a silent film for room tone. Nothing else, not to fill time. How much has to stand out depends on how
many effects are wanted; sounds of the film itself are heard already, and doubled only where many are.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from avm_otio.engine.requests import DENSITIES
from avm_otio.engine.traits import FilmTraits, Moment, Span
from avm_otio.engine.vocabulary import Event, Role

_MANY = DENSITIES["dense"]
"""Effects a minute from which on sounds of the film itself and weaker events are doubled, as is asked."""

_SOME = 12.0
"""Effects a minute from which on more cuts than the very strongest count."""

_TOP_SHARE = {True: 0.6, False: 0.3}
"""Of the cuts of a film, so many stand out by their strength: where some effects are wanted, where few."""

_RARE_US = 8_000_000
"""A cut with no other so near stands out by that alone."""

_LEAST_MOVE = 0.25
"""How much must move, of a picture that moves all over, for a whoosh: a head that turns is less."""

_DEVIATIONS = 2.0
_OWN_SOUND = 0.5
"""From this share of the film's strongest onset on, a sound at a cut counts as the film's own hit: where the
sound is cut, too, there is always some onset."""

_SILENT_LUFS = -60.0
_SCENE_GAP_US = 1_000_000
"""Still shots that follow each other are one scene."""

_NEAR_US = 80_000
_AROUND_US = 300_000
_RISER_FROM_US = 1_500_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A moment that could have a sound.

    Attributes:
        at_us: When it happens, film time.
        event: What happens.
        role: What a sound for it does.
        weight: How much it deserves one.
        reason: Why, in words.
        until_us: Where what happens lasts, its end; ``None`` for a moment.
    """

    at_us: int
    event: Event
    role: Role
    weight: float
    reason: str
    until_us: int | None = None

    @property
    def is_hit(self) -> bool:
        """Whether it strikes, so that another one near would blur it."""
        return self.event in (Event.CUT, Event.MOTION, Event.SOUND)


def candidates_in(film: FilmTraits, within: Span, a_minute: float) -> Iterator[Candidate]:
    """All that deserves a sound.

    Args:
        film: What was found in it.
        within: The stretch that is scored.
        a_minute: How many effects a minute may be: where many are wanted, less has to stand out.
    """
    is_many = a_minute >= _MANY
    yield from _at_cuts(film, within, is_many=is_many, is_some=a_minute >= _SOME)
    yield from _at_moves(film, is_many=is_many)
    if is_many:
        yield from _at_sounds(film)
    loudness = film.sound.loudness_lufs
    if loudness is None or loudness < _SILENT_LUFS:
        for scene in _scenes(film.picture.stills, within):
            reason = "a still scene without a sound of its own"
            yield Candidate(scene.start_us, Event.STILL, Role.AMBIENCE, 1.6, reason, until_us=scene.end_us)


def has_near(times_us: Sequence[int], at_us: int, reach_us: int) -> bool:
    """Whether one of some times, in order, is so near."""
    place = bisect_left(times_us, at_us - reach_us)
    return place < len(times_us) and times_us[place] <= at_us + reach_us


def _at_cuts(film: FilmTraits, within: Span, *, is_many: bool, is_some: bool) -> Iterator[Candidate]:
    cuts = sorted(film.picture.cuts, key=lambda cut: cut.at_us)
    own = sorted(moment.at_us for moment in film.sound.onsets if moment.strength >= _OWN_SOUND)
    times = [cut.at_us for cut in cuts]
    strengths = sorted((cut.strength for cut in cuts), reverse=True)
    top = strengths[max(0, math.ceil(_TOP_SHARE[is_some] * len(strengths)) - 1)] if strengths else 0.0
    for place, cut in enumerate(cuts):
        beside = [abs(other - cut.at_us) for other in times[max(0, place - 1) : place + 2]]
        is_rare = sum(away < _RARE_US for away in beside) <= 1
        if has_near(own, cut.at_us, _NEAR_US) and not is_many:
            continue  # the film has its own sound there
        if cut.strength >= top:
            reason = f"a hard cut among the strongest of the film's {len(cuts)}"
        elif is_rare:
            reason = "a hard cut after a long while without one"
        elif is_many:
            reason = "a hard cut, since many effects are asked for"
        else:
            continue
        weight = 1.0 + cut.strength + 0.5 * (cut.strength >= top) + 0.3 * is_rare
        yield Candidate(cut.at_us, Event.CUT, _role_of_cut(cut), weight, reason)
    late = [cut for cut in cuts if within.start_us + _RISER_FROM_US <= cut.at_us < within.end_us]
    if late and len(cuts) > 1:
        strongest = max(late, key=lambda cut: (cut.strength, -cut.at_us))
        at_us, reason = strongest.at_us, "into the strongest hard cut"
        yield Candidate(at_us, Event.TENSION, Role.RISER, 1.9, reason, until_us=at_us)


def _role_of_cut(cut: Moment) -> Role:
    return Role.IMPACT if cut.strength >= 0.9 else Role.WHOOSH


def _at_moves(film: FilmTraits, *, is_many: bool) -> Iterator[Candidate]:
    """Moves that stand out among those of the film, and are large."""
    picture = film.picture
    if not picture.busiest:
        return
    strengths = [peak.strength for peak in picture.busiest]
    usual = median(strengths)
    spread = median(abs(strength - usual) for strength in strengths)
    cuts = sorted(cut.at_us for cut in picture.cuts)
    for peak in picture.busiest:
        share = peak.strength * picture.most_motion
        stands_out = peak.strength >= usual + max(_DEVIATIONS * spread, 0.15) or len(strengths) == 1
        if share < _LEAST_MOVE or not (stands_out or is_many) or has_near(cuts, peak.at_us, _AROUND_US):
            continue
        reason = (
            "a move that stands out among the film's" if stands_out else "a move, since many are asked for"
        )
        yield Candidate(peak.at_us, Event.MOTION, Role.WHOOSH, 0.8 + peak.strength, reason)


def _at_sounds(film: FilmTraits) -> Iterator[Candidate]:
    """Sounds of the film itself: heard already, so only where many effects are asked for."""
    for onset in film.sound.onsets:
        role = Role.IMPACT if onset.strength >= 0.8 else Role.TICK
        reason = "a sound of the film itself, since many effects are asked for"
        yield Candidate(onset.at_us, Event.SOUND, role, 0.9 + onset.strength, reason)


def _scenes(stills: Sequence[Span], within: Span) -> Iterator[Span]:
    """Still shots that follow each other, as one, within the stretch."""
    scene: Span | None = None
    for still in sorted(stills, key=lambda each: each.start_us):
        start_us, end_us = max(still.start_us, within.start_us), min(still.end_us, within.end_us)
        if start_us >= end_us:
            continue
        if scene is not None and start_us - scene.end_us <= _SCENE_GAP_US:
            scene = Span(scene.start_us, max(scene.end_us, end_us))
            continue
        if scene is not None:
            yield scene
        scene = Span(start_us, end_us)
    if scene is not None:
        yield scene
