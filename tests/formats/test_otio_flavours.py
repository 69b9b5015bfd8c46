"""OTIO for Premiere and for Kdenlive: what each reads is there, and what it does not read is reported."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest
from hypothesis import given, settings

from avm_otio.formats.otio import kdenlive as kdenlive_otio
from avm_otio.formats.otio import premiere as premiere_otio
from avm_otio.formats.otio.read import from_otio
from avm_otio.formats.otio.write import otio_of, timeline_of
from avm_otio.timeline.features import Feature, Loss
from avm_otio.timeline.model import Clip, Marker, Media, Mix, Streams, Timeline, Track, TrackKind, Transition
from avm_otio.timeline.time import MediaTime, RecordTime
from tests.models import RATES, differences, plain, settled, timelines

FOLDER = Path("/cut")
Json = dict[str, Any]
Flavoured = Callable[[Timeline, Path], tuple[Json, tuple[Loss, ...]]]


def premiere(wanted: Timeline) -> tuple[otio.schema.Timeline, tuple[Loss, ...]]:
    made, losses = premiere_otio.flavoured(wanted, FOLDER)
    return otio_of(made), losses


def kdenlive(wanted: Timeline) -> tuple[otio.schema.Timeline, tuple[Loss, ...]]:
    made, losses = kdenlive_otio.flavoured(wanted, FOLDER)
    return otio_of(made), losses


def features(losses: tuple[Loss, ...]) -> set[Feature]:
    return {loss.feature for loss in losses}


def noted(item: Any) -> Json:
    found: Json = json.loads(item.to_json_string())["metadata"].get("PremierePro_OTIO", {})
    return found


def picture(media_in: int = 10, *, start: int = 0, rate: Fraction = Fraction(24), **changes: Any) -> Timeline:
    """One shot of 96 frames from a file whose timecode starts at so many frames."""
    media = Media(
        "a.mov",
        "/media/a b#1.mov",
        MediaTime(start / rate),
        Fraction(1000),
        rate,
        (1920, 1080),
        channels=2,
        has_picture=True,
    )
    clip = Clip(
        "a", RecordTime(Fraction(0)), RecordTime(96 / rate), media, MediaTime((start + media_in) / rate)
    )
    track = Track("V1", TrackKind.VIDEO, (replace(clip, **changes),))
    return settled(Timeline("cut", rate, (track,), size=(1920, 1080)))


@pytest.mark.parametrize("flavoured", [premiere_otio.flavoured, kdenlive_otio.flavoured])
@settings(max_examples=25)
@given(wanted=timelines())
def test_the_timeline_given_is_not_touched(flavoured: Flavoured, wanted: Timeline) -> None:
    timeline = from_otio(timeline_of(wanted))
    before = json.dumps(timeline.raw)
    flavoured(timeline, FOLDER)
    assert json.dumps(timeline.raw) == before


# Premiere


def with_encoded_paths(wanted: Timeline) -> Timeline:
    """Paths as Premiere names them: URLs. The strategies' names have blanks and nothing else to encode."""
    tracks = []
    for track in wanted.tracks:
        clips = []
        for clip in track.clips:
            assert isinstance(clip.content, Media)
            url = "file://" + clip.content.path.replace(" ", "%20")
            clips.append(replace(clip, content=replace(clip.content, path=url)))
        tracks.append(replace(track, clips=tuple(clips)))
    return replace(wanted, tracks=tuple(tracks))


@settings(max_examples=50)
@given(timelines())
def test_for_premiere_it_says_all_that_the_timeline_says(wanted: Timeline) -> None:
    timeline, losses = premiere(wanted)
    assert not differences(from_otio(timeline), with_encoded_paths(wanted))
    clips = list(wanted.clips())
    assert (Feature.GAIN in features(losses)) == any(clip.mix.gain_db or clip.mix.keys for clip in clips)
    assert (Feature.FADE in features(losses)) == any(
        clip.mix.fade_in_us or clip.mix.fade_out_us for clip in clips
    )
    assert (Feature.SPEED in features(losses)) == any(clip.speed != 1 for clip in clips)


@pytest.mark.parametrize("rate", RATES)
def test_premieres_own_words_stand_beside_everything(rate: Fraction) -> None:
    timeline, _ = premiere(plain(rate))
    assert noted(timeline) == {"MetadataVersion": "1.0"}
    assert noted(timeline.tracks) == {
        "AudioFrameRate": 48_000.0,
        "VideoFrameRate": float(rate),
        "PixelAspectRatio": {"denominator": 1.0, "numerator": 1.0},
        "VideoResolution": {"height": 1080, "width": 1920},
    }
    video, sound = timeline.tracks[:2]
    assert noted(video) == {}
    assert noted(sound) == {"AudioChannels": {"ChannelType": "Stereo", "NumberOfChannels": 2}}
    assert noted(video[0]) == {"LinkID": 1, "OriginalChannelGroupIndex": 0, "SourceClipIndex": 0}
    both = [{"SecondaryChannelIndex": 0}, {"SecondaryChannelIndex": 1}]
    assert noted(sound[0]) == {
        "AudioChannels": {"ChannelType": "Stereo", "SecondaryAssignments": both},
        "LinkID": 1,
        "OriginalChannelGroupIndex": 0,
        "SourceClipIndex": 0,
    }


def test_premiere_gets_no_time_warp_that_does_nothing() -> None:
    wanted = picture()
    timeline = timeline_of(wanted)
    timeline.tracks[0][0].effects.append(otio.schema.LinearTimeWarp(time_scalar=1.0))
    made, losses = premiere(from_otio(timeline))
    assert len(made.tracks[0][0].effects) == 0
    assert losses == ()


def test_premiere_gets_ranges_in_the_medias_timecode_and_urls() -> None:
    wanted = picture(start=86_400, markers=(Marker("m", Fraction(1)),))
    made, _ = premiere(wanted)
    clip = made.tracks[0][0]
    assert clip.source_range.start_time.value == 86_410
    assert clip.media_reference.available_range.start_time.value == 86_400
    assert clip.media_reference.target_url == "file:///media/a%20b%231.mov"
    assert clip.markers[0].marked_range.start_time.value == 86_434


def test_what_premiere_would_not_read_is_sent_through_the_xml() -> None:
    _, losses = premiere(plain())
    assert features(losses) == {Feature.GAIN, Feature.FADE}
    assert all(loss.message.endswith("the .xml for Premiere says it") for loss in losses)


# Kdenlive


def imported(timeline: otio.schema.Timeline) -> Iterator[tuple[str, list[tuple[int, int, int, str]]]]:
    """What its importer makes of a file, track by track, bottom first: where each clip lies, what it plays.

    The last clip of a track keeps its place and loses its slip, as in the program.
    """
    rate = timeline.duration().rate
    audio = [track for track in timeline.tracks if track.kind == "Audio"]
    for track in [*reversed(audio), *(track for track in timeline.tracks if track not in audio)]:
        laid = []
        for clip in track:
            assert not isinstance(clip, otio.schema.Transition), "the clip after it would lose its slip"
            if not isinstance(clip, otio.schema.Clip):
                continue
            if not isinstance(clip.media_reference, otio.schema.ExternalReference):
                continue
            span = clip.trimmed_range_in_parent()
            available = clip.media_reference.available_range.start_time.rescaled_to(rate)
            into = clip.source_range.start_time.rescaled_to(rate) - available
            laid.append(
                (
                    round(span.start_time.rescaled_to(rate).value),
                    round(span.duration.rescaled_to(rate).value),
                    round(into.value),
                    clip.name,
                )
            )
        if laid:
            start, length, _, name = laid[-1]
            laid[-1] = (start, length, 0, name)
        yield track.name, laid


@settings(max_examples=60)
@given(timelines())
def test_what_kdenlive_lays_is_what_the_timeline_has(wanted: Timeline) -> None:
    made, losses = kdenlive(wanted)
    rate = wanted.rate
    found = list(imported(made))
    expected = []
    for track in [*reversed(wanted.audio_tracks), *wanted.video_tracks]:
        laid = []
        for clip in track.clips:
            if not clip.enabled:
                continue
            first, last = clip.frames(rate)
            assert clip.media is not None
            laid.append((first, last - first, round((clip.media_start - clip.media.start) * rate), clip.name))
        expected.append((track.name, laid))
    plays = [(name, [one for one in laid if one[3] != kdenlive_otio.STUB]) for name, laid in found]
    assert plays == expected
    stubs = [one for _, laid in found for one in laid if one[3] == kdenlive_otio.STUB]
    assert all((start >= wanted.frames, length, into) == (True, 1, 0) for start, length, into, _ in stubs)
    assert len(stubs) == sum("to be deleted" in loss.message for loss in losses)
    switched_off = sum(not clip.enabled for clip in wanted.clips())
    assert sum(loss.feature is Feature.DISABLED for loss in losses) == switched_off


def test_a_last_clip_from_the_start_of_its_file_needs_nothing_after_it() -> None:
    made, losses = kdenlive(picture(media_in=0))
    assert len(made.tracks[0]) == 1
    assert Feature.TRACK not in features(losses)


def test_kdenlive_gets_plain_paths_and_hears_of_marks_that_older_ones_trip_over() -> None:
    made, losses = kdenlive(picture())
    assert made.tracks[0][0].media_reference.target_url == "/media/a b#1.mov"
    assert [loss.feature for loss in losses] == [Feature.MEDIA, Feature.TRACK]


def test_tracks_keep_their_order_and_older_kdenlives_are_told_of() -> None:
    wanted = picture()
    above = replace(wanted.tracks[0], name="V2")
    made, losses = kdenlive(settled(replace(wanted, tracks=(*wanted.tracks, above))))
    assert [track.name for track in made.tracks] == ["V1", "V2"]
    assert any("upside down" in loss.message for loss in losses)


def test_a_marker_on_a_clip_counts_from_its_head_less_the_files_timecode() -> None:
    """The importer adds it to the start of the clip's range, timecode and all."""
    made, _ = kdenlive(picture(start=86_400, markers=(Marker("m", Fraction(1), comment="c"),)))
    clip = made.tracks[0][0]
    marker = clip.markers[0]
    at = clip.source_range.start_time + marker.marked_range.start_time
    assert (at.value, marker.comment) == (10 + 24, "m: c")


def test_a_files_timecode_is_counted_at_the_timelines_rate() -> None:
    rate = Fraction(24_000, 1001)
    wanted = picture(start=86_400)
    shot = wanted.tracks[0].clips[0]
    shot = replace(shot, end=RecordTime(96 / rate))
    made, _ = kdenlive(replace(wanted, rate=rate, tracks=(replace(wanted.tracks[0], clips=(shot,)),)))
    start = made.tracks[0][0].source_range.start_time
    assert (round(start.value, 3), start.rate) == (round(86_400 + 10 / 24 * float(rate), 3), float(rate))


def test_timeline_markers_are_frames_of_the_timeline_with_all_words_in_the_comment() -> None:
    wanted = replace(picture(), markers=(Marker("cue", Fraction(2), comment="here"),))
    made, _ = kdenlive(wanted)
    (marker,) = made.tracks.markers
    span = marker.marked_range
    assert (span.start_time.value, span.start_time.rate, marker.comment) == (48, 24, "cue: here")


def test_a_nest_is_opened_and_what_is_not_read_is_reported() -> None:
    inner = picture(speed=Fraction(2))
    nest = Clip("scene", RecordTime(Fraction(0)), RecordTime(Fraction(2)), inner, MediaTime(Fraction(1)))
    loud = replace(plain().audio_tracks[0].clips[1], mix=Mix(-6.0, 1000, 0), start=RecordTime(Fraction(0)))
    gone = Media("gone", "/gone.wav", duration=Fraction(9), channels=2, is_online=False)
    lost = replace(loud, content=gone, start=loud.end, end=RecordTime(loud.end + 1), mix=Mix())
    wanted = settled(
        Timeline(
            "cut",
            Fraction(24),
            (
                Track("V1", TrackKind.VIDEO, (nest,)),
                Track("A1", TrackKind.AUDIO, (loud, lost), channels=2),
            ),
            start_frame=86_400,
        )
    )
    made, losses = kdenlive(wanted)
    assert made.tracks[0][0].name == "a"
    assert features(losses) >= {
        Feature.NEST,
        Feature.SPEED,
        Feature.GAIN,
        Feature.FADE,
        Feature.MEDIA,
        Feature.START,
    }


@pytest.mark.parametrize("at", [0, 96, 192])
def test_a_dissolve_is_left_out_for_the_in_point_after_it(at: int) -> None:
    wanted = picture()
    first = wanted.tracks[0].clips[0]
    second = replace(first, start=first.end, end=RecordTime(Fraction(8)))
    dissolve = Transition("x", RecordTime(Fraction(at, 24)), Fraction(1, 6), Fraction(1, 6))
    track = replace(wanted.tracks[0], clips=(first, second), transitions=(dissolve,))
    made, losses = kdenlive(settled(replace(wanted, tracks=(track,))))
    assert not any(isinstance(child, otio.schema.Transition) for child in made.tracks[0])
    assert Feature.TRANSITION in features(losses)


@pytest.mark.parametrize(
    ("channels", "streams", "message"),
    [
        ((3,), None, "it plays all 6 channels of its file, not 4"),
        ((1,), ((0, 1), (1, 1)), "Kdenlive plays one stream of a file: channel 1, not 2"),
        ((0,), ((0, 1), (1, 1)), ""),
        ((0, 1, 2, 3, 4, 5), None, ""),
    ],
)
def test_kdenlive_plays_all_channels_of_a_file_and_says_which_were_meant(
    channels: tuple[int, ...], streams: tuple[tuple[int, int], ...] | None, message: str
) -> None:
    media = Media("a.wav", "/a.wav", duration=Fraction(60), sample_rate_hz=48_000, channels=6)
    if streams:
        media = replace(media, channels=len(streams), streams=Streams(None, streams))
    clip = Clip("a", RecordTime(Fraction(0)), RecordTime(Fraction(2)), media, channels=channels)
    track = Track("A1", TrackKind.AUDIO, (clip,), channels=len(channels))
    _, losses = kdenlive(settled(Timeline("cut", Fraction(25), (track,))))
    messages = [loss.message for loss in losses if loss.feature is Feature.CHANNELS]
    assert messages == ([message] if message else [])
