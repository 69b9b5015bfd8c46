"""DaVinci Resolve's free edition from 21.1 on, whose scripts may read and write next to nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lupa import luajit21

from avm_otio import __version__
from avm_otio.folders import Folder
from avm_otio.hosts.lua import lua_chunk
from avm_otio.jobs.watch.exports import is_export, make_request, move_in
from tests.plugins.fake_resolve import run_lua
from tests.plugins.resolve_desk import (
    AUDITION,
    CLIP,
    INTO,
    LAST,
    LAST_INTO,
    RATES,
    SCORE,
    WANTED,
    Desk,
    locked_tracks,
    no_export,
    no_watch_folder,
    not_saved,
    sound_gone,
    with_film,
)


def free(desk: Desk, item: str, wait: Callable[[float], None]) -> str:
    """Choose a menu item there; what the markers near the start tell."""
    run_lua(desk.items / f"{item}.lua", desk.host, wait, is_free=True)
    return "\n".join(
        marker["note"] for marker in desk.timeline.markers.values() if marker["name"] == "AVM Score"
    )


def somebody_watches(desk: Desk) -> Callable[[float], None]:
    """One who watches, as avm-otio does, as time passes."""
    beats = iter(range(10_000))

    def watcher(seconds: float) -> None:
        beat = {"id": "w", "beat": next(beats), "program": __version__}
        (desk.watch / "watcher.lua").write_text(lua_chunk(beat))
        for export in [path for path in desk.watch.glob("*.otio") if is_export(path.name)]:
            move_in(export)
        for folder in [*desk.watch.glob("*.score/"), *desk.watch.glob("*.audition/")]:
            with Folder.open(folder) as opened:
                make_request(opened)
            answer = json.loads((desk.folder / "answer.json").read_text())
            name = Path(answer["name"]).with_suffix(".lua").name
            (folder / name).write_text(lua_chunk(answer))

    watcher(0)
    return watcher


@pytest.fixture
def free_desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize(("rate", "is_drop"), RATES)
def test_the_free_edition_lays_sounds_at_the_frames_of_the_job(
    tmp_path: Path, rate: str, is_drop: bool
) -> None:
    desk = Desk(tmp_path, rate, is_drop)
    assert "4 sounds laid, 10.00 USD" in free(desk, INTO, somebody_watches(desk))
    assert desk.laid() == WANTED
    assert desk.request() == {"timeline": "cut.otio", "output": "scored.otio", "editor": "resolve"}
    assert "4 sounds, 10.00 USD" in free(desk, LAST, somebody_watches(desk))
    assert desk.laid(desk.project.timelines[1]) == WANTED


def test_the_free_edition_says_what_is_marked_by_the_exports_name(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "29.97", is_drop=True)
    desk.timeline.marks = {"video": {"in": 30, "out": 59}}
    desk.timeline.name = "Reel 3: “Am Fluß” / v2"
    free(desk, SCORE, somebody_watches(desk))
    assert (desk.request()["tc_in"], desk.request()["tc_out"]) == ("01:00:01;00", "01:00:02;00")


def test_the_free_edition_asks_for_the_page_by_an_export(free_desk: Desk) -> None:
    free(free_desk, INTO, somebody_watches(free_desk))
    (scored,) = free_desk.watch.glob("*.score/")
    free_desk.answer(name="page.json", host="studio")
    notes = free(free_desk, AUDITION, somebody_watches(free_desk))
    assert "The page is open in the browser of studio." in notes
    (made,) = free_desk.watch.glob("*.audition/")
    asked = json.loads((made / "request.json").read_text())
    assert (asked["audition"], asked["open"]) == (scored.name, True)
    free_desk.answer()
    assert "4 sounds, 10.00 USD" in free(free_desk, LAST, somebody_watches(free_desk))


def test_the_free_edition_says_where_nobody_watches_and_loses_nothing(free_desk: Desk) -> None:
    notes = free(free_desk, INTO, lambda seconds: None)
    assert f"Error: Nobody watches {free_desk.watch}: run  avm-otio watch" in notes
    assert len(list(free_desk.watch.glob("*.score.otio"))) == 1
    watcher = somebody_watches(free_desk)
    watcher(1)
    assert "4 sounds laid" in free(free_desk, LAST_INTO, watcher)
    assert free_desk.laid() == WANTED


@pytest.mark.parametrize(
    ("item", "wrong", "message"),
    [
        (SCORE, not_saved, "does not say why. Save the project once"),
        (SCORE, no_export, "did not export Reel 3: save the project"),
        (CLIP, lambda desk: None, "Nothing is selected: mark in and out"),
        (SCORE, lambda desk: (desk.items / "AVM Score.settings").unlink(), "AVM Score.settings does not say"),
        (SCORE, no_watch_folder, "gone is not there: make it"),
        (LAST, lambda desk: None, "No job was begun from DaVinci Resolve yet"),
        (SCORE, sound_gone, "Hit.wav is not there: run AVM Score again"),
        (INTO, locked_tracks, "added no track to Reel 3: unlock it"),
        (
            SCORE,
            lambda desk: desk.answer(name="error.json", message="No picture.", hint="Mend."),
            "No picture. Mend.",
        ),
    ],
)
def test_the_free_edition_says_what_is_wrong_by_a_marker(
    free_desk: Desk, item: str, wrong: Callable[[Desk], Any], message: str
) -> None:
    wrong(free_desk)
    notes = free(free_desk, item, somebody_watches(free_desk))
    assert message in notes
    assert "a fault of this menu item" not in notes
    assert free_desk.laid() == []


@pytest.mark.parametrize("form", ["compiled", "calling"])
def test_the_free_edition_takes_nothing_but_data_from_the_watch_folder(free_desk: Desk, form: str) -> None:
    """What is compiled could do more than Lua says."""
    compiled = luajit21.LuaRuntime(encoding=None).eval(
        b"function(text) return string.dump(loadstring(text)) end"
    )
    beats = iter(range(10_000))

    def watch(seconds: float) -> None:
        text = f"return {{id='w', beat={next(beats)}}}".encode()
        chunk = compiled(text) if form == "compiled" else b"os.getenv('HOME') " + text
        (free_desk.watch / "watcher.lua").write_bytes(chunk)

    watch(0)
    assert "Nobody watches" in free(free_desk, SCORE, watch)


@pytest.mark.slow
def test_the_real_program_scores_what_the_free_edition_exports(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "23.976")
    with_film(desk, "23.976")
    command = [sys.executable, "-m", "avm_otio", "watch", str(desk.watch)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as watcher:
        try:
            while not (desk.watch / "watcher.lua").exists():
                time.sleep(0.1)
            notes = free(desk, INTO, time.sleep)
        finally:
            watcher.terminate()
    (path,) = desk.watch.glob("*/result.json")
    result = json.loads(path.read_text())
    assert f"{len(result['clips'])} sounds laid" in notes, notes
    lying = [*result["clips"], *result["spare_clips"]]
    wanted = sorted((clip["record_frame"], clip["frames"]) for clip in lying)
    assert sorted((at, length) for _, _, at, length in desk.laid()) == wanted
