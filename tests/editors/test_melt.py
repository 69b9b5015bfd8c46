"""MLT plays our .kdenlive files: every sound in its place, as loud as it should be."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from avm_otio.formats.kdenlive.write import document
from avm_otio.timeline.model import Mix
from tests.editors.hearing import hear, read_wav
from tests.editors.programs import melt, program
from tests.editors.scene import check, make_scene

pytestmark = pytest.mark.editors

RATES = [Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001)]


@pytest.mark.parametrize("rate", RATES, ids=["23.976", "25", "29.97"])
def test_melt_hears_the_whole_scene(tmp_path: Path, rate: Fraction) -> None:
    program("melt")
    scene = make_scene(tmp_path, rate)
    text, _ = document(scene.timeline, tmp_path)
    project = tmp_path / "scene.kdenlive"
    project.write_text(text, encoding="utf-8")
    check(read_wav(melt(project, tmp_path / "mix.wav")), scene)


def test_a_project_and_its_media_can_move(tmp_path: Path) -> None:
    program("melt")
    here = tmp_path / "here"
    here.mkdir()
    scene = make_scene(here, Fraction(25))
    effects = replace(scene.timeline.tracks[3], clips=scene.timeline.tracks[3].clips[:1])
    text, _ = document(replace(scene.timeline, tracks=(effects,), duration=Fraction(2)), here)
    (here / "scene.kdenlive").write_text(text, encoding="utf-8")
    there = here.rename(tmp_path / "there")
    mix = read_wav(melt(there / "scene.kdenlive", tmp_path / "mix.wav"))
    assert hear(mix, scene.part("plain", 0, 30)).likeness > 0.9


@pytest.mark.parametrize(("speed", "source"), [(Fraction(2), 20), (Fraction(1, 2), 20), (Fraction(-1), 60)])
def test_speed_begins_and_runs_as_said(tmp_path: Path, speed: Fraction, source: int) -> None:
    program("melt")
    rate = Fraction(25)
    scene = make_scene(tmp_path, rate)
    track = scene.timeline.tracks[3]
    clip = replace(track.clips[0], speed=speed, media_in=source / rate)
    made = replace(scene.timeline, tracks=(replace(track, clips=(clip,)),), duration=Fraction(2))
    text, _ = document(made, tmp_path)
    (tmp_path / "scene.kdenlive").write_text(text, encoding="utf-8")
    mix = read_wav(melt(tmp_path / "scene.kdenlive", tmp_path / "mix.wav"))
    sound = scene.sounds["plain"][:, 0]
    step = abs(speed)
    first = scene.samples(source)
    length = int(scene.samples(20) * step)
    part = sound[first - length : first][::-1] if speed < 0 else sound[first : first + length]
    if step > 1:
        part = (part[::2] + part[1::2]) / 2
    elif step < 1:
        part = part.repeat(2)
    found = hear(mix, part)
    assert abs(found.at - scene.samples(10)) <= scene.samples(1)
    assert found.likeness > 0.3


@pytest.mark.parametrize("pan", [-1.0, -0.5, 1.0])
def test_a_pan_turns_the_other_side_down(tmp_path: Path, pan: float) -> None:
    program("melt")
    scene = make_scene(tmp_path, Fraction(25))
    track = scene.timeline.tracks[3]
    mixes = []
    for name, mix in (("plain", Mix()), ("panned", Mix(pan=pan))):
        one = replace(track, clips=(replace(track.clips[0], mix=mix),))
        made = replace(scene.timeline, tracks=(one,), duration=Fraction(2))
        (tmp_path / f"{name}.kdenlive").write_text(document(made, tmp_path)[0], encoding="utf-8")
        mixes.append(read_wav(melt(tmp_path / f"{name}.kdenlive", tmp_path / f"{name}.wav")))
    left, right = min(1.0, 1 - pan), min(1.0, 1 + pan)
    assert abs(mixes[1][:, 0] - mixes[0][:, 0] * left).max() < 1e-3
    assert abs(mixes[1][:, 1] - mixes[0][:, 1] * right).max() < 1e-3
