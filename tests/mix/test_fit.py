"""Music is cut to the picture on its bars, to the frame, and ends as it should."""

from __future__ import annotations

from fractions import Fraction as F
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from avm_otio.mix.fit import MusicLength, fit
from avm_otio.mix.fitted import Coverage, Ending, Fitted, coverage
from avm_otio.mix.heard import Heard
from avm_otio.timeline.time import FrameSpan, RecordTime, from_micros
from tests.mix.heard_music import assert_whole, piece, silence

RATES = tuple(F(rate) for rate in ("24", "24000/1001", "25", "30000/1001", "50", "60000/1001"))
RATE = F(24)


def fitted(heard: Heard, seconds: float, length: MusicLength = MusicLength.PICTURE) -> Fitted:
    return fit(heard, FrameSpan(240, 240 + round(seconds * RATE)), RATE, length)


@settings(max_examples=40)
@given(
    st.integers(20, 360),
    st.integers(5 * 30, 45 * 60 * 24),
    st.sampled_from(RATES),
    st.sampled_from((60, 92.5, 110, 120, 128, 174)),
    st.sampled_from((3, 4)),
    st.booleans(),
    st.sampled_from((0.0, 0.001)),
)
@example(20, 4795, F(24000, 1001), 174, 3, False, 0.0)  # joins at which no frame fits move the ending, too
def test_a_piece_of_any_length_covers_a_picture_of_any_length(
    seconds: int, frames: int, rate: F, bpm: float, beats: int, is_cut_off: bool, drift: float
) -> None:
    frames = min(frames, round(10 * seconds * rate))  # longer ones take long, and are below
    heard = piece(seconds, bpm=bpm, beats=beats, is_cut_off=is_cut_off, drift=drift)
    music = fit(heard, FrameSpan(100, 100 + frames), rate)
    assert_whole(music, heard)
    assert not any("as a whole" in note for note in music.notes)
    assert all(before != after for before, after in pairwise((j.leaves_us, j.enters_us) for j in music.joins))
    for join, (out, into) in zip(music.joins, pairwise(music.pieces), strict=True):
        # On the beat: what is heard goes on as if nothing had been cut, in every editor.
        jump = (into.media_in - into.start) - (out.media_in - out.start)
        assert abs(jump - from_micros(join.enters_us - join.leaves_us)) <= F(15, 1000)
        counted = (round(into.media_in * rate) - round(out.media_in * rate)) / rate - (into.start - out.start)
        off = counted - from_micros(join.enters_us - join.leaves_us)
        assert abs(float(off * 1000) - join.off_frames_ms) < 0.01
    if "the picture is shorter than its ending: it is faded" in music.notes:
        assert frames / rate < 8
    elif is_cut_off:
        assert music.ending is Ending.FADE
        assert music.pieces[-1].fade_out_us > 0
    else:
        assert music.ending is Ending.OWN
        missed = abs(music.pieces[-1].media_out - from_micros(heard.ends_us)) * rate
        # What joins give way, and what bars leave over, is made up for at the beginning, where the file has
        # anything before it.
        given = abs(sum(join.off_beat_ms for join in music.joins)) / 1000 * rate
        assert missed <= (1 if music.pieces[0].media_in * rate >= 1 else given + 2)


@pytest.mark.parametrize("seconds", [20, 60, 180, 360])
@pytest.mark.parametrize("has_beat", [True, False])
def test_a_long_picture_is_covered(seconds: int, has_beat: bool) -> None:
    heard = piece(seconds, has_beat=has_beat)
    assert_whole(fitted(heard, 45 * 60), heard)


@pytest.mark.parametrize("bpm", [100, 110, 120, 128, 137])
@pytest.mark.parametrize("rate", RATES)
def test_no_join_is_off_the_beat_in_an_editor_that_counts_frames(bpm: float, rate: F) -> None:
    music = fit(piece(90, bpm=bpm), FrameSpan(0, round(600 * rate)), rate)
    assert len(music.joins) > 4
    assert max(abs(join.off_frames_ms) for join in music.joins) <= 15
    assert max(abs(join.off_beat_ms) for join in music.joins) <= 15


def test_a_longer_piece_goes_from_a_sections_start_to_its_ending_with_one_join() -> None:
    heard = piece(180.0, rest_s=0)
    music = fitted(heard, 60)
    assert len(music.joins) == 1
    assert heard.music is not None
    starts = [from_micros(section.start_us) for section in heard.music.sections]
    assert min(abs(music.pieces[0].media_in - start) for start in starts) < F(1, 24)
    assert music.ending is Ending.OWN
    assert music.joins[0].score > 0.9


def test_a_piece_that_fits_is_not_cut() -> None:
    music = fitted(piece(60.0, rest_s=0), 60)
    assert music.joins == ()
    assert music.pieces[0].fade_in_us == music.pieces[0].fade_out_us == 0


def test_a_shorter_piece_begins_at_its_beginning_and_repeats_its_middle() -> None:
    heard = piece(64.0, rest_s=0)
    music = fitted(heard, 96)
    assert len(music.joins) == 1
    assert music.pieces[0].media_in == 0
    assert music.joins[0].enters_us < music.joins[0].leaves_us


def test_what_is_left_over_leads_in_under_a_fade() -> None:
    music = fitted(piece(60.0, rest_s=0), 33.3)
    first = music.pieces[0]
    downbeat = music.bars[0].at - first.start
    assert 0 < downbeat < 2
    assert abs(from_micros(first.fade_in_us) - downbeat) < F(1, 24)


def test_sections_begin_on_strong_cuts() -> None:
    heard = piece(60.0, rest_s=0)
    span = FrameSpan(0, 150 * 24)

    def off(cut: F, music: Fitted) -> F:
        return min(abs(start - cut) for start, _, _ in music.sections[1:])

    free = fit(heard, span, RATE)
    cuts = [RecordTime(F(second)) for second in range(10, 140, 10)]
    pulled = [fit(heard, span, RATE, cuts=(cut,)) for cut in cuts]
    for music in pulled:
        assert_whole(music, heard)
        assert len(music.joins) <= len(free.joins) + 2
    hits = sum(off(cut, music) <= F(1, 12) for cut, music in zip(cuts, pulled, strict=True))
    assert hits > 8 > 3 > sum(off(cut, free) <= F(1, 12) for cut in cuts)


def test_a_picture_shorter_than_the_ending_is_faded() -> None:
    music = fitted(piece(60, tail_s=8), 6)
    assert music.ending is Ending.FADE
    assert music.notes == ("the picture is shorter than its ending: it is faded",)


@pytest.mark.parametrize("seconds", [5, 10])
def test_a_very_short_picture_has_the_last_bars(seconds: float) -> None:
    heard = piece(180)
    music = fitted(heard, seconds)
    assert_whole(music, heard)
    assert music.ending is Ending.OWN


def test_a_sting_is_heard_once() -> None:
    music = fitted(piece(2.5), 30)
    assert [each.media_in for each in music.pieces] == [0]
    assert music.ending is Ending.EARLY
    assert music.notes == ("it lasts 2.4 s, too short to be repeated: it is heard once",)
    assert str(coverage([music], [music.span], RATE)) == "music covers 8 % of 00:00:30:00"


def test_silence_is_not_laid() -> None:
    music = fitted(silence(), 30)
    assert music.pieces == ()
    assert music.notes == ("it is silent, and not laid",)
    assert str(coverage([music], [music.span], RATE)) == "music covers 0 % of 00:00:30:00"


def test_as_it_is_it_starts_at_its_first_sample_and_is_cut_with_a_fade() -> None:
    music = fitted(piece(60, head_s=1), 30, MusicLength.AS_IS)
    assert [(each.media_in, each.fade_out_us) for each in music.pieces] == [(0, 2_000_000)]


def test_in_full_it_is_heard_once_from_its_first_sound() -> None:
    music = fitted(piece(60, head_s=1), 90, MusicLength.FULL)
    assert [each.media_in for each in music.pieces] == [1]
    assert music.notes == ("it is over 31.0 s before the picture is",)
    cut = fitted(piece(60), 30, MusicLength.FULL)
    assert cut.ending is Ending.FADE
    assert cut.notes == ("it is 29.9 s longer than the picture, and faded there",)


@pytest.mark.parametrize("has_beat", [True, False])
def test_a_piece_without_a_beat_says_where_it_is_joined(has_beat: bool) -> None:
    music = fit(piece(60, has_beat=has_beat), FrameSpan(0, 150 * 24), F(24))
    assert music.joins
    assert any("no beat holds throughout it" in note for note in music.notes) is not has_beat


@pytest.mark.parametrize("has_beat", [True, False])
def test_a_loop_repeats_the_whole_piece_and_fades(has_beat: bool) -> None:
    heard = piece(60, has_beat=has_beat, rest_s=0)
    music = fitted(heard, 250, MusicLength.LOOP)
    assert_whole(music, heard)
    assert len(music.joins) == 4
    assert music.ending is Ending.FADE
    assert {(join.leaves_us, join.enters_us) for join in music.joins} == {(60_000_000, 0)}


def test_a_piece_without_a_beat_is_joined_softly() -> None:
    music = fitted(piece(60, has_beat=False), 150)
    assert music.bars == ()
    assert all(join.bars is None for join in music.joins)
    assert all(join.before + join.after >= 1 for join in music.joins)


def test_bars_and_joins_are_plain_json() -> None:
    import json

    music = fitted(piece(60), 150)
    assert json.loads(json.dumps(music.as_dict())) == music.as_dict()
    at = [bar.at for bar in music.bars]
    assert at == sorted(set(at))
    assert len(music.beat_markers()) == len(music.bars)


def test_coverage_counts_frames_once() -> None:
    music = fitted(piece(60), 60)
    asked = [FrameSpan(music.span.start, music.span.end + 60 * 24)]
    assert coverage([music, music], asked, RATE) == Coverage(60 * 24, 120 * 24, RATE)
    assert str(coverage([music], asked, RATE)) == "music covers 50 % of 00:02:00:00"


@pytest.mark.parametrize("frames", [2300, 2396, 2397])
def test_a_last_bar_that_is_too_short_to_break_off_in_is_not_the_end_of_looking(frames: int) -> None:
    music = fit(piece(20, bpm=60, is_cut_off=True), FrameSpan(100, 100 + frames), F(24000, 1001))
    assert not any("as a whole" in note for note in music.notes)
    assert music.pieces[-1].end == F(100 + frames) / F(24000, 1001)
