"""A part of a clip sounds as it did in the whole; what holds a clip is heard with it."""

from __future__ import annotations

from fractions import Fraction as F

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from avm_otio.timeline.model import Clip, GainKey, Media, Mix, Timeline, Track, TrackKind
from avm_otio.timeline.nests import opened_nests
from avm_otio.timeline.parts import heard_through, mix_between, trimmed
from avm_otio.timeline.time import MediaTime, RecordTime, from_micros
from tests.models import settled

LENGTH = F(4)
HALF = LENGTH / 2
moments = st.integers(0, 400).map(lambda at: F(at, 100))
lines = st.lists(st.tuples(moments, st.sampled_from([-24.0, -6.0, 0.0, 6.0])), min_size=1, max_size=4).map(
    lambda keys: tuple(GainKey(at, db) for at, db in sorted(keys, key=lambda key: key[0]))
)


@st.composite
def mixes(draw: st.DrawFn) -> Mix:
    fades = [draw(st.sampled_from([0, 0, 500_000, 1_234_567, 2_000_000])) for _ in range(2)]
    if draw(st.booleans()):
        return Mix(0.0, fades[0], fades[1], draw(lines))
    return Mix(draw(st.sampled_from([-12.0, 0.0, 3.0])), fades[0], fades[1])


def amplitude(mix: Mix, at: F, length: F) -> float:
    """How loud it is at a moment that is no jump."""
    db = mix.gain_db
    if mix.keys:
        before = [key for key in mix.keys if key.at <= at]
        after = [key for key in mix.keys if key.at > at]
        if before and after:
            share = float((at - before[-1].at) / (after[0].at - before[-1].at))
            db = before[-1].gain_db + share * (after[0].gain_db - before[-1].gain_db)
        else:
            db = (before[-1:] or after[:1])[0].gain_db
    factor = 10 ** (db / 20)
    if mix.fade_in_us:
        factor *= min(1.0, float(at / from_micros(mix.fade_in_us)))
    if mix.fade_out_us:
        factor *= min(1.0, float((length - at) / from_micros(mix.fade_out_us)))
    return factor


@given(mixes(), moments, moments, st.integers(1, 99))
def test_a_part_sounds_as_it_did_in_the_whole(mix: Mix, one: F, other: F, share: int) -> None:
    start, end = sorted((one, other))
    assume(end - start > F(1, 50))
    at = start + (end - start) * F(share, 100) + F(1, 1_000_003)
    part = mix_between(mix, LENGTH, start, end)
    # Key frames run straight in decibels: at most a hundredth of full scale off a line.
    assert amplitude(part, at - start, end - start) == pytest.approx(
        amplitude(mix, at, LENGTH), abs=0.012 * 2
    )


@given(mixes(), mixes(), st.integers(0, 399))
def test_a_clip_in_a_nest_is_heard_at_both_levels(mix: Mix, over: Mix, hundredth: int) -> None:
    at = F(hundredth, 100) + F(1, 1_000_003)
    wanted = amplitude(mix, at, LENGTH) * amplitude(over, at, LENGTH)
    assert amplitude(heard_through(mix, over, LENGTH), at, LENGTH) == pytest.approx(wanted, abs=0.05)


def sound(start: F, end: F, mix: Mix) -> Clip:
    media = Media("a.wav", "/a.wav", duration=F(60), sample_rate_hz=48_000, channels=1)
    return Clip("a", RecordTime(start), RecordTime(end), media, mix=mix, channels=(0,))


def test_what_a_cut_leaves_of_a_fade_is_key_frames() -> None:
    cut = trimmed(sound(F(0), F(4), Mix(-6.0, 2_000_000, 1_000_000)), F(1), F(4))
    assert (cut.mix.fade_in_us, cut.mix.fade_out_us, cut.mix.gain_db) == (0, 1_000_000, 0.0)
    assert cut.mix.keys[0] == GainKey(F(0), pytest.approx(-12.02, abs=0.01))
    assert cut.mix.keys[-1] == GainKey(F(1), -6.0)


def test_a_cut_beside_its_fades_leaves_key_frames_to_none() -> None:
    cut = trimmed(sound(F(0), F(4), Mix(-6.0, 1_000_000, 1_000_000)), F(2), F(3))
    assert cut.mix == Mix(-6.0)


def test_a_nest_fades_whatever_lies_in_its_fade_and_its_speed_shortens_fades() -> None:
    clips = (sound(F(0), F(1), Mix(0.0, 500_000)), sound(F(1), F(4), Mix()))
    inner = settled(Timeline("inner", F(25), (Track("A", TrackKind.AUDIO, clips, channels=1),)))
    nest = Clip(
        "nest",
        RecordTime(F(0)),
        RecordTime(F(2)),
        inner,
        MediaTime(F(0)),
        speed=F(2),
        mix=Mix(0.0, 1_000_000),
        channels=(0,),
    )
    opened = opened_nests(settled(Timeline("t", F(25), (Track("A", TrackKind.AUDIO, (nest,), channels=1),))))
    for at in (F(1, 10), F(1, 5), F(2, 5), F(3, 5), F(4, 5), F(3, 2)):
        clip = next(clip for clip in opened.clips() if clip.start <= at < clip.end)
        wanted = min(1.0, float(at)) * min(1.0, float(at * 4))
        assert amplitude(clip.mix, at - clip.start, clip.duration) == pytest.approx(wanted, abs=0.03)
