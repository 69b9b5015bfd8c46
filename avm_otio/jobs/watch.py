"""A folder in which hosts leave requests that this program carries out; ``docs/watch-folder.md``.

Any number of watchers may look at one folder, on any number of machines. A request is taken by making its
``claim.json``, which only one can. A watcher that is gone is known by its heartbeat, which no longer changes:
that is judged by the looker's own clock alone, since no two machines agree on the time. Its claims are taken
over by renaming them away, which again only one can; the job goes on where its journal says.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from avm_otio import __version__
from avm_otio.core.errors import AvmError, InputError, OutputError
from avm_otio.core.report import Advance, Report
from avm_otio.files import make_folder
from avm_otio.jobs.folder import now
from avm_otio.jobs.order import Order
from avm_otio.jobs.watch_files import (
    CANCEL,
    CLAIM,
    ERROR,
    JOBS,
    PROGRESS,
    REQUEST,
    RESULT,
    WATCHER,
    WATCHERS,
    Claim,
    Failure,
    Progress,
    Result,
    Watcher,
)

BEAT_S = 1.0
"""How often a watcher says that it is there."""

LEASE_S = 10.0
"""How long a heartbeat may stay as it is before its watcher counts as gone."""

LARGEST_REQUEST_BYTES = 1024 * 1024

_UNFINISHED_S = 2.0
"""How long a request that is no JSON yet may stay as it is before it is refused."""

_PROGRESS_EVERY_S = 0.2
_LOOK_EVERY_S = 0.2

CarryOut = Callable[[Order, Report], Result]


class CancelledError(AvmError):
    """The host does not want the request any more."""

    exit_code = 130


class _ReleasedError(AvmError):
    """This watcher ends, or another one has taken the request over: nothing more is written."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What requests may ask for.

    Attributes:
        services: The services that may be named: a token must not follow a stranger's word.
        allow_outside: Whether timelines and outputs may lie outside the request's own folder.
    """

    services: Collection[str]
    allow_outside: bool = False


class Watch:
    """A watcher of some folders.

    Args:
        folders: The folders.
        carry_out: Scores an order, and says what came of it.
        rules: What requests may ask for.
        report: Who is told of each request.
        at_once: How many are worked on at a time.
        lease_s: How long a heartbeat may stay as it is before its watcher counts as gone.

    Raises:
        InputError: A folder is not there.
        OutputError: A folder cannot be written.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        carry_out: CarryOut,
        rules: Rules,
        report: Report,
        *,
        at_once: int = 1,
        lease_s: float = LEASE_S,
    ) -> None:
        for folder in folders:
            if not folder.is_dir():
                raise InputError(f"There is no folder {folder} to watch.", "Make it first.")
            if folder.suffix == ".avm":
                raise InputError(f"{folder} is a folder of jobs.", "Watch a folder of its own.")
        self._carry_out = carry_out
        self._rules = rules
        self._report = report
        self._at_once = at_once
        self._id = secrets.token_hex(8)
        self._places = [_Place(folder.absolute(), self._id, lease_s) for folder in folders]
        self._stopping = threading.Event()
        self._threads: dict[threading.Thread, tuple[_Place, Path]] = {}

    def run(self, *, once: bool = False, poll_s: float = 0.5) -> None:
        """Carry out requests until interrupted.

        Args:
            once: End as soon as nothing is left to do.
            poll_s: How often the folders are looked at.

        Raises:
            KeyboardInterrupt: It was interrupted; what was under way is given back for others.
        """
        beating = threading.Thread(target=self._beat, daemon=True)
        try:
            for place in self._places:
                place.beat(())
            beating.start()
            while True:
                self._threads = {thread: one for thread, one in self._threads.items() if thread.is_alive()}
                is_idle = not self._take_up() and not self._threads
                if once and is_idle and not any(place.has_unfinished for place in self._places):
                    return
                time.sleep(min(poll_s, _LOOK_EVERY_S) if once else poll_s)
        finally:
            self._stopping.set()
            for thread in self._threads:
                thread.join()
            if beating.is_alive():
                beating.join()
            for place in self._places:
                place.leave()

    def _take_up(self) -> bool:
        """Begin what is there and can be begun; whether anything was."""
        has_begun = False
        for place in self._places:
            for folder in place.waiting():
                if len(self._threads) >= self._at_once:
                    return has_begun
                if place.claim(folder):
                    has_begun = True
                    thread = threading.Thread(target=self._work, args=(place, folder))
                    self._threads[thread] = place, folder
                    thread.start()
        return has_begun

    def _work(self, place: _Place, folder: Path) -> None:
        """Carry out one request, whatever it asks for."""
        self._report.event("request_taken", request=str(folder))
        told = _Told(place, folder, self._stopping, self._report)
        try:
            told.check()
            order = self._order(folder)
            result = self._carry_out(order, told)
            told.check()
            result.write(folder / RESULT, lasting=True)
            self._report.event("request_done", request=str(folder), output=result.output)
        except _ReleasedError:
            pass
        except AvmError as error:
            self._fail(folder, error)
        except Exception as error:  # a fault of ours must not end the watch
            told_as = f"This is a fault of avm-otio, not yours: {type(error).__name__}: {error}"
            self._fail(folder, AvmError(told_as, "Please report it."))
        finally:
            place.release(folder)

    def _fail(self, folder: Path, error: AvmError) -> None:
        failure = Failure.model_validate(error.as_dict())
        self._report.event("request_failed", request=str(folder), **failure.model_dump(exclude={"version"}))
        with suppress(OutputError):  # its folder may have gone; the watch goes on
            failure.write(folder / ERROR, lasting=True)

    def _order(self, folder: Path) -> Order:
        """The order of a request, if its host may ask for that.

        Raises:
            InputError: It is none, or asks for more than the rules allow.
        """
        order = Order.parse(_read(folder / REQUEST), REQUEST).in_folder(folder)
        if order.service is not None and order.service.rstrip("/") not in self._rules.services:
            raise InputError(
                f"{REQUEST}: the service {order.service} is not the one that is configured here.",
                "Leave out “service”, or configure it where avm-otio watch runs.",
            )
        if not self._rules.allow_outside:
            for name in ("timeline", "output"):
                _check_inside(folder, Path(getattr(order, name)), name)
            if order.jobs_dir is not None:
                raise InputError(f"{REQUEST}: “jobs_dir” is the watcher's to choose.", "Leave it out.")
        if order.jobs_dir is None:
            order = order.model_copy(update={"jobs_dir": str(folder.parent / JOBS)})
        return order

    def _beat(self) -> None:
        while not self._stopping.wait(BEAT_S):
            for place in self._places:
                working = [folder.name for at, folder in list(self._threads.values()) if at is place]
                with suppress(OutputError):  # a disk that is away for a while
                    place.beat(working)


@dataclass(slots=True)
class _Seen:
    """A file that another process writes, and since when it has not changed, by our own clock."""

    bytes: bytes | None
    since: float


@dataclass(slots=True)
class _Place:
    """One watch folder, as one watcher sees it."""

    folder: Path
    id: str
    lease_s: float
    has_unfinished: bool = False
    _beats: int = 0
    _started: str = field(default_factory=now)
    _ended: set[tuple[str, int]] = field(default_factory=set)
    _hearts: dict[str, _Seen] = field(default_factory=dict)
    _drafts: dict[Path, _Seen] = field(default_factory=dict)

    def beat(self, working_on: Sequence[str]) -> None:
        """Say that we are here.

        Raises:
            OutputError: It cannot be said.
        """
        self._beats += 1
        watcher = Watcher(
            id=self.id,
            program=__version__,
            host=socket.gethostname(),
            pid=os.getpid(),
            beat=self._beats,
            started=self._started,
            working_on=tuple(working_on),
        )
        watcher.write(make_folder(self.folder / WATCHERS) / f"{self.id}.json")
        watcher.write(self.folder / WATCHER)

    def leave(self) -> None:
        """Say that we are here no longer; another watcher says again that it is."""
        with suppress(OSError):
            (self.folder / WATCHERS / f"{self.id}.json").unlink(missing_ok=True)
        with suppress(OSError, ValueError, KeyError):
            if json.loads((self.folder / WATCHER).read_bytes())["id"] == self.id:
                (self.folder / WATCHER).unlink(missing_ok=True)

    def waiting(self) -> Iterator[Path]:
        """Requests that nobody works on, oldest first."""
        found: list[tuple[float, Path]] = []
        self.has_unfinished = False
        with suppress(OSError), os.scandir(self.folder) as entries:  # a share that is away for a while
            for entry in entries:
                if entry.name.startswith(".") or entry.name in (JOBS, WATCHERS):
                    continue
                with suppress(OSError):
                    mark = (entry.name, entry.inode())
                    if mark in self._ended or not entry.is_dir(follow_symlinks=False):
                        continue
                    folder = Path(entry.path)
                    if (folder / RESULT).exists() or (folder / ERROR).exists():
                        self._ended.add(mark)
                    elif (folder / REQUEST).exists():
                        found.append(((folder / REQUEST).stat().st_mtime, folder))
        for _, folder in sorted(found):
            if self._is_whole(folder / REQUEST) and self._is_free(folder):
                yield folder

    def claim(self, folder: Path) -> bool:
        """Take a request, which only one watcher can."""
        claim = Claim(watcher=self.id, host=socket.gethostname(), pid=os.getpid())
        try:
            with (folder / CLAIM).open("x", encoding="utf-8") as file:
                file.write(claim.model_dump_json())
        except OSError:  # another was faster, or the folder has gone or may not be written
            return False
        if (folder / RESULT).exists() or (folder / ERROR).exists():  # another has ended it meanwhile
            self.release(folder)
            return False
        return True

    def holds(self, folder: Path) -> bool:
        """Whether a request is still ours: not while this machine slept and another took it over."""
        return _owner(folder / CLAIM) == self.id

    def release(self, folder: Path) -> None:
        """Leave a request to others, or be done with it."""
        with suppress(OSError):
            if self.holds(folder):
                (folder / CLAIM).unlink(missing_ok=True)

    def _is_whole(self, request: Path) -> bool:
        """Whether a request is written to its end, or nobody seems to write it any more."""
        try:
            said = request.read_bytes() if request.stat().st_size <= LARGEST_REQUEST_BYTES else b"{}"
        except OSError:
            return request.is_dir()  # refused in its own words when it is read
        with suppress(ValueError, RecursionError):
            json.loads(said)
            self._drafts.pop(request, None)
            return True
        seen = self._drafts.get(request)
        if seen is None or seen.bytes != said:
            seen = self._drafts[request] = _Seen(said, time.monotonic())
        is_left = time.monotonic() - seen.since >= _UNFINISHED_S
        self.has_unfinished = self.has_unfinished or not is_left
        return is_left

    def _is_free(self, folder: Path) -> bool:
        """Whether nobody has claimed a request, or whoever did is gone; then the claim is, too."""
        claim = folder / CLAIM
        if not claim.exists():
            return True
        self.has_unfinished = True
        owner = _owner(claim)
        heart = f"{claim}" if owner is None else owner
        try:
            said = (self.folder / WATCHERS / f"{owner}.json").read_bytes()
        except OSError:
            said = None
        seen = self._hearts.get(heart)
        if seen is None or seen.bytes != said:
            self._hearts[heart] = _Seen(said, time.monotonic())
            return False
        if owner == self.id or time.monotonic() - seen.since < self.lease_s:
            return False
        with suppress(OSError):  # another looker was faster
            aside = claim.with_name(f".{secrets.token_hex(4)}.json")
            claim.rename(aside)
            if _owner(aside) == owner:
                aside.unlink()
                return True
            aside.rename(claim)  # between two looks another had taken it over already
        return False


class _Told:
    """The report of one request: into its progress file; ends it where it is no longer wanted."""

    def __init__(self, place: _Place, folder: Path, stopping: threading.Event, report: Report) -> None:
        self._place = place
        self._folder = folder
        self._stopping = stopping
        self._report = report
        self._started = self._looked = time.monotonic()
        self._written = -1.0
        self._sequence = 0
        self._messages: list[str] = []
        self._label = "Beginning"

    def event(self, name: str, /, **fields: object) -> None:
        """Something happened."""
        self._look()

    def warn(self, text: str) -> None:
        """Something the user should know."""
        self._messages.append(text)
        self._look()

    def step(self, label: str, total: int | None = None) -> AbstractContextManager[Advance]:
        """A stretch of work."""
        return self._step(label, total)

    @contextmanager
    def _step(self, label: str, total: int | None) -> Iterator[Advance]:
        self._label = label
        self._write(0, total, at_once=True)

        def advance(done: int, total: int | None = total) -> None:
            self._look()
            self._write(done, total)

        yield advance

    def check(self) -> None:
        """Go on only if the request is still wanted, and still ours.

        Raises:
            CancelledError: Its host does not want it any more, or its folder has gone.
            _ReleasedError: It is for others to go on with.
        """
        if self._stopping.is_set() or not self._place.holds(self._folder):
            if not self._folder.is_dir():
                raise CancelledError(f"The request's folder {self._folder} has gone.", "Make a new one.")
            raise _ReleasedError("Another watcher goes on.")
        if (self._folder / CANCEL).exists():
            raise CancelledError(
                "The request was cancelled.", "What was finished is kept; ask again to go on."
            )

    def _look(self) -> None:
        if time.monotonic() - self._looked >= _LOOK_EVERY_S:
            self._looked = time.monotonic()
            self.check()

    def _write(self, done: int | None, total: int | None, *, at_once: bool = False) -> None:
        moment = time.monotonic()
        if not at_once and moment - self._written < _PROGRESS_EVERY_S:
            return
        self._written = moment
        self._sequence += 1
        progress = Progress(
            sequence=self._sequence,
            state="working",
            label=self._label,
            done=done,
            total=total,
            elapsed_s=round(moment - self._started, 2),
            messages=tuple(self._messages),
        )
        with suppress(OutputError):  # what cannot be shown is no reason to stop
            progress.write(self._folder / PROGRESS)


def _read(request: Path) -> Any:
    """The JSON of a request.

    Raises:
        InputError: It is too large, no file, or no JSON.
    """
    try:
        if not request.is_file() or request.stat().st_size > LARGEST_REQUEST_BYTES:
            raise InputError(f"{REQUEST} is no file, or longer than 1 MiB.", "Write one order into it.")
        return json.loads(request.read_bytes())
    except OSError as error:
        raise InputError(f"{REQUEST} cannot be read: {error.strerror or error}.", "Check it.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{REQUEST} is no JSON, or cut off.", "Write it anew, in a new folder.") from error


def _check_inside(folder: Path, path: Path, name: str) -> None:
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(
            f"{REQUEST}: “{name}” lies outside the request's own folder: {path}.",
            "Put it there, or let avm-otio watch --allow-outside.",
        )


def _owner(claim: Path) -> str | None:
    """Whose a claim is; ``None`` where it does not say (yet)."""
    try:
        said = json.loads(claim.read_bytes())
    except (OSError, ValueError):
        return None
    owner = said.get("watcher") if isinstance(said, dict) else None
    return owner if isinstance(owner, str) and owner.isalnum() else None
