"""What the add-on says of a cut, against what the real Blender shows and plays of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from random import Random

import av
import numpy as np
import pytest
from blender_home import FPS, home_in, in_blender
from hearing import Sound, hear, noise, read_wav
from numbered import frame_of, movie, number_in, numbers, pattern

from avm_otio.cli.main import run

pytestmark = pytest.mark.editors

MEDIA = {
    "pal.mp4": (100, Fraction(25)),
    "cinema.mp4": (100, Fraction(24)),
    "ntsc.mp4": (100, Fraction(24_000, 1001)),
    "fast.mp4": (200, Fraction(50)),
}
STILL = "still.png"


@dataclass(frozen=True)
class Strip:
    """A strip of media, seen or heard from a frame to another.

    Attributes:
        media: Its file.
        begins: Where its first frame would be.
        since, until: What is seen or heard of it.
        is_split: It is cut off hard at ``since``, as with Split › Hold Split.
        trims: What is seen of the meta strip that it lies in; none where it lies in none.
    """

    media: str
    begins: int
    since: int
    until: int
    is_split: bool = False
    is_backwards: bool = False
    trims: tuple[int, int] | None = None

    def told(self, folder: Path, kind: str, channel: int) -> dict[str, object]:
        kind = "IMAGE" if self.media == STILL else kind
        said = asdict(self) | {"path": str(folder / self.media), "kind": kind, "channel": channel}
        return said | {"from": self.since, "to": self.until}

    @property
    def heard(self) -> tuple[int, int]:
        return self.trims or (self.since, self.until)


BY_HAND = (
    Strip("pal.mp4", 1, 5, 20),
    Strip("pal.mp4", -30, 20, 30, is_split=True),
    Strip("pal.mp4", 35, 30, 45),  # its first frame is held
    Strip("pal.mp4", -50, 45, 58),  # its last frame is held
    Strip("pal.mp4", 100, 58, 64),  # nothing but the first
    Strip("ntsc.mp4", 20, 64, 76),
    Strip("cinema.mp4", 60, 76, 86, is_split=True),
    Strip("fast.mp4", 0, 86, 96),
    Strip("ntsc.mp4", 90, 96, 110, is_backwards=True),
    Strip("pal.mp4", 100, 110, 130, trims=(113, 126)),
    Strip("pal.mp4", 110, 130, 140, is_backwards=True, is_split=True),
    Strip(STILL, 142, 142, 150),
)


def by_chance(seed: int) -> tuple[Strip, ...]:
    """Strips one after the other, with gaps."""
    chance, strips, at = Random(seed), [], 1
    while at < 140:
        length = chance.randint(2, 14)
        strip = Strip(
            media=chance.choice(list(MEDIA)),
            begins=at - chance.randint(-length, 80),
            since=at,
            until=at + length,
            is_backwards=chance.random() < 0.3,
        )
        if strip.begins < at and chance.random() < 0.3:
            strip = replace(strip, is_split=True)
        if length > 4 and chance.random() < 0.3:
            strip = replace(strip, trims=(at + chance.randint(0, 2), at + length - chance.randint(0, 2)))
        strips.append(strip)
        at += length + chance.choice((0, 0, 3))
    return tuple(strips)


def media_in(folder: Path) -> None:
    for number, (name, (frames, rate)) in enumerate(MEDIA.items()):
        movie(folder / name, frames, rate, sound=noise(number, float(frames / rate), 1).repeat(2, axis=1))
    frame_of(pattern(777)).save(folder / STILL)


def shown_by(home: Path, strips: list[dict[str, object]], rate: Fraction, folder: Path) -> list[int | None]:
    """The numbers of the frames that Blender shows; its sound and the cut lie in the folder then."""
    (folder / "strips.json").write_text(json.dumps(strips))
    ended = in_blender(home, "blender_scene.py", folder / "strips.json", *FPS[rate], folder)
    assert ended.returncode == 0, ended.stderr
    found = []
    for path in sorted((folder / "frames").iterdir()):
        with av.open(str(path)) as picture:
            frame = next(picture.decode(video=0)).reformat(format="gray")
        found.append(number_in(np.asarray(frame.to_ndarray())))
    return found


def sound_of(film: Path) -> Sound:
    made = av.AudioResampler("flt", "mono", 48_000)
    with av.open(str(film)) as file:
        blocks = [part.to_ndarray()[0] for frame in file.decode(audio=0) for part in made.resample(frame)]
    return np.concatenate(blocks).astype(np.float64)[:, np.newaxis]


@pytest.mark.parametrize("rate", FPS, ids=["23.976", "25"])
@pytest.mark.parametrize("strips", [BY_HAND, by_chance(1), by_chance(2)], ids=["by hand", "1", "2"])
def test_the_film_shows_at_every_frame_what_blender_shows(
    tmp_path: Path, rate: Fraction, strips: tuple[Strip, ...]
) -> None:
    media_in(tmp_path)
    said = [strip.told(tmp_path, "MOVIE", 1) for strip in strips]
    shown = shown_by(home_in(tmp_path), said, rate, tmp_path)
    film = tmp_path / "film.mp4"
    assert run(["export", str(tmp_path / "cut.otio"), "-o", str(film)]) == 0
    ours = numbers(film)
    assert ours + [None] * (len(shown) - len(ours)) == shown
    assert len({number for number in shown if number is not None}) > 50
    notes = json.loads((tmp_path / "notes.json").read_text())
    others = [strip for strip in strips if MEDIA.get(strip.media, (0, rate))[1] != rate]
    assert len([note for note in notes if "frames a second, played at" in note]) == len(others)


@pytest.mark.parametrize("rate", FPS, ids=["23.976", "25"])
def test_the_film_sounds_at_every_sample_as_blender_does(tmp_path: Path, rate: Fraction) -> None:
    media_in(tmp_path)
    strips = (
        Strip("pal.mp4", 1, 5, 25),
        Strip("pal.mp4", -30, 25, 45, is_split=True),
        Strip("pal.mp4", 50, 40, 70),  # silent before its first sample
        Strip("ntsc.mp4", 20, 75, 100),
        Strip("fast.mp4", 90, 100, 130, trims=(105, 126)),
    )
    seen = Strip("pal.mp4", 1, 1, 140)
    said = [strip.told(tmp_path, "SOUND", 1) for strip in strips]
    shown_by(home_in(tmp_path), [*said, seen.told(tmp_path, "MOVIE", 2)], rate, tmp_path)
    film = tmp_path / "film.mp4"
    assert run(["export", str(tmp_path / "cut.otio"), "-o", str(film)]) == 0
    played, ours = read_wav(tmp_path / "mix.wav"), sound_of(film)
    for strip in strips:
        first, last = (round((frame - 1) / rate * 48_000) for frame in strip.heard)
        part = played[first + 9600 * (strip.begins > strip.since) : last, 0]
        start = first + 9600 * (strip.begins > strip.since)
        near = max(start - 4800, 0)
        heard = hear(ours[near : last + 4800], part)
        assert abs(heard.at + near - start) <= 2, strip
        assert heard.likeness > 0.8, strip
