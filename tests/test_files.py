"""Files appear whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from avm_otio.errors import OutputError
from avm_otio.files import make_folder, same_file, whole, write_text


def test_a_file_appears_whole(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "new"
    assert [one.name for one in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), ValueError("odd"), SystemExit(1)])
def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, fault: BaseException
) -> None:
    write_text(tmp_path / "a.txt", "old")

    def write() -> None:
        with whole(tmp_path / "a.txt") as temporary:
            temporary.write_text("half")
            raise fault

    with pytest.raises(type(fault)):
        write()
    assert (tmp_path / "a.txt").read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EACCES, "No permission to write"),
        (errno.EROFS, "No permission to write"),
        (errno.EIO, "could not be"),
    ],
)
def test_a_fault_of_the_disk_says_which_file_and_what_to_do(tmp_path: Path, number: int, told: str) -> None:
    with pytest.raises(OutputError, match=told) as caught, whole(tmp_path / "a.txt"):
        raise OSError(number, os.strerror(number))
    assert "a.txt" in caught.value.what
    assert caught.value.hint


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"folder .*no.* does not exist"):
        write_text(tmp_path / "no" / "a.txt", "x")


def test_a_folder_cannot_be_made_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    with pytest.raises(OutputError):
        make_folder(tmp_path / "f" / "deeper")


def test_two_ways_to_one_file_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert same_file(tmp_path / "a", tmp_path / "b")
    assert not same_file(tmp_path / "a", tmp_path / "c")


@pytest.mark.skipif(os.name != "posix", reason="no other system lets a held file take another's place")
def test_what_a_killed_writer_left_is_removed_by_the_next_one_of_that_file(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    killed = os.fork()
    if killed == 0:
        with whole(target) as temporary:
            temporary.write_text("half")
            os.kill(os.getpid(), 9)
    os.waitpid(killed, 0)
    (orphan,) = tmp_path.iterdir()
    with whole(target.with_name("b.txt")) as other, whole(target) as mine:
        assert not orphan.exists()
        other.write_text("b")
        write_text(target, "a second writer of the same file meanwhile")
        mine.write_text("a")
    assert {one.name: one.read_text() for one in tmp_path.iterdir()} == {"a.txt": "a", "b.txt": "b"}
