"""``fault.log``: the traceback of what nobody foresaw, where it can be sent from."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from pathlib import Path

from avm_otio import __version__
from avm_otio.config.folders import default_cache_dir
from avm_otio.config.tokens import hidden
from avm_otio.errors import AvmError, OutputError, internal_error


def explained(error: Exception) -> AvmError:
    """Any exception as an error for the user: a traceback behind it is kept, and its place named."""
    if not isinstance(error, AvmError):
        failure = _of_the_machine(error) if isinstance(error, OSError) else None
        error = failure or internal_error(error, "Please report it.")
    if error.trace:
        log = keep_trace(error)
        more = f"The traceback is in {log}." if log else "AVM_DEBUG=1 shows the traceback."
        error.hint = f"{error.hint} {more}".strip()
    return error


def _of_the_machine(error: OSError) -> AvmError | None:
    """What to say of a failure of the machine that reached nobody who knew the file's part in the job."""
    name = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(f"The disk is full{name}.", "Free some room and run it again.")
    if error.errno == errno.ENAMETOOLONG:
        shown = Path(os.fsdecode(error.filename or "")).name[:60]  # which may be bytes
        return OutputError(f"The name {shown}… is too long for the disk.", "Choose a shorter one.")
    if isinstance(error, PermissionError):
        return OutputError(f"No permission{name}.", "Change the permissions, or choose another folder.")
    return None


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
