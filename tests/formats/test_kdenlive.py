"""The .kdenlive writer. What real programs make of its files: tests/editors."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings

from avm_otio.formats.kdenlive.write import document
from avm_otio.timeline.features import Feature
from avm_otio.timeline.model import (
    Stem,
    Timeline,
    Transition,
)
from avm_otio.timeline.time import MediaTime, RecordTime
from tests.formats.kdenlive_project import (
    BED,
    FOLDER,
    RATE,
    by_id,
    clip,
    entries,
    features,
    heard,
    opened,
    properties,
    sequence,
)
from tests.models import RATES, plain, settled, timelines


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
        properties(by_id(project, entry.attrib["producer"]))["kdenlive:id"]
        for entry in by_id(project, "main_bin").findall("entry")
    ]
    assert len(bin_ids) == len(set(bin_ids))
    used = {properties(entry)["kdenlive:id"] for entry in project.iter("entry") if properties(entry)}
    assert used <= set(bin_ids)


@pytest.mark.parametrize("rate", RATES)
def test_the_project_opens_at_the_exact_rate(rate: Fraction) -> None:
    project, _ = opened(plain(rate))
    profile = project.find("profile")
    assert profile is not None
    assert Fraction(int(profile.attrib["frame_rate_num"]), int(profile.attrib["frame_rate_den"])) == rate
    name = properties(by_id(project, "main_bin"))["kdenlive:docproperties.profile"]
    assert name.startswith("atsc_1080p_")


def test_tracks_are_named_and_stand_in_kdenlives_order() -> None:
    project, _ = opened(plain())
    names = [
        properties(by_id(project, one.attrib["producer"])).get("kdenlive:track_name")
        for one in sequence(project).findall("track")
    ]
    assert names == [None, "AVM Effects 1", "AVM Music 1", "A1", "V1"]


def test_every_sound_track_is_summed_into_the_mix() -> None:
    mixes = [properties(one) for one in sequence(opened(plain())[0]).findall("transition")]
    assert [one["b_track"] for one in mixes if one["mlt_service"] == "mix" and one["sum"] == "1"] == list(
        "123"
    )


def test_media_below_the_project_are_named_relatively() -> None:
    media = replace(BED, path="/project/media/bed 100% & more.wav")
    project, _ = opened(heard(clip(0, 24, media)))
    assert properties(by_id(project, "clip0"))["resource"] == "media/bed 100% & more.wav"
    assert "root" not in project.attrib  # with an empty one, melt looks in the folder it was started in


def test_a_windows_path_is_written_with_slashes() -> None:
    project, _ = opened(heard(clip(0, 24, replace(BED, path="C:\\media\\bed.wav"))))
    assert properties(by_id(project, "clip0"))["resource"] == "C:/media/bed.wav"


def test_media_that_nobody_knows_the_place_of_are_reported() -> None:
    _, losses = opened(heard(clip(0, 24, replace(BED, path="", is_online=False))))
    assert Feature.MEDIA in features(losses)


def test_a_disabled_clip_shows_and_plays_nothing() -> None:
    project, _ = opened(heard(clip(0, 48, enabled=False)))
    producer = properties(by_id(project, "clip0"))
    assert (producer["set.test_audio"], producer["set.test_image"]) == ("1", "1")


def test_a_track_that_is_off_or_locked_is_so() -> None:
    track = replace(plain().tracks[2], enabled=False, locked=True)
    project, _ = opened(settled(Timeline("cut", RATE, (track,))))
    tractor = by_id(project, "track0")
    assert {one.attrib["hide"] for one in tractor.findall("track")} == {"both"}
    assert properties(tractor)["kdenlive:locked_track"] == "1"


def test_speed_is_a_timewarp_that_counts_in_its_own_frames() -> None:
    project, _ = opened(heard(clip(0, 24, media_in=MediaTime(Fraction(4)), speed=Fraction(2))))
    producer = properties(by_id(project, "clip0"))
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
    assert (mix.attrib["in"], mix.attrib["out"], properties(mix)["kdenlive:mixcut"]) == ("44", "54", "6")
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


def test_a_sound_of_ours_is_shown_by_its_title() -> None:
    ours = clip(0, 24, name="Slow Tide", stem=Stem.MUSIC)
    project, losses = opened(heard(ours))
    assert "Slow Tide" in [properties(one).get("kdenlive:clipname") for one in project]
    assert Feature.NAME not in features(losses)
