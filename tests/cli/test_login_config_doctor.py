"""``login``, ``logout``, ``config``, ``doctor`` and ``completion``, called as a user calls them."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from avm_otio.cli import doctor
from avm_otio.cli.main import run
from avm_otio.config.folders import config_dir, config_file
from avm_otio.config.load import load_settings
from avm_otio.config.tokens import find_token, token_file

ORIGIN = "https://filmmusic.avmapping.co"
TOKEN = "s3cret-of-the-service"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Standard input, a pipe, holding what the test writes into it."""
    stdin = io.StringIO()
    monkeypatch.setattr(sys, "stdin", stdin)
    return stdin


def log_in(stdin: io.StringIO, *arguments: str) -> int:
    stdin.write(f"{TOKEN}\r\n")
    stdin.seek(0)
    return run(["login", "--token-stdin", *arguments])


def events_in(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def write_config(text: str) -> None:
    config_dir().mkdir(parents=True, exist_ok=True)
    config_file().write_text(text, encoding="utf-8")


# --- login


def test_login_keeps_the_token_and_says_where(typed: io.StringIO, capfd: pytest.CaptureFixture[str]) -> None:
    assert log_in(typed) == 0
    captured = capfd.readouterr()
    assert str(token_file(ORIGIN)) in captured.err
    assert "s3cret" not in captured.out + captured.err
    assert find_token(ORIGIN).reveal() == TOKEN


def test_login_for_another_service_is_kept_apart(typed: io.StringIO) -> None:
    assert log_in(typed, "--service", "https://example.com/api/") == 0
    assert token_file("https://example.com").exists()
    assert not token_file(ORIGIN).exists()


def test_login_asks_on_a_terminal_without_echo(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def hidden_input(prompt: str) -> str:
        asked.append(prompt)
        return TOKEN

    monkeypatch.setattr("click.termui.hidden_prompt_func", hidden_input)
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stdin", terminal)
    assert run(["login"]) == 0
    assert len(asked) == 1
    assert find_token(ORIGIN).reveal() == TOKEN
    assert "s3cret" not in "".join(capfd.readouterr())


def test_login_without_a_terminal_says_how(typed: io.StringIO, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["login"]) == 2
    assert "--token-stdin" in capfd.readouterr().err


def test_login_warns_where_the_variable_wins(
    typed: io.StringIO, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AVM_TOKEN", "another-token")
    assert log_in(typed, "--json") == 0
    warning, done = events_in(capfd.readouterr().out)
    assert "AVM_TOKEN" in str(warning["message"])
    assert (done["event"], done["service"]) == ("done", ORIGIN)


@pytest.mark.parametrize("service", ["local", "http://example.com", "nonsense"])
def test_login_to_what_takes_no_token_is_a_usage_error(service: str, typed: io.StringIO) -> None:
    assert log_in(typed, "--service", service) == 2


def test_logout_forgets(typed: io.StringIO, capfd: pytest.CaptureFixture[str]) -> None:
    log_in(typed)
    assert run(["logout"]) == 0
    assert "Removed" in capfd.readouterr().err
    assert not token_file(ORIGIN).exists()
    assert run(["logout"]) == 0
    assert "no token" in capfd.readouterr().err


# --- config


def test_show_tells_each_value_and_where_it_came_from_but_no_token(
    typed: io.StringIO, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    log_in(typed)
    capfd.readouterr()
    write_config(
        "service = 'avmapping'\n[requirement]\ngenre = ['cinematic']\n[options.genre]\ncinematic = 37\n"
    )
    monkeypatch.setenv("AVM_CURRENCY", "EUR")
    assert run(["config", "show"]) == 0
    rows = dict(line.split(maxsplit=1) for line in capfd.readouterr().out.splitlines())
    assert rows["service"] == f"{ORIGIN}  ({config_file()})"
    assert rows["currency"] == "EUR  (AVM_CURRENCY)"
    assert rows["language"] == "en  (default)"
    assert rows["requirement.genre"].startswith("cinematic (37)  (")
    assert rows["token"].startswith("set, from ")
    assert "s3cret" not in "".join(rows.values())
    assert run(["config", "show", "--json"]) == 0
    *settings, names, done = events_in(capfd.readouterr().out)
    (currency,) = (each for each in settings if each["key"] == "currency")
    assert {"key": "currency", "value": "EUR", "source": "AVM_CURRENCY"}.items() <= currency.items()
    assert (names["table"], names["names"]) == ("genre", {"cinematic": 37})
    assert str(done["token"]).startswith("set, from ")


def test_set_and_unset_change_the_file(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "path"]) == 0
    assert capfd.readouterr().out == f"{config_file()}\n"
    assert run(["config", "set", "requirement.title", "A", "night"]) == 0
    assert load_settings().fields["title"] == "A night"
    assert run(["config", "unset", "requirement.title"]) == 0
    assert load_settings().fields["title"] == ""


def test_set_warns_where_a_variable_wins(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AVM_CURRENCY", "EUR")
    assert run(["config", "set", "currency", "TWD"]) == 0
    assert "AVM_CURRENCY is set and wins" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["set", "curency", "EUR"], "Did you mean currency?"),
        (["set", "currency", "yen"], "TWD, USD, EUR"),
        (["set", "currency"], "VALUE"),
        (["unset", "currency"], "not set"),
    ],
)
def test_what_cannot_be_set_says_why(
    arguments: list[str], words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["config", *arguments]) == 2
    assert words in capfd.readouterr().err
    assert not config_file().exists()


def test_a_broken_file_is_bad_input(capfd: pytest.CaptureFixture[str]) -> None:
    write_config("a = \n")
    assert run(["config", "show"]) == 3
    assert "line 1" in capfd.readouterr().err


# --- doctor


def checks(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, dict[str, object]]]:
    code = run(["doctor", "--json", *arguments])
    *found, done = events_in(capfd.readouterr().out)
    assert done["usable"] is (code == 0)
    return code, {str(check["name"]): check for check in found}


def test_a_fresh_machine_is_usable(capfd: pytest.CaptureFixture[str]) -> None:
    code, found = checks(capfd)
    assert code == 0
    assert {check["state"] for check in found.values()} == {"ok"}
    assert "H.264" in str(found["media library"]["message"])
    assert ".aaf" in str(found["timeline formats"]["message"])


def test_a_person_reads_signs_and_how_to_mend_it(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write_config(f"service = 'avmapping'\nlibrary = {str(tmp_path / 'gone')!r}\n")
    assert run(["doctor"]) == 3
    output = capfd.readouterr().out
    assert "✓ versions: Python " in output
    assert f"✗ token: There is no token for {ORIGIN}.\n    Run avm-otio login" in output
    assert "✗ library: there is no folder" in output


def test_a_broken_configuration_is_one_finding_among_others(capfd: pytest.CaptureFixture[str]) -> None:
    write_config("currency = 'yen'\n")
    code, found = checks(capfd)
    assert code == 3
    assert "TWD, USD, EUR" in str(found["configuration"]["message"])
    assert found["cache"]["state"] == "ok"


def test_the_library_is_counted(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AVM_LIBRARY", str(tmp_path))
    assert checks(capfd)[1]["library"]["state"] == "problem"
    for name in ("a.wav", "deep/b.FLAC", "c.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert str(checks(capfd)[1]["library"]["message"]).startswith("2 sounds")


def test_a_cache_that_cannot_be_and_a_full_disk_are_told(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AVM_CACHE_DIR", str(tmp_path / "file" / "cache"))
    assert checks(capfd)[1]["cache"]["state"] == "problem"
    monkeypatch.setenv("AVM_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(doctor, "_ENOUGH_ROOM_BYTES", shutil.disk_usage(tmp_path).total + 1)
    code, found = checks(capfd)
    assert (code, found["cache"]["state"]) == (0, "note")


@pytest.fixture
def service() -> Iterator[str]:
    """A film service on this machine that has no films and takes one token."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            good = self.headers["authorization"] == f"Token {TOKEN}"
            empty: dict[str, object] = {"count": 0, "next": None, "previous": None, "results": []}
            body = json.dumps(empty if good else {"message": ["Invalid token."]}).encode()
            self.send_response(200 if good else 401)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


def test_online_asks_the_service_with_the_token(
    service: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AVM_SERVICE", service)
    monkeypatch.setenv("AVM_TOKEN", TOKEN)
    code, found = checks(capfd, "--online")
    assert (code, found["service"]["state"]) == (0, "ok")
    monkeypatch.setenv("AVM_TOKEN", "a-wrong-token")
    code, found = checks(capfd, "--online")
    assert (code, found["service"]["state"]) == (3, "problem")
    assert "a-wrong-token" not in json.dumps(found)


def test_offline_asks_nobody(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVM_SERVICE", "http://127.0.0.1:9")
    monkeypatch.setenv("AVM_TOKEN", TOKEN)
    code, found = checks(capfd)
    assert code == 0
    assert "service" not in found


# --- completion


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_that_says_where_it_goes(
    shell: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["completion", shell]) == 0
    output = capfd.readouterr().out
    assert f"_AVM_OTIO_COMPLETE={shell}_complete" in output
    last = output.splitlines()[-1]
    assert last.startswith("# ")
    assert f"avm-otio completion {shell}" in last


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_the_script_for_bash_completes_in_bash(capfd: pytest.CaptureFixture[str]) -> None:
    run(["completion", "bash"])
    script = capfd.readouterr().out
    lookup = (
        f"{script}\nCOMP_WORDS=(avm-otio doctor --onl) COMP_CWORD=2\n"
        '_avm_otio_completion avm-otio --onl doctor\necho "${COMPREPLY[@]}"\n'
    )
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ended = subprocess.run(
        ["bash", "-c", lookup], capture_output=True, text=True, env=os.environ | {"PATH": path}
    )
    assert ended.stdout.split() == ["--online"], ended.stderr
