"""Random cuts for every writer: each clip has a name and a file of its own, so any reader can tell them."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field, replace
from fractions import Fraction

from hypothesis import settings
from hypothesis import strategies as st

from avm_otio.timeline.model import (
    Clip,
    GainKey,
    Marker,
    Media,
    Mix,
    Stem,
    Streams,
    Timeline,
    Track,
    TrackKind,
    Transition,
)
from avm_otio.timeline.time import MediaTime, RecordTime, dropped_per_minute
from tests.models import RATES, seconds, settled

COUNT = int(os.environ.get("AVM_FUZZ_COUNT", "10000"))
"""How many examples a soak takes of each format."""

SEED = int(os.environ.get("AVM_FUZZ_SEED") or random.SystemRandom().randrange(2**32))
"""Where a soak begins; a failure says it."""

quick = settings(max_examples=100, deadline=None, derandomize=True, database=None)
thorough = settings(max_examples=COUNT, deadline=None, database=None, print_blob=True)

levels = st.sampled_from([-24.0, -12.0, -6.5, -3.0, 0.0, 2.5, 6.0])
plays = st.sampled_from([Fraction(n) for n in (1, 1, 1, 1, 1, 2, 0, -1)] + [Fraction(1, 2), Fraction(-1, 2)])
"""Speeds of pictures: still and backwards among them."""


@dataclass
class _Names:
    """No two things of a cut are called alike."""

    count: int = 0
    taken: list[str] = field(default_factory=list)

    def new(self, word: str) -> str:
        self.taken.append(f"{word} {len(self.taken) + 1}")
        return self.taken[-1]


@st.composite
def _mixes(draw: st.DrawFn, rate: Fraction, frames: int) -> Mix:
    fades = [round(draw(st.integers(0, frames // 3)) * 1_000_000 / rate) for _ in range(2)]
    pan = draw(st.sampled_from([0.0] * 6 + [-1.0, -0.5, 0.25, 1.0]))
    rise, fall = (fade * draw(st.booleans()) for fade in fades)
    if draw(st.integers(0, 2)):
        return Mix(draw(levels), rise, fall, pan=pan)
    places = sorted(draw(st.lists(st.integers(0, frames), min_size=2, max_size=4)))
    keys = tuple(GainKey(seconds(place, rate), draw(levels)) for place in places)
    if draw(st.booleans()):
        rise = fall = 0
    return Mix(0.0, rise, fall, keys, pan)


@st.composite
def _markers(draw: st.DrawFn, rate: Fraction, frames: int, names: _Names) -> tuple[Marker, ...]:
    if draw(st.integers(0, 5)):
        return ()
    places = sorted(draw(st.sets(st.integers(0, frames - 1), min_size=1, max_size=2)))
    return tuple(Marker(names.new("mark"), seconds(at, rate), color="RED") for at in places)


@st.composite
def _picture(draw: st.DrawFn, rate: Fraction, name: str) -> Media:
    media_rate = draw(st.sampled_from([rate, rate, *RATES]))
    return Media(
        f"{name}.mov",
        f"/media/{name}.mov",
        start=MediaTime(seconds(draw(st.sampled_from([0, 3600, 90_000])), media_rate)),
        duration=seconds(5000, media_rate),
        rate=media_rate,
        size=(1920, 1080),
        has_picture=True,
    )


@st.composite
def _sound(draw: st.DrawFn, name: str, wide: int) -> tuple[Media, tuple[int, ...]]:
    """A file, and the channels of it that are played: of one stream, or of one a channel."""
    of_file = draw(st.sampled_from([wide, wide, 2, 6]))
    first = draw(st.integers(0, max(0, of_file - wide)))
    channels = tuple(range(first, first + min(wide, of_file)))
    many = draw(st.integers(0, 4)) == 0
    streams = Streams(None, tuple((number, 1) for number in range(of_file))) if many else None
    media = Media(
        f"{name}.wav",
        f"/media/{name}.wav",
        duration=Fraction(120),
        sample_rate_hz=draw(st.sampled_from([44_100, 48_000])),
        channels=of_file,
        streams=streams,
    )
    return media, channels


@st.composite
def _tracks(draw: st.DrawFn, rate: Fraction, kind: TrackKind, names: _Names) -> Track:
    clips: list[Clip] = []
    crossings: list[Transition] = []
    is_sound = kind is TrackKind.AUDIO
    wide = draw(st.sampled_from([1, 2])) if is_sound else 0
    at = draw(st.sampled_from([0, 0, 7, 31]))
    # Only sounds of ours may lie between frames, by whole samples and by less than half a frame.
    shift = Fraction(draw(st.integers(1, 300)), 48_000) if is_sound and not draw(st.integers(0, 4)) else 0
    stem = Stem.EFFECTS if shift else None
    for index in range(draw(st.integers(1, 4))):
        frames = draw(st.integers(12, 120))
        name = names.new(kind.value)
        inside = seconds(draw(st.integers(150, 400)), rate)
        channels: tuple[int, ...] = ()
        content: Media
        if is_sound:
            content, channels = draw(_sound(name, wide))
            speed = draw(st.sampled_from([Fraction(1)] * 12 + [Fraction(2), Fraction(1, 2), Fraction(-1)]))
            speed = Fraction(1) if shift else speed
        else:
            content = draw(_picture(rate, name))
            inside = seconds(round(inside * rate), content.rate) if draw(st.booleans()) else inside
            speed = draw(plays)
        clips.append(
            Clip(
                name,
                RecordTime(seconds(at, rate) + shift),
                RecordTime(seconds(at + frames, rate) + shift),
                content,
                MediaTime(content.start + inside),
                speed,
                draw(st.sampled_from([True] * 5 + [False])),
                draw(_mixes(rate, frames)) if is_sound else Mix(),
                channels,
                markers=draw(_markers(rate, frames, names)),
                stem=stem,
            )
        )
        touches = index > 0 and clips[-2].end == clips[-1].start
        if touches and not shift and not crossings and speed == clips[-2].speed == 1 and draw(st.booleans()):
            halves = draw(st.sampled_from([(4, 4), (3, 5), (0, 6), (6, 0)]))
            cut = clips[-1].start
            crossings.append(
                Transition(
                    names.new("Cross Fade" if is_sound else "Cross Dissolve"),
                    cut,
                    *(seconds(half, rate) for half in halves),
                )
            )
        at += frames + draw(st.sampled_from([0, 0, 1, 25]))
    return Track(
        names.new("track"),
        kind,
        tuple(clips),
        tuple(crossings),
        channels=wide,
        enabled=draw(st.sampled_from([True] * 7 + [False])),
        stem=stem,
    )


@st.composite
def _nests(draw: st.DrawFn, rate: Fraction, kind: TrackKind, names: _Names) -> Track:
    """A track with one nest, of which a part is seen."""
    inner = Timeline(
        names.new("nest"), rate, (replace(draw(_tracks(rate, kind, names)), markers=()),), size=(1920, 1080)
    )
    inner = settled(inner)
    length = inner.frames
    first = draw(st.integers(0, length // 3))
    frames = draw(st.integers(max(1, length // 3), length - first))
    at = draw(st.integers(0, 40))
    wide = inner.tracks[0].channels
    nest = Clip(
        names.new("shown"),
        RecordTime(seconds(at, rate)),
        RecordTime(seconds(at + frames, rate)),
        inner,
        MediaTime(seconds(first, rate)),
        channels=tuple(range(wide)),
    )
    return Track(names.new("track"), kind, (nest,), channels=wide)


@st.composite
def cuts(draw: st.DrawFn) -> Timeline:
    """A cut whose pictures lie on frames, of media of any rate, timecode and number of channels."""
    rate = draw(st.sampled_from(RATES))
    names = _Names()
    kinds = [TrackKind.VIDEO] * draw(st.integers(1, 2)) + [TrackKind.AUDIO] * draw(st.integers(0, 3))
    tracks = []
    for kind in kinds:
        made = _nests if draw(st.integers(0, 11)) == 0 else _tracks
        tracks.append(draw(made(rate, kind, names)))
    drop = bool(dropped_per_minute(rate)) and draw(st.booleans())
    start = draw(st.sampled_from([0, 86_400, 107_892, 91_234]))
    timeline = settled(Timeline("cut", rate, tuple(tracks), start, drop, size=(1920, 1080)))
    return replace(timeline, markers=draw(_markers(rate, max(2, timeline.frames), names)))
