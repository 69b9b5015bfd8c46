"""``fault.log``: the traceback of what nobody foresaw, where it can be sent from."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from avm_otio import __version__
from avm_otio.config.folders import default_cache_dir
from avm_otio.config.tokens import hidden
from avm_otio.errors import AvmError


def keep_trace(error: AvmError) -> Path | None:
    """Keep the traceback that an error may hide a fault of ours behind.

    With ``AVM_DEBUG`` it goes to standard error, too.

    Returns:
        The log; ``None`` where there is nothing to keep, or no place for it.
    """
    if not error.trace:
        return None
    trace = hidden(error.trace)
    if os.environ.get("AVM_DEBUG"):
        with suppress(AttributeError, OSError):  # a program without a console has no standard error
            sys.stderr.write(trace)
    log = default_cache_dir() / "fault.log"
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        text = f"avm-otio {__version__}, Python {sys.version}\n{trace}"
        log.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError:
        return None
    return log
