"""``score``, ``convert`` and the rest as their user meets them: real files, real HTTP, faults in one line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import opentimelineio as otio
import pytest

from avm_otio import services
from avm_otio.cli.main import run
from avm_otio.config.folders import config_file
from tests.cli.cuts import RATE, TOKEN, save
from tests.loopback_http import html, raw, redirect, reset, says
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
from tests.timelines import time_range

SERVICE = f"/film/{FILM_ID}/service/"


@pytest.fixture(scope="session")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("footage")
    noise = np.random.default_rng(1).normal(0, 0.1, (4 * 48_000, 2))
    movie(folder / "a b.mp4", 96, RATE, sound=noise)
    movie(folder / "silent.mp4", 48, RATE)
    return folder


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedService]:
    monkeypatch.setenv("AVM_TOKEN", TOKEN)
    with film_service(result_of()) as found:
        found.result = result_of(
            effect(found.url),
            musics=[{"id": 7, "price": 10.0, "url": f"{found.url}/items/7", "title": "Bed"}],
        )
        found.files = {"/items/1": sound(), "/items/7": sound(wav(9))}
        yield found


@pytest.fixture
def cut(tmp_path: Path, footage: Path) -> Path:
    """Two seconds of film, one second in, on a timeline that starts at 01:00:00:00."""
    return save(tmp_path / "my cut.otio", footage / "a b.mp4")


Score = Callable[..., int]


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    """A library of one's own."""
    for name in ("sfx/Slam.wav", "music/Warm bed.wav"):
        (tmp_path / "sounds" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "sounds" / name).write_bytes(wav(2.5))
    return tmp_path / "sounds"


@pytest.mark.slow
def test_another_library_is_another_question_and_so_is_one_that_has_grown(cut: Path, sounds: Path) -> None:
    def laid(*more: str) -> set[str]:
        output = cut.parent / "out.otio"
        assert run(["score", str(cut), "-o", str(output), "--service", "local", *more]) == 0
        timeline = otio.adapters.read_from_file(str(output))
        return {clip.name for track in timeline.tracks for clip in track.find_clips()} - {"shot 1"}

    mine = ("--library", str(sounds))
    starter = laid()
    assert laid(*mine) <= {"Slam", "Warm bed"} != starter
    (sounds / "music/Warm bed.wav").rename(sounds / "music/Cold bed.wav")
    assert "Cold bed" in laid(*mine)
    assert laid() == starter


@pytest.mark.slow
def test_sounds_of_the_library_that_cannot_be_read_are_told(
    cut: Path, sounds: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (sounds / "broken.mp3").write_bytes(b"nothing")
    output = str(cut.parent / "out.otio")
    assert run(["score", str(cut), "-o", output, "--service", "local", "--library", str(sounds)]) == 0
    assert "1 of 3 sounds of the library cannot be used: broken.mp3" in capsys.readouterr().err


def test_a_library_that_a_remote_service_does_not_choose_from_is_told(
    cut: Path, service: ScriptedService, sounds: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = str(cut.parent / "out.otio")
    assert run(["score", str(cut), "-o", output, "--service", service.url, "--library", str(sounds)]) == 0
    assert f"The library is for --service local: {service.url} chooses" in capsys.readouterr().err


@pytest.fixture
def score(cut: Path, service: ScriptedService) -> Score:
    def call(*more: str, timeline: Path = cut, output: str = "out.otio") -> int:
        return run(["score", str(timeline), "-o", str(cut.parent / output), "--service", service.url, *more])

    return call


def error_line(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line of the error; nothing else may look like one."""
    text = capsys.readouterr().err
    assert "Traceback" not in text
    assert TOKEN not in text
    errors = [line for line in text.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1
    return errors[0]


def leftovers(folder: Path) -> list[str]:
    """Files in the timeline's folder but for the timeline and its jobs."""
    return [one.name for one in folder.iterdir() if one.suffix not in (".avm",) and one.name != "my cut.otio"]


# --- what goes well


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
    assert "12.5 EUR" in capsys.readouterr().err


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


# --- faults: one line, the right code, nothing half written


@pytest.mark.slow
@pytest.mark.parametrize(
    ("call", "answer", "code", "words"),
    [
        ("POST /film/", says({"message": ["Insufficient analyze count"]}, 403), 5, "nsufficient"),
        ("POST /film/", says({"detail": "x"}, 401), 4, "oken"),
        ("POST /film/", html(502), 6, "502"),
        ("POST /film/", says({"id": "x"}), 6, "id"),
        ("POST /film/", reset, 6, "film"),
        (f"POST {SERVICE}", says({"message": ["Insufficient analyze count"]}, 400), 5, "nsufficient"),
        (f"POST {SERVICE}", reset, 7, "paid"),
        (f"POST {SERVICE}", html(502), 7, "paid"),
        (f"POST {SERVICE}", html(200), 7, "paid"),
        (f"GET {SERVICE}{SESSION_ID}/", raw(200, b'{"is_done": tr'), 6, ""),
        (f"GET {SERVICE}{SESSION_ID}/", says([]), 6, ""),
        (f"GET {SERVICE}{SESSION_ID}/", redirect("http://127.0.0.2:9/elsewhere"), 6, ""),
    ],
)
def test_a_fault_of_the_service_is_one_line_with_its_code(
    score: Score,
    service: ScriptedService,
    cut: Path,
    capsys: pytest.CaptureFixture[str],
    call: str,
    answer: Any,
    code: int,
    words: str,
) -> None:
    config_file().parent.mkdir(parents=True)
    config_file().write_text("[timeouts]\nlook_s = 0.1\n")
    service.instead[call] = answer
    assert score() == code
    assert words in error_line(capsys)
    assert leftovers(cut.parent) == []
    assert sum(path.endswith("/service/") for path in service.calls("POST")) <= 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("item", "code"),
    [
        (html(200), 0),
        (raw(200, b""), 0),
        (raw(200, wav()[:100], content_length="200000"), 6),
        (raw(503, b"later"), 6),
        (raw(404, b"gone"), 0),
        (redirect("file:///etc/passwd"), 0),
        (redirect("http://169.254.169.254/latest/"), 0),
        (raw(200, b"RIFF" + b"\0" * 400, content_type="audio/wav"), 0),
    ],
)
def test_what_is_no_sound_is_laid_nowhere_and_told_and_what_may_pass_ends_the_run(
    score: Score,
    service: ScriptedService,
    cut: Path,
    capsys: pytest.CaptureFixture[str],
    item: Any,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    service.files["/items/1"] = item
    assert score() == code
    if code:
        assert error_line(capsys)
        assert leftovers(cut.parent) == []
    else:
        assert "Effect 1 cannot be had" in capsys.readouterr().err
        scored = otio.adapters.read_from_file(str(cut.parent / "out.otio"))
        assert [clip.metadata["avm"]["item"]["id"] for track in scored.tracks[1:] for clip in track] == [7]


@pytest.mark.slow
@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "http://10.0.0.1/x",
        "http://[fe80::1]/x",
        "data:,x",
        "",
        None,
        "http://",
    ],
)
def test_an_address_that_must_not_be_asked_is_refused(
    score: Score, service: ScriptedService, cut: Path, capsys: pytest.CaptureFixture[str], url: str | None
) -> None:
    service.result = result_of(effect(service.url, url=url))
    assert score() == 6
    assert error_line(capsys)
    assert leftovers(cut.parent) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("00:00:01", "00:00:00.5", "before it starts"),
        ("-00:00:01", "00:00:01", "not a time"),
        ("00:00:09", "00:00:10", "past the film's end"),
        (None, None, "no start_at"),
    ],
)
def test_a_cue_that_makes_no_sense_is_refused_and_can_be_left_out(
    score: Score,
    service: ScriptedService,
    cut: Path,
    capsys: pytest.CaptureFixture[str],
    start: Any,
    end: Any,
    words: str,
) -> None:
    service.result = result_of(effect(service.url), effect(service.url, start=start, end=end))
    assert score() == 3
    assert words in error_line(capsys)
    assert leftovers(cut.parent) == []
    assert score("--skip-bad-cues") == 0
    assert words in capsys.readouterr().err


def test_a_silent_film_is_not_uploaded_for_noise_reduction(
    tmp_path: Path, footage: Path, score: Score, service: ScriptedService, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = save(tmp_path / "my cut.otio", footage / "silent.mp4", start=0, frames=24, available=48)
    assert score("--services", "denoise", timeline=silent) == 6
    assert "noise" in error_line(capsys)
    assert service.asked == []


def test_the_token_goes_to_the_service_and_never_with_a_download(
    score: Score, service: ScriptedService
) -> None:
    assert score() == 0
    for one in service.asked:
        assert ("authorization" in one.headers) == (not one.path.startswith("/items/"))


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (["--clip", "shot one"], 3, "Did you mean “shot 1”"),
        (["--in", "02:00:00:00"], 3, "lies outside"),
        (["--in", "01:00:01:00", "--out", "01:00:01:00"], 3, "is empty"),
        (["--in", "noon"], 3, "not a timecode"),
        (["--in", "01:00:00;00"], 3, "no drop-frame"),
        (["--track", "V7"], 3, "There are: V1"),
        (["--services", "musik"], 2, f"{', '.join(services.service_names())}, not 'musik'"),
        (["--services", ""], 2, "at least one of music"),
        (["--budget-min", "9", "--budget-max", "3"], 2, "Swap"),
        (["--genre", "cinematik"], 2, "cinematik"),
        (["--library", "/nowhere", "--service", "local"], 3, "/nowhere"),
        (["--service", "http://example.com"], 2, "clear"),
        (["--effects-length", "long"], 2, "long"),
        (["--currency", "ABC"], 2, "'TWD', 'USD', 'EUR'"),
        (["--rate", "0/0"], 2, "'0/0' is not a frame rate. Help"),
    ],
)
def test_what_was_asked_wrongly_is_told_in_one_line(
    score: Score,
    service: ScriptedService,
    cut: Path,
    capsys: pytest.CaptureFixture[str],
    more: list[str],
    code: int,
    words: str,
) -> None:
    assert score(*more) == code
    assert words in error_line(capsys)
    assert leftovers(cut.parent) == []
    assert service.calls("POST") == []


@pytest.mark.parametrize("make", ["none", "empty", "truncated", "text", "no video", "gone", "zero", "torn"])
def test_a_timeline_that_cannot_be_used_is_told_in_one_line(
    tmp_path: Path,
    footage: Path,
    score: Score,
    service: ScriptedService,
    capsys: pytest.CaptureFixture[str],
    make: str,
) -> None:
    path = tmp_path / "my cut.otio"
    if make == "none":
        path.unlink(missing_ok=True)
    elif make == "empty":
        path.write_text(otio.schema.Timeline("e").to_json_string())
    elif make == "truncated":
        path.write_text(path.read_text()[:200] if path.exists() else '{"OTIO')
    elif make == "text":
        path.write_text("hello")
    elif make == "no video":
        timeline = otio.schema.Timeline("e")
        timeline.tracks.append(
            otio.schema.Track(
                "A1", [otio.schema.Clip("a", source_range=time_range(0, 9, RATE))], kind="Audio"
            )
        )
        path.write_text(timeline.to_json_string())
    elif make == "gone":
        save(path, tmp_path / "lost.mp4")
    else:
        media = tmp_path / "torn.mp4"
        media.write_bytes(b"" if make == "zero" else (footage / "a b.mp4").read_bytes()[:3000])
        save(path, media)
    assert score(timeline=path) == 3
    line = error_line(capsys)
    if make == "gone":
        assert "shot 1" in line
        assert "lost.mp4" in line
        assert "--media-root" in line
    assert service.asked == []


def test_moved_media_is_found_by_name(tmp_path: Path, footage: Path, score: Score) -> None:
    moved = save(tmp_path / "my cut.otio", tmp_path / "elsewhere" / "a b.mp4")
    assert score(timeline=moved) == 3
    assert score("--media-root", str(footage), timeline=moved) == 0


def test_the_input_is_never_the_output(cut: Path, score: Score, capsys: pytest.CaptureFixture[str]) -> None:
    before = cut.read_bytes()
    assert score(output="my cut.otio") == 2
    assert "never changed" in error_line(capsys)
    assert cut.read_bytes() == before


def test_where_jobs_cannot_be_kept_another_place_is_asked_for(
    cut: Path, score: Score, service: ScriptedService, capsys: pytest.CaptureFixture[str]
) -> None:
    cut.with_suffix(".avm").write_text("in the way")
    assert score() == 1
    assert "--jobs-dir" in error_line(capsys)
    assert service.asked == []
    assert score("--jobs-dir", str(cut.parent / "jobs")) == 0


def test_no_token_is_told_before_anything_is_done(
    score: Score, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AVM_TOKEN")
    assert score() == 4
    assert "avm-otio login" in error_line(capsys)


@pytest.mark.parametrize("call", ["POST /film/", f"GET {SERVICE}{SESSION_ID}/", "/items/1"])
def test_an_interruption_leaves_no_half_output(
    score: Score,
    service: ScriptedService,
    cut: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    call: str,
) -> None:
    from avm_otio.service.client import Client

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    names = {"POST /film/": "create_film", f"GET {SERVICE}{SESSION_ID}/": "service_result"}
    if call in names:
        monkeypatch.setattr(Client, names[call], interrupted)
    else:
        monkeypatch.setattr("avm_otio.media.fetch.fetch", interrupted)
    assert score() == 130
    assert leftovers(cut.parent) == []
    assert not list(cut.parent.rglob(".*"))


# --- convert


def saved(folder: Path, document: Any, name: str = "result.json") -> str:
    (folder / name).write_text(json.dumps(document))
    return str(folder / name)


def test_a_saved_result_is_laid_onto_a_timeline_with_the_files_of_a_folder(cut: Path) -> None:
    (cut.parent / "items").mkdir()
    (cut.parent / "items" / "1.wav").write_bytes(wav(0.5))
    musics = [{"id": 7, "price": 1.0, "duration": "00:01:00", "url": "https://example.com/m", "title": "Bed"}]
    document = result_of(effect("https://example.com", start="00:00:01", end="00:00:01.5"), musics=musics)
    out = cut.parent / "out.otio"
    arguments = ["--onto", str(cut), "--media", str(cut.parent / "items"), "--in", "01:00:00:12"]
    assert run(["convert", saved(cut.parent, document), "-o", str(out), *arguments]) == 0
    scored = otio.adapters.read_from_file(str(out))
    music, effects = scored.tracks[1].find_clips()[0], scored.tracks[2].find_clips()[0]
    assert music.media_reference.target_url == "https://example.com/m"
    assert music.media_reference.available_range.duration.to_seconds() == 60
    assert scored.tracks[1].range_of_child(music).start_time.value == 12
    assert scored.tracks[2].range_of_child(effects).start_time.value == 36
    assert effects.media_reference.target_url.endswith("/items/1.wav")


def test_an_item_of_unknown_length_is_as_long_as_its_cue(cut: Path) -> None:
    document = result_of(effect("https://example.com", start="00:00:00", end="00:00:01"))
    assert (
        run(["convert", saved(cut.parent, document), "-o", str(cut.parent / "o.otio"), "--onto", str(cut)])
        == 0
    )
    clip = otio.adapters.read_from_file(str(cut.parent / "o.otio")).tracks[1].find_clips()[0]
    assert clip.source_range.duration.value == 24
    assert clip.media_reference.available_range is None


def test_a_saved_film_becomes_a_timeline_of_its_own(tmp_path: Path) -> None:
    film = {
        "id": 1,
        "duration": "00:00:10",
        "sound_effects": [effect("https://example.com")],
        "recommended_musics": [],
    }
    assert run(["convert", saved(tmp_path, film), "-o", str(tmp_path / "o.otio"), "--rate", "29.97"]) == 0
    track = otio.adapters.read_from_file(str(tmp_path / "o.otio")).tracks[0]
    assert track.range_of_child(track.find_clips()[0]).start_time.value == 15


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"hello": 1}, "not a Film"),
        (result_of(effect("x", start="00:00:03", end="00:00:01")), "before it starts"),
        (result_of(effect("x", start="01:00:00", end="01:00:01")), "past the film's end"),
    ],
)
def test_an_answer_that_makes_no_sense_is_refused(
    cut: Path, capsys: pytest.CaptureFixture[str], document: Any, words: str
) -> None:
    out = cut.parent / "o.otio"
    assert run(["convert", saved(cut.parent, document), "-o", str(out), "--onto", str(cut)]) == 3
    assert words in error_line(capsys)
    assert not out.exists()


def test_a_timeline_is_converted_without_a_word_of_scoring(cut: Path) -> None:
    assert run(["convert", str(cut), "-o", str(cut.parent / "o.otioz")]) == 0
    assert run(["convert", str(cut.parent / "o.otioz"), "-o", str(cut.parent / "p.svg")]) == 0
    assert "shot 1" in (cut.parent / "p.svg").read_text()


# --- the service's own calls


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
