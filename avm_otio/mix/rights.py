"""Whose a piece is: composers and publishers, their societies, IPI numbers and shares, and how it is used.

The service says none of it. It comes from a table that the user gives once, and is remembered by item.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

from avm_otio import services
from avm_otio.errors import InputError

NOT_ON_FILE = "not on file"
"""What stands where nobody said whose a piece is."""


class Use(StrEnum):
    """How a piece is used, in the codes that societies share."""

    BACKGROUND_INSTRUMENTAL = "BI"
    BACKGROUND_VOCAL = "BV"
    VISUAL_INSTRUMENTAL = "VI"
    VISUAL_VOCAL = "VV"
    THEME = "TH"
    EFFECT = "FX"
    """A sound effect: no use of music."""


class Role(StrEnum):
    """What a right holder is of a piece."""

    COMPOSER = "composer"
    PUBLISHER = "publisher"


@dataclass(frozen=True, slots=True)
class Holder:
    """A right holder.

    Attributes:
        role: What of.
        name: As it is to be printed.
        society: The performing rights society: PRS, BMI, GEMA.
        ipi: The IPI name number, as it was given.
        share: Per cent; ``None`` where not said.
    """

    role: Role
    name: str
    society: str = ""
    ipi: str = ""
    share: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Rights:
    """Whose a piece is.

    Attributes:
        holders: Composers first, as they were given.
        use: How it is used; ``None`` for the usual.
        title: Its registered title, where that is not the service's.
        source: Who licensed it, where that is said.
    """

    holders: tuple[Holder, ...] = ()
    use: Use | None = None
    title: str = ""
    source: str = ""

    def of(self, role: Role) -> tuple[Holder, ...]:
        """The holders of one role."""
        return tuple(holder for holder in self.holders if holder.role is role)

    def as_dict(self) -> dict[str, Any]:
        """As it is remembered."""
        return {
            "holders": [
                {
                    "role": str(holder.role),
                    "name": holder.name,
                    "society": holder.society,
                    "ipi": holder.ipi,
                    "share": None if holder.share is None else str(holder.share),
                }
                for holder in self.holders
            ],
            "use": self.use and str(self.use),
            "title": self.title,
            "source": self.source,
        }

    @classmethod
    def from_dict(cls, document: Any) -> Rights:
        """The way back.

        Raises:
            ValueError: It is none.
        """
        try:
            holders = tuple(
                Holder(
                    Role(each["role"]),
                    str(each["name"]),
                    str(each.get("society", "")),
                    str(each.get("ipi", "")),
                    None if each.get("share") is None else Decimal(each["share"]),
                )
                for each in document["holders"]
            )
            use = document.get("use")
            return cls(
                holders, use and Use(use), str(document.get("title", "")), str(document.get("source", ""))
            )
        except (AttributeError, KeyError, TypeError, ArithmeticError) as error:
            raise ValueError("no rights") from error


NOBODY = Rights()
"""What is known where nobody said anything."""

COLUMNS = (
    "kind",
    "id",
    "title",
    "use",
    "composer",
    "composer_society",
    "composer_ipi",
    "composer_share",
    "publisher",
    "publisher_society",
    "publisher_ipi",
    "publisher_share",
    "source",
)
"""The columns of the table; ``society``, ``ipi`` and ``share`` stand for those of the one whom a row names,
the composer where it names both."""

_SHORT = {"society": "society", "ipi": "ipi", "ipi/cae": "ipi", "cae": "ipi", "share": "share"}
_ALIKE = {
    "pro": "society",
    "writer": "composer",
    "item": "id",
    "item_id": "id",
    "usage": "use",
    "shares": "share",
}
_IPI = re.compile(r"\d{9,11}")
_MOST_SHARE = 100


def read_rights(text: str, name: str) -> tuple[dict[str, Rights], tuple[str, ...]]:
    """Read the table of rights: a row for each right holder of a piece, or for several in its own columns.

    Args:
        text: The table: commas, semicolons or tabs between columns, names of columns first.
        name: The file's name, for messages.

    Returns:
        The rights by ``music 12``, and what is odd about them, a line each.

    Raises:
        InputError: A column is missing or unknown, or a value is none; names the line.
    """
    rows = list(_rows(text, name))
    found: dict[str, Rights] = {}
    for place, row in rows:
        kind = _kind(row.get("kind") or "music", place)
        identity = row.get("id", "").removeprefix("#")
        if not identity:
            raise InputError(f"{place}: the id is missing.", "Give the id that avm-otio cost lists.")
        if not identity.lstrip("-").isdigit():
            raise InputError(f"{place}: “{identity}” is no id.", "Give the id that avm-otio cost lists.")
        key = f"{kind} {int(identity)}"
        before = found.get(key, NOBODY)
        use = _use(row["use"], place) if row.get("use") else before.use
        holders = (*before.holders, *_holders(row, place))
        found[key] = Rights(
            tuple(sorted(dict.fromkeys(holders), key=lambda holder: holder.role is Role.PUBLISHER)),
            use,
            row.get("title") or before.title,
            row.get("source") or before.source,
        )
    return found, tuple(note for key, rights in found.items() for note in _odd(key, rights))


def _rows(text: str, name: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    text = text.removeprefix("\ufeff")
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        heads = [_column(head, name) for head in next(reader, [])]
        if "id" not in heads:
            raise InputError(f"{name} has no column “id”.", f"Columns are {', '.join(COLUMNS)}.")
        for values in reader:
            if any(value.strip() for value in values):
                padded = [*values, *[""] * len(heads)]
                yield (
                    f"{name}, line {reader.line_num}",
                    {head: value.strip() for head, value in zip(heads, padded, strict=False)},
                )
    except csv.Error as error:
        raise InputError(f"{name} is no table ({error}).", "Save it as CSV.") from error


def _column(head: str, name: str) -> str:
    word = re.sub(r"[\s_-]+", "_", head.strip().lower())
    word = _ALIKE.get(word, _SHORT.get(word, word))
    if word in (*COLUMNS, *_SHORT.values()):
        return word
    near = get_close_matches(word, COLUMNS, n=1)
    hint = f"Did you mean “{near[0]}”?" if near else f"Columns are {', '.join(COLUMNS)}."
    raise InputError(f"{name}: there is no column “{head.strip()}”.", hint)


def _kind(word: str, place: str) -> str:
    for service in services.SERVICES:
        if word.lower() in (service.item, service.items, service.name):
            return service.item
    kinds = ", ".join(service.item for service in services.SERVICES)
    raise InputError(f"{place}: “{word}” is no kind of item.", f"There are {kinds}.")


def _use(word: str, place: str) -> Use:
    code = word.upper()
    codes = [use for use in Use if use is not Use.EFFECT]
    if code in codes:
        return Use(code)
    raise InputError(f"{place}: “{word}” is no use of music.", f"There are {', '.join(codes)}.")


def _holders(row: Mapping[str, str], place: str) -> Iterator[Holder]:
    both = all(row.get(role) for role in Role)
    for role in Role:
        if name := row.get(role, ""):
            is_meant = role is Role.COMPOSER or not both
            fields = {
                short: row.get(f"{role}_{short}") or (row.get(short, "") if is_meant else "")
                for short in ("society", "ipi", "share")
            }
            yield Holder(role, name, fields["society"], fields["ipi"], _share(fields["share"], place))


def _share(text: str, place: str) -> Decimal | None:
    if not text:
        return None
    try:
        share = Decimal(text.rstrip("% ").replace(",", "."))
    except InvalidOperation:
        share = Decimal(-1)
    if not share.is_finite() or not 0 <= share <= _MOST_SHARE:
        raise InputError(f"{place}: “{text}” is no share.", "Give per cent, from 0 to 100.")
    return share


def _odd(key: str, rights: Rights) -> Iterator[str]:
    for holder in rights.holders:
        if holder.ipi and not _IPI.fullmatch(re.sub(r"[ .]", "", holder.ipi)):
            yield f"{key}: the IPI number of {holder.name}, {holder.ipi}, has not 9 to 11 digits."
    sums = {role: _sum(rights.of(role)) for role in Role if rights.of(role)}
    given = [each for each in sums.values() if each is not None]
    if len(given) < len(sums):
        return
    # Some societies count writers and publishers to 100 each, others all of them together.
    if given and sum(given) not in (100, 200) and any(each != _MOST_SHARE for each in given):
        words = ", ".join(f"{role}s {each} %" for role, each in sums.items() if each is not None)
        yield f"{key}: its shares do not add up to 100 %: {words}."


def _sum(holders: Sequence[Holder]) -> Decimal | None:
    shares = [holder.share for holder in holders]
    if not shares or None in shares:
        return None
    return sum((share for share in shares if share is not None), Decimal(0))
