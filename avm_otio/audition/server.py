"""The page's server, on this machine, as long as a page is open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from uvicorn.protocols.http.h11_impl import H11Protocol

from avm_otio.addresses import listening_at
from avm_otio.audition.doors import Doors
from avm_otio.audition.session import Session
from avm_otio.audition.web import Web
from avm_otio.report import Report
from avm_otio.service.receiver import quiet_server

GRACE_S = 20.0
"""How long the server waits for a page to come back: a reload takes less."""

_HOST = "127.0.0.1"


def serve(
    place: Path,
    *,
    port: int = 0,
    jobs_dir: Path | None = None,
    grace_s: float = GRACE_S,
    on_ready: Callable[[str], object],
    report: Report,
) -> None:
    """Serve the page of a job until all pages are closed, or it is interrupted.

    Args:
        place: The scored timeline, or its job's folder.
        port: 0 for one that the system chooses.
        jobs_dir: Where its job lies, if not beside it.
        grace_s: How long to wait for a page to come back once all are closed.
        on_ready: Called with the address, which is of use once.
        report: Receives what a person at the terminal should know.

    Raises:
        InputError: No job of it is found, or it has no answer.
        UsageError: The port is taken.
        KeyboardInterrupt: It was interrupted, and is closed.
    """
    session = Session(place, jobs_dir, report)
    try:
        with listening_at(_HOST, port) as (listening, base_url):
            at = base_url.rpartition(":")[2]

            def end() -> None:
                server.should_exit = True

            doors = Doors(Web(session, grace_s, end).app(), (f"{_HOST}:{at}", f"localhost:{at}"))
            server = quiet_server(doors, H11Protocol, 1)
            on_ready(f"{base_url}/enter?token={doors.token}")
            server.run(sockets=[listening])
    finally:
        session.close()
