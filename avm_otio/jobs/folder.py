"""One job is one folder, ``<timeline>.avm/<name>-<key>/`` beside the timeline; ``docs/job-folder.md``.

::

    job.json         the journal: everything that has happened
    request.json     what the service was asked
    timeline.otio    the timeline as it was given
    film.mp4         the exported film (absent where the clip's own file was sent)
    result.json      the service result as received
    film.json        the Film as the service described it
    *.received       what the service answered, byte for byte
    media/           the downloaded items
    scored.otio      the scored timeline with everything that the editor's format cannot express
    choices.json     what a person chose, with choices.lock
    log.jsonl        events and warnings, one per line
    lock             held by the run that works here; the system frees it when that run dies
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avm_otio import __version__
from avm_otio.config.tokens import hidden
from avm_otio.errors import AvmError, InputError, OutputError
from avm_otio.files import make_folder, read_plain, remove_orphans, unwritable, whole, write_text
from avm_otio.report import Advance, Report

if TYPE_CHECKING:
    from avm_otio.jobs.journal import Journal

JOURNAL = "job.json"
FORMAT = "avm-otio job"
VERSION = 2
"""Version of the journal's form, raised when an older program would misread a journal.

1 called the ``digest`` of an output ``told``; it is still read.
"""
REQUEST = "request.json"
FILM = "film.mp4"
SMALL_FILM = "small"
"""The quality of a film that the engine on this machine alone looks at: nobody is shown it."""

RESULT = "result.json"
SERVICE_FILM = "film.json"
CALL = "call"
ANSWERS = (CALL, RESULT, SERVICE_FILM)
"""What is kept as it was received, too; see ``received_name``."""
RECEIVED = ".received"
"""Suffix of an answer as it came."""
SCORED = "scored.otio"
CHOICES = "choices.json"
"""What a person chose; see ``jobs.choices``."""
BY_HAND = "written"
"""What was written at the outputs, to tell by what somebody changed in them since; see ``jobs.by_hand``."""
HEARD = "heard"
"""What was heard in the film and in the items, to be heard once."""
MEDIA = "media"
RESTORE = "Restore it from a backup. With its folder moved away, what was paid for is paid for again."
LOG = "log.jsonl"

_LARGEST_COPY_BYTES = 64 * 1024**2
"""A timeline file up to this size is copied into the job; a larger one is a bundle with its media."""

_LARGEST_JSON_BYTES = 512 * 1024**2
"""A journal or an answer; what is larger is none."""

_LOOK_EVERY_S = 0.25

_ELSEWHERE = "Choose another place for jobs with --jobs-dir DIR."

_NOT_LOGGED = ("waiting", "item_downloaded")
"""Events that mean nothing once the job is over, or that the journal records anyway."""


class Job:
    """A job's folder, held by this run. Made by ``hold``.

    Attributes:
        path: The folder.
        journal: What has happened; always the same as on disk.
    """

    def __init__(self, path: Path, journal: Journal) -> None:
        self.path = path
        self.journal = journal
        self._received: dict[str, bytes] = {}

    @property
    def media(self) -> Path:
        """Folder for downloaded items."""
        return self.path / MEDIA

    @property
    def film(self) -> Path | None:
        """The exported film; ``None`` if it is missing or was changed."""
        made = self.journal.film
        if made is None:
            return None
        path = self.path / made.path
        return path if stamp(path)[0] == made.size_bytes else None

    def record(self, **changes: Any) -> None:
        """Change the journal; the change is on disk when this returns.

        Raises:
            OutputError: It cannot be written. The journal is then unchanged, and the run must not go on.
        """
        journal = self.journal.but(**changes, changed=now(), program=__version__)
        self.save(JOURNAL, {"format": FORMAT, "version": VERSION, **journal.model_dump(mode="json")})
        self.journal = journal

    def save(self, name: str, document: Any) -> None:
        """Write one JSON document of the job, whole or not at all.

        Raises:
            OutputError: It cannot be written.
        """
        write_json(self.path / name, document)

    def keep_received(self, name: str, body: bytes) -> None:
        """Write down what a service answered, before anything of it is read.

        Args:
            name: What the answer becomes, such as ``RESULT``; ``CALL`` is that to the paid call.
            body: The answer as it came, but for the token.

        Raises:
            OutputError: It cannot be written.
        """
        path = self.path / received_name(name)
        if self._received.get(name) != body:
            with whole(path) as temporary:
                temporary.write_bytes(body)
            self._received[name] = body

    def load(self, name: str) -> Any:
        """Read one JSON document of the job.

        Raises:
            InputError: It is missing, or not JSON.
        """
        return read_json(self.path / name)

    def keep_timeline(self, timeline: Path) -> None:
        """Copy the timeline as it was given into the job, unless it is a bundle with its media.

        Raises:
            OutputError: It cannot be written.
        """
        if timeline.is_file() and timeline.stat().st_size <= _LARGEST_COPY_BYTES:
            with whole(self.path / f"timeline{timeline.suffix}") as temporary:
                shutil.copyfile(timeline, temporary)

    def relative(self, path: Path) -> str:
        """A path as the journal names it."""
        return relative_to_job(self.path, path)


def received_name(name: str) -> str:
    """The file of an answer as it came; see ``Job.keep_received``."""
    return f"{name.partition('.')[0]}{RECEIVED}"


@contextmanager
def open_job(
    path: Path, report: Report, begin: Callable[[], Journal] | None = None
) -> Iterator[tuple[Job, Report]]:
    """Hold a job's folder to work on it; if another run holds it, report that and wait.

    Args:
        path: The folder.
        report: Receives warnings and progress.
        begin: See ``hold``.

    Yields:
        The job, and a report that also writes the job's log.

    Raises:
        InputError: It is not a job folder.
        OutputError: It cannot be written.
    """
    with ExitStack() as waiting:
        advance: Advance | None = None

        def on_wait() -> None:
            nonlocal advance
            if advance is None:
                report.warn(f"Another run is at work on this job ({path}): waiting for it.")
                advance = waiting.enter_context(report.step("Waiting for another run"))
            advance(0)

        with hold(path, begin, on_wait) as job:
            waiting.close()
            yield job, _Log(report, path)


@contextmanager
def hold(
    path: Path, begin: Callable[[], Journal] | None = None, on_wait: Callable[[], None] = lambda: None
) -> Iterator[Job]:
    """Hold a job's folder: no other run works on it meanwhile, here or on a shared disk that has locks.

    The lock is the system's: it is free again when its holder dies, however it dies. An error that ends the
    run is recorded in the journal.

    Args:
        path: The folder.
        begin: Makes the journal of a new job; without it, the job must exist.
        on_wait: Called at each look while another run holds the job; if it raises, the wait ends.

    Raises:
        InputError: It is not a job folder.
        OutputError: It cannot be written.
    """
    if begin is None:
        read_journal(path)
    with locked(path, on_wait):
        make_folder(path / MEDIA)
        for name in ANSWERS:  # one whose writer was killed may never be written again
            remove_orphans(path / received_name(name))
        if (path / JOURNAL).exists() or begin is None:
            job = Job(path, read_journal(path))
        else:
            job = Job(path, begin())
            job.record()
        try:
            yield job
        except AvmError as error:
            with suppress(OutputError):  # a full disk has been reported already
                job.record(error=error.as_dict() | {"time": now()})
            raise


class _Log:
    """A ``Report`` that also writes to the job's ``log.jsonl``.

    Args:
        report: Where everything is passed on to.
        job: The job's folder.
    """

    def __init__(self, report: Report, job: Path) -> None:
        self._report = report
        self._job = job

    def event(self, name: str, /, **fields: object) -> None:
        """Something happened."""
        self._report.event(name, **fields)
        if name not in _NOT_LOGGED:
            self._write({"event": name, **fields})

    def warn(self, text: str) -> None:
        """Something the user should know."""
        self._report.warn(text)
        self._write({"event": "warning", "message": text})

    def step(self, label: str, total: int | None = None) -> AbstractContextManager[Advance]:
        """A stretch of work."""
        self._write({"event": "step", "label": label})
        return self._report.step(label, total)

    def _write(self, fields: dict[str, object]) -> None:
        log(self._job, fields)


def log(job: Path, fields: dict[str, object]) -> None:
    """Write a line to a job's log."""
    line = json.dumps({"time": now(), **fields}, ensure_ascii=False, default=str)
    with suppress(OSError), (job / LOG).open("a", encoding="utf-8") as file:  # a missing log does no harm
        file.write(f"{hidden(_encodable(line))}\n")


@contextmanager
def locked(folder: Path, on_wait: Callable[[], None] = lambda: None, *, name: str = "lock") -> Iterator[None]:
    """Hold a folder's ``lock``, which the system frees when its holder dies, however it dies.

    Args:
        folder: The folder; made if it is missing.
        on_wait: Called at each look while another run holds it; if it raises, the wait ends.
        name: The lock's file.

    Raises:
        OutputError: The folder cannot be made or written, or its disk has no locks.
    """
    import filelock

    path = folder / name
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
            message = f"The disk of {folder} has no locks, so two runs could pay for one job."
            raise OutputError(message, _ELSEWHERE) from error
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

    return Journal.parse(load_journal(path), str(path / JOURNAL))


def load_journal(path: Path) -> Any:
    """A job's journal as plain JSON in today's form, without its model, which takes long to load.

    Args:
        path: The job's folder.

    Raises:
        InputError: There is none, it is not JSON, or a later program wrote it.
    """
    file = path / JOURNAL
    if not file.is_file():
        raise InputError(f"{path} is not a job folder.", "See avm-otio jobs list.")
    document = read_json(file)
    if not isinstance(document, dict):
        return document
    version = document.pop("version", VERSION)
    if document.pop("format", FORMAT) != FORMAT or not isinstance(version, int) or version < 1:
        raise InputError(f"{file} is not the journal of a job.", RESTORE)
    if version > VERSION:
        raise InputError(f"{file} was written by a later avm-otio.", "Update avm-otio.")
    outputs = document.get("outputs")
    for output in outputs.values() if isinstance(outputs, dict) else ():
        if version == 1 and isinstance(output, dict) and "told" in output:
            output["digest"] = output.pop("told")
    return document


def folder_of(jobs_folder: Path, name: str, key: str) -> Path:
    """The folder of a job: the existing one whose name ends in its key, or a new name."""
    if jobs_folder.is_dir():
        for folder in jobs_folder.glob(f"*-{key}"):
            return folder
    return jobs_folder / f"{readable(name)}-{key}"


def write_json(path: Path, document: Any) -> None:
    """Write a JSON file that people can read, too, whole or not at all.

    Raises:
        OutputError: It cannot be written.
    """
    text = json.dumps(document, ensure_ascii=False, indent=1, default=str) + "\n"
    write_text(path, _encodable(text))


def _encodable(text: str) -> str:
    """JSON as it can be written: half characters, as in names of files that are no text, become escapes."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def read_json(path: Path) -> Any:
    """A JSON file.

    Raises:
        InputError: It cannot be read, or is not JSON.
    """
    try:
        return json.loads(read_plain(path, most_bytes=_LARGEST_JSON_BYTES))
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror or error}.", "Check its permissions."
        ) from error
    except (ValueError, RecursionError) as error:
        hint = RESTORE if path.name in (JOURNAL, RESULT, SERVICE_FILM) else "Restore it from a backup."
        raise InputError(f"{path} is not JSON, or is cut off.", hint) from error


def is_media_of_a_job(folder: Path) -> bool:
    """Whether a folder is the media folder of a job."""
    if folder.name == MEDIA:
        with suppress(InputError, OSError):
            return bool(read_journal(folder.parent))
    return False


def relative_to_job(job: Path, path: Path) -> str:
    """A path as the journal of the job in folder ``job`` names it."""
    try:
        return Path(os.path.relpath(path.absolute(), job.absolute())).as_posix()
    except ValueError:  # another drive
        return str(path.absolute())


def stamp(path: Path) -> tuple[int, int]:
    """A file's size in bytes and modification time in nanoseconds; -1 each if there is no file."""
    try:
        found = path.stat()
    except OSError:
        return -1, -1
    return found.st_size, found.st_mtime_ns


def now() -> str:
    """The current time, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def readable(name: str) -> str:
    """A name made safe as part of a file name on any system."""
    safe = re.sub(r"[^\w.-]+", "-", name).strip("-._")
    return safe.encode()[:60].decode("utf-8", "ignore") or "timeline"


def quoted(path: Path) -> str:
    """A path quoted for a shell, if it needs to be."""
    text = str(path)
    return f'"{text}"' if " " in text else text
