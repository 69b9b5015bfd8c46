"""avm_otio: music and sound effects for a cut, laid into your own timeline at the right frame.

What batch scripts use is named here and loaded when it is first asked for; see ``docs/api.md``.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing itself is a fifth of the start, and type checkers know this name
if TYPE_CHECKING:
    from avm_otio.app import export_film, open_service, score, write
    from avm_otio.config.load import load_settings
    from avm_otio.config.settings import Settings
    from avm_otio.delivery.deliver import Delivered
    from avm_otio.errors import AvmError
    from avm_otio.formats.reading import Opened, read
    from avm_otio.jobs.pipeline import Scored, Source
    from avm_otio.jobs.saved import lay_answer
    from avm_otio.mix.placement import EffectsLength, Layout
    from avm_otio.service.client import Client
    from avm_otio.timeline.select import Selection

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
    "AvmError": "errors",
    "Client": "service.client",
    "Delivered": "delivery.deliver",
    "EffectsLength": "mix.placement",
    "Layout": "mix.placement",
    "Opened": "formats.reading",
    "Scored": "jobs.pipeline",
    "Selection": "timeline.select",
    "Settings": "config.settings",
    "Source": "jobs.pipeline",
    "export_film": "app",
    "lay_answer": "jobs.saved",
    "load_settings": "config.load",
    "open_service": "app",
    "read": "formats.reading",
    "score": "app",
    "write": "app",
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
