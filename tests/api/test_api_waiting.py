from __future__ import annotations

from itertools import pairwise

import pytest
from loopback_http import html, says, serving

from avm_otio.api.client import Client
from avm_otio.api.waiting import wait_for_result
from avm_otio.core.errors import ContractError, ServiceError
from avm_otio.core.retry import Retrying

DONE = says({"is_done": True})
NOT_YET = says({"is_done": False})


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.pauses_s: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, pause_s: float) -> None:
        self.pauses_s.append(pause_s)
        self.now_s += pause_s


def test_it_asks_until_the_result_is_done_and_tells_of_each_answer() -> None:
    clock = Clock()
    told: list[tuple[float, bool]] = []
    with serving(NOT_YET, NOT_YET, DONE) as service, Client(service.url, "t") as client:
        result = wait_for_result(
            client, 1, 2, on_poll=lambda waited, so_far: told.append((waited, so_far.is_done)),
            clock=clock, sleep=clock.sleep,
        )  # fmt: skip
    assert result.is_done
    assert told == [(0.0, False), (0.2, False), (0.4, True)]


def test_pauses_grow_from_short_to_long_and_end_at_the_deadline() -> None:
    clock = Clock()
    with (
        serving(NOT_YET) as service,
        Client(service.url, "t") as client,
        pytest.raises(ServiceError) as caught,
    ):
        wait_for_result(client, 1, 2, timeout_s=400, clock=clock, sleep=clock.sleep)
    assert clock.now_s == pytest.approx(400)
    assert clock.pauses_s[0] == 0.2
    assert max(clock.pauses_s) == 15
    assert all(later >= sooner for sooner, later in pairwise(clock.pauses_s[:-1]))
    assert "avm-otio service result 1 2" in caught.value.hint


def test_a_service_that_goes_away_while_waiting_says_how_to_fetch_later() -> None:
    with serving(NOT_YET) as service:
        client = Client(service.url, "t", retrying=Retrying(attempts=1))
    with client, pytest.raises(ServiceError) as caught:
        wait_for_result(client, 1, 2)
    assert "avm-otio service result 1 2" in caught.value.hint


def test_an_answer_that_is_no_result_ends_the_waiting() -> None:
    with serving(html()) as service, Client(service.url, "t") as client, pytest.raises(ContractError):
        wait_for_result(client, 1, 2)
