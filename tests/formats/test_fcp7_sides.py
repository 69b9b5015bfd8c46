"""Final Cut Pro 7's XML: each channel is heard on its side, and two are one clip only where they agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from avm_otio.formats.fcp7.read import read
from avm_otio.formats.fcp7.write import document
from avm_otio.timeline.features import Feature
from avm_otio.timeline.model import Timeline, TrackKind
from avm_otio.timeline.placed import Placements
from tests.formats.fcp7_text import RATE, clips, file, item, levels, parse, sequence, shape, track

FADE = (
    "<transitionitem><start>45</start><end>55</end><alignment>center</alignment><effect>"
    "<effectid>KGAudioTransCrossFade3dB</effectid></effect></transitionitem>"
)


def pan(value: float, most: int = 1) -> str:
    return (
        "<filter><effect><name>Audio Pan</name><effectid>audiopan</effectid><parameter>"
        f"<parameterid>pan</parameterid><valuemin>-{most}</valuemin><valuemax>{most}</valuemax>"
        f"<value>{value}</value></parameter></effect></filter>"
    )


def lane(text: str, output: int | None, half: int | None = None, of: int = 2) -> str:
    """A track that says its output channel, and of which track of Premiere it is the half."""
    part = (
        ""
        if half is None
        else (
            f' currentExplodedTrackIndex="{half}" totalExplodedTrackCount="{of}" premiereTrackType="Stereo"'
        )
    )
    out = "" if output is None else f"<outputchannelindex>{output}</outputchannelindex>"
    return track(text, attributes=part).replace("</track>", f"{out}</track>")


def ways(left: str, right: str) -> dict[str, tuple[str, str]]:
    """Two halves as programs write them."""
    return {
        "Premiere": (lane(left, 1, 0), lane(right, 2, 1)),
        "Final Cut Pro 7": (lane(left, 1), lane(right, 2)),
        "without outputs": (lane(left, None), lane(right, None)),
    }


def sides(timeline: Timeline) -> list[tuple[tuple[int, ...], tuple[float, float], bool]]:
    """What is heard of the first clip of each track: channels, sides, and whether it is switched on."""
    placed = Placements(timeline).of(TrackKind.AUDIO)
    return [(one.clip.channels, one.level.sides, one.enabled) for one in placed]


LEFT, RIGHT, BOTH = (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)

DIFFERENT = {
    "a tenth of a decibel": (item("a", 0, 50, inside=levels(value=0.989)), item("b", 0, 50, 2)),
    "silence": (item("a", 0, 50, inside=levels(value=0)), item("b", 0, 50, 2)),
    "one half off": (item("a", 0, 50, inside="<enabled>FALSE</enabled>"), item("b", 0, 50, 2)),
    "one half longer": (item("a", 0, 60), item("b", 0, 50, 2)),
    "a filter": (
        item("a", 0, 50, inside="<filter><effect><name>EQ</name><effectid>eq</effectid></effect></filter>"),
        item("b", 0, 50, 2),
    ),
    "a cut": (item("a", 0, 50), item("b", 0, 25, 2) + item("c", 25, 50, 2, begin=25)),
    "another place in the file": (item("a", 0, 50), item("b", 0, 50, 2, begin=5)),
}


@pytest.mark.parametrize("way", ["Premiere", "Final Cut Pro 7", "without outputs"])
@pytest.mark.parametrize("what", DIFFERENT)
def test_halves_that_differ_are_heard_each_on_its_side(tmp_path: Path, way: str, what: str) -> None:
    left, right = DIFFERENT[what]
    found = sequence(tmp_path, *ways(left, right)[way])
    heard = sides(found)
    assert shape(found.audio_tracks)[0][0] == shape(found.audio_tracks)[1][0] == 1
    assert {(channels, side) for channels, side, _ in heard} == {((0,), LEFT), ((1,), RIGHT)}
    assert heard[0][2] == (what != "one half off")
    text, losses = document(found, tmp_path)
    assert not [loss for loss in losses if loss.feature is not Feature.EFFECT]
    (again,), _ = parse(tmp_path, text)
    assert sides(again) == heard
    assert [clip.mix.gain_db for clip in clips(again)] == [clip.mix.gain_db for clip in clips(found)]


@pytest.mark.parametrize("way", ["Premiere", "Final Cut Pro 7", "without outputs"])
def test_a_cross_fade_on_one_half_stays_on_it(tmp_path: Path, way: str) -> None:
    left = item("a", 0, 50) + item("b", 50, 90, begin=50)
    right = item("c", 0, 50, 2) + FADE + item("d", 50, 90, 2, begin=50)
    found = sequence(tmp_path, *ways(left, right)[way])
    assert [len(one.transitions) for one in found.audio_tracks] == [0, 1]
    assert document(found, tmp_path)[0].count("<transitionitem>") == 1


@pytest.mark.parametrize("way", ["Premiere", "Final Cut Pro 7", "without outputs"])
def test_halves_that_agree_are_one_stereo_clip(tmp_path: Path, way: str) -> None:
    found = sequence(tmp_path, *ways(item("a", 0, 50), item("b", 0, 50, 2))[way])
    assert sides(found) == [((0, 1), BOTH, True)]


@pytest.mark.parametrize("switch", ["enabled", "locked"])
def test_tracks_of_which_one_is_switched_otherwise_stay_two(tmp_path: Path, switch: str) -> None:
    left, right = ways(item("a", 0, 50), item("b", 0, 50, 2))["Final Cut Pro 7"]
    turned = {"enabled": ("TRUE", "FALSE"), "locked": ("FALSE", "TRUE")}[switch]
    tags = [f"<{switch}>{value}</{switch}>" for value in turned]
    found = sequence(tmp_path, left, right.replace(*tags))
    assert [getattr(one, switch) for one in found.audio_tracks] == [value == "TRUE" for value in turned]
    assert [side for _, side, _ in sides(found)] == [LEFT, RIGHT]


@pytest.mark.parametrize(
    ("pans", "heard"),
    [
        ((-1, 1), [((0, 1), BOTH)]),
        ((0, 0), [((0,), BOTH), ((1,), BOTH)]),
        ((1, -1), [((0,), RIGHT), ((1,), LEFT)]),
        ((-0.5, 0.5), [((0,), (1.0, 0.5)), ((1,), (0.5, 1.0))]),
        ((-0.5, -0.5), [((0,), (1.0, 0.5)), ((1,), (1.0, 0.5))]),
    ],
)
def test_final_cut_pro_7_pans_each_half_where_its_filter_says(
    tmp_path: Path, pans: tuple[float, float], heard: list[object]
) -> None:
    halves = (item("a", 0, 50, inside=pan(pans[0])), item("b", 0, 50, 2, inside=pan(pans[1])))
    found = sequence(tmp_path, *ways(*halves)["Final Cut Pro 7"])
    assert [(channels, side) for channels, side, _ in sides(found)] == heard
    (again,), _ = parse(tmp_path, document(found, tmp_path)[0])
    assert sides(again) == sides(found)


@pytest.mark.parametrize("value", [0, -0.25, 1])
def test_premiere_s_halves_say_the_balance_of_their_clip(tmp_path: Path, value: float) -> None:
    halves = (item("a", 0, 50, inside=pan(value)), item("b", 0, 50, 2, inside=pan(value)))
    found = sequence(tmp_path, *ways(*halves)["Premiere"])
    assert [clip.mix.pan for clip in clips(found)] == [value]
    (again,), _ = parse(tmp_path, document(found, tmp_path)[0])
    assert [clip.mix.pan for clip in clips(again)] == [value]


def test_a_pan_in_percent_is_one(tmp_path: Path) -> None:
    found = sequence(tmp_path, lane(item("a", 0, 50, inside=pan(-50, 100)), 1))
    assert clips(found)[0].mix.pan == -0.5


OUTPUTS = {
    "two mono groups": "".join(
        f"<group><index>{n}</index><numchannels>1</numchannels><channel><index>{n}</index></channel></group>"
        for n in (1, 2)
    ),
    "one stereo group": "<group><index>1</index><numchannels>2</numchannels>"
    "<channel><index>1</index></channel><channel><index>2</index></channel></group>",
}


@pytest.mark.parametrize(
    ("outputs", "premiere", "heard"),
    [
        ("two mono groups", False, RIGHT),
        ("one stereo group", False, BOTH),
        ("two mono groups", True, BOTH),
    ],
)
def test_a_mono_track_is_heard_where_its_output_is(
    tmp_path: Path, outputs: str, premiere: bool, heard: tuple[float, float]
) -> None:
    one = lane(item("a", 0, 50, source=file(channels=1)), 2)
    if premiere:  # which plays a mono track in the middle whatever output it names
        one = one.replace("<track", '<track premiereTrackType="Mono"', 1)
    found = sequence(tmp_path, f"<outputs>{OUTPUTS[outputs]}</outputs>", one)
    assert [side for _, side, _ in sides(found)] == [heard]


def test_one_half_alone_is_heard_on_its_side_and_a_mono_clip_in_the_middle(tmp_path: Path) -> None:
    stereo = item("a", 0, 50, 2).replace("<clipitem", '<clipitem premiereChannelType="stereo"')
    mono = item("b", 60, 90).replace("<clipitem", '<clipitem premiereChannelType="mono"')
    found = sequence(tmp_path, lane(mono, 1, 0), lane(stereo, 2, 1))
    assert [(channels, side) for channels, side, _ in sides(found)] == [((1,), RIGHT), ((0,), BOTH)]


def test_one_channel_of_a_file_is_one_channel_where_tracks_say_their_outputs(tmp_path: Path) -> None:
    found = sequence(tmp_path, lane(item("a", 0, 50), 1))
    assert [clip.channels for clip in clips(found)] == [(0,)]


def test_a_first_channel_that_is_read_as_all_is_told(tmp_path: Path) -> None:
    text = sequence_text(track(item("a", 0, 50, source=file(channels=4))))
    (found,), notes = parse(tmp_path, text)
    assert [clip.channels for clip in clips(found)] == [(0, 1, 2, 3)]
    assert notes == ("1 × sound clip that names the first channel of its file alone, read as all of them",)


def test_halves_of_which_one_is_longer_are_one_where_links_say_so_and_told(tmp_path: Path) -> None:
    """As Premiere writes them under a transition of the picture [file]."""
    both = "".join(f"<link><linkclipref>{name}</linkclipref></link>" for name in "ab")
    left, right = item("a", 0, 50, inside=both), item("b", 0, 40, 2, inside=both)
    (found,), notes = parse(tmp_path, sequence_text(lane(left, 1, 0), lane(right, 2, 1)))
    assert [clip.channels for clip in found.clips()] == [(0, 1)]
    assert any("channels differ in length" in note for note in notes)


def test_a_clip_over_another_on_its_track_is_told(tmp_path: Path) -> None:
    over = track(item("a", 0, 50) + item("b", 40, 60, begin=10))
    (found,), notes = parse(tmp_path, sequence_text(over))
    assert [(clip.start * 25, clip.end * 25) for clip in found.clips()] == [(0, 40), (40, 60)]
    assert "1 × clip over another on its track: the earlier one ends where it begins" in notes


def sequence_text(*audio: str, attributes: str = "", more: str = "") -> str:
    return (
        f'<xmeml version="4"><sequence id="s"{attributes}><name>cut</name>{RATE}<media><video/>'
        f"<audio>{''.join(audio)}</audio></media>{more}</sequence></xmeml>"
    )


@pytest.mark.parametrize(
    ("text", "note"),
    [
        (track(item("a", 0, 50, None), attributes=' MZ.TrackSolo="1"'), "soloed"),
        (track(item("a", 0, 50, None), attributes=' PannerCurrentValue="0.2"'), "panner"),
        (track(item("a", 0, 50, None).replace("<clipitem", '<clipitem PannerCurrentValue="1"')), "panner"),
        (track(item("a", 0, 50, None)) + levels(value=0.5), "filter of a whole sound track"),
        (track(item("a", 0, 50, None) + levels(value=0.5)), "filter of a whole sound track"),
    ],
)
def test_what_cannot_be_read_of_a_sound_is_told(tmp_path: Path, text: str, note: str) -> None:
    _, notes = parse(tmp_path, sequence_text(text))
    assert len(notes) == 1
    assert note in notes[0]


def test_a_level_of_all_sound_that_changes_nothing_is_not_told(tmp_path: Path) -> None:
    assert parse(tmp_path, sequence_text(track(item("a", 0, 50, None)) + levels()))[1] == ()


def test_two_key_frames_on_one_frame_are_a_jump_and_stay_one(tmp_path: Path) -> None:
    keys = levels((0, 1.0), (10, 1.0), (15, 0.5), (20, 0.5), (20, 1.0), (25, 1.0))
    found = sequence(tmp_path, track(item("a", 0, 50, inside=keys)))
    line = [(key.at * 25, round(key.gain_db, 2)) for key in clips(found)[0].mix.keys]
    assert line == [(0, 0), (10, 0), (15, -6.02), (20, -6.02), (20, 0), (25, 0)]
    text, losses = document(found, tmp_path)
    assert losses == ()
    (again,), _ = parse(tmp_path, text)
    assert clips(again)[0].mix == clips(found)[0].mix


def test_levels_of_two_filters_multiply_and_one_that_is_off_says_nothing(tmp_path: Path) -> None:
    off = levels(value=0.1).replace("<filter>", "<filter><enabled>FALSE</enabled>")
    found = sequence(tmp_path, track(item("a", 0, 50, inside=levels(value=0.5) + off + levels(value=0.5))))
    assert clips(found)[0].mix.gain_db == pytest.approx(-12.04, abs=0.01)


@pytest.mark.parametrize(("shown", "drops"), [("102", True), ("103", False), ("", True)])
def test_premiere_s_display_format_says_whether_a_timecode_drops_frames(
    tmp_path: Path, shown: str, drops: bool
) -> None:
    rate = "<rate><timebase>30</timebase><ntsc>TRUE</ntsc></rate>"
    timecode = (
        f"<timecode>{rate}<string>01;00;03;18</string><frame>108000</frame><displayformat>DF</displayformat>"
        "</timecode>"
    )
    attributes = f' MZ.Sequence.VideoTimeDisplayFormat="{shown}"' if shown else ""
    text = sequence_text(track(item("a", 0, 50, None)), attributes=attributes, more=timecode)
    (found,), _ = parse(tmp_path, text.replace(RATE, rate))
    assert (found.start_frame, found.drop_frame) == (108_000, drops)


def test_two_definitions_of_one_file_id_are_two_files_and_told(tmp_path: Path) -> None:
    other = file("f").replace("f.wav", "g.wav")
    inside = item("a", 0, 9, None) + item("b", 9, 18, None, source=other)
    inside += item("c", 18, 27, None, source='<file id="f"/>')
    path = tmp_path / "cut.xml"
    path.write_text(sequence_text(track(inside)), encoding="utf-8")
    (found,), notes = read(path)
    assert [clip.media.name for clip in clips(found) if clip.media] == ["f.wav", "g.wav", "g.wav"]
    assert any("several files" in note for note in notes)


def test_a_subclip_counts_from_its_own_first_frame(tmp_path: Path) -> None:
    info = "<subclipinfo><startoffset>100</startoffset><endoffset>50</endoffset></subclipinfo>"
    found = sequence(tmp_path, track(item("a", 0, 50, None, info, begin=25)))
    assert clips(found)[0].media_in == 5
