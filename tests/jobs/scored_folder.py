"""A scored folder to work in: a copy each test, so that scoring is done once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.scripted_service import ScriptedService


def work_in(made: Path, copy: Path, service: ScriptedService, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy a scored folder, go there, and forget what its service was asked."""
    shutil.copytree(made, copy)
    monkeypatch.chdir(copy)
    monkeypatch.setenv("AVM_TOKEN", "sesame-1234567890")
    service.asked.clear()
    return copy
