"""``avm-otio jobs``: what is listed, gone on with, forgotten and cleaned, and what never is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from avm_otio.cli.main import run
from avm_otio.jobs.folder import hold
from tests.media.numbered import movie
from tests.scripted_service import (
    FILM_ID,
    SESSION_ID,
    ScriptedService,
    effect,
    film_service,
    result_of,
    sound,
    wav,
)
from tests.timelines import clip, timeline, track

PAID_CALL = f"/film/{FILM_ID}/service/"
RATE = Fraction(24)
TOKEN = "sesame-1234567890"


@pytest.fixture(scope="module")
def service() -> Iterator[ScriptedService]:
    with film_service(result_of()) as found:
        bed = {"id": 7, "price": 10.0, "url": f"{found.url}/items/7", "title": "Bed"}
        spare = {"id": 8, "price": 9.0, "url": f"{found.url}/items/8", "title": "Other bed"}
        found.result = result_of(effect(found.url), musics=[bed, spare])
        found.files = {"/items/1": sound(), "/items/7": sound(wav(3))}
        yield found


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory, service: ScriptedService) -> Path:
    """A folder in which a cut was scored; the tests work on copies of it."""
    folder = tmp_path_factory.mktemp("scored")
    movie(folder / "a.mp4", 60, RATE)
    cut = timeline(
        track(
            clip("first", 3, 20, url="a.mp4", available=(0, 60)),
            clip("二番目", 30, 20, url="a.mp4", available=(0, 60)),
        )
    )
    (folder / "cut.otio").write_text(cut.to_json_string())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AVM_TOKEN", TOKEN)
        patch.setenv("AVM_CONFIG_DIR", str(tmp_path_factory.mktemp("config")))
        patch.chdir(folder)
        assert run(["score", "cut.otio", "-o", "out.otio", "--service", service.url, "-q"]) == 0
    return folder


@pytest.fixture
def here(scored: Path, service: ScriptedService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, as the current folder, moved to another place."""
    folder = tmp_path / "moved"
    shutil.copytree(scored, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("AVM_TOKEN", TOKEN)
    config = Path(os.environ["AVM_CONFIG_DIR"])
    config.mkdir(parents=True, exist_ok=True)
    (config / "config.toml").write_text("[timeouts]\nlook_s = 0.01\nwait_s = 0.02\n")
    service.asked.clear()
    service.instead.clear()
    return folder


def job_in(folder: Path) -> Path:
    (job,) = (folder / "cut.avm").glob("*-????????????")
    return job


def key_in(folder: Path) -> str:
    return job_in(folder).name[-12:]


def change(job: Path, **changes: Any) -> None:
    """Turn a job back to an earlier moment."""
    journal = json.loads((job / "job.json").read_text())
    (job / "job.json").write_text(json.dumps(journal | changes))


def break_off(job: Path) -> None:
    """As it is where the answer to the paid call was lost."""
    (job / "result.json").unlink()
    call = {"begun": "2026-01-31T12:00:00.000+00:00"}
    change(job, call=call, answered=None, media={}, outputs={}, read={})


def stop(job: Path) -> None:
    """As it is where the run was killed before it laid the answer."""
    change(job, outputs={}, error={"kind": "NetworkError", "message": "The network went.", "exit_code": 6})


def events(text: str, name: str) -> list[dict[str, Any]]:
    return [each for each in map(json.loads, text.splitlines()) if each["event"] == name]


Outputs = Callable[[], tuple[str, str]]


@pytest.fixture
def outputs(capsys: pytest.CaptureFixture[str]) -> Outputs:
    def read() -> tuple[str, str]:
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        assert TOKEN not in out + err
        return out, err

    return read


# --- list and show


def test_a_list_tells_what_how_far_what_it_cost_and_which_film(here: Path, outputs: Outputs) -> None:
    assert run(["jobs", "list"]) == 0
    head, line = outputs()[0].splitlines()
    assert head.split() == ["KEY", "WHAT", "STATE", "CUES", "COST", "SIZE", "FILM", "CHANGED"]
    words = line.split()
    assert words[:5] == [key_in(here)[:8], "cut", "finished", "2", "12.50"]
    assert str(FILM_ID) in words


def test_the_job_that_changed_last_is_listed_first_and_an_error_stands_under_it(
    here: Path, outputs: Outputs
) -> None:
    other = here / "other.avm" / "first-0123456789ab"
    shutil.copytree(job_in(here), other)
    change(other, key="0123456789ab", changed="2099-01-01T00:00:00.000+00:00")
    stop(other)
    assert run(["jobs", "list", "."]) == 0
    lines = outputs()[0].splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["01234567", "The", key_in(here)[:8]]


@pytest.mark.parametrize("place", ["cut.otio", "cut.avm", ".", "..", "job"])
def test_jobs_are_found_by_timeline_folder_or_whatever_holds_them(
    here: Path, place: str, outputs: Outputs
) -> None:
    assert run(["jobs", "list", str(job_in(here)) if place == "job" else place, "--json"]) == 0
    out = outputs()[0]
    (job,) = events(out, "job")
    assert job["job"] == str(job_in(here))
    assert (job["state"], job["is_paid"], job["total_price"], job["currency"]) == (
        "finished",
        True,
        "12.5",
        "USD",
    )
    assert events(out, "done")[0]["jobs"] == 1


def test_a_place_that_is_not_there_is_told_and_one_without_jobs_is_fine(here: Path, outputs: Outputs) -> None:
    assert run(["jobs", "list", "nowhere.otio"]) == 3
    assert "nowhere.otio" in outputs()[1]
    assert run(["jobs", "list", str(here / "a.mp4")]) == 0
    assert "no jobs here" in outputs()[1]


def test_all_of_one_job_can_be_shown_with_the_licence_and_every_item(here: Path, outputs: Outputs) -> None:
    assert run(["jobs", "show", key_in(here)[:5]]) == 0
    out = outputs()[0]
    for word in (
        "Bed",
        "10.00 USD",
        "S-1",
        "2.50 USD",
        "how long: 1",
        f"session {SESSION_ID}",
        "film.mp4",
    ):
        assert word in out
    assert "2 items for 12.50 USD; 1 more" in out
    assert "nothing: everything is done" in out


def test_what_is_shown_of_an_uncertain_job_names_both_ways_on(here: Path, outputs: Outputs) -> None:
    break_off(job_in(here))
    assert run(["jobs", "show", str(job_in(here)), "--json"]) == 0
    (job,) = events(outputs()[0], "job")
    assert job["state"] == "unsure"
    assert ["--wait" in job["next"][0], "--resubmit" in job["next"][1]] == [True, True]


def test_a_run_at_work_is_seen(here: Path, outputs: Outputs) -> None:
    stop(job_in(here))
    with hold(job_in(here)):
        assert run(["jobs", "list", "--json"]) == 0
    assert events(outputs()[0], "job")[0]["at_work"] is True


# --- which job is meant


def test_a_wrong_key_suggests_the_nearest_right_one(here: Path, outputs: Outputs) -> None:
    key = key_in(here)
    wrong = key[:-1] + ("0" if key[-1] != "0" else "1")
    assert run(["jobs", "show", wrong]) == 3
    assert f"Did you mean {key}?" in outputs()[1]


def test_the_beginning_of_several_keys_lists_them(here: Path, outputs: Outputs) -> None:
    job = job_in(here)
    for key in ("0123456789ab", "0123456789cd"):
        shutil.copytree(job, here / "cut.avm" / f"cut-{key}")
        change(here / "cut.avm" / f"cut-{key}", key=key)
    assert run(["jobs", "show", "0123"]) == 3
    error = outputs()[1]
    assert "0123456789ab" in error
    assert "0123456789cd" in error


def test_keys_are_looked_for_where_in_says(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(here / "cut.avm" / job_in(here).name / "media")
    assert run(["jobs", "show", key_in(here)]) == 3
    assert run(["jobs", "show", key_in(here), "--in", str(here)]) == 0


# --- resume


def test_a_finished_job_says_so_at_once_and_asks_nobody(
    here: Path, service: ScriptedService, outputs: Outputs
) -> None:
    run(["jobs", "resume", key_in(here)])
    outputs()
    assert run(["jobs", "resume", key_in(here), "--json"]) == 0
    assert events(outputs()[0], "done")[0]["recalled"] is True
    assert service.asked == []


def test_a_job_that_was_moved_is_laid_anew_since_its_output_may_name_the_old_place(
    here: Path, service: ScriptedService, outputs: Outputs
) -> None:
    assert run(["jobs", "resume", key_in(here), "--json"]) == 0
    assert events(outputs()[0], "done")[0]["recalled"] is False
    assert service.asked == []


def test_a_stopped_job_is_laid_without_asking_again(
    here: Path, service: ScriptedService, outputs: Outputs
) -> None:
    (here / "out.otio").unlink()
    stop(job_in(here))
    assert run(["jobs", "resume", "--all", "--json"]) == 0
    assert events(outputs()[0], "done")[0]["recalled"] is False
    assert (here / "out.otio").is_file()
    assert service.asked == []
    assert run(["jobs", "resume", "--all"]) == 0
    assert "Nothing is left to do" in outputs()[1]


def as_version_1(job: Path) -> None:
    """Turn a job's journal into the form in which the first program wrote it."""
    journal = json.loads((job / "job.json").read_text())
    for output in journal["outputs"].values():
        output["told"] = output.pop("digest")
    (job / "job.json").write_text(json.dumps(journal | {"version": 1}))


def test_a_job_of_an_earlier_program_is_listed_recognised_and_resumed(
    here: Path, service: ScriptedService, outputs: Outputs
) -> None:
    job = job_in(here)
    assert run(["jobs", "resume", str(job)]) == 0  # laid anew, where it lies now
    as_version_1(job)
    outputs()
    assert run(["jobs", "list", "--json"]) == 0
    assert events(outputs()[0], "job")[0]["is_done"] is True
    assert run(["jobs", "resume", str(job), "--json"]) == 0
    assert events(outputs()[0], "done")[0]["recalled"] is True
    (here / "out.otio").unlink()
    assert run(["jobs", "resume", str(job), "--json"]) == 0
    assert events(outputs()[0], "done")[0]["recalled"] is False
    assert (here / "out.otio").is_file()
    journal = json.loads((job / "job.json").read_text())
    assert journal["version"] == 2
    assert [sorted(output) for output in journal["outputs"].values()] == [
        ["digest", "modified_ns", "order", "size_bytes", "summary"]
    ]
    assert service.asked == []


def test_what_was_told_last_is_what_is_gone_on_with(
    here: Path, service: ScriptedService, outputs: Outputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    louder = [
        "score",
        "cut.otio",
        "-o",
        "out.otio",
        "--service",
        service.url,
        "--music-gain",
        "-6",
        "--mix",
        "off",
    ]
    with monkeypatch.context() as patch:
        patch.setattr("avm_otio.jobs.pipeline.finish", interrupted)
        assert run(louder) == 130
    outputs()
    assert run(["jobs", "resume", key_in(here), "--json"]) == 0
    assert events(outputs()[0], "done")[0]["recalled"] is False
    assert '"gain_db": -6' in (here / "out.otio").read_text()


def test_one_job_that_fails_does_not_stop_the_others(
    here: Path, service: ScriptedService, outputs: Outputs
) -> None:
    stopped, unsure = job_in(here), here / "cut.avm" / "cut-0123456789ab"
    shutil.copytree(stopped, unsure)
    change(unsure, key="0123456789ab")
    break_off(unsure)
    stop(stopped)
    assert run(["jobs", "resume", str(unsure), str(stopped), "--json"]) == 7
    out = outputs()[0]
    assert events(out, "job_failed")[0]["job"] == str(unsure)
    assert len(events(out, "done")) == 1


def test_an_uncertain_call_is_looked_for_and_never_sent_unasked(
    here: Path, service: ScriptedService, outputs: Outputs
) -> None:
    job = job_in(here)
    break_off(job)
    assert run(["jobs", "resume", str(job)]) == 7
    assert "--wait" in outputs()[1]
    assert run(["jobs", "resume", str(job), "--resubmit"]) == 2
    assert "twice" in outputs()[1]
    assert service.calls("POST") == []
    assert run(["jobs", "resume", str(job), "--resubmit", "--yes"]) == 0
    assert service.calls("POST") == [PAID_CALL]


def test_what_goes_together_is_checked_before_anything_is_sent(here: Path, service: ScriptedService) -> None:
    key = key_in(here)
    for words in (
        [],
        [key, "--all"],
        [key, "--resubmit", "--wait"],
        ["--all", "--resubmit"],
        [key, "--resubmit"],
    ):
        assert run(["jobs", "resume", *words]) == 2
    assert service.asked == []


# --- forget


def test_what_was_paid_for_is_not_forgotten_unasked(here: Path, outputs: Outputs) -> None:
    job = job_in(here)
    assert run(["jobs", "forget", str(job)]) == 2
    error = outputs()[1]
    for word in ("12.50 USD", "paying again", "out.otio plays", "--yes"):
        assert word in error
    assert job.is_dir()
    assert run(["jobs", "forget", str(job), "--yes"]) == 0
    assert not job.exists()
    assert {each.name for each in here.iterdir()} == {"a.mp4", "cut.otio", "cut.avm", "out.otio"}


def test_a_job_of_which_nothing_is_lost_is_forgotten_at_once(here: Path) -> None:
    job = job_in(here)
    change(job, call=None, answered=None, outputs={})
    assert run(["jobs", "forget", key_in(here)]) == 0
    assert not job.exists()


def test_links_are_forgotten_and_not_what_they_lead_to(here: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "kept.wav").write_bytes(b"kept")
    job = job_in(here)
    shutil.rmtree(job / "media")
    (job / "media").symlink_to(precious)
    (job / "more").symlink_to(precious / "kept.wav")
    assert run(["jobs", "forget", str(job), "--yes"]) == 0
    assert not job.exists()
    assert (precious / "kept.wav").read_bytes() == b"kept"


def test_a_link_to_a_job_is_refused(here: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(job_in(here))
    assert run(["jobs", "forget", str(tmp_path / "link"), "--yes"]) == 3
    assert job_in(here).is_dir()


def test_a_folder_that_is_no_jobs_is_never_deleted(here: Path, tmp_path: Path) -> None:
    for name, text in {"none": None, "other": '{"format": "of another program"}', "cut-off": "{"}.items():
        folder = tmp_path / name
        folder.mkdir()
        if text is not None:
            (folder / "job.json").write_text(text)
        assert run(["jobs", "forget", str(folder), "--yes"]) == 3
        assert folder.is_dir()


def test_a_job_at_work_is_neither_forgotten_nor_cleaned(here: Path, outputs: Outputs) -> None:
    job = job_in(here)
    with hold(job):
        started = time.monotonic()
        assert run(["jobs", "forget", str(job), "--yes"]) == 3
        assert "at work" in outputs()[1]
        assert run(["jobs", "clean"]) == 0
        assert "at work" in outputs()[1]
        assert time.monotonic() - started < 30  # it would wait as long as the other run works
    assert (job / "film.mp4").is_file()


def test_a_forgotten_question_is_a_new_one(here: Path, service: ScriptedService) -> None:
    assert run(["jobs", "forget", key_in(here), "--yes"]) == 0
    assert run(["score", "cut.otio", "-o", "out.otio", "--service", service.url, "-q"]) == 0
    assert service.calls("POST") == ["/film/", PAID_CALL]


# --- clean


def test_cleaning_frees_what_can_be_made_again_and_nothing_else(here: Path, outputs: Outputs) -> None:
    job = job_in(here)
    litter = [job / ".0a1b2c3d.json", job / "media" / ".9 X.part", job / "media" / ".9 X.part.json"]
    for path in litter:
        path.write_bytes(b"half")
    beside = here / ".0a1b2c3d.otio"
    beside.write_bytes(b"half")
    os.utime(beside, (0, 0))
    (here / ".4d3c2b1a.otio").write_bytes(b"of a run that is at work")
    before = {path for path in here.rglob("*") if path.is_file()}
    assert run(["jobs", "clean", "--dry-run"]) == 0
    assert {path for path in here.rglob("*") if path.is_file()} == before
    film = (job / "film.mp4").stat().st_size
    outputs()
    assert run(["jobs", "clean", "--json"]) == 0
    (done,) = events(outputs()[0], "done")
    assert done["freed_bytes"] == film + 16
    assert before - {path for path in here.rglob("*") if path.is_file()} == {
        *litter,
        beside,
        job / "film.mp4",
    }


def test_a_cleaned_job_is_resumed_and_laid_anew_without_asking(here: Path, service: ScriptedService) -> None:
    whole = (here / "out.otio").read_bytes()
    assert run(["jobs", "clean"]) == 0
    (here / "out.otio").unlink()
    assert run(["jobs", "resume", key_in(here)]) == 0
    assert (here / "out.otio").is_file()
    assert run(["score", "cut.otio", "-o", "other.otio", "--service", service.url, "--music-gain", "-6"]) == 0
    assert len((here / "other.otio").read_bytes()) > 0.9 * len(whole)
    assert service.asked == []


def test_a_film_stays_as_long_as_its_answer_is_not_here(here: Path) -> None:
    break_off(job_in(here))
    assert run(["jobs", "clean"]) == 0
    assert (job_in(here) / "film.mp4").is_file()


def test_jobs_that_changed_lately_can_be_left_alone(here: Path) -> None:
    assert run(["jobs", "clean", "--older-than", "1"]) == 0
    assert (job_in(here) / "film.mp4").is_file()
    change(job_in(here), changed="2020-01-01T00:00:00.000+00:00")
    assert run(["jobs", "clean", "--older-than", "1"]) == 0
    assert not (job_in(here) / "film.mp4").exists()


# --- start-up


@pytest.mark.parametrize("words", ["jobs list", "jobs resume", "score"])
def test_a_look_at_what_is_done_loads_nothing_heavy(here: Path, service: ScriptedService, words: str) -> None:
    heavy = ["av", "numpy", "httpx", "opentimelineio", "starlette", "uvicorn", "rich", "keyring"]
    heavy += ["pydantic"] if words != "jobs list" else []
    more = {
        "jobs list": [],
        "jobs resume": [str(job_in(here))],
        "score": ["cut.otio", "-o", "out.otio", "--service", service.url],
    }
    arguments = [*words.split(), *more[words]]
    assert run(arguments) == 0
    program = (
        "import sys; from avm_otio.cli.main import run; code = run(sys.argv[1:]); "
        f"print([name for name in {heavy!r} if name in sys.modules]); sys.exit(code)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    assert ended.stdout.splitlines()[-1] == "[]"
