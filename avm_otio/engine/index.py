"""What is known of the sounds of a library, kept between runs: one SQLite file for each library.

Every sound is kept as soon as it is measured, so that an index that is stopped at any moment goes on from
there. Paths are kept as the bytes that they are: not every name is text.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avm_otio.errors import OutputError
from avm_otio.files import make_folder

_VERSION = 4
"""Counts up when something else is measured: then all is measured again."""

_PATIENCE_S = 30.0
"""How long another program may write."""

_TABLES = """
CREATE TABLE sounds (
    path BLOB PRIMARY KEY, size INTEGER, changed_ns INTEGER, facts TEXT, refused TEXT
) WITHOUT ROWID;
CREATE TABLE derived (name TEXT PRIMARY KEY, stamp TEXT, body BLOB);
CREATE TABLE state (generation INTEGER);
INSERT INTO state VALUES (0);
"""


def index_of(folder: Path, data_dir: Path) -> Path:
    """The file that keeps what is known of a library.

    Args:
        folder: The library.
        data_dir: Where the engine keeps its data.
    """
    key = hashlib.sha256(str(folder.absolute()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return data_dir / "libraries" / f"{key}.sqlite"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one file.

    Attributes:
        stamp: Its size, and when it was changed, in nanoseconds.
        facts: What was measured; ``None`` where it cannot be used.
        refused: Why it cannot be used; empty where it can.
    """

    stamp: tuple[int, int]
    facts: Mapping[str, Any] | None
    refused: str = ""


class Index:
    """The file, open; for one thread at a time. A context manager.

    Args:
        path: Made where it is missing, and made anew where it is another version's or damaged.
        tell: Told in a line where nothing can be kept.
    """

    def __init__(self, path: Path, tell: Callable[[str], None] = lambda note: None) -> None:
        self._lock = threading.Lock()
        try:
            make_folder(path.parent)
            self._base = self._opened(path)
        except (OutputError, sqlite3.Error) as error:
            tell(f"What is found out about the library cannot be kept in {path} ({error}).")
            self._base = self._opened(None)

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *_: object) -> None:
        self._base.close()

    def entries(self) -> dict[str, Entry]:
        """All that is known, by path."""
        rows = self._base.execute("SELECT path, size, changed_ns, facts, refused FROM sounds")
        return {
            os.fsdecode(path): Entry((size, changed_ns), json.loads(facts) if facts else None, refused)
            for path, size, changed_ns, facts, refused in rows
        }

    def stamps(self) -> dict[str, tuple[int, int]]:
        """Of which files something is known, and which state of theirs: quicker than all of it."""
        rows = self._base.execute("SELECT path, size, changed_ns FROM sounds")
        return {os.fsdecode(path): (size, changed_ns) for path, size, changed_ns in rows}

    def keep(self, path: str, entry: Entry) -> None:
        """Keep what is known of a file, at once; safe to call from any thread.

        Raises:
            OutputError: The disk is full.
        """
        facts = None if entry.facts is None else json.dumps(entry.facts, separators=(",", ":"))
        with self._lock, self._writing():
            self._base.execute(
                "INSERT OR REPLACE INTO sounds VALUES (?, ?, ?, ?, ?)",
                (os.fsencode(path), *entry.stamp, facts, entry.refused),
            )
            self._base.execute("UPDATE state SET generation = generation + 1")

    def forget(self, paths: Collection[str]) -> None:
        """Forget files that have gone."""
        if not paths:
            return
        with self._lock, self._writing():
            self._base.executemany(
                "DELETE FROM sounds WHERE path = ?", ((os.fsencode(path),) for path in paths)
            )
            self._base.execute("UPDATE state SET generation = generation + 1")

    def generation(self) -> int:
        """Counts up whenever something else is known."""
        number: int = self._base.execute("SELECT generation FROM state").fetchone()[0]
        return number

    def refused(self) -> dict[str, str]:
        """Which files cannot be used, and why."""
        rows = self._base.execute("SELECT path, refused FROM sounds WHERE refused != ''")
        return {os.fsdecode(path): reason for path, reason in rows}

    def entry(self, path: str) -> Entry | None:
        """What is known of one file, if anything."""
        row = self._base.execute(
            "SELECT size, changed_ns, facts, refused FROM sounds WHERE path = ?", (os.fsencode(path),)
        ).fetchone()
        if row is None:
            return None
        size, changed_ns, facts, refused = row
        return Entry((size, changed_ns), json.loads(facts) if facts else None, refused)

    def derived(self, name: str, stamp: str) -> bytes | None:
        """What was made of the index and kept; ``None`` where it was made of another state."""
        row = self._base.execute(
            "SELECT body FROM derived WHERE name = ? AND stamp = ?", (name, stamp)
        ).fetchone()
        return None if row is None else bytes(row[0])

    def keep_derived(self, name: str, stamp: str, body: bytes) -> None:
        """Keep something that is made of the index, instead of what was made before.

        Raises:
            OutputError: The disk is full.
        """
        with self._lock, self._writing():
            self._base.execute("INSERT OR REPLACE INTO derived VALUES (?, ?, ?)", (name, stamp, body))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with self._base:
                yield
        except sqlite3.Error as error:
            raise OutputError(
                f"The library's index cannot be written ({error}).", "Free some room."
            ) from error

    @staticmethod
    def _opened(path: Path | None) -> sqlite3.Connection:
        try:
            return _base(path)
        except sqlite3.DatabaseError as error:
            if path is None or isinstance(error, sqlite3.OperationalError):  # locked, unwritable: not damaged
                raise
            for name in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
                with suppress(OSError):
                    name.unlink()
            return _base(path)


def _base(path: Path | None) -> sqlite3.Connection:
    base = sqlite3.connect(path or ":memory:", timeout=_PATIENCE_S, check_same_thread=False)
    try:
        base.execute("PRAGMA journal_mode = WAL")
        base.execute("PRAGMA synchronous = NORMAL")
        with base:
            base.execute("BEGIN IMMEDIATE")
            if base.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
                for (table,) in base.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table'"
                ).fetchall():
                    base.execute(f'DROP TABLE "{table}"')
                for statement in filter(str.strip, _TABLES.split(";")):
                    base.execute(statement)
                base.execute(f"PRAGMA user_version = {_VERSION}")
    except BaseException:
        base.close()
        raise
    return base
