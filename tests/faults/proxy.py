"""A proxy on loopback before a film service: it counts what got through, and makes faults where told to.

The service is asked with the caller's own ``host``, so that the addresses it gives lead through the proxy;
those of items carry a number that grows when links run out. Batch benchmarks use it for latency and bandwidth
alone::

    python tests/faults/proxy.py http://127.0.0.1:8600 --latency 0.2 --bandwidth 2e6
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

UPLOAD = r"POST /film/"
PAY = r"POST /film/\d+/service/"
POLL = r"GET /film/\d+/service/\d+/"
FILM = r"GET /film/\d+/"
FILMS = r"GET /film/(\?.*)?"
ITEM = r"GET /links/.*"
"""The calls of the film service, as expressions that match method and path whole."""

_PIECE_BYTES = 64 * 1024
_BETWEEN_HOPS = frozenset(
    ("connection", "keep-alive", "transfer-encoding", "content-length", "date", "server")
)


class GoneError(Exception):
    """The caller went away before its request was whole."""


@dataclass(frozen=True)
class Answer:
    """An answer; its length is said by ``length`` where that is not the body's own."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    length: int | None = None


def says(document: Any, status: int = 200, **headers: str) -> Answer:
    """An answer of JSON; ``retry_after="1"`` is a header."""
    return text(json.dumps(document), status, "application/json", **headers)


def text(body: str, status: int = 200, content_type: str = "text/html", **headers: str) -> Answer:
    """An answer of text."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, tuple(({"content-type": content_type} | named).items()), body.encode())


class Call:
    """One request in the proxy's hands, to be passed on, answered or broken."""

    def __init__(self, proxy: Proxy, handler: BaseHTTPRequestHandler) -> None:
        self.proxy = proxy
        self.asked = f"{handler.command} {handler.path}"
        self.headers = {name.lower(): value for name, value in handler.headers.items()}
        self._handler = handler
        self._left = int(self.headers.get("content-length", "0"))
        self._body = b""

    def receive(self, share: float = 1.0) -> bytes:
        """Read the request's body, or a share of it, no faster than the bandwidth allows.

        Raises:
            GoneError: The caller went away.
        """
        wanted = int((self._left + len(self._body)) * share) - len(self._body)
        while wanted > 0:
            piece = self._handler.rfile.read(min(wanted, _PIECE_BYTES))
            if not piece:
                raise GoneError
            self.proxy.spend(len(piece))
            self._body += piece
            wanted -= len(piece)
            self._left -= len(piece)
        return self._body

    def pass_on(self) -> Answer:
        """Give the whole request to the service and take its whole answer; what it accepts is counted.

        Raises:
            GoneError: The caller went away before.
        """
        body = self.receive()
        method, path = self.asked.split(" ", 1)
        number, path = self.proxy.link(path)
        if number is not None and (answer := self.proxy.gone(path)) is not None:
            return answer
        if number is not None and number < self.proxy.links:
            return says({"message": ["This link has run out."]}, self.proxy.run_out_status)
        headers = {name: value for name, value in self.headers.items() if name not in _BETWEEN_HOPS}
        service = http.client.HTTPConnection(self.proxy.service, timeout=60)
        try:
            service.request(method, path, body or None, headers | {"connection": "close"})
            response = service.getresponse()
            answer = Answer(
                response.status,
                tuple(
                    (name, value)
                    for name, value in response.getheaders()
                    if name.lower() not in _BETWEEN_HOPS
                ),
                response.read(),
            )
        finally:
            service.close()
        self.proxy.count(self, body, answer)
        return self.proxy.made_odd(self.asked, self.proxy.with_links(answer))

    def answer(self, answer: Answer, upto: int | None = None, pause_s: float = 0.0) -> None:
        """Send an answer, or the first bytes of its body, and close; with a pause, byte by byte."""
        sent = answer.body[:upto]
        length = len(answer.body) if answer.length is None else answer.length
        head = [f"HTTP/1.1 {answer.status} {http.client.responses.get(answer.status, 'Other')}"]
        head += [f"{name}: {value}" for name, value in answer.headers]
        head += [f"content-length: {length}", "connection: close", "", ""]
        with suppress(OSError):  # the caller may be dead, which is what these tests are about
            self._handler.connection.sendall("\r\n".join(head).encode("latin-1"))
            size = 1 if pause_s else _PIECE_BYTES
            for start in range(0, len(sent), size):
                piece = sent[start : start + size]
                self.proxy.spend(len(piece))
                self._handler.connection.sendall(piece)
                if self.proxy.closing.wait(pause_s):
                    return

    def reset(self) -> None:
        """Cut the line as a machine does that has crashed."""
        line = self._handler.connection
        with suppress(OSError):
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(line.detach())  # closed in earnest: files over it would keep it open


Fault = Callable[[Call], None]
"""What happens to a request instead of being passed on and answered."""


@dataclass
class Planned:
    """A fault for some of the requests that match.

    Attributes:
        fault: What happens.
        on: An expression that matches method and path whole.
        nth: The first of them, from 1.
        times: To how many in a row.
        seen: How many have matched so far.
        made: How often it has happened.
    """

    fault: Fault
    on: str
    nth: int = 1
    times: int = 1
    seen: int = 0
    made: int = 0

    def meets(self, asked: str) -> bool:
        """Whether it happens to this request, which is counted."""
        if not re.fullmatch(self.on, asked):
            return False
        self.seen += 1
        due = self.nth <= self.seen < self.nth + self.times
        self.made += due
        return due


@dataclass
class Proxy:
    """A running proxy.

    Attributes:
        url: Where it listens.
        service: Host and port of the service.
        latency_s: Waited before each request is passed on.
        bytes_per_s: Of both directions and all connections together; ``None`` for no limit.
        faults: What is to go wrong.
        links: The number that links of items carry; those with a lower one have run out.
        run_out_status: What they are answered then.
        uploads: Films that the service took, by their file names.
        asked: Method and path of every request, in order.
        token_in: Downloads that came with a token, which must not happen.
        change: Makes something else of every result and Film that the service gives; ``None`` for nothing.
        changed: The bodies that were sent so.
        gone: The answer to a download that can never be had, by the path without its link's number.
    """

    service: str
    url: str = ""
    latency_s: float = 0.0
    bytes_per_s: float | None = None
    faults: list[Planned] = field(default_factory=list)
    links: int = 1
    run_out_status: int = 403
    uploads: Counter[str] = field(default_factory=Counter)
    asked: list[str] = field(default_factory=list)
    token_in: list[str] = field(default_factory=list)
    change: Callable[[Any], None] | None = None
    changed: list[bytes] = field(default_factory=list)
    gone: Callable[[str], Answer | None] = lambda path: None
    closing: threading.Event = field(default_factory=threading.Event)
    _paid: Counter[str] = field(default_factory=Counter)
    _names: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _busy: int = 0
    _free_at: float = 0.0

    @property
    def paid(self) -> Counter[str]:
        """Film-service calls that the service took, by the film's file name: each is an analysis paid for.

        Named when it is asked for: a film can be listed and paid for before its upload is answered.
        """
        named: Counter[str] = Counter()
        with self._lock:
            for film, n in self._paid.items():
                named[self._names.get(film, film)] += n
        return named

    def plan(self, fault: Fault, on: str, nth: int = 1, times: int = 1) -> Planned:
        """Let a fault happen to the nth request that matches ``on``, and to those that follow it."""
        planned = Planned(fault, on, nth, times)
        self.faults.append(planned)
        return planned

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        """Serve one request."""
        call = Call(self, handler)
        with self._lock:
            self.asked.append(call.asked)
            due = next((planned for planned in self.faults if planned.meets(call.asked)), None)
            if re.fullmatch(ITEM, call.asked) and "authorization" in call.headers:
                self.token_in.append(call.asked)
        try:
            if self.latency_s:
                time.sleep(self.latency_s)
            if due is not None:
                due.fault(call)
            else:
                call.answer(call.pass_on())
        except (GoneError, OSError, http.client.HTTPException):
            call.reset()

    def enter(self, change: int) -> None:
        """A connection came (1) or went (-1)."""
        with self._lock:
            self._busy += change

    def quiet(self, patience_s: float = 120.0) -> None:
        """Wait until nothing is under way: what a dead caller sent has reached the service or never will.

        Raises:
            AssertionError: Something still is; nothing can be said of what was paid.
        """
        address = urlsplit(self.url)
        with socket.create_connection((str(address.hostname), int(address.port or 80))) as last:
            last.shutdown(socket.SHUT_WR)
            last.recv(1)  # connections are taken in turn: all earlier ones are counted now
        until = time.monotonic() + patience_s
        while self._busy:
            assert time.monotonic() < until, f"{self._busy} calls are under way after {patience_s} s"
            time.sleep(0.002)

    def spend(self, size: int) -> None:
        """Wait until so many bytes may have passed."""
        if self.bytes_per_s is None:
            return
        with self._lock:
            self._free_at = max(self._free_at, time.monotonic()) + size / self.bytes_per_s
            free_at = self._free_at
        time.sleep(max(0.0, free_at - time.monotonic()))

    def link(self, path: str) -> tuple[int | None, str]:
        """The number of an item's link and the path that the service knows."""
        found = re.fullmatch(r"/links/(\d+)(/.*)", path)
        return (int(found[1]), found[2]) if found else (None, path)

    def with_links(self, answer: Answer) -> Answer:
        """An answer whose addresses of items carry the present number."""
        if not dict(answer.headers).get("content-type", "").startswith("application/json"):
            return answer
        own, numbered = f"{self.url}/media/", f"{self.url}/links/{self.links}/media/"
        return replace(answer, body=answer.body.replace(own.encode(), numbered.encode()))

    def made_odd(self, asked: str, answer: Answer) -> Answer:
        """An answer about a film as ``change`` makes it."""
        if self.change is None or answer.status != 200 or not re.fullmatch(f"{POLL}|{FILM}", asked):
            return answer
        document = json.loads(answer.body)
        self.change(document)
        answer = replace(answer, body=json.dumps(document).encode())
        self.changed.append(answer.body)
        return answer

    def count(self, call: Call, body: bytes, answer: Answer) -> None:
        """Remember what the service took."""
        if not 200 <= answer.status < 300:
            return
        with self._lock:
            if re.fullmatch(UPLOAD, call.asked):
                named = re.search(rb'filename="([^"]*)"', body[:2000])
                name = named[1].decode() if named else ""
                self.uploads[name] += 1
                self._names[str(json.loads(answer.body)["id"])] = name
            elif re.fullmatch(PAY, call.asked):
                self._paid[call.asked.split("/")[2]] += 1


@contextmanager
def proxied(service_url: str) -> Iterator[Proxy]:
    """A proxy before a service, on a port of the system's choice."""
    proxy = Proxy(urlsplit(service_url).netloc)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_one(self) -> None:
            self.close_connection = True
            proxy.handle(self)

        do_GET = do_POST = handle_one  # noqa: N815  # the names that http.server calls

        def finish(self) -> None:
            with suppress(OSError, ValueError):  # a line that was cut
                super().finish()

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def process_request(self, request: Any, client_address: Any) -> None:
            proxy.enter(1)
            super().process_request(request, client_address)

        def process_request_thread(self, request: Any, client_address: Any) -> None:
            try:
                super().process_request_thread(request, client_address)
            finally:
                proxy.enter(-1)

        def handle_error(self, *_: object) -> None:
            pass  # the caller died while it spoke

    server = Server(("127.0.0.1", 0), Handler)
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="proxy")
    thread.start()
    try:
        yield proxy
    finally:
        proxy.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("service")
    reader.add_argument("--latency", type=float, default=0.0, help="seconds before each request is passed on")
    reader.add_argument("--bandwidth", type=float, help="bytes a second, both ways together")
    options = reader.parse_args()
    with proxied(options.service) as proxy:
        proxy.latency_s, proxy.bytes_per_s = options.latency, options.bandwidth
        print(proxy.url, flush=True)  # noqa: T201  # who started it reads it
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    _main()
