"""The windows of DaVinci Resolve's menu items: the dialog, and the small one of items that ask nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from avm_otio import __version__
from tests.plugins.fake_resolve import run_lua
from tests.plugins.fake_windows import Window, Windows
from tests.plugins.resolve_desk import (
    INTO,
    LAST_INTO,
    SCORE,
    Desk,
    Once,
)

# The program is meant to outlive the host that has started it.
pytestmark = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_the_dialog_asks_for_what_is_chosen_in_it(desk: Desk) -> None:
    assert desk.host is not None
    look = {"effects_Checked": False, "denoise_Checked": True, "Budget_Text": " 99,50 "}
    desk.host.windows = Windows(Once(INTO, Alternatives_CurrentIndex=3, **look))
    run_lua(desk.items / "AVM Score.lua", desk.host, lambda seconds: time.sleep(0.001))
    asked = desk.request()
    assert asked["services"] == ["music", "denoise"]
    assert (asked["budget_max"], asked["alternatives"]) == (99.5, 3)


def test_no_alternatives_are_asked_for_in_so_many_words(desk: Desk) -> None:
    assert desk.host is not None
    desk.host.windows = Windows(Once(SCORE, Alternatives_CurrentIndex=0))
    run_lua(desk.items / "AVM Score.lua", desk.host, lambda seconds: time.sleep(0.001))
    assert desk.request()["alternatives"] == 0  # unsaid, one of each is laid


@pytest.mark.parametrize(
    ("look", "message"),
    [
        ({"music_Checked": False, "effects_Checked": False}, "Nothing is asked for: choose music"),
        ({"Budget_Text": "a lot"}, "a lot is no amount of money: write it like 250 or 99.50"),
        ({"Budget_Text": "-3"}, "-3 is no amount of money"),
        ({"Scope_CurrentIndex": 0}, "Nothing is selected: mark in and out"),
    ],
)
def test_what_is_typed_wrong_or_not_chosen_is_said_before_anything_is_written(
    desk: Desk, look: dict[str, Any], message: str
) -> None:
    assert desk.host is not None
    desk.host.windows = Windows(Once(SCORE, **look))
    lines = run_lua(desk.items / "AVM Score.lua", desk.host, lambda seconds: time.sleep(0.001))
    assert message in lines[-1]
    assert list(desk.watch.iterdir()) == []
    (window,) = desk.host.windows.made
    assert window.parts["Messages"].PlainText.startswith(f"Error: {message}")


@pytest.mark.parametrize(("marks", "index"), [({}, 1), ({"video": {"in": 3}}, 0)])
def test_the_dialog_offers_what_is_marked_where_something_is(
    desk: Desk, marks: dict[str, Any], index: int
) -> None:
    assert desk.host is not None
    desk.timeline.marks = marks
    desk.host.windows = Windows(Window.close)
    run_lua(desk.items / "AVM Score.lua", desk.host, lambda seconds: None)
    (window,) = desk.host.windows.made
    assert window.parts["Scope"].CurrentIndex == index
    assert not window.is_shown


def test_where_studio_has_no_windows_it_scores_without_asking(desk: Desk) -> None:
    lines = run_lua(desk.items / "AVM Score.lua", desk.host, lambda seconds: time.sleep(0.001))
    assert "[AVM] Reel 3 scored: 4 sounds, 10.00 USD." in lines


def at_work(desk: Desk, item: str, user: Callable[[Window], None]) -> str:
    """Score with somebody who works on it before a window; what the console shows."""
    assert desk.host is not None
    desk.host.windows = Windows(user)
    beats = iter(range(10_000))
    (desk.watch / "watcher.json").write_text("{}")

    def watcher(seconds: float) -> None:
        (desk.watch / "watcher.json").write_text(json.dumps({"beat": next(beats), "program": __version__}))
        for folder in desk.watch.glob("*/"):
            if (folder / "cancel").exists():
                (folder / "error.json").write_text('{"kind": "CancelledError", "message": "Cancelled."}')
            progress = {
                "sequence": 1,
                "label": "Uploading",
                "done": 1,
                "total": 4,
                "messages": ["Quote: 12.00 USD"],
            }
            (folder / "progress.json").write_text(json.dumps(progress))

    return "\n".join(run_lua(desk.items / f"{item}.lua", desk.host, watcher))


@pytest.mark.parametrize("item", [SCORE, INTO])
def test_the_window_shows_how_far_it_is_and_cancels(desk: Desk, item: str) -> None:
    seen: list[str] = []

    def user(window: Window) -> None:
        step, bar = window.parts["Step"].Text, window.parts["Bar"].Text
        if step.startswith("Cancelled") or (seen and window.parts.get("Score", window).Enabled is True):
            window.close()
        elif step == "Uploading" and not seen:
            seen.append(bar)
            window.click("Cancel")
        elif "Score" in window.parts and not list(desk.watch.glob("*/")):
            window.click("Score")

    lines = at_work(desk, item, user)
    assert seen == ["█" * 8 + "░" * 22 + " 25 %"]
    assert "[AVM] Quote: 12.00 USD" in lines
    assert "Error: Cancelled. What was paid for is kept: score again, and it goes on." in lines
    assert len(desk.project.timelines) == 1


@pytest.mark.parametrize("item", [SCORE, INTO])
def test_a_window_that_is_closed_ends_the_item_and_not_the_job(desk: Desk, item: str) -> None:
    def user(window: Window) -> None:
        if window.parts["Step"].Text == "Uploading":
            window.close()
        elif "Score" in window.parts and not list(desk.watch.glob("*/")):
            window.click("Score")

    at_work(desk, item, user)
    (folder,) = desk.watch.glob("*/")
    assert not (folder / "cancel").exists()
    (folder / "result.json").write_text((desk.folder / "answer.json").read_text())
    assert desk.host is not None
    desk.host.windows = None
    assert "4 sounds laid" in desk.choose(LAST_INTO)
