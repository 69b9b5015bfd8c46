"""How the add-on for Blender leaves a request and waits for it; this part of it needs no Blender."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from avm_otio import __version__
from tests.outside import ROOT, module_at

RESULT = {"clips": [], "spare_clips": [], "notes": []}


@pytest.fixture(scope="module")
def addon() -> ModuleType:
    return module_at(ROOT / "plugins/blender/watch_folder.py")


class Desk:
    """A watch folder, and a program that is a line of Python."""

    def __init__(self, folder: Path, addon: ModuleType) -> None:
        self.folder, self.addon = folder, addon
        self.watch = folder / "watch"
        self.watch.mkdir()
        self.requests: list[Any] = []
        self._beats: Iterator[int] = iter(range(10_000))

    def request(self, program: str = "raise SystemExit(9)") -> Any:
        values = {
            "program": [sys.executable, "-c", program],
            "program_version": __version__,
            "watch_folder": str(self.watch),
        }
        (self.folder / "avm_settings.json").write_text(json.dumps(values))
        settings = self.addon.Settings(self.folder / "avm_settings.json")
        self.requests.append(self.addon.Request.leave(settings, "Scene", {}, {}))
        return self.requests[-1]

    def beat(self) -> None:
        watcher = {"id": "w", "beat": next(self._beats), "program": __version__}
        (self.watch / "watcher.json").write_text(json.dumps(watcher))

    def looks(self, request: Any, seconds: float, meanwhile: Callable[[], None] = lambda: None) -> list[Any]:
        """What each look finds."""
        found = []
        for _ in range(round(seconds / self.addon.LOOK_S)):
            meanwhile()
            found.append(request.result())
        return found

    def ended(self) -> None:
        """Wait for the programs that were started."""
        for request in self.requests:
            if request._started is not None:
                request._started.wait()

    def was_started(self) -> bool:
        self.ended()
        return (self.folder / "started").exists()


@pytest.fixture
def desk(tmp_path: Path, addon: ModuleType) -> Iterator[Desk]:
    desk = Desk(tmp_path, addon)
    yield desk
    desk.ended()


STARTS = "import pathlib; pathlib.Path({!r}).touch()"


def test_where_nobody_watches_the_program_is_started_within_two_seconds(desk: Desk) -> None:
    request = desk.request(STARTS.format(str(desk.folder / "started")))
    assert desk.looks(request, 2) == [None] * 4
    assert desk.was_started()


def test_a_watcher_that_is_dead_is_seen_within_some_seconds(desk: Desk) -> None:
    desk.beat()
    request = desk.request(STARTS.format(str(desk.folder / "started")))
    desk.looks(request, 2.5)
    assert desk.was_started()


def test_where_somebody_watches_no_second_one_is_started(desk: Desk) -> None:
    desk.beat()
    request = desk.request()
    assert desk.looks(request, 120, desk.beat) == [None] * 240


def test_a_program_that_ends_at_once_is_told(desk: Desk) -> None:
    request = desk.request("raise SystemExit(7)")
    assert request.result() is None
    desk.ended()
    with pytest.raises(desk.addon.Problem, match="avm-otio ended with code 7 and did not say why: run "):
        request.result()


def test_a_watcher_that_goes_away_meanwhile_is_told(desk: Desk) -> None:
    desk.beat()
    request = desk.request()
    desk.looks(request, 3, desk.beat)
    with pytest.raises(desk.addon.Problem, match=r"Nobody watches .* any more: run  avm-otio watch"):
        desk.looks(request, 31)


def test_a_program_that_hangs_before_it_watches_is_told(desk: Desk) -> None:
    request = desk.request("pass")
    with pytest.raises(desk.addon.Problem, match=r"Nobody watches .* any more: run  avm-otio watch"):
        desk.looks(request, 31)


def test_what_came_before_the_program_ended_badly_is_taken(desk: Desk) -> None:
    request = desk.request("raise SystemExit(7)")
    request.result()
    desk.ended()
    (request.folder / "result.json").write_text(json.dumps(RESULT))
    assert request.result() == RESULT


def test_the_program_gets_none_of_the_hosts_own_python(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHOME", str(desk.folder / "of the host"))
    request = desk.request(STARTS.format(str(desk.folder / "started")))
    request.result()
    assert desk.was_started()


def test_a_request_is_whole_when_it_is_there(desk: Desk) -> None:
    request = desk.request()
    assert sorted(path.name for path in request.folder.iterdir()) == ["cut.otio", "request.json"]
    assert json.loads((request.folder / "request.json").read_text())["editor"] == "blender"


def test_two_requests_of_one_second_are_two(desk: Desk) -> None:
    assert len({desk.request().folder for _ in range(5)}) == 5
