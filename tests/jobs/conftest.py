"""What several tests of jobs look at: made once."""

from __future__ import annotations

from fractions import Fraction as F
from pathlib import Path

import pytest

from tests.jobs.turnovers import cut, turned


@pytest.fixture(scope="session")
def shown_one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A turnover with its picture at 25 frames a second."""
    folder = tmp_path_factory.mktemp("whole")
    turned(cut(folder, F(25)), folder / "out")
    return folder / "out"
