"""Delete jobs, and free disk space without losing anything that was paid for."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from avm_otio.errors import InputError
from avm_otio.files import unwritable
from avm_otio.jobs.catalogue import Entry, refuse_to_wait
from avm_otio.jobs.choices import LOCK as CHOICES_LOCK
from avm_otio.jobs.folder import (
    ANSWERS,
    BY_HAND,
    CHOICES,
    FILM,
    HEARD,
    JOURNAL,
    LOG,
    REQUEST,
    RESULT,
    SCORED,
    SERVICE_FILM,
    hold,
    received_name,
    stamp,
)
from avm_otio.jobs.journal import State
from avm_otio.words import priced

_TEMPORARY = re.compile(r"\.[0-9a-f]{8}(\.\w+)?")
"""Names that ``files.whole`` gives to unfinished files."""

_STALE_S = 3600.0
"""Age at which a temporary file that no lock guards counts as left behind, in seconds."""

_LOCK = "lock"
_OURS = {
    *(JOURNAL, REQUEST, FILM, RESULT, SERVICE_FILM, SCORED, LOG, _LOCK, HEARD, "media"),
    *(CHOICES, CHOICES_LOCK, BY_HAND),
    *(received_name(name) for name in ANSWERS),
}
_MOST_READ_BYTES = 256 * 1024**2


def lost_if_deleted(entry: Entry) -> list[str]:
    """What deleting a job's folder would lose, in words; empty if everything can be had again for free."""
    state, summary, there = entry.journal.state, entry.summary, entry.outputs
    lost = []
    if state is State.UNSURE and not entry.is_free:
        lost.append("the record of a call that may have been paid for")
    if entry.is_paid:
        cost = f" ({priced(summary['total_price'], summary['currency'])} of items)" if summary else ""
        lost.append(f"an analysis that was paid for{cost}: asking again means paying again")
    for path in there:
        if path.is_relative_to(entry.path) and path.exists():
            lost.append(f"the timeline {path.name}, which is in it")
        elif _refers_to(path, entry.journal.key):
            lost.append(f"the sounds that {path} plays")
    others = [each.name for each in entry.path.iterdir() if not _is_ours(each, set(there))]
    if others:
        lost.append(f"files that are not the job's own: {', '.join(sorted(others)[:5])}")
    return lost


def forget(entry: Entry) -> int:
    """Delete a job's folder. Nothing outside it is touched; links are removed, not followed.

    Returns:
        The number of bytes freed.

    Raises:
        InputError: It is not a job folder, or another run is working on it.
        OutputError: Something in it cannot be deleted.
    """
    if entry.path.is_symlink():
        raise InputError(f"{entry.path} is a link.", f"Give the folder itself: {entry.path.resolve()}.")
    size = entry.size_bytes()
    try:
        with hold(entry.path, on_wait=refuse_to_wait):
            # Without its journal it is no longer a job: whatever stops us now, the next run begins a new one.
            (entry.path / JOURNAL).unlink()
            for each in list(os.scandir(entry.path)):
                if each.is_dir(follow_symlinks=False):
                    shutil.rmtree(each.path)
                elif each.name != _LOCK:
                    Path(each.path).unlink()
            if os.name == "posix":  # while we hold it; a run that waits for it makes another
                _remove_rest(entry.path)
        if os.name != "posix":  # an open file cannot be removed, and so not one of a run that took over
            _remove_rest(entry.path)
    except OSError as error:
        raise unwritable(Path(error.filename or entry.path), error) from error
    return size


def _remove_rest(folder: Path) -> None:
    with suppress(OSError):
        (folder / _LOCK).unlink()
        folder.rmdir()


def _refers_to(path: Path, key: str) -> bool:
    """Whether a timeline refers to files of the job with this key."""
    try:
        if not path.is_file():
            return path.exists()
        if path.stat().st_size > _MOST_READ_BYTES:
            return True
        inside = path.read_bytes()
    except OSError:
        return False
    return key.encode() in inside or key.encode("utf-16-le") in inside


def _is_ours(path: Path, outputs: set[Path]) -> bool:
    is_copy = path.stem == "timeline"
    return path.name in _OURS or is_copy or path in outputs or bool(_TEMPORARY.fullmatch(path.name))


@dataclass(frozen=True, slots=True)
class Removable:
    """A file that can be deleted.

    Attributes:
        path: The file.
        size_bytes: Its size.
        what: What it is, for people.
    """

    path: Path
    size_bytes: int
    what: str


def is_older(entry: Entry, days: float, now: datetime) -> bool:
    """Whether a job has not changed for some days."""
    try:
        return (now - datetime.fromisoformat(entry.journal.changed)).total_seconds() >= days * 86_400
    except (ValueError, TypeError):
        return False


def removable_in(entry: Entry) -> list[Removable]:
    """The files of a job that can be deleted without losing what was paid for or what a timeline plays.

    The film can be deleted once its answer is on disk: until then a service that lost it needs it again.
    """
    found = []
    made = entry.journal.film
    is_answered = entry.journal.answered is not None
    if is_answered and made is not None and made.id is not None and (entry.path / FILM).exists():
        found.append((entry.path / FILM, "a film that the service has"))
    media = entry.path / "media"
    for path in [*entry.path.iterdir(), *(media.iterdir() if media.is_dir() else ())]:
        if _TEMPORARY.fullmatch(path.name) and not path.is_dir():
            found.append((path, "left behind by a run that was killed"))
        elif path.parent == media and path.name.startswith(".") and ".part" in path.suffixes:
            found.append((path, "part of a download"))
    return [Removable(path, max(0, stamp(path)[0]), what) for path, what in found]


def clean(entry: Entry) -> list[Removable]:
    """Delete what ``removable_in`` finds.

    Raises:
        InputError: Another run is working on it.
        OutputError: Something cannot be deleted.
    """
    with hold(entry.path, on_wait=refuse_to_wait) as job:
        files = removable_in(Entry(entry.path, job.journal))
        remove(files)
    return files


def leftovers_beside(entries: Iterable[Entry], now_s: float) -> list[Removable]:
    """Temporary files that killed runs left in folders for jobs and beside outputs.

    Args:
        entries: The jobs.
        now_s: The current time, seconds since 1970: no lock guards these files, so only their age counts.
    """
    places = {(entry.path.parent, ".json") for entry in entries}
    places |= {(path.parent, path.suffix) for entry in entries for path in entry.outputs}
    places |= {
        (path.parent, path.suffix)
        for entry in entries
        if "output" in entry.journal.order
        for path in [entry.place(entry.journal.order["output"])]
    }
    found = []
    for folder, suffix in sorted(places):
        for path in folder.glob(f".????????{suffix}"):
            size, modified_ns = stamp(path)
            if _TEMPORARY.fullmatch(path.name) and now_s - modified_ns / 1e9 > _STALE_S and path.is_file():
                found.append(Removable(path, size, "left behind by a run that was killed"))
    return found


def remove(files: Iterable[Removable]) -> None:
    """Delete files.

    Raises:
        OutputError: One cannot be deleted.
    """
    for file in files:
        try:
            file.path.unlink(missing_ok=True)
        except OSError as error:
            raise unwritable(file.path, error) from error
