"""Long lists in an answer are cut, and say how much more there is."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from avm_otio import finishing
from avm_otio.agents import work
from avm_otio.agents.roots import Roots
from avm_otio.agents.tools import TOOLS
from avm_otio.agents.work import Desk
from avm_otio.formats.reading import save
from avm_otio.report import Silent
from tests.scored import scored, write_sound


@pytest.mark.parametrize(
    ("name", "given", "more"),
    [
        ("cost", {"scored": ["scored.otio"]}, {"more_items": 8}),
        (
            "cue_sheet",
            {"scored": ["scored.otio"], "output": "a.csv", "effects": True},
            {"more_cues": 4, "more_not_on_file": 1, "more_licences": 0},
        ),
        ("search_library", {"words": "door", "library": "."}, {"more_sounds": 1}),
        (
            "relink",
            {"scored": "scored.otio", "output": "b.otio"},
            {"more_items": 3, "more_unmatched": 3, "more_losses": 0, "more_written": 1},
        ),
    ],
)
def test_no_list_is_longer_than_an_answer_holds(
    name: str, given: dict[str, Any], more: dict[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "_MOST_LISTED", 0)
    save(scored(tmp_path), tmp_path / "scored.otio")
    write_sound(tmp_path / "door slam.wav", 0.5)
    rows = [SimpleNamespace(as_dict=dict)] * 3
    delivered = SimpleNamespace(paths=(tmp_path / "b.otio",), losses=())
    made = SimpleNamespace(delivered=delivered, items=rows, left=rows)
    monkeypatch.setattr(finishing, "relink", lambda *_, **__: made)
    tool = TOOLS[name]
    answer = tool.run(Desk(Roots.of([tmp_path])), tool.takes, tool.takes.read(given), Silent())
    assert {key: value for key, value in answer.items() if key in more} == more
    lists = {
        key: value for key, value in answer.items() if isinstance(value, list) and f"more_{key}" in answer
    }
    assert len(lists) == len(more)
    assert not any(lists.values())
    if name != "cue_sheet":  # which names the two files at most that it wrote
        assert not any(isinstance(value, list) and value for value in answer.values())
