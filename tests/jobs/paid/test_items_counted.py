"""What an answer costs: each item once, and what takes the place of one that cannot be had."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from avm_otio.cli.main import run
from tests.jobs.small_cut import FILM, Run, found_on_film, paid, the_job
from tests.loopback_http import says
from tests.scripted_service import ScriptedService, effect, result_of, sound, wav


@pytest.mark.slow
def test_music_and_effect_of_one_id_are_two_in_every_total(
    cut: Path, score: Run, service: ScriptedService, capsys: pytest.CaptureFixture[str]
) -> None:
    music = {"id": 7, "price": 90.0, "url": f"{service.url}/items/7", "title": "Bed"}
    service.result |= result_of(effect(service.url, 7, price=3.0), musics=[music])
    jobs = str(cut.parent / "jobs")
    assert score("--jobs-dir", jobs) == 0
    assert "chosen items cost 93.00 USD" in capsys.readouterr().err
    assert run(["jobs", "show", jobs]) == 0 or run(["jobs", "list", jobs]) == 0
    assert "93.00 USD" in capsys.readouterr().out
    order = ["batch", str(cut), "--output-dir", str(cut.parent / "scored"), "--service", service.url]
    assert run([*order, "--jobs-dir", jobs, "--max-cost", "92"]) != 0
    assert "93.0" in "".join(capsys.readouterr())
    assert run([*order, "--jobs-dir", jobs, "--max-cost", "93"]) == 0


def test_an_item_that_can_never_be_had_is_replaced_for_good_and_the_total_follows(
    cut: Path, score: Run, service: ScriptedService, capsys: pytest.CaptureFixture[str]
) -> None:
    service.result = result_of(
        effect(service.url, 1, price=2.5),
        effect(service.url, 3, "00:00:01", "00:00:01.5", price=4),
        musics=[
            {"id": number, "price": price, "url": f"{service.url}/items/{number}", "title": title}
            for number, price, title in ((6, 100, "Gone"), (7, 10, "Bed"), (8, 1, "Calm"))
        ],
    )
    service.files = {"/items/1": sound(), "/items/7": sound(wav(9)), "/items/8": sound(wav(8))}
    service.instead[FILM] = says(found_on_film(service))
    assert score("--alternatives", "1") == 0
    errors = capsys.readouterr().err
    assert "Music 6 cannot be had" in errors
    assert "“Bed” (music 7) takes its place: under the film" in errors
    assert "Effect 3 cannot be had" in errors
    assert "nothing takes its place, which stays empty: at 00:00:01.000000" in errors
    assert "chosen items cost 12.50 USD" in errors
    journal = json.loads((the_job(cut) / "job.json").read_text())
    assert set(journal["unavailable"]) == {"music 6", "effect 3"}
    assert set(journal["media"]) == {"music 7", "music 8", "effect 1"}
    (written,) = journal["outputs"].values()
    assert [(one["id"], one["instead"]) for one in written["summary"]["unavailable"]] == [
        (6, {"id": 7, "title": "Bed"}),
        (3, None),
    ]
    service.files |= {"/items/6": sound(), "/items/3": sound()}
    asked = len(service.asked)
    assert score("--alternatives", "1", output="again.otio") == 0
    assert len(service.asked) == asked  # the choice stays
    assert "chosen items cost 12.50 USD" in capsys.readouterr().err
    assert run(["jobs", "show", str(the_job(cut))]) == 0
    shown = capsys.readouterr().out
    assert "2 items for 12.50 USD" in shown
    assert "music 6 cannot be had: 6 Gone: 127.0.0.1 answered 404" in shown
    assert run(["jobs", "resume", str(the_job(cut)), "--wait"]) == 0
    assert "chosen items cost 106.50 USD" in capsys.readouterr().err
    assert paid(service) == 1


@pytest.mark.slow
def test_a_budget_holds_for_what_takes_the_place_of_an_item_that_cannot_be_had(
    cut: Path, score: Run, service: ScriptedService, capsys: pytest.CaptureFixture[str]
) -> None:
    service.result = result_of(
        musics=[
            {"id": number, "price": price, "url": f"{service.url}/items/{number}", "title": "Bed"}
            for number, price in ((6, 1), (7, 50))
        ]
    )
    service.instead[FILM] = says(found_on_film(service))
    order = ["batch", str(cut), "--output-dir", str(cut.parent / "scored"), "--service", service.url]
    assert run([*order, "--max-cost", "49"]) == 5
    assert "50" in "".join(capsys.readouterr())
    assert run([*order, "--max-cost", "50"]) == 0
    assert paid(service) == 1
