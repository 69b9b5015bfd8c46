"""What a job's answer offers, cue by cue, and what is chosen of it: for whoever chooses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Any

from avm_otio.errors import InputError, UsageError
from avm_otio.jobs import choices
from avm_otio.jobs.folder import Job, stamp
from avm_otio.jobs.journal import Journal, Kept
from avm_otio.jobs.paid_call import cues_of
from avm_otio.jobs.question import BUDGET, Question
from avm_otio.mix.choices import Choice, Choices, name_of
from avm_otio.mix.cues import Cue, Cues, Item, Total
from avm_otio.request import Request
from avm_otio.services import Laying, Service
from avm_otio.timeline.model import Timeline
from avm_otio.timeline.plan import ExportPlan
from avm_otio.timeline.time import (
    FilmTime,
    FrameSpan,
    RecordTime,
    format_timestamp,
    from_micros,
    nearest_frame,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a job's film lies.

    Attributes:
        timeline: The timeline, without our tracks.
        plan: Its film.
    """

    timeline: Timeline
    plan: ExportPlan

    @property
    def span(self) -> FrameSpan:
        """The record frames of the film."""
        edges = (self.plan.film_map.record_start, self.plan.film_map.record_end)
        first, last = (nearest_frame(at, self.timeline.rate) for at in edges)
        return FrameSpan(first, max(first + 1, last))

    @property
    def record_per_film(self) -> Fraction:
        """Record seconds a film second."""
        return self.plan.film_map.record_per_film

    def record(self, film_us: int) -> RecordTime:
        """The record time of a moment of the film."""
        return self.plan.film_map.to_record(FilmTime(from_micros(film_us)))


@dataclass(frozen=True, slots=True)
class OfferedItem:
    """An item of a cue.

    Attributes:
        item: It, as the service says it.
        kept: Its file, where it is here.
        is_heard: Whether it is what is heard.
    """

    item: Item
    kept: Kept | None
    is_heard: bool

    @property
    def length_s(self) -> Fraction | None:
        """How long it is: its file, else what the service says; seconds."""
        if self.kept is not None:
            return Fraction(self.kept.samples, self.kept.sample_rate_hz)
        return from_micros(self.item.duration_us) if self.item.duration_us else None

    @property
    def license(self) -> str:
        """Whether it is paid for: ``bought``, ``free`` or ``to buy``; empty where nobody says."""
        if self.item.is_bought:
            return "bought"
        if self.item.price is None:
            return ""
        return "to buy" if self.item.price else "free"

    def as_dict(self) -> dict[str, Any]:
        """As an event says it."""
        length_s = self.length_s
        return {
            "id": self.item.id,
            "title": self.item.title,
            "price": None if self.item.price is None else str(self.item.price),
            "is_bought": self.item.is_bought,
            "license": self.license,
            "length_s": None if length_s is None else round(float(length_s), 3),
            "licence": str(self.item.served.get("licence") or "")[:200],
            "is_added": bool(self.item.served.get("avm_added")),
            "is_here": self.kept is not None,
            "is_heard": self.is_heard,
        }


@dataclass(frozen=True, slots=True)
class OfferedCue:
    """A cue and what it offers.

    Attributes:
        number: Its number in the list, from 1.
        service: Whose it is.
        cue: It, what is heard without a choice first.
        choice: What was decided for it.
        items: What it offers, in the order in which it is offered.
    """

    number: int
    service: Service
    cue: Cue
    choice: Choice
    items: tuple[OfferedItem, ...]

    @property
    def name(self) -> str:
        """Its name within the answer, such as ``effects 12``."""
        return name_of(self.service, self.cue)

    @property
    def words(self) -> str:
        """What it is about, as far as it says."""
        return ", ".join(self.cue.words)

    @property
    def heard(self) -> OfferedItem | None:
        """What is heard; ``None`` where it is left out."""
        return next((item for item in self.items if item.is_heard), None)

    def as_dict(self, place: Place | None) -> dict[str, Any]:
        """As an event says it."""
        start_us, end_us = self.cue.start_us, self.cue.end_us
        start = None if place is None else place.record(start_us)
        return {
            "number": self.number,
            "cue": self.name,
            "service": self.service.name,
            "words": self.words,
            "film_start_us": start_us,
            "film_end_us": end_us,
            "timecode": None if place is None or start is None else place.timeline.timecode(start),
            "record_start": None if start is None else str(start),
            "items": [item.as_dict() for item in self.items],
            "item": self.heard.item.id if self.heard else None,
            "gain_db": self.choice.gain_db,
            "nudge_frames": self.choice.nudge_frames,
            "is_left_out": self.choice.is_left_out,
            "note": self.choice.note,
            "is_chosen": not self.choice.is_empty,
        }


@dataclass(frozen=True, slots=True)
class Offered:
    """What a job offers, and what is chosen of it.

    Attributes:
        job: The job's folder.
        output: The timeline that is written by it; ``None`` where none was.
        cues: The cues, music first, then by their start.
        choices: What is chosen.
        revision: See ``choices.Kept``.
        total: What is heard costs.
        total_before: What would be heard without choices costs.
        currency: What prices are in.
        budget: The highest budget that was asked for.
        is_written: Whether the timeline is as it is chosen.
        place: Where the film lies; ``None`` where the timeline cannot be read.
    """

    job: Path
    output: Path | None
    cues: tuple[OfferedCue, ...]
    choices: Choices
    revision: int
    total: Total
    total_before: Total
    currency: str
    budget: Decimal | None
    is_written: bool
    place: Place | None

    @property
    def is_over_budget(self) -> bool:
        """Whether what is heard costs more than was asked for."""
        return self.budget is not None and self.total.price > self.budget

    def cue(self, name: str) -> OfferedCue:
        """The cue that a person names by its number in the list, or by its name.

        Raises:
            UsageError: There is none.
        """
        text = " ".join(name.split()).lower()
        for each in self.cues:
            if text in (str(each.number), each.name):
                return each
        last = len(self.cues)
        hint = f"There are {last}: 1 to {last}." if last else "The answer has no cues."
        raise UsageError(f"There is no cue {name}.", f"{hint} See avm-otio choose --list.")

    def timecode(self, cue: OfferedCue) -> str:
        """Where a cue starts: record timecode; film time where the timeline cannot be read."""
        if self.place is None:
            return format_timestamp(cue.cue.start_us)
        return self.place.timeline.timecode(self.place.record(cue.cue.start_us))

    def as_dict(self) -> dict[str, Any]:
        """Totals, as an event says them."""
        return {
            "job": str(self.job),
            "output": None if self.output is None else str(self.output),
            "cues": len(self.cues),
            "chosen": sum(not cue.choice.is_empty for cue in self.cues),
            "revision": self.revision,
            "total_price": str(self.total.price),
            "total_price_before": str(self.total_before.price),
            "prices_unread": list(self.total.unread),
            "currency": self.currency,
            "budget": None if self.budget is None else str(self.budget),
            "is_over_budget": self.is_over_budget,
            "is_written": self.is_written,
            "music_gain_db": self.choices.music_gain_db,
            "effects_gain_db": self.choices.effects_gain_db,
            "mix": self.choices.mix,
        }


def offered(
    path: Path, journal: Journal, question: Question, request: Request, place: Place | None
) -> Offered:
    """What a job offers.

    Args:
        path: The job's folder.
        journal: Its journal.
        question: What the service was asked.
        request: How the job's timeline was made; complete.
        place: Where its film lies, where the timeline can be read.

    Raises:
        InputError: It has no answer yet, or its files cannot be read.
    """
    if journal.answered is None:
        raise InputError(
            f"{path} has no answer yet: there is nothing to choose from.",
            f"Go on with avm-otio jobs resume {path.name.rsplit('-', 1)[-1]}.",
        )
    job = Job(path, journal)
    found = choices.kept(path)
    cues = found.choices.offering(cues_of(job, question, request))
    heard = found.choices.heard(cues)
    budget = _budget(journal)
    written = None
    output = path / name if (name := journal.order.get("output")) else None
    with suppress(KeyError):
        written = journal.outputs[job.relative(request.output)]
        output = request.output
    is_written = written is not None and written.choices == choices.digest(path)
    return Offered(
        job=path,
        output=output,
        cues=tuple(_listed(job, cues, heard, found.choices)),
        choices=found.choices,
        revision=found.revision,
        total=heard.total,
        total_before=cues.total,
        currency=question.currency,
        budget=budget,
        is_written=is_written,
        place=place,
    )


def _listed(job: Job, cues: Cues, heard: Cues, chosen: Choices) -> Iterator[OfferedCue]:
    firsts = {
        name_of(service, cue): cue.items[: cue.pieces]
        for service, offered in heard.by_service.items()
        for cue in offered
    }
    every = [(service, cue) for service, offered in cues.by_service.items() for cue in offered]
    every.sort(key=lambda one: (one[0].laying is not Laying.BED, one[1].start_us, one[1].number))
    for number, (service, cue) in enumerate(every, 1):
        first = firsts.get(name_of(service, cue), ())
        items = tuple(OfferedItem(item, _kept(job, item), item in first[:1]) for item in cue.items)
        yield OfferedCue(number, service, cue, chosen.of(service, cue), items)


def _kept(job: Job, item: Item) -> Kept | None:
    kept = job.journal.media.get(item.name)
    return kept if kept is not None and stamp(job.media / kept.file)[0] == kept.size_bytes else None


def _budget(journal: Journal) -> Decimal | None:
    """The highest budget, where one was asked for."""
    try:
        asked = Decimal(str(journal.asked["request"]["music"]["budget_max"]))
    except (KeyError, TypeError, InvalidOperation):
        return None
    return asked if asked.is_finite() and asked < Decimal(BUDGET[1]) else None


def item_named(cue: OfferedCue, word: str) -> int:
    """The item of a cue that a person names by its id, its number in the cue from #1, or its title.

    Raises:
        UsageError: There is none.
    """
    from difflib import get_close_matches

    text = word.strip()
    items: Sequence[Item] = [each.item for each in cue.items]
    for item in items:
        if text == str(item.id) or text.lower() == item.title.lower():
            return item.id
    if text.startswith("#") and text[1:].isdecimal() and 1 <= int(text[1:]) <= len(items):
        return items[int(text[1:]) - 1].id
    near = get_close_matches(text, [str(item.id) for item in items] + [item.title for item in items], n=1)
    hint = f"Did you mean {near[0]}? " if near else ""
    some = ", ".join(f"{item.id} “{item.title}”" for item in items[:6])
    raise UsageError(f"Cue {cue.number} has no item {word}.", f"{hint}It has {some}.")
