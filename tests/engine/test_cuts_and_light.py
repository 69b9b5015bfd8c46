from __future__ import annotations

from fractions import Fraction as F

import numpy as np
import pytest
from numpy.typing import NDArray

from avm_otio.engine.film_analysis import analyse_picture
from tests.engine import light_films
from tests.engine.light_films import Light

RATE = F(25)
STEADY = Light(noise=0.0, night=0.0)
NIGHT = Light(noise=0.0, night=1.0)
Pictures = NDArray[np.float64]


def cuts_of(pictures: Pictures) -> list[int]:
    noise = np.random.default_rng(2).standard_normal(pictures.shape)
    frames = np.clip(pictures + noise, 0, 255).astype(np.uint8)
    found = analyse_picture((n / RATE, frame) for n, frame in enumerate(frames))
    return [round(cut.at_us * RATE / 1_000_000) for cut in found.cuts]


def shot(seed: int, many: int, kind: str = "nothing", light: Light = STEADY) -> Pictures:
    return light_films.shot(np.random.default_rng(seed), light, many, kind)


@pytest.mark.parametrize("kind", light_films.KINDS)
def test_light_particles_and_wild_cameras_are_no_cuts(kind: str) -> None:
    """One in eight may be taken for a cut: a whip of ten frames, a lamp in a room that is nearly black."""
    false = [cuts_of(shot(seed, 60, kind, light)) for light in (STEADY, NIGHT) for seed in range(4)]
    assert sum(map(len, false)) <= 1


@pytest.mark.parametrize("kind", ["fireworks", "cameras", "lightning", "strobe", "lamp"])
def test_cuts_before_and_after_light_are_found(kind: str) -> None:
    lit = [shot(seed, 50, kind) for seed in (10, 11, 12)]
    assert cuts_of(np.concatenate(lit)) == [50, 100]


@pytest.mark.parametrize("frames", [4, 5, 6])
def test_somebody_else_seen_for_four_frames_and_back_is_two_cuts(frames: int) -> None:
    pictures = shot(20, 60)
    pictures[30 : 30 + frames] = shot(21, frames)
    assert cuts_of(pictures) == [30, 30 + frames]


@pytest.mark.parametrize("lasts", [1, 3, 6, 12, 25])
def test_a_light_that_hides_the_shot_is_no_cut_when_the_shot_comes_back(lasts: int) -> None:
    pictures = shot(22, 90)
    pictures[40 : 40 + lasts] += np.linspace(400, 120, lasts)[:, None, None]
    assert cuts_of(pictures) == []


@pytest.mark.parametrize("bar", [4, 6])
def test_a_cut_within_the_bars_of_a_letterbox_is_found(bar: int) -> None:
    dark, bright = shot(23, 40) * 0.4, 60 + shot(24, 40) * 0.7
    pictures = np.concatenate([dark, bright])
    pictures[:, :bar] = pictures[:, -bar:] = 5
    assert cuts_of(pictures) == [40]


def test_a_person_who_jumps_before_a_wall_that_stays_was_cut() -> None:
    pictures = shot(25, 80, light=Light(noise=0.0, night=0.0, shot=(80, 81)))
    pictures[:] = pictures[0]
    person = shot(26, 1)[0, :, :26]
    pictures[:40, :, 4:30] = person
    pictures[40:, :, 30:56] = person
    assert cuts_of(pictures) == [40]


def test_plain_pictures_that_follow_each_other_are_cuts() -> None:
    assert cuts_of(np.repeat([30.0, 128.0, 235.0], 20)[:, None, None] * np.ones((1, 36, 64))) == [20, 40]
