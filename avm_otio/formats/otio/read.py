"""An OTIO timeline → a timeline.

What OTIO cannot say stands under ``metadata["avm"]`` (``docs/metadata.md``) or, in files of DaVinci Resolve,
under ``metadata["Resolve_OTIO"]``; both are read here.

The timeline is read in its JSON form: OTIO hands metadata to Python one value at a time, and takes ten times
as long over a timeline of thousands of clips.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import opentimelineio as otio

from avm_otio.errors import TimeFormatError, TimelineError
from avm_otio.formats.making import many_values
from avm_otio.formats.otio.json_form import NOTHING, Json, is_a, number, range_json, said_under, time_of
from avm_otio.formats.otio.media import MediaOf
from avm_otio.formats.otio.metadata import NAMESPACE, OF_THE_TIMELINE, uncut
from avm_otio.formats.otio.resolve_words import (
    RESOLVE,
    VOLUME,
    channels_of_clip,
    channels_of_track,
    does_something,
    marker_origin,
    mix_of,
)
from avm_otio.timeline.completed import all_channels, widest
from avm_otio.timeline.model import (
    HIGHEST_FRAME_RATE,
    Clip,
    GainKey,
    Generator,
    Kept,
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
from avm_otio.timeline.parts import trimmed
from avm_otio.timeline.time import (
    MediaTime,
    RecordTime,
    dropped_per_minute,
    format_timecode,
    nearest_frame,
    parse_timestamp,
    snap_rate,
)

_ZERO = Fraction(0)
_ONE = Fraction(1)
_FILM = Fraction(24)
_MISSING: Json = {"OTIO_SCHEMA": "MissingReference.1", "name": "", "metadata": {}}
"""What a clip refers to whose active reference is not there."""

_KINDS = {str(kind): kind for kind in Stem}


Measure = Callable[[Media], tuple[int, int, Fraction] | None]
"""How long a piece of media is: first frame, number of frames, rate; ``None`` where nobody knows."""


def from_otio(timeline: otio.schema.Timeline, measure: Measure | None = None) -> Timeline:
    """Read an OTIO timeline.

    Args:
        timeline: The timeline; not modified.
        measure: Asked for the length of a clip's media where the timeline says nowhere how long it is.

    Raises:
        TimelineError: A clip has no length, or a range that no clip can have.
    """
    with many_values():
        return from_document(json.loads(timeline.to_json_string()), measure)


@many_values()
def from_document(document: Json, measure: Measure | None = None) -> Timeline:
    """Read a timeline in OTIO's JSON form, of the schemas that OTIO itself writes.

    Args:
        document: The timeline. What is read from it keeps its part of it in ``raw``: leave it as it is. The
            range of media that was measured is added to it.
        measure: See ``from_otio``.

    Raises:
        TimelineError: A clip has no length, or a range that no clip can have.
    """
    media = MediaOf()
    if measure is not None:
        _measured(document, TrackKind.VIDEO, media, measure)
    rate = _rate(document)
    start = document.get("global_start_time")
    start_frame = 0 if start is None else nearest_frame(time_of(start), rate)
    ours = said_under(document, NAMESPACE)
    made = _Reader(rate, media).stack(document["tracks"], document["name"])
    drop, size = ours.get("drop_frame"), ours.get("size")
    return replace(
        made,
        start_frame=start_frame,
        drop_frame=_looks_dropped(start_frame, rate) if drop is None else bool(drop),
        size=(int(size[0]), int(size[1])) if size else None,
        kept=_kept(document, ours),
        origin=origin_in(ours),
        raw=document,
    )


def _measured(item: Any, kind: TrackKind, media: MediaOf, measure: Measure) -> None:
    """Give clips that say nowhere how long they are the range of their media, where it can be found."""
    if "tracks" in item:
        _measured(item["tracks"], kind, media, measure)
    elif "children" in item:
        kind = _kind_of(item) if is_a(item, "Track") else kind
        for child in item["children"]:
            _measured(child, kind, media, measure)
    elif is_a(item, "Clip") and not item.get("source_range"):
        reference = _reference_of(item)
        if not reference or reference.get("available_range") or is_a(reference, "GeneratorReference"):
            return
        described = media.clip(item, reference, said_under(item, NAMESPACE), said_under(item, RESOLVE), kind)
        found = measure(replace(described, clip_name=item["name"]))
        if found is not None:
            first, frames, rate = found
            completed: Any = reference
            completed["available_range"] = range_json(first, frames, rate)


def origin_in(ours: Json) -> Json | None:
    """What a run noted on the timeline that it scored; ``None`` where none did."""
    noted = {key: value for key, value in ours.items() if key not in ("version", *OF_THE_TIMELINE)}
    return noted or None


def _rate(document: Json) -> Fraction:
    """The picture's frame rate: the one that most items of the video tracks are counted in, or the film's."""
    members = [one for one in document["tracks"]["children"] if "children" in one]
    for kind in (TrackKind.VIDEO, TrackKind.AUDIO):
        rates = Counter(rate for one in members if _kind_of(one) is kind for rate in _frame_rates(one))
        if rates:
            return rates.most_common(1)[0][0]
    start = document.get("global_start_time")
    if start is not None:
        return snap_rate(start["rate"])
    return _FILM


def _frame_rates(composition: Json) -> Iterator[Fraction]:
    for item in composition["children"]:
        if is_a(item, "Transition"):
            continue
        span = item.get("source_range") or _reference_of(item).get("available_range")
        if span is not None and 0 < span["duration"]["rate"] < HIGHEST_FRAME_RATE:
            yield snap_rate(span["duration"]["rate"])
        elif span is None and "children" in item:
            yield from _frame_rates(item)


def _kind_of(member: Json) -> TrackKind:
    """What a member of a stack holds; a bare clip or nest counts as video."""
    return TrackKind.AUDIO if is_a(member, "Track") and member["kind"] == "Audio" else TrackKind.VIDEO


def _reference_of(item: Json) -> Json:
    """The active media reference of a clip; empty for anything else."""
    if not is_a(item, "Clip"):
        return NOTHING
    return item["media_references"].get(item["active_media_reference_key"]) or _MISSING


def _looks_dropped(start_frame: int, rate: Fraction) -> bool:
    """Whether a start that does not say is drop-frame: read as such it is a round time, else it is not."""
    if not start_frame or not dropped_per_minute(rate):
        return False
    dropped, plain = (format_timecode(start_frame, rate, drop)[-5:] for drop in (True, False))
    return dropped == "00;00" and plain != "00:00"


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one timeline.

    Attributes:
        rate: Frames a second of the timeline.
        media: Finds the media of its clips.
    """

    rate: Fraction
    media: MediaOf

    def stack(self, document: Json, name: str) -> Timeline:
        members = [document] if is_a(document, "Track") else document["children"]
        tracks = [self._track(member) for member in members if not is_a(member, "Transition")]
        window = None if is_a(document, "Track") else document.get("source_range")
        longest = max((length for _, length in tracks), default=_ZERO)
        return Timeline(
            name=name,
            rate=self.rate,
            tracks=tuple(track for track, _ in tracks),
            duration=longest if window is None else time_of(window["duration"]),
            markers=_markers(document, _ZERO, _ONE),
            raw=document,
        )

    def _track(self, member: Json) -> tuple[Track, Fraction]:
        """A member of a stack, and its length in seconds."""
        is_track = is_a(member, "Track")
        kind = _kind_of(member)
        clips: list[Clip] = []
        transitions: list[Transition] = []
        at = _ZERO
        for child in member["children"] if is_track else [member]:
            if is_a(child, "Transition"):
                transitions.append(_transition(child, at))
            elif is_a(child, "Gap"):
                at += _length(child) or _ZERO
            else:
                clip = self._clip(child, kind, at)
                start, end = clip.laid or (clip.start, clip.end)
                clips.append(clip)
                at += end - start
        if not is_track:
            return Track(member["name"], kind, tuple(clips), length=at, raw=member), at
        ours, resolve = said_under(member, NAMESPACE), said_under(member, RESOLVE)
        track = Track(
            name=member["name"],
            kind=kind,
            clips=tuple(clips),
            transitions=tuple(transitions),
            enabled=bool(member["enabled"]),
            locked=bool(ours.get("locked", resolve.get("Locked", False))),
            stem=_KINDS.get(ours.get("kind", "")),
            markers=_markers(member, _ZERO, _ONE),
            kept=_kept(member, ours),
            raw=member,
        )
        window = member.get("source_range")
        if window is not None:
            at = time_of(window["duration"])
            if time_of(window["start_time"]):
                track = _moved(track, -time_of(window["start_time"]))
        track = replace(track, clips=_apart(track.clips))
        if kind is TrackKind.AUDIO:
            channels = int(ours.get("channels") or channels_of_track(resolve) or 0)
            track = replace(track, channels=channels or widest(track), channels_assumed=not channels)
        return replace(track, length=at), at

    def _clip(self, item: Json, kind: TrackKind, at: Fraction) -> Clip:
        ours = said_under(item, NAMESPACE)
        resolve = said_under(item, RESOLVE)
        speed = _speed(item)
        length: Fraction | None
        content: Media | Timeline | Generator
        reference = _reference_of(item)
        if is_a(item, "Clip"):
            length = _length(item, reference)
        elif "children" in item:
            content = self._nest(item, ours.get("nest"))
            length = content.duration if (ranged := _length(item)) is None else ranged
        else:
            raise TimelineError(
                f"“{item.get('name', '')}” is of an unknown kind ({item['OTIO_SCHEMA']}).",
                "Export the timeline again.",
            )
        span = item.get("source_range") or reference.get("available_range")
        first = time_of(span["start_time"]) if span is not None else _ZERO
        if is_a(item, "Track"):  # its window is cut already
            first = _ZERO
        unmeasured, length = length is None, length or _ZERO
        media_in = first + length * -speed if speed < 0 else first
        if reference:
            if is_a(reference, "GeneratorReference"):
                content = Generator(reference["name"] or item["name"], reference.get("generator_kind") or "")
            else:
                content = self.media.clip(item, reference, ours, resolve, kind)
        own_markers = ours["nest"].get("markers", 0) if "nest" in ours else 0
        channels = _channels(ours, resolve) if kind is TrackKind.AUDIO else ()
        assumed = kind is TrackKind.AUDIO and not channels
        clip = Clip(
            name=item["name"],
            start=RecordTime(at),
            end=RecordTime(at + length),
            content=content,
            media_in=MediaTime(media_in),
            speed=speed,
            enabled=bool(item["enabled"]),
            mix=mix_in(item, ours, self.rate),
            channels=all_channels(content) if assumed else channels,
            link=number(ours.get("link", resolve.get("Link Group ID"))),
            markers=_markers(item, first, speed, _retimed(reference, first, speed, self.rate))[own_markers:],
            stem=_KINDS.get(ours.get("kind", "")),
            alternative=int(ours.get("alternative", 0)),
            kept=_kept(item, ours),
            replaced_by=_KINDS.get(ours.get("replaced_by", "")),
            cut_from=self._whole(item, kind, at) if "cut_from" in ours else None,
            channels_assumed=assumed,
            unmeasured=unmeasured,
            raw=item,
        )
        if "record_start" in ours:
            clip = _exact(clip, ours, self.rate)
        return replace(clip, offer=_offer(ours, clip.start, clip.end)) if "item" in ours else clip

    def _whole(self, piece: Json, kind: TrackKind, at: Fraction) -> Clip:
        """The clip that a piece was cut from, as if it began where the piece does."""
        return replace(self._clip(uncut(piece), kind, at), raw=piece)

    def _nest(self, item: Json, nest: Json | None) -> Timeline:
        """A nest; its own markers come first among those of the item, where it says how many it has."""
        if nest is None:
            return replace(self.stack(item, item["name"]), markers=())
        inner = replace(self, rate=snap_rate(nest["rate"]))
        size = nest.get("size")
        made = inner.stack(item, nest["name"])
        return replace(
            made,
            markers=made.markers[: nest.get("markers", 0)],
            start_frame=int(nest["start_frame"]),
            drop_frame=bool(nest["drop_frame"]),
            duration=Fraction(nest["duration"]),
            size=(int(size[0]), int(size[1])) if size else None,
            kept=_kept_as_noted(nest),
        )


def _length(item: Json, reference: Json = NOTHING) -> Fraction | None:
    """How long an item is, in seconds; ``None`` where neither it nor its media says."""
    span = item.get("source_range") or reference.get("available_range")
    if span is None:
        return None
    length = time_of(span["duration"])
    if length < 0:
        raise TimelineError(
            f"“{item['name']}” has a negative length ({float(length):g} s).", "Export the timeline again."
        )
    return length


def _speed(item: Json) -> Fraction:
    speed = _ONE
    for effect in item["effects"]:
        if "time_scalar" in effect and effect.get("enabled", True):
            speed *= Fraction(effect["time_scalar"]).limit_denominator(1_000_000)
    return speed


def _exact(clip: Clip, ours: Json, rate: Fraction) -> Clip:
    """A clip of ours at its exact place: as noted, where it still lies there; else as it lies.

    Args:
        clip: It as it lies, on frames.
        ours: What stands under our key.
        rate: Frames a second of the timeline.
    """
    try:
        noted = RecordTime(Fraction(str(ours["record_start"]))), RecordTime(Fraction(str(ours["record_end"])))
    except (KeyError, ValueError, ZeroDivisionError):
        return clip
    if noted[0] < 0:
        return clip
    frames = nearest_frame(clip.start, rate), nearest_frame(clip.end, rate)
    for end in (noted[1], clip.end):
        exact = replace(clip, start=noted[0], end=end, laid=(clip.start, clip.end))
        if noted[0] < end and exact.frames(rate) == frames:
            return clip if (exact.start, exact.end) == exact.laid else exact
    return clip


def _moved(track: Track, by: Fraction) -> Track:
    """A track earlier; what then lies before 0 is cut off."""
    clips = (
        replace(
            clip,
            start=RecordTime(clip.start + by),
            end=RecordTime(clip.end + by),
            laid=clip.laid and (RecordTime(clip.laid[0] + by), RecordTime(clip.laid[1] + by)),
        )
        for clip in track.clips
    )
    return replace(
        track,
        clips=tuple(trimmed(c, max(c.start, _ZERO), c.end) for c in clips if c.end > 0),
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


def mix_in(item: Json, ours: Json, rate: Fraction) -> Mix:
    """Gain and fades of a clip, as it says under our key, else under Resolve's."""
    if any(key in ours for key in ("gain_db", "fade_in_us", "fade_out_us", "gain_keys", "pan")):
        return Mix(
            gain_db=float(ours.get("gain_db", 0.0)),
            fade_in_us=int(ours.get("fade_in_us", 0)),
            fade_out_us=int(ours.get("fade_out_us", 0)),
            keys=tuple(GainKey(Fraction(key[0]), float(key[1])) for key in ours.get("gain_keys", ())),
            pan=max(-1.0, min(1.0, float(ours.get("pan", 0.0)))),
        )
    for effect in item["effects"]:
        noted = said_under(effect, RESOLVE)
        if noted.get("Effect Name") == VOLUME:
            return mix_of(noted, rate)
    return Mix()


def _channels(ours: Json, resolve: Json) -> tuple[int, ...]:
    """Which channels a clip plays; empty where nothing says."""
    return tuple(int(channel) for channel in ours.get("source_channels") or channels_of_clip(resolve))


def _offer(ours: Json, start: Fraction, end: Fraction) -> Offer | None:
    """What a service offered for a clip of ours, where it is noted as we write it."""
    item, cue, licence = ours["item"], ours.get("cue"), ours.get("license")
    fitted = ours.get("fitted")
    alternatives = ours.get("alternatives", ())
    try:
        first, last = (parse_timestamp(ours.get(edge)) or 0 for edge in ("film_start", "film_end"))
        lies = _lies(ours)
        return Offer(
            item=dict(item),
            alternatives=tuple(dict(one) for one in alternatives),
            film_start_us=first,
            film_end_us=last,
            cue=None if cue is None else dict(cue),
            film_id=number(ours.get("film_id")),
            session_id=number(ours.get("session_id")),
            currency=str(ours.get("currency") or ""),
            license=None if licence is None else dict(licence),
            record=None if lies == (start, end) else lies,
            fitted=None if fitted is None else dict(fitted),
        )
    except (TypeError, ValueError, TimeFormatError):
        return None


def _lies(ours: Json) -> tuple[RecordTime, RecordTime] | None:
    if "record_start" not in ours or "record_end" not in ours:
        return None
    return RecordTime(Fraction(ours["record_start"])), RecordTime(Fraction(ours["record_end"]))


def _retimed(reference: Json, first: Fraction, speed: Fraction, rate: Fraction) -> Fraction | None:
    """Where Resolve's markers of a clip are counted from, where it is not the head of its source range."""
    if speed <= 0 or speed == 1:
        return None
    available = reference.get("available_range")
    return marker_origin(first, _ZERO if available is None else time_of(available["start_time"]), speed, rate)


def _markers(
    item: Json, first: Fraction, speed: Fraction, retimed: Fraction | None = None
) -> tuple[Marker, ...]:
    """Markers of an item.

    Args:
        item: What carries them.
        first: Media time at its head.
        speed: Its speed.
        retimed: What Resolve's own markers are counted from, seconds of the timeline; ``None`` for ``first``.
    """
    markers = []
    for marker in item["markers"]:
        span, noted = marker["marked_range"], said_under(marker, RESOLVE)
        in_record = bool(noted) and retimed is not None
        origin, scale = (retimed or _ZERO, _ONE) if in_record else (first, speed if speed > 0 else _ONE)
        at = (time_of(span["start_time"]) - origin) / scale
        length = time_of(span["duration"]) / scale
        if noted and length <= time_of({"value": 1.0, "rate": span["duration"]["rate"]}):
            length = _ZERO  # the shortest that Resolve knows is one frame: a point
        comment = marker.get("comment") or str(noted.get("Note", ""))
        color = (marker.get("color") or "").upper()
        markers.append(Marker(marker["name"], at, length, comment, color, marker))
    return tuple(markers)


def _transition(transition: Json, at: Fraction) -> Transition:
    return Transition(
        name=transition["name"],
        at=RecordTime(at),
        before=time_of(transition["in_offset"]),
        after=time_of(transition["out_offset"]),
        kind=transition["transition_type"] or "SMPTE_Dissolve",
        kept=_kept(transition, said_under(transition, NAMESPACE)),
        raw=transition,
    )


def _kept(item: Json, ours: Json) -> tuple[Kept, ...]:
    kept = [*_kept_as_noted(ours)]
    effects: Iterable[Json] = item.get("effects", ())
    for effect in effects:
        if "time_scalar" in effect:
            continue
        noted = said_under(effect, RESOLVE)
        if not noted:
            name = effect.get("effect_name") or effect.get("name") or effect["OTIO_SCHEMA"]
            kept.append(Kept("otio", name, ""))
        elif noted.get("Effect Name") != VOLUME and does_something(noted):
            kept.append(Kept("resolve", str(noted.get("Effect Name", "")), ""))
    return tuple(kept)


def _kept_as_noted(ours: Json) -> tuple[Kept, ...]:
    return tuple(Kept(str(one[0]), str(one[1]), str(one[2])) for one in ours.get("kept", ()))
