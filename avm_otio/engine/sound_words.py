"""The texts by which a sound is found, and finding sounds by words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from avm_otio.engine.items import LibraryItem
from avm_otio.engine.place import place_of
from avm_otio.engine.sorting import category_of_sound
from avm_otio.engine.ucs import ucs_name
from avm_otio.engine.word_index import Fields, WordIndex
from avm_otio.tags import Tags

_NAME, _CATEGORY, _KEYWORDS, _FOLDER, _DESCRIPTION, _ABOVE = 1.0, 0.9, 0.8, 0.6, 0.5, 0.3


LEAST = 0.2
"""A sound that fits worse is none that was asked for."""

SURE = 0.45
"""From this score on a sound speaks of what was asked for, not of a part of it."""


def fields_of(path: str, tags: Tags) -> Fields:
    """The texts of a sound.

    Args:
        path: Its path within the library.
        tags: What the file says of itself.
    """
    place = place_of(path)
    named = ucs_name(place.stem)
    category = category_of_sound(path, tags)
    name = place.stem if named is None else f"{named.fx_name} {named.user_category} {named.user_data}"
    fields = [(name, _NAME), (tags.title, _NAME), (tags.keywords, _KEYWORDS), (tags.genre, _KEYWORDS)]
    if category is not None:
        fields.append((category.words, _CATEGORY))
    folders = place.folders[::-1]
    fields.extend((folder, _FOLDER if depth == 0 else _ABOVE) for depth, folder in enumerate(folders[:3]))
    fields += [(tags.description, _DESCRIPTION), (tags.album, _ABOVE)]
    return [(text, weight) for text, weight in fields if text]


@dataclass(frozen=True, slots=True)
class Ranked:
    """A sound that fits some words, and how well, 0 to 1."""

    item: LibraryItem
    score: float


class SoundWords:
    """Sounds that are looked for by words more than once.

    Args:
        items: The sounds.
    """

    def __init__(self, items: Sequence[LibraryItem]) -> None:
        self._items = items
        self._index = WordIndex.of(fields_of(item.path, item.tags) for item in items)

    def ranked(self, words: str, least: float = LEAST) -> tuple[Ranked, ...]:
        """The sounds that fit words, best first; of those that fit alike the first by its path.

        Args:
            words: As a person would say it, in any language of the thesaurus: "door slam", "Regen auf Blech".
            least: The lowest score that counts.
        """
        scores = self._index.scores(words)
        rows = sorted(
            np.flatnonzero(scores >= least).tolist(), key=lambda row: (-scores[row], self._items[row].path)
        )
        return tuple(Ranked(self._items[row], round(float(scores[row]), 4)) for row in rows)
