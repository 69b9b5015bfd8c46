"""Films, sessions, results and purchases: what is known in one SQLite file, media beside it.

::

    engine.sqlite            films, sessions with their results, what was bought
    films/7/film.mp4         film 7 as it was uploaded
    sessions/9/dialogue.wav  a film's sound with its noise reduced, by session 9

Ids only grow. Whatever is kept is on the disk before anybody is answered, so that an engine that is killed at
any moment goes on from there. Two engines may share a folder.
"""

from __future__ import annotations

import hmac
import json
import os
import re
import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import filelock

from avm_otio.engine.decoding import FilmShape
from avm_otio.errors import OutputError
from avm_otio.files import make_folder
from avm_otio.timeline.time import to_micros

KEPT_FOR = timedelta(days=30)
"""How long a film is active."""

_SAFE_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}")

_VERSION = 1
_PATIENCE_S = 30.0
"""How long another engine may write."""

_TABLES = (
    "CREATE TABLE films (id INTEGER PRIMARY KEY AUTOINCREMENT, kept TEXT NOT NULL)",
    "CREATE TABLE sessions (id INTEGER PRIMARY KEY AUTOINCREMENT, film_id INTEGER NOT NULL, "
    "is_finished INTEGER NOT NULL, kept TEXT NOT NULL)",
    "CREATE INDEX sessions_of_film ON sessions (film_id)",
    "CREATE TABLE bought (item_id INTEGER PRIMARY KEY, bought_at TEXT NOT NULL)",
)


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
    """The engine's memory; safe to use from any thread.

    Args:
        folder: Where it lies; made if need be.

    Raises:
        OutputError: The folder cannot be made or written, or what is known in it is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._films = make_folder(folder / "films")
        self._sessions = make_folder(folder / "sessions")
        self.uploads = make_folder(folder / "uploads")
        self.previews = make_folder(folder / "previews")
        self._secret = _secret(folder / "secret.key")
        self._lock = filelock.FileLock(folder / "lock", thread_local=False, fallback_to_soft=False)
        self._turn = threading.RLock()
        path = folder / "engine.sqlite"
        try:
            self._base = _opened(path, folder)
        except sqlite3.Error as error:
            raise OutputError(
                f"The engine's memory {path} cannot be used: {error}.", _way_out(error)
            ) from error

    def close(self) -> None:
        """Let another engine take up unfinished sessions."""
        self._lock.release()
        with self._turn:
            self._base.close()

    def signature(self, place: str) -> str:
        """What must stand in the address of a download so that nobody can guess it."""
        return hmac.new(self._secret, place.encode(), "sha256").hexdigest()[:40]

    def add_film(self, upload: Path, filename: str, shape: FilmShape) -> StoredFilm:
        """Take over an uploaded file as a new film."""
        created = datetime.now(UTC).astimezone()
        suffix = Path(filename).suffix
        media = f"film{suffix if _SAFE_SUFFIX.fullmatch(suffix) else ''}"
        with self._writing() as base:
            number = _new_id(base.execute("INSERT INTO films (kept) VALUES ('')"))
            film = StoredFilm(
                id=number,
                title=Path(filename.replace("\\", "/")).stem or str(number),
                filename=filename,
                created_at=created.isoformat(timespec="microseconds"),
                expires_at=(created + KEPT_FOR).isoformat(timespec="microseconds"),
                duration_us=to_micros(shape.duration),
                type=shape.type,
                media=media,
            )
            base.execute("UPDATE films SET kept = ? WHERE id = ?", (_text(film), number))
            # Before anybody hears of it: a film that is known has its file.
            upload.replace(make_folder(self._films / str(number)) / media)
        return film

    def film(self, film_id: int) -> StoredFilm | None:
        """A film; ``None`` where there is none of that id."""
        rows = self._rows("SELECT kept FROM films WHERE id = ?", film_id)
        return StoredFilm(**json.loads(rows[0][0])) if rows else None

    def film_ids(self) -> list[int]:
        """All films, newest first."""
        return [number for (number,) in self._rows("SELECT id FROM films ORDER BY id DESC")]

    def film_path(self, film: StoredFilm) -> Path:
        """The file of a film."""
        return self._films / str(film.id) / film.media

    def add_session(
        self, film_id: int, request: Mapping[str, Any], services: tuple[str, ...], most: int | None = None
    ) -> Session | None:
        """Begin a session.

        Args:
            film_id: The film that it is about.
            request: What is asked for.
            services: The keys of the services that are asked for.
            most: How many sessions there may be in all; ``None`` for no limit.

        Returns:
            ``None`` where there are that many.
        """
        with self._writing() as base:
            if most is not None and base.execute("SELECT COUNT(*) FROM sessions").fetchone()[0] >= most:
                return None
            added = base.execute(
                "INSERT INTO sessions (film_id, is_finished, kept) VALUES (?, 0, '')", (film_id,)
            )
            session = Session(_new_id(added), film_id, request, dict.fromkeys(services))
            self.save(session)
        return session

    def save(self, session: Session) -> None:
        """Keep what a session has come to."""
        with self._writing() as base:
            base.execute(
                "UPDATE sessions SET kept = ?, is_finished = ? WHERE id = ?",
                (_text(session), session.is_finished, session.id),
            )

    def session(self, session_id: int) -> Session | None:
        """A session; ``None`` where there is none of that id."""
        rows = self._rows("SELECT kept FROM sessions WHERE id = ?", session_id)
        return Session(**json.loads(rows[0][0])) if rows else None

    def sessions_of(self, film_id: int) -> list[Session]:
        """The sessions of a film, oldest first."""
        rows = self._rows("SELECT kept FROM sessions WHERE film_id = ? ORDER BY id", film_id)
        return [Session(**json.loads(kept)) for (kept,) in rows]

    def sessions(self) -> Iterator[Session]:
        """All sessions, newest first."""
        for (number,) in self._rows("SELECT id FROM sessions ORDER BY id DESC"):
            session = self.session(number)
            if session is not None:
                yield session

    def dialogue_path(self, session_id: int) -> Path:
        """Where the noise-reduced sound of a session lies, once its folder is made."""
        return self._sessions / str(session_id) / "dialogue.wav"

    def unfinished(self) -> list[int]:
        """Sessions that an engine left behind, oldest first; none while another engine is at work here."""
        try:
            self._lock.acquire(timeout=0)
        except (OSError, filelock.Timeout):
            return []
        return [
            number for (number,) in self._rows("SELECT id FROM sessions WHERE NOT is_finished ORDER BY id")
        ]

    def forget_expired(self) -> None:
        """Delete the files of films that are active no longer; what was found in them stays."""
        now = datetime.now(UTC)
        for film_id in self.film_ids():
            film = self.film(film_id)
            if film is not None and datetime.fromisoformat(film.expires_at) < now:
                self.film_path(film).unlink(missing_ok=True)
                for session in self.sessions_of(film_id):
                    self.dialogue_path(session.id).unlink(missing_ok=True)

    def bought(self) -> frozenset[int]:
        """The items that were bought."""
        return frozenset(number for (number,) in self._rows("SELECT item_id FROM bought"))

    def buy(self, item_ids: Iterable[int]) -> None:
        """Buy items, all of them or none; once is enough."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._writing() as base:
            base.executemany("INSERT OR IGNORE INTO bought VALUES (?, ?)", ((each, now) for each in item_ids))

    def _rows(self, question: str, *values: object) -> list[Any]:
        with self._turn:
            return self._base.execute(question, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """All of it is kept, or nothing; within another, as a part of that."""
        with self._turn:
            if self._base.in_transaction:
                yield self._base
                return
            with self._base:
                self._base.execute("BEGIN IMMEDIATE")
                yield self._base


class _NewerError(sqlite3.Error):
    """The file is a later version's."""


def _way_out(error: sqlite3.Error) -> str:
    """What to do where the file cannot be opened."""
    if isinstance(error, _NewerError):
        return "Use that version, or another folder."
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    ways = {
        sqlite3.SQLITE_CORRUPT: "It is damaged: move it away. Films have to be sent again.",
        sqlite3.SQLITE_NOTADB: "It is damaged: move it away. Films have to be sent again.",
        sqlite3.SQLITE_BUSY: "Another engine is writing to it: try again.",
        sqlite3.SQLITE_LOCKED: "Another engine is writing to it: try again.",
        sqlite3.SQLITE_FULL: "Free some room.",
    }
    return ways.get(code, "Check that the folder lies on a disk of this machine and can be written.")


def _opened(path: Path, folder: Path) -> sqlite3.Connection:
    """The file, open; made where it is missing, of the JSON files that an engine of before left."""
    base = sqlite3.connect(path, timeout=_PATIENCE_S, check_same_thread=False)
    try:
        base.execute("PRAGMA journal_mode = WAL")
        base.execute("PRAGMA synchronous = FULL")  # whoever was answered must find it again after a power cut
        with base:
            base.execute("BEGIN IMMEDIATE")
            version = base.execute("PRAGMA user_version").fetchone()[0]
            if version > _VERSION:
                raise _NewerError("a newer version of this program made it")
            if version == 0:
                for table in _TABLES:
                    base.execute(table)
                _adopt(base, folder)
                base.execute(f"PRAGMA user_version = {_VERSION}")
    except BaseException:
        base.close()
        raise
    return base


def _adopt(base: sqlite3.Connection, folder: Path) -> None:
    """Take over films and sessions of the engine that kept each in a JSON file of its own."""
    for path in folder.glob("films/*/film.json"):
        film = _read(path, StoredFilm)
        if film is not None:
            base.execute("INSERT OR IGNORE INTO films VALUES (?, ?)", (film.id, _text(film)))
    for path in folder.glob("sessions/*/session.json"):
        session = _read(path, Session)
        if session is not None:
            row = (session.id, session.film_id, session.is_finished, _text(session))
            base.execute("INSERT OR IGNORE INTO sessions VALUES (?, ?, ?, ?)", row)
    for table in ("films", "sessions"):  # what cannot be read keeps its id, and its files
        taken = [int(path.name) for path in (folder / table).iterdir() if path.name.isdecimal()]
        base.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
        base.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (table, max(taken, default=0)))


_Kept = TypeVar("_Kept", StoredFilm, Session)


def _read(path: Path, kind: type[_Kept]) -> _Kept | None:
    """What a JSON file of before holds; ``None`` where it is no such thing."""
    with suppress(OSError, ValueError, TypeError):
        saved = json.loads(path.read_text(encoding="utf-8"))
        return kind(**{field.name: saved[field.name] for field in fields(kind) if field.name in saved})
    return None


def _text(kept: StoredFilm | Session) -> str:
    return json.dumps(asdict(kept), ensure_ascii=False)


def _new_id(added: sqlite3.Cursor) -> int:
    assert added.lastrowid is not None
    return added.lastrowid


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
