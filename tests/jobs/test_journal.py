"""The journal of a job on disk: its form today, and the forms of earlier programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from avm_otio.errors import InputError
from avm_otio.jobs.folder import VERSION, hold, load_journal, read_journal
from avm_otio.jobs.journal import State

VERSION_1 = """\
{
 "format": "avm-otio job",
 "version": 1,
 "program": "0.1.0",
 "key": "64b4466added",
 "name": "FCP7 short",
 "made": "2026-11-30T02:01:54.218+00:00",
 "changed": "2026-11-30T02:02:10.707+00:00",
 "asked": {"version": 2, "service": "local", "language": "en", "currency": "USD", "request":
  {"license": {"range": [1], "duration": 1, "usage_platforms": [1]}, "music": {"title":
  "fcp7_short", "budget_min": 0.0, "budget_max": 100000.0, "outline": null, "ref_music": null,
  "bpm": null, "genre": null, "instrument": null, "language": null}, "denoise": false, "effects":
  {}, "notify_url": null}, "film": {"rate": "24000/1001", "frames": 168, "media":
  ["d07452c1514c97ed6ec3c37fcabeb995b526217cd4c9293e06d7821b84c7f17d"], "picture": [[0, 60, [[0,
  "29308279/800", "1", "1", "1"]]]], "sound": [["0", "1001/400", 0, "29308279/800", "1", "0",
  "0"]]}, "is_titled": false},
 "order": {"version": 1, "timeline": "../../fcp7_short.xml", "output": "../../out.otio", "service":
  "local", "jobs_dir": ".."},
 "read": {"/films/fcp7_short.xml": [14852, 1796003784592656970, 1796003784592656970, 5391251]},
 "film": {"path": "film.mp4", "size_bytes": 446704, "modified_ns": 1796004116367908052, "frames":
  168, "duration_s": "7007/1000", "has_sound": true, "quality": "540p", "sent_as":
  "fcp7_short-64b4466added.mp4", "sending": false, "id": 1},
 "call": {"begun": "2026-11-30T02:02:07.328+00:00", "session_id": 1, "adopted": false},
 "answered": "2026-11-30T02:02:10.317+00:00",
 "media": {"effect 2077608245": {"file": "2077608245 Impact – Soft Thud.wav", "size_bytes": 115244,
  "modified_ns": 1796004130371839039, "sha256":
  "6f06d1d14bfa607093993433070f08226121cb547c37892c74f44b8624244bdb", "samples": 28800,
  "sample_rate_hz": 48000, "channels": 2}},
 "outputs": {"../../out.otio": {"size_bytes": 75414, "modified_ns": 1796004130687177407, "told":
  "c07df25a480f7324483dc722c423369463ff3fb0bf796d46a20a7cfda5dd2169", "summary": {"output":
  "/films/out.otio", "job": "/films/jobs/FCP7-short-64b4466added", "film_id": 1, "session_id": 1,
  "music": 1, "effects": 5, "dialogue": 0, "effect_tracks": 2, "alternatives": 27, "total_price":
  "84.86", "currency": "USD", "losses": 0, "media_folder": null, "notes": [], "rate": "24000/1001",
  "start_frame": 86400, "clips": [], "spare_clips": []}}},
 "notify_secret": null,
 "error": null
}
"""
"""As avm-otio 0.1.0 wrote it, with fewer shots, items and clips, and other paths."""


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """A job's folder with nothing but that journal."""
    folder = tmp_path / "FCP7-short-64b4466added"
    folder.mkdir()
    (folder / "job.json").write_text(VERSION_1, encoding="utf-8")
    return folder


def stored(job: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((job / "job.json").read_text(encoding="utf-8"))
    return document


def test_a_journal_of_version_1_is_read(job: Path) -> None:
    journal = read_journal(job)
    assert journal.state is State.FINISHED
    (written,) = journal.outputs.values()
    assert written.digest == "c07df25a480f7324483dc722c423369463ff3fb0bf796d46a20a7cfda5dd2169"
    assert written.summary["total_price"] == "84.86"


def test_the_next_change_writes_it_in_todays_form_and_changes_nothing_else(job: Path) -> None:
    before = stored(job)
    with hold(job) as held:
        held.record()
    after = stored(job)
    assert list(after)[:2] == ["format", "version"]
    assert after["version"] == VERSION == 2
    before["outputs"]["../../out.otio"]["digest"] = before["outputs"]["../../out.otio"].pop("told")
    new = ("version", "program", "changed")
    assert {key: after[key] for key in before if key not in new} == {
        key: before[key] for key in before if key not in new
    }
    assert after["changed"] > before["changed"]


def test_a_field_of_a_later_program_survives(job: Path) -> None:
    (job / "job.json").write_text(json.dumps(stored(job) | {"colour": "red"}), encoding="utf-8")
    with hold(job) as held:
        held.record()
    assert stored(job)["colour"] == "red"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": VERSION + 1}, "later avm-otio"),
        ({"version": 0}, "not the journal"),
        ({"version": "2"}, "not the journal"),
        ({"format": "of another program"}, "not the journal"),
        ({"key": None}, "key"),
        ({"outputs": []}, "outputs"),
    ],
)
def test_what_is_not_a_journal_is_refused_with_its_place(job: Path, change: Any, message: str) -> None:
    (job / "job.json").write_text(json.dumps(stored(job) | change), encoding="utf-8")
    with pytest.raises(InputError, match=message) as error:
        read_journal(job)
    assert str(job / "job.json") in error.value.what


@pytest.mark.parametrize("text", ["[]", "3", "null", "{", ""])
def test_a_file_that_holds_something_else_is_refused(job: Path, text: str) -> None:
    (job / "job.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        read_journal(job)


def test_a_folder_without_a_journal_is_not_a_job(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a job folder"):
        load_journal(tmp_path)
