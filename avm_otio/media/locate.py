"""Where the media that a timeline names really lies."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

from avm_otio.errors import MediaError, MissingMediaError
from avm_otio.strangers import admitted, is_strangers
from avm_otio.timeline.model import Media
from avm_otio.timeline.urls import is_web, paths_of

if TYPE_CHECKING:
    from avm_otio.media.probe import MediaInfo

Span = tuple[Fraction, Fraction]
"""The earliest and the latest media time that is used."""

_CUT_AT = (8, 32)
"""Letters at which lists cut a reel: CMX3600 itself, and Avid's File_32."""

_SHORTEST_NAME = 3
"""``AX`` and the like name no file."""

_MOST_NAMED = 4


def found_all(search: Search, folder: Path) -> dict[Media, Path]:
    """The file of each source of a search.

    Raises:
        MissingMediaError: Some are not to be found; it names each clip and the path looked for.
    """
    if search.missing:
        raise _missing(search.missing, folder, search.reasons)
    return search.found


def look_for(
    sources: Iterable[Media], *, folder: Path, roots: Sequence[Path]
) -> tuple[dict[Media, Path], list[Media]]:
    """The same as ``search_for`` without its notes: what is found, and what is not."""
    search = search_for(sources, folder=folder, roots=roots)
    return search.found, search.missing


@dataclass(slots=True)
class Search:
    """What came of looking for media.

    Attributes:
        found: The file of each source that was found.
        missing: What was not found.
        notes: Choices that were made, and files that do not fit what the timeline states, one line each.
        reasons: Why files of the right name were not taken.
    """

    found: dict[Media, Path] = field(default_factory=dict)
    missing: list[Media] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    reasons: dict[Media, str] = field(default_factory=dict)

    def refuse_choices(self) -> None:
        """Raise where anything was chosen that is not sure.

        Raises:
            MediaError: Several files could be one piece of media, or the one that was found does not fit it.
        """
        if self.notes:
            first, *more = self.notes
            others = f" And {len(more)} more." if more else ""
            raise MediaError(f"{first}{others}", "Or leave out --strict to go on with what was found.")


def search_for(
    sources: Iterable[Media],
    *,
    folder: Path,
    roots: Sequence[Path],
    spans: Mapping[Media, Span] | None = None,
) -> Search:
    """Look for media, first where the timeline says, then by name under the roots.

    The path as written wins over its percent-decoded form; composed and decomposed accents are the same.
    Under the roots a name in the same case wins, then the file whose parent folders match best, then the
    earlier root, then the shorter path.

    Of several files of one name the one is taken whose length, timecode, rate and channels fit; where several
    do, the likeliest, with a note. A name without a suffix, or a reel that was cut short, finds a file where
    only one fits.

    Args:
        sources: What is needed.
        folder: The timeline's folder.
        roots: Folders to search.
        spans: What is used of each source, where known.
    """
    search = Search()
    lost: list[Media] = []
    for source in dict.fromkeys(sources):
        path = _where_written(source, folder)
        if path is None:
            lost.append(source)
        else:
            search.found[source] = path
    under_roots = _Names(roots, folder) if lost and roots else None
    for source in lost:
        path = under_roots.best(source, (spans or {}).get(source), search) if under_roots else None
        if path is None:
            search.missing.append(source)
        else:
            search.found[source] = path
    return search


def _where_written(source: Media, folder: Path) -> Path | None:
    if not source.url and source.sequence is None:
        return None
    for written in paths_of(source.url, folder) or (() if source.url else (folder,)):
        for path in _spellings(written):
            found = _admitted(path, source, folder)
            if found is not None and _holds(found, source):
                return found
    return None


def _admitted(path: Path, source: Media, folder: Path) -> Path | None:
    """What to open for a path, where the timeline may name it."""
    if source.sequence is None:
        return admitted(path, folder)
    pattern = _image_name(source)
    return admitted(path, folder, lambda name: pattern.fullmatch(name) is not None)


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

    def __init__(self, roots: Sequence[Path], folder: Path) -> None:
        self._folder = folder
        self._infos: dict[Path, MediaInfo | None] = {}
        self._by_name: dict[str, list[tuple[int, Path]]] = defaultdict(list)
        for order, root in enumerate(roots):
            for inside, _, names in os.walk(root):
                for name in names:
                    self._by_name[_composed(name)].append((order, Path(inside, name)))
        self._by_folded: dict[str, list[tuple[int, Path]]] = defaultdict(list)
        for name, places in self._by_name.items():
            self._by_folded[name.casefold()] += places

    def best(self, source: Media, span: Span | None, search: Search) -> Path | None:
        """The likeliest file (the folder of a sequence), ``None`` where none fits."""
        best = self._best(source, span, search)
        return None if best is None else _admitted(best, source, self._folder)

    def _best(self, source: Media, span: Span | None, search: Search) -> Path | None:
        if source.sequence is not None:
            pattern = _image_name(source)
            places = self._by_name.get(_composed(source.sequence.file_name(0))) or [
                place for name, held in self._by_name.items() if pattern.fullmatch(name) for place in held
            ]
            folders = list(dict.fromkeys((order, path.parent) for order, path in places))
            chosen = _closest(folders, source.url)
            if chosen is not None and _is_tied(chosen, folders, source.url):
                search.notes.append(_choice(source, chosen, [path for _, path in folders]))
            return chosen
        for name in source.names:
            plain = _composed(name)
            places = self._by_name.get(plain) or self._by_folded.get(plain.casefold(), [])
            if places:
                return self._chosen(source, places, span, search)
        for name in source.names:
            places = self._without_suffix(_composed(name).casefold())
            fitting = [
                place
                for place in _distinct(places)
                if self._info(place[1]) is not None and not self._misfits(source, place[1], span)
            ]
            if len(fitting) == 1:
                return fitting[0][1]
            if places:
                listed = ", ".join(str(path) for _, path in (fitting or places)[:_MOST_NAMED])
                search.reasons[source] = f"{'several files fit' if fitting else 'no file fits'}: {listed}"
                return None
        return None

    def _without_suffix(self, name: str) -> list[tuple[int, Path]]:
        """Files of a name that is written without its suffix, or of one that a list cut short."""
        if len(name) < _SHORTEST_NAME:
            return []
        whole = [
            place for held, places in self._by_folded.items() if Path(held).stem == name for place in places
        ]
        if whole or len(name) not in _CUT_AT:
            return whole
        return [
            place for held, places in self._by_folded.items() if held.startswith(name) for place in places
        ]

    def _chosen(
        self, source: Media, places: list[tuple[int, Path]], span: Span | None, search: Search
    ) -> Path | None:
        """Of files of one name the one that fits."""
        places = _distinct(places)
        against = {path: self._misfits(source, path, span) for _, path in places}
        if len(places) == 1:
            path = places[0][1]
            if against[path]:
                search.notes.append(
                    f"{path} was found by name for “{source.clip_name or source.name}”, but it "
                    f"{' and '.join(against[path])}: check that it is the right file."
                )
            return path
        fitting = [place for place in places if not against[place[1]]]
        if not fitting:
            each = "; ".join(
                f"{path} {' and '.join(why)}" for path, why in list(against.items())[:_MOST_NAMED]
            )
            search.reasons[source] = f"{len(places)} files have its name, none fits: {each}"
            return None
        like = {path: self._likeness(source, path) for _, path in fitting}
        most = max(like.values())
        fitting = [place for place in fitting if like[place[1]] == most]
        chosen = _closest(fitting, source.url)
        assert chosen is not None
        if _is_tied(chosen, fitting, source.url):
            search.notes.append(_choice(source, chosen, [path for _, path in fitting]))
        return chosen

    def _info(self, path: Path) -> MediaInfo | None:
        from avm_otio.media.probe import probe

        if path not in self._infos:
            held = admitted(path, self._folder)
            try:
                self._infos[path] = None if held is None else probe(held)
            except MediaError:
                self._infos[path] = None
        return self._infos[path]

    def _misfits(self, source: Media, path: Path, span: Span | None) -> tuple[str, ...]:
        from avm_otio.media.facts import misfits

        info = self._info(path)
        return () if info is None else misfits(source, info, span)

    def _likeness(self, source: Media, path: Path) -> int:
        from avm_otio.media.facts import likeness

        info = self._info(path)
        return 0 if info is None else likeness(source, info)


def _distinct(places: Sequence[tuple[int, Path]]) -> list[tuple[int, Path]]:
    """Each file once, though several roots hold it."""
    found: dict[Path, tuple[int, Path]] = {}
    for order, path in places:
        found.setdefault(path.resolve(), (order, path))
    return list(found.values())


def _is_tied(chosen: Path, places: Sequence[tuple[int, Path]], url: str) -> bool:
    """Whether nothing but the order of folders decided."""
    shared = _shared(chosen, url)
    return any(path != chosen and _shared(path, url) == shared for _, path in places)


def _choice(source: Media, chosen: Path, paths: Sequence[Path]) -> str:
    others = [str(path) for path in paths if path != chosen][:_MOST_NAMED]
    name = source.clip_name or source.name
    return (
        f"{len(paths)} files fit “{name}”: {chosen} is taken, not {', '.join(others)}. "
        "Name a narrower --media-root if it is the wrong one."
    )


def _closest(places: Sequence[tuple[int, Path]], url: str) -> Path | None:
    def rank(place: tuple[int, Path]) -> tuple[int, int, int, str]:
        order, path = place
        return -_shared(path, url), order, len(path.parts), str(path)

    return min(places, key=rank)[1] if places else None


def _shared(path: Path, url: str) -> int:
    """How many names of a path, from its end, are those of the path that is written."""
    shared = 0
    for have, want in zip(_folded_parts(str(path))[::-1], _folded_parts(url)[::-1], strict=False):
        if have != want:
            break
        shared += 1
    return shared


def _folded_parts(path: str) -> list[str]:
    forms = paths_of(path, Path())
    written = str(forms[-1]) if forms else path
    return [_composed(part).casefold() for part in PureWindowsPath(written).parts]


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _missing(lost: Sequence[Media], folder: Path, reasons: Mapping[Media, str]) -> MissingMediaError:
    each = [
        f"clip {source.clip_name!r} ({reasons.get(source) or _looked_for(source, folder)})" for source in lost
    ]
    pieces = "1 piece of media" if len(lost) == 1 else f"{len(lost)} pieces of media"
    more = f"; and {len(each) - _MOST_NAMED} more" if len(each) > _MOST_NAMED else ""
    return MissingMediaError(
        f"{pieces} cannot be found: {'; '.join(each[:_MOST_NAMED])}{more}.",
        "Name the folder that holds moved media with --media-root DIR."
        + (" All are listed with --json." if more else ""),
        each,
    )


def _looked_for(source: Media, folder: Path) -> str:
    if is_web(source.url):
        return f"{source.url} is a web address: download it first"
    paths = paths_of(source.url, folder)
    if paths:
        path = paths[-1]
        if is_strangers(folder):
            return f"{path} is not in the request's own folder, nor below a media root of the watcher"
        return str(path / source.sequence.file_name(0) if source.sequence else path)
    return (
        f"no file is named, looked for {' or '.join(map(repr, source.names))}"
        if source.names
        else "no file is named"
    )
