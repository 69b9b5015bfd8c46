"""A pool of threads for work that mostly waits, such as downloads."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Generic, Self, TypeVar

from avm_otio.errors import AvmError

_Result = TypeVar("_Result")

_POLL_S = 0.5
"""How soon a waiting user's Ctrl-C is noticed on Windows."""

_EXIT_S = 2.0
"""How long the end of a run waits for cancelled tasks to end, in seconds."""


class Cancelled(BaseException):  # not an error: nobody waits for the task any more
    """Ends a task that was cancelled."""


class Pool(Generic[_Result]):
    """Tasks in a thread each; their results are taken up in the thread that started them.

    On leaving the block, tasks still running are cancelled: their next ``pause`` ends them. The block waits
    for them only briefly, and they do not keep the program alive: Ctrl-C does not wait for a silent server.

    Attributes:
        running: Number of tasks that were started and whose result was not taken up yet.
    """

    def __init__(self) -> None:
        self.running = 0
        self._results: queue.Queue[tuple[str, _Result | BaseException]] = queue.Queue()
        self._threads: list[threading.Thread] = []
        self._cancelled = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._cancelled.set()
        until = time.monotonic() + _EXIT_S
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def start(self, name: str, task: Callable[[], _Result]) -> None:
        """Start a task."""

        def run() -> None:
            try:
                result: _Result | BaseException = task()
            except BaseException as error:
                result = error
            self._results.put((name, result))

        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        self.running += 1
        thread.start()

    def next(self) -> tuple[str, _Result | AvmError]:
        """Wait for the next task that ends: its name, and its result or error.

        Raises:
            BaseException: The task's error, if it is not an ``AvmError``.
        """
        while True:
            try:
                name, result = self._results.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            self.running -= 1
            if isinstance(result, BaseException) and not isinstance(result, AvmError):
                raise result
            return name, result

    def pause(self, seconds: float = 0.0) -> None:
        """Called within a task: wait, and end the task if it was cancelled meanwhile.

        Raises:
            Cancelled: The task was cancelled.
        """
        if self._cancelled.wait(seconds):
            raise Cancelled
