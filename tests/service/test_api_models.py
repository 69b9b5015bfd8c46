from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avm_otio.errors import ContractError, NoServiceChosenError, UnsupportedFilmError
from avm_otio.service.models import (
    EffectsRange,
    Film,
    FilmPage,
    License,
    Requirement,
    Service,
    ServiceRequest,
    ServiceResult,
    check_film_may,
    resolve_result,
)
from avm_otio.services import ServiceKeys

KEYS = ServiceKeys()
MUSIC = {
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
    "recommended_musics": [MUSIC],
    "noise_reduce_audios": [AUDIO],
    "sound_effects": [CUE],
    "create_at": "2023-01-11T18:31:18.973624+08:00",
    "is_from_image": False,
    "image_url": None,
}
LICENSE = License(range=(16,), duration=8, usage_platforms=(2,))

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
        film["recommended_musics"] = [MUSIC | on_music]
    if "sound_effects" in film:
        film["sound_effects"] = [CUE | on_cue]
    assert Film.parse(film).dump() == film
    page = {"count": 1, "next": None, "results": [film]}
    assert FilmPage.parse(page).dump() == page


@settings(max_examples=40)
@given(on_result=unknown, on_service=unknown)
def test_a_result_comes_back_as_it_came_under_any_keys(
    on_result: dict[str, Any], on_service: dict[str, Any]
) -> None:
    keys = ServiceKeys({"denoise": "denoise_service", "effects": "sfx"})
    result = {
        "is_done": True,
        "music_mapping_service": {"is_done": True, "musics": [MUSIC]} | on_service,
        "sfx": {"is_done": False, "sound_effects": [CUE]} | on_service,
        "denoise_service": {"noise_reduce_audios": [AUDIO]},
    } | on_result
    read = ServiceResult.parse_with(result, keys)
    assert read.noise_reduction_service is not None
    assert read.noise_reduction_service.noise_reduce_audios[0].id == 873
    assert read.payload(keys) == result


def test_whole_numbers_stay_whole_and_dump_is_json() -> None:
    dumped = Film.parse({"id": 1, "recommended_musics": [{"id": 2, "price": 5760}]}).dump()
    assert json.dumps(dumped) == '{"id": 1, "recommended_musics": [{"id": 2, "price": 5760}]}'


def test_both_spellings_of_is_active_are_read_and_one_is_written() -> None:
    assert Film.parse({"id": 1, "is_avtive": True}).dump() == {"id": 1, "is_active": True}
    assert Film.parse({"id": 1, "is_active": False}).is_active is False
    assert Film.parse({"id": 1, "is_avtive": True, "is_active": False}).dump() == {
        "id": 1,
        "is_active": False,
    }


def test_every_list_may_be_absent_or_null() -> None:
    assert Film.parse({"id": 1}).sound_effects == ()
    assert Film.parse({"id": 1, "sound_effects": None}).sound_effects == ()
    assert FilmPage.parse({}).results == ()


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
        Film.parse(data)


def test_an_error_shows_no_value() -> None:
    with pytest.raises(ContractError) as caught:
        Film.parse({"id": "s3cret"})
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "data", [{}, [], None, {"is_done": "yes"}, {"is_done": True, "music_mapping_service": []}]
)
def test_what_does_not_say_whether_it_is_done_is_no_result(data: object) -> None:
    with pytest.raises(ContractError):
        ServiceResult.parse_with(data, KEYS)


def test_a_request_is_the_json_of_the_reference() -> None:
    request = ServiceRequest(
        license=LICENSE,
        music=Requirement(title="t", budget_min=1.0, budget_max=100000.0, bpm=129.0, genre=(37, 38)),
        denoise=True,
        effects=EffectsRange(start_at="00:00:01.500000"),
        notify_url="https://here.example/done",
    )
    assert request.payload(ServiceKeys({"effects": "fx"})) == {
        "license": {"range": [16], "duration": 8, "usage_platforms": [2]},
        "music_mapping_service": {
            "requirement": {
                "title": "t",
                "budget_min": 1.0,
                "budget_max": 100000.0,
                "bpm": 129.0,
                "genre": [37, 38],
            }
        },
        "noise_reduction_service": {},
        "fx": {"start_at": "00:00:01.500000"},
        "notify_url": "https://here.example/done",
    }
    assert request.services == set(Service)


def test_a_request_for_nothing_is_refused_before_it_is_sent() -> None:
    with pytest.raises(NoServiceChosenError):
        ServiceRequest(license=LICENSE).payload(KEYS)


@pytest.mark.parametrize(
    ("film_type", "service", "allowed"),
    [
        ("normal_film", Service.MUSIC, True),
        ("silent_film", Service.MUSIC, True),
        ("youtube_url", Service.MUSIC, True),
        ("audio", Service.MUSIC, False),
        ("silent_film", Service.DENOISE, False),
        ("audio", Service.DENOISE, True),
        ("silent_film", Service.EFFECTS, True),
        ("a type of tomorrow", Service.DENOISE, True),
    ],
)
def test_which_service_a_film_may_use(film_type: str, service: Service, allowed: bool) -> None:
    if allowed:
        check_film_may(film_type, {service})
    else:
        with pytest.raises(UnsupportedFilmError):
            check_film_may(film_type, {service})


def test_a_finished_result_is_completed_from_its_film() -> None:
    film = Film.parse(FILM)
    bare = ServiceResult(is_done=True)
    full = resolve_result(bare, film, {Service.DENOISE, Service.EFFECTS}).payload(KEYS)
    assert full["noise_reduction_service"]["noise_reduce_audios"] == [AUDIO]
    assert full["sound_effect_service"]["sound_effects"] == [CUE]
    assert "music_mapping_service" not in full


def test_what_was_not_asked_for_or_is_there_stays_as_it_is() -> None:
    film = Film.parse(FILM)
    empty = ServiceResult.parse_with({"is_done": True, "sound_effect_service": {"sound_effects": []}}, KEYS)
    assert resolve_result(empty, film, {Service.EFFECTS, Service.MUSIC}) == empty
    unfinished = ServiceResult(is_done=False)
    assert resolve_result(unfinished, film, set(Service)) == unfinished
