"""An arrangement says all of a timeline, and a timeline all of an arrangement."""

from __future__ import annotations

from arrangements import arrangements, differences, plain
from hypothesis import given

from avm_otio.core.arrange import arrange
from avm_otio.core.arrangement import Arrangement
from avm_otio.core.as_otio import timeline_of


@given(arrangements())
def test_a_timeline_of_an_arrangement_says_all_of_it(wanted: Arrangement) -> None:
    assert not differences(arrange(timeline_of(wanted)), wanted)


def test_the_plain_one_says_all_of_it() -> None:
    assert not differences(arrange(timeline_of(plain())), plain())
