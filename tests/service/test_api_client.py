"""The service's calls: what is sent, what is asked again, and what is sent exactly once."""

from __future__ import annotations

import json
import socket
import time
import traceback
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx
import pytest

from avm_otio import errors
from avm_otio.retry import Retrying
from avm_otio.service.client import Client
from avm_otio.services import ServiceKeys
from tests.loopback_http import Reply, cut_short, html, raw, reset, says, serving
from tests.service.calls import (
    AT_ONCE,
    REFUSED,
    REQUEST,
    TOKEN,
    UNSURE,
    Call,
    call_film,
    call_service,
    call_youtube,
    client_of,
    error_of,
)


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
