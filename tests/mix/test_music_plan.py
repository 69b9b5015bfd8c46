"""Several pieces under a picture: where they change, and that neighbours differ."""

from __future__ import annotations

import time
from fractions import Fraction as F
from itertools import pairwise

import pytest

from avm_otio.mix.fit import MusicLength
from avm_otio.mix.fitted import Ending
from avm_otio.mix.heard import Heard
from avm_otio.mix.music_plan import MusicPer, MusicPlan, plan_music
from avm_otio.timeline.model import Marker
from avm_otio.timeline.time import FrameSpan, RecordTime
from tests.mix.heard_music import assert_whole, piece, silence

RATE = F(24)


def seconds(*each: float) -> list[RecordTime]:
    return [RecordTime(F(one)) for one in each]


def plan(pieces: list[Heard], length: float, **more: object) -> MusicPlan:
    made = plan_music(pieces, FrameSpan(0, round(length * RATE)), RATE, **more)
    for part in made.parts:
        assert_whole(part.music, pieces[part.piece])
    return made


def changes(made: MusicPlan) -> list[float]:
    return [part.music.span.start / 24 for part in made.parts[1:]]


def test_one_piece_lies_under_the_whole_picture() -> None:
    made = plan([piece(180), piece(180)], 500)
    assert [part.piece for part in made.parts] == [0]
    assert str(made.coverage) == "music covers 100 % of 00:08:20:00"


def test_what_would_be_repeated_more_than_three_times_becomes_several_pieces() -> None:
    made = plan([piece(60), piece(60), piece(60)], 400, cuts=seconds(90, 141, 260, 391))
    assert len(made.parts) == 3
    assert all(before.piece != after.piece for before, after in pairwise(made.parts))
    assert all(part.music.times <= 3 for part in made.parts)
    assert changes(made) == [141, 260]
    assert str(made.coverage) == "music covers 100 % of 00:06:40:00"


def test_without_cuts_it_changes_in_a_pause_of_speech() -> None:
    spoken = [(RecordTime(F(a)), RecordTime(F(b))) for a, b in ((0, 190), (194, 300), (300, 400))]
    made = plan([piece(64), piece(64), piece(64)], 380, spoken=spoken)
    assert changes(made) == [192]


def test_of_a_single_piece_it_is_said_how_often_it_is_heard() -> None:
    made = plan([piece(30)], 300, names=["Dawn"])
    assert len(made.parts) == 1
    assert made.notes == ("“Dawn”: it is heard 10 times; the answer holds no other.",)


def test_each_scene_worth_it_gets_a_piece() -> None:
    cuts = seconds(50, 55, 110, 170, 172)
    made = plan([piece(60), piece(70), piece(80)], 230, per=MusicPer.SCENE, cuts=cuts)
    assert changes(made) == [55, 110, 170]
    assert all(before.piece != after.piece for before, after in pairwise(made.parts))


def test_a_piece_begins_at_each_marker() -> None:
    markers = [Marker("MUSIC IN", F(at)) for at in (10, 50)] + [Marker("MUSIC OUT", F(90))]
    made = plan([piece(60), piece(60)], 100, per=MusicPer.MARKER, markers=markers)
    assert [(part.piece, part.music.span) for part in made.parts] == [
        (0, FrameSpan(240, 1200)),
        (1, FrameSpan(1200, 2160)),
    ]
    assert str(made.coverage) == "music covers 100 % of 00:01:20:00"


def test_after_a_silence_the_same_piece_comes_back() -> None:
    made = plan([piece(60), piece(60)], 100, markers=[Marker("NO MUSIC", F(40), F(10))])
    assert [(part.piece, part.music.span.start) for part in made.parts] == [(0, 0), (0, 50 * 24)]
    assert str(made.coverage) == "music covers 100 % of 00:01:30:00"


def test_what_has_no_scenes_and_no_entries_is_one_and_said() -> None:
    assert plan([piece(60)], 50, per=MusicPer.SCENE).notes == (
        "No scene changes are known: there is one piece for the whole.",
    )
    assert plan([piece(60)], 50, per=MusicPer.MARKER).notes == (
        "No marker MUSIC IN begins a piece: there is one for the whole.",
    )


def test_it_ends_where_it_shall() -> None:
    made = plan([piece(60)], 100, end=80 * 24)
    assert made.parts[0].music.span.end == 80 * 24
    assert made.parts[0].music.ending is Ending.OWN
    assert plan([piece(60)], 100, end=120 * 24).notes == (
        "The music cannot end at 00:02:00:00, outside the picture: it ends with it.",
    )


def test_a_silent_piece_makes_room_for_the_next() -> None:
    made = plan([silence(), piece(60)], 50, names=["Nothing", "Dawn"])
    assert [part.piece for part in made.parts] == [1]
    assert made.notes == ("“Nothing” is silent, and not laid.",)
    assert str(plan([silence()], 50).coverage) == "music covers 0 % of 00:00:50:00"


def test_a_piece_without_an_ending_goes_over_into_the_next() -> None:
    pieces = [piece(100, is_cut_off=True), piece(100)]
    markers = [Marker("MUSIC IN", F(at)) for at in (0, 40)]
    made = plan(pieces, 80, per=MusicPer.MARKER, markers=markers)
    assert [part.music.ending for part in made.parts] == [Ending.FADE, Ending.OWN]
    if made.parts[1].music.pieces[0].media_in >= 1:
        assert made.parts[1].crossfade == (1, 1)
        assert made.parts[0].music.pieces[-1].fade_out_us == 0


@pytest.mark.parametrize("length", list(MusicLength))
def test_every_length_goes_for_the_whole(length: MusicLength) -> None:
    made = plan_music([piece(60)], FrameSpan(0, 100 * 24), RATE, length=length)
    covers = {MusicLength.FULL: 59, MusicLength.AS_IS: 60}.get(length, 100)
    assert str(made.coverage).startswith(f"music covers {covers} %") or covers == 59


def test_a_long_film_with_many_pieces_is_planned_at_once() -> None:
    pieces = [piece(180 + 7 * number, bpm=90 + 4 * number) for number in range(12)]
    cuts = seconds(*range(7, 5400, 11))
    begun = time.process_time()
    made = plan_music(pieces, FrameSpan(0, 5400 * 24), RATE, cuts=cuts)
    assert time.process_time() - begun < 5  # it takes a fifth of that
    assert len(made.parts) >= 8
    assert made.coverage.frames == 5400 * 24
