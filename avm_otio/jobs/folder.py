"""One job is one folder, ``<timeline>.avm/<name>-<key>/`` beside the timeline; ``docs/job-folder.md``.

::

    job.json         the journal: all that has happened
    request.json     what the service was asked
    timeline.otio    the timeline as it was given
    film.mp4         the exported film (absent where the clip's own file was sent)
    result.json      the service result as received
    film.json        the Film as the service described it
    media/           the items that were downloaded
    scored.otio      the scored timeline with all that an editor's format cannot say
    log.jsonl        what was told, line by line
    lock             held by the run that is at work here; the system frees it when that run dies
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avm_otio import __version__
from avm_otio.errors import AvmError, InputError, OutputError
from avm_otio.files import make_folder, unwritable, whole, write_text

if TYPE_CHECKING:
    from avm_otio.jobs.journal import Journal

JOURNAL = "job.json"
VERSION = 1
"""Of the journal's form; grows when an older program would misread one."""
REQUEST = "request.json"
FILM = "film.mp4"
RESULT = "result.json"
FILM_SAID = "film.json"
SCORED = "scored.otio"
MEDIA = "media"
LOG = "log.jsonl"

_LARGEST_COPY_BYTES = 64 * 1024**2
"""Up to this size the timeline as given is kept; a larger one is a bundle with its media."""

_LOOK_EVERY_S = 0.25

_ELSEWHERE = "Choose another place for jobs with --jobs-dir DIR."


class Job:
    """A job's folder, held by this run. Made by ``hold``.

    Attributes:
        path: The folder.
        journal: What has happened; always as it is on disk.
    """

    def __init__(self, path: Path, journal: Journal) -> None:
        self.path = path
        self.journal = journal

    @property
    def media(self) -> Path:
        """Where downloaded items go."""
        return self.path / MEDIA

    @property
    def film(self) -> Path | None:
        """The film that was made; ``None`` where it is not there, or not as it was."""
        made = self.journal.film
        if made is None:
            return None
        path = self.path / made.path
        return path if stamp(path)[0] == made.size_bytes else None

    def record(self, **changes: Any) -> None:
        """Write down what has happened; it is on disk when this returns.

        Raises:
            OutputError: It cannot be written: then nothing has changed, and nothing further may be done.
        """
        journal = self.journal.but(**changes, changed=now(), program=__version__)
        self.save(JOURNAL, journal.model_dump(mode="json"))
        self.journal = journal

    def save(self, name: str, document: Any) -> None:
        """Write one JSON document of the job, whole or not at all.

        Raises:
            OutputError: It cannot be written.
        """
        write_json(self.path / name, document)

    def load(self, name: str) -> Any:
        """Read one JSON document of the job.

        Raises:
            InputError: It is not there, or no JSON.
        """
        return read_json(self.path / name)

    def keep_timeline(self, timeline: Path) -> None:
        """Keep the timeline as it was given, unless it is a bundle with its media.

        Raises:
            OutputError: It cannot be written.
        """
        if timeline.is_file() and timeline.stat().st_size <= _LARGEST_COPY_BYTES:
            with whole(self.path / f"timeline{timeline.suffix}") as temporary:
                shutil.copyfile(timeline, temporary)

    def seen_from_here(self, path: Path) -> str:
        """A path as the journal names it."""
        return seen_from(self.path, path)


@contextmanager
def hold(
    path: Path, begin: Callable[[], Journal] | None = None, on_wait: Callable[[], None] = lambda: None
) -> Iterator[Job]:
    """Hold a job's folder: no other run works on it meanwhile, here or on a shared disk that has locks.

    The lock is the system's: it is free again when its holder dies, however it dies. The error that ends the
    run is written into the journal.

    Args:
        path: The folder.
        begin: The journal of a job that is not there yet; without it, the job has to be there.
        on_wait: Told at each look while another run holds it; what it raises ends the wait.

    Raises:
        InputError: It is no job's folder.
        OutputError: It cannot be written.
    """
    if begin is None:
        read_journal(path)
    with locked(path, on_wait):
        make_folder(path / "media")
        if (path / JOURNAL).exists() or begin is None:
            job = Job(path, read_journal(path))
        else:
            job = Job(path, begin())
            job.record()
        try:
            yield job
        except AvmError as error:
            with suppress(OutputError):  # a full disk is told already
                job.record(error=error.as_dict() | {"time": now()})
            raise


@contextmanager
def locked(folder: Path, on_wait: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold a folder's ``lock``, which the system frees when its holder dies, however it dies.

    Args:
        folder: The folder; made where it is not there.
        on_wait: Told at each look while another run holds it; what it raises ends the wait.

    Raises:
        OutputError: The folder cannot be made or written, or its disk has no locks.
    """
    import filelock

    path = folder / "lock"
    lock = filelock.FileLock(path, thread_local=False, fallback_to_soft=False)
    try:
        make_folder(folder)
        while not lock.is_locked:
            try:
                lock.acquire(timeout=0)
            except filelock.Timeout:
                on_wait()
                time.sleep(_LOOK_EVERY_S)
    except OutputError as error:
        raise OutputError(error.what, _ELSEWHERE) from error
    except OSError as error:
        if error.errno in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):
            told = f"The disk of {folder} has no locks, so two runs could pay for one job."
            raise OutputError(told, _ELSEWHERE) from error
        raise unwritable(path, error) from error
    try:
        yield
    finally:
        lock.release()


def read_journal(path: Path) -> Journal:
    """The journal of a job's folder; no lock is needed, since it is replaced whole.

    Raises:
        InputError: There is none, or it cannot be read.
    """
    from avm_otio.jobs.journal import Journal

    file = path / JOURNAL
    if not file.is_file():
        raise InputError(f"{path} is no job's folder.", "See avm-otio jobs list.")
    return Journal.parse(read_json(file), str(file))


def folder_of(jobs_folder: Path, name: str, key: str) -> Path:
    """The folder of a job: the one that carries its key, whatever else it is called, or a new name."""
    if jobs_folder.is_dir():
        for folder in jobs_folder.glob(f"*-{key}"):
            return folder
    return jobs_folder / f"{readable(name)}-{key}"


def write_json(path: Path, document: Any) -> None:
    """Write a JSON file for programs and people, whole or not at all.

    Raises:
        OutputError: It cannot be written.
    """
    write_text(path, json.dumps(document, ensure_ascii=False, indent=1, default=str) + "\n")


def read_json(path: Path) -> Any:
    """A JSON file.

    Raises:
        InputError: It cannot be read, or is no JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.", "Check it.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no JSON, or cut off.", "Restore it, or move its folder away.") from error


def is_media_of_a_job(folder: Path) -> bool:
    """Whether a folder is where a job keeps what it has brought."""
    if folder.name == MEDIA:
        with suppress(InputError, OSError):
            return bool(read_journal(folder.parent))
    return False


def seen_from(job: Path, path: Path) -> str:
    """A path as the journal of a job's folder names it."""
    try:
        return Path(os.path.relpath(path.absolute(), job.absolute())).as_posix()
    except ValueError:  # another drive
        return str(path.absolute())


def stamp(path: Path) -> tuple[int, int]:
    """Size in bytes and time of the last writing in nanoseconds; -1 each where there is no file."""
    try:
        found = path.stat()
    except OSError:
        return -1, -1
    return found.st_size, found.st_mtime_ns


def now() -> str:
    """This moment, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def readable(name: str) -> str:
    """A name as part of a file name, on any system."""
    safe = re.sub(r"[^\w.-]+", "-", name).strip("-._")
    return safe.encode()[:60].decode("utf-8", "ignore") or "timeline"
