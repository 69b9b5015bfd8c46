"""A timeline of another format, counted as OTIO counts: in whole frames, and in doubles of them.

So that a cut is one film and one question, whichever file it was read from: an export as XML, and the same
timeline written as OTIO and read again, give the same moments to the last digit.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from avm_otio.timeline.completed import all_channels, widest
from avm_otio.timeline.model import (
    HIGHEST_FRAME_RATE,
    Clip,
    Marker,
    Media,
    Timeline,
    Track,
    TrackKind,
    Transition,
)
from avm_otio.timeline.time import MediaTime, RecordTime, exact_value, nearest_frame

_ZERO = Fraction(0)
_AS_IT_IS = (_ZERO, Fraction(1))
_FINEST_SPEED = 1_000_000
"""Highest denominator of a speed that is read from a double."""


def counted(timeline: Timeline) -> Timeline:
    """The same as it would come back from a file of OTIO; one that came from there is so already.

    Sound keeps its exact place beside the frames that it is laid on (``Clip.laid``).
    """
    if timeline.raw is not None:
        return timeline
    made = _stack(timeline)
    longest = max((track.end for track in made.tracks), default=_ZERO)
    length = max(longest, timeline.frames / timeline.rate)
    tracks = made.tracks
    if tracks and length > longest:  # a hole at the end of the first makes up for it
        tracks = (replace(tracks[0], length=length), *tracks[1:])
    return replace(made, tracks=tracks, duration=length if tracks else _ZERO)


def _stack(timeline: Timeline) -> Timeline:
    rate = timeline.rate
    return replace(
        timeline,
        tracks=tuple(_track(track, rate) for track in timeline.tracks),
        markers=_markers(timeline.markers, rate),
    )


def _as_double(time: Fraction, rate: Fraction) -> Fraction:
    """Seconds that were kept as a double of frames."""
    return exact_value(float(time * rate)) / rate


def _track(track: Track, rate: Fraction) -> Track:
    clips: list[Clip] = []
    at = 0
    for clip in track.clips:
        first, last = clip.frames(rate)
        first = max(first, at)
        if last > first:
            clips.append(_clip(clip, track.kind, first, last, rate))
            at = last
    transitions = tuple(_transition(transition, rate) for transition in track.transitions)
    made = replace(
        track,
        clips=tuple(clips),
        transitions=transitions,
        markers=_markers(track.markers, rate),
        length=max([at / rate, *(transition.at for transition in transitions)]),
    )
    if track.kind is TrackKind.AUDIO and not track.channels:
        made = replace(made, channels=widest(made), channels_assumed=True)
    return made


def _clip(clip: Clip, kind: TrackKind, first: int, last: int, rate: Fraction) -> Clip:
    start, end = RecordTime(first / rate), RecordTime(last / rate)
    length = end - start
    used = clip.media_in - (length * -clip.speed if clip.speed < 0 else 0)
    speed = Fraction(float(clip.speed)).limit_denominator(_FINEST_SPEED)
    head = _as_double(used, rate)
    content = clip.content
    if isinstance(content, Timeline):
        content = _stack(content)
    elif isinstance(content, Media):
        content = _media(content, rate)
    if kind is TrackKind.AUDIO and not clip.channels:
        clip = replace(clip, channels=all_channels(content), channels_assumed=True)
    return replace(
        clip,
        content=content,
        media_in=MediaTime(head + length * -speed if speed < 0 else head),
        speed=speed,
        markers=_markers(clip.markers, rate, (used, clip.speed), (head, speed)),
        laid=None if (clip.start, clip.end) == (start, end) else (start, end),
    )


def _media(media: Media, rate: Fraction) -> Media:
    each = media.rate or rate
    if media.duration is None and media.sequence is None:
        return media
    return replace(
        media,
        start=MediaTime(_as_double(media.start, each)),
        counted_rate=each if each < HIGHEST_FRAME_RATE else None,
    )


def _transition(transition: Transition, rate: Fraction) -> Transition:
    return replace(
        transition,
        at=RecordTime(nearest_frame(transition.at, rate) / rate),
        before=_as_double(transition.before, rate),
        after=_as_double(transition.after, rate),
    )


def _markers(
    markers: tuple[Marker, ...],
    rate: Fraction,
    written: tuple[Fraction, Fraction] = _AS_IT_IS,
    read: tuple[Fraction, Fraction] = _AS_IT_IS,
) -> tuple[Marker, ...]:
    """Markers of what begins at a media time and runs at a speed, exactly and as doubles say."""
    scale, scale_read = (speed if speed > 0 else Fraction(1) for _, speed in (written, read))
    return tuple(
        replace(
            marker,
            start=(_as_double(written[0] + marker.start * scale, rate) - read[0]) / scale_read,
            duration=_as_double(marker.duration * scale, rate) / scale_read,
            color=marker.color or "GREEN",
        )
        for marker in markers
    )
