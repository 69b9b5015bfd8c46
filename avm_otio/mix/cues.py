"""What a service offers, as values: items to choose from, and the cues that they are for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import takewhile
from typing import Any

from avm_otio.errors import CueError
from avm_otio.services import Service
from avm_otio.timeline.time import format_timestamp

Json = Mapping[str, Any]

SKIP_HINT = "Leave such cues out with --skip-bad-cues."
"""What to do about a cue that makes no sense."""

_MOST_PLACES = 5
"""How many places of one item a line names."""


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of music, one effect or one noise-reduced sound that the service offers.

    Attributes:
        id: The service's id.
        title: As served; may be empty or unfit for a file name.
        url: Where it can be fetched; ``None`` where the service gave none.
        price: In the currency that was asked for; ``None`` where not given or not to be read.
        duration_us: As the service says, which may be wrong; ``None`` where it does not say.
        served: The whole item as it came.
        is_bought: Whether the user has paid for it before.
        is_price_unread: Whether a price came that is none: the item may cost anything.
        kind: ``music``, ``effect``, ``dialogue``: ids are one's own within a kind only.
    """

    id: int
    title: str
    url: str | None
    price: Decimal | None
    duration_us: int | None
    served: Json
    is_bought: bool = False
    is_price_unread: bool = False
    kind: str = ""

    @property
    def name(self) -> str:
        """What tells it from all others: its kind and its id."""
        return f"{self.kind} {self.id}".strip()


@dataclass(frozen=True, slots=True)
class Cue:
    """A place of the film that wants a sound, and the items for it.

    Attributes:
        start_us: Film time, microseconds.
        end_us: Film time, microseconds, not before ``start_us``; ``None`` where the cue is the whole film.
        items: Alternatives, best first; at least one.
        served: The cue as it came, without its items; empty where it is the whole film.
        pieces: How many of its items, best first, may be heard: one, but of the music of a long film.
        number: Its number among the cues of its service as they came, from 1; 0 where it did not come so.
    """

    start_us: int
    end_us: int | None
    items: tuple[Item, ...]
    served: Json = field(default_factory=dict)
    pieces: int = 1
    number: int = field(default=0, compare=False)

    @property
    def words(self) -> tuple[str, ...]:
        """What it is about, where it says so in words: a bare number tells a person nothing."""
        labels = self.served.get("action_labels")
        listed = [self.served.get("object_class"), *(labels if isinstance(labels, list | tuple) else ())]
        return tuple(word for word in listed if isinstance(word, str) and word and not word.isdigit())

    @property
    def is_spotted(self) -> bool:
        """Whether a person spotted it: it stays where it is."""
        return self.served.get("avm_spot") is not None

    @property
    def is_timed(self) -> bool:
        """Whether a person said how long it lasts."""
        return self.is_spotted and self.served.get("avm_is_timed") is True


def whole_film(items: Sequence[Item]) -> tuple[Cue, ...]:
    """Alternatives for the whole film as its one cue; no cue where there are none."""
    return (Cue(0, None, tuple(items), number=1),) if items else ()


@dataclass(frozen=True, slots=True)
class Total:
    """What items of an answer cost.

    Attributes:
        price: In the currency that was asked for.
        unread: Items whose price cannot be read, by kind and id: they come on top.
    """

    price: Decimal
    unread: tuple[str, ...] = ()

    @classmethod
    def of(cls, items: Iterable[Item]) -> Total:
        """What items cost: each once, what is bought already not counted.

        Music 7 and effect 7 are two items. Of one that comes twice with two prices the higher one counts, so
        that no limit is passed by the order in which they came.
        """
        counted = [item for item in items if not item.is_bought]
        prices: dict[str, Decimal] = {}
        for item in counted:
            if item.price is not None:
                prices[item.name] = max(item.price, prices.get(item.name, item.price))
        unread = sorted({item.name for item in counted if item.is_price_unread})
        return cls(sum(prices.values(), Decimal(0)), tuple(unread))


@dataclass(frozen=True, slots=True)
class Unavailable:
    """An item that a cue was to get, and that can never be had.

    Attributes:
        item: The item.
        start_us: Where its cue starts, film time, microseconds; ``None`` where that is the whole film.
        reason: Why it cannot be had, one sentence.
        instead: The cue's next item, which takes its place; ``None`` where the cue stays empty.
    """

    item: Item
    start_us: int | None
    reason: str
    instead: Item | None

    def as_dict(self) -> dict[str, Any]:
        """As the summary of a run says it."""
        return {
            "kind": self.item.kind,
            "id": self.item.id,
            "title": self.item.title,
            "film_start_us": self.start_us,
            "reason": self.reason,
            "instead": None if self.instead is None else {"id": self.instead.id, "title": self.instead.title},
        }


@dataclass(frozen=True, slots=True)
class Cues:
    """All that one answer offers.

    Attributes:
        by_service: The cues of each service whose list came, in the order of the table of services.
        faults: What makes no sense in those lists, one line each; it is in no cue.
        unread: What could not be read of the answer, one line each; all the rest is in the cues.
        film_us: How long the film is, microseconds, where the answer says so.
        unavailable: What was to be laid and cannot be had; see ``without``.
        notes: What was chosen otherwise than served, one line each.
    """

    by_service: Mapping[Service, tuple[Cue, ...]] = field(default_factory=dict)
    faults: Mapping[Service, tuple[str, ...]] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    film_us: int | None = None
    unavailable: tuple[Unavailable, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def chosen(self) -> tuple[Item, ...]:
        """What may be heard: the first item of each cue, more of the music of a long film."""
        cues = (cue for offered in self.by_service.values() for cue in offered)
        return tuple(item for cue in cues for item in cue.items[: cue.pieces])

    @property
    def total(self) -> Total:
        """What the chosen items cost."""
        return Total.of(self.chosen)

    def without(self, reasons: Mapping[str, str]) -> Cues:
        """The same without items that can never be had: each cue's next item is chosen, if there is one.

        Args:
            reasons: Why, by the names of the items.
        """
        if not reasons:
            return self
        left: dict[Service, tuple[Cue, ...]] = {}
        unavailable = list(self.unavailable)
        for service, cues in self.by_service.items():
            kept = []
            for cue in cues:
                items = tuple(item for item in cue.items if item.name not in reasons)
                instead = items[0] if items else None
                start_us = None if cue.end_us is None else cue.start_us
                for item in takewhile(lambda item: item.name in reasons, cue.items):
                    unavailable.append(Unavailable(item, start_us, reasons[item.name], instead))
                kept += [replace(cue, items=items)] if items else []
            left[service] = tuple(kept)
        return replace(self, by_service=left, unavailable=tuple(unavailable))

    def has_any(self, service: Service) -> bool:
        """Whether the list of a service came with anything in it, be it of use or not."""
        return bool(self.by_service.get(service) or self.faults.get(service))

    def check(self, *, skip_bad: bool) -> tuple[str, ...]:
        """Make sure that all of it makes sense, or may be left out where it does not.

        Args:
            skip_bad: Leave out what makes no sense instead of refusing the whole.

        Returns:
            What is left out, could not be read or cannot be had, one line each.

        Raises:
            CueError: Something makes no sense, and ``skip_bad`` is not set.
        """
        faults = [fault for each in self.faults.values() for fault in each]
        if faults and not skip_bad:
            raise CueError(faults[0], SKIP_HINT)
        return (*self.unread, *(f"Left out. {fault}" for fault in faults), *self._replacements(), *self.notes)

    def _replacements(self) -> Iterator[str]:
        """What came in place of items that cannot be had, a line for each of them."""
        alike: dict[tuple[str, str], dict[str, list[str]]] = {}
        for one in self.unavailable:
            instead = one.instead and f"“{one.instead.title or one.instead.id}” ({one.instead.name})"
            comes = f"{instead} takes its place" if instead else "nothing takes its place, which stays empty"
            where = "under the film" if one.start_us is None else f"at {format_timestamp(one.start_us)}"
            alike.setdefault((one.item.name, one.reason), {}).setdefault(comes, []).append(where)
        for (name, reason), places in alike.items():
            outcomes = (
                f"{comes}: {', '.join(at[:_MOST_PLACES])}"
                + (f" and {len(at) - _MOST_PLACES} more" if len(at) > _MOST_PLACES else "")
                for comes, at in places.items()
            )
            yield f"{name.capitalize()} cannot be had ({reason.rstrip('.')}); {'; '.join(outcomes)}."
