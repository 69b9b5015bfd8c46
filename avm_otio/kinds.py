"""Kinds of values that a person, a file or a script may give: how each is read, and its JSON Schema.

All readers take what JSON, TOML, Python or a text gave, and raise ``ValueError`` with words that continue
"… " after the value's name: "must be …".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avm_otio.text import nearest

if TYPE_CHECKING:
    from fractions import Fraction

LONGEST_TEXT = 4096
"""Characters: no name, path or address is longer, and a log must stay readable."""

_TEXT_SCHEMA = {"type": "string", "maxLength": LONGEST_TEXT}
_OPTION_SCHEMA = {"anyOf": [{"type": "integer"}, _TEXT_SCHEMA]}
_WORDS_FOR = {True: ("true", "yes", "on", "1"), False: ("false", "no", "off", "0")}


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A kind of value.

    Attributes:
        read: Makes the value of what was given; raises ``ValueError`` in words.
        schema: Its JSON Schema.
        metavar: What stands for it in a command's help.
        choices: All that it may be, where these are some words.
        is_list: Whether it holds several: in a text with commas between.
        is_path: Whether it is a path, or several.
    """

    read: Callable[[object], Any]
    schema: Mapping[str, Any]
    metavar: str = ""
    choices: tuple[str, ...] = ()
    is_list: bool = False
    is_path: bool = False


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be text in quotes, not {_shown(value)}")
    if len(value) > LONGEST_TEXT:
        raise ValueError(f"must have at most {LONGEST_TEXT} characters")
    return value


def _key_text(value: object) -> str:
    if not _text(value):
        raise ValueError("must not be empty")
    return _text(value)


def _number(value: object) -> int | float:
    number = value
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            number = math.nan
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
        raise ValueError(f"must be a number, not {_shown(value)}")
    return number


def _decibels(value: object) -> float:
    return float(_number(value))


def _number_from_0(value: object) -> int | float:
    try:
        number = _number(value)
    except ValueError:
        number = -1
    if number < 0:
        raise ValueError(f"must be a number from 0 on, not {_shown(value)}")
    return number


def _number_above_0(value: object) -> int | float:
    if not _number_from_0(value):
        raise ValueError("must be more than 0")
    return _number_from_0(value)


def _seconds(value: object) -> float:
    if not _number_from_0(value):
        raise ValueError("must be more than 0 seconds")
    return float(_number_from_0(value))


def _count(value: object) -> int:
    number = _number_from_0(value)
    if number != int(number):
        raise ValueError(f"must be a whole number, not {_shown(value)}")
    return int(number)


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    for meaning, words in _WORDS_FOR.items():
        if isinstance(value, str) and value.strip().lower() in words:
            return meaning
    raise ValueError(f"must be true or false, not {_shown(value)}")


def _path(value: object) -> Path:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value.strip() or "\0" in value or len(value) > LONGEST_TEXT:
        raise ValueError(f"must be a path, not {_shown(value)}")
    return Path(value)


def _spots(value: object) -> str | Path:
    if str(value).strip().lower() == "markers":
        return "markers"
    return _path(value)


def _rate(value: object) -> Fraction:
    from fractions import Fraction

    from avm_otio.errors import TimeFormatError
    from avm_otio.timeline.time import snap_rate

    try:
        return value if isinstance(value, Fraction) else snap_rate(_text(value))
    except TimeFormatError as error:
        message = f"must be a frame rate such as 25, 23.976 or 24000/1001: {error.what.rstrip('.')}"
        raise ValueError(message) from None


def _option(value: object) -> int | str:
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise ValueError(f"must be a number or a name from [options], not {_shown(value)}")
    if isinstance(value, int) and value < 0:
        raise ValueError("must be a number from 0 on")
    return value


def _several(read: Callable[[object], Any], what: str) -> Callable[[object], tuple[Any, ...]]:
    def read_all(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise ValueError(f"must be a list of {what} in brackets, not {_shown(value)}")
        return tuple(read(each) for each in value)

    return read_all


def one_of(*words: str) -> Kind:
    """One of some words, upper or lower case alike."""
    by_fold = {word.casefold(): word for word in words}

    def read(value: object) -> str:
        if not isinstance(value, str) or value.strip().casefold() not in by_fold:
            raise ValueError(f"must be one of {', '.join(words)}, not {_shown(value)}{meant(value, words)}")
        return by_fold[value.strip().casefold()]

    return Kind(read, {"enum": list(words), "type": "string"}, choices=words)


def some_of(*words: str) -> Kind:
    """At least one of some words, each once."""
    each = one_of(*words)

    def read(value: object) -> tuple[str, ...]:
        if not isinstance(value, list | tuple):
            raise ValueError(f"must be a list, not {_shown(value)}")
        if not value:
            raise ValueError(f"must name at least one of {', '.join(words)}")
        return tuple(dict.fromkeys(each.read(word) for word in value))

    return Kind(read, {"type": "array", "items": dict(each.schema), "minItems": 1}, "LIST", is_list=True)


def one_of_or_number(*words: str, is_from_0: bool = False) -> Kind:
    """One of some words, or a number; one from 0 to 1000 where ``is_from_0``."""
    word = one_of(*words)
    number: dict[str, Any] = {"type": "number"}
    if is_from_0:
        number |= {"minimum": 0, "maximum": 1000}

    def read(value: object) -> str | float:
        try:
            found = float(_number(value))
        except ValueError:
            pass
        else:
            if is_from_0 and not 0 <= found <= 1000:
                raise ValueError(f"must be a number from 0 to 1000, not {_shown(value)}")
            return found
        try:
            return str(word.read(value))
        except ValueError:
            expected = f"one of {', '.join(words)}, or a number"
            raise ValueError(f"must be {expected}, not {_shown(value)}{meant(value, words)}") from None

    return Kind(read, {"anyOf": [dict(word.schema), number]}, "|".join((*words, "NUMBER")))


TEXT = Kind(_text, _TEXT_SCHEMA, "TEXT")
TEXTS = Kind(_several(_text, "texts"), {"type": "array", "items": dict(_TEXT_SCHEMA)}, "TEXT", is_list=True)
KEY_TEXT = Kind(_key_text, _TEXT_SCHEMA | {"minLength": 1}, "TEXT")
DECIBELS = Kind(_decibels, {"type": "number"}, "DB")
NUMBER_FROM_0 = Kind(_number_from_0, {"type": "number", "minimum": 0}, "NUMBER")
NUMBER_ABOVE_0 = Kind(_number_above_0, {"type": "number", "exclusiveMinimum": 0}, "NUMBER")
SECONDS = Kind(_seconds, {"type": "number", "exclusiveMinimum": 0}, "SECONDS")
COUNT = Kind(_count, {"type": "integer", "minimum": 0}, "N")
FLAG = Kind(_flag, {"type": "boolean"})
PATH = Kind(_path, _TEXT_SCHEMA | {"minLength": 1}, "PATH", is_path=True)
SPOTS = Kind(_spots, _TEXT_SCHEMA | {"minLength": 1}, "markers|FILE", is_path=True)
"""The timeline's own markers, or a file of spots."""
PATHS = Kind(
    _several(_path, "paths"), {"type": "array", "items": _TEXT_SCHEMA}, "PATH", is_list=True, is_path=True
)
RATE = Kind(_rate, _TEXT_SCHEMA, "FPS")
OPTION = Kind(_option, _OPTION_SCHEMA, "ID")
"""The id of an option of the service, or the user's name for it."""
OPTIONS = Kind(
    _several(_option, "numbers or names"), {"type": "array", "items": _OPTION_SCHEMA}, "IDS", is_list=True
)


def words_in(text: str) -> list[str]:
    """The words of a list with commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


def meant(value: object, words: Sequence[str]) -> str:
    """`` (did you mean …?)`` where a value is nearly one of some words, else nothing."""
    near = nearest(value.strip(), words) if isinstance(value, str) else ""
    return f" (did you mean {near}?)" if near else ""


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a table"
    return "a list" if isinstance(value, list | tuple) else repr(value)[:80]
