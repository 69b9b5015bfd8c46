from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avm_otio.engine.library import Kind, LibraryItem
from avm_otio.engine.music_choice import MusicWish, rank_music
from avm_otio.engine.requests import DENSITIES
from avm_otio.engine.shelf import main_role
from avm_otio.engine.spotting import (
    WORN_US,
    Cue,
    EffectWish,
    effects_a_minute,
    spot_effects,
)
from avm_otio.engine.subjects import claims_of, common_words, is_believed
from avm_otio.engine.traits import FilmTraits, Moment, Outline, PictureTraits, SoundTraits, Span
from avm_otio.engine.vocabulary import Event, Role
from tests.engine.library_items import item

EFFECTS = [
    item(1, "Whoosh A", Kind.EFFECT),
    item(2, "Whoosh B", Kind.EFFECT),
    item(3, "Impact A", Kind.EFFECT, 1_200_000),
    item(4, "Riser A", Kind.EFFECT, 2_000_000),
    item(5, "Tick A", Kind.EFFECT, 200_000),
    item(6, "Ambience A", Kind.EFFECT, 8_000_000),
]
times = st.integers(0, 30_000_000)
moments = st.lists(st.builds(Moment, times, st.floats(0, 1)), max_size=60).map(tuple)
spans = st.builds(lambda start, length: Span(start, start + length), times, st.integers(0, 9_000_000))
films = st.builds(
    lambda duration, cuts, busy, stills, onsets: FilmTraits(
        duration, PictureTraits(cuts, busy, tuple(stills), 0.5), SoundTraits(onsets)
    ),
    st.integers(1, 30_000_000),
    moments,
    moments,
    st.lists(spans, max_size=4),
    moments,
)


MINUTE_US = 60_000_000


def laid(film: FilmTraits, density: str | float | None = None, words: str = "") -> tuple[Cue, ...]:
    return spot_effects(film, EFFECTS, None, EffectWish(density, words))


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(films, st.tuples(times, times), st.sampled_from(["none", "sparse", "normal", "dense", 0.5, 7, 60]))
def test_cues_lie_in_order_inside_the_stretch_and_are_no_more_than_asked(
    film: FilmTraits, edges: tuple[int, int], density: str | float
) -> None:
    start, end = sorted(min(edge, film.duration_us) for edge in edges)
    within = Span(start, end)
    cues = spot_effects(film, EFFECTS, within, EffectWish(density))
    assert all(within.start_us <= cue.start_us < cue.end_us <= within.end_us for cue in cues)
    assert [cue.start_us for cue in cues] == sorted(cue.start_us for cue in cues)
    a_minute = DENSITIES[density] if isinstance(density, str) else density
    assert len(cues) <= a_minute * (end - start) / MINUTE_US
    assert all(0 < len(cue.item_ids) == len(set(cue.item_ids)) for cue in cues)
    assert cues == spot_effects(film, EFFECTS, within, EffectWish(density))
    obey_restraint(cues, film, EFFECTS)


def obey_restraint(
    cues: Sequence[Cue], film: FilmTraits, items: Sequence[LibraryItem], words: str = ""
) -> None:
    """The laws of every answer: a role, a reason, no speech, no claimed thing, no sound twice in 20 s."""
    by_id = {item.id: item for item in items}
    for cue in cues:
        assert cue.reasons
        assert 0 < cue.confidence < 1
        assert all(cue.start_us >= word.end_us or cue.end_us <= word.start_us for word in film.speech)
        for number in cue.item_ids:
            assert main_role(by_id[number]) == cue.role
            assert is_believed(claims_of(by_id[number].path), words)
    for place, cue in enumerate(cues):
        near = [other.item_ids[0] for other in cues[:place] if other.start_us > cue.start_us - WORN_US]
        role = [item.id for item in items if main_role(item) == cue.role]
        fits = [number for number in role if is_believed(claims_of(by_id[number].path), words)]
        if cue.item_ids[0] in near:
            assert set(near) >= set(fits)


def a_film(kind: str) -> FilmTraits:
    """One of six kinds of film as its analysis finds it."""
    chance = random.Random(kind)
    minutes, a_cut_s, move, stills = {
        "talk": (5, 0.0, 0.05, ()),
        "montage": (2, 1.2, 0.6, ()),
        "landscape": (3, 15.0, 0.1, ()),
        "action": (4, 2.5, 1.0, ()),
        "silent": (2, 0.0, 0.3, (Span(0, 20_000_000), Span(20_500_000, 50_000_000))),
        "long": (60, 6.0, 0.7, ()),
    }[kind]
    end_us = minutes * MINUTE_US
    speech = {"talk": 0.9, "long": 0.6, "action": 0.15}.get(kind, 0.0)
    step = round(a_cut_s * 1_000_000)
    cuts = (
        tuple(
            Moment(at + chance.randrange(step // 2), chance.random())
            for at in range(step, end_us - step, step)
        )
        if step
        else ()
    )
    words = tuple(
        Span(at, at + round(9_000_000 * (0.3 + 0.7 * chance.random())))
        for at in range(500_000, end_us - 10_000_000, 10_000_000)
        if chance.random() < speech
    )
    moments = [Moment(at, chance.random() ** 3) for at in range(700_000, end_us, 1_500_000)]
    onsets = tuple(Moment(at + 333_000, chance.random()) for at in range(0, end_us - 400_000, 900_000))
    sound = SoundTraits() if kind == "silent" else SoundTraits(onsets, -23.0)
    return FilmTraits(end_us, PictureTraits(cuts, tuple(moments), stills, move / 3, move), sound, words)


KINDS = ["talk", "montage", "landscape", "action", "silent", "long"]
REAL = [
    *(item(n, f"Whoosh {n}", Kind.EFFECT) for n in range(20, 24)),
    *(item(n, f"Impact {n}", Kind.EFFECT) for n in range(30, 34)),
    *(item(n, f"Impact Death Cry Zombie {n}", Kind.EFFECT) for n in range(40, 60)),
    *(item(n, f"drake-impact-{n}", Kind.EFFECT) for n in range(70, 80)),
    item(60, "Impact Door Slam", Kind.EFFECT),
    item(61, "Whoosh Car", Kind.EFFECT),
    item(62, "Ambience Rain", Kind.EFFECT, 8_000_000),
    item(63, "Ambience A", Kind.EFFECT, 8_000_000),
    item(64, "Riser A", Kind.EFFECT, 2_000_000),
    item(65, "Tick Glass", Kind.EFFECT, 200_000),
]


@pytest.mark.parametrize("density", [None, "sparse", "normal", "dense", 2])
@pytest.mark.parametrize("kind", KINDS)
def test_six_kinds_of_film_get_no_more_than_the_setting_says_each_with_a_reason(
    kind: str, density: str | float | None
) -> None:
    film = a_film(kind)
    cues = spot_effects(film, REAL, None, EffectWish(density))
    a_minute = effects_a_minute(film, Span(0, film.duration_us), density)
    assert len(cues) <= a_minute * film.duration_us / MINUTE_US
    starts = [cue.start_us for cue in cues]
    assert all(sum(at <= other < at + MINUTE_US for other in starts) <= a_minute for at in starts)
    obey_restraint(cues, film, REAL)


def test_few_are_laid_where_people_speak_more_where_nobody_does_and_none_where_none_are_asked_for() -> None:
    by_kind = {
        kind: effects_a_minute(a_film(kind), Span(0, a_film(kind).duration_us), None) for kind in KINDS
    }
    assert by_kind["talk"] == by_kind["long"] == DENSITIES["sparse"]
    assert by_kind["montage"] == by_kind["landscape"] == by_kind["silent"] == DENSITIES["normal"]
    assert spot_effects(a_film("action"), REAL, None, EffectWish("none")) == ()
    assert spot_effects(a_film("montage"), REAL)
    assert spot_effects(a_film("action"), REAL)


def test_an_interview_without_a_cut_is_left_alone() -> None:
    cues = spot_effects(a_film("talk"), REAL)
    assert len(cues) <= 4 * 5
    assert cues == ()  # a head that turns is no move that a sound belongs to


def test_a_thing_is_heard_only_where_words_speak_of_it() -> None:
    film = a_film("silent")
    doubtful = [each for each in REAL if each.title != "Ambience A"]
    assert not [cue for cue in spot_effects(film, doubtful) if cue.role is Role.AMBIENCE]
    (rain,) = (
        cue
        for cue in spot_effects(film, doubtful, None, EffectWish(words="It rains all day."))
        if cue.role is Role.AMBIENCE
    )
    assert rain.item_ids == (62,)
    assert "the request's words speak of it: rain" in rain.reasons


@pytest.mark.parametrize(
    ("path", "claims"),
    [
        ("FastAirWhoosh_01.wav", set()),
        ("Cinematic/Deep_Impact-Short (stereo).wav", set()),
        ("DSGNWhsh_Dark Pass By_ABCD_Pack7.wav", set()),
        ("DSGNImpt_Huge Sub Hit_XYZ_PackName_7.wav", set()),
        ("Short Lift.wav", set()),
        ("carpet hit.wav", {"carpet"}),
        ("轉場 呼嘯 快速 01.wav", set()),
        ("DOORWood_Slam Hard_ABCD_Pack7.wav", {"door", "wood"}),
        ("drake-hit-3.wav", {"drake"}),
        ("hatchet_miss.ogg", {"hatchet"}),
        ("Animals/Growl/Hit 2.wav", {"animal", "dog"}),
        ("敲門 聲.wav", {"knock"}),
        ("Aufprall.wav", set()),
        ("Aufprall Tür.wav", {"door"}),
    ],
)
def test_a_name_claims_nothing_only_where_each_of_its_words_says_nothing(path: str, claims: set[str]) -> None:
    assert claims_of(path) == claims
    assert is_believed(claims_of(path), "A dog, a drake and a door") == (
        claims <= {"animal", "dog", "drake", "door"}
    )


def test_a_word_in_every_name_of_a_library_is_its_makers() -> None:
    paths = [f"Boomsmith {kind} {n}.wav" for kind in ("Whoosh", "Impact", "Axe Hit") for n in range(5)]
    assert claims_of(paths[0], common_words(paths)) == frozenset()
    assert claims_of("Boomsmith Axe Hit 1.wav", common_words(paths)) == {"sword"}
    assert common_words(paths[:5]) == frozenset()


def test_what_swells_over_the_end_of_a_word_is_not_laid_there() -> None:
    slow = item(1, "Whoosh Slow", Kind.EFFECT, 2_000_000, outline=Outline(0, 0, 1_500_000, 2_000_000))
    fast = item(2, "Whoosh Fast", Kind.EFFECT, outline=Outline(0, 0, 300_000, 600_000))
    spoken = (Span(0, 4_000_000),)
    film = FilmTraits(MINUTE_US, PictureTraits((Moment(5_000_000, 0.8),)), SoundTraits(), spoken)
    (cue,) = spot_effects(film, [slow, fast])
    assert (cue.start_us, cue.end_us, cue.item_ids[0]) == (5_000_000, 5_300_000, 2)
    assert spot_effects(film, [slow]) == ()


def test_a_riser_is_cued_so_that_its_end_lies_on_the_cut_and_one_that_falls_is_none() -> None:
    cuts = (Moment(10_000_000, 0.2), Moment(30_000_000, 1.0))
    film = FilmTraits(MINUTE_US, PictureTraits(cuts))
    rises = item(1, "Riser", Kind.EFFECT, 2_500_000, outline=Outline(100_000, 100_000, 2_200_000, 2_300_000))
    falls = item(2, "Riser Short", Kind.EFFECT, 2_500_000, outline=Outline(0, 0, 20_000, 2_300_000))
    (cue,) = (cue for cue in spot_effects(film, [rises, falls]) if cue.event is Event.TENSION)
    assert (cue.start_us, cue.end_us, cue.item_ids) == (27_800_000, 30_000_000, (1,))


def test_still_shots_that_follow_each_other_are_one_scene_with_one_room_tone() -> None:
    tones = [cue for cue in spot_effects(a_film("silent"), REAL) if cue.event is Event.STILL]
    assert [(cue.start_us, cue.end_us) for cue in tones] == [(0, 50_000_000)]


def test_sounds_of_the_film_itself_are_doubled_only_where_many_effects_are_asked_for() -> None:
    sound = SoundTraits(tuple(Moment(at, 1.0) for at in range(1_000_000, 50_000_000, 3_000_000)), -20.0)
    film = FilmTraits(60_000_000, PictureTraits(), sound)
    assert laid(film) == laid(film, "normal") == ()
    assert {cue.event for cue in laid(film, "dense")} == {Event.SOUND}


def test_where_cuts_stand_out_they_get_effects_at_their_frames_and_the_strongest_a_riser_into_it() -> None:
    cuts = (Moment(10_002_000, 0.5), Moment(25_005_000, 1.0), Moment(40_008_000, 0.6))
    cues = laid(FilmTraits(60_000_000, PictureTraits(cuts)))
    assert [cue.start_us for cue in cues if cue.event is Event.CUT] == [cut.at_us for cut in cuts]
    riser = next(cue for cue in cues if cue.event is Event.TENSION)
    assert (riser.end_us, riser.item_ids[0]) == (25_005_000, 4)


def test_a_whoosh_is_cued_where_motion_peaks_since_it_is_laid_by_its_own_peak() -> None:
    film = FilmTraits(6_000_000, PictureTraits(busiest=(Moment(3_000_000, 1.0),)))
    (cue,) = laid(film)
    assert (cue.start_us, cue.role, cue.item_ids[0]) == (3_000_000, Role.WHOOSH, 1)


def test_the_same_sound_is_not_used_every_time() -> None:
    cuts = tuple(Moment(at, 0.5) for at in range(1_000_000, 30_000_000, 9_000_000))
    cues = laid(FilmTraits(60_000_000, PictureTraits(cuts)))
    assert len({cue.item_ids[0] for cue in cues if cue.role is Role.WHOOSH}) == 2


def test_no_effects_in_the_library_means_no_cues() -> None:
    film = FilmTraits(9_000_000, PictureTraits((Moment(3_000_000, 1.0),)))
    assert spot_effects(film, [item(1, "Song", Kind.MUSIC)]) == ()


MUSIC = [
    item(1, "Slow Fog Dark Drone", Kind.MUSIC, tempo_bpm=60.0, brightness_hz=200.0),
    item(2, "Happy Ukulele Pop", Kind.MUSIC, tempo_bpm=120.0, brightness_hz=600.0),
    item(3, "Calm Piano", Kind.MUSIC, tempo_bpm=70.0, brightness_hz=300.0),
]
STILL = FilmTraits(10_000_000)


def first(film: FilmTraits, wish: MusicWish) -> int:
    return rank_music(film, MUSIC, wish)[0].item.id


def test_music_follows_the_words_bpm_genre_and_instrument_that_were_asked_for() -> None:
    assert first(STILL, MusicWish("a joyful day")) == 2
    assert first(STILL, MusicWish("平靜的早晨")) == 3
    assert first(STILL, MusicWish(bpm=61)) == 1
    assert first(STILL, MusicWish(genres=(5,))) == 2
    assert first(STILL, MusicWish(instruments=(2,))) == 3


def test_a_lively_film_gets_faster_music_than_a_still_one() -> None:
    cuts = tuple(Moment(at, 1.0) for at in range(500_000, 10_000_000, 500_000))
    lively = FilmTraits(10_000_000, PictureTraits(cuts, motion=0.8), SoundTraits(loudness_lufs=-14.0))
    assert first(lively, MusicWish()) == 2
    assert first(STILL, MusicWish()) != 2
