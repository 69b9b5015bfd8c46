"""The receiver of notifications: a small server that wakes the runs that wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import uvicorn
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from avm_otio.addresses import listening_at
from avm_otio.files import make_folder
from avm_otio.service.notify import forget_old, mark
from avm_otio.service.wire import MAX_ANSWER_BYTES

PATIENCE_S = 30.0
"""How long one connection may take, from its first byte to its last."""

_MOST_CONNECTIONS = 200
"""At once; more are hung up on. Far below what a system lets a program hold open."""


def serve(
    spool: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    patience_s: float = PATIENCE_S,
    on_ready: Callable[[str], object],
    on_trouble: Callable[[str], object],
) -> None:
    """Take notifications until interrupted.

    ``POST /…/SECRET`` is answered with 204 where a mailbox of that secret is open, 404 where none is, 503
    where it cannot be written. No body is kept, and no path is shown.

    Args:
        spool: Where the mailboxes are.
        host: The address to listen at; one of this machine's.
        port: 0 for one that the system chooses.
        patience_s: How long one connection may take.
        on_ready: Called with the base URL once calls are answered.
        on_trouble: Called with a message for each notification that could not be passed on.

    Raises:
        UsageError: The host is not this machine's, or the port is taken.
        OutputError: The spool cannot be made.
        KeyboardInterrupt: It was interrupted, and is closed.
    """
    forget_old(make_folder(spool))

    class Protocol(H11Protocol):
        """One request a connection, in bounded time: uvicorn by itself waits for a head for ever."""

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            in_time = len(self.connections) <= _MOST_CONNECTIONS
            self._end = self.loop.call_later(patience_s if in_time else 0, transport.abort)

        def connection_lost(self, exc: Exception | None) -> None:
            self._end.cancel()
            super().connection_lost(exc)

    with listening_at(host, port) as (listening, base_url):
        on_ready(base_url)
        quiet_server(_Receiver(spool, on_trouble), Protocol).run(sockets=[listening])


def quiet_server(
    app: Callable[..., Any], http: type[asyncio.Protocol], patience_s: int = 2
) -> uvicorn.Server:
    """A server without logs, lifespan or web sockets.

    Args:
        app: What answers.
        http: How requests are read.
        patience_s: How long calls under way may take when it closes.
    """
    config = uvicorn.Config(
        app,
        http=http,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=patience_s,
    )
    return uvicorn.Server(config)


class _Receiver:
    """The ASGI application."""

    def __init__(self, spool: Path, on_trouble: Callable[[str], object]) -> None:
        self._spool = spool
        self._on_trouble = on_trouble

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            status = await self._take(Request(scope, receive))
        except ClientDisconnect:
            return
        headers = {"connection": "close"}
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["allow"] = "POST"
        await Response(status_code=status, headers=headers)(scope, receive, send)

    async def _take(self, request: Request) -> HTTPStatus:
        if request.method != "POST":
            return HTTPStatus.METHOD_NOT_ALLOWED
        length_bytes = 0
        async for piece in request.stream():
            length_bytes += len(piece)
            if length_bytes > MAX_ANSWER_BYTES:
                return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        secret = request.scope["path"].rstrip("/").rpartition("/")[2]
        try:
            is_open = await run_in_threadpool(mark, self._spool, secret)
        except OSError as error:
            self._on_trouble(f"A notification could not be passed on in {self._spool}: {error.strerror}.")
            return HTTPStatus.SERVICE_UNAVAILABLE
        return HTTPStatus.NO_CONTENT if is_open else HTTPStatus.NOT_FOUND
