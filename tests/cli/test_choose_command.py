"""``avm-otio choose``: the whole way on a cut of two seconds; ``tests/jobs/test_choices.py`` has the rest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import avm_otio
from avm_otio.cli.main import run
from avm_otio.formats import reading
from tests.jobs.scored_folder import work_in
from tests.media.numbered import movie
from tests.scripted_service import ScriptedService, effect, film_service, result_of, sound, wav
from tests.timelines import clip, timeline, track

RATE = Fraction(24)


@pytest.fixture(scope="module")
def service() -> Iterator[ScriptedService]:
    with film_service(result_of()) as found:
        effects = [effect(found.url, 1), effect(found.url, 3, start="00:00:01", end="00:00:01.5")]
        for number, cue in zip((2, 4), effects, strict=True):
            other = {"id": number, "price": 4.0, "url": f"{found.url}/items/{number}", "title": f"S-{number}"}
            cue["sound_effect_items"].append(other)
            cue["object_class"] = "door"
        found.result = result_of(*effects)
        found.files = {f"/items/{number}": sound(wav(0.2 * number)) for number in (1, 2, 3, 4)}
        yield found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, service: ScriptedService) -> Path:
    folder = tmp_path_factory.mktemp("chosen")
    movie(folder / "a.mp4", 48, RATE)
    cut = timeline(track(clip("shot", 0, 48, url="a.mp4", available=(0, 48))))
    (folder / "cut.otio").write_text(cut.to_json_string())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AVM_TOKEN", "sesame-1234567890")
        patch.setenv("AVM_CONFIG_DIR", str(tmp_path_factory.mktemp("config")))
        patch.chdir(folder)
        asked = ["--services", "effects", "--service", service.url, "--alternatives", "1", "-q"]
        assert run(["score", "cut.otio", "-o", "out.otio", *asked]) == 0
    return folder


@pytest.fixture
def here(made: Path, service: ScriptedService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return work_in(made, tmp_path / "work", service, monkeypatch)


def heard(path: Path) -> dict[str, tuple[Fraction, float]]:
    timeline = reading.read(path).timeline
    ours = (each for track in timeline.tracks if track.is_ours for each in track.clips if each.enabled)
    return {each.name: (each.start, each.mix.gain_db) for each in ours}


def test_a_cue_is_listed_chosen_and_written_and_no_other_changes(
    here: Path, service: ScriptedService, capsys: pytest.CaptureFixture[str]
) -> None:
    before = heard(here / "out.otio")
    assert run(["choose", "out.otio", "--list", "--json"]) == 0
    *cues, done = map(json.loads, capsys.readouterr().out.splitlines())
    assert [(cue["number"], cue["cue"], cue["timecode"], cue["words"]) for cue in cues] == [
        (1, "effects 1", "00:00:00:12", "door"),
        (2, "effects 2", "00:00:01:00", "door"),
    ]
    assert (done["total_price"], done["is_written"]) == ("5.0", True)
    assert run(["choose", "out.otio", "--cue", "2", "--item", "S-4", "--gain", "-3", "--nudge", "-2f"]) == 0
    assert "“S-4” (4), −3.0 dB, −2 f" in capsys.readouterr().err
    assert heard(here / "out.otio") == before
    assert run(["choose", "out.otio", "--update", "-q"]) == 0
    after = heard(here / "out.otio")
    assert after["S-1"] == before["S-1"]
    assert {*after} == {"S-1", "S-4"}
    assert after["S-4"][0] == 1 - 2 / RATE
    assert service.asked == []


def test_from_python_it_is_the_same(here: Path) -> None:
    chosen = avm_otio.choose(here / "out.otio", 1, item="S-2", leave_out=False)
    assert [cue.heard and cue.heard.item.id for cue in chosen.cues] == [2, 3]
    assert (str(chosen.total.price), chosen.is_written) == ("6.5", False)
    done = avm_otio.update(here / "out.otio")
    assert done.summary["total_price"] == "6.5"
    assert avm_otio.offered(here / "out.otio").is_written


def test_what_is_wrong_is_said_with_what_is_right(here: Path, capsys: pytest.CaptureFixture[Any]) -> None:
    for says, message in {
        ("--cue", "9", "--gain", "1"): "There are 2: 1 to 2.",
        ("--cue", "1", "--item", "S-3"): "Did you mean S-2?",
        ("--gain", "1"): "Which cue?",
    }.items():
        assert run(["choose", "out.otio", *says]) == 2
        assert message in capsys.readouterr().err


def test_a_sound_of_ones_own_is_added_heard_and_taken_along(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = heard(here / "out.otio")
    (here / "My slam.wav").write_bytes(wav(0.25))
    assert run(["choose", "out.otio", "--cue", "2", "--sound", "My slam.wav", "--update", "-q"]) == 0
    (here / "My slam.wav").unlink()
    after = heard(here / "out.otio")
    assert (after["S-1"], {*after}) == (before["S-1"], {"S-1", "My slam"})
    (clip,) = (
        each
        for track in reading.read(here / "out.otio").timeline.tracks
        for each in track.clips
        if each.name == "My slam" and each.enabled
    )
    assert clip.media is not None
    assert (here / clip.media.path).parent.name == "media"
    assert clip.offer is not None
    assert clip.offer.item["title"] == "My slam"
    assert "price" not in clip.offer.item
    capsys.readouterr()
    assert run(["choose", "out.otio", "--list", "--json"]) == 0
    _, cue, done = map(json.loads, capsys.readouterr().out.splitlines())
    assert [(item["title"], item["price"], item["is_added"], item["is_heard"]) for item in cue["items"]] == [
        ("S-3", "2.5", False, False),
        ("S-4", "4.0", False, False),
        ("My slam", None, True, True),
    ]
    assert done["total_price"] == "2.5"
    assert run(["choose", "out.otio", "--cue", "2", "--item", "3", "--update", "-q"]) == 0
    assert heard(here / "out.otio") == before


@pytest.mark.parametrize(
    "says",
    [
        ["--sound", "notes.wav", "--reset"],
        ["--sound", "slam.wav", "--gain", "999"],
        ["--sound", "slam.wav", "--reset", "--gain", "999"],
        ["--sound", "slam.wav", "--music-gain", "999"],
        ["--sound", "slam.wav", "--nudge", "99999999999"],
        ["--sound", "~nosuch/slam.wav", "--reset"],
    ],
)
def test_a_choice_that_is_refused_leaves_what_was_chosen_before(says: list[str], here: Path) -> None:
    (here / "notes.wav").write_text("no sound")
    (here / "slam.wav").write_bytes(wav(0.25))
    assert run(["choose", "out.otio", "--cue", "1", "--gain", "-3", "--note", "softer", "-q"]) == 0
    before = avm_otio.offered(here / "out.otio")
    (choices,) = here.rglob("choices.json")
    kept = choices.read_bytes()
    assert run(["choose", "out.otio", "--cue", "1", *says]) not in (0, 70)
    assert avm_otio.offered(here / "out.otio") == before
    assert choices.read_bytes() == kept


def test_a_sound_and_its_gain_are_chosen_at_once(here: Path) -> None:
    (here / "slam.wav").write_bytes(wav(0.25))
    assert run(["choose", "out.otio", "--cue", "1", "--note", "softer", "-q"]) == 0
    assert (
        run(["choose", "out.otio", "--cue", "1", "--sound", "slam.wav", "--reset", "--gain", "-3", "-q"]) == 0
    )
    cue = avm_otio.offered(here / "out.otio").cue("1")
    assert (cue.choice.gain_db, cue.choice.note) == (-3, "")
    assert [each.item.title for each in cue.items if each.is_heard] == ["slam"]


def test_a_sound_that_cannot_be_added_leaves_all_as_it_was(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "notes.wav").write_text("no sound")
    before = avm_otio.offered(here / "out.otio")
    for word in ("notes.wav", "nowhere.wav", "653"):
        assert run(["choose", "out.otio", "--cue", "1", "--sound", word]) != 0
    assert "only the local engine" in capsys.readouterr().err
    assert avm_otio.offered(here / "out.otio") == before
