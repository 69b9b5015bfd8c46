"""An answer of any kind, live or saved, is read once, and what makes no sense in it is named."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avm_otio.errors import ContractError, CueError
from avm_otio.mix.answers import read_cues, read_film, read_result
from avm_otio.services import DENOISE, EFFECTS, MUSIC, SERVICES, ServiceKeys

KEYS = ServiceKeys()
BED = {
    "id": 12,
    "price": 5760.0,
    "is_bought": False,
    "title": "音樂",
    "like": False,
    "duration": "00:00:47.578141",
    "bpm": 129.2,
    "instrument": 33,
    "genre": 37,
    "emotion": 28,
    "url": "https://media.example/12",
}
CUE = {
    "start_at": "00:00:02.237288",
    "end_at": "25:00:02",
    "object_class": 1166,
    "action_labels": [741, 1135],
    "sound_effect_items": [{"id": 652, "price": 200, "duration": None, "url": "https://media.example/652"}],
}
AUDIO = {"id": 873, "url": "https://media.example/873", "price": 0.0, "is_bought": False, "title": "N-873"}
FILM = {
    "id": 1320,
    "title": "test",
    "is_active": True,
    "duration": "00:00:23.406717",
    "type": "normal_film",
    "recommended_musics": [BED],
    "noise_reduce_audios": [AUDIO],
    "sound_effects": [CUE],
    "create_at": "2023-01-11T18:31:18.973624+08:00",
    "is_from_image": False,
    "image_url": None,
}

names = st.text(min_size=1, max_size=12).filter(lambda name: name not in ("is_active", "is_avtive"))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
unknown = st.dictionaries(names.map(lambda name: f"x{name}"), values, max_size=3)


@settings(max_examples=60)
@given(on_film=unknown, on_music=unknown, on_cue=unknown, kept=st.sets(st.sampled_from(sorted(FILM))))
def test_whatever_fields_a_film_has_come_back_as_they_came(
    on_film: dict[str, Any], on_music: dict[str, Any], on_cue: dict[str, Any], kept: set[str]
) -> None:
    film = {key: value for key, value in FILM.items() if key in kept | {"id"}} | on_film
    if "recommended_musics" in film:
        film["recommended_musics"] = [BED | on_music]
    if "sound_effects" in film:
        film["sound_effects"] = [CUE | on_cue]
    assert read_film(film).served == film


@settings(max_examples=40)
@given(on_result=unknown, on_service=unknown)
def test_a_result_comes_back_as_it_came_under_any_keys(
    on_result: dict[str, Any], on_service: dict[str, Any]
) -> None:
    keys = ServiceKeys({"denoise": "denoise_service", "effects": "sfx"})
    result = {
        "is_done": True,
        "music_mapping_service": {"is_done": True, "musics": [BED]} | on_service,
        "sfx": {"is_done": False, "sound_effects": [CUE]} | on_service,
        "denoise_service": {"noise_reduce_audios": [AUDIO]},
    } | on_result
    read = read_result(result, keys)
    assert [cue.items[0].id for cue in read.cues.by_service[DENOISE]] == [873]
    assert read.served == result


def test_whole_numbers_stay_whole_and_what_was_served_is_json() -> None:
    served = read_film({"id": 1, "recommended_musics": [{"id": 2, "price": 5760}]}).served
    assert json.dumps(served) == '{"id": 1, "recommended_musics": [{"id": 2, "price": 5760}]}'


def test_both_spellings_of_is_active_are_read_and_one_is_written() -> None:
    assert read_film({"id": 1, "is_avtive": True}).served == {"id": 1, "is_active": True}
    assert read_film({"id": 1, "is_active": False}).is_active is False
    assert read_film({"id": 1, "is_avtive": True, "is_active": False}).served == {
        "id": 1,
        "is_active": False,
    }


def test_every_list_may_be_absent_or_null() -> None:
    assert read_film({"id": 1}).cues.chosen == ()
    assert read_film({"id": 1, "sound_effects": None}).cues.chosen == ()
    assert read_cues({"id": 1}).chosen == ()
    assert read_cues({"is_done": True, "music_mapping_service": {"musics": None}}).chosen == ()


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({}, "id"),
        ({"id": "7"}, "id"),
        ({"id": True}, "id"),
        ({"id": 7, "duration": 3.5}, "duration"),
        ({"id": 7, "recommended_musics": {}}, "recommended_musics"),
        ({"id": 7, "recommended_musics": [{"id": 1, "price": "dear"}]}, "recommended_musics.0.price"),
        ([], "the whole"),
        (None, "the whole"),
        ("film", "the whole"),
    ],
)
def test_wrong_types_are_named_by_their_place(data: object, place: str) -> None:
    with pytest.raises(ContractError, match=place):
        read_film(data)


def test_an_error_shows_no_value() -> None:
    with pytest.raises(ContractError) as caught:
        read_film({"id": "s3cret"})
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "data", [{}, [], None, {"is_done": "yes"}, {"is_done": True, "music_mapping_service": []}]
)
def test_what_does_not_say_whether_it_is_done_is_no_result(data: object) -> None:
    with pytest.raises(ContractError):
        read_result(data, KEYS)


def test_a_finished_result_is_completed_from_its_film() -> None:
    film, bare = read_film(FILM), read_result({"is_done": True}, KEYS)
    full = bare.completed(film, SERVICES)
    assert set(full.by_service) == {DENOISE, EFFECTS}
    assert full.by_service[DENOISE][0].items[0].served == AUDIO
    assert full.by_service[EFFECTS][0].served["object_class"] == 1166


def test_what_was_not_asked_for_or_is_there_stays_as_it_is() -> None:
    film = read_film(FILM)
    empty = read_result({"is_done": True, "sound_effect_service": {"sound_effects": []}}, KEYS)
    assert empty.completed(film, {EFFECTS, MUSIC}) == empty.cues
    unfinished = read_result({"is_done": False}, KEYS)
    assert unfinished.completed(film, SERVICES) == unfinished.cues


def test_an_answer_that_an_earlier_version_saved_is_read() -> None:
    adopted = {
        "is_done": True,
        "music_mapping_service": {"is_done": True, "musics": [BED]},
        "noise_reduction_service": None,
        "sound_effect_service": {"is_done": True, "sound_effects": []},
    }
    cues = read_result(adopted, ServiceKeys({"effects": "sfx"})).completed(read_film(FILM), SERVICES)
    assert [item.id for item in cues.chosen] == [12, 873]
    assert cues.by_service[EFFECTS] == ()


def test_what_came_counts_even_where_it_makes_no_sense() -> None:
    cues = read_cues(result(effect(None)))
    assert cues.has_any(EFFECTS)
    assert not cues.has_any(MUSIC)


def test_a_result_says_why_there_is_nothing_in_the_services_words() -> None:
    assert read_result({"is_done": True, "message": ["It is", "black."]}, KEYS).message == "It is black."
    assert read_result({"is_done": True}, KEYS).message == ""


def effect(start: Any = "00:00:01", end: Any = "00:00:02", *ids: int) -> dict[str, Any]:
    items = [
        {"id": one, "price": 200.0, "duration": None, "url": "https://x/y", "title": f"S-{one}"}
        for one in ids or (1,)
    ]
    return {
        "start_at": start,
        "end_at": end,
        "object_class": 7,
        "action_labels": [1],
        "sound_effect_items": items,
    }


def result(*effects: Any, musics: Any = (), **more: Any) -> dict[str, Any]:
    return {
        "is_done": True,
        "music_mapping_service": {"is_done": True, "musics": list(musics)},
        "sound_effect_service": {"is_done": True, "sound_effects": list(effects)},
    } | more


def test_a_result_and_a_film_that_say_the_same_are_the_same_cues() -> None:
    music = {"id": 5, "price": 12.5, "duration": "00:00:47.578141", "title": "m", "url": "https://x/m"}
    noise = {"id": 9, "price": 0.0, "title": "N-9", "url": "https://x/n"}
    film = {
        "id": 1320,
        "recommended_musics": [music],
        "noise_reduce_audios": [noise],
        "sound_effects": [effect()],
    }
    answer = result(effect(), musics=[music], noise_reduction_service={"noise_reduce_audios": [noise]})
    assert read_cues(film) == read_cues(answer)


def test_items_keep_their_order_and_all_that_was_served() -> None:
    answer = result(effect("00:00:01.5", "00:00:02", 3, 1, 2) | {"new_field": {"deep": [1]}})
    (cue,) = read_cues(answer).by_service[EFFECTS]
    assert [item.id for item in cue.items] == [3, 1, 2]
    assert cue.items[0].price == Decimal("200.0")
    assert cue.served["new_field"] == {"deep": [1]}
    assert "sound_effect_items" not in cue.served


def test_a_wrong_duration_is_no_reason_to_refuse_an_item() -> None:
    music = {"id": 5, "duration": "about a minute", "price": "free", "title": None, "url": 7}
    (item,) = read_cues(result(musics=[music])).by_service[MUSIC][0].items
    assert (item.duration_us, item.price, item.title, item.url) == (None, None, "", None)


def test_a_cue_without_an_end_is_a_moment() -> None:
    (cue,) = read_cues(result(effect("00:00:01", None))).by_service[EFFECTS]
    assert cue.start_us == cue.end_us == 1_000_000


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (effect("00:00:04", "00:00:02"), "ends .* before it starts"),
        (effect("-00:00:01"), "not a time"),
        (effect(None), "no start_at"),
        (effect("soon"), "not a time"),
        (effect() | {"sound_effect_items": []}, "no item"),
        (effect() | {"sound_effect_items": [{"id": "x"}]}, "id should be a whole number"),
        (effect() | {"sound_effect_items": {}}, "should be a list"),
        ("cue", "it should be an object"),
    ],
)
def test_a_cue_that_makes_no_sense_is_named_or_left_out_with_a_note(bad: Any, message: str) -> None:
    cues = read_cues(result(effect(), bad))
    with pytest.raises(CueError, match=f"Sound effect 2 of 2: .*{message}.*--skip-bad-cues"):
        cues.check(skip_bad=False)
    assert len(cues.by_service[EFFECTS]) == len(cues.check(skip_bad=True)) == 1


@pytest.mark.parametrize("document", [None, [], "x", 3, {}, {"hello": 1}, {"OTIO_SCHEMA": "Timeline.1"}])
def test_what_is_no_answer_is_refused(document: Any) -> None:
    with pytest.raises(CueError, match="not a Film"):
        read_cues(document)


@pytest.mark.parametrize(
    "document",
    [
        result() | {"music_mapping_service": 3},
        result(musics=[]) | {"sound_effect_service": {"sound_effects": {}}},
    ],
)
def test_a_section_of_the_wrong_shape_is_refused(document: Any) -> None:
    with pytest.raises(CueError, match="should be"):
        read_cues(document)
