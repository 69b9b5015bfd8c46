"""The proxy itself: what it counts, what it changes, and that it slows things down as told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from threading import Event
from urllib.request import Request, urlopen

import pytest

from tests.faults.breaking import cut, instead, lost, reset_at_once, run_out
from tests.faults.proxy import ITEM, PAY, Proxy, proxied
from tests.faults.proxy import says as answers
from tests.loopback_http import Service, says, serving


@pytest.fixture
def service() -> Iterator[Service]:
    with serving(says({"id": 7, "session_id": 9})) as found:
        yield found


@pytest.fixture
def proxy(service: Service) -> Iterator[Proxy]:
    with proxied(service.url) as found:
        yield found


def ask(proxy: Proxy, path: str, body: bytes | None = None) -> bytes:
    with urlopen(Request(proxy.url + path, data=body)) as answer:
        return bytes(answer.read())


def test_what_the_service_took_is_counted_by_the_name_of_its_film(proxy: Proxy) -> None:
    ask(proxy, "/film/", b'content-disposition: form-data; name="file"; filename="cut-abc.mp4"')
    ask(proxy, "/film/7/service/", b"{}")
    assert (dict(proxy.uploads), dict(proxy.paid)) == ({"cut-abc.mp4": 1}, {"cut-abc.mp4": 1})


def test_what_is_paid_for_before_its_upload_is_answered_is_counted_by_that_films_name(
    service: Service, proxy: Proxy
) -> None:
    has_come, may_answer = Event(), Event()

    def late(handler: BaseHTTPRequestHandler) -> None:
        has_come.set()
        assert may_answer.wait(10)
        says({"id": 7})(handler)

    service.replies.insert(0, late)
    with ThreadPoolExecutor() as pool:
        upload = pool.submit(ask, proxy, "/film/", b'name="file"; filename="cut-abc.mp4"')
        assert has_come.wait(10)
        ask(proxy, "/film/7/service/", b"{}")
        may_answer.set()
        upload.result(10)
    assert dict(proxy.paid) == {"cut-abc.mp4": 1}


@pytest.mark.parametrize(
    ("fault", "taken"),
    [
        (reset_at_once, 0),
        (lost, 1),
        (instead(answers({}, 503)), 0),
        (instead(answers({}, 503), acted=True), 1),
    ],
)
def test_it_counts_whether_or_not_the_answer_comes_back(proxy: Proxy, fault: object, taken: int) -> None:
    planned = proxy.plan(fault, PAY)
    with pytest.raises(OSError):
        ask(proxy, "/film/7/service/", b"{}")
    proxy.quiet()
    assert (planned.made, proxy.paid.total()) == (1, taken)


def test_a_fault_meets_the_request_that_it_is_planned_for(proxy: Proxy) -> None:
    proxy.plan(instead(answers({"it": "is"})), r"GET /film/\d+/", nth=2, times=1)
    bodies = [ask(proxy, path) for path in ("/film/1/", "/film/", "/film/2/", "/film/3/")]
    assert [b"it" in one for one in bodies] == [False, False, True, False]


def test_links_run_out_and_are_given_anew(service: Service, proxy: Proxy) -> None:
    service.replies[0] = says({"url": f"{proxy.url}/media/item/1/x.wav"})
    first = ask(proxy, "/film/7/").decode()
    assert f"{proxy.url}/links/1/media/item/1/x.wav" in first
    proxy.plan(run_out(403), ITEM)
    with pytest.raises(OSError, match="403"):
        ask(proxy, "/links/1/media/item/1/x.wav")
    with pytest.raises(OSError, match="403"):
        ask(proxy, "/links/1/media/item/1/x.wav")
    assert "/links/2/media" in ask(proxy, "/film/7/").decode()
    ask(proxy, "/links/2/media/item/1/x.wav")
    assert service.asked[-1].path == "/media/item/1/x.wav"


def test_an_answer_breaks_off_after_some_bytes(proxy: Proxy) -> None:
    proxy.plan(cut(3), "GET /.*")
    with pytest.raises(Exception, match="3 bytes read"):
        ask(proxy, "/film/7/")


def test_bandwidth_and_latency_are_as_told(proxy: Proxy) -> None:
    proxy.latency_s, proxy.bytes_per_s = 0.1, 100_000
    started = time.monotonic()
    ask(proxy, "/film/7/", bytes(20_000))
    assert time.monotonic() - started >= 0.3
