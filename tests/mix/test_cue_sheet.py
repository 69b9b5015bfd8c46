"""The cue sheet: cues as they would be counted by hand, and lengths that add up to what is heard."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D
from fractions import Fraction as F
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avm_otio.errors import InputError
from avm_otio.mix.clearance import Clearance, Stated, clearance_of, credit_of, licence_in
from avm_otio.mix.cue_sheet import CueSheet, Header, cue_sheet
from avm_otio.mix.rights import Holder, Rights, Role, Use, read_rights
from avm_otio.timeline.model import (
    GainKey,
    Mix,
    Stem,
    Transition,
)
from avm_otio.timeline.time import RecordTime
from tests.mix.cue_sheets import reel, sheet_of, sound
from tests.models import RATES

NTSC = F(30000, 1001)


def rows_of(sheet: CueSheet) -> list[tuple[str, str, str, str, int]]:
    return [(row.number, row.title, row.timecode_in, row.timecode_out, row.frames) for row in sheet.rows]


def crossfade(frame: int, rate: F = F(25)) -> Transition:
    return Transition("Cross Fade", RecordTime(frame / rate), 4 / rate, 4 / rate)


def test_the_parts_and_repeats_of_one_piece_are_one_cue_and_its_return_is_another() -> None:
    clips = [sound(0, 100), sound(100, 250), sound(250, 300), sound(400, 425)]
    assert rows_of(sheet_of(reel(clips, joins=(crossfade(100), crossfade(250))))) == [
        ("1M1", "Piece 1", "00:00:00:00", "00:00:12:00", 300),
        ("1M2", "Piece 1", "00:00:16:00", "00:00:17:00", 25),
    ]


def test_a_crossfade_of_two_pieces_counts_once_parted_at_its_cut() -> None:
    clips = [sound(0, 100), sound(100, 200, 2)]
    assert rows_of(sheet_of(reel(clips, joins=(crossfade(100),)))) == [
        ("1M1", "Piece 1", "00:00:00:00", "00:00:04:00", 100),
        ("1M2", "Piece 2", "00:00:04:00", "00:00:08:00", 100),
    ]


def test_a_crossfade_over_two_tracks_counts_once_too() -> None:
    out, into = Mix(fade_out_us=800_000), Mix(fade_in_us=800_000)
    two = reel([sound(0, 110, mix=out)], [sound(90, 200, 2, mix=into)])
    assert [row.frames for row in sheet_of(two).rows] == [100, 100]
    one = reel([sound(0, 110, mix=out)], [sound(90, 200, mix=into)])
    assert rows_of(sheet_of(one)) == [("1M1", "Piece 1", "00:00:00:00", "00:00:08:00", 200)]
    both = reel([sound(0, 110)], [sound(90, 200, 2)])  # no crossfade: two pieces sound at once
    assert [row.frames for row in sheet_of(both).rows] == [110, 110]


def test_a_short_hole_is_within_a_cue_and_is_not_counted() -> None:
    assert rows_of(sheet_of(reel([sound(0, 100), sound(105, 200)]))) == [
        ("1M1", "Piece 1", "00:00:00:00", "00:00:08:00", 195)
    ]


def test_what_is_switched_off_or_turned_down_to_nothing_is_left_out() -> None:
    silent = Mix(keys=(GainKey(F(0), -144.0), GainKey(F(1), -120.0)))
    clips = [sound(0, 50, on=False), sound(50, 100, 2, mix=silent), sound(100, 150, 3)]
    assert [row.title for row in sheet_of(reel(clips)).rows] == ["Piece 3"]


def test_effects_come_on_request_and_are_no_music() -> None:
    whole = reel([sound(0, 100)], [sound(10, 20, 5, stem=Stem.EFFECTS)])
    assert [row.number for row in sheet_of(whole).rows] == ["1M1"]
    with_effects = sheet_of(whole, effects=True)
    assert [(row.number, row.use) for row in with_effects.rows] == [("1M1", "BI"), ("1FX1", "FX")]
    assert with_effects.music_s == 4


def test_reels_follow_each_other_and_number_their_cues() -> None:
    sheet = sheet_of(
        reel([sound(0, 25)], start=90_000), reel([sound(0, 50), sound(100, 125, 2)], start=180_000)
    )
    assert [(row.sequence, row.number, row.timecode_in) for row in sheet.rows] == [
        (1, "1M1", "01:00:00:00"),
        (2, "2M1", "02:00:00:00"),
        (3, "2M2", "02:00:04:00"),
    ]
    assert sheet.programme_s == 1 + 5
    assert len(sheet.items()) == 2


def test_a_drop_frame_cue_over_a_minute_says_the_right_timecode_and_real_time() -> None:
    sheet = sheet_of(reel([sound(0, 1800, rate=NTSC)], rate=NTSC, start=107_892, drop=True))
    (row,) = sheet.rows
    assert (row.timecode_in, row.timecode_out) == ("01:00:00;00", "01:01:00;02")
    assert (row.frames, row.duration) == (1800, F(1800) / NTSC)


@settings(max_examples=30)
@given(
    st.sampled_from(RATES),
    st.lists(st.tuples(st.integers(1, 4000), st.integers(1, 3), st.booleans()), min_size=1, max_size=7),
    st.integers(0, 200_000),
)
def test_lengths_of_joined_cues_add_up_to_the_frame(
    rate: F, parts: list[tuple[int, int, bool]], start: int
) -> None:
    edges = [0, *accumulate(length for length, _, _ in parts)]
    clips = [
        sound(first, last, item, rate)
        for first, last, (_, item, _) in zip(edges, edges[1:], parts, strict=False)
    ]
    joins = tuple(
        Transition("x", RecordTime(at / rate), F(1, 1000), F(1, 1000))
        for at, (_, _, faded) in zip(edges[1:-1], parts, strict=False)
        if faded
    )
    sheet = sheet_of(reel(clips, rate=rate, start=start, joins=joins))
    assert sum(row.frames for row in sheet.rows) == edges[-1]
    assert sheet.music_s == edges[-1] / rate == sheet.programme_s
    for before, after in zip(sheet.rows, sheet.rows[1:], strict=False):
        assert before.timecode_out == after.timecode_in
        assert before.item.id != after.item.id


# Whose it is

TABLE = """kind,id,title,use,composer,society,ipi,share,publisher,publisher_society
music,1,,th,Ann Ames,PRS,00123456789,60,House Ltd,PRS
,1,,,Bob Bree,BMI,00987654321,40,,
effect,1,,,Carl,,,,,
"""


def test_a_table_of_rights_has_a_row_for_each_holder() -> None:
    found, odd = read_rights(TABLE, "rights.csv")
    assert odd == ()
    assert found["music 1"] == Rights(
        (
            Holder(Role.COMPOSER, "Ann Ames", "PRS", "00123456789", D(60)),
            Holder(Role.COMPOSER, "Bob Bree", "BMI", "00987654321", D(40)),
            Holder(Role.PUBLISHER, "House Ltd", "PRS"),
        ),
        Use.THEME,
    )
    assert found["effect 1"].holders == (Holder(Role.COMPOSER, "Carl"),)
    assert Rights.from_dict(found["music 1"].as_dict()) == found["music 1"]
    semicolons, _ = read_rights("\ufeff" + TABLE.replace(",", ";"), "rights.csv")
    assert semicolons == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,compsoer\n1,x\n", "Did you mean “composer”?"),
        ("kind,title\nmusic,x\n", "no column “id”"),
        ("id,use\n1,XY\n", "line 2: “XY” is no use"),
        ("id,composer,share\n1,x,140\n", "line 2: “140” is no share"),
        ("id\nseven\n", "line 2: “seven” is no id"),
        ("kind,id\nfilm,1\n", "line 2: “film” is no kind"),
    ],
)
def test_a_table_that_cannot_be_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        read_rights(text, "rights.csv")
    assert message in str(refused.value)


def test_odd_shares_and_numbers_are_told() -> None:
    _, odd = read_rights("id,composer,ipi,share\n1,Ann,12,50\n1,Bob,,30\n", "rights.csv")
    assert len(odd) == 2
    assert "12, has not 9 to 11 digits" in odd[0]
    assert "composers 80 %" in odd[1]
    assert read_rights("id,composer,share,publisher\n1,Ann,50,House\n", "rights.csv")[1] == ()


@pytest.mark.parametrize(
    ("text", "name", "clearance"),
    [
        ("Creative Commons Attribution 4.0", "CC BY", Clearance.CREDIT),
        ("https://creativecommons.org/licenses/by-nc/4.0/", "CC BY-NC", Clearance.NO),
        ("CC-BY-SA", "CC BY-SA", Clearance.TERMS),
        (
            "Attribution NonCommercial, Creative Commons Attribution-NonCommercial-NoDerivatives",
            "CC BY-NC-ND",
            Clearance.NO,
        ),
        ("http://creativecommons.org/publicdomain/zero/1.0/", "CC0", Clearance.FREE),
        ("(c) 2020 X. All rights reserved.", "all rights reserved", Clearance.NO),
        ("Royalty-free, see terms", "royalty-free", Clearance.TERMS),
        ("ask my manager", "", Clearance.TERMS),
        ("", "", Clearance.NOT_STATED),
    ],
)
def test_a_stated_licence_says_whether_a_sound_may_be_passed_on(
    text: str, name: str, clearance: Clearance
) -> None:
    assert licence_in(text) == name
    assert clearance_of(Stated(text)) is clearance
    assert bool(credit_of("Rain", Stated(text, author="Ann"))) is name.startswith("CC BY")


def test_a_sheet_says_whose_each_piece_is() -> None:
    whole = reel([sound(0, 100)])
    rights = {("", "music 1"): Rights((Holder(Role.COMPOSER, "Ann"),), Use.VISUAL_VOCAL, "Registered")}
    (row,) = cue_sheet([whole], Header(), rights).rows
    assert (row.title, row.use, row.rights.of(Role.COMPOSER)[0].name) == ("Registered", "VV", "Ann")
    assert replace(row, rights=Rights()).title == "Piece 1"
