"""What a person chose, cue by cue, and an answer with that in place of what was chosen by itself.

A choice never moves another cue: what is heard for the others is what would be heard without it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

from avm_otio.errors import InputError, UsageError
from avm_otio.kinds import one_of
from avm_otio.mix.answers import read_item
from avm_otio.mix.cues import Cue, Cues, Item, Json
from avm_otio.request import Request
from avm_otio.services import Laying, Service
from avm_otio.timeline.time import format_timestamp

MOST_GAIN_DB = 24.0
"""A choice makes a cue no louder, and no softer than 60 dB below: beyond is a slip of the hand."""
LEAST_GAIN_DB = -60.0

MOST_NUDGE_FRAMES = 100_000
"""More than an hour at any rate: what is farther is no nudge."""

LONGEST_NOTE = 2_000
"""Letters."""

MOST_ADDED = 6
"""Sounds that somebody adds to one cue: with what the service offers as many as there are keys for."""

_KEYS = 9
"""The keys with which the items of a cue are chosen."""

_MIXES = one_of("off", "gentle", "standard", "strong")


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person decided for one cue.

    Attributes:
        start_us: Where the cue starts, film time: a choice belongs to that cue and no other.
        item: The id of the item that is heard; ``None`` for the one that is heard without a choice.
        gain_db: How much louder than it would be by itself.
        nudge_frames: How many frames of the record later.
        is_left_out: Whether nothing is heard for the cue.
        note: In words, for people.
        added: Sounds that the service did not offer for the cue and somebody wants to choose from, each as
            a service would say it.
    """

    start_us: int = 0
    item: int | None = None
    gain_db: float = 0.0
    nudge_frames: int = 0
    is_left_out: bool = False
    note: str = ""
    added: tuple[Json, ...] = field(default=(), hash=False)

    @property
    def is_heard(self) -> bool:
        """Whether it changes what is heard."""
        return replace(self, note="", start_us=0, added=()) != _NOTHING

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing."""
        return replace(self, start_us=0) == _NOTHING

    def but(self, **changes: Any) -> Self:
        """The same with something else decided.

        Raises:
            UsageError: It cannot be; says why.
        """
        made = replace(self, **changes)
        if not LEAST_GAIN_DB <= made.gain_db <= MOST_GAIN_DB or not math.isfinite(made.gain_db):
            what = f"A cue cannot be {made.gain_db:g} dB louder.".replace("-", "−")
            raise UsageError(what, f"From {LEAST_GAIN_DB:g} to {MOST_GAIN_DB:g} dB.".replace("-", "−"))
        if abs(made.nudge_frames) > MOST_NUDGE_FRAMES:
            raise UsageError(f"{made.nudge_frames} frames are no nudge.", "Give a few frames, such as 4f.")
        if len(made.note) > LONGEST_NOTE:
            raise UsageError(f"The note has {len(made.note)} letters.", f"At most {LONGEST_NOTE}.")
        if len(made.added) > MOST_ADDED:
            raise UsageError("So many sounds cannot be added to one cue.", f"At most {MOST_ADDED}.")
        return made


_NOTHING = Choice()


@dataclass(frozen=True, slots=True)
class Choices:
    """All that a person decided about one answer.

    Attributes:
        cues: By the cue's name, such as ``effects 12``.
        music_gain_db: Gain of all music, in place of the request's; ``None`` for that.
        effects_gain_db: Gain of all effects, likewise.
        mix: How far music and effects make room for speech, likewise.
    """

    cues: Mapping[str, Choice] = field(default_factory=dict)
    music_gain_db: float | None = None
    effects_gain_db: float | None = None
    mix: str | None = None

    def with_cue(self, service: Service, cue: Cue, **changes: Any) -> Self:
        """The same with something decided for a cue.

        Args:
            service: Whose cue it is.
            cue: The cue.
            changes: Fields of ``Choice``.

        Raises:
            UsageError: It cannot be: no such item, or music that is to be nudged.
        """
        before = self.cues.get(name_of(service, cue), Choice())
        before = before if before.start_us == cue.start_us else Choice()
        made = before.but(start_us=cue.start_us, **changes)
        cue = _with_added(service, cue, made)
        if made.item is not None:
            offered = [item.id for item in cue.items]
            if made.item not in offered:
                near = ", ".join(map(str, offered))
                raise UsageError(f"Cue {name_of(service, cue)} has no item {made.item}.", f"It has {near}.")
            if made.item == cue.items[0].id:  # what is heard by itself need not be chosen
                made = replace(made, item=None)
        if made.nudge_frames and service.laying is not Laying.CUES:
            raise UsageError(
                f"The {service.words} lies by the picture, and is not nudged.",
                "Markers and --music-end say where music begins and ends.",
            )
        name = name_of(service, cue)
        rest = self.without(name)
        return rest if made.is_empty else replace(rest, cues={**rest.cues, name: made})

    def without(self, name: str) -> Self:
        """The same with nothing decided for a cue."""
        return replace(self, cues={other: each for other, each in self.cues.items() if other != name})

    def request(self, request: Request) -> Request:
        """A request with what was decided for all cues of a kind."""
        return replace(
            request,
            music_gain_db=request.music_gain_db if self.music_gain_db is None else self.music_gain_db,
            effects_gain_db=request.effects_gain_db if self.effects_gain_db is None else self.effects_gain_db,
            mix=request.mix if self.mix is None else self.mix,
        )

    def of(self, service: Service, cue: Cue) -> Choice:
        """What was decided for a cue."""
        found = self.cues.get(name_of(service, cue), _NOTHING)
        return found if found.start_us == cue.start_us else _NOTHING

    def touches(self, service: Service, cue: Cue) -> bool:
        """Whether a cue is heard otherwise than without a choice."""
        return self.of(service, cue).is_heard

    def offering(self, cues: Cues) -> Cues:
        """An answer with the sounds that somebody added to its cues, behind what the service offers."""
        if not any(choice.added for choice in self.cues.values()):
            return cues
        made = {
            service: tuple(_with_added(service, cue, self.of(service, cue)) for cue in offered)
            for service, offered in cues.by_service.items()
        }
        return replace(cues, by_service=made)

    def heard(self, cues: Cues) -> Cues:
        """An answer with what is heard for each cue first, and without the cues that are left out.

        Args:
            cues: The answer, what would be heard by itself first.

        Returns:
            It; its notes name what was chosen and cannot be had, and what belongs to no cue of it.
        """
        made: dict[Service, tuple[Cue, ...]] = {}
        notes = list(self._strange(cues))
        cues = self.offering(cues)
        for service, offered in cues.by_service.items():
            kept = []
            for cue in offered:
                choice = self.of(service, cue)
                if choice.is_left_out:
                    continue
                first = _item(cue, choice.item)
                if first is None and choice.item is not None:
                    name, instead = name_of(service, cue), cue.items[0].title or cue.items[0].id
                    notes.append(
                        f"Item {choice.item} was chosen for {name} and cannot be had: “{instead}” is heard."
                    )
                kept.append(cue if first is None else with_first(cue, first))
            made[service] = tuple(kept)
        return replace(cues, by_service=made, notes=(*cues.notes, *notes))

    def touched(self, cues: Cues) -> Cues:
        """Of an answer the cues alone that are heard otherwise than without a choice; see ``heard``."""
        made = {
            service: tuple(cue for cue in offered if self.touches(service, cue))
            for service, offered in cues.by_service.items()
        }
        bare = replace(cues, by_service=made, notes=(), faults={}, unread=(), unavailable=())
        return replace(self.heard(bare), notes=())

    def needed(self, cues: Cues) -> Cues:
        """An answer with all that must be here first: what is heard, and what would be without a choice."""
        made: dict[Service, tuple[Cue, ...]] = {}
        for service, offered in self.offering(cues).by_service.items():
            kept = []
            for cue in offered:
                first = _item(cue, self.of(service, cue).item)
                new = first is not None and first not in cue.items[: cue.pieces]
                kept.append(replace(with_first(cue, first), pieces=cue.pieces + 1) if first and new else cue)
            made[service] = tuple(kept)
        return replace(cues, by_service=made)

    def _strange(self, cues: Cues) -> Iterator[str]:
        starts_us = {
            name_of(service, cue): cue.start_us
            for service, offered in cues.by_service.items()
            for cue in offered
        }
        for name, choice in self.cues.items():
            if choice.is_heard and starts_us.get(name) != choice.start_us:
                where = format_timestamp(choice.start_us).partition(".")[0]
                yield f"What was chosen for {name}, {where} into the film, is kept and not used: no such cue."

    def as_dict(self) -> dict[str, Any]:
        """As JSON; what says nothing is left out."""
        whole = {name: getattr(self, name) for name in _WHOLE if getattr(self, name) is not None}
        cues = {
            name: {
                each.name: getattr(choice, each.name)
                for each in fields(choice)
                if each.name == "start_us" or getattr(choice, each.name) != each.default
            }
            for name, choice in self.cues.items()
        }
        return {"cues": cues, **whole}

    @classmethod
    def parse(cls, document: Mapping[str, Any], place: str) -> Self:
        """The way back from ``as_dict``.

        Raises:
            InputError: It is none.
        """
        try:
            cues = {
                str(name): Choice().but(**{field: _read(field, value) for field, value in raw.items()})
                for name, raw in document.get("cues", {}).items()
            }
            return cls(cues).whole(
                **{name: document[name] for name in _WHOLE if document.get(name) is not None}
            )
        except (AttributeError, TypeError, ValueError, OverflowError, UsageError) as error:
            raise InputError(
                f"{place} holds no choices: {error}.", "Restore it from a backup, or move it away."
            ) from None

    def whole(self, **changes: Any) -> Self:
        """The same with something else decided for all cues of a kind.

        Raises:
            UsageError: It cannot be.
        """
        for name in ("music_gain_db", "effects_gain_db"):
            if changes.get(name) is not None:
                changes[name] = Choice().but(gain_db=float(changes[name])).gain_db
        if changes.get("mix") is not None:
            try:
                _MIXES.read(changes["mix"])
            except ValueError as error:
                raise UsageError(f"The mix {error}.", "See docs/soundtrack.md.") from None
        return replace(self, **changes)


_WHOLE = ("music_gain_db", "effects_gain_db", "mix")
_TYPES: Mapping[str, type] = {
    "start_us": int, "item": int, "gain_db": float, "nudge_frames": int, "is_left_out": bool, "note": str,
}  # fmt: skip


def name_of(service: Service, cue: Cue) -> str:
    """A cue's name within an answer: its service and its number there."""
    return f"{service.name} {cue.number}"


def _with_added(service: Service, cue: Cue, choice: Choice) -> Cue:
    """A cue with the sounds that somebody added to it: behind the others, where a key still reaches them."""
    ids = {item.id for item in cue.items}
    added = [item for raw in choice.added if (item := read_item(service, raw)) and item.id not in ids]
    at = max(cue.pieces, min(len(cue.items), _KEYS - len(added)))
    return replace(cue, items=(*cue.items[:at], *added, *cue.items[at:])) if added else cue


def _read(name: str, value: Any) -> Any:
    if name == "added":
        if not isinstance(value, list | tuple) or not all(isinstance(each, Mapping) for each in value):
            raise ValueError(f"“added” cannot be {str(value)[:80]!r}")
        return tuple(value)
    kind = _TYPES.get(name)
    if kind is None or (value is None and name == "item"):
        if kind is None:
            raise ValueError(f"there is no “{name}”")
        return None
    if isinstance(value, bool) is not (kind is bool) or not isinstance(value, int | str | float):
        raise ValueError(f"“{name}” cannot be {value!r}")
    if kind is not str and isinstance(value, str):
        raise ValueError(f"“{name}” cannot be {value!r}")
    return kind(value)


def _item(cue: Cue, number: int | None) -> Item | None:
    return next((item for item in cue.items if item.id == number), None)


def with_first(cue: Cue, first: Item) -> Cue:
    """A cue whose item is heard first; the others stay in their order."""
    return replace(cue, items=(first, *(item for item in cue.items if item is not first)))
