"""The page on editors says what the writers report, and names every way out."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

from avm_otio.dialects.editors import EDITORS

DOCS = Path(__file__).parent.parent / "docs"


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_editors", DOCS / "make_editors.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_of_losses_is_what_the_writers_report() -> None:
    assert script().page() == (DOCS / "editors.md").read_text(encoding="utf-8")


def test_every_editor_and_every_file_is_told_of() -> None:
    page = (DOCS / "editors.md").read_text(encoding="utf-8")
    ways = [(one.name, suffix) for one in EDITORS.values() for suffix in one.suffixes if suffix != ".otioz"]
    assert [way for way in ways if page.count(f"| `{way[0]}` `{way[1]}` |") != 2] == []
