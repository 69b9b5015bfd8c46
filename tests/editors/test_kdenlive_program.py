"""Kdenlive itself opens our project, at the right rate, and renders what the cut says."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import pytest
from hearing import read_wav
from programs import inside_forky, run_twice
from scene import check, make_scene

from avm_otio.dialects.kdenlive.project import document

pytestmark = [pytest.mark.editors, pytest.mark.slow]


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001)])
def test_kdenlive_renders_the_whole_scene(tmp_path: Path, rate: Fraction) -> None:
    files = tmp_path / "files"
    files.mkdir()
    scene = make_scene(files, rate)
    text, _ = document(scene.arrangement, files)
    (files / "scene.kdenlive").write_text(text, encoding="utf-8")
    with inside_forky(files, "usr/bin/kdenlive") as (copy, inside, start):
        render = ["kdenlive", "--render", "--render-preset", "WAV"]
        project, mix = f"{inside}/scene.kdenlive", f"{inside}/mix.wav"
        run_twice([*start, "QT_QPA_PLATFORM=offscreen", *render, project, mix], limit=150)
        shutil.copy(copy / "mix.wav", tmp_path)
    check(read_wav(tmp_path / "mix.wav"), scene)
