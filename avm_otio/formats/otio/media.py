"""The media of a timeline's clips, as the timeline describes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from avm_otio.formats.otio.json_form import NOTHING, Json, is_a, number, said_under, time_of
from avm_otio.formats.otio.metadata import NAMESPACE
from avm_otio.formats.otio.resolve_words import RESOLVE, path_of_offline, sequence_of
from avm_otio.timeline.model import HIGHEST_FRAME_RATE, ImageSequence, Media, TrackKind
from avm_otio.timeline.time import MediaTime, snap_rate
from avm_otio.timeline.urls import name_in


@dataclass(frozen=True, slots=True)
class MediaOf:
    """Finds the media of clips.

    Attributes:
        described: Media as the timeline describes them, so that each is one object.
    """

    described: dict[Any, Media] = field(default_factory=dict)

    def clip(self, item: Json, reference: Json, ours: Json, resolve: Json, kind: TrackKind) -> Media:
        """The media of one clip.

        Args:
            item: The clip.
            reference: Its active media reference.
            ours: What it notes under our key.
            resolve: What it notes under Resolve's.
            kind: What its track holds.
        """
        stated, measured = ours.get("source") or NOTHING, ours.get("media") or NOTHING
        available = reference.get("available_range")
        url = _base(item, reference) or reference.get("target_url") or ""
        where = url or _offline(reference, resolve)
        name = reference.get("name") or next(iter(_names_of(url, where, "", item["name"])), "")
        key = name, where, str(available), str(stated), str(measured), kind, len(resolve.get("Channels", ()))
        if key not in self.described:
            self.described[key] = self._as_described(key, item, reference, stated, measured)
        return self.described[key]

    def _as_described(
        self,
        key: tuple[Any, ...],
        item: Json,
        reference: Json,
        stated: Json,
        measured: Json,
    ) -> Media:
        """What a timeline itself says of its media."""
        name, where, _, _, _, kind, listed = key
        available = reference.get("available_range")
        start, duration, rate = Fraction(0), None, None
        if available is not None:
            start, duration = time_of(available["start_time"]), time_of(available["duration"])
            rate = _frame_rate(available["start_time"]["rate"])
        is_sound = kind is TrackKind.AUDIO
        hz = measured.get("sample_rate_hz", stated.get("sample_rate_hz"))
        if "duration" in stated:
            duration = Fraction(stated["duration"])
        elif measured.get("samples") and hz:
            duration = Fraction(int(measured["samples"]), int(hz))
        sequence = _numbering(item, reference)
        if sequence is not None and "rate" in reference:
            rate = _frame_rate(reference["rate"])
        counted_rate = rate
        if is_sound:
            rate = None
        channels = stated.get("channels", measured.get("channels"))
        size = stated.get("size")
        return Media(
            name=name,
            path=where,
            start=MediaTime(start),
            duration=duration,
            rate=snap_rate(stated["rate"]) if "rate" in stated else rate,
            size=(int(size[0]), int(size[1])) if size else None,
            sample_rate_hz=number(hz),
            channels=int(listed or (2 if is_sound else 0)) if channels is None else int(channels),
            has_picture=bool(stated.get("has_picture", not is_sound)),
            sequence=sequence,
            is_online=not is_a(reference, "MissingReference"),
            drop_frame=bool(stated.get("drop_frame", False)),
            counted_rate=counted_rate,
        )


def _frame_rate(rate: float) -> Fraction | None:
    return snap_rate(rate) if 0 < rate < HIGHEST_FRAME_RATE else None


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


def _names_of(url: str, offline: str, reference: str, clip: str) -> tuple[str, ...]:
    """File names to look for when the media has moved.

    Args:
        url: The ``target_url``; its file name comes first.
        offline: What an editor noted of a path that it could not find.
        reference: The name of the media reference.
        clip: The name of the clip.
    """
    names = [name_in(place) for place in (url, offline) if place]
    return tuple(dict.fromkeys(name for name in [*names, reference, clip] if name))
