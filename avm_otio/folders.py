"""Folders that were opened once: files in them by descriptor, whatever their names come to mean meanwhile.

Whoever may write into a folder may put a link, a pipe or another folder where a file was a moment ago. So
what somebody else may write is opened below a descriptor, never through a link, and looked at after it was
opened. Where the system has no such calls (Windows), the same is done by names, looked at before; see
``docs/security.md`` for what that does not defend.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Self

from avm_otio.errors import InputError

HAS_DESCRIPTORS = os.name == "posix" and os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
"""Whether files can be opened below a descriptor here."""

_PLAIN = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_BINARY = getattr(os, "O_BINARY", 0)
_FOLDER = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


class IrregularFileError(InputError):
    """A link, a pipe, a device, a folder or too large a file lies where a plain file is to lie."""


class Folder:
    """A folder that was opened once. Close it, or use it as a context.

    Args:
        path: What it is called in messages, and on systems without descriptors.
        handle: Its descriptor; -1 on systems without.
    """

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self._handle = handle

    @classmethod
    def open(cls, path: Path, *, follow: bool = True) -> Self:
        """Open a folder.

        Args:
            path: Where it is.
            follow: Whether its name may be a link.

        Raises:
            OSError: It is not there, is no folder, or may not be read.
        """
        if not HAS_DESCRIPTORS:
            if not path.is_dir() or not (follow or not _is_link(path)):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
            return cls(path, -1)
        return cls(path, os.open(path, os.O_RDONLY | _FOLDER | (0 if follow else os.O_NOFOLLOW)))

    def close(self) -> None:
        """Close it."""
        if self._handle >= 0:
            os.close(self._handle)
        self._handle = -1

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close it."""
        self.close()

    @property
    def handle(self) -> int:
        """Its descriptor; -1 on systems without."""
        return self._handle

    def below(self, *parts: str, make: bool = False, mode: int | None = None) -> Folder:
        """A folder in it, no step of the way a link.

        Args:
            parts: Its name, and those of the folders on the way; none for this folder itself, opened again.
            make: Make what is missing.
            mode: Who may do what in a folder that is made; by the system's mask where not given.

        Raises:
            OSError: It is not there, is no folder, or a link.
        """
        if not HAS_DESCRIPTORS:
            path = self.path
            for part in parts:
                path = path / part
                if make:
                    path.mkdir(exist_ok=True)
            return Folder.open(path, follow=False)
        found = Folder(self.path, os.dup(self._handle))
        for part in parts:
            with found as above:
                is_new = make and above._made(part)
                inside = os.open(part, os.O_RDONLY | _FOLDER | os.O_NOFOLLOW, dir_fd=above.handle)
                found = Folder(above.path / part, inside)
                if is_new and mode is not None and is_ours(found.stat()):
                    os.fchmod(inside, mode)
        return found

    def _made(self, name: str) -> bool:
        with suppress(FileExistsError):
            self.make(name)
            return True
        return False

    def names(self) -> list[str]:
        """What lies in it."""
        return os.listdir(self._handle if HAS_DESCRIPTORS else self.path)  # noqa: PTH208  # a descriptor

    def stat(self, name: str = "") -> os.stat_result:
        """What lies under a name, links not followed; the folder itself where none is given.

        Raises:
            OSError: There is nothing.
        """
        if not name:
            return os.fstat(self._handle) if HAS_DESCRIPTORS else self.path.stat()
        if HAS_DESCRIPTORS:
            return os.stat(name, dir_fd=self._handle, follow_symlinks=False)
        return (self.path / name).lstat()

    def has(self, name: str) -> bool:
        """Whether anything lies under a name, a link that leads nowhere, too."""
        try:
            self.stat(name)
        except OSError:
            return False
        return True

    def opened(self, name: str, *, most_bytes: int | None = None) -> int:
        """The descriptor of a plain file in it, to read: never of a link, and without waiting for a pipe.

        Args:
            name: Its name.
            most_bytes: The largest that is read.

        Raises:
            IrregularFileError: It is no plain file, or larger.
            OSError: It is not there, or may not be read.
        """
        path = self.path / name
        found = self.stat(name)
        _refuse_irregular(path, found)
        if HAS_DESCRIPTORS:
            try:
                handle = os.open(name, os.O_RDONLY | _PLAIN, dir_fd=self._handle)
            except OSError as error:
                if error.errno == errno.ELOOP:
                    raise IrregularFileError(f"{path} is a link, not a plain file.", _GIVE_PLAIN) from error
                raise
        else:
            handle = os.open(path, os.O_RDONLY | _BINARY)
        try:
            found = os.fstat(handle)
            _refuse_irregular(path, found)
            if most_bytes is not None and found.st_size > most_bytes:
                raise IrregularFileError(
                    f"{path} is larger than {most_bytes >> 20} MiB.", "Give a smaller file."
                )
        except BaseException:
            os.close(handle)
            raise
        return handle

    def read(self, name: str, *, most_bytes: int) -> bytes:
        """The content of a plain file in it.

        Raises:
            IrregularFileError: It is no plain file, or larger.
            OSError: It is not there, or cannot be read.
        """
        with os.fdopen(self.opened(name, most_bytes=most_bytes), "rb") as file:
            content = file.read(most_bytes + 1)
        if len(content) > most_bytes:  # it has grown since
            raise IrregularFileError(f"{self.path / name} grows while it is read.", "Give a whole file.")
        return content

    def create(self, name: str, mode: int = 0o666) -> int:
        """The descriptor of a new file, to write.

        Raises:
            FileExistsError: Something lies there, be it a link that leads nowhere.
            OSError: It cannot be made.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY | _PLAIN
        if HAS_DESCRIPTORS:
            return os.open(name, flags, mode, dir_fd=self._handle)
        return os.open(self.path / name, flags, mode)

    def make(self, name: str, mode: int = 0o777) -> None:
        """Make a folder in it.

        Raises:
            OSError: It cannot be made, or something lies there.
        """
        if HAS_DESCRIPTORS:
            os.mkdir(name, mode, dir_fd=self._handle)
        else:
            (self.path / name).mkdir(mode)

    def rename(self, name: str, to: str, into: Folder | None = None) -> None:
        """Give a file another name, in another opened folder where one is given; a link there is replaced.

        Raises:
            OSError: It cannot be.
        """
        other = into or self
        if HAS_DESCRIPTORS:
            os.replace(name, to, src_dir_fd=self._handle, dst_dir_fd=other.handle)
        else:
            (self.path / name).replace(other.path / to)

    def remove(self, name: str, *, folder: bool = False) -> None:
        """Remove a file or link, or an empty folder; it is no fault where nothing lies there.

        Raises:
            OSError: It cannot be removed.
        """
        with suppress(FileNotFoundError):
            if not HAS_DESCRIPTORS:
                (self.path / name).rmdir() if folder else (self.path / name).unlink()
            elif folder:
                os.rmdir(name, dir_fd=self._handle)
            else:
                os.unlink(name, dir_fd=self._handle)

    def sync_file(self, name: str) -> None:
        """Have what was written into a plain file in it outlive a power cut.

        Raises:
            OSError: It is none, or the disk fails.
        """
        may_read = HAS_DESCRIPTORS  # Windows syncs only what may be written
        handle = self.opened(name) if may_read else os.open(self.path / name, os.O_RDWR | _BINARY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def sync(self) -> None:
        """Have what was renamed in it outlive a power cut."""
        if not HAS_DESCRIPTORS:  # other systems cannot open a folder
            return
        try:
            os.fsync(self._handle)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # disks that cannot sync a folder
                raise

    @property
    def is_ours_alone(self) -> bool:
        """Whether it is this user's and nobody else may change what lies in it."""
        return is_ours_alone(self.stat())


_GIVE_PLAIN = "Put the file itself there."


def _refuse_irregular(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "something else")
        raise IrregularFileError(f"{path} is {kind}, not a plain file.", _GIVE_PLAIN)


def _is_link(path: Path) -> bool:
    return path.is_symlink() or (hasattr(path, "is_junction") and path.is_junction())


def is_ours(found: os.stat_result) -> bool:
    """Whether a file or folder is this user's; everything is on systems without owners."""
    return not hasattr(os, "geteuid") or found.st_uid == os.geteuid()


def is_open_to_others(found: os.stat_result) -> bool:
    """Whether its mode lets other users write; a group with this user alone in it does not count."""
    if not hasattr(os, "geteuid"):
        return False
    if found.st_mode & stat.S_IWOTH:
        return True
    return bool(found.st_mode & stat.S_IWGRP) and not _is_private_group(found.st_gid)


def is_ours_alone(found: os.stat_result) -> bool:
    """Whether a file or folder is this user's, and nobody else may write it."""
    return is_ours(found) and not is_open_to_others(found)


def keeps_names(found: os.stat_result) -> bool:
    """Whether, in such a folder, nobody else can take our own files' and folders' names away."""
    if not hasattr(os, "geteuid"):
        return True
    if found.st_uid not in (os.geteuid(), 0):
        return False
    return not is_open_to_others(found) or bool(found.st_mode & stat.S_ISVTX)


@lru_cache(maxsize=64)
def _is_private_group(number: int) -> bool:
    """Whether a group is this user's own, as many systems make one for each user."""
    if os.name != "posix":
        return False
    import grp
    import pwd

    try:
        group, user = grp.getgrgid(number), pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return group.gr_name == user.pw_name and number == user.pw_gid and set(group.gr_mem) <= {user.pw_name}


def own_folder(parent: Path, name: str, mode: int = 0o777) -> tuple[int, int]:
    """Make sure of a folder whose content is trusted: this user's own, and no link.

    What a group may write is closed to it; what everybody may write is refused, since anybody may have put
    something there.

    Args:
        parent: Where it lies.
        name: Its name; made if nothing lies there.
        mode: Of a new one, before the system's mask.

    Returns:
        What tells it from every other folder.

    Raises:
        InputError: It is a link, somebody else's, or everybody's.
        OSError: It cannot be made or opened.
    """
    path = parent / name
    with Folder.open(parent) as above:
        with suppress(FileExistsError):
            above.make(name, mode)
        if not stat.S_ISDIR(above.stat(name).st_mode):
            raise InputError(f"{path} is a link or a file, not the program's own folder.", _REMOVE_IT)
        with above.below(name) as folder:
            found = folder.stat()
            close_to_others(folder)
            return found.st_dev, found.st_ino


def close_to_others(folder: Folder) -> None:
    """Make sure that a folder whose content is trusted is this user's, and nobody else may write it.

    Raises:
        InputError: It is somebody else's, or everybody's: anybody may have put something there.
        OSError: Its mode cannot be changed.
    """
    found, path = folder.stat(), folder.path
    if not is_ours(found):
        raise InputError(f"{path} belongs to another user (uid {found.st_uid}).", _REMOVE_IT)
    if not HAS_DESCRIPTORS:
        return
    if found.st_mode & stat.S_IWOTH:
        raise InputError(
            f"{path} can be written by everybody: what lies in it cannot be trusted.",
            f"Look what is in it, then close it: chmod -R go-w '{path}'.",
        )
    if is_open_to_others(found):
        os.fchmod(folder.handle, stat.S_IMODE(found.st_mode) & ~stat.S_IWGRP)


_REMOVE_IT = "Move it away: the program makes its own."
