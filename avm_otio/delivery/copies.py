"""Media copied beside what is delivered: each once, whole or not at all, under names that differ."""

from __future__ import annotations

import filecmp
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from avm_otio.errors import MediaError
from avm_otio.files import free_name, make_folder, same_file, whole
from avm_otio.media.naming import safe_name
from avm_otio.report import Report
from avm_otio.timeline.model import Media

_BLOCK = 32 * 2**20
"""Bytes that are copied at a time: few calls, and progress that moves."""

_CLOCK_S = 2
"""How far the time of a copy may be off: FAT keeps even seconds."""


def copied(media: Iterable[Media], folder: Path, taken: set[str], report: Report) -> dict[Media, Media]:
    """Copy media into a folder, those that are there already left alone.

    Modification times are kept. Where the file system can share blocks, nothing is really copied (Linux).

    Args:
        media: What to copy; what is offline is left out.
        folder: Where to; made where it is needed.
        taken: Case-folded names that may not be used; the copies' are added.
        report: Receives progress, in bytes.

    Returns:
        Each as it is delivered.

    Raises:
        MediaError: One cannot be read.
        OutputError: The disk is full, or the folder may not be written.
    """
    online = [one for one in dict.fromkeys(media) if one.is_online and one.path]
    places: dict[tuple[Path, str, str], Path] = {}
    jobs: list[tuple[Path, Path]] = []
    delivered: dict[Media, Media] = {}
    for one in online:
        source = Path(one.path)
        key = _key(one, source)
        if key not in places:
            places[key], files = _planned(one, source, folder, taken)
            jobs += files
        delivered[one] = replace(one, path=str(places[key]))
    jobs = [(source, target) for source, target in jobs if not _is_there(source, target)]
    if jobs:
        total = sum(_size(source) for source, _ in jobs)
        done = 0
        with report.step("Copying media", total) as advance:
            for source, target in jobs:
                for count in _copy(source, target):
                    done += count
                    advance(done, total)
    return delivered


def _key(media: Media, source: Path) -> tuple[Path, str, str]:
    sequence = media.sequence
    return (source.resolve(), sequence.prefix, sequence.suffix) if sequence else (source.resolve(), "", "")


def _planned(
    media: Media, source: Path, folder: Path, taken: set[str]
) -> tuple[Path, list[tuple[Path, Path]]]:
    """Where a piece of media goes, and the files to copy for it."""
    if media.sequence is None:
        if source.absolute().parent == folder.absolute():
            taken.add(source.name.casefold())
            return source, []
        ending = source.suffix
        name = safe_name(source.name.removesuffix(ending), ending, "media")
        target = _free_for([source], lambda chosen: [folder / chosen], name, taken)
        return folder / target, [(source, folder / target)]
    images = sorted(_images(media, source))
    if not images:
        raise MediaError(f"{source} holds none of the images of {media.name}.", "Check the path.")
    name = safe_name(media.sequence.prefix.strip("._- ") or source.name, "", "images")
    chosen = _free_for(images, lambda one: [folder / one / image.name for image in images], name, taken)
    return folder / chosen, [(image, folder / chosen / image.name) for image in images]


def _images(media: Media, folder: Path) -> Iterator[Path]:
    sequence = media.sequence
    assert sequence is not None  # asked for by the caller
    try:
        for one in folder.iterdir():
            number = one.name.removeprefix(sequence.prefix).removesuffix(sequence.suffix).removeprefix("-")
            named = one.name.startswith(sequence.prefix) and one.name.endswith(sequence.suffix)
            if named and number.isdecimal() and one.is_file():
                yield one
    except OSError as error:
        raise _unreadable(folder, error) from error


def _free_for(sources: list[Path], targets: Callable[[str], list[Path]], name: str, taken: set[str]) -> str:
    """A name that is free, or under which the very same files lie already."""
    while True:
        chosen = free_name(name, taken)
        there = [one for one in zip(sources, targets(chosen), strict=True) if one[1].exists()]
        if all(_is_there(source, target) for source, target in there):
            return chosen


def _is_there(source: Path, target: Path) -> bool:
    """Whether a copy has been made before: the same size, and the same time or the same content."""
    try:
        one, other = source.stat(), target.stat()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _unreadable(source, error) from error
    if same_file(source, target):
        return True
    if one.st_size != other.st_size:
        return False
    return abs(one.st_mtime - other.st_mtime) <= _CLOCK_S or filecmp.cmp(source, target, shallow=False)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise _unreadable(path, error) from error


def _copy(source: Path, target: Path) -> Iterator[int]:
    """Copy a file, telling the bytes of each part."""
    try:
        reading = source.open("rb")
    except OSError as error:
        raise _unreadable(source, error) from error
    make_folder(target.parent)
    with reading, whole(target) as temporary:
        with temporary.open("wb") as writing:
            shared = hasattr(os, "copy_file_range")
            while True:
                if shared:
                    try:
                        count = os.copy_file_range(reading.fileno(), writing.fileno(), _BLOCK)
                    except OSError:
                        # Another file system, or none that can: read and write from where it stands.
                        shared = False
                        at = os.lseek(reading.fileno(), 0, os.SEEK_CUR)
                        reading.seek(at)
                        writing.seek(os.lseek(writing.fileno(), 0, os.SEEK_CUR))
                        continue
                else:
                    try:
                        block = reading.read(_BLOCK)
                    except OSError as error:
                        raise _unreadable(source, error) from error
                    count = writing.write(block)
                if not count:
                    break
                yield count
        shutil.copystat(source, temporary)


def _unreadable(path: Path, error: OSError) -> MediaError:
    if isinstance(error, FileNotFoundError):
        return MediaError(f"{path} is not there any more.", "Bring it back, or point --media-root at it.")
    return MediaError(
        f"{path} cannot be read: {error.strerror or error}.", "Replace the file, or change its permissions."
    )
