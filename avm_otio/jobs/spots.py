"""What people spotted: read from markers or a file, asked for, and held against the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fractions import Fraction
from pathlib import Path
from typing import Any

from avm_otio.errors import InputError, UsageError
from avm_otio.formats import reading
from avm_otio.jobs.question import Question, understands_ours
from avm_otio.mix.cues import Cue, Cues
from avm_otio.mix.spot_list import Clock, read_spot_list
from avm_otio.mix.spotted import Spot, SpotKind, Spotted, spots_of, within
from avm_otio.request import Request
from avm_otio.services import EFFECTS, MUSIC
from avm_otio.timeline.model import Timeline
from avm_otio.timeline.plan import ExportPlan
from avm_otio.timeline.time import FilmTime, format_timestamp, to_micros

MARKERS = "markers"
"""What ``--spots`` says of the timeline's own markers."""

_LISTS = (".csv", ".tsv", ".txt")
_LARGEST_LIST = 16 * 1024**2
_NEAR = Fraction(1, 2)
"""Seconds from a spot up to which a service's own cue counts as one for it."""

_COLORS = ("PINK", "RED", "ORANGE", "YELLOW", "GREEN", "CYAN", "BLUE", "PURPLE", "MAGENTA", "BLACK", "WHITE")


@dataclass(frozen=True, slots=True)
class Spots:
    """What was spotted in a film.

    Attributes:
        asked: Whether it was asked for at all.
        spots: Effects and ambience within the film, in order; what the service is asked for by their numbers.
        spotted: All that was read, music too.
        plan: The film.
        notes: What was left out, or cannot be sent, one line each.
    """

    asked: bool
    spots: tuple[Spot, ...]
    spotted: Spotted
    plan: ExportPlan
    notes: tuple[str, ...]

    def at_us(self, spot: Spot) -> int:
        """Where it begins, film time."""
        return self._film_us(spot.at)

    def _film_us(self, record: Fraction) -> int:
        film_map = self.plan.film_map
        film = (record - film_map.record_start) / film_map.record_per_film
        return to_micros(min(max(film, FilmTime(Fraction(0))), film_map.film_duration))

    def until_us(self, spot: Spot) -> int | None:
        """Where it ends, film time; ``None`` where it is as long as its sound."""
        return None if spot.until is None else self._film_us(spot.until)


def find_spots(request: Request, timeline: Timeline, plan: ExportPlan) -> Spots:
    """Find what people spotted in a film.

    Raises:
        InputError: The list cannot be read; names the line. Or nothing was spotted, and nothing else is
            wanted.
        TimelineError: The file is no timeline.
        UsageError: A colour or a kind that there is not.
    """
    colors = _colors(request.spots_colors)
    if request.spots is None:
        if request.spots_only:
            raise UsageError(
                "There are no spots to lay only.", "Say which: --spots markers, or --spots FILE."
            )
        return Spots(False, (), Spotted(), plan, ())
    spotted = (
        spots_of(timeline, colors)
        if request.spots == MARKERS
        else _of_file(Path(request.spots), timeline, colors)
    )
    inside, outside = within(spotted.sounds, plan.film_map.record_start, plan.film_map.record_end)
    notes = [*spotted.notes]
    if outside:
        listed = ", ".join(f"“{spot.words}” at {timeline.timecode(spot.at)}" for spot in outside[:3])
        more = f" and {len(outside) - 3} more" if len(outside) > 3 else ""
        notes.append(f"Left out: {listed}{more}, outside of what is scored.")
    if not inside and not spotted.music:
        is_own = request.spots == MARKERS
        what = "The timeline has no markers" if is_own else f"{request.spots} has no spots"
        hint = "Name one as in “SFX: door slam” or “AMB: rain”, or say its colour: --spots-colors."
        if request.spots_only:
            raise InputError(f"{what} for sounds in what is scored.", hint)
        notes.append(f"{what} for sounds in what is scored. {hint}")
    return Spots(True, tuple(inside), spotted, plan, tuple(notes))


def asking(
    question: Question, request: Request, spots: Spots, timeline: Timeline
) -> tuple[Question, list[str]]:
    """A question with what was spotted, and what of that cannot be sent.

    The local engine takes each spot with its words. The service's reference knows one stretch, by its start
    and its end: it is asked for that around all spots, and for no words, since it takes none.
    """
    if not spots.asked:
        return question, []
    asked = dict(question.request.parameters)
    notes: list[str] = []
    if request.spots_only:
        if not spots.spots:
            asked.pop(EFFECTS.name, None)
        if not spots.spotted.music:
            asked.pop(MUSIC.name, None)
        if not asked:
            raise InputError(
                "What was spotted wants none of the services that are asked for.",
                "Add the service to --services, or leave out --spots-only.",
            )
    if EFFECTS.name not in asked and spots.spots:
        notes.append("Effects are spotted, but not asked for: add effects to --services.")
    elif spots.spots and understands_ours(question.service):
        own = dict(asked[EFFECTS.name])
        own["avm_spots"] = [_as_json(spot, spots) for spot in spots.spots]
        if request.spots_only:
            own["avm_density"] = "none"
        asked[EFFECTS.name] = own
    elif spots.spots:
        first, last = spots.spots[0], max(spots.spots, key=lambda spot: spot.until or spot.at)
        end_us = min(
            to_micros(spots.plan.film_map.film_duration),
            (spots.until_us(last) or 0) or spots.at_us(last) + 1_000_000,
        )
        asked[EFFECTS.name] = {
            **asked[EFFECTS.name],
            "start_at": format_timestamp(spots.at_us(first)),
            "end_at": format_timestamp(max(end_us, spots.at_us(first) + 1)),
        }
        span = f"{timeline.timecode(first.at)} to {timeline.timecode(last.until or last.at)}"
        kept = (
            "Of its answer only what begins within half a second of a spot is laid, on the spot's frame"
            if request.spots_only
            else "What it finds there lies where it says"
        )
        notes.append(
            f"{question.service} takes one stretch of the film and no words: it is asked for effects from "
            f"{span}. Not sent: {_listed(spots.spots)}. {kept}."
        )
    return replace(question, request=replace(question.request, parameters=asked)), notes


def held_against(cues: Cues, request: Request, spots: Spots, service: str, timeline: Timeline) -> Cues:
    """An answer as it is laid for what was spotted, with notes on what it has nothing for."""
    if not spots.spots or EFFECTS not in cues.by_service:
        return cues
    offered = cues.by_service[EFFECTS]
    notes: list[str] = []
    if understands_ours(service):
        answered = {cue.served.get("avm_spot") for cue in offered}
    elif request.spots_only:
        offered, answered, notes = _nearest(offered, spots)
    else:
        return cues
    missing = [spot for number, spot in enumerate(spots.spots) if number not in answered]
    if missing:
        listed = ", ".join(f"“{spot.words}” at {timeline.timecode(spot.at)}" for spot in missing[:5])
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        what = "No sound of the library fits" if understands_ours(service) else "The service has nothing for"
        notes.append(f"{what} {listed}{more}: nothing is laid there.")
    by_service = {**cues.by_service, EFFECTS: offered}
    return replace(cues, by_service=by_service, notes=(*cues.notes, *notes))


def _nearest(offered: Sequence[Cue], spots: Spots) -> tuple[tuple[Cue, ...], set[Any], list[str]]:
    """The cues of a service that are for spots, moved onto them; each spot has one at most."""
    reach_us = to_micros(_NEAR)
    taken: dict[int, Cue] = {}
    free = list(offered)
    for number, spot in enumerate(spots.spots):
        at_us = spots.at_us(spot)
        near = [cue for cue in free if abs(cue.start_us - at_us) <= reach_us]
        if near:
            cue = min(near, key=lambda cue: abs(cue.start_us - at_us))
            free.remove(cue)
            length_us = (cue.end_us or cue.start_us) - cue.start_us
            until_us = spots.until_us(spot)
            served = {**cue.served, "avm_spot": number, "avm_is_timed": until_us is not None}
            end_us = at_us + length_us if until_us is None else until_us
            taken[number] = replace(cue, start_us=at_us, end_us=end_us, served=served)
    left = len(offered) - len(taken)
    notes = [f"{left} of the service's {len(offered)} cues lie at no spot: left out."] if left else []
    return tuple(taken[number] for number in sorted(taken)), set(taken), notes


def _of_file(path: Path, timeline: Timeline, colors: Mapping[str, SpotKind]) -> Spotted:
    if path.suffix.lower() not in _LISTS:
        read = reading.read(path, rate=timeline.rate).timeline
        # What a marker is on there is that timecode here.
        moved = Fraction(read.start_frame - timeline.start_frame) / timeline.rate
        if read.rate != timeline.rate:
            moved = read.start_frame / read.rate - timeline.start_frame / timeline.rate
        found = spots_of(read, colors, path.name)
        until = [spot.until and type(spot.until)(spot.until + moved) for spot in found.spots]
        shifted = [
            replace(spot, at=type(spot.at)(spot.at + moved), until=end)
            for spot, end in zip(found.spots, until, strict=True)
        ]
        return replace(found, spots=tuple(shifted))
    if not path.is_file():
        raise InputError(f"There is no file {path}.", "Give --spots markers, or a list of spots.")
    if path.stat().st_size > _LARGEST_LIST:
        raise InputError(
            f"{path} is too large for a list of spots.", "Give a list of lines such as 01:00:10:05,door slam"
        )
    data = path.read_bytes()
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    return read_spot_list(text, Clock(timeline.rate, timeline.start_frame, timeline.drop_frame), path.name)


def _as_json(spot: Spot, spots: Spots) -> dict[str, Any]:
    until_us = spots.until_us(spot)
    return {
        "at": format_timestamp(spots.at_us(spot)),
        "until": None if until_us is None else format_timestamp(until_us),
        "words": spot.words,
        "kind": "ambience" if spot.kind is SpotKind.AMBIENCE else "effect",
    }


def _listed(spots: Sequence[Spot]) -> str:
    words = ", ".join(f"“{spot.words}”" for spot in spots[:3])
    return words + (f" and {len(spots) - 3} more" if len(spots) > 3 else "")


def _colors(given: Sequence[str] | None) -> dict[str, SpotKind]:
    """What a marker of each colour is for.

    Raises:
        UsageError: A kind or a colour that there is not.
    """
    found: dict[str, SpotKind] = {}
    for text in given or ():
        name, sign, color = (part.strip() for part in text.partition("="))
        if name.lower() not in set(SpotKind):
            raise UsageError(f"“{name}” is no kind of spot.", _meant(name.lower(), list(SpotKind)))
        if not sign or color.upper() not in _COLORS:
            raise UsageError(f"“{color}” is no colour of a marker.", _meant(color.upper(), _COLORS))
        found[color.upper()] = SpotKind(name.lower())
    return found


def _meant(word: str, words: Sequence[str]) -> str:
    near = get_close_matches(word, words, n=1)
    return f"Did you mean {near[0]}?" if near else f"There are {', '.join(words)}."
