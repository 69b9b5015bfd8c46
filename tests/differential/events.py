"""What can be seen and heard of a cut, in the words that any reader has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from avm_otio.timeline.model import Clip, Media, Mix, Timeline, Track, TrackKind, Transition
from avm_otio.timeline.time import from_micros

Level = Callable[[Fraction], float]
"""Decibels at a moment from the head of an event, without its fades."""


@dataclass(frozen=True, slots=True)
class Event:
    """What a reader says of a clip: of a sound, of one channel of its file. ``None`` is what it cannot say.

    Attributes:
        name: The clip's.
        channel: From 0, through all streams of the file; ``None`` for a picture.
        start: Record seconds at which anything of it is seen or heard, under a transition too.
        end: Record seconds.
        used: Seconds of its file before what it shows at ``start``.
        speed: Seconds of its file a second.
        fades: Seconds of its fade in and out.
        pan: From -1, left, to 1.
        level: Its gain.
    """

    name: str
    channel: int | None
    start: Fraction
    end: Fraction
    used: Fraction | None = None
    speed: Fraction | None = None
    fades: tuple[Fraction, Fraction] | None = None
    pan: float | None = None
    level: Level | None = field(default=None, compare=False)


@dataclass(slots=True)
class Found:
    """All that a reader finds; ``None`` is what it does not look for.

    Attributes:
        events: What is seen and heard.
        crossings: Kind, and from and to when a transition lasts, record seconds.
        markers: Record seconds and the name, of every marker.
        start: Frames of its start timecode.
        drop: Whether its timecode drops frames.
    """

    events: list[Event] = field(default_factory=list)
    crossings: set[tuple[str, Fraction, Fraction]] | None = None
    markers: list[tuple[Fraction, str]] | None = None
    start: int | None = None
    drop: bool | None = None


@dataclass(frozen=True, slots=True)
class File:
    """What a program finds when it opens a file: its timecode, its length, its sound, its rate."""

    start: Fraction
    duration: Fraction
    streams: tuple[tuple[int, int], ...]
    rate: Fraction | None = None

    @property
    def channels(self) -> int:
        return sum(count for _, count in self.streams)


Files = Mapping[str, File]
"""By the name of the clip that plays it: no two clips play one file."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An event that must be read: whose it is, and its nests."""

    event: Event
    clip: Clip
    track: Track
    around: tuple[Clip, ...] = ()

    @property
    def levels(self) -> Iterator[tuple[Fraction, float]]:
        """Its gain at moments from the clip's own head."""
        return ((at, level_at(self.clip.mix, at)) for at in moments(self.clip))


def files_of(timeline: Timeline) -> Files:
    """The file of each clip, those among them that no part of is seen."""
    made: dict[str, File] = {}
    for clip in timeline.clips():
        if isinstance(clip.content, Timeline):
            made |= files_of(clip.content)
        elif clip.media:
            made[clip.name] = _file(clip.media)
    return made


def _file(media: Media) -> File:
    streams = media.streams.sounds if media.streams else ((0, media.channels),) if media.channels else ()
    return File(media.start, media.duration or Fraction(0), streams, media.rate)


Around = tuple[Clip | Track, ...]


def clips_of(timeline: Timeline, around: Around = ()) -> Iterator[tuple[Clip, Track, Around]]:
    """Every clip that plays a file, its track, and the nests that it lies in with their tracks."""
    for track in timeline.tracks:
        for clip in track.clips:
            if isinstance(clip.content, Timeline):
                yield from clips_of(clip.content, (*around, clip, track))
            else:
                yield clip, track, around


def through(event: Event, begin: Fraction, stop: Fraction, moved: Fraction) -> Event | None:
    """What a nest from and to shows of an event that lies in it; its gain counts from the head no more."""
    start, end = max(begin, event.start + moved), min(stop, event.end + moved)
    if start >= end:
        return None
    used = None
    if event.used is not None and event.speed is not None:
        used = event.used + (start - event.start - moved) * event.speed
    return Event(event.name, event.channel, start, end, used, event.speed)


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


def under(event: Event, clip: Clip, crossings: tuple[Transition, ...]) -> Event:
    """The same with what plays of it under the transitions at its edges."""
    assert event.used is not None
    for crossing in crossings:
        if crossing.at == clip.start:
            used = event.used - crossing.before * clip.speed
            event = replace(event, start=event.start - crossing.before, used=used)
        elif crossing.at == clip.end:
            event = replace(event, end=event.end + crossing.after)
    return event


IsCut = Callable[[Transition, tuple[Clip, ...]], bool]
"""Whether a transition, in such nests, was reported to be written as a cut."""


def wanted_of(
    timeline: Timeline, is_cut: IsCut = lambda _, __: False, around: tuple[Clip, ...] = ()
) -> list[Wanted]:
    """What is seen and heard of a cut, one a channel; nests play forwards at their own speed."""
    made: list[Wanted] = []
    for track in timeline.tracks:
        crossings = tuple(each for each in track.transitions if not is_cut(each, around))
        for clip in track.clips:
            if not (track.enabled and clip.enabled):
                continue
            if isinstance(clip.content, Timeline):
                for one in wanted_of(clip.content, is_cut, (*around, clip)):
                    cut = through(one.event, clip.start, clip.end, clip.start - clip.media_in)
                    if cut is not None and one.track.kind is track.kind:
                        made.append(replace(one, event=cut))
            elif clip.media is not None:
                made += _wanted(clip, track, crossings, around)
    return made


def _wanted(
    clip: Clip, track: Track, crossings: tuple[Transition, ...], around: tuple[Clip, ...]
) -> Iterator[Wanted]:
    assert clip.media is not None
    mix = clip.mix
    event = Event(
        clip.name,
        None,
        clip.start,
        clip.end,
        clip.media_in - clip.media.start,
        clip.speed,
        (from_micros(mix.fade_in_us), from_micros(mix.fade_out_us)),
        mix.pan,
    )
    event = under(event, clip, crossings)
    channels: tuple[int | None, ...] = clip.channels
    for channel in (None,) if track.kind is TrackKind.VIDEO else channels:
        yield Wanted(replace(event, channel=channel), clip, track, around)


def crossings_of(timeline: Timeline) -> dict[tuple[str, Fraction, Fraction], tuple[Transition, Track]]:
    """The transitions of which both halves are seen or heard."""
    made = {}
    for track in timeline.tracks:
        for each in track.transitions:
            halves = [clip for clip in track.clips if each.at in (clip.start, clip.end) and clip.enabled]
            if track.enabled and len(halves) == 2:
                made[track.kind.value, each.at - each.before, each.at + each.after] = (each, track)
    return made


def markers_of(timeline: Timeline) -> dict[str, tuple[Fraction, Clip | Track | Timeline]]:
    """Every marker by its name, which no other has: where it stands, and whose it is."""
    made: dict[str, tuple[Fraction, Clip | Track | Timeline]] = {
        marker.name: (marker.start, timeline) for marker in timeline.markers
    }
    for track in timeline.tracks:
        made |= {marker.name: (marker.start, track) for marker in track.markers}
        for clip in track.clips:
            made |= {marker.name: (clip.start + marker.start, clip) for marker in clip.markers}
    return made
