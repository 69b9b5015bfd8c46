"""The folders in which an agent may read and write."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from avm_otio.addresses import is_web_address
from avm_otio.errors import InputError, UsageError
from avm_otio.request import Request, rows

_ONLY_READ = ("library", "media_roots", "spots")
"""Paths of a request that nothing is written to; beside the timeline its jobs lie."""


@dataclass(frozen=True, slots=True)
class Roots:
    """Folders that an agent may name paths in.

    Attributes:
        folders: Absolute; from the first one relative paths are meant.
        readable: Folders that are read, too, and never written: the configured library and those of media.
    """

    folders: tuple[Path, ...]
    readable: tuple[Path, ...] = ()

    @classmethod
    def of(cls, folders: Sequence[Path], readable: Iterable[Path] = ()) -> Roots:
        """Take some folders; the working folder where none is given.

        Raises:
            UsageError: One is no folder.
        """
        found = tuple(Path(os.path.normpath(folder.absolute())) for folder in folders or (Path.cwd(),))
        for folder in found:
            if not folder.is_dir():
                raise UsageError(f"There is no folder {folder}.", "Name one that is there with --root.")
        return cls(found, tuple(readable))

    def path(self, word: str, *, is_read: bool = False) -> Path:
        """A path that an agent names, absolute.

        Args:
            word: What it names.
            is_read: Whether nothing is written there, or beside it.

        Raises:
            InputError: It leads out of the folders, links followed.
        """
        path = Path(os.path.normpath(self.folders[0] / _without_home(word)))
        self.check(path, is_read=is_read)
        return path

    def there(self, word: str, *, is_read: bool = False) -> Path:
        """A path that an agent names of what must be there; as ``path``.

        Raises:
            InputError: It is not there, or leads out of the folders.
        """
        path = self.path(word, is_read=is_read)
        if not path.exists():
            raise InputError(f"There is no {path}.", "Name a file, or a job's folder, that is there.")
        return path

    def sound(self, word: str) -> Path:
        """A sound that an agent names: a file, absolute, or what is not there, to be looked up in a library.

        Raises:
            InputError: It leads out of the folders.
        """
        path = _without_home(word)
        for place in (self.folders[0] / path, path.absolute()):
            place = Path(os.path.normpath(place))
            if _is_there(place) or path.is_absolute() or ".." in path.parts:
                self.check(place, is_read=True)
                return place
        return path

    def check(self, path: Path, *, is_read: bool = False) -> None:
        """Refuse what leads out of the folders, links followed.

        Args:
            path: Absolute.
            is_read: Whether nothing is written there, or beside it.

        Raises:
            InputError: It does.
        """
        try:
            real = path.resolve()
            folders = (*self.folders, *self.readable) if is_read else self.folders
            is_inside = any(real.is_relative_to(folder.resolve()) for folder in folders)
        except (OSError, RuntimeError, ValueError) as error:
            raise InputError(f"{str(path)!r} is no path: {error}.", "Correct it.") from error
        if not is_inside:
            allowed = ", ".join(map(str, self.folders))
            raise InputError(
                f"{path} is outside the folders that agents may use: {allowed}.",
                "Choose a path in them, or have the user start avm-otio mcp with --root for that folder.",
            )

    def checked(self, request: Request) -> Request:
        """A request with its paths absolute, each checked.

        Raises:
            InputError: One leads out of the folders.
        """
        request = request.in_folder(self.folders[0])
        for row in rows().values():
            value: Any = getattr(request, row.name)
            if row.kind.is_path and value not in (None, row.not_given) and not isinstance(value, str):
                for path in value if row.kind.is_list else (value,):
                    self.check(path, is_read=row.name in _ONLY_READ)
        if request.ref_music:
            request = replace(request, ref_music=self._piece(request.ref_music, request.library))
        return request

    def _piece(self, word: str, library: Path | None) -> str:
        """The piece that music should be like: an address, a file by its whole path, or one of the library's.

        Whoever reads it later takes a relative path from elsewhere, and ``~`` for a home: neither is left.
        """
        if is_web_address(word):
            return word
        place = self.sound(word)
        for folder in (library, *self.readable):
            if folder is not None and not place.is_absolute() and _is_there(folder / place):
                place = folder / place
                self.check(place, is_read=True)
        return str(place)


def _without_home(word: str) -> Path:
    """A path as it is written: ``~`` stands for a home that no agent may name.

    Raises:
        InputError: It begins with it.
    """
    path = Path(word)
    if path.parts and path.parts[0].startswith("~"):
        raise InputError(f"{word!r} begins with ~, which is not taken for a home.", "Write the whole path.")
    return path


def _is_there(path: Path) -> bool:
    """Whether something is there; what is no path at all is not."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
