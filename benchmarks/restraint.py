"""Whether the local engine keeps to its rules: counted over its cues for six kinds of film and a long one.

Every film is generated: picture, sound, and speech (by espeak-ng where it is installed, else something like
it). Each is scored through ``avm_otio.score`` with every density, and the answer in the job's folder is
counted: effects a minute, on the mean and in the fullest minute, cues that start while somebody speaks,
sounds of another role than their cue's, things claimed that nobody spoke of, one sound twice within 20 s
where another would have fitted, cues without a reason.

Usage: python benchmarks/restraint.py [--library DIR] [--minutes-of-long N] [--densities default,normal,…]
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import wave
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import opentimelineio as otio

sys.path.insert(0, str(Path(__file__).parent.parent))

from avm_otio import Request, score
from avm_otio.engine.requests import DENSITIES
from avm_otio.engine.sorting import category_of_sound, roles_of
from avm_otio.engine.subjects import claims_of, is_believed
from avm_otio.engine.vocabulary import Role
from avm_otio.media.speech import hear_speech
from avm_otio.tags import NO_TAGS
from avm_otio.timeline.time import parse_timestamp
from tests.engine.engine_films import speech_like

RATE, RATE_HZ = Fraction(25), 48_000
WIDTH, HEIGHT = 160, 90
AGAIN_S = 20.0


@dataclass(frozen=True)
class Kind:
    """A kind of film: its length, how often it cuts, how much moves, how much of it is spoken."""

    name: str
    seconds: float
    shot_s: float
    motion: int
    spoken: float
    has_sound: bool = True


KINDS = (
    Kind("interview", 180, 1e9, 0, 0.85),
    Kind("dialogue", 150, 3.5, 0, 0.6),
    Kind("montage", 60, 1.1, 2, 0.0),
    Kind("landscape", 120, 12.0, 0, 0.0),
    Kind("action", 90, 1.6, 6, 0.08),
    Kind("silent", 60, 9.0, 0, 0.0, has_sound=False),
)


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--library", type=Path)
    options.add_argument("--minutes-of-long", type=float, default=20)
    options.add_argument("--densities", default="default,sparse,normal,dense,2")
    asked = options.parse_args()
    kinds = [*KINDS, Kind("long", asked.minutes_of_long * 60, 6.0, 1, 0.5)]
    densities = [None if word == "default" else word for word in asked.densities.split(",")]
    folder = Path(tempfile.mkdtemp(prefix="restraint-"))
    print("film        density  effects  a minute  fullest  in speech  role  claims  again  no reason")
    broken = 0
    try:
        for kind in kinds:
            timeline = made(folder, kind)
            for density in densities if kind.name != "long" else densities[:1]:
                found = counted(timeline, kind, density, asked.library)
                broken += found.broken
                print(found.line(kind, density), flush=True)
    finally:
        shutil.rmtree(folder)
    print(f"{broken} rules broken")
    sys.exit(bool(broken))


@dataclass(frozen=True)
class Counted:
    """What was counted over the cues of one answer."""

    effects: int
    minutes: float
    fullest: int
    allowed: float
    in_speech: int
    other_role: int
    claims: int
    again: int
    no_reason: int

    @property
    def broken(self) -> int:
        """How many rules do not hold."""
        most = self.effects / self.minutes > self.allowed + 1e-9 or self.fullest > max(self.allowed, 1)
        return most + self.in_speech + self.other_role + self.claims + self.again + self.no_reason

    def line(self, kind: Kind, density: str | None) -> str:
        """As a row of the table."""
        return (
            f"{kind.name:10}  {density or 'default':7}  {self.effects:7}  {self.effects / self.minutes:8.1f}"
            f"  {self.fullest:7}  {self.in_speech:9}  {self.other_role:4}  {self.claims:6}  {self.again:5}"
            f"  {self.no_reason:9}"
        )


def counted(timeline: Path, kind: Kind, density: str | None, library: Path | None) -> Counted:
    """Score a film, and count."""
    request = Request(
        timeline,
        timeline.with_name(f"{timeline.stem}-{density}-scored.otio"),
        services=("effects",),
        effects_density=density,
        library=library,
        mix="off",
    )
    done = score(request)
    result = json.loads((done.job / "result.json").read_text(encoding="utf-8"))
    cues = result["sound_effect_service"]["sound_effects"]
    spoken = hear_speech(timeline.with_name(f"{kind.name}.mov")).spoken
    spoken_share = sum(end - start for start, end in spoken) / (kind.seconds * 1e6)
    word = density or ("sparse" if spoken_share >= 0.25 else "normal")
    return count(cues, spoken, kind.seconds / 60, DENSITIES.get(word, 0.0) or float(word), "")


def count(
    cues: Sequence[Mapping[str, Any]],
    spoken: Sequence[tuple[int, int]],
    minutes: float,
    allowed: float,
    words: str,
) -> Counted:
    """Count the rules that cues break.

    Args:
        cues: As the engine answers them.
        spoken: Where people speak, microseconds.
        minutes: How long the film is.
        allowed: Effects a minute that the setting allows.
        words: What the request said of the film.
    """
    starts = sorted(_us(cue["start_at"]) for cue in cues)
    by_role: dict[str, set[int]] = {}
    for cue in cues:
        by_role.setdefault(cue["avm_role"], set()).update(item["id"] for item in cue["sound_effect_items"])
    in_speech = other = claims = again = no_reason = 0
    heard: list[tuple[int, int]] = []
    for cue in sorted(cues, key=lambda cue: _us(cue["start_at"])):
        item, start = cue["sound_effect_items"][0], _us(cue["start_at"])
        for first in {start, _heard_from(cue)}:
            in_speech += any(begin <= first < end for begin, end in spoken)
        for each in cue["sound_effect_items"]:
            path = f"{each['title']}.wav"
            roles = roles_of(path, NO_TAGS, category_of_sound(path, NO_TAGS), _us(each["duration"]))
            other += Role[cue["avm_role"].upper()] not in roles[:1]
            claims += not is_believed(claims_of(f"{each['title']}.wav"), words)
        near = {number for at, number in heard if start - at < AGAIN_S * 1e6}
        again += item["id"] in near and not by_role[cue["avm_role"]] <= near
        no_reason += not cue["avm_reasons"]
        heard.append((start, item["id"]))
    fullest = max((sum(at <= other < at + 60_000_000 for other in starts) for at in starts), default=0)
    return Counted(len(cues), minutes, fullest, allowed, in_speech, other, claims, again, no_reason)


def _heard_from(cue: Mapping[str, Any]) -> int:
    """Where its first sound begins to be heard, by what the payload says of it."""
    points = cue["sound_effect_items"][0]["avm_points"]
    if points is None or cue["avm_laid_by"] != "peak":
        return _us(cue["start_at"])
    return max(0, _us(cue["start_at"]) - _us(points["peak"]) + _us(points["begins"]))


def _us(text: str) -> int:
    found = parse_timestamp(text)
    assert found is not None
    return found


def made(folder: Path, kind: Kind) -> Path:
    """A film of a kind, and a timeline of its one clip."""
    path = folder / f"{kind.name}.mov"
    frames = round(kind.seconds * RATE)
    with av.open(str(path), "w") as container:
        picture = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "crf": "30"})
        picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        voice = container.add_stream("pcm_s16le", rate=RATE_HZ, layout="mono") if kind.has_sound else None
        for number, image in enumerate(pictures(kind, frames)):
            frame = av.VideoFrame.from_ndarray(image, format="gray").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, 1 / RATE
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
        if voice is not None:
            at = 0
            for piece in sounds(kind):
                block = av.AudioFrame.from_ndarray(piece[None], format="s16", layout="mono")
                block.sample_rate, block.time_base, block.pts = RATE_HZ, Fraction(1, RATE_HZ), at
                at += len(piece)
                container.mux(voice.encode(block))
            container.mux(voice.encode(None))
    whole = otio.opentime.TimeRange(
        otio.opentime.RationalTime(0, float(RATE)), otio.opentime.RationalTime(frames, float(RATE))
    )
    timeline = otio.schema.Timeline(kind.name)
    for track_kind in ("Video", "Audio") if kind.has_sound else ("Video",):
        track = otio.schema.Track(track_kind, kind=track_kind)
        media = otio.schema.ExternalReference(path.name, whole)
        track.append(otio.schema.Clip(kind.name, media, whole))
        timeline.tracks.append(track)
    target = folder / f"{kind.name}.otio"
    otio.adapters.write_to_file(timeline, str(target))
    return target


def pictures(kind: Kind, frames: int) -> Iterator[np.ndarray]:
    """Shots of smooth shapes that drift, now and then with a burst of movement."""
    chance = np.random.default_rng(len(kind.name))
    next_cut, world, drift = 0, np.zeros((1, 1), np.uint8), 0
    for number in range(frames):
        if number >= next_cut:
            coarse = chance.integers(20, 235, (7, 12)).astype(np.uint8)
            world = np.kron(coarse, np.ones((16, 16), np.uint8))
            next_cut = number + max(8, round(min(kind.shot_s, 1e6) * chance.uniform(0.5, 1.5) * RATE))
            drift = 0
        burst = kind.motion and chance.random() < 0.01
        drift += kind.motion + (12 if burst else 0)
        if kind.spoken and number % 3 == 0:  # a head moves
            drift += int(chance.random() < 0.2)
        yield np.ascontiguousarray(np.roll(world, drift, axis=1)[:HEIGHT, :WIDTH])


def sounds(kind: Kind) -> Iterator[np.ndarray]:
    """Room tone, bangs now and then, and speech, ten seconds at a time."""
    chance = np.random.default_rng(7 + len(kind.name))
    speech = spoken_words()
    left = kind.seconds
    place = 0
    while left > 0:
        samples = round(min(left, 10.0) * RATE_HZ)
        sound = 0.002 * chance.standard_normal(samples)
        for _ in range(chance.integers(0, 4)):
            at = int(chance.integers(0, max(samples - 4800, 1)))
            sound[at : at + 4800] += (
                0.2
                * chance.standard_normal(4800)[: samples - at]
                * np.exp(-np.arange(min(4800, samples - at)) / 700)
            )
        spoken = round(samples * kind.spoken)
        if spoken:
            at = int(chance.integers(0, samples - spoken + 1))
            words = np.take(speech, np.arange(place, place + spoken), mode="wrap")
            sound[at : at + spoken] += words
            place += spoken
        yield (np.clip(sound, -1, 1) * 32_767).astype(np.int16)
        left -= 10.0


def spoken_words() -> np.ndarray:
    """A minute of speech."""
    text = (
        "We came here in the winter, when nobody else would. I remember that the house was cold, and my "
        "brother laughed about it. What happened next? Nothing at all, for a long time. Then the "
        "letters began to arrive, one every morning, and none of them was signed. "
    )
    if shutil.which("espeak-ng") is None:
        return speech_like(60.0) * 0.6
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        subprocess.run(["espeak-ng", "-w", str(path), text * 3], check=True)
        with wave.open(str(path)) as file:
            rate_hz = file.getframerate()
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32_768
    at = np.arange(0, len(samples) - 1, rate_hz / RATE_HZ)
    return 0.7 * np.interp(at, np.arange(len(samples)), samples)


if __name__ == "__main__":
    main()
