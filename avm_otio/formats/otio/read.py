"""An OTIO timeline → an arrangement.

What OTIO cannot say stands under ``metadata["avm"]`` (``docs/metadata.md``) or, in files of DaVinci Resolve,
under ``metadata["Resolve_OTIO"]``; both are read here.

The timeline is read in its JSON form: OTIO hands metadata to Python one value at a time, and takes ten times
as long over a timeline of thousands of clips.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import opentimelineio as otio

from avm_otio.errors import TimelineError
from avm_otio.formats.making import many_values
from avm_otio.formats.otio.json_form import NOTHING, Json, is_a, number, said_under, time_of
from avm_otio.formats.otio.media import Known, MediaOf
from avm_otio.formats.otio.metadata import NAMESPACE
from avm_otio.formats.otio.resolve_words import (
    RESOLVE,
    VOLUME,
    channels_of_clip,
    channels_of_track,
    does_something,
    marker_origin,
    mix_of,
)
from avm_otio.timeline.flatten import AUDIO, timeline_rate
from avm_otio.timeline.model import (
    Clip,
    GainKey,
    Generator,
    Kept,
    Marker,
    Media,
    Mix,
    Stem,
    Timeline,
    Track,
    TrackKind,
    Transition,
    trimmed,
)
from avm_otio.timeline.time import (
    MediaTime,
    RecordTime,
    dropped_per_minute,
    format_timecode,
    nearest_frame,
    snap_rate,
)

_ZERO = Fraction(0)
_ONE = Fraction(1)
_KINDS = {str(kind): kind for kind in Stem}


@many_values()
def arrange(timeline: otio.schema.Timeline, facts: Known | None = None) -> Timeline:
    """Say what a timeline says, exactly.

    Clips of a track stand in the order of the track's own clips and nests, one for one.

    Args:
        timeline: The timeline; not modified.
        facts: What its files are; what is not in here is believed as the timeline says it.

    Raises:
        TimelineError: A clip has no length, or a range that no clip can have.
    """
    rate = timeline_rate(timeline)
    document: Json = json.loads(timeline.to_json_string())
    start = document.get("global_start_time")
    start_frame = 0 if start is None else nearest_frame(time_of(start), rate)
    ours = said_under(document, NAMESPACE)
    made = _linked(_Reader(rate, MediaOf(facts or {})).stack(document["tracks"], document["name"]))
    said, size = ours.get("drop_frame"), ours.get("size")
    return replace(
        made,
        start_frame=start_frame,
        drop_frame=_looks_dropped(start_frame, rate) if said is None else bool(said),
        size=(int(size[0]), int(size[1])) if size else _largest_picture(made),
        kept=_kept(document, ours),
    )


def _looks_dropped(start_frame: int, rate: Fraction) -> bool:
    """Whether a start that does not say is drop-frame: read as such it is a round time, else it is not."""
    if not start_frame or not dropped_per_minute(rate):
        return False
    dropped, plain = (format_timecode(start_frame, rate, drop)[-5:] for drop in (True, False))
    return dropped == "00;00" and plain != "00:00"


def _largest_picture(arrangement: Timeline) -> tuple[int, int] | None:
    return max((media.size for media in arrangement.media() if media.size), default=None)


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
        )

    def _track(self, member: Json) -> tuple[Track, Fraction]:
        """A member of a stack, and its length in seconds."""
        is_track = is_a(member, "Track")
        kind = TrackKind.AUDIO if is_track and member["kind"] == AUDIO else TrackKind.VIDEO
        clips: list[Clip] = []
        transitions: list[Transition] = []
        at = _ZERO
        for child in member["children"] if is_track else [member]:
            if is_a(child, "Transition"):
                transitions.append(_transition(child, at))
            elif is_a(child, "Gap"):
                at += _length(child)
            else:
                clip = self._clip(child, kind, at)
                length = _length(child) if child.get("source_range") else clip.end - clip.start
                clips.append(clip)
                at += length
        if not is_track:
            return Track(member["name"], kind, tuple(clips)), at
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
        )
        window = member.get("source_range")
        if window is not None:
            at = time_of(window["duration"])
            if time_of(window["start_time"]):
                track = _moved(track, -time_of(window["start_time"]))
        track = replace(track, clips=_apart(track.clips))
        if kind is TrackKind.AUDIO:
            track = replace(track, channels=_track_channels(track, ours, resolve))
        return track, at

    def _clip(self, item: Json, kind: TrackKind, at: Fraction) -> Clip:
        ours = said_under(item, NAMESPACE)
        resolve = said_under(item, RESOLVE)
        speed = _speed(item)
        content: Media | Timeline | Generator
        reference: Json = NOTHING
        if is_a(item, "Clip"):
            reference = item["media_references"].get(item["active_media_reference_key"]) or NOTHING
            length = _length(item, reference)
        elif "children" in item:
            content = self._nest(item, ours.get("nest"))
            length = _length(item) if item.get("source_range") else content.duration
        else:
            raise TimelineError(
                f"“{item.get('name', '')}” is a {item['OTIO_SCHEMA']}, which nobody here knows.",
                "Export the timeline again.",
            )
        span = item.get("source_range") or reference.get("available_range")
        first = time_of(span["start_time"]) if span is not None else _ZERO
        if is_a(item, "Track"):  # its window is cut already
            first = _ZERO
        media_in = first + length * -speed if speed < 0 else first
        if reference:
            if is_a(reference, "GeneratorReference"):
                content = Generator(reference["name"] or item["name"], reference.get("generator_kind") or "")
            else:
                known = self.media.clip(item, reference, ours, resolve, kind)
                content = known.media
                media_in = (media_in - known.origin) * known.scale + known.media.start
        own_markers = ours["nest"].get("markers", 0) if "nest" in ours else 0
        start, end = at, at + length
        sort = _KINDS.get(ours.get("kind", "")) if ours else None
        if "record_start" in ours:
            start, end = _exact(ours, start, end, self.rate)
        return Clip(
            name=item["name"],
            start=RecordTime(start),
            end=RecordTime(end),
            content=content,
            media_in=MediaTime(media_in),
            speed=speed,
            enabled=bool(item["enabled"]),
            mix=_mix(item, ours, self.rate),
            channels=_channels(ours, resolve, content) if kind is TrackKind.AUDIO else (),
            link=number(ours.get("link", resolve.get("Link Group ID"))),
            markers=_markers(item, first, speed, _retimed(reference, first, speed, self.rate))[own_markers:],
            kind=sort,
            alternative=int(ours.get("alternative", 0)),
            kept=_kept(item, ours),
        )

    def _nest(self, item: Json, told: Json | None) -> Timeline:
        """A nest; its own markers come first among those of the item, where it says how many it has."""
        if told is None:
            return replace(self.stack(item, item["name"]), markers=())
        inner = replace(self, rate=snap_rate(told["rate"]))
        size = told.get("size")
        made = inner.stack(item, told["name"])
        return replace(
            made,
            markers=made.markers[: told.get("markers", 0)],
            start_frame=int(told["start_frame"]),
            drop_frame=bool(told["drop_frame"]),
            duration=Fraction(told["duration"]),
            size=(int(size[0]), int(size[1])) if size else None,
            kept=_kept_as_noted(told),
        )


def _length(item: Json, reference: Json = NOTHING) -> Fraction:
    span = item.get("source_range") or reference.get("available_range")
    if span is None:
        raise TimelineError(
            f"Clip “{item['name']}” does not say how long it is.",
            "Give it a source range in your editor and export the timeline again.",
        )
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


def _exact(ours: Json, start: Fraction, end: Fraction, rate: Fraction) -> tuple[Fraction, Fraction]:
    """The exact place of a clip of ours: as noted, where the clip still lies there; else as it lies."""
    try:
        noted = Fraction(str(ours["record_start"])), Fraction(str(ours["record_end"]))
    except (KeyError, ValueError, ZeroDivisionError):
        return start, end
    if noted[0] >= 0 and nearest_frame(noted[0], rate) == nearest_frame(start, rate):
        start = noted[0]
        if nearest_frame(noted[1], rate) == nearest_frame(end, rate) and noted[1] > start:
            end = noted[1]
    return start, end


def _moved(track: Track, by: Fraction) -> Track:
    """A track earlier; what then lies before 0 is cut off."""
    clips = (replace(c, start=RecordTime(c.start + by), end=RecordTime(c.end + by)) for c in track.clips)
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


def _track_channels(track: Track, ours: Json, resolve: Json) -> int:
    said = ours.get("channels") or channels_of_track(resolve)
    if said:
        return int(said)
    return max((len(clip.channels) for clip in track.clips), default=2) or 2


def _mix(item: Json, ours: Json, rate: Fraction) -> Mix:
    if any(key in ours for key in ("gain_db", "fade_in_us", "fade_out_us", "gain_keys")):
        return Mix(
            gain_db=float(ours.get("gain_db", 0.0)),
            fade_in_us=int(ours.get("fade_in_us", 0)),
            fade_out_us=int(ours.get("fade_out_us", 0)),
            keys=tuple(GainKey(Fraction(key[0]), float(key[1])) for key in ours.get("gain_keys", ())),
        )
    for effect in item["effects"]:
        noted = said_under(effect, RESOLVE)
        if noted.get("Effect Name") == VOLUME:
            return mix_of(noted, rate)
    return Mix()


def _channels(ours: Json, resolve: Json, content: Media | Timeline | Generator) -> tuple[int, ...]:
    said = ours.get("source_channels") or channels_of_clip(resolve)
    if said:
        return tuple(int(one) for one in said)
    return tuple(range((content.channels if isinstance(content, Media) else 0) or 2))


def _linked(arrangement: Timeline) -> Timeline:
    """Where nothing says what belongs together: sound belongs to the picture of its media at its place."""
    if any(clip.link is not None for clip in arrangement.clips()):
        return arrangement
    together: dict[Any, int] = {}
    for track in arrangement.video_tracks:
        for clip in track.clips:
            if clip.media is not None:
                together.setdefault(_place(clip), len(together) + 1)
    if not together:
        return arrangement
    heard = {_place(clip) for track in arrangement.audio_tracks for clip in track.clips}
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
    return media and (media.path or media.name, clip.start, clip.end, clip.media_in, clip.speed)


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
        markers.append(Marker(marker["name"], at, length, comment, color))
    return tuple(markers)


def _transition(transition: Json, at: Fraction) -> Transition:
    return Transition(
        name=transition["name"],
        at=RecordTime(at),
        before=time_of(transition["in_offset"]),
        after=time_of(transition["out_offset"]),
        kind=transition["transition_type"] or "SMPTE_Dissolve",
        kept=_kept(transition, said_under(transition, NAMESPACE)),
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
