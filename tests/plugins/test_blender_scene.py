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

from avm_otio.cli.main import run
from tests.editors.hearing import Sound, hear, noise, read_wav
from tests.media.numbered import frame_of, movie, number_in, numbers, pattern
from tests.plugins.blender_home import FPS, home_in, in_blender

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
    """

    media: str
    begins: int
    since: int
    until: int
    channel: int = 1
    is_split: bool = False
    is_backwards: bool = False
    is_muted: bool = False

    def described(self, folder: Path, kind: str = "MOVIE") -> dict[str, object]:
        return asdict(self) | {
            "path": str(folder / self.media),
            "kind": "IMAGE" if self.media == STILL else kind,
        }


@dataclass(frozen=True)
class Meta:
    """A meta strip, trimmed to what is seen or heard of it."""

    inside: tuple[Strip | Meta, ...]
    since: int
    until: int
    channel: int = 1
    is_muted: bool = False

    def described(self, folder: Path, kind: str = "MOVIE") -> dict[str, object]:
        return asdict(self) | {"kind": "META", "inside": [one.described(folder, kind) for one in self.inside]}


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
    Meta((Strip("pal.mp4", 100, 110, 130),), 113, 126),
    Strip("pal.mp4", 110, 130, 140, is_backwards=True, is_split=True),
    Strip(STILL, 142, 142, 150),
)


ABOVE_EACH_OTHER = (
    Strip("pal.mp4", 1, 1, 150),
    Strip("pal.mp4", -30, 10, 30, channel=2),
    Strip("pal.mp4", 0, 20, 40, channel=3, is_muted=True),
    Strip("cinema.mp4", 40, 40, 60, channel=4),  # of a channel that is muted
    # What is above within a meta strip begins first.
    Meta(
        (Strip("fast.mp4", 60, 60, 75, channel=2), Strip("pal.mp4", 30, 70, 90, channel=1)), 62, 88, channel=2
    ),
    Strip("ntsc.mp4", 80, 84, 86, channel=3),
    Meta(
        (
            Meta((Strip("pal.mp4", 90, 95, 105, channel=3),), 97, 103, channel=2),
            Strip("cinema.mp4", 60, 90, 120, channel=1),
            Strip("pal.mp4", 20, 110, 118, channel=5, is_muted=True),
        ),
        92,
        115,
        channel=2,
    ),
    Meta((Strip("fast.mp4", 60, 120, 140),), 120, 140, channel=2, is_muted=True),
)
MUTED = [4]


def by_chance(seed: int) -> tuple[Strip | Meta, ...]:
    """Strips one after the other, with gaps."""
    chance, at = Random(seed), 1
    strips: list[Strip | Meta] = []
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
        is_in_meta = length > 4 and chance.random() < 0.3
        trims = at + chance.randint(0, 2), at + length - chance.randint(0, 2)
        strips.append(Meta((strip,), *trims) if is_in_meta else strip)
        at += length + chance.choice((0, 0, 3))
    return tuple(strips)


def media_in(folder: Path) -> None:
    for number, (name, (frames, rate)) in enumerate(MEDIA.items()):
        movie(folder / name, frames, rate, sound=noise(number, float(frames / rate), 1).repeat(2, axis=1))
    frame_of(pattern(777)).save(folder / STILL)


def shown_by(strips: list[dict[str, object]], rate: Fraction, folder: Path) -> list[int | None]:
    """The numbers of the frames that Blender shows; its sound and the cut lie in the folder then."""
    (folder / "strips.json").write_text(json.dumps(strips))
    muted = json.dumps(MUTED)
    ended = in_blender(home_in(folder), "blender_scene.py", folder / "strips.json", muted, *FPS[rate], folder)
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
@pytest.mark.parametrize(
    "strips",
    [BY_HAND, ABOVE_EACH_OTHER, by_chance(1), by_chance(2)],
    ids=["by hand", "above each other", "1", "2"],
)
def test_the_film_shows_at_every_frame_what_blender_shows(
    tmp_path: Path, rate: Fraction, strips: tuple[Strip | Meta, ...]
) -> None:
    media_in(tmp_path)
    shown = shown_by([strip.described(tmp_path) for strip in strips], rate, tmp_path)
    film = tmp_path / "film.mp4"
    assert run(["export", str(tmp_path / "cut.otio"), "-o", str(film)]) == 0
    ours = numbers(film)
    assert ours + [None] * (len(shown) - len(ours)) == shown
    assert len({number for number in shown if number is not None}) > 50


def test_movies_of_another_rate_are_told(tmp_path: Path) -> None:
    media_in(tmp_path)
    strips = [Strip("pal.mp4", 1, 1, 10), Strip("ntsc.mp4", 10, 12, 20), Strip("cinema.mp4", 20, 20, 30)]
    shown_by([strip.described(tmp_path) for strip in strips], Fraction(24_000, 1001), tmp_path)
    assert [note.split(": ")[1] for note in json.loads((tmp_path / "notes.json").read_text())] == [
        "25.000 frames a second, played at 23.976.",
        "24.000 frames a second, played at 23.976.",
    ]


@pytest.mark.parametrize("rate", FPS, ids=["23.976", "25"])
def test_the_film_sounds_at_every_sample_as_blender_does(tmp_path: Path, rate: Fraction) -> None:
    media_in(tmp_path)
    strips = (
        Strip("pal.mp4", 1, 5, 25),
        Strip("pal.mp4", -30, 25, 40, is_split=True),
        Strip("pal.mp4", 50, 40, 70),  # silent before its first sample
        Strip("ntsc.mp4", 20, 75, 100),
        Meta((Strip("fast.mp4", 90, 100, 130),), 105, 126),
    )
    unheard = Strip("cinema.mp4", 10, 10, 80, channel=2, is_muted=True)
    seen = Strip("pal.mp4", 1, 1, 140, channel=3)
    sounds = [strip.described(tmp_path, "SOUND") for strip in (*strips, unheard)]
    shown_by([*sounds, seen.described(tmp_path)], rate, tmp_path)
    film = tmp_path / "film.mp4"
    assert run(["export", str(tmp_path / "cut.otio"), "-o", str(film)]) == 0
    played, ours = read_wav(tmp_path / "mix.wav"), sound_of(film)
    for strip in strips:
        since = max(strip.since, strip.begins) if isinstance(strip, Strip) else strip.since
        start, last = (round((frame - 1) / rate * 48_000) for frame in (since, strip.until))
        part = played[start:last, 0]
        near = max(start - 4800, 0)
        heard = hear(ours[near : last + 4800], part)
        assert abs(heard.at + near - start) <= 2, strip
        assert heard.likeness > 0.8, strip
