"""What tests of ``score`` share: the one line of an error, and what a run leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.cuts import TOKEN
from tests.scripted_service import FILM_ID

SERVICE = f"/film/{FILM_ID}/service/"


Score = Callable[..., int]


def error_line(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line of the error; nothing else may look like one."""
    text = capsys.readouterr().err
    assert "Traceback" not in text
    assert TOKEN not in text
    errors = [line for line in text.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1
    return errors[0]


def leftovers(folder: Path) -> list[str]:
    """Files in the timeline's folder but for the timeline and its jobs."""
    return [one.name for one in folder.iterdir() if one.suffix not in (".avm",) and one.name != "my cut.otio"]
