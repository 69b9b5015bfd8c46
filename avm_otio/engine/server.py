"""The engine as a running server, on this machine only."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from avm_otio.addresses import is_loopback, listening_at
from avm_otio.config.folders import default_cache_dir
from avm_otio.engine.app import PATIENCE_S, Api
from avm_otio.engine.film_reading import Apart, Here
from avm_otio.engine.index import index_of
from avm_otio.engine.library import Library
from avm_otio.engine.programs import can_run
from avm_otio.engine.searching import Searcher
from avm_otio.engine.shop import Shop
from avm_otio.engine.starter import starter_library
from avm_otio.engine.store import Store
from avm_otio.engine.work import Work
from avm_otio.errors import AvmError, UsageError
from avm_otio.report import UNSEEN, Step
from avm_otio.service.receiver import quiet_server

_PATIENCE_S = 2
"""How long calls under way may take when the engine closes."""


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    data_dir: Path,
    library: Path | None = None,
    token: str | None = None,
    on_ready: Callable[[str], None] | None = None,
    analyses: int | None = None,
    sells: bool = False,
    tell: Callable[[str], None] = lambda note: None,
    step: Step = UNSEEN,
    vision_model: Path | None = None,
) -> None:
    """Serve the film service's contract until interrupted.

    Args:
        host: A loopback address.
        port: 0 for one that the system chooses.
        data_dir: Where films and results are kept between runs.
        library: The sounds to choose from; the starter library by default.
        token: The token that callers must show; any that is not empty where ``None``.
        on_ready: Told the base URL once calls are answered.
        analyses: How many service calls are taken in all, counted over restarts; ``None`` for no limit.
        sells: Whether what is not bought is heard as a preview.
        tell: Told in a line, by whichever thread, what the user should know: of the library, of
            notifications that did not arrive.
        step: Shows how far listening to the library has come.
        vision_model: The folder of a model that says what is in the picture; the installed one by default.

    Raises:
        UsageError: The host is not this machine, or the port is taken.
        InputError: The library is not there or holds no sounds.
        OutputError: The data folder cannot be written.
        KeyboardInterrupt: It was interrupted, and is closed.
    """
    with _opened(
        host,
        port,
        data_dir,
        library,
        token,
        analyses,
        tell,
        step,
        sells=sells,
        vision_model=vision_model,
        apart=True,
    ) as engine:
        if on_ready is not None:
            on_ready(engine.base_url)
        with _listening_to(engine.library):
            engine.run()


@contextmanager
def running(
    *,
    data_dir: Path,
    library: Path | None = None,
    token: str | None = None,
    analyses: int | None = None,
    sells: bool = False,
    tell: Callable[[str], None] = lambda note: None,
    step: Step = UNSEEN,
    may_read: bool = False,
    vision_model: Path | None = None,
    apart: bool = False,
) -> Iterator[str]:
    """The engine in a thread of this program, on a port that the system chooses; arguments as for ``serve``.

    Args:
        data_dir: As there, and the next ones.
        library: The same.
        token: The same.
        analyses: The same.
        sells: The same.
        tell: The same.
        step: The same.
        may_read: Whether a piece of music that a call names as a file may lie anywhere on this machine.
        vision_model: As for ``serve``.
        apart: Whether films are read in programs beside this one, as ``serve`` does. That costs half a second
            a film, and whoever lays the answer then hears the film's speech once more.

    Yields:
        Its base URL, ``http://127.0.0.1:PORT``.

    Raises:
        InputError: The library is not there or holds no sounds.
        OutputError: The data folder cannot be written.
    """
    with _opened(
        "127.0.0.1",
        0,
        data_dir,
        library,
        token,
        analyses,
        tell,
        step,
        sells=sells,
        may_read=may_read,
        vision_model=vision_model,
        apart=apart,
    ) as engine:
        # Loaded here, since an import that Ctrl-C breaks off in one thread can lock imports in all others.
        engine.server.config.load()
        # uvicorn leaves signals alone outside the main thread: Ctrl-C stays with the caller.
        thread = threading.Thread(target=engine.run, name="engine", daemon=True)
        thread.start()
        try:
            yield engine.base_url
        finally:
            engine.server.should_exit = True
            thread.join(_PATIENCE_S + 1)


_BEYOND_COUNTING = re.compile(rb"^content-length:[ \t]*\d{21,}[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
"""A length that h11 does not read as a number (more than 20 digits)."""


class _Patient(H11Protocol):
    """HTTP with an end to waiting: a request whose head does not come ends the call.

    What is no HTTP, or announces more than can be counted, is refused in the contract's shape like all else.
    """

    _waiting: asyncio.TimerHandle | None = None
    _is_too_large = False

    def send_400_response(self, msg: str) -> None:
        status = 413 if self._is_too_large else 400
        message = "The body is too long." if self._is_too_large else "This is no HTTP request."
        body = json.dumps({"message": [message]}).encode()
        headers = [
            ("content-type", "application/json"),
            ("content-length", str(len(body))),
            ("connection", "close"),
        ]
        for event in (h11.Response(status_code=status, headers=headers), h11.Data(body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def data_received(self, data: bytes) -> None:
        if self.conn.their_state is h11.IDLE:
            self._is_too_large = _BEYOND_COUNTING.search(data) is not None
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:  # the head is whole
            self._stop_waiting()
        elif self._waiting is None and not self.transport.is_closing():
            self._waiting = self.loop.call_later(PATIENCE_S, self.transport.abort)

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._waiting = self.loop.call_later(PATIENCE_S, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


class _Closing(BaseException):
    """The engine closes: what was listened to is kept, the rest comes the next time."""


@contextmanager
def _listening_to(library: Library) -> Iterator[None]:
    """Listen to what is new in the library meanwhile: the first search or film need not wait for it."""
    closing = threading.Event()

    def check() -> None:
        if closing.is_set():
            raise _Closing

    def listen() -> None:
        with suppress(_Closing, AvmError):  # an error comes again, and is told, where sounds are needed
            library.items(check)

    thread = threading.Thread(target=listen, name="listening")
    thread.start()
    try:
        yield
    finally:
        closing.set()
        thread.join()


@dataclass(frozen=True, slots=True)
class _Engine:
    server: uvicorn.Server
    listening: socket.socket
    base_url: str
    library: Library

    def run(self) -> None:
        self.server.run(sockets=[self.listening])


@contextmanager
def _opened(
    host: str,
    port: int,
    data_dir: Path,
    library: Path | None,
    token: str | None,
    analyses: int | None,
    tell: Callable[[str], None],
    step: Step,
    *,
    sells: bool = False,
    may_read: bool = False,
    vision_model: Path | None = None,
    apart: bool = False,
) -> Iterator[_Engine]:
    """An engine whose port is open and whose threads are at work; unfinished sessions are taken up again."""
    if not is_loopback(host):
        raise UsageError(f"The engine serves this machine only, not {host}.", "Leave the host at 127.0.0.1.")
    if vision_model is not None:
        from avm_otio.engine.seen import model_of

        model_of(vision_model)  # what is wrong with it is reported now, not with the first film
    folder = library if library is not None else starter_library(default_cache_dir())
    sounds = Library(folder, index_of(folder, data_dir), tell, step)
    store = Store(data_dir)
    shop = Shop(store, sounds, sells=sells)
    with listening_at(host, port) as (listening, base_url):
        reader = Apart() if apart and can_run() else Here()
        work = Work(store, sounds, shop, base_url, tell, vision_model, reader, may_read=may_read)
        try:
            store.forget_expired()
            for session_id in store.unfinished():
                work.take_up(session_id)
            searcher = Searcher(folder, index_of(folder, data_dir), tell, step)
            app = Api(store, sounds, shop, searcher, work, token or None, analyses).app()
            yield _Engine(quiet_server(app, _Patient, _PATIENCE_S), listening, base_url, sounds)
        finally:
            work.close()
            store.close()
