"""Many files at once: each whole or absent, and not a sync for each."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path, PurePosixPath

import pytest

from avm_otio import folders, unpacked
from avm_otio.errors import OutputError
from avm_otio.formats.otio.files import read_otioz
from avm_otio.unpacked import unpacking

MANY = 300
EMPTY = '{"OTIO_SCHEMA":"Timeline.1","name":"t","tracks":{"OTIO_SCHEMA":"Stack.1","name":"s","children":[]}}'


def bundle(path: Path, members: int) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("content.otio", EMPTY)
        for number in range(members):
            made.writestr(f"media/{number % 3}/{number}.wav", f"sound {number}")
    return path


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often files are synced, and folders listed."""
    counts: Counter[str] = Counter()
    fsync, listdir = os.fsync, os.listdir

    def counted_fsync(handle: int) -> None:
        counts["syncs"] += 1
        fsync(handle)

    def counted_listdir(*where: object) -> list[str]:
        counts["looks"] += 1
        return listdir(*where)

    monkeypatch.setattr(os, "fsync", counted_fsync)
    monkeypatch.setattr(os, "listdir", counted_listdir)
    return counts


def test_a_bundle_of_many_files_is_not_synced_nor_looked_for_file_by_file(
    tmp_path: Path, counted: Counter[str]
) -> None:
    read_otioz(bundle(tmp_path / "b.otioz", MANY), tmp_path / "out")
    assert counted["looks"] <= 4
    assert counted["syncs"] <= (4 if unpacked._synced(folders.Folder.open(tmp_path)) else MANY + 10)
    found = {path.name: path.read_text() for path in (tmp_path / "out").rglob("*.wav")}
    assert found == {f"{number}.wav": f"sound {number}" for number in range(MANY)}
    assert not [path for path in (tmp_path / "out").iterdir() if path.name.startswith(".")]


def test_where_a_disk_cannot_be_synced_each_file_is(
    tmp_path: Path, counted: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacked, "_synced", lambda folder: False)
    read_otioz(bundle(tmp_path / "b.otioz", 12), tmp_path / "out")
    assert counted["syncs"] >= 12
    assert len(list((tmp_path / "out").rglob("*.wav"))) == 12


def test_what_is_there_is_not_unpacked_again_and_needs_no_room(tmp_path: Path) -> None:
    made = bundle(tmp_path / "b.otioz", 6)
    read_otioz(made, tmp_path / "out")
    (tmp_path / "out" / "media" / "1" / "1.wav").write_text("soun")  # cut short by hand
    before = (tmp_path / "out" / "media" / "2" / "2.wav").stat().st_ino
    read_otioz(made, tmp_path / "out")
    assert (tmp_path / "out" / "media" / "1" / "1.wav").read_text() == "sound 1"
    assert (tmp_path / "out" / "media" / "2" / "2.wav").stat().st_ino == before


def test_a_failure_leaves_whole_files_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacked, "BATCH_FILES", 4)

    def full() -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")

    def unpack() -> None:
        with unpacking(tmp_path / "out") as to:
            for number in range(10):
                to.add(PurePosixPath(f"media/{number}.wav"), [b"whole"])
            to.add(PurePosixPath("media/11.wav"), iter(full, b""))

    with pytest.raises(OutputError, match="disk is full"):
        unpack()
    assert sorted(path.name for path in (tmp_path / "out").rglob("*")) == [
        *(f"{number}.wav" for number in range(8)),
        "media",
    ]


def test_what_a_killed_run_left_half_is_removed(tmp_path: Path) -> None:
    code = (
        "import os, signal; from pathlib import Path, PurePosixPath\n"
        "from avm_otio.unpacked import unpacking\n"
        "with unpacking(Path('out')) as to:\n"
        "    to.add(PurePosixPath('media/1.wav'), [b'half']); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False)
    assert [path.name[0] for path in (tmp_path / "out").iterdir()] == ["."]
    with unpacking(tmp_path / "out") as to:
        to.add(PurePosixPath("media/2.wav"), [b"whole"])
    assert sorted(path.name for path in (tmp_path / "out").rglob("*")) == ["2.wav", "media"]


def test_no_link_below_the_folder_leads_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "media").symlink_to(tmp_path / "outside")
    with pytest.raises(OutputError), unpacking(tmp_path / "out") as to:
        to.add(PurePosixPath("media/1.wav"), [b"x"])
    assert not list((tmp_path / "outside").iterdir())
