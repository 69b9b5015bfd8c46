"""Cues lie at their frames, inside the range, on as few tracks as possible."""

from __future__ import annotations

from fractions import Fraction as F
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avm_otio.errors import CueError
from avm_otio.mix.cues import Cue, Cues, Item, whole_film
from avm_otio.mix.placement import Laid, Sound, lay
from avm_otio.request import Request, rows
from avm_otio.services import DENOISE, EFFECTS, MUSIC
from avm_otio.timeline.model import CUT_FADE_US, MUSIC_FADE_US
from avm_otio.timeline.plan import FilmMap
from avm_otio.timeline.time import FilmTime, RecordTime, from_micros, nearest_frame, snap_rate

RATE = F(24)


def item(number: int = 1) -> Item:
    return Item(number, f"S-{number}", f"https://x/{number}", None, None, {"id": number})


def effect(start_s: float, end_s: float, number: int = 1) -> Cue:
    return Cue(round(start_s * 1e6), round(end_s * 1e6), (item(number), item(number + 1)), {})


def film(seconds: F | int = 10, start: F | int = 0, per_film: F | int = 1) -> FilmMap:
    return FilmMap(RecordTime(F(start)), F(per_film), FilmTime(F(seconds)))


def lasting(seconds: float | F | None) -> Sound:
    return Sound("x.wav", None if seconds is None else F(seconds))


def spans(laid: Laid) -> list[tuple[int, int]]:
    return sorted((clip.span.start, clip.span.end) for clip in laid.clips)


def test_an_effect_lies_at_the_record_time_of_its_cue() -> None:
    laid = lay(Cues({EFFECTS: (effect(2, 3),)}), film(start=100), RATE, lambda _: lasting(1))
    assert spans(laid) == [(102 * 24, 103 * 24)]


def test_in_a_clip_that_plays_double_the_cue_comes_at_half_the_time() -> None:
    laid = lay(
        Cues({EFFECTS: (effect(4, 6),)}), film(start=100, per_film=F(1, 2)), RATE, lambda _: lasting(9)
    )
    assert spans(laid) == [(102 * 24, 103 * 24)]


@pytest.mark.parametrize(
    ("rule", "natural", "frames", "fades"),
    [
        ("auto", 2, 48, False),
        ("auto", 3, 72, False),
        ("auto", 4, 24, True),
        ("cue", 2, 24, True),
        ("natural", 4, 96, False),
        ("natural", F(1, 2), 12, False),
        ("auto", None, 24, True),
    ],
)
def test_how_long_an_effect_is(rule: str, natural: F | None, frames: int, fades: bool) -> None:
    laid = lay(
        Cues({EFFECTS: (effect(1, 2),)}),
        film(),
        RATE,
        lambda _: lasting(natural),
        Request(effects_length=rule),
    )
    clip = laid.clips[0]
    assert clip.span.duration == frames
    assert clip.mix.fade_out_us == (CUT_FADE_US if fades else 0)


def test_a_cue_shorter_than_a_frame_takes_one() -> None:
    laid = lay(Cues({EFFECTS: (effect(2.237288, 2.254237),)}), film(), RATE, lambda _: lasting(9))
    assert laid.clips[0].span.duration == 1


def test_an_effect_is_cut_at_the_end_of_the_range_with_a_fade() -> None:
    laid = lay(Cues({EFFECTS: (effect(9.5, 9.9),)}), film(), RATE, lambda _: lasting(2))
    assert spans(laid) == [(228, 240)]
    assert laid.clips[0].mix.fade_out_us == CUT_FADE_US


@pytest.mark.parametrize("start_s", [10, 10.5, 99])
def test_a_cue_past_the_films_end_is_refused_or_left_out_with_a_note(start_s: float) -> None:
    cues = Cues({EFFECTS: (effect(1, 2), effect(start_s, start_s + 1))})
    with pytest.raises(CueError, match=r"Sound effect 2 of 2 starts at .* past the film's end"):
        lay(cues, film(), RATE, lambda _: lasting(1))
    laid = lay(cues, film(), RATE, lambda _: lasting(1), Request(skip_bad_cues=True))
    assert len(laid.clips) == len(laid.notes) == 1


def test_the_first_item_is_laid_and_the_others_are_kept() -> None:
    clip = lay(Cues({EFFECTS: (effect(1, 2, 7),)}), film(), RATE, lambda _: lasting(1)).clips[0]
    assert clip.item.id == 7
    assert [other.id for other in clip.alternatives] == [8]


def test_music_runs_from_the_start_and_fades_where_it_is_cut() -> None:
    cues = Cues({MUSIC: whole_film([item(1), item(2)])})
    long = lay(cues, film(10, 5), RATE, lambda _: lasting(60), Request(music_gain_db=-6)).clips[0]
    assert (long.span.start, long.span.end) == (120, 360)
    assert (long.mix.gain_db, long.mix.fade_out_us) == (-6, MUSIC_FADE_US)
    short = lay(cues, film(10, 5), RATE, lambda _: lasting(4)).clips[0]
    assert (short.span.start, short.span.end, short.mix.fade_out_us) == (120, 216, 0)


def test_fades_fit_a_short_clip() -> None:
    assert (
        lay(Cues({MUSIC: whole_film([item()])}), film(1), RATE, lambda _: lasting(60))
        .clips[0]
        .mix.fade_out_us
        == 500_000
    )


def test_noise_reduced_sound_keeps_the_speed_of_its_clip() -> None:
    clip = lay(
        Cues({DENOISE: whole_film([item()])}), film(10, 5, F(1, 2)), RATE, lambda _: lasting(10)
    ).clips[0]
    assert (clip.span.start, clip.span.end, clip.speed) == (120, 240, 2)


rates = st.sampled_from([snap_rate(rate) for rate in (23.976, 24, 25, 29.97, 30, 50, 59.94, 60)])


@given(
    st.lists(
        st.tuples(st.integers(0, 20_000_000), st.integers(0, 5_000_000), st.integers(1, 6_000_000)),
        max_size=40,
    ),
    rates,
    st.integers(1, 20_000_000),
    st.integers(0, 5000),
    st.sampled_from([F(1), F(2), F(1, 2), F(2, 3)]),
    st.sampled_from(rows()["effects_length"].kind.choices),
)
def test_no_overlap_nothing_past_the_range_and_each_start_within_half_a_frame(
    drawn: list[tuple[int, int, int]], rate: F, film_us: int, start: int, per_film: F, rule: str
) -> None:
    length_of = {number: F(natural, 10**6) for number, (_, _, natural) in enumerate(drawn)}
    cues = [Cue(at, at + long, (item(number),), {}) for number, (at, long, _) in enumerate(drawn)]
    film_map = FilmMap(RecordTime(start / rate), per_film, FilmTime(from_micros(film_us)))
    laid = lay(
        Cues({EFFECTS: tuple(cues)}),
        film_map,
        rate,
        lambda one: lasting(length_of[one.id]),
        Request(effects_length=rule, skip_bad_cues=True),
    )
    last = max(start + 1, nearest_frame(film_map.record_end, rate))
    clips = laid.clips
    assert len(clips) == sum(cue.start_us < film_us for cue in cues)
    for lane in laid.lanes:
        for before, after in pairwise(lane.clips):
            assert before.span.end <= after.span.start
    sounding_at_once = max(
        (sum(c.span.start <= f < c.span.end for c in clips) for f in {c.span.start for c in clips}), default=0
    )
    assert len(laid.lanes) == sounding_at_once
    for clip in clips:
        exact = film_map.to_record(FilmTime(from_micros(clip.film_start_us)))
        assert start <= clip.span.start < clip.span.end <= last
        assert abs(clip.span.start / rate - exact) * rate <= F(1, 2) or clip.span.start == last - 1
        assert clip.span.duration == 1 or clip.span.duration / rate <= length_of[clip.item.id]
        assert clip.mix.fade_out_us * 2 <= max(0, (clip.end - clip.start) * 10**6) + 1
