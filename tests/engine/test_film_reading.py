from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from avm_otio.engine import film_reading
from avm_otio.engine.film_reading import Apart, Here, Task, picture_of, sound_of, speech_of
from avm_otio.engine.programs import Answer, Program
from avm_otio.engine.server import running
from avm_otio.errors import MediaError
from tests.engine.engine_films import clicks, make_film, speech_like, write_wav

HEADERS = {"authorization": "Token any", "accept-language": "en", "avma-currency": "usd"}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_film(
        tmp_path_factory.mktemp("films") / "cut.mp4", frames=96, cuts=(40,), sound=speech_like(4)
    )


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    write_wav(folder / "effects" / "Whoosh.wav", clicks(0.4, [100]))
    write_wav(folder / "effects" / "Deep Impact.wav", clicks(0.4, [100]))
    return folder


def tasks(film: Path) -> list[Task]:
    return [Task(what, film, {}) for what in ("picture", "sound", "speech")]


def unasked() -> None:
    return None


def test_a_film_read_apart_is_what_it_is_here(film: Path) -> None:
    here, apart = Here().read(tasks(film), unasked), Apart().read(tasks(film), unasked)
    assert picture_of(apart[0]) == picture_of(here[0])
    assert [cut.at_us for cut in picture_of(here[0]).cuts] == [round(40 * 1001 / 24_000 * 1_000_000)]
    assert sound_of(apart[1]) == sound_of(here[1])
    assert speech_of(apart[2]) == speech_of(here[2])


def test_what_cannot_be_read_is_refused_in_the_same_words(tmp_path: Path) -> None:
    broken = tmp_path / "film.mp4"
    broken.write_bytes(b"no film")
    reasons = []
    for reader in (Here(), Apart()):
        with pytest.raises(MediaError) as refused:
            reader.read([Task("shape", broken, {})], unasked)
        reasons.append(str(refused.value))
        reader.close()
    assert reasons[0] == reasons[1]


def test_many_films_that_come_at_once_are_looked_at_by_few_programs(film: Path) -> None:
    reader = Apart()
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(reader.read, [Task("shape", film, {})], unasked) for _ in range(8)]
        assert len({str(each.result()) for each in asked}) == 1
    assert reader._idle.qsize() <= 2
    reader.close()


def test_a_reader_that_is_killed_is_started_once_more(film: Path) -> None:
    reader = Apart()
    killed: list[int] = []

    def kill_once() -> None:
        while not killed:
            for program in tuple(reader._running):
                process = program._running
                if process is not None and not killed:
                    os.kill(process.pid, signal.SIGKILL)
                    killed.append(process.pid)

    thread = threading.Thread(target=kill_once)
    thread.start()
    (found,) = reader.read([Task("picture", film, {})], unasked)
    thread.join()
    assert len(picture_of(found).cuts) == 1
    assert len(killed) == 1


@pytest.fixture
def base_url(tmp_path: Path, library: Path) -> Iterator[str]:
    with running(data_dir=tmp_path / "data", library=library, apart=True) as url:
        yield url


def result_of(url: str, film: Path) -> dict[str, Any]:
    """What the engine answers of a film's effects, once it is done."""
    with film.open("rb") as file:
        sent = httpx.post(f"{url}/film/", headers=HEADERS, files={"file": ("cut.mp4", file)}, timeout=60)
    body = {"license": {"range": [1], "duration": 1, "usage_platforms": [1]}, "sound_effect_service": {}}
    asked = httpx.post(f"{url}/film/{sent.json()['id']}/service/", headers=HEADERS, json=body, timeout=60)
    address = f"{url}/film/{sent.json()['id']}/service/{asked.json()['session_id']}/"
    waiting = threading.Event()
    for _ in range(600):
        found: dict[str, Any] = httpx.get(address, headers=HEADERS, timeout=60).json()
        if found["is_done"]:
            return found
        waiting.wait(0.1)
    raise AssertionError(f"never done: {found}")


def test_the_engine_reads_no_film_itself(base_url: str, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("read in the engine's own process")

    monkeypatch.setattr(film_reading, "TASKS", dict.fromkeys(film_reading.TASKS, never))
    assert result_of(base_url, film)["sound_effect_service"]["sound_effects"]


def test_a_film_that_ends_its_reader_is_reported_and_the_engine_goes_on(
    base_url: str, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Program.asked

    def deadly(self: Program, question: dict[str, str]) -> Answer | None:
        if question["what"] == "picture":
            self.__exit__()
            return None
        return real(self, question)

    monkeypatch.setattr(Program, "asked", deadly)
    found = result_of(base_url, film)
    assert found["sound_effect_service"]["sound_effects"] == []
    assert "ended the program that reads it" in str(found["message"])
    monkeypatch.setattr(Program, "asked", real)
    assert result_of(base_url, film)["sound_effect_service"]["sound_effects"]


def test_an_engine_that_closes_while_a_film_is_read_takes_it_up_again(
    tmp_path: Path, library: Path, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()
    real = Program.asked

    def slow(self: Program, question: dict[str, str]) -> Answer | None:
        if question["what"] != "shape":
            begun.set()
            self.__exit__()
            threading.Event().wait(0.2)
            return None
        return real(self, question)

    monkeypatch.setattr(Program, "asked", slow)
    with running(data_dir=tmp_path / "data", library=library, apart=True) as url:
        with film.open("rb") as file:
            httpx.post(f"{url}/film/", headers=HEADERS, files={"file": ("cut.mp4", file)}, timeout=60)
        body = {"license": {"range": [1], "duration": 1, "usage_platforms": [1]}, "sound_effect_service": {}}
        httpx.post(f"{url}/film/1/service/", headers=HEADERS, json=body, timeout=60)
        assert begun.wait(60)
    monkeypatch.setattr(Program, "asked", real)
    with running(data_dir=tmp_path / "data", library=library, apart=True) as url:
        waiting = threading.Event()
        for _ in range(600):
            found = httpx.get(f"{url}/film/1/service/1/", headers=HEADERS, timeout=60).json()
            if found["is_done"]:
                break
            waiting.wait(0.1)
        assert found["sound_effect_service"]["sound_effects"]
