"""A cut, a service that answers it, a library, and ``score`` as its user runs it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from avm_otio.cli.main import run
from tests.cli.cuts import RATE, TOKEN, save
from tests.cli.score.asking import Score
from tests.media.numbered import movie
from tests.scripted_service import ScriptedService, service_of_two, wav


@pytest.fixture(scope="session")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("footage")
    noise = np.random.default_rng(1).normal(0, 0.1, (4 * 48_000, 2))
    movie(folder / "a b.mp4", 96, RATE, sound=noise)
    movie(folder / "silent.mp4", 48, RATE)
    return folder


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedService]:
    monkeypatch.setenv("AVM_TOKEN", TOKEN)
    with service_of_two() as found:
        yield found


@pytest.fixture
def cut(tmp_path: Path, footage: Path) -> Path:
    """Two seconds of film, one second in, on a timeline that starts at 01:00:00:00."""
    return save(tmp_path / "my cut.otio", footage / "a b.mp4")


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    """A library of one's own."""
    for name in ("sfx/Slam.wav", "music/Warm bed.wav"):
        (tmp_path / "sounds" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "sounds" / name).write_bytes(wav(2.5))
    return tmp_path / "sounds"


@pytest.fixture
def score(cut: Path, service: ScriptedService) -> Score:
    def call(*more: str, timeline: Path = cut, output: str = "out.otio") -> int:
        return run(["score", str(timeline), "-o", str(cut.parent / output), "--service", service.url, *more])

    return call
