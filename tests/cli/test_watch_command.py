"""``watch`` as its user meets it: what is refused, what is told, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from avm_otio.cli.main import run
from tests.jobs.watching import error_in, program, request


def refused(capsys: pytest.CaptureFixture[str], *arguments: str, code: int) -> str:
    """The one line with which a call is refused."""
    assert run(["watch", "--once", *arguments]) == code
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1
    return errors[0]


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def watching(folder: Path, *more: str) -> subprocess.Popen[str]:
    """The real program, once it says that somebody watches."""
    watch = program(folder, *more)
    while not (folder / "watcher.json").exists():
        assert watch.poll() is None
        time.sleep(0.02)
    return watch


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed = refused(capsys, str(tmp_path / "none"), code=3)
    assert "none" in printed
    assert "Create it first" in printed


def test_a_folder_of_jobs_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cut.avm").mkdir()
    assert "folder for jobs" in refused(capsys, str(tmp_path / "cut.avm"), code=3)


def test_a_folder_in_whose_place_for_heartbeats_a_file_lies_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "watchers").touch()
    assert "Move it away" in refused(capsys, str(tmp_path), code=3)


@pytest.mark.parametrize("arguments", [(), ("--poll", "0"), ("--poll", "soon"), ("--jobs", "0")])
def test_a_call_that_makes_no_sense_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    folder = (str(tmp_path),) if arguments else ()
    assert "--help" in refused(capsys, *folder, *arguments, code=2)


def test_with_nothing_to_do_once_ends_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["watch", str(tmp_path), "--once", "--json"]) == 0
    assert [one["event"] for one in events(capsys.readouterr().out)] == ["watching", "done"]
    assert not (tmp_path / "watcher.json").exists()


def test_a_person_reads_what_became_of_each_request(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    made = [request(tmp_path / "a", "短片 1"), request(tmp_path / "b", "two", output="../out.otio")]
    assert run(["watch", str(tmp_path / "a"), str(tmp_path / "b"), "--once"]) == 0
    printed = capsys.readouterr().err
    assert "短片 1: taken up" in printed
    for one in made:
        assert f"{one.name}: failed: {error_in(one)['message']}" in printed


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGINT that is sent to one process")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_watches_until_interrupted_and_says_goodbye(tmp_path: Path, how: signal.Signals) -> None:
    watch = watching(tmp_path)
    made = request(tmp_path, "one")
    while not (made / "error.json").exists():
        assert watch.poll() is None
        time.sleep(0.02)
    watch.send_signal(how)
    out, printed = watch.communicate(timeout=60)
    assert watch.returncode == 130
    assert "Traceback" not in printed
    assert events(out)[-1]["event"] == "error"
    assert not (tmp_path / "watcher.json").exists()
    assert list((tmp_path / "watchers").iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGINT that is sent to one process")
def test_where_another_still_watches_somebody_watches(tmp_path: Path) -> None:
    first = watching(tmp_path)
    second = program(tmp_path)
    while len(list((tmp_path / "watchers").glob("[!.]*"))) < 2:
        assert second.poll() is None
        time.sleep(0.02)
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=60)
    until = time.monotonic() + 30
    while not (tmp_path / "watcher.json").exists() and time.monotonic() < until:
        time.sleep(0.02)
    pid = json.loads((tmp_path / "watcher.json").read_text())["pid"]
    second.send_signal(signal.SIGINT)
    second.communicate(timeout=60)
    assert pid == second.pid
