"""AAFs as pyaaf2 sees them, by itself: objects, links between them, descriptors."""

from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import aaf2
import pytest

from avm_otio.formats.aaf.read import read
from avm_otio.formats.aaf.write import document
from avm_otio.formats.writing import write
from avm_otio.timeline.features import Feature, Loss
from avm_otio.timeline.model import (
    Clip,
    GainKey,
    Generator,
    Marker,
    Media,
    Mix,
    Timeline,
    Track,
    TrackKind,
    Transition,
)
from avm_otio.timeline.time import MediaTime, RecordTime
from tests.models import plain, settled

SECOND = Fraction(1)
NOW = datetime(2026, 1, 2, 3, 4, 5)


def sound(channels: int = 2, mono: bool = True, **changes: Any) -> Media:
    paths = tuple(f"/delivered/hit {one}#é.wav" for one in range(channels)) if mono else ()
    media = Media("hit.wav", "/media/hit.wav", duration=SECOND * 9, sample_rate_hz=44_100, channels=channels)
    return replace(media, mono=paths, **changes)


def clip(media: Any, start: Fraction = SECOND, length: Fraction = SECOND * 4, **changes: Any) -> Clip:
    made = Clip("Hit", RecordTime(start), RecordTime(start + length), media, channels=(0, 1))
    return replace(made, **changes)


def cut(*clips: Clip, channels: int = 2, **changes: Any) -> Timeline:
    track = replace(Track("FX", TrackKind.AUDIO, clips, channels=channels), **changes)
    return settled(Timeline("cut", Fraction(24), (track,), start_frame=86_400))


def features(losses: tuple[Loss, ...]) -> set[Feature]:
    return {loss.feature for loss in losses}


def test_every_object_has_what_its_class_requires(tmp_path: Path) -> None:
    path = tmp_path / "cut.aaf"
    write(plain(), path)
    with aaf2.open(str(path)) as file:
        for thing, _ in file.content.walk_references():
            thing.validate()
        (top,) = file.content.toplevel()
        for mob in file.content.mobs:
            for slot in mob.slots:
                for thing, _ in slot.walk_references():
                    if type(thing).__name__ == "SourceClip" and any(thing["SourceID"].value.bytes_le):
                        assert thing.mob is not None
                        assert thing.slot is not None
        timecode = top.slots.value[0].segment
        assert (timecode.start, timecode.fps, timecode.drop) == (86_400, 24, False)
        assert [slot.name for slot in top.slots][1:5] == ["V1", "A1", "AVM Music 1", "AVM Effects 1"]
        assert [int(slot.edit_rate) for slot in top.slots][1:5] == [24, 48_000, 48_000, 48_000]
        for slot in list(top.slots)[1:5]:
            parts = list(slot.segment.components)
            crossed = sum(part.length for part in parts if type(part).__name__ == "Transition")
            whole = sum(part.length for part in parts if type(part).__name__ != "Transition")
            assert whole - crossed == slot.segment.length


def test_a_stereo_sound_is_two_mono_files_combined(tmp_path: Path) -> None:
    path = tmp_path / "cut.aaf"
    assert features(write(cut(clip(sound())), path)[1]) == set()
    with aaf2.open(str(path)) as file:
        (top,) = file.content.toplevel()
        slot = top.slots.value[1]
        assert {tag.name: tag.value for tag in slot["TimelineMobAttributeList"].value}["_TRACK_FORMAT"] == 2
        group = next(part for part in slot.segment.components if type(part).__name__ == "OperationGroup")
        assert group.operation.name == "Audio Channel Combiner"
        left, right = group["InputSegments"].value
        assert [left.mob.name, right.mob.name] == ["Hit.L", "Hit.R"]
        files = [one.mob.slots.value[0].segment.mob for one in (left, right)]
        urls = [one.descriptor["Locator"].value[0]["URLString"].value for one in files]
        assert urls == [f"file:///delivered/hit%20{one}%23%C3%A9.wav" for one in range(2)]
        for one in files:
            head = bytes(one.descriptor["Summary"].value)
            assert int(one.descriptor["SampleRate"].value) == 48_000
            assert one.descriptor["Length"].value == 9 * 48_000
            assert int.from_bytes(head[22:24], "little") == 1
            assert int.from_bytes(head[34:36], "little") == 24


@pytest.mark.slow
def test_the_same_timeline_is_the_same_file(tmp_path: Path) -> None:
    one, other = tmp_path / "one.aaf", tmp_path / "other.aaf"
    for path in (one, other):
        with path.open("wb") as file:
            document(plain(), NOW)[0].save(file)
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("timeline", "lost"),
    [
        (cut(clip(sound(mono=False))), {Feature.CHANNELS}),
        (cut(clip(sound(), channels=(0,))), {Feature.CHANNELS}),
        (cut(clip(sound()), channels=1), {Feature.CHANNELS}),
        (cut(clip(sound(4), channels=(0, 1, 2, 3)), channels=4), {Feature.CHANNELS}),
        (cut(clip(sound(mono=False), channels=(0, 4))), {Feature.CHANNELS}),
        (cut(clip(sound(), media_in=MediaTime(SECOND * 6))), {Feature.MEDIA}),
        (cut(clip(sound(), speed=SECOND * 2)), {Feature.SPEED}),
        (cut(clip(sound(duration=None))), {Feature.MEDIA}),
        (cut(clip(sound(is_online=False))), {Feature.MEDIA}),
        (cut(clip(sound(), media_in=MediaTime(-SECOND))), {Feature.MEDIA}),
        (cut(clip(sound(), name="a\0b\ud800]]>")), {Feature.NAME}),
        (cut(clip(sound(), name="x" * 40_000)), {Feature.NAME}),
        (cut(clip(sound(), mix=Mix(0, 3_000_000, 3_000_000))), {Feature.FADE}),
        (cut(clip(sound(), mix=Mix(keys=(GainKey(-SECOND, 0.0), GainKey(SECOND, -6.0))))), {Feature.GAIN}),
        (cut(clip(sound(), markers=(Marker("m", Fraction(1, 100)),))), {Feature.MARKER}),
        (cut(clip(Generator("Tone"))), {Feature.GENERATOR}),
        (cut(clip(cut(clip(sound())))), {Feature.NEST}),
        (cut(clip(sound()), locked=True), {Feature.TRACK}),
        (
            cut(
                clip(sound(), SECOND, SECOND),
                clip(sound(), SECOND * 2, SECOND),
                transitions=(Transition("x", RecordTime(SECOND * 2), SECOND / 4, SECOND / 4),),
            ),
            {Feature.TRANSITION},
        ),
    ],
)
def test_what_cannot_be_said_is_reported_and_the_rest_is_written(
    tmp_path: Path, timeline: Timeline, lost: set[Feature]
) -> None:
    path = tmp_path / "cut.aaf"
    assert features(write(timeline, path)[1]) == lost
    (found,), _ = read(path)
    assert found.frames == timeline.frames


@pytest.mark.parametrize("channels", [(1,), (0, 1), (3, 2), (5,)])
@pytest.mark.parametrize("known", [0, 2])
def test_channels_of_media_that_nobody_has_seen_are_written(
    tmp_path: Path, channels: tuple[int, ...], known: int
) -> None:
    """Offline, of unknown length: what the timeline plays is what there is."""
    media = Media("a.mov", "/media/a.mov", is_online=False, channels=known)
    path = tmp_path / "cut.aaf"
    write(cut(clip(media, channels=channels), channels=len(channels)), path)
    (found,), notes = read(path)
    (again,) = found.clips()
    assert again.channels == channels
    assert again.media is not None
    assert again.media.channels == max(known, *(at + 1 for at in channels))
    assert notes == ()


def test_a_picture_between_frames_is_reported(tmp_path: Path) -> None:
    media = Media("s.mov", "/m/s.mov", duration=SECOND * 9, rate=Fraction(24), has_picture=True)
    shot = replace(clip(media, Fraction(1, 100)), channels=())
    timeline = settled(Timeline("cut", Fraction(24), (Track("V1", TrackKind.VIDEO, (shot,)),)))
    assert features(write(timeline, tmp_path / "cut.aaf")[1]) == {Feature.TIME}


def test_thousands_of_clips_take_little_time_each(tmp_path: Path) -> None:
    media = sound()
    clips = [clip(media, SECOND * at, SECOND / 2, name=f"Hit {at % 50}") for at in range(1500)]
    path = tmp_path / "cut.aaf"
    assert write(cut(*clips), path)[1] == ()
    with aaf2.open(str(path)) as file:
        (top,) = file.content.toplevel()
        parts = top.slots.value[1].segment.components
        assert len(parts) == 2 * len(clips) - 1


@pytest.mark.parametrize(("rate", "is_reported"), [("24000/1001", False), ("25", False), ("25/2", True)])
def test_a_rate_without_a_project_is_reported(rate: str, is_reported: bool, tmp_path: Path) -> None:
    _, losses = write(plain(Fraction(rate)), tmp_path / "cut.aaf")
    assert (Feature.RATE in features(losses)) == is_reported


@pytest.mark.parametrize("pans", [(-0.5, -0.5), (1.0, 0.0, -1.0), (0.25,)])
def test_the_pan_of_mono_clips_is_their_tracks(pans: tuple[float, ...], tmp_path: Path) -> None:
    clips = [
        clip(sound(1), SECOND * at * 2, SECOND * 2, channels=(0,), mix=Mix(pan=pan))
        for at, pan in enumerate(pans)
    ]
    path = tmp_path / "cut.aaf"
    _, losses = write(cut(*clips, channels=1), path)
    assert Feature.PAN not in features(losses)
    with aaf2.open(str(path)) as file:
        (top,) = file.content.toplevel()
        group = top.slots.value[1].segment
        assert group.operation.name == "Audio Pan"
        for thing, _ in group.walk_references():
            thing.validate()
        assert group.length == group["InputSegments"].value[0].length
    (again,), _ = read(path)
    assert [one.mix.pan for one in again.clips()] == list(pans)
    assert [track.channels for track in again.audio_tracks] == [1]


@pytest.mark.parametrize(("pans", "is_reported"), [((-1.0, 0.0), True), ((0.5, 0.5), False)])
def test_sounds_that_cross_from_one_place_to_another_are_reported(
    pans: tuple[float, float], is_reported: bool, tmp_path: Path
) -> None:
    clips = [
        clip(
            sound(1),
            SECOND * 2 * at,
            SECOND * 2,
            channels=(0,),
            mix=Mix(pan=pan),
            media_in=MediaTime(SECOND * 2),
        )
        for at, pan in enumerate(pans)
    ]
    fade = Transition("Cross Fade", RecordTime(SECOND * 2), SECOND / 4, SECOND / 4)
    _, losses = write(cut(*clips, channels=1, transitions=(fade,)), tmp_path / "cut.aaf")
    moved = [loss.message for loss in losses if loss.feature is Feature.PAN]
    expected = (
        "in the cross fade into it both sounds move together from 100 % to the left to the middle: "
        "a track has one pan"
    )
    assert moved == [expected] * is_reported


def test_mono_clips_with_a_pan_on_a_stereo_track_are_on_a_mono_one_and_told(tmp_path: Path) -> None:
    path = tmp_path / "cut.aaf"
    _, losses = write(cut(clip(sound(), channels=(1,), mix=Mix(pan=1.0))), path)
    assert features(losses) == {Feature.CHANNELS}
    (again,), _ = read(path)
    assert [(one.mix.pan, one.channels) for one in again.clips()] == [(1.0, (1,))]


def test_the_pan_of_stereo_is_reported(tmp_path: Path) -> None:
    _, losses = write(cut(clip(sound(), mix=Mix(pan=-0.5))), tmp_path / "cut.aaf")
    assert [loss.message for loss in losses if loss.feature is Feature.PAN] == [
        "pan of 50 % to the left not written: its track is not mono"
    ]
