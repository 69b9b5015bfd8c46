"""Names for the ids of the service's option tables.

The service's reference names the tables without listing ids, so the user gives them names
(``[options.genre]``, ``cinematic = 37``); nothing here knows what an id means.
"""

from __future__ import annotations

from collections.abc import Mapping

from avm_otio import text
from avm_otio.errors import UsageError

TABLES = (
    "genre",
    "instrument",
    "language",
    "range",
    "duration",
    "usage_platforms",
    "object_class",
    "action_label",
)
"""The option tables: of the requirement, of the license, of effects."""

Names = Mapping[str, Mapping[str, int]]
"""Table, then name, to id."""


def resolve(names: Names, table: str, word: str | int) -> int:
    """The id that a name or a number means in a table.

    Raises:
        UsageError: The table has no such name.
    """
    if isinstance(word, int):
        return word
    text = word.strip()
    if text.isascii() and text.isdigit():
        return int(text)
    by_name = {name.casefold(): id for name, id in names.get(table, {}).items()}
    if text.casefold() in by_name:
        return by_name[text.casefold()]
    there = list(names.get(table, {}))
    if not there:
        raise UsageError(
            f"{word!r} is not the number of a {table}, and no {table} has a name yet.",
            f"Give the number, or name it: avm-otio config set options.{table}.{_bare(text)} NUMBER.",
        )
    raise UsageError(
        f"No {table} is called {word!r}.", f"{nearest(text, there)}There are {', '.join(there)}."
    )


def resolved(names: Names, table: str, words: str | int | tuple[str | int, ...]) -> int | tuple[int, ...]:
    """The id of a name or a number, or those of several.

    Raises:
        UsageError: The table has no such name.
    """
    if isinstance(words, tuple):
        return tuple(resolve(names, table, word) for word in words)
    return resolve(names, table, words)


def name_of(names: Names, table: str, id: int) -> str:
    """The name that the user gave an id; its number where there is none."""
    return next((name for name, number in names.get(table, {}).items() if number == id), str(id))


def nearest(word: str, words: list[str]) -> str:
    """``Did you mean …? `` where a word is near enough, else nothing."""
    near = text.nearest(word, words)
    return f"Did you mean {near}? " if near else ""


def _bare(text: str) -> str:
    return text if text and "." not in text and " " not in text else "NAME"
