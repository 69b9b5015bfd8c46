"""The command line's frame: how every run ends, and what it imports."""

from __future__ import annotations

import errno
import io
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

from avm_otio import __version__
from avm_otio.cli import main
from avm_otio.cli.main import COMMANDS, Lazy, program, run
from avm_otio.cli.output import Output, pass_output
from avm_otio.config.tokens import Token
from avm_otio.errors import AnalysesUsedUpError, TimelineError, UnsureIfPaidError, UsageError

HEAVY = ("httpx", "av", "numpy", "opentimelineio", "pydantic", "starlette", "keyring", "rich", "tomlkit")


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Make ``avm-otio try`` a command that raises what the test gives."""
    raised: list[BaseException] = []

    @click.command(name="try")
    @pass_output
    def attempt(output: Output) -> None:
        raise raised[0]

    monkeypatch.setattr(main, "attempt", attempt, raising=False)
    monkeypatch.setitem(COMMANDS, "try", Lazy("avm_otio.cli.main:attempt", "Fail."))
    return raised.append


def python(code: str, **named: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", env=os.environ | named
    )


# --- what a run imports


def loaded_by(arguments: list[str]) -> set[str]:
    code = (
        "import sys\n"
        f"sys.argv = ['avm-otio', *{arguments!r}]\n"
        "from avm_otio.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "sys.stderr.write('\\n' + ' '.join(sys.modules))\n"
    )
    return set(python(code).stderr.splitlines()[-1].split())


def test_the_version_loads_nothing_but_itself() -> None:
    loaded = loaded_by(["--version"])
    assert loaded.isdisjoint({"click", "importlib.metadata", "avm_otio.cli.main", *HEAVY})


@pytest.mark.parametrize("arguments", [["--help"], [], ["scor"], ["completion", "bash"]])
def test_the_frame_loads_no_command_and_nothing_heavy(arguments: list[str]) -> None:
    loaded = loaded_by(arguments)
    assert "click" in loaded
    assert loaded.isdisjoint({"avm_otio.cli.score", "avm_otio.cli.doctor", "avm_otio.cli.service", *HEAVY})


def test_completing_a_command_loads_no_command() -> None:
    code = (
        "import sys\nfrom avm_otio.cli.main import run\n"
        "try:\n    run([])\nexcept SystemExit:\n    pass\n"
        "print('loaded', *sys.modules)"
    )
    ended = python(code, _AVM_OTIO_COMPLETE="bash_complete", COMP_WORDS="avm-otio co", COMP_CWORD="1")
    offered, _, loaded = ended.stdout.rpartition("loaded")
    assert offered.split() == [
        "plain,cost",
        "plain,conform",
        "plain,convert",
        "plain,config",
        "plain,completion",
    ]
    assert set(loaded.split()).isdisjoint({"avm_otio.cli.config_command", *HEAVY})


# --- help


def all_commands() -> Iterator[tuple[str, click.Command]]:
    def walk(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
        yield path, command
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                inner = command.get_command(context, name)
                assert inner is not None
                yield from walk(f"{path} {name}", inner)

    for name, lazy in COMMANDS.items():
        if find_spec(lazy.target.partition(":")[0]) is None:
            continue
        command = program.get_command(click.Context(program), name)
        assert command is not None, name
        yield from walk(name, command)


def test_every_command_has_help_that_ends_with_an_example(capfd: pytest.CaptureFixture[str]) -> None:
    for path, command in all_commands():
        assert run([*path.split(), "-h"]) == 0
        shown = capfd.readouterr().out
        assert command.help, f"{path} has no help"
        example = " ".join(shown.rpartition("Example: ")[2].split())
        assert f"avm-otio {path}" in example, f"the help of {path} ends with no example of it"


def test_every_option_says_what_it_is() -> None:
    for path, command in all_commands():
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, f"{path} {option.opts}"


def test_every_example_is_one_that_parses() -> None:
    for path, command in all_commands():
        words = shlex.split((command.epilog or "").rpartition("Example: ")[2])
        if words[:1] != ["avm-otio"]:
            continue
        depth = 1 + len(path.split())
        assert words[1:depth] == path.split()
        if isinstance(command, click.Group):
            command, path, depth = command.commands[words[depth]], f"{path} {words[depth]}", depth + 1
        command.make_context(path, words[depth:], parent=click.Context(program, **program.context_settings))


# --- how a run ends


def test_both_ways_to_the_version_say_the_same(capfd: pytest.CaptureFixture[str]) -> None:
    quick = subprocess.run(
        [sys.executable, "-m", "avm_otio", "--version"], capture_output=True, text=True, check=True
    )
    assert run(["--version"]) == 0
    assert quick.stdout == capfd.readouterr().out == f"avm-otio {__version__}\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("off"), 2),
        (TimelineError("a.otio is no timeline.", "Give one."), 3),
        (AnalysesUsedUpError("None left."), 5),
        (UnsureIfPaidError("No answer."), 7),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (EOFError(), 130),
        (OSError(errno.ENOSPC, "No space left on device", "x.wav"), 1),
        (PermissionError(errno.EACCES, "Permission denied", "x.wav"), 1),
        (RuntimeError("boom"), 1),
    ],
)
def test_every_end_has_its_code_one_line_and_one_event(
    error: BaseException,
    code: int,
    failing: Callable[[BaseException], None],
    capfd: pytest.CaptureFixture[str],
) -> None:
    failing(error)
    assert run(["try"]) == code
    captured = capfd.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("Error: ")
    assert captured.err.count("\n") == 1
    assert run(["try", "--json"]) == code
    last = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert (last["event"], last["exit_code"]) == ("error", code)
    assert {"version", "time", "kind", "message", "hint"} <= set(last)


def test_an_error_says_what_and_what_to_do(
    failing: Callable[[BaseException], None], capfd: pytest.CaptureFixture[str]
) -> None:
    failing(TimelineError("a.otio\x1b[31m is\nno timeline.", "Give one."))
    run(["try"])
    assert capfd.readouterr().err == "Error: a.otio\ufffd[31m is no timeline. Give one.\n"


def test_a_fault_of_ours_is_one_line_and_a_log_without_the_token(
    failing: Callable[[BaseException], None],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("AVM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("AVM_DEBUG", raising=False)
    token = Token("s3cret-of-the-log", "test")
    failing(RuntimeError(f"bad header {token.reveal()}"))
    assert run(["try"]) == 1
    error = capfd.readouterr().err
    log = tmp_path / "cache" / "fault.log"
    assert "fault of avm-otio" in error
    assert str(log) in error
    assert "Traceback" not in error
    traced = log.read_text(encoding="utf-8")
    assert "RuntimeError: bad header [token]" in traced
    assert "s3cret" not in error + traced
    monkeypatch.setenv("AVM_DEBUG", "1")
    run(["try"])
    shown = capfd.readouterr().err
    assert "Traceback" in shown
    assert "s3cret" not in shown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["scor"], "Did you mean score?"),
        (["zzz"], "There are score, "),
        (["login", "--servce", "x"], "--service"),
        (["completion", "tcsh"], "'bash', 'zsh', 'fish'"),
        (["--nope"], "--nope"),
        (["config", "sho"], "show"),
        ([], "needs more"),
    ],
)
def test_a_slip_of_the_keyboard_is_helped(
    arguments: list[str], words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    captured = capfd.readouterr()
    assert words in captured.err.splitlines()[-1]
    assert captured.out == ""


def test_a_usage_error_is_an_event_too(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["login", "--json", "--nope"]) == 2
    last = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert (last["event"], last["kind"], last["exit_code"]) == ("error", "UsageError", 2)


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_request_to_end_lets_the_run_clean_up(number: signal.Signals, tmp_path: Path) -> None:
    code = f"""
import click, pathlib, time
from avm_otio.cli import main
@click.command()
def wait():
    file = pathlib.Path({str(tmp_path / "half")!r})
    file.touch()
    try:
        print("ready", flush=True)
        time.sleep(60)
    finally:
        file.unlink()
main.wait = wait
main.COMMANDS["wait"] = main.Lazy("avm_otio.cli.main:wait", "")
raise SystemExit(main.run(["wait"]))
"""
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # tests in the background ignore some
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        running.send_signal(number)
        _, error = running.communicate(timeout=20)
    assert running.returncode == 130
    assert error.startswith("Error: Interrupted.")
    assert "Traceback" not in error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="POSIX pipes")
def test_a_reader_that_leaves_ends_the_run_without_a_word() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        ended = subprocess.run(
            [sys.executable, "-m", "avm_otio", "config", "show"], stdout=closed, stderr=subprocess.PIPE
        )
    assert ended.returncode == 1
    assert ended.stderr == b""


def test_any_name_is_written_whatever_the_code_page(
    monkeypatch: pytest.MonkeyPatch, failing: Callable[[BaseException], None]
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(raw, encoding="cp1252", errors="strict"))
    failing(TimelineError("配樂🎬\udcff.otio is not there."))
    assert run(["try"]) == 3
    assert raw.getvalue().decode() == f"Error: 配樂🎬\\udcff.otio is not there.{os.linesep}"
