"""What a film's upload sends, and the pages of lists."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from avm_otio import errors
from avm_otio.service.client import Client
from tests.loopback_http import says, serving
from tests.service.calls import TOKEN, call_youtube, client_of, error_of


def test_a_youtube_film_is_multipart_with_the_link_alone() -> None:
    with serving(says({"id": 2})) as service, client_of(service) as client:
        call_youtube(client)
    assert service.asked[0].headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'name="youtube_url"\r\n\r\nhttps://youtu.be/x\r\n' in service.asked[0].body
    assert b'name="file"' not in service.asked[0].body


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("film.mp4", "film.mp4"),
        ("影片 🎬 #1 100%.mp4", "影片 🎬 #1 100%.mp4"),
        ('a "quoted" name', "a %22quoted%22 name"),
        ('x"\r\ncontent-type: evil', "x%22%0D%0Acontent-type: evil"),
    ],
)
def test_a_film_is_one_multipart_file_under_a_safe_name(tmp_path: Path, name: str, sent: str) -> None:
    content = bytes(range(256)) * 5000
    film = tmp_path / "film.mp4"
    film.write_bytes(content)
    steps: list[tuple[int, int]] = []
    with serving(says({"id": 5})) as service, client_of(service) as client:
        assert client.create_film(film, filename=name, progress=lambda *step: steps.append(step)) == 5
    head, body = service.asked[0].body.split(b"\r\n\r\n", 1)
    assert f'Content-Disposition: form-data; name="file"; filename="{sent}"\r\n'.encode() in head
    assert len(head.split(b"\r\n")) == 3
    boundary = service.asked[0].headers["content-type"].partition("boundary=")[2].encode()
    assert body == content + b"\r\n--" + boundary + b"--\r\n"
    assert steps == sorted(steps)
    assert steps[-1] == (len(content), len(content))
    assert len(steps) > 2


def test_a_large_film_is_sent_in_constant_memory(tmp_path: Path) -> None:
    film = tmp_path / "large.mp4"
    with film.open("wb") as file:
        file.truncate(400 * 1024 * 1024)
    program = f"""
import json, pathlib, resource, socket, threading
from avm_otio.service.client import Client
listener = socket.create_server(("127.0.0.1", 0))
got = 0
def serve():
    global got
    line, _ = listener.accept()
    buffer = bytearray(1 << 20)
    head = b""
    while b"\\r\\n\\r\\n" not in head:
        head += line.recv(1)
    length = int(head.lower().split(b"content-length: ")[1].split(b"\\r\\n")[0])
    while got < length:
        got += line.recv_into(buffer)
    line.sendall(b'HTTP/1.1 200 OK\\r\\ncontent-length: 8\\r\\n\\r\\n{{"id":5}}')
    line.close()
thread = threading.Thread(target=serve); thread.start()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with Client(f"http://127.0.0.1:{{listener.getsockname()[1]}}", "token") as client:
    film = client.create_film(pathlib.Path({str(film)!r}))
thread.join(); listener.close()
print(json.dumps([film, got, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before]))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    film_id, received, grown_kib = json.loads(run.stdout)
    assert film_id == 5
    assert received > 400 * 1024 * 1024
    assert grown_kib < 30 * 1024


def test_what_cannot_be_read_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    with serving(says({"id": 1})) as service, client_of(service) as client:
        for name in ("missing.mp4", "empty.mp4", "."):
            with pytest.raises(errors.MediaError):
                client.create_film(tmp_path / name)
    assert service.asked == []


def test_a_film_that_shrinks_while_it_is_sent_is_an_error(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(bytes(2_000_000))

    def cut(done: int, total: int) -> None:
        with film.open("r+b") as file:
            file.truncate(done)

    def swallow(request: httpx.Request) -> httpx.Response:
        request.read()
        return httpx.Response(200, json={"id": 1})

    transport = httpx.MockTransport(swallow)
    with (
        Client("https://avm.example", TOKEN, transport=transport) as client,
        pytest.raises(errors.MediaError),
    ):
        client.create_film(film, progress=cut)


def test_pages_are_asked_for_only_when_they_are_needed() -> None:
    with serving(says({})) as service, client_of(service) as client:
        service.replies = [
            says({"next": f"{service.url}/film/?page=2", "results": [{"id": 1}, {"id": 2}]}),
            says({"next": None, "results": [{"id": 3}]}),
        ]
        films = client.films()
        assert service.asked == []
        assert [next(films).id, next(films).id] == [1, 2]
        assert len(service.asked) == 1
        assert [film.id for film in films] == [3]
        assert [asked.path for asked in service.asked] == ["/film/", "/film/?page=2"]


def test_pages_that_run_in_a_circle_are_an_error() -> None:
    with serving(says({"next": "/film/?page=2", "results": []})) as service, client_of(service) as client:
        with pytest.raises(errors.ContractError, match="circle"):
            list(client.films())
        assert len(service.asked) == 2


def test_a_next_page_that_is_no_address_is_an_error() -> None:
    error, _ = error_of(says({"next": "https://[::1", "results": []}), lambda client: list(client.films()))
    assert isinstance(error, errors.ContractError)
