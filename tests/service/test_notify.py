"""From the service's post to the run that wakes."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from avm_otio.cli.main import run
from avm_otio.engine.server import running
from avm_otio.errors import OutputError, UsageError
from avm_otio.service.client import Client, wait_for_result
from avm_otio.service.notify import Mailbox, forget_old, mark, notify_url, wants_mailbox
from avm_otio.service.request import ServiceRequest
from tests.scored import write_sound

LONG_S = 60.0
SERVE = """
from pathlib import Path
from avm_otio.service import receiver
receiver.serve(
    Path({spool!r}),
    patience_s={patience_s},
    on_ready=lambda address: print(address, flush=True),
    on_trouble=lambda text: print(text, flush=True),
)
"""


@dataclass
class Receiving:
    """A receiver in a process of its own."""

    url: str
    process: subprocess.Popen[str]

    def stop(self) -> str:
        """End it; all that it has said."""
        self.process.terminate()
        output, _ = self.process.communicate(timeout=30)
        return output


@contextmanager
def receiving(spool: Path, patience_s: float = 30.0) -> Iterator[Receiving]:
    code = SERVE.format(spool=str(spool), patience_s=patience_s)
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield Receiving(process.stdout.readline().strip(), process)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def spool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spool")


@pytest.fixture(scope="module")
def url(spool: Path) -> Iterator[str]:
    with receiving(spool) as receiver:
        yield receiver.url


@pytest.fixture
def mailbox(spool: Path) -> Iterator[Mailbox]:
    made = Mailbox.open(spool)
    yield made
    made.close()


# Mailboxes


def test_only_an_address_that_names_the_job_wants_a_mailbox() -> None:
    given = "https://here.example/avm/{job}?from=avm"
    assert wants_mailbox(given)
    assert notify_url(given, "s3cret") == "https://here.example/avm/s3cret?from=avm"
    assert not wants_mailbox("https://here.example/avm/")


def test_each_mailbox_has_a_secret_of_its_own_that_is_not_on_disk(tmp_path: Path) -> None:
    secrets = {Mailbox.open(tmp_path).secret for _ in range(20)}
    assert len(secrets) == 20
    assert all(re.fullmatch(r"[\w-]{32}", secret) for secret in secrets)
    names = [path.name for path in tmp_path.iterdir()]
    assert len(names) == 20
    assert not any(secret in name for secret in secrets for name in names)


def test_a_pause_tells_of_each_notification_once(tmp_path: Path) -> None:
    box = Mailbox.open(tmp_path)
    assert not box.pause(0)
    for _ in range(2):
        assert mark(tmp_path, box.secret)
        assert box.pause(LONG_S)
        assert not box.pause(0)


def test_a_pause_ends_when_something_comes(tmp_path: Path) -> None:
    box = Mailbox.open(tmp_path)
    sender = threading.Timer(0.05, mark, (tmp_path, box.secret))
    sender.start()
    assert box.pause(LONG_S)
    sender.join()


def test_a_job_that_goes_on_hears_what_came_while_it_was_away(tmp_path: Path) -> None:
    secret = Mailbox.open(tmp_path).secret
    mark(tmp_path, secret)
    again = Mailbox.reopen(tmp_path, secret)
    assert again.pause(LONG_S)
    assert not again.pause(0)


def test_a_closed_mailbox_takes_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    box = Mailbox.open(tmp_path)
    box.close()
    assert not mark(tmp_path, box.secret)
    assert list(tmp_path.iterdir()) == []
    box.close()


def test_a_mailbox_whose_file_is_gone_just_hears_nothing(tmp_path: Path) -> None:
    box = Mailbox.open(tmp_path)
    for path in tmp_path.iterdir():
        path.unlink()
    assert not box.pause(0)


def test_a_spool_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        Mailbox.open(tmp_path / "file" / "spool")


def test_only_mailboxes_without_a_sign_of_life_for_long_are_removed(tmp_path: Path) -> None:
    old, young, revived = (Mailbox.open(tmp_path) for _ in range(3))
    foreign = tmp_path / "my notes.txt"
    foreign.write_text("mine")
    paths = {box: next(path for path in tmp_path.iterdir() if is_of(path, box)) for box in (old, revived)}
    for path in (*paths.values(), foreign):
        os.utime(path, (0, time.time() - 31 * 24 * 3600))
    Mailbox.reopen(tmp_path, revived.secret)
    with receiving(tmp_path):
        pass
    assert not mark(tmp_path, old.secret)
    assert mark(tmp_path, young.secret)
    assert mark(tmp_path, revived.secret)
    assert foreign.read_text() == "mine"


def is_of(path: Path, box: Mailbox) -> bool:
    """Whether a file is a mailbox's: it grows when the mailbox is marked."""
    before = path.stat().st_size
    mark(path.parent, box.secret)
    return path.stat().st_size > before


def test_removing_passes_over_what_is_gone(tmp_path: Path) -> None:
    (tmp_path / ("0" * 64)).symlink_to(tmp_path / "nowhere")
    forget_old(tmp_path)


# The receiver


@pytest.mark.parametrize("path", ["/{}", "/{}/", "/avm/{}", "/some/where/{}//", "/avm/{}?x=1"])
def test_a_post_to_the_secret_path_wakes_the_job(url: str, mailbox: Mailbox, path: str) -> None:
    answer = httpx.post(url + path.format(mailbox.secret), json={"is_done": True})
    assert (answer.status_code, answer.content) == (204, b"")
    assert mailbox.pause(LONG_S)


def test_another_jobs_path_wakes_nobody(url: str, mailbox: Mailbox) -> None:
    for path in (
        "/",
        "/avm/",
        f"/{mailbox.secret[:-1]}",
        f"/{mailbox.secret}/x",
        "/%2e%2e/%ff",
        f"/{'0' * 64}",
    ):
        assert httpx.post(url + path).status_code == 404
    assert not mailbox.pause(0)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_only_posts_are_taken(url: str, mailbox: Mailbox, method: str) -> None:
    answer = httpx.request(method, f"{url}/{mailbox.secret}")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert not mailbox.pause(0)


def test_a_body_of_a_result_is_thrown_away_and_a_longer_one_is_refused(url: str, mailbox: Mailbox) -> None:
    piece = bytes(1024 * 1024)
    assert httpx.post(f"{url}/{mailbox.secret}", content=(piece for _ in range(32))).status_code == 204
    assert mailbox.pause(0)
    try:
        answer = httpx.post(f"{url}/{mailbox.secret}", content=(piece for _ in range(40)))
        assert answer.status_code == 413
    except httpx.TransportError:  # hung up on while still sending
        pass
    assert not mailbox.pause(0)


def test_many_posts_at_once_are_all_heard(url: str, spool: Path) -> None:
    boxes = [Mailbox.open(spool) for _ in range(20)]
    threads = [threading.Thread(target=httpx.post, args=(f"{url}/{box.secret}",)) for box in boxes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(box.pause(0) for box in boxes)


@pytest.mark.parametrize(
    "sent", [b"", b"POST /x HT", b"POST /{} HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n{"], ids=range(3)
)
def test_who_dawdles_is_hung_up_on_and_wakes_nobody(tmp_path: Path, sent: bytes) -> None:
    box = Mailbox.open(tmp_path)
    with receiving(tmp_path, patience_s=0.3) as receiver:
        address = receiver.url.removeprefix("http://").rpartition(":")
        with socket.create_connection((address[0], int(address[2])), timeout=30) as line:
            line.sendall(sent.replace(b"{}", box.secret.encode()))
            with suppress(ConnectionResetError):
                assert line.recv(100) == b""
        assert not box.pause(0)
        assert httpx.post(f"{receiver.url}/{box.secret}").status_code == 204


def test_no_path_is_ever_told(tmp_path: Path) -> None:
    box = Mailbox.open(tmp_path)
    with receiving(tmp_path) as receiver:
        for path in (f"/{box.secret}", "/unknown-secret"):
            httpx.post(receiver.url + path)
            httpx.get(receiver.url + path)
        with socket.create_connection(("127.0.0.1", int(receiver.url.rpartition(":")[2]))) as line:
            line.sendall(f"POST /{box.secret} NONSENSE\r\n\r\n".encode())
            line.recv(1000)
        output = receiver.stop()
    assert box.secret not in output
    assert "unknown-secret" not in output


def test_a_spool_that_cannot_be_written_is_told_and_the_sender_asked_to_come_again(tmp_path: Path) -> None:
    box = Mailbox.open(tmp_path)
    (path,) = tmp_path.iterdir()
    path.unlink()
    path.mkdir()  # cannot be written, whoever runs the test
    with receiving(tmp_path) as receiver:
        assert httpx.post(f"{receiver.url}/{box.secret}").status_code == 503
        output = receiver.stop()
    assert f"A notification could not be passed on in {tmp_path}" in output
    assert box.secret not in output


# The command


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGTERM that a program could hear")
def test_the_command_says_where_it_listens(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "avm_otio", "notify", "serve", "--port", "0", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"AVM_CACHE_DIR": str(tmp_path)},
    ) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        box = Mailbox.open(tmp_path / "notify")
        assert httpx.post(f"{ready['address']}/avm/{box.secret}").status_code == 204
        process.terminate()
        process.communicate(timeout=30)
    assert ready["event"] == "notify_ready"
    assert box.pause(0)
    assert process.returncode == 130


def test_a_taken_port_and_a_strange_host_are_wrong_calls(
    tmp_path: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = url.rpartition(":")[2]
    assert run(["notify", "serve", "--spool", str(tmp_path), "--port", taken]) == UsageError.exit_code
    assert f"127.0.0.1, port {taken}, cannot be listened at" in capsys.readouterr().err
    assert run(["notify", "serve", "--spool", str(tmp_path), "--host", "192.0.2.1"]) == UsageError.exit_code
    output = capsys.readouterr().err
    assert "unencrypted" in output
    assert "192.0.2.1, port 8610, cannot be listened at" in output


def test_a_submission_without_a_job_has_no_secret_to_give(capsys: pytest.CaptureFixture[str]) -> None:
    call = ["service", "submit", "1", "--notify-url", "https://here.example/{job}"]
    assert run(call) == UsageError.exit_code
    assert "{job}" in capsys.readouterr().err


# All of it


def test_a_run_that_waits_is_woken_by_the_services_own_post(url: str, spool: Path, tmp_path: Path) -> None:
    sounds = tmp_path / "sounds" / "effects"
    sounds.mkdir(parents=True)
    for number, name in enumerate(("Whoosh A", "Impact A", "Tick A")):
        write_sound(sounds / f"{name}.wav", 0.4, seed=number)
    film = write_sound(tmp_path / "film.wav", 3)
    mailbox = Mailbox.open(spool)
    request = ServiceRequest(
        {"range": [16], "duration": 8, "usage_platforms": [2]},
        {"effects": {}},
        notify_url=notify_url(url + "/avm/{job}", mailbox.secret),
    )
    woken: list[bool] = []
    with (
        running(data_dir=tmp_path / "engine", library=sounds.parent) as service,
        Client(service, "t") as client,
    ):
        film_id = client.create_film(film)
        session_id = client.create_service(film_id, request)
        result = wait_for_result(
            client, film_id, session_id, later="", pause=lambda _: woken.append(mailbox.pause(LONG_S))
        )
        if not woken:  # it was done before the first question: the post comes all the same
            woken.append(mailbox.pause(LONG_S))
    assert result.is_done
    assert woken == [True]
