"""The same sound not heard again at once where the answer offers another."""

from __future__ import annotations

from dataclasses import replace

from avm_otio.mix.cues import Cue, Cues
from avm_otio.services import Laying
from avm_otio.timeline.time import format_timestamp

AGAIN_AFTER_US = 10_000_000
"""Nearer than this the ear knows a sound again."""


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
