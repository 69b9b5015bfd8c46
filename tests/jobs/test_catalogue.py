"""Looking for jobs, and the page on their folder."""

from __future__ import annotations

import json
import re
import shutil
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from avm_otio.errors import InputError
from avm_otio.jobs import catalogue, folder
from avm_otio.jobs.catalogue import DEEPEST, Entry, find_jobs, identify_jobs
from avm_otio.jobs.journal import Call, Film, Journal, Kept, State, Written
from avm_otio.report import Silent

PAGE = (Path(__file__).parent.parent.parent / "docs" / "job-folder.md").read_text(encoding="utf-8")


class Listener(Silent):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.steps: list[str] = []

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def step(self, label: str, total: int | None = None) -> Any:
        self.steps.append(label)
        return super().step(label, total)


def make(path: Path, number: int = 0, **fields: Any) -> Path:
    """A job's folder with nothing but its journal."""
    path.mkdir(parents=True)
    journal = Journal(
        key=f"{number:012x}",
        name="cut",
        made="2026-01-31T12:00:00.000+00:00",
        changed=f"2026-01-31T12:00:{number:02d}.000+00:00",
        asked={"service": "local"},
        order={},
    ).but(**fields)
    (path / "job.json").write_text(journal.model_dump_json())
    return path


def found(*places: Path, report: Listener | None = None) -> list[str]:
    return [entry.path.name for entry in find_jobs(places, report or Listener())]


def test_jobs_are_found_once_each_the_newest_first(tmp_path: Path) -> None:
    for number, place in enumerate(["a.avm/one", "deep/er/b.avm/two", "jobs/three"]):
        make(tmp_path / place, number)
    assert found(tmp_path, tmp_path / "a.avm", tmp_path / "a.avm" / "one" / "job.json") == [
        "three",
        "two",
        "one",
    ]


def test_the_jobs_of_a_timeline_that_is_gone_are_still_there(tmp_path: Path) -> None:
    make(tmp_path / "cut.avm" / "one")
    assert found(tmp_path / "cut.otio") == ["one"]


def test_links_and_hidden_folders_are_not_followed(tmp_path: Path) -> None:
    make(tmp_path / "elsewhere" / "cut.avm" / "one")
    make(tmp_path / "here" / ".trash" / "two")
    (tmp_path / "here" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "here" / "loop").symlink_to(tmp_path / "here")
    assert found(tmp_path / "here") == []


def test_it_is_looked_so_deep_and_no_deeper(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*"abcdef"[:DEEPEST])
    make(deep / "too deep")
    make(deep.parent / "just right", 1)
    assert found(tmp_path) == ["just right"]


def test_a_broken_journal_is_told_and_other_programs_files_are_not(tmp_path: Path) -> None:
    report = Listener()
    for name, text in {"cut-0123456789ab": "{", "mine": '{"jobs": []}'}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "job.json").write_text(text)
    assert found(tmp_path, report=report) == []
    (warning,) = report.warnings
    assert "cut-0123456789ab" in warning


def test_a_long_look_shows_that_it_goes_on_and_ends(tmp_path: Path) -> None:
    make(tmp_path / "cut.avm" / "one")
    for number in range(40):
        (tmp_path / f"folder {number}").mkdir()
    report, seconds = Listener(), count()
    entries = find_jobs([tmp_path], report, clock=lambda: float(next(seconds)))
    assert [entry.path.name for entry in entries] == ["one"]
    assert report.steps == ["Looking for jobs"]
    assert "there may be more" in report.warnings[0]


def test_a_short_look_shows_nothing(tmp_path: Path) -> None:
    report = Listener()
    make(tmp_path / "one")
    found(tmp_path, report=report)
    assert (report.steps, report.warnings) == ([], [])


def test_a_job_is_meant_by_its_folder_its_name_its_key_or_the_beginning_of_that(tmp_path: Path) -> None:
    path = make(tmp_path / "cut.avm" / "cut-00000000000a", 10)
    make(tmp_path / "cut.avm" / "cut-10000000000a", 11)
    for word in (str(path), str(path / "job.json"), "cut-00000000000a", "00000000000A", "0000"):
        assert identify_jobs([word, word], tmp_path, Listener()) == [path]
    for word in ("", "fff", "cut", str(tmp_path / "cut.avm")):
        with pytest.raises(InputError):
            identify_jobs([word], tmp_path, Listener())


def test_a_job_is_not_done_when_it_was_told_something_new_since(tmp_path: Path) -> None:
    written = Written(size_bytes=1, modified_ns=1, digest="", summary={"total_price": "1", "currency": "USD"})
    make(tmp_path / "one", outputs={"../a.otio": written}, order={"output": "../b.otio"})
    (entry,) = find_jobs([tmp_path], Listener())
    assert entry.journal.state is State.FINISHED
    assert not entry.is_done
    assert Entry(entry.path, entry.journal.but(order={"output": "../a.otio"})).is_done


def test_a_look_does_not_need_to_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "one")
    (entry,) = find_jobs([tmp_path], Listener())

    def refuse(path: Path) -> Path:
        raise folder.OutputError("read only")

    monkeypatch.setattr(folder, "make_folder", refuse)
    assert not entry.is_at_work()
    shutil.rmtree(entry.path)
    assert not entry.is_at_work()


def section(head: str) -> str:
    return PAGE.partition(head)[2]


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        ("## The journal", Journal),
        ("Of `film`:", Film),
        ("Of `call`:", Call),
        ("Of each of `outputs`:", Written),
    ],
)
def test_the_page_tells_exactly_the_fields_of_the_journal(head: str, kind: type[BaseModel]) -> None:
    rows = re.search(r"\| field \| \|\n\|---\|---\|\n((?:\|.*\n)+)", section(head))
    assert rows is not None
    documented = [name for row in rows[1].splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])]
    envelope = ["format", "version"] if kind is Journal else []  # what ``folder`` writes around it
    assert documented == envelope + list(kind.model_fields)


def test_the_page_tells_every_state_and_every_field_of_what_was_downloaded() -> None:
    states = re.findall(r"^\| `(\w+)` \|", PAGE.partition("## States")[2].partition("##")[0], re.MULTILINE)
    assert [name for name in states if name != "state"] == [str(state) for state in State]
    media = next(line for line in PAGE.splitlines() if line.startswith("| `media` |"))
    assert set(Kept.model_fields) <= set(re.findall(r"`(\w+)`", media))


def test_the_page_tells_every_file_of_the_folder() -> None:
    for name in (
        folder.JOURNAL,
        folder.REQUEST,
        folder.FILM,
        folder.RESULT,
        folder.SERVICE_FILM,
        folder.SCORED,
        folder.LOG,
    ):
        assert f"`{name}`" in PAGE
    assert json.dumps(catalogue.DEEPEST) in (
        Path(__file__).parent.parent.parent / "docs" / "command-line.md"
    ).read_text(encoding="utf-8")
