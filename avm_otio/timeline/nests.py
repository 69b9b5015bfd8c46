"""Nests opened: for formats that know none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from avm_otio.timeline.gain import added, pan_of, sides_of, through
from avm_otio.timeline.model import Clip, GainKey, Mix, Timeline, Track, Transition, trimmed
from avm_otio.timeline.time import RecordTime


def opened_nests(timeline: Timeline, on_nest: Callable[[Clip], None] = lambda nest: None) -> Timeline:
    """The same without nests: what a nest shows on the nest's own kind of track lies in its place.

    A nest's tracks become tracks of their own, right above the one that held it.

    Args:
        timeline: The timeline.
        on_nest: Called with each nest that is opened.
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
            on_nest(nest)
            inner = opened_nests(nest.content, on_nest)
            markers += [replace(marker, start=nest.start + marker.start) for marker in nest.markers]
            same = [layer for layer in inner.tracks if layer.kind is track.kind]
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
                    clips=tuple(sorted(some, key=lambda item: item.start)),
                    transitions=tuple(sorted(crossings, key=lambda item: item.at)),
                    markers=() if depth else tuple(sorted(markers, key=lambda item: item.start)),
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
            crossing,
            at=RecordTime(nest.start + (crossing.at - first) / nest.speed),
            before=crossing.before / nest.speed,
            after=crossing.after / nest.speed,
        )
        for crossing in layer.transitions
        if first <= crossing.at - crossing.before and crossing.at + crossing.after <= last
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
    pan = mix.pan or over.pan
    if mix.pan and over.pan:
        more_db, pan = pan_of(through(sides_of(mix.pan), sides_of(over.pan)))
        over = replace(
            over,
            gain_db=0.0 if over.keys else over.gain_db + more_db,
            keys=tuple(replace(key, gain_db=key.gain_db + more_db) for key in over.keys),
        )
    keys = tuple(replace(key, at=key.at / nest.speed) for key in mix.keys)
    if keys and not over.keys:
        keys = tuple(replace(key, gain_db=key.gain_db + over.gain_db) for key in keys)
    elif over.keys and not keys:
        keys = tuple(GainKey(key.at - into, key.gain_db + mix.gain_db) for key in over.keys)
    elif keys:
        keys = added((keys, tuple(replace(key, at=key.at - into) for key in over.keys)))
    return Mix(
        gain_db=0.0 if keys else mix.gain_db + over.gain_db,
        fade_in_us=mix.fade_in_us if into else max(mix.fade_in_us, over.fade_in_us),
        fade_out_us=max(mix.fade_out_us, over.fade_out_us) if is_last else mix.fade_out_us,
        keys=keys,
        pan=pan,
    )
