"""The files of items: downloaded into a job, or found in a folder; each measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from pathlib import Path

from avm_otio.core.cues import Item
from avm_otio.core.errors import DownloadError, MediaError, SelectionError
from avm_otio.core.placement import Sound
from avm_otio.core.report import Report
from avm_otio.core.results import sound_as_served

Naming = Callable[[Path], str]
"""The ``target_url`` by which a timeline names a path."""


def download(
    items: Iterable[Item],
    folder: Path,
    naming: Naming,
    *,
    service_url: str,
    report: Report,
    spare: Iterable[Item] = (),
) -> Callable[[Item], Sound]:
    """Fetch items, each once.

    Args:
        items: What to fetch.
        folder: Where the files go, under safe names that begin with the item's id.
        naming: How the timeline names them.
        service_url: The service that offers them.
        report: Who is told of progress.
        spare: Alternatives to fetch, too; one that cannot be had is told of and left out.

    Returns:
        The media of each item; it raises ``LookupError`` for one that was left out.

    Raises:
        DownloadError: An item could not be had whole.
        MediaError: What came is no sound.
        OutputError: The disk is full, or the folder cannot be written.
    """
    from avm_otio.media.fetch import fetch
    from avm_otio.media.naming import safe_stem

    chosen = {_key(item): item for item in items}
    wanted = {_key(item): item for item in spare} | chosen
    sounds: dict[tuple[int, str], Sound] = {}
    with report.step("Downloading", len(wanted)) as advance:
        for number, (key, item) in enumerate(wanted.items(), 1):
            stem = safe_stem(item.id, item.title)
            try:
                path = fetch(item.url or "", folder, stem, service_url=service_url)
                sounds[key] = _measured(path, naming)
            except (DownloadError, MediaError) as error:
                if key in chosen:
                    raise
                report.warn(f"Alternative left out: {error}")
            else:
                report.event("item_downloaded", id=item.id, path=str(path))
            advance(number, len(wanted))
    return lambda item: sounds[_key(item)]


def found_in(folder: Path | None, naming: Naming) -> Callable[[Item], Sound]:
    """The media of items by the files of a folder, ``<id>.*`` or by title; as the service says, where none.

    Args:
        folder: The folder; ``None`` for none.
        naming: How the timeline names a file.

    Raises:
        SelectionError: There is no such folder.
    """
    if folder is None:
        return sound_as_served
    if not folder.is_dir():
        raise SelectionError(f"There is no folder {folder}.", "Give the folder that holds the items.")
    files = sorted((path for path in folder.iterdir() if path.is_file()), reverse=True)
    by_stem = {path.stem: path for path in files if not path.name.startswith(".")}
    sounds: dict[tuple[int, str], Sound] = {}

    def sound_of(item: Item) -> Sound:
        if _key(item) not in sounds:
            path = _file_of(item, by_stem)
            sounds[_key(item)] = sound_as_served(item) if path is None else _measured(path, naming)
        return sounds[_key(item)]

    return sound_of


def _key(item: Item) -> tuple[int, str]:
    return item.id, item.url or ""


def _file_of(item: Item, by_stem: Mapping[str, Path]) -> Path | None:
    from avm_otio.media.naming import safe_stem

    stems = (str(item.id), safe_stem(item.id, item.title), item.title)
    return next((by_stem[stem] for stem in stems if stem in by_stem), None)


def _measured(path: Path, naming: Naming) -> Sound:
    from avm_otio.media.probe import sound_length

    facts = sound_length(path)
    length = Fraction(facts.samples, facts.sample_rate_hz)
    return Sound(naming(path), length, facts.samples, facts.sample_rate_hz, facts.channels)
