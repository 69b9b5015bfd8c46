"""A saved answer of any kind becomes cues, and what makes no sense is named."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from avm_otio.errors import CueError
from avm_otio.mix.cues import read_cues
from avm_otio.services import EFFECTS, MUSIC


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


def test_absent_and_null_lists_are_empty() -> None:
    assert read_cues({"id": 1}).chosen == ()
    assert read_cues({"is_done": True, "music_mapping_service": {"musics": None}}).chosen == ()


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
        (effect() | {"sound_effect_items": [{"id": "x"}]}, "whole-number id"),
        (effect() | {"sound_effect_items": {}}, "should be a list"),
        ("cue", "should be an object"),
    ],
)
def test_a_cue_that_makes_no_sense_is_named_or_left_out_with_a_note(bad: Any, message: str) -> None:
    with pytest.raises(CueError, match=f"Sound effect 2 of 2: .*{message}.*--skip-bad-cues"):
        read_cues(result(effect(), bad))
    kept = read_cues(result(effect(), bad), skip_bad=True)
    assert len(kept.by_service[EFFECTS]) == len(kept.notes) == 1


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
