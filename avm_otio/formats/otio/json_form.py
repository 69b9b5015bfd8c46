"""OTIO's JSON form: what kind of object, what it notes, its times as exact seconds and as it writes them."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

from avm_otio.timeline.time import exact_value, snap_rate

Json = Mapping[str, Any]
"""An object as it was read: never changed."""

Document = dict[str, Any]
"""An object that is written, and may be changed."""

NOTHING: Json = {}


def is_a(document: Json, *schemas: str) -> bool:
    """Whether an object is of one of some schemas, whatever their version."""
    schema: str = document["OTIO_SCHEMA"]
    return schema.partition(".")[0] in schemas


def said_under(document: Json, key: str) -> Json:
    """What stands under a key of an object's metadata; empty where nothing does."""
    found = document["metadata"].get(key)
    return found if isinstance(found, dict) else NOTHING


def time_of(time: Json) -> Fraction:
    """A time in exact seconds."""
    return _seconds(time["value"], time["rate"])


@lru_cache(maxsize=65_536)  # the edges of a timeline's clips and of its media come up again and again
def _seconds(value: float, rate: float) -> Fraction:
    return exact_value(value) / snap_rate(rate)


def number(value: Any) -> int | None:
    """A whole number, where there is one."""
    return None if value is None else int(value)


def reference_of(item: Json) -> Document | None:
    """The active media reference of a clip; ``None`` for a nest."""
    if not is_a(item, "Clip"):
        return None
    found: Document | None = item["media_references"].get(item["active_media_reference_key"])
    return found


def time_json(frames: Fraction | int, rate: Fraction) -> Document:
    """A count of frames as OTIO writes it."""
    return _counted(frames.numerator / frames.denominator, rate)


def span_json(start: Fraction, duration: Fraction, rate: Fraction) -> Document:
    """A start and a length in seconds as OTIO writes them, in frames that need not be whole."""
    return {
        "OTIO_SCHEMA": "TimeRange.1",
        "duration": _counted(_frames(duration, rate), rate),
        "start_time": _counted(_frames(start, rate), rate),
    }


def _counted(frames: float, rate: Fraction) -> Document:
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": rate.numerator / rate.denominator, "value": frames}


def _frames(seconds: Fraction, rate: Fraction) -> float:
    """The double nearest to a count of frames. In whole numbers: this runs for each edge of each clip."""
    return (seconds.numerator * rate.numerator) / (seconds.denominator * rate.denominator)


def range_json(start: Fraction | int, frames: Fraction | int, rate: Fraction) -> Document:
    """A start and a length in frames as OTIO writes them."""
    return {
        "OTIO_SCHEMA": "TimeRange.1",
        "duration": time_json(frames, rate),
        "start_time": time_json(start, rate),
    }


def noted(document: Document, key: str) -> Document:
    """What stands under a key of an object's metadata, to be added to; made where it is not there."""
    made = dict(said_under(document, key))
    document["metadata"][key] = made
    return made
