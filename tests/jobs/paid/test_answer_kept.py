"""The answer that was paid for is kept as it came, whatever it holds and whatever comes after it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from avm_otio.cli.main import run
from avm_otio.jobs.folder import JOURNAL
from tests.jobs.small_cut import FILM, PAY, Run, paid, the_job
from tests.loopback_http import html, raw, says
from tests.scripted_service import FILM_ID, SESSION_ID, ScriptedService, sound


def test_an_answer_is_on_disk_as_it_came_before_anything_is_read(
    cut: Path, score: Run, service: ScriptedService
) -> None:
    odd = b'{"is_done": true, "music_mapping_service": 12,,}'
    poll = f"GET /film/{FILM_ID}/service/{SESSION_ID}/"
    service.instead[poll] = raw(200, odd, content_type="application/json")
    assert score() == 6
    assert (the_job(cut) / "result.received").read_bytes() == odd
    assert b"3215" in (the_job(cut) / "call.received").read_bytes()
    del service.instead[poll]
    assert score() == 0
    assert json.loads((the_job(cut) / "result.received").read_bytes()) == service.result
    assert paid(service) == 1


ODD = {
    "half an emoji": {"title": "a \ud83c b"},
    "half an emoji in a field of another's": {"new \udfff": ["\ud83c"]},
    "a price in quotes": {"price": "12.50"},
    "is_bought as a number": {"is_bought": 0},
    "bpm as text": {"bpm": "129"},
    "a title that is a number": {"title": 1984},
    "an id in quotes": {"id": "7"},
    "a title that is a list": {"title": ["a"]},
}


@pytest.mark.slow
@pytest.mark.parametrize("odd", [*ODD, "a field 400 deep", "a field 5000 deep"])
@pytest.mark.parametrize("suffix", [".otio", ".xml", ".fcpxml"])
def test_an_odd_field_does_not_lose_what_was_paid_for(
    cut: Path, score: Run, service: ScriptedService, odd: str, suffix: str
) -> None:
    music = service.result["music_mapping_service"]["musics"]
    music[0] |= ODD.get(odd, {"new": "DEEP"})
    depth = 5000 if "5000" in odd else 400
    deep = json.dumps(service.result).replace('"DEEP"', '{"a":' * depth + "1" + "}" * depth)
    poll = f"GET /film/{FILM_ID}/service/{SESSION_ID}/"
    service.instead[poll] = raw(200, deep.encode(), content_type="application/json")
    assert score(output=f"out{suffix}") == 0
    assert len(list((the_job(cut) / "media").iterdir())) == 2
    assert run(["jobs", "show", str(the_job(cut))]) == 0
    assert score(output=f"again{suffix}") == 0
    assert paid(service) == 1


@pytest.mark.slow
def test_an_answer_that_is_fetched_again_is_kept_as_it_came_too(
    cut: Path, score: Run, service: ScriptedService
) -> None:
    service.files["/items/1"] = html(503)
    assert score() == 6
    service.files["/items/1"] = sound()
    service.result["new"] = "as it is now"
    assert score() == 0
    assert json.loads((the_job(cut) / "result.received").read_text()) == service.result
    assert json.loads((the_job(cut) / "result.json").read_text())["new"] == "as it is now"


@pytest.mark.slow
@pytest.mark.parametrize("call", [FILM, f"{FILM}service/{SESSION_ID}/"])
def test_what_comes_instead_of_it_does_not_take_its_place(
    cut: Path, score: Run, service: ScriptedService, call: str
) -> None:
    service.files["/items/1"] = html(503)
    assert score() == 6
    kept = {path.name: path.read_bytes() for path in the_job(cut).glob("*.received")}
    service.files["/items/1"] = sound()
    service.instead[call] = html(200)
    assert score() == 0
    assert {path.name: path.read_bytes() for path in the_job(cut).glob("*.received")} == kept
    assert paid(service) == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: "\0" * len(text),  # as a power cut leaves a file
        lambda text: text.replace('"key"', '"kex"'),
        lambda text: text.replace('"answered": "', '"answered": 7, "x": "'),
    ],
)
def test_a_damaged_journal_pays_for_nothing_and_says_what_moving_it_away_would(
    cut: Path,
    score: Run,
    service: ScriptedService,
    damage: Callable[[str], str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert score() == 0
    journal = the_job(cut) / JOURNAL
    whole = journal.read_text()
    journal.write_text(damage(whole))
    (cut.parent / "out.otio").unlink()
    asked = len(service.asked)
    capsys.readouterr()
    assert score() == 3
    errors = capsys.readouterr().err
    assert str(journal) in errors
    assert "Restore it from a backup" in errors
    assert "what was paid for is paid for again" in errors
    assert len(service.asked) == asked
    journal.write_text(whole)
    assert score() == 0
    assert paid(service) == 1


def test_a_token_that_the_service_sends_back_is_in_no_file(
    cut: Path, score: Run, service: ScriptedService
) -> None:
    music = service.result["music_mapping_service"]["musics"]
    music[0] |= {"title": "sesame-1234567890", "new": {"sesame-1234567890": "Token sesame-1234567890"}}
    service.instead[FILM] = says({"id": FILM_ID, "title": "sesame-1234567890"})
    service.instead[PAY] = says({"session_id": SESSION_ID, "token": "sesame-1234567890"})
    assert score() == 0
    for path in cut.parent.rglob("*"):
        assert "sesame" not in path.name
        assert not path.is_file() or b"sesame" not in path.read_bytes()


def test_the_token_is_in_no_file_of_the_job(cut: Path, score: Run) -> None:
    assert score() == 0
    for path in cut.with_suffix(".avm").rglob("*"):
        assert not path.is_file() or b"sesame" not in path.read_bytes()
