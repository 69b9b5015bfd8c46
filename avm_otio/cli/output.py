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
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from json import dumps
from typing import Any, Concatenate, TextIO, TypeVar
from unicodedata import category

import click

from avm_otio.cli.progress import Bars, Clock, events, lines
from avm_otio.config.tokens import hidden
from avm_otio.errors import AvmError
from avm_otio.report import Advance

R = TypeVar("R")

EVENTS_VERSION = 1
"""Grows when an event loses or changes a field; further fields and events may come at any time."""


class Output:
    """What a run tells, as a ``core.report.Report``.

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
        self._bars = Bars()

    @property
    def shows_bars(self) -> bool:
        """Whether a person looks on at a terminal on which bars can move."""
        return not self.json and not self.quiet and _is_live_terminal(sys.stderr)

    def event(self, name: str, /, **fields: object) -> None:
        """Tell a script that something happened; nothing without ``--json``."""
        if self.json:
            moment = datetime.now(UTC).isoformat(timespec="milliseconds")
            said = {"event": name, "version": EVENTS_VERSION, "time": moment, **fields}
            self._write(sys.stdout, dumps(said, ensure_ascii=False, default=str))

    def say(self, text: str) -> None:
        """Tell a person something."""
        if not self.json and not self.quiet:
            self._write(sys.stderr, _printable(text))

    def warn(self, text: str) -> None:
        """Tell of something that does not stop the run but should be known, one line."""
        self.event("warning", message=text)
        if not self.json:
            self._write(sys.stderr, _one_line(f"Note: {text}"))

    def result(self, text: str) -> None:
        """Put what was asked for on standard output; with ``--json`` an event does that."""
        if not self.json:
            self._write(sys.stdout, _printable(text))

    def error(self, error: AvmError) -> None:
        """Tell why the run ends: one line on standard error, and the last event."""
        self.event("error", **error.as_dict())
        self._write(sys.stderr, _one_line(f"Error: {error}"))

    def step(self, label: str, total: int | None = None) -> AbstractContextManager[Advance]:
        """Show a stretch of work: a bar on a terminal, lines without one, events for scripts.

        Args:
            label: What is done, as in "Uploading the film".
            total: How much there is to do, in any unit; ``None`` where that is not known.
        """
        if self.json:
            return events(self.event, self._clock, label, total)
        if self.quiet:
            return nullcontext(_unseen)
        if self.shows_bars:
            return self._bars.step(_one_line(label), total)
        return lines(self.say, self._clock, label, total)

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


def _printable(text: str) -> str:
    """A text whose control characters, which a service's words may hold, cannot steer the terminal."""
    return "".join(each if each in "\n\t" or category(each) != "Cc" else "\ufffd" for each in text)


def _one_line(text: str) -> str:
    return _printable(" ".join(text.split()))
