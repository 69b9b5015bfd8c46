"""Where the media that a timeline names really lies."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PureWindowsPath

from avm_otio.errors import MissingMediaError
from avm_otio.timeline.model import Media
from avm_otio.timeline.urls import is_web, paths_of


def locate(sources: Iterable[Media], *, folder: Path, roots: Sequence[Path]) -> dict[Media, Path]:
    """Find every piece of media, first where the timeline says, then by name under the roots.

    The path as written wins over its percent-decoded form; composed and decomposed accents are the same.
    Under the roots a name in the same case wins, then the file whose parent folders match best, then the
    earlier root, then the shorter path.

    Args:
        sources: What is needed.
        folder: The timeline's folder, from which relative URLs are meant.
        roots: Folders to search, with all that lies in them.

    Returns:
        The file of each source; the folder of an image sequence.

    Raises:
        MissingMediaError: Some are not to be found; it names each clip and the path looked for.
    """
    found, lost = look_for(sources, folder=folder, roots=roots)
    if lost:
        raise _missing(lost, folder)
    return found


def look_for(
    sources: Iterable[Media], *, folder: Path, roots: Sequence[Path]
) -> tuple[dict[Media, Path], list[Media]]:
    """The same as ``locate`` for whoever can do without some: what is found, and what is not."""
    found: dict[Media, Path] = {}
    missing: list[Media] = []
    for source in dict.fromkeys(sources):
        path = _where_written(source, folder)
        if path is None:
            missing.append(source)
        else:
            found[source] = path
    if missing and roots:
        under_roots = _Names(roots)
        for source in missing:
            path = under_roots.best(source)
            if path is not None:
                found[source] = path
    return found, [source for source in missing if source not in found]


def _where_written(source: Media, folder: Path) -> Path | None:
    if not source.url and source.sequence is None:
        return None
    for written in paths_of(source.url, folder) or (() if source.url else (folder,)):
        for path in _spellings(written):
            if _holds(path, source):
                return path
    return None


def _spellings(path: Path) -> Iterator[Path]:
    yield path
    for respelled in (_composed(str(path)), unicodedata.normalize("NFD", str(path))):
        if respelled != str(path):
            yield Path(respelled)


def _holds(path: Path, source: Media) -> bool:
    try:
        if source.sequence is None:
            return path.is_file()
        return (path / source.sequence.file_name(0)).is_file() or any(
            _image_name(source).fullmatch(entry.name) for entry in os.scandir(path)
        )
    except OSError:  # a path that the system cannot even ask for, or a folder that is not there
        return False


def _image_name(source: Media) -> re.Pattern[str]:
    assert source.sequence is not None
    return re.compile(f"{re.escape(source.sequence.prefix)}-?[0-9]+{re.escape(source.sequence.suffix)}")


class _Names:
    """Every file under some folders, by name."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._by_name: dict[str, list[tuple[int, Path]]] = defaultdict(list)
        for order, root in enumerate(roots):
            for folder, _, names in os.walk(root):
                for name in names:
                    self._by_name[_composed(name)].append((order, Path(folder, name)))
        self._by_folded: dict[str, list[tuple[int, Path]]] = defaultdict(list)
        for name, places in self._by_name.items():
            self._by_folded[name.casefold()] += places

    def best(self, source: Media) -> Path | None:
        """The likeliest file (the folder of a sequence), ``None`` where no name fits."""
        if source.sequence is not None:
            pattern = _image_name(source)
            places = self._by_name.get(_composed(source.sequence.file_name(0))) or [
                place for name, held in self._by_name.items() if pattern.fullmatch(name) for place in held
            ]
            return _closest([(order, path.parent) for order, path in places], source.url)
        for name in source.names:
            plain = _composed(name)
            places = self._by_name.get(plain) or self._by_folded.get(plain.casefold(), [])
            if places:
                return _closest(places, source.url)
        return None


def _closest(places: Sequence[tuple[int, Path]], url: str) -> Path | None:
    wanted = _folded_parts(url)[::-1]

    def rank(place: tuple[int, Path]) -> tuple[int, int, int, str]:
        order, path = place
        shared = 0
        for have, want in zip(_folded_parts(str(path))[::-1], wanted, strict=False):
            if have != want:
                break
            shared += 1
        return -shared, order, len(path.parts), str(path)

    return min(places, key=rank)[1] if places else None


def _folded_parts(path: str) -> list[str]:
    forms = paths_of(path, Path())
    written = str(forms[-1]) if forms else path
    return [_composed(part).casefold() for part in PureWindowsPath(written).parts]


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _missing(lost: Sequence[Media], folder: Path) -> MissingMediaError:
    each = "; ".join(f"clip {source.clip_name!r} ({_looked_for(source, folder)})" for source in lost)
    pieces = "1 piece of media" if len(lost) == 1 else f"{len(lost)} pieces of media"
    return MissingMediaError(
        f"{pieces} cannot be found: {each}.", "Name the folder that holds moved media with --media-root DIR."
    )


def _looked_for(source: Media, folder: Path) -> str:
    if is_web(source.url):
        return f"{source.url} is a web address: download it first"
    paths = paths_of(source.url, folder)
    if paths:
        path = paths[-1]
        return str(path / source.sequence.file_name(0) if source.sequence else path)
    return (
        f"no file is named, looked for {' or '.join(map(repr, source.names))}"
        if source.names
        else "no file is named"
    )
