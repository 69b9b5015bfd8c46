"""Timelines for tests: strategies for random ones, and a plain one in few words.

The strategies make only what a real timeline can be: frames where frames rule, our own sound between frames,
sources long enough for what is used of them.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from fractions import Fraction

from hypothesis import strategies as st

from avm_otio.timeline.model import (
    Clip,
    GainKey,
    Generator,
    Marker,
    Media,
    Mix,
    Offer,
    Stem,
    Timeline,
    Track,
    TrackKind,
    Transition,
)
from avm_otio.timeline.time import MediaTime, RecordTime, dropped_per_minute

RATES = [
    Fraction(n, d)
    for n, d in ((24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (50, 1), (60000, 1001), (60, 1))
]
"""Every rate that the formats must carry."""

rates = st.sampled_from(RATES)
gains = st.sampled_from([-60.0, -12.0, -6.5, -3.0, 0.0, 2.5, 6.0, 12.0])
names = (
    st.text(
        st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs"), exclude_characters="\x7f"),
        min_size=1,
        max_size=12,
    )
    .map(lambda text: text.strip() or "x")
    .filter(lambda text: text == text.strip())
)
colors = st.sampled_from(["RED", "GREEN", "BLUE", "YELLOW", "CYAN", "MAGENTA"])


def seconds(frames: int, rate: Fraction) -> Fraction:
    return frames / rate


@st.composite
def picture_media(draw: st.DrawFn, rate: Fraction, number: int) -> Media:
    return Media(
        name=f"shot {number}.mov",
        path=f"/media/shot {number}.mov",
        start=MediaTime(seconds(draw(st.sampled_from([0, 86_400, 107_892])), rate)),
        duration=seconds(20_000, rate),
        rate=rate,
        size=(1920, 1080),
        sample_rate_hz=48_000,
        channels=draw(st.sampled_from([0, 1, 2])),
        has_picture=True,
    )


@st.composite
def sound_media(draw: st.DrawFn, number: int, channels: int) -> Media:
    hz = draw(st.sampled_from([44_100, 48_000]))
    return Media(
        name=f"sound {number}.wav",
        path=f"/media/sound {number}.wav",
        duration=Fraction(draw(st.integers(2_000_000, 40_000_000)), hz),
        sample_rate_hz=hz,
        channels=channels,
    )


@st.composite
def mixes(draw: st.DrawFn, rate: Fraction, frames: int) -> Mix:
    """Fades are whole frames (in microseconds), key frames lie on frames."""
    most = frames // 2
    fades = [round(draw(st.integers(0, most)) * 1_000_000 / rate) for _ in range(2)]
    if frames > 4 and draw(st.booleans()):
        places = sorted(draw(st.sets(st.integers(0, frames - 1), min_size=2, max_size=4)))
        keys = tuple(GainKey(seconds(place, rate), draw(gains)) for place in places)
        return Mix(0.0, fades[0], fades[1], keys)
    return Mix(draw(gains), fades[0], fades[1])


@st.composite
def markers(draw: st.DrawFn, rate: Fraction, frames: int) -> tuple[Marker, ...]:
    made = []
    for at in sorted(draw(st.sets(st.integers(0, max(0, frames - 1)), max_size=2))):
        length = draw(st.integers(0, 3))
        made.append(Marker(draw(names), seconds(at, rate), seconds(length, rate), draw(names), draw(colors)))
    return tuple(made)


@st.composite
def video_tracks(draw: st.DrawFn, rate: Fraction, number: int, *, speeds: bool = True) -> Track:
    clips: list[Clip] = []
    transitions: list[Transition] = []
    at = draw(st.sampled_from([0, 0, 12]))
    for index in range(draw(st.integers(1, 4))):
        length = draw(st.integers(10, 200))
        content: Media | Generator = draw(picture_media(rate, number * 10 + index))
        speed = Fraction(1)
        media_in = MediaTime(Fraction(0))
        if isinstance(content, Media):
            media_in = MediaTime(content.start + seconds(draw(st.integers(100, 5000)), rate))
            if speeds:
                speed = draw(st.sampled_from([Fraction(1)] * 4 + [Fraction(2), Fraction(1, 2)]))
        clips.append(
            Clip(
                name=draw(names),
                start=RecordTime(seconds(at, rate)),
                end=RecordTime(seconds(at + length, rate)),
                content=content,
                media_in=media_in,
                speed=speed,
                enabled=draw(st.sampled_from([True, True, True, False])),
                markers=draw(markers(rate, length)) if speed == 1 else (),
            )
        )
        at += length
        if draw(st.booleans()):
            at += draw(st.integers(1, 50))
        elif index and not transitions and speed == 1 and draw(st.booleans()):
            half = seconds(4, rate)
            cut = clips[-1].start
            if clips[-2].end == cut:
                transitions.append(Transition("Cross Dissolve", cut, half, half))
    return Track(draw(names), TrackKind.VIDEO, tuple(clips), tuple(transitions))


keys = names.filter(lambda name: name != "OTIO_SCHEMA")  # which OTIO takes for an object of its own
served = st.fixed_dictionaries(
    {"id": st.integers(1, 10**6), "title": names},
    optional={"price": st.sampled_from([0.0, 12.5, 200.0]), "new": st.dictionaries(keys, st.booleans())},
)
"""An item, or a cue, as a service says it."""


@st.composite
def offers(draw: st.DrawFn) -> Offer:
    start = draw(st.integers(0, 10**10))
    return Offer(
        item=draw(served),
        alternatives=tuple(draw(st.lists(served, max_size=2))),
        film_start_us=start,
        film_end_us=start + draw(st.integers(0, 10**8)),
        cue=draw(st.none() | served),
        film_id=draw(st.none() | st.integers(1, 10**6)),
        session_id=draw(st.none() | st.integers(1, 10**6)),
        currency=draw(st.sampled_from(["", "USD", "EUR"])),
        license=draw(st.sampled_from([None, {"range": [16], "type": "personal"}])),
    )


@st.composite
def sound_tracks(draw: st.DrawFn, rate: Fraction, number: int, *, between_frames: bool = True) -> Track:
    """A sound track: the user's own on frames, or one of ours, whose effects lie anywhere."""
    channels = draw(st.sampled_from([1, 2]))
    stem = draw(st.sampled_from([None, Stem.MUSIC, Stem.EFFECTS]))
    clips = []
    at = draw(st.integers(0, 30))
    for index in range(draw(st.integers(1, 4))):
        length = draw(st.integers(2, 150))
        media = draw(sound_media(number * 10 + index, channels))
        start, end = seconds(at, rate), seconds(at + length, rate)
        if stem is not None and between_frames:
            # A little later than its frame, by whole samples, never past half of it.
            shift = Fraction(draw(st.integers(0, 300)), 48_000)
            start, end = start + shift, end + shift
        clips.append(
            Clip(
                name=draw(names),
                start=RecordTime(start),
                end=RecordTime(end),
                content=media,
                media_in=MediaTime(seconds(draw(st.integers(0, 40)), rate))
                if stem is None
                else MediaTime(Fraction(0)),
                enabled=draw(st.sampled_from([True, True, True, False])),
                mix=draw(mixes(rate, length)),
                channels=tuple(range(channels)),
                markers=draw(markers(rate, length)),
                stem=stem,
                offer=None if stem is None else draw(st.none() | offers()),
            )
        )
        at += length + draw(st.integers(1, 60))
    return Track(draw(names), TrackKind.AUDIO, tuple(clips), channels=channels, stem=stem)


@st.composite
def timelines(
    draw: st.DrawFn, *, speeds: bool = True, between_frames: bool = True, linked: bool = True
) -> Timeline:
    """A cut as editors make it: one or two video tracks, sound of the picture, our own tracks."""
    rate = draw(rates)
    video = [draw(video_tracks(rate, number, speeds=speeds)) for number in range(draw(st.integers(1, 2)))]
    tracks = list(video)
    if linked and draw(st.booleans()):
        tracks[0], sound = _with_sound(video[0])
        if sound.clips:
            tracks.append(sound)
    tracks += [
        draw(sound_tracks(rate, number + 5, between_frames=between_frames))
        for number in range(draw(st.integers(0, 3)))
    ]
    drop = bool(dropped_per_minute(rate)) and draw(st.booleans())
    hour = 3600 * (-(-rate.numerator // rate.denominator))
    start = draw(st.sampled_from([0, hour, hour + 1234]))
    if drop and start == hour:
        start = hour - 108 * (2 if rate < 40 else 4) // 2
    return settled(
        Timeline(
            name=draw(names),
            rate=rate,
            tracks=tuple(tracks),
            start_frame=start,
            drop_frame=drop,
            markers=draw(markers(rate, 60)),
            size=(1920, 1080),
        )
    )


def settled(timeline: Timeline) -> Timeline:
    """The same with the length that its tracks make."""
    rate = timeline.rate
    ends = [clip.frames(rate)[1] for clip in timeline.clips()]
    return replace(timeline, duration=seconds(max(ends, default=0), rate))


def _with_sound(track: Track) -> tuple[Track, Track]:
    """A video track, and the sound of its pictures on a track of its own, linked."""
    seen, heard = [], []
    for number, clip in enumerate(track.clips, 1):
        channels = clip.media.channels if clip.media else 0
        if channels != 2:
            seen.append(clip)
            continue
        seen.append(replace(clip, link=number))
        heard.append(
            Clip(
                name=clip.name,
                start=clip.start,
                end=clip.end,
                content=clip.content,
                media_in=clip.media_in,
                speed=clip.speed,
                enabled=clip.enabled,
                channels=(0, 1),
                link=number,
            )
        )
    return replace(track, clips=tuple(seen)), Track("Sound", TrackKind.AUDIO, tuple(heard), channels=2)


def plain(rate: Fraction = Fraction(24), start_frame: int = 86_400) -> Timeline:
    """Two shots with their sound, a bed that fades, and two effects, one disabled."""
    shots = [
        Media(
            f"shot {n}.mov",
            f"/media/shot {n}.mov",
            duration=seconds(2400, rate),
            rate=rate,
            size=(1920, 1080),
            sample_rate_hz=48_000,
            channels=2,
            has_picture=True,
        )
        for n in (1, 2)
    ]

    def at(frames: int) -> RecordTime:
        return RecordTime(seconds(frames, rate))

    seen = [
        Clip(f"shot {n}", at(first), at(first + 96), shot, MediaTime(seconds(48, rate)), link=n)
        for n, (first, shot) in enumerate(zip((0, 96), shots, strict=True), 1)
    ]
    heard = [replace(clip, channels=(0, 1)) for clip in seen]
    bed = Media("bed.wav", "/media/bed.wav", duration=Fraction(60), sample_rate_hz=48_000, channels=2)
    hit = Media("hit.wav", "/media/hit.wav", duration=Fraction(2), sample_rate_hz=48_000, channels=2)
    music = Clip(
        "Bed",
        at(0),
        at(192),
        bed,
        mix=Mix(-6.0, 0, 2_000_000),
        channels=(0, 1),
        stem=Stem.MUSIC,
        markers=(Marker("Bed", Fraction(0), comment="42 EUR", color="CYAN"),),
    )
    hits = [
        Clip("Hit", at(first), at(first + 24), hit, channels=(0, 1), stem=Stem.EFFECTS, enabled=on)
        for first, on in ((30, True), (100, False))
    ]
    return settled(
        Timeline(
            "cut",
            rate,
            (
                Track("V1", TrackKind.VIDEO, tuple(seen)),
                Track("A1", TrackKind.AUDIO, tuple(heard), channels=2),
                Track("AVM Music 1", TrackKind.AUDIO, (music,), channels=2, stem=Stem.MUSIC),
                Track("AVM Effects 1", TrackKind.AUDIO, tuple(hits), channels=2, stem=Stem.EFFECTS),
            ),
            start_frame=start_frame,
            size=(1920, 1080),
        )
    )


def differences(found: object, wanted: object, where: str = "") -> list[str]:
    """Where two values differ, one line each: what a failing round trip should show."""
    if found == wanted:
        return []
    if is_dataclass(found) and type(found) is type(wanted):
        return [
            line
            for one in fields(found)
            for line in differences(
                getattr(found, one.name), getattr(wanted, one.name), f"{where}.{one.name}"
            )
        ]
    if isinstance(found, tuple) and isinstance(wanted, tuple) and len(found) == len(wanted):
        pairs = enumerate(zip(found, wanted, strict=True))
        return [line for at, (one, other) in pairs for line in differences(one, other, f"{where}[{at}]")]
    return [f"{where}: {found!r}, not {wanted!r}"]
