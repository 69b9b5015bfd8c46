"""What people and scripts see."""

from __future__ import annotations

import io
import json
import sys
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from avm_otio.cli.output import EVENTS_VERSION, Output
from avm_otio.config.tokens import Token
from avm_otio.errors import TimelineError


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Terminal(io.StringIO):
    """A standard error that is a terminal."""

    def isatty(self) -> bool:
        return True


def events_in(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_people_read_stderr_and_find_results_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output()
    output.say("Reading.")
    output.warn("A clip is offline.")
    output.event("plan", name="x")
    output.result("42")
    captured = capsys.readouterr()
    assert captured.out == "42\n"
    assert captured.err == "Reading.\nNote: A clip is offline.\n"


def test_quiet_leaves_warnings_errors_and_results(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(quiet=True)
    output.say("Reading.")
    with output.step("Exporting", 10) as advance:
        advance(5)
    output.warn("Mind.")
    output.result("42")
    output.error(TimelineError("Gone."))
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("42\n", "Note: Mind.\nError: Gone.\n")


def test_scripts_read_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(json=True)
    output.say("Reading.")
    output.result("42")
    output.warn("Mind.")
    output.event("plan", name="short\nfilm 配樂", path=Path("a"))
    captured = capsys.readouterr()
    assert captured.err == ""
    warning, plan = events_in(captured.out)
    assert (warning["event"], warning["message"]) == ("warning", "Mind.")
    assert (plan["event"], plan["version"], plan["name"], plan["path"]) == (
        "plan",
        EVENTS_VERSION,
        "short\nfilm 配樂",
        "a",
    )
    assert datetime.fromisoformat(str(plan["time"])).utcoffset() == timedelta(0)


def test_no_way_out_shows_a_token(capsys: pytest.CaptureFixture[str]) -> None:
    token = Token("s3cret-of-output", "test").reveal()
    for output in (Output(), Output(json=True)):
        output.say(token)
        output.warn(token)
        output.result(token)
        output.event("x", words=token)
        output.error(TimelineError(token))
    captured = capsys.readouterr()
    assert "s3cret" not in captured.out + captured.err
    assert "[token]" in captured.out


def test_what_a_service_says_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Output().say("title\x1b[2J\x9b\x07\r\u3000end")
    assert capsys.readouterr().err == "title\ufffd[2J\ufffd\ufffd \u3000end\n"


def test_without_a_terminal_a_step_is_a_few_lines(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with Output(clock=clock).step("Uploading", 1000) as advance:
        for done in range(0, 1001):
            clock.now_s = done / 100
            advance(done)
    assert capsys.readouterr().err.splitlines() == [
        "Uploading …",
        "Uploading: 20 %",
        "Uploading: 40 %",
        "Uploading: 60 %",
        "Uploading: 80 %",
        "Uploading: 100 %",
        "Uploading: done in 10 s",
    ]


def test_a_slow_step_says_each_ten_percent_once(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with Output(clock=clock).step("Exporting", 100) as advance:
        for done in range(0, 101):
            clock.now_s = done * 5.0
            advance(done)
    lines = capsys.readouterr().err.splitlines()
    assert lines[1:-1] == [f"Exporting: {percent} %" for percent in range(10, 101, 10)]
    assert lines[-1] == "Exporting: done in 8 min 20 s"


def test_waiting_says_now_and_then_how_long_it_has_been(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with Output(clock=clock).step("Waiting") as advance:
        for second in range(40):
            clock.now_s = float(second)
            advance(second)
    assert capsys.readouterr().err.splitlines() == [
        "Waiting …",
        "Waiting: 15 s so far",
        "Waiting: 30 s so far",
        "Waiting: done in 39 s",
    ]


def test_a_short_step_is_one_line_and_a_failed_one_has_no_end(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    output = Output(clock=clock)
    with output.step("Reading"):
        pass
    assert capsys.readouterr().err == "Reading …\n"
    with suppress(TimelineError), output.step("Reading"):
        clock.now_s = 60.0
        raise TimelineError("no")
    assert capsys.readouterr().err == "Reading …\n"


def test_progress_events_are_few_but_the_first_and_the_last_always_come(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    with Output(json=True, clock=clock).step("Uploading", 1000) as advance:
        for done in range(1, 1001):
            clock.now_s = done / 1000
            advance(done)
    started, *progress, ended = events_in(capsys.readouterr().out)
    assert (started["event"], started["state"], started["total"]) == ("step", "started", 1000)
    assert (ended["event"], ended["state"], ended["elapsed_s"]) == ("step", "done", 1.0)
    assert [each["done"] for each in progress] == [1, 201, 401, 601, 801, 1000]


def test_a_step_that_fails_tells_how_far_it_came(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(json=True, clock=Clock())
    with suppress(TimelineError), output.step("Uploading", 10) as advance:
        advance(1)
        advance(4)
        raise TimelineError("cut off")
    assert [event.get("done") for event in events_in(capsys.readouterr().out)] == [None, 1, 4]


def test_a_terminal_sees_bars_that_share_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    output = Output()
    with output.step("Exporting [all]", 100) as advance:
        advance(40)
        with output.step("Waiting") as inner:
            inner(1)
        output.say("A word between.")
    with output.step("Uploading", 10) as advance:
        advance(10)
    shown = terminal.getvalue()
    for words in ("Exporting [all]", "Waiting", "A word between.", "Uploading", "100%"):
        assert words in shown


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    with Output().step("Exporting", 100) as advance:
        advance(40)
    assert "\x1b[38;" not in terminal.getvalue()
    assert "\x1b[3" not in terminal.getvalue()


def test_a_dumb_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "dumb")
    with Output().step("Exporting", 100):
        pass
    assert terminal.getvalue() == "Exporting …\n"


def test_a_program_without_a_console_stays_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(sys, "stdout", None)
    output = Output()
    with output.step("Exporting"):
        output.say("x")
    output.result("x")
