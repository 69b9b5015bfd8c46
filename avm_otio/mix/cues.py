"""What a service answered, as values: items to choose from and the cues that they are for.

Read from plain JSON, so that a saved Film, a service result and a notification are laid by the same code as
a live answer. Everything as it was served is kept beside what was understood of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from avm_otio import services as service_keys
from avm_otio.errors import AvmError, CueError, TimeFormatError
from avm_otio.timeline.time import format_timestamp, parse_timestamp

Json = Mapping[str, Any]
_T = TypeVar("_T")


_FILM_LISTS = ("recommended_musics", "noise_reduce_audios", "sound_effects")


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
class EffectCue:
    """One moment that wants a sound, and the items for it, best first.

    Attributes:
        start_us: Film time, microseconds.
        end_us: Film time, microseconds; not before ``start_us``.
        items: Alternatives for this one cue, best first; at least one.
        served: The cue as it came, without its items.
    """

    start_us: int
    end_us: int
    items: tuple[Item, ...]
    served: Json


@dataclass(frozen=True, slots=True)
class Cues:
    """All that one answer offers.

    Attributes:
        music: Alternatives for one bed under the whole film, best first.
        effects: The sound effect cues.
        dialogue: Noise-reduced sound of the film, best first.
        notes: What was left out, and why; one line each.
    """

    music: tuple[Item, ...] = ()
    effects: tuple[EffectCue, ...] = ()
    dialogue: tuple[Item, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def chosen(self) -> tuple[Item, ...]:
        """The first item of each, which is what is laid."""
        return (*self.music[:1], *self.dialogue[:1], *(cue.items[0] for cue in self.effects))


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
    if "is_done" in document:
        music = _section(document, service_keys.MUSIC_KEY, "musics")
        dialogue = _section(document, service_keys.DENOISE_KEY, "noise_reduce_audios")
        effects = _section(document, service_keys.EFFECTS_KEY, "sound_effects")
    else:
        music, dialogue, effects = (_list(document.get(name), name) for name in _FILM_LISTS)
    notes: list[str] = []
    gather = _Gatherer(skip_bad, notes)
    return Cues(
        music=gather.all(music, _item, "music"),
        effects=gather.all(effects, _effect, "sound effect"),
        dialogue=gather.all(dialogue, _item, "noise-reduced sound"),
        notes=tuple(notes),
    )


def _is_answer(document: Json) -> bool:
    return "is_done" in document or "id" in document or any(name in document for name in _FILM_LISTS)


@dataclass(frozen=True, slots=True)
class _Gatherer:
    skip_bad: bool
    notes: list[str]

    def all(self, served: Sequence[Any], read: Callable[[Any], _T], what: str) -> tuple[_T, ...]:
        found = []
        for number, one in enumerate(served, 1):
            try:
                found.append(read(one))
            except AvmError as error:
                told = f"{what.capitalize()} {number} of {len(served)}: {error.what}"
                if not self.skip_bad:
                    hint = "Leave such cues out with --skip-bad-cues."
                    raise CueError(told, hint) from error
                self.notes.append(f"Left out. {told}")
        return tuple(found)


def _section(document: Json, key: str, inner: str) -> Sequence[Any]:
    section = document.get(key)
    if section is None:
        return ()
    if not isinstance(section, Mapping):
        raise CueError(f"“{key}” should be an object, not {type(section).__name__}.")
    return _list(section.get(inner), inner)


def _list(value: object, name: str) -> Sequence[Any]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise CueError(f"“{name}” should be a list, not {type(value).__name__}.")
    return value


def _item(served: Any) -> Item:
    if not isinstance(served, Mapping):
        raise CueError(f"an item should be an object, not {type(served).__name__}.")
    number = served.get("id")
    if isinstance(number, bool) or not isinstance(number, int) or abs(number) >= 2**63:
        raise CueError(f"the item has no whole-number id ({number!r}).")
    title, url, price = served.get("title"), served.get("url"), served.get("price")
    try:
        duration_us = parse_timestamp(served.get("duration"))
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
        served=served,
    )


def _effect(served: Any) -> EffectCue:
    if not isinstance(served, Mapping):
        raise CueError(f"a cue should be an object, not {type(served).__name__}.")
    start_us = parse_timestamp(served.get("start_at"))
    if start_us is None:
        raise CueError("it has no start_at.")
    end_us = parse_timestamp(served.get("end_at"))
    if end_us is None:
        end_us = start_us
    if end_us < start_us:
        raise CueError(
            f"it ends ({format_timestamp(end_us)}) before it starts ({format_timestamp(start_us)})."
        )
    items = tuple(_item(one) for one in _list(served.get("sound_effect_items"), "sound_effect_items"))
    if not items:
        raise CueError(f"the cue at {format_timestamp(start_us)} offers no item.")
    return EffectCue(start_us, end_us, items, {k: v for k, v in served.items() if k != "sound_effect_items"})
