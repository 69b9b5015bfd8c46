"""Work that waits for others more than it works, a few pieces at a time."""

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

_FAREWELL_S = 2.0
"""How long the end of a run waits for those to leave who are told that they are no longer wanted."""


class Unwanted(BaseException):
    """Ends a piece of work of which nobody wants to hear any more."""


class AtOnce(Generic[_Result]):
    """Pieces of work under way, a thread each; what comes of them is taken up in the thread that began them.

    On leaving the block those that are not done are no longer wanted: their next ``pause`` ends them. They
    are waited for a moment only, and do not keep the program alive: whoever presses Ctrl-C waits for no
    silent server.

    Attributes:
        under_way: How many have been started and not been heard of.
    """

    def __init__(self) -> None:
        self.under_way = 0
        self._came: queue.Queue[tuple[str, _Result | BaseException]] = queue.Queue()
        self._threads: list[threading.Thread] = []
        self._unwanted = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._unwanted.set()
        until = time.monotonic() + _FAREWELL_S
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def start(self, name: str, work: Callable[[], _Result]) -> None:
        """Begin a piece of work."""

        def run() -> None:
            try:
                came: _Result | BaseException = work()
            except BaseException as error:
                came = error
            self._came.put((name, came))

        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        self.under_way += 1
        thread.start()

    def next(self) -> tuple[str, _Result | AvmError]:
        """The next that ends: its name, and what came of it.

        Raises:
            BaseException: What it ended in, where that is no ``AvmError``.
        """
        while True:
            try:
                name, came = self._came.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            self.under_way -= 1
            if isinstance(came, BaseException) and not isinstance(came, AvmError):
                raise came
            return name, came

    def pause(self, seconds: float = 0.0) -> None:
        """Called by a piece of work, to wait, or only to hear whether it is still wanted.

        Raises:
            Unwanted: It is not.
        """
        if self._unwanted.wait(seconds):
            raise Unwanted
