"""What the sounds of one or several timelines cost: every item once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from avm_otio.errors import OverLimitError, UsageError
from avm_otio.mix.cues import Item, Total
from avm_otio.mix.used import ServiceItem, Sound
from avm_otio.words import priced

UNKNOWN = "of unknown currency"


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

    def as_dict(self, *, is_used: bool) -> dict[str, Any]:
        """As an event says it."""
        item = self.item
        return {
            "kind": item.kind,
            "id": item.id,
            "title": item.title,
            "price": None if item.price is None else str(item.price),
            "currency": self.currency,
            "is_bought": self.is_bought,
            "counts": str(self.total.price),
            "is_price_unread": bool(self.total.unread),
            "is_used": is_used,
            "clips": self.clips,
            "first_at": self.places[0].timecode if self.places else None,
            "reels": [place.reel for place in self.places],
            "service": self.service,
        }


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
                if sound.offered is None:
                    continue
                uses = counted.setdefault(_key(sound.offered), _Uses())
                uses.items.append(sound.offered.item)
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

    def as_dicts(self) -> list[dict[str, Any]]:
        """Every item, as events say them: what is used, then what is switched off."""
        return [
            *(line.as_dict(is_used=True) for line in self.used),
            *(line.as_dict(is_used=False) for line in self.spare),
        ]

    def is_within(self, limit: Decimal) -> bool:
        """Whether what is used costs no more; what has no price that can be read may cost anything.

        Raises:
            UsageError: The prices are in several currencies.
        """
        if len(self.totals) > 1:
            found = " and ".join(currency or UNKNOWN for currency in sorted(self.totals))
            raise UsageError(f"--max-cost cannot add up prices in {found}.", "Give reels of one currency.")
        return all(not total.unread and total.price <= limit for total in self.totals.values())

    def refused(self, limit: Decimal) -> OverLimitError:
        """What is said where it costs more than a limit."""
        return OverLimitError(
            f"What is used costs {sums(self.totals)}, more than --max-cost {limit}.",
            "Choose cheaper alternatives, or raise it.",
        )


def sums(totals: Mapping[str, Total]) -> str:
    """Sums by currency, for people."""
    words = [
        (priced(total.price, currency) if currency else f"{total.price} {UNKNOWN}")
        + (f" and {', '.join(total.unread)} at a price that cannot be read" if total.unread else "")
        for currency, total in totals.items()
    ]
    return " and ".join(words) or "nothing"


def sums_as_dict(totals: Mapping[str, Total]) -> dict[str, Any]:
    """Sums by currency, as an event says them."""
    return {
        currency: {"price": str(total.price), "unread": list(total.unread)}
        for currency, total in totals.items()
    }


def totals_of(lines: Iterable[Line]) -> dict[str, Total]:
    """The sums of some lines, by currency."""
    found: dict[str, Total] = {}
    for line in lines:
        before = found.get(line.currency, Total(Decimal(0)))
        found[line.currency] = Total(before.price + line.total.price, (*before.unread, *line.total.unread))
    return found


def _key(offered: ServiceItem) -> tuple[str, str, str]:
    return offered.service, offered.currency, offered.item.name
