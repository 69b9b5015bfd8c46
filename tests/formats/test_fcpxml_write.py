"""What is written for Final Cut Pro."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from avm_otio.errors import TimelineError
from avm_otio.formats.fcpxml.write import document
from avm_otio.timeline.features import Feature, Loss
from avm_otio.timeline.model import (
    Clip,
    GainKey,
    Generator,
    Kept,
    Marker,
    Media,
    Mix,
    Stem,
    Timeline,
    Track,
    TrackKind,
    Transition,
)
from avm_otio.timeline.time import MediaTime, RecordTime
from tests.formats.fcpxml_rules import broken_rules, time
from tests.models import RATES, plain, settled, timelines

FOLDER = Path("/edit/film")
DTD_FOLDER = os.environ.get("AVM_FCPXML_DTD_DIR", "")


def written(timeline: Timeline) -> ElementTree.Element:
    root = ElementTree.fromstring(document(timeline, FOLDER)[0])
    assert broken_rules(root) == []
    return root


def losses_of(timeline: Timeline) -> tuple[Loss, ...]:
    return document(timeline, FOLDER)[1]


def lost_features(timeline: Timeline) -> set[Feature]:
    return {loss.feature for loss in losses_of(timeline)}


def clip_named(root: ElementTree.Element, name: str) -> ElementTree.Element:
    return next(one for one in root.iter("asset-clip") if one.get("name") == name)


def at(frames: int, rate: Fraction = Fraction(24)) -> RecordTime:
    return RecordTime(frames / rate)


def media(name: str, **more: object) -> Media:
    known = Media(name, f"/media/{name}", duration=Fraction(100), sample_rate_hz=48_000, channels=2)
    return replace(known, **more)


def picture(name: str, **more: object) -> Media:
    return media(name, **{"rate": Fraction(24), "size": (1920, 1080), "has_picture": True} | more)


def arranged(*tracks: Track, **more: object) -> Timeline:
    return replace(settled(Timeline("cut", Fraction(24), tracks, size=(1920, 1080))), **more)


def seen(*clips: Clip, **more: object) -> Track:
    return Track("V1", TrackKind.VIDEO, clips, **more)


def heard(*clips: Clip, **more: object) -> Track:
    return replace(Track("A1", TrackKind.AUDIO, clips, channels=2), **more)


@settings(max_examples=60)
@given(timelines())
def test_every_document_keeps_the_rules(timeline):
    written(timeline)


@pytest.mark.skipif(not DTD_FOLDER, reason="AVM_FCPXML_DTD_DIR does not say where Apple's DTDs lie")
@pytest.mark.skipif(not shutil.which("xmllint"), reason="xmllint is not installed")
@settings(max_examples=40, deadline=None)
@given(timelines())
def test_every_document_is_valid_against_apples_dtd(tmp_path_factory, timeline):
    path = tmp_path_factory.mktemp("dtd") / "cut.fcpxml"
    text = document(timeline, FOLDER)[0]
    for version in ("1.10", "1.11"):
        path.write_text(text.replace('version="1.10"', f'version="{version}"'), encoding="utf-8")
        dtd = Path(DTD_FOLDER) / f"FCPXMLv{version.replace('.', '_')}.dtd"
        run = subprocess.run(
            ["xmllint", "--noout", "--nonet", "--dtdvalid", str(dtd), str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: f"{float(rate):.2f}")
def test_a_project_has_the_format_and_the_start_of_its_rate(rate):
    root = written(plain(rate, start_frame=1000))
    sequence = next(root.iter("sequence"))
    shape = next(one for one in root.iter("format") if one.get("id") == sequence.get("format"))
    assert 1 / time(shape.get("frameDuration")) == rate
    assert shape.get("name", "").startswith("FFVideoFormat1080p")
    assert time(sequence.get("tcStart")) == 1000 / rate


def test_a_size_without_a_name_is_described():
    shape = next(written(replace(plain(), size=(1998, 1080))).iter("format"))
    assert (shape.get("name"), shape.get("width"), shape.get("height")) == (None, "1998", "1080")


def test_a_rate_that_final_cut_pro_has_not_is_refused_by_name():
    with pytest.raises(TimelineError, match=r"no project at 12\.5"):
        document(plain(Fraction(25, 2)), FOLDER)


def test_a_picture_and_its_own_sound_are_one_clip():
    shot = clip_named(written(plain()), "shot 1")
    assert shot.get("srcEnable") is None
    assert shot.get("audioRole") == "dialogue.A1"
    assert len([one for one in written(plain()).iter("asset-clip") if one.get("name") == "shot 1"]) == 1


def test_sound_whose_edges_differ_is_a_split_edit_of_its_picture():
    shot = picture("shot.mov")
    see = Clip("shot", at(24), at(48), shot, MediaTime(Fraction(10)), link=1)
    hear = replace(see, start=at(12), end=at(60), media_in=MediaTime(Fraction(19, 2)), channels=(0, 1))
    clip = clip_named(written(arranged(seen(see), heard(hear))), "shot")
    assert (clip.get("start"), clip.get("duration")) == ("10s", "1s")
    assert (clip.get("audioStart"), clip.get("audioDuration")) == ("19/2s", "2s")


def test_sound_out_of_sync_stays_by_itself_and_the_report_says_so():
    shot = picture("shot.mov")
    see = Clip("shot", at(0), at(48), shot, link=1)
    hear = replace(see, media_in=MediaTime(Fraction(1)), channels=(0, 1))
    timeline = arranged(seen(see), heard(hear))
    sources = [one.get("srcEnable") for one in written(timeline).iter("asset-clip")]
    assert sources == ["video", "audio"]
    assert Feature.LINK in lost_features(timeline)


def test_each_sound_track_has_a_role_of_its_stem_with_its_name():
    root = written(plain())
    assert clip_named(root, "Bed").get("audioRole") == "music.AVM Music 1"
    assert clip_named(root, "Hit").get("audioRole") == "effects.AVM Effects 1"


def test_no_two_tracks_share_a_role_and_no_name_breaks_one():
    hit = Clip("hit", at(0), at(4), media("hit.wav"), channels=(0, 1))
    tracks = [
        heard(replace(hit, start=at(n), end=at(n + 1)), name=name, stem=Stem.EFFECTS)
        for n, name in enumerate(("Hits", "hits", "a.b?c", ""))
    ]
    roles = [one.get("audioRole") for one in written(arranged(*tracks)).iter("asset-clip")]
    assert roles == ["effects.Hits", "effects.hits-2", "effects.a b c", "effects.effects-1"]


def test_an_offset_is_in_the_local_time_of_what_lies_beneath():
    shot = picture("shot.mov", start=MediaTime(Fraction(3600)))
    see = Clip("shot", at(24), at(72), shot, MediaTime(Fraction(3610)))
    hit = Clip("hit", at(36), at(40), media("hit.wav"), channels=(0, 1))
    clip = clip_named(written(arranged(seen(see), heard(hit), start_frame=86_400)), "hit")
    assert clip.get("offset") == f"{Fraction(3610) + Fraction(1, 2)}s"


def test_under_a_changed_speed_it_is_in_the_changed_time():
    see = Clip("shot", at(0), at(48), picture("shot.mov"), MediaTime(Fraction(20)), speed=Fraction(2))
    hit = Clip("hit", at(24), at(40), media("hit.wav"), channels=(0, 1))
    root = written(arranged(seen(see), heard(hit)))
    assert clip_named(root, "shot").get("start") == "10s"
    assert clip_named(root, "hit").get("offset") == "11s"
    points = [(one.get("time"), one.get("value")) for one in root.iter("timept")]
    assert points == [("0s", "0s"), ("50s", "100s")]


def test_sound_lies_to_the_sample():
    shift = Fraction(137, 48_000)
    hit = Clip("hit", RecordTime(at(5) + shift), RecordTime(at(9) + shift), media("hit.wav"), channels=(0, 1))
    root = written(arranged(seen(Clip("shot", at(0), at(48), picture("shot.mov"))), heard(hit)))
    assert time(clip_named(root, "hit").get("offset")) == at(5) + shift
    assert time(clip_named(root, "hit").get("duration")) == Fraction(4, 24)


def test_a_picture_between_frames_goes_to_the_nearest_and_the_report_says_so():
    late = Fraction(1, 100)
    see = Clip("shot", RecordTime(at(5) + late), RecordTime(at(9) + late), picture("shot.mov"))
    timeline = arranged(seen(see))
    assert time(clip_named(written(timeline), "shot").get("offset")) == at(5)
    assert Feature.TIME in lost_features(timeline)


def test_without_a_picture_sound_is_connected_to_a_gap():
    hit = Clip("hit", at(5), at(9), media("hit.wav"), channels=(0, 1))
    root = written(arranged(heard(hit)))
    (gap,) = next(root.iter("spine"))
    assert (gap.tag, gap[0].tag, gap[0].get("lane")) == ("gap", "asset-clip", "-1")


def test_gain_fades_and_key_frames_are_in_decibels_and_local_time():
    keys = (GainKey(Fraction(0), -6.5), GainKey(Fraction(1), 2.0))
    bed = Clip(
        "bed",
        at(0),
        at(48),
        media("bed.wav"),
        MediaTime(Fraction(5)),
        mix=Mix(0.0, 500_000, 1_000_000, keys),
        channels=(0, 1),
    )
    root = written(arranged(heard(bed)))
    assert [(one.get("time"), one.get("value")) for one in root.iter("keyframe")] == [
        ("5s", "-6.5dB"),
        ("6s", "2dB"),
    ]
    assert next(root.iter("fadeIn")).attrib == {"type": "linear", "duration": "1/2s"}
    assert next(root.iter("fadeOut")).attrib == {"type": "linear", "duration": "1s"}


@pytest.mark.parametrize(("gain", "amount"), [(-12.0, "-12dB"), (30.0, "12.0412dB"), (-144.0, "-96dB")])
def test_a_gain_is_held_to_what_final_cut_pro_takes(gain, amount):
    bed = Clip("bed", at(0), at(48), media("bed.wav"), mix=Mix(gain), channels=(0, 1))
    timeline = arranged(heard(bed))
    assert next(written(timeline).iter("adjust-volume")).get("amount") == amount
    assert (Feature.GAIN in lost_features(timeline)) == (gain != -12.0)


def test_some_channels_of_a_file_are_chosen():
    bed = Clip("bed", at(0), at(48), media("bed.wav", channels=4), channels=(2, 3))
    root = written(arranged(heard(bed)))
    found = [(one.get("srcCh"), one.get("active")) for one in root.iter("audio-channel-source")]
    assert found == [("3, 4", None), ("1, 2", "0")]


def test_a_timeline_marker_stands_on_what_lies_beneath_it():
    see = Clip("shot", at(0), at(24), picture("shot.mov"), MediaTime(Fraction(7)))
    marks = (Marker("on the shot", at(12), comment="line\none"), Marker("on nothing", at(36)))
    timeline = arranged(seen(see), markers=marks)
    root = written(timeline)
    shot, gap = next(root.iter("spine"))
    assert (shot[0].get("start"), shot[0].get("note")) == ("15/2s", "line\none")
    assert time(gap[0].get("start")) - time(gap.get("start")) == at(12)
    assert [loss.message for loss in losses_of(timeline)] == [
        "marker “on the shot” stands on what lies beneath it"
    ]


def test_what_is_disabled_is_disabled():
    hits = [one for one in written(plain()).iter("asset-clip") if one.get("name") == "Hit"]
    assert [one.get("enabled", "1") for one in hits] == ["1", "0"]


def test_a_disabled_track_has_its_clips_disabled():
    hit = Clip("hit", at(5), at(9), media("hit.wav"), channels=(0, 1))
    timeline = arranged(heard(hit, enabled=False))
    assert clip_named(written(timeline), "hit").get("enabled") == "0"
    assert Feature.DISABLED in lost_features(timeline)


def test_media_of_another_rate_are_shown_when_their_time_has_come():
    see = Clip("shot", at(0), at(24), picture("shot.mov", rate=Fraction(25)), MediaTime(Fraction(1)))
    root = written(arranged(seen(see)))
    assert next(root.iter("conform-rate")).attrib == {"scaleEnabled": "0", "srcFrameRate": "25"}
    assert clip_named(root, "shot").get("duration") == "1s"


def test_a_dissolve_overlaps_its_cut():
    shots = [
        Clip(name, at(n), at(n + 48), picture(name), MediaTime(Fraction(5)))
        for n, name in ((0, "a"), (48, "b"))
    ]
    dissolve = Transition("Cross Dissolve", at(48), Fraction(1, 2), Fraction(1, 4))
    (one,) = written(arranged(seen(*shots, transitions=(dissolve,)))).iter("transition")
    assert (one.get("offset"), one.get("duration")) == ("3/2s", "3/4s")
    assert [child.tag for child in one] == ["filter-video", "filter-audio"]


def test_what_transitions_join_above_the_spine_is_a_storyline():
    shots = [
        Clip(name, at(n), at(n + 48), picture(name), MediaTime(Fraction(5)))
        for n, name in ((24, "a"), (72, "b"))
    ]
    dissolve = Transition("Cross Dissolve", at(72), Fraction(1, 2), Fraction(1, 2))
    upper = Track("V2", TrackKind.VIDEO, tuple(shots), (dissolve,))
    root = written(arranged(seen(), upper))
    line = next(one for one in root.iter("spine") if one.get("lane") == "1")
    assert [(one.tag, one.get("offset")) for one in line] == [
        ("asset-clip", "0s"),
        ("transition", "3/2s"),
        ("asset-clip", "2s"),
    ]


def test_a_transition_at_no_cut_is_reported():
    see = Clip("shot", at(0), at(24), picture("shot.mov"))
    dissolve = Transition("Cross Dissolve", at(12), Fraction(1, 4), Fraction(1, 4))
    assert Feature.TRANSITION in lost_features(arranged(seen(see, transitions=(dissolve,))))


def test_a_generator_leaves_a_gap_and_a_line_in_the_report():
    timeline = arranged(seen(Clip("bars", at(0), at(24), Generator("bars", "SMPTEBars"))))
    assert [one.tag for one in next(written(timeline).iter("spine"))] == ["gap"]
    assert Feature.GENERATOR in lost_features(timeline)


def test_a_nest_is_a_compound_clip_written_once():
    inner = arranged(seen(Clip("shot", at(0), at(48), picture("shot.mov"))), start_frame=240)
    nests = [Clip("nest", at(n), at(n + 24), inner, MediaTime(Fraction(1))) for n in (0, 24)]
    root = written(arranged(seen(*nests)))
    assert len(list(root.iter("media"))) == 1
    assert [one.get("start") for one in root.iter("ref-clip")] == ["11s", "11s"]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("/edit/film/media/a b:c%.wav", "media/a%20b%3Ac%25.wav"),
        ("/edit/film2/é.wav", "file:///edit/film2/%C3%A9.wav"),
        ("C:\\Media\\a.wav", "file:///C:/Media/a.wav"),
        ("\\\\nas\\share\\a.wav", "file://nas/share/a.wav"),
        ("media/a%20b.wav", "media/a%20b.wav"),
        ("https://example.com/a.wav", "https://example.com/a.wav"),
        ("/media/\udcff.wav", "file:///media/%FF.wav"),
    ],
)
def test_media_are_named_by_url_below_the_folder_from_there(path, source):
    hit = Clip("hit", at(5), at(9), media("hit.wav", path=path), channels=(0, 1))
    assert next(written(arranged(heard(hit))).iter("media-rep")).get("src") == source


def test_media_of_which_little_is_known_say_what_is_used_and_are_reported():
    hit = Clip("hit", at(0), at(48), media("hit.wav", duration=None, path=""), MediaTime(Fraction(3)))
    timeline = arranged(heard(replace(hit, channels=(0, 1))))
    assert next(written(timeline).iter("asset")).get("duration") == "5s"
    assert len([loss for loss in losses_of(timeline) if loss.feature is Feature.MEDIA]) == 2


@pytest.mark.parametrize("name", ["]]>", 'a & <b> "c"', "tab\tand\nline", "\x07bell", "\ud800", "😀"])
def test_any_name_makes_a_sound_document(name):
    hit = Clip(
        name, at(5), at(9), media(name), channels=(0, 1), markers=(Marker(name, Fraction(0), comment=name),)
    )
    timeline = replace(arranged(heard(hit, name=name), markers=(Marker(name, at(6)),)), name=name)
    found = [one.get("name") for one in written(timeline).iter("asset-clip")]
    unsayable = name in ("\x07bell", "\ud800")
    assert (found != [name]) == unsayable
    assert (Feature.NAME in lost_features(timeline)) == unsayable


def test_what_was_kept_of_final_cut_pro_is_written_where_it_must_stand():
    kept = (
        Kept(
            "fcp",
            "filter",
            '<effect id="e1" name="Telephone" uid="T"/><filter-audio ref="e1" name="Telephone"/>',
        ),
        Kept("fcp", "keyword", '<keyword start="0s" duration="1s" value="red"/>'),
        Kept("fcp", "note", "<note>words</note>"),
    )
    hit = Clip("hit", at(5), at(9), media("hit.wav"), mix=Mix(-3.0), channels=(0, 1), kept=kept)
    root = written(arranged(heard(hit)))
    tags = [one.tag for one in clip_named(root, "hit")]
    assert tags == ["note", "adjust-volume", "keyword", "filter-audio"]
    assert next(root.iter("effect")).get("uid") == "T"


@pytest.mark.parametrize("text", ["<note>", "<script/>", '<filter-audio ref="r1"/>', "<!DOCTYPE x>"])
def test_what_was_kept_and_is_no_such_thing_is_left_out_and_reported(text):
    hit = Clip("hit", at(5), at(9), media("hit.wav"), channels=(0, 1), kept=(Kept("fcp", "it", text),))
    timeline = arranged(heard(hit))
    assert len(clip_named(written(timeline), "hit")) == 0
    assert Feature.EFFECT in lost_features(timeline)


def test_an_empty_timeline_is_an_empty_project():
    assert len(next(written(Timeline("", Fraction(25))).iter("spine"))) == 0


def test_a_name_of_markup_stays_a_name_in_the_track_list():
    hit = Clip("hit", at(5), at(9), media("hit.wav"), channels=(0, 1))
    root = written(arranged(heard(hit, name='"<&>"')))
    assert '\\"<&>\\"' in next(root.iter("string")).text
