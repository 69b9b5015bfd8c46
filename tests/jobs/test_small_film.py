"""What only the engine on this machine looks at is small; what people are shown is not."""

from __future__ import annotations

from fractions import Fraction as F
from pathlib import Path

import numpy as np
import pytest

from avm_otio import Request
from avm_otio.app import ready
from avm_otio.jobs import pipeline
from avm_otio.jobs.alternatives import film_of
from avm_otio.jobs.folder import SMALL_FILM, read_journal
from avm_otio.media.probe import probe
from tests.cli.cuts import save
from tests.media.numbered import movie

LINES = 180


@pytest.mark.parametrize(
    ("service", "quality", "lines"), [("local", SMALL_FILM, 144), ("http://127.0.0.1:9", "540p", LINES)]
)
def test_the_film_for_the_local_engine_is_small_and_nobody_is_shown_it(
    tmp_path: Path, service: str, quality: str, lines: int
) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, (4 * 48_000, 2))
    footage = movie(tmp_path / "a.mp4", 96, F(24), sound=noise, size=(320, LINES))
    request = Request(save(tmp_path / "cut.otio", footage), tmp_path / "scored.otio", service=service)
    job = pipeline.prepare(*ready(request)).job
    made = read_journal(job).film
    assert made is not None
    assert made.quality == quality
    video = probe(job / made.path).video
    assert video is not None
    assert (video.height, video.frames) == (lines, 48)
    assert film_of(job) == (None if service == "local" else job / made.path)
