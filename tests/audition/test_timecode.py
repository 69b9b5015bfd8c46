"""The page's timecode is the program's, at every rate, drop-frame too."""

from __future__ import annotations

import json
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

import avm_otio.audition
from avm_otio.timeline.time import dropped_per_minute, format_timecode, nominal_rate

PAGE = Path(avm_otio.audition.__file__).parent / "page"
RATES = [(Fraction(n, d), drop) for n, d, drop in (
    (24_000, 1001, False), (24, 1, False), (25, 1, False), (30_000, 1001, False), (30_000, 1001, True),
    (50, 1, False), (60_000, 1001, True), (30, 1, True), (120_000, 1001, False),
)]  # fmt: skip
MINUTES = (0, 1, 2, 9, 10, 11, 59, 60, 61, 119, 599, 1439)

SCRIPT = """
import { Timecode } from "%s";
const asked = JSON.parse(process.argv[1]);
console.log(JSON.stringify(asked.map(({ frames, ...rest }) => {
  const code = new Timecode(rest);
  return frames.map((frame) => [code.ofFrame(frame), code.text(code.seconds(frame))]);
})));
"""


def test_the_page_counts_as_the_program_does() -> None:
    if shutil.which("node") is None:
        pytest.skip("node is not here (apt install nodejs)")
    asked, wanted = [], []
    for rate, drop in RATES:
        start = nominal_rate(rate) * 3600
        per_minute = nominal_rate(rate) * 60
        frames = sorted({max(0, minute * per_minute + by) for minute in MINUTES for by in range(-5, 6)})
        whole_day = per_minute * 1440 - (dropped_per_minute(rate) * 9 * 144 if drop else 0)
        frames = [frame for frame in frames if start + frame < whole_day]
        asked.append(
            {
                "rate": [rate.numerator, rate.denominator],
                "nominal": nominal_rate(rate),
                "dropped": dropped_per_minute(rate) if drop else 0,
                "start_frame": start,
                "frames": frames,
            }
        )
        wanted.append([[format_timecode(start + frame, rate, drop)] * 2 for frame in frames])
    script = SCRIPT % (PAGE / "timecode.js").as_uri()
    command = ["node", "--input-type=module", "-e", script, json.dumps(asked)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == wanted
