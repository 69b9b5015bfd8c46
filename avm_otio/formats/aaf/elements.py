"""What an object of an AAF says, asked by name.

pyaaf2's own questions go through all of an object's properties each time.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any
from weakref import ReferenceType, ref

from avm_otio.timeline.urls import plain_path

_SOUNDS = frozenset(f"{kind}Descriptor" for kind in ("PCM", "Sound", "WAVE", "AIFC", "AES3PCM", "MPEGAudio"))
"""Classes of descriptors of sound."""


@dataclass
class Notes:
    """What could not be read, counted."""

    _counts: Counter[str] = field(default_factory=Counter)

    def add(self, note: str) -> None:
        """Note one more of a kind."""
        self._counts[note] += 1

    def lines(self) -> tuple[str, ...]:
        """One line a kind, with how often where it was more than once."""
        return tuple(
            note if count == 1 else f"{note} ({count} times)" for note, count in self._counts.items()
        )


def value_of(thing: Any, *names: str) -> Any:
    """The first of some properties that an object has; ``None`` where it has none of them."""
    if thing is None:
        return None
    numbers = _numbers_of(thing.classdef)
    for name in names:
        for number in numbers.get(name, ()):
            entry = thing.property_entries.get(number)
            if entry is not None:
                return entry.value
    return None


_NUMBERS: dict[int, tuple[ReferenceType[Any], dict[str, list[int]]]] = {}
"""Of each class, which cannot be hashed: it itself, and the numbers of its properties by name."""


def _numbers_of(classdef: Any) -> dict[str, list[int]]:
    """Under which numbers objects of a class hold properties: a file has one class for thousands of them."""
    kept = _NUMBERS.get(id(classdef))
    if kept is not None and kept[0]() is classdef:
        return kept[1]
    numbers: dict[str, list[int]] = {}
    for definition in classdef.all_propertydefs():
        numbers.setdefault(definition.property_name, []).append(definition.pid)
    _NUMBERS[id(classdef)] = ref(classdef), numbers
    return numbers


def kind_of(thing: Any) -> str:
    """The name of an object's class."""
    return str(thing.classdef.class_name)


def items(value: Any) -> list[Any]:
    """The objects of a vector or a set; none where the property is not there."""
    if value is None:
        return []
    return list(value.values()) if isinstance(value, dict) else list(value)


def tags(thing: Any, *names: str) -> dict[str, Any]:
    """The named values that an object carries under any of some properties."""
    found: dict[str, Any] = {}
    for name in names:
        for tag in items(value_of(thing, name)):
            found.setdefault(str(value_of(tag, "Name")), value_of(tag, "Value"))
    return found


def length_of(component: Any) -> int:
    """A component's length in edit units; 0 where it does not say."""
    return max(0, int(value_of(component, "Length") or 0))


def rate_of(slot: Any) -> Fraction:
    """Edit units a second of a slot; 1 where it does not say."""
    return ratio_in(value_of(slot, "EditRate")) or Fraction(1)


def ratio_in(value: Any) -> Fraction:
    """A rational in lowest terms, as pyaaf2 does not keep it; 0 where there is none, or it has no sense."""
    if value is None or isinstance(value, float):
        return Fraction(value or 0).limit_denominator(1_000_000)
    over = int(value.denominator)
    return Fraction(int(value.numerator), over) if over else Fraction(0)


def origin_of(slot: Any) -> Fraction:
    """Seconds from the beginning of a slot's segment to its position 0."""
    return Fraction(int(value_of(slot, "Origin") or 0)) / rate_of(slot)


def key_of(identity: Any) -> bytes:
    """A mob's id as a key."""
    return bytes(identity.bytes_le)


def is_sound(slot: Any) -> bool:
    """Whether a slot holds sound."""
    segment = value_of(slot, "Segment")
    return segment is not None and "Sound" in str(value_of(value_of(segment, "DataDefinition"), "Name"))


def part_about(descriptor: Any, sound: bool) -> Any:
    """The part of a descriptor that is about sound, or picture, where it has several."""
    if descriptor is None or kind_of(descriptor) != "MultipleDescriptor":
        return descriptor
    inner = items(value_of(descriptor, "FileDescriptors"))
    return next((part for part in inner if (kind_of(part) in _SOUNDS) == sound), descriptor)


def paths_in(descriptor: Any) -> Iterator[str]:
    """Where a descriptor and its parts say that the file lies."""
    for part in (descriptor, *items(value_of(descriptor, "FileDescriptors"))):
        for locator in items(value_of(part, "Locator")):
            url = value_of(locator, "URLString")
            if url:
                yield plain_path(str(url))


def fmt_of(descriptor: Any) -> tuple[int, int] | None:
    """Channels and samples a second, as the head of a WAV or an AIFF in a descriptor says."""
    summary = bytes(value_of(descriptor, "Summary") or b"")
    at = summary.find(b"fmt ")
    if 0 <= at <= len(summary) - 16:
        channels, rate = struct.unpack_from("<HI", summary, at + 10)
        return channels, rate
    at = summary.find(b"COMM")
    if 0 <= at <= len(summary) - 26:
        # Channels, frames, bits, and the rate as an 80-bit float: exponent and mantissa.
        channels, _, _, exponent, mantissa = struct.unpack_from(">HIHHQ", summary, at + 8)
        return channels, mantissa >> min(63, max(0, 16446 - exponent))
    return None


def interpolation_of(parameter: Any) -> str:
    """The number of how a parameter runs between its points; empty where nothing says."""
    definition = value_of(parameter, "Interpolation")
    return "" if definition is None else str(definition.auid)


def parameters(group: Any) -> dict[str, Any]:
    """The parameters of an effect, by their numbers."""
    return {
        str(value_of(parameter, "Definition")): parameter
        for parameter in items(value_of(group, "Parameters"))
    }


def points(parameter: Any) -> list[tuple[Fraction, Fraction]]:
    """The control points of a parameter over time; of a constant one, one at 0."""
    if kind_of(parameter) == "ConstantValue":
        return [(Fraction(0), ratio_in(value_of(parameter, "Value")))]
    return [
        (ratio_in(value_of(point, "Time")), ratio_in(value_of(point, "Value")))
        for point in items(value_of(parameter, "PointList"))
    ]


def first_of(components: Iterable[Any], *kinds: str) -> Any:
    """The first object of some classes, looked for in sequences and effects; ``None`` where there is none."""
    for component in components:
        kind = kind_of(component)
        if kind in kinds:
            return component
        inside = _INSIDE.get(kind)
        if inside:
            value = value_of(component, inside)
            found = first_of([value] if hasattr(value, "classdef") else items(value), *kinds)
            if found is not None:
                return found
    return None


_INSIDE = {
    "Sequence": "Components",
    "OperationGroup": "InputSegments",
    "Selector": "Selected",
    "EssenceGroup": "Choices",
    "Pulldown": "InputSegment",
    "NestedScope": "Slots",
}
"""Where a segment keeps the segments that it is made of."""
