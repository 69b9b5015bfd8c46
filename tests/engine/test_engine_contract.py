"""The engine keeps the contract's OpenAPI document, whatever it is asked, and takes the reference's calls."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from avm_otio.engine import app, server, upload
from avm_otio.engine.contract import openapi
from avm_otio.engine.server import running
from tests.engine.engine_films import clicks, make_film, write_wav

HEADERS = {"authorization": "Token any", "accept-language": "en", "avma-currency": "usd"}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
CONTRACT = schemathesis.openapi.from_dict(openapi())


@pytest.fixture(scope="module")
def film_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_film(tmp_path_factory.mktemp("films") / "cut.mp4")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    write_wav(folder / "music" / "Calm.wav", clicks(4, [24_000]))
    write_wav(folder / "effects" / "Whoosh.wav", clicks(0.4, [100]))
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def base_url(data: Path, library: Path, film_file: Path) -> Iterator[str]:
    """An engine with one Film, 1, and one service of it, 1."""
    with running(data_dir=data, library=library) as url:
        with film_file.open("rb") as file:
            httpx.post(f"{url}/film/", headers=HEADERS, files={"file": ("cut.mp4", file)}).raise_for_status()
        body = {"license": {"range": [1], "duration": 1, "usage_platforms": [1]}, "sound_effect_service": {}}
        httpx.post(f"{url}/film/1/service/", headers=HEADERS, json=body).raise_for_status()
        yield url


def messages(answer: httpx.Response) -> list[str]:
    """Of a refusal in the contract's shape, and nothing else."""
    document = answer.json()
    assert set(document) == {"message"}
    assert document["message"]
    assert all(isinstance(message, str) and message for message in document["message"])
    return list(document["message"])


@pytest.mark.slow
@CONTRACT.parametrize()
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),  # its examples may be large and slow
)
def test_every_answer_is_as_the_document_says_and_none_is_a_fault(case: Case, base_url: str) -> None:
    negated = (
        {}
        if case.meta is None
        else {place for place, component in case.meta.components.items() if component.mode.is_negative}
    )
    for name in case.path_parameters if len(str(case.body)) % 2 else ():
        case.path_parameters[name] = 1  # what is there
    answer = case.call(base_url=base_url, headers={"authorization": "Token any"})
    # Of addresses and headers only the good ones are sent, above: a bad one that is mended is none.
    is_bad = negated == {ParameterLocation.BODY}
    case.validate_response(answer, checks=[*CHECKS, *[negative_data_rejection] * is_bad])


def test_the_document_is_served_to_whoever_asks_and_stands_in_the_docs(base_url: str) -> None:
    served = httpx.get(f"{base_url}/openapi.json").json()
    written = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text(encoding="utf-8"))
    assert served == written == json.loads(json.dumps(openapi()))


@pytest.mark.parametrize(
    "body",
    [
        b'{"license": {"range": [1], "duration": 1, "usage_platforms": [1]}, "music_mapping_service":'
        b'{"requirement": {"title": "\\ud83c", "budget_min": 0, "budget_max": 1}}}',
        b'{"license": {"range": [1], "duration": 1, "usage_platforms": [1]}, "music_mapping_service":'
        b'{"requirement": {"title": "a", "budget_min": 0, "budget_max": 1' + b"0" * 400 + b"}}}",
        b'{"license": {"range": [1' + b"0" * 4000 + b'], "duration": 1, "usage_platforms": [1]},'
        b'"sound_effect_service": {}}',
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"license": NaN}',
    ],
    ids=["half a character", "400 digits of money", "4,000 digits of an id", "depth", "no text", "no number"],
)
def test_a_body_that_makes_no_sense_is_refused_in_words(base_url: str, body: bytes) -> None:
    answer = httpx.post(f"{base_url}/film/1/service/", headers=HEADERS, content=body)
    assert answer.status_code == 400
    messages(answer)


@pytest.mark.parametrize("digits", ["9" * 19, "9" * 400, "9" * 4000])
def test_an_id_longer_than_any_is_not_found(base_url: str, digits: str) -> None:
    answer = httpx.get(f"{base_url}/film/{digits}/", headers=HEADERS)
    assert answer.status_code == 404
    messages(answer)


CURL = shutil.which("curl")


@pytest.mark.skipif(CURL is None, reason="there is no curl on this machine")
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (
            'curl HOST/film/ -H "authorization: Token YOUR-API-TOKEN" -H "accept-language: en" '
            '-H "avma-currency: usd"',
            "results",
        ),
        (
            'curl HOST/film/ -X POST -H "authorization: Token YOUR-API-TOKEN" '
            '-H "Content-Type: application/x-www-form-urlencoded" -F file=@filename',
            "id",
        ),
        ('curl HOST/film/1/ -H "authorization: Token YOUR-API-TOKEN"', "recommended_musics"),
        (
            'curl HOST/film/1/service/ -X POST -H "authorization: Token YOUR-API-TOKEN" '
            '-H "Content-Type: application/json" -d @json_pamrameter',
            "session_id",
        ),
        ('curl HOST/film/1/service/1/ -H "authorization: Token YOUR-API-TOKEN"', "is_done"),
    ],
    ids=["list", "upload", "film", "service", "result"],
)
def test_the_references_own_calls_are_answered(
    base_url: str, film_file: Path, tmp_path: Path, call: str, says: str
) -> None:
    shutil.copy(film_file, tmp_path / "filename")
    (tmp_path / "json_pamrameter").write_text(
        '{"license": {"range": [16], "duration": 8, "usage_platforms": [2]}, "music_mapping_service": '
        '{"requirement": {"title": "service title", "budget_min": 1.0, "budget_max": 100000.0, "outline": "",'
        '"ref_music": "", "bpm": 129.0, "genre": [37, 38], "instrument": [23, 27], "language": 1}}}'
    )
    done = subprocess.run(
        call.replace("HOST", base_url), shell=True, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert says in json.loads(done.stdout), done.stdout


def handles_on_deleted_files() -> list[str]:
    links = [path.readlink() for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    return [str(link) for link in links if "(deleted)" in str(link) and "uploads" in str(link)]


def begun(base_url: str, head: str, body: bytes = b"") -> socket.socket:
    """A connection on which so much has been sent."""
    host, port = base_url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=20)
    connection.sendall(head.replace("\n", "\r\n").encode() + body)
    return connection


UPLOAD = """POST /film/ HTTP/1.1
host: 127.0.0.1
authorization: Token any
accept-language: en
content-type: multipart/form-data; boundary=x
content-length: {length}

"""
PART = b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc to see what is open")
def test_nothing_stays_of_an_upload_that_breaks_off(base_url: str, data: Path) -> None:
    with begun(base_url, UPLOAD.format(length=10**6), PART + bytes(100_000)):
        until = time.monotonic() + 10
        while not list((data / "uploads").rglob("1")):
            assert time.monotonic() < until, "the upload was not begun"
            time.sleep(0.01)
    until = time.monotonic() + 10
    while list((data / "uploads").iterdir()) or handles_on_deleted_files():
        assert time.monotonic() < until, "something stayed"
        time.sleep(0.01)


def test_a_film_larger_than_what_is_taken_is_refused_before_it_is_sent(
    base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "LARGEST_FILM_BYTES", 1000)
    with begun(base_url, UPLOAD.format(length=10**12)) as connection:
        assert connection.recv(64).startswith(b"HTTP/1.1 413")


def answer_to(connection: socket.socket) -> tuple[int, list[str]]:
    """Status and messages of an answer, which has the contract's shape."""
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    document = json.loads(answer.read())
    assert answer.headers["content-type"] == "application/json"
    assert list(document) == ["message"]
    return answer.status, document["message"]


@pytest.mark.parametrize("length", [100 * 10**12, 10**19, 10**20, 10**21, 10**300])
def test_an_announced_upload_of_absurd_size_is_refused_as_too_large(base_url: str, length: int) -> None:
    with begun(base_url, UPLOAD.format(length=length), PART) as connection:
        status, (message,) = answer_to(connection)
    assert (status, "large" in message or "too long" in message) == (413, True)


def test_it_is_whoever_asks(base_url: str) -> None:
    head = UPLOAD.format(length=10**14).replace("127.0.0.1", "x").replace("Token any", "Token wrong")
    with begun(base_url, head, PART) as connection:
        assert answer_to(connection)[0] == 413


@pytest.mark.parametrize("length", ["-5", "1e9", "abc", "5\ncontent-length: 6"])
def test_what_is_no_http_is_refused_in_the_contracts_shape(base_url: str, length: str) -> None:
    with begun(base_url, UPLOAD.format(length=length)) as connection:
        assert answer_to(connection) == (400, ["This is no HTTP request."])


def test_a_film_that_turns_out_larger_than_what_is_taken_is_refused(
    base_url: str, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload, "LARGEST_FILM_BYTES", 1000)

    def pieces() -> Iterator[bytes]:
        yield PART
        yield bytes(2000)

    kind = {"content-type": "multipart/form-data; boundary=x"}
    answer = httpx.post(f"{base_url}/film/", headers=HEADERS | kind, content=pieces())
    assert answer.status_code == 413
    assert messages(answer) == ["The film is larger than this engine takes."]
    assert not list((data / "uploads").iterdir())


def test_a_disk_that_is_full_is_said_and_the_next_upload_is_taken(
    base_url: str, film_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(upload.Upload, "_take", full)
        answer = httpx.post(f"{base_url}/film/", headers=HEADERS, files={"file": ("a.mp4", b"0" * 1000)})
    assert answer.status_code == 507
    messages(answer)
    with film_file.open("rb") as file:
        again = httpx.post(f"{base_url}/film/", headers=HEADERS, files={"file": ("cut.mp4", file)})
    assert again.status_code == 200


def test_a_body_that_stops_is_given_up(base_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "PATIENCE_S", 0.2)
    with begun(base_url, UPLOAD.format(length=10**6), PART) as connection:
        assert connection.recv(64).startswith(b"HTTP/1.1 408")


def test_a_head_that_trickles_is_given_up(base_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PATIENCE_S", 0.5)
    until = time.monotonic() + 10
    with begun(base_url, "GET /film/ HTTP/1.1\n") as connection, suppress(OSError):
        while time.monotonic() < until:  # the end is an error, however the system words it
            connection.sendall(b"a: b\r\n")
            time.sleep(0.05)
    assert time.monotonic() < until
