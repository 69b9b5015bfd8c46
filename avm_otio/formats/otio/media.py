"""The media of a timeline's clips: as their files are, or where nobody looked, as the timeline tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from avm_otio.formats.otio.json_form import NOTHING, Json, is_a, number, said_under, time_of
from avm_otio.formats.otio.metadata import NAMESPACE
from avm_otio.formats.otio.resolve_words import RESOLVE, path_of_offline, sequence_of
from avm_otio.timeline.flatten import MediaKind, MediaSource, names_of
from avm_otio.timeline.model import HIGHEST_FRAME_RATE, ImageSequence, Media, TrackKind
from avm_otio.timeline.time import MediaTime, snap_rate


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


@dataclass(frozen=True, slots=True)
class MediaOf:
    """Finds the media of clips.

    Attributes:
        facts: What the timeline's files are.
        told: Media as the timeline tells of them, so that each is one object.
    """

    facts: Known
    told: dict[Any, Facts] = field(default_factory=dict)

    def clip(self, item: Json, reference: Json, ours: Json, resolve: Json, kind: TrackKind) -> Facts:
        """The media of one clip.

        Args:
            item: The clip.
            reference: Its active media reference.
            ours: What it notes under our key.
            resolve: What it notes under Resolve's.
            kind: What its track holds.
        """
        source = _source(item, reference, resolve) if self.facts else None
        found = self.facts.get(source) if source is not None else None
        if isinstance(found, Facts):
            return found
        told, measured = ours.get("source") or NOTHING, ours.get("media") or NOTHING
        available = reference.get("available_range")
        url = _base(item, reference) or reference.get("target_url") or ""
        where = (found.path if found is not None else url) or _offline(reference, resolve)
        name = reference.get("name") or next(iter(names_of(url, where, "", item["name"])), "")
        key = name, where, str(available), str(told), str(measured), kind, len(resolve.get("Channels", ()))
        if key not in self.told:
            self.told[key] = self._as_told(key, item, reference, told, measured, found)
        return self.told[key]

    def _as_told(
        self,
        key: tuple[Any, ...],
        item: Json,
        reference: Json,
        told: Json,
        measured: Json,
        found: Offline | None,
    ) -> Facts:
        """What a timeline itself says of its media."""
        name, where, _, _, _, kind, listed = key
        available = reference.get("available_range")
        start, duration, rate = Fraction(0), None, None
        if available is not None:
            start, duration = time_of(available["start_time"]), time_of(available["duration"])
            rate = _frame_rate(available["start_time"]["rate"])
        is_sound = kind is TrackKind.AUDIO
        hz = measured.get("sample_rate_hz", told.get("sample_rate_hz"))
        if "duration" in told:
            duration = Fraction(told["duration"])
        elif measured.get("samples") and hz:
            duration = Fraction(int(measured["samples"]), int(hz))
        sequence = _numbering(item, reference)
        if sequence is not None and "rate" in reference:
            rate = _frame_rate(reference["rate"])
        counted_rate = rate
        if is_sound:
            rate = None
        channels = told.get("channels", measured.get("channels"))
        size = told.get("size")
        media = Media(
            name=name,
            path=where,
            start=MediaTime(start),
            duration=duration,
            rate=snap_rate(told["rate"]) if "rate" in told else rate,
            size=(int(size[0]), int(size[1])) if size else None,
            sample_rate_hz=number(hz),
            channels=int(listed or (2 if is_sound else 0)) if channels is None else int(channels),
            has_picture=bool(told.get("has_picture", not is_sound)),
            sequence=sequence,
            is_online=found is None and not is_a(reference, "MissingReference"),
            drop_frame=bool(told.get("drop_frame", False)),
            counted_rate=counted_rate,
        )
        return Facts(media, start)


def _frame_rate(rate: float) -> Fraction | None:
    return snap_rate(rate) if 0 < rate < HIGHEST_FRAME_RATE else None


def _source(item: Json, reference: Json, resolve: Json) -> MediaSource:
    """The same value as ``flatten.media_of`` gives for the clip."""
    available = reference.get("available_range")
    start = None if available is None else MediaTime(time_of(available["start_time"]))
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
    offline = path_of_offline(said_under(reference, RESOLVE), resolve)
    names = names_of(url, offline, reference.get("name") or "", item["name"])
    kind = MediaKind.FILE if url else MediaKind.MISSING
    return MediaSource(item["name"], kind, url, names, start, rate)


def _numbering(item: Json, reference: Json) -> ImageSequence | None:
    if not is_a(reference, "ImageSequenceReference"):
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
    path = said_under(reference, NAMESPACE).get("path")
    return str(path or path_of_offline(said_under(reference, RESOLVE), resolve))
