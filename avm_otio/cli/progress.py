"""Three ways to show a step: bars on a terminal, lines without one, events for scripts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from avm_otio.report import Advance

if TYPE_CHECKING:
    from rich.progress import Progress

EVENT_PAUSE_S = 0.2
"""At most five ``progress`` events a second."""

LINE_PAUSE_S = 2.0
LINE_STEP_PERCENT = 10
"""A plain line comes when both have passed: a log is not flooded by a fast step, nor by a slow one."""

STILL_PAUSE_S = 15.0
"""How often a plain line says that a step of unknown length goes on."""

Clock = Callable[[], float]


class Bars:
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
def lines(say: Callable[[str], None], clock: Clock, label: str, total: int | None) -> Iterator[Advance]:
    """Tell of a step in plain lines: its start, how far it is, and its end where it took a while."""
    started = told_at = clock()
    told_percent = 0
    say(f"{label} …")

    def advance(done: int, total: int | None = total) -> None:
        nonlocal told_at, told_percent
        now = clock()
        if total:
            percent = min(100, done * 100 // total)
            if percent < told_percent + LINE_STEP_PERCENT or now < told_at + LINE_PAUSE_S:
                return
            told_percent = percent
            say(f"{label}: {percent} %")
        else:
            if now < told_at + STILL_PAUSE_S:
                return
            say(f"{label}: {_length(now - started)} so far")
        told_at = now

    yield advance
    took_s = clock() - started
    if took_s >= LINE_PAUSE_S:
        say(f"{label}: done in {_length(took_s)}")


@contextmanager
def events(event: Callable[..., None], clock: Clock, label: str, total: int | None) -> Iterator[Advance]:
    """Tell of a step in ``step`` and ``progress`` events; the first and the last progress are always told."""
    started = clock()
    told_at: float | None = None
    untold: tuple[int, int | None] | None = None
    event("step", label=label, state="started", total=total)

    def advance(done: int, total: int | None = total) -> None:
        nonlocal told_at, untold
        now = clock()
        if told_at is not None and now < told_at + EVENT_PAUSE_S:
            untold = done, total
            return
        told_at, untold = now, None
        event("progress", label=label, done=done, total=total)

    try:
        yield advance
    finally:
        if untold is not None:
            event("progress", label=label, done=untold[0], total=untold[1])
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
