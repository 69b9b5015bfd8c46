"""A dip lies where it is needed, also where a clip is heard in a crossfade."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from avm_otio.mix.dips import Dips
from avm_otio.mix.presets import PRESETS
from avm_otio.timeline.model import Clip, Mix
from avm_otio.timeline.time import RecordTime

RATE = F(25)


def clip() -> Clip:
    return Clip("bed", RecordTime(F(4)), RecordTime(F(8)), None)


def dipped(*dips: tuple[int, int, float], lead: int = 0, trail: int = 0) -> Mix:
    """The clip's mix, with dips from frame to frame and crossfades of so many frames."""
    made = Dips.none(RATE, PRESETS["standard"])
    for first, last, change_db in dips:
        made = made.deeper(RecordTime(first / RATE), RecordTime(last / RATE), change_db)
    return made.on(clip(), lead / RATE, trail / RATE)


def gain(mix: Mix, at_frame: int) -> float:
    """The gain at a frame of the record."""
    at = float(at_frame / RATE - clip().start)
    keys = [(float(key.at), key.gain_db) for key in mix.keys] or [(0.0, mix.gain_db)]
    return float(np.interp(at, *zip(*keys, strict=True)))


def test_of_two_dips_in_one_crossfade_the_deeper_holds_at_the_clips_edge() -> None:
    for dips in (((90, 91, -12.0), (95, 97, -3.0)), ((90, 91, -3.0), (95, 97, -12.0))):
        assert gain(dipped(*dips, lead=20), 100) == -12
    for dips in (((201, 202, -12.0), (208, 210, -3.0)), ((201, 202, -3.0), (208, 210, -12.0))):
        assert gain(dipped(*dips, trail=20), 200) == -12


def test_a_dip_that_ends_where_a_crossfade_begins_is_not_held() -> None:
    assert dipped((90, 95, -6.0), lead=5).gain_db == 0
    assert gain(dipped((90, 96, -6.0), lead=5), 100) == -6


@given(st.lists(st.tuples(st.integers(60, 240), st.integers(1, 9), st.integers(-20, -1)), max_size=6))
def test_no_dip_is_shallower_than_what_asked_for_it(dips: list[tuple[int, int, int]]) -> None:
    asked = [(first, first + length, float(change_db)) for first, length, change_db in dips]
    mix = dipped(*asked, lead=20, trail=20)
    for first, last, change_db in asked:
        for frame in range(max(first, 100), min(last, 200) + 1):
            assert gain(mix, frame) <= change_db + 1e-3
        if 80 < last <= 100:
            assert gain(mix, 100) <= change_db + 1e-3
        if 200 <= first < 220:
            assert gain(mix, 200) <= change_db + 1e-3
