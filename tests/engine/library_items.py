"""Items of a library, as measured."""

from __future__ import annotations

from typing import Any

from avm_otio.engine.library import Kind, LibraryItem
from avm_otio.engine.vocabulary import Role


def item(number: int, title: str, kind: Kind, duration_us: int = 600_000, **traits: Any) -> LibraryItem:
    facts = {"loudness_lufs": -18.0, "tempo_bpm": None, "brightness_hz": 900.0} | traits
    roles = tuple(role for role in Role if role.name.lower() in title.lower())
    return LibraryItem(number, f"{title}.wav", title, kind, roles, duration_us, **facts)
