"""What was asked wrongly, or cannot be used, is refused in one line before anything is sent."""

from __future__ import annotations

from pathlib import Path

import opentimelineio as otio
import pytest

from avm_otio import services
from tests.cli.cuts import RATE, save
from tests.cli.score.asking import Score, error_line, leftovers
from tests.scripted_service import ScriptedService
from tests.timelines import time_range


def test_a_silent_film_is_not_uploaded_for_noise_reduction(
    tmp_path: Path, footage: Path, score: Score, service: ScriptedService, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = save(tmp_path / "my cut.otio", footage / "silent.mp4", start=0, frames=24, available=48)
    assert score("--services", "denoise", timeline=silent) == 6
    assert "noise" in error_line(capsys)
    assert service.asked == []


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (["--clip", "shot one"], 3, "Did you mean “shot 1”"),
        (["--in", "02:00:00:00"], 3, "lies outside"),
        (["--in", "01:00:01:00", "--out", "01:00:01:00"], 3, "is empty"),
        (["--in", "noon"], 3, "not a timecode"),
        (["--in", "01:00:00;00"], 3, "no drop-frame"),
        (["--track", "V7"], 3, "There are: V1"),
        (["--services", "musik"], 2, f"{', '.join(services.service_names())}, not 'musik'"),
        (["--services", ""], 2, "at least one of music"),
        (["--budget-min", "9", "--budget-max", "3"], 2, "Swap"),
        (["--genre", "cinematik"], 2, "cinematik"),
        (["--library", "/nowhere", "--service", "local"], 3, "/nowhere"),
        (["--service", "http://example.com"], 2, "clear"),
        (["--effects-length", "long"], 2, "long"),
        (["--currency", "ABC"], 2, "'TWD', 'USD', 'EUR'"),
        (["--rate", "0/0"], 2, "'0/0' is not a frame rate. Help"),
    ],
)
def test_what_was_asked_wrongly_is_told_in_one_line(
    score: Score,
    service: ScriptedService,
    cut: Path,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    code: int,
    words: str,
) -> None:
    assert score(*more) == code
    assert words in error_line(capsys)
    assert leftovers(cut.parent) == []
    assert service.calls("POST") == []


@pytest.mark.parametrize("make", ["none", "empty", "truncated", "text", "no video", "gone", "zero", "torn"])
def test_a_timeline_that_cannot_be_used_is_told_in_one_line(
    tmp_path: Path,
    footage: Path,
    score: Score,
    service: ScriptedService,
    capsys: pytest.CaptureFixture[str],
    make: str,
) -> None:
    path = tmp_path / "my cut.otio"
    if make == "none":
        path.unlink(missing_ok=True)
    elif make == "empty":
        path.write_text(otio.schema.Timeline("e").to_json_string())
    elif make == "truncated":
        path.write_text(path.read_text()[:200] if path.exists() else '{"OTIO')
    elif make == "text":
        path.write_text("hello")
    elif make == "no video":
        timeline = otio.schema.Timeline("e")
        timeline.tracks.append(
            otio.schema.Track(
                "A1", [otio.schema.Clip("a", source_range=time_range(0, 9, RATE))], kind="Audio"
            )
        )
        path.write_text(timeline.to_json_string())
    elif make == "gone":
        save(path, tmp_path / "lost.mp4")
    else:
        media = tmp_path / "torn.mp4"
        media.write_bytes(b"" if make == "zero" else (footage / "a b.mp4").read_bytes()[:3000])
        save(path, media)
    assert score(timeline=path) == 3
    line = error_line(capsys)
    if make == "gone":
        assert "shot 1" in line
        assert "lost.mp4" in line
        assert "--media-root" in line
    assert service.asked == []


def test_moved_media_is_found_by_name(tmp_path: Path, footage: Path, score: Score) -> None:
    moved = save(tmp_path / "my cut.otio", tmp_path / "elsewhere" / "a b.mp4")
    assert score(timeline=moved) == 3
    assert score("--media-root", str(footage), timeline=moved) == 0


def test_the_input_is_never_the_output(cut: Path, score: Score, capsys: pytest.CaptureFixture[str]) -> None:
    before = cut.read_bytes()
    assert score(output="my cut.otio") == 2
    assert "never changed" in error_line(capsys)
    assert cut.read_bytes() == before


def test_where_jobs_cannot_be_kept_another_place_is_asked_for(
    cut: Path, score: Score, service: ScriptedService, capsys: pytest.CaptureFixture[str]
) -> None:
    cut.with_suffix(".avm").write_text("in the way")
    assert score() == 1
    assert "--jobs-dir" in error_line(capsys)
    assert service.asked == []
    assert score("--jobs-dir", str(cut.parent / "jobs")) == 0


def test_no_token_is_told_before_anything_is_done(
    score: Score, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AVM_TOKEN")
    assert score() == 4
    assert "avm-otio login" in error_line(capsys)
