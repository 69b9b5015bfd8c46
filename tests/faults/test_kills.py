"""Killed at any moment, whatever it was about to do: said again, the job ends as if nothing had been."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import pytest

from tests.faults.killing import Moment
from tests.faults.kinds import network
from tests.faults.stage import Stage, described, judged, places

SHARES = 24
_QUICK = (0,)
_SAMPLE = range(1, 8)
"""The shares that .ci/run looks at, beside the quick one; pytest -m soak takes the rest."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="needs fork"),
]


@pytest.fixture(scope="session")
def moments(played: Stage, undisturbed: Any) -> list[Moment]:
    """Every event of an undisturbed job."""
    return places(played.case().run())


def share_of(moment: Moment) -> int:
    """Which share of the tests a moment belongs to: the same in every process, whatever else there is."""
    return crc32(f"{moment}".encode()) % SHARES


@pytest.mark.parametrize(
    "share",
    [
        pytest.param(n, marks=() if n in _QUICK else pytest.mark.slow if n in _SAMPLE else pytest.mark.soak)
        for n in range(SHARES)
    ],
)
def test_killed_at_any_event_the_job_is_finished_as_if_nothing_had_been(
    played: Stage, undisturbed: Any, moments: list[Moment], share: int
) -> None:
    failed = []
    for moment in moments:
        if share_of(moment) == share:
            case = played.case()
            failed += judged(case, undisturbed, f"killed before {described(moment)}", at=moment, does="kill")
    assert not failed, "\n".join(failed)


def test_killed_around_the_payment_it_is_paid_once(
    played: Stage, undisturbed: Any, moments: list[Moment]
) -> None:
    around = [moment for moment in moments if "POST /film/N/service/" in moment[0]]
    assert len(around) >= 4
    failed = []
    for moment in around:
        failed += judged(
            played.case(), undisturbed, f"killed before {described(moment)}", at=moment, does="kill"
        )
    assert not failed, "\n".join(failed)


@pytest.mark.slow
def test_killed_twice_in_a_row_it_is_finished_all_the_same(
    played: Stage, undisturbed: Any, moments: list[Moment]
) -> None:
    failed = []
    for first, second in zip(moments[::9], moments[5::9], strict=False):
        case = played.case()
        case.run(at=first, does="kill")
        what = f"killed before {described(first)}, then before {described(second)}"
        failed += judged(case, undisturbed, what, at=second, does="kill")
    assert not failed, "\n".join(failed)


@pytest.mark.slow
@pytest.mark.parametrize("start", [0, 8, 16])
def test_ended_by_the_system_it_cleans_up_and_is_finished_later(
    played: Stage, undisturbed: Any, moments: list[Moment], start: int
) -> None:
    failed = []
    for moment in moments[start::24]:
        case = played.case()
        failed += judged(case, undisturbed, f"SIGTERM before {described(moment)}", at=moment, does="term")
        if case.ends[0].code not in (0, 130):
            failed.append(f"SIGTERM before {described(moment)}: code {case.ends[0].code}")
    assert not failed, "\n".join(failed)


def test_there_are_enough_faults(moments: list[Moment]) -> None:
    """The goal is 300 in the suite, of which a sample of every kind is quick."""
    quick = [moment for moment in moments if share_of(moment) in _QUICK]
    verbs = {"open", "fsync", "rename", "mkdir", "connect", "send", "after", "receive"}
    assert {label.split()[0] for label, _ in moments} >= verbs
    around = {"send", "after", "receive"}  # those have a quick test of their own
    assert {label.split()[0] for label, _ in quick} | around >= verbs
    assert len(moments) + len(network()) >= 300
