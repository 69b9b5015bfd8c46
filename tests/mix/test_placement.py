"""Cues lie at their frames, inside the range, on as few tracks as possible."""

from __future__ import annotations

from fractions import Fraction as F
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from avm_otio.errors import CueError
from avm_otio.mix.cues import Cue, Cues, Item, whole_film
from avm_otio.mix.placement import Laid, lay
from avm_otio.request import Request, rows
from avm_otio.services import DENOISE, EFFECTS, MUSIC
from avm_otio.timeline.model import CUT_FADE_US, MUSIC_FADE_US, SAMPLE_RATE_HZ, Clip, Media
from avm_otio.timeline.plan import FilmMap
from avm_otio.timeline.time import (
    FilmTime,
    RecordTime,
    from_micros,
    nearest_frame,
    snap_rate,
    touched_frames,
)

RATE = F(24)


def item(number: int = 1) -> Item:
    return Item(number, f"S-{number}", f"https://x/{number}", None, None, {"id": number})


def effect(start_s: float, end_s: float, number: int = 1) -> Cue:
    return Cue(round(start_s * 1e6), round(end_s * 1e6), (item(number), item(number + 1)), {})


def film(seconds: F | int = 10, start: F | int = 0, per_film: F | int = 1) -> FilmMap:
    return FilmMap(RecordTime(F(start)), F(per_film), FilmTime(F(seconds)))


def lasting(seconds: float | F | None) -> Media:
    return Media("x.wav", "x.wav", duration=None if seconds is None else F(seconds))


def spans(laid: Laid) -> list[tuple[int, int]]:
    return sorted(one.clip.frames(laid.rate) for one in laid.clips)


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
    assert spans(laid) == [(24, 24 + frames)]
    clip = laid.clips[0].clip
    assert clip.mix.fade_out_us == (CUT_FADE_US if fades else 0)


def test_a_cue_shorter_than_a_frame_takes_one() -> None:
    laid = lay(Cues({EFFECTS: (effect(2.237288, 2.254237),)}), film(), RATE, lambda _: lasting(9))
    assert spans(laid) == [(54, 55)]


def test_an_effect_is_cut_at_the_end_of_the_range_with_a_fade() -> None:
    laid = lay(Cues({EFFECTS: (effect(9.5, 9.9),)}), film(), RATE, lambda _: lasting(2))
    assert spans(laid) == [(228, 240)]
    assert laid.clips[0].clip.mix.fade_out_us == CUT_FADE_US


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
    long = lay(cues, film(10, 5), RATE, lambda _: lasting(60), Request(music_gain_db=-6)).clips[0].clip
    assert long.frames(RATE) == (120, 360)
    assert (long.mix.gain_db, long.mix.fade_out_us) == (-6, MUSIC_FADE_US)
    short = lay(cues, film(10, 5), RATE, lambda _: lasting(4)).clips[0].clip
    assert (short.frames(RATE), short.mix.fade_out_us) == ((120, 216), 0)


def test_fades_fit_a_short_clip() -> None:
    assert (
        lay(Cues({MUSIC: whole_film([item()])}), film(1), RATE, lambda _: lasting(60))
        .clips[0]
        .clip.mix.fade_out_us
        == 500_000
    )


def test_noise_reduced_sound_keeps_the_speed_of_its_clip() -> None:
    laid = lay(Cues({DENOISE: whole_film([item()])}), film(10, 5, F(1, 2)), RATE, lambda _: lasting(10))
    assert (spans(laid), laid.clips[0].clip.speed) == ([(120, 240)], 2)


def test_noise_reduced_sound_is_not_named_after_the_film_that_was_sent() -> None:
    sent = Item(3, "cut-0f3ac1 (noise reduced)", None, None, None, {"id": 3})
    laid = lay(Cues({DENOISE: whole_film([sent])}), film(), RATE, lambda _: lasting(10))
    assert laid.clips[0].clip.name == "Noise-reduced sound"


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
@example([(4167, 0, 1)], F(60), 4168, 0, F(2), "auto")
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
    clips = [one.clip for one in laid.clips]
    assert len(clips) == sum(cue.start_us < film_us for cue in cues)
    for lane in laid.lanes:
        for before, after in pairwise(one.clip for one in lane.clips):
            assert before.frames(rate)[1] <= after.frames(rate)[0]
            assert before.end <= after.start
    assert len(laid.lanes) == max((overlapping(clips, clip, rate) for clip in clips), default=0)
    for one in laid.clips:
        clip, natural = one.clip, length_of[one.item.id]
        exact = film_map.to_record(FilmTime(from_micros(one.cue.start_us)))
        first, end = clip.frames(rate)
        assert start <= first < end <= last
        assert abs(first / rate - exact) * rate <= F(1, 2) or first == last - 1
        assert clip.duration <= natural or (clip.end * rate).denominator == 1
        assert end - first <= max(1, touched_frames(natural, rate))
        assert clip.mix.fade_out_us * 2 <= max(0, clip.duration * 10**6) + 1


def overlapping(clips: list[Clip], clip: Clip, rate: F) -> int:
    """How many of them sound where a clip begins, by frames or by exact times."""
    first = clip.frames(rate)[0]
    return sum(
        (one.frames(rate)[0], one.start) <= (first, clip.start)
        and (first < one.frames(rate)[1] or clip.start < one.end)
        for one in clips
    )


RISER = F(475, 240)  # of 47.5 frames at 24


def ringing(end: F, rate: F = RATE, natural: F = RISER, seconds: F | int = 20) -> Laid:
    """An effect that rings out, to end at a moment."""
    start_us = round((end - natural) * 10**6)
    cue = Cue(start_us, start_us + 1000, (item(),), {})
    return lay(Cues({EFFECTS: (cue,)}), film(seconds), rate, lambda _: lasting(natural))


@given(st.integers(0, 24), rates, st.integers(1, 143_999))
def test_an_effect_that_rings_out_is_heard_to_its_last_sample(part: int, rate: F, samples: int) -> None:
    natural = F(samples, SAMPLE_RATE_HZ)
    clip = ringing(10 + part / (25 * rate), rate, natural).clips[0].clip
    assert clip.duration == natural
    first, last = clip.frames(rate)
    assert last == first + touched_frames(natural, rate)
    assert last / rate < first / rate + natural + 1 / rate


def test_a_riser_that_ends_on_a_cut_ends_there() -> None:
    laid = ringing(F(15))
    assert spans(laid) == [(313, 361)] or spans(laid) == [(312, 360)]
    assert abs(laid.clips[0].clip.end - 15) < F(1, SAMPLE_RATE_HZ)


def test_one_that_would_ring_past_the_last_frame_is_cut_there_and_nowhere_else() -> None:
    laid = ringing(F(15), seconds=15)
    assert spans(laid)[0][1] == 360
    assert 15 - F(3, SAMPLE_RATE_HZ) < laid.clips[0].clip.end <= 15


def test_music_shorter_than_the_film_rings_out_too() -> None:
    laid = lay(Cues({MUSIC: whole_film([item()])}), film(), RATE, lambda _: lasting(RISER))
    assert (spans(laid), laid.clips[0].clip.end) == ([(0, 48)], RISER)


def test_what_rings_into_the_next_by_less_than_a_frame_is_not_cut_off_by_it() -> None:
    first, second = (Cue(at, at + 1000, (item(),), {}) for at in (1_000_000, 1_000_000 + 1_970_000))
    laid = lay(Cues({EFFECTS: (first, second)}), film(), RATE, lambda _: lasting(RISER))
    assert [len(lane.clips) for lane in laid.lanes] == [1, 1]
    assert all(one.clip.duration == RISER for one in laid.clips)
