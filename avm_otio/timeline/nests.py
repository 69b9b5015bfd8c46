"""Nests opened: for formats that know none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from avm_otio.timeline.model import Clip, GainKey, Mix, Timeline, Track, Transition, trimmed
from avm_otio.timeline.time import RecordTime


def sized_nests(timeline: Timeline) -> Timeline:
    """The same, each nest whose picture size nobody knows as large as what it lies in."""
    if timeline.size is None or not any(isinstance(one.content, Timeline) for one in timeline.clips()):
        return timeline

    def sized(clip: Clip) -> Clip:
        if not isinstance(clip.content, Timeline):
            return clip
        nest = replace(clip.content, size=clip.content.size or timeline.size)
        return replace(clip, content=sized_nests(nest))

    return replace(
        timeline,
        tracks=tuple(replace(track, clips=tuple(map(sized, track.clips))) for track in timeline.tracks),
    )


def opened_nests(timeline: Timeline, told: Callable[[Clip], None] = lambda clip: None) -> Timeline:
    """The same without nests: what a nest shows on the nest's own kind of track lies in its place.

    A nest's tracks become tracks of their own, right above the one that held it.

    Args:
        timeline: The timeline.
        told: Told of each nest that is opened.
    """
    tracks: list[Track] = []
    for track in timeline.tracks:
        nests = [clip for clip in track.clips if isinstance(clip.content, Timeline)]
        if not nests:
            tracks.append(track)
            continue
        clips = [[clip for clip in track.clips if not isinstance(clip.content, Timeline)]]
        transitions, markers = [list(track.transitions)], list(track.markers)
        for nest in nests:
            assert isinstance(nest.content, Timeline)
            told(nest)
            inner = opened_nests(nest.content, told)
            markers += [replace(one, start=nest.start + one.start) for one in nest.markers]
            same = [one for one in inner.tracks if one.kind is track.kind]
            for depth, layer in enumerate(same):
                if len(clips) <= depth:
                    clips.append([])
                    transitions.append([])
                clips[depth] += _through(nest, layer)
                transitions[depth] += _crossings(nest, layer)
        for depth, (some, crossings) in enumerate(zip(clips, transitions, strict=True)):
            tracks.append(
                replace(
                    track,
                    name=f"{track.name} ({depth + 1})" if depth else track.name,
                    clips=tuple(sorted(some, key=lambda one: one.start)),
                    transitions=tuple(sorted(crossings, key=lambda one: one.at)),
                    markers=() if depth else tuple(sorted(markers, key=lambda one: one.start)),
                )
            )
    return replace(timeline, tracks=tuple(tracks))


def _crossings(nest: Clip, layer: Track) -> list[Transition]:
    """The transitions of a nest's track that are seen whole."""
    if nest.speed <= 0:
        return []
    first, last = nest.media_in, nest.media_in + nest.duration * nest.speed
    return [
        replace(
            one,
            at=RecordTime(nest.start + (one.at - first) / nest.speed),
            before=one.before / nest.speed,
            after=one.after / nest.speed,
        )
        for one in layer.transitions
        if first <= one.at - one.before and one.at + one.after <= last
    ]


def _through(nest: Clip, layer: Track) -> list[Clip]:
    """The clips of a nest's track, as they lie on the timeline that the nest lies on."""
    if nest.speed <= 0:
        return []
    first = nest.media_in
    last = nest.media_in + nest.duration * nest.speed
    moved = []
    for clip in layer.clips:
        start, end = max(clip.start, first), min(clip.end, last)
        if start >= end:
            continue
        part = trimmed(clip, start, end)
        moved.append(
            replace(
                part,
                start=RecordTime(nest.start + (start - first) / nest.speed),
                end=RecordTime(nest.start + (end - first) / nest.speed),
                speed=part.speed * nest.speed,
                enabled=part.enabled and nest.enabled and layer.enabled,
                mix=_heard_through(nest, part, (start - first) / nest.speed, end == last),
                link=None,
            )
        )
    return moved


def _heard_through(nest: Clip, part: Clip, into: Fraction, is_last: bool) -> Mix:
    """How a clip of a nest is heard: its own mix and the nest's.

    Args:
        nest: The nest.
        part: What is left of the clip.
        into: How far into the nest it begins, record seconds.
        is_last: Whether it ends with the nest.
    """
    mix, over = part.mix, nest.mix
    keys = tuple(replace(key, at=key.at / nest.speed) for key in mix.keys)
    if keys and not over.keys:
        keys = tuple(replace(key, gain_db=key.gain_db + over.gain_db) for key in keys)
    elif over.keys and not keys:
        keys = tuple(GainKey(key.at - into, key.gain_db + mix.gain_db) for key in over.keys)
    elif keys:
        places = sorted({key.at for key in keys} | {key.at - into for key in over.keys})
        keys = tuple(GainKey(at, _gain_at(keys, at) + _gain_at(over.keys, at + into)) for at in places)
    return Mix(
        gain_db=0.0 if keys else mix.gain_db + over.gain_db,
        fade_in_us=mix.fade_in_us if into else max(mix.fade_in_us, over.fade_in_us),
        fade_out_us=max(mix.fade_out_us, over.fade_out_us) if is_last else mix.fade_out_us,
        keys=keys,
    )


def _gain_at(keys: Sequence[GainKey], at: Fraction) -> float:
    """The gain that key frames say for a moment."""
    before = [key for key in keys if key.at <= at]
    after = [key for key in keys if key.at > at]
    if not before or not after:
        return (before or after)[-1 if before else 0].gain_db
    one, other = before[-1], after[0]
    return one.gain_db + float((at - one.at) / (other.at - one.at)) * (other.gain_db - one.gain_db)
