"""An OTIO timeline → an arrangement.

What OTIO cannot say stands under ``metadata["avm"]`` (``docs/metadata.md``) or, in files of DaVinci Resolve,
under ``metadata["Resolve_OTIO"]``; both are read here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import opentimelineio as otio

from avm_otio.core import metadata
from avm_otio.core.arrangement import (
    Arrangement,
    Clip,
    Generator,
    Kept,
    Marker,
    Media,
    Track,
    TrackKind,
    Transition,
    trimmed,
)
from avm_otio.core.flatten import AUDIO, duration_of, kind_of, media_of, speed_of, timeline_rate
from avm_otio.core.mix import GainKey, Mix
from avm_otio.core.placement import Kind
from avm_otio.core.plan import MediaKind, MediaSource
from avm_otio.core.timing import (
    MediaTime,
    RecordTime,
    dropped_per_minute,
    format_timecode,
    nearest_frame,
    seconds_of,
    snap_rate,
    to_micros,
)

RESOLVE = "Resolve_OTIO"
"""The key of DaVinci Resolve's own metadata (seen in files that it wrote)."""

RESOLVE_VOLUME = "Fairlight Clip Volume and Fades"
"""The name of Resolve's effect that holds a clip's gain and fades (seen in files that it wrote)."""

_RESOLVE_CHANNELS = {"mono": 1, "stereo": 2, "5.1": 6, "5.1film": 6, "7.1": 8, "7.1film": 8}
"""Resolve's ``Audio Type`` of a track → channels."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a piece of media beside what the timeline says.

    Attributes:
        media: The media itself, as its file is.
        origin: What the timeline counts at the file's first frame, media time as the timeline writes it.
        scale: File seconds a second of the timeline's media time; other than 1 where a timeline counts a
            23.976 file at 24, or the like.
    """

    media: Media
    origin: Fraction
    scale: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class Offline:
    """Media that is not there, and the path where it should be; empty where nobody knows."""

    path: str


Known = Mapping[MediaSource, Facts | Offline]
"""What was found out about the media of a timeline."""


def arrange(timeline: otio.schema.Timeline, facts: Known | None = None) -> Arrangement:
    """Say what a timeline says, exactly.

    Clips of a track stand in the order of the track's own clips and nests, one for one.

    Args:
        timeline: The timeline; not modified.
        facts: What its files are; what is not in here is believed as the timeline says it.

    Raises:
        TimelineError: A clip has no length, or a range that no clip can have.
    """
    rate = timeline_rate(timeline)
    start = timeline.global_start_time
    start_frame = 0 if start is None else nearest_frame(seconds_of(start), rate)
    ours = metadata.of(timeline)
    made = _stack(timeline.tracks, timeline.name, rate, facts or {})
    said = ours.get("drop_frame")
    size = ours.get("size")
    return replace(
        _linked(made),
        start_frame=start_frame,
        drop_frame=_looks_dropped(start_frame, rate) if said is None else bool(said),
        size=(int(size[0]), int(size[1])) if size else _largest_picture(made),
        kept=_kept(timeline),
    )


def _looks_dropped(start_frame: int, rate: Fraction) -> bool:
    """Whether a start that does not say is drop-frame: read as such it is a round time, else it is not."""
    if not start_frame or not dropped_per_minute(rate):
        return False
    dropped, plain = (format_timecode(start_frame, rate, drop)[-5:] for drop in (True, False))
    return dropped == "00;00" and plain != "00:00"


def _largest_picture(arrangement: Arrangement) -> tuple[int, int] | None:
    return max((media.size for media in arrangement.media() if media.size), default=None)


def _stack(stack: otio.core.Composition, name: str, rate: Fraction, facts: Known) -> Arrangement:
    members = [stack] if isinstance(stack, otio.schema.Track) else list(stack)
    tracks = tuple(_track(member, rate, facts) for member in members if isinstance(member, otio.core.Item))
    return Arrangement(
        name=name,
        rate=rate,
        tracks=tracks,
        duration=duration_of(stack),
        markers=_markers(stack, Fraction(0), Fraction(1)),
    )


def _track(member: otio.core.Item, rate: Fraction, facts: Known) -> Track:
    kind = TrackKind.AUDIO if kind_of(member) == AUDIO else TrackKind.VIDEO
    inside = list(member) if isinstance(member, otio.schema.Track) else [member]
    clips: list[Clip] = []
    transitions: list[Transition] = []
    at = Fraction(0)
    for child in inside:
        if isinstance(child, otio.schema.Transition):
            transitions.append(_transition(child, RecordTime(at)))
        elif isinstance(child, otio.core.Item):
            length = duration_of(child)
            if not isinstance(child, otio.schema.Gap):
                clips.append(_clip(child, kind, at, length, rate, facts))
            at += length
    ours = metadata.of(member)
    resolve = _resolve(member)
    track = Track(
        name=member.name,
        kind=kind,
        clips=tuple(clips),
        transitions=tuple(transitions),
        channels=0,
        enabled=bool(member.enabled),
        locked=bool(ours.get("locked", resolve.get("Locked", False))),
        stem=metadata.track_kind(member) if isinstance(member, otio.schema.Track) else None,
        markers=_markers(member, Fraction(0), Fraction(1)) if isinstance(member, otio.schema.Track) else (),
        kept=_kept(member) if isinstance(member, otio.schema.Track) else (),
    )
    window = member.source_range if isinstance(member, otio.schema.Track) else None
    if window is not None and window.start_time.value:
        track = _moved(track, -seconds_of(window.start_time))
    track = replace(track, clips=_apart(track.clips))
    return (
        replace(track, channels=_track_channels(track, ours, resolve)) if kind is TrackKind.AUDIO else track
    )


def _moved(track: Track, by: Fraction) -> Track:
    """A track earlier; what then lies before 0 is cut off."""
    clips = (replace(c, start=RecordTime(c.start + by), end=RecordTime(c.end + by)) for c in track.clips)
    return replace(
        track,
        clips=tuple(trimmed(c, max(c.start, RecordTime(Fraction(0))), c.end) for c in clips if c.end > 0),
        transitions=tuple(replace(t, at=RecordTime(t.at + by)) for t in track.transitions if t.at + by >= 0),
        markers=tuple(replace(m, start=m.start + by) for m in track.markers if m.start + by >= 0),
    )


def _apart(clips: tuple[Clip, ...]) -> tuple[Clip, ...]:
    """Our clips lie between frames: what runs into the next by less than a frame ends where that begins."""
    done = [
        one if one.end <= following.start else trimmed(one, one.start, following.start)
        for one, following in pairwise(clips)
    ]
    return (*done, *clips[-1:])


def _track_channels(track: Track, ours: Mapping[str, Any], resolve: Mapping[str, Any]) -> int:
    said = ours.get("channels") or _RESOLVE_CHANNELS.get(str(resolve.get("Audio Type", "")).lower())
    if said:
        return int(said)
    return max((len(clip.channels) for clip in track.clips), default=2) or 2


def _clip(
    item: otio.core.Item,
    kind: TrackKind,
    at: Fraction,
    length: Fraction,
    rate: Fraction,
    facts: Known,
) -> Clip:
    ours = metadata.of(item)
    speed = speed_of(item)
    span = item.source_range or getattr(getattr(item, "media_reference", None), "available_range", None)
    first = seconds_of(span.start_time) if span is not None else Fraction(0)
    if speed < 0:
        first += length * -speed
    content: Media | Arrangement | Generator
    media_in = first
    if isinstance(item, otio.schema.Clip):
        source = media_of(item)
        if source is None:
            reference = item.media_reference
            content = Generator(reference.name or item.name, getattr(reference, "generator_kind", ""))
        else:
            found = facts.get(source)
            known = found if isinstance(found, Facts) else _as_told(item, source, ours, kind, found)
            content = known.media
            media_in = (first - known.origin) * known.scale + known.media.start
    else:
        content = (
            _stack(item, item.name, rate, facts) if isinstance(item, otio.core.Composition) else Generator("")
        )
    start, end = at, at + length
    sort = next((one for one in Kind if one == ours.get("kind")), None)
    if sort is not None:
        start, end, media_in = _exact(ours, start, end, media_in, speed, rate)
    return Clip(
        name=item.name,
        start=RecordTime(start),
        end=RecordTime(end),
        content=content,
        media_in=MediaTime(media_in),
        speed=speed,
        enabled=bool(item.enabled),
        mix=_mix(item, ours, rate),
        channels=_channels(item, ours, content) if kind is TrackKind.AUDIO else (),
        link=_link(item, ours),
        markers=_markers(item, first, speed),
        kind=sort,
        alternative=int(ours.get("alternative", 0)),
        kept=_kept(item),
    )


def _exact(
    ours: Mapping[str, Any],
    start: Fraction,
    end: Fraction,
    media_in: Fraction,
    speed: Fraction,
    rate: Fraction,
) -> tuple[Fraction, Fraction, Fraction]:
    """The exact place of a clip of ours: as noted, where the clip still lies there; else as it lies."""
    try:
        noted = Fraction(str(ours["record_start"])), Fraction(str(ours["record_end"]))
    except (KeyError, ValueError, ZeroDivisionError):
        return start, end, media_in
    if noted[0] >= 0 and nearest_frame(noted[0], rate) == nearest_frame(start, rate):
        start = noted[0]
        if nearest_frame(noted[1], rate) == nearest_frame(end, rate) and noted[1] > start:
            end = noted[1]
    return start, end, media_in


def _as_told(
    item: otio.schema.Clip,
    source: MediaSource,
    ours: Mapping[str, Any],
    kind: TrackKind,
    found: Offline | None,
) -> Facts:
    """What a timeline itself says of its media."""
    reference = item.media_reference
    available = getattr(reference, "available_range", None)
    start = seconds_of(available.start_time) if available is not None else Fraction(0)
    noted = ours.get("media")
    noted = noted if isinstance(noted, Mapping) else {}
    told = ours.get("source")
    told = told if isinstance(told, Mapping) else {}
    is_sound = kind is TrackKind.AUDIO
    channels = told.get("channels", noted.get("channels"))
    if channels is None:
        channels = len(_resolve(item).get("Channels", ())) or (2 if is_sound else 0)
    samples, hz = noted.get("samples"), noted.get("sample_rate_hz", told.get("sample_rate_hz"))
    duration = seconds_of(available.duration) if available is not None else None
    if "duration" in told:
        duration = Fraction(told["duration"])
    elif samples and hz:
        duration = Fraction(int(samples), int(hz))
    size = told.get("size")
    offline = str(metadata.of(reference).get("path") or _resolve(item).get("Media Url", ""))
    media = Media(
        name=reference.name or (source.names[0] if source.names else item.name),
        path=(source.url if found is None else found.path) or offline,
        start=MediaTime(start),
        duration=duration,
        rate=None
        if is_sound and "rate" not in told
        else snap_rate(told["rate"])
        if "rate" in told
        else source.rate,
        size=(int(size[0]), int(size[1])) if size else None,
        sample_rate_hz=None if hz is None else int(hz),
        channels=int(channels),
        has_picture=bool(told.get("has_picture", not is_sound)),
        sequence=source.sequence,
        is_online=found is None and source.kind is not MediaKind.MISSING,
        drop_frame=bool(told.get("drop_frame", False)),
    )
    return Facts(media, start)


def _mix(item: otio.core.Item, ours: Mapping[str, Any], rate: Fraction) -> Mix:
    if any(key in ours for key in ("gain_db", "fade_in_us", "fade_out_us", "gain_keys")):
        return Mix(
            gain_db=float(ours.get("gain_db", 0.0)),
            fade_in_us=int(ours.get("fade_in_us", 0)),
            fade_out_us=int(ours.get("fade_out_us", 0)),
            keys=tuple(GainKey(Fraction(str(key[0])), float(key[1])) for key in ours.get("gain_keys", ())),
        )
    for effect in item.effects:
        noted = effect.metadata.get(RESOLVE)
        if isinstance(noted, Mapping) and noted.get("Effect Name") == RESOLVE_VOLUME:
            return _resolve_mix(noted, rate)
    return Mix()


def _resolve_mix(noted: Mapping[str, Any], rate: Fraction) -> Mix:
    found: dict[str, Any] = {}
    keys: list[GainKey] = []
    for parameter in noted.get("Parameters", ()):
        name = str(parameter.get("Parameter ID", ""))
        found[name] = parameter.get("Parameter Value")
        if name == "volume":
            frames = parameter.get("Key Frames") or {}
            keys = [GainKey(Fraction(int(at)) / rate, float(key["Value"])) for at, key in frames.items()]
    keys.sort(key=lambda key: key.at)
    fades = {
        name: to_micros(Fraction(found.get(name) or 0).limit_denominator(1000) / rate)
        for name in ("faderIn", "faderOut")
    }
    gain = 0.0 if keys else float(found.get("volume") or 0.0)
    return Mix(gain, fades["faderIn"], fades["faderOut"], tuple(keys))


def _channels(
    item: otio.core.Item, ours: Mapping[str, Any], content: Media | Arrangement | Generator
) -> tuple[int, ...]:
    said = ours.get("source_channels")
    if said is None:
        said = [
            one["Source Channel ID"]
            for one in _resolve(item).get("Channels", ())
            if "Source Channel ID" in one
        ]
    if said:
        return tuple(int(one) for one in said)
    return tuple(range((content.channels if isinstance(content, Media) else 0) or 2))


def _link(item: otio.core.Item, ours: Mapping[str, Any]) -> int | None:
    said = ours.get("link", _resolve(item).get("Link Group ID"))
    return None if said is None else int(said)


def _linked(arrangement: Arrangement) -> Arrangement:
    """Where nothing says what belongs together: sound belongs to the picture of its media at its place."""
    if any(clip.link is not None for clip in arrangement.clips()):
        return arrangement
    together: dict[Any, int] = {}
    for track in arrangement.video_tracks:
        for clip in track.clips:
            if clip.media is not None:
                together.setdefault(_place(clip), len(together) + 1)
    heard = {
        _place(clip) for track in arrangement.audio_tracks for clip in track.clips if clip.media is not None
    }
    numbers = {place: number for place, number in together.items() if place in heard}
    if not numbers:
        return arrangement
    return replace(
        arrangement,
        tracks=tuple(
            replace(track, clips=tuple(replace(clip, link=numbers.get(_place(clip))) for clip in track.clips))
            for track in arrangement.tracks
        ),
    )


def _place(clip: Clip) -> Any:
    media = clip.media
    return (
        None if media is None else (media.path or media.name, clip.start, clip.end, clip.media_in, clip.speed)
    )


def _markers(item: otio.core.Item, first: Fraction, speed: Fraction) -> tuple[Marker, ...]:
    markers = []
    for marker in item.markers:
        span = marker.marked_range
        at = (
            (seconds_of(span.start_time) - first) / speed
            if speed > 0
            else seconds_of(span.start_time) - first
        )
        noted = marker.metadata.get(RESOLVE)
        note = str(noted.get("Note", "")) if isinstance(noted, Mapping) else ""
        length = seconds_of(span.duration) / (speed if speed > 0 else 1)
        markers.append(Marker(marker.name, at, length, marker.comment or note, (marker.color or "").upper()))
    return tuple(markers)


def _transition(transition: otio.schema.Transition, at: RecordTime) -> Transition:
    return Transition(
        name=transition.name,
        at=at,
        before=seconds_of(transition.in_offset),
        after=seconds_of(transition.out_offset),
        kind=transition.transition_type or "SMPTE_Dissolve",
        kept=_kept(transition),
    )


def _kept(item: Any) -> tuple[Kept, ...]:
    said = metadata.of(item).get("kept", ())
    kept = [Kept(str(one[0]), str(one[1]), str(one[2])) for one in said]
    for effect in getattr(item, "effects", ()):
        if isinstance(effect, otio.schema.LinearTimeWarp):
            continue
        noted = effect.metadata.get(RESOLVE)
        if isinstance(noted, Mapping):
            name = str(noted.get("Effect Name", effect.name))
            if name != RESOLVE_VOLUME and noted.get("Parameters"):
                kept.append(Kept("resolve", name, ""))
        else:
            kept.append(Kept("otio", effect.effect_name or effect.name or effect.schema_name(), ""))
    return tuple(kept)


def _resolve(item: Any) -> Mapping[str, Any]:
    noted = item.metadata.get(RESOLVE)
    return noted if isinstance(noted, Mapping) else {}
