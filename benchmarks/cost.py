"""What `score --service local` costs against bare decoding of the same film: processor time and memory.

A film of 720p (H.264 and AAC) is generated, scored with a range one frame shorter (a film is made of it) and
whole (so that the file is sent as it is), and decoded by itself; each in a process of its own.

Usage: python benchmarks/cost.py [--minutes 9.43] [--cache DIR]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import opentimelineio as otio

RATE, RATE_HZ = 25, 48_000
WIDTH, HEIGHT = 1280, 720
PART_S = 20
DECODE = """
import sys, av
with av.open(sys.argv[1]) as film:
    film.streams.video[0].thread_type = "AUTO"
    for packet in film.demux():
        for frame in packet.decode():
            pass
"""


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--minutes", type=float, default=9.43)
    options.add_argument("--cache", type=Path, help="where the starter library lies, or comes to lie")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        film, frames = looped(part(folder / "part.mp4"), folder / "film.mp4", asked.minutes * 60)
        place = dict(os.environ, XDG_CACHE_HOME=str(asked.cache or folder / "cache"))
        program = [sys.executable, "-m", "avm_otio"]
        subprocess.run([*program, "library", "index", "-q"], env=place, check=True)
        bare_s, _ = spent([sys.executable, "-c", DECODE, str(film)], place)
        print(f"decoding      {bare_s:7.1f} s")
        for what, shown in (("a film is made", frames - 1), ("sent as it is", frames)):
            cut = timeline(folder / f"cut{shown}.otio", film, frames, shown)
            command = [
                *program,
                "score",
                str(cut),
                "-o",
                str(folder / "scored.otio"),
                "--service",
                "local",
                "-q",
            ]
            score_s, memory_mb = spent(command, place)
            print(f"{what:14}{score_s:7.1f} s  {score_s / bare_s:4.2f} times, {memory_mb} MB", flush=True)


def spent(command: list[str], place: dict[str, str]) -> tuple[float, int]:
    """Processor seconds of a program, and its memory at the most, in MB."""
    began = time.monotonic()
    process = subprocess.Popen(command, env=place)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command} ended with {process.returncode} after {time.monotonic() - began:.0f} s")
    return used.ru_utime + used.ru_stime, used.ru_maxrss // 1024


def part(path: Path) -> Path:
    """Some seconds of textured shots that move, with sound."""
    chance = np.random.default_rng(1)
    with av.open(str(path), "w") as film:
        picture = film.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "crf": "23"})
        picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        sound = film.add_stream("aac", rate=RATE_HZ, layout="stereo")
        for number in range(PART_S * RATE):
            if number % 75 == 0:
                world = np.kron(chance.integers(20, 235, (100, 200)), np.ones((9, 9))).astype(np.int16)
                world += chance.integers(-12, 12, world.shape).astype(np.int16)
                image = np.clip(world, 0, 255).astype(np.uint8)
            seen = np.roll(image, 2 * (number % 75), axis=1)[:HEIGHT, :WIDTH]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(seen), format="gray")
            frame = frame.reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            film.mux(picture.encode(frame))
        film.mux(picture.encode(None))
        for at in range(0, PART_S * RATE_HZ, RATE_HZ):
            noise = 0.05 * chance.standard_normal((2, RATE_HZ)).astype(np.float32)
            block = av.AudioFrame.from_ndarray(noise, format="fltp", layout="stereo")
            block.sample_rate, block.pts, block.time_base = RATE_HZ, at, Fraction(1, RATE_HZ)
            film.mux(sound.encode(block))
        film.mux(sound.encode(None))
    return path


def looped(part: Path, path: Path, seconds: float) -> tuple[Path, int]:
    """The part over and over, copied; and how many frames that are."""
    times = max(1, round(seconds / PART_S))
    with av.open(str(path), "w") as film:
        made: dict[int, av.stream.Stream] = {}
        for turn in range(times):
            with av.open(str(part)) as source:
                for stream in source.streams:
                    if stream.index not in made:
                        made[stream.index] = film.add_stream_from_template(stream)
                for packet in source.demux():
                    if packet.dts is None:
                        continue
                    shift = round(turn * PART_S / packet.time_base)
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    packet.stream = made[packet.stream.index]
                    film.mux(packet)
    return path, times * PART_S * RATE


def timeline(path: Path, film: Path, frames: int, shown: int) -> Path:
    """A timeline of one clip."""

    def span(count: int) -> otio.opentime.TimeRange:
        return otio.opentime.TimeRange(
            otio.opentime.RationalTime(0, RATE), otio.opentime.RationalTime(count, RATE)
        )

    cut = otio.schema.Timeline("cost")
    for kind in ("Video", "Audio"):
        track = otio.schema.Track(kind, kind=kind)
        track.append(
            otio.schema.Clip("film", otio.schema.ExternalReference(film.name, span(frames)), span(shown))
        )
        cut.tracks.append(track)
    otio.adapters.write_to_file(cut, str(path))
    return path


if __name__ == "__main__":
    main()
