"""FCPXML as Final Cut Pro writes it, and as nobody should."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import pytest

from avm_otio.errors import TimelineError
from avm_otio.formats.fcpxml.read import read
from avm_otio.formats.fcpxml.write import document
from avm_otio.timeline.model import Clip, Generator, Timeline, TrackKind
from tests.formats.fcpxml_rules import broken_rules
from tests.models import differences
from tests.real_files import real_file

REAL = (
    "23.98",
    "24With25Media",
    "25i",
    "29.97d",
    "59.94",
    "AudioOnly",
    "BasicMarkers_1HourProjectStart",
    "Complex",
    "CompoundClipSample",
    "MulticamMarkers2",
    "Occlusion3",
    "SecondaryStorylineWithAudioKeyframes",
    "StandaloneLibraryEventClip",
    "SyncClipRoles2",
    "otio-fcpx_example",
)


def real(name: str) -> tuple[list[Timeline], tuple[str, ...]]:
    return read(real_file(f"finalcutpro/{name}.fcpxml"))


def the_clips(timeline: Timeline, name: str, kind: TrackKind = TrackKind.AUDIO) -> list[Clip]:
    return [
        clip for track in timeline.tracks for clip in track.clips if clip.name == name and track.kind is kind
    ]


def seconds(text: str | None) -> Fraction:
    """A time attribute, computed without the reader."""
    top, _, bottom = (text or "0s").rstrip("s").partition("/")
    return Fraction(top) / int(bottom or 1)


def places_in_the_spine(sequence: ElementTree.Element) -> Counter[tuple[Fraction, Fraction]]:
    """Where the clips of a spine lie, computed without the reader: offsets count from the start timecode."""
    start = seconds(sequence.get("tcStart"))
    places: Counter[tuple[Fraction, Fraction]] = Counter()
    for item in sequence.find("spine"):
        if item.tag in ("gap", "transition"):
            continue
        shown = item[0] if item.tag == "audition" else item
        begin = seconds(item.get("offset")) - start
        places[begin, begin + seconds(shown.get("duration"))] += 1
    return places


def places_above(sequence: ElementTree.Element) -> Counter[tuple[str, Fraction, Fraction]]:
    """Where clips lie that are connected to the spine, computed without the reader."""
    start = seconds(sequence.get("tcStart"))
    places: Counter[tuple[str, Fraction, Fraction]] = Counter()
    for item in sequence.find("spine"):
        for child in item:
            if child.tag not in ("asset-clip", "title") or "lane" not in child.attrib:
                continue
            head = seconds(item.get("offset")) - start
            begin = max(Fraction(0), head + seconds(child.get("offset")) - seconds(item.get("start")))
            places[child.get("name"), begin, begin + seconds(child.get("duration"))] += 1
    return places


def sequences_of(name):
    """The document of a real file, and the sequences that its projects show."""
    root = ElementTree.parse(real_file(f"finalcutpro/{name}.fcpxml")).getroot()
    return root, [one.find("sequence") for one in root.iter("project")] or list(root.iter("sequence"))


@pytest.mark.parametrize("name", REAL)
def test_every_real_file_has_the_length_and_start_that_it_says(name):
    found, _ = real(name)
    root, sequences = sequences_of(name)
    for timeline, sequence in zip(found, sequences, strict=True):
        shape = next(one for one in root.iter("format") if one.get("id") == sequence.get("format"))
        rate = 1 / seconds(shape.get("frameDuration"))
        assert timeline.rate == rate
        assert timeline.duration == math.ceil(seconds(sequence.get("duration")) * rate) / rate
        assert timeline.start == seconds(sequence.get("tcStart"))
        assert timeline.drop_frame == (sequence.get("tcFormat") == "DF")


@pytest.mark.parametrize("name", REAL)
def test_every_clip_of_every_real_spine_lies_where_the_file_says(name):
    found, _ = real(name)
    _, sequences = sequences_of(name)
    for timeline, sequence in zip(found, sequences, strict=True):
        lies = {(clip.start, clip.end) for clip in timeline.clips()}
        assert set(places_in_the_spine(sequence)) <= lies
        named = {(clip.name, clip.start, clip.end) for clip in timeline.clips()}
        assert set(places_above(sequence)) <= named


@pytest.mark.parametrize("name", REAL)
def test_every_real_file_is_written_again_as_a_sound_document(name):
    for timeline in real(name)[0]:
        assert not broken_rules(ElementTree.fromstring(document(timeline, Path("/edit"))[0]))


@pytest.mark.parametrize("name", ["24With25Media", "AudioOnly", "MulticamMarkers2", "25i", "29.97d"])
def test_what_was_read_and_written_is_read_the_same(name, tmp_path):
    for timeline in real(name)[0]:
        path = tmp_path / "again.fcpxml"
        path.write_text(document(timeline, tmp_path)[0], encoding="utf-8")
        assert not close(differences(read(path)[0][0], timeline))


def close(lines: list[str]) -> list[str]:
    """Differences of more than a millionth of a second: a 32-bit denominator cannot say every time."""
    far = []
    for line in lines:
        parts = [part.split(")")[0].split(", ") for part in line.split("Fraction(")[1:]]
        if len(parts) == 2 and all(len(part) == 2 for part in parts):
            one, other = (Fraction(int(top), int(bottom)) for top, bottom in parts)
            if abs(one - other) < Fraction(1, 1_000_000):
                continue
        far.append(line)
    return far


def test_media_of_another_rate_play_frame_for_frame_where_final_cut_pro_conforms_them():
    (cut,), _ = real("24With25Media")
    whole = cut.video_tracks[0].clips[1]
    assert whole.speed == Fraction(24, 25)
    assert whole.duration * whole.speed == whole.media.duration == Fraction("142.04")
    assert cut.timecode(0) == "01:00:00:00"


def test_a_time_map_is_a_speed():
    (cut,), _ = real("23.98")
    fast = cut.video_tracks[0].clips[3]
    ratio = Fraction(149_819_760, 65_872_008)
    assert abs(fast.speed - ratio) < Fraction(1, 1_000_000)
    assert abs(fast.media_in - Fraction(1_192_711, 24_000) * ratio) < Fraction(1, 1_000_000)


def test_dissolves_are_read_from_spine_and_storyline():
    (cut,), notes = real("23.98")
    first, second = (track.transitions for track in cut.video_tracks)
    assert [(one.at, one.before, one.after) for one in first] == [(0, 0, Fraction(286_286, 24_000))]
    assert [(one.before, one.after) for one in second] == [
        (0, Fraction(1001, 1000)),
        (Fraction(16016, 3000), 0),
    ]
    assert notes == ("1 alternatives of auditions left out.",)


def test_roles_are_tracks():
    (cut,), _ = real("Complex")
    names = [(track.name, track.channels) for track in cut.audio_tracks]
    assert names == [("dialogue-1", 2), ("music-1", 2), ("effects-1", 2)]
    assert all(track.stem is None for track in cut.tracks)


def test_gains_fades_and_titles_are_read():
    (cut,), _ = real("Complex")
    assert {clip.mix.gain_db for clip in cut.audio_tracks[0].clips} == {-96.0}
    (effect,) = cut.audio_tracks[2].clips
    assert effect.mix.fade_in_us == round(21_334_926 / 720_000 * 1_000_000)
    assert [clip.content for clip in cut.video_tracks[1].clips] == [Generator("Basic Title", "title")] * 2


def test_key_frames_count_from_the_clips_head():
    (cut,), _ = real("SecondaryStorylineWithAudioKeyframes")
    (music,) = the_clips(cut, "El_Huaynazo")
    assert [(key.at, key.gain_db) for key in music.mix.keys][:2] == [
        (Fraction(6_408_403, 720_000), -3.0),
        (Fraction(7_497_726, 720_000), -37.0),
    ]
    speech = the_clips(cut, "00000")[0]
    begins = Fraction(2_477_475, 24_000)
    assert speech.mix.keys[0].at == Fraction(77_417_340, 720_000) - begins
    assert (speech.media_in, speech.duration) == (begins, Fraction(565_565, 24_000))


def test_a_synchronised_clip_shows_what_it_holds_no_longer_than_itself():
    (cut,), _ = real("Occlusion3")
    (shot,) = the_clips(cut, "2-1-5", TrackKind.VIDEO)
    assert shot.media.name == "B003C008_200304_RO6B"
    assert (shot.media_in, shot.duration) == (Fraction(107_089_700, 2_500), Fraction(8_300, 2_500))
    (left, _) = the_clips(cut, "GM7884P7")
    assert (left.channels, left.mix.gain_db, left.link) == ((0,), -96.0, shot.link)
    (helicopter,) = the_clips(cut, "Helicopter Land Close And Wind Down")
    assert helicopter.duration == Fraction(10_950_885, 720_000)
    boom = {track.name: track.clips[0] for track in cut.audio_tracks}["Boom 1"]
    assert not boom.enabled
    assert not the_clips(cut, "TempMusic")[0].enabled


def test_a_multicam_clip_is_a_nest_of_the_angles_that_are_used():
    (cut,), notes = real("MulticamMarkers2")
    nest = cut.video_tracks[0].clips[0]
    assert isinstance(nest.content, Timeline)
    assert nest.media_in == Fraction(25_065_040, 1_920_000)
    assert [clip.name for clip in nest.content.clips()] == ["Cam 2", "Music Track"]
    assert cut.audio_tracks[0].clips[0].link == nest.link == 1
    assert notes == ("4 angles of multicam clips that are not used left out.",)


def test_a_compound_clip_of_an_event_is_a_timeline():
    (cut,), _ = real("StandaloneLibraryEventClip")
    assert (cut.name, len(cut.video_tracks[0].clips), len(cut.audio_tracks[0].clips)) == (
        "CompoundClip",
        5,
        5,
    )


def test_a_marker_of_a_gap_is_the_timelines_and_to_dos_have_their_colours():
    (cut, _), _ = real("otio-fcpx_example")
    assert [marker.name for marker in cut.markers] == ["Marker 9"]
    (shot,), _ = real("24With25Media")
    (mark,) = shot.video_tracks[0].clips[0].markers
    assert mark.start == (Fraction(137, 5) - Fraction(684, 25)) * Fraction(25, 24)


FORMAT = '<format id="r1" frameDuration="1/25s" width="1920" height="1080"/>'
ASSET = (
    '<asset id="r2" name="shot" start="10s" duration="60s" hasVideo="1" format="r1" hasAudio="1" '
    'audioSources="1" audioChannels="2"><media-rep src="file:///media/a%20b.mov"/></asset>'
)


def reading(tmp_path: Path, spine: str, resources: str = FORMAT + ASSET) -> tuple[Timeline, tuple[str, ...]]:
    text = (
        f'<!DOCTYPE fcpxml><fcpxml version="1.10"><resources>{resources}</resources><project name="p">'
        f'<sequence format="r1"><spine>{spine}</spine></sequence></project></fcpxml>'
    )
    path = tmp_path / "p.fcpxml"
    path.write_text(text, encoding="utf-8")
    found, notes = read(path)
    return found[0], notes


def test_a_clip_that_says_nothing_shows_all_of_its_media(tmp_path):
    cut, _ = reading(tmp_path, '<asset-clip ref="r2"/>')
    (shot,) = cut.video_tracks[0].clips
    assert (shot.name, shot.media.path, shot.media_in, shot.duration) == ("shot", "/media/a b.mov", 10, 60)
    assert cut.duration == 60


@pytest.mark.parametrize("offset", ["1/2s", "10s"])
@pytest.mark.parametrize("head", [3600, 0])
def test_markers_of_a_transition_are_the_timelines_whether_or_not_it_is_read(
    offset: str, head: int, tmp_path: Path
) -> None:
    """A transition's local clock, which nothing states, is at an hour at its head, as a gap's [file]."""
    clip = '<asset-clip ref="r2" offset="{}s" start="1s" duration="1s"/>'
    marks = f'<marker start="{head}s" value="a"/><chapter-marker start="{head * 5 + 4}/5s" value="b"/>'
    cross = f'<transition offset="{offset}" duration="1s">{marks}</transition>'
    timeline, notes = reading(tmp_path, clip.format(0) + cross + clip.format(1))
    assert not [note for note in notes if "marker" in note]
    begins = Fraction(offset.rstrip("s"))
    assert [(one.name, one.start) for one in timeline.markers] == [
        ("a", begins),
        ("b", begins + Fraction(4, 5)),
    ]


def test_a_marker_outside_of_its_transition_is_told(tmp_path: Path) -> None:
    clip = '<asset-clip ref="r2" offset="{}s" start="1s" duration="1s"/>'
    cross = '<transition offset="1/2s" duration="1s"><marker start="3602s" value="a"/></transition>'
    timeline, notes = reading(tmp_path, clip.format(0) + cross + clip.format(1))
    assert "1 marker outside of its clip left out: “a”." in notes
    assert not timeline.markers


def test_markers_of_a_title_that_lie_outside_of_it_are_named(tmp_path: Path) -> None:
    marks = "".join(f'<marker start="{at}s" value="m{at}"/>' for at in (3599, *range(3601, 3614)))
    timeline, notes = reading(tmp_path, f'<title name="t" start="3600s" duration="2s">{marks}</title>')
    [title] = timeline.clips()
    assert [(one.name, one.start) for one in title.markers] == [("m3601", 1)]
    named = ", ".join(f"“m{at}”" for at in (3599, *range(3602, 3611)))
    assert f"13 markers outside of their clips left out: {named} and 3 more." in notes


def test_the_parts_of_a_clip_have_its_name_and_what_is_connected_to_it_its_own(tmp_path: Path) -> None:
    """Final Cut Pro shows the clip's name; those of its parts are ``shot - v1``, ``shot - a1``."""
    sound = '<audio ref="r2" name="{}" lane="{}" offset="{}s" duration="2s"/>'
    heard = sound.format("shot - a1", -1, 0)
    seen = f'<video ref="r2" name="shot - v1" offset="0s" duration="4s">{heard}</video>'
    music = sound.format("music", -2, 1)
    cut, _ = reading(tmp_path, f'<clip name="scene 1" duration="4s">{seen}{music}</clip>')
    assert sorted({one.name for one in cut.clips()}) == ["music", "scene 1"]
    assert [one.start for one in the_clips(cut, "music")] == [1]


def test_what_stands_still_and_what_runs_backwards_is_read(tmp_path):
    def mapped(*points: tuple[int, int]) -> str:
        inside = "".join(f'<timept time="{time}s" value="{value}s"/>' for time, value in points)
        return f'<asset-clip ref="r2" start="2s" duration="4s"><timeMap>{inside}</timeMap></asset-clip>'

    cut, _ = reading(tmp_path, mapped((0, 20), (9, 20)) + mapped((0, 60), (50, 10)))
    still, back = cut.video_tracks[0].clips
    assert (still.speed, still.media_in) == (0, 20)
    assert (back.speed, back.media_in, back.start) == (-1, 58, 4)


def test_a_speed_that_changes_is_read_at_its_average(tmp_path):
    points = '<timept time="0s" value="10s"/><timept time="2s" value="12s"/><timept time="4s" value="18s"/>'
    cut, notes = reading(
        tmp_path, f'<asset-clip ref="r2" start="0s" duration="4s"><timeMap>{points}</timeMap></asset-clip>'
    )
    assert cut.video_tracks[0].clips[0].speed == 2
    assert notes == ("1 clips whose speed changes are read at their average speed.",)


def test_components_of_different_roles_are_clips_of_their_own(tmp_path):
    sources = "".join(
        f'<audio-channel-source srcCh="{channel}" role="{role}"/>'
        for channel, role in ((1, "dialogue.L"), (2, "effects.R"))
    )
    cut, _ = reading(tmp_path, f'<asset-clip ref="r2" start="10s" duration="4s">{sources}</asset-clip>')
    assert [(track.name, track.clips[0].channels, track.channels) for track in cut.audio_tracks] == [
        ("L", (0,), 1),
        ("R", (1,), 1),
    ]


def test_what_is_connected_to_a_conformed_clip_is_not_stretched(tmp_path):
    resources = FORMAT.replace("1/25s", "1/24s") + ASSET
    hit = '<asset-clip ref="r2" lane="1" offset="15s" start="10s" duration="1s"/>'
    cut, _ = reading(
        tmp_path,
        '<asset-clip ref="r2" start="10s" duration="10s">'
        f'<conform-rate srcFrameRate="25"/>{hit}</asset-clip>',
        resources,
    )
    (above,) = cut.video_tracks[1].clips
    assert (above.start, above.duration, above.speed) == (Fraction(125, 24), 1, 1)


def test_clips_of_one_lane_that_lie_on_each_other_are_put_on_two_tracks(tmp_path):
    hits = '<asset-clip ref="r2" lane="-1" offset="0s" start="10s" duration="4s" srcEnable="audio"/>' * 2
    cut, _ = reading(tmp_path, f'<gap duration="9s">{hits}</gap>')
    assert [track.name for track in cut.audio_tracks] == ["Sound", "Sound (2)"]


def test_a_bundle_is_read_by_its_document(tmp_path):
    reading(tmp_path, '<asset-clip ref="r2"/>')
    bundle = tmp_path / "p.fcpxmld"
    bundle.mkdir()
    (tmp_path / "p.fcpxml").rename(bundle / "Info.fcpxml")
    assert read(bundle)[0][0].name == "p"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not well-formed"),
        ("<xmeml/>", "not FCPXML"),
        ('<fcpxml version="1.10"><resources/></fcpxml>', "no project and no clip"),
        ('<!DOCTYPE fcpxml [<!ENTITY a "b">]><fcpxml/>', "entities"),
        ('<fcpxml><project><sequence format="r1"><spine/></sequence></project></fcpxml>', "frame rate"),
        (
            f"<fcpxml><resources>{FORMAT}</resources><project><sequence duration='1/0s'/></project></fcpxml>",
            "time",
        ),
        (
            f"<fcpxml><resources>{FORMAT}</resources><project><sequence tcStart='x'/></project></fcpxml>",
            "time",
        ),
        (
            f'<fcpxml><resources>{FORMAT}<media id="m"><sequence format="r1"><spine><ref-clip ref="m" '
            'duration="1s"/></spine></sequence></media></resources>'
            '<ref-clip ref="m" duration="1s"/></fcpxml>',
            "holds itself",
        ),
        (
            f'<fcpxml><resources>{FORMAT}</resources><project><sequence format="r1"><spine>'
            + '<clip duration="1s">' * 100
            + "</clip>" * 100
            + "</spine></sequence></project></fcpxml>",
            "deep",
        ),
    ],
)
def test_what_is_no_project_is_refused_in_words(tmp_path, text, message):
    path = tmp_path / "bad.fcpxml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(TimelineError, match=message):
        read(path)


def test_a_file_that_is_not_there_is_refused_in_words(tmp_path):
    with pytest.raises(TimelineError, match="could not be read"):
        read(tmp_path / "no.fcpxml")


def test_clips_that_refer_to_nothing_are_counted(tmp_path):
    cut, notes = reading(tmp_path, '<asset-clip ref="r9" duration="1s"/>' * 3)
    assert not cut.tracks
    assert notes == ("3 asset-clip elements that refer to nothing left out.",)
