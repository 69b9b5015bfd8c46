"""A timeline of twice the clips takes about twice the steps, whatever it looks like and becomes.

Steps are counted (calls of functions, generators resumed), not timed: the machine has no say.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from avm_otio.cli.main import run

FEW, MANY = 60, 600
MOST = 1.07
"""How much more than its share the larger one may take; what is quadratic takes several times."""

HOUR = 90_000


def tc(frame: int) -> str:
    seconds, frames = divmod(frame, 25)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}:{frames:02}"


def line(number: int, channel: str, kind: str, source: int, frames: int, at: int) -> str:
    times = " ".join(tc(frame) for frame in (source, source + frames, at, at + frames))
    return f"{number:06d}  REEL{number % 50:03d} {channel:5} {kind:8} {times}\n"


SHAPES: dict[str, Callable[[int], str]] = {
    "one after the other": lambda n: "".join(
        line(k, "B", "C", k % 4000, 20, HOUR + 20 * k) + f"* FROM CLIP NAME: C{k}.MOV\n" for k in range(n)
    ),
    "all at one place": lambda n: "".join(line(k, "V", "C", k % 4000, 20, HOUR) for k in range(n)),
    "within one another": lambda n: "".join(
        line(k, "V", "C", k, 2 * n - 2 * k + 5, HOUR + k) for k in range(n)
    ),
    "dissolves": lambda n: "".join(
        line(k, "V", "C", 20, 0, HOUR + 20 * k) + line(k, "V", "D    005", 20, 20, HOUR + 20 * k)
        for k in range(n)
    ),
    "many tracks": lambda n: "".join(
        line(k, f"A{k % 90 + 1}", "C", 20, 20, HOUR + 20 * (k // 90)) for k in range(n)
    ),
    "remarks": lambda n: (
        line(1, "V", "C", 0, 20, HOUR)
        + "".join(
            f"* LOC: {tc(HOUR + 25 * k)} RED x\n* hello {k}\nM2 REEL001 050.0 {tc(25 * k)}\n"
            for k in range(n)
        )
    ),
}
QUICK = {("all at one place", "svg"), ("dissolves", "otio")}
FILE_A_TRACK = {("within one another", "edl"), ("all at one place", "edl")}
"""An edit list has one track of picture: here each clip is a file, and before a file is written its folder is
looked through for what a killed writer of it left. Names looked at go by the square: of 600 files, a tenth of
a second."""
WAYS = [
    (shape, suffix)
    for shape in SHAPES
    for suffix in ("otio", "xml", "fcpxml", "svg", "rpp", "kdenlive", "edl", "aaf", "txt")
    if (shape, suffix) not in FILE_A_TRACK
]


def steps(path: Path, text: str, suffix: str) -> int:
    path.write_text(f"TITLE: x\nFCM: NON-DROP FRAME\n\n{text}")
    count = 0

    def one(*_: object) -> None:
        nonlocal count
        count += 1

    output = StringIO()
    with redirect_stdout(output), redirect_stderr(output):
        sys.setprofile(one)
        try:
            code = run(["convert", str(path), "-o", str(path.with_name(f"out.{suffix}"))])
        finally:
            sys.setprofile(None)
    assert code == 0, output.getvalue()
    return count


@pytest.mark.parametrize(
    ("shape", "suffix"),
    [pytest.param(*way, marks=() if way in QUICK else pytest.mark.slow) for way in WAYS],
)
def test_a_list_takes_steps_by_its_length(tmp_path: Path, shape: str, suffix: str) -> None:
    path, make = tmp_path / "cut.edl", SHAPES[shape]
    least = steps(path, make(2), suffix)  # loads what is loaded once
    least = min(least, steps(path, make(2), suffix))
    few, many = (steps(path, make(n), suffix) - least for n in (FEW, MANY))
    assert many <= few * MANY / FEW * MOST, f"{few} steps for {FEW}, {many} for {MANY}"
