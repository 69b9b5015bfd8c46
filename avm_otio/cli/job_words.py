"""A job as text, and as the fields of an event."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from avm_otio import services
from avm_otio.jobs.catalogue import Entry
from avm_otio.jobs.folder import quoted, stamp
from avm_otio.jobs.journal import State
from avm_otio.mix.cues import Total
from avm_otio.services import ServiceKeys
from avm_otio.words import priced

HEADS = ("KEY", "WHAT", "STATE", "CUES", "COST", "SIZE", "FILM", "CHANGED")
NUMBERS = ("CUES", "COST", "SIZE", "FILM")
ITEM_HEADS = ("ITEM", "TITLE", "PRICE", "FILE")
KEY_SHOWN = 8
_HEAD = 10
_ALL = 1_000_000

NameOption = Callable[[str, int], str]

_STATES: Mapping[State, tuple[str, str]] = {
    State.PLANNED: ("begun", "begun; the film is not exported yet"),
    State.EXPORTED: ("film exported", "the film is exported; nothing is sent yet"),
    State.UPLOADED: ("film sent", "the service has the film; nothing is paid yet"),
    State.UNSURE: ("unsure if paid", "a paid call was interrupted; it is unknown whether it came through"),
    State.WAITING: ("paid, waiting", "paid; the service is at work"),
    State.ANSWERED: ("paid, answered", "paid and answered; not laid yet"),
    State.FINISHED: ("finished", "finished"),
}
_FREE_STATES: Mapping[State, tuple[str, str]] = {
    State.UNSURE: ("interrupted", "the call was interrupted; sending it again costs nothing"),
    State.WAITING: ("waiting", "the engine is at work"),
    State.ANSWERED: ("answered", "answered; not laid yet"),
}


_NOTHING = Total(Decimal(0))


@dataclass(frozen=True, slots=True)
class Bought:
    """One item that is laid.

    Attributes:
        name: Its kind and id.
        title: As the service calls it.
        price: In the currency asked for; ``None`` if the service gave none.
        is_bought: Whether it was bought before.
        file: Its name in the job's media folder; ``None`` if it was not downloaded.
    """

    name: str
    title: str
    price: str | None
    is_bought: bool
    file: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a job's answer offers.

    Attributes:
        items: The items that are laid, each once.
        total: What they cost.
        spare: How many others it offers.
        unavailable: Why items of it can never be had, by name.
    """

    items: Sequence[Bought] = ()
    total: Total = _NOTHING
    spare: int = 0
    unavailable: Mapping[str, str] = field(default_factory=dict)


def state_of(entry: Entry, is_at_work: bool, *, at_length: bool = False) -> str:
    """The state of a job, for people."""
    state = entry.journal.state
    words = _FREE_STATES.get(state) if entry.is_free else None
    text = (words or _STATES[state])[at_length]
    if state is State.FINISHED and not entry.is_done:
        text = ("to be laid", "finished before; its latest request is not")[at_length]
    if is_at_work:
        return f"{text}; a run is at work on it now" if at_length else "at work"
    return text


def row(entry: Entry, is_at_work: bool, now: datetime) -> tuple[str, ...]:
    """One line of the list."""
    summary, made = entry.summary, entry.journal.film
    cues = services.count_of(summary)
    return (
        entry.journal.key[:KEY_SHOWN],
        what_of(entry),
        state_of(entry, is_at_work),
        str(cues) if summary else "",
        "free" if entry.is_free else cost_of(summary),
        size_text(entry.size_bytes()),
        str(made.id) if made is not None and made.id is not None else "",
        moment(entry.journal.changed, now),
    )


def what_of(entry: Entry) -> str:
    """What is scored: the timeline, and the selection."""
    order = entry.journal.order
    name = Path(order["timeline"]).stem if "timeline" in order else entry.journal.name
    parts = [f"clip {order['clip']}"] if "clip" in order else []
    parts += [f"track {order['track']}"] if "track" in order else []
    if "tc_in" in order or "tc_out" in order:
        parts.append(f"{order.get('tc_in', '')}–{order.get('tc_out', '')}")
    return ", ".join([name, *parts])


def cost_of(summary: Mapping[str, Any]) -> str:
    """Total price of the chosen items in a summary; empty if there is none."""
    return priced(summary["total_price"], summary["currency"]) if summary else ""


def size_text(size_bytes: int) -> str:
    """A size for people."""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    size, unit = size_bytes / 1000, "kB"
    for larger in ("MB", "GB", "TB"):
        if size < 999.5:
            break
        size, unit = size / 1000, larger
    return f"{size:.1f} {unit}" if size < 9.95 else f"{size:.0f} {unit}"


def moment(text: str, now: datetime) -> str:
    """A time of a journal in the user's time zone: the time of day if today, else the date."""
    try:
        when = datetime.fromisoformat(text).astimezone(now.tzinfo)
    except ValueError:
        return ""
    return f"{when:%H:%M}" if when.date() == now.date() else f"{when:%Y-%m-%d}"


def ways_on(entry: Entry) -> list[str]:
    """What to do next, as commands; empty if everything is done."""
    resume = f"avm-otio jobs resume {quoted(entry.path)}"
    if "timeline" not in entry.journal.order:
        return ["avm-otio score, with the same options as before"]
    if entry.journal.state is State.UNSURE and not entry.is_free:
        return [
            f"{resume} --wait      (looks for the answer)",
            f"{resume} --resubmit  (sends it again; if it did come through, you pay twice)",
        ]
    return [] if entry.is_done and not changed_outputs(entry) else [resume]


def changed_outputs(entry: Entry) -> dict[Path, str]:
    """The outputs that are missing or changed, and which."""
    found = {}
    for path, written in entry.outputs.items():
        size, modified_ns = stamp(path)
        if size < 0:
            found[path] = "missing"
        elif (size, modified_ns) != (written.size_bytes, written.modified_ns):
            found[path] = "changed since"
    return found


def fields_of(entry: Entry, is_at_work: bool) -> dict[str, Any]:
    """The fields of a ``job`` event."""
    journal, summary, order = entry.journal, entry.summary, entry.journal.order
    return {
        "job": str(entry.path),
        "key": journal.key,
        "name": journal.name,
        "what": what_of(entry),
        "state": str(journal.state),
        "at_work": is_at_work,
        "is_done": entry.is_done,
        "is_paid": entry.is_paid,
        "timeline": str(entry.place(order["timeline"])) if "timeline" in order else None,
        "outputs": [str(path) for path in entry.outputs],
        "service": journal.asked.get("service"),
        "film_id": journal.film.id if journal.film is not None else None,
        "session_id": journal.call.session_id if journal.call is not None else None,
        **{service.items: summary.get(service.items) for service in services.SERVICES},
        "total_price": summary.get("total_price"),
        "currency": journal.asked.get("currency"),
        "made": journal.made,
        "changed": journal.changed,
        "size_bytes": entry.size_bytes(),
        "error": journal.error,
    }


def lines_of(entry: Entry, is_at_work: bool, name_option: NameOption) -> Iterator[str]:
    """Everything about a job, line by line.

    Args:
        entry: The job.
        is_at_work: Whether a run is working on it.
        name_option: Names an id of an option table, as ``Settings.name_option`` does.
    """
    journal, order = entry.journal, entry.journal.order
    yield f"{what_of(entry)}  ({journal.key})"
    line = _headed
    yield from line("State", state_of(entry, is_at_work, at_length=True))
    yield from line("Begun", _full(journal.made), f"changed {_full(journal.changed)}")
    if "timeline" in order:
        yield from line("Timeline", str(entry.place(order["timeline"])))
    yield from line("Asked", *_asked(journal.asked))
    yield from line("Licence", *licence_lines(journal.asked.get("request", {}), name_option))
    yield from line("Film", *_film(entry))
    yield from line("Paid", *_paid(entry))
    changed = changed_outputs(entry)
    outputs = [f"{path}  ({changed.get(path, 'unchanged')})" for path in entry.outputs]
    yield from line("Written", *(outputs or ["nothing yet"]))
    sizes = sorted(entry.files(), key=lambda each: -each[1])
    yield from line("Folder", f"{entry.path}, {size_text(sum(size for _, size in sizes))}")
    for path, size in sizes:
        yield f"{'':<{_HEAD}} {size_text(size):>7}  {path.relative_to(entry.path).as_posix()}"
    if journal.error is not None:
        message = f"{journal.error.get('message', '')} {journal.error.get('hint', '')}".strip()
        yield from line("Last error", message, f"code {journal.error.get('exit_code', 1)}")
    yield from line("Next", *(ways_on(entry) or ["nothing: everything is done"]))


def item_rows(items: Sequence[Bought], currency: str) -> list[tuple[str, str, str, str]]:
    """The items as rows of a table."""
    return [
        (
            item.name,
            item.title,
            _price(item, currency),
            item.file or "not downloaded",
        )
        for item in items
    ]


def total_of(answer: Answer, currency: str) -> str:
    """How many items are laid, and for how much; what was bought before costs nothing more."""
    count, unread = len(answer.items), answer.total.unread
    more = f" (and {', '.join(unread)} at a price that cannot be read)" if unread else ""
    return f"{count} item{'s' * (count != 1)} for {priced(answer.total.price, currency)}{more}"


def _price(item: Bought, currency: str) -> str:
    if item.is_bought:
        return "bought before"
    return "not given" if item.price is None else priced(item.price, currency)


def _headed(head: str, *texts: str) -> Iterator[str]:
    for number, text in enumerate(texts):
        yield f"{head if not number else '':<{_HEAD}} {text}"


def answer_of(entry: Entry, keys: ServiceKeys) -> Answer:
    """What a job's answer offers.

    Args:
        entry: The job, answered.
        keys: The JSON keys of the service; see ``Settings.service_keys``.

    Raises:
        AvmError: The answer cannot be read.
    """
    from avm_otio.jobs.downloads import wanted
    from avm_otio.jobs.folder import Job
    from avm_otio.jobs.paid_call import heard_of
    from avm_otio.jobs.question import Question
    from avm_otio.request import Request

    job = Job(entry.path, entry.journal)
    question = Question.from_journal(entry.journal.asked, keys, None)
    cues = heard_of(job, question, Request(skip_bad_cues=True))
    chosen, kept = wanted(cues, 0), entry.journal.media
    items = [
        Bought(
            name,
            item.title or str(item.id),
            None if item.price is None else str(item.price),
            item.is_bought,
            kept[name].file if name in kept else None,
        )
        for name, item in chosen.items()
    ]
    spare = len(wanted(cues, _ALL)) - len(chosen)
    return Answer(items, cues.total, spare, entry.journal.unavailable)


def _full(text: str) -> str:
    with suppress(ValueError):
        return f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M:%S}"
    return text


def _asked(asked: Mapping[str, Any]) -> Iterator[str]:
    request = asked.get("request", {})
    names = ", ".join(name for name in services.service_names() if request.get(name) not in (None, False))
    again = f", retry {asked['attempt']}" if "attempt" in asked else ""
    yield (
        f"{names} from {asked.get('service')}, in {asked.get('language')}, "
        f"prices in {asked.get('currency')}{again}"
    )
    music = request.get("music")
    if isinstance(music, dict):
        yield ", ".join(f"{name} {value}" for name, value in music.items() if value not in (None, [], ""))


def licence_lines(request: Mapping[str, Any], name_option: NameOption) -> Iterator[str]:
    """The licence that was asked for, a line for each part of it."""
    license = request.get("license", {})
    tables = {"range": "where", "duration": "how long", "usage_platforms": "for what"}
    for table, head in tables.items():
        ids = license.get(table)
        names = [name_option(table, each) for each in (ids if isinstance(ids, list) else [ids])]
        yield f"{head}: {', '.join(names)}"


def _film(entry: Entry) -> Iterator[str]:
    made = entry.journal.film
    if made is None:
        yield "not exported yet"
        return
    sound = "with sound" if made.has_sound else "silent"
    yield f"{made.frames} frames, {sound}, {made.quality or 'your own file'}, sent as {made.sent_as}"
    yield f"film {made.id} at the service" if made.id is not None else "not sent yet"


def _paid(entry: Entry) -> Iterator[str]:
    call = entry.journal.call
    if entry.is_free:
        yield "nothing: the engine on this machine is free"
    elif call is None:
        yield "nothing yet"
    elif call.adopted:
        yield f"an analysis, {_full(call.begun)}; its own answer was lost, and its results found on the film"
    elif call.session_id is None:
        yield f"unknown: the call of {_full(call.begun)} was interrupted"
    else:
        yield f"an analysis, {_full(call.begun)}, session {call.session_id}"
