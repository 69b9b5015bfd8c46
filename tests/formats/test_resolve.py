"""A timeline for DaVinci Resolve says what is heard in Resolve's words, and comes back."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avm_otio.formats.otio.read import from_otio
from avm_otio.formats.otio.resolve import flavoured
from avm_otio.formats.otio.write import timeline_of
from avm_otio.timeline.features import Feature, Loss
from avm_otio.timeline.model import (
    Clip,
    GainKey,
    Generator,
    ImageSequence,
    Marker,
    Media,
    Mix,
    Timeline,
    Track,
    TrackKind,
)
from avm_otio.timeline.time import MediaTime, RecordTime
from tests.formats.resolve_otio import (
    FOLDER,
    Json,
    as_json,
    full,
    objects,
    one_sound,
    shapes,
    volume_of,
    written,
)
from tests.models import RATES, differences, plain, settled, timelines
from tests.real_files import real_file


def with_clips(timeline: Timeline, **changes: Any) -> Timeline:
    """The timeline, each clip changed."""
    tracks = (
        replace(track, clips=tuple(replace(clip, **changes) for clip in track.clips))
        for track in timeline.tracks
    )
    return replace(timeline, tracks=tuple(tracks))


def without_our_words(timeline: otio.schema.Timeline) -> otio.schema.Timeline:
    """What Resolve makes of it: metadata that are not its own do not survive there."""
    document = as_json(timeline)
    for one in objects(document):
        one.get("metadata", {}).pop("avm", None)
    return otio.core.deserialize_json_from_string(json.dumps(document))


def of(losses: tuple[Loss, ...], feature: Feature) -> list[Loss]:
    return [loss for loss in losses if loss.feature is feature]


# Round trips


def with_points(wanted: Timeline) -> Timeline:
    """Markers as Resolve keeps them: one frame long is a point."""
    frame = 1 / wanted.rate

    def points(markers: tuple[Marker, ...]) -> tuple[Marker, ...]:
        return tuple(replace(one, duration=one.duration * (one.duration > frame)) for one in markers)

    return replace(
        wanted,
        markers=points(wanted.markers),
        tracks=tuple(
            replace(
                track,
                clips=tuple(replace(clip, markers=points(clip.markers)) for clip in track.clips),
            )
            for track in wanted.tracks
        ),
    )


@settings(max_examples=50)
@given(timelines())
def test_it_says_all_that_the_timeline_says(wanted: Timeline) -> None:
    timeline, losses = written(wanted)
    expected = with_points(wanted)
    assert not differences(from_otio(timeline), expected)
    assert bool(of(losses, Feature.MARKER)) == (expected != wanted)


def in_resolve(wanted: Timeline) -> Timeline:
    """What is left of a timeline in Resolve's words alone."""
    rate = wanted.rate
    tracks = []
    for track in with_points(wanted).tracks:
        clips = []
        for clip in track.clips:
            first, last = clip.frames(rate)
            start, end = RecordTime(first / rate), RecordTime(last / rate)
            clips.append(replace(clip, start=start, end=end, stem=None, alternative=0, offer=None))
        tracks.append(replace(track, clips=tuple(clips), stem=None))
    return with_bare_media(replace(wanted, tracks=tuple(tracks), markers=with_points(wanted).markers))


def with_bare_media(wanted: Timeline) -> Timeline:
    """Without what only a file itself can say, and what the file's timecode counts."""
    tracks = tuple(
        replace(
            track,
            clips=tuple(
                replace(clip, content=Media(clip.media.name, clip.media.path, clip.media.start))
                for clip in track.clips
                if clip.media
            ),
        )
        for track in wanted.tracks
    )
    return replace(wanted, tracks=tracks, size=None, drop_frame=False)


@pytest.mark.slow
@settings(max_examples=80)
@given(timelines())
def test_its_own_words_alone_say_all_but_what_is_reported(wanted: Timeline) -> None:
    timeline, losses = written(wanted)
    found = from_otio(without_our_words(timeline))
    assert not differences(with_bare_media(found), in_resolve(wanted))
    reported = {loss.item for loss in of(losses, Feature.TIME)}
    off = {
        wanted.named(clip)
        for clip in wanted.clips()
        for edge, frame in zip((clip.start, clip.end), clip.frames(wanted.rate), strict=True)
        if abs(edge - frame / wanted.rate) * 48_000 >= 1
    }
    assert reported == off
    assert bool(of(losses, Feature.START)) == wanted.drop_frame
    assert {loss.feature for loss in losses} <= {Feature.TIME, Feature.START, Feature.MARKER}


@pytest.mark.parametrize("rate", RATES)
def test_at_every_rate_the_plain_one_comes_back_without_a_loss(rate: Fraction) -> None:
    timeline, losses = written(plain(rate))
    assert losses == ()
    assert not differences(from_otio(timeline), plain(rate))
    assert not differences(with_bare_media(from_otio(without_our_words(timeline))), in_resolve(plain(rate)))


@pytest.mark.slow
@settings(max_examples=40)
@given(timelines())
def test_a_second_time_changes_nothing(wanted: Timeline) -> None:
    timeline, _ = written(wanted)
    again, _ = written(from_otio(timeline))
    assert again.is_equivalent_to(timeline)


@settings(max_examples=40)
@given(timelines())
def test_the_timeline_given_is_not_touched_and_is_copied(wanted: Timeline) -> None:
    timeline = from_otio(timeline_of(wanted))
    before = json.dumps(timeline.raw)
    flavoured(timeline, FOLDER)
    assert json.dumps(timeline.raw) == before


def test_a_file_of_resolves_own_comes_out_as_it_came_in() -> None:
    timeline = otio.adapters.read_from_file(str(real_file("resolve/picchu-effects.otio")))
    made, losses = written(from_otio(timeline))
    assert made.is_equivalent_to(timeline)
    assert losses == ()


# One by one


def first_clip(timeline: otio.schema.Timeline) -> Json:
    clip: Json = next(one for one in objects(as_json(timeline)) if one["OTIO_SCHEMA"].startswith("Clip."))
    return clip


def reference(timeline: otio.schema.Timeline) -> Json:
    found: Json = first_clip(timeline)["media_references"]["DEFAULT_MEDIA"]
    return found


def span(raw: Json) -> tuple[float, float, float]:
    return raw["start_time"]["value"], raw["duration"]["value"], raw["duration"]["rate"]


def test_what_is_at_its_default_is_left_out() -> None:
    assert volume_of(Mix()) == []
    (effect,) = volume_of(Mix(fade_out_us=500_000))
    parameters = effect["metadata"]["Resolve_OTIO"]["Parameters"]
    assert [(one["Parameter ID"], one["Parameter Value"]) for one in parameters] == [("faderOut", 12.0)]


@pytest.mark.parametrize(("asked", "written_db"), [(-120.0, -100.0), (40.0, 30.0), (-100.0, None)])
def test_a_gain_beyond_resolves_is_held_and_reported(asked: float, written_db: float | None) -> None:
    _, losses = written(one_sound(mix=Mix(asked)))
    (effect,) = volume_of(Mix(asked))
    (parameter,) = effect["metadata"]["Resolve_OTIO"]["Parameters"]
    assert parameter["Parameter Value"] == (asked if written_db is None else written_db)
    assert len(of(losses, Feature.GAIN)) == (written_db is not None)


def test_a_gain_key_between_frames_goes_to_its_nearest_and_is_reported() -> None:
    keys = (GainKey(Fraction(1, 100), -3.0), GainKey(Fraction(1), 0.0))
    timeline, losses = written(one_sound(mix=Mix(keys=keys)))
    assert len(of(losses, Feature.TIME)) == 1
    (clip,) = from_otio(without_our_words(timeline)).clips()
    assert clip.mix.keys == (GainKey(Fraction(0), -3.0), GainKey(Fraction(1), 0.0))


def test_a_volume_that_the_user_set_stays_unless_the_mix_is_another() -> None:
    timeline, _ = written(one_sound(mix=Mix(-6.0)))
    theirs = without_our_words(timeline)
    effect = theirs.tracks[0][0].effects[0]
    effect.metadata["Resolve_OTIO"]["Display Type"] = 1
    same, _ = written(from_otio(theirs))
    assert same.tracks[0][0].effects[0].metadata["Resolve_OTIO"]["Display Type"] == 1
    louder, _ = written(with_clips(from_otio(theirs), mix=Mix(3.0)))
    assert [clip.mix for clip in from_otio(louder).clips()] == [Mix(3.0)]
    assert len(louder.tracks[0][0].effects) == 1


def test_ranges_count_in_the_medias_own_timecode() -> None:
    start = MediaTime(Fraction(3600))
    media = Media("a.mov", "/a.mov", start, Fraction(100), Fraction(25), channels=2, has_picture=True)
    clip = Clip("a", RecordTime(Fraction(0)), RecordTime(Fraction(4)), media, MediaTime(start + 10))
    shot = settled(Timeline("cut", Fraction(24), (Track("V1", TrackKind.VIDEO, (clip,)),)))
    timeline = timeline_of(shot)
    timeline.tracks[0][0].source_range = otio.opentime.TimeRange(
        otio.opentime.RationalTime(240, 24), otio.opentime.RationalTime(96, 24)
    )
    made, _ = written(with_clips(from_otio(timeline), content=media, media_in=clip.media_in))
    assert span(first_clip(made)["source_range"]) == (3610 * 24, 96, 24)
    assert span(reference(made)["available_range"]) == (3600 * 25, 2500, 25)
    assert as_json(made)["global_start_time"]["value"] == 0


def test_media_of_unknown_length_are_as_long_as_what_is_used_of_them() -> None:
    media = Media("a.wav", "/a.wav", channels=2)
    clips = tuple(
        Clip(
            "a",
            RecordTime(Fraction(at)),
            RecordTime(Fraction(at + 2)),
            media,
            MediaTime(Fraction(into)),
            channels=(0, 1),
        )
        for at, into in ((0, 5), (4, 1))
    )
    made, losses = written(
        settled(Timeline("cut", Fraction(25), (Track("A1", TrackKind.AUDIO, clips, channels=2),)))
    )
    assert span(reference(made)["available_range"]) == (25, 150, 25)
    assert len(of(losses, Feature.MEDIA)) == 2


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/media/50 % #1 é.wav", "/media/50 % #1 é.wav"),
        (r"C:\Media\a b.wav", r"C:\Media\a b.wav"),
        ("file:///media/a%20b.wav", "/media/a b.wav"),
        ("file:///C:/Media/a%20b.wav", r"C:\Media\a b.wav"),
        ("media/a.wav", "/cut/media/a.wav"),
    ],
)
def test_media_are_named_by_a_plain_absolute_path(path: str, url: str) -> None:
    made, losses = written(one_sound(content=Media("a", path, duration=Fraction(8), channels=2)))
    assert reference(made)["target_url"] == url
    assert losses == ()


def test_offline_media_keep_their_path_where_resolve_keeps_it() -> None:
    gone = Media("a.wav", r"D:\a.wav", duration=Fraction(8), channels=2, is_online=False)
    made, _ = written(one_sound(content=gone))
    found = reference(made)
    assert found["OTIO_SCHEMA"] == "MissingReference.1"
    assert found["metadata"]["Resolve_OTIO"] == {"Media Url": r"D:\a.wav"}
    assert span(found["available_range"]) == (0, 192, 24)


def test_numbered_images_have_one_name() -> None:
    images = ImageSequence("a.", ".exr", 990, 1, 4)
    media = Media("a", "/shots", duration=Fraction(5), rate=Fraction(24), sequence=images, has_picture=True)
    clip = Clip("a", RecordTime(Fraction(0)), RecordTime(Fraction(4)), media)
    shot = settled(Timeline("cut", Fraction(24), (Track("V1", TrackKind.VIDEO, (clip,)),)))
    made, losses = written(shot)
    assert reference(made)["target_url"] == "/shots/a.[0990-1109].exr"
    assert losses == ()
    (again,) = from_otio(without_our_words(made)).media()
    assert (again.path, again.sequence) == ("/shots/", images)


@pytest.mark.parametrize(
    ("channels", "audio_type"), [(1, "Mono"), (2, "Stereo"), (6, "5.1"), (8, "7.1"), (3, "Adaptive 3")]
)
def test_a_track_says_its_channels_and_a_clip_which_it_plays(channels: int, audio_type: str) -> None:
    wanted = one_sound(channels=tuple(range(channels)))
    wanted = replace(wanted, tracks=(replace(wanted.tracks[0], channels=channels),))
    made, losses = written(wanted)
    assert made.tracks[0].metadata["Resolve_OTIO"]["Audio Type"] == audio_type
    listed = first_clip(made)["metadata"]["Resolve_OTIO"]["Channels"]
    assert [one["Source Channel ID"] for one in listed] == list(range(channels))
    assert len(of(losses, Feature.CHANNELS)) == (channels == 3)


def test_sounds_that_cross_do_so_as_resolve_has_it() -> None:
    made, _ = written(full())
    (transition,) = [one for one in objects(as_json(made)) if one["OTIO_SCHEMA"].startswith("Transition.")]
    assert (transition["name"], transition["transition_type"]) == ("Cross Fade 0 dB", "SMPTE_Dissolve")
    assert transition["metadata"]["Resolve_OTIO"]["Transition Type"] == "Cross Fade 0DB"


def test_a_retimed_picture_has_its_warp_beside_an_empty_retime() -> None:
    made, _ = written(full())
    warp, retime = first_clip(made)["effects"]
    assert (warp["OTIO_SCHEMA"], warp["time_scalar"], warp["effect_name"]) == ("LinearTimeWarp.1", 2.0, "")
    assert retime["metadata"]["Resolve_OTIO"]["Effect Name"] == "Retime and Scaling"
    assert retime["metadata"]["Resolve_OTIO"]["Parameters"] == []


@given(
    st.sampled_from(RATES),
    st.sampled_from([Fraction(1, 2), Fraction(2), Fraction(5, 2), Fraction(-1)]),
    st.integers(0, 95),
)
@settings(max_examples=30)
def test_a_marker_stays_at_its_place_on_a_retimed_clip(rate: Fraction, speed: Fraction, at: int) -> None:
    media = Media("a.mov", "/a.mov", MediaTime(Fraction(3600)), Fraction(1000), rate, has_picture=True)
    marker = Marker("here", at / rate, 4 / rate, "note", "RED")
    clip = Clip(
        "a",
        RecordTime(Fraction(0)),
        RecordTime(96 / rate),
        media,
        MediaTime(3600 + 4800 / rate),
        speed,
        markers=(marker,),
    )
    made, _ = written(settled(Timeline("cut", rate, (Track("V1", TrackKind.VIDEO, (clip,)),))))
    (found,) = from_otio(without_our_words(made)).clips()
    assert found.markers == (marker,)
    assert found.media_in == clip.media_in


def test_notes_stand_where_resolve_keeps_them() -> None:
    made, _ = written(full())
    markers = [one for one in objects(as_json(made)) if one["OTIO_SCHEMA"].startswith("Marker.")]
    assert [one["metadata"]["Resolve_OTIO"]["Note"] for one in markers] == ["here", "42 EUR"]
    assert all(one["marked_range"]["duration"]["value"] == 1.0 for one in markers)


def test_names_lose_what_does_not_print() -> None:
    wanted = replace(one_sound(name="a\tb\nc"), name="cut\x07")
    made, losses = written(wanted)
    assert (made.name, made.tracks[0][0].name) == ("cut ", "a b c")
    assert len(of(losses, Feature.NAME)) == 2


def test_what_resolve_has_no_word_for_is_reported() -> None:
    bars = Clip("bars", RecordTime(Fraction(0)), RecordTime(Fraction(1)), Generator("bars", "SMPTEBars"))
    loud = replace(plain().video_tracks[0].clips[1], start=RecordTime(Fraction(1)), mix=Mix(-3.0))
    track = Track("V1", TrackKind.VIDEO, (bars, loud), markers=(Marker("m", Fraction(0)),))
    _, losses = written(settled(Timeline("cut", Fraction(24), (track,))))
    assert {loss.feature for loss in losses} == {Feature.GENERATOR, Feature.GAIN, Feature.MARKER}


def test_nests_are_written_with_all_that_is_in_them() -> None:
    nest = Clip(
        "scene",
        RecordTime(Fraction(0)),
        RecordTime(Fraction(4)),
        full(),
        MediaTime(Fraction(1)),
        channels=(0, 1),
    )
    wanted = settled(replace(plain(), tracks=(Track("A1", TrackKind.AUDIO, (nest,), channels=2),)))
    made, _ = written(wanted)
    found = shapes(as_json(made))
    assert {"volume", "fader", "marker", "missing"} <= set(found)
    (clip,) = from_otio(made).clips()
    assert isinstance(clip.content, Timeline)
    assert [one.mix for one in clip.content.clips()] == [one.mix for one in full().clips()]


def test_lengths_counted_in_samples_become_frames_where_each_edge_lies() -> None:
    timeline = otio.schema.Timeline("cut")
    video = otio.schema.Track("V1", kind="Video")
    video.append(otio.schema.Gap(duration=otio.opentime.RationalTime(250, 25)))
    track = otio.schema.Track("A1", kind="Audio")
    for name in "abc":
        available = otio.opentime.TimeRange(duration=otio.opentime.RationalTime(480_000, 48_000))
        sound = otio.schema.Clip(name, otio.schema.ExternalReference(f"/{name}.wav", available))
        sound.source_range = otio.opentime.TimeRange(duration=otio.opentime.RationalTime(48_900, 48_000))
        track.append(sound)
    timeline.tracks.extend([video, track])
    made, losses = written(from_otio(timeline))
    lengths = [child.source_range.duration for child in made.tracks[1]]
    assert [(one.value, one.rate) for one in lengths] == [(25, 25), (26, 25), (25, 25)]
    assert len(of(losses, Feature.TIME)) == 3


def test_a_window_on_a_track_is_cut_out_of_it() -> None:
    timeline = timeline_of(plain())
    timeline.tracks[0].source_range = otio.opentime.TimeRange(
        otio.opentime.RationalTime(24, 24), otio.opentime.RationalTime(168, 24)
    )
    wanted = from_otio(timeline)
    made, _ = written(wanted)
    assert made.tracks[0].source_range is None
    assert not differences(from_otio(made).video_tracks, wanted.video_tracks)
