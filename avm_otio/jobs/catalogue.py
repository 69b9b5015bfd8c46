"""The jobs that are there, and which of them is meant."""

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

from avm_otio.config.addresses import LOCAL
from avm_otio.errors import AvmError, InputError
from avm_otio.files import side_folder
from avm_otio.jobs.folder import JOURNAL, hold, read_journal
from avm_otio.report import Report

if TYPE_CHECKING:
    from avm_otio.jobs.journal import Journal, Written

DEEPEST = 6
"""How many folders down jobs are looked for."""

LONGEST_S = 20.0
"""How long a folder is looked through, in seconds."""

_QUIET_S = 1.0
"""A look that takes longer shows that it goes on."""

_KEYED = re.compile(r"-[0-9a-f]{12}$")


@dataclass(frozen=True, slots=True)
class Entry:
    """A job as its folder tells it.

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
            InputError: It is no job's folder, or its journal cannot be read.
        """
        return cls(path, read_journal(path))

    @property
    def is_free(self) -> bool:
        """Whether asking again costs nothing."""
        return bool(self.journal.asked.get("service") == LOCAL)

    @property
    def is_paid(self) -> bool:
        """Whether it holds what was paid for."""
        from avm_otio.jobs.journal import State

        return not self.is_free and self.journal.state in (State.WAITING, State.ANSWERED, State.FINISHED)

    @property
    def is_done(self) -> bool:
        """Whether nothing of what it was told last is left to do."""
        from avm_otio.jobs.journal import State

        asked_for = self.journal.order.get("output")
        is_written = asked_for is None or asked_for in self.journal.outputs
        return self.journal.state is State.FINISHED and is_written and self.journal.error is None

    @property
    def summary(self) -> dict[str, Any]:
        """What was told when it last wrote a timeline; empty before that."""
        told = self.journal.outputs.get(self.journal.order.get("output", ""))
        return told.summary if told else next((each.summary for each in self.journal.outputs.values()), {})

    @property
    def outputs(self) -> dict[Path, Written]:
        """The timelines that it wrote, by where they are."""
        return {self.place(path): written for path, written in self.journal.outputs.items()}

    def place(self, path: str) -> Path:
        """A path as the journal has it, made absolute."""
        return Path(os.path.normpath(self.path / path))

    def size_bytes(self) -> int:
        """What its folder takes up."""
        return sum(size for _, size in self.files())

    def files(self) -> Iterator[tuple[Path, int]]:
        """Its files and their sizes in bytes; a link counts as itself."""
        for folder, _, names in os.walk(self.path):
            for name in names:
                with suppress(OSError):  # gone meanwhile
                    path = Path(folder, name)
                    yield path, path.lstat().st_size

    def is_at_work(self) -> bool:
        """Whether a run is at work on it now."""
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
    """For ``folder.hold``: do not wait for another run.

    Raises:
        AtWorkError: Always.
    """
    raise AtWorkError("Another run is at work on this job.", "Wait until it has ended, or end it.")


# Finding


def look(
    places: Iterable[Path], report: Report, *, clock: Callable[[], float] = time.monotonic
) -> list[Entry]:
    """The jobs at some places, the one that changed last first.

    Args:
        places: Timelines, ``.avm`` folders, jobs' folders, or folders to look through.
        report: Who is told of journals that cannot be read, and of a look that takes long.
        clock: Seconds that only grow.

    Raises:
        InputError: There is no such place.
    """
    found: dict[Path, Entry] = {}
    for place in places:
        for folder in _jobs_under(_start(place), report, clock):
            path = Path(os.path.normpath(folder.absolute()))
            if entry := _read(path, report):
                found[path] = entry
    return sorted(found.values(), key=lambda entry: entry.journal.changed, reverse=True)


def pick(words: Iterable[str], place: Path, report: Report) -> list[Path]:
    """The jobs that are meant, each once: by folder, by its name, by key or the beginning of that.

    Names tell keys, so that no journal is read.

    Args:
        words: What was said.
        place: Where names and keys are looked for; see ``look``.
        report: Who is told of a look that takes long.

    Raises:
        InputError: There is none, or several are meant.
    """
    found: dict[Path, None] = {}
    there: list[Path] | None = None
    for word in words:
        path = Path(word)
        path = path.parent if path.name == JOURNAL else path
        if not (path / JOURNAL).exists():
            if there is None:
                there = list(_jobs_under(_start(place), report, time.monotonic))
            path = _meant(word, there, place)
        found[Path(os.path.normpath(path.absolute()))] = None
    return list(found)


def _meant(word: str, there: list[Path], place: Path) -> Path:
    said = word.lower()
    keys = {path: key[0][1:] for path in there if (key := _KEYED.search(path.name))}
    meant = [path for path in there if said == path.name.lower()]
    meant = meant or [path for path, key in keys.items() if said and key.startswith(said)]
    if len(meant) == 1:
        return meant[0]
    if meant:
        some = ", ".join(path.name for path in meant[:6])
        raise InputError(f"{word} is the beginning of {len(meant)} jobs: {some}.", "Say more of the key.")
    if Path(word).exists():
        raise InputError(f"{word} is no job's folder.", f"See avm-otio jobs list {quoted(Path(word))}.")
    near = get_close_matches(said, {*keys.values(), *(path.name for path in there)}, n=1)
    hint = f"Did you mean {near[0]}? " if near else ""
    raise InputError(
        f"There is no job {word} in {place.absolute()}.",
        f"{hint}See avm-otio jobs list; --in PLACE looks elsewhere.",
    )


def _start(place: Path) -> Path:
    """Where to begin to look."""
    beside = side_folder(place)
    if place.name == JOURNAL:
        return place.parent
    if place.is_dir() and place.suffix.lower() != ".otiod":
        return place
    if place.exists() or beside.is_dir():  # jobs of a timeline that is gone are still there
        return beside
    raise InputError(
        f"There is no {place}.", "Give a timeline, its .avm folder, or a folder that holds some."
    )


def _jobs_under(top: Path, report: Report, clock: Callable[[], float]) -> Iterator[Path]:
    """The folders with a journal: the nearest first; links are not followed."""
    started = clock()
    ahead = deque([(top, 0)])
    with ExitStack() as shown:
        advance: Callable[[int], object] | None = None
        looked = 0
        while ahead:
            passed_s = clock() - started
            if passed_s > LONGEST_S:
                told = f"{top} was looked through for {LONGEST_S:.0f} s only: there may be more jobs in it."
                report.warn(f"{told} Name a folder that is nearer to them.")
                return
            if advance is None and passed_s > _QUIET_S:
                advance = shown.enter_context(report.step("Looking for jobs"))
            folder, depth = ahead.popleft()
            looked += 1
            if advance is not None:
                advance(looked)
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


def quoted(path: Path) -> str:
    """A path as a shell takes it."""
    text = str(path)
    return f'"{text}"' if " " in text else text
