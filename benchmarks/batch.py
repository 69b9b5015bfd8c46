"""200 short timelines at once, against the engine behind a proxy that answers 200 ms late.

The bound is what the work itself takes: all processor time ÷ cores, or all bytes ÷ bandwidth, whichever is
more. The engine and the proxy work on the same cores, so their time is in it. How much of the machine other
programs took meanwhile is told: the ratio says something only where that is little::

    python -m benchmarks.batch --timelines 200 --latency 0.2 --bandwidth 50e6

Prints the rows for RESULTS.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tests.timelines import clip, timeline, track

ROOT = Path(__file__).parents[1]

RATE = Fraction(24)
FRAMES = 144
SIZE = (640, 360)
HZ = 48_000
TICKS = os.sysconf("SC_CLK_TCK")
TOKEN = "benchmark-token"


def make_timelines(folder: Path, count: int) -> list[Path]:
    """Timelines of five shots from six seconds of film, each film another one."""
    for number in range(count):
        make_film(folder / f"film_{number:03}.mp4", number)
        shots = [
            clip(name, start, frames, url=f"film_{number:03}.mp4", available=(0, FRAMES))
            for name, start, frames in (
                ("a", 0, 30),
                ("b", 100, 24),
                ("c", 40, 30),
                ("d", 70, 20),
                ("e", 124, 16),
            )
        ]
        (folder / f"cut_{number:03}.otio").write_text(timeline(track(*shots), start=86_400).to_json_string())
    return sorted(folder.glob("cut_*.otio"))


def make_film(path: Path, number: int) -> None:
    chance = np.random.default_rng(number)
    sound = 0.01 * chance.standard_normal(FRAMES * HZ // 24)
    for at in chance.integers(0, len(sound) - 4800, 6):
        sound[at : at + 4800] += chance.uniform(-0.9, 0.9, 4800) * np.exp(-np.arange(4800) / 900)
    with av.open(str(path), "w") as file:
        picture = file.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "g": "24"})
        picture.width, picture.height, picture.pix_fmt = *SIZE, "yuv420p"
        heard = file.add_stream("aac", rate=HZ, layout="mono")
        for at in range(FRAMES):
            if at % 24 == 0:
                shot = np.kron(chance.integers(20, 235, (9, 16)), np.ones((40, 40))).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(np.roll(shot, 3 * at, 1), format="gray").reformat(
                format="yuv420p"
            )
            frame.pts, frame.time_base = at, 1 / RATE
            file.mux(picture.encode(frame))
        file.mux(picture.encode(None))
        block = av.AudioFrame.from_ndarray(sound.astype(np.float32)[None], format="fltp", layout="mono")
        block.sample_rate, block.pts, block.time_base = HZ, 0, Fraction(1, HZ)
        file.mux(heard.encode(block))
        file.mux(heard.encode(None))


@contextmanager
def serving(*command: str) -> Iterator[tuple[str, int]]:
    """A server that prints its address: that, and its process."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip(), server.pid
        finally:
            server.terminate()


def environment() -> dict[str, str]:
    return os.environ | {"AVM_TOKEN": TOKEN}


def cpu_s(pid: int) -> float:
    """Processor time of a process and of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS


def machine_busy_s() -> float:
    busy = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    return (sum(map(int, busy[:3])) + sum(map(int, busy[5:8]))) / TICKS


def memory_bytes(pid: int) -> int:
    """Resident memory of a process and its children."""
    total = 0
    for each in [pid, *children(pid)]:
        try:
            total += int(Path(f"/proc/{each}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except OSError:
            continue
    return total


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()] + [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            if task.name != str(pid)
            for child in (task / "children").read_text().split()
        ]
    except OSError:
        return []


@dataclass
class Run:
    """One run of the batch, watched."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    done_at: list[float] = field(default_factory=list)
    memory: list[tuple[float, int]] = field(default_factory=list)

    def peak_mib(self, since: int, until: int) -> float:
        """The largest memory while timelines of these numbers came to their end."""
        first = self.done_at[since - 1] if since else 0.0
        return max(size for at, size in self.memory if first <= at <= self.done_at[until - 1]) / 2**20


def run_batch(folder: Path, timelines: list[Path], service: str, *more: str) -> Run:
    run, started = Run(), time.monotonic()
    command = [
        sys.executable,
        "-m",
        "avm_otio",
        "batch",
        *map(str, timelines),
        "--service",
        service,
        "--json",
        *more,
    ]
    before = os.times()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(), cwd=folder) as batch:
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(0.25):
                run.memory.append((time.monotonic() - started, memory_bytes(batch.pid)))

        watching = threading.Thread(target=watch)
        watching.start()
        assert batch.stdout is not None
        for line in batch.stdout:
            event = json.loads(line)
            if event["event"] == "batch_item" and event["state"] == "done":
                run.done_at.append(time.monotonic() - started)
            elif event["event"] in ("warning", "error") or event.get("state") == "failed":
                print(line.strip()[:300], file=sys.stderr)
        ended.set()
        watching.join()
    run.wall_s = time.monotonic() - started
    after = os.times()
    run.cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    if batch.returncode:
        raise SystemExit(f"the batch ended with {batch.returncode}")
    return run


def bytes_moved(timelines: list[Path]) -> int:
    sent = sum(
        film.stat().st_size for each in timelines for film in each.with_suffix(".avm").glob("*/film.mp4")
    )
    came = sum(
        item.stat().st_size for each in timelines for item in each.with_suffix(".avm").glob("*/media/*")
    )
    return sent + came


def main() -> None:
    reader = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    reader.add_argument("--timelines", type=int, default=200)
    reader.add_argument("--latency", type=float, default=0.2, help="seconds")
    reader.add_argument("--bandwidth", type=float, default=50e6, help="bytes a second, both ways together")
    reader.add_argument("--cpu-jobs", type=int)
    reader.add_argument("--service-jobs", type=int)
    options = reader.parse_args()
    more = [
        f"--{name}={value}"
        for name in ("cpu-jobs", "service-jobs")
        if (value := vars(options)[name.replace("-", "_")])
    ]
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        timelines = make_timelines(folder, options.timelines)
        engine = [sys.executable, "-m", "avm_otio", "engine", "serve", "--data", str(folder / "engine")]
        proxy = [sys.executable, str(ROOT / "tests" / "faults" / "proxy.py")]
        slow = [f"--latency={options.latency}", f"--bandwidth={options.bandwidth}"]
        with (
            serving(*engine) as (address, engine_pid),
            serving(*proxy, address, *slow) as (service, proxy_pid),
        ):
            before = cpu_s(engine_pid), cpu_s(proxy_pid), machine_busy_s()
            run = run_batch(folder, timelines, service, *more)
            engine_s, proxy_s = cpu_s(engine_pid) - before[0], cpu_s(proxy_pid) - before[1]
            others_s = max(0.0, machine_busy_s() - before[2] - run.cpu_s - engine_s - proxy_s)
            again = run_batch(folder, timelines, service, *more)
        moved = bytes_moved(timelines)
    ours_s = run.cpu_s + engine_s + proxy_s
    by_cpu, by_bytes = ours_s / cores, moved / options.bandwidth
    ratio, others = run.wall_s / max(by_cpu, by_bytes), others_s / run.wall_s / cores
    count = len(timelines)
    network = f"{options.latency * 1000:.0f} ms late, {options.bandwidth / 1e6:g} MB/s"
    print(f"{count} timelines of {FRAMES / 24:.0f} s, {network}, {cores} cores: {run.wall_s:.1f} s")
    shares = f"batch {run.cpu_s:.1f}, engine {engine_s:.1f}, proxy {proxy_s:.1f}"
    print(f"  processor time {ours_s:.1f} s ({shares}); ÷ cores {by_cpu:.1f} s")
    print(f"  {moved / 1e6:.0f} MB moved; ÷ bandwidth {by_bytes:.1f} s")
    print(f"  wall ÷ bound {ratio:.2f}; other programs took {others:.0%} of the machine")
    first, last = run.peak_mib(0, count // 4), run.peak_mib(3 * count // 4, count)
    print(f"  peak memory of batch and workers: first quarter {first:.0f} MiB, last quarter {last:.0f} MiB")
    print(f"  run again, all finished: {again.wall_s:.2f} s")


if __name__ == "__main__":
    main()
