"""One question is one job and one paid call, whatever happens in between."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction as F
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest

from avm_otio.cli.main import run
from avm_otio.errors import AvmError, OutputError
from avm_otio.jobs.folder import JOURNAL, Job, folder_of
from avm_otio.retry import Retrying
from tests.loopback_http import Reply, html, raw, reset, says
from tests.media.numbered import movie
from tests.scripted_service import (
    FILM_ID,
    SESSION_ID,
    ScriptedService,
    effect,
    film_service,
    result_of,
    sound,
    wav,
)
from tests.service.test_api_client import REFUSED, UNSURE
from tests.timelines import time_range

RATE = F(24)
PAY = f"POST /film/{FILM_ID}/service/"
FILM = f"GET /film/{FILM_ID}/"
Run = Callable[..., int]


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("footage")
    noise = np.random.default_rng(1).normal(0, 0.1, (4 * 48_000, 2))
    movie(folder / "a.mp4", 96, RATE, sound=noise)
    return folder


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedService]:
    monkeypatch.setenv("AVM_TOKEN", "sesame-1234567890")
    config = Path(__import__("os").environ["AVM_CONFIG_DIR"])
    config.mkdir(parents=True)
    (config / "config.toml").write_text("[timeouts]\nlook_s = 0.1\nwait_s = 5\n")
    monkeypatch.setattr("avm_otio.retry.time.sleep", lambda seconds: None)
    with film_service(result_of()) as found:
        music = {"id": 7, "price": 10.0, "url": f"{found.url}/items/7", "title": "Bed"}
        found.result = result_of(effect(found.url), musics=[music])
        found.files = {"/items/1": sound(), "/items/7": sound(wav(9))}
        yield found


@pytest.fixture
def cut(tmp_path: Path, footage: Path) -> Path:
    shutil.copyfile(footage / "a.mp4", tmp_path / "a.mp4")
    return save(tmp_path / "cut.otio")


def save(path: Path, *, start: int = 24, before: int = 0, media: str = "a.mp4") -> Path:
    reference = otio.schema.ExternalReference(media, time_range(0, 96, RATE))
    clip = otio.schema.Clip("shot", reference, time_range(start, 48, RATE))
    gap = [otio.schema.Gap(source_range=time_range(0, before, RATE))] if before else []
    timeline = otio.schema.Timeline("cut")
    timeline.tracks.append(otio.schema.Track("V1", [*gap, clip]))
    path.write_text(timeline.to_json_string())
    return path


@pytest.fixture
def score(cut: Path, service: ScriptedService) -> Run:
    def call(*more: str, timeline: Path = cut, output: str = "out.otio") -> int:
        return run(["score", str(timeline), "-o", str(cut.parent / output), "--service", service.url, *more])

    return call


def the_job(cut: Path) -> Path:
    (journal,) = cut.with_suffix(".avm").glob("*/job.json")
    return journal.parent


def found_on_film(service: ScriptedService) -> dict[str, object]:
    """The Film after an analysis whose own answer was lost."""
    music = service.result["music_mapping_service"]["musics"]
    effects = service.result["sound_effect_service"]["sound_effects"]
    return {"id": FILM_ID, "type": "normal_film", "recommended_musics": music, "sound_effects": effects}


def paid(service: ScriptedService) -> int:
    return sum(path == PAY.removeprefix("POST ") for path in service.calls("POST"))


def uploaded(service: ScriptedService) -> int:
    return service.calls("POST").count("/film/")


# --- the same question


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


# --- what was begun


def test_what_failed_before_the_paid_call_is_not_sent_again(score: Run, service: ScriptedService) -> None:
    service.instead[PAY] = says({"message": ["Insufficient analyze count"]}, 400)
    assert score() == 5
    del service.instead[PAY]
    assert score() == 0
    assert uploaded(service) == 1


@pytest.mark.slow
def test_what_failed_after_the_paid_call_is_not_paid_again(score: Run, service: ScriptedService) -> None:
    service.files["/items/1"] = html(503)
    assert score() == 6
    service.files["/items/1"] = sound()
    assert score() == 0
    assert (uploaded(service), paid(service)) == (1, 1)


@pytest.mark.parametrize("fault", [reset, html(502), says({}), says({"message": ["oops"]}, 500)])
def test_a_paid_call_whose_answer_is_lost_is_never_sent_again_unasked(
    cut: Path, score: Run, service: ScriptedService, fault: object, capsys: pytest.CaptureFixture[str]
) -> None:
    service.instead[PAY] = fault
    assert score() == 7
    del service.instead[PAY]
    assert score() == 7
    assert paid(service) == 1
    errors = capsys.readouterr().err
    assert f"jobs resume {the_job(cut)} --wait" in errors
    assert "--resubmit" in errors


def test_what_an_unanswered_call_brought_is_found_on_the_film(score: Run, service: ScriptedService) -> None:
    service.instead[PAY] = reset
    service.instead[FILM] = says(found_on_film(service))
    assert score() == 0
    assert paid(service) == 1


def test_a_part_that_never_comes_is_told(
    score: Run, service: ScriptedService, capsys: pytest.CaptureFixture[str]
) -> None:
    service.instead[PAY] = reset
    service.instead[FILM] = says(found_on_film(service) | {"sound_effects": []})
    assert score() == 0
    assert "Nothing came for effects" in capsys.readouterr().err


def test_waiting_for_it_or_sending_it_again_is_the_users_word(
    cut: Path, score: Run, service: ScriptedService
) -> None:
    service.instead[PAY] = reset
    assert score() == 7
    del service.instead[PAY]
    service.instead[FILM] = says(found_on_film(service))
    assert run(["jobs", "resume", str(the_job(cut)), "--wait"]) == 0
    assert paid(service) == 1
    assert (cut.parent / "out.otio").exists()


def test_sending_it_again_pays_once_more_and_only_where_nobody_knows(
    cut: Path, score: Run, service: ScriptedService
) -> None:
    service.instead[PAY] = reset
    assert score() == 7
    del service.instead[PAY]
    job = str(the_job(cut))
    assert run(["jobs", "resume", job, "--resubmit", "--yes"]) == 0
    assert paid(service) == 2
    assert run(["jobs", "resume", job, "--resubmit", "--yes"]) == 2
    assert paid(service) == 2


@pytest.mark.slow
def test_an_upload_whose_answer_is_lost_is_looked_for_by_its_name(
    cut: Path, score: Run, service: ScriptedService
) -> None:
    service.instead["POST /film/"] = reset
    service.instead["GET /film/"] = says({"count": 0, "next": None, "previous": None, "results": []})
    assert score() == 6
    name = json.loads((the_job(cut) / "job.json").read_text())["film"]["sent_as"]
    service.instead["GET /film/"] = says(
        {"results": [{"id": 3, "filename": "x.mp4"}, {"id": FILM_ID, "filename": name}]}
    )
    sent = uploaded(service)
    assert score() == 0
    assert uploaded(service) == sent


def films_of(*names: str) -> Reply:
    return says({"results": [{"id": FILM_ID, "filename": name} for name in names]})


@pytest.mark.slow
@pytest.mark.parametrize("never_says", [reset, html(502), says({"message": ["Later."]}, 503)])
def test_a_film_is_not_sent_again_to_a_service_that_cannot_say_what_it_holds(
    score: Run, service: ScriptedService, never_says: Reply
) -> None:
    service.instead |= {"POST /film/": reset, "GET /film/": never_says}
    assert score() == 6
    assert uploaded(service) == 1


def test_a_film_that_is_listed_late_is_not_sent_again(
    cut: Path, score: Run, service: ScriptedService
) -> None:
    looks = []

    def listed(handler: BaseHTTPRequestHandler) -> None:
        looks.append(handler.path)
        name = json.loads((the_job(cut) / JOURNAL).read_text())["film"]["sent_as"]
        films_of(*([name] if len(looks) > 1 else []))(handler)

    service.instead |= {"POST /film/": reset, "GET /film/": listed}
    assert score() == 0
    assert (uploaded(service), paid(service)) == (1, 1)


def test_a_film_that_the_service_lost_before_anything_was_paid_is_sent_again(
    score: Run, service: ScriptedService
) -> None:
    service.instead[PAY] = says({"message": ["Insufficient analyze count"]}, 400)
    assert score() == 5
    service.instead[FILM] = says({"message": ["There is no such film."]}, 404)
    assert score() == 5
    assert (uploaded(service), paid(service)) == (2, 2)
    del service.instead[PAY], service.instead[FILM]
    assert score() == 0
    assert (uploaded(service), paid(service)) == (2, 3)


@pytest.mark.slow
@pytest.mark.parametrize("fault", UNSURE.values(), ids=UNSURE)
@pytest.mark.parametrize("acted", [True, False])
def test_what_proves_nothing_is_looked_for_and_never_sent_again_unasked(
    score: Run, service: ScriptedService, fault: Reply, acted: bool
) -> None:
    service.instead[PAY] = fault
    if acted:
        service.instead[FILM] = says(found_on_film(service))
    for _ in range(2):
        assert score() == (0 if acted else 7)
    assert (uploaded(service), paid(service)) == (1, 1)


@pytest.mark.slow
@pytest.mark.parametrize(("refusal", "kind", "attempts"), REFUSED.values(), ids=REFUSED)
def test_what_was_refused_ends_the_run_and_is_sent_again_by_the_next(
    score: Run, service: ScriptedService, refusal: Reply, kind: type[AvmError], attempts: int
) -> None:
    service.instead[PAY] = refusal
    assert score() == kind.exit_code
    sent = paid(service)
    assert sent == (1 if attempts == 1 else Retrying().attempts)
    del service.instead[PAY]
    assert score() == 0
    assert (uploaded(service), paid(service)) == (1, sent + 1)


def test_what_was_carried_out_and_answered_with_a_refusal_is_not_paid_again(
    score: Run, service: ScriptedService, capsys: pytest.CaptureFixture[str]
) -> None:
    service.instead[PAY] = says({"message": ["Insufficient analyze count"]}, 400)
    assert score() == 5
    service.instead[FILM] = says(found_on_film(service))
    assert score() == 0
    assert paid(service) == 1
    assert "nothing is paid for again" in capsys.readouterr().err


def test_a_disk_that_is_full_as_the_call_is_answered_lets_nothing_be_paid_again(
    score: Run, service: ScriptedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(job: Job, name: str, document: object) -> None:
        if name == JOURNAL and job.journal.call is not None:
            raise OutputError("The disk is full.")
        save_to(job, name, document)

    save_to = Job.save
    monkeypatch.setattr(Job, "save", full)
    assert score() == 1
    monkeypatch.setattr(Job, "save", save_to)
    service.instead[FILM] = says(found_on_film(service))
    assert score() == 0
    assert paid(service) == 1


def test_an_answer_is_on_disk_as_it_came_before_anything_is_read(
    cut: Path, score: Run, service: ScriptedService
) -> None:
    odd = b'{"is_done": true, "music_mapping_service": 12,,}'
    poll = f"GET /film/{FILM_ID}/service/{SESSION_ID}/"
    service.instead[poll] = raw(200, odd, content_type="application/json")
    assert score() == 6
    assert (the_job(cut) / "result.received").read_bytes() == odd
    assert b"3215" in (the_job(cut) / "call.received").read_bytes()
    del service.instead[poll]
    assert score() == 0
    assert json.loads((the_job(cut) / "result.received").read_bytes()) == service.result
    assert paid(service) == 1


ODD = {
    "half an emoji": {"title": "a \ud83c b"},
    "half an emoji in a field of another's": {"new \udfff": ["\ud83c"]},
    "a price in quotes": {"price": "12.50"},
    "is_bought as a number": {"is_bought": 0},
    "bpm as text": {"bpm": "129"},
    "a title that is a number": {"title": 1984},
    "an id in quotes": {"id": "7"},
    "a title that is a list": {"title": ["a"]},
}


@pytest.mark.slow
@pytest.mark.parametrize("odd", [*ODD, "a field 400 deep", "a field 5000 deep"])
@pytest.mark.parametrize("suffix", [".otio", ".xml", ".fcpxml"])
def test_an_odd_field_does_not_lose_what_was_paid_for(
    cut: Path, score: Run, service: ScriptedService, odd: str, suffix: str
) -> None:
    music = service.result["music_mapping_service"]["musics"]
    music[0] |= ODD.get(odd, {"new": "DEEP"})
    depth = 5000 if "5000" in odd else 400
    deep = json.dumps(service.result).replace('"DEEP"', '{"a":' * depth + "1" + "}" * depth)
    poll = f"GET /film/{FILM_ID}/service/{SESSION_ID}/"
    service.instead[poll] = raw(200, deep.encode(), content_type="application/json")
    assert score(output=f"out{suffix}") == 0
    assert len(list((the_job(cut) / "media").iterdir())) == 2
    assert run(["jobs", "show", str(the_job(cut))]) == 0
    assert score(output=f"again{suffix}") == 0
    assert paid(service) == 1


@pytest.mark.slow
def test_music_and_effect_of_one_id_are_two_in_every_total(
    cut: Path, score: Run, service: ScriptedService, capsys: pytest.CaptureFixture[str]
) -> None:
    music = {"id": 7, "price": 90.0, "url": f"{service.url}/items/7", "title": "Bed"}
    service.result |= result_of(effect(service.url, 7, price=3.0), musics=[music])
    jobs = str(cut.parent / "jobs")
    assert score("--jobs-dir", jobs) == 0
    assert "chosen items cost 93.0 USD" in capsys.readouterr().err
    assert run(["jobs", "show", jobs]) == 0 or run(["jobs", "list", jobs]) == 0
    assert "93.0 USD" in capsys.readouterr().out
    order = ["batch", str(cut), "--output-dir", str(cut.parent / "scored"), "--service", service.url]
    assert run([*order, "--jobs-dir", jobs, "--max-cost", "92"]) != 0
    assert "93.0" in "".join(capsys.readouterr())
    assert run([*order, "--jobs-dir", jobs, "--max-cost", "93"]) == 0


def test_an_item_that_can_never_be_had_is_replaced_for_good_and_the_total_follows(
    cut: Path, score: Run, service: ScriptedService, capsys: pytest.CaptureFixture[str]
) -> None:
    service.result = result_of(
        effect(service.url, 1, price=2.5),
        effect(service.url, 3, "00:00:01", "00:00:01.5", price=4),
        musics=[
            {"id": number, "price": price, "url": f"{service.url}/items/{number}", "title": title}
            for number, price, title in ((6, 100, "Gone"), (7, 10, "Bed"), (8, 1, "Calm"))
        ],
    )
    service.files = {"/items/1": sound(), "/items/7": sound(wav(9)), "/items/8": sound(wav(8))}
    service.instead[FILM] = says(found_on_film(service))
    assert score("--alternatives", "1") == 0
    errors = capsys.readouterr().err
    assert "Music 6 cannot be had" in errors
    assert "“Bed” (music 7) takes its place: under the film" in errors
    assert "Effect 3 cannot be had" in errors
    assert "nothing takes its place, which stays empty: at 00:00:01.000000" in errors
    assert "chosen items cost 12.5 USD" in errors
    journal = json.loads((the_job(cut) / "job.json").read_text())
    assert set(journal["unavailable"]) == {"music 6", "effect 3"}
    assert set(journal["media"]) == {"music 7", "music 8", "effect 1"}
    (written,) = journal["outputs"].values()
    assert [(one["id"], one["instead"]) for one in written["summary"]["unavailable"]] == [
        (6, {"id": 7, "title": "Bed"}),
        (3, None),
    ]
    service.files |= {"/items/6": sound(), "/items/3": sound()}
    asked = len(service.asked)
    assert score("--alternatives", "1", output="again.otio") == 0
    assert len(service.asked) == asked  # the choice stays
    assert "chosen items cost 12.5 USD" in capsys.readouterr().err
    assert run(["jobs", "show", str(the_job(cut))]) == 0
    shown = capsys.readouterr().out
    assert "2 items for 12.5 USD" in shown
    assert "music 6 cannot be had: 6 Gone: 127.0.0.1 answered 404" in shown
    assert run(["jobs", "resume", str(the_job(cut)), "--wait"]) == 0
    assert "chosen items cost 106.5 USD" in capsys.readouterr().err
    assert paid(service) == 1


@pytest.mark.slow
def test_a_budget_holds_for_what_takes_the_place_of_an_item_that_cannot_be_had(
    cut: Path, score: Run, service: ScriptedService, capsys: pytest.CaptureFixture[str]
) -> None:
    service.result = result_of(
        musics=[
            {"id": number, "price": price, "url": f"{service.url}/items/{number}", "title": "Bed"}
            for number, price in ((6, 1), (7, 50))
        ]
    )
    service.instead[FILM] = says(found_on_film(service))
    order = ["batch", str(cut), "--output-dir", str(cut.parent / "scored"), "--service", service.url]
    assert run([*order, "--max-cost", "49"]) == 5
    assert "50" in "".join(capsys.readouterr())
    assert run([*order, "--max-cost", "50"]) == 0
    assert paid(service) == 1


@pytest.mark.slow
def test_an_answer_that_is_fetched_again_is_kept_as_it_came_too(
    cut: Path, score: Run, service: ScriptedService
) -> None:
    service.files["/items/1"] = html(503)
    assert score() == 6
    service.files["/items/1"] = sound()
    service.result["new"] = "as it is now"
    assert score() == 0
    assert json.loads((the_job(cut) / "result.received").read_text()) == service.result
    assert json.loads((the_job(cut) / "result.json").read_text())["new"] == "as it is now"


@pytest.mark.slow
@pytest.mark.parametrize("call", [FILM, f"{FILM}service/{SESSION_ID}/"])
def test_what_comes_instead_of_it_does_not_take_its_place(
    cut: Path, score: Run, service: ScriptedService, call: str
) -> None:
    service.files["/items/1"] = html(503)
    assert score() == 6
    kept = {path.name: path.read_bytes() for path in the_job(cut).glob("*.received")}
    service.files["/items/1"] = sound()
    service.instead[call] = html(200)
    assert score() == 0
    assert {path.name: path.read_bytes() for path in the_job(cut).glob("*.received")} == kept
    assert paid(service) == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: "\0" * len(text),  # as a power cut leaves a file
        lambda text: text.replace('"key"', '"kex"'),
        lambda text: text.replace('"answered": "', '"answered": 7, "x": "'),
    ],
)
def test_a_damaged_journal_pays_for_nothing_and_says_what_moving_it_away_would(
    cut: Path,
    score: Run,
    service: ScriptedService,
    damage: Callable[[str], str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert score() == 0
    journal = the_job(cut) / JOURNAL
    whole = journal.read_text()
    journal.write_text(damage(whole))
    (cut.parent / "out.otio").unlink()
    asked = len(service.asked)
    capsys.readouterr()
    assert score() == 3
    errors = capsys.readouterr().err
    assert str(journal) in errors
    assert "Restore it from a backup" in errors
    assert "what was paid for is paid for anew" in errors
    assert len(service.asked) == asked
    journal.write_text(whole)
    assert score() == 0
    assert paid(service) == 1


def test_a_token_that_the_service_sends_back_is_in_no_file(
    cut: Path, score: Run, service: ScriptedService
) -> None:
    music = service.result["music_mapping_service"]["musics"]
    music[0] |= {"title": "sesame-1234567890", "new": {"sesame-1234567890": "Token sesame-1234567890"}}
    service.instead[FILM] = says({"id": FILM_ID, "title": "sesame-1234567890"})
    service.instead[PAY] = says({"session_id": SESSION_ID, "token": "sesame-1234567890"})
    assert score() == 0
    for path in cut.parent.rglob("*"):
        assert "sesame" not in path.name
        assert not path.is_file() or b"sesame" not in path.read_bytes()


def test_the_token_is_in_no_file_of_the_job(cut: Path, score: Run) -> None:
    assert score() == 0
    for path in cut.with_suffix(".avm").rglob("*"):
        assert not path.is_file() or b"sesame" not in path.read_bytes()


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

    monkeypatch.setattr("avm_otio.jobs.pipeline.folder_of", looks_and_dawdles)
    jobs = ("--jobs-dir", str(cut.parent / "jobs"), "--title", "one")
    calls = (
        partial(score, *jobs),
        partial(score, *jobs, timeline=cut.parent / "other.otio", output="out2.otio"),
    )
    with ThreadPoolExecutor() as pool:
        assert [run.result() for run in [pool.submit(call) for call in calls]] == [0, 0]
    assert len(list((cut.parent / "jobs").glob("*/job.json"))) == 1
    assert service.calls("POST").count(f"/film/{FILM_ID}/service/") == 1
