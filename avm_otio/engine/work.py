"""Carrying out sessions: a few threads that look at films and store what they find."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from avm_otio.engine.answers import Answers, Json, kept_effects, kept_music, price_twd
from avm_otio.engine.decoding import FilmShape
from avm_otio.engine.film_reading import (
    Here,
    Reader,
    Task,
    Values,
    picture_of,
    shape_of,
    sightings_of,
    sound_of,
    speech_of,
)
from avm_otio.engine.imagenet import weights_path
from avm_otio.engine.library import Library, LibraryItem
from avm_otio.engine.music_choice import MusicWish, rank_music
from avm_otio.engine.requests import Language, Locale, ServiceCall
from avm_otio.engine.shop import Shop
from avm_otio.engine.spotting import AskedSpot, EffectWish, spot_effects
from avm_otio.engine.store import Session, Store, StoredFilm
from avm_otio.engine.traits import FilmTraits, PictureTraits, Sighting, Span
from avm_otio.errors import AvmError, DownloadError
from avm_otio.media.untrusted import Asker, FetchLimits
from avm_otio.retry import PassingFault
from avm_otio.services import DENOISE, EFFECTS, MUSIC, FilmType

_THREADS = 2
_NOTIFY_PAUSES_S = (1.0, 4.0)
_NOTIFY_LIMITS = FetchLimits(connect_s=10.0, read_s=10.0, slow_s=10.0)


class _Stopped(BaseException):
    """The engine closes: leave the session as it is, for the next start."""


class Work:
    """The engine's threads.

    Args:
        store: Where sessions lie and results go.
        library: The sounds to choose from.
        shop: What of it is bought.
        base_url: The engine's own address, for notifications.
        tell: Told in a line, by whichever thread, what the user should know.
        vision_model: The folder of a model that says what is in the picture; the installed one by default.
        reader: Reads films; here by default.
        may_read: Whether a piece that is named as a file may lie anywhere on this machine.
    """

    def __init__(
        self,
        store: Store,
        library: Library,
        shop: Shop,
        base_url: str,
        tell: Callable[[str], None] = lambda note: None,
        vision_model: Path | None = None,
        reader: Reader | None = None,
        *,
        may_read: bool = False,
    ) -> None:
        self._reader = reader or Here()
        self._may_read = may_read
        self._vision_model = vision_model
        self._store = store
        self._library = library
        self._shop = shop
        self._base_url = base_url
        self._tell = tell
        # As little trusted as any address from outside.
        self._asker = Asker("notify_url", urlsplit(base_url).hostname or "", _NOTIFY_LIMITS)
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="engine")

    def take_up(self, session_id: int) -> None:
        """Carry out a session as soon as a thread is free."""
        self._pool.submit(self._carry_out, session_id)

    def may_notify(self, url: str) -> bool:
        """Whether a ``notify_url`` is one that is posted to, as far as its text tells."""
        try:
            self._asker.check(url)
        except DownloadError:
            return False
        return True

    def shape(self, film: Path) -> FilmShape:
        """What kind of film a file is.

        Raises:
            MediaError: It cannot be read, is one image, or has no length.
        """
        (found,) = self._reader.read([Task("shape", film, {})], self._check)
        return shape_of(found)

    def close(self) -> None:
        """Break off what runs, and wait until it has."""
        self._stopping.set()
        self._reader.close()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _check(self) -> None:
        if self._stopping.is_set():
            raise _Stopped

    def _carry_out(self, session_id: int) -> None:
        session = self._store.session(session_id)
        film = None if session is None else self._store.film(session.film_id)
        if session is None or film is None:
            return
        try:
            try:
                session = self._analysed(session, film)
            except AvmError as error:
                session = self._saved(replace(session, failure=str(error)))
            except Exception as error:
                # Whatever it was, the caller must not wait for ever.
                failure = f"The analysis failed ({type(error).__name__}). Send another film."
                session = self._saved(replace(session, failure=failure))
            if not session.is_finished:
                self._notify(session)
                self._saved(replace(session, notified=True))
        except _Stopped:
            return

    def _saved(self, session: Session) -> Session:
        self._store.save(session)
        return session

    def _analysed(self, session: Session, film: StoredFilm) -> Session:
        analysis = _Analysis(
            self._store,
            self._library,
            session,
            film,
            self._check,
            self._tell,
            self._vision_model,
            self._reader,
            may_read=self._may_read,
        )
        for key in [key for key, found in session.results.items() if found is None]:
            self._check()
            found = analysis.finders[key]()
            session = self._saved(replace(session, results={**session.results, key: found}))
        return session

    def _notify(self, session: Session) -> None:
        """Post the result to ``notify_url``, a few times if need be; that it does not arrive is told only."""
        url = session.request["notify_url"]
        locale = Locale(Language(session.request["language"]), session.request["currency"])
        body = Answers(self._store, self._shop, self._base_url, locale).result(session)
        reason = ""
        for pause_s in (*_NOTIFY_PAUSES_S, 0.0):
            self._check()
            try:
                if self._asker.post(url, json.dumps(body).encode()):
                    return
                reason = "notify_url: it did not take it."
            except PassingFault as fault:
                reason = fault.error.what
            except DownloadError as error:  # an address that nothing of ours goes to
                reason = error.what
                break
            self._stopping.wait(pause_s)
        self._tell(f"The notification of session {session.id} did not arrive. {reason}")


class _Analysis:
    """What the services find in one film; the film and the library are looked at once.

    Args:
        store: Where the film lies.
        library: The sounds to choose from.
        session: What is asked for.
        film: The film.
        check: Called now and then; breaks off where the engine closes.
        tell: Told in a line what could not be heeded.
        vision_model: The folder of a model that says what is in the picture.
        reader: Reads the film.
        may_read: Whether a piece that is named as a file may lie anywhere on this machine.
    """

    def __init__(
        self,
        store: Store,
        library: Library,
        session: Session,
        film: StoredFilm,
        check: Callable[[], None],
        tell: Callable[[str], None],
        vision_model: Path | None,
        reader: Reader,
        *,
        may_read: bool,
    ) -> None:
        self._vision_model = vision_model
        self._reader = reader
        self._tell = tell
        self._may_read = may_read
        self._store = store
        self._library = library
        self._session_id = session.id
        self._film = film
        self._check = check
        self._call = ServiceCall(**session.request)
        self._effects_asked = EFFECTS.request_key in session.results
        self.finders = {
            MUSIC.request_key: self._music,
            EFFECTS.request_key: self._effects,
            DENOISE.request_key: self._dialogue,
        }

    @cached_property
    def _traits(self) -> FilmTraits:
        """What the film is like; where people speak, if effects are asked for."""
        tasks = ["sound"] if self._film.type == FilmType.AUDIO else ["picture", "sound"]
        tasks += ["speech"] if self._effects_asked else []
        found = dict(zip(tasks, self._read(*tasks), strict=True))
        return FilmTraits(
            self._film.duration_us,
            picture_of(found["picture"]) if "picture" in found else PictureTraits(),
            sound_of(found["sound"]),
            speech_of(found["speech"]) if "speech" in found else (),
        )

    def _read(self, *tasks: str, **more: Any) -> list[Values]:
        """What comes of tasks that need the film decoded."""
        film = self._store.film_path(self._film)
        return self._reader.read([Task(task, film, more) for task in tasks], self._check)

    @cached_property
    def _items(self) -> Sequence[LibraryItem]:
        return self._library.items(self._check)

    def _music(self) -> list[Json]:
        asked = self._call.music or {}
        locale = Locale(Language(self._call.language), self._call.currency)
        affordable = [
            item
            for item in self._items
            if asked["budget_min"] <= locale.price(price_twd(item.id, item.kind)) <= asked["budget_max"]
        ]
        tastes = MusicWish(
            asked["text"],
            asked["bpm"],
            tuple(asked["genres"]),
            tuple(asked["instruments"]),
            self._likeness(asked["ref_music"]),
        )
        return kept_music(rank_music(self._traits, affordable, tastes), not self._library.is_starter)

    def _likeness(self, named: str) -> Mapping[int, float]:
        """How like a piece that was named each sound is: a file, where the engine may read it."""
        if not named:
            return {}
        try:
            return self._library.likeness(named, may_read=self._may_read, check=self._check)
        except AvmError as error:
            self._tell(f"ref_music is not heeded: {error.what}")
            return {}

    def _effects(self) -> list[Json]:
        film = replace(self._traits, seen=self._seen())
        within = Span(self._call.start_us, self._call.end_us)
        spots = tuple(AskedSpot(**spot) for spot in self._call.spots)
        wish = EffectWish(self._call.density, self._call.words, spots)
        cues = spot_effects(film, self._items, within, wish)
        return kept_effects(cues, {item.id: item for item in self._items}, not self._library.is_starter)

    def _seen(self) -> tuple[Sighting, ...]:
        """What a model sees in each shot, where one is installed."""
        if self._film.type == FilmType.AUDIO:
            return ()
        if self._vision_model is None and weights_path() is None:
            return ()
        edges_us = [0, *(cut.at_us for cut in self._traits.picture.cuts), self._film.duration_us]
        folder = None if self._vision_model is None else str(self._vision_model)
        (found,) = self._read("seen", edges_us=edges_us, vision_model=folder)
        return sightings_of(found)

    def _dialogue(self) -> list[Json]:
        path = self._store.dialogue_path(self._session_id)
        self._read("denoise", to=str(path))
        return [{"id": self._session_id, "title": self._film.title}]
