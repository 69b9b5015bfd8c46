"""The jobs that have to do with a timeline: whose sounds it plays, that wrote it, or that lie beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from avm_otio.errors import InputError
from avm_otio.files import same_file
from avm_otio.formats.reading import Opened
from avm_otio.jobs.folder import JOURNAL, MEDIA, read_journal
from avm_otio.timeline.urls import paths_of

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


def beside(opened: Opened, jobs_dir: Path | None = None) -> Iterator[Path]:
    """The folders of jobs beside a timeline, whatever they are of."""
    folders = [jobs_dir] if jobs_dir is not None else []
    folders += [opened.side_folder, *sorted(opened.path.absolute().parent.glob("*.avm"))]
    found: dict[Path, None] = {}
    for folder in folders:
        for file in sorted(folder.glob(f"*/{JOURNAL}")):
            found[file.parent] = None
            if len(found) >= _MOST_JOBS:
                break
    yield from found


def laid(job: Path, timeline: Path) -> bool:
    """Whether a job read or wrote a timeline."""
    with suppress(InputError):
        journal = read_journal(job)
        named = [*journal.outputs, journal.order.get("timeline", "")]
        return any(same_file(job / name, timeline) for name in named if name)
    return False
