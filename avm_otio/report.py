"""How a long run tells what it is doing, whoever listens: a terminal, a script, or nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Advance(Protocol):
    """Called as a step goes on: how much is done, and of how much where that is known."""

    def __call__(self, done: int, total: int | None = None) -> None:
        """Tell how far the step has come."""


class Report(Protocol):
    """Whoever listens to a run."""

    def event(self, name: str, /, **fields: object) -> None:
        """Something happened; names and fields are those of ``docs/json-events.md``."""

    def warn(self, text: str) -> None:
        """Something the user should know, one line."""

    def step(self, label: str, total: int | None = None) -> AbstractContextManager[Advance]:
        """A stretch of work that can take over a second."""


Step = Callable[[str, int | None], AbstractContextManager[Advance]]
"""``Report.step`` by itself."""


class Silent:
    """A ``Report`` to which nobody listens."""

    def event(self, name: str, /, **fields: object) -> None:
        """Heard by nobody."""

    def warn(self, text: str) -> None:
        """Heard by nobody."""

    @contextmanager
    def step(self, label: str, total: int | None = None) -> Iterator[Advance]:
        """Watched by nobody."""
        yield lambda done, total=None: None


SILENT = Silent()

UNSEEN: Step = SILENT.step
"""Steps that nobody watches."""
