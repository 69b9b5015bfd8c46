"""The folders in which an agent may read and write."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avm_otio.errors import InputError, UsageError
from avm_otio.request import Request, rows


@dataclass(frozen=True, slots=True)
class Roots:
    """Folders that an agent may name paths in.

    Attributes:
        folders: Absolute; from the first one relative paths are meant.
        named: What may be named wherever it lies: the configured library and folders of media.
    """

    folders: tuple[Path, ...]
    named: tuple[Path, ...] = ()

    @classmethod
    def of(cls, folders: Sequence[Path], named: Iterable[Path] = ()) -> Roots:
        """Take some folders; the working folder where none is given.

        Raises:
            UsageError: One is no folder.
        """
        found = tuple(Path(os.path.normpath(folder.absolute())) for folder in folders or (Path.cwd(),))
        for folder in found:
            if not folder.is_dir():
                raise UsageError(f"There is no folder {folder}.", "Name one that is there with --root.")
        return cls(found, tuple(named))

    def path(self, word: str) -> Path:
        """A path that an agent names, absolute.

        Raises:
            InputError: It leads out of the folders, links followed.
        """
        path = Path(os.path.normpath(self.folders[0] / word))
        self.check(path)
        return path

    def there(self, word: str) -> Path:
        """A path that an agent names of what must be there.

        Raises:
            InputError: It is not there, or leads out of the folders.
        """
        path = self.path(word)
        if not path.exists():
            raise InputError(f"There is no {path}.", "Name a file, or a job's folder, that is there.")
        return path

    def sound(self, word: str) -> Path:
        """A sound that an agent names: a file, absolute, or what is not there, to be looked up in a library.

        Raises:
            InputError: It leads out of the folders.
        """
        path = Path(word).expanduser()
        for place in (self.folders[0] / path, path.absolute()):
            place = Path(os.path.normpath(place))
            if place.exists() or path.is_absolute() or ".." in path.parts:
                self.check(place)
                return place
        return path

    def check(self, path: Path) -> None:
        """Refuse what leads out of the folders, links followed.

        Raises:
            InputError: It does.
        """
        try:
            real = path.resolve()
            is_inside = any(real.is_relative_to(folder.resolve()) for folder in self.folders)
        except (OSError, RuntimeError, ValueError) as error:
            raise InputError(f"{str(path)!r} is no path: {error}.", "Correct it.") from error
        if not is_inside and path not in self.named:
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
                    self.check(path)
        if request.ref_music and "://" not in request.ref_music:
            self.check(Path(os.path.normpath(self.folders[0] / request.ref_music)))
        return request
