"""What is one question and what is another: the content of the ranges that are used."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from avm_otio.media.fingerprint import content_digest, film_asked, uses
from avm_otio.timeline.model import GainKey, ImageSequence, Media
from avm_otio.timeline.plan import (
    ExportPlan,
    FilmMap,
    PictureLayer,
    PictureSegment,
    SoundSegment,
)
from avm_otio.timeline.time import FilmTime, MediaTime, RecordTime
from tests.media.numbered import movie

RATE = Fraction(25)


def source(name: str = "a.mp4") -> Media:
    return Media(name, name, duration=Fraction(1000), clip_name="shot", counted_rate=RATE)


def plan(start_s: int, end_s: int, media: Media, record_s: int = 0) -> ExportPlan:
    length = Fraction(end_s - start_s)
    frames = int(length * RATE)
    return ExportPlan(
        name="shot",
        rate=RATE,
        frames=frames,
        picture=(
            PictureSegment(0, frames, (PictureLayer(media, MediaTime(Fraction(start_s)), Fraction(1)),)),
        ),
        sound=(
            SoundSegment(
                FilmTime(Fraction(0)), FilmTime(length), media, MediaTime(Fraction(start_s)), Fraction(1)
            ),
        ),
        film_map=FilmMap(RecordTime(Fraction(record_s)), Fraction(1), FilmTime(length)),
    )


def digest(path: Path, start_s: int = 2, end_s: int = 4) -> str:
    media = source(path.name)
    asked = plan(start_s, end_s, media)
    return content_digest(media, uses(asked)[media], path, asked)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import numpy as np

    path = tmp_path_factory.mktemp("film") / "a.mp4"
    noise = np.random.default_rng(1).normal(0, 0.1, (10 * 48_000, 2))
    return movie(path, 250, RATE, sound=noise, size=(128, 96))


def test_a_file_that_was_moved_is_the_same_question(film: Path, tmp_path: Path) -> None:
    there = tmp_path / "moved" / "b.mp4"
    there.parent.mkdir()
    shutil.copyfile(film, there)
    assert digest(there) == digest(film)


def test_another_range_is_another_question(film: Path) -> None:
    assert digest(film, 2, 4) != digest(film, 5, 8)


def test_other_content_in_the_range_is_another_question(film: Path, tmp_path: Path) -> None:
    import numpy as np

    loud = np.random.default_rng(2).normal(0, 0.1, (10 * 48_000, 2))
    other = movie(tmp_path / "a.mp4", 250, RATE, sound=loud, size=(128, 96))
    assert digest(other) != digest(film)


def test_a_picture_that_is_not_heard_is_not_asked_about_by_its_sound(film: Path, tmp_path: Path) -> None:
    import numpy as np

    loud = np.random.default_rng(2).normal(0, 0.1, (10 * 48_000, 2))
    other = movie(tmp_path / "a.mp4", 250, RATE, sound=loud, size=(128, 96))
    media = source()
    silent = plan(2, 4, media)
    use = uses(ExportPlan(silent.name, RATE, 50, silent.picture, (), silent.film_map))[media]
    assert content_digest(media, use, other, silent) == content_digest(media, use, film, silent)


def test_where_the_film_lies_and_what_things_are_called_is_not_asked(film: Path) -> None:
    here, there = source("a.mp4"), source("renamed.mp4")
    digest = film_asked(plan(2, 4, here), {here: "x"})
    assert film_asked(plan(2, 4, there, record_s=3600), {there: "x"}) == digest
    assert film_asked(plan(2, 5, here), {here: "x"}) != digest
    assert film_asked(plan(2, 4, here), {here: "y"}) != digest


def test_a_film_without_gains_and_channels_keeps_the_key_that_it_had_before_there_were_any() -> None:
    media = source()
    asked = plan(2, 4, media)
    faded = replace(asked, sound=(replace(asked.sound[0], fade_in=Fraction(1, 2)),))
    assert json.dumps(film_asked(faded, {media: "x"})) == (
        '{"rate": "25", "frames": 50, "media": ["x"], "picture": [[0, 50, [[0, "2", "1", "1", "1"]]]], '
        '"sound": [["0", "2", 0, "2", "1", "1/2", "0"]]}'
    )


@pytest.mark.parametrize(
    "change",
    [
        {"gain_db": -20.0},
        {"gain_db": -math.inf},
        {"keys": (GainKey(Fraction(1, 2), -6.0),)},
        {"keys": (GainKey(Fraction(1), -6.0),)},
        {"channels": (0,)},
        {"channels": (1,)},
        {"fade_in": Fraction(1), "fade_in_from": Fraction(1, 2)},
        {"fade_out": Fraction(1), "fade_out_to": Fraction(1, 2)},
    ],
    ids=str,
)
def test_another_mix_is_another_question(change: dict[str, Any]) -> None:
    media = source()
    as_it_is = plan(2, 4, media)
    mixed = replace(as_it_is, sound=(replace(as_it_is.sound[0], **change),))
    asked = film_asked(mixed, {media: "x"})
    assert asked != film_asked(as_it_is, {media: "x"})
    assert json.loads(json.dumps(asked, allow_nan=False)) == asked


def test_only_the_images_that_are_used_count(tmp_path: Path) -> None:
    for number in range(100):
        (tmp_path / f"f.{number:04d}.dpx").write_bytes(bytes([number]) * 300)
    numbering = ImageSequence("f.", ".dpx", 0, 1, 4)
    media = Media("", duration=Fraction(4), sequence=numbering, clip_name="shot", counted_rate=RATE)
    asked = plan(2, 3, media)
    before = content_digest(media, uses(asked)[media], tmp_path, asked)
    (tmp_path / "f.0000.dpx").write_bytes(b"other")
    assert content_digest(media, uses(asked)[media], tmp_path, asked) == before
    (tmp_path / "f.0060.dpx").write_bytes(b"other")
    assert content_digest(media, uses(asked)[media], tmp_path, asked) != before
