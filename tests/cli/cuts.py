"""A short cut of one shot, and what scoring it takes."""

from __future__ import annotations

from fractions import Fraction as F
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest

from avm_otio.cli.main import run
from tests.media.numbered import movie
from tests.scripted_service import ScriptedService
from tests.timelines import time_range

RATE = F(24)
TOKEN = "sesame-1234567890"
LICENCE = ["--license-range", "1", "--license-duration", "2", "--license-platforms", "3"]


def save(path: Path, media: Path, *, start: int = 24, frames: int = 48, available: int = 96) -> Path:
    """A timeline of one shot that starts at 01:00:00:00."""
    clip = otio.schema.Clip(
        "shot 1",
        otio.schema.ExternalReference(str(media), time_range(0, available, RATE)),
        time_range(start, frames, RATE),
    )
    timeline = otio.schema.Timeline("my cut", global_start_time=otio.opentime.RationalTime(86_400, 24))
    timeline.tracks.append(otio.schema.Track("V1", [clip]))
    path.write_text(timeline.to_json_string())
    return path


def scored_cut(folder: Path, service: ScriptedService) -> Path:
    """Two seconds of film with noise, ``cut.otio``, scored as ``s.otio`` beside it."""
    noise = np.random.default_rng(1).normal(0, 0.1, (4 * 48_000, 2))
    path = save(folder / "cut.otio", movie(folder / "a b.mp4", 96, RATE, sound=noise, size=(64, 36)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AVM_TOKEN", TOKEN)
        words = ["score", str(path), "-o", str(folder / "s.otio"), "--service", service.url, "-q", *LICENCE]
        assert run(words) == 0
    return path
