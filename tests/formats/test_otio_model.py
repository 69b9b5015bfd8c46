"""A timeline says all of a timeline, and a timeline all of a timeline."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import opentimelineio as otio
import pytest
from hypothesis import given, settings

from avm_otio.formats.otio.read import from_otio
from avm_otio.formats.otio.write import timeline_of
from avm_otio.timeline.model import Clip, GainKey, ImageSequence, Mix, Timeline, Track, TrackKind
from avm_otio.timeline.time import RecordTime
from tests.models import differences, plain, settled, timelines
from tests.real_files import real_file
from tests.timelines import clip as own_clip
from tests.timelines import time_range, track
from tests.timelines import timeline as timeline_with

FILM = Fraction(24)


def cut_of(*items: otio.core.Item) -> otio.schema.Timeline:
    return timeline_with(track(*items, name="V1"))


@pytest.mark.slow
@given(timelines())
def test_a_timeline_of_an_timeline_says_all_of_it(wanted: Timeline) -> None:
    assert not differences(from_otio(timeline_of(wanted)), wanted)


@settings(max_examples=25)
@given(timelines(), timelines())
def test_a_nest_says_all_of_the_timeline_that_it_was(outer: Timeline, inner: Timeline) -> None:
    inner = replace(inner, duration=inner.duration + Fraction(3), name="reel two")
    length = RecordTime(Fraction(48) / outer.rate)
    nest = Clip("the nest", RecordTime(Fraction(0)), length, inner)
    wanted = replace(outer, tracks=(Track("N", TrackKind.VIDEO, (nest,)), *outer.tracks))
    wanted = settled(replace(wanted, size=None))
    assert not differences(replace(from_otio(timeline_of(wanted)), size=None), wanted)


def test_sound_of_the_users_own_keeps_its_place_between_frames() -> None:
    sound = plain().tracks[3]
    moved = replace(
        sound,
        stem=None,
        clips=tuple(
            replace(
                clip,
                stem=None,
                start=RecordTime(clip.start + Fraction(100, 48_000)),
                end=RecordTime(clip.end + Fraction(100, 48_000)),
            )
            for clip in sound.clips
        ),
    )
    wanted = replace(plain(), tracks=(*plain().tracks[:3], moved))
    assert not differences(from_otio(timeline_of(wanted)), wanted)


def test_a_nested_track_with_a_window_is_cut_once() -> None:
    inner = otio.schema.Track("inner", [own_clip("a", 0, 48), own_clip("b", 100, 48)])
    inner.source_range = time_range(24, 48, FILM)
    (clip,) = from_otio(cut_of(inner)).tracks[0].clips
    assert isinstance(clip.content, Timeline)
    assert clip.media_in == 0
    assert [one.frames(FILM) for one in clip.content.tracks[0].clips] == [(0, 24), (24, 72)]


def test_the_plain_one_says_all_of_it() -> None:
    assert not differences(from_otio(timeline_of(plain())), plain())


# What DaVinci Resolve writes: shapes as in files of its own.


def volume(parameters: list[dict[str, object]], *, enabled: bool = True) -> otio.schema.Effect:
    noted = {
        "Effect Name": "Fairlight Clip Volume and Fades",
        "Enabled": enabled,
        "Name": "Volume",
        "Parameters": parameters,
        "Type": 62,
    }
    return otio.schema.Effect(effect_name="Resolve Effect", metadata={"Resolve_OTIO": noted})


def parameter(name: str, value: float, keys: dict[str, float] | None = None) -> dict[str, object]:
    frames = {at: {"Value": gain, "Variant Type": "Double"} for at, gain in (keys or {}).items()}
    return {
        "Default Parameter Value": 0.0,
        "Key Frames": frames,
        "Parameter ID": name,
        "Parameter Value": value,
        "Variant Type": "Double",
    }


def resolve_clip(name: str = "hit.wav", frames: int = 48, **noted: object) -> otio.schema.Clip:
    reference = otio.schema.ExternalReference(f"/media/{name}", time_range(0, 480, FILM))
    reference.name = name
    clip = otio.schema.Clip(name, reference, time_range(0, frames, FILM))
    clip.metadata["Resolve_OTIO"] = noted
    return clip


def resolve_timeline(*clips: otio.schema.Clip, audio_type: str = "Stereo") -> otio.schema.Timeline:
    timeline = otio.schema.Timeline("", global_start_time=otio.opentime.RationalTime(86_400, 24))
    video = otio.schema.Track("Video 1", kind="Video")
    video.append(otio.schema.Gap(source_range=time_range(0, 480, FILM)))
    audio = otio.schema.Track("Audio 1", kind="Audio")
    audio.metadata["Resolve_OTIO"] = {"Audio Type": audio_type, "Locked": True, "SoloOn": False}
    audio.extend(list(clips))
    timeline.tracks.extend([video, audio])
    return timeline


def only_clip(timeline: otio.schema.Timeline) -> Clip:
    (clip,) = from_otio(timeline).clips()
    return clip


def test_resolve_says_gain_and_fades_in_decibels_and_frames() -> None:
    clip = resolve_clip()
    faders = [parameter("faderIn", 6.0), parameter("faderOut", 0.24)]
    clip.effects.append(volume([parameter("volume", -12.5), *faders]))
    assert only_clip(resolve_timeline(clip)).mix == Mix(-12.5, 250_000, 10_000)


def test_resolve_counts_key_frames_from_the_head_and_writes_them_in_no_order() -> None:
    clip = resolve_clip()
    clip.effects.append(volume([parameter("volume", -2.0, {"96": 0.0, "-24": -6.0, "241": -29.5})]))
    keys = tuple(GainKey(Fraction(at, 24), gain) for at, gain in ((-24, -6.0), (96, 0.0), (241, -29.5)))
    assert only_clip(resolve_timeline(clip)).mix == Mix(keys=keys)


@pytest.mark.parametrize("effect", [volume([]), volume([parameter("volume", -6.0)], enabled=False)])
def test_an_effect_at_its_defaults_or_switched_off_changes_nothing(effect: otio.schema.Effect) -> None:
    clip = resolve_clip()
    clip.effects.append(effect)
    found = only_clip(resolve_timeline(clip))
    assert (found.mix, found.kept) == (Mix(), ())


def test_of_all_the_effects_that_resolve_lists_only_those_in_use_are_kept() -> None:
    band = {"Default Parameter Value": 1, "Parameter ID": "eq band index", "Parameter Value": 1}
    pan = parameter("pan", -50.0)
    clip = resolve_clip()
    for name, parameters in (("Fairlight Equaliser Band", [band]), ("Fairlight Clip Pan", [pan])):
        noted = {"Effect Name": name, "Enabled": True, "Name": name, "Parameters": parameters, "Type": 1}
        clip.effects.append(otio.schema.Effect(metadata={"Resolve_OTIO": noted}))
    assert [one.label for one in only_clip(resolve_timeline(clip)).kept] == ["Fairlight Clip Pan"]


@pytest.mark.parametrize(
    ("audio_type", "channels"),
    [
        ("Mono", 1),
        ("Stereo", 2),
        ("5.1", 6),
        ("5.1film", 6),
        ("7.1", 8),
        ("Adaptive 12", 12),
        ("adaptive4", 4),
    ],
)
def test_resolve_says_the_channels_of_a_track(audio_type: str, channels: int) -> None:
    (track,) = from_otio(resolve_timeline(resolve_clip(), audio_type=audio_type)).audio_tracks
    assert (track.channels, track.locked) == (channels, True)


@pytest.mark.parametrize(
    ("listed", "channels"),
    [([(0, 0)], (0,)), ([(2, 0), (3, 0)], (2, 3)), ([(0, 4), (0, 5)], (4, 5)), ([(0, 0), (0, 1)], (0, 1))],
)
def test_resolve_says_which_channels_a_clip_plays(
    listed: list[tuple[int, int]], channels: tuple[int, ...]
) -> None:
    sources = [{"Source Channel ID": one, "Source Track ID": stream} for one, stream in listed]
    clip = only_clip(resolve_timeline(resolve_clip(Channels=sources, **{"Link Group ID": 7})))
    assert (clip.channels, clip.link) == (channels, 7)


def test_resolve_keeps_the_path_of_offline_media_with_its_reference() -> None:
    clip = resolve_clip()
    missing = otio.schema.MissingReference("gone.wav", time_range(0, 480, FILM))
    missing.metadata["Resolve_OTIO"] = {"Media Url": r"D:\sound\gone.wav"}
    clip.media_reference = missing
    media = only_clip(resolve_timeline(clip)).media
    assert media is not None
    assert (media.path, media.is_online) == (r"D:\sound\gone.wav", False)
    assert media.names[0] == "gone.wav"


def test_a_marker_of_resolve_counts_timeline_frames_where_the_clip_is_retimed() -> None:
    clip = resolve_clip("a.mov", frames=11)
    clip.source_range = time_range(39, 11, FILM)
    clip.effects.append(otio.schema.LinearTimeWarp(time_scalar=2.0))
    marker = otio.schema.Marker("here", time_range(24, 1, FILM), "GREEN")
    marker.metadata["Resolve_OTIO"] = {"Keywords": [], "Note": "a note"}
    clip.markers.append(marker)
    (found,) = only_clip(resolve_timeline(clip)).markers
    assert (found.start, found.duration, found.comment) == (Fraction(5, 24), 0, "a note")


def test_images_that_resolve_names_in_one_are_a_sequence() -> None:
    clip = resolve_clip()
    clip.media_reference = otio.schema.ExternalReference(
        r"C:\shots\a.[0990-1099].tif", time_range(0, 110, FILM)
    )
    media = only_clip(resolve_timeline(clip)).media
    assert media is not None
    assert media.sequence == ImageSequence("a.", ".tif", 990, 1, 4)
    assert (media.url, media.names) == ("C:\\shots\\", ("a.0990.tif",))


def test_a_real_file_of_resolve_loses_no_gain_channel_or_path() -> None:
    timeline = otio.adapters.read_from_file(str(real_file("resolve/picchu-effects.otio")))
    found = from_otio(timeline)
    assert (found.start_frame, found.rate) == (86_400, 24)
    sounds = [clip for track in found.audio_tracks for clip in track.clips]
    assert len(sounds) == 17
    assert sum(clip.mix != Mix() for clip in sounds) == 14
    assert [len(clip.mix.keys) for clip in sounds if clip.mix.keys] == [3, 3]
    assert sounds[-1].mix.keys[2] == GainKey(Fraction(241, 24), pytest.approx(-29.54))
    assert {clip.channels for clip in sounds} == {(0, 1)}
    assert {track.channels for track in found.audio_tracks} == {2}
    offline = [clip.media for clip in found.clips() if clip.media and not clip.media.is_online]
    assert len(offline) == 17
    assert all(media.path.startswith("/Users/") for media in offline)
    assert not any(kept.label.startswith("Fairlight") for clip in sounds for kept in clip.kept)
