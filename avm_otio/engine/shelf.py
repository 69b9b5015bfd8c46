"""The effects of a library that may be laid in a film, by role, and how each lies around its moment. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from avm_otio.engine.library import LibraryItem
from avm_otio.engine.subjects import claims_of, common_words, is_believed
from avm_otio.engine.vocabulary import Role

_POOL = 40
"""So many of the best sounds of a role take turns, and more where more are wanted in 20 s."""

_IDEAL = {
    Role.WHOOSH: (0.6, 2000.0),
    Role.IMPACT: (1.0, 120.0),
    Role.RISER: (2.2, 1200.0),
    Role.TICK: (0.25, 1800.0),
    Role.AMBIENCE: (8.0, 500.0),
    Role.SPOT: (0.6, 1000.0),
}
"""The length (seconds) and brightness (Hz) that a sound for a role has where its name does not say."""


def main_role(item: LibraryItem) -> Role | None:
    """What a sound is first of all; ``None`` where nothing says so."""
    return item.roles[0] if item.roles else None


def rank_effects(items: Sequence[LibraryItem], role: Role) -> tuple[LibraryItem, ...]:
    """Effects of a role, best first; none of another, nor one that is heard not to do what its name says."""
    ideal_s, ideal_hz = _IDEAL[role]

    def cost(item: LibraryItem) -> tuple[float, str]:
        length = abs(math.log2(max(item.duration_us, 1000) / 1e6 / ideal_s))
        brightness = abs(math.log2(max(item.brightness_hz, 20.0) / ideal_hz))
        return 0.3 * length + 0.15 * brightness, item.path

    return tuple(sorted((item for item in items if main_role(item) == role and _does(item, role)), key=cost))


def _does(item: LibraryItem, role: Role) -> bool:
    outline = item.outline
    if outline is None or role is not Role.RISER:
        return True
    return 2 * outline.peak_us > outline.begins_us + outline.ends_us


@dataclass(frozen=True, slots=True)
class Lie:
    """How a sound lies around the moment for which it is laid, in microseconds.

    Attributes:
        before_us: How long before it is heard.
        after_us: How long after it.
    """

    before_us: int
    after_us: int


def lie_of(item: LibraryItem, role: Role) -> Lie:
    """As whoever lays it does: a hit by its attack, a whoosh by its peak, a riser by its end."""
    outline = item.outline
    if outline is None:
        return Lie(item.duration_us, 0) if role is Role.RISER else Lie(0, item.duration_us)
    point = outline.point_us(role)
    return Lie(point - outline.head_us(role), outline.ends_us - point)


class Shelf:
    """The effects of a library that may be laid in a film, by role.

    Args:
        effects: The library's effects.
        words: What is in the film: the reason to believe in a thing.
        a_minute: How many are wanted a minute.
    """

    def __init__(self, effects: Sequence[LibraryItem], words: str, a_minute: float) -> None:
        self._effects = effects
        self._words = words
        self._common = common_words(item.path for item in effects)
        self._pool = max(_POOL, math.ceil(a_minute))
        self._by_role: dict[Role, tuple[LibraryItem, ...]] = {}

    def of(self, role: Role) -> tuple[LibraryItem, ...]:
        """The best of a role; none that claims a thing which nobody spoke of."""
        if role not in self._by_role:
            fitting: list[LibraryItem] = []
            for item in rank_effects(self._effects, role):
                if is_believed(self.claims(item), self._words):
                    fitting.append(item)
                if len(fitting) == self._pool:
                    break
            self._by_role[role] = tuple(fitting)
        return self._by_role[role]

    def claims(self, item: LibraryItem) -> frozenset[str]:
        """The things that a sound claims to be there."""
        return claims_of(item.path, self._common)
