"""The sound of pictures gets tracks of its own, linked, where a timeline has none."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import opentimelineio as otio
import pytest
from hypothesis import given, settings

from avm_otio.formats.otio.read import from_otio
from avm_otio.formats.otio.write import timeline_of
from avm_otio.timeline.model import Clip, Generator, Mix, Timeline, Track, TrackKind, Transition
from avm_otio.timeline.picture_sound import with_picture_sound
from avm_otio.timeline.time import MediaTime, RecordTime
from tests.models import differences, plain, settled, timelines

FILM = Fraction(24)


def stereo(clip: Clip) -> int:
    return 2


def silent(clip: Clip) -> int:
    return 0


def with_channels(wanted: Timeline, channels_of: Callable[[Clip], int]) -> Timeline:
    """The timeline, the media of each picture with so many channels of sound."""

    def changed(clip: Clip) -> Clip:
        if isinstance(clip.content, Timeline):
            return replace(clip, content=with_channels(clip.content, channels_of))
        if clip.media is None:
            return clip
        return replace(clip, content=replace(clip.media, channels=channels_of(clip)))

    tracks = tuple(
        replace(track, clips=tuple(map(changed, track.clips))) if track.kind is TrackKind.VIDEO else track
        for track in wanted.tracks
    )
    return replace(wanted, tracks=tracks)


def pictures(*, ours: bool = True) -> Timeline:
    """Two shots without their sound on tracks, and our tracks."""
    whole = plain()
    seen = tuple(replace(clip, link=None) for clip in whole.video_tracks[0].clips)
    stems = [track for track in whole.audio_tracks if track.stem is not None] if ours else []
    return replace(whole, tracks=(replace(whole.video_tracks[0], clips=seen), *stems))


def heard(wanted: Timeline, channels_of: Callable[[Clip], int] = stereo) -> Timeline:
    """What is read of the file that is written of it."""
    return from_otio(timeline_of(with_picture_sound(with_channels(wanted, channels_of))[0]))


def test_the_sound_of_a_picture_lies_under_it_above_our_tracks() -> None:
    made = heard(pictures())
    assert [track.name for track in made.tracks] == ["V1", "V1", "AVM Music 1", "AVM Effects 1"]
    video, sound = made.tracks[:2]
    assert (sound.kind, sound.channels, sound.stem) == (TrackKind.AUDIO, 2, None)
    assert [clip.link for clip in sound.clips] == [clip.link for clip in video.clips] == [1, 2]
    assert [clip.channels for clip in sound.clips] == [(0, 1), (0, 1)]
    for seen, played in zip(video.clips, sound.clips, strict=True):
        assert (played.start, played.end, played.media_in, played.media) == (
            seen.start,
            seen.end,
            seen.media_in,
            seen.media,
        )


@settings(max_examples=60)
@given(timelines())
def test_pictures_and_our_tracks_stay_as_they_are(wanted: Timeline) -> None:
    made = heard(wanted)
    unlinked = replace(
        made,
        tracks=tuple(
            replace(track, clips=tuple(replace(clip, link=None) for clip in track.clips))
            for track in made.tracks
        ),
    )
    kept = [track for track in unlinked.tracks if track.kind is TrackKind.VIDEO or track.stem is not None]
    before = [
        replace(track, clips=tuple(replace(clip, link=None) for clip in track.clips))
        for track in wanted.tracks
        if track.kind is TrackKind.VIDEO or track.stem is not None
    ]
    there = with_channels(replace(wanted, tracks=tuple(before)), stereo).tracks
    assert not differences(tuple(kept), there)


@settings(max_examples=60)
@given(timelines())
def test_every_picture_has_its_sound_at_its_place_and_a_second_time_changes_nothing(
    wanted: Timeline,
) -> None:
    before = with_channels(wanted, stereo)
    made, added = with_picture_sound(before)
    if any(track.stem is None for track in wanted.audio_tracks):
        assert added == 0
        assert made == before
        return
    seen = [clip for track in made.video_tracks for clip in track.clips if clip.speed]
    sound = [clip for track in made.audio_tracks if track.stem is None for clip in track.clips]
    assert added == len(sound) == len(seen)
    assert [(one.link, one.start, one.end, one.speed, one.enabled) for one in sound] == [
        (one.link, one.start, one.end, one.speed, one.enabled) for one in seen
    ]
    assert len({one.link for one in seen}) == len(seen)
    again, more = with_picture_sound(made)
    assert more == 0
    assert again == made


def test_the_otio_that_was_read_is_not_touched() -> None:
    timeline = from_otio(timeline_of(with_channels(pictures(), stereo)))
    before = json.dumps(timeline.raw)
    timeline_of(with_picture_sound(timeline)[0])
    assert json.dumps(timeline.raw) == before


def test_the_sound_of_a_picture_that_was_read_keeps_its_reference_and_nothing_for_the_eye() -> None:
    whole = timeline_of(with_channels(pictures(), stereo))
    whole.tracks[0][0].metadata["foreign"] = {"seen": True}
    whole.tracks[0][0].media_reference.metadata["foreign"] = {"reel": "A1"}
    made = timeline_of(with_picture_sound(from_otio(whole))[0])
    picture, sound = (track[0] for track in list(made.tracks)[:2])
    assert picture.metadata["foreign"]["seen"] is True
    assert list(sound.metadata) == ["avm"]
    assert sound.media_reference.metadata["foreign"]["reel"] == "A1"


def test_an_empty_sound_track_of_the_users_says_that_nothing_is_heard() -> None:
    whole = pictures()
    emptied = replace(whole, tracks=(*whole.tracks, Track("A1", TrackKind.AUDIO, channels=2)))
    assert with_picture_sound(with_channels(emptied, stereo))[1] == 0


def test_pictures_without_sound_get_no_track() -> None:
    timeline, added = with_picture_sound(with_channels(pictures(), silent))
    assert added == 0
    assert len(timeline.tracks) == 3


def test_what_is_silent_leaves_a_hole() -> None:
    whole = pictures(ours=False)
    first, second = whole.video_tracks[0].clips
    end = second.end
    third = replace(second, name="hold", start=end, end=RecordTime(end + 1), speed=Fraction(0))
    bars = Clip("bars", RecordTime(end + 1), RecordTime(end + 2), Generator("bars", "SMPTEBars"))
    last = replace(second, name="last", start=RecordTime(end + 2), end=RecordTime(end + 3))
    video = replace(whole.video_tracks[0], clips=(first, second, third, bars, last))
    made = heard(settled(replace(whole, tracks=(video,))), lambda clip: 2 * (clip.name != "shot 1"))
    assert [(clip.name, clip.start) for clip in made.audio_tracks[0].clips] == [
        ("shot 2", second.start),
        ("last", last.start),
    ]


@pytest.mark.parametrize(
    ("channels", "transitions"), [({"shot 1"}, 1), ({"shot 1", "shot 2"}, 1), (set(), 0)]
)
def test_a_dissolve_is_heard_where_one_of_its_clips_is(channels: set[str], transitions: int) -> None:
    whole = pictures()
    cut = whole.video_tracks[0].clips[1].start
    dissolve = Transition("Dissolve", cut, Fraction(1, 6), Fraction(1, 6))
    video = replace(whole.video_tracks[0], transitions=(dissolve,))
    made = heard(
        replace(whole, tracks=(video, *whole.audio_tracks)), lambda clip: 2 * (clip.name in channels)
    )
    assert sum(len(track.transitions) for track in made.audio_tracks) == transitions


def test_the_gain_goes_with_the_sound_and_effects_for_the_eye_do_not() -> None:
    whole = pictures()
    first, second = whole.video_tracks[0].clips
    loud = replace(first, mix=Mix(-6.0, 1000, 2000), speed=Fraction(2), enabled=False)
    loudly = replace(whole, tracks=(replace(whole.tracks[0], clips=(loud, second)),))
    timeline = timeline_of(with_channels(loudly, stereo))
    timeline.tracks[0][0].effects.append(otio.schema.Effect(effect_name="Blur"))
    video, sound = from_otio(timeline_of(with_picture_sound(from_otio(timeline))[0])).tracks
    assert (video.clips[0].mix, sound.clips[0].mix) == (Mix(), loud.mix)
    assert (sound.clips[0].kept, video.clips[0].kept[0].label) == ((), "Blur")
    assert (sound.clips[0].speed, sound.clips[0].enabled) == (2, False)


def nested(*, with_sound: bool) -> Timeline:
    inner = pictures(ours=False)
    if with_sound:
        inner = replace(plain(), tracks=plain().tracks[:2])
    nest = Clip("scene", RecordTime(Fraction(1)), RecordTime(Fraction(5)), inner, MediaTime(Fraction(1)))
    return settled(replace(inner, name="film", tracks=(Track("V1", TrackKind.VIDEO, (nest,)),)))


@pytest.mark.parametrize("with_sound", [True, False])
def test_a_nest_that_sounds_lies_on_the_sound_track_too(*, with_sound: bool) -> None:
    made = heard(nested(with_sound=with_sound))
    video, sound = made.tracks
    assert (sound.clips[0].start, sound.clips[0].end, sound.clips[0].media_in) == (1, 5, 1)
    assert sound.clips[0].link == video.clips[0].link is not None
    content = sound.clips[0].content
    assert isinstance(content, Timeline)
    assert [track.kind for track in content.tracks] == [TrackKind.VIDEO, TrackKind.AUDIO]
    assert not differences(content, video.clips[0].content)


def test_a_nest_without_sound_stays_on_its_own() -> None:
    assert len(heard(nested(with_sound=False), silent).tracks) == 1


def test_a_link_that_is_there_is_kept_and_no_number_is_given_twice() -> None:
    whole = pictures()
    first, second = whole.video_tracks[0].clips
    linked = replace(whole.tracks[0], clips=(replace(first, link=7), second))
    made = heard(replace(whole, tracks=(linked, *whole.audio_tracks)))
    assert [clip.link for clip in made.tracks[1].clips] == [7, 8]
