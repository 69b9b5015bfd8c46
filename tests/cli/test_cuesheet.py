"""``cuesheet`` as its user meets it: every kind of file says the same, and rights are given once."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from avm_otio.cli.main import run
from avm_otio.config.folders import config_file
from avm_otio.delivery.cue_sheets.write import write_cue_sheet
from avm_otio.formats.reading import save
from avm_otio.mix.cue_sheet import CueSheet, Header
from avm_otio.mix.rights import Holder, Rights, Role
from tests.mix.cue_sheets import reel, sheet_of, sound
from tests.scored import scored

RIGHTS = """kind,id,composer,society,ipi,share,publisher
music,1,Ann Ames,PRS,00123456789,100,House
music,9,X,,,,
"""


@pytest.fixture(scope="module")
def timeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scored")
    save(scored(folder), folder / "scored.otio")
    return folder / "scored.otio"


def events(capsys: pytest.CaptureFixture[str], *words: object) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert run([*map(str, words), "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_every_kind_of_file_says_the_same(
    timeline: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head = ["--production", "=My Film", "--episode", "第 3 集", "--air-date", "2026-12-24", "--company", "We"]
    for kind in ("csv", "json", "xlsx", "pdf"):
        assert (
            run(["cuesheet", str(timeline), "-o", str(tmp_path / f"cues.{kind}"), "--effects", "-q", *head])
            == 0
        )
    document = json.loads((tmp_path / "cues.json").read_text())
    assert [(cue["cue"], cue["title"], cue["timecode_in"], cue["frames"]) for cue in document["cues"]] == [
        ("1M1", "Warm Bed", "00:00:00:00", 468),
        ("1FX1", "Hit 0", "00:00:01:06", 12),
        ("1FX2", "Hit 1", "00:00:02:12", 12),
        ("1FX3", "Hit 2", "00:00:02:17", 12),
    ]
    assert (document["production"], document["music_length"]) == ("=My Film", "0:00:19.500")
    rows = list(csv.DictReader((tmp_path / "cues.csv").read_text().splitlines()))
    assert [row["cue"] for row in rows] == ["1M1", "1FX1", "1FX2", "1FX3"]
    assert {row["episode"] for row in rows} == {"第 3 集"}
    assert [row["composer"] for row in rows] == ["not on file", "", "", ""]
    book = openpyxl.load_workbook(tmp_path / "cues.xlsx")
    page = book.active
    cells = [[cell.value for cell in line] for line in page.iter_rows()]
    assert cells[0][2] == "=My Film"
    assert page["C1"].data_type == "s"  # a word from outside, no formula
    (head_at,) = (at for at, line in enumerate(cells) if line[0] == "Seq")
    assert [line[1] for line in cells[head_at + 1 : head_at + 5]] == ["1M1", "1FX1", "1FX2", "1FX3"]
    assert cells[head_at + 5][6].startswith("=SUMIF(")
    values = openpyxl.load_workbook(tmp_path / "cues.xlsx", data_only=True).active
    assert values.cell(head_at + 6, 8).value == 468
    data = (tmp_path / "cues.pdf").read_bytes()
    assert data.startswith(b"%PDF")
    assert b"STSong-Light" in data


def test_a_long_sheet_goes_on_on_more_pages_each_with_the_head(tmp_path: Path) -> None:
    sheet = sheet_of(reel([sound(number * 25, number * 25 + 20, number) for number in range(90)]))
    write_cue_sheet(sheet, tmp_path / "cues.pdf")
    data = (tmp_path / "cues.pdf").read_bytes()
    assert len(re.findall(rb"/Type /Page\b(?!s)", data)) > 3
    write_cue_sheet(sheet, tmp_path / "again.pdf")
    assert (tmp_path / "again.pdf").read_bytes() == data


def test_words_of_any_script_and_what_looks_like_markup_go_into_every_file(tmp_path: Path) -> None:
    sheet = sheet_of(reel([sound(0, 25)]))
    odd = "<img src='/etc/passwd'/> & Ж 音楽 음악 שלום 🎹 \n two"
    rights = Rights((Holder(Role.COMPOSER, odd), Holder(Role.PUBLISHER, "x" * 300)), title=odd)
    (row,) = sheet.rows
    sheet = CueSheet(Header(odd, odd, odd, odd), (replace(row, rights=rights),), sheet.programme_s)
    for kind in ("csv", "json", "xlsx", "pdf"):
        write_cue_sheet(sheet, tmp_path / f"cues.{kind}")
        assert (tmp_path / f"cues.{kind}").stat().st_size > 100
    write_cue_sheet(CueSheet(Header()), tmp_path / "empty.pdf")
    write_cue_sheet(CueSheet(Header()), tmp_path / "empty.xlsx")


@pytest.mark.parametrize(
    "words",
    [
        ["-o", "rights.csv", "--rights", "rights.csv"],
        ["-o", "link.csv"],
        ["-o", "hard.json"],
        ["-o", "a.csv", "--credits", "scored.otio"],
        ["-o", "a.csv", "--credits", "link.txt"],
        ["-o", "a.csv", "--credits", "hard.txt"],
        ["-o", "a.csv", "--rights", "rights.csv", "--credits", "rights.csv"],
        ["-o", "a.csv", "--rights", "rights.csv", "--credits", "rights.txt"],
        ["-o", "a.csv", "--credits", "credits.otio"],
    ],
)
def test_what_is_read_is_never_written_over(
    words: list[str], timeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    here = tmp_path / "scored.otio"
    here.write_bytes(timeline.read_bytes())
    (tmp_path / "rights.csv").write_text(RIGHTS)
    for name in ("link.csv", "link.txt"):
        (tmp_path / name).symlink_to(here)
    for name in ("hard.json", "hard.txt"):
        (tmp_path / name).hardlink_to(here)
    (tmp_path / "rights.txt").symlink_to("rights.csv")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert run(["cuesheet", "scored.otio", *words]) == 2
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_rights_are_given_once_and_remembered_by_item(
    timeline: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "rights.csv"
    table.write_text(RIGHTS)
    first = events(capsys, "cuesheet", timeline, "-o", tmp_path / "a.csv", "--rights", table)
    assert any("music 9" in event.get("message", "") for event in first)
    table.unlink()
    credit = tmp_path / "credits.txt"
    again = events(capsys, "cuesheet", timeline, timeline, "-o", tmp_path / "b.csv", "--credits", credit)
    cues = [event for event in again if event["event"] == "cue"]
    assert [(cue["cue"], cue["holders"][0]["name"]) for cue in cues] == [
        ("1M1", "Ann Ames"),
        ("2M1", "Ann Ames"),
    ]
    assert again[-1]["not_on_file"] == []
    assert "Composed by Ann Ames (PRS)" in credit.read_text()


def test_the_head_is_as_configured(
    timeline: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config_file().parent.mkdir(parents=True, exist_ok=True)
    config_file().write_text('[cue_sheet]\ncompany = "We"\n')
    assert run(["cuesheet", str(timeline), "-o", str(tmp_path / "a.json"), "-q"]) == 0
    document = json.loads((tmp_path / "a.json").read_text())
    assert (document["company"], document["production"]) == ("We", "Short film")
    assert run(["cuesheet", str(timeline), "-o", str(tmp_path / "a.doc")]) == 2
    assert ".csv, .xlsx, .pdf, .json" in capsys.readouterr().err
