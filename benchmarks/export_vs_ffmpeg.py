"""Our proxy export against the ``ffmpeg`` program on the same work: seconds 10 to 40 of a 60 s 1080p24 file.

Both run as whole processes with the same settings, in turn, so that a busy machine slows both; the figure is
the median of the ratios. Goal: at most 1.1 times ffmpeg's wall time.

Usage: python benchmarks/export_vs_ffmpeg.py [--pairs 3]
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

GOAL = 1.1
START_S, END_S = 10, 40

MAKE_CLIP = (
    "-f lavfi -i testsrc2=s=1920x1080:r=24:d=60 -f lavfi -i sine=440:r=48000:d=60 "
    "-vf noise=alls=4:allf=t,format=yuv420p -c:v libx264 -preset veryfast -crf 21 -c:a aac -shortest"
)
PROXY = (
    "-vf scale=960:540:flags=bicubic -c:v libx264 -preset veryfast -crf 23 "
    "-c:a aac -b:a 160k -ac 2 -ar 48000 -movflags +faststart"
)


def ours(clip: Path, out: Path) -> None:
    """What the measured process does."""
    from avm_otio.media.film import export_film
    from avm_otio.timeline.model import Media
    from avm_otio.timeline.plan import (
        ExportPlan,
        FilmMap,
        PictureLayer,
        PictureSegment,
        SoundSegment,
    )
    from avm_otio.timeline.time import FilmTime, MediaTime, RecordTime

    media = Media(clip.name, str(clip), clip_name="clip")
    rate, media_in, speed = Fraction(24), MediaTime(Fraction(START_S)), Fraction(1)
    frames = (END_S - START_S) * 24
    zero, end = FilmTime(Fraction(0)), FilmTime(Fraction(END_S - START_S))
    plan = ExportPlan(
        name="benchmark",
        rate=rate,
        frames=frames,
        picture=(PictureSegment(0, frames, (PictureLayer(media, media_in, speed),)),),
        sound=(SoundSegment(zero, end, media, media_in, speed),),
        film_map=FilmMap(RecordTime(Fraction(0)), speed, end),
    )
    export_film(plan, {media: clip}, out)


def timed(command: list[str]) -> tuple[float, float]:
    """Wall and CPU seconds of a process."""
    before, start = os.times(), time.perf_counter()
    subprocess.run(command, check=True)
    wall, after = time.perf_counter() - start, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, cpu


def main() -> int:
    """Measure and print; the exit code is 0 also where the goal is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--export", nargs=2, type=Path, metavar=("CLIP", "OUT"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.export:
        ours(*arguments.export)
        return 0
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        print("Skipped: no ffmpeg program on the PATH to compare with.")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        clip, out = Path(folder, "clip.mp4"), Path(folder, "out.mp4")
        quiet = [ffmpeg, "-v", "error", "-y"]
        subprocess.run([*quiet, *MAKE_CLIP.split(), str(clip)], check=True)
        cut = ["-ss", str(START_S), "-t", str(END_S - START_S), "-i", str(clip)]
        contenders = {
            "ffmpeg": [*quiet, *cut, *PROXY.split(), str(out)],
            "avm_otio": [sys.executable, __file__, "--export", str(clip), str(out)],
        }
        runs: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
        sizes: dict[str, int] = {}
        for _ in range(arguments.pairs):
            for name, command in contenders.items():
                runs[name].append(timed(command))
                sizes[name] = out.stat().st_size
    ratios = [our[0] / their[0] for our, their in zip(runs["avm_otio"], runs["ffmpeg"], strict=True)]
    print("| 540p proxy of 30 s of 1080p24 | wall s | CPU s | MB |")
    print("|---|---|---|---|")
    for name, figures in runs.items():
        wall, cpu = (statistics.median(column) for column in zip(*figures, strict=True))
        print(f"| {name} | {wall:.2f} | {cpu:.2f} | {sizes[name] / 1e6:.1f} |")
    ratio = statistics.median(ratios)
    each = ", ".join(f"{value:.2f}" for value in ratios)
    print(f"\nRatio of wall times, median of {len(ratios)} pairs: {ratio:.2f} ({each}); goal at most {GOAL}.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
