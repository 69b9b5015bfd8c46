"""From choosing DaVinci Resolve's menu item until its tracks lie, against ``avm-otio score`` of the same cut.

The item runs in LuaJIT against the stand-in of the tests, so what is measured is all but the host itself. The
sample film is scored with the local engine, pair by pair; every run works in a folder of its own, so that
nothing is recalled.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import opentimelineio as otio

from tests.plugins import fake_resolve as fake

ROOT = Path(__file__).parent.parent

RUNS = 5
CUT = ROOT / "sample_timelines/short_film.otio"
PROGRAM = [sys.executable, "-m", "avm_otio"]
ITEM = "AVM Score Into This Timeline.lua"


def cut() -> otio.schema.Timeline:
    """The sample, with full paths."""
    timeline = otio.adapters.read_from_file(str(CUT))
    for clip in timeline.find_clips():
        if isinstance(clip.media_reference, otio.schema.ExternalReference):
            clip.media_reference.target_url = str(CUT.parent / clip.media_reference.target_url)
    return timeline


def scored(folder: Path) -> float:
    path = folder / "cut.otio"
    path.write_text(fake.saved(cut()))
    started = time.perf_counter()
    subprocess.run([*PROGRAM, "score", str(path), "-o", str(folder / "scored.otio"), "-q"], check=True)
    return time.perf_counter() - started


@contextmanager
def watcher(folder: Path) -> Iterator[None]:
    command = [*PROGRAM, "watch", str(folder), "-q"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        while not (folder / "watcher.json").exists():
            time.sleep(0.05)
        try:
            yield
        finally:
            process.terminate()


def chosen(folder: Path) -> float:
    for path in (ROOT / "plugins/resolve").glob("*.lua"):
        (folder / path.name).write_bytes(path.read_bytes())
    settings = {"program": PROGRAM, "program_version": "0.1.0", "watch_folder": str(folder / "watch")}
    (folder / "AVM Score.json").write_text(json.dumps(settings))
    timeline = fake.Timeline("Reel", "24", start=0, cut=fake.saved(cut()))
    project = fake.Project([timeline], timeline)
    started = time.perf_counter()
    lines = fake.run_lua(folder / ITEM, fake.Resolve(project), time.sleep)
    took = time.perf_counter() - started
    assert any("sounds laid" in line for line in lines), lines
    return took


def once(kind: str) -> float:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        folder = Path(place)
        (folder / "watch").mkdir()
        if kind == "score":
            return scored(folder)
        if kind == "nobody watches":
            return chosen(folder)
        with watcher(folder / "watch"):
            return chosen(folder)


def main() -> None:
    os.environ.setdefault("AVM_CACHE_DIR", tempfile.mkdtemp())
    once("score")  # makes the starter library
    for kind in ("somebody watches", "nobody watches"):
        timed = [(once(kind), once("score")) for _ in range(RUNS)]
        ratio = statistics.median(one / other for one, other in timed)
        beyond = statistics.median(one - other for one, other in timed)
        middle = statistics.median(other for _, other in timed)
        print(f"{kind:<18} {ratio:.2f} × avm-otio score ({middle:.1f} s), {beyond:+.2f} s")


if __name__ == "__main__":
    main()
