"""What a service answers, read once: a Film, a service result or a notification becomes cues.

A live answer, one in a job's folder and one that a user gives to ``convert`` are read by the same code, as
far as they can be: an answer that is paid for is not lost for one odd field. What cannot be read (a price,
what is bought already, a whole item) is said in a line of ``Cues.unread``; all the rest counts. What is not
looked at, unknown fields included, stays as it came in ``served``, but for what nothing can be written with:
half characters, and what lies deeper than ``lenient.DEEPEST``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from avm_otio import services
from avm_otio.errors import AvmError, ContractError, CueError, TimeFormatError
from avm_otio.mix import lenient
from avm_otio.mix.cues import Cue, Cues, Item, Json, whole_film
from avm_otio.services import Laying, Service, ServiceKeys
from avm_otio.timeline.time import format_timestamp, parse_timestamp

_ITEMS = "sound_effect_items"
"""The key of a cue's items."""


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
        unread = [*self.cues.unread, *(film.cues.unread if film.cues in sources.values() else ())]
        return Cues(
            {each: found.by_service[each] for each, found in sources.items() if each in found.by_service},
            {each: found.faults[each] for each, found in sources.items() if each in found.faults},
            tuple(dict.fromkeys(unread)),
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
        return _Reader(is_saved=True).whole(document)[1]
    except _WrongTypeError as wrong:
        raise CueError(str(wrong), "Give the JSON as it came.") from None


def read_film(document: object) -> Film:
    """Read a Film as the service gives it, or as a job keeps it.

    Raises:
        ContractError: It is none, or has no id. Says where, and never shows a value.
    """
    reader = _Reader()
    try:
        served, cues = reader.whole(_object(document, "the whole"))
        if "is_avtive" in served:
            served = {"is_active": served.pop("is_avtive")} | served
        title, filename, kind, duration = (
            _text(served, name) or "" for name in ("title", "filename", "type", "duration")
        )
        return Film(
            _id(served), title, filename, kind, duration, lenient.truth(served.get("is_active")), cues, served
        )
    except _WrongTypeError as wrong:
        raise ContractError(f"Not a Film as the API describes it: {wrong}") from None


def read_result(document: object, keys: ServiceKeys) -> ServiceResult:
    """Read a service result, or the body of a notification, whose services have these keys.

    Raises:
        ContractError: It does not say whether it is done. Says where, and never shows a value.
    """
    try:
        came = _object(document, "the whole")
        is_done = lenient.truth(came.get("is_done"))
        if is_done is None:
            raise _WrongTypeError("is_done", "true or false", came.get("is_done"))
        served, cues = _Reader().whole(came, keys)
        message = served.get("message") or ""
        return ServiceResult(
            is_done=is_done,
            message=" ".join(map(str, message)) if isinstance(message, list) else str(message),
            cues=cues,
            served=served,
        )
    except _WrongTypeError as wrong:
        raise ContractError(f"Not a service result as the API describes it: {wrong}") from None


def read_item(service: Service, document: object) -> Item | None:
    """One item as a timeline of ours keeps it: as it was served.

    Returns:
        ``None`` where it is none, or has no id.
    """
    try:
        return _Reader().item(service, document)
    except _WrongTypeError:
        return None


class _WrongTypeError(Exception):
    """Something is not of the type that it must have."""

    def __init__(self, place: str, expected: str, value: object) -> None:
        super().__init__(place, expected, type(value).__name__)
        self.place = place
        self.expected = expected
        self.found = "null" if value is None else type(value).__name__

    def __str__(self) -> str:
        return f"{self.place or 'it'} should be {self.expected}, not {self.found}."


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one answer.

    Attributes:
        is_saved: Whether a user saved it: a list that is none is then refused, since nothing is lost.
        unread: What could not be read, one line each.
    """

    is_saved: bool = False
    unread: list[str] = field(default_factory=list)

    def whole(self, document: Json, keys: ServiceKeys | None = None) -> tuple[dict[str, Any], Cues]:
        """A document that everything can be written with, and what it offers."""
        served, left_out = lenient.cleaned(dict(document))
        if left_out:
            many = f"{left_out} field{'s' * (left_out != 1)}"
            self.unread.append(f"Left out of the answer: {many} more than {lenient.DEEPEST} deep.")
        return served, self._cues(served if keys is None else keys.ours(served))

    def _cues(self, document: Json) -> Cues:
        by_service: dict[Service, tuple[Cue, ...]] = {}
        faults: dict[Service, tuple[str, ...]] = {}
        for service in services.SERVICES:
            try:
                listed = _listed(document, service)
            except _WrongTypeError as wrong:
                if self.is_saved:
                    raise
                self.unread.append(f"Left out. All of {service.name}: {wrong}")
                listed = []
            if listed is not None:
                by_service[service], wrong_cues = self._offers(service, listed)
                if wrong_cues:
                    faults[service] = wrong_cues
        try:
            film_us = parse_timestamp(document.get("duration"))
        except TimeFormatError:
            film_us = None
        return Cues(by_service, faults, tuple(self.unread), film_us)

    def _offers(self, service: Service, listed: Sequence[Any]) -> tuple[tuple[Cue, ...], tuple[str, ...]]:
        """What a service offers, and what makes no sense of it."""
        places = [
            f"{service.words.capitalize()} {number} of {len(listed)}" for number in range(1, 1 + len(listed))
        ]
        if service.laying is not Laying.CUES:
            return whole_film(self._items(service, dict(zip(places, listed, strict=True)))), ()
        cues: list[Cue] = []
        faults = []
        for number, (place, raw) in enumerate(zip(places, listed, strict=True), 1):
            try:
                cue = self._cue(service, place, raw)
            except _WrongTypeError as wrong:
                self.unread.append(f"Left out. {place}: {wrong}")
            except AvmError as error:
                faults.append(f"{place}: {error.what}")
            else:
                cues += [replace(cue, number=number)] if cue is not None else []
        return tuple(cues), tuple(faults)

    def _cue(self, service: Service, place: str, raw: object) -> Cue | None:
        served = _object(raw)
        start_us = parse_timestamp(_typed(served, "start_at", "text", str))
        listed = _list(served, _ITEMS)
        if start_us is None:
            raise CueError("it has no start_at.")
        try:
            end_us = parse_timestamp(served.get("end_at"))
        except TimeFormatError:
            end_us = None
            self.unread.append(f"{place}: its end_at is not a time, and counts as none.")
        end_us = start_us if end_us is None else end_us
        if end_us < start_us:
            raise CueError(
                f"it ends ({format_timestamp(end_us)}) before it starts ({format_timestamp(start_us)})."
            )
        if not listed:
            raise CueError(f"the cue at {format_timestamp(start_us)} offers no item.")
        items = self._items(
            service,
            {f"{place}, item {number} of {len(listed)}": each for number, each in enumerate(listed, 1)},
        )
        if not items:
            self.unread.append(f"Left out. {place}: none of its items can be read.")
            return None
        return Cue(start_us, end_us, items, {key: value for key, value in served.items() if key != _ITEMS})

    def _items(self, service: Service, listed: Mapping[str, Any]) -> tuple[Item, ...]:
        """The items of a list that can be read, best first; by their places, for messages."""
        items = []
        for place, raw in listed.items():
            try:
                items.append(self.item(service, raw, place))
            except _WrongTypeError as wrong:
                self.unread.append(f"Left out. {place}: {wrong}")
        return tuple(items)

    def item(self, service: Service, raw: object, place: str = "An item") -> Item:
        """One item of a list; what of it cannot be read counts as not said."""
        served = _object(raw)
        number = _id(served)
        if abs(number) >= 2**63:
            raise _WrongTypeError("id", "a number of 64 bits", number)
        try:
            duration_us = parse_timestamp(served.get("duration"))
        except TimeFormatError:
            duration_us = None  # the file is probed; what an answer says of its length is not relied upon
        title, url = _text(served, "title"), served.get("url") or ""
        said_price, said_bought = served.get("price"), served.get("is_bought")
        price, is_bought = lenient.amount(said_price), lenient.truth(said_bought)
        is_price_unread = said_price is not None and price is None
        for name, is_odd, meaning in (
            ("title", title is None, "it has none"),
            ("url", not isinstance(url, str), "it has none"),
            ("is_bought", said_bought is not None and is_bought is None, "it counts as not bought"),
            ("price", is_price_unread, "it is not in the total"),
        ):
            if is_odd:
                self.unread.append(f"{place}: its {name} cannot be read: {meaning}.")
        return Item(
            id=number,
            title=title or "",
            url=url if url and isinstance(url, str) else None,
            price=price,
            duration_us=duration_us,
            served=served,
            is_bought=is_bought or False,
            is_price_unread=is_price_unread,
            kind=service.item,
        )


def _listed(document: Json, service: Service) -> Sequence[Any] | None:
    """The list of a service; ``None`` where it did not come."""
    holder, name = document, service.film_list
    if "is_done" in document:
        section, name = document.get(service.request_key), service.result_list
        holder = {} if section is None else _object(section, service.request_key)
    return _list(holder, name) if name in holder else None


def _is_answer(document: Json) -> bool:
    keys = {"is_done", "id", *(service.film_list for service in services.SERVICES)}
    return not keys.isdisjoint(document)


def _object(raw: object, place: str = "") -> Json:
    if not isinstance(raw, Mapping):
        raise _WrongTypeError(place, "an object", raw)
    return raw


def _list(holder: Json, name: str) -> Sequence[Any]:
    return _typed(holder, name, "a list", list) or ()


def _typed(holder: Json, name: str, expected: str, kind: type) -> Any:
    value = holder.get(name)
    if value is None or isinstance(value, kind):
        return value
    raise _WrongTypeError(name, expected, value)


def _text(holder: Json, name: str) -> str | None:
    """A text, be it a number; empty where there is none, ``None`` where it is something else."""
    value = holder.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float | None):
        return None
    return "" if value is None else str(value)


def _id(served: Json) -> int:
    number = lenient.whole_number(served.get("id"))
    if number is None:
        raise _WrongTypeError("id", "a whole number", served.get("id"))
    return number
