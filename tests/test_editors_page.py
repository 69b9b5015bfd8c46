"""The page on editors says what the writers report, and names every way out."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from avm_otio.cli.main import run
from avm_otio.formats.table import editors
from tests.outside import DOCS, docs_script

SAMPLES = DOCS.parent / "sample_timelines"


def sections() -> dict[str, str]:
    """The ways in, by the name of the editor."""
    steps = (DOCS / "editors.md").read_text(encoding="utf-8").split("## Step by step")[1]
    return dict(re.findall(r"^\*\*(.+?)\.\*\* (.*?)(?=^\*\*|\Z)", steps, re.MULTILINE | re.DOTALL))


def test_the_table_of_losses_is_what_the_writers_report() -> None:
    assert docs_script("make_editors").page() == (DOCS / "editors.md").read_text(encoding="utf-8")


def test_every_editor_and_every_file_is_told_of() -> None:
    page = (DOCS / "editors.md").read_text(encoding="utf-8")
    ways = [(one.name, suffix) for one in editors().values() for suffix in one.suffixes if suffix != ".otioz"]
    assert [way for way in ways if page.count(f"| `{way[0]}` `{way[1]}` |") != 2] == []


def test_every_editor_has_three_lines_and_those_without_a_menu_item_a_picture() -> None:
    found = sections()
    assert len(found) == 9
    for name, text in found.items():
        assert re.findall(r"^(\d)\.", text, re.MULTILINE) == ["1", "2", "3"], name
    pictured = {name for name, text in found.items() if "![" in text}
    assert pictured == {"Final Cut Pro", "Media Composer", "Pro Tools", "Reaper", "Kdenlive"}
    for text in found.values():
        for picture in re.findall(r"\]\((pictures/.+?)\)", text):
            assert (DOCS / picture).is_file()


@pytest.mark.slow
def test_the_commands_run_and_write_what_the_steps_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(SAMPLES / "short_film.otio", tmp_path / "cut.otio")
    (tmp_path / "media").symlink_to(SAMPLES / "media")
    monkeypatch.chdir(tmp_path)
    for suffix, editor in ((".xml", "premiere"), (".fcpxml", "fcp"), (".aaf", "avid")):
        assert run(["convert", "cut.otio", "-o", f"cut{suffix}", "--for", editor]) == 0
    for name, text in sections().items():
        for old in tmp_path.glob("scored*"):
            if name != "Any program that reads EDLs":
                shutil.rmtree(old) if old.is_dir() else old.unlink()
        for command in re.findall(r"`avm-otio (.+?)`", text):
            assert run([*shlex.split(command), "-q"]) == 0, command
        named = set(re.findall(r"`(scored\.\w+(?:\.edl)?)`", text)) - {"scored.otio"}
        assert {each for each in named if not (tmp_path / each).exists()} == set(), name


@pytest.mark.slow
@pytest.mark.parametrize("editor", ["fcp", "avid", "protools", "reaper"])
def test_the_drawings_are_those_of_the_files_as_they_are_written(tmp_path: Path, editor: str) -> None:
    pictures = docs_script("make_editor_pictures")
    (meant,) = (one for one in pictures.EDITORS if one.name == editor)
    drawn = (DOCS / "pictures" / f"editor-{editor}.svg").read_text(encoding="utf-8")
    assert pictures.drawing(meant, tmp_path) == drawn
