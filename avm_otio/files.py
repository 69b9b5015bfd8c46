"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from avm_otio.errors import OutputError
from avm_otio.folders import HAS_DESCRIPTORS, Folder, IrregularFileError, is_ours


@contextmanager
def whole(path: Path, mode: int = 0o666, *, lasting: bool = True) -> Iterator[Path]:
    """A temporary path to write to, which replaces ``path`` on success and is removed on failure.

    The temporary file keeps the suffix. It is synced before it replaces an older file, and the folder after,
    so that a power cut does not bring the older file back. Temporary files left by writers that were killed
    are removed. In a folder that others may write it lies in a folder of its own that nobody else can enter.

    Args:
        path: The file.
        mode: Who may read and write it, before the system's mask.
        lasting: Whether it must outlive a power cut; a progress report need not.

    Raises:
        OutputError: The folder does not exist or cannot be written, or the disk is full.
    """
    try:
        with Folder.open(path.parent) as folder:
            _remove_orphans(folder, path.name)
            made = _beside if not HAS_DESCRIPTORS or folder.is_ours_alone else _apart
            with made(folder, path, mode, lasting) as temporary:
                yield temporary
    except OSError as error:
        raise unwritable(path, error) from error


def _tag(name: str) -> str:
    """The beginning of the names of a file's temporary files, so that no other file's are removed."""
    import hashlib  # a library of ciphers: no help or completion waits for it

    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:4]


def _temporary(name: str, suffix: str) -> str:
    return f".{_tag(name)}{os.urandom(2).hex()}{suffix}"


@contextmanager
def _beside(folder: Folder, path: Path, mode: int, lasting: bool) -> Iterator[Path]:
    """A temporary file in the folder itself, where nobody else may touch it."""
    with _held(folder, path, mode) as (temporary, _):
        yield temporary
        if lasting:
            _sync(temporary)
        temporary.replace(path)
        if lasting:
            folder.sync()


@contextmanager
def _held(folder: Folder, path: Path, mode: int) -> Iterator[tuple[Path, int]]:
    """Make a temporary file of a folder, hold its lock, and remove it: one without a holder is an orphan."""
    name, handle = "", -1
    try:  # from before the file is made: an interruption may come at any moment
        while handle < 0:
            name = _temporary(path.name, path.suffix)
            try:
                handle = folder.create(name, mode)
            except FileExistsError:
                name = ""  # another's file stays
                continue
            if not _is_ours(handle):
                os.close(handle)
                handle = -1
        if os.name != "posix":  # there an open file cannot replace another
            os.close(handle)
            handle = -1
        yield path.with_name(name), handle
    finally:
        if handle >= 0:
            os.close(handle)
        if name:
            with suppress(OSError):
                folder.remove(name)


@contextmanager
def _apart(folder: Folder, path: Path, mode: int, lasting: bool) -> Iterator[Path]:
    """A temporary file where nobody else has a say, renamed across: by descriptors, whatever names lead to.

    It lies in a private folder on the same disk, reached through its descriptor. Where the system has no such
    way, or a disk knows no owners, it lies in the private folder for temporary files and is copied over.
    """
    with private_folder(folder, path.name) as private:
        if not _is_private(private):
            with _carried(folder, path, mode, lasting) as temporary:
                yield temporary
            return
        inside = _FIRST + path.suffix
        os.close(private.create(inside, mode))
        yield _by_descriptor(private) / inside
        if lasting:
            private.sync_file(inside)
        private.rename(inside, path.name, folder)
        if lasting:
            folder.sync()


@contextmanager
def private_folder(folder: Folder, name: str) -> Iterator[Folder]:
    """A new folder in an opened one, for what is not whole yet; removed with all that lies in it.

    Args:
        folder: Where it is made.
        name: What it is for: ``remove_orphans`` of that name removes those that killed runs left.

    Raises:
        OSError: It cannot be made.
    """
    made = _temporary(name, "")
    private: Folder | None = None
    try:
        folder.make(made, 0o700)
        private = folder.below(made)
        if private.handle >= 0:
            _is_ours(private.handle)  # held, so that it is no orphan
        yield private
    finally:
        if private is not None:
            with suppress(OSError), private:
                if is_ours(private.stat()):
                    for inside in private.names():
                        private.remove(inside)
        with suppress(OSError):
            folder.remove(made, folder=True)


_FIRST = "0"


def _by_descriptor(folder: Folder) -> Path:
    return Path(f"/proc/{os.getpid()}/fd/{folder.handle}")


def _is_private(folder: Folder) -> bool:
    """Whether a folder just made is ours, and can be reached by its descriptor."""
    found = folder.stat()
    if not is_ours(found) or stat.S_IMODE(found.st_mode) & 0o077:
        return False
    try:
        return os.path.samestat(found, _by_descriptor(folder).stat())
    except OSError:
        return False


@contextmanager
def _carried(folder: Folder, path: Path, mode: int, lasting: bool) -> Iterator[Path]:
    import tempfile

    with tempfile.TemporaryDirectory(prefix="avm-otio-") as made:
        temporary = Path(made) / f"{_FIRST}{path.suffix}"
        with Folder.open(Path(made)) as private:
            os.close(private.create(temporary.name, mode))
            yield temporary
            carry(private, temporary.name, folder, path.name, mode=mode, lasting=lasting)


def carry(
    source: Folder, name: str, folder: Folder, to: str, *, mode: int = 0o666, lasting: bool = False
) -> None:
    """Copy a plain file from one opened folder to another, whole or not at all, its time with it.

    Args:
        source: Where it lies.
        name: Its name there.
        folder: Where it goes.
        to: Its name there; what lies there is replaced, a link itself and not what it leads to.
        mode: Who may read and write it, before the system's mask.
        lasting: Whether it must outlive a power cut.

    Raises:
        IrregularFileError: It is no plain file.
        OSError: It cannot be read or written.
    """
    reading = source.opened(name)
    try:
        with _held(folder, folder.path / to, mode) as (temporary, handle):
            writing = os.open(temporary, os.O_RDWR) if handle < 0 else os.dup(handle)
            try:
                copy_bytes(reading, writing)
                found = os.fstat(reading)
                if os.utime in os.supports_fd:
                    os.utime(writing, ns=(found.st_atime_ns, found.st_mtime_ns))
                if lasting:
                    os.fsync(writing)
            finally:
                os.close(writing)
            folder.rename(temporary.name, to)
        if lasting:
            folder.sync()
    finally:
        os.close(reading)


def copy_bytes(reading: int, writing: int) -> None:
    """Copy what an open file holds into another; blocks are shared where the disk can (Linux).

    Raises:
        OSError: It cannot be.
    """
    shared = hasattr(os, "copy_file_range")
    while True:
        if shared:
            try:
                if not os.copy_file_range(reading, writing, _BLOCK):
                    return
                continue
            except OSError:  # another disk, or none that can: read and write from where it stands
                shared = False
        block = os.read(reading, _BLOCK)
        if not block:
            return
        rest = memoryview(block)
        while rest:
            rest = rest[os.write(writing, rest) :]


_BLOCK = 8 * 2**20


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
    with suppress(OSError), Folder.open(path.parent) as folder:
        _remove_orphans(folder, path.name)


def _remove_orphans(folder: Folder, name: str) -> None:
    if os.name != "posix":
        return
    begins = f".{_tag(name)}"
    pattern = re.compile(rf"{re.escape(begins)}[0-9a-f]{{4}}({re.escape(Path(name).suffix)})?")
    alike = [other for other in folder.names() if other.startswith(begins)]  # a folder may hold thousands
    for orphan in filter(pattern.fullmatch, alike):
        with suppress(OSError, IrregularFileError):
            if stat.S_ISDIR(folder.stat(orphan).st_mode):
                _remove_private(folder, orphan)
            else:
                _remove_unheld(folder, orphan)


def _remove_unheld(folder: Folder, name: str) -> None:
    import fcntl

    held = folder.opened(name)
    try:
        if is_ours(os.fstat(held)):
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            folder.remove(name)
    finally:
        os.close(held)


def _remove_private(folder: Folder, name: str) -> None:
    import fcntl

    with folder.below(name) as private:
        if is_ours(private.stat()):
            fcntl.flock(private.handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for inside in private.names():
                private.remove(inside)
            folder.remove(name, folder=True)


def settle(temporary: Path, path: Path) -> None:
    """Replace ``path`` with a finished file of the same folder, so that a power cut does not undo it.

    Raises:
        OSError: It cannot be replaced.
    """
    _sync(temporary)
    temporary.replace(path)
    with Folder.open(path.parent) as folder:
        folder.sync()


def write_in(folder: Folder, name: str, text: str, *, lasting: bool = True, mode: int = 0o666) -> None:
    """Write a text file into an opened folder, whole or not at all, by descriptor alone.

    Args:
        folder: Where to.
        name: Its name.
        text: What it holds.
        lasting: Whether it must survive a power failure.
        mode: Who may read and write it, before the system's mask.

    Raises:
        OutputError: It cannot be written.
    """
    path = folder.path / name
    try:
        _remove_orphans(folder, name)
        with _held(folder, path, mode) as (temporary, handle):
            if handle < 0:
                temporary.write_text(text, encoding="utf-8", newline="\n")
            else:
                rest = memoryview(text.encode("utf-8"))
                while rest:
                    rest = rest[os.write(handle, rest) :]
                if lasting:
                    os.fsync(handle)
            folder.rename(temporary.name, name)
        if lasting:
            folder.sync()
    except OSError as error:
        raise unwritable(path, error) from error


def read_plain(path: Path, *, most_bytes: int) -> bytes:
    """The content of a plain file: never of a link or a pipe, and never without end.

    Raises:
        IrregularFileError: It is no plain file, or larger.
        OSError: It is not there, or cannot be read.
    """
    with Folder.open(path.parent) as folder:
        return folder.read(path.name, most_bytes=most_bytes)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal digits."""
    import hashlib  # as above

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
        OutputError: It cannot be made, or is a link that another user put there.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        if path.is_symlink() and not is_ours(path.lstat()) and path.lstat().st_uid != 0:
            raise OutputError(f"{path} is a link that another user put there.", "Remove it.")
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
    if error.errno == errno.ENAMETOOLONG:
        return OutputError(f"The name {path.name[:60]}… is too long for the disk.", "Choose a shorter one.")
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return OutputError(f"The folder {path.parent} does not exist.", "Create it, or choose another.")
    return OutputError(f"{path} could not be written: {error.strerror or error}.", "Choose another folder.")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
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
