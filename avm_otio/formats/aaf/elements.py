"""What an object of an AAF says, asked by name.

pyaaf2's own questions go through all of an object's properties each time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any


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
    for name in names:
        for entry in thing.property_entries.values():
            if entry.name == name:
                return entry.value
    return None


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
    value = value_of(slot, "EditRate")
    return Fraction(value) if value else Fraction(1)


def parameters(group: Any) -> dict[str, Any]:
    """The parameters of an effect, by their numbers."""
    return {
        str(value_of(parameter, "Definition")): parameter
        for parameter in items(value_of(group, "Parameters"))
    }


def points(parameter: Any) -> list[tuple[Fraction, Fraction]]:
    """The control points of a parameter over time; of a constant one, one at 0."""
    if kind_of(parameter) == "ConstantValue":
        return [(Fraction(0), Fraction(value_of(parameter, "Value")))]
    return [
        (Fraction(value_of(point, "Time")), Fraction(value_of(point, "Value")))
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
