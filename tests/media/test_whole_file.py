"""A file goes out as it is only where the film is that very file."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F
from pathlib import Path

import pytest

from avm_otio.media.film import whole_file
from avm_otio.timeline.model import GainKey
from avm_otio.timeline.plan import ExportPlan
from tests.media.numbered import file_source, film_plan, heard, layer, movie, placed
from tests.media.sounds import noise

RATE = F(25)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return movie(tmp_path / "a.mp4", 50, RATE, sound=noise(2))


def whole_plan(path: Path) -> ExportPlan:
    source = file_source(path)
    return film_plan(RATE, (50, (layer(source, F(0)),)), sound=[heard(F(0), F(2), source)])


def test_the_whole_file_is_passed_on_untouched(path: Path) -> None:
    plan = whole_plan(path)
    film = whole_file(plan, placed(plan))
    assert film is not None
    assert (film.path, film.frames, film.duration, film.reencoded, film.has_sound) == (
        path,
        50,
        2,
        False,
        True,
    )


def test_a_mix_that_changes_nothing_does_not_keep_a_file_from_being_passed_on(path: Path) -> None:
    plan = whole_plan(path)
    as_it_is = replace(plan.sound[0], keys=(GainKey(F(0), 0.0),), channels=(0, 1))
    assert whole_file(replace(plan, sound=(as_it_is,)), placed(plan)) is not None


def test_a_silent_file_is_passed_on_too(tmp_path: Path) -> None:
    source = file_source(movie(tmp_path / "mute.mp4", 50, RATE))
    plan = film_plan(RATE, (50, (layer(source, F(0)),)))
    film = whole_file(plan, placed(plan))
    assert film is not None
    assert not film.has_sound


def test_anything_less_or_other_than_the_whole_is_made_anew(path: Path, tmp_path: Path) -> None:
    source = file_source(path)
    other = file_source(movie(tmp_path / "b.mp4", 50, RATE, sound=noise(2, seed=2)))
    shown, whole_sound = layer(source, F(0)), heard(F(0), F(2), source)
    plans = [
        film_plan(RATE, (49, (shown,)), sound=[heard(F(0), F(49, 25), source)]),
        film_plan(RATE, (50, (layer(source, F(1, 25)),)), sound=[whole_sound]),
        film_plan(RATE, (50, (layer(source, F(0), F(2)),)), sound=[whole_sound]),
        film_plan(RATE, (25, (shown,)), (25, ()), sound=[whole_sound]),
        film_plan(RATE, (50, (shown, layer(other, F(0)))), sound=[whole_sound]),
        film_plan(RATE, (50, (shown,))),
        film_plan(RATE, (50, (shown,)), sound=[heard(F(0), F(2), other)]),
        film_plan(RATE, (50, (shown,)), sound=[heard(F(0), F(2), source, F(1, 50))]),
        film_plan(RATE, (50, (shown,)), sound=[heard(F(0), F(2), source, F(0), F(1), (F(1, 2), F(0)))]),
        film_plan(RATE, (50, (shown,)), sound=[replace(whole_sound, gain_db=-20.0)]),
        film_plan(RATE, (50, (shown,)), sound=[replace(whole_sound, keys=(GainKey(F(1), -6.0),))]),
        film_plan(RATE, (50, (shown,)), sound=[replace(whole_sound, channels=(0,))]),
        film_plan(RATE, (50, (shown,)), sound=[replace(whole_sound, channels=(1, 0))]),
        replace(whole_plan(path), rate=F(24)),
    ]
    for plan in plans:
        assert whole_file(plan, placed(plan)) is None


@pytest.mark.parametrize("name", ["a.mkv", "a.ts", "a.avi"])
def test_only_what_every_service_reads_is_passed_on(tmp_path: Path, name: str) -> None:
    source = file_source(movie(tmp_path / name, 50, RATE))
    plan = film_plan(RATE, (50, (layer(source, F(0)),)))
    assert whole_file(plan, placed(plan)) is None


def test_a_large_file_is_made_smaller(path: Path) -> None:
    plan = whole_plan(path)
    assert whole_file(plan, placed(plan), path.stat().st_size) is not None
    assert whole_file(plan, placed(plan), path.stat().st_size - 1) is None
