"""Whatever the network or the service does wrong: the job ends as if it had not, now or when run again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.breaking import late
from tests.faults.kinds import LONGER_THAN_ANY_RETRY, Trouble, network, pairs
from tests.faults.proxy import PAY
from tests.faults.stage import UNSURE, Stage, judged

pytestmark = pytest.mark.slow

TROUBLES = network()
_QUICK_EVERY = 14


def _mark(n: int) -> tuple[pytest.MarkDecorator, ...]:
    """Every 14th is quick, .ci/run takes a fifth of them besides; pytest -m soak takes the rest."""
    return () if n % _QUICK_EVERY == 0 else (pytest.mark.slow if n % 5 == 0 else pytest.mark.soak,)


@pytest.mark.parametrize(
    "trouble",
    [pytest.param(trouble, id=str(trouble), marks=_mark(n)) for n, trouble in enumerate(TROUBLES)],
)
def test_a_fault_of_the_network_changes_nothing_in_the_end(
    played: Stage, undisturbed: Any, trouble: Trouble
) -> None:
    case = played.case()
    planned = played.proxy.plan(trouble.fault, trouble.on, trouble.nth, trouble.times)
    failed = judged(case, undisturbed, str(trouble))
    assert planned.made, "the fault did not happen"
    assert not failed, "\n".join(failed)


@pytest.mark.parametrize(
    "both",
    [
        pytest.param(both, id="; ".join(map(str, both)), marks=() if n % 3 == 0 else pytest.mark.slow)
        for n, both in enumerate(pairs())
    ],
)
def test_an_answer_that_is_lost_is_not_asked_for_twice_where_nothing_can_be_found_out(
    played: Stage, undisturbed: Any, both: tuple[Trouble, Trouble]
) -> None:
    case = played.case()
    for trouble in both:
        played.proxy.plan(trouble.fault, trouble.on, trouble.nth, trouble.times)
    failed = judged(case, undisturbed, "; ".join(map(str, both)))
    assert not failed, "\n".join(failed)


def test_a_payment_that_comes_late_is_known_before_it_is_decided(played: Stage, undisturbed: Any) -> None:
    """The law's own user waits until nothing is under way: only then he can be sure."""
    case = played.case()
    played.proxy.plan(late(4.0, acted=False), PAY)
    end = case.run()
    assert end.code == UNSURE
    case.be_sure(end)
    case.finish()
    case.check(undisturbed)


def test_every_kind_of_fault_is_among_the_quick_ones_or_has_a_sister_there() -> None:
    quick = {trouble.call for trouble in TROUBLES[::_QUICK_EVERY]}
    assert quick == {trouble.call for trouble in TROUBLES}
    assert any(trouble.times == LONGER_THAN_ANY_RETRY for trouble in TROUBLES[::_QUICK_EVERY])
