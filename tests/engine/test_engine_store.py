"""What the engine knows outlives it: films, sessions, the count of analyses, purchases."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from avm_otio.engine.decoding import FilmShape
from avm_otio.engine.store import Session, Store
from avm_otio.errors import OutputError
from avm_otio.services import FilmType

SHAPE = FilmShape(FilmType.AUDIO, Fraction(3), Fraction(0))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path)) as opened:
        yield opened


def sent(store: Store, name: str = "my cut.wav") -> int:
    upload = store.uploads / "coming"
    upload.write_bytes(b"sound")
    return store.add_film(upload, name, SHAPE).id


def test_all_of_it_is_there_for_the_next_engine(tmp_path: Path) -> None:
    with closing(Store(tmp_path)) as store:
        film = sent(store)
        session = store.add_session(film, {"notify_url": None}, ("music",))
        assert session is not None
        store.save(replace(session, results={"music": [{"id": 7}]}))
        store.buy([7])
    with closing(Store(tmp_path)) as store:
        kept = store.film(film)
        assert kept is not None
        assert (kept.title, kept.duration_us, store.film_path(kept).read_bytes()) == (
            "my cut",
            3_000_000,
            b"sound",
        )
        assert [each.results for each in store.sessions_of(film)] == [{"music": [{"id": 7}]}]
        assert store.unfinished() == []
        assert store.bought() == {7}
        assert sent(store) == film + 1


def test_ids_and_the_count_of_analyses_are_right_from_many_threads_of_two_engines(tmp_path: Path) -> None:
    with closing(Store(tmp_path)) as store, closing(Store(tmp_path)) as other:
        film = sent(store)
        with ThreadPoolExecutor(8) as threads:
            ask = [lambda each=each: each.add_session(film, {}, ("music",), 20) for each in (store, other)]
            begun = [session for session in threads.map(lambda at: ask[at % 2](), range(40)) if session]
        assert sorted(session.id for session in begun) == list(range(1, 21))
        assert store.unfinished() == list(range(1, 21))
        assert other.unfinished() == []  # one engine takes them up
    with closing(Store(tmp_path)) as store:
        assert store.add_session(film, {}, ("music",), 20) is None


def test_a_film_that_cannot_be_kept_is_no_film(store: Store) -> None:
    with pytest.raises(FileNotFoundError):
        store.add_film(store.uploads / "is not there", "x.mp4", SHAPE)
    assert store.film_ids() == []
    assert sent(store) == 1


_WRITES = """
import sys
from pathlib import Path
from avm_otio.engine.store import Store
store = Store(Path(sys.argv[1]))
print("ready", flush=True)
while True:
    session = store.add_session(1, {}, ("music",))
    print(session.id, flush=True)
"""


def test_what_was_answered_is_there_after_a_kill(tmp_path: Path) -> None:
    with closing(Store(tmp_path)) as store:
        sent(store)
    with subprocess.Popen(
        [sys.executable, "-c", _WRITES, tmp_path], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        answered = [writer.stdout.readline() for _ in range(6)]
        os.kill(writer.pid, signal.SIGKILL)
        answered += writer.stdout.read().splitlines()
    with closing(Store(tmp_path)) as store:
        assert [each.id for each in store.sessions_of(1)][: len(answered) - 1] == [
            int(each) for each in answered[1:]
        ]


def test_films_and_sessions_of_the_engine_before_are_taken_over(tmp_path: Path) -> None:
    film = {
        "id": 4,
        "title": "cut",
        "filename": "cut.mp4",
        "created_at": "2026-01-01T00:00:00+00:00",
        "expires_at": "2026-02-01T00:00:00+00:00",
        "duration_us": 5,
        "type": "audio",
        "media": "film.mp4",
    }
    session = {
        "id": 9,
        "film_id": 4,
        "request": {},
        "results": {"music": []},
        "failure": "",
        "notified": False,
    }
    for name, kept in (("films/4/film.json", film), ("sessions/9/session.json", session)):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(json.dumps(kept))
    (tmp_path / "films/5").mkdir()
    (tmp_path / "films/5/film.json").write_text("{")
    with closing(Store(tmp_path)) as store:
        assert store.film_ids() == [4]
        assert store.sessions_of(4) == [Session(9, 4, {}, {"music": []})]
        assert sent(store) == 6  # 5 cannot be read, and keeps its folder
        assert store.add_session(4, {}, ("music",)) == Session(10, 4, {}, {"music": None})


@pytest.mark.parametrize("content", [b"no database" * 500, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_damaged_memory_is_refused_in_words(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "engine.sqlite").write_bytes(content)
    with pytest.raises(OutputError, match=r"engine\.sqlite.*move it away"):
        Store(tmp_path)
    assert (tmp_path / "engine.sqlite").read_bytes() == content


def test_the_memory_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    Store(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "engine.sqlite")) as base:
        base.execute("PRAGMA user_version = 99")
    with pytest.raises(OutputError, match="newer version") as failed:
        Store(tmp_path)
    assert "move it away" not in str(failed.value)
