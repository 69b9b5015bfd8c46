"""What is meant of an effect lies on its cue: its attack, its peak, its end."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avm_otio.mix.attacks import TAIL_FADE_US
from avm_otio.mix.choice import without_repeats
from avm_otio.mix.cues import Cue, Cues, Item
from avm_otio.mix.heard import Curve, Heard
from avm_otio.mix.placement import lay
from avm_otio.mix.roles import Role, role_of
from avm_otio.request import Request, rows
from avm_otio.services import EFFECTS
from avm_otio.timeline.model import CUT_FADE_US, Clip, Media
from avm_otio.timeline.plan import FilmMap
from avm_otio.timeline.time import FilmTime, RecordTime, from_micros, snap_rate

RATE = F(24)
HIT = Heard(1_000_000, Curve((), ()), 0, 1_000_000, False, 0, 0, 300_000)


def laid(
    heard: Heard | None,
    start: F | float,
    end: F | float | None = None,
    *,
    title: str = "Hit",
    rate: F = RATE,
    seconds: F | int = 20,
    cuts: tuple[float, ...] = (),
    request: Request | None = None,
    timecode: F = F(0),
) -> Clip:
    start_us = round(start * 10**6)
    end_us = start_us if end is None else round(end * 10**6)
    cue = Cue(start_us, end_us, (Item(1, title, None, None, None, {"id": 1}),), {})
    natural = F(1) if heard is None else F(heard.length_us, 10**6)
    media = Media("x.wav", "x.wav", duration=natural, start=F(timecode))
    found = lay(
        Cues({EFFECTS: (cue,)}),
        FilmMap(RecordTime(F(100)), F(1), FilmTime(F(seconds))),
        rate,
        lambda _: media,
        request or Request(),
        heard=None if heard is None else lambda _: heard,
        scene_changes=tuple(FilmTime(F(str(cut))) for cut in cuts),
    )
    return found.clips[0].clip


def heard_at(clip: Clip, media_us: int) -> F:
    """The moment of the film at which a moment of the file is heard."""
    assert clip.media is not None
    return clip.start + (F(media_us, 10**6) - (clip.media_in - clip.media.start)) / clip.speed - 100


@pytest.mark.parametrize("attack_us", [0, 1, 20_833, 137_000, 400_000])
@pytest.mark.parametrize("timecode", [F(0), F(3600)])
def test_an_attack_after_silence_lies_on_the_cue_to_the_microsecond(attack_us: int, timecode: F) -> None:
    heard = replace(HIT, begins_us=attack_us, attack_us=attack_us)
    clip = laid(heard, 2.237288, 3, timecode=timecode)
    assert heard_at(clip, attack_us) == F(2_237_288, 10**6)
    assert clip.media_in >= timecode


def test_where_there_is_silence_to_spare_it_begins_on_a_frame_all_the_same() -> None:
    clip = laid(replace(HIT, begins_us=137_000, attack_us=137_000), 2.237288, 3)
    assert (clip.start * 24).denominator == 1
    assert clip.mix.fade_in_us == 0


def test_a_little_that_is_heard_before_an_attack_stays_and_much_of_it_does_not() -> None:
    latch = laid(replace(HIT, begins_us=100_000, attack_us=250_000), 2, 3)
    assert heard_at(latch, 100_000) >= latch.start - 100
    room = laid(
        replace(HIT, length_us=3_000_000, ends_us=3_000_000, attack_us=2_000_000, tail_us=2_500_000), 2, 3
    )
    assert heard_at(room, 2_000_000) == 2
    assert room.start >= 102 - F(1, 24)
    assert room.mix.fade_in_us == CUT_FADE_US


def test_a_whoosh_peaks_on_its_cue() -> None:
    whoosh = replace(HIT, attack_us=50_000, peak_us=450_000, tail_us=600_000, is_rising=True)
    clip = laid(whoosh, 2, 3, title="Whoosh")
    assert heard_at(clip, 450_000) == 2
    assert clip.start < 102


def test_a_whoosh_peaks_on_its_cue_also_where_it_does_not_swell_steadily() -> None:
    clip = laid(replace(HIT, attack_us=20_000, peak_us=300_000), 2, 3, title="Whoosh")
    assert heard_at(clip, 300_000) == 2


@pytest.mark.parametrize("peak_us", [1_500_000, 1_900_000, 1_999_999])
def test_a_riser_ends_at_the_end_of_its_cue(peak_us: int) -> None:
    riser = Heard(2_000_000, Curve((), ()), 0, 2_000_000, True, 10_000, peak_us, 2_000_000, is_rising=True)
    clip = laid(riser, 8, 10, title="Riser – Airy")
    meant = 2_000_000 if peak_us >= 1_850_000 else peak_us
    assert heard_at(clip, meant) == 10


def test_a_riser_on_a_point_peaks_there() -> None:
    riser = Heard(2_000_000, Curve((), ()), 0, 2_000_000, True, 10_000, 1_990_000, 2_000_000, is_rising=True)
    assert heard_at(laid(riser, 8, 8.001, title="Riser"), 1_990_000) == 8


def test_ambience_begins_where_its_cue_does() -> None:
    room = Heard(9_000_000, Curve((), ()), 300_000, 9_000_000, True, 4_000_000, 4_000_000, 9_000_000)
    clip = laid(room, 2, 6, title="Room tone")
    assert heard_at(clip, 300_000) == 2
    assert clip.end == 106


def test_at_the_films_head_what_comes_before_is_left_out() -> None:
    whoosh = replace(HIT, attack_us=50_000, peak_us=450_000, tail_us=600_000, is_rising=True)
    clip = laid(whoosh, 0.1, 1, title="Whoosh")
    assert clip.start == 100
    assert heard_at(clip, 450_000) == F(1, 10)
    assert clip.mix.fade_in_us == CUT_FADE_US


def test_a_tail_does_not_ring_over_a_scene_change() -> None:
    clip = laid(HIT, 2, 2.1, cuts=(2.0, 2.5))
    assert clip.end == F(1025, 10)
    assert clip.mix.fade_out_us == TAIL_FADE_US
    assert laid(HIT, 2, 2.1).end == 103
    assert laid(HIT, 2, 2.1, cuts=(2.2,)).end == 103  # its body lies over that
    assert laid(HIT, 2, 2.1, cuts=(3.5,)).mix.fade_out_us == 0


def test_without_what_was_heard_the_head_of_the_file_lies_on_the_cue() -> None:
    clip = laid(None, 2.237288, 3)
    assert (clip.media_in, clip.start) == (0, 100 + F(2_237_288, 10**6))


@given(
    st.lists(st.integers(0, 4_000_000), min_size=5, max_size=5).map(sorted),
    st.booleans(),
    st.sampled_from(["Hit", "Whoosh", "Riser", "Room tone", "x"]),
    st.integers(0, 9_999_999),
    st.integers(0, 4_000_000),
    st.sampled_from([snap_rate(rate) for rate in (23.976, 24, 25, 29.97, 59.94)]),
    st.sampled_from(rows()["effects_length"].kind.choices),
    st.lists(st.integers(0, 10), max_size=3),
)
def test_what_is_meant_is_within_half_a_frame_and_nothing_leaves_the_film_or_the_file(
    places: list[int],
    is_rising: bool,
    title: str,
    start_us: int,
    long_us: int,
    rate: F,
    rule: str,
    cuts: list[int],
) -> None:
    begins, attack, tail, ends, length = places
    heard = Heard(
        length + 1, Curve((), ()), begins, ends, False, attack, (attack + ends) // 2, tail, is_rising
    )
    clip = laid(
        heard,
        F(start_us, 10**6),
        F(start_us + long_us, 10**6),
        title=title,
        rate=rate,
        seconds=10,
        cuts=tuple(cuts),
        request=Request(effects_length=rule),
    )
    first, last = clip.frames(rate)
    assert 100 * rate - 1 < first < last <= 110 * rate + 1
    assert clip.media_in >= 0
    assert (
        clip.duration <= from_micros(heard.length_us) - clip.media_in
        or last - first == 1
        or ((clip.end * rate).denominator == 1)
    )
    cue_start, cue_end = F(start_us, 10**6), min(F(start_us + long_us, 10**6), F(10))
    on_start = {heard_at(clip, at) - cue_start for at in (begins, attack, heard.peak_us)}
    on_end = {heard_at(clip, at) - cue_end for at in (ends, heard.peak_us)}
    is_at_the_end = start_us > 10**7 - 10**6 / rate
    grain = F(1, 10**6)  # what was heard is known to the microsecond
    assert min(map(abs, on_start | on_end)) <= 1 / (2 * rate) + grain or is_at_the_end


def offered(*cues: tuple[float, tuple[int, ...]]) -> Cues:
    made = (
        Cue(
            round(at * 1e6),
            round(at * 1e6) + 1,
            tuple(Item(n, f"S-{n}", None, None, None, {}) for n in items),
        )
        for at, items in cues
    )
    return Cues({EFFECTS: tuple(made)})


def chosen(cues: Cues) -> list[int]:
    return [item.id for item in cues.chosen]


def test_a_sound_heard_less_than_ten_seconds_before_gives_its_place_to_the_next() -> None:
    found = without_repeats(offered((1, (1, 2)), (5, (1, 2, 3)), (9, (1, 2, 3)), (12, (1, 2))))
    assert chosen(found) == [1, 2, 3, 1]
    assert found.notes == (
        "2 sound effects take the next item offered, the first 00:00:05 into the film: their own was heard "
        "less than 10 s before.",
    )
    assert [item.id for item in found.by_service[EFFECTS][1].items] == [2, 1, 3]


def test_where_the_answer_offers_nothing_else_it_is_heard_again() -> None:
    cues = offered((1, (1,)), (5, (1,)), (30, (1,)))
    found = without_repeats(cues)
    assert found.by_service == cues.by_service
    assert found.notes == (
        "The sound effect is heard again within 10 s, 00:00:05 into the film: nothing else was offered "
        "there.",
    )


@pytest.mark.parametrize(
    ("title", "served", "role"),
    [
        ("FastAirWhoosh_01", {}, Role.WHOOSH),
        ("Rising whoosh", {}, Role.RISER),
        ("WHSH 03", {"avm_role": "whoosh"}, Role.WHOOSH),
        ("Slam 7", {"avm_role": "spot", "action_labels": [6]}, Role.FOLEY),
        ("Room", {"avm_role": "impact"}, Role.HIT),
        ("S-12", {}, Role.OTHER),
        ("S-12", {"action_labels": ["door slam"]}, Role.HIT),
        ("Impact", {"object_class": "footsteps", "action_labels": [3]}, Role.FOLEY),
        ("", {"action_labels": None, "object_class": 7}, Role.OTHER),
        ("環境音", {}, Role.AMBIENCE),
        ("compass", {}, Role.OTHER),
    ],
)
def test_a_role_is_read_from_words(title: str, served: dict[str, object], role: Role) -> None:
    item = Item(1, title, None, None, None, {})
    assert role_of(Cue(0, 1, (item,), served), item) is role
