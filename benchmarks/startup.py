"""Start-up of ``avm-otio --version`` and ``--help`` against a bare ``python -c pass``, pair by pair."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 25


def seconds(*command: str) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    program = str(Path(sys.executable).with_name("avm-otio"))
    bare = (sys.executable, "-c", "pass")
    for name, command in {
        "avm-otio --version": (program, "--version"),
        "avm-otio --help": (program, "--help"),
        "python -c 'import click'": (sys.executable, "-c", "import click"),
    }.items():
        seconds(*command), seconds(*bare)
        pairs = [(seconds(*command), seconds(*bare)) for _ in range(RUNS)]
        ratio = statistics.median(one / other for one, other in pairs)
        middle = statistics.median(one for one, _ in pairs)
        print(f"{name:<26} median {middle * 1000:6.1f} ms, {ratio:.2f} × python -c pass")


if __name__ == "__main__":
    main()
