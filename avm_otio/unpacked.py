"""Many files below one folder, each whole or absent, synced together and not one by one.

A sync of its own for each of tens of thousands of small files takes minutes, and so does looking into the
folder before each. Here it is two syncs of the disk for every ``BATCH_FILES`` files or ``BATCH_BYTES`` bytes,
where the system can sync a disk (Linux), and one look in all.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from avm_otio.files import make_folder, private_folder, remove_orphans, unwritable
from avm_otio.folders import Folder

BATCH_FILES = 4096
BATCH_BYTES = 4 * 2**30
"""After so much what is written gets its place: a run that is killed has lost no more."""


@dataclass
class Unpacked:
    """What is being written below a folder. Made by ``unpacking``."""

    _top: Folder
    _apart: Folder
    _waiting: list[PurePosixPath] = field(default_factory=list)
    _bytes: int = 0

    def add(self, inside: PurePosixPath, blocks: Iterable[bytes]) -> None:
        """Write a file; it lies at its place once its batch is full, or all is written.

        Raises:
            OSError: It cannot be written.
        """
        with os.fdopen(self._apart.create(str(len(self._waiting))), "wb") as file:
            self._waiting.append(inside)
            for block in blocks:
                file.write(block)
                self._bytes += len(block)
        if len(self._waiting) >= BATCH_FILES or self._bytes >= BATCH_BYTES:
            self.settle()

    def settle(self) -> None:
        """Give all that is written its place, so that a power cut leaves no half of a file there.

        Raises:
            OSError: Something lies there that is no file, or the disk fails.
        """
        if not self._waiting:
            return
        if not _synced(self._apart):
            for number in range(len(self._waiting)):
                self._apart.sync_file(str(number))
        by_folder: dict[PurePosixPath, list[tuple[int, str]]] = {}
        for number, inside in enumerate(self._waiting):
            by_folder.setdefault(inside.parent, []).append((number, inside.name))
        for place, files in by_folder.items():
            with self._top.below(*place.parts, make=True) as folder:
                for number, name in files:
                    self._apart.rename(str(number), name, folder)
        if not _synced(self._top):
            for place in by_folder:
                with self._top.below(*place.parts) as folder:
                    folder.sync()
        self._waiting.clear()
        self._bytes = 0


def is_there(path: Path, size_bytes: int) -> bool:
    """Whether a plain file of that size lies there, as an earlier run wrote it: only whole ones get there."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size == size_bytes


@contextmanager
def unpacking(folder: Path) -> Iterator[Unpacked]:
    """Write files below a folder, which is made; what a killed run left there half is removed.

    No step below the folder may be a link. What is written when something fails is kept up to the last batch.

    Raises:
        OutputError: It cannot be written.
    """
    make_folder(folder)
    remove_orphans(folder / _NAME)
    try:
        with Folder.open(folder) as top, private_folder(top, _NAME) as apart:
            unpacked = Unpacked(top, apart)
            yield unpacked
            unpacked.settle()
    except OSError as error:
        raise unwritable(folder, error) from error


_NAME = "unpacked"


def _synced(folder: Folder) -> bool:
    """Sync the disk that a folder lies on; false where the system cannot."""
    if folder.handle < 0:
        return False
    import ctypes

    try:
        return bool(ctypes.CDLL(None).syncfs(folder.handle) == 0)
    except (AttributeError, OSError, TypeError):
        return False
