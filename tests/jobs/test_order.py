"""An order: read strictly, told shortly, movable."""

from __future__ import annotations

from pathlib import Path

import pytest

from avm_otio.cli import options
from avm_otio.config.settings import KEYS
from avm_otio.errors import InputError
from avm_otio.jobs.order import Order
from avm_otio.jobs.said import DEFAULTS, SETTING_OF, in_folder, shortest

LEAST = {"timeline": "cut.otio", "output": "scored.otio"}


def test_the_least_order_says_what_the_command_would_do_by_itself() -> None:
    order = Order.parse(LEAST)
    assert order.services == ("music", "effects")
    assert (order.deliver, order.media_format, order.effects_length) == ("link", "keep", "auto")
    assert order.settings == {}


def test_what_was_not_said_is_not_written_down() -> None:
    assert Order.parse(LEAST | {"currency": "EUR"}).dump() == LEAST | {"currency": "EUR", "version": 1}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"timline": "x"}, ["timline", "Did you mean timeline?"]),
        ({"output": None}, ["output"]),
        ({"services": []}, ["services"]),
        ({"services": ["foley"]}, ["services", "foley"]),
        ({"music_gain_db": float("nan")}, ["music_gain_db"]),
        ({"budget_max": -1}, ["budget_max", "-1"]),
        ({"version": 2}, ["version", "2"]),
        ({"deliver": "pigeon"}, ["deliver", "pigeon"]),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_by_field(change: dict[str, object], told: list[str]) -> None:
    with pytest.raises(InputError) as refused:
        Order.parse(LEAST | change, "request.json")
    assert all(word in str(refused.value) for word in ["request.json", *told])


@pytest.mark.parametrize("document", [None, [], "x", 3])
def test_what_is_no_object_is_no_order(document: object) -> None:
    with pytest.raises(InputError, match="no JSON object"):
        Order.parse(document)


def test_a_missing_field_is_named() -> None:
    with pytest.raises(InputError, match=r"“output” is missing"):
        Order.parse({"timeline": "cut.otio"})


def test_paths_move_with_the_folder_that_holds_the_order(tmp_path: Path) -> None:
    job = tmp_path / "cut.avm" / "cut-1"
    order = Order.parse(LEAST | {"media_roots": ["rushes"], "library": "/sounds"}).in_folder(tmp_path)
    assert order.timeline == str(tmp_path / "cut.otio")
    told = order.seen_from(job)
    assert told.timeline == "../../cut.otio"
    elsewhere = told.in_folder(Path("/other/cut.avm/cut-1"))
    assert elsewhere.timeline == str(Path("/other/cut.otio"))
    assert elsewhere.media_roots == (str(Path("/other/rushes")),)
    assert told.in_folder(job) == order


def test_every_setting_that_an_order_names_can_be_configured() -> None:
    assert set(SETTING_OF.values()) <= set(KEYS)
    assert set(SETTING_OF) <= set(Order.model_fields)


def test_an_order_is_recognised_before_it_is_checked(tmp_path: Path) -> None:
    said = LEAST | {"services": ["music", "effects"], "budget_max": 5.0, "rate": None, "media_roots": ["a"]}
    checked = Order.parse(said).in_folder(tmp_path).dump()
    assert shortest(in_folder(said, tmp_path)) | {"version": 1} == checked


def test_what_goes_without_saying_is_what_an_order_takes() -> None:
    order = Order.parse(LEAST).model_dump(mode="json")
    said = {name: value for name, value in order.items() if value is not None and name not in LEAST}
    assert said == {**DEFAULTS, "version": 1}


def test_the_options_of_score_are_the_fields_of_an_order() -> None:
    from avm_otio.cli.score import score

    own = {"help", "as_json", "quiet"}
    named = {options.FIELD_OF.get(param.name or "", param.name) for param in score.params} - own
    assert named == set(Order.model_fields) - {"version"}
