"""An arrangement → an OTIO timeline: ``arrange(timeline_of(a)) == a``.

What OTIO cannot say goes under ``metadata["avm"]`` (``docs/metadata.md``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import opentimelineio as otio

from avm_otio.formats.making import many_values
from avm_otio.formats.otio import metadata
from avm_otio.formats.otio.metadata import NAMESPACE
from avm_otio.timeline.flatten import AUDIO, VIDEO
from avm_otio.timeline.model import (
    Clip,
    Generator,
    Kept,
    Marker,
    Media,
    Mix,
    Timeline,
    Track,
    TrackKind,
    Transition,
)
from avm_otio.timeline.time import nearest_frame, rational_time, time_range


@many_values()
def timeline_of(arrangement: Timeline) -> otio.schema.Timeline:
    """An arrangement as an OTIO timeline; what OTIO cannot say goes under ``metadata["avm"]``."""
    timeline = otio.schema.Timeline(arrangement.name)
    timeline.tracks = _to_stack(arrangement)
    timeline.tracks.name = "tracks"
    _fill(timeline.tracks, arrangement)
    timeline.global_start_time = rational_time(arrangement.start_frame, arrangement.rate)
    noted: dict[str, Any] = {"version": metadata.VERSION, "drop_frame": arrangement.drop_frame}
    if arrangement.size:
        noted["size"] = list(arrangement.size)
    if arrangement.kept:
        noted["kept"] = _kept_data(arrangement.kept)
    timeline.metadata[NAMESPACE] = metadata.storable(noted)
    return timeline


def _to_stack(arrangement: Timeline) -> otio.schema.Stack:
    stack = otio.schema.Stack(arrangement.name)
    stack.extend([_to_track(track, arrangement.rate) for track in arrangement.tracks])
    stack.markers.extend(_to_markers(arrangement.markers, Fraction(0), Fraction(1), arrangement.rate))
    return stack


def _fill(stack: otio.schema.Stack, arrangement: Timeline) -> None:
    """Lay a gap after the end of the first track where a timeline is longer than any of its tracks."""
    if stack and arrangement.frames > round(stack.duration().value):
        hole = arrangement.frames - round(stack[0].duration().value)
        stack[0].append(otio.schema.Gap(source_range=time_range(0, hole, arrangement.rate)))


def _to_track(track: Track, rate: Fraction) -> otio.schema.Track:
    made = otio.schema.Track(track.name, kind=AUDIO if track.kind is TrackKind.AUDIO else VIDEO)
    made.enabled = track.enabled
    noted: dict[str, Any] = {}
    if track.stem is not None:
        noted |= metadata.track_metadata(track.stem)
    if track.channels:
        noted["channels"] = track.channels
    if track.locked:
        noted["locked"] = True
    if track.kept:
        noted["kept"] = _kept_data(track.kept)
    if noted:
        made.metadata[NAMESPACE] = metadata.storable({"version": metadata.VERSION} | noted)
    made.markers.extend(_to_markers(track.markers, Fraction(0), Fraction(1), rate))
    made.extend(_children(track, rate))
    return made


def _children(track: Track, rate: Fraction) -> Iterable[otio.core.Composable]:
    """Clips, gaps and transitions in OTIO's order: a transition stands between what it joins."""
    waiting = sorted(track.transitions, key=lambda one: one.at)
    children: list[otio.core.Composable] = []
    at = 0

    def cross(until: int) -> Iterator[otio.core.Composable]:
        """Transitions and gaps up to the frame at which the next thing begins."""
        nonlocal at
        while waiting and nearest_frame(waiting[0].at, rate) <= until:
            transition = waiting.pop(0)
            here = nearest_frame(transition.at, rate)
            if here > at:
                yield otio.schema.Gap(source_range=time_range(0, here - at, rate))
                at = here
            yield _to_transition(transition, rate)
        if until > at:
            yield otio.schema.Gap(source_range=time_range(0, until - at, rate))
            at = until

    for clip in track.clips:
        first, last = clip.frames(rate)
        children.extend(cross(max(first, at)))
        if last > at:
            children.append(_to_item(clip, at, last, rate))
            at = last
    children.extend(cross(max((nearest_frame(one.at, rate) for one in waiting), default=at)))
    return children


def _to_transition(transition: Transition, rate: Fraction) -> otio.schema.Transition:
    made = otio.schema.Transition(
        transition.name,
        transition.kind,
        in_offset=rational_time(transition.before * rate, rate),
        out_offset=rational_time(transition.after * rate, rate),
    )
    if transition.kept:
        noted = {"version": metadata.VERSION, "kept": _kept_data(transition.kept)}
        made.metadata[NAMESPACE] = metadata.storable(noted)
    return made


def _to_item(clip: Clip, first: int, last: int, rate: Fraction) -> otio.core.Item:
    duration = (last - first) / rate
    used = clip.media_in - (duration * -clip.speed if clip.speed < 0 else 0)
    item: otio.core.Item
    if isinstance(clip.content, Timeline):
        item = _to_stack(clip.content)
        item.name = clip.name
    else:
        item = otio.schema.Clip(clip.name, _to_reference(clip.content, rate))
    item.source_range = time_range(used * rate, last - first, rate)
    item.enabled = clip.enabled
    if clip.speed != 1:
        warp = otio.schema.FreezeFrame() if clip.speed == 0 else otio.schema.LinearTimeWarp()
        warp.time_scalar = float(clip.speed)
        item.effects.append(warp)
    item.markers.extend(_to_markers(clip.markers, used, clip.speed, rate))
    noted = _clip_data(clip, first, last, rate)
    if noted:
        item.metadata[NAMESPACE] = metadata.storable({"version": metadata.VERSION} | noted)
    return item


def _clip_data(clip: Clip, first: int, last: int, rate: Fraction) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if clip.stem is not None:
        data["kind"] = str(clip.stem)
    if clip.stem is not None or clip.start * rate % 1 or clip.end * rate % 1:
        data |= {"record_start": str(clip.start), "record_end": str(clip.end)}
    if clip.mix != Mix():
        data |= {
            "gain_db": clip.mix.gain_db,
            "fade_in_us": clip.mix.fade_in_us,
            "fade_out_us": clip.mix.fade_out_us,
        }
        if clip.mix.keys:
            data["gain_keys"] = [[str(key.at), key.gain_db] for key in clip.mix.keys]
    if clip.channels:
        data["source_channels"] = list(clip.channels)
    if clip.link is not None:
        data["link"] = clip.link
    if clip.alternative:
        data["alternative"] = clip.alternative
    if clip.offer is not None:
        data |= metadata.offer_metadata(clip.offer)
    if clip.kept:
        data["kept"] = _kept_data(clip.kept)
    if isinstance(clip.content, Timeline):
        data["nest"] = _nest_data(clip.content)
    if clip.media is not None:
        data["source"] = _source_data(clip.media)
    return data


def _nest_data(nest: Timeline) -> dict[str, Any]:
    """What a nested stack cannot say of the timeline that it was."""
    told: dict[str, Any] = {
        "name": nest.name,
        "rate": str(nest.rate),
        "start_frame": nest.start_frame,
        "drop_frame": nest.drop_frame,
        "duration": str(nest.duration),
        "markers": len(nest.markers),
    }
    if nest.size:
        told["size"] = list(nest.size)
    if nest.kept:
        told["kept"] = _kept_data(nest.kept)
    return told


def _source_data(media: Media) -> dict[str, Any]:
    told: dict[str, Any] = {"channels": media.channels, "has_picture": media.has_picture}
    if media.duration is not None:
        told["duration"] = str(media.duration)
    if media.rate is not None:
        told["rate"] = str(media.rate)
    if media.size:
        told["size"] = list(media.size)
    if media.sample_rate_hz:
        told["sample_rate_hz"] = media.sample_rate_hz
    if media.drop_frame:
        told["drop_frame"] = True
    return told


def _to_reference(content: Media | Generator | Timeline, rate: Fraction) -> otio.core.MediaReference:
    if isinstance(content, Generator):
        return otio.schema.GeneratorReference(content.name, content.kind)
    assert isinstance(content, Media)
    available = None
    each = content.rate or rate
    if content.duration is not None:
        available = time_range(content.start * each, content.duration * each, each)
    if not content.path or not content.is_online:
        reference: otio.core.MediaReference = otio.schema.MissingReference(content.name, available)
        if content.path:
            reference.metadata[NAMESPACE] = {"path": content.path}
        return reference
    if content.sequence is not None:
        numbering = content.sequence
        return otio.schema.ImageSequenceReference(
            target_url_base=content.path,
            name_prefix=numbering.prefix,
            name_suffix=numbering.suffix,
            start_frame=numbering.start_number,
            frame_step=numbering.step,
            frame_zero_padding=numbering.padding,
            rate=float(each),
            available_range=available,
        )
    reference = otio.schema.ExternalReference(str(metadata.storable(content.path)), available)
    reference.name = content.name
    return reference


def _to_markers(
    markers: Iterable[Marker], first: Fraction, speed: Fraction, rate: Fraction
) -> list[otio.schema.Marker]:
    scale = speed if speed > 0 else Fraction(1)
    return [
        otio.schema.Marker(
            name=one.name,
            color=one.color or otio.schema.MarkerColor.GREEN,
            marked_range=time_range((first + one.start * scale) * rate, one.duration * scale * rate, rate),
            comment=one.comment,
        )
        for one in markers
    ]


def _kept_data(kept: Iterable[Kept]) -> list[list[str]]:
    return [[one.dialect, one.what, one.text] for one in kept]
