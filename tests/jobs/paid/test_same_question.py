"""One question is one job: what is a new one, and what is not."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import opentimelineio as otio
import pytest

from avm_otio.cli.main import run
from avm_otio.jobs.folder import folder_of
from tests.jobs.small_cut import Run, paid, save, the_job, uploaded
from tests.loopback_http import says
from tests.scripted_service import FILM_ID, SESSION_ID, ScriptedService


def test_the_same_again_asks_the_service_nothing(cut: Path, score: Run, service: ScriptedService) -> None:
    assert score() == 0
    before = (cut.parent / "out.otio").read_bytes()
    asked = len(service.asked)
    assert score() == 0
    assert len(service.asked) == asked
    assert (cut.parent / "out.otio").read_bytes() == before


def test_an_answer_beside_a_renamed_timeline_is_told_of_before_anything_is_sent(
    cut: Path, score: Run, service: ScriptedService, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score() == 0
    assert "very question" not in capsys.readouterr().err
    renamed = cut.rename(cut.with_name("cut v2.otio"))
    service.instead["POST /film/"] = says({"message": ["No room."]}, 400)
    assert score(timeline=renamed) == 6
    errors = capsys.readouterr().err
    assert f"to use that answer, stop this run and add --jobs-dir {cut.with_suffix('.avm')}." in errors
    assert score("--jobs-dir", str(cut.with_suffix(".avm")), timeline=renamed) == 0
    assert (uploaded(service), paid(service)) == (2, 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "more",
    [
        ["--for", "premiere", "--alternatives", "0"],
        ["--music-gain", "-6"],
        ["--effects-length", "cue"],
        ["--notify-url", "https://post.example/x"],
    ],
)
def test_how_the_answer_is_laid_is_no_new_question(
    score: Run, service: ScriptedService, more: list[str]
) -> None:
    assert score() == 0
    asked = len(service.asked)
    suffix = ".xml" if "--for" in more else ".otio"
    assert score(*more, output=f"other{suffix}") == 0
    assert len(service.asked) == asked


def test_a_film_that_lies_elsewhere_on_the_timeline_is_no_new_question(
    cut: Path, score: Run, service: ScriptedService
) -> None:
    assert score() == 0
    save(cut, before=24)
    assert score("--in", "00:00:01:00", "--out", "00:00:03:00") == 0
    assert uploaded(service) == 1
    scored = otio.adapters.read_from_file(str(cut.parent / "out.otio"))
    music = next(track for track in scored.tracks if track.name == "AVM Music 1")
    assert music.range_of_child(music.find_clips()[0]).start_time.value == 24


@pytest.mark.slow
def test_the_same_cut_under_another_name_is_no_new_question(
    cut: Path, score: Run, service: ScriptedService
) -> None:
    jobs = ("--jobs-dir", str(cut.parent / "jobs"))
    assert score(*jobs) == 0
    later = cut.rename(cut.with_name("cut v2.otio"))
    assert score(*jobs, timeline=later, output="out v2.otio") == 0
    assert (paid(service), uploaded(service)) == (1, 1)
    assert score(*jobs, "--title", "A storm", timeline=later, output="out v2.otio") == 0
    assert paid(service) == 2, "a title that was given is part of what is asked"


def as_an_editor_gives_it_back(scored: Path, cut: Path) -> None:
    """Without metadata, and with names of the editor's own."""
    timeline = otio.adapters.read_from_file(str(scored))
    for track in timeline.tracks:
        track.metadata.clear()
        for number, clip in enumerate(track.find_clips()):
            clip.metadata.clear()
            clip.name = f"Clip {number}"
        track.name = "Audio 3"
    cut.write_text(timeline.to_json_string())


def tracks_in(path: Path) -> list[str]:
    timeline = otio.adapters.read_from_file(str(path))
    return [track.name for track in timeline.tracks]


def test_sounds_of_a_job_in_the_editors_own_tracks_are_no_new_question(
    cut: Path, score: Run, service: ScriptedService
) -> None:
    assert score() == 0
    as_an_editor_gives_it_back(cut.parent / "out.otio", cut)
    assert score(output="again.otio") == 0
    assert (paid(service), uploaded(service)) == (1, 1)
    assert tracks_in(cut.parent / "again.otio") == ["Audio 3", "AVM Music 1", "AVM Effects 1"]


@pytest.mark.slow
def test_sounds_that_only_lie_as_a_jobs_do_are_the_users_own(
    cut: Path, score: Run, service: ScriptedService
) -> None:
    assert score() == 0
    as_an_editor_gives_it_back(cut.parent / "out.otio", cut)
    (the_job(cut) / "job.json").write_text('{"client": "a post house"}')
    assert score("--jobs-dir", str(cut.parent / "elsewhere"), output="again.otio") == 0
    assert tracks_in(cut.parent / "again.otio") == ["Audio 3"] * 3 + ["AVM Music 1", "AVM Effects 1"]


def test_moved_media_is_no_new_question(cut: Path, score: Run, service: ScriptedService) -> None:
    assert score() == 0
    (cut.parent / "rushes").mkdir()
    shutil.move(cut.parent / "a.mp4", cut.parent / "rushes" / "a.mp4")
    save(cut, media="rushes/a.mp4")
    assert score() == 0
    assert (uploaded(service), paid(service)) == (1, 1)


@pytest.mark.slow
@pytest.mark.parametrize("more", [["--bpm", "90"], ["--currency", "EUR"], ["--services", "music"]])
def test_another_request_is_another_question(score: Run, service: ScriptedService, more: list[str]) -> None:
    assert score() == 0
    assert score(*more) == 0
    assert paid(service) == 2


def test_another_range_is_another_question(cut: Path, score: Run, service: ScriptedService) -> None:
    assert score() == 0
    save(cut, start=12)
    assert score() == 0
    assert paid(service) == 2


def test_again_asks_and_pays_anew_and_what_follows_is_about_that(
    score: Run, service: ScriptedService
) -> None:
    assert score() == 0
    assert score("--again") == 0
    assert paid(service) == 2
    assert score("--music-gain", "-3") == 0
    assert paid(service) == 2


def test_again_after_an_interruption_goes_on_with_what_was_begun_again(
    score: Run, service: ScriptedService
) -> None:
    assert score() == 0
    service.instead[f"GET /film/{FILM_ID}/service/{SESSION_ID}/"] = says({"message": ["no"]}, 403)
    assert score("--again") == 4
    del service.instead[f"GET /film/{FILM_ID}/service/{SESSION_ID}/"]
    assert score("--again") == 0
    assert paid(service) == 2


def test_a_finished_job_goes_on_where_its_folder_was_moved_to(
    cut: Path, score: Run, service: ScriptedService, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert score() == 0
    there = tmp_path_factory.mktemp("other") / "machine"
    shutil.move(cut.parent, there)
    asked = len(service.asked)
    (there / "out.otio").unlink()
    assert run(["jobs", "resume", str(the_job(there / "cut.otio"))]) == 0
    assert (there / "out.otio").exists()
    assert len(service.asked) == asked


@pytest.mark.slow
def test_one_question_under_two_names_at_the_same_moment_is_one_job(
    cut: Path, score: Run, service: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    renamed = otio.adapters.read_from_file(str(cut))
    renamed.name = "another"
    otio.adapters.write_to_file(renamed, str(cut.parent / "other.otio"))

    def looks_and_dawdles(jobs_folder: Path, name: str, key: str) -> Path:
        found = folder_of(jobs_folder, name, key)
        time.sleep(0.3)
        return found

    monkeypatch.setattr("avm_otio.jobs.attempts.folder_of", looks_and_dawdles)
    jobs = ("--jobs-dir", str(cut.parent / "jobs"), "--title", "one")
    calls = (
        partial(score, *jobs),
        partial(score, *jobs, timeline=cut.parent / "other.otio", output="out2.otio"),
    )
    with ThreadPoolExecutor() as pool:
        assert [run.result() for run in [pool.submit(call) for call in calls]] == [0, 0]
    assert len(list((cut.parent / "jobs").glob("*/job.json"))) == 1
    assert service.calls("POST").count(f"/film/{FILM_ID}/service/") == 1
