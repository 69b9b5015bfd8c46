"""What a value in the configuration may be: each reader takes what TOML or the environment gave.

All raise ``ValueError`` with words that go on from the key's name: "must be …".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path


def text(value: object) -> str:
    """Words."""
    if not isinstance(value, str):
        raise ValueError(f"must be text in quotes, not {_said(value)}")
    return value.strip()


def key_text(value: object) -> str:
    """A JSON key: words, at least one."""
    if not text(value):
        raise ValueError("must not be empty")
    return text(value)


def one_of(*words: str) -> Callable[[object], str]:
    """One of some words, upper or lower case alike."""
    by_fold = {word.casefold(): word for word in words}

    def read(value: object) -> str:
        if not isinstance(value, str) or value.strip().casefold() not in by_fold:
            raise ValueError(f"must be one of {', '.join(words)}, not {_said(value)}")
        return by_fold[value.strip().casefold()]

    return read


def number(value: object) -> int | float:
    """A number from 0 on."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise ValueError(f"must be a number from 0 on, not {_said(value)}")
    return value


def seconds(value: object) -> float:
    """A length of time that is not nothing."""
    if not number(value):
        raise ValueError("must be more than 0 seconds")
    return float(number(value))


def path(value: object) -> Path:
    """A path; ``~`` is the user's home."""
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise ValueError(f"must be a path in quotes, not {_said(value)}")
    try:
        return Path(value.strip()).expanduser()
    except RuntimeError:
        raise ValueError("begins with ~, and there is no such home folder") from None


def paths(value: object) -> tuple[Path, ...]:
    """Several paths."""
    if not isinstance(value, list):
        raise ValueError(f"must be a list of paths in brackets, not {_said(value)}")
    return tuple(path(each) for each in value)


def option(value: object) -> int | str:
    """The id of an option, or the name that the user gave it."""
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise ValueError(f"must be a number or a name from [options], not {_said(value)}")
    if isinstance(value, int) and value < 0:
        raise ValueError("must be a number from 0 on")
    return value


def options(value: object) -> tuple[int | str, ...]:
    """Several options."""
    if not isinstance(value, list):
        raise ValueError(f"must be a list of numbers or names in brackets, not {_said(value)}")
    return tuple(option(each) for each in value)


def _said(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table"
    return "a list" if isinstance(value, list) else repr(value)
