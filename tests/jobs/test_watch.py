"""A watch folder: each request is carried out exactly once, whoever watches and whoever dies."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from avm_otio.config.folders import default_cache_dir
from avm_otio.errors import InputError
from avm_otio.jobs.watch.protocol import CountedResult, Progress, Result, Watcher
from avm_otio.jobs.watch.visits import Rules
from avm_otio.jobs.watch.watcher import Watch
from avm_otio.report import Report, Silent
from avm_otio.request import Request
from tests.jobs.watching import (
    LOCAL_ONLY,
    TOKEN,
    done,
    error_in,
    paid,
    program,
    real_request,
    request,
    watched,
)
from tests.loopback_http import says
from tests.scripted_service import FILM_ID, SESSION_ID, ScriptedService, service_of_two

# --- what is left behind


def test_a_result_of_version_1_is_read() -> None:
    kept = (
        '{"version": 1, "output": "/cut/scored.otio", "job": "/cut/.avm/cut-1", "film_id": 1,'
        ' "session_id": 2, "music": 1, "effects": 0, "dialogue": 0, "alternatives": 0, "total_price": "1.50",'
        ' "currency": "USD", "media_folder": null, "recalled": false, "rate": "24", "start_frame": 0,'
        ' "clips": [], "losses": [{"feature": "fade", "item": "Rain at 00:00:01:00", "told": "cut hard"}],'
        ' "notes": []}'
    )
    (loss,) = CountedResult.model_validate_json(kept).losses
    assert loss.model_dump() == {"feature": "fade", "item": "Rain at 00:00:01:00", "message": "cut hard"}


def test_a_request_is_answered_in_its_own_folder(tmp_path: Path) -> None:
    made = request(tmp_path, "短片 1")
    watched(tmp_path)
    result = json.loads((made / "result.json").read_text())
    Result.model_validate(result)
    assert result["output"] == str(made / "out.otio")
    assert sorted(one.name for one in made.iterdir()) == ["out.otio", "request.json", "result.json"]


def test_what_was_answered_is_left_alone(tmp_path: Path) -> None:
    request(tmp_path, "one")
    watched(tmp_path)
    times = []
    watched(tmp_path, lambda asked, report: times.append(1) or done(asked, report))
    assert times == []


def test_an_error_is_said_where_the_host_looks(tmp_path: Path) -> None:
    def fail(asked: Request, report: Report) -> Result:
        raise InputError("The cut is empty.", "Add a clip.")

    made, other = request(tmp_path, "one"), request(tmp_path, "two")
    watched(tmp_path, fail)
    assert error_in(made) == error_in(other)
    assert error_in(made)["message"] == "The cut is empty."
    assert error_in(made)["exit_code"] == 3


def test_a_fault_of_ours_ends_one_request_and_not_the_watch(tmp_path: Path) -> None:
    def fail(asked: Request, report: Report) -> Result:
        if "bad" in str(asked.timeline):
            raise ZeroDivisionError
        return done(asked, report)

    bad, good = request(tmp_path, "a bad one"), request(tmp_path, "good")
    watched(tmp_path, fail)
    assert "fault of avm-otio" in error_in(bad)["message"]
    assert "ZeroDivisionError" in (default_cache_dir() / "fault.log").read_text()
    assert (good / "result.json").exists()


def test_progress_is_told_as_it_goes(tmp_path: Path) -> None:
    seen: list[Progress] = []
    made = tmp_path / "one"

    def slow(asked: Request, report: Report) -> Result:
        report.warn("Something to know.")
        with report.step("Exporting the film", 10) as advance:
            for done_frames in (3, 10):
                time.sleep(0.25)
                advance(done_frames)
                seen.append(Progress.model_validate_json((made / "progress.json").read_bytes()))
        return done(asked, report)

    request(tmp_path, "one")
    watched(tmp_path, slow)
    assert [(one.label, one.done, one.total) for one in seen] == [
        ("Exporting the film", 3, 10),
        ("Exporting the film", 10, 10),
    ]
    assert seen[0].sequence < seen[1].sequence
    assert seen[0].messages == ("Something to know.",)


# --- what is refused


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({"timeline": "../other/cut.otio"}, "outside"),
        ({"output": "/etc/passwd"}, "outside"),
        ({"service": "https://elsewhere.example"}, "elsewhere.example"),
        ({"jobs_dir": "/tmp"}, "jobs_dir"),
        ({"musik": 1}, "musik"),
        ({"services": []}, "services"),
    ],
)
def test_a_request_may_ask_for_no_more_than_its_own_folder(
    tmp_path: Path, order: dict[str, Any], message: str
) -> None:
    made = request(tmp_path, "one", **order)
    watched(tmp_path)
    assert message in error_in(made)["message"]
    assert error_in(made)["exit_code"] == 3


def test_a_link_leads_to_no_other_folder(tmp_path: Path) -> None:
    (tmp_path / "watched").mkdir()
    request(tmp_path, "elsewhere")
    (tmp_path / "watched" / "one").symlink_to(tmp_path / "elsewhere")
    made = request(tmp_path / "watched", "two", output="way/out.otio")
    (made / "way").symlink_to(tmp_path)
    watched(tmp_path / "watched")
    assert not (tmp_path / "elsewhere" / "result.json").exists()
    assert "outside" in error_in(made)["message"]


def test_outside_may_be_allowed(tmp_path: Path) -> None:
    made = request(tmp_path, "one", timeline=str(tmp_path / "cut.otio"))
    watched(tmp_path, rules=Rules(("local",), allow_outside=True))
    assert (made / "result.json").exists()


@pytest.mark.slow
@pytest.mark.parametrize("text", ["", "{", '{"timeline": "a', "nonsense", "x" * (1024 * 1024 + 1)])
def test_what_stays_no_request_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "request.json").write_text(text)
    watched(tmp_path)
    assert "request.json" in error_in(tmp_path / "one")["message"]


def test_a_request_that_is_still_written_is_waited_for(tmp_path: Path) -> None:
    whole = json.dumps({"timeline": "cut.otio", "output": "out.otio"})
    made = tmp_path / "one"
    made.mkdir()
    (made / "request.json").write_text(whole[:20])
    writing = threading.Timer(0.4, lambda: (made / "request.json").write_text(whole))
    writing.start()
    watched(tmp_path)
    writing.join()
    assert (made / "result.json").exists()


def test_a_request_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "one" / "request.json").mkdir(parents=True)
    watched(tmp_path)
    assert "not a file" in error_in(tmp_path / "one")["message"]


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder"):
        Watch([tmp_path / "none"], done, LOCAL_ONLY, Silent())


# --- who watches


@pytest.mark.slow
def test_whoever_looks_can_tell_that_somebody_watches(tmp_path: Path) -> None:
    beats: list[Watcher] = []

    def look(asked: Request, report: Report) -> Result:
        for _ in range(2):
            beats.append(Watcher.model_validate_json((tmp_path / "watcher.json").read_bytes()))
            time.sleep(1.2)
        return done(asked, report)

    request(tmp_path, "one")
    watched(tmp_path, look)
    assert beats[0].beat < beats[1].beat
    assert beats[1].working_on == ("one",)
    assert not (tmp_path / "watcher.json").exists()
    assert list((tmp_path / "watchers").iterdir()) == []


def test_a_cancelled_request_ends_at_the_next_moment(tmp_path: Path) -> None:
    def wait(asked: Request, report: Report) -> Result:
        (tmp_path / "one" / "cancel").touch()
        for _ in range(100):
            time.sleep(0.05)
            report.event("waiting")
        raise AssertionError("it went on")

    made, other = request(tmp_path, "one"), request(tmp_path, "two")
    (other / "cancel").touch()
    watched(tmp_path, wait, parallel=2)
    assert error_in(made)["kind"] == error_in(other)["kind"] == "CancelledError"
    assert not (made / "out.otio").exists()


def test_a_folder_that_goes_away_ends_its_request_alone(tmp_path: Path) -> None:
    def vanish(asked: Request, report: Report) -> Result:
        if asked.timeline.parent.name == "one":
            shutil.rmtree(tmp_path / "one")
            time.sleep(0.3)
            report.event("waiting")
        return done(asked, report)

    request(tmp_path, "one")
    other = request(tmp_path, "two")
    watched(tmp_path, vanish)
    assert (other / "result.json").exists()


def test_many_watchers_do_each_request_once(tmp_path: Path) -> None:
    times: Counter[str] = Counter()
    lock = threading.Lock()

    def count(asked: Request, report: Report) -> Result:
        with lock:
            times[asked.timeline.parent.name] += 1
        time.sleep(0.002)
        return done(asked, report)

    made = [request(tmp_path, f"r{number}") for number in range(60)]
    watchers = [
        threading.Thread(target=watched, args=(tmp_path, count), kwargs={"parallel": 3}) for _ in range(5)
    ]
    for one in watchers:
        one.start()
    for one in watchers:
        one.join()
    assert times == {one.name: 1 for one in made}
    assert all((one / "result.json").exists() for one in made)


def test_what_a_dead_watcher_left_is_taken_over_by_one_only(tmp_path: Path) -> None:
    """The lease is long: who is held up for all of it, on a loaded machine, has lost the claim by right."""
    made = request(tmp_path, "one")
    (made / "claim.json").write_text('{"version": 1, "watcher": "dead", "host": "h", "pid": 1}')
    times: list[str] = []

    def count(asked: Request, report: Report) -> Result:
        times.append(asked.timeline)
        return done(asked, report)

    watchers = [
        threading.Thread(target=watched, args=(tmp_path, count), kwargs={"lease_s": 2.0}) for _ in range(4)
    ]
    for one in watchers:
        one.start()
    for one in watchers:
        one.join()
    assert len(times) == 1
    assert sorted(one.name for one in made.iterdir()) == ["out.otio", "request.json", "result.json"]


def test_a_watcher_that_slept_writes_nothing_over_who_took_over(tmp_path: Path) -> None:
    made = request(tmp_path, "one")

    def sleep(asked: Request, report: Report) -> Result:
        (made / "claim.json").write_text('{"version": 1, "watcher": "other", "host": "h", "pid": 1}')
        time.sleep(0.3)
        report.event("waiting")
        raise AssertionError("it went on")

    watch = Watch([tmp_path], sleep, LOCAL_ONLY, Silent())
    stop = threading.Timer(1.0, lambda: (made / "result.json").write_text("{}"))
    stop.start()
    watch.run(once=True, poll_s=0.05)
    stop.join()
    assert json.loads((made / "claim.json").read_text())["watcher"] == "other"
    assert not (made / "error.json").exists()


# --- the real program


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedService]:
    monkeypatch.setenv("AVM_TOKEN", TOKEN)
    with service_of_two() as found:
        monkeypatch.setenv("AVM_SERVICE", found.url)
        yield found


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="kills processes as POSIX does")
def test_processes_share_a_folder_and_pay_once_for_one_question(
    tmp_path: Path, service: ScriptedService
) -> None:
    made = [real_request(tmp_path, f"r{number}", start=number % 3) for number in range(6)]
    for one in made[3:]:  # the same three questions in other folders
        text = (one / "cut.otio").read_text()
        (one / "cut.otio").write_text(text.replace(one.name, f"r{int(one.name[1]) - 3}"))
    watchers = [program(tmp_path, "--once", "--jobs", "2") for _ in range(3)]
    ends = [one.communicate(timeout=120) for one in watchers]
    assert [one.returncode for one in watchers] == [0, 0, 0], ends
    assert [(one / "error.json").exists() for one in made] == [False] * 6
    assert all((one / "result.json").exists() for one in made)
    assert paid(service) == 3
    assert all(TOKEN.encode() not in one.read_bytes() for one in tmp_path.rglob("*.json"))


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="kills processes as POSIX does")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize(
    "call",
    [
        "POST /film/",
        f"POST /film/{FILM_ID}/service/",
        f"GET /film/{FILM_ID}/service/{SESSION_ID}/",
        "GET /items/7",
    ],
)
def test_whoever_dies_another_goes_on(
    tmp_path: Path, service: ScriptedService, how: signal.Signals, call: str
) -> None:
    found = {
        "recommended_musics": service.result["music_mapping_service"]["musics"],
        "sound_effects": service.result["sound_effect_service"]["sound_effects"],
    }
    service.instead[f"GET /film/{FILM_ID}/"] = says({"id": FILM_ID, "type": "normal_film", **found})
    made = real_request(tmp_path, "one", 0)

    def dies(handler: Any) -> None:
        """The service has acted; whoever asked may not hear of it."""
        del service.instead[call]
        first.send_signal(how)
        if how is signal.SIGKILL:
            first.wait()
        handler.reply()(handler)

    service.instead[call] = dies
    first = program(tmp_path)
    _, errors = first.communicate(timeout=120)
    assert "Traceback" not in errors
    assert sorted(one.name for one in made.glob("*.json")) == (
        ["claim.json", "progress.json", "request.json"]
        if how is signal.SIGKILL
        else ["progress.json", "request.json"]
    )
    second = program(tmp_path, "--once")
    second.communicate(timeout=120)
    assert second.returncode == 0
    assert json.loads((made / "result.json").read_text())["music"] == 1
    assert paid(service) == 1


def test_an_error_says_the_same_as_the_command_line(tmp_path: Path, service: ScriptedService) -> None:
    made = request(tmp_path, "one")
    watch = program(tmp_path, "--once")
    out, _ = watch.communicate(timeout=60)
    events = [json.loads(line) for line in out.splitlines()]
    assert [one["event"] for one in events] == ["watching", "request_taken", "request_failed", "done"]
    assert events[2]["message"] == error_in(made)["message"]
    assert "cut.otio" in error_in(made)["message"]
