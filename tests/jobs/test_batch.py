"""Many timelines at once: what is done and paid for, and what goes wrong; real processes, real HTTP."""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avm_otio import app
from avm_otio.cli.main import run
from avm_otio.jobs.many.budget import Budget, Limits, Permission
from avm_otio.jobs.many.workers import Worker, WorkerDiedError
from avm_otio.jobs.question import Question
from avm_otio.mix.cues import Total
from avm_otio.request import Request
from tests.loopback_http import Reply, says
from tests.media.numbered import movie
from tests.scripted_service import FILM_ID, ScriptedService, effect, film_service, result_of, sound
from tests.timelines import clip, timeline, track

PAY = f"/film/{FILM_ID}/service/"
PRICE = Decimal("12.5")
"""Of the two items that the service finds for every timeline."""


@pytest.fixture(scope="session")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("footage") / "film.mp4"
    movie(path, 96, Fraction(24))
    return path


@pytest.fixture
def cuts(tmp_path: Path, footage: Path) -> list[Path]:
    """Five timelines, no two with the same film."""
    paths = []
    for number in range(5):
        cut = timeline(track(clip("shot", number, 24 + number, url=str(footage), available=(0, 96))))
        paths.append(tmp_path / f"cut{number}.otio")
        paths[-1].write_text(cut.to_json_string())
    return paths


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedService]:
    monkeypatch.setenv("AVM_TOKEN", "sesame-1234567890")
    with film_service(result_of()) as found:
        found.result = result_of(
            effect(found.url),
            musics=[{"id": 7, "price": 10.0, "url": f"{found.url}/items/7", "title": "Bed"}],
        )
        found.files = {"/items/1": sound(), "/items/7": sound()}
        yield found


Batch = Callable[..., int]


@pytest.fixture
def batch(cuts: list[Path], service: ScriptedService) -> Batch:
    def call(*more: str) -> int:
        always = ["--service", service.url, "--cpu-jobs", "1", "--service-jobs", "2"]
        return run(["batch", *map(str, cuts), *always, "--report", str(cuts[0].with_name("r.json")), *more])

    return call


def paid(service: ScriptedService) -> int:
    return service.calls("POST").count(PAY)


def report(cuts: list[Path]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cuts[0].with_name("r.json").read_text())
    return found


def states(cuts: list[Path]) -> Counter[str]:
    return Counter(row["state"] for row in report(cuts)["rows"])


def scored(cuts: list[Path]) -> list[Path]:
    return sorted(cuts[0].parent.glob("*.scored.otio"))


def test_each_timeline_is_scored_and_paid_for_once_and_a_second_run_has_nothing_to_do(
    batch: Batch, cuts: list[Path], service: ScriptedService
) -> None:
    assert batch() == 0
    assert len(scored(cuts)) == paid(service) == 5
    assert report(cuts)["price"] == {"USD": str(5 * PRICE)}
    asked = len(service.asked)
    assert batch() == 0
    assert len(service.asked) == asked
    assert all(row["recalled"] for row in report(cuts)["rows"])
    assert report(cuts)["price"] == {"USD": str(5 * PRICE)}


def test_no_more_run_at_once_than_was_said_and_results_come_before_the_last_film_is_made(
    batch: Batch, cuts: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert batch("--json") == 0
    stages: dict[str, str] = {}
    most: Counter[str] = Counter()
    came: list[str] = []
    for line in capsys.readouterr().out.splitlines():
        event = json.loads(line)
        if event["event"] == "batch_item":
            stages[event["timeline"]] = event["state"]
            came.append(event["state"])
            for state, count in Counter(stages.values()).items():
                most[state] = max(most[state], count)
    assert most["preparing"] + most["finishing"] <= 2  # of one process: never both at once
    assert most["answering"] <= 2
    assert most["prepared"] <= 2
    assert came.index("done") < len(came) - 1 - came[::-1].index("preparing")


@pytest.mark.slow
def test_one_that_fails_does_not_stop_the_others_and_mended_it_is_all_that_is_left(
    batch: Batch, cuts: list[Path], service: ScriptedService
) -> None:
    good = cuts[2].read_text()
    cuts[2].write_text("no timeline")
    assert batch() == 3
    assert states(cuts) == {"done": 4, "failed": 1}
    failed = report(cuts)["rows"][2]
    assert (failed["timeline"], failed["exit_code"]) == (str(cuts[2]), 3)
    assert failed["error"]
    cuts[2].write_text(good)
    assert batch() == 0
    assert paid(service) == 5


def test_the_highest_code_is_the_batchs(batch: Batch, cuts: list[Path], service: ScriptedService) -> None:
    cuts[2].write_text("no timeline")
    service.files.clear()
    assert batch() == 6


@pytest.mark.slow
def test_no_more_analyses_are_paid_for_than_allowed_also_by_later_runs(
    batch: Batch, cuts: list[Path], service: ScriptedService
) -> None:
    assert batch("--max-analyses", "2") == 5
    assert paid(service) == 2
    assert states(cuts) == {"done": 2, "held": 3}
    assert batch("--max-analyses", "2") == 5
    assert paid(service) == 2
    assert batch("--max-analyses", "3", "--service-jobs", "5") == 5
    assert paid(service) == 3
    assert report(cuts)["analyses"] == 3
    assert batch("--max-analyses", "5") == 0
    assert paid(service) == 5


@pytest.mark.slow
def test_an_answer_that_is_paid_for_counts_though_it_could_not_be_laid(
    batch: Batch, cuts: list[Path], service: ScriptedService
) -> None:
    files = dict(service.files)
    service.files.clear()
    assert batch("--max-analyses", "2") == 6
    assert paid(service) == 2
    service.files.update(files)
    assert batch("--max-analyses", "2") == 5
    assert states(cuts) == {"done": 2, "held": 3}
    assert paid(service) == 2


def test_a_call_that_was_refused_does_not_count(
    batch: Batch, cuts: list[Path], service: ScriptedService
) -> None:
    replies = iter([says({"message": ["The license data must be provide"]}, 400)])
    usual = says({"session_id": 3215})
    service.instead[f"POST {PAY}"] = lambda handler: next(replies, usual)(handler)
    assert batch("--max-analyses", "2") == 6
    assert states(cuts) == {"failed": 1, "done": 2, "held": 2}
    assert paid(service) == 3


@pytest.mark.slow
def test_what_is_laid_never_costs_more_than_allowed_and_a_dear_answer_is_kept(
    batch: Batch, cuts: list[Path], service: ScriptedService
) -> None:
    assert batch("--max-cost", "30") == 5
    totals = report(cuts)
    assert Decimal(totals["price"]["USD"]) == 2 * PRICE
    assert states(cuts) == {"done": 2, "held": 3}
    assert paid(service) <= 4  # two were too dear at most: as many as were under way
    so_far = paid(service)
    assert batch("--max-cost", "62.5") == 0
    assert paid(service) == 5 >= so_far
    assert Decimal(report(cuts)["price"]["USD"]) == 5 * PRICE


def test_where_the_analyses_are_used_up_the_rest_is_not_tried(
    batch: Batch, cuts: list[Path], service: ScriptedService
) -> None:
    service.instead[f"POST {PAY}"] = says({"message": ["Insufficient analyze count"]}, 400)
    assert batch("--service-jobs", "1") == 5
    assert paid(service) == 1
    assert states(cuts) == {"failed": 1, "held": 4}


@pytest.mark.slow
def test_again_asks_and_pays_anew_whatever_was_paid_before(
    batch: Batch, cuts: list[Path], service: ScriptedService
) -> None:
    assert batch() == 0
    assert batch("--again", "--max-analyses", "2") == 5
    assert paid(service) == 7


READY = app.ready


def dies_once(request: Request) -> tuple[Request, Question]:
    """Makes a request ready; the first worker that does so is killed, as by a system without memory."""
    mark = request.timeline.with_suffix(".died")
    if (
        multiprocessing.parent_process() is not None
        and request.timeline.name == "cut1.otio"
        and not mark.exists()
    ):
        mark.touch()
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    return READY(request)


def dies_always(request: Request) -> tuple[Request, Question]:
    if multiprocessing.parent_process() is not None and request.timeline.name == "cut1.otio":
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
    return READY(request)


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_its_timeline_a_second_try(
    batch: Batch, cuts: list[Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(app, "ready", dies_once)
    assert batch() == 0
    assert "cut1.otio: Its worker process was ended from outside; retrying." in capsys.readouterr().err


@pytest.mark.slow
def test_a_timeline_that_kills_its_worker_again_fails_alone(
    batch: Batch, cuts: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "ready", dies_always)
    assert batch() == 1
    assert states(cuts) == {"done": 4, "failed": 1}
    assert "--cpu-jobs" in report(cuts)["rows"][1]["hint"]


def all_gone(group: int, patience_s: float = 10.0) -> bool:
    """Whether every process of a group ends; Python's own helper process sees a little later that it may."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def test_a_dead_worker_is_replaced_and_a_fault_in_it_comes_back() -> None:
    worker = Worker()
    assert worker.call(abs, -3) == 3
    with pytest.raises(WorkerDiedError):
        worker.call(os._exit, 1)
    with pytest.raises(ZeroDivisionError):
        worker.call(divmod, 1, 0)
    worker.close()
    worker.stop()
    with pytest.raises(WorkerDiedError):
        worker.call(abs, -3)
    assert worker.pid is None


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a signal")
def test_ctrl_c_ends_all_processes_lets_paid_calls_answer_and_the_next_run_goes_on(
    batch: Batch, cuts: list[Path], service: ScriptedService
) -> None:
    paying, may_answer = threading.Event(), threading.Event()

    def late(handler: BaseHTTPRequestHandler) -> None:
        paying.set()
        may_answer.wait(30)
        says({"session_id": 3215})(handler)

    usual: Reply = says({"session_id": 3215})
    service.instead[f"POST {PAY}"] = late
    command = [sys.executable, "-m", "avm_otio", "batch", *map(str, cuts), "--service", service.url]
    place = str(cuts[0].with_name("r.csv"))
    with subprocess.Popen(
        [*command, "--cpu-jobs", "1", "--service-jobs", "1", "--report", place],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # tests in the background ignore it
    ) as program:
        assert paying.wait(60)
        os.killpg(program.pid, signal.SIGINT)  # as a terminal does: to every process
        assert program.stderr is not None
        while "Waiting for the answer to 1 paid call" not in (line := program.stderr.readline()):
            assert line
        may_answer.set()
        program.communicate(timeout=60)
    assert program.returncode == 130
    assert all_gone(program.pid)
    with Path(place).open(newline="") as file:
        assert {row["state"] for row in csv.DictReader(file)} <= {"stopped", ""}
    service.instead[f"POST {PAY}"] = usual
    assert batch() == 0
    assert paid(service) == 5


# Laws of the budget


@given(
    st.integers(0, 5),
    st.lists(st.tuples(st.integers(0, 7), st.sampled_from(("ask", "answer", "fail"))), max_size=60),
)
def test_whatever_happens_no_more_calls_leave_than_allowed(
    limit: int, happened: list[tuple[int, str]]
) -> None:
    budget = Budget(Limits(analyses=limit))
    under_way: set[Path] = set()
    answered: set[Path] = set()
    for number, what in happened:
        job = Path(str(number))
        if what == "ask":
            if budget.reserve(job, "s") is Permission.GRANTED:
                under_way |= {job} - answered
        elif job in under_way:
            under_way.remove(job)
            if what == "answer":
                budget.count_paid(job)
                answered.add(job)
            else:
                budget.release(job)
        assert len(under_way | answered) <= limit


@given(st.decimals(0, 100, places=2), st.lists(st.decimals(0, 40, places=2), max_size=12))
def test_whatever_answers_cost_what_is_laid_stays_within_the_limit(
    limit: Decimal, prices: list[Decimal]
) -> None:
    budget = Budget(Limits(cost=limit))
    for number, price in enumerate(prices):
        job = Path(str(number))
        if budget.reserve(job, "s") is Permission.GRANTED:
            budget.count_paid(job)
            budget.accept(job, Total(price))
        assert budget.cost <= limit
