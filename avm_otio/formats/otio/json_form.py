"""OTIO's JSON form, looked at: what kind of object, what it notes, its times as exact seconds."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

from avm_otio.timeline.time import exact_value, snap_rate

Json = Mapping[str, Any]

NOTHING: Json = {}


def is_a(document: Json, *schemas: str) -> bool:
    """Whether an object is of one of some schemas, whatever their version."""
    schema: str = document["OTIO_SCHEMA"]
    return schema.partition(".")[0] in schemas


def said_under(document: Json, key: str) -> Json:
    """What stands under a key of an object's metadata; empty where nothing does."""
    said = document["metadata"].get(key)
    return said if isinstance(said, dict) else NOTHING


def time_of(time: Json) -> Fraction:
    """A time in exact seconds."""
    return _seconds(time["value"], time["rate"])


@lru_cache(maxsize=65_536)  # the edges of a timeline's clips and of its media come up again and again
def _seconds(value: float, rate: float) -> Fraction:
    return exact_value(value) / snap_rate(rate)


def number(said: Any) -> int | None:
    """A whole number, where one is said."""
    return None if said is None else int(said)
