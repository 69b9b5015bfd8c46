"""Fixtures: a cut of two seconds, a service that answers it, and ``score`` as its user runs it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from fractions import Fraction as F
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest

from avm_otio.cli.main import run
from tests.media.numbered import movie
from tests.scripted_service import FILM_ID, ScriptedService, service_of_two
from tests.timelines import time_range

RATE = F(24)


PAY = f"POST /film/{FILM_ID}/service/"


FILM = f"GET /film/{FILM_ID}/"


Run = Callable[..., int]


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("footage")
    noise = np.random.default_rng(1).normal(0, 0.1, (4 * 48_000, 2))
    movie(folder / "a.mp4", 96, RATE, sound=noise)
    return folder


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedService]:
    monkeypatch.setenv("AVM_TOKEN", "sesame-1234567890")
    config = Path(__import__("os").environ["AVM_CONFIG_DIR"])
    config.mkdir(parents=True)
    (config / "config.toml").write_text("[timeouts]\nlook_s = 0.1\nwait_s = 5\n")
    monkeypatch.setattr("avm_otio.retry.time.sleep", lambda seconds: None)
    with service_of_two() as found:
        yield found


@pytest.fixture
def cut(tmp_path: Path, footage: Path) -> Path:
    shutil.copyfile(footage / "a.mp4", tmp_path / "a.mp4")
    return save(tmp_path / "cut.otio")


def save(path: Path, *, start: int = 24, before: int = 0, media: str = "a.mp4") -> Path:
    reference = otio.schema.ExternalReference(media, time_range(0, 96, RATE))
    clip = otio.schema.Clip("shot", reference, time_range(start, 48, RATE))
    gap = [otio.schema.Gap(source_range=time_range(0, before, RATE))] if before else []
    timeline = otio.schema.Timeline("cut")
    timeline.tracks.append(otio.schema.Track("V1", [*gap, clip]))
    path.write_text(timeline.to_json_string())
    return path


@pytest.fixture
def score(cut: Path, service: ScriptedService) -> Run:
    def call(*more: str, timeline: Path = cut, output: str = "out.otio") -> int:
        return run(["score", str(timeline), "-o", str(cut.parent / output), "--service", service.url, *more])

    return call


def the_job(cut: Path) -> Path:
    (journal,) = cut.with_suffix(".avm").glob("*/job.json")
    return journal.parent


def found_on_film(service: ScriptedService) -> dict[str, object]:
    """The Film after an analysis whose own answer was lost."""
    music = service.result["music_mapping_service"]["musics"]
    effects = service.result["sound_effect_service"]["sound_effects"]
    return {"id": FILM_ID, "type": "normal_film", "recommended_musics": music, "sound_effects": effects}


def paid(service: ScriptedService) -> int:
    return sum(path == PAY.removeprefix("POST ") for path in service.calls("POST"))


def uploaded(service: ScriptedService) -> int:
    return service.calls("POST").count("/film/")
