"""A report that keeps what it is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from avm_otio.report import Advance, Silent


class Listening(Silent):
    """A report that remembers."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.progress: list[tuple[int, int | None]] = []
        self.warned: list[str] = []

    def warn(self, text: str) -> None:
        self.warned.append(text)

    @contextmanager
    def step(self, label: str, total: int | None = None) -> Iterator[Advance]:
        self.steps.append(label)
        yield lambda done, total=None: self.progress.append((done, total))
