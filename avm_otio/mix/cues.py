"""What a service answered, as values: cues, and the items that it offers for each.

Read from plain JSON, so that a saved Film, a service result and a notification are laid by the same code as
a live answer. Everything as it was served is kept beside what was understood of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from avm_otio import services
from avm_otio.errors import AvmError, CueError, TimeFormatError
from avm_otio.services import Laying, Service
from avm_otio.timeline.time import format_timestamp, parse_timestamp

Json = Mapping[str, Any]

_ITEMS = "sound_effect_items"
"""The key of a cue's items."""


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
        by_service: The cues of each service that offers any, in the order of the table of services.
        notes: What was left out, and why; one line each.
    """

    by_service: Mapping[Service, tuple[Cue, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def chosen(self) -> tuple[Item, ...]:
        """The first item of each cue, which is what is laid."""
        return tuple(cue.items[0] for cues in self.by_service.values() for cue in cues)


def read_cues(document: object, *, skip_bad: bool = False) -> Cues:
    """Read a Film, a service result or a notification.

    Args:
        document: The JSON as parsed.
        skip_bad: Leave out a cue that makes no sense and note it, instead of refusing the whole.

    Raises:
        CueError: It is none of the three, or a cue or item in it makes no sense.
    """
    if not isinstance(document, Mapping) or not _is_answer(document):
        raise CueError("This is not a Film, a service result or a notification.", "Give the JSON as it came.")
    notes: list[str] = []
    read = {
        service: _cues(service, _served(document, service), notes if skip_bad else None)
        for service in services.SERVICES
    }
    return Cues({service: cues for service, cues in read.items() if cues}, tuple(notes))


def _is_answer(document: Json) -> bool:
    keys = {"is_done", "id", *(service.film_list for service in services.SERVICES)}
    return not keys.isdisjoint(document)


def _served(document: Json, service: Service) -> Sequence[Any]:
    """The list of a service in an answer, as it came."""
    if "is_done" not in document:
        return _list(document.get(service.film_list), service.film_list)
    section = document.get(service.request_key)
    if section is None:
        return ()
    if not isinstance(section, Mapping):
        raise CueError(f"“{service.request_key}” should be an object, not {type(section).__name__}.")
    return _list(section.get(service.result_list), service.result_list)


def _cues(service: Service, served: Sequence[Any], notes: list[str] | None) -> tuple[Cue, ...]:
    """What a service offers; what makes no sense is noted, or refused where no notes are taken."""
    has_cues = service.laying is Laying.CUES
    cues: list[Cue] = []
    items: list[Item] = []
    for number, raw in enumerate(served, 1):
        try:
            if has_cues:
                cues.append(_cue(raw))
            else:
                items.append(_item(raw))
        except AvmError as error:
            message = f"{service.words.capitalize()} {number} of {len(served)}: {error.what}"
            if notes is None:
                raise CueError(message, "Leave such cues out with --skip-bad-cues.") from error
            notes.append(f"Left out. {message}")
    return tuple(cues) if has_cues else whole_film(items)


def _list(value: object, name: str) -> Sequence[Any]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise CueError(f"“{name}” should be a list, not {type(value).__name__}.")
    return value


def _item(raw: Any) -> Item:
    if not isinstance(raw, Mapping):
        raise CueError(f"an item should be an object, not {type(raw).__name__}.")
    number = raw.get("id")
    if isinstance(number, bool) or not isinstance(number, int) or abs(number) >= 2**63:
        raise CueError(f"the item has no whole-number id ({number!r}).")
    title, url, price = raw.get("title"), raw.get("url"), raw.get("price")
    try:
        duration_us = parse_timestamp(raw.get("duration"))
    except TimeFormatError:
        duration_us = None  # the file is probed; a payload's duration is not relied upon
    exact_price = None
    if isinstance(price, int | float) and not isinstance(price, bool) and abs(price) < float("inf"):
        exact_price = Decimal(str(price))
    return Item(
        id=number,
        title=title if isinstance(title, str) else "",
        url=url if isinstance(url, str) and url else None,
        price=exact_price,
        duration_us=duration_us,
        served=raw,
    )


def _cue(raw: Any) -> Cue:
    if not isinstance(raw, Mapping):
        raise CueError(f"a cue should be an object, not {type(raw).__name__}.")
    start_us = parse_timestamp(raw.get("start_at"))
    if start_us is None:
        raise CueError("it has no start_at.")
    end_us = parse_timestamp(raw.get("end_at"))
    if end_us is None:
        end_us = start_us
    if end_us < start_us:
        raise CueError(
            f"it ends ({format_timestamp(end_us)}) before it starts ({format_timestamp(start_us)})."
        )
    items = tuple(_item(item) for item in _list(raw.get(_ITEMS), _ITEMS))
    if not items:
        raise CueError(f"the cue at {format_timestamp(start_us)} offers no item.")
    return Cue(start_us, end_us, items, {key: value for key, value in raw.items() if key != _ITEMS})
