"""What somebody spotted is laid where it was, by the sound that its words mean."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avm_otio.engine.library import Kind, LibraryItem
from avm_otio.engine.matching import Meanings
from avm_otio.engine.requests import Locale, Refusal, read_service_call
from avm_otio.engine.shelf import main_role
from avm_otio.engine.sorting import category_of_sound, roles_of
from avm_otio.engine.spotting import AskedSpot, Cue, EffectWish, spot_effects
from avm_otio.engine.traits import FilmTraits, Moment, Outline, PictureTraits, SoundTraits, Span
from avm_otio.engine.vocabulary import Event, Role
from avm_otio.tags import NO_TAGS

FILM_US = 60_000_000
NAMES = [
    "Doors/DOORWood_Heavy Slam_ABC_X.wav",
    "Doors/DOORWood_Heavy Slam 02_ABC_X.wav",
    "Doors/Door creak.wav",
    "Footsteps/Footsteps gravel.wav",
    "Footsteps/Footsteps wood floor.wav",
    "Water/Splash small.wav",
    "Ambience/Rain on roof.wav",
    "Ambience/Forest birds.wav",
    "Hits/Impact deep.wav",
    "Hits/Riser air.wav",
    "Glass/Glass shatter.wav",
    "Phone/Phone ring old.wav",
    "Animals/Dog bark.wav",
]


def item(number: int, path: str) -> LibraryItem:
    is_bed = path.startswith("Ambience")
    length_us = 30_000_000 if is_bed else 1_500_000
    stem = path.rpartition("/")[2].removesuffix(".wav")
    category = category_of_sound(path, NO_TAGS)
    title = stem.split("_")[1] if category is not None else stem
    roles = roles_of(path, NO_TAGS, category, length_us)
    outline = Outline(0, 20_000, 1_300_000 if "Riser" in path else 40_000, length_us - 100_000)
    heard = -20.0, None, 900.0
    more = {"outline": outline, "category": category}
    return LibraryItem(number, path, title, Kind.EFFECT, roles, length_us, *heard, **more)


ITEMS = [item(number, path) for number, path in enumerate(NAMES, 1)]
MEANT = Meanings(ITEMS)
FILM = FilmTraits(FILM_US, PictureTraits((Moment(10_000_000, 1.0), Moment(30_000_000, 0.8))))


def laid(*spots: AskedSpot, density: str | float = "none", film: FilmTraits = FILM) -> tuple[Cue, ...]:
    return spot_effects(film, ITEMS, None, EffectWish(density, spots=spots))


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ("door slam", "Doors/DOORWood_Heavy Slam"),
        ("a door slams", "Doors/DOORWood_Heavy Slam"),
        ("creaking door", "Doors/Door creak"),
        ("footsteps on gravel", "Footsteps/Footsteps gravel"),
        ("steps", "Footsteps/"),
        ("glass breaks", "Glass/"),
        ("dog barking", "Animals/Dog"),
        ("old telephone", "Phone/"),
        ("關門", "Doors/"),
        ("Schritte auf Kies", "Footsteps/Footsteps gravel"),
    ],
)
def test_words_mean_the_sounds_that_say_the_same(words: str, path: str) -> None:
    best = MEANT.of(words)[0][1]
    assert best.path.startswith(path)


def test_words_that_no_sound_says_mean_none() -> None:
    assert MEANT.of("helicopter") == ()
    assert MEANT.of("…") == ()
    assert laid(AskedSpot(1_000_000, None, "helicopter")) == ()


spots = st.builds(
    lambda at, lasts, words, bed: AskedSpot(at, None if lasts is None else at + lasts, words, bed),
    st.integers(0, FILM_US - 1),
    st.one_of(st.none(), st.integers(1, 20_000_000)),
    st.sampled_from(["door slam", "dog", "rain", "riser", "impact", "splash", "nothing known"]),
    st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(spots, max_size=12), st.sampled_from(["none", "normal", "dense"]))
def test_each_is_answered_where_it_is_and_keeps_its_length(asked: list[AskedSpot], density: str) -> None:
    speech = tuple(Span(at, at + 900_000) for at in range(0, FILM_US, 2_000_000))
    film = FilmTraits(FILM_US, FILM.picture, SoundTraits(), speech)
    cues = [cue for cue in laid(*asked, density=density, film=film) if cue.spot is not None]
    answered = {cue.spot for cue in cues}
    for number, spot in enumerate(asked):
        assert (number in answered) == bool(MEANT.of(spot.words, is_ambience=spot.is_ambience))
    for cue in cues:
        assert cue.spot is not None
        spot = asked[cue.spot]
        assert cue.start_us == spot.at_us < cue.end_us <= FILM_US
        assert cue.event is Event.SPOTTED
        assert spot.words in cue.reasons[0]
        assert cue.is_timed == (spot.until_us is not None)
        if spot.until_us is not None:
            assert cue.end_us == min(spot.until_us, FILM_US)
        if spot.is_ambience:
            assert cue.role is Role.AMBIENCE
        else:
            by_id = {each.id: each for each in ITEMS}
            assert {main_role(by_id[number]) or Role.SPOT for number in cue.item_ids} == {cue.role}


def test_two_doors_are_two_takes_and_alternatives_are_doors_too() -> None:
    first, second = laid(AskedSpot(1_000_000, None, "door slam"), AskedSpot(6_000_000, None, "door slam"))
    assert first.item_ids[0] != second.item_ids[0]
    assert {*first.item_ids[:2]} == {*second.item_ids[:2]} == {1, 2}


def test_what_the_engine_finds_makes_room_for_what_was_spotted() -> None:
    spot = AskedSpot(10_100_000, None, "door slam")
    alone = spot_effects(FILM, ITEMS, None, EffectWish("normal"))
    assert 10_000_000 in {cue.start_us for cue in alone}
    beside = laid(spot, density="normal")
    assert [cue.start_us for cue in beside if cue.spot is not None] == [10_100_000]
    assert 10_000_000 not in {cue.start_us for cue in beside if cue.event is Event.CUT}
    assert [cue.spot for cue in laid(spot)] == [0]


def test_a_call_says_spots_and_is_refused_where_they_make_no_sense() -> None:
    def call(given: Any) -> Any:
        body = {
            "license": {"range": [1], "duration": 1, "usage_platforms": [1]},
            "sound_effect_service": {"avm_spots": given},
        }
        return read_service_call(body, "normal_film", FILM_US, Locale()).spots

    (spot,) = call([{"at": "00:00:02.5", "words": "door", "until": "00:02:00"}])
    assert spot == {"at_us": 2_500_000, "until_us": FILM_US, "words": "door", "is_ambience": False}
    assert call(None) == call([]) == ()
    for wrong in (
        {},
        [1],
        [{"at": "00:00:01", "words": " "}],
        [{"at": "00:00:01", "words": "x", "kind": "music"}],
        [{"at": "00:01:00", "words": "x"}],
        [{"at": "1 s", "words": "x"}],
        [{"at": "00:00:05", "until": "00:00:05", "words": "x"}],
    ):
        with pytest.raises(Refusal):
            call(wrong)
