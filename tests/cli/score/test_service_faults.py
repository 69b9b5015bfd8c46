"""A fault of the service is one line with its code, and nothing is left half written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest

from avm_otio.config.folders import config_file
from tests.cli.score.asking import SERVICE, Score, error_line, leftovers
from tests.loopback_http import html, raw, redirect, reset, says
from tests.scripted_service import SESSION_ID, ScriptedService, effect, result_of, wav


@pytest.mark.slow
@pytest.mark.parametrize(
    ("call", "answer", "code", "words"),
    [
        ("POST /film/", says({"message": ["Insufficient analyze count"]}, 403), 5, "nsufficient"),
        ("POST /film/", says({"detail": "x"}, 401), 4, "oken"),
        ("POST /film/", html(502), 6, "502"),
        ("POST /film/", says({"id": "x"}), 6, "id"),
        ("POST /film/", reset, 6, "film"),
        (f"POST {SERVICE}", says({"message": ["Insufficient analyze count"]}, 400), 5, "nsufficient"),
        (f"POST {SERVICE}", reset, 7, "paid"),
        (f"POST {SERVICE}", html(502), 7, "paid"),
        (f"POST {SERVICE}", html(200), 7, "paid"),
        (f"GET {SERVICE}{SESSION_ID}/", raw(200, b'{"is_done": tr'), 6, ""),
        (f"GET {SERVICE}{SESSION_ID}/", says([]), 6, ""),
        (f"GET {SERVICE}{SESSION_ID}/", redirect("http://127.0.0.2:9/elsewhere"), 6, ""),
    ],
)
def test_a_fault_of_the_service_is_one_line_with_its_code(
    score: Score,
    service: ScriptedService,
    cut: Path,
    capsys: pytest.CaptureFixture[str],
    call: str,
    answer: Any,
    code: int,
    words: str,
) -> None:
    config_file().parent.mkdir(parents=True)
    config_file().write_text("[timeouts]\nlook_s = 0.1\n")
    service.instead[call] = answer
    assert score() == code
    assert words in error_line(capsys)
    assert leftovers(cut.parent) == []
    assert sum(path.endswith("/service/") for path in service.calls("POST")) <= 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("item", "code"),
    [
        (html(200), 0),
        (raw(200, b""), 0),
        (raw(200, wav()[:100], content_length="200000"), 6),
        (raw(503, b"later"), 6),
        (raw(404, b"gone"), 0),
        (redirect("file:///etc/passwd"), 0),
        (redirect("http://169.254.169.254/latest/"), 0),
        (raw(200, b"RIFF" + b"\0" * 400, content_type="audio/wav"), 0),
    ],
)
def test_what_is_no_sound_is_laid_nowhere_and_told_and_what_may_pass_ends_the_run(
    score: Score,
    service: ScriptedService,
    cut: Path,
    capsys: pytest.CaptureFixture[str],
    item: Any,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    service.files["/items/1"] = item
    assert score() == code
    if code:
        assert error_line(capsys)
        assert leftovers(cut.parent) == []
    else:
        assert "Effect 1 cannot be had" in capsys.readouterr().err
        scored = otio.adapters.read_from_file(str(cut.parent / "out.otio"))
        assert [clip.metadata["avm"]["item"]["id"] for track in scored.tracks[1:] for clip in track] == [7]


@pytest.mark.slow
@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "http://10.0.0.1/x",
        "http://[fe80::1]/x",
        "data:,x",
        "",
        None,
        "http://",
    ],
)
def test_an_address_that_must_not_be_asked_is_refused(
    score: Score, service: ScriptedService, cut: Path, capsys: pytest.CaptureFixture[str], url: str | None
) -> None:
    service.result = result_of(effect(service.url, url=url))
    assert score() == 6
    assert error_line(capsys)
    assert leftovers(cut.parent) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("00:00:01", "00:00:00.5", "before it starts"),
        ("-00:00:01", "00:00:01", "not a time"),
        ("00:00:09", "00:00:10", "past the film's end"),
        (None, None, "no start_at"),
    ],
)
def test_a_cue_that_makes_no_sense_is_refused_and_can_be_left_out(
    score: Score,
    service: ScriptedService,
    cut: Path,
    capsys: pytest.CaptureFixture[str],
    start: Any,
    end: Any,
    words: str,
) -> None:
    service.result = result_of(effect(service.url), effect(service.url, start=start, end=end))
    assert score() == 3
    assert words in error_line(capsys)
    assert leftovers(cut.parent) == []
    assert score("--skip-bad-cues") == 0
    assert words in capsys.readouterr().err


def test_the_token_goes_to_the_service_and_never_with_a_download(
    score: Score, service: ScriptedService
) -> None:
    assert score() == 0
    for one in service.asked:
        assert ("authorization" in one.headers) == (not one.path.startswith("/items/"))


@pytest.mark.parametrize("call", ["POST /film/", f"GET {SERVICE}{SESSION_ID}/", "/items/1"])
def test_an_interruption_leaves_no_half_output(
    score: Score,
    service: ScriptedService,
    cut: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    call: str,
) -> None:
    from avm_otio.service.client import Client

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    names = {"POST /film/": "create_film", f"GET {SERVICE}{SESSION_ID}/": "service_result"}
    if call in names:
        monkeypatch.setattr(Client, names[call], interrupted)
    else:
        monkeypatch.setattr("avm_otio.media.fetch.fetch", interrupted)
    assert score() == 130
    assert leftovers(cut.parent) == []
    assert not list(cut.parent.rglob(".*"))
