"""The pages for users tell all there is: commands, exit codes, configuration, events."""

from __future__ import annotations

import re
from pathlib import Path

from avm_otio.cli.main import COMMANDS, INTERRUPTED
from avm_otio.config.load import settings_from
from avm_otio.config.options import TABLES
from avm_otio.config.settings import keys
from avm_otio.errors import AvmError
from tests.outside import DOCS, docs_script

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "avm_otio"
PAGE = (DOCS / "command-line.md").read_text(encoding="utf-8")


def rows(text: str) -> set[str]:
    """All that stands in code marks in a table's first column, and plain numbers there."""
    firsts = [line.split("|")[1] for line in text.splitlines() if line.startswith("|")]
    return {word for first in firsts for word in (*re.findall(r"`([^`]+)`", first), first.strip())}


def test_every_command_is_told() -> None:
    assert set(COMMANDS) <= rows(PAGE)


def test_every_exit_code_is_told() -> None:
    def codes(kind: type[AvmError]) -> set[int]:
        return {kind.exit_code}.union(*(codes(each) for each in kind.__subclasses__()))

    assert {str(code) for code in codes(AvmError) | {0, INTERRUPTED}} <= rows(PAGE)


def test_the_configuration_that_is_shown_is_whole_and_can_be_read() -> None:
    shown = PAGE.partition("```toml\n")[2].partition("```")[0]
    settings = settings_from(shown, Path("/home/config.toml"), {})
    assert [key for key in keys() if settings.sources[key] == "default"] == []
    assert [table for table in TABLES if table not in shown] == []
    assert [key.env for key in keys().values() if key.env not in shown] == []


def test_every_event_is_told() -> None:
    calls = re.compile(r"\bevent\(\s*\"(\w+)\"")
    sent = {
        name for file in PACKAGE.rglob("*.py") for name in calls.findall(file.read_text(encoding="utf-8"))
    }
    page = (DOCS / "json-events.md").read_text(encoding="utf-8")
    assert {"plan", "step", "progress", "error", "done"} <= sent
    assert [name for name in sorted(sent) if f"`{name}`" not in page] == []


def test_every_field_of_a_request_is_told() -> None:
    assert docs_script("make_options").with_table(PAGE) == PAGE  # python docs/make_options.py
