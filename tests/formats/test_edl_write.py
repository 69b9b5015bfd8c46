"""CMX3600 lists as we write them, line by line; and everything that a list cannot say is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import opentimelineio as otio
import pytest

from avm_otio.errors import TimelineError
from avm_otio.formats.edl.write import documents
from avm_otio.timeline.features import Feature, Loss
from avm_otio.timeline.model import (
    Clip,
    GainKey,
    Generator,
    Kept,
    Marker,
    Media,
    Mix,
    Timeline,
    Track,
    TrackKind,
    Transition,
)
from avm_otio.timeline.time import MediaTime, RecordTime
from tests.models import RATES, plain, seconds, settled

RATE = Fraction(25)
SHOT = Media("shot.mov", "/m/shot.mov", duration=Fraction(400), rate=RATE, channels=2, has_picture=True)


def clip(first: int, last: int, media_in: int = 250, rate: Fraction = RATE, **more: object) -> Clip:
    made = Clip(
        "shot",
        RecordTime(seconds(first, rate)),
        RecordTime(seconds(last, rate)),
        SHOT,
        MediaTime(seconds(media_in, rate)),
    )
    return replace(made, **more)


def picture(*clips: Clip, transitions: Sequence[Transition] = (), rate: Fraction = RATE) -> Timeline:
    return settled(Timeline("cut", rate, (Track("V", TrackKind.VIDEO, clips, tuple(transitions)),)))


def sound(*clips: Clip, channels: int = 2, rate: Fraction = RATE) -> Timeline:
    heard = tuple(replace(one, channels=one.channels or tuple(range(channels))) for one in clips)
    return settled(Timeline("cut", rate, (Track("FX", TrackKind.AUDIO, heard, channels=channels),)))


def lines(arrangement: Timeline, label: str = "V1") -> list[str]:
    return documents(arrangement)[0][label].splitlines()


def messages_of(arrangement: Timeline) -> dict[Feature, list[str]]:
    found: dict[Feature, list[str]] = {}
    for loss in documents(arrangement)[1]:
        found.setdefault(loss.feature, []).append(str(loss))
    return found


def test_an_edit_says_source_record_name_file_and_path() -> None:
    assert lines(picture(clip(0, 50))) == [
        "TITLE: cut - V",
        "FCM: NON-DROP FRAME",
        "001  AX       V     C        00:00:10:00 00:00:12:00 00:00:00:00 00:00:02:00",
        "* FROM CLIP NAME:  shot",
        "* SOURCE FILE: shot.mov",
        "* FROM CLIP: /m/shot.mov",
    ]


def test_there_is_a_list_for_each_track_that_is_seen_or_heard() -> None:
    lists, losses = documents(plain())
    assert list(lists) == ["V1", "A1", "A2", "A3"]
    assert " V     C " in lists["V1"]
    assert " AA    C " in lists["A1"]
    assert all(isinstance(loss, Loss) for loss in losses)


def test_a_mono_track_is_channel_a() -> None:
    assert " A     C " in lines(sound(clip(0, 50), channels=1), "A1")[2]


def test_a_track_that_begins_late_begins_with_black() -> None:
    assert lines(picture(clip(10, 60)))[2:4] == [
        "001  BL       V     C        00:00:00:00 00:00:00:10 00:00:00:00 00:00:00:10",
        "002  AX       V     C        00:00:10:00 00:00:12:00 00:00:00:10 00:00:02:10",
    ]


def test_a_dissolve_is_two_lines_and_begins_where_the_clip_that_comes_in_begins() -> None:
    joint = Transition("Cross Dissolve", RecordTime(Fraction(2)), Fraction(4, 25), Fraction(6, 25))
    cut = picture(clip(0, 50), clip(50, 100, 1000, name="other"), transitions=[joint])
    edits = [line for line in lines(cut) if line[0].isdigit()]
    assert edits == [
        "001  AX       V     C        00:00:10:00 00:00:11:21 00:00:00:00 00:00:01:21",
        "002  AX       V     C        00:00:11:21 00:00:11:21 00:00:01:21 00:00:01:21",
        "002  AX       V     D    010 00:00:39:21 00:00:42:00 00:00:01:21 00:00:04:00",
    ]
    assert "* TO CLIP NAME:  other" in lines(cut)
    assert messages_of(cut)[Feature.TRANSITION]


def test_a_dissolve_without_room_is_a_cut_and_told_so() -> None:
    joint = Transition("Long", RecordTime(Fraction(2)), Fraction(2), Fraction(2))
    cut = picture(clip(0, 50), clip(50, 60, name="other"), transitions=[joint])
    assert not [line for line in lines(cut) if " D  " in line]
    assert "written as a cut" in messages_of(cut)[Feature.TRANSITION][0]


def test_a_picture_comes_from_black_and_goes_to_black() -> None:
    zero, ten = Fraction(0), Fraction(10, 25)
    joints = [
        Transition("in", RecordTime(Fraction(1)), zero, ten),
        Transition("out", RecordTime(Fraction(3)), ten, zero),
    ]
    edits = [line for line in lines(picture(clip(25, 75), transitions=joints)) if line[0].isdigit()]
    assert edits[1:] == [
        "002  BL       V     C        00:00:00:00 00:00:00:00 00:00:01:00 00:00:01:00",
        "002  AX       V     D    010 00:00:10:00 00:00:11:15 00:00:01:00 00:00:02:15",
        "003  AX       V     C        00:00:11:15 00:00:11:15 00:00:02:15 00:00:02:15",
        "003  BL       V     D    010 00:00:00:00 00:00:00:10 00:00:02:15 00:00:03:00",
    ]


def test_fades_of_sound_are_dissolves_and_shorter_ones_are_told() -> None:
    cut = sound(clip(0, 50, mix=Mix(0, 400_000, 10_000)))
    edits = [line for line in lines(cut, "A1") if line[0].isdigit()]
    assert [line.split()[1:4] for line in edits] == [["BL", "AA", "C"], ["AX", "AA", "D"]]
    assert messages_of(cut)[Feature.FADE] == ["“shot” at 00:00:00:00: fade out of 0.01 s not written"]


def test_gains_and_their_keys_stand_at_source_timecode() -> None:
    keys = Mix(keys=(GainKey(Fraction(0), -6.0), GainKey(Fraction(1), 0.0)))
    found = lines(sound(clip(0, 50, mix=Mix(-6.5)), clip(50, 100, mix=keys)), "A1")
    assert [line for line in found if "LEVEL" in line] == [
        "* AUDIO LEVEL AT 00:00:10:00 IS -6.50 DB  (REEL AX A1)",
        "* AUDIO LEVEL AT 00:00:10:00 IS -6.00 DB  (REEL AX A1)",
        "* AUDIO LEVEL AT 00:00:11:00 IS +0.00 DB  (REEL AX A1)",
    ]


def test_the_second_channel_alone_is_patched() -> None:
    found = lines(sound(clip(0, 50, channels=(1,)), channels=1), "A1")
    assert "* PATCH AX:  FROM SOURCE 2 TO RECORD 1" in found


@pytest.mark.parametrize(
    ("speed", "source", "ending"),
    [
        (Fraction(2), "00:00:10:00 00:00:14:00", "050.0                00:00:10:00"),
        (Fraction(0), "00:00:10:00 00:00:10:01", "000.0                00:00:10:00"),
        (Fraction(-1), "00:00:08:00 00:00:10:00", "-025.0                00:00:10:00"),
    ],
)
def test_speed_is_an_m2_line(speed: Fraction, source: str, ending: str) -> None:
    found = lines(picture(clip(0, 50, speed=speed)))
    assert source in found[2]
    assert any(line.startswith("M2   AX") and line.endswith(ending) for line in found)
    assert ("* * FREEZE FRAME" in found) == (speed == 0)


def test_a_speed_that_m2_cannot_say_is_reported() -> None:
    assert Feature.SPEED in messages_of(picture(clip(0, 50, speed=Fraction(1001, 1000))))
    assert Feature.SPEED not in messages_of(picture(clip(0, 50, speed=Fraction(3, 2))))


def test_markers_are_locators_at_record_timecode() -> None:
    mark = Marker("look", Fraction(1), color="GREEN")
    cut = replace(picture(clip(0, 50, markers=(mark,))), markers=(Marker("here", Fraction(1, 5)),))
    found = [line for line in lines(cut) if "LOC" in line]
    assert found == ["* LOC: 00:00:01:00 GREEN   look", "* LOC: 00:00:00:05 RED     here"]
    assert len(messages_of(cut)[Feature.MARKER]) == 2


def test_drop_frame_is_said_and_a_source_that_does_not_drop_gets_its_own_line() -> None:
    rate = Fraction(30_000, 1001)
    media = replace(SHOT, rate=rate)
    drops = replace(media, name="df.mov", drop_frame=True)
    cut = picture(clip(0, 30, 1800, rate, content=drops), clip(30, 60, 1800, rate, content=media), rate=rate)
    found = lines(replace(cut, drop_frame=True, start_frame=107_892))
    assert found[1] == "FCM: DROP FRAME"
    assert "00:01:00;02 00:01:01;02 01:00:00;00 01:00:01;00" in found[2]
    assert "FCM: NON-DROP FRAME" in found
    assert any("00:01:00:00 00:01:01:00 01:00:01;00 01:00:02;00" in line for line in found)


def test_what_is_disabled_is_left_out_and_told() -> None:
    cut = picture(clip(0, 50), clip(50, 60, enabled=False))
    off = replace(cut.tracks[0], name="off", enabled=False)
    found = replace(cut, tracks=(cut.tracks[0], off))
    assert list(documents(found)[0]) == ["V1"]
    assert len(messages_of(found)[Feature.DISABLED]) == 2


def test_a_timeline_of_nothing_is_refused() -> None:
    with pytest.raises(TimelineError, match="empty"):
        documents(picture())


def test_a_track_of_nothing_has_no_list_and_moves_no_label() -> None:
    empty = Track("empty", TrackKind.VIDEO)
    found = replace(picture(), tracks=(empty, *picture(clip(0, 50)).tracks))
    assert list(documents(found)[0]) == ["V2"]
    assert "no list" in messages_of(found)[Feature.TRACK][0]


def test_nests_are_opened_and_told() -> None:
    nest = clip(0, 50, content=picture(clip(0, 100, name="inside")), media_in=MediaTime(Fraction(1)))
    assert "* FROM CLIP NAME:  inside" in lines(picture(nest))
    assert Feature.NEST in messages_of(picture(nest))


def test_generators_are_black_bars_or_a_name() -> None:
    made = [Generator("b", "black"), Generator("Bars", "SMPTEBars"), Generator("Title", "text")]
    cut = picture(*(clip(n * 10, n * 10 + 10, 0, content=one, name=one.name) for n, one in enumerate(made)))
    assert [line[5:9].strip() for line in lines(cut) if line[0].isdigit()] == ["BL", "BARS", "AX"]
    assert "* FROM CLIP IS A GENERATOR" in lines(cut)
    assert len(messages_of(cut)[Feature.GENERATOR]) == 3


def test_more_than_999_edits_have_six_digits_and_are_told() -> None:
    cut = picture(*(clip(n, n + 1) for n in range(1000)))
    assert lines(cut)[2].startswith("000001  AX")
    assert "1000 edits" in messages_of(cut)[Feature.TRACK][0]
    assert lines(picture(*(clip(n, n + 1) for n in range(999))))[2].startswith("001  AX")


def test_a_name_stays_on_its_line() -> None:
    cut = picture(clip(0, 50, name="a\nb\u2028c\ud800"))
    assert "* FROM CLIP NAME:  a\ufffdb\ufffdc\ufffd" in lines(cut)
    assert Feature.NAME in messages_of(cut)
    documents(cut)[0]["V1"].encode()


def test_timecode_begins_again_after_24_hours() -> None:
    cut = replace(picture(clip(0, 50)), start_frame=24 * 3600 * 25 - 25)
    assert lines(cut)[2].endswith("23:59:59:00 00:00:01:00")


def test_a_source_shorter_than_its_use_is_reported() -> None:
    short = replace(SHOT, duration=Fraction(11))
    assert Feature.MEDIA in messages_of(picture(clip(0, 50, content=short)))


def test_six_channels_are_told() -> None:
    cut = sound(clip(0, 50), channels=6)
    assert "AUD  3    4" in lines(cut, "A1")
    assert Feature.CHANNELS in messages_of(cut)


def test_sound_between_frames_is_moved_and_told_only_from_a_whole_sample() -> None:
    hair, sample = Fraction(1, 100_000), Fraction(1, 48_000)
    for shift, is_reported in ((hair, False), (sample, True)):
        one = clip(10, 20)
        moved = replace(one, start=RecordTime(one.start + shift), end=RecordTime(one.end + shift))
        assert (Feature.TIME in messages_of(sound(moved))) is is_reported


@pytest.mark.parametrize("rate", RATES)
def test_the_rate_is_reported_at_every_rate(rate: Fraction) -> None:
    (message,) = messages_of(picture(clip(0, 50, 100, rate, content=replace(SHOT, rate=rate)), rate=rate))[
        Feature.RATE
    ]
    assert ("ends at 30" in message) is (rate > 30)


def test_frames_of_three_digits_are_refused() -> None:
    with pytest.raises(TimelineError, match="120 fps"):
        documents(picture(clip(0, 10), rate=Fraction(120)))


def test_what_another_list_said_is_said_again_and_what_another_dialect_kept_is_reported() -> None:
    kept = (Kept("edl", "reel", "B008"), Kept("edl", "comment", "* ASC_SAT 0.9"), Kept("fcp7", "blur", "x"))
    cut = picture(clip(0, 50, kept=kept))
    assert lines(cut)[2].startswith("001  B008 ")
    assert "* ASC_SAT 0.9" in lines(cut)
    assert "blur not written" in messages_of(cut)[Feature.EFFECT][0]


def test_the_official_adapter_places_every_clip_where_it_lies() -> None:
    cut = plain()
    for text in documents(cut)[0].values():
        timeline = otio.adapters.read_from_string(text, "cmx_3600", rate=24)
        for track in timeline.tracks:
            assert track.source_range is None or -track.source_range.start_time.value == cut.start_frame
            names = [one.name for one in track if isinstance(one, otio.schema.Clip)]
            assert set(names) <= {"shot 1", "shot 2", "Bed", "Hit", "001"}
