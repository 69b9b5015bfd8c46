"""What was heard comes back from its text as it was."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avm_otio.media.heard_json import as_kept, heard_in, heard_text, speech_in, speech_text
from avm_otio.mix.heard import Curve, Heard, Music, Rhythm, Section, Speech

times = st.integers(0, 10**10)
vectors = st.lists(st.tuples(*[st.floats(-1, 1)] * 3), max_size=4).map(tuple)
rhythms = st.builds(
    Rhythm,
    st.floats(30, 300),
    st.lists(times, max_size=5).map(tuple),
    st.integers(2, 12),
    st.lists(st.integers(0, 99), max_size=5).map(tuple),
    st.floats(0, 1),
)
sections = st.builds(Section, times, times, st.sampled_from("ABC"), st.floats(-90, 0))
pieces = st.builds(
    Music,
    st.none() | rhythms,
    st.lists(sections, max_size=3).map(tuple),
    st.lists(times, max_size=5).map(tuple),
    vectors,
)
steps = st.lists(st.just(0.0) | st.floats(1e-9, 4), max_size=5).map(tuple)
sounds = st.builds(
    Heard,
    times,
    st.builds(Curve, steps, steps),
    times,
    times,
    st.booleans(),
    times,
    times,
    times,
    st.booleans(),
    st.none() | pieces,
)


@given(sounds)
def test_what_was_heard_is_the_same_once_it_has_been_kept(heard: Heard) -> None:
    kept = as_kept(heard)
    assert heard_in(heard_text(kept)) == kept
    assert kept.curve.power == pytest.approx(heard.curve.power, rel=0.0013)
    assert kept.curve.peak == pytest.approx(heard.curve.peak, rel=0.0007)
    assert (kept.attack_us, kept.is_rising) == (heard.attack_us, heard.is_rising)


@given(st.lists(st.tuples(times, times)).map(tuple))
def test_speech_is_the_same_once_it_has_been_kept(spoken: tuple[tuple[int, int], ...]) -> None:
    assert speech_in(speech_text(Speech(spoken))) == Speech(spoken)


HEARD = Heard(1, Curve((0.1,), (0.2,)), 0, 1, False, 0, 0, 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing",
        "[]",
        "{}",
        '{"version":0}',
        '{"version":1}',
        '{"version":1,"spoken_us":[1]}',
        "[" * 100_000,
    ],
)
def test_another_version_or_damage_means_to_hear_again(text: str) -> None:
    assert heard_in(text) is None
    assert speech_in(text) is None


@pytest.mark.parametrize("name", json.loads(heard_text(HEARD)))
@pytest.mark.parametrize("value", [None, "x", [None], {}, -1, 10**30, float("nan")])
def test_a_damaged_value_is_never_believed(name: str, value: object) -> None:
    kept = json.loads(heard_text(HEARD)) | {name: value}
    assert heard_in(json.dumps(kept)) is None
