"""Stereo sound that lies in two streams of its file: MLT plays one stream of a file at a time.

Cameras and post houses write one mono stream a channel. Such a clip becomes two, one a side: each plays its
own stream, panned all the way, on a track of its own.
"""

from __future__ import annotations

import math
from dataclasses import replace

from avm_otio.formats.kdenlive.bin import stream_heard
from avm_otio.timeline.features import Feature
from avm_otio.timeline.losses import Losses
from avm_otio.timeline.model import Clip, Mix, Timeline, Track, TrackKind
from avm_otio.words import counted

_SIDES = (-1.0, 1.0)


def parted(timeline: Timeline, losses: Losses) -> Timeline:
    """The same with every stereo clip whose sides lie in two streams as two mono clips.

    Args:
        timeline: The timeline.
        losses: Where each track that needed a second one is reported.
    """
    tracks: list[Track] = []
    for track in timeline.tracks:
        sides = {at: _sides(clip) for at, clip in enumerate(track.clips) if _is_parted(track, clip)}
        first = tuple(sides[at][0] if at in sides else clip for at, clip in enumerate(track.clips))
        second = tuple(pair[1] for pair in sides.values() if len(pair) > 1)
        tracks.append(replace(track, clips=first))
        if second:
            cuts = {edge for clip in second for edge in (clip.start, clip.end)}
            crossings = tuple(crossing for crossing in track.transitions if crossing.at in cuts)
            name = f"{track.name} (right)"
            losses.add(
                Feature.CHANNELS,
                track,
                f"{counted(len(second), 'clip')} split into two mono clips, as the sides lie in two streams "
                f"of the file: the right ones lie on “{name}”",
            )
            tracks.append(replace(track, name=name, clips=second, transitions=crossings, markers=()))
    return replace(timeline, tracks=tuple(tracks))


def _is_parted(track: Track, clip: Clip) -> bool:
    if track.kind is not TrackKind.AUDIO or len(clip.channels) != 2:
        return False
    streams = clip.media.streams if clip.media is not None else None
    return (
        streams is not None
        and streams.holding(clip.channels) is None
        and all(stream_heard(replace(clip, channels=(one,)))[0] is not None for one in clip.channels)
    )


def _sides(clip: Clip) -> tuple[Clip, ...]:
    """The left and the right of a clip, or the only one that its pan leaves."""
    parts = []
    for channel, side in zip(clip.channels, _SIDES, strict=True):
        share = min(1.0, 1.0 + side * clip.mix.pan)
        if share > 0:
            mix = _on_one_side(clip.mix, 20 * math.log10(share), side)
            parts.append(replace(clip, channels=(channel,), mix=mix))
    return parts[0], *(replace(part, markers=()) for part in parts[1:])


def _on_one_side(mix: Mix, more_db: float, side: float) -> Mix:
    keys = tuple(replace(key, gain_db=key.gain_db + more_db) for key in mix.keys)
    return replace(mix, pan=side, keys=keys, gain_db=mix.gain_db if keys else mix.gain_db + more_db)
