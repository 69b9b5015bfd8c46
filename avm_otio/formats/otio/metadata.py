"""The ``avm`` schema: everything about our tracks and clips that OTIO itself cannot say.

Documented for readers of our timelines in ``docs/metadata.md``; the two are kept alike by a test.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from avm_otio.formats.otio.json_form import Document, Json, said_under
from avm_otio.timeline.model import Offer, Stem
from avm_otio.timeline.time import format_timestamp

NAMESPACE = "avm"
"""The key in an OTIO object's ``metadata`` under which all of ours stands."""

VERSION = 1
"""Raised when a reader of the older form would misread the newer one."""

_DIGITS_AS_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)

_LONG_NUMBER = b"0" * 19
"""What may be a whole number beyond 64 bits, which OTIO's JSON would read as a double: so many digits, each
taken for a zero. Looking for a constant is eight times as fast as a pattern of digits."""

_INT64 = range(-(2**63), 2**63)


def track_metadata(kind: Stem) -> dict[str, Any]:
    """What marks a track as ours."""
    return {"version": VERSION, "kind": str(kind)}


def _as_data(served: Any) -> Any:
    """JSON of a service without the key by which OTIO would take it for an object of its own."""
    if served is None or isinstance(served, str | int | float):  # most of it, and the tests below are slow
        return served
    if isinstance(served, Mapping):
        return {key: _as_data(value) for key, value in served.items() if key != "OTIO_SCHEMA"}
    return [_as_data(value) for value in served] if isinstance(served, list | tuple) else served


def offer_metadata(offer: Offer) -> dict[str, Any]:
    """What a service offered for a clip, as plain JSON."""
    data: dict[str, Any] = {
        "film_id": offer.film_id,
        "session_id": offer.session_id,
        "currency": offer.currency,
        "item": _as_data(offer.item),
        "alternatives": [_as_data(item) for item in offer.alternatives],
        "film_start": format_timestamp(offer.film_start_us),
        "film_end": format_timestamp(offer.film_end_us),
    }
    if offer.license is not None:
        data["license"] = offer.license
    if offer.cue is not None:
        data["cue"] = _as_data(offer.cue)
    if offer.fitted is not None:
        data["fitted"] = offer.fitted
    return data


OF_THE_TIMELINE = ("drop_frame", "size", "kept")
"""What the timeline itself says under our key, whoever scored it: stays when our tracks are taken off."""


def note(item: Document, noted: Json) -> None:
    """Set what stands under our key of an object, and its version; nothing at all where there is nothing."""
    noted = {key: value for key, value in noted.items() if key != "version"}
    item["metadata"].pop(NAMESPACE, None)
    if noted:
        item["metadata"][NAMESPACE] = {"version": VERSION, **noted}


def uncut(piece: Json) -> Document:
    """The clip that a piece was cut from, enabled again where a run of ours disabled the piece."""
    ours = said_under(piece, NAMESPACE)
    whole = ours["cut_from"]
    made = {
        **piece,
        "metadata": dict(piece["metadata"]),
        "enabled": piece["enabled"] or "replaced_by" in ours,
    }
    rate = piece["source_range"]["duration"]["rate"]
    start, duration = (whole["start"], whole["start_rate"]), (whole["duration"], rate)
    span = {
        name: {"OTIO_SCHEMA": "RationalTime.1", "value": float(value), "rate": float(each)}
        for name, (value, each) in (("start_time", start), ("duration", duration))
    }
    made["source_range"] = {"OTIO_SCHEMA": "TimeRange.1", **span}
    note(made, whole.get("noted", {}))
    return made


def storable_text(value: Any) -> str:
    """A JSON value as text that OTIO can read; see ``storable``."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        digits = text.encode().translate(_DIGITS_AS_ZEROS)
        if b"\\u0000" not in digits and _LONG_NUMBER not in digits:
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
