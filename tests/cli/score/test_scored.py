"""``score`` as its user meets it: real files, real HTTP, and what is laid and kept."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote

import opentimelineio as otio
import pytest

from avm_otio.cli.main import run
from tests.cli.cuts import save
from tests.cli.score.asking import Score
from tests.scripted_service import FILM_ID, SESSION_ID, ScriptedService, effect, result_of


def test_a_scored_timeline_holds_the_cut_untouched_and_the_cues_online(cut: Path, score: Score) -> None:
    before = cut.read_bytes()
    assert score() == 0
    assert cut.read_bytes() == before
    scored = otio.adapters.read_from_file(str(cut.parent / "out.otio"))
    assert scored.tracks[0].is_equivalent_to(otio.adapters.read_from_file(str(cut)).tracks[0])
    assert [track.name for track in scored.tracks] == ["V1", "AVM Music 1", "AVM Effects 1"]
    for track in list(scored.tracks)[1:]:
        for clip in track.find_clips():
            assert Path(unquote(clip.media_reference.target_url).removeprefix("file://")).is_file()
    found = scored.tracks[2].find_clips()[0]
    assert found.media_reference.available_range.duration.to_seconds() == 1
    assert scored.tracks[2].range_of_child(found).start_time.value == 12


def test_the_job_keeps_what_was_asked_sent_and_received(
    cut: Path, score: Score, service: ScriptedService
) -> None:
    assert score() == 0
    (job,) = (path.parent for path in (cut.parent / "my cut.avm").glob("*/job.json"))
    assert {"request.json", "film.json", "result.json", "media"} <= {one.name for one in job.iterdir()}
    assert json.loads((job / "result.json").read_text()) == service.result
    assert sorted(one.name for one in (job / "media").iterdir()) == ["1 S-1.wav", "7 Bed.wav"] or sorted(
        one.name[0] for one in (job / "media").iterdir()
    ) == ["1", "7"]


def test_every_event_of_a_run_is_one_json_object_a_line(
    score: Score, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score("--json") == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    names = list(
        dict.fromkeys(
            event["event"] for event in events if event["event"] not in ("step", "progress", "warning")
        )
    )
    assert names == [
        "plan",
        "film_exported",
        "film_created",
        "service_submitted",
        "waiting",
        "item_downloaded",
        "written",
        "done",
    ]
    plan = next(event for event in events if event["event"] == "plan")
    assert (plan["record_in"], plan["record_out"], plan["frames"]) == ("01:00:00:00", "01:00:02:00", 48)
    assert events[-1]["total_price"] == "12.5"
    assert events[-1]["currency"] == "USD"


def test_the_chosen_total_is_told_with_its_currency(score: Score, capsys: pytest.CaptureFixture[str]) -> None:
    assert score("--currency", "eur") == 0
    assert "12.50 EUR" in capsys.readouterr().err


def test_a_range_and_a_gain_are_heeded(cut: Path, score: Score) -> None:
    assert (
        score(
            *("--in", "01:00:01:00", "--out", "01:00:02:00", "--mix", "off"),
            *("--effects-gain", "-6", "--music-gain", "-12.5"),
        )
        == 0
    )
    scored = otio.adapters.read_from_file(str(cut.parent / "out.otio"))
    clip = scored.tracks[2].find_clips()[0]
    assert scored.tracks[2].range_of_child(clip).start_time.value == 24 + 12
    assert clip.metadata["avm"]["gain_db"] == -6
    assert scored.tracks[1].find_clips()[0].source_range.duration.value == 24


@pytest.mark.slow
def test_running_it_again_on_what_it_wrote_replaces_our_tracks_only(cut: Path, score: Score) -> None:
    assert score() == 0
    assert score(timeline=cut.parent / "out.otio", output="again.otio") == 0
    first, second = (
        otio.adapters.read_from_file(str(cut.parent / name)) for name in ("out.otio", "again.otio")
    )
    assert [track.name for track in second.tracks] == [track.name for track in first.tracks]


@pytest.mark.slow
def test_a_bundle_can_be_written(cut: Path, score: Score) -> None:
    assert score(output="out.otioz") == 0
    from avm_otio import read

    again = read(cut.parent / "out.otioz")
    for clip in again.otio_timeline.find_clips():
        assert (again.folder / clip.media_reference.target_url).is_file()


def test_a_clip_that_is_the_whole_file_is_sent_as_it_is(
    tmp_path: Path, footage: Path, score: Score, service: ScriptedService
) -> None:
    media = footage / "a b.mp4"
    whole = save(tmp_path / "my cut.otio", media, start=0, frames=96)
    assert score("--services", "effects", timeline=whole) == 0
    assert media.read_bytes() in service.asked[0].body


@pytest.mark.slow
@pytest.mark.parametrize(
    "title", ["../../etc/passwd", "CON", "x" * 300, "", 'a/b\\c:d*?"<>|', "場景 🎬", "\u202etxt.wav", "-rf"]
)
def test_a_strange_title_makes_a_safe_file_name_that_begins_with_the_id(
    cut: Path, score: Score, service: ScriptedService, title: str
) -> None:
    service.result = result_of(effect(service.url, title=title))
    assert score() == 0
    (made,) = (cut.parent / "my cut.avm").glob("*/media/*")
    assert made.name.startswith("1")
    assert len(made.name.encode()) < 200
    scored = otio.adapters.read_from_file(str(cut.parent / "out.otio"))
    assert scored.tracks[1].find_clips()[0].metadata["avm"]["item"]["title"] == title


def test_the_calls_of_the_service_are_commands(
    service: ScriptedService, footage: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--service", service.url]
    assert run(["film", "create", str(footage / "silent.mp4"), *where]) == 0
    assert capsys.readouterr().out.strip() == str(FILM_ID)
    assert run(["service", "submit", str(FILM_ID), *where]) == 0
    assert capsys.readouterr().out.strip() == str(SESSION_ID)
    saved_to = tmp_path / "r.json"
    assert (
        run(["service", "result", str(FILM_ID), str(SESSION_ID), "--wait", "-o", str(saved_to), *where]) == 0
    )
    assert json.loads(saved_to.read_text()) == service.result
    assert run(["film", "show", str(FILM_ID), *where]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == FILM_ID
