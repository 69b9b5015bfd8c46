"""Where a turnover goes: nothing that anybody else put there is lost, whatever happens on the way."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import pytest

from avm_otio.errors import OutputError
from avm_otio.jobs.turnover.check import check
from avm_otio.jobs.turnover.make import _Work
from avm_otio.jobs.turnover.place import publish, staged
from avm_otio.report import Silent
from tests.jobs.turnovers import Cut, cut, turned


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a cut and a turnover of it."""
    folder = tmp_path_factory.mktemp("older")
    turned(cut(folder, F(25)), folder / "out", with_preview=False)
    return folder


@pytest.fixture
def place(older: Path, tmp_path: Path) -> Path:
    shutil.copytree(older / "out", tmp_path / "out")
    return tmp_path / "out"


def again(older: Path, out: Path, **more: Any) -> Any:
    return turned(Cut(older / "cut.otio", F(25), False), out, with_preview=False, **more)


def at_the_end(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Let something happen when all is made and nothing is in its place."""
    whole = _Work.finish

    def finish(work: _Work) -> Any:
        made = whole(work)
        happens()
        return made

    monkeypatch.setattr(_Work, "finish", finish)


def written(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("somebody else's")
    return path


def all_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def hidden_beside(folder: Path) -> list[str]:
    return [path.name for path in folder.parent.iterdir() if path.name.startswith(".")]


def test_a_folder_that_appeared_on_the_way_stays(
    older: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    at_the_end(monkeypatch, lambda: written(out / "film.mov"))
    with pytest.raises(OutputError, match="there already"):
        again(older, out)
    assert all_in(out) == {"film.mov": b"somebody else's"}
    assert hidden_beside(out) == []


def test_a_file_that_came_in_on_the_way_stays_with_the_older_turnover(
    older: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = all_in(place)
    at_the_end(monkeypatch, lambda: written(place / "notes.txt"))
    with pytest.raises(OutputError, match=r"notes\.txt"):
        again(older, place, overwrite=True)
    assert all_in(place) == before | {"notes.txt": b"somebody else's"}


def test_a_file_that_came_in_at_the_last_moment_stays_too(
    older: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = all_in(place)
    rename = Path.rename

    def late(path: Path, target: Path) -> Path:
        if path == place:
            written(place / "notes.txt")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", late)
    with pytest.raises(OutputError, match=r"out holds what no turnover wrote: notes\.txt"):
        again(older, place, overwrite=True)
    assert all_in(place) == before | {"notes.txt": b"somebody else's"}
    assert hidden_beside(place) == []


@pytest.mark.parametrize("name", [".git/config", ".notes/mix.txt", ".mix.ptx", "media/.peaks"])
def test_hidden_files_are_files(older: Path, place: Path, name: str) -> None:
    written(place / name)
    with pytest.raises(OutputError, match="no turnover wrote"):
        again(older, place, overwrite=True)
    assert (place / name).is_file()
    assert [(each.kind, each.where) for each in check(place)] == [("extra file", name)]


def test_a_link_is_something_and_what_systems_leave_is_nothing(older: Path, place: Path) -> None:
    for name in (".DS_Store", "media/Thumbs.db", "media/._dia.wav"):
        written(place / name)
    assert check(place) == []
    (place / "more").symlink_to(older, target_is_directory=True)
    assert [each.where for each in check(place)] == ["more"]
    with pytest.raises(OutputError, match="more"):
        again(older, place, overwrite=True)
    (place / "more").unlink()
    again(older, place, overwrite=True)
    assert not (place / ".DS_Store").exists()


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("is_done", [False, True])
def test_an_interrupt_between_any_two_renames_leaves_a_whole_turnover(
    older: Path, place: Path, monkeypatch: pytest.MonkeyPatch, number: int, is_done: bool
) -> None:
    rename, count = Path.rename, 0

    def interrupted(path: Path, target: Path) -> Path:
        nonlocal count
        if place.parent != path.parent:
            return rename(path, target)
        count += 1
        if count != number:
            return rename(path, target)
        if is_done:
            rename(path, target)
        raise KeyboardInterrupt

    def replaced() -> None:
        with staged(place, Silent(), overwrite=True) as made:
            shutil.copytree(older / "out", made, dirs_exist_ok=True)
            monkeypatch.setattr(Path, "rename", interrupted)
            publish(made, place, overwrite=True)

    with pytest.raises(KeyboardInterrupt):
        replaced()
    monkeypatch.undo()
    assert check(place) == []
    assert hidden_beside(place) == []


def test_what_a_killed_run_was_about_to_replace_is_put_back(older: Path, place: Path) -> None:
    before = all_in(place)
    rename, killed = Path.rename, place.with_name(".out.replaced-0123")
    rename(place, killed)
    with pytest.raises(OutputError, match="there already"):
        again(older, place)
    assert all_in(place) == before
    rename(place, killed)
    again(older, place, overwrite=True)
    assert check(place) == []
    assert hidden_beside(place) == []


def test_an_older_turnover_with_something_else_in_it_is_kept_where_it_lies(older: Path, place: Path) -> None:
    killed = place.with_name(".out.replaced-0123")
    shutil.copytree(place, killed)
    written(killed / "notes.txt")
    made = again(older, place, overwrite=True)
    assert (killed / "notes.txt").is_file()
    assert any("lies in" in line for line in made.manifest["reported"])


def test_nothing_that_is_locked_lies_in_what_is_renamed(
    older: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, found = tmp_path / "out", list[str]()
    at_the_end(
        monkeypatch,
        lambda: found.extend(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.lock")),
    )
    again(older, out)
    (lock,) = found
    assert "/" not in lock
    assert hidden_beside(out) == []
