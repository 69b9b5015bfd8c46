"""Whose job a timeline is, looked for among folders of others."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from avm_otio.errors import InputError
from avm_otio.jobs.of_timeline import job_of


def test_a_folder_that_goes_away_while_jobs_are_looked_for_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "reel"
    here.mkdir()
    (here / "cut.otio").write_text("{}")
    for name in ("a", "gone", "z"):
        (tmp_path / name / "cut.avm").mkdir(parents=True)
    look = os.scandir

    def vanishing(path: Any = ".") -> Any:
        if "gone" in str(path):
            raise FileNotFoundError(2, "No such file or directory", str(path))
        return look(path)

    monkeypatch.setattr(os, "scandir", vanishing)
    with pytest.raises(InputError, match="No job that wrote"):
        job_of(here / "cut.otio")
