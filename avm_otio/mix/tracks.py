"""Lanes → OTIO tracks, on a copy of the timeline; and our own tracks taken off again."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import opentimelineio as otio

from avm_otio.formats.otio import metadata
from avm_otio.formats.otio.metadata import NAMESPACE, Origin
from avm_otio.mix.cues import Json
from avm_otio.mix.placement import Laid, LaidClip, Lane
from avm_otio.timeline.flatten import AUDIO, duration_of, kind_of, media_of, speed_of
from avm_otio.timeline.model import Media, Stem
from avm_otio.timeline.time import nearest_frame, seconds_of, snap_rate, time_range

_RUN_MARKS = ("version", "replaced_by")
"""What stands under our key of a clip only because a run disabled it."""

_COLORS = {Stem.MUSIC: "CYAN", Stem.EFFECTS: "GREEN", Stem.DIALOGUE: "ORANGE"}
"""Colours of our markers, in OTIO's words."""


def add_tracks(
    timeline: otio.schema.Timeline,
    laid: Laid,
    origin: Origin,
    *,
    replaced: Sequence[tuple[int, Media | None]] = (),
) -> otio.schema.Timeline:
    """The timeline with what was laid on new audio tracks, in place of those of an earlier run.

    Args:
        timeline: The timeline; not modified.
        laid: What to lay.
        origin: Where it comes from.
        replaced: The sound that the noise-reduced one takes the place of: index of the track among all, and
            which media in it (``None`` for all). It is disabled over the laid range, not deleted.

    Returns:
        A new timeline.
    """
    scored = without_ours(timeline)
    record = laid.clips
    if record:
        first, last = min(clip.start for clip in record), max(clip.end for clip in record)
        noted = metadata.storable(metadata.of(scored)) | metadata.timeline_metadata(origin, first, last)
        scored.metadata[NAMESPACE] = metadata.storable(noted)
    for clip in laid.replacements:
        for index, media in replaced:
            _disable(scored.tracks[index], clip.start, clip.end, media)
    scored.tracks.extend([_track(lane, laid.rate, origin) for lane in laid.lanes])
    return scored


def without_ours(
    timeline: otio.schema.Timeline, is_of_a_job: Callable[[str], bool] = lambda url: False
) -> otio.schema.Timeline:
    """A copy without the tracks of an earlier run, and with the sound that it disabled enabled again.

    Args:
        timeline: Stays as it is.
        is_of_a_job: Of the URL of a sound, whether a job brought it. A track of nothing else is ours, too:
            some editors keep neither metadata nor names.
    """
    plain = copy.deepcopy(timeline)
    stack = plain.tracks
    for index in reversed(range(len(stack))):
        member = stack[index]
        if isinstance(member, otio.schema.Track) and (
            metadata.track_kind(member) is not None or _holds_only(member, is_of_a_job)
        ):
            del stack[index]
    for track in stack:
        if isinstance(track, otio.schema.Track) and kind_of(track) == AUDIO:
            _restore(track)
    noted = metadata.of(plain)
    stays = {key: metadata.storable(noted[key]) for key in metadata.OF_THE_TIMELINE if key in noted}
    _note(plain, stays)
    return plain


def _holds_only(track: otio.schema.Track, is_of_a_job: Callable[[str], bool]) -> bool:
    if kind_of(track) != AUDIO:
        return False
    references = [clip.media_reference for clip in track.find_clips()]
    return bool(references) and all(
        isinstance(one, otio.schema.ExternalReference) and is_of_a_job(one.target_url) for one in references
    )


def _note(item: otio.core.SerializableObjectWithMetadata, noted: Mapping[str, Any]) -> None:
    """Set what stands under our key, but for the version; nothing at all where there is nothing."""
    item.metadata.pop(NAMESPACE, None)
    if noted:
        item.metadata[NAMESPACE] = {"version": metadata.VERSION} | dict(noted)


def _track(lane: Lane, rate: Fraction, origin: Origin) -> otio.schema.Track:
    """One of our tracks, made from OTIO's own JSON form.

    OTIO takes metadata from Python one value at a time; read as JSON, a track of thousands of cues is there
    several times sooner.
    """
    children: list[str] = []
    at = 0
    for clip in lane.clips:
        if clip.span.start > at:
            gap = {"OTIO_SCHEMA": "Gap.1", "source_range": _range(clip.span.start - at, rate)}
            children.append(json.dumps(gap))
        children.append(metadata.storable_text(_clip(clip, rate, origin)))
        at = clip.span.end
    inside = ",".join(children)
    made: otio.schema.Track = otio.core.deserialize_json_from_string(
        f'{{"OTIO_SCHEMA":"Track.1","name":"","kind":"{AUDIO}","children":[{inside}],"metadata":{{}}}}'
    )
    made.name = lane.name
    made.metadata[NAMESPACE] = metadata.track_metadata(lane.stem)
    return made


def _clip(clip: LaidClip, rate: Fraction, origin: Origin) -> dict[str, Any]:
    title = clip.item.title or f"{clip.kind} {clip.item.id}"
    reference: dict[str, Any] = {"OTIO_SCHEMA": "MissingReference.1", "name": title}
    if clip.sound.url:
        reference = {"OTIO_SCHEMA": "ExternalReference.1", "target_url": clip.sound.url}
    if clip.sound.duration is not None:
        # At the picture's rate, in fractions of a frame: official readers stumble over a 48 kHz range.
        reference["available_range"] = _range(clip.sound.duration * rate, rate)
    effects = []
    if clip.speed != 1:
        warp = {"OTIO_SCHEMA": "LinearTimeWarp.1", "effect_name": "LinearTimeWarp"}
        effects.append(warp | {"time_scalar": float(clip.speed)})
    return {
        "OTIO_SCHEMA": "Clip.2",
        "name": title,
        "source_range": _range(clip.span.duration, rate),
        "media_references": {"DEFAULT_MEDIA": reference},
        "active_media_reference_key": "DEFAULT_MEDIA",
        "effects": effects,
        "markers": [] if clip.rank else [_marker(clip, title, rate, origin)],
        "enabled": not clip.rank,
        "metadata": {NAMESPACE: metadata.clip_metadata(clip, origin)},
    }


def _marker(clip: LaidClip, title: str, rate: Fraction, origin: Origin) -> dict[str, Any]:
    """What an editor shows of a cue without knowing our metadata: what, how much, what else there is."""
    about = []
    if clip.cue is not None:
        about.append(", ".join(_words(clip.cue.served)))
    if clip.item.is_bought:
        about.append("bought")
    elif clip.item.price is not None:
        about.append(f"{clip.item.price} {origin.currency}".strip())
    if clip.alternatives:
        about.append(f"{len(clip.alternatives)} alternative{'s' * (len(clip.alternatives) != 1)}")
    return {
        "OTIO_SCHEMA": "Marker.2",
        "name": title,
        "color": _COLORS[clip.kind],
        "marked_range": _range(0, rate),
        "comment": "; ".join(part for part in about if part),
        "metadata": {},
    }


def _words(cue: Json) -> list[str]:
    """What a cue is about, where it says so in words: a bare number tells a person nothing."""
    labels = cue.get("action_labels")
    said = [cue.get("object_class"), *(labels if isinstance(labels, list | tuple) else ())]
    return [one for one in said if isinstance(one, str) and one and not one.isdigit()]


def _range(frames: int | Fraction, rate: Fraction) -> dict[str, Any]:
    each = float(rate)
    return {
        "OTIO_SCHEMA": "TimeRange.1",
        "start_time": {"OTIO_SCHEMA": "RationalTime.1", "rate": each, "value": 0.0},
        "duration": {"OTIO_SCHEMA": "RationalTime.1", "rate": each, "value": float(frames)},
    }


def _disable(track: otio.schema.Track, start: Fraction, end: Fraction, media: Media | None) -> None:
    """Disable what sounds on a track between two record times; a clip on an edge is cut there first."""
    children = list(track)
    done: list[otio.core.Composable] = []
    at = Fraction(0)
    for child in children:
        if not isinstance(child, otio.core.Item):
            done.append(child)
            continue
        length = duration_of(child)
        inside = max(start, at), min(end, at + length)
        silent = isinstance(child, otio.schema.Gap) or not child.enabled
        if silent or inside[0] >= inside[1] or not _is_from(child, media):
            done.append(child)
        else:
            for piece, is_inside in _cut(child, inside[0] - at, inside[1] - at):
                if is_inside:
                    piece.enabled = False
                    mark = {"version": metadata.VERSION, "replaced_by": str(Stem.DIALOGUE)}
                    piece.metadata[NAMESPACE] = dict(metadata.of(piece)) | mark
                done.append(piece)
        at += length
    if len(done) != len(children):
        del track[:]
        track.extend(done)


def _is_from(item: otio.core.Item, media: Media | None) -> bool:
    if media is None:
        return True
    here = media_of(item) if isinstance(item, otio.schema.Clip) else None
    return here is not None and (here.url, here.sequence) == (media.url, media.sequence)


def _cut(item: otio.core.Item, start: Fraction, end: Fraction) -> list[tuple[otio.core.Item, bool]]:
    """An item in up to three pieces, each with whether it lies between two moments of the item's own time.

    The moments go to the item's nearest frames. Pieces remember what they were cut from, so that they can be
    made one again.
    """
    span = item.trimmed_range()
    rate = snap_rate(span.duration.rate)
    length = round(span.duration.value)
    inside = max(0, nearest_frame(start, rate)), min(length, nearest_frame(end, rate))
    edges = sorted({0, *inside, length})
    if len(edges) == 2:
        return [(item, True)]
    speed = speed_of(item)
    first = seconds_of(span.start_time) * rate
    ours = {key: value for key, value in metadata.storable(metadata.of(item)).items() if key != "version"}
    whole: dict[str, Any] = {
        "start": span.start_time.value,
        "start_rate": span.start_time.rate,
        "duration": length,
    }
    if ours:
        whole["noted"] = ours
    pieces = []
    for begin, stop in pairwise(edges):
        piece = copy.deepcopy(item)
        skipped = begin * speed if speed >= 0 else (length - stop) * -speed
        piece.source_range = time_range(first + skipped, stop - begin, rate)
        _note(piece, _mix_of_piece(ours, begin / rate, begin == 0, stop == length) | {"cut_from": whole})
        pieces.append((piece, inside[0] <= begin and stop <= inside[1]))
    return pieces


def _mix_of_piece(noted: Mapping[str, Any], begin: Fraction, is_first: bool, is_last: bool) -> dict[str, Any]:
    """What stands under our key for a piece of a clip: fades stay at their ends, key frames move along."""
    left = {} if is_first else {"fade_in_us": 0}
    right = {} if is_last else {"fade_out_us": 0}
    mix: dict[str, Any] = {key: value for key, value in {**left, **right}.items() if key in noted}
    if "gain_keys" in noted:
        mix["gain_keys"] = [[str(Fraction(str(key[0])) - begin), key[1]] for key in noted["gain_keys"]]
    return {**noted, **mix}


def _restore(track: otio.schema.Track) -> None:
    """Undo what ``_disable`` did: enable again, and make pieces one again."""
    children: list[otio.core.Composable] = []
    last_whole: Any = None
    for child in list(track):
        ours = metadata.of(child)
        if ours.get("replaced_by"):
            child.enabled = True
        whole = metadata.storable(ours["cut_from"]) if "cut_from" in ours else None
        if whole is not None:
            _note(child, whole.pop("noted", {}))
        elif "replaced_by" in ours:
            _note(
                child, {key: value for key, value in metadata.storable(ours).items() if key not in _RUN_MARKS}
            )
        if whole is not None:
            if whole == last_whole and children:
                continue
            child.source_range = otio.opentime.TimeRange(
                otio.opentime.RationalTime(whole["start"], whole["start_rate"]),
                otio.opentime.RationalTime(whole["duration"], child.source_range.duration.rate),
            )
        last_whole = whole
        children.append(child)
    if len(children) != len(track):
        del track[:]
        track.extend(children)
