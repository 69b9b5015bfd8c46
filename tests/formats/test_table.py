"""Formats declare themselves; one table finds them, and takes formats from other packages."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from avm_otio.cli.main import run
from avm_otio.errors import UsageError
from avm_otio.formats import table
from avm_otio.formats.format import Editor, Format
from avm_otio.formats.reading import read
from avm_otio.formats.writing import write
from avm_otio.timeline.features import Feature
from avm_otio.timeline.model import Clip, Media, Mix, Timeline, Track, TrackKind
from avm_otio.timeline.time import RecordTime

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"


@pytest.fixture
def other_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that stands for an installed package with entry points; the table is as before afterwards."""
    site = tmp_path / "site-packages"
    (site / "sheet-1.0.dist-info").mkdir(parents=True)
    (site / "sheet-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: sheet\nVersion: 1.0\n"
    )
    points = site / "sheet-1.0.dist-info" / "entry_points.txt"
    points.write_text(f"[{table.GROUP}]\nsheet = logging_sheet:FORMAT\n")
    monkeypatch.syspath_prepend(site)
    forget()
    yield site
    sys.modules.pop("logging_sheet", None)
    forget()


def forget() -> None:
    table.formats.cache_clear()
    table.editors.cache_clear()


def example() -> str:
    """The format that the docs show."""
    page = (DOCS / "adding-a-format.md").read_text(encoding="utf-8")
    return page.partition("<!-- toy format -->\n```python\n")[2].partition("```")[0]


def cut() -> Timeline:
    shots = tuple(
        Clip(
            f"shot {number}",
            RecordTime(Fraction(number)),
            RecordTime(Fraction(number + 1)),
            Media(f"shot {number}.mov", f"/media/shot {number}.mov", has_picture=True),
            mix=Mix(gain_db=-6.0) if number else Mix(),
        )
        for number in range(3)
    )
    sound = Track("A1", TrackKind.AUDIO, channels=2)
    return Timeline("cut", Fraction(25), (Track("V1", TrackKind.VIDEO, shots), sound), duration=Fraction(3))


def test_help_loads_what_reads_packages_only_where_one_adds_a_format(other_package: Path) -> None:
    (other_package / "logging_sheet.py").write_text(example())
    words = "import sys; from avm_otio.formats.table import editors; "
    words += "print('sheet' in editors(), 'importlib.metadata' in sys.modules)"
    for paths, printed in (([other_package], "True True"), ([], "False False")):
        env = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, [*paths, ROOT]))}
        ran = subprocess.run(
            [sys.executable, "-c", words], env=env, capture_output=True, text=True, check=True
        )
        assert ran.stdout.strip() == printed


def test_a_format_of_another_package_is_read_written_and_for_an_editor(
    other_package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (other_package / "logging_sheet.py").write_text(example())
    assert ".sheet" in table.readable()
    paths, losses = write(cut(), tmp_path / "cut.sheet", editor="sheet")
    assert paths == (tmp_path / "cut.sheet",)
    assert [str(loss) for loss in losses] == [
        "“shot 1” at 00:00:01:00: gain of -6 dB not written",
        "“shot 2” at 00:00:02:00: gain of -6 dB not written",
        "Track “A1”: its 2 channels are not written",
        "Track “A1”: not written: a sheet has one video track",
    ]
    opened = read(tmp_path / "cut.sheet")
    assert opened.notes == ("A logging sheet has no sound.",)
    assert [(clip.name, clip.start) for clip in opened.timeline.clips()] == [
        ("shot 0", 0),
        ("shot 1", 1),
        ("shot 2", 2),
    ]
    source, output = str(tmp_path / "cut.sheet"), tmp_path / "out.zip"
    assert run(["convert", source, "-o", str(output), "--for", "sheet"]) == 0
    assert output.exists()
    assert run(["convert", source, "-o", str(tmp_path / "out.sheet")]) == 0
    assert (tmp_path / "out.sheet").read_text() == (tmp_path / "cut.sheet").read_text()
    capsys.readouterr()
    assert run(["convert", "--help"]) == 0
    assert "sheet" in capsys.readouterr().out


@pytest.mark.parametrize("code", ["import nothing_of_that_name", "FORMAT = 5"])
def test_a_format_of_another_package_that_is_none_is_named(other_package: Path, code: str) -> None:
    (other_package / "logging_sheet.py").write_text(code)
    with pytest.raises(UsageError, match=r"“sheet” \(logging_sheet:FORMAT\)"):
        table.formats()


def test_a_format_may_be_registered_for_one_run_and_adds_to_an_editor(tmp_path: Path) -> None:
    added = Format("mine", writes=(".mine",), editors=(Editor("premiere", "Adobe Premiere Pro"),))
    table.register(added)
    try:
        assert table.editors()["premiere"].suffixes == (".xml", ".otio", ".otioz", ".mine")
        with pytest.raises(UsageError, match="No format writes"):
            table.writer_of(".mine", "premiere")  # it says how to write nothing
    finally:
        table.unregister(added)
    assert ".mine" not in table.writable()


def test_every_format_says_all_that_the_table_needs() -> None:
    names = [each.name for each in table.formats()]
    assert sorted(set(names)) == sorted(names)
    titles: dict[str, set[str]] = defaultdict(set)
    for each in table.formats():
        assert each.reads or each.writes, each.name
        assert bool(each.writes) == bool(each.write), each.name
        assert all(re.fullmatch(r"\.[a-z0-9]+", suffix) for suffix in each.reads + each.writes)
        for editor in each.editors:
            titles[editor.name].add(editor.title)
    assert {name for name, called in titles.items() if len(called) > 1} == set()


def test_each_suffix_has_one_format_for_an_editor() -> None:
    for editor in table.editors().values():
        for suffix in editor.suffixes:
            found = [
                each.name
                for each in table.formats()
                if suffix in each.writes and editor.name in {opener.name for opener in each.editors}
            ]
            assert len(found) == 1, (editor.name, suffix)


@pytest.mark.parametrize(
    ("suffix", "editor"),
    [
        (".otio", "otio"),
        (".xml", "premiere"),
        (".fcpxml", "fcp"),
        (".aaf", "avid"),
        (".txt", "protools"),
        (".rpp", "reaper"),
        (".kdenlive", "kdenlive"),
        (".edl", "edl"),
        (".svg", None),
        (".mov", None),
    ],
)
def test_a_suffix_alone_says_whose_file_it_is(suffix: str, editor: str | None) -> None:
    found = table.editor_for(suffix)
    assert (None if found is None else found.name) == editor


def test_an_editors_own_format_comes_before_otio() -> None:
    first = {editor.name: editor.suffixes[0] for editor in table.editors().values()}
    assert first["premiere"] == ".xml"
    assert first["kdenlive"] == ".kdenlive"
    assert first["resolve"] == ".otio"


def test_the_nearest_editor_is_named() -> None:
    with pytest.raises(UsageError) as caught:
        table.editor_named("premire")
    assert "Did you mean premiere?" in str(caught.value)
    assert table.editor_named("Avid").name == "avid"


def test_looking_at_the_table_loads_no_reader_and_no_writer() -> None:
    heavy = ("opentimelineio", "av", "numpy", "aaf2", "xml.etree", "pydantic")
    code = f"""
import os
import subprocess
import sys
from avm_otio.formats import table
table.formats(), table.editors()
print([name for name in {heavy!r} if name in sys.modules])
print([name for name in sys.modules if name.startswith("avm_otio.formats.") and name.count(".") > 2])
"""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.splitlines() == ["[]", "[]"]


def test_the_docs_name_every_editor_with_its_suffixes() -> None:
    rows = (DOCS / "command-line.md").read_text(encoding="utf-8").partition("| `--for` |")[2]
    found = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", rows.partition("\n\n")[0], re.MULTILINE))
    assert set(found) == set(table.editors())
    for editor in table.editors().values():
        assert all(f"`{suffix}`" in found[editor.name] for suffix in editor.suffixes), editor.name
    (listed,) = re.findall(r"`--for` takes (.*?)\. ", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert set(re.findall(r"`(\w+)`", listed)) == set(table.editors())


def test_what_a_format_says_is_what_its_losses_leave_out() -> None:
    says = {each.name: each.says for each in table.formats()}
    assert Feature.METADATA in says["otio"]
    assert {name for name, features in says.items() if Feature.METADATA not in features} == {
        "fcp7",
        "fcp",
        "avid",
        "protools",
        "reaper",
        "kdenlive",
        "edl",
    }
