from __future__ import annotations

from fractions import Fraction as F

import numpy as np
import pytest
from numpy.typing import NDArray

from avm_otio.engine import film_analysis
from avm_otio.engine.film_analysis import analyse_picture
from avm_otio.engine.onset_kinds import resemblances
from avm_otio.engine.traits import PictureTraits
from tests.engine.transition_films import HELD_OUT, film

RATE = F(25)
Pictures = NDArray[np.uint8]


def looked_at(pictures: Pictures) -> PictureTraits:
    return analyse_picture(((n / RATE, each) for n, each in enumerate(pictures)), closely=True)


def frame(at_us: int) -> int:
    return round(at_us * RATE / 1_000_000)


def world(seed: int, high: int = 36, wide: int = 200, smooth: int = 4) -> NDArray[np.float64]:
    """A texture whose grains are some pixels wide."""
    coarse = np.random.default_rng(seed).uniform(20, 230, (high // smooth + 2, wide // smooth + 2))
    y, x = np.arange(high) / smooth, np.arange(wide) / smooth
    y0, x0 = y.astype(int), x.astype(int)
    fy, fx = (y - y0)[:, None], (x - x0)[None]
    top = coarse[y0][:, x0] * (1 - fx) + coarse[y0][:, x0 + 1] * fx
    return top * (1 - fy) + (coarse[y0 + 1][:, x0] * (1 - fx) + coarse[y0 + 1][:, x0 + 1] * fx) * fy


def shot(seed: int, frames: int, speed: float = 0.0) -> NDArray[np.float64]:
    """What a camera sees that pans so many pixels a frame to the right."""
    wide = world(seed, wide=80 + int(abs(speed) * frames) + 8)
    at = [n * abs(speed) if speed >= 0 else abs(speed) * (frames - n) for n in range(frames)]
    columns = np.arange(wide.shape[1])
    return np.stack([[np.interp(np.arange(64) + x, columns, row) for row in wide] for x in at])


def grained(pictures: NDArray[np.float64]) -> Pictures:
    noise = np.random.default_rng(1).standard_normal(pictures.shape)
    return np.clip(pictures + noise, 0, 255).astype(np.uint8)


def dissolved(one: NDArray[np.float64], other: NDArray[np.float64], frames: int) -> NDArray[np.float64]:
    share = (np.arange(1, frames + 1) / (frames + 1))[:, None, None]
    mixed = (1 - share) * one[-frames:] + share * other[:frames]
    return np.concatenate([one[:-frames], mixed, other[frames:]])


@pytest.mark.parametrize("frames", [8, 20, 50])
@pytest.mark.parametrize("speed", [0.0, 0.4])
def test_a_dissolve_is_found_at_its_frames_whether_cameras_move_or_not(frames: int, speed: float) -> None:
    pictures = grained(dissolved(shot(3, 50 + frames, speed), shot(4, 60 + frames, -speed), frames))
    found = looked_at(pictures)
    assert found.cuts == ()
    (only,) = found.transitions
    assert only.kind == "dissolve"
    off = max(3, frames // 2 if speed else 1)  # moving pictures mix with themselves, too
    assert abs(frame(only.start_us) - 50) <= off
    assert abs(frame(only.end_us) - 50 - frames) <= off
    assert len(found.shots) == 2


@pytest.mark.parametrize("speed", [0.2, 0.5, 2.5])
def test_a_pan_is_no_dissolve_and_is_seen_as_the_cameras(speed: float) -> None:
    found = looked_at(grained(shot(5, 90, speed)))
    assert found.transitions == found.cuts == ()
    (only,) = found.shots
    assert only.camera.startswith("pans right")
    assert only.right == pytest.approx(speed * 25 / 64, rel=0.35)
    assert only.things < 0.15


def test_what_moves_before_a_camera_that_stands_is_a_thing() -> None:
    pictures = np.repeat(shot(6, 1), 80, axis=0)
    patch = world(9, 14, 16, 3)
    for number in range(80):
        left = 4 + number // 2
        pictures[number, 10:24, left : left + 16] = patch
    (only,) = looked_at(grained(pictures)).shots
    assert only.camera == ""
    assert only.things > 0.05


def test_light_that_swells_and_a_flicker_are_no_transitions() -> None:
    still = np.repeat(shot(7, 1), 120, axis=0)
    swell = np.interp(np.arange(120), [40, 60], [0.7, 1.05])[:, None, None]
    flicker = 1 + 0.05 * np.random.default_rng(3).standard_normal((120, 1, 1))
    for light in (swell, flicker):
        found = looked_at(grained(still * light))
        assert found.transitions == found.cuts == found.flashes == ()


@pytest.mark.parametrize(("level", "colour"), [(2.0, "black"), (252.0, "white")])
def test_fades_through_a_colour_are_found_both_ways(level: float, colour: str) -> None:
    share = (np.arange(1, 21) / 20)[:, None, None]
    out = shot(8, 60)
    out[40:] = (1 - share) * out[40:] + share * level
    into = shot(10, 60)
    into[:20] = share[::-1] * level + (1 - share[::-1]) * into[:20]
    found = looked_at(grained(np.concatenate([out, np.full((6, 36, 64), level), into])))
    kinds = [(each.kind, each.colour) for each in found.transitions]
    assert kinds == [("fade out", colour), ("fade in", colour)]
    starts = [frame(each.start_us) for each in found.transitions]
    ends = [frame(each.end_us) for each in found.transitions]
    assert abs(starts[0] - 40) <= 3
    assert abs(ends[1] - 86) <= 3
    assert abs(ends[0] - 60) <= 3
    assert abs(starts[1] - 66) <= 3
    assert found.cuts == ()


def test_flashes_are_told_and_are_no_cuts() -> None:
    pictures = shot(11, 80)
    pictures[[30, 31, 60]] = pictures[[30, 31, 60]] * 0.4 + 150
    found = looked_at(grained(pictures))
    assert [frame(each.at_us) for each in found.flashes] == [30, 60]
    assert found.cuts == ()


def test_a_black_first_frame_is_no_cut_and_shots_of_four_frames_are_found() -> None:
    heads = [0, 30, 34, 39, 43, 70]
    lengths = np.diff([*heads, 100])
    parts = [shot(20 + n, int(length)) for n, length in enumerate(lengths)]
    pictures = grained(np.concatenate(parts))
    pictures[0] = 0
    assert [frame(cut.at_us) for cut in looked_at(pictures).cuts] == heads[1:]


def test_a_cut_into_a_whip_pan_is_found() -> None:
    pictures = grained(np.concatenate([shot(30, 40), shot(31, 40, 3.5)]))
    assert [frame(cut.at_us) for cut in looked_at(pictures).cuts] == [40]


def test_where_windows_meet_nothing_is_lost_or_found_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures, _ = film(7, HELD_OUT, 3)
    whole = looked_at(pictures)
    monkeypatch.setattr(film_analysis, "_WINDOW", 130)
    parted = looked_at(pictures)
    assert parted.cuts == whole.cuts
    assert parted.transitions == whole.transitions
    assert parted.flashes == whole.flashes
    assert [shot.start_us for shot in parted.shots] == [shot.start_us for shot in whole.shots]


def test_onsets_are_told_by_what_they_resemble() -> None:
    chance, second = np.random.default_rng(5), 48_000
    sound = 0.0005 * chance.standard_normal(6 * second)
    time = np.arange(second) / second
    sound[second : second + 2400] += 0.6 * chance.standard_normal(2400) * np.exp(-np.arange(2400) / 400)
    notes = sum(np.sin(2 * np.pi * 220 * k * time) / k for k in range(1, 6))
    sound[2 * second : 3 * second] += 0.3 * notes * np.exp(-time * 3)
    sound[4 * second : 5 * second] += 0.3 * chance.standard_normal(second) * np.exp(-time * 2)
    blocks = [sound[at : at + second][None].astype(np.float32) for at in range(0, len(sound), second)]
    found = list(resemblances(blocks, [1_000_000, 2_000_000, 4_000_000]))
    assert [each.kind for each in found] == ["transient", "tonal", "noise"]
    assert all(each.confidence > 0.6 for each in found)
    assert list(resemblances([sound[None]], [1_000_000, 2_000_000, 4_000_000])) == found
