"""Kdenlive itself opens our project, at the right rate, and renders what the cut says."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from avm_otio.formats.kdenlive.write import document
from tests.editors.hearing import read_wav
from tests.editors.programs import kdenlive_render
from tests.editors.scene import check, make_scene

pytestmark = [pytest.mark.editors, pytest.mark.slow]


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001)])
def test_kdenlive_renders_the_whole_scene(tmp_path: Path, rate: Fraction) -> None:
    files = tmp_path / "files"
    files.mkdir()
    scene = make_scene(files, rate)
    text, _ = document(scene.timeline, files)
    (files / "scene.kdenlive").write_text(text, encoding="utf-8")
    check(read_wav(kdenlive_render(files, "scene.kdenlive", tmp_path)), scene)
