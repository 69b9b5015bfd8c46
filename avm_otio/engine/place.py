"""Where a sound lies in its library, taken apart: by hand, since a library holds many."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple


class Place(NamedTuple):
    """A path within a library: its folders from the top on, its name without its ending, the ending."""

    folders: tuple[str, ...]
    stem: str
    suffix: str


@lru_cache(maxsize=64)
def place_of(path: str) -> Place:
    """Take a path with slashes apart; an ending is what follows the last full stop inside a name."""
    *folders, name = path.split("/")
    stem, _, ending = name.rpartition(".")
    return Place(tuple(folders), stem, f".{ending}") if stem and ending else Place(tuple(folders), name, "")
