"""The audition page for hosts that cannot start it: a process of its own, beside the scorings.

The page shows a job, and writes its timeline. So whoever asks must be the watcher's own user, and what was
scored theirs alone; ``docs/security.md``.
"""

from __future__ import annotations

import json
import queue
import socket
import subprocess
import sys
import threading
import time
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from avm_otio.errors import InputError
from avm_otio.folders import Folder, IrregularFileError, is_ours, is_ours_alone, keeps_names
from avm_otio.jobs.watch.exports import is_of_export
from avm_otio.jobs.watch.protocol import (
    JOBS,
    PAGE,
    REQUEST,
    RESULT,
    WATCHERS,
    AuditionRequest,
    CountedResult,
    Page,
    Result,
)
from avm_otio.jobs.watch.visits import trust_jobs
from avm_otio.report import Report

PROGRAM = (sys.executable, "-m", "avm_otio")

UNOPENED_S = 300.0
"""How long a page waits for a browser, in seconds; nobody may come in later by an address left about."""

_LOOK_EVERY_S = 0.2
_END_S = 5.0
_LARGEST_RESULT_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Scored:
    """What was scored by an earlier request.

    Attributes:
        folder: That request's folder.
        result: What it was answered.
    """

    folder: Path
    result: Result


def show_page(opened: Folder, document: Any, report: Report, check: Callable[[], None]) -> Result:
    """Show the page of an earlier request's job until it is closed.

    Its address lies in the request's folder until a browser has it. Each time that the page writes the
    timeline, the earlier request's result follows.

    Args:
        opened: The folder of the request for the page.
        document: That request.
        report: Receives what is going on.
        check: Raises where the request is over.

    Returns:
        The result of the earlier request, as it is now.

    Raises:
        InputError: It is not the watcher's own user who asks, nothing was scored there, or the page cannot
            be shown.
        AvmError: Whatever ``check`` raises.
    """
    asked = _read(document)
    page = _Shown(opened, _scored_by(opened, asked.audition), asked.open)
    ends = time.monotonic() + UNOPENED_S
    timeline = Path(page.result.output)
    try:
        with _served(timeline, Path(page.result.job).parent) as events, report.step("Audition page"):
            while not page.is_over:
                check()
                if not page.is_open and time.monotonic() > ends:
                    raise InputError("No browser opened the audition page in time.", "Ask for it again.")
                with suppress(queue.Empty):
                    page.take(events.get(timeout=_LOOK_EVERY_S))
    finally:
        page.forget()
    return page.result


class _Shown:
    """A page that is shown, as its server reports it.

    Args:
        opened: The folder of the request for it.
        scored: Whose page it is.
        opens: Whether the watcher opens it.

    Attributes:
        result: What the scored timeline holds now.
        is_open: Whether a browser has it.
        is_over: Whether its server has ended.
    """

    def __init__(self, opened: Folder, scored: _Scored, opens: bool) -> None:
        self._opened = opened
        self._scored = scored
        self._opens = opens
        self.result = scored.result
        self.is_open = self.is_over = False

    def take(self, event: Mapping[str, Any] | None) -> None:
        """Take what the server reports; ``None`` at its end.

        Raises:
            InputError: It cannot show the page.
            OutputError: A file cannot be written.
        """
        kind = None if event is None else event.get("event")
        if event is None or kind == "done":
            if not self.is_open:
                hint = f"Try avm-otio audition {self.result.output}"
                raise InputError("The audition page ended before a browser had it.", hint)
            self.is_over = True
        elif kind == "error":
            raise InputError(str(event.get("message")), str(event.get("hint", "")))
        elif kind == "audition":
            address = str(event["address"])
            self._write(None if self._opens and _open(address) else address)
        elif kind == "page_opened":
            self.is_open = True
            self._write(None)
        elif kind == "updated":
            self.result = CountedResult.model_validate(event["result"])
            with Folder.open(self._scored.folder, follow=False) as folder:
                self.result.write(folder, RESULT, lasting=True, in_lua=is_of_export(folder.path))

    def _write(self, address: str | None) -> None:
        page = Page(host=socket.gethostname(), address=address)
        page.write(self._opened, PAGE, in_lua=is_of_export(self._opened.path), private=True)

    def forget(self) -> None:
        """The page is gone."""
        with suppress(OSError):
            for name in (PAGE, Path(PAGE).with_suffix(".lua").name):
                self._opened.remove(name)


def _read(document: Any) -> AuditionRequest:
    try:
        asked = AuditionRequest.model_validate(document)
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(str(part) for part in problem["loc"])
        raise InputError(f"{REQUEST}: “{field}”: {problem['msg']}.", "See docs/watch-folder.md.") from error
    name = asked.audition
    is_name = name == Path(name).name and not set(name) & set("/\\\0") and not name.startswith(".")
    if not is_name or name in (JOBS, WATCHERS):
        raise InputError(f"{REQUEST}: “audition” is not the name of a request's folder.", _NAME_IT)
    return asked


_NAME_IT = "Name the folder of the request that was scored."


def _scored_by(opened: Folder, name: str) -> _Scored:
    """What the request of that name was answered.

    Raises:
        InputError: Nothing, or it is not the watcher's own user who asks for it.
    """
    try:
        is_own = keeps_names(opened.path.parent.stat()) and opened.is_ours_alone
        if not is_own or not is_ours(opened.stat(REQUEST)):
            raise _strangers(opened.path.name)
        trust_jobs(opened.path.parent)
        with Folder.open(opened.path.parent) as above, above.below(name) as folder:
            if not folder.is_ours_alone or not is_ours_alone(folder.stat(RESULT)):
                raise _strangers(name)
            text = folder.read(RESULT, most_bytes=_LARGEST_RESULT_BYTES)
            return _Scored(folder.path, CountedResult.model_validate_json(text))
    except (OSError, ValueError, IrregularFileError) as error:
        raise InputError(f"There is no finished request {name} here.", _NAME_IT) from error


def _strangers(name: str) -> InputError:
    return InputError(
        f"The page is for the user of avm-otio watch alone, and others can change {name}.",
        "Run avm-otio audition with the scored timeline yourself.",
    )


def _open(address: str) -> bool:
    try:
        return webbrowser.open(address)
    except (OSError, webbrowser.Error):
        return False


@contextmanager
def _served(timeline: Path, jobs: Path) -> Iterator[queue.SimpleQueue[dict[str, Any] | None]]:
    """The page's server, as long as the block lasts, and what it reports; ``None`` at its end."""
    command = [*PROGRAM, "audition", str(timeline), "--jobs-dir", str(jobs), "--no-open", "--json"]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        start_new_session=True,  # Ctrl-C is for the watcher, which then ends it
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    events: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
    reading = threading.Thread(target=_events, args=(process, events), daemon=True)
    reading.start()
    try:
        yield events
    finally:
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reading.join(_END_S)
        if process.stdout is not None:
            process.stdout.close()


def _events(process: subprocess.Popen[str], events: queue.SimpleQueue[dict[str, Any] | None]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        with suppress(ValueError):
            event = json.loads(line)
            if isinstance(event, dict):
                events.put(event)
    events.put(None)
