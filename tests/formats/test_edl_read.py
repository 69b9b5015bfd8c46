"""CMX3600 lists as editors really write them."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from avm_otio.errors import TimelineError
from avm_otio.formats.edl.lines import lists_of
from avm_otio.formats.edl.rates import evidence_of
from avm_otio.formats.edl.read import read
from avm_otio.timeline.limits import refuse_empty
from avm_otio.timeline.model import Generator, Timeline, Track
from tests.formats.edl_text import HEAD, NTSC, PAL, REAL, ReadText, edit
from tests.real_files import real_file


def guessed_rate(text: str) -> Fraction:
    return evidence_of(lists_of(text)).guess


def clips(track: Track, timeline: Timeline) -> list[tuple[str, str, str]]:
    return [(c.name, timeline.timecode(c.start), timeline.timecode(c.end)) for c in track.clips]


@pytest.mark.parametrize(("name", "rate"), REAL)
def test_every_edit_of_a_real_list_lies_where_the_list_says(name: str, rate: int) -> None:
    path = real_file(name)
    text = path.read_bytes().decode("latin-1")
    in_file = sorted(
        (record_in, record_out)
        for reel, channels, record_in, record_out in re.findall(
            r"(?m)(?<![^\r\n])\d{3,6} +(\S+) +(\S+) +[CD][ \d]+ [\d:]{11} [\d:]{11} ([\d:]{11}) ([\d:]{11})",
            text,
        )
        if channels != "NONE" and reel != "BL" and record_in != record_out
    )
    (found,), notes = read(path, Fraction(rate))
    # A fade to black or silence is an edit of its own in the list, and the clip's last moments here.
    fades = {each.at: each.before for track in found.tracks for each in track.transitions}
    laid = sorted(
        (
            found.timecode(clip.start),
            found.timecode(clip.end - Fraction(clip.mix.fade_out_us, 10**6) - fades.get(clip.end, 0)),
        )
        for clip in found.clips()
    )
    assert in_file
    assert laid == in_file
    assert len(notes) <= 4
    for track in found.tracks:
        assert all(one.end <= other.start for one, other in zip(track.clips, track.clips[1:], strict=False))


@pytest.mark.parametrize(("name", "rate"), REAL)
def test_the_rate_of_a_real_list_is_guessed_as_low_as_its_frames_allow(name: str, rate: int) -> None:
    assert guessed_rate(real_file(name).read_bytes().decode("latin-1")) == rate


def test_what_real_lists_say_besides_is_kept() -> None:
    (speeds,), _ = read(real_file("avid/speed_effects.edl"), Fraction(24))
    assert sum(clip.speed == 0 for clip in speeds.clips()) == 7
    assert sum(clip.speed not in (0, 1) for clip in speeds.clips()) == 10
    (audio,), _ = read(real_file("avid/DC7_R1_v8.2-audio.edl"), Fraction(24))
    assert [track.name for track in audio.tracks] == ["A1", "A2", "A5", "A7", "A8", "A10", "A11", "A12"]
    # 28 dissolves, of which four come from silence or lead to it.
    assert sum(len(track.transitions) for track in audio.tracks) == 24
    fades = [clip.mix.fade_in_us or clip.mix.fade_out_us for clip in audio.clips()]
    assert sum(map(bool, fades)) == 4
    assert {clip.mix.gain_db for clip in audio.clips()} >= {-3.0, 3.0, 6.0}
    (locators,), _ = read(real_file("avid/SR_010-cr-lineends.edl"), Fraction(24))
    markers = [marker for clip in locators.clips() for marker in clip.markers]
    assert len(markers) == 39
    assert (markers[0].name, markers[0].color, markers[0].start) == ("MR0200", "YELLOW", Fraction(12, 24))
    (trailer,), _ = read(real_file("finalcut7/trailer.edl"), PAL)
    assert len(trailer.tracks[0].transitions) == 11
    assert sum(isinstance(clip.content, Generator) for clip in trailer.clips()) == 5


CHANNELS = [
    ("V", {"V1"}),
    ("V2", {"V2"}),
    ("A", {"A1"}),
    ("A2", {"A2"}),
    ("A12", {"A12"}),
    ("AA", {"A1A2"}),
    ("B", {"V1", "A1"}),
    ("A/V", {"V1", "A1"}),
    ("A2/V", {"V1", "A2"}),
    ("AA/V", {"V1", "A1A2"}),
    ("V1A1A2", {"V1", "A1A2"}),
    ("VA12", {"V1", "A1A2"}),
]


@pytest.mark.parametrize(("channels", "tracks"), CHANNELS)
def test_every_form_of_channels_is_understood(read_text: ReadText, channels: str, tracks: set[str]) -> None:
    (found,), _ = read_text(HEAD + edit(channels))
    assert {track.name for track in found.tracks} == tracks
    links = {clip.link for clip in found.clips()}
    assert links == ({None} if len(tracks) == 1 else {1})
    for track in found.audio_tracks:
        assert track.clips[0].channels == tuple(range(track.channels))


def test_sound_of_channels_three_and_four_is_said_below_the_edit(read_text: ReadText) -> None:
    (found,), notes = read_text(HEAD + edit("NONE") + "AUD  3    4\n")
    assert [(track.name, track.channels) for track in found.tracks] == [("A3A4", 2)]
    assert not notes


def test_an_edit_on_no_channel_is_told_of(read_text: ReadText) -> None:
    (found,), notes = read_text(HEAD + edit("V") + edit("NONE", number="002") * 3)
    assert len(list(found.clips())) == 1
    assert notes == ("3 × edit on no channel, not laid.",)


def test_a_source_channel_that_is_patched_is_the_one_that_plays(read_text: ReadText) -> None:
    (found,), _ = read_text(HEAD + edit("A7") + "* PATCH TAPE:  FROM SOURCE 2 TO RECORD 7 \n")
    assert found.tracks[0].clips[0].channels == (1,)


def test_the_timeline_starts_at_the_earliest_record_timecode_black_included(read_text: ReadText) -> None:
    black = edit("V", ("00:00:00:00", "00:00:02:00"), ("00:59:58:00", "01:00:00:00"), reel="BL")
    (found,), _ = read_text(HEAD + black + edit("V", number="002"))
    assert found.timecode(Fraction(0)) == "00:59:58:00"
    assert found.tracks[0].clips[0].start == 2


def test_a_dissolve_is_a_transition_between_two_named_clips(read_text: ReadText) -> None:
    text = (
        HEAD
        + edit("V", reel="TAPE1")
        + "* FROM CLIP NAME:  one\n"
        + edit("V", ("00:00:02:00",) * 2, ("01:00:01:00",) * 2, number="002", reel="TAPE1")
        + "FCM: NON-DROP FRAME\n"
        + edit("V", record=("01:00:01:00", "01:00:02:00"), number="002", reel="TAPE2", kind="D    010")
        + "EFFECTS NAME IS CROSS DISSOLVE\n* FROM CLIP NAME:  one\n* TO CLIP NAME:  two\n"
        + "* SOURCE FILE: two.mov\n"
    )
    (found,), notes = read_text(text)
    (track,) = found.tracks
    assert [clip.name for clip in track.clips] == ["one", "two"]
    assert track.clips[1].content.name == "two.mov"
    (joint,) = track.transitions
    assert (joint.name, joint.at, joint.before, joint.after) == ("CROSS DISSOLVE", 1, 0, Fraction(10, 25))
    assert [kept.text for kept in track.clips[1].kept] == ["TAPE2"]
    assert not notes


def test_a_wipe_keeps_its_code(read_text: ReadText) -> None:
    wipe = edit("V", record=("01:00:01:00", "01:00:02:00"), number="002", kind="W001 010")
    (found,), _ = read_text(HEAD + edit("V") + wipe)
    (joint,) = found.tracks[0].transitions
    assert (joint.kind, [kept.text for kept in joint.kept]) == ("Custom_Transition", ["W001"])


@pytest.mark.parametrize("to_black", [False, True])
@pytest.mark.parametrize(
    ("kind", "comment", "message"),
    [
        ("W001 010", "", "wipe"),
        ("D    010", "* EFFECT NAME: EXPONENTIAL FADE\n", "curve"),
        ("D    010", "* EFFECT NAME: CONSTANT POWER\n", "curve"),
        ("D    010", "* EFFECT NAME: CONSTANT GAIN\n", ""),
        ("D    010", "", ""),
    ],
)
def test_a_fade_of_sound_that_does_not_run_straight_is_told(
    to_black: bool, kind: str, comment: str, message: str, read_text: ReadText
) -> None:
    zero = ("00:00:00:00", "00:00:00:00")
    here, there = ("01:00:01:00",) * 2, ("01:00:01:00", "01:00:02:00")
    lines = [edit("A", zero, here, reel="BL", number="002"), edit("A", record=there, number="002", kind=kind)]
    if to_black:
        black = ("00:00:00:00", "00:00:00:10"), ("01:00:01:00", "01:00:01:10")
        lines = [edit("A", record=here, number="002"), edit("A", *black, reel="BL", number="002", kind=kind)]
    _, notes = read_text(HEAD + edit("A") + "".join(lines) + comment)
    assert [note for note in notes if "read as straight" in note] == [
        f"Fade or cross fade of sound with a {message}, read as straight."
    ] * bool(message)


def test_a_dissolve_of_sound_from_and_to_black_is_a_fade(read_text: ReadText) -> None:
    zero = ("00:00:00:00", "00:00:00:00")
    text = (
        HEAD
        + edit("A", zero, ("01:00:00:00",) * 2, reel="BL")
        + edit("A", kind="D    005")
        + edit("A", ("00:00:02:00",) * 2, ("01:00:01:00",) * 2, number="002")
        + edit("A", zero, ("01:00:01:00", "01:00:01:10"), number="002", reel="BL", kind="D    010")
    )
    (found,), _ = read_text(text)
    (clip,) = found.clips()
    assert (clip.mix.fade_in_us, clip.mix.fade_out_us) == (200_000, 400_000)
    assert clip.end == Fraction(35, 25)
    assert not found.tracks[0].transitions


def test_a_key_lies_above_its_background(read_text: ReadText) -> None:
    (found,), notes = read_text(HEAD + edit("V", kind="K B     ") + edit("V", reel="KEY", kind="K    000"))
    assert [len(track.clips) for track in found.tracks] == [1, 1]
    assert "2 × key, laid as picture over picture." in notes


@pytest.mark.parametrize(("speed", "begins"), [("025.0", 86_399), ("-025.0", 86_401)])
def test_a_source_that_runs_through_midnight_goes_on(read_text: ReadText, speed: str, begins: int) -> None:
    """Backwards it begins at the later of its two times, which is after midnight."""
    text = HEAD + edit("V", ("23:59:59:00", "00:00:01:00"), ("01:00:00:00", "01:00:02:00"))
    (found,), notes = read_text(text + f"M2   AX       {speed}                00:00:01:00\n")
    assert [clip.media_in for clip in found.clips()] == [begins]
    assert not notes
    _, notes = read_text(text)
    assert not notes


def test_a_rate_that_lacks_the_frames_is_refused_with_a_better_one(read_text: ReadText) -> None:
    with pytest.raises(TimelineError) as caught:
        read_text(HEAD + edit("V", record=("01:00:00:00", "01:00:00:29")))
    assert "--rate" in caught.value.hint
    assert "30" in caught.value.hint


@pytest.mark.parametrize(
    ("last", "head", "rate"),
    [
        ("00:00:02:10", "NON-DROP", Fraction(24)),
        ("00:00:02:24", "NON-DROP", Fraction(25)),
        ("00:00:02:29", "NON-DROP", Fraction(30)),
        ("00:00:02:10", "DROP", NTSC),
        ("00:00:02:49", "NON-DROP", Fraction(50)),
        ("00:00:02:59", "NON-DROP", Fraction(60)),
        ("00:00:02:59", "DROP", Fraction(60_000, 1001)),
    ],
)
def test_the_rate_is_guessed_from_frames_and_drop_frame(last: str, head: str, rate: Fraction) -> None:
    assert guessed_rate(f"FCM: {head} FRAME\n" + edit("V", ("00:00:01:00", last))) == rate


def test_a_guess_is_told(read_text: ReadText) -> None:
    _, notes = read_text(HEAD + edit("V"), None)
    assert notes == ("An EDL does not say its rate: read at 24 fps; give --rate if wrong.",)


def test_a_list_that_ends_in_a_fade_to_black_lasts_through_it(read_text: ReadText) -> None:
    zero = ("00:00:00:00", "00:00:01:00")
    fade = edit("V", ("00:00:02:00",) * 2, ("01:00:01:00",) * 2, number="002")
    fade += edit("V", zero, ("01:00:01:00", "01:00:02:00"), number="002", reel="BL", kind="D    025")
    (found,), notes = read_text(HEAD + edit("V") + fade, None)
    (clip,) = found.clips()
    (joint,) = found.tracks[0].transitions
    assert (found.rate, clip.end, joint.at, joint.before, joint.after) == (25, 2, 2, 1, 0)
    assert len(notes) == 1


def test_a_fade_to_black_before_a_cut_is_no_dissolve_into_what_follows(read_text: ReadText) -> None:
    fade = edit("V", ("00:00:02:00",) * 2, ("01:00:01:00",) * 2, number="002")
    fade += edit(
        "V", ("00:00:00:00",) * 2, ("01:00:01:00", "01:00:02:00"), number="002", reel="BL", kind="D    025"
    )
    after = edit("V", record=("01:00:02:00", "01:00:03:00"), number="003")
    (found,), _ = read_text(HEAD + edit("V") + fade + after)
    (joint,) = found.tracks[0].transitions
    assert [(clip.start, clip.end) for clip in found.clips()] == [(0, 1), (2, 3)]
    assert (joint.at, joint.before, joint.after) == (1, 0, 1)


RESOLVE = (
    "TITLE: marks\n\n001  001      V     C        01:00:18:06 01:00:18:07 01:00:18:06 01:00:18:07  \n"
    "Look here |C:ResolveColorYellow |M:Marker 1 |D:1\n\n"
    "002  001      V     C        01:00:20:20 01:00:20:21 01:00:20:20 01:00:20:21  \n"
    " |C:ResolveColorFuchsia |M:Two |D:50\n"
)


def test_a_list_of_resolves_markers_is_read_as_markers(read_text: ReadText) -> None:
    (found,), notes = read_text(RESOLVE)
    assert not list(found.clips())
    assert [(m.name, m.comment, m.color, m.duration, found.timecode(m.start)) for m in found.markers] == [
        ("Marker 1", "Look here", "YELLOW", 0, "01:00:18:06"),
        ("Two", "", "MAGENTA", 2, "01:00:20:20"),
    ]
    assert notes == ("A list of markers alone: it has no clips.",)
    with pytest.raises(TimelineError, match="2 markers and no clip"):
        refuse_empty(found)


def test_resolves_markers_among_edits_lie_where_they_are(read_text: ReadText) -> None:
    (found,), _ = read_text(
        HEAD + edit("V", record=("01:00:18:00", "01:00:19:00")) + RESOLVE.partition("\n\n")[2]
    )
    assert len(list(found.clips())) == 1
    assert [found.timecode(m.start) for m in found.markers] == ["01:00:18:06", "01:00:20:20"]


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        (HEAD + "* FRAME RATE: 25\n" + edit("V"), PAL),
        (HEAD + "FPS: 23.976\n" + edit("V"), Fraction(24_000, 1001)),
        (HEAD + edit("V", kind="D    025"), PAL),
        (HEAD + edit("V", ("00:00:01:00", "00:00:03:00")) + "M2   AX       050.0    00:00:01:00\n", PAL),
        (
            HEAD + edit("V", ("00:00:01:00", "00:00:03:00")) + "M2   AX       060.0    00:00:01:00\n",
            Fraction(30),
        ),
    ],
)
def test_the_rate_is_guessed_from_comments_transitions_and_speeds(text: str, rate: Fraction) -> None:
    assert guessed_rate(text) == rate


def test_levels_at_one_timecode_keep_their_order_also_where_one_comes_back(read_text: ReadText) -> None:
    # down to -20 dB for an instant: the first and the last of the three are equal and both count
    levels = [("01:00", 0.0), ("01:10", -6.0), ("01:10", -20.0), ("01:10", -6.0), ("01:20", 0.0)]
    comments = "".join(
        f"* AUDIO LEVEL AT 00:00:{at} IS {gain:+.2f} DB  (REEL AX A1)\n" for at, gain in levels
    )
    (timeline,), _ = read_text(HEAD + edit("A") + comments)
    (clip,) = timeline.clips()
    assert [key.gain_db for key in clip.mix.keys] == [0.0, -6.0, -20.0, -6.0, 0.0]


def test_two_levels_at_one_timecode_are_a_jump_and_those_of_another_channel_are_none(
    read_text: ReadText,
) -> None:
    levels = [("01:00", 6.0), ("01:10", 6.0), ("01:10", 0.0), ("01:20", -3.0)]
    comments = "".join(
        f"* AUDIO LEVEL AT 00:00:{at} IS {gain:+.2f} DB  (REEL AX {channel})\n"
        for channel in ("A1", "A2")
        for at, gain in levels
    )
    (timeline,), _ = read_text(HEAD + edit("AA") + comments)
    (clip,) = timeline.clips()
    wanted = [(Fraction(0), 6.0), (Fraction(10, 25), 6.0), (Fraction(10, 25), 0.0), (Fraction(20, 25), -3.0)]
    assert [(key.at, key.gain_db) for key in clip.mix.keys] == wanted
