from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avm_otio.addresses import is_loopback, is_public
from avm_otio.errors import NetworkError
from avm_otio.retry import PassingFault, Retrying, retry_after_s

NOW = datetime(2023, 11, 2, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0),
        ("7", 7),
        (" 30 ", 30),
        ("Thu, 02 Nov 2023 12:00:09 GMT", 9),
        ("Thu, 02 Nov 2023 12:00:09 -0000", 9),
        ("Thu, 02 Nov 2023 11:00:00 GMT", 0),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_s(header, NOW) == seconds


@pytest.mark.parametrize(
    ("failed", "header", "seconds"),
    [
        (1, None, 0.5),
        (2, None, 1.0),
        (4, None, 4.0),
        (9, None, 20.0),
        (2000, None, 20.0),
        (1, "3", 3.0),
        (1, "0", 0.5),
        (1, "86400", 120.0),
        (1, "junk", 0.5),
        (1, "Thu, 02 Nov 2023 12:00:09 GMT", 9.0),
    ],
)
def test_waits_grow_to_a_cap_and_a_server_may_ask_for_more(
    failed: int, header: str | None, seconds: float
) -> None:
    assert Retrying(dice=lambda: 1.0, now=lambda: NOW).delay_s(failed, header) == seconds


@given(failed=st.integers(1, 50), chance=st.floats(0, 1, exclude_max=True))
def test_jitter_is_full(failed: int, chance: float) -> None:
    full = Retrying(dice=lambda: 1.0).delay_s(failed)
    assert Retrying(dice=lambda: chance).delay_s(failed) == chance * full


def test_a_passing_fault_is_tried_again_until_it_is_gone() -> None:
    slept: list[float] = []
    faults = [PassingFault(NetworkError("one")), PassingFault(NetworkError("two"), "5")]

    def attempt() -> str:
        if faults:
            raise faults.pop(0)
        return "done"

    assert Retrying(sleep=slept.append, dice=lambda: 0.5).run(attempt) == "done"
    assert slept == [0.25, 5.0]


def test_the_last_fault_is_raised_when_the_attempts_run_out() -> None:
    slept: list[float] = []
    tries: list[int] = []

    def attempt() -> str:
        tries.append(1)
        raise PassingFault(NetworkError(f"fault {len(tries)}"))

    with pytest.raises(NetworkError, match="fault 3"):
        Retrying(attempts=3, sleep=slept.append).run(attempt)
    assert len(slept) == 2


def test_any_other_error_passes_at_once() -> None:
    def attempt() -> str:
        raise NetworkError("for good")

    with pytest.raises(NetworkError):
        Retrying(sleep=lambda _: pytest.fail("waited")).run(attempt)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "198.18.0.1",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "fd12::1",
        "ff02::1",
        "ff0e::1",
        "fec0::1",
        "fe80::1%1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "2001:db8::1",
    ],
)
def test_addresses_inside_some_network_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("localhost.evil.example", False),
        ("127.0.0.1.example", False),
        ("10.0.0.1", False),
        ("0.0.0.0", False),
    ],
)
def test_loopback_is_known_by_name_or_address(host: str, here: bool) -> None:
    assert is_loopback(host) is here
