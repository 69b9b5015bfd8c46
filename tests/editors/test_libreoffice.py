"""LibreOffice opens our cue sheets: every cell says what we wrote."""

from __future__ import annotations

import csv
import json
import subprocess
from pathlib import Path

import pytest

from avm_otio.app import write
from avm_otio.cli.main import run
from tests.editors.programs import program
from tests.scored import scored

pytestmark = pytest.mark.editors


def test_a_cue_sheet_opens_in_libreoffice_with_every_row(tmp_path: Path) -> None:
    office = program("soffice")
    timeline = tmp_path / "scored.otio"
    write(scored(tmp_path), timeline)
    for name in ("cues.xlsx", "cues.json"):
        words = ["cuesheet", str(timeline), "-o", str(tmp_path / name), "--effects", "-q"]
        assert run([*words, "--production", "Ein Film – 電影"]) == 0
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    sheet, made = tmp_path / "cues.xlsx", tmp_path / "made"
    made_as = "csv:Text - txt - csv (StarCalc):44,34,76,1"
    subprocess.run(
        [office, profile, "--headless", "--convert-to", made_as, "--outdir", str(made), str(sheet)],
        check=True,
        capture_output=True,
        timeout=240,
    )
    text = (made / "cues.csv").read_text(encoding="utf-8")
    cells = [cell for row in csv.reader(text.splitlines()) for cell in row]
    document = json.loads((tmp_path / "cues.json").read_text(encoding="utf-8"))
    assert any("Ein Film – 電影" in cell for cell in cells)
    assert len(document["cues"]) == 4
    for cue in document["cues"]:
        for name in ("title", "timecode_in", "timecode_out"):
            assert cue[name] in cells, (name, cue[name])
