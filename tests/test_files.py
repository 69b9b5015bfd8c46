"""Files appear whole or not at all."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from avm_otio.errors import OutputError
from avm_otio.files import make_folder, read_plain, same_file, whole, write_text
from avm_otio.folders import IrregularFileError


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
    ("number", "message"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EACCES, "No permission to write"),
        (errno.EROFS, "No permission to write"),
        (errno.EIO, "could not be"),
    ],
)
def test_a_fault_of_the_disk_says_which_file_and_what_to_do(
    tmp_path: Path, number: int, message: str
) -> None:
    with pytest.raises(OutputError, match=message) as caught, whole(tmp_path / "a.txt"):
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


def kill_a_writer(target: Path) -> None:
    """Kill a process in the middle of writing a file.

    Not a fork: this process has threads, whose locks a fork would copy as they are.
    """
    script = f"""
import os
from pathlib import Path
from avm_otio.files import whole
with whole(Path({str(target)!r})) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=60).returncode == -9


@pytest.mark.skipif(os.name != "posix", reason="no other system lets a held file take another's place")
def test_what_a_killed_writer_left_is_removed_by_the_next_one_of_that_file(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    kill_a_writer(target)
    (orphan,) = tmp_path.iterdir()
    with whole(target.with_name("b.txt")) as other, whole(target) as mine:
        assert not orphan.exists()
        other.write_text("b")
        write_text(target, "a second writer of the same file meanwhile")
        mine.write_text("a")
    assert {one.name: one.read_text() for one in tmp_path.iterdir()} == {"a.txt": "a", "b.txt": "b"}


@pytest.mark.skipif(os.name != "posix", reason="other systems know no such modes")
def test_where_others_may_write_no_temporary_file_is_within_their_reach(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o777)
    target, victim = tmp_path / "shared" / "a.txt", tmp_path / "victim.txt"
    victim.write_text("theirs")
    with whole(target) as temporary:
        (private,) = (tmp_path / "shared").iterdir()
        assert private.is_dir()
        assert private.stat().st_mode & 0o077 == 0
        # What a stranger can do: take the folder's name away, and put links in its place and the file's.
        private.rename(private.with_name("aside"))
        private.symlink_to(tmp_path)
        target.symlink_to(victim)
        temporary.write_text("ours")
    assert victim.read_text() == "theirs"
    assert target.read_text() == "ours"
    assert not target.is_symlink()


@pytest.mark.skipif(os.name != "posix", reason="other systems know no such modes")
def test_a_private_folder_of_a_killed_writer_is_removed(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    target = tmp_path / "a.txt"
    kill_a_writer(target)
    write_text(target, "whole")
    assert [one.name for one in tmp_path.iterdir()] == ["a.txt"]


def test_only_plain_files_of_a_size_are_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("plain")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    (tmp_path / "folder").mkdir()
    assert read_plain(tmp_path / "a", most_bytes=5) == b"plain"
    for name, most_bytes in (("a", 4), ("link", 100), ("folder", 100)):
        with pytest.raises(IrregularFileError):
            read_plain(tmp_path / name, most_bytes=most_bytes)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(IrregularFileError, match="pipe"):
            read_plain(tmp_path / "pipe", most_bytes=100)
