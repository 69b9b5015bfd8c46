"""What sounds may be used for, as far as a text beside them or their folders' names say it."""

from __future__ import annotations

from pathlib import Path

from avm_otio.engine.place import place_of
from avm_otio.engine.tags import licence_in

_NAMES = ("license", "licence", "copying", "copyright", "readme", "credits")
_MOST_BYTES = 8192


class Licences:
    """The licences of a library's folders, each looked up once.

    Args:
        folder: The library.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: dict[tuple[str, ...], str] = {}

    def of(self, path: str) -> str:
        """The licence of a sound by its own name, its folder's, or a text in the folder or one above it."""
        place = place_of(path)
        return licence_in(place.stem.replace("_", " ")) or self._of_folder(place.folders)

    def _of_folder(self, folders: tuple[str, ...]) -> str:
        if folders not in self._found:
            found = licence_in(folders[-1].replace("_", " ")) if folders else ""
            found = found or self._text_in("/".join(folders))
            self._found[folders] = found or (self._of_folder(folders[:-1]) if folders else "")
        return self._found[folders]

    def _text_in(self, folder: str) -> str:
        """The licence that a text in a folder names, the surest kind of text first."""
        try:
            here = {each.name.lower(): each for each in (self._folder / folder).iterdir() if each.is_file()}
        except OSError:
            return ""
        for start in _NAMES:
            for name in sorted(here):
                if name.startswith(start) and name.endswith((start, ".txt", ".md", ".rst")):
                    try:
                        with here[name].open("rb") as file:
                            text = file.read(_MOST_BYTES).decode("utf-8", "replace")
                    except OSError:
                        continue
                    if found := licence_in(text):
                        return found
        return ""
