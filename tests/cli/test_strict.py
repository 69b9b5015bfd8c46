"""``--strict``: media that are not sure are refused, by every command that looks for them."""

from __future__ import annotations

import shutil
from fractions import Fraction as F
from pathlib import Path

import opentimelineio as otio
import pytest

from avm_otio.cli.main import run
from tests.media.numbered import movie


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A timeline whose file is in two folders, and in neither of them where it says."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    shutil.copy(movie(tmp_path / "a" / "shot.mov", 50, F(25)), tmp_path / "b" / "shot.mov")
    span = otio.opentime.TimeRange(otio.opentime.RationalTime(0, 25), otio.opentime.RationalTime(25, 25))
    clip = otio.schema.Clip("one", otio.schema.ExternalReference("/gone/shot.mov"), span)
    cut = otio.schema.Timeline("cut")
    cut.tracks.append(otio.schema.Track("V1", [clip], kind="Video"))
    otio.adapters.write_to_file(cut, str(tmp_path / "cut.otio"))
    return tmp_path


@pytest.mark.parametrize(("command", "output"), [("export", "film.mp4"), ("convert", "cut.xml")])
def test_a_file_that_is_there_twice_is_refused_where_strict_and_told_else(
    folder: Path, command: str, output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    made = folder / output
    call = [command, str(folder / "cut.otio"), "-o", str(made), "--media-root", str(folder)]
    assert run(call) == 0
    assert "2 files fit “one”" in " ".join(capsys.readouterr())
    made.unlink()
    assert run([*call, "--strict"]) != 0
    refused = " ".join(capsys.readouterr())
    assert "2 files fit “one”" in refused
    assert "leave out --strict" in refused
    assert not made.exists()
