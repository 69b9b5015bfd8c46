"""The one place for what people and scripts see.

People read standard error, and find results (an id, a path) on standard output. Scripts ask for ``--json``
and read one JSON object a line on standard output; then nothing but an error's line goes to standard error.
Every event is listed in ``docs/json-events.md``.
"""

from __future__ import annotations

import functools
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from json import dumps
from typing import TYPE_CHECKING, Any, Concatenate, TextIO, TypeVar

import click

from avm_otio.config.tokens import hidden
from avm_otio.errors import AvmError
from avm_otio.report import Advance
from avm_otio.text import json_shown, one_line

if TYPE_CHECKING:
    from rich.progress import Progress

R = TypeVar("R")

EVENTS_VERSION = 2
"""Grows when an event loses or changes a field; further fields and events may come at any time.

1 called the ``message`` of a ``loss`` ``told``.
"""


EVENT_PAUSE_S = 0.2
"""At most five ``progress`` events a second."""

LINE_PAUSE_S = 2.0
LINE_STEP_PERCENT = 10
"""A plain line comes when both have passed: a log is not flooded by a fast step, nor by a slow one."""

STILL_PAUSE_S = 15.0
"""How often a plain line says that a step of unknown length goes on."""

Clock = Callable[[], float]


class Output:
    """What a run reports, as a ``report.Report``.

    Args:
        json: Events for scripts on standard output instead of words for people.
        quiet: No words but warnings, errors and results.
        clock: Seconds that only grow.
    """

    def __init__(self, *, json: bool = False, quiet: bool = False, clock: Clock = time.monotonic) -> None:
        self.json = json
        self.quiet = quiet
        self._clock = clock
        self._lock = threading.Lock()
        self._bars = _Bars()

    @property
    def shows_bars(self) -> bool:
        """Whether a person looks on at a terminal on which bars can move."""
        return not self.json and not self.quiet and _is_live_terminal(sys.stderr)

    def event(self, name: str, /, **fields: object) -> None:
        """Send a script an event; nothing without ``--json``."""
        if self.json:
            moment = datetime.now(UTC).isoformat(timespec="milliseconds")
            fields = {"event": name, "version": EVENTS_VERSION, "time": moment, **fields}
            self._write(sys.stdout, json_shown(dumps(fields, ensure_ascii=False, default=str)))

    def say(self, text: str) -> None:
        """Write a line for a person; what the text holds of line ends is no end of it."""
        if not self.json and not self.quiet:
            self._write(sys.stderr, one_line(text))

    def warn(self, text: str) -> None:
        """Warn of something that does not stop the run, in one line."""
        self.event("warning", message=text)
        if not self.json:
            self._write(sys.stderr, one_line(f"Note: {text.strip()}"))

    def result(self, text: str) -> None:
        """Put a line of what was asked for on standard output; with ``--json`` an event does that."""
        if not self.json:
            self._write(sys.stdout, one_line(text))

    def error(self, error: AvmError) -> None:
        """Report why the run ends: one line on standard error, and the last event."""
        self.event("error", **error.as_dict())
        self._write(sys.stderr, one_line(f"Error: {error}").rstrip())

    def step(self, label: str, total: int | None = None) -> AbstractContextManager[Advance]:
        """Show a stretch of work: a bar on a terminal, lines without one, events for scripts.

        Args:
            label: What is done, as in "Uploading the film".
            total: How much there is to do, in any unit; ``None`` where that is not known.
        """
        if self.json:
            return _events(self.event, self._clock, label, total)
        if self.quiet:
            return nullcontext(_unseen)
        if self.shows_bars:
            return self._bars.step(one_line(label), total)
        return _lines(self.say, self._clock, label, total)

    def _write(self, stream: TextIO | None, line: str) -> None:
        if stream is not None:  # a program without a console, on Windows, has none
            with self._lock:
                stream.write(f"{hidden(line)}\n")
                stream.flush()


def pass_output(command: Callable[Concatenate[Output, ...], R]) -> Callable[..., R]:
    """Give a command the options ``--json`` and ``--quiet``, and an ``Output`` as its first argument."""

    @click.option("--json", "as_json", is_flag=True, help="One JSON object a line on standard output.")
    @click.option("-q", "--quiet", is_flag=True, help="No words but warnings and errors.")
    @functools.wraps(command)
    def with_output(*args: Any, as_json: bool, quiet: bool, **named: Any) -> R:
        return command(Output(json=as_json, quiet=quiet), *args, **named)

    return with_output


def _unseen(done: int, total: int | None = None) -> None:
    """A step at which nobody looks."""


def _is_live_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


class _Bars:
    """Bars on the terminal that standard error is; steps at the same time share one display."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = 0
        self._display: Progress | None = None

    @contextmanager
    def step(self, label: str, total: int | None) -> Iterator[Advance]:
        """Show one bar; without a total it only moves and shows the time."""
        with self._lock:
            self._open += 1
            display = self._display = self._display or _display()
            display.start()
        task = display.add_task(label, total=total)

        def advance(done: int, total: int | None = None) -> None:
            display.update(task, completed=done, total=total)

        try:
            yield advance
            shown = display.tasks[display.task_ids.index(task)]
            end = shown.total or shown.completed or 1
            display.update(task, completed=end, total=end)
        finally:
            with self._lock:
                self._open -= 1
                if not self._open:
                    display.stop()
                    self._display = None


@contextmanager
def _lines(say: Callable[[str], None], clock: Clock, label: str, total: int | None) -> Iterator[Advance]:
    """Report a step in plain lines: its start, how far it is, and its end where it took a while."""
    started = shown_at = clock()
    shown_percent = 0
    say(f"{label} …")

    def advance(done: int, total: int | None = total) -> None:
        nonlocal shown_at, shown_percent
        now = clock()
        if total:
            percent = min(100, done * 100 // total)
            if percent < shown_percent + LINE_STEP_PERCENT or now < shown_at + LINE_PAUSE_S:
                return
            shown_percent = percent
            say(f"{label}: {percent} %")
        else:
            if now < shown_at + STILL_PAUSE_S:
                return
            say(f"{label}: {_length(now - started)} so far")
        shown_at = now

    yield advance
    took_s = clock() - started
    if took_s >= LINE_PAUSE_S:
        say(f"{label}: done in {_length(took_s)}")


@contextmanager
def _events(event: Callable[..., None], clock: Clock, label: str, total: int | None) -> Iterator[Advance]:
    """Report a step in ``step`` and ``progress`` events; the first and the last progress are always sent."""
    started = clock()
    shown_at: float | None = None
    held_back: tuple[int, int | None] | None = None
    event("step", label=label, state="started", total=total)

    def advance(done: int, total: int | None = total) -> None:
        nonlocal shown_at, held_back
        now = clock()
        if shown_at is not None and now < shown_at + EVENT_PAUSE_S:
            held_back = done, total
            return
        shown_at, held_back = now, None
        event("progress", label=label, done=done, total=total)

    try:
        yield advance
    finally:
        if held_back is not None:
            event("progress", label=label, done=held_back[0], total=held_back[1])
    event("step", label=label, state="done", elapsed_s=round(clock() - started, 3))


def _display() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        redirect_stdout=False,  # results stay on standard output
    )


def _length(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
