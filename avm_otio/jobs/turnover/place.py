"""The place of a turnover: made beside it, put there whole, and nothing of anybody else's is ever removed.

While it is made it lies beside its place as ``.<name>.partial-<token>``; whoever holds the lock
``.<name>.partial-<token>.lock`` is at work on it. What it replaces is ``.<name>.replaced-<token>`` for the
moment between two renames: a run that was killed there has lost nothing, and the next one puts it back.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from avm_otio.errors import AvmError, OutputError
from avm_otio.files import unwritable
from avm_otio.jobs.turnover.paper import MANIFEST, SUMS, files_in, read_manifest
from avm_otio.report import Report


def refuse_place(folder: Path, *, overwrite: bool) -> None:
    """Refuse to write a turnover where anything else lies.

    Args:
        folder: Where it is wanted.
        overwrite: Whether an older turnover may be replaced.

    Raises:
        OutputError: The folder is there and may not be replaced, or what it should lie in is not there.
    """
    if not folder.parent.is_dir():
        raise OutputError(f"There is no folder {folder.parent}.", "Make it, or choose another place.")
    if not folder.exists():
        return
    if not folder.is_dir():
        raise OutputError(f"{folder} is a file.", "Choose another folder.")
    _refuse_others(folder, folder, overwrite=overwrite)


def _refuse_others(lies: Path, folder: Path, *, overwrite: bool) -> None:
    """Refuse to replace a folder, wherever it lies now, for what is in it."""
    try:
        if not any(lies.iterdir()):
            return
        if not overwrite:
            raise OutputError(f"{folder} is there already.", "Choose another folder, or give --overwrite.")
        others = _others(lies)
    except OSError as error:
        raise unwritable(folder, error) from error
    if others:
        raise OutputError(
            f"{folder} holds what no turnover wrote: {others[0]}"
            + (f" and {len(others) - 1} more." if len(others) > 1 else "."),
            "Move it away, or choose another folder.",
        )


def _others(folder: Path) -> list[str]:
    """What lies in a folder and its manifest does not list: all, where it has none."""
    try:
        listed = {each["path"] for each in read_manifest(folder)["files"]} | {MANIFEST, SUMS}
    except (AvmError, KeyError, TypeError):
        listed = set()
    names = (path.relative_to(folder).as_posix() for path in files_in(folder))
    return [name for name in names if name not in listed]


@contextmanager
def staged(folder: Path, report: Report, *, overwrite: bool) -> Iterator[Path]:
    """A folder beside another in which it is made, removed whatever happens; of killed runs, too.

    Args:
        folder: Where it will lie; a link is followed.
        report: Receives what a killed run left that was put back.
        overwrite: Whether an older turnover may be replaced, one that was put back, too.

    Raises:
        OutputError: It cannot be made, or not be put in its place.
    """
    from filelock import FileLock

    folder = Path(os.path.realpath(folder))
    _tidy(folder, report)
    refuse_place(folder, overwrite=overwrite)
    made = folder.with_name(f"{_partial(folder)}{token_hex(6)}")
    lock = FileLock(_lock_of(made), fallback_to_soft=False)
    try:
        lock.acquire()
        made.mkdir(mode=0o755)
    except OSError as error:
        lock.release()
        raise unwritable(folder, error) from error
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
        lock.release()
        with suppress(OSError):
            _lock_of(made).unlink(missing_ok=True)


def _tidy(folder: Path, report: Report) -> None:
    """Take away what killed runs left half made, and put back what one was about to replace."""
    from filelock import FileLock, Timeout

    partial, replaced = _partial(folder), _replaced(folder)
    try:
        beside = sorted(path for path in folder.parent.iterdir() if path.is_dir() and not path.is_symlink())
    except OSError as error:
        raise unwritable(folder, error) from error
    for path in beside:
        is_old = path.name.startswith(replaced)
        if not is_old and not path.name.startswith(partial):
            continue
        made = path.with_name(path.name.replace(replaced, partial, 1)) if is_old else path
        with suppress(Timeout, OSError):
            with FileLock(_lock_of(made), timeout=0, fallback_to_soft=False):
                if is_old:
                    _put_back(path, folder, report)
                else:
                    shutil.rmtree(path, ignore_errors=True)
            _lock_of(made).unlink(missing_ok=True)


def _put_back(old: Path, folder: Path, report: Report) -> None:
    """Put an older turnover back whose replacing was cut off; remove it where the newer one is there."""
    if not folder.exists():
        old.rename(folder)
        report.warn(f"{folder} was put back: a run that was to replace it was cut off.")
        return
    if not _others(old) and (folder / MANIFEST).is_file() and not _others(folder):
        shutil.rmtree(old, ignore_errors=True)
        return
    report.warn(f"An older turnover that was at {folder} lies in {old}: move it where you want it.")


def publish(made: Path, folder: Path, *, overwrite: bool) -> None:
    """Put a folder in its place; an older turnover there takes the place of what was made, to be removed.

    Args:
        made: The folder from ``staged``.
        folder: Where it is wanted, as it was given to ``staged``.
        overwrite: Whether an older turnover may be replaced.

    Raises:
        OutputError: Something else came to lie there while it was made, or it cannot be renamed.
    """
    folder = Path(os.path.realpath(folder))
    refuse_place(folder, overwrite=overwrite)
    old = folder.with_name(made.name.replace(_partial(folder), _replaced(folder), 1))
    try:
        if folder.exists():
            folder.rename(old)
            # Nobody finds it by its name from here on: what is in it now is all that will be.
            _refuse_others(old, folder, overwrite=overwrite)
        made.rename(folder)
        if old.exists():
            old.rename(made)
    except BaseException as error:
        if old.exists():
            is_done = folder.exists() and not made.exists()
            with suppress(OSError):  # where that fails, too, the next run puts it back
                old.rename(made if is_done else folder)
        if isinstance(error, OSError):
            raise unwritable(folder, error) from error
        raise


def _partial(folder: Path) -> str:
    return f".{folder.name}.partial-"


def _replaced(folder: Path) -> str:
    return f".{folder.name}.replaced-"


def _lock_of(made: Path) -> Path:
    return made.with_name(f"{made.name}.lock")
