"""The template of a turnover: start, leader, handles, pops, and which tracks come in which order."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Any

from avm_otio.errors import InputError
from avm_otio.mix.roles import Role
from avm_otio.text import nearest
from avm_otio.timeline.model import Stem

OWN, POPS = "own", "pops"
STEMS: Mapping[str, Stem] = {"DX": Stem.DIALOGUE, "MX": Stem.MUSIC, "FX": Stem.EFFECTS}
_ROLES = frozenset(map(str, Role))
_KINDS = (OWN, POPS, *map(str, Stem), *_ROLES)
_TAIL_FROM = ("end", "last frame")
_LEAST_S = 3
"""Of a leader or a tail: the pop lies 2 s away, and a frame long."""

_MOST_S = 600


@dataclass(frozen=True, slots=True)
class Pops:
    """Where sync pops are wanted.

    Attributes:
        head: Before the programme.
        tail: After it.
        tail_from: From where the tail pop counts: ``end`` or ``last frame``.
    """

    head: bool = True
    tail: bool = True
    tail_from: str = "end"


@dataclass(frozen=True, slots=True)
class Entry:
    """Tracks of one kind.

    Attributes:
        name: What they are called; ``{number}`` counts from 1.
        stem: ``DX``, ``MX`` or ``FX``: in which stem they are heard; empty for the pops' track.
        takes: Which kinds of sound lie on them.
        names: Which of the timeline's own tracks, by their names.
    """

    name: str
    stem: str = ""
    takes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def names_track(self, name: str) -> bool:
        """Whether it names one of the timeline's own tracks."""
        return any(fnmatchcase(name.casefold(), each.casefold()) for each in self.names)


@dataclass(frozen=True, slots=True)
class Template:
    """What a house wants a turnover to look like.

    Attributes:
        start: Timecode of the programme's first frame; ``own`` for the timeline's.
        leader: Seconds of timecode before the programme.
        tail: Seconds of timecode after it.
        handles: Seconds of media before and after each edit.
        pops: Where pops are wanted.
        tracks: Tracks in their order.
        text: As it stood in its file.
    """

    start: str = "01:00:00:00"
    leader: int = 10
    tail: int = 5
    handles: Fraction = Fraction(5)
    pops: Pops = Pops()
    tracks: tuple[Entry, ...] = ()
    text: str = ""

    def place(self, kind: str, role: str, track: str) -> Entry | None:
        """Where a sound goes.

        Args:
            kind: ``own``, ``pops``, or a stem's name.
            role: What an effect is for; empty for anything else.
            track: The name of the track on which it lies.

        Returns:
            The first entry that takes its role, else the first that names its track, where that is the
            timeline's own, else the first that takes its kind; ``None`` where none does.
        """
        by_role = (each for each in self.tracks if role and role in each.takes)
        by_name = (each for each in self.tracks if kind == OWN and each.names_track(track))
        by_kind = (each for each in self.tracks if kind in each.takes)
        return next(by_role, None) or next(by_name, None) or next(by_kind, None)

    def with_options(self, start: str | None, handles: Fraction | None) -> Template:
        """The same with what the user says on the command line."""
        return replace(
            self,
            start=self.start if start is None else start,
            handles=self.handles if handles is None else handles,
        )


def default_text() -> str:
    """The default template."""
    return files(__package__).joinpath("default.toml").read_text(encoding="utf-8")


def read_template(path: Path | None) -> Template:
    """Read a house's template, or the default.

    Raises:
        InputError: It cannot be read, or says something that no template can.
    """
    where = "The default template" if path is None else f"The template {path}"
    if path is None:
        text = default_text()
    else:
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            raise InputError(f"{where} cannot be read: {reason}.", "Check the path.") from error
    return parse_template(text, where)


def parse_template(text: str, where: str = "The template") -> Template:
    """Read a template from its text.

    Raises:
        InputError: It says something that no template can.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{where} is no TOML: {error}.", "Compare it with --print-template.") from error
    try:
        return replace(_template(document), text=text)
    except ValueError as error:
        raise InputError(f"{where}: {error}.", "Compare it with --print-template.") from None


def _template(document: Mapping[str, Any]) -> Template:
    _only(document, [each.name for each in fields(Template) if each.name != "text"], "")
    pops = _table(document.get("pops", {}), "pops")
    _only(pops, [each.name for each in fields(Pops)], "pops.")
    found = Template(
        start=_text(document.get("start", "01:00:00:00"), "start"),
        leader=_seconds(document.get("leader", 10), "leader"),
        tail=_seconds(document.get("tail", 5), "tail"),
        handles=_length(document.get("handles", 5), "handles"),
        pops=Pops(
            _flag(pops.get("head", True), "pops.head"),
            _flag(pops.get("tail", True), "pops.tail"),
            _one_of(pops.get("tail_from", "end"), _TAIL_FROM, "pops.tail_from"),
        ),
        tracks=_entries(document.get("tracks")),
    )
    for name, length, has in (
        ("leader", found.leader, found.pops.head),
        ("tail", found.tail, found.pops.tail),
    ):
        if has and length < _LEAST_S:
            raise ValueError(f"“{name}” must be {_LEAST_S} or more, or have no pop")
    return found


def _entries(value: object) -> tuple[Entry, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError("“tracks” must be a list of tables: [[tracks]]")
    found = []
    for number, each in enumerate(value, 1):
        place = f"tracks {number}: "
        table = _table(each, f"tracks {number}")
        _only(table, [one.name for one in fields(Entry)], place)
        takes = _texts(table.get("takes", []), f"{place}takes")
        for kind in takes:
            _one_of(kind, _KINDS, f"{place}takes")
        name = _text(table.get("name"), f"{place}name")
        if not name.strip():
            raise ValueError(f"{place}“name” must not be empty")
        stem = "" if takes == (POPS,) else _one_of(table.get("stem"), tuple(STEMS), f"{place}stem")
        names = _texts(table.get("names", []), f"{place}names")
        if not takes and not names:
            raise ValueError(f"{place}it takes nothing")
        if POPS in takes and len(takes) + len(names) > 1:
            raise ValueError(f"{place}pops lie on a track of their own")
        found.append(Entry(name, stem, takes, names))
    if not any(POPS in entry.takes for entry in found):
        found.append(Entry("POP", "", (POPS,)))
    return tuple(found)


def _only(table: Mapping[str, Any], names: Sequence[str], place: str) -> None:
    for name in table:
        if name not in names:
            near = nearest(name, names)
            raise ValueError(
                f"there is no “{place}{name}”"
                + (f": did you mean {near}?" if near else f": there are {', '.join(names)}")
            )


def _table(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"“{name}” must be a table")
    return value


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"“{name}” must be text")
    return value


def _texts(value: object, name: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"“{name}” must be a list of texts")
    return tuple(_text(each, name) for each in value)


def _flag(value: object, name: str) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"“{name}” must be true or false")
    return value


def _one_of(value: object, words: Sequence[str], name: str) -> str:
    if value not in words:
        raise ValueError(f"“{name}” must be one of {', '.join(words)}")
    return str(value)


def _seconds(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_S:
        raise ValueError(f"“{name}” must be whole seconds from 0 to {_MOST_S}")
    return value


def _length(value: object, name: str) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MOST_S:
        raise ValueError(f"“{name}” must be seconds from 0 to {_MOST_S}")
    return Fraction(value).limit_denominator(1000)
