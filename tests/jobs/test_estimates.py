from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from avm_otio.jobs.estimates import estimate, remember

LENGTHS_S = st.floats(0.1, 36_000)
# Each example writes its cache anew.
KEEPING = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)


def cache_of(folder: Path, *waits: tuple[float, float], service: str = "here") -> Path:
    """A new cache in which these waits are remembered."""
    cache = folder / str(len(list(folder.iterdir())))
    for film_s, waited_s in waits:
        remember(cache, service, film_s, waited_s)
    return cache


def test_nothing_is_known_at_first(tmp_path: Path) -> None:
    assert estimate(tmp_path / "cache", "here", 60) is None


@KEEPING
@given(pace=st.floats(0.01, 10), lengths_s=st.lists(LENGTHS_S, min_size=1, max_size=12), film_s=LENGTHS_S)
def test_a_service_that_keeps_its_pace_is_foretold(
    tmp_path: Path, pace: float, lengths_s: list[float], film_s: float
) -> None:
    cache = cache_of(tmp_path, *((length_s, pace * length_s) for length_s in lengths_s))
    assert estimate(cache, "here", film_s) == pytest.approx(pace * film_s)


@KEEPING
@given(waits=st.lists(st.tuples(LENGTHS_S, st.floats(0, 7200)), min_size=1, max_size=12), film_s=LENGTHS_S)
def test_an_estimate_lies_within_what_was_seen(
    tmp_path: Path, waits: list[tuple[float, float]], film_s: float
) -> None:
    paces = [waited_s / length_s for length_s, waited_s in waits]
    found = estimate(cache_of(tmp_path, *waits), "here", film_s)
    assert found is not None
    assert min(paces) * film_s * (1 - 1e-9) <= found <= max(paces) * film_s * (1 + 1e-9)


def test_one_slow_night_does_not_spoil_it(tmp_path: Path) -> None:
    cache = cache_of(tmp_path, *[(60, 30)] * 5, (60, 7200), (60, 7200))
    assert estimate(cache, "here", 60) == 30


def test_films_of_like_length_count(tmp_path: Path) -> None:
    # Short films wait for a place in the queue, so that their pace is no measure for long ones.
    cache = cache_of(tmp_path, *[(10, 100)] * 20, *[(3600, 1800)] * 9)
    assert estimate(cache, "here", 7200) == 3600
    assert estimate(cache, "here", 8) == 80


def test_old_waits_are_forgotten(tmp_path: Path) -> None:
    cache = cache_of(tmp_path, *[(60, 600)] * 30, *[(60, 30)] * 50)
    assert estimate(cache, "here", 60) == 30
    (file,) = cache.iterdir()
    assert len(json.loads(file.read_text())["here"]) == 50


def test_services_are_apart(tmp_path: Path) -> None:
    cache = cache_of(tmp_path, (60, 30))
    remember(cache, "there", 60, 90)
    assert (estimate(cache, "here", 60), estimate(cache, "there", 60)) == (30, 90)


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"3",
        b'{"here": 3}',
        b'{"here": [[60]]}',
        b'{"here": ["ab"]}',
        b"[" * 9999,
    ],
)
def test_a_broken_memory_is_ignored_and_replaced(tmp_path: Path, broken: bytes) -> None:
    cache = cache_of(tmp_path, (60, 20))
    (file,) = cache.iterdir()
    file.write_bytes(broken)
    assert estimate(cache, "here", 60) is None
    remember(cache, "here", 60, 30)
    assert estimate(cache, "here", 60) == 30


def test_what_cannot_be_is_neither_kept_nor_believed(tmp_path: Path) -> None:
    cache = cache_of(tmp_path, (0, 5), (-1, 5), (60, -1), (float("nan"), 5), (60, float("inf")))
    assert not cache.exists()
    cache = cache_of(tmp_path, (60, 20))
    (file,) = cache.iterdir()
    file.write_text('{"here": [[0, 5], [60, NaN], [60, -5], [60, 20]]}')
    assert estimate(cache, "here", 60) == 20
    assert estimate(cache, "here", 0) is None


def test_a_cache_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    remember(tmp_path / "file", "here", 60, 30)
    assert estimate(tmp_path / "file", "here", 60) is None
