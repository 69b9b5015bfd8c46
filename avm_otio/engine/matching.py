"""Which effects of a library somebody means by words: “door slam”, “footsteps on gravel”. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from avm_otio.engine.items import LibraryItem
from avm_otio.engine.sorting import Kind
from avm_otio.engine.sound_words import SURE, SoundWords
from avm_otio.engine.vocabulary import Role

_WRONG_LENGTH = 0.25
"""How much worse a sound fits that goes on and on where it should not, or is over where it should go on."""

_ALIKE = 0.03
"""Sounds that fit so nearly alike are takes of one."""


class Meanings:
    """The effects of a library, looked for by words.

    Args:
        items: The library.
    """

    def __init__(self, items: Sequence[LibraryItem]) -> None:
        self._words = SoundWords([item for item in items if item.kind is not Kind.MUSIC])

    def of(self, words: str, *, is_ambience: bool = False) -> tuple[tuple[float, LibraryItem], ...]:
        """The sounds that words mean, best first, each with how well it fits, 0 to 1.

        Args:
            words: What is to be heard.
            is_ambience: Whether it is heard on and on, and not once.
        """
        found = []
        for ranked in self._words.ranked(words, SURE):
            is_bed = ranked.item.roles[:1] == (Role.AMBIENCE,)
            found.append((ranked.score - _WRONG_LENGTH * (is_bed is not is_ambience), ranked.item))
        found.sort(key=lambda each: -each[0])
        return tuple((max(score, 0.0), item) for score, item in found)


def takes(found: Sequence[tuple[float, LibraryItem]]) -> list[LibraryItem]:
    """Of sounds that words mean, best first, those that fit as well as the best: they may take turns."""
    return [item for score, item in found if score >= found[0][0] - _ALIKE]
