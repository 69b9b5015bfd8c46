"""What sounds may be used for, as far as a text beside them or their folders' names say it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

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
        self._found: dict[str, str] = {}

    def of(self, path: str) -> str:
        """The licence of a sound by its own name, its folder's, or a text in the folder or one above it."""
        return licence_in(PurePosixPath(path).stem.replace("_", " ")) or self._of_folder(
            PurePosixPath(path).parent
        )

    def _of_folder(self, place: PurePosixPath) -> str:
        key = str(place)
        if key not in self._found:
            found = licence_in(place.name.replace("_", " ")) or self._text_in(place)
            is_top = key == "."
            self._found[key] = found or ("" if is_top else self._of_folder(place.parent))
        return self._found[key]

    def _text_in(self, place: PurePosixPath) -> str:
        """The licence that a text in a folder names, the surest kind of text first."""
        try:
            here = {each.name.lower(): each for each in (self._folder / place).iterdir() if each.is_file()}
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
