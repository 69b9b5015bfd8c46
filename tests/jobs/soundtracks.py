"""A cut of any tracks, scored by the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest

from avm_otio.cli.main import run

Event = dict[str, Any]


def cut(path: Path, *tracks: tuple[str, list[otio.schema.Clip]]) -> Path:
    timeline = otio.schema.Timeline("cut", global_start_time=otio.opentime.RationalTime(86_400, 24))
    timeline.tracks.extend(
        otio.schema.Track(f"T{n}", each, kind=kind) for n, (kind, each) in enumerate(tracks)
    )
    path.write_text(timeline.to_json_string())
    return path


def done(capsys: pytest.CaptureFixture[str], *asked: str) -> Event:
    capsys.readouterr()
    assert run([*asked, "--json"]) == 0
    found: Event = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found
