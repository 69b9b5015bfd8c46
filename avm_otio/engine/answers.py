"""Stored things as the contract's JSON, with addresses on the caller's origin and prices in its currency."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from avm_otio import services
from avm_otio.engine.library import Kind, LibraryItem
from avm_otio.engine.music_choice import Choice
from avm_otio.engine.requests import Locale
from avm_otio.engine.shop import Shop
from avm_otio.engine.spotting import Cue
from avm_otio.engine.store import Session, Store, StoredFilm
from avm_otio.engine.vocabulary import EMOTIONS, GENRES, INSTRUMENTS, Role, Table, ids_in
from avm_otio.services import Laying, Service
from avm_otio.timeline.time import format_timestamp

Json = dict[str, Any]

_LAID_BY = {Role.WHOOSH: "peak", Role.RISER: "end", Role.AMBIENCE: "beginning"}
"""What of a sound lies on its cue, where it is not the attack."""


def price_twd(item_id: int, kind: Kind) -> int:
    """What an item costs, in New Taiwan dollars: make-believe, so that budgets can be tried.

    Music is 300 to 3,000, an effect 20 to 200; always the same for the same item.
    """
    return 300 + item_id % 271 * 10 if kind is Kind.MUSIC else 20 + item_id % 181


def kept_music(choices: Sequence[Choice], bought: bool) -> list[Json]:
    """Music as it is stored."""
    return [
        _kept(choice.item, bought)
        | {
            "bpm": choice.item.tempo_bpm,
            "instrument": _first(choice.item.path, INSTRUMENTS),
            "genre": _first(choice.item.path, GENRES),
            "emotion": _first(choice.item.title, EMOTIONS),
            "reasons": list(choice.reasons),
        }
        for choice in choices
    ]


def kept_effects(cues: Iterable[Cue], items: Mapping[int, LibraryItem], bought: bool) -> list[Json]:
    """Effects as they are stored."""
    return [
        {
            "start_us": cue.start_us,
            "end_us": cue.end_us,
            "object_class": int(cue.event),
            "action_labels": [int(cue.role)],
            "items": [
                _kept(items[item_id], bought) | {"points": _points(items[item_id])}
                for item_id in cue.item_ids
            ],
            "reasons": list(cue.reasons),
            "confidence": cue.confidence,
            "spot": cue.spot,
            "is_timed": cue.is_timed,
        }
        for cue in cues
    ]


def _kept(item: LibraryItem, bought: bool) -> Json:
    return {
        "id": item.id,
        "title": item.title,
        "duration_us": item.duration_us,
        "suffix": item.suffix or PurePosixPath(item.path).suffix,
        "is_bought": bought,
        "price_twd": price_twd(item.id, item.kind),
    }


def _points(item: LibraryItem) -> Json | None:
    outline = item.outline
    if outline is None:
        return None
    points = {"begins": outline.begins_us, "attack": outline.attack_us}
    return points | {"peak": outline.peak_us, "ends": outline.ends_us}


def _first(text: str, table: Table) -> int:
    return next(iter(ids_in(text, table)), 0)


@dataclass(frozen=True, slots=True)
class Answers:
    """How one caller is answered.

    Attributes:
        store: Where films and sessions lie.
        shop: What is bought.
        base_url: The engine's address as the caller sees it, without a slash at its end.
        locale: Its language and currency.
    """

    store: Store
    shop: Shop
    base_url: str
    locale: Locale

    def film(self, film: StoredFilm, sessions: Sequence[Session]) -> Json:
        """A film with what these sessions found; music that several found stands once."""
        return {
            "id": film.id,
            "title": film.title,
            "url": self._url("film", film.id, film.media),
            "youtube_url": None,
            "is_active": datetime.fromisoformat(film.expires_at) > datetime.now(UTC),
            "filename": film.filename,
            "create_at": film.created_at,
            "expire_time": film.expires_at,
            "duration": format_timestamp(film.duration_us),
            **{service.film_list: self._found(service, sessions) for service in services.SERVICES},
            "is_from_image": False,
            "image_url": None,
            "type": film.type,
        }

    def result(self, session: Session) -> Json:
        """A session's result: the services that were asked for, and why it failed if it did.

        The contract has no word for a failed analysis. Here it is done, its lists are empty, and ``message``
        says why, in the shape of the contract's errors.
        """
        answer: Json = {"is_done": session.is_done}
        for service in services.SERVICES:
            key = service.request_key
            if key in session.results:
                found = session.results[key]
                done = found is not None or bool(session.failure)
                shown = [self._shown(service, kept) for kept in found or ()]
                answer[key] = {"is_done": done, service.result_list: shown}
        if session.failure:
            answer["message"] = [session.failure]
        return answer

    def _found(self, service: Service, sessions: Sequence[Session]) -> list[Json]:
        """What sessions found for a service, as a Film lists it."""
        found = [kept for session in sessions for kept in session.results.get(service.request_key) or ()]
        if service.laying is not Laying.BED:
            return [self._shown(service, kept) for kept in found]
        more = ("bpm", "instrument", "genre", "emotion")
        return [
            self._music(kept) | {"like": False} | {name: kept[name] for name in more}
            for kept in {kept["id"]: kept for kept in found}.values()
        ]

    def _shown(self, service: Service, kept: Json) -> Json:
        """One thing that was found, as a result lists it."""
        show = {Laying.BED: self._music, Laying.CUES: self._cue, Laying.REPLACES: self._dialogue}
        return show[service.laying](kept)

    def _cue(self, kept: Json) -> Json:
        role = Role(kept["action_labels"][0])
        return {
            "start_at": format_timestamp(kept["start_us"]),
            "end_at": format_timestamp(kept["end_us"]),
            "object_class": kept["object_class"],
            "action_labels": kept["action_labels"],
            "sound_effect_items": [self._effect(item) for item in kept["items"]],
            "avm_role": role.name.lower(),
            "avm_laid_by": _LAID_BY.get(role, "attack"),
            # An engine of before kept neither.
            "avm_reasons": kept.get("reasons", []),
            "avm_confidence": kept.get("confidence", 0.0),
            "avm_spot": kept.get("spot"),
            "avm_is_timed": kept.get("is_timed", False),
        }

    def _effect(self, kept: Json) -> Json:
        points = kept.get("points")
        points_as_text = (
            None if points is None else {name: format_timestamp(at) for name, at in points.items()}
        )
        return self._item(kept) | {"avm_points": points_as_text}

    def _music(self, kept: Json) -> Json:
        return self._item(kept) | {"avm_reasons": kept.get("reasons", [])}

    def _item(self, kept: Json) -> Json:
        return {
            "id": kept["id"],
            "price": self.locale.price(kept["price_twd"]),
            "duration": format_timestamp(kept["duration_us"]),
            "url": self.item_url(kept["id"], kept["suffix"]),
            "title": kept["title"],
            "is_bought": self.shop.is_bought(kept),
        }

    def _dialogue(self, kept: Json) -> Json:
        label = self.locale.say("noise reduced", "降噪")
        return {
            "id": kept["id"],
            "url": self._url("dialogue", kept["id"], "dialogue.wav"),
            "price": 0.0,
            "is_bought": False,
            "title": f"{kept['title']} ({label})",
        }

    def item_url(self, item_id: int, suffix: str) -> str:
        """Where a sound of the library can be downloaded, or its preview while it is not bought."""
        kind, name = self.shop.place(item_id, suffix)
        return self._url(kind, item_id, name)

    def _url(self, kind: str, number: int, name: str) -> str:
        place = f"{kind}/{number}/{name}"
        return f"{self.base_url}/media/{kind}/{number}/{self.store.signature(place)}/{name}"
