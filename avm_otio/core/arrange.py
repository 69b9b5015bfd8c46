"""An OTIO timeline → an arrangement.

What OTIO cannot say stands under ``metadata["avm"]`` (``docs/metadata.md``) or, in files of DaVinci Resolve,
under ``metadata["Resolve_OTIO"]``; both are read here.

The timeline is read in its JSON form: OTIO hands metadata to Python one value at a time, and takes ten times
as long over a timeline of thousands of clips.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any

import opentimelineio as otio

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
from avm_otio.core.errors import TimelineError
from avm_otio.core.flatten import AUDIO, HIGHEST_FRAME_RATE, names_of, timeline_rate
from avm_otio.core.metadata import NAMESPACE
from avm_otio.core.mix import GainKey, Mix
from avm_otio.core.placement import Kind
from avm_otio.core.plan import ImageSequence, MediaKind, MediaSource
from avm_otio.core.resolve_said import (
    RESOLVE,
    VOLUME,
    channels_of_clip,
    channels_of_track,
    does_something,
    marker_origin,
    mix_of,
    path_of_offline,
    sequence_of,
)
from avm_otio.core.timing import (
    MediaTime,
    RecordTime,
    dropped_per_minute,
    exact_value,
    format_timecode,
    nearest_frame,
    snap_rate,
)

Json = Mapping[str, Any]

_NOTHING: Json = {}
_ZERO = Fraction(0)
_ONE = Fraction(1)
_KINDS = {str(kind): kind for kind in Kind}


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
    document: Json = json.loads(timeline.to_json_string())
    start = document.get("global_start_time")
    start_frame = 0 if start is None else nearest_frame(_time(start), rate)
    ours = _noted(document, NAMESPACE)
    made = _linked(_Reader(rate, facts or {}).stack(document["tracks"], document["name"]))
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


def _largest_picture(arrangement: Arrangement) -> tuple[int, int] | None:
    return max((media.size for media in arrangement.media() if media.size), default=None)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one timeline.

    Attributes:
        rate: Frames a second of the timeline.
        facts: What its files are.
        told: Media as the timeline tells of them, so that each is one object.
    """

    rate: Fraction
    facts: Known
    told: dict[Any, Facts] = field(default_factory=dict)

    def stack(self, document: Json, name: str) -> Arrangement:
        members = [document] if _is(document, "Track") else document["children"]
        tracks = [self._track(member) for member in members if not _is(member, "Transition")]
        window = None if _is(document, "Track") else document.get("source_range")
        longest = max((length for _, length in tracks), default=_ZERO)
        return Arrangement(
            name=name,
            rate=self.rate,
            tracks=tuple(track for track, _ in tracks),
            duration=longest if window is None else _time(window["duration"]),
            markers=_markers(document, _ZERO, _ONE),
        )

    def _track(self, member: Json) -> tuple[Track, Fraction]:
        """A member of a stack, and its length in seconds."""
        is_track = _is(member, "Track")
        kind = TrackKind.AUDIO if is_track and member["kind"] == AUDIO else TrackKind.VIDEO
        clips: list[Clip] = []
        transitions: list[Transition] = []
        at = _ZERO
        for child in member["children"] if is_track else [member]:
            if _is(child, "Transition"):
                transitions.append(_transition(child, at))
            elif _is(child, "Gap"):
                at += _length(child)
            else:
                clip = self._clip(child, kind, at)
                length = _length(child) if child.get("source_range") else clip.end - clip.start
                clips.append(clip)
                at += length
        if not is_track:
            return Track(member["name"], kind, tuple(clips)), at
        ours, resolve = _noted(member, NAMESPACE), _noted(member, RESOLVE)
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
            at = _time(window["duration"])
            if _time(window["start_time"]):
                track = _moved(track, -_time(window["start_time"]))
        track = replace(track, clips=_apart(track.clips))
        if kind is TrackKind.AUDIO:
            track = replace(track, channels=_track_channels(track, ours, resolve))
        return track, at

    def _clip(self, item: Json, kind: TrackKind, at: Fraction) -> Clip:
        ours = _noted(item, NAMESPACE)
        resolve = _noted(item, RESOLVE)
        speed = _speed(item)
        content: Media | Arrangement | Generator
        reference: Json = _NOTHING
        if _is(item, "Clip"):
            reference = item["media_references"].get(item["active_media_reference_key"]) or _NOTHING
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
        first = _time(span["start_time"]) if span is not None else _ZERO
        media_in = first + length * -speed if speed < 0 else first
        if reference:
            if _is(reference, "GeneratorReference"):
                content = Generator(reference["name"] or item["name"], reference.get("generator_kind") or "")
            else:
                known = self._media(item, reference, ours, resolve, kind)
                content = known.media
                media_in = (media_in - known.origin) * known.scale + known.media.start
        own_markers = ours["nest"].get("markers", 0) if "nest" in ours else 0
        start, end = at, at + length
        sort = _KINDS.get(ours.get("kind", "")) if ours else None
        if sort is not None:
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
            link=_number(ours.get("link", resolve.get("Link Group ID"))),
            markers=_markers(item, first, speed, _retimed(reference, first, speed, self.rate))[own_markers:],
            kind=sort,
            alternative=int(ours.get("alternative", 0)),
            kept=_kept(item, ours),
        )

    def _nest(self, item: Json, told: Json | None) -> Arrangement:
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

    def _media(self, item: Json, reference: Json, ours: Json, resolve: Json, kind: TrackKind) -> Facts:
        source = _source(item, reference, resolve) if self.facts else None
        found = self.facts.get(source) if source is not None else None
        if isinstance(found, Facts):
            return found
        told, noted = ours.get("source") or _NOTHING, ours.get("media") or _NOTHING
        available = reference.get("available_range")
        url = _base(item, reference) or reference.get("target_url") or ""
        where = (found.path if found is not None else url) or _offline(reference, resolve)
        name = reference.get("name") or next(iter(names_of(url, where, "", item["name"])), "")
        key = name, where, str(available), str(told), str(noted), kind, len(resolve.get("Channels", ()))
        if key not in self.told:
            self.told[key] = self._as_told(key, item, reference, told, noted, found)
        return self.told[key]

    def _as_told(
        self,
        key: tuple[Any, ...],
        item: Json,
        reference: Json,
        told: Json,
        noted: Json,
        found: Offline | None,
    ) -> Facts:
        """What a timeline itself says of its media."""
        name, where, _, _, _, kind, listed = key
        available = reference.get("available_range")
        start, duration, rate = _ZERO, None, None
        if available is not None:
            start, duration = _time(available["start_time"]), _time(available["duration"])
            rate = _frame_rate(available["start_time"]["rate"])
        is_sound = kind is TrackKind.AUDIO
        hz = noted.get("sample_rate_hz", told.get("sample_rate_hz"))
        if "duration" in told:
            duration = Fraction(told["duration"])
        elif noted.get("samples") and hz:
            duration = Fraction(int(noted["samples"]), int(hz))
        sequence = _numbering(item, reference)
        if sequence is not None and "rate" in reference:
            rate = _frame_rate(reference["rate"])
        if is_sound:
            rate = None
        channels = told.get("channels", noted.get("channels"))
        size = told.get("size")
        media = Media(
            name=name,
            path=where,
            start=MediaTime(start),
            duration=duration,
            rate=snap_rate(told["rate"]) if "rate" in told else rate,
            size=(int(size[0]), int(size[1])) if size else None,
            sample_rate_hz=_number(hz),
            channels=int(listed or (2 if is_sound else 0)) if channels is None else int(channels),
            has_picture=bool(told.get("has_picture", not is_sound)),
            sequence=sequence,
            is_online=found is None and not _is(reference, "MissingReference"),
            drop_frame=bool(told.get("drop_frame", False)),
        )
        return Facts(media, start)


def _is(document: Json, schema: str) -> bool:
    return bool(document["OTIO_SCHEMA"].partition(".")[0] == schema)


def _noted(document: Json, key: str) -> Json:
    noted = document["metadata"].get(key)
    return noted if isinstance(noted, dict) else _NOTHING


def _time(time: Json) -> Fraction:
    return _seconds(time["value"], time["rate"])


@lru_cache(maxsize=65_536)  # the edges of a timeline's clips and of its media come up again and again
def _seconds(value: float, rate: float) -> Fraction:
    return exact_value(value) / snap_rate(rate)


def _length(item: Json, reference: Json = _NOTHING) -> Fraction:
    span = item.get("source_range") or reference.get("available_range")
    if span is None:
        raise TimelineError(
            f"Clip “{item['name']}” does not say how long it is.",
            "Give it a source range in your editor and export the timeline again.",
        )
    length = _time(span["duration"])
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


def _frame_rate(rate: float) -> Fraction | None:
    return snap_rate(rate) if 0 < rate < HIGHEST_FRAME_RATE else None


def _source(item: Json, reference: Json, resolve: Json) -> MediaSource:
    """The same value as ``flatten.media_of`` gives for the clip."""
    available = reference.get("available_range")
    start = None if available is None else MediaTime(_time(available["start_time"]))
    sequence = _numbering(item, reference)
    if sequence is not None:
        base = _base(item, reference)
        names: tuple[str, ...] = (sequence.file_name(0),)
        if "rate" in reference:
            rate = snap_rate(reference["rate"]) if reference["rate"] > 0 else None
        else:
            rate = None if available is None else _frame_rate(available["start_time"]["rate"])
        return MediaSource(item["name"], MediaKind.SEQUENCE, base, names, start, rate, sequence)
    url = reference.get("target_url") or ""
    rate = None if available is None else _frame_rate(available["start_time"]["rate"])
    offline = path_of_offline(_noted(reference, RESOLVE), resolve)
    names = names_of(url, offline, reference.get("name") or "", item["name"])
    kind = MediaKind.FILE if url else MediaKind.MISSING
    return MediaSource(item["name"], kind, url, names, start, rate)


def _numbering(item: Json, reference: Json) -> ImageSequence | None:
    if not _is(reference, "ImageSequenceReference"):
        named = _sequence_of_resolve(item, reference)
        return None if named is None else named[1]
    return ImageSequence(
        prefix=reference["name_prefix"],
        suffix=reference["name_suffix"],
        start_number=reference["start_frame"],
        step=reference["frame_step"],
        padding=reference["frame_zero_padding"],
    )


def _base(item: Json, reference: Json) -> str:
    """The folder of an image sequence; empty for anything else."""
    named = _sequence_of_resolve(item, reference)
    return reference.get("target_url_base") or "" if named is None else named[0]


def _sequence_of_resolve(item: Json, reference: Json) -> tuple[str, ImageSequence] | None:
    url = reference.get("target_url") or ""
    return sequence_of(url) if "[" in url and RESOLVE in item["metadata"] else None


def _offline(reference: Json, resolve: Json) -> str:
    path = _noted(reference, NAMESPACE).get("path")
    return str(path or path_of_offline(_noted(reference, RESOLVE), resolve))


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
        noted = _noted(effect, RESOLVE)
        if noted.get("Effect Name") == VOLUME:
            return mix_of(noted, rate)
    return Mix()


def _channels(ours: Json, resolve: Json, content: Media | Arrangement | Generator) -> tuple[int, ...]:
    said = ours.get("source_channels") or channels_of_clip(resolve)
    if said:
        return tuple(int(one) for one in said)
    return tuple(range((content.channels if isinstance(content, Media) else 0) or 2))


def _number(said: Any) -> int | None:
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
    return marker_origin(first, _ZERO if available is None else _time(available["start_time"]), speed, rate)


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
        span, noted = marker["marked_range"], _noted(marker, RESOLVE)
        in_record = bool(noted) and retimed is not None
        origin, scale = (retimed or _ZERO, _ONE) if in_record else (first, speed if speed > 0 else _ONE)
        at = (_time(span["start_time"]) - origin) / scale
        length = _time(span["duration"]) / scale
        if noted and length <= _time({"value": 1.0, "rate": span["duration"]["rate"]}):
            length = _ZERO  # the shortest that Resolve knows is one frame: a point
        comment = marker.get("comment") or str(noted.get("Note", ""))
        color = (marker.get("color") or "").upper()
        markers.append(Marker(marker["name"], at, length, comment, color))
    return tuple(markers)


def _transition(transition: Json, at: Fraction) -> Transition:
    return Transition(
        name=transition["name"],
        at=RecordTime(at),
        before=_time(transition["in_offset"]),
        after=_time(transition["out_offset"]),
        kind=transition["transition_type"] or "SMPTE_Dissolve",
        kept=_kept(transition, _noted(transition, NAMESPACE)),
    )


def _kept(item: Json, ours: Json) -> tuple[Kept, ...]:
    kept = [*_kept_as_noted(ours)]
    effects: Iterable[Json] = item.get("effects", ())
    for effect in effects:
        if "time_scalar" in effect:
            continue
        noted = _noted(effect, RESOLVE)
        if not noted:
            name = effect.get("effect_name") or effect.get("name") or effect["OTIO_SCHEMA"]
            kept.append(Kept("otio", name, ""))
        elif noted.get("Effect Name") != VOLUME and does_something(noted):
            kept.append(Kept("resolve", str(noted.get("Effect Name", "")), ""))
    return tuple(kept)


def _kept_as_noted(ours: Json) -> tuple[Kept, ...]:
    return tuple(Kept(str(one[0]), str(one[1]), str(one[2])) for one in ours.get("kept", ()))
