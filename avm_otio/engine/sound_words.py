"""The texts by which a sound is found, and how much each says."""

from __future__ import annotations

from pathlib import PurePosixPath

from avm_otio.engine.sorting import category_of_sound
from avm_otio.engine.tags import NO_TAGS, Tags
from avm_otio.engine.ucs import ucs_name
from avm_otio.engine.word_index import Fields

_NAME, _CATEGORY, _KEYWORDS, _FOLDER, _DESCRIPTION, _ABOVE = 1.0, 0.9, 0.8, 0.6, 0.5, 0.3


def fields_of(path: str, tags: Tags) -> Fields:
    """The texts of a sound.

    Args:
        path: Its path within the library.
        tags: What the file says of itself.
    """
    place = PurePosixPath(path)
    named = ucs_name(place.stem)
    category = category_of_sound(path, tags)
    name = place.stem if named is None else f"{named.fx_name} {named.user_category} {named.user_data}"
    fields = [(name, _NAME), (tags.title, _NAME), (tags.keywords, _KEYWORDS), (tags.genre, _KEYWORDS)]
    if category is not None:
        fields.append((category.words, _CATEGORY))
    folders = place.parent.parts[::-1]
    fields.extend((folder, _FOLDER if depth == 0 else _ABOVE) for depth, folder in enumerate(folders[:3]))
    fields += [(tags.description, _DESCRIPTION), (tags.album, _ABOVE)]
    return [(text, weight) for text, weight in fields if text]


def fields_of_path(path: str) -> Fields:
    """The texts of a sound of which only its place is known."""
    return fields_of(path, NO_TAGS)
