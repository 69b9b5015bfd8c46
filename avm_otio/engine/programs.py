"""A program beside this one that reads media: what a file does to it ends that program, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

Answer = dict[str, Any]
"""What a program answers: a line of JSON."""


class Program:
    """A module of ours, run as a program that answers one line of JSON with another.

    It is started when it is first needed, and anew where something has ended it.

    Args:
        module: Its dotted name.
    """

    def __init__(self, module: str) -> None:
        self._module = module
        self._running: subprocess.Popen[str] | None = None

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        if self._running is not None:
            self.end()
            self._running.wait()
            for pipe in (self._running.stdin, self._running.stdout):
                if pipe is not None:
                    with suppress(OSError):  # it may not have taken all
                        pipe.close()
            self._running = None

    def end(self) -> None:
        """End it, whatever it does; from any thread."""
        if (running := self._running) is not None:
            running.kill()

    def asked(self, question: Any) -> Answer | None:
        """What the program answers; ``None`` where it ended instead."""
        try:
            if self._running is None:
                self._running = _started(self._module)
            asked, answers = _pipes(self._running)
            print(json.dumps(question), file=asked, flush=True)  # a pipe of ours
            answer: Answer = json.loads(answers.readline())
        except (OSError, ValueError):
            self.__exit__()
            return None
        return answer


def can_run() -> bool:
    """Whether this is a Python of its own, which can run modules, rather than one inside another program."""
    return Path(sys.executable or "").stem.lower().startswith(("python", "pypy"))


def _pipes(running: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    assert running.stdin is not None
    assert running.stdout is not None
    return running.stdin, running.stdout


def _started(module: str) -> subprocess.Popen[str]:
    # Each program keeps to its core: numpy's and FFmpeg's own threads would only wait for each other.
    one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    where = str(Path(__file__).parents[2])
    return subprocess.Popen(
        [sys.executable, "-m", module],
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
