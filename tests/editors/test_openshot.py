"""OpenShot's own importer lays what we write as Final Cut Pro 7's XML where it lay.

It is driven without a window, by the system's Python. It looks for media by their names in folders that it is
shown, takes each file where it is told in full, and leaves out items that name a file by its id alone: the
other half of a stereo clip, and a file's second clip. So here every clip has a file of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from avm_otio.formats.fcp7.write import document
from avm_otio.timeline.model import Clip, Media, Mix, RecordTime, Stem, Timeline, Track, TrackKind
from avm_otio.timeline.time import MediaTime
from tests.editors.hearing import noise, write_wav
from tests.models import RATES, seconds, settled

pytestmark = pytest.mark.editors

PYTHON = "/usr/bin/python3"
"""Whose modules OpenShot's package installs to."""

DRIVER = """
import json, os, sys
from unittest.mock import MagicMock
folder, xml, num, den, out = sys.argv[1:]
import openshot_qt
sys.path.insert(0, os.path.dirname(openshot_qt.__file__))
from PyQt5.QtWidgets import QFileDialog
from classes.app import OpenShotApp
app = OpenShotApp(["openshot"], mode="unittest")
app.window = MagicMock()
app.project._data["fps"] = {"num": int(num), "den": int(den)}
from windows.views import find_file
find_file.known_paths.append(folder)
QFileDialog.getOpenFileName = staticmethod(lambda *said, **named: (xml, ""))
from classes.importers import final_cut_pro
final_cut_pro.import_xml()
with open(out, "w") as file:
    json.dump({"clips": app.project.get("clips"), "layers": app.project.get("layers")}, file)
os._exit(0)
"""
"""What stands in for the person: the choice of the file, and of the folder that holds its media."""


@pytest.fixture(scope="module", autouse=True)
def openshot() -> None:
    try:
        found = subprocess.run(
            [PYTHON, "-c", "import openshot, openshot_qt"], capture_output=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        pytest.skip(f"{PYTHON} is not here")
    if found.returncode:
        pytest.skip("OpenShot is not here (apt: openshot-qt)")


def imported(timeline: Timeline, folder: Path) -> dict[str, Any]:
    text, _ = document(timeline, folder)
    (folder / "cut.xml").write_text(text, encoding="utf-8")
    (folder / "drive.py").write_text(DRIVER, encoding="utf-8")
    rate = timeline.rate
    arguments = [str(folder), str(folder / "cut.xml"), str(rate.numerator), str(rate.denominator)]
    environment = {**os.environ, "HOME": str(folder), "QT_QPA_PLATFORM": "offscreen"}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        [PYTHON, str(folder / "drive.py"), *arguments, str(folder / "found.json")],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads((folder / "found.json").read_text())
    return found


def sounds(folder: Path, rate: Fraction) -> Timeline:
    """A bed that fades, and effects that lie between frames, one of them locked away."""
    clips = []
    for number, (at, begin, length) in enumerate([(13, 0, 24), (60, 12, 30), (107, 3, 10)]):
        path = write_wav(folder / f"hit{number}.wav", noise(number, 3.0))
        media = Media(path.name, str(path), duration=Fraction(3), sample_rate_hz=48_000, channels=2)
        late = Fraction(7, 48_000)
        clips.append(
            Clip(
                f"Hit {number}",
                RecordTime(seconds(at, rate) + late),
                RecordTime(seconds(at + length, rate) + late),
                media,
                MediaTime(seconds(begin, rate)),
                channels=(0, 1),
                stem=Stem.EFFECTS,
                mix=Mix(-6.0, 0, 200_000),
            )
        )
    path = write_wav(folder / "bed.wav", noise(9, 6.0))
    bed = Clip(
        "Bed",
        RecordTime(Fraction(0)),
        RecordTime(seconds(130, rate)),
        Media("bed.wav", str(path), duration=Fraction(6), sample_rate_hz=48_000, channels=2),
        channels=(0, 1),
        stem=Stem.MUSIC,
    )
    tracks = (
        Track("AVM Music 1", TrackKind.AUDIO, (bed,), channels=2, stem=Stem.MUSIC, locked=True),
        Track("AVM Effects 1", TrackKind.AUDIO, tuple(clips), channels=2, stem=Stem.EFFECTS),
    )
    return settled(Timeline("cut", rate, tracks, size=(1920, 1080)))


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_every_clip_arrives_at_its_place(tmp_path, rate):
    timeline = sounds(tmp_path, rate)
    found = {clip["title"]: clip for clip in imported(timeline, tmp_path)["clips"]}
    assert sorted(found) == ["Bed", "Hit 0", "Hit 1", "Hit 2"]
    half = 1 / float(rate) / 2
    for clip in timeline.clips():
        there = found[clip.name]
        assert there["position"] == pytest.approx(float(clip.start), abs=half)
        assert there["start"] == pytest.approx(float(clip.media_in), abs=half)
        assert there["end"] - there["start"] == pytest.approx(float(clip.duration), abs=half)
        assert Path(there["reader"]["path"]).name == clip.content.name


def test_tracks_and_the_frames_of_fades_arrive(tmp_path):
    rate = Fraction(25)
    timeline = sounds(tmp_path, rate)
    found = imported(timeline, tmp_path)
    layers = [layer for layer in found["layers"] if layer.get("label", "").startswith("XML Import")]
    assert [layer["lock"] for layer in layers] == [True, True, False, False]
    hit = next(clip for clip in found["clips"] if clip["title"] == "Hit 1")
    # Frames of the media; the level is said in percent there, which Final Cut's is not.
    points = [(point["co"]["X"], point["co"]["Y"] * 100) for point in hit["volume"]["Points"]]
    assert points == [(12 + 25, pytest.approx(0.501187)), (12 + 30, 0.0)]


def test_a_picture_brings_its_own_sound_and_only_once(tmp_path):
    rate = Fraction(24)
    timeline = sounds(tmp_path, rate)
    clip = replace(timeline.tracks[0].clips[0], stem=None, link=1)
    seen = Track("V1", TrackKind.VIDEO, (replace(clip, channels=(), mix=Mix()),))
    heard = Track("A1", TrackKind.AUDIO, (clip,), channels=2)
    found = imported(settled(replace(timeline, tracks=(seen, heard))), tmp_path)
    assert [one["title"] for one in found["clips"]] == ["Bed"]
