from __future__ import annotations

import json
import logging
import re
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx
import pytest

from avm_otio import errors
from avm_otio.retry import Retrying
from avm_otio.service.client import Client
from avm_otio.service.request import ServiceRequest
from avm_otio.services import ServiceKeys
from tests.loopback_http import Reply, Service, cut_short, html, raw, redirect, reset, says, serving

TOKEN = "s3cret-0123456789abcdef"
AT_ONCE = Retrying(attempts=3, sleep=lambda _: None)
REQUEST = ServiceRequest({"range": [16], "duration": 8, "usage_platforms": [2]}, {"effects": {}})
Call = Callable[[Client], object]


def client_of(service: Service, **named: object) -> Client:
    named = {"retrying": AT_ONCE, "answer_timeout_s": 5.0} | named
    return Client(service.url, TOKEN, **named)


def call_film(client: Client) -> object:
    return client.film(7)


def call_service(client: Client) -> object:
    return client.create_service(7, REQUEST)


def call_youtube(client: Client) -> object:
    return client.create_film_from_youtube("https://youtu.be/x")


def error_of(reply: Reply, call: Call = call_film) -> tuple[errors.AvmError, int]:
    """The error that a call ends in, and how often the service was asked."""
    with serving(reply) as service, client_of(service) as client:
        with pytest.raises(errors.AvmError) as caught:
            call(client)
        assert TOKEN not in "".join(traceback.format_exception(caught.value))
        return caught.value, len(service.asked)


# What is sent


def test_every_call_sends_the_three_headers(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"film")
    replies = [
        says({"id": 1}),
        says({"id": 2}),
        says({"results": []}),
        says({"id": 1}),
        says({"session_id": 3}),
        says({"is_done": True}),
    ]
    with serving(*replies) as service, client_of(service, language="zh", currency="EUR") as client:
        assert client.create_film(film) == 1
        assert client.create_film_from_youtube("https://youtu.be/x") == 2
        assert list(client.films()) == []
        assert client.film(1).id == 1
        assert client.create_service(1, REQUEST) == 3
        assert client.service_result(1, 3).is_done
    assert [f"{asked.method} {asked.path}" for asked in service.asked] == [
        "POST /film/",
        "POST /film/",
        "GET /film/",
        "GET /film/1/",
        "POST /film/1/service/",
        "GET /film/1/service/3/",
    ]
    for asked in service.asked:
        assert asked.headers["authorization"] == f"Token {TOKEN}"
        assert asked.headers["accept-language"] == "zh"
        assert asked.headers["avma-currency"] == "EUR"


def test_a_service_request_is_json_with_the_configured_keys() -> None:
    with (
        serving(says({"session_id": 3})) as service,
        client_of(service, keys=ServiceKeys({"effects": "fx"})) as client,
    ):
        client.create_service(7, REQUEST)
    assert json.loads(service.asked[0].body)["fx"] == {}
    assert service.asked[0].headers["content-type"] == "application/json"


def test_a_base_address_may_have_a_path() -> None:
    with serving(says({"id": 1})) as service, Client(f"{service.url}/avm/v1/", TOKEN) as client:
        client.film(1)
    assert service.asked[0].path == "/avm/v1/film/1/"


def test_a_youtube_film_is_multipart_with_the_link_alone() -> None:
    with serving(says({"id": 2})) as service, client_of(service) as client:
        call_youtube(client)
    assert service.asked[0].headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'name="youtube_url"\r\n\r\nhttps://youtu.be/x\r\n' in service.asked[0].body
    assert b'name="file"' not in service.asked[0].body


# Uploading


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
    told: list[tuple[int, int]] = []
    with serving(says({"id": 5})) as service, client_of(service) as client:
        assert client.create_film(film, filename=name, progress=lambda *step: told.append(step)) == 5
    head, body = service.asked[0].body.split(b"\r\n\r\n", 1)
    assert f'Content-Disposition: form-data; name="file"; filename="{sent}"\r\n'.encode() in head
    assert len(head.split(b"\r\n")) == 3
    boundary = service.asked[0].headers["content-type"].partition("boundary=")[2].encode()
    assert body == content + b"\r\n--" + boundary + b"--\r\n"
    assert told == sorted(told)
    assert told[-1] == (len(content), len(content))
    assert len(told) > 2


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


# Lists


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


@pytest.mark.parametrize("kind", ["next page", "redirect"])
def test_the_token_never_goes_to_another_origin(kind: str) -> None:
    with serving(says({"results": [], "id": 1})) as other, serving(says({})) as service:
        if kind == "next page":
            service.replies = [says({"next": f"{other.url}/film/?page=2", "results": []})]
        else:
            service.replies = [redirect(f"{other.url}/film/")]
        with client_of(service) as client, pytest.raises(errors.ContractError, match="another origin"):
            list(client.films())
        assert other.asked == []


@pytest.mark.parametrize(
    "pointed",
    [
        "https://avm.example.evil.example/",
        "http://avm.example/",
        "https://avm.example:444/",
        "https://user:word@avm.example/",
        "//evil.example/",
    ],
)
def test_only_the_very_same_origin_is_followed(pointed: str) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(302, headers={"location": pointed})

    client = Client("https://avm.example", TOKEN, transport=httpx.MockTransport(answer))
    with client, pytest.raises(errors.ContractError):
        client.film(1)
    assert asked == ["https://avm.example/film/1/"]


def test_a_redirect_within_the_origin_is_followed_but_not_for_ever() -> None:
    with serving(redirect("/v2/film/7/"), says({"id": 7})) as service, client_of(service) as client:
        assert client.film(7).id == 7
        assert service.asked[1].path == "/v2/film/7/"
    error, asked = error_of(redirect("/film/7/"))
    assert isinstance(error, errors.ContractError)
    assert asked == 6


# What the service refuses

OWN = "Insufficient analyze count"
SHAPE = {"message": ["Not now."]}
UNSURE: dict[str, Reply] = {
    "reset": reset,
    "cut short": cut_short,
    "HTML": html(200),
    "nothing": raw(200, b""),
    "no session": says({}),
    "a session that is none": says({"session_id": "four"}),
    "no content": raw(204, b""),
    **{f"{status} HTML": html(status) for status in (400, 401, 403, 404, 408, 429, 499, 500, 502)},
    **{f"{status} redirect": redirect("/film/7/service/4/", status) for status in (301, 302, 303, 307, 308)},
    **{
        f"{status} own shape": says(SHAPE, status) for status in (400, 404, 405, 408, 409, 422, 499, 500, 503)
    },
    **{f"{status} documented": says({"message": [OWN]}, status) for status in (404, 408, 409, 499, 500, 503)},
    "documented, of another call": says({"message": ["The Youtube url is invalid"]}, 400),
    "documented, another shape": says({"detail": OWN}, 400),
    "documented, a bare text": says({"message": OWN}, 400),
}
"""Answers to the paid call that do not rule out that it was carried out."""

_OF_PAID_CALL = {
    OWN: errors.AnalysesUsedUpError,
    "The license data must be provide": errors.LicenseMissingError,
    "All usage_platform that choice must be related to the same usage data": errors.UsagePlatformError,
    "At least one service to be chosen": errors.NoServiceChosenError,
    "Sound effect start time unavailable": errors.EffectStartError,
}
REFUSED: dict[str, tuple[Reply, type[errors.AvmError], int]] = {
    **{
        f"{status} {message}": (says({"message": ["前言", message]}, status), kind, 1)
        for message, kind in _OF_PAID_CALL.items()
        for status in (400, 402, 403, 422)
    },
    "401": (says(SHAPE, 401), errors.TokenRefusedError, 1),
    "403": (says(SHAPE, 403), errors.TokenRefusedError, 1),
    "429": (says(SHAPE, 429), errors.RefusedError, 3),
}
"""Answers to the paid call that prove that it was not, the error, and how often it is sent."""

DOCUMENTED = {
    "Insufficient analyze count": errors.AnalysesUsedUpError,
    "One of the file or YouTube url must be provided": errors.NoVideoSourceError,
    "The Youtube url is invalid": errors.YoutubeUrlInvalidError,
    "The Youtube url is unavailable": errors.YoutubeUrlUnavailableError,
    "The license data must be provide": errors.LicenseMissingError,
    "All usage_platform that choice must be related to the same usage data": errors.UsagePlatformError,
    "At least one service to be chosen": errors.NoServiceChosenError,
    "Sound effect start time unavailable": errors.EffectStartError,
}


@pytest.mark.parametrize("status", [400, 403, 503])
@pytest.mark.parametrize("message", DOCUMENTED)
def test_documented_messages_are_named_errors_that_keep_the_words(message: str, status: int) -> None:
    error, asked = error_of(says({"message": ["前言", message]}, status), call_youtube)
    assert type(error) is DOCUMENTED[message]
    assert isinstance(error, errors.RefusedError)
    assert error.status == status
    assert error.messages == ("前言", message)
    assert message in error.what
    assert error.hint
    assert asked == 1


@pytest.mark.parametrize("reply", [says({"message": ["no"]}, 401), says({"detail": "no"}, 403), html(403)])
def test_a_refused_token_has_its_own_error(reply: Reply) -> None:
    error, _ = error_of(reply)
    assert isinstance(error, errors.TokenRefusedError)
    assert error.exit_code == 4


@pytest.mark.parametrize("message", ["insufficient analyze count", "分析次數不足"])
def test_an_unknown_message_is_passed_on(message: str) -> None:
    error, _ = error_of(says({"message": [message]}, 400))
    assert type(error) is errors.RefusedError
    assert message in error.what


# What is not the contract


@pytest.mark.parametrize(
    "reply",
    [
        html(200),
        html(404),
        raw(200, b""),
        raw(400, b""),
        raw(200, b'{"id": 7'),
        says([]),
        says({}),
        says(None),
        says({"id": "seven"}),
        says({"message": "not a list"}, 400),
        says({"message": [1]}, 400),
        raw(200, b"\xff\xfe"),
        raw(200, b'{"id": NaN}'),
        raw(200, b'{"id": 1e999}'),
        raw(200, b"[" * 100_000),
        raw(200, b"junk", content_encoding="gzip"),
        html(302),
    ],
)
def test_anything_else_is_a_contract_error_on_one_line(reply: Reply) -> None:
    error, asked = error_of(reply)
    assert isinstance(error, errors.ContractError)
    assert asked == 1
    assert "\n" not in str(error)


def test_a_contract_error_shows_what_came() -> None:
    error, _ = error_of(raw(200, b"<html>\n" + b"x" * 5000, content_type="text/html"))
    assert "200 (text/html) «<html> xxx" in error.what
    assert len(error.what) < 400


def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    error, asked = error_of(raw(200, b" " * (33 * 1024 * 1024)))
    assert isinstance(error, errors.ContractError)
    assert asked == 1


# Trying again


@pytest.mark.parametrize(
    "fault", [html(500), html(502), says({"message": ["wait"]}, 503), html(429), reset, cut_short]
)
def test_a_question_is_asked_again_after_a_passing_fault(fault: Reply) -> None:
    with serving(fault, fault, says({"id": 7})) as service, client_of(service) as client:
        assert client.film(7).id == 7
        assert len(service.asked) == 3


def test_retry_after_is_honoured() -> None:
    slept: list[float] = []
    patient = Retrying(sleep=slept.append, dice=lambda: 0.0)
    with serving(raw(503, b"", retry_after="3"), says({"id": 7})) as service:
        client_of(service, retrying=patient).film(7)
    assert slept == [3.0]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (html(502), errors.ContractError),
        (says({"message": ["wait"]}, 429), errors.RefusedError),
        (reset, errors.NetworkError),
        (cut_short, errors.NetworkError),
    ],
)
def test_a_fault_that_stays_is_said_after_the_last_attempt(fault: Reply, kind: type[errors.AvmError]) -> None:
    error, asked = error_of(fault)
    assert type(error) is kind
    assert asked == 3


@pytest.mark.parametrize("call", [call_film, call_service, call_youtube])
def test_a_service_that_is_not_there_is_a_network_error(call: Call) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    client = Client(f"http://127.0.0.1:{port}", TOKEN, retrying=AT_ONCE)
    with client, pytest.raises(errors.NetworkError) as caught:
        call(client)
    assert type(caught.value) is errors.NetworkError


@pytest.mark.parametrize("fault", UNSURE.values(), ids=UNSURE)
def test_a_paid_call_is_sent_exactly_once_where_its_fate_is_unknown(fault: Reply) -> None:
    error, asked = error_of(fault, call_service)
    assert isinstance(error, errors.UnsureIfPaidError)
    assert error.exit_code == 7
    assert "film show 7" in error.hint
    assert asked == 1


@pytest.mark.parametrize(("refusal", "kind", "attempts"), REFUSED.values(), ids=REFUSED)
def test_a_paid_call_that_was_surely_refused_is_not_called_unsure(
    refusal: Reply, kind: type[errors.AvmError], attempts: int
) -> None:
    error, asked = error_of(refusal, call_service)
    assert type(error) is kind
    assert asked == attempts


@pytest.mark.parametrize("session", [4, 4.0, "4", " 4 "])
def test_a_session_is_done_however_its_number_is_written(session: object) -> None:
    with serving(says({"session_id": session})) as service, client_of(service) as client:
        assert call_service(client) == 4


def test_every_answer_is_handed_on_as_it_came_before_anything_is_read() -> None:
    came: list[bytes] = []
    for body, call in (
        (b'{"session_id": 0x4}', lambda client: client.create_service(7, REQUEST, received=came.append)),
        (b'{"is_done": maybe}', lambda client: client.service_result(7, 3, received=came.append)),
        (b'{"id"', lambda client: client.film(7, received=came.append)),
    ):
        error_of(raw(200, body), call)
        assert came.pop() == body


# Deadlines


def trickle(of: str) -> Reply:
    """An answer whose status line, headers, interim answers or body come slowly and without end."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        begin, piece = {
            "status": (b"H", b"T"),
            "headers": (b"HTTP/1.1 200 OK\r\n", b"x-more: 1\r\n"),
            "interim answers": (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
            "body": (b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n", b" "),
            "body without a length": (b"HTTP/1.1 200 OK\r\n\r\n", b" "),
        }[of]
        handler.close_connection = True
        with suppress(OSError):
            handler.wfile.write(begin)
            for _ in range(400):
                handler.wfile.write(piece)
                time.sleep(0.02)

    return reply


@pytest.mark.parametrize("of", ["status", "headers", "interim answers", "body", "body without a length"])
@pytest.mark.parametrize("call", [call_film, call_service, call_youtube])
def test_an_exchange_has_an_end_wherever_it_trickles(of: str, call: Call) -> None:
    began = time.monotonic()
    with (
        serving(trickle(of)) as service,
        client_of(service, answer_timeout_s=0.2, film_timeout_s=0.2, retrying=Retrying(attempts=1)) as client,
        pytest.raises(errors.ServiceError, match=r"took too long|HTTP|disconnected") as caught,
    ):
        call(client)
    assert isinstance(caught.value, errors.UnsureIfPaidError) is (call is call_service)
    assert time.monotonic() - began < 4


@pytest.mark.parametrize(
    ("fault", "attempts", "kind"),
    [
        (httpx.ConnectError, 3, errors.NetworkError),
        (httpx.ConnectTimeout, 3, errors.NetworkError),
        (httpx.PoolTimeout, 3, errors.NetworkError),
        (httpx.ProxyError, 3, errors.NetworkError),
        (httpx.WriteError, 1, errors.UnsureIfPaidError),
        (httpx.WriteTimeout, 1, errors.UnsureIfPaidError),
        (httpx.ReadError, 1, errors.UnsureIfPaidError),
        (httpx.ReadTimeout, 1, errors.UnsureIfPaidError),
        (httpx.RemoteProtocolError, 1, errors.UnsureIfPaidError),
    ],
)
def test_a_paid_call_is_repeated_only_where_it_surely_never_left(
    fault: type[httpx.RequestError], attempts: int, kind: type[errors.AvmError]
) -> None:
    asked: list[httpx.Request] = []

    def fail(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        raise fault(f"broke with {TOKEN}")

    with (
        Client("https://avm.example", TOKEN, retrying=AT_ONCE, transport=httpx.MockTransport(fail)) as client,
        pytest.raises(kind) as caught,
    ):
        call_service(client)
    assert len(asked) == attempts
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


def test_a_lost_answer_to_a_film_says_how_to_look() -> None:
    error, asked = error_of(reset, call_youtube)
    assert type(error) is errors.NetworkError
    assert "film list" in error.hint
    assert asked == 1


# The token and the address


@pytest.mark.parametrize(
    "spelt",
    [
        TOKEN,
        "".join(f"\\u{ord(sign):04x}" for sign in TOKEN),
        "".join(f"\\u{ord(sign):04X}" for sign in TOKEN[:5]) + TOKEN[5:],
        TOKEN.replace("-", "\\u002D"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_token_that_comes_back_in_an_answer_is_struck_out(spelt: str, encoding: str) -> None:
    came: list[bytes] = []
    body = f'{{"id": 7, "title": "is {spelt}", "{spelt}": ["{spelt}"]}}'.encode(encoding)
    with serving(raw(200, body)) as service, client_of(service) as client:
        film = client.film(7, received=came.append)
    assert film.title == "is [token]"
    assert film.served == {"id": 7, "title": "is [token]", "[token]": ["[token]"]}
    assert json.loads(came[0]) == film.served


@pytest.mark.parametrize("token", ["7", "title", "1320"])
def test_a_token_that_is_no_secret_spoils_no_answer(token: str) -> None:
    with serving(says({"id": 1320, "title": "seven 7"})) as service, Client(service.url, token) as client:
        assert (client.film(7).id, client.film(7).title) == (1320, "seven 7")


@pytest.mark.parametrize("call", [call_film, call_service, call_youtube])
def test_the_token_is_never_shown(call: Call, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for reply in (
        says({"message": [f"Token {TOKEN} is wrong"]}, 401),
        raw(200, TOKEN.encode(), content_type=TOKEN),
        redirect(f"https://{TOKEN}.example/{TOKEN}?{TOKEN}"),
        reset,
    ):
        error, _ = error_of(reply, call)
        assert TOKEN not in f"{error!r} {error} {error.as_dict()}"
    with serving(says({"id": 7, "session_id": 1})) as service, client_of(service) as client:
        call(client)
        assert TOKEN not in f"{client!r} {client}"
    assert "send_request_headers" in caplog.text
    sent = "\n".join(line for line in caplog.text.splitlines() if "receive_response_headers" not in line)
    assert TOKEN not in sent


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "ключ", "tab\t", "null\0", "trailing\r\n"])
def test_a_token_that_cannot_be_one_is_refused_in_words(token: str) -> None:
    with pytest.raises(errors.TokenRefusedError) as caught:
        Client("https://avm.example", token)
    assert caught.value.hint
    assert not token or token not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "http://avm.example",
        "http://10.0.0.1",
        "http://127.0.0.1.example",
        "ftp://avm.example",
        "avm.example",
        "",
        "https://",
        "https://user:word@avm.example",
        "https://avm.example?x=1",
        "https://avm.example#x",
        "https://[::1",
        "file:///etc/passwd",
    ],
)
def test_an_address_to_which_the_token_must_not_go_is_refused(address: str) -> None:
    with pytest.raises(errors.UsageError) as caught:
        Client(address, TOKEN)
    assert "word" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["http://localhost:1", "http://127.0.0.1:1/x", "http://[::1]:1", "https://avm.example"]
)
def test_clear_text_is_for_this_machine_only(address: str) -> None:
    with Client(address, TOKEN) as client:
        assert re.search(re.escape(address), repr(client))


def test_a_language_that_is_no_header_is_a_usage_error() -> None:
    with pytest.raises(errors.UsageError):
        Client("https://avm.example", TOKEN, language="en\r\nx: y")


def test_proxies_of_the_environment_are_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(says({"id": 1})) as proxy, serving(says({"id": 7})) as service:
        for name in ("http_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        with client_of(service) as client:
            assert client.film(7).id == 7
        assert proxy.asked == []
