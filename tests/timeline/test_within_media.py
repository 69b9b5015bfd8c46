"""No clip plays what its file does not hold."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avm_otio.timeline.losses import Losses
from avm_otio.timeline.model import Clip, Media, Streams, Timeline, Track, TrackKind, Transition
from avm_otio.timeline.time import MediaTime, RecordTime
from avm_otio.timeline.within_media import within_media

NTSC = Fraction(24000, 1001)
FILE = Media(
    "a.mov",
    "/m/a.mov",
    start=MediaTime(Fraction(3600)),
    duration=Fraction(6),
    rate=Fraction(25),
    channels=2,
    has_picture=True,
    streams=Streams(0, ((1, 2),)),
)


def cut(
    *clips: Clip, kind: TrackKind = TrackKind.VIDEO, transitions: tuple[Transition, ...] = ()
) -> Timeline:
    return Timeline("cut", NTSC, (Track("1", kind, clips, transitions=transitions),))


def shot(frames: int, first: int = 0, into: Fraction | int = 0, **more: object) -> Clip:
    clip = Clip(
        "shot",
        RecordTime(first / NTSC),
        RecordTime((first + frames) / NTSC),
        FILE,
        MediaTime(FILE.start + into),
    )
    return replace(clip, **more)


def held(timeline: Timeline, *, between_frames: bool = True) -> tuple[list[Clip], list[str]]:
    losses = Losses(timeline)
    made = within_media(timeline, losses, between_frames=between_frames)
    return [clip for track in made.tracks for clip in track.clips], [loss.message for loss in losses]


def test_a_picture_ends_with_the_last_frame_that_its_file_can_fill() -> None:
    (clip,), lost = held(cut(shot(144)))
    assert clip.frames(NTSC) == (0, 143)
    assert lost == ["00:00:00.041708 of it cut off: a.mov ends there"]


def test_sound_ends_with_its_file_where_a_format_keeps_such_places() -> None:
    (clip,), lost = held(cut(shot(144), kind=TrackKind.AUDIO))
    assert (clip.duration, lost) == (6, [])


def test_the_frame_in_which_sound_ends_is_its_own_where_frames_are_counted() -> None:
    (clip,), lost = held(cut(shot(144), kind=TrackKind.AUDIO), between_frames=False)
    assert (clip.frames(NTSC), lost) == ((0, 144), [])


def test_what_lies_before_the_file_begins_is_cut_off_at_the_head() -> None:
    (clip,), _ = held(cut(shot(48, into=Fraction(-1001, 24000))))
    assert clip.frames(NTSC) == (1, 48)
    assert clip.media_in == FILE.start


def test_a_clip_that_runs_backwards_is_held_at_both_ends() -> None:
    clip = shot(24, first=24, into=Fraction(1, 2), speed=Fraction(-1))
    (made,), _ = held(cut(clip))
    assert made.frames(NTSC) == (24, 35)
    assert made.media_in == FILE.start + Fraction(1, 2)


def test_a_still_shows_a_frame_that_is_there() -> None:
    (made,), lost = held(cut(shot(24, into=9, speed=Fraction(0))))
    assert made.media_in == FILE.start + 6 - Fraction(1, 25)
    assert len(lost) == 1


def test_a_clip_of_which_the_file_holds_nothing_is_left_out_and_told() -> None:
    made, lost = held(cut(shot(24, into=60)))
    assert made == []
    assert lost == ["left out: a.mov ends at 00:00:06.000000 and holds nothing of it"]


@pytest.mark.parametrize("media", [replace(FILE, streams=None), replace(FILE, duration=None)])
def test_media_that_were_not_looked_at_are_taken_at_the_timelines_word(media: Media) -> None:
    clip = shot(500, content=media)
    assert held(cut(clip)) == ([clip], [])


def test_a_clip_that_a_transition_joins_is_left_as_it_is() -> None:
    clip = shot(144)
    crossing = Transition("x", clip.end, Fraction(1), Fraction(0))
    assert held(cut(clip, transitions=(crossing,)))[0] == [clip]


def test_clips_in_a_nest_are_held_too() -> None:
    inner = cut(shot(144))
    nest = Clip("nest", RecordTime(Fraction(0)), RecordTime(Fraction(4)), inner)
    (made,), lost = held(cut(nest))
    assert isinstance(made.content, Timeline)
    assert made.content.tracks[0].clips[0].frames(NTSC) == (0, 143)
    assert len(lost) == 1


@given(
    frames=st.integers(1, 400),
    first=st.integers(0, 50),
    into=st.fractions(-3, 8, max_denominator=1000),
    speed=st.sampled_from([Fraction(1), Fraction(2), Fraction(-1), Fraction(1, 3), Fraction(25025, 24000)]),
    kind=st.sampled_from(TrackKind),
)
def test_nothing_outside_of_a_file_is_left_and_nothing_inside_of_it_is_lost(
    frames: int, first: int, into: Fraction, speed: Fraction, kind: TrackKind
) -> None:
    asked = shot(frames, first, into, speed=speed)
    made, _ = held(cut(asked, kind=kind))
    for clip in made:
        edges = (clip.media_in, clip.media_in + clip.duration * clip.speed)
        assert min(edges) >= FILE.start
        assert max(edges) <= FILE.start + 6
        assert asked.start <= clip.start
        assert clip.end <= asked.end
        assert clip.media_in - asked.media_in == (clip.start - asked.start) * speed
        shorter = asked.duration - clip.duration
        used = sorted((asked.media_in, asked.media_in + asked.duration * speed))
        over = max(Fraction(0), FILE.start - used[0]) + max(Fraction(0), used[1] - FILE.start - 6)
        assert shorter - over / abs(speed) < 2 / NTSC
