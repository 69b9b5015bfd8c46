"""Worker processes, one call at a time each. One that dies takes its call with it, and nothing else."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_FAREWELL_S = 3.0
"""How long a worker that is to stop may take to remove its temporary files."""


class WorkerDiedError(Exception):
    """The process ended while it was at work: killed, out of memory, or crashed in a library."""


class Worker:
    """One process, started at the first call and afresh at the first call after it died.

    ``call`` is for one thread at a time; ``stop`` may come from another one.
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
            function: What to call; it and its arguments go there by pickle.
            args: Its arguments.
            named: Its named arguments.

        Raises:
            WorkerDiedError: The process died of it, or was stopped.
            Exception: What the function raised.
        """
        pipe = self._started()
        try:
            pipe.send((function, args, named))
            came, what = pipe.recv()
        except (EOFError, OSError):
            self._leave(0.0)
            raise WorkerDiedError from None
        if not came:
            raise what
        result: R = what
        return result

    def close(self) -> None:
        """Let an idle process end."""
        if self._pipe is not None:
            self._pipe.close()
        self._leave(_FAREWELL_S)

    def stop(self) -> None:
        """End the process, whatever it does; it removes its temporary files. No call starts it again."""
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

    def _leave(self, patience_s: float) -> None:
        if self._process is not None:
            self._process.join(patience_s or _FAREWELL_S)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
        self._process = self._pipe = None


def _serve(pipe: Connection[Any, Any]) -> None:
    """Carry out calls until the other end closes, or its process is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process: the one in charge decides
    signal.signal(signal.SIGTERM, _unwind)
    while True:
        try:
            function, args, named = pipe.recv()
        except EOFError:
            return
        try:
            said = True, function(*args, **named)
        except Exception as error:
            said = False, error
        try:
            pipe.send(said)
        except OSError:
            return


def _unwind(number: int, frame: FrameType | None) -> None:
    """Leave as after Ctrl-C, so that no half file stays."""
    raise SystemExit(128 + number)
