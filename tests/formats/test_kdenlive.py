"""The .kdenlive writer. What real programs make of its files: tests/editors."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings

from avm_otio.formats.kdenlive.write import document
from avm_otio.timeline.features import Feature, Loss
from avm_otio.timeline.model import (
    Clip,
    GainKey,
    Generator,
    ImageSequence,
    Marker,
    Media,
    Mix,
    Stem,
    Streams,
    Timeline,
    Track,
    TrackKind,
    Transition,
)
from avm_otio.timeline.time import MediaTime, RecordTime, nearest_frame
from tests.models import RATES, plain, seconds, settled, timelines

FOLDER = Path("/project")
RATE = Fraction(24)
BED = Media("bed.wav", "/media/bed.wav", duration=Fraction(60), sample_rate_hz=48_000, channels=2)


def opened(timeline: Timeline) -> tuple[ElementTree.Element, tuple[Loss, ...]]:
    text, losses = document(timeline, FOLDER)
    return ElementTree.fromstring(text), losses


def said(element: ElementTree.Element) -> dict[str, str]:
    return {one.attrib["name"]: one.text or "" for one in element.findall("property")}


def by_id(project: ElementTree.Element, name: str) -> ElementTree.Element:
    return next(one for one in project if one.get("id") == name)


def entries(project: ElementTree.Element, playlist: str) -> list[tuple[int, int, ElementTree.Element]]:
    """First frame, first frame after it, and entry, of each clip of a playlist."""
    found, at = [], 0
    for one in by_id(project, playlist):
        if one.tag == "blank":
            at += int(one.attrib["length"])
        elif one.tag == "entry":
            length = int(one.attrib["out"]) - int(one.attrib["in"]) + 1
            found.append((at, at + length, one))
            at += length
    return found


def sequence(project: ElementTree.Element) -> ElementTree.Element:
    return next(one for one in project.iter("tractor") if "kdenlive:uuid" in said(one))


def heard(*clips: Clip, transitions: tuple[Transition, ...] = (), rate: Fraction = RATE) -> Timeline:
    track = Track("A1", TrackKind.AUDIO, clips, transitions, channels=2)
    return settled(Timeline("cut", rate, (track,)))


def clip(first: int, last: int, media: Media = BED, **said: object) -> Clip:
    """A clip by frames at 24."""
    start, end = RecordTime(seconds(first, RATE)), RecordTime(seconds(last, RATE))
    return replace(Clip(media.name, start, end, media, channels=(0, 1)), **said)


def effects(project: ElementTree.Element, playlist: str = "playlist0.0") -> list[dict[str, str]]:
    [(_, _, entry)] = entries(project, playlist)
    return [said(one) | one.attrib for one in entry.findall("filter")]


def features(losses: tuple[Loss, ...]) -> set[Feature]:
    return {loss.feature for loss in losses}


@settings(max_examples=60, deadline=None)
@given(timelines())
def test_every_clip_lies_at_its_frames_and_plays_from_its_own(timeline: Timeline) -> None:
    text, losses = document(timeline, FOLDER)
    project = ElementTree.fromstring(text)
    rate = timeline.rate
    ordered = (*reversed(timeline.audio_tracks), *timeline.video_tracks)
    for number, track in enumerate(ordered):
        found = sorted(
            (first, last, int(entry.attrib["in"]))
            for lane in (0, 1)
            for first, last, entry in entries(project, f"playlist{number}.{lane}")
        )
        assert len(found) == len(track.clips)
        for (first, last, source_in), one in zip(found, track.clips, strict=True):
            if track.transitions:
                assert first <= one.frames(rate)[0] < one.frames(rate)[1] <= last
            else:
                assert (first, last) == one.frames(rate)
                moved = first / rate - one.start
                assert one.media is not None
                plays = (one.media_in - one.media.start) / one.speed + moved
                assert abs(source_in / rate - plays) <= Fraction(1, 2) / rate
    if any(one.start * rate % 1 >= Fraction(1, 1000) for one in timeline.clips()):
        assert Feature.TIME in features(losses)


@settings(max_examples=30, deadline=None)
@given(timelines(between_frames=False, speeds=False))
def test_what_lies_on_frames_is_not_said_to_be_moved(timeline: Timeline) -> None:
    own = [one for one in document(timeline, FOLDER)[1] if one.feature is Feature.TIME]
    on_frames = all(
        (one.media_in - one.media.start) * timeline.rate % 1 == 0 for one in timeline.clips() if one.media
    )
    assert not (own and on_frames)


@settings(max_examples=30, deadline=None)
@given(timelines())
def test_every_producer_is_there_before_it_is_used_and_is_in_the_bin(timeline: Timeline) -> None:
    project, _ = opened(timeline)
    known: set[str] = set()
    for one in project:
        for use in one.iter():
            if "producer" in use.attrib and use is not project:
                assert use.attrib["producer"] in known
        known.add(one.get("id", ""))
    bin_ids = [
        said(by_id(project, entry.attrib["producer"]))["kdenlive:id"]
        for entry in by_id(project, "main_bin").findall("entry")
    ]
    assert len(bin_ids) == len(set(bin_ids))
    used = {said(entry)["kdenlive:id"] for entry in project.iter("entry") if said(entry)}
    assert used <= set(bin_ids)


@pytest.mark.parametrize("rate", RATES)
def test_the_project_opens_at_the_exact_rate(rate: Fraction) -> None:
    project, _ = opened(plain(rate))
    profile = project.find("profile")
    assert profile is not None
    assert Fraction(int(profile.attrib["frame_rate_num"]), int(profile.attrib["frame_rate_den"])) == rate
    name = said(by_id(project, "main_bin"))["kdenlive:docproperties.profile"]
    assert name.startswith("atsc_1080p_")


def test_tracks_are_named_and_stand_in_kdenlives_order() -> None:
    project, _ = opened(plain())
    names = [
        said(by_id(project, one.attrib["producer"])).get("kdenlive:track_name")
        for one in sequence(project).findall("track")
    ]
    assert names == [None, "AVM Effects 1", "AVM Music 1", "A1", "V1"]


def test_every_sound_track_is_summed_into_the_mix() -> None:
    mixes = [said(one) for one in sequence(opened(plain())[0]).findall("transition")]
    assert [one["b_track"] for one in mixes if one["mlt_service"] == "mix" and one["sum"] == "1"] == list(
        "123"
    )


def test_media_below_the_project_are_named_relatively() -> None:
    media = replace(BED, path="/project/media/bed 100% & more.wav")
    project, _ = opened(heard(clip(0, 24, media)))
    assert said(by_id(project, "clip0"))["resource"] == "media/bed 100% & more.wav"
    assert "root" not in project.attrib  # with an empty one, melt looks in the folder it was started in


def test_a_windows_path_is_written_with_slashes() -> None:
    project, _ = opened(heard(clip(0, 24, replace(BED, path="C:\\media\\bed.wav"))))
    assert said(by_id(project, "clip0"))["resource"] == "C:/media/bed.wav"


def test_media_that_nobody_knows_the_place_of_are_reported() -> None:
    _, losses = opened(heard(clip(0, 24, replace(BED, path="", is_online=False))))
    assert Feature.MEDIA in features(losses)


def test_gain_is_a_volume_effect() -> None:
    [gain] = effects(opened(heard(clip(0, 48, mix=Mix(-6.5))))[0])
    assert (gain["kdenlive_id"], gain["level"]) == ("volume", "0=-6.5")


def test_key_frames_count_from_the_head_of_the_source() -> None:
    keys = (GainKey(Fraction(0), -20.0), GainKey(Fraction(1), 0.0))
    project, _ = opened(heard(clip(10, 58, media_in=MediaTime(Fraction(2)), mix=Mix(keys=keys))))
    assert effects(project)[0]["level"] == "48=-20;72=0"


def test_a_key_frame_before_the_head_becomes_the_gain_at_the_head() -> None:
    keys = (GainKey(Fraction(-1), -20.0), GainKey(Fraction(1), 0.0))
    assert effects(opened(heard(clip(0, 48, mix=Mix(keys=keys))))[0])[0]["level"] == "0=-10;24=0"


def test_a_gain_that_kdenlive_does_not_take_is_held_and_reported() -> None:
    project, losses = opened(heard(clip(0, 48, mix=Mix(-144.0))))
    assert effects(project)[0]["level"] == "0=-100"
    assert Feature.GAIN in features(losses)


def test_a_mono_file_is_as_loud_as_it_is() -> None:
    media = replace(BED, channels=1)
    [gain] = effects(opened(heard(clip(0, 48, media, channels=(0,))))[0])
    assert gain["level"] == "0=3.0103"


def test_fades_lie_at_the_edges_of_the_clip() -> None:
    project, losses = opened(heard(clip(0, 96, mix=Mix(0.0, 500_000, 1_000_000))))
    fade_in, fade_out = effects(project)
    assert (fade_in["kdenlive_id"], fade_in["in"], fade_in["out"]) == ("fadein", "0", "11")
    assert (fade_in["gain"], fade_in["end"]) == ("0", "1")
    assert (fade_out["kdenlive_id"], fade_out["in"], fade_out["out"]) == ("fadeout", "72", "95")
    assert (fade_out["gain"], fade_out["end"]) == ("1", "0")
    assert not losses


def test_a_fade_shorter_than_a_frame_is_reported() -> None:
    _, losses = opened(heard(clip(0, 96, mix=Mix(0.0, 10_000, 10_000))))
    assert [loss.feature for loss in losses] == [Feature.FADE, Feature.FADE]


def test_a_disabled_clip_shows_and_plays_nothing() -> None:
    project, _ = opened(heard(clip(0, 48, enabled=False)))
    producer = said(by_id(project, "clip0"))
    assert (producer["set.test_audio"], producer["set.test_image"]) == ("1", "1")


def test_a_track_that_is_off_or_locked_is_so() -> None:
    track = replace(plain().tracks[2], enabled=False, locked=True)
    project, _ = opened(settled(Timeline("cut", RATE, (track,))))
    tractor = by_id(project, "track0")
    assert {one.attrib["hide"] for one in tractor.findall("track")} == {"both"}
    assert said(tractor)["kdenlive:locked_track"] == "1"


@pytest.mark.parametrize(
    ("channels", "filters"),
    [((0, 1), []), ((0,), [("0", "1", "0")]), ((1,), [("1", "0", "0")]), ((1, 0), [("0", "1", "1")])],
)
def test_one_side_of_a_stereo_file_is_heard_on_both(
    channels: tuple[int, ...], filters: list[tuple[str, str, str]]
) -> None:
    project, losses = opened(heard(clip(0, 48, channels=channels)))
    assert [(one["from"], one["to"], one["swap"]) for one in effects(project)] == filters
    assert not losses


def test_channels_that_cannot_be_picked_are_reported() -> None:
    _, losses = opened(heard(clip(0, 48, replace(BED, channels=4), channels=(2, 3))))
    assert features(losses) == {Feature.CHANNELS}


def test_speed_is_a_timewarp_that_counts_in_its_own_frames() -> None:
    project, _ = opened(heard(clip(0, 24, media_in=MediaTime(Fraction(4)), speed=Fraction(2))))
    producer = said(by_id(project, "clip0"))
    assert (producer["mlt_service"], producer["warp_speed"]) == ("timewarp", "2")
    assert producer["resource"] == "2:/media/bed.wav"
    [(_, _, entry)] = entries(project, "playlist0.0")
    assert entry.attrib["in"] == "48"


def test_backwards_counts_from_the_end_of_the_file() -> None:
    project, _ = opened(heard(clip(0, 24, media_in=MediaTime(Fraction(50)), speed=Fraction(-1))))
    [(_, _, entry)] = entries(project, "playlist0.0")
    assert entry.attrib["in"] == str(10 * 24)


def test_a_cross_fade_overlaps_its_two_clips_on_two_playlists() -> None:
    clips = (clip(0, 48), clip(48, 96, media_in=MediaTime(Fraction(5))))
    cross = Transition("fade", RecordTime(Fraction(2)), Fraction(1, 6), Fraction(1, 4))
    project, losses = opened(heard(*clips, transitions=(cross,)))
    [(first, last, _)] = entries(project, "playlist0.0")
    assert (first, last) == (0, 54)
    [(first, last, entry)] = entries(project, "playlist0.1")
    assert (first, last, entry.attrib["in"]) == (44, 96, "116")
    [mix] = by_id(project, "track0").findall("transition")
    assert (mix.attrib["in"], mix.attrib["out"], said(mix)["kdenlive:mixcut"]) == ("44", "54", "6")
    assert not losses


def test_a_cross_fade_that_the_media_cannot_fill_is_shorter_and_reported() -> None:
    clips = (clip(0, 48), clip(48, 96))  # the second begins at the head of its file
    cross = Transition("fade", RecordTime(Fraction(2)), Fraction(1, 6), Fraction(1, 6))
    _, losses = opened(heard(*clips, transitions=(cross,)))
    assert features(losses) == {Feature.TRANSITION}


def test_a_transition_beside_a_gap_is_a_cut_and_reported() -> None:
    cross = Transition("fade", RecordTime(Fraction(2)), Fraction(0), Fraction(1, 6))
    project, losses = opened(heard(clip(48, 96), transitions=(cross,)))
    assert not by_id(project, "track0").findall("transition")
    assert features(losses) == {Feature.TRANSITION}


def test_markers_are_guides_with_words_colour_and_length() -> None:
    marker = Marker("Hit", Fraction(1), Fraction(1, 2), "louder <here>", "RED")
    same_frame = Marker("Second", Fraction(1), color="BLUE")
    project, _ = opened(replace(heard(clip(0, 48)), markers=(marker, same_frame)))
    [guide] = json.loads(said(sequence(project))["kdenlive:sequenceproperties.guides"])
    assert guide["comment"] == "Hit: louder <here> / Second"
    assert (guide["pos"], guide["duration"]) == (24, 12)
    categories = json.loads(said(by_id(project, "main_bin"))["kdenlive:docproperties.guidesCategories"])
    assert next(one["comment"] for one in categories if one["index"] == guide["type"]) == "Red"


def test_a_clips_marker_lies_on_its_source() -> None:
    one = clip(10, 58, media_in=MediaTime(Fraction(2)), markers=(Marker("here", Fraction(1)),))
    project, _ = opened(heard(one))
    [marker] = json.loads(said(by_id(project, "bin4"))["kdenlive:markers"])
    assert (marker["comment"], marker["pos"]) == ("here", 72)


def test_a_tracks_marker_becomes_a_guide_and_is_reported() -> None:
    track = replace(heard(clip(0, 48)).tracks[0], markers=(Marker("here", Fraction(1)),))
    project, losses = opened(settled(Timeline("cut", RATE, (track,))))
    assert json.loads(said(sequence(project))["kdenlive:sequenceproperties.guides"])[0]["pos"] == 24
    assert features(losses) == {Feature.MARKER}


def test_picture_and_sound_are_grouped() -> None:
    groups = json.loads(said(sequence(opened(plain())[0]))["kdenlive:sequenceproperties.groups"])
    assert [one["type"] for one in groups] == ["AVSplit", "AVSplit"]
    assert [leaf["data"] for leaf in groups[1]["children"]] == ["2:96", "3:96"]


@pytest.mark.parametrize(
    ("rate", "drop_frame", "told"),
    [(RATES[3], True, False), (RATES[3], False, True), (RATES[6], True, True), (RATES[0], False, False)],
)
def test_the_start_timecode_is_kept_and_how_kdenlive_counts_is_told(
    rate: Fraction, drop_frame: bool, told: bool
) -> None:
    project, losses = opened(replace(plain(rate, 107_892), drop_frame=drop_frame))
    assert said(sequence(project))["kdenlive:sequenceproperties.timecodeOffset"] == "107892"
    assert (Feature.START in features(losses)) is told


def test_images_in_a_row_are_a_slide_show_of_one_frame_each() -> None:
    images = ImageSequence("shot.", ".png", 1001, 1, 4)
    media = Media("shot", "/media/shot", duration=Fraction(5), rate=RATE, has_picture=True, sequence=images)
    track = Track("V1", TrackKind.VIDEO, (replace(clip(0, 48, media), channels=()),))
    project, _ = opened(settled(Timeline("cut", RATE, (track,))))
    producer = said(by_id(project, "clip0"))
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
    told = "names of 2 clips not written: Kdenlive shows those of their files"
    assert [loss.message for loss in losses] == [told]


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
    assert said(by_id(project, "clip0"))["length"] == str(25)
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


CAMERA = replace(
    BED, name="cam.mov", path="/media/cam.mov", channels=4, has_picture=True, rate=RATE, size=(1280, 720)
)


def producers(project: ElementTree.Element) -> list[dict[str, str]]:
    return [said(one) for one in project if one.tag == "producer" and "audio_index" in said(one)]


def test_a_file_says_which_of_its_streams_is_its_picture() -> None:
    """Where nothing says, MLT takes the first stream for it, and what is sound is white [run]."""
    media = replace(CAMERA, channels=1, streams=Streams(1, ((0, 1),)))
    seen = Track("V1", TrackKind.VIDEO, (clip(0, 24, media, channels=()),))
    project, _ = opened(replace(heard(clip(0, 24, media, channels=(0,))), tracks=(seen,)))
    found = producers(project)
    assert len(found) == 2
    assert {(one["video_index"], one["audio_index"]) for one in found} == {("1", "0")}


@pytest.mark.parametrize(
    ("sounds", "channels", "index", "effect"),
    [
        (((1, 1), (2, 1), (3, 1), (4, 1)), (2,), "3", "volume"),
        (((1, 2), (3, 2)), (2, 3), "3", ""),
        (((1, 2), (3, 2)), (3,), "3", "channelcopy"),
        (((2, 4),), (0, 1, 2, 3), "2", ""),
    ],
)
def test_a_clip_plays_the_stream_that_holds_its_channels(
    sounds: tuple[tuple[int, int], ...], channels: tuple[int, ...], index: str, effect: str
) -> None:
    media = replace(CAMERA, streams=Streams(0, sounds))
    project, losses = opened(heard(clip(0, 24, media, channels=channels)))
    assert Feature.CHANNELS not in features(losses)
    assert producers(project)[0]["audio_index"] == index
    assert [one["kdenlive_id"] for one in effects(project)] == [effect] * bool(effect)


def test_channels_of_several_streams_are_told_as_they_are_heard() -> None:
    media = replace(CAMERA, streams=Streams(0, ((1, 1), (2, 1), (3, 1), (4, 1))))
    _, losses = opened(heard(clip(0, 24, media, channels=(0, 1, 2))))
    told = [loss.message for loss in losses if loss.feature is Feature.CHANNELS]
    assert told == ["Kdenlive plays one stream of a file: channel 1, not 1, 2, 3"]


FOUR_MONOS = replace(CAMERA, streams=Streams(0, ((1, 1), (2, 1), (3, 1), (4, 1))))


def balances(project: ElementTree.Element, playlist: str) -> list[list[str]]:
    """Where each clip of a playlist is panned to: 0 left, 1 right."""
    panned = []
    for _, _, entry in entries(project, playlist):
        of_clip = [said(one) for one in entry.findall("filter")]
        panned.append([one["start"] for one in of_clip if one["kdenlive_id"] == "audiobalance"])
    return panned


@pytest.mark.parametrize("channels", [(0, 1), (1, 0), (2, 3)])
def test_a_stereo_clip_of_two_streams_is_one_clip_a_side(channels: tuple[int, int]) -> None:
    whole = clip(0, 24, BED), clip(24, 48, FOUR_MONOS, channels=channels)
    project, losses = opened(heard(*whole))
    told = [loss.message for loss in losses if loss.feature is Feature.CHANNELS]
    assert [one.endswith("the right ones lie on “A1 (right)”") for one in told] == [True]
    # The lowest sound track comes first.
    assert balances(project, "playlist1.0") == [[], ["0"]]
    assert balances(project, "playlist0.0") == [["1"]]
    assert [(first, last) for first, last, _ in entries(project, "playlist0.0")] == [(24, 48)]
    right, left = (
        entries(project, name)[-1][2].attrib["producer"] for name in ("playlist0.0", "playlist1.0")
    )
    assert said(by_id(project, left))["audio_index"] == str(channels[0] + 1)
    assert said(by_id(project, right))["audio_index"] == str(channels[1] + 1)


def test_a_cross_fade_of_two_such_clips_is_one_on_either_side() -> None:
    before, after = (clip(at, at + 48, FOUR_MONOS, media_in=MediaTime(Fraction(2))) for at in (0, 48))
    crossing = Transition("cross", RecordTime(Fraction(2)), Fraction(1, 2), Fraction(1, 2))
    project, losses = opened(heard(before, after, transitions=(crossing,)))
    assert Feature.TRANSITION not in features(losses)
    mixes = [len(by_id(project, f"track{number}").findall("transition")) for number in (0, 1)]
    assert mixes == [1, 1]


@pytest.mark.parametrize(("pan", "level"), [(-0.5, "-3.01"), (1.0, "3.01")])
def test_the_pan_of_such_a_clip_is_the_level_of_its_sides(pan: float, level: str) -> None:
    project, _ = opened(heard(clip(0, 24, FOUR_MONOS, mix=Mix(pan=pan))))
    volume = next(one for one in effects(project) if one["kdenlive_id"] == "volume")
    assert float(volume["level"].split("=")[1]) == pytest.approx(float(level), abs=0.01)
    assert balances(project, "playlist0.0") == [["1"]]


@pytest.mark.parametrize(
    ("streams", "service"), [(None, "avformat"), (Streams(0, ((1, 4),)), "avformat-novalidate")]
)
def test_the_picture_of_media_that_nobody_looked_at_is_found_by_mlt(
    streams: Streams | None, service: str
) -> None:
    """Unless it looks, it takes the first stream for the picture; where that is sound it is white [run]."""
    seen = Track("V1", TrackKind.VIDEO, (clip(0, 24, replace(CAMERA, streams=streams), channels=()),))
    project, _ = opened(replace(heard(clip(0, 24)), tracks=(seen,)))
    opened_by = [said(one)["mlt_service"] for one in project if one.get("id") == "clip0"]
    assert opened_by == [service]


def test_what_the_edge_of_a_nest_cuts_is_told_and_what_is_kept_is_not() -> None:
    inside = [clip(at, at + 48, media_in=MediaTime(Fraction(2))) for at in (0, 48)]
    crossing = Transition("cross", RecordTime(Fraction(2)), Fraction(1, 2), Fraction(1, 2))
    inner = heard(*inside, transitions=(crossing,))
    fading = Mix(fade_in_us=500_000)
    whole = Clip("whole", RecordTime(Fraction(0)), RecordTime(Fraction(4)), inner, mix=fading)
    cut = replace(whole, name="cut", mix=Mix(), start=RecordTime(Fraction(4)), end=RecordTime(Fraction(6)))
    project, losses = opened(heard(whole, cut))
    told = [str(loss) for loss in losses if loss.feature is Feature.TRANSITION]
    assert [one.startswith("“cut”") and "the nest's edge lies in it" in one for one in told] == [True]
    assert Feature.FADE not in features(losses)
    head = entries(project, "playlist0.0")[0][2]
    assert [said(one)["kdenlive_id"] for one in head.findall("filter")] == ["fadein"]


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
    assert "kdenlive:docproperties.profile" in said(by_id(project, "main_bin"))
    assert any("picture size" in loss.message for loss in losses) == (size != written)


def test_a_rate_without_a_profile_is_told() -> None:
    _, losses = opened(replace(heard(clip(0, 24), rate=Fraction(48)), size=(1920, 1080)))
    assert Feature.RATE in features(losses)


def test_a_sound_of_ours_is_shown_by_its_title() -> None:
    ours = clip(0, 24, name="Slow Tide", stem=Stem.MUSIC)
    project, losses = opened(heard(ours))
    assert "Slow Tide" in [said(one).get("kdenlive:clipname") for one in project]
    assert Feature.NAME not in features(losses)


def test_a_pan_turns_the_other_side_down() -> None:
    project, losses = opened(heard(clip(0, 24, mix=Mix(pan=-0.5))))
    assert [(one["kdenlive_id"], one["start"]) for one in effects(project)] == [("audiobalance", "0.25")]
    assert Feature.PAN not in features(losses)


def test_a_jump_of_the_gain_is_a_ramp_of_one_frame_and_told() -> None:
    keys = tuple(GainKey(seconds(at, RATE), gain) for at, gain in ((0, 0.0), (10, 0.0), (10, -6.0)))
    project, losses = opened(heard(clip(0, 24, mix=Mix(keys=keys))))
    assert [one["level"] for one in effects(project)] == ["0=0;9=0;10=-6"]
    assert Feature.GAIN in features(losses)


def test_a_marker_that_stands_on_no_frame_of_its_file_is_reported() -> None:
    """Kdenlive's markers are the file's: a still has one frame for all of them, and slow ones go between."""

    def told(speed: Fraction, at: Fraction) -> list[str]:
        shot = Media("s.mov", "/s.mov", duration=Fraction(60), rate=RATE, has_picture=True)
        marked = clip(0, 48, shot, speed=speed, markers=(Marker("m", at),), channels=())
        track = Track("V1", TrackKind.VIDEO, (marked,))
        _, losses = opened(settled(Timeline("cut", RATE, (track,))))
        return [loss.message for loss in losses if loss.feature is Feature.MARKER]

    still = "marker “m” stands at its head: all of it is one frame of its file"
    assert told(Fraction(0), 2 / RATE) == [still]
    assert told(Fraction(1, 2), 3 / RATE) == ["marker “m” moved to the nearest frame of its file"]
    for speed, at in ((Fraction(1, 2), 2 / RATE), (Fraction(0), Fraction(0)), (Fraction(2), 3 / RATE)):
        assert told(speed, at) == []


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
