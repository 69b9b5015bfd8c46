"""Every timecode that people read counts as their timeline counts."""

from __future__ import annotations

from fractions import Fraction as F
from pathlib import Path

import pytest

from avm_otio import Request
from avm_otio.formats.svg.write import Panel, draw
from avm_otio.jobs.films import export
from avm_otio.jobs.scored import Scored
from avm_otio.jobs.soundtrack import Soundtrack
from avm_otio.mix.cues import Cue
from avm_otio.mix.placement import Laid, LaidClip
from avm_otio.report import Silent
from avm_otio.timeline.model import Clip, Generator, Media, Timeline, Track, TrackKind
from avm_otio.timeline.time import RecordTime
from tests.media.numbered import movie

NTSC = F(30_000, 1001)


class Heard(Silent):
    def __init__(self) -> None:
        self.events: dict[str, dict[str, object]] = {}

    def event(self, name: str, /, **fields: object) -> None:
        self.events[name] = fields


@pytest.mark.parametrize(("drop", "timecode"), [(True, "01:01:00;02"), (False, "01:00:56:12")])
def test_a_cue_lies_where_the_timeline_counts_it(drop: bool, timecode: str) -> None:
    scored = Scored(
        output=Path("o"),
        job=Path("j"),
        film_id=None,
        session_id=None,
        made=Soundtrack(Laid(NTSC, ())),
        currency="USD",
        start_frame=107_892,
        drop_frame=drop,
        folder=Path(),
    )
    hit = Clip("hit", RecordTime(1800 / NTSC), RecordTime(1810 / NTSC), Media("hit.wav"))
    assert scored.timecode(LaidClip(hit, Cue(0, 0, ()))) == timecode


def test_a_picture_of_a_timeline_counts_as_the_timeline_does() -> None:
    clip = Clip("c", RecordTime(F(0)), RecordTime(F(120)), Generator("c"))
    cut = Timeline("t", NTSC, (Track("V1", TrackKind.VIDEO, (clip,)),), 107_892, True, F(120))
    drawn = draw([Panel("t", cut)])
    assert "01:00:00;00" in drawn
    assert "00:59:56:12" not in drawn


def test_a_plan_says_its_range_as_the_list_counts(tmp_path: Path) -> None:
    movie(tmp_path / "a.mov", 30, NTSC)
    (tmp_path / "cut.edl").write_text(
        "TITLE: T\nFCM: DROP FRAME\n\n"
        "001  AX  V  C  00:00:00;00 00:00:01;00 01:00:00;00 01:00:01;00\n* FROM CLIP NAME: a.mov\n"
    )
    heard = Heard()
    export(Request(tmp_path / "cut.edl", tmp_path / "f.mp4", media_roots=(tmp_path,), quality="360p"), heard)
    assert (heard.events["plan"]["record_in"], heard.events["plan"]["record_out"]) == (
        "01:00:00;00",
        "01:00:01;00",
    )
