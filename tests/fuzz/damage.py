"""Good documents made bad: what a damaged disk, a careless script or an enemy would write."""

from __future__ import annotations

import copy
import json
import os
import random
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

from hypothesis import HealthCheck, given, note, reject, seed, settings
from hypothesis import strategies as st

COUNT = int(os.environ.get("AVM_FUZZ_COUNT", "25"))
"""Documents that each quick test makes."""

SEED = int(os.environ.get("AVM_FUZZ_SEED") or random.SystemRandom().randrange(2**32))
"""Repeats a run."""

SECONDS = int(os.environ.get("AVM_FUZZ_SECONDS", "3600"))
"""How much of the processor's time all of the long runs take together."""

LARGEST_BYTES = 2**20
"""The documents that are made are smaller."""

TEXTS = [
    "",
    " ",
    "\n",
    "\x00",
    "\u202e",
    "\ufffe",
    "\ud83c",
    "-1",
    "0",
    "1",
    "1e-308",
    "1e308",
    "nan",
    "inf",
    "1/0",
    "0/1s",
    "-1/25s",
    "9" * 5000,
    "x" * 300,
    "99:99:99:99",
    "00:00:00;01",
    "../../etc/passwd",
    "file:///dev/zero",
    "http://127.0.0.1:9/",
    "true",
    "NTSC",
]
NUMBERS = [0, 1, -1, 2**31, -(2**31), 2**63 - 1, 2**64, 10**30, 0.5, -0.0, 1e-308, 5e-324, 1e308, 23.976]
VALUES = [None, True, False, [], {}, [[]], [{}], {"OTIO_SCHEMA": "Gap.1"}, *NUMBERS, *TEXTS]

Cut = tuple[float, str, int]
"""Where in a document (0 to 1), what is done there, and with which of the values."""

CUTS = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.sampled_from(["value", "value", "value", "drop", "twice", "swap", "deeper", "name"]),
        st.integers(0, 1000),
    ),
    min_size=1,
    max_size=6,
)


def fuzzed(test: Callable[..., None], number: int = SEED, count: int = COUNT) -> Callable[..., None]:
    """A test of a property, quickly, from a seed that a failure names."""
    quick = settings(
        max_examples=count,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),  # slow or filtered examples are no fault
        print_blob=True,
    )
    return seed(number)(quick(test))


def tell_seed() -> None:
    """Say in a failure what repeats it."""
    note(f"AVM_FUZZ_SEED={SEED} AVM_FUZZ_COUNT={COUNT}")


def _copied(value: Any) -> Any:
    """A copy; what is nested deeper than Python copies is no example."""
    try:
        return copy.deepcopy(value)
    except RecursionError:
        reject()


def damaged_json(document: Any, cuts: list[Cut]) -> Any:
    """A document with some of its values others, gone, doubled or deeper."""
    document = _copied(document)
    for where, how, which in cuts:
        places: list[tuple[Any, Any]] = []
        waiting = [document]
        while waiting:
            one = waiting.pop()
            inside = one.items() if isinstance(one, dict) else enumerate(one) if isinstance(one, list) else ()
            for key, value in inside:
                places.append((one, key))
                waiting.append(value)
        if not places:
            return document
        holder, key = places[int(where * len(places))]
        if how == "value":
            holder[key] = _copied(VALUES[which % len(VALUES)])
        elif how == "drop":
            del holder[key]
        elif how == "twice" and isinstance(holder, list):
            holder.append(_copied(holder[key]))
        elif how == "swap":
            other, there = places[which % len(places)]
            holder[key], other[there] = _copied(other[there]), _copied(holder[key])
        elif how == "deeper":
            for _ in range(which % 300):
                holder[key] = [holder[key]]
        elif how == "name" and isinstance(holder, dict):
            holder[TEXTS[which % len(TEXTS)]] = holder.pop(key)
    return document


def damaged_xml(text: str, cuts: list[Cut]) -> bytes:
    """A document with some of its elements and attributes others, gone, doubled or inside themselves."""
    root = ET.fromstring(text)
    for where, how, which in cuts:
        elements = [(parent, child) for parent in root.iter() for child in parent]
        if not elements:
            break
        parent, child = elements[int(where * len(elements))]
        value = TEXTS[which % len(TEXTS)].replace("\x00", "").replace("\ud83c", "").replace("\ufffe", "")
        if how == "value" and child.attrib and which % 2:
            child.set(sorted(child.attrib)[which % len(child.attrib)], value)
        elif how == "value":
            child.text = value
        elif how == "drop":
            parent.remove(child)
        elif how == "twice":
            parent.extend([copy.deepcopy(child) for _ in range(1 + which % 3)])
        elif how == "swap":
            other = elements[which % len(elements)][1]
            child.attrib, other.attrib = other.attrib, child.attrib
            child.text, other.text = other.text, child.text
        elif how == "deeper":
            inside = copy.deepcopy(child)
            for _ in range(which % 60):
                child.append(inside)
                inside = copy.deepcopy(inside) if len(list(inside.iter())) < 20 else ET.Element(child.tag)
        elif how == "name":
            child.tag = elements[which % len(elements)][1].tag
    return ET.tostring(root, encoding="utf-8")


def damaged_lines(text: str, cuts: list[Cut]) -> bytes:
    """A list with some of its lines and words others, gone, doubled or cut short."""
    lines = text.splitlines()
    for where, how, which in cuts:
        if not lines:
            break
        at = int(where * len(lines))
        words = lines[at].split(" ")
        if how == "value":
            words[which % len(words)] = TEXTS[which % len(TEXTS)]
            lines[at] = " ".join(words)
        elif how == "drop":
            del lines[at]
        elif how == "twice":
            lines += [lines[at]] * (1 + which % 50)
            lines = lines[: LARGEST_BYTES // 100]
        elif how == "swap":
            other = which % len(lines)
            lines[at], lines[other] = lines[other], lines[at]
        elif how == "deeper":
            lines[at] = (lines[at] * (1 + which % 40))[: LARGEST_BYTES // 10]
        else:
            lines[at] = lines[at][: which % (len(lines[at]) + 1)]
    return "\n".join(lines).encode("utf-8", "replace")


def damaged_bytes(data: bytes, cuts: list[Cut]) -> bytes:
    """A file with some of its bytes others, gone or doubled."""
    changed = bytearray(data)
    for where, how, which in cuts:
        if not changed:
            break
        at = int(where * len(changed))
        if how in ("value", "name"):
            changed[at] = which % 256
        elif how == "drop":
            del changed[at : at + which]
        elif how == "twice":
            changed[at:at] = changed[at : at + which]
        elif how == "swap":
            changed[at : at + 4] = which.to_bytes(4, "little")
        else:
            changed[at : at + 8] = b"\xff" * 8
    return bytes(changed)


def as_json(document: Any) -> str:
    """JSON as strangers write it: half characters and numbers that are none included.

    What Python itself cannot nest so deep is no example.
    """
    try:
        return json.dumps(document)
    except RecursionError:
        reject()


__all__ = [
    "COUNT",
    "CUTS",
    "LARGEST_BYTES",
    "SECONDS",
    "SEED",
    "Cut",
    "as_json",
    "damaged_bytes",
    "damaged_json",
    "damaged_lines",
    "damaged_xml",
    "fuzzed",
    "given",
    "tell_seed",
]
