"""Exports that are orders by themselves, for hosts whose scripts can write nothing else."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from lupa import luajit21

from avm_otio.jobs.watch.exports import request_of
from avm_otio.jobs.watch.protocol import Result
from avm_otio.jobs.watch.watcher import Watch
from avm_otio.report import Report, Silent
from avm_otio.request import Request
from tests.jobs.watching import LOCAL_ONLY, done, watched


def lua(path: Path) -> Any:
    return luajit21.LuaRuntime().execute(path.read_text(encoding="utf-8"))


def test_an_export_is_carried_out_and_answered_in_lua_and_json(tmp_path: Path) -> None:
    (tmp_path / "Reel 3 2026-11-23 171500.score.otio").write_text("{}")
    watched(tmp_path)
    made = tmp_path / "Reel 3 2026-11-23 171500.score"
    assert (made / "cut.otio").read_text() == "{}"
    assert json.loads((made / "request.json").read_text())["editor"] == "resolve"
    in_json, in_lua = json.loads((made / "result.json").read_text()), lua(made / "result.lua")
    assert in_lua["output"] == in_json["output"]
    assert lua(tmp_path / "AVM Last Resolve Job.lua")["name"] == made.name
    assert not (tmp_path / "watcher.lua").exists(), "it says that somebody watches"


def test_what_fails_is_told_in_lua_too(tmp_path: Path) -> None:
    (tmp_path / "Reel 3.score.otio").write_text("{}")

    def fail(asked: Request, report: Report) -> Result:
        raise ValueError("a “quote” and a \\")

    watched(tmp_path, fail)
    assert "a “quote” and a \\" in lua(tmp_path / "Reel 3.score" / "error.lua")["message"]


@pytest.mark.parametrize(
    ("name", "tc_in", "tc_out"),
    [
        ("Reel 3 2026-11-23 171500.score", None, None),
        (
            "Reel (in 3) 2026-11-23 171500 (in 01.00.10.00 out 01.00.40.00).score",
            "01:00:10:00",
            "01:00:40:00",
        ),
        ("R (in 00.59.59;29 out 01.00.00;02).score", "00:59:59;29", "01:00:00;02"),
    ],
)
def test_the_name_says_what_is_to_be_scored(name: str, tc_in: str | None, tc_out: str | None) -> None:
    asked = request_of(name)
    assert (asked.tc_in, asked.tc_out, asked.timeline) == (tc_in, tc_out, Path("cut.otio"))


def test_an_export_that_is_still_written_is_waited_for(tmp_path: Path) -> None:
    export = tmp_path / "Reel 3.score.otio"
    export.write_text('{"a":')
    taken: list[str] = []

    def carry_out(asked: Request, report: Report) -> Result:
        taken.append(asked.timeline.read_text())
        return done(asked, report)

    timer = threading.Timer(0.5, lambda: export.write_text('{"a": 1}'))
    timer.start()
    watched(tmp_path, carry_out)
    timer.join()
    assert taken == ['{"a": 1}']


def test_two_watchers_make_one_request_of_it(tmp_path: Path) -> None:
    for number in range(8):
        (tmp_path / f"Reel {number}.score.otio").write_text("{}")
    taken: list[str] = []

    def carry_out(asked: Request, report: Report) -> Result:
        taken.append(asked.timeline)
        return done(asked, report)

    watches = [Watch([tmp_path], carry_out, LOCAL_ONLY, Silent()) for _ in range(3)]
    threads = [threading.Thread(target=one.run, kwargs={"once": True, "poll_s": 0.02}) for one in watches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 8


def test_a_watcher_that_died_between_moving_and_asking_is_made_up_for(tmp_path: Path) -> None:
    made = tmp_path / "Reel 3.score"
    made.mkdir()
    (made / "cut.otio").write_text("{}")
    watched(tmp_path)
    assert (made / "result.lua").exists()


def test_a_link_is_no_export(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("{}")
    (tmp_path / "Reel 3.score.otio").symlink_to(tmp_path / "secret")
    watched(tmp_path)
    assert not (tmp_path / "Reel 3.score").exists()
