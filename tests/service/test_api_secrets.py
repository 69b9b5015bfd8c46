"""The token reaches one origin, and no log, error or answer."""

from __future__ import annotations

import json
import logging
import re

import httpx
import pytest

from avm_otio import errors
from avm_otio.service.client import Client
from tests.loopback_http import raw, redirect, reset, says, serving
from tests.service.calls import TOKEN, Call, call_film, call_service, call_youtube, client_of, error_of


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
