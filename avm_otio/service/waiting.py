"""Waiting for a service to be done."""

from __future__ import annotations

import time
from collections.abc import Callable

from avm_otio.errors import ContractError, NetworkError, RefusedError, ServiceError
from avm_otio.mix.answers import ServiceResult
from avm_otio.retry import PASSING_STATUSES
from avm_otio.service.client import Client

SHORTEST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 15.0
PAUSE_SHARE = 0.1
"""Each pause is a tenth of the time waited so far: the result is seen at most about a tenth late."""

_FIRST_SERVER_FAULT = 500


def wait_for_result(
    client: Client,
    film_id: int,
    session_id: int,
    *,
    later: str,
    timeout_s: float = 3600.0,
    on_poll: Callable[[float, ServiceResult], object] = lambda elapsed_s, result: None,
    on_trouble: Callable[[str], object] = lambda text: None,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], object] = time.sleep,
) -> ServiceResult:
    """Ask until the result is done; a service that is out for a while is asked on.

    Args:
        client: The service.
        film_id: The film.
        session_id: What ``create_service`` gave.
        later: How to continue after the deadline, as a sentence.
        timeout_s: How long to wait in all. A question that is under way then is let to its end.
        on_poll: Called with the seconds waited and the result so far, after each answer.
        on_trouble: Called with a message, once for each time that the service is out.
        clock: Seconds that only grow: a wall clock may jump.
        pause: Waits so many seconds, or less where something makes asking worth while.

    Raises:
        ServiceError: Not done in time; the hint is ``later``.
        RefusedError: The service refused, and not for the moment only.
        ContractError: What came is not the API's, and the service is not just out.
    """
    started = clock()
    trouble = ""
    while True:
        try:
            result = client.service_result(film_id, session_id)
        except ServiceError as error:
            if not _may_pass(error):
                raise
            if not trouble:
                on_trouble(f"The service is out, the wait goes on: {error.what}")
            trouble = f" The service is out: {error.what}"
            elapsed_s = clock() - started
        else:
            trouble = ""
            elapsed_s = clock() - started
            on_poll(elapsed_s, result)
            if result.is_done:
                return result
        if elapsed_s >= timeout_s:
            raise ServiceError(f"Session {session_id} is not done after {elapsed_s:.0f} s.{trouble}", later)
        pause_s = min(max(SHORTEST_PAUSE_S, elapsed_s * PAUSE_SHARE), LONGEST_PAUSE_S)
        pause(min(pause_s, timeout_s - elapsed_s))


def _may_pass(error: ServiceError) -> bool:
    """Whether it says that the service is out for the moment, not that asking is of no use."""
    if isinstance(error, RefusedError | ContractError):
        return error.status in PASSING_STATUSES or error.status >= _FIRST_SERVER_FAULT
    return isinstance(error, NetworkError)
