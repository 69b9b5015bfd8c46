"""Answers that make no sense: what a service, or whoever stands before it, might send instead of a result."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from tests.faults.proxy import Answer, text

Document = dict[str, Any]
Change = Callable[[Document, random.Random], None]

GONE: dict[str, Answer] = {
    **{f"{status}": text("gone", status) for status in (400, 401, 403, 404, 410, 451)},
    "HTML": text("<html><h1>Gateway</h1></html>"),
    "nothing": text("", content_type="audio/wav"),
    "no sound": text("x" * 5000, content_type="audio/wav"),
    "a way out": text("", 302, location="file:///etc/passwd"),
    "a way in": text("", 302, location="http://169.254.169.254/latest/"),
}
"""What an item ends in that can never be had."""


@dataclass(frozen=True)
class Odd:
    """One kind of odd answer.

    Attributes:
        kind: In few words.
        change: What it makes of an answer, alike in all that are equal.
        loses: How many cues at the most cannot be laid for it; ``None`` for any number.
    """

    kind: str
    change: Change
    loses: int | None = 0


def cues_in(document: Document) -> list[Document]:
    """The cues of effects of a result or of a Film."""
    holder = document.get("sound_effect_service", document)
    found = holder.get("sound_effects") if isinstance(holder, dict) else None
    return [cue for cue in found if isinstance(cue, dict)] if isinstance(found, list) else []


def lists_in(document: Document) -> list[list[Any]]:
    """Every list of items of a result or of a Film: the music, and each cue's effects."""
    holder = document.get("music_mapping_service", document)
    music = next((holder[name] for name in ("musics", "recommended_musics") if name in holder), [])
    listed = [music, *(cue.get("sound_effect_items") for cue in cues_in(document))]
    return [each for each in listed if isinstance(each, list) and each]


def _of_items(*changes: Callable[[Document, random.Random], None]) -> Change:
    """Some of the items, changed."""

    def change(document: Document, dice: random.Random) -> None:
        for listed in lists_in(document):
            for item in listed:
                if isinstance(item, dict) and dice.random() < 0.5:
                    dice.choice(changes)(item, dice)

    return change


def _of_items_but_one(*changes: Callable[[Document, random.Random], None]) -> Change:
    """Some of the items, changed; never the first: where nothing at all can be had, a run rightly ends."""

    def change(document: Document, dice: random.Random) -> None:
        items = [item for listed in lists_in(document) for item in listed if isinstance(item, dict)]
        for item in items[1:]:
            if dice.random() < 0.5:
                dice.choice(changes)(item, dice)

    return change


def _field(name: str, *values: Any) -> Callable[[Document, random.Random], None]:
    return lambda item, dice: item.__setitem__(name, dice.choice(values))


def _quoted(name: str) -> Callable[[Document, random.Random], None]:
    return lambda item, dice: item.__setitem__(name, str(item.get(name)))


def _deep(item: Document, dice: random.Random) -> None:
    value: Any = 1
    for _ in range(dice.randint(30, 300)):
        value = {"a": value} if dice.random() < 0.5 else [value]
    item["new"] = value


def _no_item(document: Document, dice: random.Random) -> None:
    dice.choice(lists_in(document) or [[None]])[0] = dice.choice([None, [], "x", 7, {}, {"id": "x"}])


def _twice(document: Document, dice: random.Random) -> None:
    lists = lists_in(document)
    for listed in lists:
        other = dice.choice(lists)[0]
        if isinstance(other, dict) and isinstance(listed[0], dict):
            listed.append(dict(other, price=dice.choice([1, 99.5, "7.25", None])))
            listed.insert(dice.randint(0, 1), dict(listed[0]))


def _one_id(document: Document, dice: random.Random) -> None:
    first = [listed[0] for listed in lists_in(document) if isinstance(listed[0], dict)]
    for number, item in enumerate(first):
        item |= {"id": 7 if number else 8, "price": number + 0.5} if dice.random() < 0.3 else {}


def _of_a_cue(change: Callable[[Document, random.Random], None]) -> Change:
    def changed(document: Document, dice: random.Random) -> None:
        if cues := cues_in(document):
            change(dice.choice(cues), dice)

    return changed


def _ends_first(cue: Document, dice: random.Random) -> None:
    cue |= {"start_at": "00:00:01.5", "end_at": "00:00:00.1"}


def _no_list(document: Document, dice: random.Random) -> None:
    for name in ("sound_effects", "musics", "recommended_musics"):
        for holder in (document, *document.values()):
            if isinstance(holder, dict) and name in holder and name == "sound_effects":
                holder[name] = dice.choice([{}, "none", 7, {"0": []}])


def _more(document: Document, dice: random.Random) -> None:
    document |= {"new \udfff": ["\ud83c", float("nan"), 10**400], "": None, "message": [1, None]}


ODD = [
    Odd("prices in quotes", _of_items(_quoted("price"))),
    Odd("prices that are none", _of_items(_field("price", "on request", [], {}, True, float("nan"), "", -1))),
    Odd(
        "half characters",
        _of_items(_field("title", "a \ud83c b", "\udfff"), _field("new \ud83c", ["\ud83c"])),
    ),
    Odd("titles of another type", _of_items(_field("title", 1984, None, ["a"], {}, True, 1.5))),
    Odd(
        "signs that steer",
        _of_items(_field("title", "a\nError: b", "\x1b[2J", "\u202egnp.exe", "/../x", "C:x")),
    ),
    Odd(
        "fields of another type", _of_items(_field("bpm", "129", []), _field("duration", 7, "soon", None, []))
    ),
    Odd("bought in other words", _of_items(_field("is_bought", 0, 1, "true", "no", None, []))),
    Odd("ids in quotes", _of_items(_quoted("id"))),
    Odd("depth", _of_items(_deep)),
    Odd("one item several times", _twice),
    Odd("one id for several items", _one_id),
    Odd("more than the API promises", _more),
    Odd("an item that is none", _no_item, 1),
    Odd(
        "addresses that are none",
        _of_items_but_one(_field("url", "http://-/x", "data:,x", 7, None, "http:x")),
        None,
    ),
    Odd(
        "a cue without items",
        _of_a_cue(lambda cue, dice: cue.update(sound_effect_items=dice.choice([[], None]))),
        1,
    ),
    Odd("a cue that ends before it starts", _of_a_cue(_ends_first), 1),
    Odd(
        "a cue without a start",
        _of_a_cue(lambda cue, dice: cue.update(start_at=dice.choice([None, 7, "x"]))),
        1,
    ),
    Odd("a list that is none", _no_list, None),
]
"""Every kind, with what may be lost for it."""


def price_of(item: Document) -> Decimal:
    """What an item costs that is laid, as the rules of the documentation have it."""
    price, bought = item.get("price"), item.get("is_bought")
    if bought in (True, 1, "1", "true", "True") or isinstance(price, bool):
        return Decimal(0)
    try:
        amount = Decimal(str(price).strip())
    except InvalidOperation:
        return Decimal(0)
    return amount if amount.is_finite() and amount >= 0 else Decimal(0)
