"""A list of spots as text: one a line, as a spreadsheet or an editor writes it. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction

from avm_otio.errors import InputError, TimeFormatError
from avm_otio.mix.spotted import Spot, SpotKind, Spotted, kind_of, placed
from avm_otio.timeline.time import parse_timecode

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "start": (
        "start", "timecode", "tc", "in", "tc in", "record in", "start tc", "start timecode", "time", "at",
    ),
    "end": ("end", "out", "tc out", "record out", "end tc", "end timecode", "until"),
    "length": ("duration", "length", "dur"),
    "words": (
        "words", "sound", "name", "cue", "marker name", "text", "effect", "description", "notes", "note",
    ),
    "kind": ("kind",),
    "comment": ("comment", "comments", "marker description"),
}  # fmt: skip
"""What heads of columns mean, lower case: ours, and those of Premiere, Resolve, Avid and Pro Tools."""

_SECOND_WORDS = ("description", "notes", "note")
"""Heads of what is a comment where another column has the words."""

_PLAIN = ("start", "words", "end")
"""What the columns are of a list without heads."""

_KINDS: Mapping[str, SpotKind] = {
    "sfx": SpotKind.EFFECT,
    "fx": SpotKind.EFFECT,
    "effect": SpotKind.EFFECT,
    "effects": SpotKind.EFFECT,
    "foley": SpotKind.EFFECT,
    "amb": SpotKind.AMBIENCE,
    "ambience": SpotKind.AMBIENCE,
    "atmos": SpotKind.AMBIENCE,
    "bg": SpotKind.AMBIENCE,
    "music": SpotKind.MUSIC,
    "mx": SpotKind.MUSIC,
}
_SECONDS = re.compile(r"\d+(\.\d+)?")
_EXAMPLE = "A line is as in: 01:00:10:05,door slam"


@dataclass(frozen=True, slots=True)
class Clock:
    """How a timeline counts.

    Attributes:
        rate: Frames a second.
        start_frame: Its start timecode, in frames.
        drop_frame: Whether its timecode drops frames.
    """

    rate: Fraction
    start_frame: int
    drop_frame: bool

    def record(self, text: str) -> Fraction:
        """Record time of a timecode of the timeline, or of plain seconds from its first frame.

        Raises:
            TimeFormatError: It is neither, or lies before the timeline.
        """
        text = text.strip()
        if _SECONDS.fullmatch(text):
            return Fraction(text)
        if self.drop_frame:
            text = re.sub(r":(\d+)$", r";\1", text)
        frame = parse_timecode(text, self.rate) - self.start_frame
        if frame < 0:
            raise TimeFormatError(f"{text} lies before the timeline begins.")
        return frame / self.rate

    def length(self, text: str) -> Fraction:
        """A length: a timecode from zero on, or seconds.

        Raises:
            TimeFormatError: It is neither.
        """
        text = text.strip()
        if _SECONDS.fullmatch(text):
            return Fraction(text)
        return parse_timecode(text.replace(";", ":"), self.rate) / self.rate


def read_spot_list(text: str, clock: Clock, name: str) -> Spotted:
    """Read a list of spots.

    Columns are parted by commas, semicolons or tabs. Where the first line has heads, they say what the
    columns are; else these are a start, words, and an end. Empty lines, and such that begin with ``#``, are
    passed over.

    Args:
        text: The list.
        clock: How the timeline counts.
        name: The file's, for messages.

    Raises:
        InputError: A line cannot be read; names it.
    """
    rows = [(number, row) for number, row in _rows(text, name) if any(row) and not row[0].startswith("#")]
    if not rows:
        raise InputError(f"{name} holds no spots.", _EXAMPLE)
    heads = _heads(rows[0][1], f"{name}, line {rows[0][0]}", clock)
    if heads is None:
        heads = dict(enumerate(_PLAIN))
    else:
        rows = rows[1:]
    spots, notes = [], []
    for number, row in rows:
        where = f"{name}, line {number}"
        cells = {heads[place]: cell for place, cell in enumerate(row) if place in heads and cell}
        try:
            spot = _spot(cells, clock, where)
        except TimeFormatError as error:
            raise InputError(f"{where}: {error.what}", error.hint or _EXAMPLE) from None
        if spot is None:
            notes.append(f"Left out: {where} has no words for what is to be heard.")
        else:
            spots.append(spot)
    return Spotted(tuple(sorted(spots, key=lambda spot: spot.at)), tuple(notes))


def _rows(text: str, name: str) -> list[tuple[int, list[str]]]:
    """The rows, each with the number of the line on which it begins."""
    text = text.removeprefix("\ufeff")
    first = next((line for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    parted_by = next((sign for sign in "\t," if sign in first), ";")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=parted_by, skipinitialspace=True)
    rows, begins = [], 1
    try:
        for row in reader:
            rows.append((begins, [cell.strip() for cell in row]))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{name}, line {begins} cannot be read: {error}.", _EXAMPLE) from None
    return rows


def _heads(row: Sequence[str], where: str, clock: Clock) -> dict[int, str] | None:
    """What each column is; ``None`` where the row has no heads.

    Raises:
        InputError: It has some, and lacks a start or words.
    """
    meant = {word: column for column, words in _COLUMNS.items() for word in words}
    heads: dict[int, str] = {}
    for place, cell in enumerate(row):
        head = " ".join(cell.lower().replace("_", " ").split())
        column = meant.get(head)
        if head in _SECOND_WORDS and "words" in heads.values():
            column = "comment"
        if column is not None and column not in heads.values():
            heads[place] = column
    if not heads or _is_time(row[0], clock):
        return None
    for column in ("start", "words"):
        if column not in heads.values():
            near = get_close_matches(column, [cell.lower() for cell in row], n=1)
            hint = f"Is it “{near[0]}”? Call it {column}." if near else f"Add a column “{column}”."
            raise InputError(f"{where}: no column says the {column}.", hint)
    return heads


def _is_time(text: str, clock: Clock) -> bool:
    try:
        clock.record(text)
    except TimeFormatError:
        return False
    return True


def _spot(cells: Mapping[str, str], clock: Clock, where: str) -> Spot | None:
    """The spot of a row; ``None`` where it has no words.

    Raises:
        TimeFormatError: A time is none, or it ends before it starts.
        InputError: It is of a kind that there is not.
    """
    if "start" not in cells:
        raise TimeFormatError("it has no start.")
    start = clock.record(cells["start"])
    end = start
    if "end" in cells:
        end = clock.record(cells["end"])
    elif "length" in cells:
        end = start + clock.length(cells["length"])
    if end < start:
        raise TimeFormatError(f"it ends at {cells['end']}, before it starts at {cells['start']}.")
    words = cells.get("words", "") or cells.get("comment", "")
    kind_and_words = kind_of(words)
    if kind_and_words is None and "comment" in cells and kind_of(cells["comment"]) is not None:
        kind_and_words = kind_of(cells["comment"])
    kind, words = kind_and_words or (SpotKind.EFFECT, words)
    named = cells.get("kind", "").lower()
    if kind_and_words is None and named:
        if named not in _KINDS:
            near = get_close_matches(named, _KINDS, n=1)
            hint = f"Did you mean {near[0]}?" if near else "There are effects, ambience and music."
            raise InputError(f"{where}: there is no kind “{cells['kind']}”.", hint)
        kind = _KINDS[named]
        if kind is SpotKind.MUSIC:
            raise InputError(f"{where}: “{words}” says neither MX in nor MX out.", "Write MX in, or MX out.")
    return placed(kind, start, end, words, where, clock.rate) if words else None
