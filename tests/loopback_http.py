"""A real HTTP server on loopback that answers as each test scripts it, byte for byte where that matters."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Reply = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Service:
    """Replies are used up in order; the last one stays."""

    url: str
    replies: list[Reply]
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def serving(*replies: Reply) -> Iterator[Service]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            service.asked.append(Asked(self.command, self.path, headers, body))
            reply = service.replies.pop(0) if len(service.replies) > 1 else service.replies[0]
            reply(self)

        do_GET = do_POST = answer  # noqa: N815  # the names that http.server calls

        def log_message(self, *_: object) -> None:
            pass

    with listening(Handler) as url:
        service = Service(url, list(replies))
        yield service


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler], port: int = 0) -> Iterator[str]:
    """A server on a port, 0 for one of the system's choice; its address."""
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def raw(status: int, body: bytes, **headers: str) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"content_length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = True

    return reply


def says(data: object, status: int = 200, **headers: str) -> Reply:
    return raw(status, json.dumps(data).encode(), content_type="application/json", **headers)


def html(status: int = 200) -> Reply:
    return raw(status, b"<html><h1>Gateway</h1>\n down </html>", content_type="text/html")


def redirect(to: str, status: int = 302) -> Reply:
    return raw(status, b"", location=to)


def reset(handler: BaseHTTPRequestHandler) -> None:
    """Take the request, then cut the line."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def cut_short(handler: BaseHTTPRequestHandler) -> None:
    raw(200, b'{"session_id": 4', content_length="400", content_type="application/json")(handler)
