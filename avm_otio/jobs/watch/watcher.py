"""Carries out the requests that hosts leave in watch folders; ``docs/watch-folder.md``.

Any number of watchers may watch one folder, on any number of machines: ``folder`` ensures that each request
is one watcher's at a time. A request whose watcher died continues where its job's journal stops.
"""

from __future__ import annotations

import json
import queue
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from avm_otio.errors import AvmError, InputError, OutputError, internal_error
from avm_otio.jobs.watch.exports import is_of_export
from avm_otio.jobs.watch.folder import LEASE_S, RETRY_S, WatchFolder, read_request
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
    encodable,
)
from avm_otio.report import Advance, Report
from avm_otio.request import Request

BEAT_S = 1.0
"""How often a watcher writes its heartbeat, in seconds."""

_PROGRESS_EVERY_S = 0.2
_LOOK_EVERY_S = 0.2

CarryOut = Callable[[Request, Report], Result]


class CancelledError(AvmError):
    """The host has cancelled the request."""

    exit_code = 130


class ReleasedError(AvmError):
    """This watcher stops, or another has taken the request over: nothing more is written."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What requests may ask for.

    Attributes:
        services: The services that may be named: a request must not send the token anywhere else.
        allow_outside: Whether timelines and outputs may be outside the request's own folder.
        currency: What the prices and the budget of a request are in that names none; empty where unknown.
    """

    services: Collection[str]
    allow_outside: bool = False
    currency: str = ""


class Watch:
    """A watcher of some folders.

    Args:
        folders: The folders.
        carry_out: Scores a request, and returns the result.
        rules: What requests may ask for.
        report: Receives an event for each request.
        parallel: How many requests are worked on at a time.
        lease_s: How long a heartbeat may stay unchanged before its watcher counts as gone, in seconds.

    Attributes:
        id: Identifies this watcher.

    Raises:
        InputError: A folder does not exist, or is named twice.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        carry_out: CarryOut,
        rules: Rules,
        report: Report,
        *,
        parallel: int = 1,
        lease_s: float = LEASE_S,
    ) -> None:
        for number, folder in enumerate(folders):
            if not folder.is_dir():
                raise InputError(f"There is no folder {folder} to watch.", "Create it first.")
            if folder.suffix == ".avm":
                raise InputError(f"{folder} is a folder for jobs.", "Watch another folder.")
            if any(folder.samefile(earlier) for earlier in folders[:number]):
                raise InputError(f"{folder} is named twice.", "Name each folder once.")
        self._carry_out = carry_out
        self._rules = rules
        self._report = report
        self._parallel = parallel
        self.id = secrets.token_hex(8)
        self._places = [
            WatchFolder(folder.absolute(), self.id, lease_s, rules.currency) for folder in folders
        ]
        self._stopping = threading.Event()
        self._stopped = threading.Event()
        self._threads: dict[threading.Thread, tuple[WatchFolder, Path]] = {}
        self._news: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def run(self, *, once: bool = False, poll_s: float = 0.5) -> None:
        """Carry out requests until interrupted.

        Args:
            once: End as soon as nothing is left to do.
            poll_s: How often to look at the folders, in seconds.

        Raises:
            OutputError: A folder cannot be written.
            KeyboardInterrupt: It was interrupted; requests under way are released for other watchers.
        """
        beating = threading.Thread(target=self._beat, daemon=True)
        try:
            for place in self._places:
                place.beat(())
            beating.start()
            while True:
                self._threads = {thread: work for thread, work in self._threads.items() if thread.is_alive()}
                self._pass_on_news()
                is_idle = not self._begin_waiting() and not self._threads
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
            self._pass_on_news()

    def _pass_on_news(self) -> None:
        """Report the threads' news here: a closed output then ends the watch, not a thread."""
        with suppress(queue.Empty):
            while True:
                self._news.get_nowait()()

    def _event(self, name: str, folder: Path, **fields: object) -> None:
        self._news.put(partial(self._report.event, name, request=str(folder), **fields))

    def _begin_waiting(self) -> bool:
        """Begin waiting requests as far as there is room.

        Returns:
            Whether any was begun.
        """
        has_begun = False
        for place in self._places:
            if len(self._threads) >= self._parallel:
                break
            for folder in place.waiting([folder for _, folder in self._threads.values()]):
                try:
                    is_ours = place.claim(folder)
                except OutputError as error:
                    self._postpone(place, folder, error)
                    continue
                if is_ours:
                    has_begun = True
                    # A second Ctrl-C ends the program, whatever they do; their claims run out then.
                    thread = threading.Thread(target=self._work, args=(place, folder), daemon=True)
                    self._threads[thread] = place, folder
                    thread.start()
                if len(self._threads) >= self._parallel:
                    break
        return has_begun

    def _postpone(self, place: WatchFolder, folder: Path, error: OutputError) -> None:
        """The request's folder cannot be written: report that here, and try again later."""
        if folder.is_dir():
            message = f"Retrying the request {folder.name} in {RETRY_S:.0f} s: {error}"
            self._news.put(partial(self._report.warn, message))
            self._news.put(partial(place.postpone, folder))

    def _work(self, place: WatchFolder, folder: Path) -> None:
        """Carry out one request; no error in it ends the watch."""
        self._event("request_taken", folder)
        report = _RequestReport(place, folder, self._stopping)
        try:
            report.check()
            request = self._request(folder)
            result = self._carry_out(request, report)
            report.check()
            result.write(folder / RESULT, lasting=True, in_lua=is_of_export(folder))
            self._event("request_done", folder, output=result.output)
        except ReleasedError:
            pass
        except AvmError as error:
            self._fail(place, folder, error)
        except Exception as error:  # a fault of ours must not end the watch
            self._fail(place, folder, internal_error(error, "Please report it."))
        finally:
            place.release(folder)

    def _fail(self, place: WatchFolder, folder: Path, error: AvmError) -> None:
        failure = Failure.model_validate(error.as_dict())
        self._event("request_failed", folder, **failure.model_dump(exclude={"version"}))
        try:
            failure.write(folder / ERROR, lasting=True, in_lua=is_of_export(folder))
        except OutputError as unwritten:
            self._postpone(place, folder, unwritten)

    def _request(self, folder: Path) -> Request:
        """A host's request, checked against the rules.

        Raises:
            InputError: It is not an order, or asks for more than the rules allow.
        """
        if encodable(folder.name) != folder.name:
            raise InputError("The name of the request's folder is not text.", "Choose another name.")
        request = Request.parse(_load(folder / REQUEST), REQUEST).in_folder(folder)
        if request.service is not None and request.service not in self._rules.services:
            raise InputError(
                f"{REQUEST}: the service {request.service} is not the one configured here.",
                "Leave out “service”, or configure that service where avm-otio watch runs.",
            )
        for name in ("timeline", "output"):
            is_inside = _is_inside(folder, getattr(request, name), name)
            if not (is_inside or self._rules.allow_outside):
                raise InputError(
                    f"{REQUEST}: “{name}” is outside the request's own folder: {getattr(request, name)}.",
                    "Move it there, or run avm-otio watch with --allow-outside.",
                )
        if request.jobs_dir is not None and not self._rules.allow_outside:
            raise InputError(f"{REQUEST}: “jobs_dir” is for the watcher to choose.", "Leave it out.")
        if request.jobs_dir is None:
            request = replace(request, jobs_dir=folder.parent / JOBS)
        return request

    def _beat(self) -> None:
        while not self._stopped.wait(BEAT_S):
            for place in self._places:
                working = [folder.name for at, folder in list(self._threads.values()) if at is place]
                with suppress(OSError, OutputError):  # a disk that is offline for a while
                    place.beat(working)


class _RequestReport:
    """The ``Report`` of one request: writes its progress file, and ends it when it is cancelled."""

    def __init__(self, place: WatchFolder, folder: Path, stopping: threading.Event) -> None:
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

    @contextmanager
    def step(self, label: str, total: int | None = None) -> Iterator[Advance]:
        """A stretch of work."""
        self._label = label
        self._write(0, total, force=True)

        def advance(done: int, total: int | None = total) -> None:
            self._look()
            self._write(done, total)

        yield advance

    def check(self) -> None:
        """Return only if the request is not cancelled, and still ours.

        Raises:
            CancelledError: Its host has cancelled it, or its folder is gone.
            ReleasedError: Another watcher continues it.
        """
        if self._stopping.is_set() or not self._place.holds(self._folder):
            if not self._folder.is_dir():
                raise CancelledError(f"The request's folder {self._folder} is gone.", "Create a new one.")
            raise ReleasedError("Another watcher continues.")
        if (self._folder / CANCEL).exists():
            raise CancelledError(
                "The request was cancelled.", "Finished steps are kept: a new request continues there."
            )

    def _look(self) -> None:
        if time.monotonic() - self._looked >= _LOOK_EVERY_S:
            self._looked = time.monotonic()
            self.check()

    def _write(self, done: int | None, total: int | None, *, force: bool = False) -> None:
        moment = time.monotonic()
        if not force and moment - self._written < _PROGRESS_EVERY_S:
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
        with suppress(OutputError):  # progress that cannot be encodable is no reason to stop
            progress.write(self._folder / PROGRESS, in_lua=is_of_export(self._folder))


def _load(request: Path) -> Any:
    """The JSON of a request.

    Raises:
        InputError: It is not a file, too large, or not JSON.
    """
    try:
        return json.loads(read_request(request))
    except OSError as error:
        message = f"{REQUEST} cannot be read: {error.strerror or error}."
        raise InputError(message, "Check its permissions.") from error
    except (ValueError, RecursionError) as error:
        message = f"{REQUEST} is not JSON, or is cut off."
        raise InputError(message, "Write it again, in a new folder.") from error


def _is_inside(folder: Path, path: Path, name: str) -> bool:
    """Whether a path leads into a folder, links followed.

    Raises:
        InputError: It is not a path.
    """
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(f"{REQUEST}: “{name}” is not a path: {error}.", "Correct it.") from error
