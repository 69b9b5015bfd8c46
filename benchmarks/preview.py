"""A preview of ten minutes at 1080p from a ready film, against decoding the same sounds once and remuxing.

The film and its sounds are made first: a picture of 10 minutes, production sound for all of it, three pieces
of music, 150 effects. The figure is the median of the ratios of runs in turn, so that a busy machine slows
both. Goal: at most 1.3 times.

Usage: python benchmarks/preview.py [--pairs 3] [--minutes 10]
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

from avm_otio.media.film import Sources
from avm_otio.media.mixdown import write_preview
from avm_otio.media.remux import ReadyPicture, ready_picture, remux
from avm_otio.media.stereo_reader import StereoReader
from avm_otio.timeline.model import (
    SAMPLE_RATE_HZ,
    Clip,
    GainKey,
    Media,
    Mix,
    Stem,
    Timeline,
    Track,
    TrackKind,
)
from avm_otio.timeline.plan import ExportPlan
from avm_otio.timeline.playback import plan_playback
from avm_otio.timeline.time import MediaTime, RecordTime

GOAL = 1.3
RATE = Fraction(25)
EFFECTS_A_MINUTE = 15
_ZERO = Fraction(0)


def ffmpeg(*arguments: str) -> None:
    """Run the ffmpeg program, in silence."""
    subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments], check=True)


def made(folder: Path, minutes: int) -> tuple[Path, Path, list[Path], list[Path]]:
    """The film, its sound, pieces of music and effects."""
    seconds = minutes * 60
    part, film, own = folder / "part.mp4", folder / "film.mp4", folder / "own.m4a"
    ffmpeg(  # without B-frames, so that it can be repeated packet for packet
        *("-f", "lavfi", "-i", "testsrc2=s=1920x1080:r=25:d=20", "-vf", "noise=alls=3:allf=t,format=yuv420p"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-crf", "23", str(part)),
    )
    ffmpeg("-stream_loop", str(seconds // 20 - 1), "-i", str(part), "-c", "copy", str(film))
    noise = f"anoisesrc=d={seconds}:a=0.1"
    ffmpeg(
        "-f", "lavfi", "-i", noise, "-ac", "2", "-ar", "48000", "-c:a", "aac", "-aac_coder", "fast", str(own)
    )
    music = [folder / f"music {number}.mp3" for number in range(3)]
    for number, path in enumerate(music):
        source = f"anoisesrc=d={seconds // 3 + 10}:c=pink:a=0.3:seed={number}"
        ffmpeg("-f", "lavfi", "-i", source, "-ac", "2", "-ar", "44100", "-b:a", "192k", str(path))
    effects = [folder / f"effect {number}.wav" for number in range(EFFECTS_A_MINUTE)]
    for number, path in enumerate(effects):
        source = f"anoisesrc=d=4:c=brown:a=0.3:seed={number + 9}"
        ffmpeg("-f", "lavfi", "-i", source, "-ac", "2", "-ar", "44100" if number % 2 else "48000", str(path))
    return film, own, music, effects


def laid(film: Path, own: Path, music: list[Path], effects: list[Path], seconds: int) -> Timeline:
    """A scored timeline: gain key frames over the music, fades on all that is ours."""

    def clip(path: Path, start: Fraction, length: Fraction, stem: Stem | None, mix: Mix) -> Clip:
        media = Media(path.name, str(path), MediaTime(_ZERO), Fraction(3600), channels=2)
        end = RecordTime(start + length)
        return Clip(path.stem, RecordTime(start), end, media, mix=mix, stem=stem)

    whole = Fraction(seconds)
    third = whole / len(music)
    keys = tuple(GainKey(Fraction(at), -18.0 if at // 4 % 2 else -12.0) for at in range(0, int(third), 4))
    beds = [
        clip(path, number * third, third, Stem.MUSIC, Mix(0.0, 500_000, 2_000_000, keys))
        for number, path in enumerate(music)
    ]
    hits = [
        clip(effects[at % len(effects)], Fraction(at * 4), Fraction(4), Stem.EFFECTS, Mix(-6.0, 0, 10_000))
        for at in range(seconds // 4)
    ]
    tracks = (
        Track("V1", TrackKind.VIDEO, (clip(film, _ZERO, whole, None, Mix()),)),
        Track("A1", TrackKind.AUDIO, (clip(own, _ZERO, whole, None, Mix()),)),
        Track("AVM Music", TrackKind.AUDIO, tuple(beds), stem=Stem.MUSIC),
        Track("AVM Effects", TrackKind.AUDIO, tuple(hits), stem=Stem.EFFECTS),
    )
    return Timeline("benchmark", RATE, tracks, duration=whole)


def decoded_and_remuxed(plan: ExportPlan, media: dict[Media, Path], film: ReadyPicture, out: Path) -> None:
    """What cannot be spared: each sound that is heard decoded once to 48 kHz, the picture copied."""
    sources = Sources.of(plan, media)
    for segment in plan.sound:
        reader = StereoReader(sources.infos[segment.media], segment.channels)
        first, length = (
            round(time * SAMPLE_RATE_HZ) for time in (segment.media_in, segment.end - segment.start)
        )
        for at in range(first, first + length, 2 * SAMPLE_RATE_HZ):
            reader.read(at, min(2 * SAMPLE_RATE_HZ, first + length - at))
        reader.close()
    remux(film, None, out, frame_done=lambda done: None)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> int:
    """Measure and print; the exit code is 0 also where the goal is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--minutes", type=int, default=10)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seconds = arguments.minutes * 60
        film, own, music, effects = made(folder, arguments.minutes)
        plan = plan_playback(laid(film, own, music, effects, seconds))
        media = {source: Path(source.path) for source in plan.media}
        ratios = []
        for _ in range(arguments.pairs):

            def least() -> None:
                ready = ready_picture(film, 0, plan.frames, RATE)
                assert ready is not None
                decoded_and_remuxed(plan, media, ready, folder / "least.mp4")

            def preview() -> None:
                write_preview(plan, media, folder / "p.mp4", film=ready_picture(film, 0, plan.frames, RATE))

            (least_s, least_cpu), (ours_s, ours_cpu) = timed(least), timed(preview)
            ratios.append(ours_s / least_s)
            print(
                f"decode and remux {least_s:.1f} s ({least_cpu:.1f} s of processor), "
                f"preview {ours_s:.1f} s ({ours_cpu:.1f} s): {ratios[-1]:.2f}"
            )
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"median {statistics.median(ratios):.2f} × (goal {GOAL}), peak memory {peak:.0f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
