"""Worker processes, one call at a time each, and the two steps of a timeline that are done in them.

A process that dies takes its call with it, and nothing else.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from avm_otio.jobs.folder import read_journal
from avm_otio.report import Silent
from avm_otio.request import Request

if TYPE_CHECKING:
    from avm_otio.jobs.question import Question
    from avm_otio.timeline.features import Loss

P = ParamSpec("P")
R = TypeVar("R")

_EXIT_S = 3.0
"""How long a stopping worker may take to remove its temporary files, in seconds."""


class WorkerDiedError(Exception):
    """The process ended during a call: killed, out of memory, or crashed in a library."""


class Worker:
    """One process, started at the first call and again at the first call after it died.

    ``call`` is for one thread at a time; ``stop`` may come from another.
    """

    def __init__(self) -> None:
        self._process: BaseProcess | None = None
        self._pipe: Connection[Any, Any] | None = None
        self._is_stopped = False

    @property
    def pid(self) -> int | None:
        """Of the process; ``None`` while there is none."""
        return None if self._process is None else self._process.pid

    def call(self, function: Callable[P, R], *args: P.args, **named: P.kwargs) -> R:
        """Call a function of a module in the process.

        Args:
            function: What to call; it and its arguments are pickled.
            args: Its arguments.
            named: Its named arguments.

        Raises:
            WorkerDiedError: The process died during the call, or was stopped.
            Exception: What the function raised.
        """
        pipe = self._started()
        try:
            pipe.send((function, args, named))
            is_result, returned = pipe.recv()
        except (EOFError, OSError):
            self._end()
            raise WorkerDiedError from None
        if not is_result:
            raise returned
        result: R = returned
        return result

    def close(self) -> None:
        """Let an idle process end."""
        if self._pipe is not None:
            self._pipe.close()
        self._end()

    def stop(self) -> None:
        """End the process during a call; it removes its temporary files. No call starts it again."""
        self._is_stopped = True
        if self._process is not None:
            self._process.terminate()

    def _started(self) -> Connection[Any, Any]:
        if self._is_stopped:
            raise WorkerDiedError
        if self._process is None or self._pipe is None:
            # Not a fork: this process has threads, whose locks a fork would copy as they are.
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(
                target=_serve, args=(theirs,), name="avm-otio worker", daemon=True
            )
            self._process.start()
            theirs.close()
        return self._pipe

    def _end(self) -> None:
        if self._process is not None:
            self._process.join(_EXIT_S)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
        self._process = self._pipe = None


def _serve(pipe: Connection[Any, Any]) -> None:
    """Carry out calls until the other end closes, or its process is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process: the main one decides
    signal.signal(signal.SIGTERM, _unwind)
    while True:
        try:
            function, args, named = pipe.recv()
        except EOFError:
            return
        try:
            reply = True, function(*args, **named)
        except Exception as error:
            reply = False, error
        try:
            pipe.send(reply)
        except OSError:
            return


def _unwind(number: int, frame: FrameType | None) -> None:
    """Leave as after Ctrl-C, so that no half file stays."""
    raise SystemExit(128 + number)


# What is called in them


def prepare(
    make: Callable[[Request], tuple[Request, Question]], request: Request
) -> tuple[Path, bool, list[str]]:
    """``pipeline.prepare``: the job, whether it is paid, and warnings."""
    from avm_otio.jobs import pipeline

    report = _Warnings()
    job = pipeline.prepare(*make(request), report).job
    return job, read_journal(job).call is not None, report.warnings


def finish(
    make: Callable[[Request], tuple[Request, Question]], request: Request, job: Path
) -> tuple[Mapping[str, Any], Sequence[Loss], list[str]]:
    """``pipeline.finish``: the summary without its clips, losses and warnings."""
    from avm_otio.jobs import pipeline

    report = _Warnings()
    scored = pipeline.finish(job, *make(request), report)
    return scored.summary() | {"clips": [], "spare_clips": [], "notes": []}, scored.losses, report.warnings


class _Warnings(Silent):
    """A ``Report`` that keeps warnings and drops the rest."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warn(self, text: str) -> None:
        """Something the user should know."""
        self.warnings.append(text)
