"""Films, sessions and results on disk: one folder each, JSON that appears whole, ids that only grow.

::

    films/7/film.json        what it is        films/7/film.mp4        as it was uploaded
    films/7/sessions/9       marks that session 9 is about film 7
    sessions/9/session.json  request and result so far
    sessions/9/dialogue.wav  the film's sound with its noise reduced

Two engines may share a folder: an id is taken by making its folder, which only one can.
"""

from __future__ import annotations

import hmac
import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import filelock

from avm_otio.engine.decoding import FilmShape
from avm_otio.files import make_folder, write_text
from avm_otio.timeline.time import to_micros

KEPT_FOR = timedelta(days=30)
"""How long a film is active."""

_SAFE_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}")


@dataclass(frozen=True, slots=True)
class StoredFilm:
    """A film as it was uploaded. Times of day are ISO 8601 with offset; ``media`` is its file's name."""

    id: int
    title: str
    filename: str
    created_at: str
    expires_at: str
    duration_us: int
    type: str
    media: str


@dataclass(frozen=True, slots=True)
class Session:
    """One call of the film service.

    Attributes:
        id: Its id.
        film_id: The film that it is about.
        request: What was asked for, checked; see ``requests.ServiceCall``.
        results: For each service that was asked for, what was found; ``None`` while it is not done.
        failure: Why the analysis broke off; empty where it did not.
        notified: Whether the result was posted to ``notify_url``, or posting was given up.
    """

    id: int
    film_id: int
    request: Mapping[str, Any]
    results: Mapping[str, Any]
    failure: str = ""
    notified: bool = False

    @property
    def is_done(self) -> bool:
        """Whether nothing more will be found."""
        return bool(self.failure) or all(result is not None for result in self.results.values())

    @property
    def is_finished(self) -> bool:
        """Whether there is nothing left to do, notification included."""
        return self.is_done and (self.notified or not self.request.get("notify_url"))


class Store:
    """The engine's memory.

    Args:
        folder: Where it lies; made if need be.

    Raises:
        OutputError: The folder cannot be made or written.
    """

    def __init__(self, folder: Path) -> None:
        self._films = make_folder(folder / "films")
        self._sessions = make_folder(folder / "sessions")
        self.uploads = make_folder(folder / "uploads")
        self._secret = _secret(folder / "secret.key")
        self._lock = filelock.FileLock(folder / "lock", thread_local=False, fallback_to_soft=False)

    def close(self) -> None:
        """Let another engine take up unfinished sessions."""
        self._lock.release()

    def signature(self, place: str) -> str:
        """What must stand in the address of a download so that nobody can guess it."""
        return hmac.new(self._secret, place.encode(), "sha256").hexdigest()[:40]

    def add_film(self, upload: Path, filename: str, shape: FilmShape) -> StoredFilm:
        """Take over an uploaded file as a new film."""
        created = datetime.now(UTC).astimezone()
        folder = _next_folder(self._films)
        suffix = Path(filename).suffix
        film = StoredFilm(
            id=int(folder.name),
            title=Path(filename.replace("\\", "/")).stem or folder.name,
            filename=filename,
            created_at=created.isoformat(timespec="microseconds"),
            expires_at=(created + KEPT_FOR).isoformat(timespec="microseconds"),
            duration_us=to_micros(shape.duration),
            type=shape.type,
            media=f"film{suffix if _SAFE_SUFFIX.fullmatch(suffix) else ''}",
        )
        upload.replace(folder / film.media)
        write_text(folder / "film.json", json.dumps(asdict(film), ensure_ascii=False))
        return film

    def film(self, film_id: int) -> StoredFilm | None:
        """A film; ``None`` where there is none of that id."""
        saved = _read(self._films / str(film_id) / "film.json")
        return None if saved is None else StoredFilm(**saved)

    def film_ids(self) -> list[int]:
        """All films, newest first."""
        return [
            number for number in _numbers(self._films) if (self._films / str(number) / "film.json").exists()
        ]

    def film_path(self, film: StoredFilm) -> Path:
        """The file of a film."""
        return self._films / str(film.id) / film.media

    def add_session(self, film_id: int, request: Mapping[str, Any], services: tuple[str, ...]) -> Session:
        """Begin a session."""
        folder = _next_folder(self._sessions)
        session = Session(int(folder.name), film_id, request, dict.fromkeys(services))
        self.save(session)
        make_folder(self._films / str(film_id) / "sessions" / folder.name)
        return session

    def save(self, session: Session) -> None:
        """Keep what a session has come to."""
        path = self._sessions / str(session.id) / "session.json"
        write_text(path, json.dumps(asdict(session), ensure_ascii=False))

    def session(self, session_id: int) -> Session | None:
        """A session; ``None`` where there is none of that id."""
        saved = _read(self._sessions / str(session_id) / "session.json")
        return None if saved is None else Session(**saved)

    def sessions_of(self, film_id: int) -> list[Session]:
        """The sessions of a film, oldest first."""
        numbers = _numbers(self._films / str(film_id) / "sessions")
        return [session for number in reversed(numbers) if (session := self.session(number)) is not None]

    def dialogue_path(self, session_id: int) -> Path:
        """Where the noise-reduced sound of a session lies."""
        return self._sessions / str(session_id) / "dialogue.wav"

    def unfinished(self) -> list[int]:
        """Sessions that an engine left behind, oldest first; none while another engine is at work here."""
        try:
            self._lock.acquire(timeout=0)
        except (OSError, filelock.Timeout):
            return []
        sessions = (self.session(number) for number in reversed(_numbers(self._sessions)))
        return [session.id for session in sessions if session is not None and not session.is_finished]

    def forget_expired(self) -> None:
        """Delete the files of films that are active no longer; what was found in them stays."""
        now = datetime.now(UTC)
        for film_id in self.film_ids():
            film = self.film(film_id)
            if film is not None and datetime.fromisoformat(film.expires_at) < now:
                self.film_path(film).unlink(missing_ok=True)
                for session in self.sessions_of(film_id):
                    self.dialogue_path(session.id).unlink(missing_ok=True)


def _secret(path: Path) -> bytes:
    """The key that signs addresses; made once, by whoever comes first."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        pass
    else:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(32))
    return path.read_bytes()


def _numbers(folder: Path) -> list[int]:
    if not folder.is_dir():
        return []
    return sorted((int(entry.name) for entry in folder.iterdir() if entry.name.isdecimal()), reverse=True)


def _next_folder(parent: Path) -> Path:
    number = next(iter(_numbers(parent)), 0) + 1
    while True:
        try:
            (parent / str(number)).mkdir()
        except FileExistsError:
            number += 1
        else:
            return parent / str(number)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return saved if isinstance(saved, dict) else None
