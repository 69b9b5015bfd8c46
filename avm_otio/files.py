"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import glob
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from avm_otio.errors import OutputError


@contextmanager
def whole(path: Path, mode: int = 0o666, *, lasting: bool = True) -> Iterator[Path]:
    """A temporary path to write to, which replaces ``path`` on success and is removed on failure.

    The temporary file lies in the same folder and keeps the suffix. It is synced before it replaces an older
    file, and the folder after, so that a power cut does not bring the older file back. Temporary files left
    by writers that were killed are removed.

    Args:
        path: The file.
        mode: Who may read and write it, before the system's mask.
        lasting: Whether it must outlive a power cut; a progress report need not.

    Raises:
        OutputError: The folder does not exist or cannot be written, or the disk is full.
    """
    try:
        remove_orphans(path)
        with _made_for(path, mode) as temporary:
            yield temporary
            if lasting:
                settle(temporary, path)
            else:
                temporary.replace(path)
    except OSError as error:
        raise unwritable(path, error) from error


def _tag(path: Path) -> str:
    """The beginning of the names of a file's temporary files, so that no other file's are removed."""
    return hashlib.sha256(path.name.encode("utf-8", "surrogateescape")).hexdigest()[:4]


@contextmanager
def _made_for(path: Path, mode: int) -> Iterator[Path]:
    """Make a temporary file, hold its lock, and remove it: one without a holder is an orphan."""
    temporary, handle = path, -1
    try:  # from before the file is made: an interruption may come at any moment
        while handle < 0:
            temporary = path.with_name(f".{_tag(path)}{secrets.token_hex(2)}{path.suffix}")
            try:
                handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
            except FileExistsError:
                temporary = path  # another's file stays
                continue
            if not _is_ours(handle):
                os.close(handle)
                handle = -1
        if os.name != "posix":  # there an open file cannot replace another
            os.close(handle)
            handle = -1
        yield temporary
    finally:
        if handle >= 0:
            os.close(handle)
        if temporary != path:
            temporary.unlink(missing_ok=True)


def _is_ours(handle: int) -> bool:
    """Lock a new file; false where another process has just removed it as an orphan."""
    if os.name != "posix":
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a disk without locks
        return True
    return os.fstat(handle).st_nlink > 0


def remove_orphans(path: Path) -> None:
    """Remove the temporary files that killed writers of ``path`` left beside it."""
    if os.name != "posix":
        return
    import fcntl

    for orphan in path.parent.glob(
        f".{_tag(path)}[0-9a-f][0-9a-f][0-9a-f][0-9a-f]{glob.escape(path.suffix)}"
    ):
        with suppress(OSError), orphan.open("rb+") as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            orphan.unlink()


def settle(temporary: Path, path: Path) -> None:
    """Replace ``path`` with a finished file of the same folder, so that a power cut does not undo it.

    Raises:
        OSError: It cannot be replaced.
    """
    _sync(temporary)
    temporary.replace(path)
    _sync_folder(path.parent)


def write_text(path: Path, text: str, *, lasting: bool = True) -> None:
    """Write a text file, whole or not at all; see ``whole``.

    Raises:
        OutputError: It cannot be written.
    """
    with whole(path, lasting=lasting) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def side_folder(timeline: Path) -> Path:
    """Where everything that belongs to a timeline is kept: ``<timeline>.avm`` beside it."""
    return timeline.absolute().with_suffix(".avm")


def same_file(path: Path, another: Path) -> bool:
    """Whether two paths lead to one existing file."""
    return path.exists() and another.exists() and path.samefile(another)


def make_folder(path: Path) -> Path:
    """Make a folder and those above it.

    Raises:
        OutputError: It cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error
    return path


def unwritable(path: Path, error: OSError) -> OutputError:
    """The error for a file that cannot be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return OutputError(f"The disk is full: {path} was not written.", "Free up space, then run it again.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return OutputError(
            f"No permission to write {path}.", "Choose another folder, or change its permissions."
        )
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return OutputError(f"The folder {path.parent} does not exist.", "Create it, or choose another.")
    return OutputError(f"{path} could not be written: {error.strerror or error}.", "Choose another folder.")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folder(path: Path) -> None:
    if os.name != "posix":  # other systems cannot open a folder
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # disks that cannot sync a folder
            raise
    finally:
        os.close(handle)


def free_name(name: str, taken: set[str]) -> str:
    """A name not taken yet, compared without case, since a delivery is unpacked on any disk.

    Args:
        name: The name wanted; numbered before its suffix where it is taken.
        taken: Case-folded names; the result is added.
    """
    stem, dot, suffix = name.rpartition(".")
    stem, suffix = (stem, dot + suffix) if stem else (name, "")
    number = 1
    while name.casefold() in taken:
        number += 1
        name = f"{stem}-{number}{suffix}"
    taken.add(name.casefold())
    return name
