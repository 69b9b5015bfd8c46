"""Kdenlive: gain, fades, pan, channels and the streams they lie in."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from fractions import Fraction

import pytest

from avm_otio.timeline.features import Feature
from avm_otio.timeline.model import (
    GainKey,
    Mix,
    Streams,
    Track,
    TrackKind,
    Transition,
)
from avm_otio.timeline.time import MediaTime, RecordTime
from tests.formats.kdenlive_project import (
    BED,
    CAMERA,
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
)
from tests.models import seconds


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
    _, losses = opened(heard(clip(0, 96, mix=Mix(0.0, 15_000, 15_000))))
    assert [loss.feature for loss in losses] == [Feature.FADE, Feature.FADE]
    _, losses = opened(heard(clip(0, 96, mix=Mix(0.0, 0, 10_000))))
    assert not losses  # against a click: nobody hears a frame of it


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
    messages = [loss.message for loss in losses if loss.feature is Feature.CHANNELS]
    assert messages == ["Kdenlive plays one stream of a file: channel 1, not 1, 2, 3"]


FOUR_MONOS = replace(CAMERA, streams=Streams(0, ((1, 1), (2, 1), (3, 1), (4, 1))))


def balances(project: ElementTree.Element, playlist: str) -> list[list[str]]:
    """Where each clip of a playlist is panned to: 0 left, 1 right."""
    panned = []
    for _, _, entry in entries(project, playlist):
        of_clip = [properties(one) for one in entry.findall("filter")]
        panned.append([one["start"] for one in of_clip if one["kdenlive_id"] == "audiobalance"])
    return panned


@pytest.mark.parametrize("channels", [(0, 1), (1, 0), (2, 3)])
def test_a_stereo_clip_of_two_streams_is_one_clip_a_side(channels: tuple[int, int]) -> None:
    whole = clip(0, 24, BED), clip(24, 48, FOUR_MONOS, channels=channels)
    project, losses = opened(heard(*whole))
    messages = [loss.message for loss in losses if loss.feature is Feature.CHANNELS]
    assert [one.endswith("the right ones lie on “A1 (right)”") for one in messages] == [True]
    # The lowest sound track comes first.
    assert balances(project, "playlist1.0") == [[], ["0"]]
    assert balances(project, "playlist0.0") == [["1"]]
    assert [(first, last) for first, last, _ in entries(project, "playlist0.0")] == [(24, 48)]
    right, left = (
        entries(project, name)[-1][2].attrib["producer"] for name in ("playlist0.0", "playlist1.0")
    )
    assert properties(by_id(project, left))["audio_index"] == str(channels[0] + 1)
    assert properties(by_id(project, right))["audio_index"] == str(channels[1] + 1)


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


def test_a_pan_turns_the_other_side_down() -> None:
    project, losses = opened(heard(clip(0, 24, mix=Mix(pan=-0.5))))
    assert [(one["kdenlive_id"], one["start"]) for one in effects(project)] == [("audiobalance", "0.25")]
    assert Feature.PAN not in features(losses)


def test_a_jump_of_the_gain_is_a_ramp_of_one_frame_and_told() -> None:
    keys = tuple(GainKey(seconds(at, RATE), gain) for at, gain in ((0, 0.0), (10, 0.0), (10, -6.0)))
    project, losses = opened(heard(clip(0, 24, mix=Mix(keys=keys))))
    assert [one["level"] for one in effects(project)] == ["0=0;9=0;10=-6"]
    assert Feature.GAIN in features(losses)
