"""The docs are true: examples run, fields and commands are those of the code."""

from __future__ import annotations

import re
import shutil
from fractions import Fraction as F
from pathlib import Path

import pytest

from avm_otio.formats.otio.metadata import Origin, clip_metadata, timeline_metadata
from avm_otio.mix.cues import Cue, Item
from avm_otio.mix.placement import LaidClip, Sound
from avm_otio.timeline.model import Mix, Stem
from avm_otio.timeline.time import FrameSpan, RecordTime

ROOT = Path(__file__).parent.parent
EXAMPLES = re.findall(
    r"```python\n(.*?)```", (ROOT / "docs" / "api.md").read_text(encoding="utf-8"), re.DOTALL
)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_each_example_of_the_python_face_runs(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "sample_timelines", tmp_path / "sample_timelines")
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "docs/api.md", "exec"), {})


def test_every_field_of_the_metadata_is_documented() -> None:
    told = (ROOT / "docs" / "metadata.md").read_text(encoding="utf-8")
    item = Item(1, "t", None, None, None, {})
    clip = LaidClip(
        Stem.EFFECTS,
        item,
        (item,),
        Sound("u", F(1), 48_000, 48_000, 2),
        FrameSpan(0, 1),
        RecordTime(F(0)),
        RecordTime(F(1)),
        Mix(),
        0,
        1,
        cue=Cue(0, 1, (item,), {}),
    )
    origin = Origin("s", "USD", "en", 1, 2, {"range": [1]})
    fields = {*clip_metadata(clip, origin), *timeline_metadata(origin, F(0), F(1)), "replaced_by", "cut_from"}
    assert [field for field in sorted(fields) if f"`{field}`" not in told] == []


def test_the_readme_opens_with_the_two_set_up_commands() -> None:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    venv = "python3 -m venv .venv && .venv/bin/pip install"
    assert (
        blocks[0] == f"{venv} . && .venv/bin/avm-otio score sample_timelines/short_film.otio -o scored.otio\n"
    )
    assert blocks[1] == f"{venv} '.[test]' && .venv/bin/pytest\n"


def test_every_file_that_the_docs_point_at_is_there() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    links = [
        (page, link)
        for page in pages
        for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    ]
    assert [
        (page.name, link) for page, link in links if "://" not in link and not (page.parent / link).exists()
    ] == []
