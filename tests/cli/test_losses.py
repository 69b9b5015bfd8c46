"""What a file does not say: item by item for scripts, in few lines for people."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from avm_otio.cli.output import Output
from avm_otio.cli.score import report_losses
from avm_otio.timeline.features import Feature, Loss

MOVED = [Loss(Feature.TIME, f"“Hit {n}” at 00:00:0{n}:00", f"moved by {n}.5 ms") for n in range(1, 4)]
RATE = Loss(Feature.RATE, "Timeline “cut”", "its rate is not said")


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_people_read_what_is_alike_once_and_find_each_in_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "cut.xml"
    report_losses(Output(), [*MOVED, RATE], output)
    report = tmp_path / "cut.xml.losses.txt"
    assert lines(capsys) == [
        "4 things could not be written to cut.xml:",
        "  “Hit 1” at 00:00:01:00: moved by 1.5 ms (and 2 more like it)",
        "  Timeline “cut”: its rate is not said",
        f"  one by one in {report}",
    ]
    assert report.read_text(encoding="utf-8").splitlines() == [str(loss) for loss in (*MOVED, RATE)]


def test_what_all_fits_the_screen_needs_no_file_and_an_older_one_goes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "cut.xml.losses.txt"
    report.write_text("of an earlier run")
    report_losses(Output(), [MOVED[0], RATE], tmp_path / "cut.xml")
    assert lines(capsys)[1:] == [f"  {MOVED[0]}", f"  {RATE}"]
    assert not report.exists()


def test_more_than_a_screen_of_lines_ends_with_where_all_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [Loss(Feature.EFFECT, "“Hit”", f"{chr(0x41 + n)} not written") for n in range(45)]
    report_losses(Output(), words, tmp_path / "cut.xml")
    assert lines(capsys)[41:] == [f"  and 5 more; one by one in {tmp_path / 'cut.xml.losses.txt'}"]


def test_scripts_hear_of_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report_losses(Output(json=True), MOVED, tmp_path / "cut.xml")
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["event"], one["item"], one["message"]) for one in events] == [
        ("loss", loss.item, loss.message) for loss in MOVED
    ]
