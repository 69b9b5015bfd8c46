"""The add-on in the real Blender: installed as users do, with the real program and the local engine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.audition.visitor import choose_another
from tests.editors.hearing import hear, read_wav
from tests.editors.programs import BLENDER
from tests.media.numbered import movie
from tests.plugins.blender_clips import placing_outside
from tests.plugins.blender_home import FPS, home_in, in_blender

pytestmark = pytest.mark.editors

Report = dict[str, Any]

LOWEST = 3
"""The first channel above the film's own."""


class Desk:
    """A home with the add-on in it, a film, and Blender."""

    def __init__(self, folder: Path, rate: Fraction) -> None:
        self.folder, self.rate, self.output = folder, rate, ""
        self.home = home_in(folder)
        (self.settings,) = self.home.rglob("avm_settings.json")
        chance = np.random.default_rng(3)
        heard = np.zeros((round(120 / rate * 48_000), 2))
        for at in (30, 60, 90):
            first = round(at / rate * 48_000)
            heard[first : first + 3000] = chance.uniform(-0.8, 0.8, (3000, 1))
        movie(folder / "shot.mp4", 120, rate, sound=heard)

    @property
    def watch(self) -> Path:
        return self.home / "AVM Scoring"

    def tell(self, **more: Any) -> None:
        self.settings.write_text(json.dumps(json.loads(self.settings.read_text()) | more))

    def blender(self, step: str = "score") -> Report:
        """Run it; what it told."""
        out = self.folder / f"{step}.json"
        movie, mix = self.folder / "shot.mp4", self.folder / "mix.wav"
        ended = in_blender(self.home, "blender_scores.py", movie, *FPS[self.rate], out, mix, step)
        if step == "die":
            assert ended.returncode == -9, ended.stderr
            return {}
        assert ended.returncode == 0, ended.stderr
        self.output = ended.stdout
        report: Report = json.loads(out.read_text())
        return report

    def result(self) -> Report:
        (path,) = self.watch.glob("*/result.json")
        found: Report = json.loads(path.read_text())
        return found


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, Fraction(25))


def assert_levels_are_straight(report: Report, result: Report, rate: Fraction) -> None:
    """The volume of what fades or moves, at every frame, between the points that the add-on sets."""
    placing = placing_outside()
    places, _ = placing.places_of((*result["clips"], *result["spare_clips"]), rate)
    moving = [(place, points) for place in places if len(points := placing.volumes_of(place, rate)) > 1]
    assert moving
    for place, points in moving:
        volume = report["volumes"][f"{LOWEST + place.channel} {1 + place.first}"]
        frames = range(place.first, place.last + 1)
        assert np.allclose(volume, np.interp(frames, *zip(*points, strict=True)), atol=1e-3)


def wished(result: Report, kind: str, rate: Fraction) -> list[tuple[int, int]]:
    """First frame and length of every strip that a result asks for, with what crossfades play of it."""
    places, _ = placing_outside().places_of(result[kind], rate)
    return sorted((1 + place.first, place.last - place.first) for place in places)


def laid(report: Report, is_muted: bool = False) -> list[tuple[int, int]]:
    """First frame and length of every strip that was not there before."""
    new = [strip for strip in report["sounds"] if strip not in report["before"]]
    return sorted((start, frames) for _, _, start, frames, muted in new if muted == is_muted)


@pytest.mark.parametrize("rate", FPS, ids=["23.976", "25"])
def test_it_lays_every_sound_at_its_frame_and_one_undo_takes_all_away(tmp_path: Path, rate: Fraction) -> None:
    desk = Desk(tmp_path, rate)
    report = desk.blender()
    result = desk.result()
    assert report["enabled"]
    assert report["error"] is None
    assert Fraction(result["rate"]) == rate
    assert len(result["clips"]) >= 2
    assert laid(report) == wished(result, "clips", rate)
    spare = wished(result, "spare_clips", rate)
    assert laid(report, is_muted=True) == spare != []
    channels = {channel for name, channel, *_ in report["sounds"] if [name, channel] != ["shot sound", 1]}
    assert min(channels) > 2, "nothing is laid among the scene's own strips"
    assert [frame for frame, _ in report["markers"]] == sorted(
        {1 + clip["record_frame"] for clip in result["clips"] if clip["part"] == 0}
    )
    assert_levels_are_straight(report, result, rate)
    assert report["after undo"] == report["before"]
    heard = read_wav(tmp_path / "mix.wav")
    effects = [clip for clip in result["clips"] if clip["kind"] == "effects"]
    for clip in effects:
        wanted = round(clip["record_frame"] / rate * 48_000)
        sound = read_wav(Path(clip["file"]))[round(clip["media_start_us"] * 0.048) :, 0]
        sound = sound[: round(clip["frames"] / rate * 48_000)]
        near = max(wanted - 24_000, 0)  # the same sound may be heard elsewhere, too
        at = hear(heard[near : wanted + len(sound) + 24_000], sound).at + near
        assert abs(at - wanted) <= 48_000 / rate / 2, clip["title"]
    assert effects


def test_markers_say_bought_of_what_was_paid_for_before_and_share_a_frame(desk: Desk) -> None:
    desk.blender()
    (path,) = desk.watch.glob("*/result.json")
    result = json.loads(path.read_text())
    first, second = (clip | {"part": 0, "cross_fade_us": None} for clip in result["clips"][:2])
    first |= {"is_bought": True, "price": "9.50"}
    second |= {"is_bought": False, "price": "3.00", "record_frame": first["record_frame"]}
    result["clips"] = [first, second]
    path.write_text(json.dumps(result))
    ((_, name),) = desk.blender("last")["markers"]
    both = f"{first['title']} (bought) + {second['title']} (3.00 {result['currency']})"
    assert both.startswith(name)  # Blender keeps 63 bytes
    assert name.startswith(f"{first['title']} (bought) + ")


def test_what_was_laid_is_no_part_of_the_film_when_it_is_scored_again(desk: Desk) -> None:
    desk.blender("twice")
    first, second = (json.loads(path.read_text()) for path in desk.watch.glob("*/result.json"))
    assert first["job"] == second["job"]
    assert desk.output.count("Sounds of an earlier scoring are heard at the same place") == 1


def test_what_is_chosen_on_the_page_is_laid_by_the_next_import(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.blender()
    before = desk.result()
    shown = desk.folder / "shown.txt"
    browser = desk.folder / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{shown}"\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser))
    report = desk.blender("audition")
    assert (report["answer"], report["error"], laid(report)) == (["FINISHED"], None, [])
    title = choose_another(shown.read_text().strip())
    (page,) = desk.watch.glob("Audition */")
    (page / "cancel").touch()
    report = desk.blender("last")
    result = json.loads((desk.watch / _last(desk) / "result.json").read_text())
    assert [title in [clip["title"] for clip in each["clips"]] for each in (before, result)] == [False, True]
    assert laid(report) == wished(result, "clips", desk.rate)


def _last(desk: Desk) -> str:
    return (desk.watch / "AVM Last Blender Job.txt").read_text().strip()


def test_it_is_an_extension_by_blenders_own_rules(desk: Desk) -> None:
    (judge,) = (BLENDER.parents[1] / "lib").glob(
        "python*/site-packages/bpy/*/scripts/addons_core/bl_pkg/cli/blender_ext.py"
    )
    judged = subprocess.run(
        [str(BLENDER), str(judge), "validate", str(desk.settings.parent)], capture_output=True, text=True
    )
    assert judged.returncode == 0, judged.stdout + judged.stderr


def test_escape_asks_the_program_to_end_and_lays_nothing(desk: Desk) -> None:
    report = desk.blender("escape")
    assert report["answer"] == ["CANCELLED"]
    assert report["error"] == "Cancelled. What was paid for is kept: score again, and it goes on."
    assert laid(report) == []
    assert len(list(desk.watch.glob("*/cancel"))) == 1


def test_a_blender_that_is_killed_loses_nothing(desk: Desk) -> None:
    desk.blender("die")
    report = desk.blender("last")
    assert report["error"] is None
    assert laid(report) == wished(desk.result(), "clips", desk.rate)
    assert len(list(desk.watch.glob("*/request.json"))) == 1


def nothing(desk: Desk) -> None:
    pass


def no_program(desk: Desk) -> None:
    desk.tell(program=["/gone/avm-otio"])


def old_program(desk: Desk) -> None:
    desk.tell(program_version="0.0.9")


def no_watch_folder(desk: Desk) -> None:
    desk.watch.rmdir()


def no_settings(desk: Desk) -> None:
    desk.settings.unlink()


@pytest.mark.parametrize(
    ("step", "wrong", "words"),
    [
        ("empty", nothing, "No timeline is open: add strips in the Video Sequencer"),
        ("last", nothing, "No job was begun from Blender yet"),
        ("audition", nothing, "No job was begun from Blender yet"),
        ("score", no_program, "avm-otio was not found at /gone/avm-otio: install it"),
        ("score", old_program, "avm-otio 0.0.9 is older than this add-on (needs 0.1.0)"),
        ("score", no_watch_folder, "is not there: make it, or run: avm-otio plugin install blender"),
        ("score", no_settings, "avm_settings.json does not say where it is"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(
    desk: Desk, step: str, wrong: Callable[[Desk], None], words: str
) -> None:
    wrong(desk)
    report = desk.blender(step)
    assert words in report["error"]
    assert "Traceback" not in report["error"]
    assert laid(report) == []
