"""What each writer writes says to a stranger and to us what the cut says, but for what it reported."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, note, seed

from avm_otio.timeline.model import Timeline
from tests.differential.cuts import SEED, cuts, quick, thorough
from tests.differential.judging import Judge, Reader, unexplained
from tests.differential.readers import otio
from tests.differential.readers.aaf import aaf
from tests.differential.readers.edl import edl
from tests.differential.readers.fcp7 import fcp7
from tests.differential.readers.fcpxml import fcpxml
from tests.differential.readers.kdenlive import kdenlive
from tests.differential.readers.own import own
from tests.differential.readers.protools import protools
from tests.differential.readers.reaper import reaper

JUDGES = [
    Judge(".xml", (Reader(fcp7), Reader(own, counts_back=True))),
    Judge(".fcpxml", (Reader(fcpxml), Reader(own))),
    Judge(".rpp", (Reader(reaper),)),
    Judge(".kdenlive", (Reader(kdenlive, frames=True),)),
    Judge(".aaf", (Reader(aaf), Reader(own))),
    Judge(".edl", (Reader(edl, frames=True), Reader(own, frames=True))),
    Judge(".txt", (Reader(protools, hundredths=True),)),
    Judge(".otio", (Reader(otio.plain, grid=True), Reader(own))),
    Judge(".otio", (Reader(otio.resolve), Reader(own)), "resolve"),
    Judge(".otio", (Reader(otio.premiere),), "premiere"),
    Judge(".otio", (Reader(otio.kdenlive),), "kdenlive"),
    Judge(".otio", (Reader(otio.resolve), Reader(own)), "blender"),
]


AAF = next(judge for judge in JUDGES if judge.suffix == ".aaf")


def explained(*judges: Judge) -> None:
    """A hundred cuts, the same in every run, each written for all of some judges."""

    @quick
    @given(cuts())
    def law(timeline: Timeline) -> None:
        with tempfile.TemporaryDirectory() as folder:
            lines = {str(judge): unexplained(timeline, judge, Path(folder)) for judge in judges}
            assert {name: off for name, off in lines.items() if off} == {}

    law()


@pytest.mark.slow
def test_an_aaf_says_what_the_cut_says() -> None:
    """By ``pyaaf2`` alone, which is slow: what our own reader makes of one is a law of its round trip."""
    explained(replace(AAF, readers=AAF.readers[:1]))


@pytest.mark.slow
def test_what_is_written_says_what_the_cut_says() -> None:
    explained(*(judge for judge in JUDGES if judge is not AAF))


@pytest.mark.soak
@pytest.mark.parametrize("judge", JUDGES, ids=str)
def test_ten_thousand_cuts_are_written_as_they_are(judge: Judge) -> None:
    @seed(SEED)
    @thorough
    @given(cuts())
    def law(timeline: Timeline) -> None:
        note(f"AVM_FUZZ_SEED={SEED}")
        with tempfile.TemporaryDirectory() as folder:
            assert unexplained(timeline, judge, Path(folder)) == []

    law()
