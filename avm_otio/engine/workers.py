"""Measuring many sounds at once: on every core a program that a file can end, and nothing else with it.

What is answered of a sound is ``measured``, what it is like, or ``refused``, why it cannot be used.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from avm_otio.engine.measuring import measured
from avm_otio.engine.programs import Answer, Program, can_run
from avm_otio.errors import AvmError

_FEW_BYTES = 24_000_000
"""Up to so much, all files together, is measured here: to start a program takes half a second."""

_MOST_PROGRAMS = 8
_MODULE = "avm_otio.engine.measuring"


def measure_all(
    folder: Path, sizes: dict[str, int], check: Callable[[], None] = lambda: None
) -> Iterator[tuple[str, Answer]]:
    """Measure sounds, and give each answer as soon as it is there, in any order.

    Args:
        folder: Where they lie.
        sizes: Their paths below it, and how many bytes each has.
        check: Called often; may raise to break off.
    """
    if sum(sizes.values()) <= _FEW_BYTES or not can_run():
        for path in sizes:
            check()
            yield path, _here(folder / path, check)
        return
    yield from _in_programs(folder, sorted(sizes, key=sizes.__getitem__, reverse=True), check)


def _here(path: Path, check: Callable[[], None]) -> Answer:
    try:
        return {"measured": measured(path, check)}
    except AvmError as error:
        return {"refused": error.what}
    except OSError as error:
        return {"refused": str(error)}


def _in_programs(
    folder: Path, paths: Iterable[str], check: Callable[[], None]
) -> Iterator[tuple[str, Answer]]:
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    count = 0
    for path in paths:
        waiting.put(path)
        count += 1
    done: queue.SimpleQueue[tuple[str, Answer]] = queue.SimpleQueue()
    stopping = threading.Event()
    programs = [Program(_MODULE) for _ in range(max(1, min(_MOST_PROGRAMS, _cores(), count)))]

    def work(program: Program) -> None:
        with program:
            while not stopping.is_set():
                try:
                    path = waiting.get_nowait()
                except queue.Empty:
                    return
                done.put((path, _answer(program, folder / path)))

    with ThreadPoolExecutor(len(programs), thread_name_prefix="measuring") as pool:
        at_work = [pool.submit(work, each) for each in programs]
        try:
            while count:
                check()
                try:
                    yield done.get(timeout=0.2)
                except queue.Empty:
                    for ended in (each for each in at_work if each.done()):
                        ended.result()  # raises what ended it
                    continue
                count -= 1
        finally:
            stopping.set()
            for each in programs:
                each.end()


def _answer(program: Program, path: Path) -> Answer:
    """What a program answers; a file that ends it is tried once more, since memory may have run out."""
    asked = str(path)
    return program.asked(asked) or program.asked(asked) or {"refused": "it ended the program that reads it."}


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1
