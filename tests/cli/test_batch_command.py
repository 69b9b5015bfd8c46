"""``batch`` as its user meets it: what is refused before anything runs, and what is told at the end."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from avm_otio.cli.main import run
from tests.loopback_http import says
from tests.media.numbered import movie
from tests.scripted_service import FILM_ID, effect, film_service, result_of, sound, wav
from tests.timelines import clip, timeline, track

TOKEN = "sesame-1234567890"


def cut(path: Path, footage: str = "film.mp4", frames: int = 24) -> Path:
    path.parent.mkdir(exist_ok=True)
    shots = track(clip("shot", 0, frames, url=str(path.parent / footage), available=(0, 48)))
    path.write_text(timeline(shots).to_json_string())
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AVM_TOKEN", TOKEN)
    movie(tmp_path / "film.mp4", 48, Fraction(24))
    cut(tmp_path / "one.otio")
    cut(tmp_path / "two.otio", frames=30)
    return tmp_path


def refused(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 2) -> str:
    """The one line with which a call is refused; nothing was begun."""
    assert run(["batch", "--service", "http://127.0.0.1:9", *arguments]) == code
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1
    assert not list(Path.cwd().rglob("*.avm"))
    return errors[0]


def test_two_timelines_of_one_name_do_not_write_over_each_other(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = cut(folder / "more" / "one.otio", "../film.mp4")
    error = refused(capsys, "one.otio", str(other), "--output-dir", "out")
    assert "one.otio" in error
    assert "--name" in error


def test_without_a_timeline_there_is_nothing_to_do(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--list" in refused(capsys)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("timeline,clp\none.otio,1\n", ("clp", "clip")),
        ("timeline,bpm\none.otio,90\ntwo.otio,fast\n", ("line 3", "bpm")),
        ("timeline,output\none.otio,a.otio\n,b.otio\n", ("line 3", "timeline")),
        ("timeline\nnone.otio\n", ("line 2", "none.otio")),
        ("timeline\n", ("--list",)),
        ("timeline\none.otio,1,2\n", ("line 2",)),
        ('timeline\n"one.otio\n', ("line 2",)),
    ],
)
def test_a_list_is_checked_row_by_row(
    folder: Path, capsys: pytest.CaptureFixture[str], text: str, words: tuple[str, ...]
) -> None:
    Path("reels.csv").write_text(text)
    error = refused(capsys, "--list", "reels.csv", code=2 if words == ("--list",) else 3)
    for word in words:
        assert word in error


def test_an_order_that_cannot_be_carried_out_is_told_of_before_anything_is_begun(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("reels.csv").write_text("timeline,output\none.otio,a.otio\ntwo.otio,b.mp3\n")
    assert "two.otio" in refused(capsys, "--list", "reels.csv")


def test_a_report_that_cannot_be_written_is_told_of_before_anything_is_begun(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "report.csv" in refused(capsys, "one.otio", "--report", "report.xlsx")
    assert "nowhere" in refused(capsys, "one.otio", "--report", "nowhere/report.csv", code=1)


def test_no_sum_of_several_currencies_is_held_to_a_limit(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("reels.csv").write_text("timeline,currency\none.otio,EUR\ntwo.otio,USD\n")
    error = refused(capsys, "--list", "reels.csv", "--max-cost", "10")
    assert "EUR and USD" in error


@pytest.mark.parametrize("amount", ["-1", "ten", "nan", "inf"])
def test_an_amount_is_a_number(folder: Path, capsys: pytest.CaptureFixture[str], amount: str) -> None:
    assert amount in refused(capsys, "one.otio", f"--max-cost={amount}")


def test_a_list_from_a_spreadsheet_is_carried_out_and_summed_up(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "timeline;output;tc_out\none.otio;out/first.otio;\ntwo.otio;;00:00:00:18\n"
    Path("reels.csv").write_bytes(b"\xef\xbb\xbf" + rows.replace("\n", "\r\n").encode())
    with film_service(result_of()) as service:
        service.result = result_of(effect(service.url))
        service.files = {"/items/1": sound()}
        call = [
            "batch",
            "--list",
            "reels.csv",
            "--service",
            service.url,
            "--cpu-jobs",
            "1",
            "--report",
            "r.csv",
        ]
        assert run(call) == 0
        captured = capsys.readouterr()
        assert [line.split()[:3] for line in captured.out.splitlines()[1:]] == [
            ["one.otio", "done", "1"],
            ["two.otio", "done", "1"],
        ]
        assert "2 done" in captured.err
        assert TOKEN not in captured.out + captured.err
        assert (folder / "out" / "first.otio").is_file()
        assert (folder / "two.scored.otio").is_file()
        with Path("r.csv").open(newline="") as file:
            table = list(csv.DictReader(file))
        assert [(row["timeline"], row["price"]) for row in table][-1] == ("total", "5.0")
        assert run([*call, "--json"]) == 0
        events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["event"] for one in events] == ["batch_item", "batch_item", "done"]
    assert all(one["recalled"] for one in events[:2])
    assert events[-1] | {"done": 2, "failed": 0, "held": 0, "analyses": 2, "exit_code": 0} == events[-1]


def test_what_an_earlier_run_wrote_is_not_scored_on_top(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with film_service(result_of()) as service:
        service.instead[f"POST /film/{FILM_ID}/service/"] = says(
            {"message": ["Insufficient analyze count"]}, 400
        )
        Path("one.scored.otio").write_text(Path("one.otio").read_text())
        call = [
            "batch",
            *sorted(map(str, Path().glob("*.otio"))),
            "--service",
            service.url,
            "--cpu-jobs",
            "1",
        ]
        assert run(call) == 5
    captured = capsys.readouterr()
    assert "one.scored.otio is left out" in captured.err
    assert len(captured.out.splitlines()) == 3


@pytest.mark.slow
def test_the_local_engine_scores_many_at_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library = folder / "library"
    for name in ("effects/Slam.wav", "effects/Whoosh.wav", "music/Warm bed – 92 bpm.wav"):
        (library / name).parent.mkdir(parents=True, exist_ok=True)
        (library / name).write_bytes(wav(2.5))
    assert (
        run(["batch", "one.otio", "two.otio", "--library", str(library), "--json", "--service", "local"]) == 0
    )
    events: list[dict[str, Any]] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert events[-1]["done"] == 2
    assert sorted(path.name for path in folder.glob("*.scored.otio")) == [
        "one.scored.otio",
        "two.scored.otio",
    ]
