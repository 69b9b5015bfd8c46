"""Work that runs ahead of its user in a thread of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

_Item = TypeVar("_Item")

_POLL_S = 0.1
"""How soon a waiting thread notices that it is no longer wanted, and a waiting user Ctrl-C on Windows."""


class _End(Generic[_Item]):
    def __init__(self, error: BaseException | None) -> None:
        self.error = error


@contextmanager
def read_ahead(items: Generator[_Item, None, None], depth: int) -> Iterator[Iterator[_Item]]:
    """Iterate over ``items`` in a thread, at most ``depth`` of them ahead.

    What goes wrong in the thread is raised here. On leaving the block the thread ends and ``items`` is
    closed, however far it came.
    """
    ready: queue.Queue[_Item | _End[_Item]] = queue.Queue(depth)
    unwanted = threading.Event()

    def put(item: _Item | _End[_Item]) -> bool:
        while not unwanted.is_set():
            try:
                ready.put(item, timeout=_POLL_S)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        error: BaseException | None = None
        try:
            for item in items:
                if not put(item):
                    break
        except BaseException as raised:
            error = raised
        finally:
            items.close()
        put(_End(error))

    def received() -> Iterator[_Item]:
        while True:
            try:
                item = ready.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield received()
    finally:
        unwanted.set()
        thread.join()
