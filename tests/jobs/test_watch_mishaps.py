"""A watch folder in a world that goes wrong: nothing stops the watch, and every host is told."""

from __future__ import annotations

import errno
import os
import re
import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from avm_otio import app
from avm_otio.errors import InputError
from avm_otio.jobs.folder import hold, now, open_job
from avm_otio.jobs.journal import Journal
from avm_otio.jobs.watch.folder import WatchFolder
from avm_otio.jobs.watch.protocol import Claim, Result, Watcher
from avm_otio.jobs.watch.watcher import CancelledError, Watch
from avm_otio.report import Report, Silent
from avm_otio.request import Request
from tests.jobs.watching import (
    LOCAL_ONLY,
    TOKEN,
    done,
    error_in,
    real_request,
    request,
    watched,
)
from tests.loopback_http import says
from tests.scripted_service import FILM_ID, SESSION_ID, service_of_two


class Listening(Silent):
    """Whoever started the watch."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.warnings: list[str] = []

    def event(self, name: str, /, **fields: object) -> None:
        self.events.append(name)

    def warn(self, text: str) -> None:
        self.warnings.append(text)


posix = pytest.mark.skipif(os.name != "posix", reason="a POSIX file system's own")


# --- what lies there is not what it should be


@posix
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("../other.json")])
def test_only_a_file_is_a_request(tmp_path: Path, make: Any) -> None:
    (tmp_path / "other.json").write_text('{"a secret": 1}')
    (tmp_path / "a bad one").mkdir()
    make(tmp_path / "a bad one" / "request.json")
    good = request(tmp_path, "good")
    watched(tmp_path)
    assert "not a file" in error_in(tmp_path / "a bad one")["message"]
    assert "secret" not in (tmp_path / "a bad one" / "error.json").read_text()
    assert (good / "result.json").exists()


@pytest.mark.parametrize("path", ["cut\0.otio", "round/cut.otio"])
def test_a_path_that_leads_nowhere_is_the_hosts_mistake(tmp_path: Path, path: str) -> None:
    made = request(tmp_path, "one", timeline=path)
    (made / "round").symlink_to(made / "round")
    watched(tmp_path)
    assert error_in(made)["exit_code"] == 3
    assert re.search("“timeline” (must be|is not) a path", error_in(made)["message"])


@posix
def test_a_folder_whose_name_is_no_text_is_told_so(tmp_path: Path) -> None:
    try:
        made = request(tmp_path, os.fsdecode(b"caf\xe9"))
    except OSError:
        pytest.skip("names are text here")
    watched(tmp_path)
    assert "name" in error_in(made)["message"]


def test_an_error_whose_words_are_no_text_is_told_once(tmp_path: Path) -> None:
    def fail(asked: Request, report: Report) -> Result:
        report.warn("caf\udce9.wav")
        raise InputError("There is no caf\udce9.wav.")

    made = request(tmp_path, "one")
    heard = Listening()
    Watch([tmp_path], fail, LOCAL_ONLY, heard).run(once=True, poll_s=0.05)
    assert error_in(made)["message"] == "There is no caf?.wav."
    assert heard.events == ["request_taken", "request_failed"]


def test_a_folder_made_anew_is_a_new_request(tmp_path: Path) -> None:
    place = WatchFolder(tmp_path, "me", lease_s=10)
    made = request(tmp_path, "one")
    (made / "result.json").touch()
    assert list(place.waiting(())) == list(place.waiting(())) == []
    shutil.rmtree(made)
    request(tmp_path, "one")  # at the same inode, on many disks
    assert list(place.waiting(())) == [made]


def test_one_folder_is_not_watched_twice(tmp_path: Path) -> None:
    (tmp_path / "way").symlink_to(tmp_path)
    with pytest.raises(InputError, match="twice"):
        Watch([tmp_path, tmp_path / "way"], done, LOCAL_ONLY, Silent())


# --- claims


def test_a_claim_that_was_never_written_is_taken_over(tmp_path: Path) -> None:
    made = request(tmp_path, "one")
    (made / "claim.json").touch()  # its watcher was killed between making and writing it
    watched(tmp_path, lease_s=0.3)
    assert (made / "result.json").exists()


def test_a_claim_of_ours_at_which_nobody_works_is_taken_up_again(tmp_path: Path) -> None:
    # A looker that had come too late put it back when we had seen that it was gone.
    made = request(tmp_path, "one")
    watch = Watch([tmp_path], done, LOCAL_ONLY, Silent())
    (made / "claim.json").write_text(Claim(watcher=watch.id, host="h", pid=1).model_dump_json())
    watch.run(once=True, poll_s=0.05)
    assert (made / "result.json").exists()


def test_a_living_watchers_claim_is_left_alone(tmp_path: Path) -> None:
    made = request(tmp_path, "one")
    (made / "claim.json").write_text('{"version": 1, "watcher": "other", "host": "h", "pid": 1}')
    other = WatchFolder(tmp_path, "other", lease_s=0.5)
    looker = WatchFolder(tmp_path, "looker", lease_s=0.5)
    for _ in range(10):
        other.beat(("one",))
        assert list(looker.waiting(())) == []
        time.sleep(0.1)


# --- the machine


def test_a_full_disk_is_told_here_and_tried_again_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    made = request(tmp_path, "one")
    heard = Listening()
    with monkeypatch.context() as disk:
        disk.setattr("avm_otio.files.os.fsync", full)
        Watch([tmp_path], done, LOCAL_ONLY, heard).run(once=True, poll_s=0.05)
    assert heard.events == ["request_taken", "request_failed"]
    assert "disk is full" in heard.warnings[0]
    assert sorted(one.name for one in made.iterdir()) == ["out.otio", "request.json"]
    watched(tmp_path)
    assert (made / "result.json").exists()


@pytest.mark.slow
def test_a_watch_to_which_nobody_listens_any_more_ends_and_gives_back_what_it_is_at(tmp_path: Path) -> None:
    beats: list[int] = []

    class Gone(Silent):
        def event(self, name: str, /, **fields: object) -> None:
            raise BrokenPipeError

    def slow(asked: Request, report: Report) -> Result:
        for _ in range(2):
            time.sleep(1.3)
            beats.append(Watcher.model_validate_json((tmp_path / "watcher.json").read_bytes()).beat)
        report.event("waiting")
        raise AssertionError("it went on")

    made = request(tmp_path, "one")
    with pytest.raises(BrokenPipeError):
        Watch([tmp_path], slow, LOCAL_ONLY, Gone()).run(poll_s=0.05)
    assert sorted(one.name for one in made.iterdir()) == ["request.json"]
    assert beats[0] < beats[1]  # as long as anything was under way
    assert not (tmp_path / "watcher.json").exists()


def test_whoever_waits_for_another_run_can_be_ended(tmp_path: Path) -> None:
    class Cancelled(Silent):
        def warn(self, text: str) -> None:
            raise CancelledError(text)

    path = tmp_path / "job-1"
    journal = Journal(key="1", name="job", made=now(), asked={}, order={})
    with hold(path, lambda: journal):
        ended: list[str] = []

        def wait() -> None:
            try:
                with open_job(path, Cancelled()):
                    raise AssertionError("it is held")
            except CancelledError as error:
                ended.append(error.what)

        waiting = threading.Thread(target=wait, daemon=True)
        waiting.start()
        waiting.join(30)
    assert "Another run is at work" in ended[0]


def test_a_wait_for_the_service_can_be_cancelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("avm_otio.service.client.SHORTEST_PAUSE_S", 15.0)
    monkeypatch.setenv("AVM_TOKEN", TOKEN)
    made = real_request(tmp_path, "one", 0)
    session = f"/film/{FILM_ID}/service/{SESSION_ID}/"
    with service_of_two() as service:
        monkeypatch.setenv("AVM_SERVICE", service.url)

        def not_yet(handler: Any) -> None:
            (made / "cancel").touch()
            says({"is_done": False})(handler)

        service.instead[f"GET {session}"] = not_yet
        app.watch([tmp_path], once=True, poll_s=0.05)
    assert error_in(made)["kind"] == "CancelledError"
    assert service.calls("GET").count(session) == 1
    assert not (made / "out.otio").exists()


@pytest.mark.parametrize("why", ["cancel", "time"])
def test_a_request_whose_work_hangs_is_ended_and_holds_up_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    monkeypatch.setattr("avm_otio.jobs.watch.watcher._LOOK_UP_S", 0.1)
    rules = replace(LOCAL_ONLY, longest_s=0.2) if why == "time" else LOCAL_ONLY
    hanging = threading.Event()

    def hang(asked: Request, report: Report) -> Result:
        if "bad" in str(asked.timeline):
            (asked.output.parent / "cancel").touch() if why == "cancel" else None
            hanging.wait(60)
        return done(asked, report)

    bad, good = request(tmp_path, "a bad one"), request(tmp_path, "good")
    watched(tmp_path, hang, rules)
    hanging.set()
    assert error_in(bad)["kind"] == "CancelledError"
    assert (good / "result.json").exists()
    time.sleep(0.1)
    assert not (bad / "result.json").exists()


def test_ctrl_c_does_not_wait_for_ever_for_work_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("avm_otio.jobs.watch.watcher._LEAVE_S", 0.2)
    hanging = threading.Event()
    made = request(tmp_path, "one")

    def hang(asked: Request, report: Report) -> Result:
        hanging.wait(60)
        return done(asked, report)

    watch = Watch([tmp_path], hang, LOCAL_ONLY, Silent())
    looked = []

    def interrupt(seconds: float) -> None:
        looked.append(seconds)
        if len(looked) > 1:
            raise KeyboardInterrupt

    monkeypatch.setattr("avm_otio.jobs.watch.watcher.time.sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        watch.run()
    assert not (made / "claim.json").exists()
    hanging.set()
