"""What somebody meets who is new here: messages that say what was found, what is missing and what to do."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import opentimelineio as otio
import pytest

from avm_otio.cli.main import run
from avm_otio.words import counted, priced
from tests.scored import scored
from tests.timelines import clip, timeline, track


def said(capsys: pytest.CaptureFixture[str], *words: object, code: int = 3) -> str:
    capsys.readouterr()
    assert run([*map(str, words)]) == code
    captured = capsys.readouterr()
    return captured.out + captured.err


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    """A cut of two shots that was never scored and whose media are not here."""
    path = tmp_path / "my_cut.otio"
    shots = track(clip("a", 0, 24, url="a.mov"), clip("b", 0, 24, url="b.mov"))
    path.write_text(timeline(shots).to_json_string())
    return path


# What was never scored


@pytest.mark.parametrize("command", [["cost"], ["cuesheet", "-o", "cues.csv"]])
def test_a_timeline_that_was_never_scored_is_said_to_be_one(
    command: list[str], cut: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(cut.parent)
    text = said(capsys, command[0], cut, *command[1:], code=0)
    assert "my_cut.otio has no sounds of ours on its 1 track. Score it first: avm-otio score." in text
    assert "TITLE" not in text  # no table without a line


# Money


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (Decimal("10"), "EUR", "10.00 EUR"),
        (Decimal("49.9"), "USD", "49.90 USD"),
        (103.0, "TWD", "103.00 TWD"),
        (Decimal("500.0"), "JPY", "500 JPY"),
        (Decimal("1.5"), "KWD", "1.500 KWD"),
        (Decimal("0.125"), "EUR", "0.125 EUR"),
        (Decimal("1E+3"), "EUR", "1000.00 EUR"),
        (Decimal("1E+40"), "EUR", "1E+40 EUR"),
        ("ask us", "EUR", "ask us EUR"),
        (Decimal("7"), "", "7"),
    ],
)
def test_an_amount_has_the_decimals_of_its_currency_and_is_never_rounded(
    amount: object, currency: str, shown: str
) -> None:
    assert priced(amount, currency) == shown


def test_a_bill_and_its_budget_show_money_alike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from avm_otio.formats.reading import save

    path = tmp_path / "scored.otio"
    save(scored(tmp_path), path)
    monkeypatch.setenv("AVM_BUDGET_MAX", "100")
    text = said(capsys, "cost", path, code=0)
    assert "4 items used: 40.00 EUR." in text
    assert " 10.00 EUR " in text
    assert "examples" not in text  # that service is no local engine
    path.write_text(path.read_text().replace("https://service.example", "local"))
    assert "The local engine's prices are examples" in said(capsys, "cost", path, code=0)


def test_one_thing_is_no_plural() -> None:
    assert (counted(1, "effect"), counted(2, "effect"), counted(0, "effect")) == (
        "1 effect",
        "2 effects",
        "0 effects",
    )


# What is not there, and where a file is wanted


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["turnover", "--check", "turnovr"], "turnovr is not there. Did you mean"),
        (["turnover", "--check", "my_cut.otio"], "is a file, not a folder."),
        (["turnover", "my_cu", "-o", "x"], "no timeline or job my_cu in"),
        (["audition", "my_cu"], "Did you mean my_cut.otio?"),
        (["choose", "nope", "--list"], "Give a scored timeline, or a job of avm-otio jobs list."),
        (["convert", "nope.json", "-o", "x.otio"], "There are my_cut.otio."),
        (["convert", "my_cut.json", "-o", "x.otio"], "Did you mean my_cut.otio?"),
    ],
    ids=lambda each: " ".join(each[:3]) if isinstance(each, list) else "",
)
def test_what_is_not_there_is_named_with_what_may_be_meant(
    words: list[str],
    answer: str,
    cut: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(cut.parent)
    (cut.parent / "turnover").mkdir()
    (cut.parent / "turnover" / "manifest.json").write_text("{}")
    assert answer in said(capsys, *words)


@pytest.mark.parametrize("command", ["convert", "export", "score", "cost", "preview", "relink"])
def test_a_folder_in_the_place_of_an_output_is_refused_before_any_work(
    command: str, cut: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = cut.parent / "out"
    folder.mkdir()
    text = said(capsys, command, cut, "-o", folder, code=2)
    assert f"{folder} is a folder. Name the file, too: {folder}/" in text
    assert "Reading" not in text


def test_a_folder_of_media_that_is_not_there_is_refused(
    cut: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["convert", cut, "-o", cut.with_suffix(".xml"), "--media-root", cut.parent / "gone"]
    assert "gone is no folder that is there" in said(capsys, *words, code=2)


def test_pro_tools_is_pointed_to_the_turnover(cut: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["convert", "--for", "protools", cut, "-o", cut.with_name("x.otio")]
    assert "avm-otio turnover --for protools" in said(capsys, *words, code=2)


def test_hundreds_of_missing_files_are_counted_and_the_first_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cut.otio"
    shots = [clip(f"shot {number}", 0, 2, url=f"gone {number}.mov") for number in range(300)]
    made: otio.schema.Timeline = timeline(track(*shots))
    path.write_text(made.to_json_string())
    words = ["export", path, "-o", tmp_path / "film.mp4"]
    text = said(capsys, *words, code=3)
    assert "300 pieces of media cannot be found: clip 'shot 0'" in text
    assert "; and 296 more." in text
    assert len(text) < 2_000
    capsys.readouterr()
    assert run([*map(str, words), "--json"]) == 3
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(events[-1]["missing"]) == 300


def test_folders_that_are_removed_while_jobs_are_looked_for_hold_none(
    cut: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    (cut.parent / "going").mkdir()
    listed = os.scandir

    def scandir(path: str | int = ".") -> object:
        if str(path).endswith("going"):
            raise FileNotFoundError(2, "No such file or directory", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    said(capsys, "cost", cut, code=0)
