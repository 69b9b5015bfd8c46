"""What may be done with sounds, as far as their tags, texts beside them or their folders' names state it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from avm_otio.errors import MediaError
from avm_otio.files import read_plain
from avm_otio.mix.clearance import Stated, licence_in
from avm_otio.tags import NO_TAGS, Tags, tags_of

_KINDS_OF_TEXTS = ("license", "licence", "copying", "copyright", "readme", "credits")
"""How texts begin that speak of a whole folder, the surest first."""

_ENDINGS = ("", ".txt", ".md", ".rst")
_OF_ONE = (".license", ".licence", ".license.txt", ".licence.txt", ".txt")
"""What follows a sound's name, with or without its ending, in the name of a text about it; REUSE's first."""

_MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Folder:
    """What a folder has to say.

    Attributes:
        names: Names of its texts about single sounds, by what they are about.
        stated: The licence that its own name or its texts name, and where; or that of the folder above it.
    """

    names: Mapping[str, str]
    stated: Stated


@dataclass(slots=True)
class Licences:
    """The licences of a library, each folder looked up once.

    Attributes:
        folder: The library.
    """

    folder: Path
    _found: dict[str, _Folder] = field(default_factory=dict)

    def of(self, path: str, tags: Tags) -> Stated:
        """What is stated of a sound, the surest first.

        A licence that its tags name; what its licence tag says else; a text named after it; its own name; its
        folder's name or a text in it, and those of the folders above it; the words of its copyright.

        Args:
            path: Its path within the library, with slashes.
            tags: What it says of itself.
        """
        if found := _in_tags(tags):
            return found
        within, _, name = path.rpartition("/")
        stem = name.rpartition(".")[0] or name
        folder = self._folder(within)
        for about in (name, stem):
            if about in folder.names and (text := _text(self.folder / within / folder.names[about])):
                first = next((line.strip() for line in text.splitlines() if line.strip()), "")
                return Stated(licence_in(text) or first, folder.names[about], tags.artist)
        if named := licence_in(stem.replace("_", " ")):
            return Stated(named, "its name", tags.artist)
        if folder.stated.licence:
            return Stated(folder.stated.licence, folder.stated.place, tags.artist)
        return _copyright(tags)

    def stated(self, file: Path) -> Stated:
        """What is stated of a file of the library, as its tags are now."""
        return self.of(file.relative_to(self.folder).as_posix(), _tags(file))

    def _folder(self, within: str) -> _Folder:
        found = self._found.get(within)
        if found is None:
            found = self._found[within] = self._looked_up(within)
        return found

    def _looked_up(self, within: str) -> _Folder:
        above, _, name = within.rpartition("/")
        try:
            here = sorted(each.name for each in (self.folder / within).iterdir())
        except OSError:
            here = []
        names: dict[str, str] = {}
        for end in reversed(_OF_ONE):
            names |= {each[: -len(end)]: each for each in here if each.lower().endswith(end)}
        if named := licence_in(name.replace("_", " ")):
            return _Folder(names, Stated(named, f"the folder {name}"))
        for start in _KINDS_OF_TEXTS:
            for each in here:
                if each.lower().startswith(start) and Path(each).suffix.lower() in _ENDINGS:
                    path = self.folder / within / each
                    if named := licence_in(_text(path)):
                        return _Folder(names, Stated(named, path.relative_to(self.folder).as_posix()))
        return _Folder(names, self._folder(above).stated if within else Stated())


def stated_alone(file: Path) -> Stated:
    """What a file itself states, which lies in no library."""
    tags = _tags(file)
    return _in_tags(tags) or _copyright(tags)


def _in_tags(tags: Tags) -> Stated | None:
    for kind, text in (
        ("licence", tags.licence),
        ("copyright", tags.copyright),
        ("description", tags.description),
    ):
        if text and (named := licence_in(text)):
            return Stated(named, f"tag “{kind}”", tags.artist)
    return Stated(tags.licence, "tag “licence”", tags.artist) if tags.licence else None


def _copyright(tags: Tags) -> Stated:
    place = "tag “copyright”" if tags.copyright else ""
    return Stated(tags.copyright, place, tags.artist)


def _tags(file: Path) -> Tags:
    with suppress(MediaError):
        return tags_of(file)
    return NO_TAGS


def _text(path: Path) -> str:
    with suppress(OSError):
        return read_plain(path, most_bytes=_MOST_BYTES).decode("utf-8", "replace")
    return ""
