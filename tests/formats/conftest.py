"""What tests of several formats' modules take."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from avm_otio.formats.edl.read import read
from avm_otio.timeline.model import Timeline
from tests.formats.edl_text import PAL, ReadText


@pytest.fixture
def read_text(tmp_path: Path) -> ReadText:
    def of(text: str | bytes, rate: Fraction | None = PAL) -> tuple[list[Timeline], tuple[str, ...]]:
        path = tmp_path / "list.edl"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read(path, rate)

    return of
