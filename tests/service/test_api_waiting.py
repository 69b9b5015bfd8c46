from __future__ import annotations

import time
from itertools import pairwise

import pytest

from avm_otio.errors import ContractError, RefusedError, ServiceError, TokenRefusedError
from avm_otio.retry import Retrying
from avm_otio.service.client import LONGEST_PAUSE_S, Client, wait_for_result
from tests.loopback_http import html, raw, reset, says, serving

DONE = says({"is_done": True})
NOT_YET = says({"is_done": False})
LATER = "Go on like this."
ONCE = Retrying(attempts=1)


class Clock:
    """A clock that only pauses move."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.pauses_s: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    def pause(self, pause_s: float) -> None:
        self.pauses_s.append(pause_s)
        self.now_s += pause_s


def test_it_asks_until_the_result_is_done_and_tells_of_each_answer() -> None:
    clock = Clock()
    polls: list[tuple[float, bool]] = []
    with serving(NOT_YET, NOT_YET, DONE) as service, Client(service.url, "t") as client:
        result = wait_for_result(
            client,
            1,
            2,
            later=LATER,
            on_poll=lambda waited, so_far: polls.append((waited, so_far.is_done)),
            clock=clock,
            pause=clock.pause,
        )
    assert result.is_done
    assert polls == [(0.0, False), (0.2, False), (0.4, True)]


def test_pauses_grow_from_short_to_long_and_end_at_the_deadline() -> None:
    clock = Clock()
    with (
        serving(NOT_YET) as service,
        Client(service.url, "t") as client,
        pytest.raises(ServiceError) as caught,
    ):
        wait_for_result(client, 1, 2, later=LATER, timeout_s=400, clock=clock, pause=clock.pause)
    assert clock.now_s == pytest.approx(400)
    assert clock.pauses_s[0] == 0.2
    assert max(clock.pauses_s) == LONGEST_PAUSE_S
    assert all(later >= sooner for sooner, later in pairwise(clock.pauses_s[:-1]))
    assert caught.value.what == "Session 2 is not done after 400 s."
    assert caught.value.hint == LATER


def test_a_pause_that_ends_early_makes_the_next_question_come_at_once() -> None:
    clock = Clock()
    clock.now_s = 1.0

    def woken(pause_s: float) -> None:
        clock.pauses_s.append(pause_s)

    with serving(NOT_YET, DONE) as service, Client(service.url, "t") as client:
        result = wait_for_result(client, 1, 2, later=LATER, clock=clock, pause=woken)
        assert len(service.asked) == 2
    assert result.is_done
    assert clock.now_s == 1.0
    assert len(clock.pauses_s) == 1


@pytest.mark.parametrize(
    "out",
    [
        reset,
        html(502),
        says({"message": ["Down for a while"]}, 503),
        says({"message": ["Slow down"]}, 429),
        raw(500, b""),
        html(520),
    ],
    ids=["line cut", "proxy's page", "503", "429", "empty 500", "520"],
)
def test_a_service_that_is_out_for_a_while_is_asked_on_and_told_of_once(out: object) -> None:
    clock = Clock()
    troubles: list[str] = []
    with (
        serving(NOT_YET, out, out, out, NOT_YET, DONE) as service,
        Client(service.url, "t", retrying=ONCE) as client,
    ):
        result = wait_for_result(
            client, 1, 2, later=LATER, clock=clock, pause=clock.pause, on_trouble=troubles.append
        )
    assert result.is_done
    assert len(clock.pauses_s) == 5
    (trouble,) = troubles
    assert "/film/1/service/2/" in trouble


def test_each_time_that_it_is_out_is_told_of() -> None:
    clock = Clock()
    troubles: list[str] = []
    with (
        serving(reset, NOT_YET, reset, reset, DONE) as service,
        Client(service.url, "t", retrying=ONCE) as client,
    ):
        wait_for_result(client, 1, 2, later=LATER, clock=clock, pause=clock.pause, on_trouble=troubles.append)
    assert len(troubles) == 2


def test_a_service_that_stays_away_ends_the_waiting_at_the_deadline() -> None:
    clock = Clock()
    with serving(NOT_YET) as service:
        client = Client(service.url, "t", retrying=ONCE)
    with client, pytest.raises(ServiceError) as caught:
        wait_for_result(client, 1, 2, later=LATER, timeout_s=30, clock=clock, pause=clock.pause)
    assert clock.now_s == pytest.approx(30)
    assert caught.value.what.startswith("Session 2 is not done after 30 s. The service is out: GET /film/1")
    assert caught.value.hint == LATER


@pytest.mark.parametrize(
    ("no", "kind"),
    [
        (says({"message": ["Invalid token"]}, 401), TokenRefusedError),
        (html(403), TokenRefusedError),
        (says({"message": ["Not found"]}, 404), RefusedError),
        (html(404), ContractError),
        (html(200), ContractError),
    ],
    ids=["401", "403", "404", "proxy's 404", "no result"],
)
def test_what_asking_again_does_not_mend_ends_the_waiting_at_once(no: object, kind: type[Exception]) -> None:
    with (
        serving(NOT_YET, no) as service,
        Client(service.url, "t", retrying=ONCE) as client,
    ):
        with pytest.raises(kind):
            wait_for_result(client, 1, 2, later=LATER, pause=lambda pause_s: None)
        assert len(service.asked) == 2


def test_a_wall_clock_that_jumps_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    jumps = iter(range(0, 10**9, 10**6))
    monkeypatch.setattr(time, "time", lambda: float(next(jumps)))
    with serving(NOT_YET, NOT_YET, DONE) as service, Client(service.url, "t") as client:
        assert wait_for_result(client, 1, 2, later=LATER, timeout_s=60, pause=lambda pause_s: None).is_done
