"""The audition page asked for in a watch folder: who gets it, who reads its address, what follows it."""

from __future__ import annotations

import json
import os
import stat
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lupa import luajit21

from avm_otio.jobs.watch import pages
from avm_otio.jobs.watch.watcher import Watch
from avm_otio.report import Report, Silent
from avm_otio.request import Request
from tests.jobs.watching import LOCAL_ONLY, done, error_in, request, watched

ADDRESS = "http://127.0.0.1:8911/enter?token=once"

SERVER = """
import json, pathlib, sys, time
folder = pathlib.Path(__file__).parent
(folder / "called.json").write_text(json.dumps(sys.argv[1:]))
for line in (folder / "events.jsonl").read_text().splitlines():
    event = json.loads(line)
    while event.get("after") and not (folder / event["after"]).exists():
        time.sleep(0.01)
    print(line, flush=True)
"""


class Desk:
    """A watch folder with a scored request in it, and a page whose server reports what it is given to."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.watch, self.server = folder / "watch", folder / "server"
        self.watch.mkdir()
        self.server.mkdir()
        (self.server / "server.py").write_text(SERVER)
        patch.setattr(pages, "PROGRAM", (sys.executable, str(self.server / "server.py")))
        self.scored = request(self.watch, "reel 3")
        watched(self.watch, self.score)
        self.reports({"event": "audition", "address": ADDRESS}, {"event": "page_opened"}, {"event": "done"})

    def score(self, asked: Request, report: Report) -> Any:
        return done(asked, report).model_copy(update={"job": str(self.watch / "jobs" / "x")})

    def reports(self, *events: dict[str, Any]) -> None:
        lines = "".join(f"{json.dumps(event)}\n" for event in events)
        (self.server / "events.jsonl").write_text(lines)

    def happens(self, name: str) -> None:
        """What the server waits for."""
        (self.server / name).touch()

    def asks(self, name: str = "page", **asked: Any) -> Path:
        made = self.watch / name
        made.mkdir()
        (made / "draft").write_text(json.dumps({"audition": "reel 3", **asked}))
        (made / "draft").rename(made / "request.json")
        return made

    def meanwhile(self, *steps: Callable[[], None], **more: Any) -> None:
        """Watch until nothing is left to do, while something else happens."""
        watch = Watch([self.watch], self.score, LOCAL_ONLY, Silent(), **more)
        watching = threading.Thread(target=lambda: watch.run(once=True, poll_s=0.02))
        watching.start()
        try:
            for step in steps:
                step()
        finally:
            watching.join(30)
        assert not watching.is_alive()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


def until(find: Callable[[], Any]) -> Any:
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        if found := find():
            return found
        time.sleep(0.01)
    raise AssertionError("it did not come")


def test_whoever_scored_is_given_the_address_of_the_page_and_nobody_else_can_read_it(desk: Desk) -> None:
    opened = {"event": "page_opened", "after": "opened"}
    desk.reports({"event": "audition", "address": ADDRESS}, opened, {"event": "done"})
    made = desk.asks()

    def look() -> None:
        path = made / "page.json"
        until(path.exists)
        assert json.loads(path.read_text())["address"] == ADDRESS
        if os.name == "posix":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        desk.happens("opened")

    desk.meanwhile(look)
    called = json.loads((desk.server / "called.json").read_text())
    assert called[:2] == ["audition", str(desk.scored / "out.otio")]
    assert {"--no-open", "--json", str(desk.watch / "jobs")} <= set(called)
    assert json.loads((made / "result.json").read_text())["output"] == str(desk.scored / "out.otio")
    assert not (made / "page.json").exists(), "a page that is closed has no address"


def test_an_address_that_was_used_is_there_no_longer(desk: Desk) -> None:
    opened, over = {"event": "page_opened"}, {"event": "done", "after": "over"}
    desk.reports({"event": "audition", "address": ADDRESS}, opened, over)
    made = desk.asks()

    def look() -> None:
        until(lambda: (made / "page.json").exists() and "token" not in (made / "page.json").read_text())
        desk.happens("over")

    desk.meanwhile(look)


def test_a_timeline_that_the_page_wrote_anew_is_what_the_earlier_request_answers(desk: Desk) -> None:
    now = json.loads((desk.scored / "result.json").read_text()) | {"total_price": "9.99", "music": 3}
    desk.reports(
        {"event": "audition", "address": ADDRESS},
        {"event": "page_opened"},
        {"event": "updated", "result": now},
        {"event": "done", "after": "over"},
    )
    made = desk.asks()

    def look() -> None:
        until(lambda: json.loads((desk.scored / "result.json").read_text())["total_price"] == "9.99")
        assert not (made / "result.json").exists(), "the page is open"
        desk.happens("over")

    desk.meanwhile(look)
    assert json.loads((made / "result.json").read_text())["total_price"] == "9.99"


def test_a_page_that_is_open_takes_no_turn_of_a_scoring(desk: Desk) -> None:
    over = {"event": "done", "after": "over"}
    desk.reports({"event": "audition", "address": ADDRESS}, {"event": "page_opened"}, over)
    desk.asks()

    def look() -> None:
        until((desk.watch / "page" / "page.json").exists)
        until((request(desk.watch, "reel 4") / "result.json").exists)
        desk.happens("over")

    desk.meanwhile(look, parallel=1)


def test_a_page_is_there_while_a_long_scoring_goes_on(desk: Desk) -> None:
    has_begun, may_end = threading.Event(), threading.Event()

    def score(asked: Request, report: Report) -> Any:
        has_begun.set()
        assert may_end.wait(20)
        return done(asked, report)

    request(desk.watch, "reel 4")
    watch = Watch([desk.watch], score, LOCAL_ONLY, Silent(), parallel=1)
    watching = threading.Thread(target=lambda: watch.run(once=True, poll_s=0.02))
    watching.start()
    try:
        assert has_begun.wait(20)
        until((desk.asks() / "result.json").exists)
    finally:
        may_end.set()
        watching.join(30)


def test_who_cancels_ends_the_page(desk: Desk) -> None:
    never = {"event": "done", "after": "never"}
    desk.reports({"event": "audition", "address": ADDRESS}, {"event": "page_opened"}, never)
    made = desk.asks()

    def cancel() -> None:
        until((made / "page.json").exists)
        (made / "cancel").touch()

    desk.meanwhile(cancel)
    assert error_in(made)["kind"] == "CancelledError"


def test_a_page_that_nobody_opens_is_gone_after_a_while(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "UNOPENED_S", 0.5)
    desk.reports({"event": "audition", "address": ADDRESS}, {"event": "done", "after": "never"})
    made = desk.asks()
    watched(desk.watch)
    assert "No browser opened" in error_in(made)["message"]
    assert not (made / "page.json").exists()


def test_what_the_page_cannot_do_is_said_in_its_own_words(desk: Desk) -> None:
    desk.reports({"event": "error", "kind": "InputError", "message": "There is no out.otio.", "hint": "Go."})
    made = desk.asks()
    watched(desk.watch)
    assert (error_in(made)["message"], error_in(made)["hint"]) == ("There is no out.otio.", "Go.")


def test_a_server_that_ends_at_once_is_reported(desk: Desk) -> None:
    desk.reports()
    made = desk.asks()
    watched(desk.watch)
    assert "ended before a browser had it" in error_in(made)["message"]


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../watch/reel 3", "reel 3/", "/etc", "jobs", "watchers", ".x", "gone", "a\\b"]
)
def test_no_folder_but_that_of_a_scored_request_has_a_page(desk: Desk, name: str) -> None:
    made = desk.asks(audition=name)
    watched(desk.watch)
    assert error_in(made)["kind"] == "InputError"
    assert not (desk.server / "called.json").exists()


@pytest.mark.parametrize("wrong", [{"audition": 5}, {"open": "yes"}, {"port": 80}, {"version": 2}])
def test_a_request_for_a_page_asks_for_nothing_else(desk: Desk, wrong: dict[str, Any]) -> None:
    made = desk.asks(**wrong)
    watched(desk.watch)
    assert error_in(made)["kind"] == "InputError"
    assert not (desk.server / "called.json").exists()


posix = pytest.mark.skipif(os.name != "posix", reason="there are no modes and owners")


@posix
@pytest.mark.parametrize("which", ["page", "reel 3", "reel 3/result.json", "."])
def test_what_others_can_write_has_no_page(desk: Desk, which: str) -> None:
    """A stranger could name another's job in it, or swap the folder for one of their own."""
    made = desk.asks()
    path = desk.watch / which
    path.chmod(path.stat().st_mode | 0o002)
    watched(desk.watch)
    assert "alone" in error_in(made)["message"]
    assert not (desk.server / "called.json").exists()


@posix
def test_a_link_to_a_scored_request_has_no_page(desk: Desk) -> None:
    (desk.watch / "other").symlink_to(desk.scored)
    made = desk.asks(audition="other")
    watched(desk.watch)
    assert error_in(made)["kind"] == "InputError"


def test_a_host_that_can_only_export_has_the_watcher_open_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (desk.watch / "reel 3").rename(desk.watch / "reel 3.score")
    opened: list[str] = []
    monkeypatch.setattr(pages.webbrowser, "open", lambda address: not opened.append(address))
    over = {"event": "done", "after": "over"}
    desk.reports({"event": "audition", "address": ADDRESS}, {"event": "page_opened"}, over)
    (desk.watch / "reel 3.score (2026-11-30 221500).audition.otio").write_text("{}")
    made = desk.watch / "reel 3.score (2026-11-30 221500).audition"

    def look() -> None:
        until((made / "page.lua").exists)
        page = luajit21.LuaRuntime().execute((made / "page.lua").read_text())
        assert page["address"] is None
        assert page["host"]
        desk.happens("over")

    desk.meanwhile(look)
    assert opened == [ADDRESS]
    assert (made / "result.lua").exists()


def test_where_the_watcher_has_no_browser_the_address_is_given(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages.webbrowser, "open", lambda address: False)
    opened = {"event": "page_opened", "after": "opened"}
    desk.reports({"event": "audition", "address": ADDRESS}, opened, {"event": "done"})
    made = desk.asks(open=True)

    def look() -> None:
        until((made / "page.json").exists)
        assert json.loads((made / "page.json").read_text())["address"] == ADDRESS
        desk.happens("opened")

    desk.meanwhile(look)
