"""A run that was interrupted or answered badly: nothing that may have been paid for is sent again unasked."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from avm_otio.cli.main import run
from avm_otio.errors import AvmError, OutputError
from avm_otio.jobs.folder import JOURNAL, Job
from avm_otio.retry import Retrying
from tests.jobs.small_cut import FILM, PAY, Run, found_on_film, paid, the_job, uploaded
from tests.loopback_http import Reply, html, reset, says
from tests.scripted_service import FILM_ID, ScriptedService, sound
from tests.service.calls import REFUSED, UNSURE


def test_what_failed_before_the_paid_call_is_not_sent_again(score: Run, service: ScriptedService) -> None:
    service.instead[PAY] = says({"message": ["Insufficient analyze count"]}, 400)
    assert score() == 5
    del service.instead[PAY]
    assert score() == 0
    assert uploaded(service) == 1


@pytest.mark.slow
def test_what_failed_after_the_paid_call_is_not_paid_again(score: Run, service: ScriptedService) -> None:
    service.files["/items/1"] = html(503)
    assert score() == 6
    service.files["/items/1"] = sound()
    assert score() == 0
    assert (uploaded(service), paid(service)) == (1, 1)


@pytest.mark.parametrize("fault", [reset, html(502), says({}), says({"message": ["oops"]}, 500)])
def test_a_paid_call_whose_answer_is_lost_is_never_sent_again_unasked(
    cut: Path, score: Run, service: ScriptedService, fault: object, capsys: pytest.CaptureFixture[str]
) -> None:
    service.instead[PAY] = fault
    assert score() == 7
    del service.instead[PAY]
    assert score() == 7
    assert paid(service) == 1
    errors = capsys.readouterr().err
    assert f"jobs resume {the_job(cut)} --wait" in errors
    assert "--resubmit" in errors


def test_what_an_unanswered_call_brought_is_found_on_the_film(score: Run, service: ScriptedService) -> None:
    service.instead[PAY] = reset
    service.instead[FILM] = says(found_on_film(service))
    assert score() == 0
    assert paid(service) == 1


def test_a_part_that_never_comes_is_told(
    score: Run, service: ScriptedService, capsys: pytest.CaptureFixture[str]
) -> None:
    service.instead[PAY] = reset
    service.instead[FILM] = says(found_on_film(service) | {"sound_effects": []})
    assert score() == 0
    assert "Nothing came for effects" in capsys.readouterr().err


def test_waiting_for_it_or_sending_it_again_is_the_users_word(
    cut: Path, score: Run, service: ScriptedService
) -> None:
    service.instead[PAY] = reset
    assert score() == 7
    del service.instead[PAY]
    service.instead[FILM] = says(found_on_film(service))
    assert run(["jobs", "resume", str(the_job(cut)), "--wait"]) == 0
    assert paid(service) == 1
    assert (cut.parent / "out.otio").exists()


def test_sending_it_again_pays_once_more_and_only_where_nobody_knows(
    cut: Path, score: Run, service: ScriptedService
) -> None:
    service.instead[PAY] = reset
    assert score() == 7
    del service.instead[PAY]
    job = str(the_job(cut))
    assert run(["jobs", "resume", job, "--resubmit", "--yes"]) == 0
    assert paid(service) == 2
    assert run(["jobs", "resume", job, "--resubmit", "--yes"]) == 2
    assert paid(service) == 2


@pytest.mark.slow
def test_an_upload_whose_answer_is_lost_is_looked_for_by_its_name(
    cut: Path, score: Run, service: ScriptedService
) -> None:
    service.instead["POST /film/"] = reset
    service.instead["GET /film/"] = says({"count": 0, "next": None, "previous": None, "results": []})
    assert score() == 6
    name = json.loads((the_job(cut) / "job.json").read_text())["film"]["sent_as"]
    service.instead["GET /film/"] = says(
        {"results": [{"id": 3, "filename": "x.mp4"}, {"id": FILM_ID, "filename": name}]}
    )
    sent = uploaded(service)
    assert score() == 0
    assert uploaded(service) == sent


def films_of(*names: str) -> Reply:
    return says({"results": [{"id": FILM_ID, "filename": name} for name in names]})


@pytest.mark.slow
@pytest.mark.parametrize("never_says", [reset, html(502), says({"message": ["Later."]}, 503)])
def test_a_film_is_not_sent_again_to_a_service_that_cannot_say_what_it_holds(
    score: Run, service: ScriptedService, never_says: Reply
) -> None:
    service.instead |= {"POST /film/": reset, "GET /film/": never_says}
    assert score() == 6
    assert uploaded(service) == 1


def test_a_film_that_is_listed_late_is_not_sent_again(
    cut: Path, score: Run, service: ScriptedService
) -> None:
    looks = []

    def listed(handler: BaseHTTPRequestHandler) -> None:
        looks.append(handler.path)
        name = json.loads((the_job(cut) / JOURNAL).read_text())["film"]["sent_as"]
        films_of(*([name] if len(looks) > 1 else []))(handler)

    service.instead |= {"POST /film/": reset, "GET /film/": listed}
    assert score() == 0
    assert (uploaded(service), paid(service)) == (1, 1)


def test_a_film_that_the_service_lost_before_anything_was_paid_is_sent_again(
    score: Run, service: ScriptedService
) -> None:
    service.instead[PAY] = says({"message": ["Insufficient analyze count"]}, 400)
    assert score() == 5
    service.instead[FILM] = says({"message": ["There is no such film."]}, 404)
    assert score() == 5
    assert (uploaded(service), paid(service)) == (2, 2)
    del service.instead[PAY], service.instead[FILM]
    assert score() == 0
    assert (uploaded(service), paid(service)) == (2, 3)


@pytest.mark.slow
@pytest.mark.parametrize("fault", UNSURE.values(), ids=UNSURE)
@pytest.mark.parametrize("acted", [True, False])
def test_what_proves_nothing_is_looked_for_and_never_sent_again_unasked(
    score: Run, service: ScriptedService, fault: Reply, acted: bool
) -> None:
    service.instead[PAY] = fault
    if acted:
        service.instead[FILM] = says(found_on_film(service))
    for _ in range(2):
        assert score() == (0 if acted else 7)
    assert (uploaded(service), paid(service)) == (1, 1)


@pytest.mark.slow
@pytest.mark.parametrize(("refusal", "kind", "attempts"), REFUSED.values(), ids=REFUSED)
def test_what_was_refused_ends_the_run_and_is_sent_again_by_the_next(
    score: Run, service: ScriptedService, refusal: Reply, kind: type[AvmError], attempts: int
) -> None:
    service.instead[PAY] = refusal
    assert score() == kind.exit_code
    sent = paid(service)
    assert sent == (1 if attempts == 1 else Retrying().attempts)
    del service.instead[PAY]
    assert score() == 0
    assert (uploaded(service), paid(service)) == (1, sent + 1)


def test_what_was_carried_out_and_answered_with_a_refusal_is_not_paid_again(
    score: Run, service: ScriptedService, capsys: pytest.CaptureFixture[str]
) -> None:
    service.instead[PAY] = says({"message": ["Insufficient analyze count"]}, 400)
    assert score() == 5
    service.instead[FILM] = says(found_on_film(service))
    assert score() == 0
    assert paid(service) == 1
    assert "nothing is paid for again" in capsys.readouterr().err


def test_a_disk_that_is_full_as_the_call_is_answered_lets_nothing_be_paid_again(
    score: Run, service: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(job: Job, name: str, document: object) -> None:
        if name == JOURNAL and job.journal.call is not None:
            raise OutputError("The disk is full.")
        save_to(job, name, document)

    save_to = Job.save
    monkeypatch.setattr(Job, "save", full)
    assert score() == 1
    monkeypatch.setattr(Job, "save", save_to)
    service.instead[FILM] = says(found_on_film(service))
    assert score() == 0
    assert paid(service) == 1
