"""Start-up of the program against a bare ``python -c pass``, and what saying the same again takes beyond it.

A sample is scored in a temporary folder with the local engine first. Wall time, pair by pair.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 25
SAMPLES = Path(__file__).parent.parent / "sample_timelines"
PROGRAM = str(Path(sys.executable).with_name("avm-otio"))


def seconds(*command: str) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def pairs(command: tuple[str, ...], other: tuple[str, ...]) -> list[tuple[float, float]]:
    seconds(*command), seconds(*other)
    return [(seconds(*command), seconds(*other)) for _ in range(RUNS)]


def main() -> None:
    bare = (sys.executable, "-c", "pass")
    for name, command in {
        "avm-otio --version": (PROGRAM, "--version"),
        "avm-otio --help": (PROGRAM, "--help"),
        "python -c 'import click'": (sys.executable, "-c", "import click"),
    }.items():
        timed = pairs(command, bare)
        ratio = statistics.median(one / other for one, other in timed)
        middle = statistics.median(one for one, _ in timed)
        print(f"{name:<26} median {middle * 1000:6.1f} ms, {ratio:.2f} × python -c pass")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(SAMPLES, Path(folder, "sample"))
        os.chdir(Path(folder, "sample"))
        score = (PROGRAM, "score", "short_film.otio", "-o", "scored.otio", "--service", "local")
        seconds(*score)
        (job,) = Path("short_film.avm").glob("*-????????????")
        for name, command in {
            "jobs resume JOB, finished": (PROGRAM, "jobs", "resume", str(job)),
            "score, again": score,
        }.items():
            timed = pairs(command, (PROGRAM, "jobs", "--help"))
            beyond = statistics.median(one - other for one, other in timed)
            print(f"{name:<26} {beyond * 1000:6.1f} ms beyond avm-otio jobs --help")
        os.chdir("/")


if __name__ == "__main__":
    main()
