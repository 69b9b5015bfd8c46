"""The library from the page: found by words or by sound, heard, added to a cue, laid, and taken away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import opentimelineio as otio
import pytest

from avm_otio.audition.session import Session
from avm_otio.cli.main import run
from avm_otio.errors import UsageError
from avm_otio.formats import reading
from avm_otio.report import Silent
from tests.audition.browser import audition_of, chromium, drive, modules
from tests.audition.cut import RATE, flashes
from tests.media.sounds import wav
from tests.timelines import time_range

pytestmark = pytest.mark.slow  # a library is listened to and a film scored: once for all of these

SECONDS = 6
NAMES = ("Door slam heavy", "Door creak", "Impact deep 01", "Impact deep 02", "Whoosh fast", "Rain on window")


def library(folder: Path) -> Path:
    random = np.random.default_rng(3)
    folder.mkdir()
    for number, name in enumerate(NAMES):
        count = 14_000 + 3_000 * number
        burst = (
            random.normal(0, 0.25, (count, 2)) * np.exp(-np.arange(count) / (3_000 + 900 * number))[:, None]
        )
        wav(folder / f"{name}.wav", burst)
    (folder / "LICENSE.txt").write_text("CC0 1.0 Universal")
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    flashes(folder / "a.mp4", SECONDS)
    span = time_range(0, SECONDS * 25, RATE)
    shots = []
    for first in range(0, SECONDS * 25, 50):
        used = time_range(first, 50, RATE)
        shots.append(otio.schema.Clip(f"shot {first}", otio.schema.ExternalReference("a.mp4", span), used))
    cut = otio.schema.Timeline("cut")
    cut.tracks.extend(
        [
            otio.schema.Track("V1", shots),
            otio.schema.Track("A1", [shot.deepcopy() for shot in shots], kind="Audio"),
        ]
    )
    (folder / "cut.otio").write_text(cut.to_json_string())
    (folder / "spots.csv").write_text(
        "start,kind,words\n00:00:01:00,effects,deep impact\n00:00:03:00,effects,deep impact\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AVM_CONFIG_DIR", str(folder / "config"))
        patch.setenv("AVM_CACHE_DIR", str(folder / "cache"))
        patch.chdir(folder)
        asked = ["--service", "local", "--library", str(library(folder / "sounds")), "--services", "effects"]
        assert run(["score", "cut.otio", "-o", "out.otio", *asked, "--spots", "spots.csv", "-q"]) == 0
    return folder


@pytest.fixture
def session(made: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.setenv("AVM_CONFIG_DIR", str(made / "config"))
    monkeypatch.setenv("AVM_CACHE_DIR", str(made / "cache"))
    monkeypatch.chdir(made)
    assert run(["choose", "out.otio", "--reset", "--update", "-q"]) == 0
    opened = Session(made / "out.otio", None, Silent())
    yield opened
    opened.close()


def heard(path: Path) -> dict[str, Any]:
    return {
        clip.offer.film_start_us: clip.offer.item
        for track in reading.read(path).timeline.tracks
        for clip in track.clips
        if track.is_ours and clip.enabled and clip.offer is not None
    }


def test_words_find_a_sound_that_is_heard_added_laid_and_written(session: Session, made: Path) -> None:
    before = heard(made / "out.otio")
    cue = session.document()["cues"][0]
    found = session.look_for({"words": "door creak"})
    assert found[0]["title"] == "Door creak"
    assert found[0]["licence"].startswith("CC0")
    assert found[0]["length_s"] == pytest.approx(17_000 / 48_000, abs=0.001)
    assert len(session.samples(found[0]["sound"], 0) or b"") == 240_000 * 8
    now = session.add(cue["name"], found[0]["sound"])
    assert now["choices"][cue["name"]]["item"] == found[0]["id"]
    session.prepare()
    items = {item["title"]: item for item in session.document()["cues"][0]["items"]}
    creak = items["Door creak"]
    assert (creak["price"], creak["is_added"], creak["is_here"], creak["licence"]) == (
        None,
        True,
        True,
        found[0]["licence"],
    )
    assert creak["segments"]
    assert not session.is_stale
    assert run(["choose", "out.otio", "--update", "-q"]) == 0
    after = heard(made / "out.otio")
    changed = {at for at in before if before[at]["id"] != after[at]["id"]}
    assert len(changed) == 1
    assert after[changed.pop()]["title"] == "Door creak"


def test_more_like_an_item_finds_its_brother(session: Session) -> None:
    cue = next(
        cue for cue in session.document()["cues"] if any("Impact" in item["title"] for item in cue["items"])
    )
    item = next(item for item in cue["items"] if "Impact" in item["title"])
    found = session.look_for({"cue": cue["name"], "item": str(item["id"])})
    assert "Impact" in found[0]["title"]
    like = session.look_for({"like": str(found[0]["id"])})
    assert "Impact" in like[0]["title"]


def test_what_was_added_is_taken_away_and_all_is_as_it_was(session: Session) -> None:
    before = session.chosen()["choices"]
    cue = session.document()["cues"][0]["name"]
    offered = [item["id"] for item in session.document()["cues"][0]["items"]]
    found = next(each for each in session.look_for({}) if each["id"] not in offered)
    session.add(cue, found["sound"])
    assert session.is_stale or session.chosen()["choices"] != before
    now = session.remove(cue, found["id"])
    assert now["choices"] == before
    assert [item["id"] for item in session.document()["cues"][0]["items"]] == offered


def test_what_was_not_found_is_neither_heard_nor_added(session: Session) -> None:
    cue = session.document()["cues"][0]["name"]
    for name in ("f1", "f../../etc/passwd", "/etc/passwd", ""):
        assert session.samples(name, 0) is None
        with pytest.raises(UsageError):
            session.add(cue, name)
    for asked in ({"kind": "noise"}, {"words": "x" * 401}, {"cue": cue, "item": "9"}, {"like": "9"}):
        with pytest.raises(UsageError):
            session.look_for(asked)


def test_by_keys_alone_in_a_browser(session: Session, made: Path) -> None:
    chromium(), modules()  # before the server begins: without them there is no test
    with audition_of(made / "out.otio") as (_, address):
        found = drive("find.mjs", address, timeout_s=240)
    assert found["errors"] == []
    assert found["first"] == "Door creak"
    assert found["heardPeak"] > 0.01
    assert found["added"]["title"] == "Door creak"
    assert found["voiced"]
    assert found["undone"] != found["added"]["id"]
    assert found["redone"] == found["added"]["id"]
    assert found["axe"] == []


def test_alternatives_of_an_effect_are_heard_equally_loud(session: Session) -> None:
    session.prepare()
    for cue in session.document()["cues"]:
        levels = []
        for item in cue["items"]:
            (segment,) = item["segments"]
            raw = np.frombuffer(session.samples(segment["sound"], 0) or b"", "<f4").reshape(2, -1)
            played = raw[:, : segment["last"] - segment["first"]]
            levels.append(loudest_lufs(played) + segment["gain_db"])
        assert len(levels) > 1
        assert max(levels) - min(levels) < 1.0


def loudest_lufs(sound: np.ndarray) -> float:
    """The loudest 3 s, or all where it is shorter: K-weighted as BS.1770 says, by its filters at 48 kHz."""
    shelf = (1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585)
    low_cut = (1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621)
    weighted = sound.astype(np.float64)
    for b0, b1, b2, a1, a2 in (shelf, low_cut):
        spectrum = np.fft.rfft(weighted, 2 * sound.shape[1])
        turn = np.exp(-2j * np.pi * np.fft.rfftfreq(2 * sound.shape[1]))
        answer = (b0 + b1 * turn + b2 * turn**2) / (1 + a1 * turn + a2 * turn**2)
        weighted = np.fft.irfft(spectrum * answer)[:, : sound.shape[1]]
    power = np.cumsum(np.concatenate([[0.0], (weighted**2).sum(axis=0)]))
    count = min(3 * 48_000, len(power) - 1)
    return float(-0.691 + 10 * np.log10((power[count:] - power[:-count]).max() / count))
