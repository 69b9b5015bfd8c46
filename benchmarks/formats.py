"""Writing 5,000 audio clips in every format, beside the official adapter on the same timeline.

Each writer runs in a process of its own, which makes the timeline, writes it, and says the time of the
writing alone (median of three where one takes less than ten seconds) and its peak memory, the timeline
included. Times are of the processor, so that other work on the machine is in none. Prints Markdown.
``--quick`` leaves out how the time grows.
"""

from __future__ import annotations

import argparse
import json
import logging
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from avm_otio.formats import writing
from avm_otio.formats.otio.read import from_otio
from avm_otio.formats.otio.write import timeline_of
from avm_otio.timeline.model import Clip, Media, Mix, Timeline, Track, TrackKind
from avm_otio.timeline.time import MediaTime, RecordTime

CLIPS = 5_000
SMALL, LARGE = 1_000, 20_000
GROWTH = 1.2
RATE = Fraction(24)
"""The official FCPXML adapter fails at 23.976."""
MEDIA = 200
LANES = 16
RUNS = 3
SHORT_S = 10
LONGEST_S = 900


@dataclass(frozen=True, slots=True)
class Case:
    """One format for one editor, and what a user would take instead.

    Attributes:
        editor: Who ``--for`` names.
        suffix: Of the file.
        adapter: The official adapter that writes the same kind of file; empty where there is none.
        goal: The most that ours may take of its time.
        picture: Whether it is fed pictures: the official EDL adapter refuses more than two sound tracks.
    """

    editor: str
    suffix: str
    adapter: str = ""
    goal: float | None = None
    picture: bool = False

    @property
    def name(self) -> str:
        return f"{self.editor} {self.suffix}{', one picture track' * self.picture}"


CASES = (
    Case("resolve", ".otio", "otio_json"),
    Case("premiere", ".otio", "otio_json"),
    Case("kdenlive", ".otio", "otio_json"),
    Case("premiere", ".xml", "fcp_xml", 0.4),
    Case("fcp", ".fcpxml", "fcpx_xml", 0.1),
    Case("avid", ".aaf", "AAF", 0.3),
    Case("edl", ".edl", "cmx_3600"),
    Case("edl", ".edl", "cmx_3600", picture=True),
    Case("kdenlive", ".kdenlive"),
    Case("reaper", ".rpp"),
    Case("protools", ".txt"),
)


def arrangement(clips: int, lanes: int) -> Timeline:
    """Stereo effects of two seconds with gain and fades, each with a name of its own, below one long shot."""
    media = [
        Media(
            f"sound {number}.wav",
            f"/media/sound {number}.wav",
            duration=Fraction(30),
            sample_rate_hz=48_000,
            channels=2,
            mono=(f"/media/sound {number}.L.wav", f"/media/sound {number}.R.wav"),
        )
        for number in range(MEDIA)
    ]
    tracks: list[list[Clip]] = [[] for _ in range(lanes)]
    for number in range(clips):
        row, lane = divmod(number, lanes)
        start = Fraction(row * 60 + lane, 24)
        tracks[lane].append(
            Clip(
                f"Effect {number}",
                RecordTime(start),
                RecordTime(start + 2),
                media[number % MEDIA],
                MediaTime(Fraction(number % 24, 24)),
                mix=Mix(-6.0 + number % 5, 125_000, 250_000),
                channels=(0, 1),
            )
        )
    end = max(row[-1].end for row in tracks if row)
    film = Media("film.mov", "/media/film.mov", duration=end, rate=RATE, size=(1920, 1080), has_picture=True)
    shot = Clip("Film", RecordTime(Fraction(0)), end, film)
    heard = [
        Track(f"Effects {lane}", TrackKind.AUDIO, tuple(row), channels=2)
        for lane, row in enumerate(tracks, 1)
    ]
    return Timeline(
        "benchmark",
        RATE,
        (Track("V1", TrackKind.VIDEO, (shot,)), *heard),
        start_frame=86_400,
        duration=end,
        size=(1920, 1080),
    )


def as_picture(made: Timeline) -> Timeline:
    """The clips of the only sound track as shots."""
    shots = tuple(replace(clip, mix=Mix(), channels=()) for clip in made.audio_tracks[0].clips)
    return replace(made, tracks=(Track("V1", TrackKind.VIDEO, shots),))


def writer(case: Case, clips: int, is_ours: bool, folder: Path) -> Callable[[], object]:
    """What is to be timed: from the OTIO timeline in memory to the file, for both."""
    made = as_picture(arrangement(clips, 1)) if case.picture else arrangement(clips, LANES)
    timeline = timeline_of(made)
    path = folder / f"out{case.suffix}"
    if is_ours:
        if case.suffix != ".aaf":
            return lambda: writing.write(from_otio(timeline), path, editor=case.editor)
        splits = {one.name: one.mono for one in made.media()}  # made before an AAF is written
        return lambda: writing.write(_split(from_otio(timeline), splits), path, editor=case.editor)
    # Importing an adapter takes time that is not of the writing.
    adapter = otio.adapters.from_name(case.adapter)
    if adapter.name != "otio_json":
        adapter.module()
    options = {"use_empty_mob_ids": True} if case.adapter == "AAF" else {}
    return lambda: otio.adapters.write_to_file(timeline, str(path), case.adapter, **options)


def _split(made: Timeline, splits: dict[str, tuple[str, ...]]) -> Timeline:
    """The same with the mono files of its media, as they are delivered for an AAF."""
    known: dict[Media, Media] = {one: replace(one, mono=splits[one.name]) for one in made.media()}
    tracks = (
        replace(
            track,
            clips=tuple(
                clip if clip.media is None else replace(clip, content=known[clip.media])
                for clip in track.clips
            ),
        )
        for track in made.tracks
    )
    return replace(made, tracks=tuple(tracks))


def measure(case: Case, clips: int, is_ours: bool) -> dict[str, object]:
    """Write and say how long it took; runs in a process of its own."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")  # of the adapters' own use of old OTIO names
    times: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        write = writer(case, clips, is_ours, Path(folder))
        while len(times) < RUNS and (not times or times[0] < SHORT_S):
            started = time.process_time()
            write()
            times.append(time.process_time() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": statistics.median(times), "peak": peak}


def measured(case: Case, clips: int, is_ours: bool) -> tuple[float, float] | str:
    """Seconds and MiB of one writer; or why there are none."""
    side = "ours" if is_ours else "official"
    command = [sys.executable, __file__, "--one", case.name, side, str(clips)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_S, check=False)
    except subprocess.TimeoutExpired:
        return f"more than {LONGEST_S} s"
    if done.returncode:
        line = (done.stderr.strip().splitlines() or ["no word"])[-1]
        return f"fails: {line[:80]}"
    found = json.loads(done.stdout.splitlines()[-1])
    return found["seconds"], found["peak"]


def side_by_side(cases: list[Case], clips: int) -> None:
    print(f"## {clips:,} stereo clips on {LANES} tracks, {MEDIA} media, gains and fades")
    print()
    print("| format | ours | peak | official adapter | peak | ratio | goal |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for case in cases:
        ours = measured(case, clips, is_ours=True)
        theirs = measured(case, clips, is_ours=False) if case.adapter else "none"
        ratio = verdict = ""
        if not isinstance(ours, str) and not isinstance(theirs, str):
            times = ours[0] / theirs[0]
            ratio = f"{times:.2g} ×"
            if case.goal is not None:
                verdict = f"at most {case.goal} ×" + ("" if times <= case.goal else ": **missed**")
        print(f"| {case.name} | {_cells(ours)} | {_cells(theirs)} | {ratio} | {verdict} |", flush=True)


def growth(cases: list[Case]) -> None:
    print()
    print(f"## Time a clip at {LARGE:,} clips against that at {SMALL:,}")
    print()
    print(f"| format | {SMALL:,} | {LARGE:,} | peak | growth of the time a clip | goal |")
    print("| --- | --- | --- | --- | --- | --- |")
    for case in cases:
        small, large = (measured(case, clips, is_ours=True) for clips in (SMALL, LARGE))
        if isinstance(small, str) or isinstance(large, str):
            print(f"| {case.name} | {small if isinstance(small, str) else large} | | | | |", flush=True)
            continue
        grown = (large[0] / LARGE) / (small[0] / SMALL)
        verdict = f"at most {GROWTH} ×" + ("" if grown <= GROWTH else ": **missed**")
        times = f"{small[0] * 1e3:.0f} ms | {_cells(large)}"
        print(f"| {case.name} | {times} | {grown:.2f} × | {verdict} |", flush=True)


def _cells(found: tuple[float, float] | str) -> str:
    if isinstance(found, str):
        return f"{found} |"
    return f"{found[0]:.3f} s | {found[1]:.0f} MiB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=3, metavar=("NAME", "SIDE", "CLIPS"), help=argparse.SUPPRESS)
    parser.add_argument("--only", action="append", help="only the formats whose name has this")
    parser.add_argument("--clips", type=int, default=CLIPS)
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    if asked.one:
        name, side, clips = asked.one
        case = next(each for each in CASES if each.name == name)
        print(json.dumps(measure(case, int(clips), side == "ours")))
        return
    wanted = [one for one in CASES if not asked.only or any(part in one.name for part in asked.only)]
    side_by_side(wanted, asked.clips)
    if not asked.quick:
        growth(wanted)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
