"""Final Cut Pro 7's XML as Premiere writes it: held to real files, to the official reader and to xmllint."""

from __future__ import annotations

import shutil
import subprocess
from collections import defaultdict
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import opentimelineio as otio
import pytest
from hypothesis import given, settings

from avm_otio.errors import TimelineError
from avm_otio.formats.fcp7.write import document
from avm_otio.timeline.features import Feature, Loss
from avm_otio.timeline.model import (
    Clip,
    GainKey,
    Generator,
    Kept,
    Marker,
    Media,
    Mix,
    RecordTime,
    Stem,
    Timeline,
    Track,
    TrackKind,
    Transition,
)
from avm_otio.timeline.time import MediaTime
from tests.models import RATES, plain, seconds, settled, timelines
from tests.real_files import real_file

FOLDER = Path("/cut")
RATE = Fraction(24)
HIT = Media("hit.wav", "/m/hit.wav", duration=Fraction(60), sample_rate_hz=48_000, channels=2)


def written(timeline: Timeline) -> tuple[Element, tuple[Loss, ...]]:
    text, losses = document(timeline, FOLDER)
    return ElementTree.fromstring(text), losses


def one_sound(**more: object) -> Timeline:
    values: dict[str, object] = {
        "name": "Hit",
        "start": RecordTime(Fraction(1)),
        "end": RecordTime(Fraction(3)),
        "content": HIT,
        "channels": (0, 1),
    }
    clip = Clip(**(values | more))
    return settled(Timeline("cut", RATE, (Track("A", TrackKind.AUDIO, (clip,), channels=2),)))


def keys_of(root: Element) -> list[tuple[int, float]]:
    item = root.find(".//clipitem")
    assert item is not None
    return [
        (int(key.findtext("when", "")), float(key.findtext("value", "")))
        for key in item.iterfind(".//keyframe")
    ]


def orders(root: Element) -> dict[str, set[tuple[str, str]]]:
    """Which child stands before which, for every kind of element."""
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    parents = {child: parent.tag for parent in root.iter() for child in parent}
    for element in root.iter():
        tags = list(dict.fromkeys(child.tag for child in element))
        found[f"{parents.get(element, '')}/{element.tag}"] |= {
            (one, other) for at, one in enumerate(tags) for other in tags[at + 1 :]
        }
    return found


def full() -> Timeline:
    """Something of everything that the format says."""
    cut = plain()
    seen, heard, music, effects = cut.tracks
    dissolve = Transition("Cross Dissolve", seen.clips[1].start, seconds(6, RATE), seconds(6, RATE))
    mix = Mix(0.0, 500_000, 500_000, (GainKey(Fraction(1), -3.0), GainKey(Fraction(4), 2.0)))
    nest = Clip("nest", RecordTime(Fraction(8)), RecordTime(Fraction(12)), plain(Fraction(25)))
    black = Clip(
        "Black Video", RecordTime(Fraction(12)), RecordTime(Fraction(14)), Generator("Black Video", "Slug")
    )
    blue = Clip("Blue", RecordTime(Fraction(14)), RecordTime(Fraction(15)), Generator("Blue", "Color"))
    fast = replace(
        seen.clips[0], start=RecordTime(Fraction(15)), end=RecordTime(Fraction(16)), speed=Fraction(2)
    )
    return settled(
        replace(
            cut,
            tracks=(
                replace(
                    seen,
                    clips=(*seen.clips, nest, black, blue, replace(fast, link=None)),
                    transitions=(dissolve,),
                ),
                heard,
                replace(music, clips=(replace(music.clips[0], mix=mix),)),
                effects,
                Track("Voice", TrackKind.AUDIO, channels=1),
            ),
            markers=(Marker("here", Fraction(1), Fraction(1), "note", "RED"),),
        )
    )


@pytest.mark.parametrize("name", ["premiere_example", "premiere_generators", "challenges_v004"])
def test_elements_stand_in_the_order_in_which_premiere_writes_them(name):
    theirs = orders(ElementTree.parse(real_file(f"premiere/{name}.xml")).getroot())
    root, _ = written(full())
    for where, pairs in orders(root).items():
        assert not {pair for pair in pairs if pair[::-1] in theirs.get(where, ())}, where


def test_every_element_is_one_that_premiere_writes():
    names = ["premiere_example", "premiere_generators", "challenges_v004"]
    real = [ElementTree.parse(real_file(f"premiere/{name}.xml")).getroot() for name in names]
    known = {element.tag for root in real for element in root.iter()}
    root, _ = written(full())
    assert {element.tag for element in root.iter()} <= known | {"pproColor"}


def test_clip_items_have_all_that_premiere_s_have():
    root = ElementTree.parse(real_file("premiere/challenges_v004.xml")).getroot()
    ours, _ = written(one_sound())
    for path in (".//audio/track/clipitem", ".//audio/track", ".//file", ".//link", ".//sequence/timecode"):
        theirs = root.find(path)
        mine = ours.find(path)
        assert theirs is not None
        assert mine is not None
        wanted = {child.tag for child in theirs} - {"logginginfo", "colorinfo"}
        if path == ".//file":
            wanted.add("duration")
        assert wanted <= {child.tag for child in mine}
    theirs_track, our_track = root.find(".//audio/track"), ours.find(".//audio/track")
    assert theirs_track is not None
    assert our_track is not None
    for name in ("currentExplodedTrackIndex", "totalExplodedTrackCount", "premiereTrackType"):
        assert our_track.get(name) == theirs_track.get(name)
    bus, our_bus = root.find(".//audio/outputs"), ours.find(".//audio/outputs")
    assert bus is not None
    assert our_bus is not None
    flat = [[text.strip() for text in one.itertext() if text.strip()] for one in (bus, our_bus)]
    assert flat[0] == flat[1]


@pytest.mark.skipif(shutil.which("xmllint") is None, reason="xmllint is not here (apt: libxml2-utils)")
@settings(max_examples=10, deadline=None)
@given(timelines())
def test_xmllint_finds_nothing(timeline):
    text, _ = document(timeline, FOLDER)
    subprocess.run(["xmllint", "--noout", "-"], input=text.encode(), check=True, timeout=20)


@settings(max_examples=15, deadline=None)
@given(timelines(speeds=False))
def test_the_official_reader_finds_every_clip_at_its_place(timeline):
    text, _ = document(timeline, FOLDER)
    found = otio.adapters.read_from_string(text, "fcp_xml")
    # It takes the first half of each stereo track for all of it.
    for kind, ours in (("Video", timeline.video_tracks), ("Audio", timeline.audio_tracks)):
        theirs = [track for track in found.tracks if track.kind == kind]
        assert len(theirs) == len(ours)
        for their, our in zip(theirs, ours, strict=True):
            spans = [clip.range_in_parent() for clip in their.find_clips()]
            places = [(span.start_time.value, span.end_time_exclusive().value) for span in spans]
            assert places == [clip.frames(timeline.rate) for clip in our.clips]


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_the_official_reader_finds_the_rate_the_start_and_the_counts(rate):
    text, _ = document(plain(rate), FOLDER)
    found = otio.adapters.read_from_string(text, "fcp_xml")
    assert Fraction(found.global_start_time.rate).limit_denominator(1001) == rate
    assert found.global_start_time.value == 86_400
    assert [len(list(track.find_clips())) for track in found.tracks if track.kind == "Video"] == [2]
    first = next(iter(found.find_clips()))
    assert first.source_range.start_time.value == 48
    assert first.media_reference.target_url == "file://localhost/media/shot%201.mov"


def test_a_stereo_track_is_two_tracks_and_each_member_lists_its_group():
    root, _ = written(plain())
    tracks = root.findall("sequence/media/audio/track")
    assert [(t.get("MZ.TrackName"), t.get("currentExplodedTrackIndex")) for t in tracks] == [
        (name, half) for name in ("A1", "AVM Music 1", "AVM Effects 1") for half in "01"
    ]
    assert [track.findtext("outputchannelindex") for track in tracks] == ["1", "2"] * 3
    group = [
        root.find("sequence/media/video/track/clipitem"),
        tracks[0].find("clipitem"),
        tracks[1].find("clipitem"),
    ]
    lists = [
        [link.findtext("linkclipref") for link in one.iterfind("link")] for one in group if one is not None
    ]
    assert lists == [[one.get("id") for one in group if one is not None]] * 3
    for kind, lanes in (("video", root.findall("sequence/media/video/track")), ("audio", tracks)):
        for link in (link for link in root.iter("link") if link.findtext("mediatype") == kind):
            lane = lanes[int(link.findtext("trackindex", "")) - 1].findall("clipitem")
            assert lane[int(link.findtext("clipindex", "")) - 1].get("id") == link.findtext("linkclipref")
    assert {one.findtext("masterclipid") for one in group if one is not None} == {"masterclip-1"}
    assert [one.findtext("sourcetrack/trackindex") for one in group[1:] if one is not None] == ["1", "2"]


def test_a_file_is_told_in_full_once():
    root, _ = written(plain())
    full = [one.get("id") for one in root.iter("file") if len(one)]
    assert len(full) == len(set(full)) == 4


def test_a_timeline_that_tells_of_picture_and_sound_apart_has_one_file():
    cut = plain()
    sound = replace(cut.tracks[0].clips[0].content, has_picture=False, rate=None, size=None)
    silent = replace(cut.tracks[0].clips[0].content, channels=0)
    seen, heard = (
        replace(track, clips=(replace(track.clips[0], content=content),))
        for track, content in ((cut.tracks[0], silent), (cut.tracks[1], sound))
    )
    root, _ = written(replace(cut, tracks=(seen, heard)))
    (defined,) = [one for one in root.iter("file") if len(one)]
    assert defined.find("media/video") is not None
    assert defined.findtext("media/audio/channelcount") == "2"


def test_times_are_whole_frames_and_exact_ticks():
    exact = Fraction(5) + Fraction(7, 48_000)
    root, losses = written(one_sound(media_in=MediaTime(exact)))
    item = root.find(".//clipitem")
    assert item is not None
    assert [item.findtext(tag) for tag in ("start", "end", "in", "out")] == ["24", "72", "120", "168"]
    assert item.findtext("pproTicksIn") == str(exact * 254_016_000_000)
    assert item.findtext("pproTicksOut") == str((exact + 2) * 254_016_000_000)
    assert losses == ()


def test_a_sound_that_begins_with_its_file_is_moved_not_cut():
    late = Fraction(1) + Fraction(5, 1000)
    root, losses = written(one_sound(start=RecordTime(late), end=RecordTime(late + 2)))
    assert root.findtext(".//clipitem/in") == "0"
    assert root.findtext(".//clipitem/pproTicksIn") == "0"
    assert [(loss.feature, loss.message) for loss in losses] == [
        (Feature.TIME, "moved by 5 ms to the nearest frame")
    ]


def test_a_fade_runs_straight_from_silence_to_the_gain():
    root, losses = written(one_sound(mix=Mix(-6.0, 500_000, 1_000_000), media_in=MediaTime(Fraction(2))))
    half = pytest.approx(0.501187)
    assert keys_of(root) == [(48, 0), (60, half), (72, half), (96, 0)]
    assert losses == ()


def test_a_fade_shorter_than_a_frame_is_one_frame_and_told():
    root, losses = written(one_sound(mix=Mix(0.0, 0, 15_000)))
    assert keys_of(root) == [(47, 1.0), (48, 0.0)]
    assert [str(loss) for loss in losses] == [
        "“Hit” at 00:00:01:00: fade out of 0.015 s written as 1 frame",
    ]


def test_a_fade_against_a_click_is_one_frame_which_nobody_hears():
    root, losses = written(one_sound(mix=Mix(0.0, 10_000, 10_000)))
    assert keys_of(root) == [(0, 0.0), (1, 1.0), (47, 1.0), (48, 0.0)]
    assert not losses


def test_more_gain_than_the_format_has_is_cut_and_told():
    root, losses = written(one_sound(mix=Mix(15.0)))
    assert root.findtext(".//filter//value") == "3.98109"
    assert [(loss.feature, loss.message) for loss in losses] == [
        (Feature.GAIN, "gain of 15 dB written as 12 dB")
    ]


def test_silence_can_be_said():
    root, _ = written(one_sound(mix=Mix(-120.0)))
    assert root.findtext(".//filter//value") == "0"


def test_labels_and_log_notes_say_what_we_laid():
    root, _ = written(plain())
    labels = [
        (item.findtext("logginginfo/lognote"), item.findtext("labels/label2"), item.findtext("enabled"))
        for item in root.iterfind(".//track/clipitem")
    ]
    effects = [("avm effects", "Mango", "TRUE"), ("avm effects", "Mango", "FALSE")]
    assert labels == [
        *[(None, "Iris", "TRUE")] * 2,
        *[(None, "Caribbean", "TRUE")] * 4,
        *[("avm music", "Forest", "TRUE")] * 2,
        *effects * 2,
    ]


def test_a_clip_on_a_track_too_narrow_for_it_is_told():
    cut = one_sound()
    root, losses = written(replace(cut, tracks=(replace(cut.tracks[0], channels=1),)))
    assert [item.get("premiereChannelType") for item in root.iter("clipitem")] == ["mono"]
    assert [loss.feature for loss in losses] == [Feature.CHANNELS]


def test_a_transition_without_media_under_it_is_a_cut_and_told():
    shot = Media("a.mov", "/a.mov", duration=Fraction(2), rate=RATE, has_picture=True)
    clips = tuple(Clip("a", RecordTime(Fraction(at)), RecordTime(Fraction(at + 2)), shot) for at in (0, 2))
    dissolve = Transition("Cross Dissolve", RecordTime(Fraction(2)), Fraction(1), Fraction(1))
    track = Track("V", TrackKind.VIDEO, clips, (dissolve,))
    root, losses = written(settled(Timeline("cut", RATE, (track,))))
    assert root.find(".//transitionitem") is None
    assert [item.findtext("start") for item in root.iter("clipitem")] == ["0", "48"]
    assert [loss.feature for loss in losses] == [Feature.TRANSITION]


def test_a_wipe_becomes_a_dissolve_and_is_told():
    shot = Media("a.mov", "/a.mov", duration=Fraction(20), rate=RATE, has_picture=True)
    clips = tuple(
        Clip("a", RecordTime(Fraction(at)), RecordTime(Fraction(at + 2)), shot, MediaTime(Fraction(5)))
        for at in (0, 2)
    )
    wipe = Transition("Clock Wipe", RecordTime(Fraction(2)), Fraction(1), Fraction(1), "Custom_Transition")
    track = Track("V", TrackKind.VIDEO, clips, (wipe,))
    root, losses = written(settled(Timeline("cut", RATE, (track,))))
    assert root.findtext(".//transitionitem/effect/effectid") == "Cross Dissolve"
    assert [loss.message for loss in losses] == ["“Clock Wipe” written as “Cross Dissolve”"]
    assert [item.findtext("out") for item in root.iter("clipitem")] == ["192", "168"]


def test_what_was_kept_is_written_only_if_it_is_still_xml_of_ours():
    good, bad = "<filter><effect><effectid>basic</effectid></effect></filter>", "<filter></track>"
    kept = (
        Kept("fcp7", "Basic Motion", good),
        Kept("fcp7", "broken", bad),
        Kept("resolve", "Blur", ""),
        Kept("fcp7", "label", "Rose"),
    )
    text, losses = document(one_sound(kept=kept), FOLDER)
    assert good in text
    assert "<label2>Rose</label2>" in text
    assert [(loss.feature, loss.message) for loss in losses] == [
        (Feature.EFFECT, "Blur not written"),
        (Feature.EFFECT, "broken not written"),
    ]
    ElementTree.fromstring(text)


def test_names_that_xml_cannot_hold_are_told():
    root, losses = written(one_sound(name='a\x00b<&>"\ud800]]>'))
    assert root.findtext(".//clipitem/name") == 'a�b<&>"�]]>'
    assert [loss.feature for loss in losses] == [Feature.NAME]


@pytest.mark.parametrize("color", ["MAGENTA", "PINK", "BLACK"])
def test_colors_that_premiere_s_markers_do_not_come_in_are_told(color):
    _, losses = written(one_sound(markers=(Marker("m", Fraction(1), color=color),)))
    assert [loss.feature for loss in losses] == [Feature.MARKER]


def test_markers_of_tracks_move_to_the_sequence_and_are_told():
    cut = one_sound()
    track = replace(cut.tracks[0], markers=(Marker("t", Fraction(1), color="RED"),))
    root, losses = written(replace(cut, tracks=(track,)))
    assert [marker.findtext("in") for marker in root.iterfind("sequence/marker")] == ["24"]
    assert [loss.feature for loss in losses] == [Feature.MARKER]


def test_a_link_of_very_many_clips_is_told_instead_of_written():
    clips = tuple(
        replace(
            one_sound().tracks[0].clips[0],
            start=RecordTime(Fraction(at)),
            end=RecordTime(Fraction(at + 1)),
            link=1,
        )
        for at in range(100)
    )
    cut = Timeline("cut", RATE, (Track("A", TrackKind.AUDIO, clips, channels=2),))
    root, losses = written(settled(cut))
    assert root.find(".//link") is None
    assert [loss.feature for loss in losses] == [Feature.LINK]


def test_a_rate_that_the_format_cannot_say_is_refused():
    with pytest.raises(TimelineError, match=r"12\.5 frames a second"):
        document(replace(one_sound(), rate=Fraction(25, 2)), FOLDER)


def test_a_rate_of_media_that_the_format_cannot_say_is_told():
    odd = Media("odd.mov", "/odd.mov", duration=Fraction(60), rate=Fraction(25, 2), has_picture=True)
    track = Track("V", TrackKind.VIDEO, (Clip("odd", RecordTime(Fraction(0)), RecordTime(Fraction(1)), odd),))
    root, losses = written(settled(Timeline("cut", RATE, (track,))))
    assert root.findtext(".//file/duration") == str(60 * 24)
    assert [loss.feature for loss in losses] == [Feature.RATE]


def test_relative_media_are_written_from_the_file_s_folder():
    root, _ = written(one_sound(content=replace(HIT, path="sound/hit.wav")))
    assert root.findtext(".//pathurl") == "file://localhost/cut/sound/hit.wav"


def test_what_is_ours_alone_is_told():
    _, losses = written(one_sound(stem=Stem.EFFECTS))
    assert [loss.feature for loss in losses] == [Feature.METADATA]
