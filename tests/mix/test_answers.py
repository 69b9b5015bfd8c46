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
from avm_otio.mix.cues import Total
from avm_otio.mix.lenient import cleaned, parsed
from avm_otio.services import DENOISE, EFFECTS, MUSIC, SERVICES, ServiceKeys
from tests.mix.served import AUDIO, BED, CUE, FILM

KEYS = ServiceKeys()

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
        ({"id": "seven"}, "id"),
        ({"id": True}, "id"),
        ({"id": 7.5}, "id"),
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


@pytest.mark.parametrize("data", [{}, [], None, {"is_done": "yes"}, {"is_done": None}, {"is_done": 2}])
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
    ],
)
def test_a_cue_that_makes_no_sense_is_named_or_left_out_with_a_note(bad: Any, message: str) -> None:
    cues = read_cues(result(effect(), bad))
    with pytest.raises(CueError, match=f"Sound effect 2 of 2: .*{message}.*--skip-bad-cues"):
        cues.check(skip_bad=False)
    assert len(cues.by_service[EFFECTS]) == len(cues.check(skip_bad=True)) == 1


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (
            effect() | {"sound_effect_items": [{"id": "x"}]},
            "Sound effect 2 of 2, item 1 of 1: id should be a whole",
        ),
        (
            effect() | {"sound_effect_items": [{"id": 2**63}]},
            "Sound effect 2 of 2, item 1 of 1: id should be a number",
        ),
        (effect() | {"sound_effect_items": {}}, "Sound effect 2 of 2: sound_effect_items should be a list"),
        (effect(1.5), "Sound effect 2 of 2: start_at should be text"),
        ("cue", "Sound effect 2 of 2: it should be an object"),
        (None, "Sound effect 2 of 2: it should be an object"),
    ],
)
@pytest.mark.parametrize("is_saved", [True, False])
def test_a_cue_that_cannot_be_read_is_left_out_with_a_line_and_the_rest_is_laid(
    bad: Any, message: str, is_saved: bool
) -> None:
    answer = result(effect(), bad)
    cues = read_cues(answer) if is_saved else read_result(answer, KEYS).cues
    assert [item.id for item in cues.chosen] == [1]
    assert f"Left out. {message}" in "\n".join(cues.check(skip_bad=False))


def test_an_answer_of_thousands_of_digits_is_no_time() -> None:
    assert read_cues(result(musics=[BED | {"duration": "9" * 5000 + ":00:00"}])).total.price == 5760


def test_an_item_that_cannot_be_read_leaves_its_cue_to_the_next() -> None:
    (cue,) = read_cues(result(effect("00:00:01", "00:00:02", "x", 7))).by_service[EFFECTS]
    assert [item.id for item in cue.items] == [7]
    answer = read_result(result(musics=[None, {"id": []}, BED]), KEYS)
    assert [item.id for item in answer.cues.by_service[MUSIC][0].items] == [12]
    assert len(answer.cues.unread) == 2


def test_an_end_that_is_no_time_is_none_and_told() -> None:
    cues = read_cues(result(effect("00:00:01", "late")))
    assert cues.by_service[EFFECTS][0].end_us == 1_000_000
    assert "end_at" in cues.unread[0]


@pytest.mark.parametrize(
    "document",
    [
        result() | {"music_mapping_service": 3},
        result(musics=[]) | {"music_mapping_service": {"musics": {"a": 1}}},
    ],
)
def test_a_part_of_a_paid_answer_that_cannot_be_read_leaves_the_others(document: Any) -> None:
    document["sound_effect_service"] = {"sound_effects": [effect()]}
    cues = read_result(document, KEYS).cues
    assert [item.id for item in cues.chosen] == [1]
    assert "All of music" in cues.unread[0]


@pytest.mark.parametrize(
    ("field", "came", "read"),
    [
        ("id", "12", 12),
        ("id", 12.0, 12),
        ("title", 1984, "1984"),
        ("title", "\ud83c half", "\ufffd half"),
        ("title", ["a"], ""),
        ("price", "90.00", Decimal("90.00")),
        ("price", 90, Decimal(90)),
        ("price", "5,760", None),
        ("price", "dear", None),
        ("price", -1, None),
        ("price", "NaN", None),
        ("price", True, None),
        ("is_bought", 0, False),
        ("is_bought", 1, True),
        ("is_bought", "false", False),
        ("is_bought", "perhaps", False),
        ("url", 7, None),
        ("bpm", "129", None),
    ],
)
@pytest.mark.parametrize("shape", ["music", "effect", "film"])
def test_a_field_of_another_type_is_read_or_told_and_its_item_laid(
    field: str, came: object, read: object, shape: str
) -> None:
    item = BED | {field: came}
    if shape == "film":
        cues = read_film({"id": 1, "recommended_musics": [item]}).cues
    elif shape == "music":
        cues = read_result(result(musics=[item]), KEYS).cues
    else:
        cues = read_result(result(effect() | {"sound_effect_items": [item]}), KEYS).cues
    (laid,) = cues.chosen
    if field != "bpm":
        assert getattr(laid, field) == read
    is_unread = read is None or came in ("perhaps", ["a"])
    assert bool(cues.unread) is (is_unread and field != "bpm")
    assert json.dumps(laid.served).encode()


def test_ids_of_a_film_may_be_text() -> None:
    assert read_film({"id": "1320"}).id == 1320


@pytest.mark.parametrize("depth", [60, 400, 3000, 100_000])
def test_a_field_that_lies_too_deep_is_left_out_and_told(depth: int) -> None:
    deep = '{"new": ' + '[{"a":' * depth + '"]}"' + "}]" * depth + ', "id": 12, "price": 3}'
    document = parsed(('{"is_done": true, "music_mapping_service": {"musics": [' + deep + "]}}").encode())
    answer = read_result(document, KEYS)
    assert answer.cues.total.price == 3
    assert "deep" in answer.cues.unread[0]
    assert len(json.dumps(answer.served, indent=1)) < 100_000


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": NaN, "b": 1e999, "c": -Infinity}', {"a": "NaN", "b": "1e999", "c": "-Infinity"}),
        (b'{"a": "x\xff"}', {"a": "x\ufffd"}),
        (b'{"a": "x\x01\n"}', {"a": "x\x01\n"}),
        (b"[" + b"9" * 5000 + b"]", ["9" * 5000]),
        ('{"a": "é"}'.encode("utf-16"), {"a": "é"}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
    ],
)
def test_json_is_read_as_far_as_it_can_be(body: bytes, value: object) -> None:
    assert parsed(body) == value


@settings(max_examples=200)
@given(values)
def test_what_is_json_is_read_as_it_is(value: object) -> None:
    assert parsed(json.dumps(value).encode()) == value
    assert cleaned(value) == (value, 0)


# Totals


def test_items_of_one_id_and_two_kinds_are_two() -> None:
    music, sound = BED | {"id": 7, "price": 90.0}, AUDIO | {"id": 7, "price": 5}
    answer = result(effect("00:00:01", "00:00:02", 7), musics=[music])
    answer |= {"noise_reduction_service": {"noise_reduce_audios": [sound]}}
    total = read_result(answer, KEYS).cues.total
    assert total == Total(Decimal("295.0"))


def test_an_item_that_comes_twice_is_paid_once_at_its_higher_price() -> None:
    dear, cheap = effect("00:00:01", "00:00:02", 7), effect("00:00:02", "00:00:03", 7)
    cheap["sound_effect_items"][0]["price"] = 3
    for pair in ((dear, cheap), (cheap, dear), (dear, dear)):
        assert read_cues(result(*pair)).total.price == 200


def test_what_is_bought_costs_nothing_and_what_cannot_be_read_is_named() -> None:
    answer = result(effect(), musics=[BED | {"is_bought": 1, "price": "a fortune"}])
    assert read_cues(answer).total == Total(Decimal("200.0"))
    answer = result(effect(), musics=[BED | {"price": "a fortune"}])
    assert read_cues(answer).total == Total(Decimal("200.0"), ("music 12",))


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
