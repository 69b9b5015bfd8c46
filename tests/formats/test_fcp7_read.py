"""Final Cut Pro 7's XML of other programs: stereo as stereo, links, gains, transitions, nests, true times."""

from __future__ import annotations

import random
from fractions import Fraction
from xml.etree import ElementTree

import pytest

from avm_otio.errors import TimelineError
from avm_otio.formats.fcp7.read import read
from avm_otio.formats.fcp7.write import document
from avm_otio.timeline.features import Feature
from avm_otio.timeline.model import Generator, Media, Timeline
from tests.formats.fcp7_text import RATE, clips, file, item, levels, parse, sequence, shape, track
from tests.models import differences
from tests.real_files import real_file

REAL = [
    "premiere/premiere_example.xml",
    "premiere/premiere_generators.xml",
    "premiere/challenges_v004.xml",
    "hiero/hiero_xml_export.xml",
]


def halves(left: str, right: str) -> list[str]:
    return [
        track(half, attributes=f' currentExplodedTrackIndex="{at}" totalExplodedTrackCount="2"')
        for at, half in enumerate((left, right))
    ]


def test_premiere_s_stereo_pairs_are_one_clip_on_one_stereo_track():
    (found,), notes = read(real_file("premiere/challenges_v004.xml"))
    assert notes == ()
    assert (found.rate, found.drop_frame, found.frames) == (Fraction(30_000, 1001), True, 28_982)
    assert shape(found.audio_tracks) == [(2, 64), (2, 0), (2, 0), (2, 0)]
    assert {clip.channels for clip in clips(found)} == {(0, 1)}
    seen, heard = found.video_tracks[0].clips, found.audio_tracks[0].clips
    assert [clip.link for clip in seen] == [clip.link for clip in heard] == list(range(1, 65))
    assert [(c.start, c.end) for c in seen] == [(c.start, c.end) for c in heard]
    assert [clip.speed for clip in seen if clip.speed != 1] == [5]
    retimed = seen[17]
    # 500.012 % over whole frames is five times as shot; in 20 of the retimed frames is frame 100 of the file.
    assert (retimed.speed, retimed.media_in) == (5, 100 * Fraction(1001, 30_000))
    media = seen[0].media
    assert media is not None
    assert (media.channels, media.sample_rate_hz, media.size) == (2, 44_100, (1920, 1080))
    assert media.path.startswith("C:\\Users\\Patrick\\Documents\\")


def test_premiere_s_nests_transitions_markers_and_links():
    (found,), notes = read(real_file("premiere/premiere_example.xml"))
    assert notes == (
        "2 × clip whose channels differ in length, read as the one that is as long as its media",
    )
    assert (found.rate, found.size) == (30, (1280, 720))
    assert shape(found.audio_tracks) == [(2, 2), (2, 2), (2, 1), (2, 2)]
    assert [m.start * 30 for m in found.markers] == [113, 492, 298]
    dissolve = found.video_tracks[3].transitions[0]
    assert (dissolve.at * 30, dissolve.before * 30, dissolve.after * 30) == (1164, 12, 13)
    to_black = found.video_tracks[1].transitions[0]
    assert (to_black.at * 30, to_black.before * 30, to_black.after) == (557, 19, 0)
    going, coming = found.video_tracks[3].clips
    assert (going.end * 30, coming.start * 30, coming.media_in * 30) == (1164, 1164, 18)
    nests = [clip.content for clip in found.clips() if isinstance(clip.content, Timeline)]
    assert len(nests) == 2
    assert nests[0] is nests[1]
    assert nests[0].name == "sc01_sh010_anim"
    # Premiere wrote the left half under the dissolve a dissolve longer than the right one.
    left_over = found.audio_tracks[3].clips
    assert [(clip.start * 30, clip.end * 30, clip.channels) for clip in left_over] == [
        (956, 1164, (0, 1)),
        (1164, 1246, (0, 1)),
    ]
    assert [clip.link for clip in left_over] == [clip.link for clip in found.video_tracks[3].clips]


def test_premiere_s_generators_are_known_and_written_again(tmp_path):
    (found,), _ = read(real_file("premiere/premiere_generators.xml"))
    made = [clip.content for clip in found.video_tracks[0].clips]
    assert all(isinstance(content, Generator) for content in made)
    assert [content.kind for content in made if isinstance(content, Generator)] == [
        "Slug",
        "Slug",
        "Color",
        "Slug",
        "Slug",
        "GraphicAndType",
    ]
    assert [clip.channels for clip in clips(found)] == [(0,), (0, 1)]
    text, _ = document(found, tmp_path)
    assert "<blue>255</blue>" in text
    assert "fill: 0 0 255" in text


def test_hiero_s_speed_start_and_missing_media():
    (found,), notes = read(real_file("hiero/hiero_xml_export.xml"))
    assert notes == ()
    assert (found.start_frame, found.rate) == (86_400, 24)
    there, missing = found.tracks[0].clips
    assert found.tracks[0].name == "Video 1"
    assert there.media_in == Fraction(1_101_071, 24)
    assert missing.speed == Fraction(1, 4)
    assert isinstance(missing.content, Media)
    assert not missing.content.is_online


@pytest.mark.parametrize("name", REAL)
def test_a_real_file_written_again_says_the_same(tmp_path, name):
    (found, *_), _ = read(real_file(name))
    text, losses = document(found, tmp_path)
    (again, *_), notes = parse(tmp_path, text)
    assert notes == ()
    # What the file names no place of is offline: that is told.
    assert {loss.feature for loss in losses} <= {Feature.MEDIA}
    assert not differences(again, found)


@pytest.mark.parametrize("name", REAL)
def test_whatever_is_missing_from_a_file_it_is_read_or_refused_in_words(tmp_path, name):
    source = real_file(name)
    for seed in range(12):
        tree = ElementTree.parse(source)
        dice = random.Random(seed)
        parents = [(parent, child) for parent in tree.iter() for child in parent]
        for parent, child in dice.sample(parents, min(len(parents), 60)):
            if dice.random() < 0.5:
                if child in list(parent):
                    parent.remove(child)
            else:
                child.text = dice.choice(["", "-1", "x", "1e999999", "9" * 400, "NaN", "1/0", "TRUE"])
        broken = tmp_path / f"{seed}.xml"
        tree.write(broken)
        try:
            found, _ = read(broken)
        except TimelineError:
            continue
        for one in found:
            document(one, tmp_path)


def test_halves_that_nothing_names_are_joined_by_what_they_play(tmp_path):
    left = track(item("a", 0, 50), item("b", 60, 90, source='<file id="f"/>', begin=7))
    right = track(item("c", 0, 50, 2), item("d", 60, 90, 2, source='<file id="f"/>', begin=7))
    found = sequence(tmp_path, left, right)
    assert shape(found.tracks) == [(2, 2)]
    assert [clip.channels for clip in clips(found)] == [(0, 1), (0, 1)]


def test_two_mono_tracks_of_one_recorder_stay_two_tracks(tmp_path):
    found = sequence(tmp_path, track(item("a", 0, 50)), track(item("b", 10, 50, 2)))
    assert shape(found.tracks) == [(1, 1), (1, 1)]
    assert [clip.channels for clip in clips(found)] == [(0,), (1,)]


def test_a_program_that_explodes_nothing_means_all_channels(tmp_path):
    found = sequence(tmp_path, track(item("a", 0, 50), item("b", 60, 70, source=file("g", 1))))
    assert shape(found.tracks) == [(2, 2)]
    assert [clip.channels for clip in clips(found)] == [(0, 1), (0,)]


def test_a_file_that_says_its_tracks_are_exploded_means_one_channel(tmp_path):
    found = sequence(tmp_path, track(item("a", 0, 50)), attributes=' explodedTracks="true"')
    assert [clip.channels for clip in clips(found)] == [(0,)]


def test_a_mono_clip_on_a_stereo_track_stays_mono(tmp_path):
    found = sequence(tmp_path, *halves(item("a", 0, 50), ""))
    assert shape(found.tracks) == [(2, 1)]
    assert clips(found)[0].channels == (0,)


def test_halves_that_lie_over_one_another_and_are_no_pair_are_tracks_of_their_own(tmp_path):
    found = sequence(tmp_path, *halves(item("a", 0, 50), item("b", 20, 70, 2, source=file("g"))))
    assert shape(found.tracks) == [(1, 1), (1, 1)]


def test_a_gain_and_its_key_frames_count_from_the_media_s_first_frame(tmp_path):
    keys = levels((60, 1.0), (85, 0.5011872336))
    found = sequence(tmp_path, track(item("a", 10, 110, inside=keys, begin=50)))
    assert [(key.at * 25, key.gain_db) for key in clips(found)[0].mix.keys] == [(10, 0.0), (35, -6.0)]
    found = sequence(tmp_path, track(item("a", 10, 110, inside=levels(value=0.250593))))
    assert clips(found)[0].mix.gain_db == pytest.approx(-12, abs=0.03)


def test_silence_at_the_head_and_the_tail_are_fades(tmp_path):
    keys = levels((50, 0), (75, 0.5), (100, 0.5), (150, 0))
    mix = clips(sequence(tmp_path, track(item("a", 10, 110, inside=keys, begin=50))))[0].mix
    assert (mix.fade_in_us, mix.fade_out_us, mix.keys) == (1_000_000, 2_000_000, ())
    assert mix.gain_db == pytest.approx(-6.0206)


def test_ticks_say_where_between_two_frames_a_sound_begins(tmp_path):
    sample = Fraction(1, 48_000)
    ticks = "<pproTicksIn>{}</pproTicksIn>"
    exact = ticks.format((2 + 7 * sample) * 254_016_000_000)
    assert (
        clips(sequence(tmp_path, track(item("a", 0, 50, inside=exact, begin=50))))[0].media_in
        == 2 + 7 * sample
    )


def test_ticks_that_another_program_left_behind_are_not_believed(tmp_path):
    stale = "<pproTicksIn>0</pproTicksIn>"
    assert clips(sequence(tmp_path, track(item("a", 0, 50, inside=stale, begin=50))))[0].media_in == 2


def test_a_clip_without_a_rate_has_the_sequence_s(tmp_path):
    bare = item("a", 0, 50, begin=50).replace(RATE, "", 1)
    assert clips(sequence(tmp_path, track(bare)))[0].media_in == 2


def test_drop_frame_is_read_from_the_timecode_s_words_where_no_frame_is_told(tmp_path):
    rate = "<rate><timebase>30</timebase><ntsc>TRUE</ntsc></rate>"
    text = (
        f'<xmeml version="5"><sequence><name>a</name>{rate}<media/><timecode>{rate}'
        "<string>01;00;00;00</string></timecode></sequence></xmeml>"
    )
    (found,), _ = parse(tmp_path, text)
    assert (found.start_frame, found.drop_frame) == (107_892, True)


def test_sequences_of_bins_and_projects_are_all_found(tmp_path):
    def one(name: str) -> str:
        return f"<sequence id='{name}'><name>{name}</name>{RATE}<media/></sequence>"

    text = (
        f"<xmeml><project><children>{one('a')}<bin><children>{one('b')}</children></bin></children></project>"
        f"{one('c')}</xmeml>"
    )
    found, _ = parse(tmp_path, text)
    assert sorted(timeline.name for timeline in found) == ["a", "b", "c"]


def test_a_sequence_that_holds_itself_ends(tmp_path):
    inner = f'<clipitem id="a"><name>a</name>{RATE}<start>0</start><end>5</end><sequence id="s"/></clipitem>'
    text = (
        f'<xmeml><sequence id="s"><name>s</name>{RATE}<media><video><track>{inner}</track></video></media>'
        "</sequence></xmeml>"
    )
    (found,), notes = parse(tmp_path, text)
    assert isinstance(found.tracks[0].clips[0].content, Generator)
    assert notes == ("1 × nested sequence that is not in the file",)


def test_subclips_of_one_file_keep_their_own_timecode(tmp_path):
    def part(name: str, frame: int) -> str:
        timecode = f"<timecode>{RATE}<frame>{frame}</frame><displayformat>NDF</displayformat></timecode>"
        return file(name, inside=timecode).replace(f"/{name}.wav", "/one.wav")

    found = sequence(
        tmp_path, track(item("a", 0, 9, source=part("f", 50)), item("b", 9, 18, source=part("g", 75)))
    )
    assert [clip.media_in for clip in clips(found)] == [2, 3]
    (again,), _ = parse(tmp_path, document(found, tmp_path)[0])
    assert [clip.media_in for clip in clips(again)] == [2, 3]


def test_unknown_filters_are_kept_and_written_again(tmp_path):
    motion = (
        "<filter><effect><name>Basic Motion</name><effectid>basic</effectid><parameter>"
        "<parameterid>scale</parameterid><value>42</value></parameter></effect></filter>"
    )
    picture = item("a", 0, 50, None, motion)
    found = sequence(tmp_path, video=track(picture))
    text, losses = document(found, tmp_path)
    assert losses == ()
    assert motion in text
    (again,), _ = parse(tmp_path, text)
    assert again.tracks[0].clips[0].kept == found.tracks[0].clips[0].kept


def test_notes_are_counted_not_listed(tmp_path):
    track = f"<track>{'<clipitem/>' * 300}</track>"
    text = f"<xmeml><sequence>{RATE}<media><video>{track}</video></media></sequence></xmeml>"
    _, notes = parse(tmp_path, text)
    assert notes == ("300 × clip without a place or without a length",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html/>",
        "<xmeml/>",
        "<xmeml><sequence>",
        '<!DOCTYPE xmeml [<!ENTITY a "b">]><xmeml><sequence><name>&a;</name></sequence></xmeml>',
        f"<xmeml>{'<bin><children>' * 5}{'</children></bin>' * 5}</xmeml>",
    ],
)
def test_what_is_no_timeline_is_refused_in_words(tmp_path, text):
    with pytest.raises(TimelineError):
        parse(tmp_path, text)


def test_a_file_that_is_not_there_is_refused_in_words(tmp_path):
    with pytest.raises(TimelineError, match="cannot be read"):
        read(tmp_path / "none.xml")


def test_sequences_nested_without_end_are_refused_in_words(tmp_path):
    depth = 3000
    text = (
        "<xmeml>"
        + "".join(
            f'<sequence id="{n}"><media><video><track><clipitem><start>0</start><end>1</end>'
            for n in range(depth)
        )
        + "</clipitem></track></video></media></sequence>" * depth
        + "</xmeml>"
    )
    with pytest.raises(TimelineError, match="too deeply"):
        parse(tmp_path, text)
