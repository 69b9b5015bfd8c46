"""avm_otio: music and sound effects for a cut, laid into your own timeline at the right frame.

What batch scripts use is named here and loaded when it is first asked for; see ``docs/api.md``.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing itself is a fifth of the start, and type checkers know this name
if TYPE_CHECKING:
    from avm_otio.api.client import Client
    from avm_otio.config.load import load_settings
    from avm_otio.config.settings import Settings
    from avm_otio.core.errors import AvmError
    from avm_otio.core.placement import EffectsLength, Layout
    from avm_otio.core.selection import Selection
    from avm_otio.dialects.registry import Opened, read
    from avm_otio.face import export_film, open_service, score, write
    from avm_otio.jobs.delivery import Delivered
    from avm_otio.jobs.pipeline import Scored, Source
    from avm_otio.jobs.saved import lay_answer

__version__ = "0.1.0"

__all__ = [
    "AvmError",
    "Client",
    "Delivered",
    "EffectsLength",
    "Layout",
    "Opened",
    "Scored",
    "Selection",
    "Settings",
    "Source",
    "export_film",
    "lay_answer",
    "load_settings",
    "open_service",
    "read",
    "score",
    "write",
]

_HOME = {
    "AvmError": "core.errors",
    "Client": "api.client",
    "Delivered": "jobs.delivery",
    "EffectsLength": "core.placement",
    "Layout": "core.placement",
    "Opened": "dialects.registry",
    "Scored": "jobs.pipeline",
    "Selection": "core.selection",
    "Settings": "config.settings",
    "Source": "jobs.pipeline",
    "export_film": "face",
    "lay_answer": "jobs.saved",
    "load_settings": "config.load",
    "open_service": "face",
    "read": "dialects.registry",
    "score": "face",
    "write": "face",
}


def __getattr__(name: str) -> object:
    """Load what is asked for: a plugin starts this program at every click, and most of it is never used."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found: object = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    return found


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
