"""The page itself, in a real browser with the real server: in step, without a gap, kept, and never bitten."""

from __future__ import annotations

import base64
import os
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avm_otio.cli.main import run
from avm_otio.formats import reading
from tests.audition.browser import audition_of, chromium, drive, modules
from tests.audition.cut import BITE, scored

pytestmark = pytest.mark.slow

SECONDS = 32
"""The mix is compared over 30 of them."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scored(tmp_path_factory.mktemp("audition"), SECONDS, music=True)


@pytest.fixture(scope="module")
def found(made: Path) -> dict[str, Any]:
    """What a browser found; ``AVM_SHOTS`` names a folder for what it looked like."""
    chromium(), modules()  # before the server begins: without them there is no test
    shots = [os.environ["AVM_SHOTS"]] if "AVM_SHOTS" in os.environ else []
    with audition_of(made / "out.otio") as (server, address):
        result = drive("drive.mjs", address, *shots)
        result["code"] = server.wait(60)
        assert server.stdout is not None
        result["printed"] = server.stdout.read()
    return result


@pytest.fixture
def shown(found: dict[str, Any]) -> dict[str, Any]:
    """The same, where the machine had time for the film's frames."""
    if found["shown"] < 0.9:
        pytest.skip(f"the machine is too busy: {found['shown']:.0%} of the frames were shown")
    return found


@pytest.mark.soak  # milliseconds of a browser: by hand, with the machine to itself
def test_sound_and_picture_are_in_step_at_the_start_and_after_a_seek(shown: dict[str, Any]) -> None:
    assert shown["stateRunning"] == "running"
    assert abs(shown["startMs"]) <= 10
    assert abs(shown["seekMs"]) <= 10


@pytest.mark.soak  # milliseconds of a browser: by hand, with the machine to itself
def test_what_is_seen_is_what_is_heard_by_the_films_own_flashes(shown: dict[str, Any]) -> None:
    assert [round(at) for at in shown["beeps"]] == [1, 2, 3, 4]
    assert all(abs(beep - round(beep)) < 0.002 for beep in shown["beeps"])
    assert shown["flashes"]
    assert all(abs(flash - round(flash)) < 0.002 for flash in shown["flashes"])
    assert sorted(map(abs, shown["flashHeardMs"]))[len(shown["flashHeardMs"]) // 2] <= 15


def test_another_item_is_heard_without_a_click(found: dict[str, Any]) -> None:
    assert found["switchMs"] > 0
    assert found["step"] < 0.5


@pytest.mark.soak  # milliseconds of a browser: by hand, with the machine to itself
def test_another_item_is_heard_at_once_without_a_gap(found: dict[str, Any]) -> None:
    assert found["switchMs"] <= 20
    assert found["gapMs"] <= 20


def test_keys_choose_take_back_and_do_again_and_all_of_it_is_kept(found: dict[str, Any]) -> None:
    chosen = {"item": 12, "gain_db": -1, "nudge_frames": 2, "is_left_out": False, "note": ""}
    assert found["chosen"] == chosen
    assert found["undone"] == chosen | {"gain_db": 0, "nudge_frames": 0}
    assert found["redone"] == found["reloaded"] == chosen
    assert found["seenByOther"]


def test_the_picture_comes_before_small_ones_of_it(found: dict[str, Any]) -> None:
    assert found["thumbsAfterPictureMs"] >= 0


def test_a_title_is_shown_and_never_run(found: dict[str, Any]) -> None:
    assert found["errors"] == []
    assert found["title"] == "out.otio – Audition"
    assert BITE in found["titles"]


def test_the_timeline_is_written_with_what_was_chosen(found: dict[str, Any], made: Path) -> None:
    assert found["status"].startswith("out.otio is written.")
    heard = {
        clip.offer.item["id"]
        for track in reading.read(made / "out.otio").timeline.tracks
        for clip in track.clips
        if track.is_ours and clip.enabled and clip.offer is not None
    }
    assert heard == {8, 12, 21}


def test_what_is_played_is_the_preview_s_mix(found: dict[str, Any], made: Path) -> None:
    preview = made / "preview.mp4"
    assert (
        run(["preview", str(made / "out.otio"), "-o", str(preview), "--stems", str(made / "stems"), "-q"])
        == 0
    )
    ours = 0
    for stem in ("DX", "MX", "FX"):
        ours = ours + samples(made / "stems" / f"preview_{stem}.wav")
    played = np.frombuffer(base64.b64decode(found["mix"]), "<f4").reshape(2, -1).T
    count = min(len(ours), len(played))
    wanted, got = (bands(each[2_400:count].mean(axis=1)) for each in (ours, played))
    assert count == 30 * 48_000
    assert np.abs(wanted - got).max() < 1.0
    apart = np.abs(ours[2_400:count] - played[2_400:count]).max(axis=1)
    # Both decode AAC, whose decoder makes up noise by chance, other noise each time that it begins elsewhere.
    assert apart.max() < 0.05, f"{apart.argmax() / 48_000 + 0.05:.3f} s"


def test_axe_finds_no_serious_fault_in_light_or_dark(found: dict[str, Any]) -> None:
    assert found["axe"] == []


def test_all_is_reached_by_tab_has_a_name_and_shows_that_it_has_the_focus(found: dict[str, Any]) -> None:
    assert len(found["tabs"]) > 15
    assert [each for each in found["tabs"] if not (each["name"] and each["seen"])] == []
    reached = {each["role"] for each in found["tabs"]}
    assert {"slider", "range", "button", "text", "select-one"} <= reached


def test_no_word_on_the_timeline_is_cut_off_at_its_edge(found: dict[str, Any]) -> None:
    assert found["cutOff"] == []


def test_a_key_that_is_held_lets_hear_another_and_chooses_nothing(found: dict[str, Any]) -> None:
    now, other, again = found["held"]
    assert now == again != other


def test_ninety_minutes_and_five_hundred_cues_stay_light(found: dict[str, Any]) -> None:
    assert 0 < found["long"]["keptMb"] <= 160


@pytest.mark.soak  # milliseconds of a browser: by hand, with the machine to itself
def test_ninety_minutes_and_five_hundred_cues_are_quick(found: dict[str, Any]) -> None:
    assert found["long"]["buildMs"] < 2_000
    assert found["long"]["scrubFps"] > 25
    assert found["long"]["lookMs"] < 50


def test_when_the_page_is_closed_the_server_ends(found: dict[str, Any]) -> None:
    assert found["code"] == 0


def test_nothing_is_printed_but_the_address(found: dict[str, Any]) -> None:
    assert found["printed"] == ""


def samples(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        raw = np.frombuffer(file.readframes(file.getnframes()), np.uint8).reshape(-1, 3)
    low, middle, high = (raw[:, n].astype(np.int32) << 8 * (n + 1) for n in range(3))
    whole = low | middle | high
    return (whole / 2**31).reshape(-1, 2)


def bands(sound: np.ndarray) -> np.ndarray:
    """The level of each octave, dB."""
    power = np.abs(np.fft.rfft(sound)) ** 2
    hz = np.fft.rfftfreq(len(sound), 1 / 48_000)
    edges = [63 * 2**n for n in range(9)]
    return np.array([10 * np.log10(power[(hz >= low) & (hz < 2 * low)].sum() + 1e-9) for low in edges])
