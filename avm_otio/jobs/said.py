"""An order as plain JSON: what can be done with it before it is checked, without loading what checks it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Said = Mapping[str, Any]
"""An order as JSON: fields of ``order.Order``."""

DEFAULTS: Said = {
    "services": ["music", "effects"],
    "effects_length": "auto",
    "music_gain_db": 0.0,
    "effects_gain_db": 0.0,
    "skip_bad_cues": False,
    "deliver": "link",
    "media_format": "keep",
    "media_roots": [],
    "again": False,
}
"""What a field that is not said means."""

SETTING_OF: Mapping[str, str] = {
    "service": "service",
    "library": "library",
    "language": "language",
    "currency": "currency",
    "quality": "quality",
    "license_range": "license.range",
    "license_duration": "license.duration",
    "license_platforms": "license.usage_platforms",
    "title": "requirement.title",
    "budget_min": "requirement.budget_min",
    "budget_max": "requirement.budget_max",
    "outline": "requirement.outline",
    "ref_music": "requirement.ref_music",
    "bpm": "requirement.bpm",
    "genre": "requirement.genre",
    "instrument": "requirement.instrument",
    "music_language": "requirement.language",
}
"""Field → the configuration's dotted key."""

_PATHS = ("timeline", "output", "library", "jobs_dir")


def shortest(said: Said) -> dict[str, Any]:
    """The same order without what goes without saying: equal orders become equal."""
    return {name: value for name, value in said.items() if value not in (None, DEFAULTS.get(name))}


def settings_in(said: Said) -> dict[str, Any]:
    """What an order says that could also be configured, by the configuration's dotted keys."""
    return {
        key: said[name] for name, key in SETTING_OF.items() if name in said and said[name] not in (None, [])
    }


def in_folder(said: Said, folder: Path) -> dict[str, Any]:
    """The same order with every path made absolute, relative ones from a folder."""
    return with_paths(said, lambda path: str(Path(os.path.normpath(folder / path))))


def with_paths(said: Said, change: Callable[[str], str]) -> dict[str, Any]:
    """The same order with every path changed."""
    changed: dict[str, Any] = {name: change(said[name]) for name in _PATHS if said.get(name) is not None}
    if said.get("media_roots"):
        changed["media_roots"] = [change(path) for path in said["media_roots"]]
    return {**said, **changed}


def digest(document: Any) -> str:
    """A short name for a JSON document: equal documents, equal names."""
    told = json.dumps(document, sort_keys=True, default=str)
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()
