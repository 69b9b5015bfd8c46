"""Carries out the requests that hosts leave in watch folders; ``docs/watch-folder.md``.

Any number of watchers may watch one folder, on any number of machines: ``folder`` ensures that each request
is one watcher's at a time. A request whose watcher died continues where its job's journal stops.
"""

from __future__ import annotations

import json
import os
import queue
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from avm_otio.config.faults import keep_trace
from avm_otio.errors import AvmError, InputError, OutputError, internal_error
from avm_otio.files import unwritable
from avm_otio.folders import Folder
from avm_otio.jobs.watch.exports import is_of_export
from avm_otio.jobs.watch.folder import LEASE_S, RETRY_S, WatchFolder, read_request
from avm_otio.jobs.watch.pages import show_page
from avm_otio.jobs.watch.protocol import (
    CANCEL,
    ERROR,
    PROGRESS,
    REQUEST,
    RESULT,
    Failure,
    Progress,
    Result,
    asks_for_page,
    encodable,
)
from avm_otio.jobs.watch.visits import Rules, visit
from avm_otio.report import Advance, Report
from avm_otio.request import Request

BEAT_S = 1.0
"""How often a watcher writes its heartbeat, in seconds."""

_LEAVE_S = 60.0
"""How long Ctrl-C waits for requests under way to let go, in seconds: a paid call is waited for."""

_LOOK_UP_S = 5.0
"""How long a request that was cancelled may take to notice it, in seconds; then it is ended all the same."""

_PROGRESS_EVERY_S = 0.2
_LOOK_EVERY_S = 0.2

CarryOut = Callable[[Request, Report], Result]


class CancelledError(AvmError):
    """The host has cancelled the request."""

    exit_code = 130


class ReleasedError(AvmError):
    """This watcher stops, or another has taken the request over: nothing more is written."""


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
        self._threads: dict[threading.Thread, _RequestReport] = {}
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
                self._end_overdue()
                self._threads = {
                    thread: report
                    for thread, report in self._threads.items()
                    if thread.is_alive() and not report.is_given_up
                }
                self._pass_on_news()
                is_idle = not self._begin_waiting() and not self._threads
                if once and is_idle and not any(place.has_unfinished for place in self._places):
                    return
                time.sleep(min(poll_s, _LOOK_EVERY_S) if once else poll_s)
        finally:
            self._stopping.set()
            ends = time.monotonic() + _LEAVE_S
            for thread in self._threads:
                thread.join(max(0.0, ends - time.monotonic()))
            self._stopped.set()
            if beating.is_alive():
                beating.join()
            for report in self._threads.values():
                report.place.release(report.folder)
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
            for folder in place.waiting([report.folder for report in self._threads.values()]):
                # A page waits for a person: it takes no scoring's turn, and waits for none.
                is_page = place.asks_for_page(folder)
                at_work = sum(not report.is_page for report in self._threads.values())
                if not is_page and at_work >= self._parallel:
                    continue
                try:
                    is_ours = place.claim(folder)
                except OutputError as error:
                    self._postpone(place, folder, error)
                    continue
                if is_ours:
                    has_begun = True
                    # A second Ctrl-C ends the program, whatever they do; their claims run out then.
                    report = _RequestReport(place, folder, self._stopping, self._rules.longest_s)
                    report.is_page = is_page
                    thread = threading.Thread(target=self._work, args=(report,), daemon=True)
                    self._threads[thread] = report
                    thread.start()
        return has_begun

    def _postpone(self, place: WatchFolder, folder: Path, error: OutputError) -> None:
        """The request's folder cannot be written: report that here, and try again later."""
        if folder.is_dir():
            message = f"Retrying the request {folder.name} in {RETRY_S:.0f} s: {error}"
            self._news.put(partial(self._report.warn, message))
            self._news.put(partial(place.postpone, folder))

    def _work(self, report: _RequestReport) -> None:
        """Carry out one request; no error in it ends the watch."""
        folder = report.folder
        self._event("request_taken", folder)
        try:
            with Folder.open(folder, follow=False) as opened:
                self._carry(opened, report)
        except ReleasedError:
            pass
        except OSError as error:
            self._fail(report, unwritable(folder, error))
        except AvmError as error:
            self._fail(report, error)
        except Exception as error:  # a fault of ours must not end the watch
            self._fail(report, internal_error(error, "Please report it."))
        finally:
            report.place.release(folder)

    def _carry(self, opened: Folder, report: _RequestReport) -> None:
        """Carry out one request.

        Raises:
            AvmError: It cannot be.
        """
        report.check()
        document = _load(opened)
        if asks_for_page(document):
            result = show_page(opened, document, report, report.check)
        else:
            result = self._scored(opened, document, report)
        if not report.end():
            return
        try:
            result.write(opened, RESULT, lasting=True, in_lua=is_of_export(opened.path))
        except OutputError as error:
            self._say(report, error)
        else:
            self._event("request_done", opened.path, output=result.output)

    def _scored(self, opened: Folder, document: Any, report: _RequestReport) -> Result:
        """Score a request's timeline.

        Raises:
            AvmError: It cannot be; with every path as the host knows it.
        """
        with visit(opened, _request(opened, document), self._rules) as visited:
            report.words = visited.words
            try:
                result = self._carry_out(visited.request, report)
                report.check()
                visited.publish()
            except AvmError as error:
                error.what, error.hint = visited.words(error.what), visited.words(error.hint)
                raise
            return type(result).model_validate(visited.words(result.model_dump()))

    def _fail(self, report: _RequestReport, error: AvmError) -> None:
        """End a request that was not carried out, unless it is ended already."""
        keep_trace(error)
        if report.end():
            self._say(report, error)

    def _say(self, report: _RequestReport, error: AvmError) -> None:
        """Say in a request's folder why it was not carried out."""
        folder = report.folder
        failure = Failure.model_validate(error.as_dict())
        self._event("request_failed", folder, **failure.model_dump(exclude={"version"}))
        try:
            with Folder.open(folder, follow=False) as opened:
                failure.write(opened, ERROR, lasting=True, in_lua=is_of_export(folder))
        except OSError as unopened:
            self._postpone(report.place, folder, unwritable(folder, unopened))
        except OutputError as unwritten:
            self._postpone(report.place, folder, unwritten)

    def _end_overdue(self) -> None:
        """End requests that were cancelled or take too long, and whose work does not look up."""
        for report in list(self._threads.values()):
            error = report.overdue()
            if error is not None:
                self._fail(report, error)
                report.place.release(report.folder)
                report.is_given_up = True

    def _beat(self) -> None:
        while not self._stopped.wait(BEAT_S):
            for place in self._places:
                working = [one.folder.name for one in list(self._threads.values()) if one.place is place]
                with suppress(OSError, OutputError, InputError):  # a disk that is offline for a while
                    place.beat(working)


class _RequestReport:
    """The ``Report`` of one request: writes its progress file, and ends it when it is cancelled."""

    def __init__(self, place: WatchFolder, folder: Path, stopping: threading.Event, longest_s: float) -> None:
        self.place = place
        self.folder = folder
        self.words: Callable[[Any], Any] = lambda value: value
        self._stopping = stopping
        self._longest_s = longest_s
        self._ending = threading.Lock()
        self._unheard: float | None = None
        self.is_page = False
        self.is_over = False
        self.is_given_up = False
        self._started = self._looked = time.monotonic()
        self._written = -1.0
        self._sequence = 0
        self._messages: list[str] = []
        self._label = "Beginning"

    def end(self) -> bool:
        """Whether it is for the caller to say how the request ended: for the first alone."""
        with self._ending:
            is_first, self.is_over = not self.is_over, True
            return is_first

    def overdue(self) -> AvmError | None:
        """Why the request must be ended from outside: its work does not notice that it is over."""
        try:
            self.check()
        except ReleasedError:
            return None
        except AvmError as error:
            moment = time.monotonic()
            self._unheard = self._unheard or moment
            return error if moment - self._unheard >= _LOOK_UP_S else None
        return None

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
        if self.is_over:
            raise ReleasedError("It was ended.")
        if self._stopping.is_set() or not self.place.holds(self.folder):
            if not self.folder.is_dir():
                raise CancelledError(f"The request's folder {self.folder} is gone.", "Create a new one.")
            raise ReleasedError("Another watcher continues.")
        if time.monotonic() - self._started > self._longest_s:
            raise CancelledError(
                f"The request took longer than {self._longest_s / 60:.0f} minutes.",
                "Finished steps are kept: a new request continues there.",
            )
        if os.path.lexists(self.folder / CANCEL):
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
            label=self.words(self._label),
            done=done,
            total=total,
            elapsed_s=round(moment - self._started, 2),
            messages=tuple(map(self.words, self._messages)),
        )
        # Progress that cannot be written is no reason to stop.
        with suppress(OSError, OutputError), Folder.open(self.folder, follow=False) as opened:
            progress.write(opened, PROGRESS, in_lua=is_of_export(self.folder))


def _request(folder: Folder, document: Any) -> Request:
    """A host's request, its paths absolute.

    Raises:
        InputError: It is none.
    """
    if encodable(folder.path.name) != folder.path.name:
        raise InputError("The name of the request's folder is not text.", "Choose another name.")
    return Request.parse(document, REQUEST).in_folder(folder.path)


def _load(folder: Folder) -> Any:
    """The JSON of a request.

    Raises:
        InputError: It is not a file, too large, or not JSON.
    """
    try:
        return json.loads(read_request(folder))
    except OSError as error:
        message = f"{REQUEST} cannot be read: {error.strerror or error}."
        raise InputError(message, "Check its permissions.") from error
    except (ValueError, RecursionError) as error:
        message = f"{REQUEST} is not JSON, or is cut off."
        raise InputError(message, "Write it again, in a new folder.") from error
