"""Measuring many sounds at once: on every core a program that a file can end, and nothing else with it."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from avm_otio.engine.measuring import measured
from avm_otio.errors import AvmError

_FEW_BYTES = 24_000_000
"""Up to so much, all files together, is measured here: to start a program takes half a second."""

_MOST_PROGRAMS = 8

Answer = dict[str, Any]
"""``measured``: what a sound is like; or ``refused``: why it cannot be used."""


def measure_all(
    folder: Path, sizes: dict[str, int], check: Callable[[], None] = lambda: None
) -> Iterator[tuple[str, Answer]]:
    """Measure sounds, and give each answer as soon as it is there, in any order.

    Args:
        folder: Where they lie.
        sizes: Their paths below it, and how many bytes each has.
        check: Called often; may raise to break off.
    """
    if sum(sizes.values()) <= _FEW_BYTES or not _is_python():
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
    programs = [_Program() for _ in range(max(1, min(_MOST_PROGRAMS, _cores(), count)))]

    def work(program: _Program) -> None:
        with program:
            while not stopping.is_set():
                try:
                    path = waiting.get_nowait()
                except queue.Empty:
                    return
                done.put((path, program.measured(folder / path)))

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


class _Program:
    """A program that measures; started when it is first needed, and anew where a file has ended it."""

    def __init__(self) -> None:
        self._running: subprocess.Popen[str] | None = None

    def __enter__(self) -> _Program:
        return self

    def __exit__(self, *_: object) -> None:
        if self._running is not None:
            self.end()
            self._running.wait()
            for pipe in (self._running.stdin, self._running.stdout):
                if pipe is not None:
                    with suppress(OSError):  # it may not have taken all
                        pipe.close()

    def end(self) -> None:
        """End it, whatever it does; from any thread."""
        if self._running is not None:
            self._running.kill()

    def measured(self, path: Path) -> Answer:
        """What the program answers; a file that ends it is tried once more, since memory may have run out."""
        return self._asked(path) or self._asked(path) or {"refused": "it ended the program that reads it."}

    def _asked(self, path: Path) -> Answer | None:
        try:
            if self._running is None:
                self._running = _started()
            asked, answers = self._pipes(self._running)
            print(json.dumps(str(path)), file=asked, flush=True)  # a pipe of ours
            answer: Answer = json.loads(answers.readline())
        except (OSError, ValueError):
            self.__exit__()
            self._running = None
            return None
        return answer

    @staticmethod
    def _pipes(running: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
        assert running.stdin is not None
        assert running.stdout is not None
        return running.stdin, running.stdout


def _started() -> subprocess.Popen[str]:
    # Each program keeps to its core: numpy's and FFmpeg's own threads would only wait for each other.
    one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    where = str(Path(__file__).parents[2])
    return subprocess.Popen(
        [sys.executable, "-m", "avm_otio.engine.measuring"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="ascii",
        start_new_session=True,  # Ctrl-C is for this program, which then ends that one
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        env={
            **os.environ,
            **one,
            "PYTHONPATH": os.pathsep.join(filter(None, (where, os.environ.get("PYTHONPATH")))),
        },
    )


def _is_python() -> bool:
    """Whether this is a Python of its own, rather than one inside another program."""
    return Path(sys.executable or "").stem.lower().startswith(("python", "pypy"))


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1
