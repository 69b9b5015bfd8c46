"""Music cut to pictures by the whole program, and what is heard of it: covered, on the beat, without a click.

Pieces whose beats are known, because they are made by them; pictures from 5 s to 45 min. Each is scored by
``avm-otio score`` and played by ``avm-otio preview --stems``; what is measured is the stem MX:

- coverage: the stem is as long as the picture, and of its half seconds none but the last is silent (-60 dB);
- beat: where a second and a half of the stem on either side of a join lies in the piece, to the sample, and
  by the piece's own beats how far the beat moves from one side to the other (at most 15 ms);
- click: the second difference of the samples around a join over the largest one that either part of the file
  has there within a millisecond (at most 1.5).

Bad joins of the same parts, cut hard where that is heard most and a seventh of a second off, show that both
measures catch them.

Usage: python benchmarks/music_rendered.py [--quick]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import opentimelineio as otio

sys.path.insert(0, str(Path(__file__).parent.parent))

from avm_otio.cli.main import run
from avm_otio.formats import reading
from avm_otio.timeline.model import Clip, Stem
from tests.media.sounds import wav
from tests.media.tunes import Tune, tune
from tests.scripted_service import film_service, result_of, sound

HZ, RATE = 48_000, 25
PIECES = {20: 96.0, 60: 127.0, 150: 112.0, 360: 140.0}
"""Seconds of a piece, and its tempo."""

PICTURES = (5, 31, 100, 600, 2700)
MOST_OFF_MS, MOST_CLICK = 15.0, 1.5


@dataclass(frozen=True)
class Found:
    """What was measured of one join."""

    off_ms: float
    click: float
    bad_off_ms: float
    bad_click: float


def main() -> int:
    quick = "--quick" in sys.argv
    os.environ["AVM_TOKEN"] = "none-is-needed-here"
    missed, joins = 0, []
    with tempfile.TemporaryDirectory() as name, film_service(result_of()) as service:
        for number, (seconds, bpm) in enumerate(list(PIECES.items())[: 2 if quick else None], 1):
            made = tune(bpm, seconds=seconds - 4, seed=number)
            path = wav(Path(name) / f"piece {number}.wav", made.sound)
            service.files[f"/items/{number}"] = sound(path.read_bytes())
            item = {"id": number, "price": 1, "url": f"{service.url}/items/{number}", "title": f"P{number}"}
            service.result = result_of(musics=[item])
            file = np.rint(made.sound[:, 0] * 32767) / 32768
            for picture in PICTURES[: 3 if quick else None]:
                folder = Path(name) / f"{number} {picture}"
                folder.mkdir()
                counts, bed, clips, crossed = scored(folder, picture, service.url)
                found = [measured(bed, file, made, clips, fades) for clips, fades in pairs(clips, crossed)]
                joins += found
                covered = is_covered(bed, picture)
                off = max((each.off_ms for each in found), default=0.0)
                clicks = max((each.click for each in found), default=0.0)
                is_right = covered and off <= MOST_OFF_MS and clicks <= MOST_CLICK
                missed += not is_right
                print(
                    f"piece {seconds} s at {bpm:g}, picture {picture} s: {len(found)} joins, at most "
                    f"{off:.1f} ms off, click {clicks:.2f}; {counts}, ends {ending(bed)}"
                    + ("" if is_right else "  MISSED"),
                    flush=True,
                )
    bad = [each for each in joins if each.bad_off_ms <= MOST_OFF_MS or each.bad_click <= MOST_CLICK]
    print(
        f"{len(joins)} joins: off the beat at most {max(each.off_ms for each in joins):.1f} ms, "
        f"{np.median([each.off_ms for each in joins]):.1f} in the middle; "
        f"click at most {max(each.click for each in joins):.2f}. "
        f"Of {len(joins)} bad joins {len(bad)} were taken for good ones. Missed: {missed}"
    )
    return 0


def scored(
    folder: Path, seconds: int, service: str
) -> tuple[str, np.ndarray, list[Clip], dict[float, tuple[float, float]]]:
    """Score a picture without sound: what is told, the stem, the clips and their crossfades."""
    film = folder / "film.mp4"
    source = f"color=c=gray:s=64x36:r={RATE}:d={seconds}"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-c:v", "libx264"]
    subprocess.run([*command, "-preset", "ultrafast", str(film)], check=True)
    frames = otio.opentime.TimeRange(
        otio.opentime.RationalTime(0, RATE), otio.opentime.RationalTime(seconds * RATE, RATE)
    )
    cut = otio.schema.Timeline("cut")
    clip = otio.schema.Clip("film", otio.schema.ExternalReference(str(film), frames), frames)
    cut.tracks.append(otio.schema.Track("V1", [clip]))
    (folder / "cut.otio").write_text(cut.to_json_string())
    output = folder / "scored.otio"
    asked = ["--quiet", "--service", service, "--services", "music"]
    assert run(["score", str(folder / "cut.otio"), "-o", str(output), *asked]) == 0
    stems = ["--stems", str(folder / "stems")]
    assert run(["preview", str(output), "-o", str(folder / "p.m4a"), "--quiet", *stems]) == 0
    timeline = reading.read(output).timeline
    bed = next(track for track in timeline.tracks if track.stem is Stem.MUSIC)
    crossed = {float(each.at): (float(each.before), float(each.after)) for each in bed.transitions}
    clips = [each for each in bed.clips if each.media is not None]
    counts = f"{len(clips)} clips"
    return counts, left(folder / "stems" / "p_MX.wav"), clips, crossed


def left(path: Path) -> np.ndarray:
    """The left side of a stem, single precision: 45 minutes are half a gigabyte."""
    raw = np.memmap(path, np.uint8, "r")
    data = raw[raw[: 1 << 20].tobytes().index(b"data") + 8 :]
    frames = data[: len(data) // 6 * 6].reshape(-1, 6)
    found = np.zeros(len(frames), np.float32)
    for first in range(0, len(frames), 1 << 20):
        low, middle, high = (frames[first : first + (1 << 20), byte].astype(np.int32) for byte in range(3))
        found[first : first + (1 << 20)] = ((low << 8 | middle << 16 | high << 24) >> 8) / 2**23
    return found


def pairs(
    clips: list[Clip], crossed: dict[float, tuple[float, float]]
) -> list[tuple[tuple[Clip, Clip], tuple[float, float]]]:
    """Each two clips that meet, and the crossfade between them."""
    return [
        ((before, after), crossed.get(float(after.start), (0.0, 0.0)))
        for before, after in pairwise(clips)
        if before.end == after.start
    ]


def measured(
    bed: np.ndarray, file: np.ndarray, made: Tune, clips: tuple[Clip, Clip], fade: tuple[float, float]
) -> Found:
    """How far a join is off the beat, and how much rougher than what it joins; and so for a bad one."""
    origin = max(0, round((float(clips[1].start) - 4) * HZ))
    zero, bed = origin / HZ, bed[origin : origin + 8 * HZ].astype(np.float64)
    at = float(clips[1].start) - zero
    gain = gain_at(clips[1], float(clips[1].start))
    heads = [
        float(clip.media_in - clip.start) + zero for clip in clips
    ]  # seconds of the file where bed begins
    sides = ((at - fade[0] - 1.6, at - fade[0] - 0.1), (at + fade[1] + 0.1, at + fade[1] + 1.6))
    heard = [
        lying(bed, file, side, head)
        if side[0] >= float(clip.start) - zero and side[1] <= float(clip.end) - zero
        else head
        for side, head, clip in zip(sides, heads, clips, strict=True)
    ]
    bad_heads = (heads[0], heads[1] + 1 / 7)
    bad = bed.copy()
    first, last = round((at - 0.7) * HZ), round((at + 0.5) * HZ)
    here = np.arange(first, last)
    bad_at = hardest(file, bad_heads, at)
    head = np.where(here < bad_at * HZ, bad_heads[0], bad_heads[1])
    bad[first:last] = gain * file[np.clip(here + np.rint(head * HZ).astype(int), 0, len(file) - 1)]
    return Found(
        off_ms=off_beat(made, heard, at),
        click=click(bed, gain * file, heads, (at - fade[0], at + fade[1])),
        bad_off_ms=off_beat(made, list(bad_heads), bad_at),
        bad_click=click(bad, gain * file, list(bad_heads), (bad_at, bad_at)),
    )


def hardest(file: np.ndarray, heads: tuple[float, float], at: float) -> float:
    """Where a hard cut from one part of a file to another is the hardest, of the 0.2 s before a join."""
    here = np.arange(round((at - 0.2) * HZ), round(at * HZ))
    sides = [file[np.clip(here + round(head * HZ), 1, len(file) - 1)] for head in heads]
    rough = [
        np.abs(np.diff(file[np.clip(here + round(head * HZ), 1, len(file) - 2)], 2, append=0, prepend=0))
        for head in heads
    ]
    around = np.lib.stride_tricks.sliding_window_view(np.pad(np.maximum(*rough), 96), 193).max(axis=1)
    return float(here[int(np.argmax(np.abs(sides[1] - sides[0]) / (around[: len(here)] + 1e-4)))] / HZ)


def gain_at(clip: Clip, at: float) -> float:
    """The gain of a clip, as an amplitude."""
    keys = clip.mix.keys
    times, levels = [float(key.at) for key in keys], [key.gain_db for key in keys]
    gain_db = float(np.interp(at - float(clip.start), times, levels)) if keys else clip.mix.gain_db
    return 10 ** (gain_db / 20)


def lying(bed: np.ndarray, file: np.ndarray, side: tuple[float, float], head: float) -> float:
    """Where a stretch of the stem lies in the file, found by itself within 0.1 s of where it should."""
    first, last = (round(edge * HZ) for edge in side)
    reach = HZ // 10
    begin = first + round(head * HZ) - reach
    around = file[max(0, begin) : begin + (last - first) + 2 * reach]
    around = np.pad(around, (max(0, -begin), max(0, (last - first) + 2 * reach - len(around))))
    heard = bed[first:last]
    size = 1 << (len(around) + len(heard)).bit_length()
    match = np.fft.irfft(np.fft.rfft(around, size) * np.conj(np.fft.rfft(heard, size)), size)
    shift = int(np.argmax(match[: 2 * reach + 1])) - reach
    return head + shift / HZ


def off_beat(made: Tune, heads: list[float], at: float) -> float:
    """By how many milliseconds the beat moves at a join."""
    phases = []
    for head in heads:
        moment = at + head
        number = int(np.clip(np.searchsorted(made.beats, moment) - 1, 0, len(made.beats) - 2))
        period = made.beats[number + 1] - made.beats[number]
        phases.append(((moment - made.beats[number]) / period, period))
    moved = phases[1][0] - phases[0][0]
    return float(abs(moved - round(moved)) * phases[0][1] * 1000)


def click(bed: np.ndarray, file: np.ndarray, heads: list[float], join: tuple[float, float]) -> float:
    """How much rougher a join is than what it joins: see the top."""
    near, beside = HZ // 100, HZ // 1000
    first, last = round(join[0] * HZ) - near, round(join[1] * HZ) + near

    def steps(sound: np.ndarray, begin: int) -> np.ndarray:
        taken = sound[max(0, begin) : begin + last - first + 2 * beside + 2]
        lacking = last - first + 2 * beside + 2 - len(taken)
        return np.abs(np.diff(np.pad(taken, (max(0, -begin), max(0, lacking - max(0, -begin)))), 2))

    rough = np.maximum(*(steps(file, first - beside + round(head * HZ)) for head in heads))
    around = np.lib.stride_tricks.sliding_window_view(rough, 2 * beside + 1).max(axis=1)
    here = steps(bed, first - beside)[beside : beside + len(around)]
    usual = float(np.median(np.abs(np.diff(file, 2))))
    return float(np.max(here / (around + 0.1 * usual)))


def is_covered(bed: np.ndarray, seconds: int) -> bool:
    """Whether there is music from the first frame to the last, which may ring out or fade."""
    half = HZ // 2
    if len(bed) != seconds * HZ:
        return False
    power = np.einsum("nt,nt->n", *[bed[: len(bed) // half * half].reshape(-1, half)] * 2)
    heard = power > power.mean() * 1e-6
    return bool(heard[:-1].all())


def ending(bed: np.ndarray) -> str:
    """How far the last 50 ms lie below the loudest of the last 3 s."""
    loud = np.sqrt((bed[-3 * HZ :].reshape(-1, HZ // 20) ** 2).mean(axis=1))
    return f"{20 * np.log10(max(loud[-1], 1e-9) / loud.max()):.0f} dB down"


if __name__ == "__main__":
    sys.exit(main())
