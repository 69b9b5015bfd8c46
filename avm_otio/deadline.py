"""The end of patience with an exchange over HTTP, counted from its first byte.

HTTP clients bound the wait for each piece only: headers that trickle, or interim answers (1xx) without end,
would last for ever.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

CONNECTED = ".connect_tcp.complete"
"""The event of httpcore from which an exchange counts."""

SENT = ".receive_response_headers.started"
"""The event from which an answer counts, however the body went; uploads take as long as the line does."""


class Deadline:
    """Hangs up once an exchange has taken too long. Use it as a context manager around all of the exchange.

    Args:
        most_s: How long it may take, in seconds.
        since: From which event on.

    Attributes:
        is_over: Whether it has hung up.
    """

    def __init__(self, most_s: float, since: str = CONNECTED) -> None:
        self.is_over = False
        self._since = since
        self._stream: Any = (
            None  # httpcore's, the innermost: TLS lies around the connection that it was made on
        )
        self._timer = threading.Timer(most_s, self._hang_up)
        self._timer.daemon = True
        self._is_running = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    @property
    def trace(self) -> Callable[[str, dict[str, Any]], None]:
        """What httpcore tells its events: the request's extension ``trace``."""

        def trace(name: str, info: dict[str, Any]) -> None:
            if name.endswith((CONNECTED, ".start_tls.complete")):
                self._stream = info["return_value"]
                if self.is_over:
                    self._hang_up()
            if name.endswith(self._since) and not self._is_running:
                self._is_running = True
                self._timer.start()

        return trace

    def _hang_up(self) -> None:
        self.is_over = True
        if self._stream is not None:
            with suppress(OSError):
                # The socket's own method: a TLS socket's would drop its TLS while somebody reads.
                socket.socket.shutdown(self._stream.get_extra_info("socket"), socket.SHUT_RDWR)
