"""What a service offers, as values: items to choose from, and the cues that they are for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from avm_otio.errors import CueError
from avm_otio.services import Service

Json = Mapping[str, Any]

SKIP_HINT = "Leave such cues out with --skip-bad-cues."
"""What to do about a cue that makes no sense."""


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of music, one effect or one noise-reduced sound that the service offers.

    Attributes:
        id: The service's id.
        title: As served; may be empty or unfit for a file name.
        url: Where it can be fetched; ``None`` where the service gave none.
        price: In the currency that was asked for; ``None`` where not given.
        duration_us: As the service says, which may be wrong; ``None`` where it does not say.
        served: The whole item as it came.
    """

    id: int
    title: str
    url: str | None
    price: Decimal | None
    duration_us: int | None
    served: Json

    @property
    def is_bought(self) -> bool:
        """Whether the user has paid for it before."""
        return bool(self.served.get("is_bought"))


@dataclass(frozen=True, slots=True)
class Cue:
    """A place of the film that wants a sound, and the items for it.

    Attributes:
        start_us: Film time, microseconds.
        end_us: Film time, microseconds, not before ``start_us``; ``None`` where the cue is the whole film.
        items: Alternatives, best first; at least one.
        served: The cue as it came, without its items; empty where it is the whole film.
    """

    start_us: int
    end_us: int | None
    items: tuple[Item, ...]
    served: Json = field(default_factory=dict)


def whole_film(items: Sequence[Item]) -> tuple[Cue, ...]:
    """Alternatives for the whole film as its one cue; no cue where there are none."""
    return (Cue(0, None, tuple(items)),) if items else ()


@dataclass(frozen=True, slots=True)
class Cues:
    """All that one answer offers.

    Attributes:
        by_service: The cues of each service whose list came, in the order of the table of services.
        faults: What makes no sense in those lists, one line each; it is in no cue.
        film_us: How long the film is, microseconds, where the answer says so.
    """

    by_service: Mapping[Service, tuple[Cue, ...]] = field(default_factory=dict)
    faults: Mapping[Service, tuple[str, ...]] = field(default_factory=dict)
    film_us: int | None = None

    @property
    def chosen(self) -> tuple[Item, ...]:
        """The first item of each cue, which is what is laid."""
        return tuple(cue.items[0] for cues in self.by_service.values() for cue in cues)

    def has_any(self, service: Service) -> bool:
        """Whether the list of a service came with anything in it, be it of use or not."""
        return bool(self.by_service.get(service) or self.faults.get(service))

    def check(self, *, skip_bad: bool) -> tuple[str, ...]:
        """Make sure that all of it makes sense, or may be left out where it does not.

        Args:
            skip_bad: Leave out what makes no sense instead of refusing the whole.

        Returns:
            What is left out, one line each.

        Raises:
            CueError: Something makes no sense, and ``skip_bad`` is not set.
        """
        faults = [fault for each in self.faults.values() for fault in each]
        if faults and not skip_bad:
            raise CueError(faults[0], SKIP_HINT)
        return tuple(f"Left out. {fault}" for fault in faults)
