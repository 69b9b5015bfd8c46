"""The way to a request's service: remote, or the engine in this process."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from avm_otio.addresses import LOCAL
from avm_otio.config.settings import Settings
from avm_otio.config.tokens import find_token
from avm_otio.errors import InputError
from avm_otio.report import SILENT, Report
from avm_otio.request import Request
from avm_otio.services import ServiceKeys

if TYPE_CHECKING:
    from avm_otio.jobs.paid_call import Access
    from avm_otio.service.client import Client


def access_to(request: Request, settings: Settings, report: Report = SILENT) -> Access:
    """The way to a request's service. What can be refused at once is: a token must be there.

    Args:
        request: Complete.
        settings: What is configured.
        report: Receives progress and warnings.

    Raises:
        TokenRefusedError: There is no token for it.
        InputError: The local engine's library is not there.
    """
    from avm_otio.jobs.paid_call import Access

    if request.service == LOCAL:
        if request.library is not None and not request.library.is_dir():
            raise InputError(f"There is no library folder {request.library}.", "Give a folder of sounds.")
        return Access(lambda: _local(request, settings, report), is_free=True)
    token = find_token(request.origin).reveal()
    return Access(
        lambda: _client(request, settings, request.service, token, settings.service_keys), is_free=False
    )


def library_of(request: Request, settings: Settings, report: Report = SILENT) -> Path:
    """The local engine's library: the one that is named, else the starter library, made at first use."""
    if request.library is not None:
        return request.library
    from avm_otio.engine.starter import starter_folder, starter_library

    if starter_folder(settings.cache_dir).exists():
        return starter_library(settings.cache_dir)
    with report.step("Making the starter library") as advance:
        return starter_library(settings.cache_dir, progress=advance)


def sounds_of(request: Request) -> str:
    """Which sounds a request's library holds; empty where it names none, or the service is remote."""
    if request.library is None or request.service != LOCAL:
        return ""
    from avm_otio.engine.listing import digest_of

    return digest_of(request.library)


class Services:
    """The services of a batch: a client for each thread, and one engine for all. A context manager.

    Args:
        settings: What is configured.
        report: Receives progress and warnings.
    """

    def __init__(self, settings: Settings, report: Report) -> None:
        self._settings = settings
        self._report = report
        self._held = ExitStack()
        self._starting = threading.Lock()
        self._engines: dict[Path | None, tuple[str, str]] = {}
        self._checked: set[tuple[str, Path | None]] = set()
        self._mine = threading.local()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def access_to(self, request: Request) -> Access:
        """As the function of that name, for several threads."""
        from avm_otio.jobs.paid_call import Access

        place = request.service, request.library
        if place not in self._checked:
            access_to(request, self._settings, self._report)
            self._checked.add(place)
        return Access(lambda: nullcontext(self._client(request)), is_free=request.service == LOCAL)

    def _client(self, request: Request) -> Client:
        """This thread's client: to make one takes a twentieth of a second."""
        clients: dict[str, Any] = vars(self._mine)
        key = repr((request.service, request.library, request.language, request.currency))
        if key not in clients:
            with self._starting:
                address, token, keys = self._place_of(request)
                clients[key] = self._held.enter_context(
                    _client(request, self._settings, address, token, keys)
                )
        client: Client = clients[key]
        return client

    def _place_of(self, request: Request) -> tuple[str, str, ServiceKeys]:
        if request.service != LOCAL:
            return request.service, find_token(request.origin).reveal(), self._settings.service_keys
        if request.library not in self._engines:
            self._engines[request.library] = self._held.enter_context(
                _engine(request, self._settings, self._report)
            )
        return *self._engines[request.library], ServiceKeys()


@contextmanager
def _local(request: Request, settings: Settings, report: Report) -> Iterator[Client]:
    with (
        _engine(request, settings, report) as (address, token),
        _client(request, settings, address, token, ServiceKeys()) as client,
    ):
        yield client


@contextmanager
def _engine(request: Request, settings: Settings, report: Report) -> Iterator[tuple[str, str]]:
    """The local engine in this process: its address, and the token that it takes."""
    from avm_otio.engine.server import running

    token = secrets.token_urlsafe(24)
    library = library_of(request, settings, report)
    data = settings.cache_dir / "engine"
    with running(
        data_dir=data,
        library=library,
        token=token,
        tell=report.warn,
        step=report.step,
        may_read=True,
        vision_model=settings.vision_model,
    ) as address:
        yield address, token


def _client(request: Request, settings: Settings, address: str, token: str, keys: ServiceKeys) -> Client:
    from avm_otio.service.client import Client

    return Client(
        address,
        token,
        language=request.language,
        currency=request.currency,
        keys=keys,
        answer_timeout_s=settings.timeouts.answer_s,
        film_timeout_s=settings.timeouts.film_s,
    )
