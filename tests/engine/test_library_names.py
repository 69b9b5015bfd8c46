"""What names of sounds say: categories, roles and kinds, in several languages."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from avm_otio.engine.sorting import category_of_sound, kind_of, roles_of
from avm_otio.engine.thesaurus import read, things_in
from avm_otio.engine.ucs import categories, category_named, ucs_name
from avm_otio.engine.vocabulary import EMOTIONS, GENRES, ids_in
from avm_otio.mix.clearance import licence_in
from avm_otio.tags import NO_TAGS, Tags
from tests.engine import library_names as names


def roles_wrong(labelled: Iterable[tuple[str, str]]) -> list[str]:
    wrong = []
    for name, role in labelled:
        path = f"{name}.wav"
        found = roles_of(path, NO_TAGS, category_of_sound(path, NO_TAGS), 2_000_000)
        if not found or found[0].name.lower() != role:
            wrong.append(name)
    return wrong


def kinds_wrong(labelled: Iterable[tuple[str, float, str]]) -> list[str]:
    wrong = []
    for path, seconds, kind in labelled:
        length_us = round(seconds * 1e6)
        category = category_of_sound(path, NO_TAGS)
        roles = roles_of(path, NO_TAGS, category, length_us)
        if kind_of(path, NO_TAGS, category, roles, length_us, has_beat=kind == "music") != kind:
            wrong.append(path)
    return wrong


@pytest.mark.parametrize("labelled", [names.ROLES, names.ROLES_HELD_OUT])
def test_what_a_sound_does_is_read_from_its_ucs_name(labelled: tuple[tuple[str, str], ...]) -> None:
    assert len(labelled) == 62
    assert len(roles_wrong(labelled)) <= 2


@pytest.mark.parametrize("labelled", [names.KINDS, names.KINDS_HELD_OUT])
def test_music_effects_and_dialogue_are_told_apart(labelled: tuple[tuple[str, float, str], ...]) -> None:
    assert len(labelled) == 32
    assert len(kinds_wrong(labelled)) <= 1


def test_a_loop_is_music_where_it_has_a_beat_and_speaks_of_nothing_that_sounds() -> None:
    def kind(path: str, *, has_beat: bool) -> str:
        return kind_of(path, NO_TAGS, None, (), 16_000_000, has_beat=has_beat).value

    assert kind("Crunk (Demo).wav", has_beat=True) == "music"
    assert kind("Crunk (Demo).wav", has_beat=False) == kind("Printer.wav", has_beat=True) == "effect"


def test_every_id_of_the_system_is_read_from_a_name() -> None:
    assert len(categories()) == 753
    assert len({each.category for each in categories()}) == 82
    for each in categories():
        found = ucs_name(f"{each.cat_id}_Some Name_ABC_LIB")
        assert found is not None
        assert found.category is each
        assert each.subcategory
        assert category_named(each.category.upper(), each.subcategory.upper()) is not None


def test_what_a_ucs_name_says_of_the_sound_is_read_past_makers_and_vendors() -> None:
    found = ucs_name("GUNAuto-RIFLE_AK47-Burst Distant_TFX_WAR2_MS 48k_take 3")
    assert found is not None
    assert found.category.cat_id == "GUNAuto"
    assert (found.user_category, found.fx_name, found.user_data) == (
        "RIFLE",
        "Burst Distant",
        "MS 48k_take 3",
    )


@pytest.mark.parametrize(
    "name", ["wind_howling", "mix_final_v2", "Rain", "window-attention", "test_01", "fire_alarm"]
)
def test_a_name_that_only_begins_like_an_id_is_no_ucs_name(name: str) -> None:
    assert ucs_name(name) is None


def test_whole_words_count_not_parts_of_words() -> None:
    assert things_in("window-attention") == {"window"}
    assert not things_in("Brainstorm Trainee Carpet Doorman")
    assert ids_in("Darkroom Poppy Housekeeping", GENRES) == ids_in("Darkroom Poppy", EMOTIONS) == ()


def test_stop_words_choose_nothing() -> None:
    assert read("the a an of and in the") == ()
    assert [word.text for word in read("The Sound of a Door")] == ["door"]


@pytest.mark.parametrize(
    ("text", "thing"),
    [
        ("Tür", "door"),
        ("tuer_auf", "door"),
        ("Türen", "door"),
        ("porte qui grince", "door"),
        ("puerta", "door"),
        ("porta", "door"),
        ("大门", "door"),
        ("關門聲", "slam"),
        ("Straßenverkehr", "traffic"),
        ("lluvia", "rain"),
        ("pioggia", "rain"),
        ("下雨的街道", "city"),
        ("火车经过", "train"),
        ("room tone", "room"),
        ("FootstepsOnGravel", "footsteps"),
        ("barking", "dog"),
    ],
)
def test_words_are_known_in_several_languages(text: str, thing: str) -> None:
    assert thing in things_in(text)


def test_a_category_in_the_tags_counts_where_the_name_says_none() -> None:
    assert category_of_sound("a01.wav", Tags(cat_id="DOORWood")) is ucs_name("DOORWood_x").category
    by_names = category_of_sound("a01.wav", Tags(category="AMBIENCE", subcategory="Room Tone"))
    assert by_names is not None
    assert by_names.cat_id == "AMBRoom"


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("http://creativecommons.org/publicdomain/zero/1.0/", "CC0"),
        ("https://creativecommons.org/licenses/by-nc-sa/4.0/", "CC BY-NC-SA"),
        ("CC-BY-SA 3.0", "CC BY-SA"),
        ("Creative Commons Attribution-NonCommercial 4.0", "CC BY-NC"),
        ("Royalty-free for all productions", "royalty-free"),
        ("(c) 2020 Somebody. All rights reserved.", "all rights reserved"),
        ("a nice sound", ""),
    ],
)
def test_a_licence_is_read_from_a_text(text: str, licence: str) -> None:
    assert licence_in(text) == licence
