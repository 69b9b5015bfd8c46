"""What an effect is for, by the words of its cue and its title."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from avm_otio.mix.cues import Cue, Item


class Role(StrEnum):
    """What an effect is for; ``OTHER`` where no word says."""

    HIT = "hit"
    WHOOSH = "whoosh"
    RISER = "riser"
    TICK = "tick"
    AMBIENCE = "ambience"
    FOLEY = "foley"
    OTHER = "other"


_SIGNS: dict[Role, tuple[str, ...]] = {
    Role.RISER: ("riser", "rise", "rising", "swell", "buildup", "build", "uplift", "reverse", "上升", "漸強"),
    Role.WHOOSH: ("whoosh", "woosh", "swoosh", "swish", "swipe", "flyby", "pass", "呼嘯", "呼啸", "揮動"),
    Role.AMBIENCE: (
        "ambien", "ambian", "atmo", "room", "roomtone", "wind", "rain", "stream", "river", "forest",
        "traffic", "city", "crowd", "sea", "ocean", "waves", "night", "birds", "background", "環境", "环境",
        "氛圍", "氛围",
    ),
    Role.HIT: (
        "impact", "hit", "boom", "slam", "punch", "thud", "thump", "bang", "crash", "explosion", "gunshot",
        "shot", "sting", "braam", "撞擊", "撞击", "爆炸", "打擊", "打击",
    ),
    Role.TICK: ("tick", "click", "tap", "pop", "beep", "blip", "snap", "button", "switch", "點擊", "点击"),
    Role.FOLEY: (
        "foley", "step", "footstep", "walk", "door", "splash", "cloth", "paper", "glass", "creak", "knock",
        "chime", "bell", "keys", "water", "腳步", "脚步", "門", "门",
    ),
}  # a row a line, to be read as a table  # fmt: skip
"""By what a word begins with; the earlier row counts where a name says two: a rising whoosh is a riser."""

_ENGINES = {"impact": "hit", "spot": "foley"}
"""What the local engine says of a role, where its word is another one."""

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def role_of(cue: Cue, item: Item) -> Role:
    """The role of one of the items of a cue: as the cue says in words, else as the item's title does."""
    return role_of_served(cue.served, item.title)


def role_of_served(cue: Mapping[str, Any], title: str) -> Role:
    """The role of an effect, by its cue as served and its title."""
    for text in (*_words_of(cue), title):
        words = tuple(word.lower() for word in _WORD.findall(text))
        for role, signs in _SIGNS.items():
            for sign in signs:
                if sign in text if not sign.isascii() else any(word.startswith(sign) for word in words):
                    return role
    return Role.OTHER


def _words_of(cue: Mapping[str, Any]) -> Iterator[str]:
    """What the cue is about: its actions say more than the thing that acts."""
    if isinstance(word := cue.get("avm_role"), str):
        yield _ENGINES.get(word, word)
    labels = cue.get("action_labels")
    for word in (
        *(labels if isinstance(labels, list | tuple) else (labels,)),
        cue.get("object_class"),
    ):
        if isinstance(word, str):
            yield word
