"""The page's server, as long as a page is open: for this machine, or for others, too, where that is asked."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from uvicorn.protocols.http.h11_impl import H11Protocol

from avm_otio.addresses import listening_at
from avm_otio.audition.doors import Doors
from avm_otio.audition.session import Session
from avm_otio.audition.web import Web
from avm_otio.errors import InputError, UsageError
from avm_otio.files import read_plain
from avm_otio.report import Report
from avm_otio.service.receiver import quiet_server

GRACE_S = 20.0
"""How long the server waits for a page to come back: a reload takes less."""

_HOST = "127.0.0.1"

LEAST_TOKEN = 16
"""Letters of a token that is shared."""

_LONGEST_TOKEN = 200


@dataclass(frozen=True, slots=True)
class Sharing:
    """A page for other machines of the house, too.

    Attributes:
        address: The address of this machine at which they reach it.
        token: What each of them must have.
    """

    address: str
    token: str

    @classmethod
    def read(cls, address: str, token_file: Path | None) -> Sharing:
        """What a person asks for.

        Raises:
            UsageError: The address is none that can be stated, or there is no token.
            InputError: The token cannot be read, or is too short.
        """
        try:
            found = ipaddress.ip_address(address.strip("[]"))
        except ValueError:
            found = None
        if found is None or found.is_unspecified or found.is_multicast or found.is_loopback:
            raise UsageError(
                f"The page cannot be shared at {address[:80]!r}.",
                "Give the one address of this machine at which others reach it, such as 192.168.1.20.",
            )
        if token_file is None:
            raise UsageError("A page is shared with a token.", "Put one into a file: --token-file FILE.")
        try:
            text = read_plain(token_file, most_bytes=4_096).decode("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{token_file} holds no token.", "A line of letters and digits.") from error
        is_plain = text.replace("-", "").replace("_", "").isalnum()
        if not LEAST_TOKEN <= len(text) <= _LONGEST_TOKEN or not is_plain:
            raise InputError(
                f"{token_file} holds no token that is safe to share.",
                f"One line of {LEAST_TOKEN} or more letters, digits, - and _.",
            )
        return cls(str(found), text)

    def exposes(self, output: str) -> str:
        """What others get by it, for a person."""
        return (
            f"Shared at {self.address}: whoever has the token sees the film, hears its sounds and those of "
            f"the library, reads titles, prices and notes, and can choose, and write {output} anew. It is "
            f"not encrypted: whoever can listen in that network can do so, too."
        )


def serve(
    place: Path,
    *,
    port: int = 0,
    jobs_dir: Path | None = None,
    grace_s: float = GRACE_S,
    sharing: Sharing | None = None,
    on_ready: Callable[[str], object],
    report: Report,
) -> None:
    """Serve the page of a job until all pages are closed, or it is interrupted.

    Args:
        place: The scored timeline, or its job's folder.
        port: 0 for one that the system chooses.
        jobs_dir: Where its job lies, if not beside it.
        grace_s: How long to wait for a page to come back once all are closed.
        sharing: With whom else it is shared.
        on_ready: Called with the address, which is of use once unless it is shared.
        report: Receives what a person at the terminal should know.

    Raises:
        InputError: No job of it is found, or it has no answer.
        UsageError: The port is taken, or the address is not this machine's.
        KeyboardInterrupt: It was interrupted, and is closed.
    """
    session = Session(place, jobs_dir, report)
    try:
        host = _HOST if sharing is None else sharing.address
        with listening_at(host, port) as (listening, base_url):
            at = base_url.rpartition(":")[2]
            hosts: tuple[str, ...] = (base_url.removeprefix("http://"),)
            if sharing is None:
                hosts = (*hosts, f"localhost:{at}")
            else:
                report.warn(sharing.exposes(place.name))

            def end() -> None:
                server.should_exit = True

            token = None if sharing is None else sharing.token
            doors = Doors(Web(session, grace_s, end, report).app(), hosts, token)
            server = quiet_server(doors, H11Protocol, 1)
            on_ready(f"{base_url}/enter?token={doors.token}")
            server.run(sockets=[listening])
    finally:
        session.close()
