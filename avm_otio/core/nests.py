"""Nests opened: for formats that know none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from avm_otio.core.arrangement import Arrangement, Clip, Track, trimmed
from avm_otio.core.timing import RecordTime


def opened_nests(arrangement: Arrangement, told: Callable[[Clip], None] = lambda clip: None) -> Arrangement:
    """The same without nests: what a nest shows on the nest's own kind of track lies in its place.

    A nest's tracks become tracks of their own, right above the one that held it.

    Args:
        arrangement: The arrangement.
        told: Told of each nest that is opened.
    """
    tracks: list[Track] = []
    for track in arrangement.tracks:
        plain = [clip for clip in track.clips if not isinstance(clip.content, Arrangement)]
        layers: list[list[Clip]] = []
        for clip in track.clips:
            if not isinstance(clip.content, Arrangement):
                continue
            told(clip)
            inner = opened_nests(clip.content, told)
            same = [one for one in inner.tracks if one.kind is track.kind]
            for depth, layer in enumerate(same):
                while len(layers) <= depth:
                    layers.append([])
                layers[depth] += _through(clip, layer)
        if layers:
            bottom = sorted([*plain, *layers[0]], key=lambda one: one.start)
            tracks.append(replace(track, clips=tuple(bottom)))
            names = [f"{track.name} ({number})" for number in range(2, len(layers) + 1)]
            tracks += [
                replace(track, name=name, clips=tuple(layer), transitions=(), markers=())
                for name, layer in zip(names, layers[1:], strict=True)
            ]
        else:
            tracks.append(track)
    return replace(arrangement, tracks=tuple(tracks))


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
                mix=replace(
                    part.mix,
                    gain_db=part.mix.gain_db + nest.mix.gain_db,
                    keys=tuple(replace(key, at=key.at / nest.speed) for key in part.mix.keys),
                ),
                link=None,
            )
        )
    return moved
