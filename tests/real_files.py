"""Timeline files that editing programs wrote: not part of the project, read where they are to be had."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("AVM_SAMPLES") or Path(__file__).parents[2] / "shared" / "samples")


def real_file(name: str) -> Path:
    """The path of one, named from the folder of them all; the test is skipped where it is not there."""
    path = FOLDER / name
    if not path.is_file():
        pytest.skip(f"the real file {name} is not here (AVM_SAMPLES names their folder)")
    return path
