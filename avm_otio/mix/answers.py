"""What a service answers, read once: a Film, a service result or a notification becomes cues.

A live answer, one in a job's folder and one that a user gives to ``convert`` are read by the same code. Live
and in a job, a field that is read must have the type that the API promises. In a user's file a field of
another type counts as absent, but for an item's ``id``, without which its cue makes no sense. All that is not
read, unknown fields included, stays as it came in ``served``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from avm_otio import services
from avm_otio.errors import AvmError, ContractError, CueError, TimeFormatError
from avm_otio.mix.cues import Cue, Cues, Item, Json, whole_film
from avm_otio.services import Laying, Service, ServiceKeys
from avm_otio.timeline.time import format_timestamp, parse_timestamp

_ITEMS = "sound_effect_items"
"""The key of a cue's items."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Film:
    """A Film. In a list it has what the last analysis recommends, by itself what all of them do.

    Attributes:
        id: The service's id.
        title: As served.
        filename: The name that it was uploaded under.
        type: See ``services.FilmType``; may be one that is not listed there.
        duration: ``HH:MM:SS.ffffff``.
        is_active: Whether the service still holds it; ``None`` where it does not say.
        cues: What was recommended for it.
        served: The whole Film as it came, but for the misspelt ``is_avtive``, which is ``is_active`` here.
    """

    id: int
    title: str
    filename: str
    type: str
    duration: str
    is_active: bool | None
    cues: Cues
    served: Json


@dataclass(frozen=True, slots=True)
class ServiceResult:
    """A service result, or the body of a notification. Holds only the services that were asked for.

    Attributes:
        is_done: Whether nothing more will come.
        message: Why the service has nothing, in its words; empty where it does not say.
        cues: What it offers.
        served: The whole result as it came, under the service's own keys.
    """

    is_done: bool
    message: str
    cues: Cues
    served: Json

    def completed(self, film: Film, asked: Collection[Service]) -> Cues:
        """The cues of a finished result, with what it lacks taken from its film.

        The reference describes the results of some services on the film only, so a finished result may lack
        them. A list that came, even an empty one, is the service's answer and stays.

        Args:
            film: The film by itself: with the recommendations of all its analyses.
            asked: The services of this request; what was not asked for is not filled in.
        """
        if not self.is_done:
            return self.cues
        sources = {
            service: film.cues
            if service in asked and not service.is_documented and service not in self.cues.by_service
            else self.cues
            for service in services.SERVICES
        }
        return Cues(
            {each: found.by_service[each] for each, found in sources.items() if each in found.by_service},
            {each: found.faults[each] for each, found in sources.items() if each in found.faults},
            self.cues.film_us,
        )


def read_cues(document: object) -> Cues:
    """Read a Film, a service result or a notification that a user saved.

    Args:
        document: The JSON as parsed, with services under the table's keys.

    Raises:
        CueError: It is none of the three, or a list in it is none.
    """
    if not isinstance(document, Mapping) or not _is_answer(document):
        raise CueError("This is not a Film, a service result or a notification.", "Give the JSON as it came.")
    try:
        return _Reader(is_strict=False).cues(document)
    except _WrongTypeError as wrong:
        raise CueError(str(wrong), "Give the JSON as it came.") from None


def read_film(document: object) -> Film:
    """Read a Film as the service gives it, or as a job keeps it.

    Raises:
        ContractError: It is not what the API promises. Says where, and never shows a value.
    """
    reader = _Reader(is_strict=True)
    try:
        served = dict(_object(document, "the whole"))
        if "is_avtive" in served:
            served = {"is_active": served.pop("is_avtive")} | served
        return Film(
            id=_id(served),
            title=reader.text(served, "title") or "",
            filename=reader.text(served, "filename") or "",
            type=reader.text(served, "type") or "",
            duration=reader.text(served, "duration") or "",
            is_active=reader.optional(served, "is_active", bool, "true or false"),
            cues=reader.cues(served),
            served=served,
        )
    except _WrongTypeError as wrong:
        raise ContractError(f"Not a Film as the API describes it: {wrong}") from None


def read_result(document: object, keys: ServiceKeys) -> ServiceResult:
    """Read a service result, or the body of a notification, whose services have these keys.

    Raises:
        ContractError: It is not what the API promises. Says where, and never shows a value.
    """
    try:
        served = _object(document, "the whole")
        is_done = served.get("is_done")
        if not isinstance(is_done, bool):
            raise _WrongTypeError("is_done", "true or false", is_done)
        message = served.get("message") or ""
        return ServiceResult(
            is_done=is_done,
            message=" ".join(map(str, message)) if isinstance(message, list) else str(message),
            cues=_Reader(is_strict=True).cues(keys.ours(served)),
            served=served,
        )
    except _WrongTypeError as wrong:
        raise ContractError(f"Not a service result as the API describes it: {wrong}") from None


class _WrongTypeError(Exception):
    """Something is not of the type that it must have."""

    def __init__(self, place: str, expected: str, value: object) -> None:
        super().__init__(place, expected, type(value).__name__)
        self.place = place
        self.expected = expected
        self.found = "null" if value is None else type(value).__name__

    def __str__(self) -> str:
        return f"{self.place or 'it'} should be {self.expected}, not {self.found}."

    def within(self, place: str) -> _WrongTypeError:
        """The same, seen from what holds it."""
        self.place = f"{place}.{self.place}" if self.place else place
        return self


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads answers.

    Attributes:
        is_strict: Whether a field of a wrong type is refused; it counts as absent otherwise.
    """

    is_strict: bool

    def cues(self, document: Json) -> Cues:
        """All that an answer offers."""
        by_service: dict[Service, tuple[Cue, ...]] = {}
        faults: dict[Service, tuple[str, ...]] = {}
        for service in services.SERVICES:
            holder, name = document, service.film_list
            if "is_done" in document:
                section, name = document.get(service.request_key), service.result_list
                holder = {} if section is None else _object(section, service.request_key)
            if name in holder:
                by_service[service], wrong = self._offers(service, _list(holder, name), name)
                if wrong:
                    faults[service] = wrong
        try:
            film_us = parse_timestamp(document.get("duration"))
        except TimeFormatError:
            film_us = None
        return Cues(by_service, faults, film_us)

    def text(self, raw: Json, name: str) -> str | None:
        """A text that may be absent."""
        return self.optional(raw, name, str, "text")

    def optional(self, raw: Json, name: str, kind: type[_T], expected: str) -> _T | None:
        """A field that may be absent or null."""
        value = raw.get(name)
        if value is None or isinstance(value, kind):
            return value
        if self.is_strict:
            raise _WrongTypeError(name, expected, value)
        return None

    def _offers(
        self, service: Service, listed: Sequence[Any], name: str
    ) -> tuple[tuple[Cue, ...], tuple[str, ...]]:
        """What a service offers, and what makes no sense of it."""
        has_cues = service.laying is Laying.CUES
        cues: list[Cue] = []
        items: list[Item] = []
        faults = []
        for index, raw in enumerate(listed):
            try:
                if has_cues:
                    cues.append(self._cue(raw))
                else:
                    items.append(self._item(raw))
            except _WrongTypeError as wrong:
                if self.is_strict:
                    raise wrong.within(f"{name}.{index}") from None
                fault = str(wrong)
            except AvmError as error:
                fault = error.what
            else:
                continue
            faults.append(f"{service.words.capitalize()} {index + 1} of {len(listed)}: {fault}")
        return tuple(cues) if has_cues else whole_film(items), tuple(faults)

    def _cue(self, raw: object) -> Cue:
        served = _object(raw)
        start_us, end_us = self._moment(served, "start_at"), self._moment(served, "end_at")
        items = tuple(self._items(_list(served, _ITEMS)))
        if start_us is None:
            raise CueError("it has no start_at.")
        end_us = start_us if end_us is None else end_us
        if end_us < start_us:
            raise CueError(
                f"it ends ({format_timestamp(end_us)}) before it starts ({format_timestamp(start_us)})."
            )
        if not items:
            raise CueError(f"the cue at {format_timestamp(start_us)} offers no item.")
        return Cue(start_us, end_us, items, {key: value for key, value in served.items() if key != _ITEMS})

    def _moment(self, served: Json, name: str) -> int | None:
        value = served.get(name)
        if self.is_strict and not isinstance(value, str | None):
            raise _WrongTypeError(name, "text", value)
        return parse_timestamp(value)

    def _items(self, listed: Sequence[Any]) -> list[Item]:
        items = []
        for index, raw in enumerate(listed):
            try:
                items.append(self._item(raw))
            except _WrongTypeError as wrong:
                raise wrong.within(f"{_ITEMS}.{index}") from None
        return items

    def _item(self, raw: object) -> Item:
        served = _object(raw)
        number = _id(served)
        if abs(number) >= 2**63:
            raise CueError("its id is beyond 64 bits.")
        try:
            duration_us = parse_timestamp(self.text(served, "duration"))
        except TimeFormatError:
            duration_us = None  # the file is probed; what an answer says of its length is not relied upon
        price = self._number(served, "price")
        self.optional(served, "is_bought", bool, "true or false")
        return Item(
            id=number,
            title=self.text(served, "title") or "",
            url=self.text(served, "url") or None,
            price=None if price is None else Decimal(str(price)),
            duration_us=duration_us,
            served=served,
        )

    def _number(self, served: Json, name: str) -> int | float | None:
        value = served.get(name)
        if value is None:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf"):
            return value
        if self.is_strict:
            raise _WrongTypeError(name, "a number", value)
        return None


def _is_answer(document: Json) -> bool:
    keys = {"is_done", "id", *(service.film_list for service in services.SERVICES)}
    return not keys.isdisjoint(document)


def _object(raw: object, place: str = "") -> Json:
    if not isinstance(raw, Mapping):
        raise _WrongTypeError(place, "an object", raw)
    return raw


def _list(holder: Json, name: str) -> Sequence[Any]:
    value = holder.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _WrongTypeError(name, "a list", value)
    return value


def _id(served: Json) -> int:
    value = served.get("id")
    if isinstance(value, bool) or not isinstance(value, int):
        raise _WrongTypeError("id", "a whole number", value)
    return value
