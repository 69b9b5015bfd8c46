"""Whatever was heard in a file, what is laid lies in its stretch, in its file, and has room for its fades."""

from __future__ import annotations

from fractions import Fraction as F
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from avm_otio.mix.fit import MusicLength, fit
from avm_otio.mix.heard import STEP_US, Curve, Heard, Music, Rhythm, Section
from avm_otio.mix.music_plan import plan_music
from avm_otio.timeline.time import FrameSpan, from_micros


@st.composite
def musics(draw: st.DrawFn, length_us: int) -> Music:
    """Places anywhere, sections anywhere, a beat or none."""
    places = tuple(sorted(draw(st.sets(st.integers(0, length_us), max_size=30))))
    alike = tuple(draw(st.sampled_from([(1.0, 0.0), (0.6, 0.8)])) for _ in places)
    sections: tuple[Section, ...] = ()
    if places and draw(st.booleans()):
        starts = sorted({places[0], *draw(st.lists(st.sampled_from(places), max_size=4))})
        ends = [*starts[1:], length_us]
        sections = tuple(
            Section(start, end, "AB"[number % 2], -20.0)
            for number, (start, end) in enumerate(zip(starts, ends, strict=True))
        )
    rhythm = Rhythm(120, places, 1, tuple(range(len(places))), 0.5) if draw(st.booleans()) else None
    return Music(rhythm, sections, places, alike)


@st.composite
def sounds(draw: st.DrawFn) -> Heard:
    length_us = draw(st.integers(1_000, 60_000_000))
    begins_us = draw(st.integers(0, length_us))
    ends_us = draw(st.integers(begins_us, length_us))
    steps = -(-length_us // STEP_US)
    power = (draw(st.sampled_from([0.0, 0.01, 1e-9])), *(draw(st.sampled_from([0.0, 0.01])),) * (steps - 1))
    return Heard(
        length_us=length_us,
        curve=Curve(power, power),
        begins_us=begins_us,
        ends_us=ends_us,
        is_cut_off=draw(st.booleans()),
        attack_us=begins_us,
        peak_us=begins_us,
        tail_us=draw(st.integers(0, length_us)),
        music=draw(st.none() | musics(length_us)),
    )


@settings(max_examples=80)
@given(
    sounds(),
    st.integers(0, 5000),
    st.integers(1, 3000),
    st.sampled_from([F(24), F(24000, 1001), F(60000, 1001)]),
    st.sampled_from(MusicLength),
)
def test_whatever_was_heard_is_laid_within_its_stretch_and_its_file(
    heard: Heard, first: int, frames: int, rate: F, length: MusicLength
) -> None:
    span = FrameSpan(first, first + frames)
    music = fit(heard, span, rate, length)
    whole = from_micros(heard.length_us)
    for each in music.pieces:
        assert span.start / rate <= each.start < each.end <= span.end / rate
        assert 0 <= each.media_in < each.media_out <= whole
        assert each.fade_in_us + each.fade_out_us <= (each.end - each.start) * 1_000_000 + 2
    for join, (out, into) in zip(music.joins, pairwise(music.pieces), strict=True):
        assert out.end == into.start == join.at
        assert 0 <= join.before <= into.media_in
        assert 0 <= join.after <= whole - out.media_out
    made = plan_music([heard, heard], span, rate, length=length)
    assert made.coverage.frames <= frames
