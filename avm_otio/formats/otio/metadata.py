"""The ``avm`` schema: everything about our tracks and clips that OTIO itself cannot say.

Documented for readers of our timelines in ``docs/metadata.md``; the two are kept alike by a test.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import opentimelineio as otio

from avm_otio import services
from avm_otio.mix.placement import LaidClip
from avm_otio.timeline.model import Offer, Stem
from avm_otio.timeline.time import format_timestamp

NAMESPACE = "avm"
"""The key in an OTIO object's ``metadata`` under which all of ours stands."""

VERSION = 1
"""Raised when a reader of the older form would misread the newer one."""

_LONG_NUMBER = re.compile(r"\d{19}")
"""What may be a whole number beyond 64 bits, which OTIO's JSON would read as a double."""

_INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Origin:
    """Which answer of which service a clip comes from.

    Attributes:
        service: The service's origin, or ``local``.
        currency: What every price beside it is in; empty where unknown.
        language: What titles are in; empty where unknown.
        film_id: The Film, where known.
        session_id: The film service, where known.
        license: The licence that was asked for, as sent; empty where unknown.
    """

    service: str = ""
    currency: str = ""
    language: str = ""
    film_id: int | None = None
    session_id: int | None = None
    license: Mapping[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """As it stands in the metadata: what is unknown is left out."""
        known = {
            "service": self.service,
            "currency": self.currency,
            "language": self.language,
            "film_id": self.film_id,
            "session_id": self.session_id,
            "license": self.license,
        }
        return {key: value for key, value in known.items() if value not in (None, "")}


def timeline_metadata(origin: Origin, laid_from: Fraction, laid_to: Fraction) -> dict[str, Any]:
    """What the timeline says of the run that scored it; record times in exact seconds."""
    return (
        {"version": VERSION} | origin.as_dict() | {"record_start": str(laid_from), "record_end": str(laid_to)}
    )


def track_metadata(kind: Stem) -> dict[str, Any]:
    """What marks a track as ours."""
    return {"version": VERSION, "kind": str(kind)}


def clip_metadata(clip: LaidClip, origin: Origin) -> dict[str, Any]:
    """All that is known of a laid clip, as plain JSON."""
    data: dict[str, Any] = {
        "version": VERSION,
        "kind": str(clip.kind),
        "film_id": origin.film_id,
        "session_id": origin.session_id,
        "currency": origin.currency,
        "item": clip.item.served,
        "alternatives": [other.served for other in clip.alternatives],
        "film_start": format_timestamp(clip.film_start_us),
        "film_end": format_timestamp(clip.film_end_us),
        "record_start": str(clip.start),
        "record_end": str(clip.end),
        "gain_db": clip.mix.gain_db,
        "fade_in_us": clip.mix.fade_in_us,
        "fade_out_us": clip.mix.fade_out_us,
    }
    if clip.rank:
        data["alternative"] = clip.rank
    if origin.license is not None:
        data["license"] = origin.license
    if clip.cue is not None:
        data["cue"] = clip.cue.served
    if clip.sound.samples is not None:
        data["media"] = {
            "samples": clip.sound.samples,
            "sample_rate_hz": clip.sound.sample_rate_hz,
            "channels": clip.sound.channels,
        }
    return data


def offer_metadata(offer: Offer) -> dict[str, Any]:
    """What a service offered for a clip, as plain JSON."""
    data: dict[str, Any] = {
        "film_id": offer.film_id,
        "session_id": offer.session_id,
        "currency": offer.currency,
        "item": offer.item,
        "alternatives": list(offer.alternatives),
        "film_start": format_timestamp(offer.film_start_us),
        "film_end": format_timestamp(offer.film_end_us),
    }
    if offer.license is not None:
        data["license"] = offer.license
    if offer.cue is not None:
        data["cue"] = offer.cue
    return data


OF_THE_TIMELINE = ("drop_frame", "size", "kept")
"""What the timeline itself says under our key, whoever scored it: stays when our tracks are taken off."""


def of(item: otio.core.SerializableObjectWithMetadata) -> Mapping[str, Any]:
    """Our metadata of an object; empty where there is none."""
    ours = item.metadata.get(NAMESPACE)
    return ours if isinstance(ours, Mapping) else {}


def track_kind(track: otio.schema.Track) -> Stem | None:
    """Which of our tracks this is; ``None`` for the user's own.

    By its metadata; by its name where an editor that keeps none has had it in between.
    """
    kind = of(track).get("kind")
    if kind is None and (service := services.owner_of_track(track.name)):
        kind = service.stem
    return next((one for one in Stem if one == kind), None)


def storable_text(value: Any) -> str:
    """A JSON value as text that OTIO can read; see ``storable``."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        text.encode()
        if "\\u0000" not in text and not _LONG_NUMBER.search(text):
            return text
    except ValueError:  # a number that is none, or a lone surrogate
        pass
    return json.dumps(storable(value), ensure_ascii=False, separators=(",", ":"))


def storable(value: Any) -> Any:
    """A JSON value in a form that OTIO can keep.

    OTIO refuses whole numbers beyond 64 bits and text with lone surrogates, and cuts text at a NUL, all of
    which JSON can carry: the numbers become text, the characters the replacement character. A number that is
    none becomes null.
    """
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if value in _INT64 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {storable(str(key)): storable(one) for key, one in value.items()}
    if isinstance(value, Sequence):
        return [storable(one) for one in value]
    return str(value)
