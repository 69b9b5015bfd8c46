"""Edit lists that disagree with themselves, or hold what is no edit."""

from __future__ import annotations

import time
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from avm_otio.errors import TimelineError
from avm_otio.formats.edl.read import read
from avm_otio.timeline.model import Clip, TrackKind
from tests.formats.edl_text import HEAD, NTSC, PAL, ReadText, edit


@pytest.mark.parametrize(
    ("written", "rate", "speed"),
    [
        ("050.0", PAL, Fraction(2)),
        ("012.5", PAL, Fraction(1, 2)),
        ("-025.0", PAL, Fraction(-1)),
        ("000.0", PAL, Fraction(0)),
        ("015.0", NTSC, Fraction(1, 2)),
    ],
)
def test_a_speed_counts_against_the_nominal_rate(
    read_text: ReadText, written: str, rate: Fraction, speed: Fraction
) -> None:
    (found,), notes = read_text(
        HEAD + edit("V") + f"M2   AX       {written}                00:00:01:00\n", rate
    )
    (clip,) = found.clips()
    assert clip.speed == speed
    assert clip.duration == 25 / rate if rate == PAL else clip.duration == 30 / rate
    assert not notes


def test_record_is_followed_where_the_source_disagrees(read_text: ReadText) -> None:
    (found,), notes = read_text(HEAD + edit("A", ("00:00:00:00", "00:00:00:00")) * 2)
    clip: Clip = next(found.clips())
    assert (clip.duration, clip.speed) == (1, 1)
    assert notes[0] == "2 × source longer or shorter than what it fills, record is followed."


def test_overlapping_edits_go_to_tracks_of_their_own(read_text: ReadText) -> None:
    text = HEAD + edit("V") + edit("V", number="002") + edit("V", number="003")
    (found,), notes = read_text(text)
    assert [(track.name, len(track.clips)) for track in found.tracks] == [
        ("V1", 1),
        ("V1 (2)", 1),
        ("V1 (3)", 1),
    ]
    assert notes == ("2 × edit over another on V1, laid on a track of its own.",)


def test_drop_frame_is_what_the_list_says_and_may_change_for_sources(read_text: ReadText) -> None:
    text = (
        "TITLE: cut\nFCM: DROP FRAME\n"
        + edit("V", ("00:01:00:02", "00:01:01:02"), ("01:00:00:00", "01:00:01:00"))
        + "FCM: NON-DROP FRAME\n"
        + edit("V", ("00:01:00:02", "00:01:01:02"), ("01:00:01:00", "01:00:02:00"), number="002")
    )
    (found,), _ = read_text(text, NTSC)
    assert found.drop_frame
    assert found.start_frame == 107_892
    assert [clip.media_in * NTSC for clip in found.clips()] == [1800, 1802]


def test_a_number_that_drop_frame_skips_is_the_next_one(read_text: ReadText) -> None:
    (found,), _ = read_text("FCM: DROP FRAME\n" + edit("V", record=("00:01:00:00", "00:01:01:00")), NTSC)
    assert found.start_frame == 1800


def test_edits_after_midnight_follow_those_before(read_text: ReadText) -> None:
    text = (
        HEAD
        + edit("V", record=("23:59:59:00", "00:00:00:00"))
        + edit("V", record=("00:00:00:00", "00:00:01:00"), number="002")
    )
    (found,), _ = read_text(text)
    assert [clip.start for clip in found.clips()] == [0, 1]


def test_several_lists_in_one_file_are_several_timelines(read_text: ReadText) -> None:
    found, _ = read_text(HEAD + edit("V") + "TITLE: second\n" + edit("A"))
    assert [one.name for one in found] == ["cut", "second"]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_all_line_ends_are_lines(read_text: ReadText, ends: str) -> None:
    text = (HEAD + edit("V") + "* LOC: 01:00:00:10 RED     here\n").replace("\n", ends)
    (found,), _ = read_text(text.encode() + b"\x1a\x1a\x00\x00")
    assert next(found.clips()).markers[0].name == "here"


def test_names_and_paths_come_from_every_comment_that_says_them(read_text: ReadText) -> None:
    text = HEAD + edit("V") + "*FROM CLIP NAME:  take\n* FROM FILE: S:\\a\\b.mov\n* ASC_SAT 0.9\n"
    (found,), _ = read_text(text)
    (clip,) = found.clips()
    assert (clip.name, clip.content.name, clip.content.path) == ("take", "b.mov", "S:\\a\\b.mov")
    assert [kept.text for kept in clip.kept] == ["* ASC_SAT 0.9"]


def test_old_encodings_and_utf16_are_read(read_text: ReadText) -> None:
    text = HEAD + edit("V") + "* FROM CLIP NAME:  Müller\n"
    for encoding in ("cp1252", "utf-16", "utf-8-sig"):
        (found,), _ = read_text(text.encode(encoding))
        assert next(found.clips()).name == "Müller"


@pytest.mark.parametrize("bad", [b"", b"\x00" * 100, b"no list at all\n", b"\xff\xfe\xff", b"1 2 3 4 5\n"])
def test_what_is_no_list_is_refused(read_text: ReadText, bad: bytes) -> None:
    with pytest.raises(TimelineError, match="no edit"):
        read_text(bad)


def test_an_edit_that_cannot_be_understood_is_named_by_its_line(read_text: ReadText) -> None:
    with pytest.raises(TimelineError, match="line 3"):
        read_text(HEAD + edit("V", kind="X       "))


@pytest.mark.slow
def test_a_very_long_list_takes_time_in_proportion(read_text: ReadText) -> None:
    def at(second: int) -> str:
        return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}:00"

    text = "".join(
        edit("V", record=(at(second), at(second + 1)), number=f"{second + 1:06d}") for second in range(20_000)
    )
    (found,), _ = read_text(HEAD + text)
    assert len(found.tracks[0].clips) == 20_000
    assert found.tracks[0].kind is TrackKind.VIDEO


BAD = [
    "002  AX       V     Q        00:00:01:00 00:00:02:00 01:00:01:00 01:00:02:00",
    "002  AX       V     C        00:00:01:00 00:61:02:00 01:00:01:00 01:00:02:00",
    "002  AX       V     C        01:00:01:00 01:00:02:00",
]


@pytest.mark.parametrize("bad", BAD)
def test_one_bad_edit_is_named_and_the_rest_of_the_list_is_read(read_text: ReadText, bad: str) -> None:
    text = HEAD + edit("V") + bad + "\n" + edit("V", record=("01:00:02:00", "01:00:03:00"), number="003")
    (found,), notes = read_text(text)
    assert [clip.start for clip in found.clips()] == [0, 2]
    assert len(notes) == 1
    assert notes[0].startswith("Line 4 is no edit")
    assert bad[:60] in notes[0]


def test_a_dissolve_without_its_letter_is_one_and_is_told(read_text: ReadText) -> None:
    follow = edit("V", record=("01:00:01:00", "01:00:02:00"), number="002", kind="     008")
    (found,), notes = read_text(HEAD + edit("V") + follow)
    assert [(each.at, each.after) for each in found.tracks[0].transitions] == [(1, Fraction(8, 25))]
    assert notes == ("Line 4 does not say how it comes in: read as a dissolve of 8 frames.",)


def test_what_follows_an_edit_on_its_line_does_not_hide_it(read_text: ReadText) -> None:
    (found,), _ = read_text(HEAD + edit("v", kind="c       ").rstrip("\n") + "  a remark\n")
    (clip,) = found.clips()
    assert [kept.text for kept in clip.kept] == ["a remark"]


def test_lists_that_number_every_edit_alike_keep_each_its_own_name(read_text: ReadText) -> None:
    text = HEAD + edit("V") + "* FROM CLIP NAME: one\n"
    text += edit("V", record=("01:00:01:00", "01:00:02:00")) + "* FROM CLIP NAME: two\n"
    (found,), _ = read_text(text)
    assert [clip.name for clip in found.clips()] == ["one", "two"]


def test_picture_and_sound_of_a_split_edit_share_what_is_said_below_them(read_text: ReadText) -> None:
    sound = edit("A", ("00:00:01:05", "00:00:02:00"), ("01:00:00:05", "01:00:01:00"))
    text = HEAD + "SPLIT:    AUDIO DELAY=  00:00:00:05\n" + edit("V") + sound + "* FROM CLIP NAME: one\n"
    (found,), _ = read_text(text)
    assert [(clip.name, clip.start) for clip in found.clips()] == [("one", 0), ("one", Fraction(5, 25))]


@pytest.mark.parametrize(
    "comment",
    [
        "* from clip name:  take",
        "*CLIP NAME: take",
        "FROM CLIP NAME:take",
        "* KEY CLIP NAME: take",
        "> CLIP NAME: take",
    ],
)
def test_a_clip_is_named_by_every_form_of_comment(read_text: ReadText, comment: str) -> None:
    kind = "K    000" if "KEY" in comment else "C       "
    (found,), _ = read_text(HEAD + edit("V", kind=kind) + comment + "\n")
    assert next(found.clips()).name == "take"


def test_a_reel_that_was_cut_short_is_looked_for_by_its_whole_name(read_text: ReadText) -> None:
    text = (
        HEAD
        + edit("V", reel="006I")
        + "* FROM CLIP NAME: take\nFINAL CUT PRO REEL: 006-I REPLACED BY: 006I\n"
    )
    (found,), _ = read_text(text)
    assert next(iter(found.media())).names == ("take", "006-I")


def test_two_edits_of_one_source_at_one_place_play_a_channel_each(read_text: ReadText) -> None:
    name = "* FROM CLIP NAME: one\n"
    (found,), _ = read_text(HEAD + edit("A") + name + edit("A2", number="002") + name)
    assert [clip.channels for clip in found.clips()] == [(0,), (1,)]
    (other,), _ = read_text(HEAD + edit("A") + name + edit("A2", number="002") + "* FROM CLIP NAME: two\n")
    assert [clip.channels for clip in other.clips()] == [(0,), (0,)]


@pytest.mark.parametrize("speed", ["050.0", "+050.0"])
@pytest.mark.parametrize("at", ["00:00:01:00", "00:00:00:23", ""])
def test_the_one_speed_of_an_edit_is_followed_wherever_it_is_counted_from(
    read_text: ReadText, speed: str, at: str
) -> None:
    text = HEAD + edit("V", ("00:00:01:00", "00:00:03:00")) + f"M2   AX       {speed}    {at}\n"
    (found,), notes = read_text(text)
    assert next(found.clips()).speed == 2
    assert not notes


def test_drop_frame_signs_win_over_the_head_and_are_told(read_text: ReadText) -> None:
    (found,), notes = read_text(HEAD + edit("V", record=("01:00:00;00", "01:00:01;00")), NTSC)
    assert (found.start_frame, found.drop_frame) == (107_892, True)
    assert notes == ("Says NON-DROP FRAME and writes drop-frame timecode, which is followed.",)


def test_a_source_without_the_sign_drops_nothing_in_a_list_that_uses_signs(read_text: ReadText) -> None:
    text = "FCM: DROP FRAME\n" + edit("V", ("00:01:00:02", "00:01:01:02"), ("01:00:00;00", "01:00:01;00"))
    (found,), _ = read_text(text, NTSC)
    assert next(found.clips()).media_in * NTSC == 1802


def test_edits_over_one_another_take_the_lowest_free_track_however_many_there_are(tmp_path: Path) -> None:
    lines = [
        f"{at + 1:06d} AX V C 00:00:00:00 00:10:00:00 {place(at // 2)} {place(at // 2 + 1000 + at % 7)}"
        for at in range(4000)
    ]
    path = tmp_path / "heap.edl"
    path.write_text("TITLE: heap\n\n" + "\n".join(lines))
    began = time.process_time()
    (found,), _ = read(path, Fraction(25))
    assert time.process_time() - began < 10  # of each edit against each track: many times that
    assert sum(len(track.clips) for track in found.tracks) == 4000
    for track in found.tracks:
        assert all(before.end <= after.start for before, after in pairwise(track.clips))


def place(frame: int) -> str:
    seconds, frames = divmod(frame, 25)
    return f"01:{seconds // 60:02d}:{seconds % 60:02d}:{frames:02d}"
