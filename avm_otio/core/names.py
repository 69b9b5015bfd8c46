"""Names of files that must differ."""

from __future__ import annotations


def free_name(name: str, taken: set[str]) -> str:
    """A name not taken yet, told apart without regard to case: what is delivered is unpacked on any disk.

    Args:
        name: The name wanted; kept where it is free, else numbered before its ending.
        taken: Case-folded names; the answer is added.
    """
    stem, dot, suffix = name.rpartition(".")
    stem, suffix = (stem, dot + suffix) if stem else (name, "")
    number = 1
    while name.casefold() in taken:
        number += 1
        name = f"{stem}-{number}{suffix}"
    taken.add(name.casefold())
    return name
