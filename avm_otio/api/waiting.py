"""Waiting for a service to be done."""

from __future__ import annotations

import time
from collections.abc import Callable

from avm_otio.api.client import Client
from avm_otio.api.models import ServiceResult
from avm_otio.core.errors import NetworkError, ServiceError

SHORTEST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 15.0
PAUSE_SHARE = 0.1
"""Each pause is a tenth of the time waited so far: the result is seen at most about a tenth late."""


def wait_for_result(
    client: Client,
    film_id: int,
    session_id: int,
    *,
    timeout_s: float = 3600.0,
    on_poll: Callable[[float, ServiceResult], None] = lambda elapsed_s, result: None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> ServiceResult:
    """Ask until the result is done.

    Args:
        client: The service.
        film_id: The film.
        session_id: What ``create_service`` gave.
        timeout_s: How long to wait in all.
        on_poll: Told the seconds waited and the result so far, after each answer.
        clock: Seconds that only grow.
        sleep: Waits some seconds.

    Raises:
        ServiceError: Not done in time, or the service cannot be asked; the hint says how to fetch it later.
    """
    later = f"Nothing is lost: fetch it later with avm-otio service result {film_id} {session_id}."
    started = clock()
    while True:
        try:
            result = client.service_result(film_id, session_id)
        except NetworkError as error:
            raise NetworkError(error.what, later) from None
        elapsed_s = clock() - started
        on_poll(elapsed_s, result)
        if result.is_done:
            return result
        if elapsed_s >= timeout_s:
            raise ServiceError(f"Session {session_id} is not done after {elapsed_s:.0f} s.", later)
        pause_s = min(max(SHORTEST_PAUSE_S, elapsed_s * PAUSE_SHARE), LONGEST_PAUSE_S)
        sleep(min(pause_s, timeout_s - elapsed_s))
