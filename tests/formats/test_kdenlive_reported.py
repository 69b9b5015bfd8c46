"""Kdenlive: what a project cannot say is reported, and any timeline makes a readable file."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from fractions import Fraction

import pytest

from avm_otio.formats.kdenlive.write import document
from avm_otio.timeline.features import Feature
from avm_otio.timeline.model import (
    Clip,
    Generator,
    ImageSequence,
    Marker,
    Media,
    Mix,
    Streams,
    Timeline,
    Track,
    TrackKind,
    Transition,
)
from avm_otio.timeline.time import MediaTime, RecordTime, nearest_frame
from tests.formats.kdenlive_project import (
    BED,
    CAMERA,
    FOLDER,
    RATE,
    by_id,
    clip,
    effects,
    entries,
    features,
    heard,
    opened,
    producers,
    properties,
    sequence,
)
from tests.models import RATES, plain, seconds, settled


def test_markers_are_guides_with_words_colour_and_length() -> None:
    marker = Marker("Hit", Fraction(1), Fraction(1, 2), "louder <here>", "RED")
    same_frame = Marker("Second", Fraction(1), color="BLUE")
    project, _ = opened(replace(heard(clip(0, 48)), markers=(marker, same_frame)))
    [guide] = json.loads(properties(sequence(project))["kdenlive:sequenceproperties.guides"])
    assert guide["comment"] == "Hit: louder <here> / Second"
    assert (guide["pos"], guide["duration"]) == (24, 12)
    categories = json.loads(properties(by_id(project, "main_bin"))["kdenlive:docproperties.guidesCategories"])
    assert next(one["comment"] for one in categories if one["index"] == guide["type"]) == "Red"


def test_a_clips_marker_lies_on_its_source() -> None:
    one = clip(10, 58, media_in=MediaTime(Fraction(2)), markers=(Marker("here", Fraction(1)),))
    project, _ = opened(heard(one))
    [marker] = json.loads(properties(by_id(project, "bin4"))["kdenlive:markers"])
    assert (marker["comment"], marker["pos"]) == ("here", 72)


def test_a_tracks_marker_becomes_a_guide_and_is_reported() -> None:
    track = replace(heard(clip(0, 48)).tracks[0], markers=(Marker("here", Fraction(1)),))
    project, losses = opened(settled(Timeline("cut", RATE, (track,))))
    assert json.loads(properties(sequence(project))["kdenlive:sequenceproperties.guides"])[0]["pos"] == 24
    assert features(losses) == {Feature.MARKER}


def test_picture_and_sound_are_grouped() -> None:
    groups = json.loads(properties(sequence(opened(plain())[0]))["kdenlive:sequenceproperties.groups"])
    assert [one["type"] for one in groups] == ["AVSplit", "AVSplit"]
    assert [leaf["data"] for leaf in groups[1]["children"]] == ["2:96", "3:96"]


@pytest.mark.parametrize(
    ("rate", "drop_frame", "is_reported"),
    [(RATES[3], True, False), (RATES[3], False, True), (RATES[6], True, True), (RATES[0], False, False)],
)
def test_the_start_timecode_is_kept_and_how_kdenlive_counts_is_told(
    rate: Fraction, drop_frame: bool, is_reported: bool
) -> None:
    project, losses = opened(replace(plain(rate, 107_892), drop_frame=drop_frame))
    assert properties(sequence(project))["kdenlive:sequenceproperties.timecodeOffset"] == "107892"
    assert (Feature.START in features(losses)) is is_reported


def test_images_in_a_row_are_a_slide_show_of_one_frame_each() -> None:
    images = ImageSequence("shot.", ".png", 1001, 1, 4)
    media = Media("shot", "/media/shot", duration=Fraction(5), rate=RATE, has_picture=True, sequence=images)
    track = Track("V1", TrackKind.VIDEO, (replace(clip(0, 48, media), channels=()),))
    project, _ = opened(settled(Timeline("cut", RATE, (track,))))
    producer = properties(by_id(project, "clip0"))
    assert producer["mlt_service"] == "qimage"
    assert (producer["resource"], producer["ttl"]) == ("/media/shot/shot.%04d.png?begin:1001", "1")


def test_a_still_frame_is_a_freeze_and_a_still_sound_is_left_out() -> None:
    media = Media("a.mov", "/a.mov", duration=Fraction(9), rate=RATE, channels=2, has_picture=True)
    still = clip(0, 24, media, media_in=MediaTime(Fraction(2)), speed=Fraction(0))
    tracks = (
        Track("V1", TrackKind.VIDEO, (replace(still, channels=()),)),
        Track("A1", TrackKind.AUDIO, (still,), channels=2),
    )
    project, losses = opened(settled(Timeline("cut", RATE, tracks)))
    [freeze] = effects(project, "playlist1.0")
    assert (freeze["mlt_service"], freeze["frame"]) == ("freeze", "48")
    assert features(losses) == {Feature.SPEED}


def test_nests_are_opened_and_generators_are_black_and_both_are_reported() -> None:
    inner = heard(clip(0, 48))
    nest = Clip("nest", RecordTime(Fraction(1)), RecordTime(Fraction(2)), inner, MediaTime(Fraction(1, 2)))
    bars = Clip("bars", RecordTime(Fraction(0)), RecordTime(Fraction(1)), Generator("bars"))
    tracks = (Track("V1", TrackKind.VIDEO, (bars,)), Track("A1", TrackKind.AUDIO, (nest,), channels=2))
    project, losses = opened(settled(Timeline("cut", RATE, tracks)))
    [(first, last, entry)] = entries(project, "playlist0.0")
    assert (first, last, entry.attrib["in"]) == (24, 48, "12")
    assert {Feature.NEST, Feature.GENERATOR} <= features(losses)


@pytest.mark.parametrize("name", ["a\x00b", "x\ud800", "]]>", "&<>\"'", "tab\tline\n"])
def test_any_name_makes_a_readable_file(name: str) -> None:
    timeline = plain()
    tracks = tuple(replace(one, name=name) for one in timeline.tracks)
    text, losses = document(replace(timeline, name=name, tracks=tracks), FOLDER)
    project = ElementTree.fromstring(text.encode("utf-8"))
    assert len(list(project.iter("entry"))) > 5
    replaced = any(one.feature is Feature.NAME and one.item.startswith("Track") for one in losses)
    assert replaced is ("\x00" in name or "\ud800" in name)


def test_names_that_kdenlive_does_not_show_are_told_together() -> None:
    _, losses = opened(heard(clip(0, 24), clip(24, 48, name="Bang"), clip(48, 72, name="Boom")))
    message = "names of 2 clips not written: Kdenlive shows those of their files"
    assert [loss.message for loss in losses] == [message]


def test_clips_that_share_a_frame_keep_their_places() -> None:
    """Two clips within one frame: the second has no frame of its own, and what follows stays in place."""
    frame = 1 / RATE
    short = [
        replace(clip(0, 1), start=RecordTime(at), end=RecordTime(at + frame / 4))
        for at in (Fraction(0), frame / 3)
    ]
    project, losses = opened(heard(*short, clip(10, 20)))
    assert [(first, last) for first, last, _ in entries(project, "playlist0.0")] == [(0, 1), (10, 20)]
    assert Feature.TIME in features(losses)


def test_media_that_end_within_a_frame_are_not_cut_short() -> None:
    media = replace(BED, duration=Fraction(48_100, 48_000))
    project, _ = opened(heard(clip(0, 25, media), clip(30, 40)))
    assert properties(by_id(project, "clip0"))["length"] == str(25)
    assert [first for first, _, _ in entries(project, "playlist0.0")] == [0, 30]


def test_the_same_timeline_makes_the_same_file() -> None:
    assert document(plain(), FOLDER) == document(plain(), FOLDER)


def test_an_empty_timeline_is_a_project_too() -> None:
    project, losses = opened(Timeline("empty", RATE))
    assert sequence(project).find("track") is not None
    assert not losses


def test_the_length_is_that_of_the_timeline() -> None:
    timeline = plain()
    frames = nearest_frame(timeline.duration, timeline.rate)
    assert sequence(opened(timeline)[0]).attrib["out"] == str(frames - 1)


@pytest.mark.parametrize(
    ("streams", "service"), [(None, "avformat"), (Streams(0, ((1, 4),)), "avformat-novalidate")]
)
def test_the_picture_of_media_that_nobody_looked_at_is_found_by_mlt(
    streams: Streams | None, service: str
) -> None:
    """Unless it looks, it takes the first stream for the picture; where that is sound it is white [run]."""
    seen = Track("V1", TrackKind.VIDEO, (clip(0, 24, replace(CAMERA, streams=streams), channels=()),))
    project, _ = opened(replace(heard(clip(0, 24)), tracks=(seen,)))
    opened_by = [properties(one)["mlt_service"] for one in project if one.get("id") == "clip0"]
    assert opened_by == [service]


def test_what_the_edge_of_a_nest_cuts_is_told_and_what_is_kept_is_not() -> None:
    inside = [clip(at, at + 48, media_in=MediaTime(Fraction(2))) for at in (0, 48)]
    crossing = Transition("cross", RecordTime(Fraction(2)), Fraction(1, 2), Fraction(1, 2))
    inner = heard(*inside, transitions=(crossing,))
    fading = Mix(fade_in_us=500_000)
    whole = Clip("whole", RecordTime(Fraction(0)), RecordTime(Fraction(4)), inner, mix=fading)
    cut = replace(whole, name="cut", mix=Mix(), start=RecordTime(Fraction(4)), end=RecordTime(Fraction(6)))
    project, losses = opened(heard(whole, cut))
    messages = [str(loss) for loss in losses if loss.feature is Feature.TRANSITION]
    assert [one.startswith("“cut”") and "the nest's edge lies in it" in one for one in messages] == [True]
    assert Feature.FADE not in features(losses)
    head = entries(project, "playlist0.0")[0][2]
    assert [properties(one)["kdenlive_id"] for one in head.findall("filter")] == ["fadein"]


def test_two_clips_of_one_file_may_play_two_streams() -> None:
    media = replace(CAMERA, streams=Streams(0, ((1, 1), (2, 1), (3, 1), (4, 1))))
    project, _ = opened(heard(clip(0, 24, media, channels=(1,)), clip(24, 48, media, channels=(3,))))
    assert [one["audio_index"] for one in producers(project)[:2]] == ["2", "4"]


@pytest.mark.parametrize(
    ("size", "rate", "written"),
    [
        ((1920, 1080), Fraction(25), (1920, 1080)),
        ((768, 576), Fraction(24000, 1001), (1280, 720)),
        ((1080, 1920), Fraction(30), (3840, 2160)),
        ((4096, 2160), Fraction(24), (3840, 2160)),
    ],
)
def test_a_picture_size_without_a_profile_is_fitted_into_one_and_told(
    size: tuple[int, int], rate: Fraction, written: tuple[int, int]
) -> None:
    project, losses = opened(replace(heard(clip(0, 24), rate=rate), size=size))
    profile = project.find("profile")
    assert profile is not None
    assert (int(profile.attrib["width"]), int(profile.attrib["height"])) == written
    assert "kdenlive:docproperties.profile" in properties(by_id(project, "main_bin"))
    assert any("picture size" in loss.message for loss in losses) == (size != written)


def test_a_rate_without_a_profile_is_told() -> None:
    _, losses = opened(replace(heard(clip(0, 24), rate=Fraction(48)), size=(1920, 1080)))
    assert Feature.RATE in features(losses)


def test_a_marker_that_stands_on_no_frame_of_its_file_is_reported() -> None:
    """Kdenlive's markers are the file's: a still has one frame for all of them, and slow ones go between."""

    def reported(speed: Fraction, at: Fraction) -> list[str]:
        shot = Media("s.mov", "/s.mov", duration=Fraction(60), rate=RATE, has_picture=True)
        marked = clip(0, 48, shot, speed=speed, markers=(Marker("m", at),), channels=())
        track = Track("V1", TrackKind.VIDEO, (marked,))
        _, losses = opened(settled(Timeline("cut", RATE, (track,))))
        return [loss.message for loss in losses if loss.feature is Feature.MARKER]

    still = "marker “m” stands at its head: all of it is one frame of its file"
    assert reported(Fraction(0), 2 / RATE) == [still]
    assert reported(Fraction(1, 2), 3 / RATE) == ["marker “m” moved to the nearest frame of its file"]
    for speed, at in ((Fraction(1, 2), 2 / RATE), (Fraction(0), Fraction(0)), (Fraction(2), 3 / RATE)):
        assert reported(speed, at) == []


def test_what_a_nest_carries_is_written_and_not_reported_as_lost() -> None:
    fade = Transition("fade", RecordTime(seconds(48, RATE)), seconds(6, RATE), seconds(6, RATE))
    inner = heard(clip(0, 48, media_in=MediaTime(Fraction(5))), clip(48, 96), transitions=(fade,))
    later = replace(inner.tracks[0].clips[1], media_in=MediaTime(Fraction(5)))
    inner = replace(inner, tracks=(replace(inner.tracks[0], clips=(inner.tracks[0].clips[0], later)),))
    nest = Clip(
        "nest",
        RecordTime(Fraction(0)),
        RecordTime(seconds(96, RATE)),
        inner,
        mix=Mix(-6.0, 500_000),
        channels=(0, 1),
        markers=(Marker("here", Fraction(1)),),
    )
    project, losses = opened(heard(nest))
    assert [one.get("in") for one in project.iter("transition") if one.get("in")] == ["42"]
    assert "here" in ElementTree.tostring(project, encoding="unicode")
    assert "fadein" in ElementTree.tostring(project, encoding="unicode")
    assert not {Feature.TRANSITION, Feature.GAIN, Feature.FADE} & features(losses)
