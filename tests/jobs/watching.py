"""What tests of a watch folder share: hosts that leave requests, and watchers, in this process or another."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import opentimelineio as otio

from avm_otio.jobs.watch.protocol import CountedResult, Failure, Result
from avm_otio.jobs.watch.visits import Rules
from avm_otio.jobs.watch.watcher import Watch
from avm_otio.report import Report, Silent
from avm_otio.request import Request
from tests.media.numbered import movie
from tests.scripted_service import FILM_ID, ScriptedService
from tests.timelines import time_range

RATE = F(24)
TOKEN = "sesame-1234567890"
LOCAL_ONLY = Rules(("local",))


def request(folder: Path, name: str, **order: Any) -> Path:
    """What a host leaves: a folder with a request in it, named into place at the end."""
    made = folder / name
    made.mkdir()
    (made / "draft").write_text(json.dumps({"timeline": "cut.otio", "output": "out.otio", **order}))
    (made / "draft").rename(made / "request.json")
    return made


def done(asked: Request, report: Report, *, write: bool = True) -> CountedResult:
    """A scoring that takes no time."""
    if write:
        asked.output.write_text("scored")
    return CountedResult(
        output=str(asked.output),
        job="/jobs/x",
        film_id=1,
        session_id=2,
        music=1,
        effects=0,
        dialogue=0,
        alternatives=0,
        total_price="1.50",
        currency="USD",
        media_folder=None,
        recalled=False,
        rate="24",
        start_frame=0,
        clips=(),
        losses=(),
        notes=(),
    )


def watched(
    folder: Path,
    carry_out: Callable[[Request, Report], Result] = done,
    rules: Rules = LOCAL_ONLY,
    **more: Any,
) -> None:
    """Watch in this process until nothing is left to do."""
    Watch([folder], carry_out, rules, Silent(), **more).run(once=True, poll_s=0.05)


def error_in(made: Path) -> dict[str, Any]:
    """What the host reads of a request that was not carried out."""
    error: dict[str, Any] = json.loads((made / "error.json").read_text())
    Failure.model_validate(error)
    return error


def real_request(folder: Path, name: str, start: int) -> Path:
    """A request for a real timeline of a real film, a second from frame ``start`` on."""
    made = request(folder, name)
    movie(made / "a.mp4", 96, RATE)
    shot = otio.schema.Clip(
        "shot", otio.schema.ExternalReference("a.mp4", time_range(0, 96, RATE)), time_range(start, 24, RATE)
    )
    cut = otio.schema.Timeline(name)
    cut.tracks.append(otio.schema.Track("V1", [shot]))
    (made / "cut.otio").write_text(cut.to_json_string())
    return made


def program(folder: Path, *more: str) -> subprocess.Popen[str]:
    """The real program, watching."""
    return subprocess.Popen(
        [sys.executable, "-m", "avm_otio", "watch", str(folder), "--json", *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # a shell that runs tests in the background has children ignore SIGINT
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def paid(service: ScriptedService) -> int:
    """How often an analysis was paid for."""
    return service.calls("POST").count(f"/film/{FILM_ID}/service/")
