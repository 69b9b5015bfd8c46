"""The jobs that have to do with a timeline: whose sounds it plays, that wrote it, or that lie beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, islice
from pathlib import Path

from avm_otio.errors import AvmError, InputError
from avm_otio.files import same_file, side_folder
from avm_otio.formats.reading import Opened
from avm_otio.jobs.folder import JOURNAL, MEDIA, read_journal
from avm_otio.timeline.urls import paths_of

_MOST_PLACES = 50
_MOST_JOBS = 200
"""So many jobs beside a timeline are looked at."""


def jobs_of(opened: Opened, jobs_dir: Path | None = None) -> Iterator[Path]:
    """The folders of jobs that may have laid a timeline's tracks: of sounds that it plays, then beside it.

    Args:
        opened: The timeline.
        jobs_dir: Where jobs lie as well.
    """
    seen: set[Path] = set()

    def fresh(path: Path) -> bool:
        is_fresh = path not in seen and (path / JOURNAL).is_file()
        seen.add(path)
        return is_fresh

    for media in opened.timeline.media():
        for path in paths_of(media.url, opened.folder):
            if path.parent.name == MEDIA and fresh(path.parent.parent):
                yield path.parent.parent
    for path in beside(opened, jobs_dir):
        if fresh(path) and laid(path, opened.path):
            yield path


def job_of(timeline: Path, jobs_dir: Path | None = None) -> Path:
    """The job that wrote a timeline, or that was made for it.

    Args:
        timeline: The timeline's file; it is read only where no job beside it says that it wrote it.
        jobs_dir: Where jobs lie as well.

    Raises:
        InputError: There is no such file, or no job of it is found.
    """
    if not timeline.exists():
        raise InputError(f"There is no {timeline}.", "Name a scored timeline, or a job's folder or key.")
    for path in (*_beside(timeline, jobs_dir), *_near(timeline)):
        if laid(path, timeline, reads=False):
            return path
    from avm_otio.formats import reading

    with suppress(AvmError):
        for path in jobs_of(reading.read(timeline), jobs_dir):
            with suppress(AvmError):
                if read_journal(path).answered is not None:
                    return path
    raise InputError(
        f"No job that wrote {timeline} is found.",
        "Name the job's folder, or where it lies with --jobs-dir; see avm-otio jobs list.",
    )


def beside(opened: Opened, jobs_dir: Path | None = None) -> Iterator[Path]:
    """The folders of jobs beside a timeline, whatever they are of."""
    return _beside(opened.path, jobs_dir)


def around(opened: Opened, jobs_dir: Path | None = None) -> Iterator[Path]:
    """The folders of jobs beside a timeline, in the folders around it, and where its media lie."""
    places = {path.parent for media in opened.timeline.media() for path in paths_of(media.url, opened.folder)}
    folders = dict.fromkeys(each for place in sorted(places)[:_MOST_PLACES] for each in (place, place.parent))
    by_media = (file.parent for folder in folders for file in _journals(folder))
    found = chain(_beside(opened.path, jobs_dir), _near(opened.path), by_media)
    yield from islice(dict.fromkeys(path for path in found), _MOST_JOBS)


def _near(timeline: Path) -> Iterator[Path]:
    """The folders of jobs in the folders around a timeline: it need not lie beside what it was made from."""
    here = timeline.absolute().parent
    below = (each for folder in (here, here.parent) for each in _folders(folder))
    files = (file for folder in chain([here.parent], below) for file in _journals(folder))
    yield from (file.parent for file in islice(files, _MOST_JOBS))


def _folders(folder: Path) -> Iterator[Path]:
    with suppress(OSError):  # others may take away what lies around a timeline
        yield from (each for each in folder.iterdir() if each.is_dir())


def _journals(folder: Path) -> Iterator[Path]:
    """The journals of the jobs beside a timeline in a folder; what goes meanwhile is not there."""
    with suppress(OSError):
        yield from folder.glob(f"*.avm/*/{JOURNAL}")


def _beside(timeline: Path, jobs_dir: Path | None) -> Iterator[Path]:
    folders = [jobs_dir] if jobs_dir is not None else []
    folders += [side_folder(timeline), *sorted(timeline.absolute().parent.glob("*.avm"))]
    found: dict[Path, None] = {}
    for folder in folders:
        for file in sorted(folder.glob(f"*/{JOURNAL}")):
            found[file.parent] = None
            if len(found) >= _MOST_JOBS:
                break
    yield from found


def laid(job: Path, timeline: Path, *, reads: bool = True) -> bool:
    """Whether a job wrote a timeline, or, with ``reads``, read it."""
    with suppress(InputError):
        journal = read_journal(job)
        named = [*journal.outputs, *([journal.order.get("timeline", "")] if reads else [])]
        return any(same_file(job / name, timeline) for name in named if name)
    return False
