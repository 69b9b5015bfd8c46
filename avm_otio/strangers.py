"""Requests of strangers: what another user asks for in a folder of theirs, carried out on private copies.

Whoever owns a folder can make any name in it mean something else at any moment. So nothing of a stranger's
request is opened where it lies. Its folder is opened once; what the request may name in it is copied, by
descriptor, into a private folder; all work is done there; and what was made is moved into the request's
folder in the end, again by descriptor. Meanwhile there are two names of each place: where it lies
(``kept``), and where it is said to lie (``named_path``), which is what timelines, results and messages name.

What a stranger's timeline may name is decided here and nowhere else (``admitted``): what lies in the
request's own folder, below the media roots that the watcher was started with, and the sounds in the
watcher's jobs. Everything else counts as not there.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from avm_otio.errors import InputError
from avm_otio.files import carry, make_folder, unwritable
from avm_otio.folders import Folder, IrregularFileError
from avm_otio.limits import in_force

_SPARSE_MATTERS = 64 * 2**20
"""Bytes from which on a file must really take up its size on the disk, or a good part of it."""

_MEDIA = "media"
_ROOTS = ".below-roots"
"""In the private folder: copies of what lies below media roots, each in a folder of its root's number."""

_guests: list[Guest] = []
_changing = threading.Lock()


class Guest:
    """A stranger's request under way.

    Args:
        folder: Its folder, absolute.
        opened: The same, opened once.
        private: An empty folder that nobody else can enter, on the same disk where there is one.
        roots: Folders below which its media may lie as well.
        jobs: The watcher's jobs, whose sounds it may name.
    """

    def __init__(
        self, folder: Path, opened: Folder, private: Path, roots: Sequence[Path], jobs: Path | None
    ) -> None:
        self.folder = folder
        self.private = private
        self._opened = opened
        self._owner = opened.stat().st_uid
        self._names = [folder]
        with suppress(OSError):
            self._names.append(folder.parent.resolve() / folder.name)
        self._roots = [root.resolve() for root in roots]
        self._jobs = jobs
        self._given: set[Path] = set()
        self._copying = threading.Lock()

    def inside(self, path: Path) -> Path | None:
        """Where in the request's folder a path leads; ``None`` where it leads elsewhere."""
        path = Path(os.path.normpath(path))
        for start in (self.private, *self._names):
            if path.is_relative_to(start):
                return path.relative_to(start)
        return None

    def named_path(self, path: Path) -> Path:
        """Where a file of the request is said to lie: a copy where it was copied from."""
        inside = self.inside(path)
        if inside is None:
            return path
        if inside.parts[:1] == (_ROOTS,) and len(inside.parts) > 1:
            return self._roots[int(inside.parts[1])].joinpath(*inside.parts[2:])
        return self.folder / inside

    def admitted(self, path: Path, wanted: Callable[[str], bool] | None) -> Path | None:
        """See ``admitted``."""
        inside = self.inside(path)
        if inside is not None:
            return self._copied(inside, wanted)
        path = Path(os.path.normpath(path))
        if self._jobs is not None and _is_sound_of_a_job(path, self._jobs):
            return path
        for root in self._roots:
            with suppress(OSError, RuntimeError):
                found = path.resolve(strict=True)
                if found.is_relative_to(root):
                    return self._below_root(root, found, wanted)
        return None

    def _copied(self, inside: Path, wanted: Callable[[str], bool] | None) -> Path | None:
        """The private copy of what lies in the request's folder; made at the first call."""
        target = self.private / inside
        if inside.parts[:1] == (_ROOTS,):
            return target if target in self._given else None
        with self._copying:
            if target in self._given or (target.is_file() and wanted is None):
                return target
            return self._copy(self._opened, inside.parts, target, wanted)

    def _below_root(self, root: Path, path: Path, wanted: Callable[[str], bool] | None) -> Path | None:
        """A file below a root: itself, or a copy of it where the stranger may change names on the way."""
        parts = path.relative_to(root).parts
        with Folder.open(root) as top:
            way = [top.stat()]
            for number in range(1, len(parts)):
                with top.below(*parts[:number]) as step:
                    way.append(step.stat())
            if not any(self._may_change(step) for step in way):
                return path
            target = self.private / _ROOTS / str(self._roots.index(root)) / Path(*parts)
            with self._copying:
                return target if target in self._given else self._copy(top, parts, target, wanted)

    def _may_change(self, found: os.stat_result) -> bool:
        return found.st_uid == self._owner or bool(found.st_mode & (stat.S_IWOTH | stat.S_IWGRP))

    def _copy(
        self, start: Folder, parts: Sequence[str], target: Path, wanted: Callable[[str], bool] | None
    ) -> Path | None:
        try:
            if wanted is None:
                with start.below(*parts[:-1]) as folder:
                    self._copy_file(folder, parts[-1], target)
            else:
                with start.below(*parts) as folder:
                    for name in filter(wanted, folder.names()):
                        with suppress(IrregularFileError):
                            self._copy_file(folder, name, target / name)
                make_folder(target)
        except (IrregularFileError, IndexError):
            return None
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise unwritable(target, error) from error
            return None
        self._given.add(target)
        return target

    def _copy_file(self, folder: Folder, name: str, target: Path) -> None:
        found = folder.stat(name)
        if _is_sparse(found):
            raise IrregularFileError(f"{folder.path / name} is mostly empty space.", "Copy it again.")
        if stat.S_ISREG(found.st_mode) and found.st_size > shutil.disk_usage(self.private).free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        make_folder(target.parent)
        with Folder.open(target.parent) as private:
            carry(folder, name, private, target.name)
        self._given.add(target)

    def timeline(self, path: Path) -> Path:
        """The private copy of the request's timeline: of the one file, or of the list in a folder.

        Raises:
            InputError: It is a link, a pipe or a device, outside of the folder, or too large.
        """
        inside = self.inside(path)
        if inside is None or not inside.parts:
            raise InputError(f"{path} is outside the request's own folder.", "Move it there.")
        try:
            with self._opened.below(*inside.parts[:-1]) as folder:
                found = folder.stat(inside.name)
                if stat.S_ISDIR(found.st_mode):
                    with folder.below(inside.name) as bundle:
                        self._take_timeline(bundle, "content.otio", self.private / inside / "content.otio")
                    return self.private / inside
                self._take_timeline(folder, inside.name, self.private / inside)
        except FileNotFoundError:
            pass  # whoever reads it says so
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                raise InputError(f"{path} leads through a link.", "Put the file itself there.") from error
            raise InputError(f"{path} cannot be read: {error.strerror or error}.", "Check it.") from error
        return self.private / inside

    def _take_timeline(self, folder: Folder, name: str, target: Path) -> None:
        is_bundle = name.lower().endswith((".otioz", ".aaf"))
        found = folder.stat(name)
        os.close(folder.opened(name))  # what is no file is said to be none
        if not is_bundle:
            in_force().check("bytes", found.st_size, f"{folder.path / name} has {found.st_size} bytes")
        self._copy_file(folder, name, target)

    def publish(self, last: Path) -> None:
        """Move what was made into the request's folder, no step of the way a link.

        Args:
            last: The file after which nothing is moved: where it is, all is there.

        Raises:
            OutputError: Something cannot be moved there.
        """
        made = [path for path in self.private.rglob("*") if not path.is_symlink() and path.is_file()]
        made = [path for path in made if path not in self._given]
        mode = stat.S_IMODE(self._opened.stat().st_mode)  # who may clear up the request clears up these, too
        for path in sorted(made, key=lambda path: (path == last, path)):
            inside = path.relative_to(self.private)
            try:
                with (
                    Folder.open(path.parent) as source,
                    self._opened.below(*inside.parts[:-1], make=True, mode=mode) as target,
                ):
                    try:
                        source.rename(path.name, path.name, target)
                    except OSError as error:
                        if error.errno != errno.EXDEV:
                            raise
                        carry(source, path.name, target, path.name)
                    target.sync()
            except OSError as error:
                if error.errno in (errno.ELOOP, errno.ENOTDIR):
                    error = OSError(errno.ENOTDIR, "a folder on the way to it is a link")
                    raise _leads_away(self.folder / inside) from error
                raise unwritable(self.folder / inside, error) from error


def _leads_away(path: Path) -> InputError:
    return InputError(f"{path} was not written: a step of the way is a link.", "Make it a folder.")


def _is_sparse(found: os.stat_result) -> bool:
    blocks = getattr(found, "st_blocks", None)
    is_large = stat.S_ISREG(found.st_mode) and found.st_size > _SPARSE_MATTERS
    return is_large and blocks is not None and blocks * 512 < found.st_size // 4


def _is_sound_of_a_job(path: Path, jobs: Path) -> bool:
    parts = path.relative_to(jobs).parts if path.is_relative_to(jobs) else ()
    return len(parts) == 3 and parts[1] == _MEDIA and not path.is_symlink() and path.is_file()


@contextmanager
def taken_in(guest: Guest) -> Iterator[Guest]:
    """Have a stranger's request carried out on private copies meanwhile."""
    with _changing:
        _guests.append(guest)
    try:
        yield guest
    finally:
        with _changing:
            _guests.remove(guest)


def _guest_at(path: Path) -> Guest | None:
    if not _guests:
        return None
    return next((guest for guest in list(_guests) if guest.inside(path.absolute()) is not None), None)


def admitted(path: Path, folder: Path, wanted: Callable[[str], bool] | None = None) -> Path | None:
    """The file to open for one that a timeline names: the only way to a stranger's media.

    Args:
        path: As the timeline names it.
        folder: The folder from which the timeline's relative URLs are meant.
        wanted: For a folder of images: which of the names in it are needed.

    Returns:
        The path itself for everybody but strangers; theirs is a private copy, or ``None`` where they may not
        name it, or where no plain file lies there.

    Raises:
        OutputError: There is no room for the copy.
    """
    guest = _guest_at(folder)
    return path if guest is None else guest.admitted(path.absolute(), wanted)


def is_strangers(folder: Path) -> bool:
    """Whether a timeline that lies in a folder is a stranger's."""
    return _guest_at(folder) is not None


def named_path(path: Path) -> Path:
    """Where a file of a stranger's request is said to lie; any other path as it is."""
    guest = _guest_at(path)
    return path if guest is None else guest.named_path(path.absolute())


def kept(path: Path) -> Path:
    """Where a file that is said to lie in a stranger's folder lies really; any other path as it is."""
    guest = _guest_at(path)
    inside = None if guest is None else guest.inside(path.absolute())
    return path if guest is None or inside is None else guest.private / inside
