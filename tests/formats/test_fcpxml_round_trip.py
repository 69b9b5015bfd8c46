"""FCPXML read back: what was written, but for what the loss report names."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avm_otio.formats.fcpxml.read import read
from avm_otio.formats.fcpxml.write import document
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
from tests.models import RATES, differences, plain, settled, timelines

FOLDER = Path("/edit/film")


def read_back(timeline: Timeline) -> tuple[Timeline, tuple[Loss, ...]]:
    text, losses = document(timeline, FOLDER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cut.fcpxml"
        path.write_text(text, encoding="utf-8")
        found, notes = read(path)
    assert not notes
    assert len(found) == 1
    return found[0], losses


def as_reported(timeline: Timeline, losses: tuple[Loss, ...]) -> Timeline:
    """What the loss report says that the file says."""
    lost = {loss.feature for loss in losses}
    base = timeline.video_tracks[0] if timeline.video_tracks else None
    frame = 1 / timeline.rate

    def marker(one: Marker, at: Fraction) -> Marker:
        length = one.duration if one.duration > frame else Fraction(0)
        if one.color or length != one.duration:
            assert Feature.MARKER in lost
        return replace(one, color="", duration=length, start=at)

    def clip(one: Clip, track: Track) -> Clip:
        marks = [marker(mark, mark.start) for mark in one.markers]
        if track is base:
            for mark in timeline.markers:
                if one.start <= mark.start < one.end:
                    assert Feature.MARKER in lost
                    marks.append(marker(mark, mark.start - one.start))
        if one.stem is not None:
            assert Feature.METADATA in lost
        content = one.content
        if isinstance(content, Media) and not content.channels:
            content = replace(content, sample_rate_hz=None)  # what has no sound has no rate of it
        return replace(one, content=content, markers=tuple(marks), alternative=0, offer=None, stem=track.stem)

    def track(one: Track) -> Track:
        clips = [piece for piece in one.clips if not isinstance(piece.content, Generator)]
        if len(clips) != len(one.clips):
            assert Feature.GENERATOR in lost
        return replace(one, clips=tuple(clip(piece, one) for piece in clips))

    beneath = (
        [] if base is None else [piece for piece in base.clips if not isinstance(piece.content, Generator)]
    )
    alone = [
        marker(mark, mark.start)
        for mark in timeline.markers
        if not any(piece.start <= mark.start < piece.end for piece in beneath)
    ]
    made = replace(timeline, tracks=tuple(track(one) for one in timeline.tracks), markers=tuple(alone))
    return numbered(made)


def numbered(timeline: Timeline) -> Timeline:
    """Links in the order in which they come."""
    links: dict[int | None, int] = {}
    for clip in timeline.clips():
        if clip.link is not None:
            links.setdefault(clip.link, len(links) + 1)
    return replace(
        timeline,
        tracks=tuple(
            replace(track, clips=tuple(replace(clip, link=links.get(clip.link)) for clip in track.clips))
            for track in timeline.tracks
        ),
    )


@settings(max_examples=50)
@given(timelines())
def test_what_was_written_is_read_back_but_for_what_the_report_names(timeline):
    found, losses = read_back(timeline)
    assert not differences(found, as_reported(timeline, losses))


# What the strategies do not make

RATE = Fraction(24000, 1001)


def at(frames: int) -> RecordTime:
    return RecordTime(frames / RATE)


def shot(name: str, **more: object) -> Media:
    known = {
        "duration": Fraction(100),
        "rate": RATE,
        "size": (1920, 1080),
        "sample_rate_hz": 48_000,
        "channels": 2,
        "has_picture": True,
        "start": MediaTime(86_400 / RATE),
    }
    return Media(name, f"/media/{name}", **(known | more))


def sound(name: str, **more: object) -> Media:
    return Media(
        name, f"/media/{name}", **({"duration": Fraction(60), "sample_rate_hz": 48_000, "channels": 2} | more)
    )


def seen(
    first: int, last: int, content: Media | Timeline, used: Fraction = Fraction(10), **more: object
) -> Clip:
    start = content.start if isinstance(content, Media) else Fraction(0)
    return Clip(content.name, at(first), at(last), content, MediaTime(start + used), **more)


def video(*clips: Clip, **more: object) -> Track:
    return Track("V1", TrackKind.VIDEO, clips, **more)


def audio(*clips: Clip, name: str = "A1", **more: object) -> Track:
    return Track(name, TrackKind.AUDIO, clips, **({"channels": 2} | more))


def arranged(*tracks: Track, **more: object) -> Timeline:
    known = {"start_frame": 86_400, "size": (1920, 1080)}
    return settled(Timeline("cut", RATE, tracks, **(known | more)))


def assert_same(timeline: Timeline) -> None:
    """Read back as it was, with nothing in the report."""
    found, losses = read_back(timeline)
    assert not differences(found, numbered(timeline))
    assert not losses


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: f"{float(rate):.2f}")
@given(samples=st.lists(st.integers(1, 2_000), min_size=1, max_size=12), used=st.integers(0, 480_000))
@settings(max_examples=12, deadline=None)
def test_sound_between_frames_comes_back_to_the_sample(rate, samples, used):
    base = plain(rate)
    clips, place = [], Fraction(0)
    for number, gap in enumerate(samples):
        place += Fraction(gap, 48_000)
        end = place + Fraction(gap * 7 + 1, 48_000)
        clips.append(
            Clip(
                f"hit {number}",
                RecordTime(place),
                RecordTime(end),
                sound("hit.wav"),
                MediaTime(Fraction(used, 48_000)),
                channels=(0, 1),
            )
        )
        place = end
    found, _ = read_back(settled(replace(base, tracks=(*base.tracks, audio(*clips, name="hits")))))
    assert found.tracks[-1].clips == tuple(clips)


@given(
    start_us=st.integers(0, 8_000_000), length_us=st.integers(20_000, 3_000_000), rate=st.sampled_from(RATES)
)
def test_sound_on_any_microsecond_comes_back_exactly(start_us, length_us, rate):
    base = plain(rate)
    start = Fraction(start_us, 1_000_000)
    hit = Clip("hit", RecordTime(start), RecordTime(start + Fraction(length_us, 1_000_000)), sound("hit.wav"))
    hit = replace(hit, channels=(0, 1))
    found, _ = read_back(settled(replace(base, tracks=(*base.tracks, audio(hit, name="hits")))))
    assert found.tracks[-1].clips == (hit,)


@pytest.mark.parametrize("speed", ["2", "1/2", "-1", "-3/2", "0", "1001/1000", "5/7"])
def test_every_speed_comes_back_with_what_is_connected_to_it(speed):
    hit = Clip("hit", at(30), at(40), sound("hit.wav"), channels=(0, 1))
    fast = seen(24, 72, shot("a.mov"), Fraction(20), speed=Fraction(speed))
    assert_same(arranged(video(fast, seen(72, 96, shot("b.mov"))), audio(hit)))


def test_nests_with_their_sound_come_back():
    hit = Clip("hit", at(3), at(9), sound("hit.wav"), mix=Mix(-3.0), channels=(0, 1))
    inner = replace(
        arranged(video(seen(0, 48, shot("a.mov"), link=1)), audio(hit), start_frame=100), name="inner"
    )
    inner = replace(inner, tracks=(video(seen(0, 48, shot("a.mov"))), audio(hit)))
    see = seen(0, 24, inner, Fraction(12) / RATE, link=1)
    hear = replace(see, channels=(0, 1), mix=Mix(-6.0))
    see2 = seen(24, 40, inner, Fraction(0), link=2, speed=Fraction(2))
    hear2 = replace(see2, channels=(0, 1))
    other = audio(Clip("bed", at(0), at(40), sound("bed.wav"), channels=(0, 1)), name="bed")
    assert_same(arranged(video(see, see2), other, audio(hear, hear2, name="nests")))


def test_split_edits_come_back():
    one, two = seen(0, 48, shot("a.mov"), link=1), seen(48, 96, shot("b.mov"), link=2)
    late = replace(one, end=at(60), channels=(0, 1))
    shift = at(60) - at(48)
    after = replace(
        two, start=at(60), media_in=MediaTime(two.media_in + shift), channels=(0, 1), mix=Mix(-6.0, 40_000, 0)
    )
    assert_same(arranged(video(one, two), audio(late, after)))


def test_dissolves_on_every_kind_of_track_come_back():
    def pair(kind: str) -> tuple[Clip, Clip]:
        channels = (0, 1) if kind == "wav" else ()
        make = sound if kind == "wav" else shot
        return tuple(
            replace(seen(first, first + 48, make(f"{first}.{kind}")), channels=channels) for first in (24, 72)
        )

    half = Fraction(6) / RATE
    dissolves = tuple(
        Transition("Cross Dissolve", at(place), *sides)
        for place, sides in ((24, (0 * half, half)), (72, (half, half)), (120, (half, 0 * half)))
    )
    silent = {"channels": 0, "sample_rate_hz": None}
    low = [replace(clip, content=replace(clip.content, **silent)) for clip in pair("mov")]
    high = [replace(clip, content=replace(clip.content, **silent)) for clip in pair("mp4")]
    assert_same(
        arranged(
            video(*low, transitions=dissolves),
            replace(video(*high, transitions=dissolves), name="V2"),
            audio(*pair("wav"), transitions=dissolves),
        )
    )


def test_channels_of_more_come_back():
    four = sound("poly.wav", channels=4)
    mono = Clip("boom", at(0), at(24), four, channels=(2,))
    swapped = Clip("swapped", at(24), at(48), four, channels=(3, 0))
    assert_same(arranged(audio(mono, swapped, name="boom")))


def test_media_of_another_rate_and_size_come_back():
    clips = [
        seen(24 * n, 24 * n + 24, shot(f"{n}.mov", rate=rate, size=size, drop_frame=drop))
        for n, (rate, size, drop) in enumerate(
            [
                (Fraction(25), (1280, 720), False),
                (Fraction(30000, 1001), (1998, 1080), True),
                (Fraction(48), (4096, 2160), False),
                (Fraction(18), (640, 480), False),
            ]
        )
    ]
    assert_same(arranged(video(*clips)))


def test_empty_tracks_and_their_order_come_back():
    hit = Clip("hit", at(3), at(9), sound("hit.wav"), channels=(0, 1))
    assert_same(arranged(audio(hit), audio(name="none"), video(), replace(video(), name="V2")))


def test_a_generator_comes_back_as_a_hole_and_is_reported():
    bars = Clip("bars", at(24), at(48), Generator("bars", "SMPTEBars"))
    timeline = arranged(video(seen(0, 24, shot("a.mov")), bars), replace(video(bars), name="V2"))
    found, losses = read_back(timeline)
    assert [len(track.clips) for track in found.tracks] == [1, 0]
    assert found.duration == timeline.duration
    assert sum(loss.feature is Feature.GENERATOR for loss in losses) == 2


def test_key_frames_on_a_clip_between_frames_come_back():
    keys = tuple(GainKey(Fraction(n, 48_000), -n / 1000) for n in (0, 480, 47_999))
    start = Fraction(12_345, 48_000)
    hit = Clip("hit", RecordTime(start), RecordTime(start + 2), sound("hit.wav"), mix=Mix(0.0, 1, 2, keys))
    assert_same(arranged(audio(replace(hit, channels=(0, 1)))))
