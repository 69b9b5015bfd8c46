"""Random cuts for every writer: each clip has a name and a file of its own, so any reader can tell them."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, replace
from fractions import Fraction

from hypothesis import settings
from hypothesis import strategies as st

from avm_otio.timeline.model import Clip, GainKey, Media, Mix, Timeline, Track, TrackKind, Transition
from avm_otio.timeline.time import MediaTime, RecordTime, dropped_per_minute, from_micros
from tests.models import RATES, seconds, settled

COUNT = int(os.environ.get("AVM_FUZZ_COUNT", "10000"))
"""How many examples a soak takes of each format."""

SEED = int(os.environ.get("AVM_FUZZ_SEED") or random.SystemRandom().randrange(2**32))
"""Where a soak begins; a failure says it."""

quick = settings(max_examples=100, deadline=None, derandomize=True, database=None)
thorough = settings(max_examples=COUNT, deadline=None, database=None, print_blob=True)

levels = st.sampled_from([-24.0, -12.0, -6.5, -3.0, 0.0, 2.5, 6.0])


@dataclass(frozen=True, slots=True)
class Event:
    """What any reader can say of a clip: of a sound, of one channel of its file.

    Attributes:
        name: The clip's.
        channel: From 0; ``None`` for a picture.
        start: Record seconds.
        end: Record seconds.
        used: Seconds of its file before its head; ``None`` where the reader does not say.
        levels: Decibels at moments from its head; ``None`` where the reader does not say.
        fades: Seconds of its fade in and out; ``None`` where the reader does not say.
    """

    name: str
    channel: int | None
    start: Fraction
    end: Fraction
    used: Fraction | None = None
    levels: tuple[tuple[Fraction, float], ...] | None = None
    fades: tuple[Fraction, Fraction] | None = None


@st.composite
def _mixes(draw: st.DrawFn, rate: Fraction, frames: int) -> Mix:
    fades = [round(draw(st.integers(0, frames // 3)) * 1_000_000 / rate) for _ in range(2)]
    if draw(st.integers(0, 2)):
        return Mix(draw(levels), fades[0] * draw(st.booleans()), fades[1] * draw(st.booleans()))
    places = sorted(draw(st.lists(st.integers(0, frames), min_size=2, max_size=4)))
    return Mix(keys=tuple(GainKey(seconds(place, rate), draw(levels)) for place in places))


@st.composite
def _tracks(draw: st.DrawFn, rate: Fraction, number: int, kind: TrackKind) -> Track:
    clips: list[Clip] = []
    crossings: list[Transition] = []
    wide = draw(st.sampled_from([1, 2])) if kind is TrackKind.AUDIO else 0
    at = draw(st.sampled_from([0, 0, 7, 31]))
    for index in range(draw(st.integers(1, 4))):
        frames = draw(st.integers(12, 120))
        name = f"{kind.value} {number}-{index}"
        media_rate = draw(st.sampled_from([rate, rate, *RATES]))
        inside = seconds(draw(st.integers(40, 400)), rate)
        speed, start, channels = Fraction(1), Fraction(0), ()
        if kind is TrackKind.VIDEO:
            inside = seconds(draw(st.integers(40, 400)), media_rate) if draw(st.booleans()) else inside
            start = seconds(draw(st.sampled_from([0, 3600, 90_000])), media_rate)
            speed = draw(st.sampled_from([Fraction(1)] * 5 + [Fraction(2), Fraction(1, 2)]))
            content = Media(
                f"{name}.mov",
                f"/media/{name}.mov",
                start=MediaTime(start),
                duration=seconds(5000, media_rate),
                rate=media_rate,
                size=(1920, 1080),
                has_picture=True,
            )
        else:
            of_file = draw(st.sampled_from([wide, wide, 2, 6]))
            first = draw(st.integers(0, max(0, of_file - wide)))
            channels = tuple(range(first, first + min(wide, of_file)))
            content = Media(
                f"{name}.wav",
                f"/media/{name}.wav",
                duration=Fraction(120),
                sample_rate_hz=draw(st.sampled_from([44_100, 48_000])),
                channels=of_file,
            )
        clips.append(
            Clip(
                name,
                RecordTime(seconds(at, rate)),
                RecordTime(seconds(at + frames, rate)),
                content,
                MediaTime(start + inside),
                speed,
                draw(st.sampled_from([True] * 5 + [False])),
                draw(_mixes(rate, frames)) if kind is TrackKind.AUDIO else Mix(),
                channels,
            )
        )
        touches = index > 0 and clips[-2].end == clips[-1].start
        if touches and not crossings and speed == clips[-2].speed == 1 and draw(st.booleans()):
            halves = draw(st.sampled_from([(4, 4), (3, 5), (0, 6), (6, 0)]))
            cut = clips[-1].start
            named = "Cross Dissolve" if kind is TrackKind.VIDEO else "Cross Fade"
            crossings.append(Transition(named, cut, *(seconds(half, rate) for half in halves)))
        at += frames + draw(st.sampled_from([0, 0, 1, 25]))
    enabled = draw(st.sampled_from([True] * 7 + [False]))
    return Track(
        f"{kind.value} {number}", kind, tuple(clips), tuple(crossings), channels=wide, enabled=enabled
    )


@st.composite
def cuts(draw: st.DrawFn) -> Timeline:
    """A cut whose clips lie on frames, of media of any rate, timecode and number of channels."""
    rate = draw(st.sampled_from(RATES))
    kinds = [TrackKind.VIDEO] * draw(st.integers(1, 2)) + [TrackKind.AUDIO] * draw(st.integers(0, 3))
    tracks = tuple(draw(_tracks(rate, number, kind)) for number, kind in enumerate(kinds, 1))
    drop = bool(dropped_per_minute(rate)) and draw(st.booleans())
    start = draw(st.sampled_from([0, 86_400, 107_892, 91_234]))
    return settled(replace(Timeline("cut", rate, tracks, start, drop), size=(1920, 1080)))


def level_at(mix: Mix, at: Fraction) -> float:
    """Decibels without fades; where two key frames lie, the later."""
    if not mix.keys:
        return mix.gain_db
    before, after = ([k for k in mix.keys if k.at <= at], [k for k in mix.keys if k.at > at])
    if not before or not after:
        return (before[-1:] or after[:1])[0].gain_db
    one, other = before[-1], after[0]
    return one.gain_db + (other.gain_db - one.gain_db) * float((at - one.at) / (other.at - one.at))


def moments(clip: Clip) -> list[Fraction]:
    """Where its level is compared: on key frames that are no jumps, and once where there is none."""
    mix = clip.mix
    rise, fall = from_micros(mix.fade_in_us), clip.duration - from_micros(mix.fade_out_us)
    alone = [key.at for key in mix.keys if sum(other.at == key.at for other in mix.keys) == 1]
    return [at for at in alone or [(rise + fall) / 2] if rise <= at <= fall and at < clip.duration]


def events_of(timeline: Timeline) -> dict[tuple[str, int | None], tuple[Event, Clip]]:
    """What is seen and heard of a cut."""
    made: dict[tuple[str, int | None], tuple[Event, Clip]] = {}
    for track in timeline.tracks:
        for clip in track.clips:
            if not (track.enabled and clip.enabled) or clip.media is None:
                continue
            for channel in clip.channels or (None,):
                line = tuple((at, level_at(clip.mix, at)) for at in moments(clip))
                used = clip.media_in - clip.media.start
                fades = from_micros(clip.mix.fade_in_us), from_micros(clip.mix.fade_out_us)
                made[clip.name, channel] = (
                    Event(clip.name, channel, clip.start, clip.end, used, line, fades),
                    clip,
                )
    return made
