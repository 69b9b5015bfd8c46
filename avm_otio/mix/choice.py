"""Which of the items that are offered for a cue are heard."""

from __future__ import annotations

from dataclasses import replace

from avm_otio.mix.cues import Cue, Cues
from avm_otio.mix.music_plan import MOST_TIMES
from avm_otio.request import Request
from avm_otio.services import Laying
from avm_otio.timeline.time import format_timestamp

_MOST_PIECES = 4
"""Of music under one film: enough for variety, and no more to pay for."""

AGAIN_AFTER_US = 10_000_000
"""Nearer than this the ear knows a sound again."""


def choose(cues: Cues, film_us: int | None, request: Request) -> Cues:
    """Choose what is heard, before prices are summed up and files fetched.

    Args:
        cues: The answer, what cannot be had left out.
        film_us: How long the film is, microseconds; ``None`` where nobody knows.
        request: What gets a piece of music of its own, and how long it is heard.
    """
    varied = without_repeats(cues)
    by_service = {
        service: tuple(replace(cue, pieces=_pieces(cue, film_us, request)) for cue in offered)
        if service.laying is Laying.BED
        else offered
        for service, offered in varied.by_service.items()
    }
    return replace(varied, by_service=by_service)


def _pieces(cue: Cue, film_us: int | None, request: Request) -> int:
    """How many pieces of music are heard: one, as long as it need not be heard more than three times."""
    most = min(_MOST_PIECES, len(cue.items))
    if request.music_per not in (None, "film"):
        return most
    length_us = cue.items[0].duration_us
    if request.music_length not in (None, "picture") or not film_us or not length_us:
        return 1
    return min(most, -(-film_us // (MOST_TIMES * length_us)))


def without_repeats(cues: Cues) -> Cues:
    """The same answer, cues taking their next item where their first was heard less than 10 s before.

    To be done before prices are summed up and files fetched: another item is another price.

    Returns:
        It, with what was changed in its notes, one line for each service.
    """
    by_service = dict(cues.by_service)
    notes = []
    for service, offered in cues.by_service.items():
        if service.laying is not Laying.CUES:
            continue
        varied, changed, again = _varied(offered)
        if again:
            by_service[service] = varied
            what = f"{len(again)} {service.words}s are" if len(again) > 1 else f"The {service.words} is"
            where = f"{format_timestamp(again[0].start_us).partition('.')[0]} into the film"
            notes.append(
                f"{what} heard again within 10 s, {'the first ' if len(again) > 1 else ''}{where}: "
                "nothing else was offered there."
            )
        if changed:
            by_service[service] = varied
            first = f"{format_timestamp(changed[0].start_us).partition('.')[0]} into the film"
            notes.append(
                f"{len(changed)} {service.words}s take the next item offered, the first {first}: "
                f"their own was heard less than 10 s before."
                if len(changed) > 1
                else f"The {service.words} {first} takes the next item offered: its own was heard less "
                f"than 10 s before."
            )
    return replace(cues, by_service=by_service, notes=(*cues.notes, *notes)) if notes else cues


def _varied(offered: tuple[Cue, ...]) -> tuple[tuple[Cue, ...], list[Cue], list[Cue]]:
    """The cues with other items where they can be had; those that took one, those that have no other."""
    last_us: dict[str, int] = {}
    varied, changed, again = list(offered), [], []
    for number in sorted(range(len(offered)), key=lambda number: offered[number].start_us):
        cue = offered[number]
        fresh = [
            item
            for item in cue.items
            if cue.start_us - last_us.get(item.name, -AGAIN_AFTER_US) >= AGAIN_AFTER_US
        ]
        chosen = fresh[0] if fresh else cue.items[0]
        if chosen != cue.items[0]:
            others = tuple(item for item in cue.items if item is not chosen)
            varied[number] = replace(cue, items=(chosen, *others))
            changed.append(cue)
        elif not fresh:
            again.append(cue)
        last_us[chosen.name] = cue.start_us
    return tuple(varied), changed, again
