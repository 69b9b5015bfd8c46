"""What a sound is used as, and what it does: by its category, its folder, its name, its tags, its length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

from avm_otio.engine.place import place_of
from avm_otio.engine.thesaurus import read, thesaurus, things_in
from avm_otio.engine.ucs import Category, category_named, category_of, ucs_name
from avm_otio.engine.vocabulary import Role
from avm_otio.tags import Tags

_MUSIC_FROM_US = 20_000_000
"""A sound whose names do not say is music from this length on."""

_LOOP_FROM_US = 8_000_000
"""A shorter one is music if it has a beat and its name speaks of nothing that sounds."""

_PHRASE_FROM_US = 6_000_000
"""A shorter sound of a musical category is an effect: a sting, a note."""

_BED_FROM_US = 12_000_000
"""From this length on a sound that names a place is the place's ambience."""

_MAIN_FIRST = (Role.RISER, Role.WHOOSH, Role.IMPACT, Role.TICK, Role.SPOT, Role.AMBIENCE)
"""What a sound is first of all whose name says several: a slam in a room is a slam."""

_PLAIN_BEDS = frozenset(("ambience", "room", "presence"))
"""Things that say themselves that a sound is a bed."""


class Kind(StrEnum):
    """What a sound of a library is used as."""

    MUSIC = "music"
    EFFECT = "effect"
    DIALOGUE = "dialogue"


def category_of_sound(path: str, tags: Tags) -> Category | None:
    """The category that its name, else its tags, say."""
    named = ucs_name(place_of(path).stem)
    if named is not None:
        return named.category
    if tags.cat_id and (found := category_of(tags.cat_id)) is not None:
        return found
    return category_named(tags.category, tags.subcategory) if tags.category else None


def roles_of(path: str, tags: Tags, category: Category | None, duration_us: int) -> tuple[Role, ...]:
    """What a sound does, the main thing first; empty where nothing says so."""
    place = place_of(path)
    named = ucs_name(place.stem)
    name = place.stem if named is None else f"{named.fx_name} {named.user_data}"
    roles = _roles_in(name, duration_us)
    if category is not None and category.does in _ROLES:
        sure = _ROLES[category.does]
        if sure is not Role.SPOT:
            return tuple(dict.fromkeys((sure, *roles)))
        roles = tuple(role for role in roles if role is not Role.AMBIENCE or _PLAIN_BEDS & things_in(name))
        return tuple(dict.fromkeys((*roles, sure)))
    if roles:
        return roles
    for text in (tags.title, tags.keywords, *reversed(place.folders), tags.description):
        if found := _roles_in(text, duration_us):
            return found
    return ()


def kind_of(
    path: str,
    tags: Tags,
    category: Category | None,
    roles: Sequence[Role],
    duration_us: int,
    *,
    has_beat: bool,
) -> Kind:
    """What a sound is used as."""
    if category is not None:
        if category.does == "music":
            return Kind.MUSIC if duration_us >= _PHRASE_FROM_US else Kind.EFFECT
        return Kind.DIALOGUE if category.does == "dialogue" else Kind.EFFECT
    place = place_of(path)
    for folder in reversed(place.folders):
        if (kind := _kind_in(folder)) is not None:
            return kind
    counted = _counted(place.stem)
    if counted["music"] and not counted["effect"]:
        return Kind.MUSIC if duration_us >= _PHRASE_FROM_US or not roles else Kind.EFFECT
    if counted["dialogue"] and not counted["music"]:
        return Kind.DIALOGUE
    if tags.genre and (kind := _kind_in(tags.genre)) is not None:
        return kind
    for text in (tags.keywords, tags.description):
        counts = _counted(text)
        if counts["music"] and not counts["effect"] and duration_us >= _PHRASE_FROM_US:
            return Kind.MUSIC
    if duration_us < _MUSIC_FROM_US:
        is_loop = has_beat and duration_us >= _LOOP_FROM_US and not counted["effect"] and not roles
        return Kind.MUSIC if is_loop else Kind.EFFECT
    if has_beat and (counted["music"] or tags.artist or counted["other"] >= counted["effect"]):
        return Kind.MUSIC  # "Ocean Drive" is a song, whatever it speaks of; "Clock ticking" is none
    if Role.AMBIENCE in roles[:1]:
        return Kind.EFFECT
    return Kind.EFFECT if counted["effect"] and counted["effect"] >= counted["other"] else Kind.MUSIC


def _roles_in(text: str, duration_us: int) -> tuple[Role, ...]:
    """The roles that the words of a text say, the main one first."""
    does = thesaurus().does
    things = things_in(text)
    found = {_ROLES[does[thing]] for thing in things if does[thing] in _ROLES}
    ordered = [role for role in _MAIN_FIRST if role in found]
    if Role.AMBIENCE in found:
        is_bed = duration_us >= _BED_FROM_US or bool(
            things & _PLAIN_BEDS and found <= {Role.AMBIENCE, Role.SPOT}
        )
        if is_bed and not found & {Role.RISER, Role.WHOOSH}:
            ordered = [Role.AMBIENCE, *(role for role in ordered if role is not Role.AMBIENCE)]
    return tuple(ordered)


def _kind_in(folder: str) -> Kind | None:
    counted = _counted(folder)
    kinds = [kind for kind in ("music", "dialogue", "effect") if counted[kind]]
    return Kind(kinds[0]) if len(kinds) == 1 else Kind.EFFECT if "effect" in kinds else None


def _counted(text: str) -> Counter[str]:
    """How many words of a text speak of music, of speech, of things that sound, and of anything else."""
    does = thesaurus().does
    counted: Counter[str] = Counter()
    for word in read(text):
        kinds = {_kind_word(does[thing]) for thing in word.things}
        counted.update(kinds or {"other"})
    return counted


def _kind_word(does: str) -> str:
    return does if does in ("music", "dialogue") else "effect"


_ROLES = {role.name.lower(): role for role in Role}
