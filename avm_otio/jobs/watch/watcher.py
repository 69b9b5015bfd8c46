"""Carries out the requests that hosts leave in watch folders; ``docs/watch-folder.md``.

Any number of watchers may look at one folder, on any number of machines: ``watch_place`` sees to it that each
request is one watcher's at a time. What a watcher that died was at goes on where the job's journal says.
"""

from __future__ import annotations

import json
import queue
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from avm_otio.errors import AvmError, InputError, OutputError
from avm_otio.jobs.order import Order
from avm_otio.jobs.watch.exports import is_of_export
from avm_otio.jobs.watch.folder import AGAIN_S, LEASE_S, Place, content
from avm_otio.jobs.watch.protocol import (
    CANCEL,
    ERROR,
    JOBS,
    PROGRESS,
    REQUEST,
    RESULT,
    Failure,
    Progress,
    Result,
    shown,
)
from avm_otio.report import Advance, Report

BEAT_S = 1.0
"""How often a watcher says that it is there."""

_PROGRESS_EVERY_S = 0.2
_LOOK_EVERY_S = 0.2

CarryOut = Callable[[Order, Report], Result]


class CancelledError(AvmError):
    """The host does not want the request any more."""

    exit_code = 130


class ReleasedError(AvmError):
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

    Attributes:
        id: Names this watcher among all.

    Raises:
        InputError: A folder is not there, or named twice.
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
        for number, folder in enumerate(folders):
            if not folder.is_dir():
                raise InputError(f"There is no folder {folder} to watch.", "Make it first.")
            if folder.suffix == ".avm":
                raise InputError(f"{folder} is a folder of jobs.", "Watch a folder of its own.")
            if any(folder.samefile(other) for other in folders[:number]):
                raise InputError(f"{folder} is named twice.", "Name each folder once.")
        self._carry_out = carry_out
        self._rules = rules
        self._report = report
        self._at_once = at_once
        self.id = secrets.token_hex(8)
        self._places = [Place(folder.absolute(), self.id, lease_s) for folder in folders]
        self._stopping = threading.Event()
        self._stopped = threading.Event()
        self._threads: dict[threading.Thread, tuple[Place, Path]] = {}
        self._news: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def run(self, *, once: bool = False, poll_s: float = 0.5) -> None:
        """Carry out requests until interrupted.

        Args:
            once: End as soon as nothing is left to do.
            poll_s: How often the folders are looked at.

        Raises:
            OutputError: A folder cannot be written.
            KeyboardInterrupt: It was interrupted; what was under way is given back for others.
        """
        beating = threading.Thread(target=self._beat, daemon=True)
        try:
            for place in self._places:
                place.beat(())
            beating.start()
            while True:
                self._threads = {thread: one for thread, one in self._threads.items() if thread.is_alive()}
                self._tell()
                is_idle = not self._take_up() and not self._threads
                if once and is_idle and not any(place.has_unfinished for place in self._places):
                    return
                time.sleep(min(poll_s, _LOOK_EVERY_S) if once else poll_s)
        finally:
            self._stopping.set()
            for thread in self._threads:
                thread.join()
            self._stopped.set()
            if beating.is_alive():
                beating.join()
            for place in self._places:
                place.leave()
            self._tell()

    def _tell(self) -> None:
        """Take in what the threads have to tell; where nobody reads it any more, that ends the watch."""
        with suppress(queue.Empty):
            while True:
                self._news.get_nowait()()

    def _event(self, name: str, folder: Path, **fields: object) -> None:
        self._news.put(partial(self._report.event, name, request=str(folder), **fields))

    def _take_up(self) -> bool:
        """Begin what is there and can be begun; whether anything was."""
        has_begun = False
        for place in self._places:
            if len(self._threads) >= self._at_once:
                break
            for folder in place.waiting([folder for _, folder in self._threads.values()]):
                try:
                    is_ours = place.claim(folder)
                except OutputError as error:
                    self._put_off(place, folder, error)
                    continue
                if is_ours:
                    has_begun = True
                    # A second Ctrl-C ends the program, whatever they do; their claims run out then.
                    thread = threading.Thread(target=self._work, args=(place, folder), daemon=True)
                    self._threads[thread] = place, folder
                    thread.start()
                if len(self._threads) >= self._at_once:
                    break
        return has_begun

    def _put_off(self, place: Place, folder: Path, error: OutputError) -> None:
        """Nothing can be written where the host looks: say so here, and try again later."""
        if folder.is_dir():
            told = f"The request {folder.name} is tried again in {AGAIN_S:.0f} s: {error}"
            self._news.put(partial(self._report.warn, told))
            self._news.put(partial(place.put_off, folder))

    def _work(self, place: Place, folder: Path) -> None:
        """Carry out one request, whatever it asks for."""
        self._event("request_taken", folder)
        told = _Told(place, folder, self._stopping)
        try:
            told.check()
            order = self._order(folder)
            result = self._carry_out(order, told)
            told.check()
            result.write(folder / RESULT, lasting=True, in_lua=is_of_export(folder))
            self._event("request_done", folder, output=result.output)
        except ReleasedError:
            pass
        except AvmError as error:
            self._fail(place, folder, error)
        except Exception as error:  # a fault of ours must not end the watch
            told_as = f"This is a fault of avm-otio, not yours: {type(error).__name__}: {error}"
            self._fail(place, folder, AvmError(told_as, "Please report it."))
        finally:
            place.release(folder)

    def _fail(self, place: Place, folder: Path, error: AvmError) -> None:
        failure = Failure.model_validate(error.as_dict())
        self._event("request_failed", folder, **failure.model_dump(exclude={"version"}))
        try:
            failure.write(folder / ERROR, lasting=True, in_lua=is_of_export(folder))
        except OutputError as untold:
            self._put_off(place, folder, untold)

    def _order(self, folder: Path) -> Order:
        """The order of a request, if its host may ask for that.

        Raises:
            InputError: It is none, or asks for more than the rules allow.
        """
        if shown(folder.name) != folder.name:
            raise InputError("The name of the request's folder is no text.", "Choose another name.")
        order = Order.parse(_read(folder / REQUEST), REQUEST).in_folder(folder)
        if order.service is not None and order.service.rstrip("/") not in self._rules.services:
            raise InputError(
                f"{REQUEST}: the service {order.service} is not the one that is configured here.",
                "Leave out “service”, or configure it where avm-otio watch runs.",
            )
        for name in ("timeline", "output"):
            is_inside = _is_inside(folder, Path(getattr(order, name)), name)
            if not (is_inside or self._rules.allow_outside):
                raise InputError(
                    f"{REQUEST}: “{name}” lies outside the request's own folder: {getattr(order, name)}.",
                    "Put it there, or let avm-otio watch --allow-outside.",
                )
        if order.jobs_dir is not None and not self._rules.allow_outside:
            raise InputError(f"{REQUEST}: “jobs_dir” is the watcher's to choose.", "Leave it out.")
        if order.jobs_dir is None:
            order = order.model_copy(update={"jobs_dir": str(folder.parent / JOBS)})
        return order

    def _beat(self) -> None:
        while not self._stopped.wait(BEAT_S):
            for place in self._places:
                working = [folder.name for at, folder in list(self._threads.values()) if at is place]
                with suppress(OSError, OutputError):  # a disk that is away for a while
                    place.beat(working)


class _Told:
    """The report of one request: into its progress file; ends it where it is no longer wanted."""

    def __init__(self, place: Place, folder: Path, stopping: threading.Event) -> None:
        self._place = place
        self._folder = folder
        self._stopping = stopping
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
            ReleasedError: It is for others to go on with.
        """
        if self._stopping.is_set() or not self._place.holds(self._folder):
            if not self._folder.is_dir():
                raise CancelledError(f"The request's folder {self._folder} has gone.", "Make a new one.")
            raise ReleasedError("Another watcher goes on.")
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
            progress.write(self._folder / PROGRESS, in_lua=is_of_export(self._folder))


def _read(request: Path) -> Any:
    """The JSON of a request.

    Raises:
        InputError: It is too large, no file, or no JSON.
    """
    try:
        return json.loads(content(request))
    except OSError as error:
        raise InputError(f"{REQUEST} cannot be read: {error.strerror or error}.", "Check it.") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{REQUEST} is no JSON, or cut off.", "Write it anew, in a new folder.") from error


def _is_inside(folder: Path, path: Path, name: str) -> bool:
    """Whether a path leads into a folder, links followed.

    Raises:
        InputError: It leads nowhere.
    """
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(f"{REQUEST}: “{name}” is no path: {error}.", "Mend it.") from error
