"""What the sounds of one or several timelines cost: every item once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from avm_otio.mix.cues import Item, Total
from avm_otio.mix.used import Known, Sound


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item lies first in a reel.

    Attributes:
        reel: The reel's name.
        timecode: Record timecode.
    """

    reel: str
    timecode: str


@dataclass(slots=True)
class _Uses:
    """The uses of one item while they are counted."""

    items: list[Item] = field(default_factory=list)
    heard: int = 0
    switched_off: int = 0
    places: dict[str, Place] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """One item of a bill.

    Attributes:
        item: As it came where it lies first.
        currency: What its price is in; empty where unknown.
        service: Who offers it; empty where unknown.
        total: What it adds to the sum; nothing where it is bought.
        is_bought: Whether every timeline that holds it says that it is bought.
        clips: How many clips play it; of an item that is switched off, how many would.
        places: Where it lies first in each reel.
    """

    item: Item
    currency: str
    service: str
    total: Total
    is_bought: bool
    clips: int
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Bill:
    """What is used, and what it costs.

    Attributes:
        used: What is heard, in order of first use.
        spare: What lies there switched off and is heard nowhere: alternatives, and what an editor muted.
    """

    used: tuple[Line, ...] = ()
    spare: tuple[Line, ...] = ()

    @classmethod
    def of(cls, reels: Iterable[tuple[str, Iterable[tuple[str, Sound]]]]) -> Bill:
        """Add up.

        Args:
            reels: The name of each, and its sounds with their timecodes. What is not known is left out.
        """
        counted: dict[tuple[str, str, str], _Uses] = {}
        for reel, sounds in reels:
            for timecode, sound in sounds:
                if sound.known is None:
                    continue
                uses = counted.setdefault(_key(sound.known), _Uses())
                uses.items.append(sound.known.item)
                uses.heard += sound.is_heard
                uses.switched_off += not sound.is_heard
                if sound.is_heard == (uses.heard > 0):
                    if sound.is_heard and uses.heard == 1:
                        uses.places.clear()  # where it was switched off does not count
                    uses.places.setdefault(reel, Place(reel, timecode))
        used: list[Line] = []
        spare: list[Line] = []
        for (service, currency, _), uses in counted.items():
            line = Line(
                uses.items[0],
                currency,
                service,
                Total.of(uses.items),
                all(item.is_bought for item in uses.items),
                uses.heard or uses.switched_off,
                tuple(uses.places.values()),
            )
            (used if uses.heard else spare).append(line)
        return cls(tuple(used), tuple(spare))

    @property
    def totals(self) -> Mapping[str, Total]:
        """What is used comes to, by currency."""
        return totals_of(self.used)

    @property
    def spare_totals(self) -> Mapping[str, Total]:
        """What would come on top were all that is switched off used as well, by currency."""
        return totals_of(self.spare)


def totals_of(lines: Iterable[Line]) -> dict[str, Total]:
    """The sums of some lines, by currency."""
    found: dict[str, Total] = {}
    for line in lines:
        before = found.get(line.currency, Total(Decimal(0)))
        found[line.currency] = Total(before.price + line.total.price, (*before.unread, *line.total.unread))
    return found


def _key(known: Known) -> tuple[str, str, str]:
    return known.service, known.currency, known.item.name
