"""Where the add-on lays clips and how loud they are: arithmetic, which needs no Blender."""

from __future__ import annotations

from fractions import Fraction
from types import ModuleType

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.plugins.blender_clips import clip, placing_outside

RATE = Fraction(25)


@pytest.fixture(scope="module", autouse=True)
def placing() -> ModuleType:
    return placing_outside()


FADE = {"before": 125_000, "after": 125_000}


def test_parts_that_fade_into_each_other_take_turns_on_two_channels(placing: ModuleType) -> None:
    parts = [clip(0, 50), clip(50, 50, part=1, cross_fade_us=FADE), clip(100, 50, part=2, cross_fade_us=FADE)]
    places, channels = placing.places_of((*parts, clip(10, 5, track="AVM Effects 1")), RATE)
    assert channels == 3
    assert [place.channel for place in places] == [0, 1, 0, 2]
    assert [(place.first, place.last) for place in places] == [(0, 53), (47, 103), (97, 150), (10, 15)]
    assert [(place.rise, place.fall) for place in places] == [(0, 6), (6, 6), (6, 0), (0, 0)]
    assert places[1].media_start == 1 - 3 / RATE, "it plays on before its cut"


def test_parts_without_a_crossfade_share_a_channel(placing: ModuleType) -> None:
    places, channels = placing.places_of([clip(0, 50), clip(50, 50, part=1)], RATE)
    assert channels == 1
    assert [(place.first, place.last, place.media_start) for place in places] == [(0, 50, 1), (50, 100, 1)]


def test_a_crossfade_takes_no_more_than_the_file_has_before_its_in_point(placing: ModuleType) -> None:
    later = clip(50, 50, part=1, media_start_us=50_000, cross_fade_us=FADE)
    (_, place), _ = placing.places_of([clip(0, 50), later], RATE)
    assert place.media_start == Fraction(50_000, 10**6) - 1 / RATE


def test_a_piece_in_parts_is_one_for_people(placing: ModuleType) -> None:
    old = clip(80, 10)
    del old["part"]
    assert len(placing.pieces_of({"clips": [clip(0, 40), clip(40, 40, part=1), old]})) == 2


@example(frames=4, keys=[(0, 5.0), (2, 0.0)], fades=(60_000, 0))
@example(frames=16, keys=[(0, 0.0), (8, -17.0)], fades=(300_000, 0))
@given(
    frames=st.integers(1, 400),
    keys=st.lists(st.tuples(st.integers(-10, 410), st.floats(-40, 12)), max_size=6),
    fades=st.tuples(st.integers(0, 3_000_000), st.integers(0, 3_000_000)),
)
def test_the_volume_is_the_gain_straight_in_decibels_under_its_fades(
    frames: int, keys: list[tuple[int, float]], fades: tuple[int, int]
) -> None:
    placing = placing_outside()
    key_frames = [{"at_us": at * 40_000, "gain_db": gain_db} for at, gain_db in sorted(dict(keys).items())]
    one = clip(100, frames, keys=key_frames, fade_in_us=fades[0], fade_out_us=fades[1], gain_db=-3.0)
    ((place,), _) = placing.places_of([one], RATE)
    points = placing.volumes_of(place, RATE)
    wanted_at = np.arange(frames + 1)
    times = [key["at_us"] / 40_000 for key in key_frames] or [0]
    gains = np.interp(wanted_at, times, [key["gain_db"] for key in key_frames] or [-3.0])
    wanted = 10 ** (gains / 20)
    wanted *= np.minimum(1, wanted_at / place.rise) if place.rise else 1
    wanted *= np.minimum(1, (frames - wanted_at) / place.fall) if place.fall else 1
    found = np.interp(wanted_at + 100, [at for at, _ in points], [volume for _, volume in points])
    assert np.allclose(found, wanted, rtol=10 ** (0.06 / 20) - 1, atol=1e-9)
