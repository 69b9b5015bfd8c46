"""The add-on's placing outside Blender, and clips of a result to place."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from tests.outside import ROOT, module_at


def placing_outside() -> ModuleType:
    """The add-on's module that says where clips go: it needs no Blender."""
    return module_at(ROOT / "plugins/blender/placing.py")


def clip(first: int, frames: int, **more: Any) -> dict[str, Any]:
    fields = {"track": "AVM Music 1", "record_frame": first, "frames": frames, "media_start_us": 1_000_000}
    return fields | {"gain_db": 0.0, "keys": [], "fade_in_us": 0, "fade_out_us": 0, "part": 0} | more
