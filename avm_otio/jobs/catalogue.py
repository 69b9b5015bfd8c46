"""The jobs on a disk: find them, and identify one by its folder, name or key."""

from __future__ import annotations

import os
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from avm_otio.addresses import LOCAL
from avm_otio.errors import AvmError, InputError
from avm_otio.files import side_folder
from avm_otio.jobs.choices import digest
from avm_otio.jobs.folder import JOURNAL, hold, quoted, read_journal
from avm_otio.report import Report

if TYPE_CHECKING:
    from avm_otio.jobs.journal import Journal, Written

DEEPEST = 6
"""How many levels of folders are searched for jobs."""

LONGEST_S = 20.0
"""How long a folder is searched, in seconds."""

_QUIET_S = 1.0
"""A search that takes longer shows its progress; in seconds."""

_KEYED = re.compile(r"-[0-9a-f]{12}$")


@dataclass(frozen=True, slots=True)
class Entry:
    """A job as read from its folder.

    Attributes:
        path: The folder.
        journal: What has happened.
    """

    path: Path
    journal: Journal

    @classmethod
    def at(cls, path: Path) -> Self:
        """The job of a folder.

        Raises:
            InputError: It is not a job folder, or its journal cannot be read.
        """
        return cls(path, read_journal(path))

    @property
    def is_free(self) -> bool:
        """Whether asking again costs nothing."""
        return bool(self.journal.asked.get("service") == LOCAL)

    @property
    def is_paid(self) -> bool:
        """Whether it holds something that was paid for."""
        from avm_otio.jobs.journal import State

        return not self.is_free and self.journal.state in (State.WAITING, State.ANSWERED, State.FINISHED)

    @property
    def is_done(self) -> bool:
        """Whether everything that its latest run was asked to do is done."""
        from avm_otio.jobs.journal import State

        output = self.journal.order.get("output")
        written = self.journal.outputs.get(output) if output is not None else None
        is_written = output is None or (written is not None and written.choices == digest(self.path))
        return self.journal.state is State.FINISHED and is_written and self.journal.error is None

    @property
    def summary(self) -> dict[str, Any]:
        """The summary of the timeline that it wrote last; empty if it wrote none."""
        outputs = self.journal.outputs
        latest = outputs.get(self.journal.order.get("output", "")) or next(iter(outputs.values()), None)
        return latest.summary if latest else {}

    @property
    def outputs(self) -> dict[Path, Written]:
        """The timelines that it wrote, by absolute path."""
        return {self.place(path): written for path, written in self.journal.outputs.items()}

    def place(self, path: str) -> Path:
        """A path of the journal, made absolute."""
        return Path(os.path.normpath(self.path / path))

    def size_bytes(self) -> int:
        """Size of its folder."""
        return sum(size for _, size in self.files())

    def files(self) -> Iterator[tuple[Path, int]]:
        """Its files and their sizes in bytes; a link counts as itself."""
        for folder, _, names in os.walk(self.path):
            for name in names:
                with suppress(OSError):  # deleted meanwhile
                    path = Path(folder, name)
                    yield path, path.lstat().st_size

    def is_at_work(self) -> bool:
        """Whether a run is working on it now."""
        try:
            with hold(self.path, on_wait=refuse_to_wait):
                return False
        except AtWorkError:
            return True
        except AvmError:  # a disk that cannot be written, or has no locks: nobody works there
            return False


class AtWorkError(InputError):
    """Another run holds the job."""


def refuse_to_wait() -> None:
    """An ``on_wait`` for ``folder.hold`` that does not wait for another run.

    Raises:
        AtWorkError: Always.
    """
    raise AtWorkError("Another run is at work on this job.", "Wait until it ends, or end it.")


# Find


def find_jobs(
    places: Iterable[Path], report: Report, *, clock: Callable[[], float] = time.monotonic
) -> list[Entry]:
    """The jobs at some places, the latest changed first.

    Args:
        places: Timelines, ``.avm`` folders, job folders, or folders to search.
        report: Receives warnings of unreadable journals, and the progress of a long search.
        clock: A monotonic clock, in seconds.

    Raises:
        InputError: A place does not exist.
    """
    found: dict[Path, Entry] = {}
    for place in places:
        for folder in _jobs_under(_start(place), report, clock):
            path = Path(os.path.normpath(folder.absolute()))
            if entry := _read(path, report):
                found[path] = entry
    return sorted(found.values(), key=lambda entry: entry.journal.changed, reverse=True)


def identify_jobs(
    words: Iterable[str], place: Path, report: Report, *, or_timeline: bool = False
) -> list[Path]:
    """The jobs that a user names, each once: by folder, by its name, by key or the start of a key.

    The names of folders contain the keys, so no journal is read.

    Args:
        words: As the user gave them.
        place: Where to look for names and keys; see ``find_jobs``.
        report: Receives the progress of a long search.
        or_timeline: Whether a word may also name a timeline: what is said of one that names nothing.

    Raises:
        InputError: A word names no job, or several.
    """
    found: dict[Path, None] = {}
    there: list[Path] | None = None
    for word in words:
        path = Path(word)
        path = path.parent if path.name == JOURNAL else path
        if not (path / JOURNAL).exists():
            if there is None:
                there = list(_jobs_under(_start(place), report, time.monotonic))
            path = _match(word, there, place, or_timeline=or_timeline)
        found[Path(os.path.normpath(path.absolute()))] = None
    return list(found)


def _match(word: str, there: list[Path], place: Path, *, or_timeline: bool) -> Path:
    text = word.lower()
    keys = {path: key[0][1:] for path in there if (key := _KEYED.search(path.name))}
    matches = [path for path in there if text == path.name.lower()]
    matches = matches or [path for path, key in keys.items() if text and key.startswith(text)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        some = ", ".join(path.name for path in matches[:6])
        raise InputError(f"{word} is the start of {len(matches)} keys: {some}.", "Give more of the key.")
    if Path(word).exists():
        raise InputError(f"{word} is not a job folder.", f"See avm-otio jobs list {quoted(Path(word))}.")
    near = get_close_matches(text, {*keys.values(), *(path.name for path in there)}, n=1)
    hint = f"Did you mean {near[0]}? " if near else ""
    if or_timeline:
        from avm_otio.formats.reading import nearest_file

        raise InputError(
            f"There is no timeline or job {word} in {place.absolute()}.",
            hint or nearest_file(Path(word), "Give a scored timeline, or a job of avm-otio jobs list."),
        )
    raise InputError(
        f"There is no job {word} in {place.absolute()}.",
        f"{hint}See avm-otio jobs list; --in PLACE searches elsewhere.",
    )


def _start(place: Path) -> Path:
    """The folder where a search begins."""
    beside = side_folder(place)
    if place.name == JOURNAL:
        return place.parent
    if place.is_dir() and place.suffix.lower() != ".otiod":
        return place
    if place.exists() or beside.is_dir():  # the timeline may be gone, and its jobs still there
        return beside
    raise InputError(
        f"There is no {place}.", "Give a timeline, its .avm folder, or a folder with jobs in it."
    )


def _jobs_under(top: Path, report: Report, clock: Callable[[], float]) -> Iterator[Path]:
    """The folders that hold a journal, the nearest first; links are not followed."""
    started = clock()
    ahead = deque([(top, 0)])
    with ExitStack() as shown:
        advance: Callable[[int], object] | None = None
        searched = 0
        while ahead:
            passed_s = clock() - started
            if passed_s > LONGEST_S:
                found = f"The search of {top} stopped after {LONGEST_S:.0f} s: there may be more jobs in it."
                report.warn(f"{found} Give a folder nearer to them.")
                return
            if advance is None and passed_s > _QUIET_S:
                advance = shown.enter_context(report.step("Looking for jobs"))
            folder, depth = ahead.popleft()
            searched += 1
            if advance is not None:
                advance(searched)
            try:
                with os.scandir(folder) as listing:
                    inside = list(listing)
            except OSError as error:
                if folder == top and folder.exists():
                    report.warn(f"{folder} cannot be read: {error.strerror or error}.")
                continue
            if any(each.name == JOURNAL for each in inside):
                yield folder
            elif depth < DEEPEST:
                for each in inside:
                    if each.is_dir(follow_symlinks=False) and not each.name.startswith("."):
                        is_likely = each.name.endswith(".avm") or folder.suffix == ".avm"
                        add = ahead.appendleft if is_likely else ahead.append
                        add((Path(each.path), depth + 1))


def _read(path: Path, report: Report) -> Entry | None:
    try:
        return Entry.at(path)
    except InputError as error:
        if _KEYED.search(path.name):  # other programs have a job.json, too
            report.warn(str(error))
        return None
