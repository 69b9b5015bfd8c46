"""Whatever an answer says and becomes of its items: what was paid for is laid, or told, and counted right."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from tests.faults.odd import GONE, ODD, Odd
from tests.faults.proxy import Answer
from tests.faults.stage import Stage, judged

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.kind)
def test_an_odd_answer_loses_nothing_that_can_be_read(played: Stage, undisturbed: Any, odd: Odd) -> None:
    case = played.case("--skip-bad-cues")
    case.may_lose = math.inf if odd.loses is None else odd.loses
    played.proxy.change = lambda document: odd.change(document, random.Random(7))
    failed = judged(case, undisturbed, odd.kind)
    assert played.proxy.changed, "the answer was not changed"
    assert not failed, "\n".join(failed)


@pytest.mark.parametrize("answer", GONE.values(), ids=GONE)
def test_items_that_can_never_be_had_give_their_place_to_others(
    played: Stage, undisturbed: Any, answer: Answer
) -> None:
    case = played.case()
    case.may_lose = 0
    played.proxy.gone = lambda path: answer if random.Random(path).random() < 0.3 else None
    failed = judged(case, undisturbed, "items gone")
    assert not failed, "\n".join(failed)
