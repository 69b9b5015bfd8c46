"""avm_otio: music and sound effects for a cut, laid into your own timeline at the right frame.

What batch scripts use is named here and loaded when it is first asked for; see ``docs/api.md``.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing itself is a fifth of the start, and type checkers know this name
if TYPE_CHECKING:
    from avm_otio.app import (
        Outcome,
        carry_out,
        export_film,
        look_ahead,
        open_service,
        preview,
        resume,
        score,
        write,
    )
    from avm_otio.choosing import choose, offered, update
    from avm_otio.delivery.cue_sheets.write import write_cue_sheet
    from avm_otio.delivery.deliver import Delivered
    from avm_otio.errors import AvmError
    from avm_otio.finishing import conform, cost, cue_sheet, relink
    from avm_otio.formats.reading import Opened, read
    from avm_otio.jobs.offered import Offered
    from avm_otio.jobs.saved import lay_answer
    from avm_otio.jobs.scored import Scored
    from avm_otio.media.mixdown import Preview
    from avm_otio.request import Request
    from avm_otio.searching import search
    from avm_otio.service.client import Client

__version__ = "0.1.0"

_HOME = {
    "AvmError": "errors",
    "Client": "service.client",
    "Delivered": "delivery.deliver",
    "Offered": "jobs.offered",
    "Opened": "formats.reading",
    "Outcome": "app",
    "Preview": "media.mixdown",
    "Request": "request",
    "Scored": "jobs.pipeline",
    "carry_out": "app",
    "choose": "choosing",
    "conform": "finishing",
    "cost": "finishing",
    "cue_sheet": "finishing",
    "export_film": "app",
    "lay_answer": "jobs.saved",
    "look_ahead": "app",
    "offered": "choosing",
    "open_service": "app",
    "preview": "app",
    "read": "formats.reading",
    "relink": "finishing",
    "resume": "app",
    "score": "app",
    "search": "searching",
    "update": "choosing",
    "write": "app",
    "write_cue_sheet": "delivery.cue_sheets.write",
}
"""What is public, and the module that it is in."""

__all__ = [
    "AvmError",
    "Client",
    "Delivered",
    "Offered",
    "Opened",
    "Outcome",
    "Preview",
    "Request",
    "Scored",
    "carry_out",
    "choose",
    "conform",
    "cost",
    "cue_sheet",
    "export_film",
    "lay_answer",
    "look_ahead",
    "offered",
    "open_service",
    "preview",
    "read",
    "relink",
    "resume",
    "score",
    "search",
    "update",
    "write",
    "write_cue_sheet",
]


def __getattr__(name: str) -> object:
    """Load what is asked for: a plugin starts this program at every click, and most of it is never used."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found: object = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    return found


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
