"""Blender, laid by a plain script with what our .otio says, plays every sound at its frame."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from avm_otio.formats.writing import write
from tests.editors.hearing import Sound, hear, read_wav
from tests.editors.programs import BLENDER, run_again
from tests.editors.scene import Scene, check_alike, gains_by_frame, make_scene, preview_of

pytestmark = pytest.mark.editors

_SAMPLES_OFF = 2
"""Measured: 1. Half a frame is about 1,000."""

_CLOSE_DB = 0.4
"""Beside a loud bed, noise is measured to about a tenth of a decibel over a second."""

_MONO_DB = -3.01
"""Blender's law for a mono sound in a stereo mix [run]."""

_LYING = [  # sound, frame of the mix, frame of the sound, frames, gain in dB
    ("shot", 20, 30, 100, 0.0),
    ("plain", 10, 0, 30, 0.0),
    ("keyed", 75, 37, 15, 0.0),
    ("left", 100, 0, 30, 0.0),
    ("mono", 140, 0, 30, -6.0 + _MONO_DB),
    ("bed", 26, 26, 58, -6.0),
    ("first", 60, 5, 75, 0.0),
    ("second", 147, 17, 48, 0.0),
    ("third", 207, 17, 43, 0.0),
]


def _played(scene: Scene, folder: Path) -> tuple[Sound, list[dict[str, object]]]:
    """The mix that Blender makes of our file, and the strips that it laid."""
    if not BLENDER.exists():
        pytest.skip(f"{BLENDER} is not there: run tests/editors/setup.sh")
    cut, mix, laid = (folder / name for name in ("cut.otio", "mix.wav", "laid.json"))
    write(scene.timeline, cut, editor="blender")
    script = Path(__file__).with_name("blender_lay.py")
    run_again([str(BLENDER), str(script), str(cut), str(mix), str(laid)])
    strips: list[dict[str, object]] = json.loads(laid.read_text(encoding="utf-8"))
    return read_wav(mix), strips


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(25)], ids=["23.976", "25"])
def test_every_sound_of_the_scene_is_heard_at_its_frame(tmp_path: Path, rate: Fraction) -> None:
    scene = make_scene(tmp_path, rate)
    heard, strips = _played(scene, tmp_path)
    _check_strips(strips)
    assert abs(len(heard) - scene.samples(250)) <= 64, "as long as the film, but for the mixer's own blocks"
    for name, first, source, frames, gain_db in _LYING:
        there = hear(heard, scene.part(name, source, frames))
        assert abs(there.at - scene.samples(first)) <= _SAMPLES_OFF, f"{name} at {there.seconds} s"
        assert abs(there.gain_db - gain_db) <= _CLOSE_DB, f"{name} at {there.gain_db} dB"
    for name in ("off", "muted"):
        assert hear(heard, scene.part(name, 0, 30)).likeness < 0.1
    late = hear(heard, scene.part("late", 0, 19))
    assert abs(late.at - scene.samples(220.3)) <= scene.samples(0.5) + 1
    _check_fades(heard, scene)


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(25)], ids=["23.976", "25"])
def test_a_preview_sounds_as_blender_plays_our_file_of_the_same_timeline(
    tmp_path: Path, rate: Fraction
) -> None:
    scene = make_scene(tmp_path, rate)
    theirs, _ = _played(scene, tmp_path)
    # One channel of a stereo file cannot be chosen there: the left one is compared where it was recorded.
    check_alike(preview_of(scene, tmp_path), theirs, scene, ("plain", "mono"), -_MONO_DB)


def _check_strips(laid: list[dict[str, object]]) -> None:
    """The picture, which cannot be heard."""
    (seen,) = [one for one in laid if one["type"] == "MOVIE"]
    assert (seen["first"], seen["end"], seen["into"], seen["muted"]) == (20, 120, 30, False)


def _check_fades(mix: np.ndarray, scene: Scene) -> None:
    """Blender plays a volume one frame after its key frame [run]."""
    wanted = 0.5012 * np.clip((np.arange(24) - 0.5) / 24, 0, None)
    rises = gains_by_frame(mix, scene, "bed", 0, 0, 24)
    falls = gains_by_frame(mix, scene, "bed", 87, 87, 23)
    assert np.abs(rises - wanted).max() < 0.07
    assert np.abs(falls - wanted[:0:-1]).max() < 0.07
    # From 20 dB down, straight in decibels.
    keyed = gains_by_frame(mix, scene, "keyed", 50, 12, 24) - 10 ** (
        (-20 + 20 * (np.arange(24) - 0.5) / 24) / 20
    )
    assert np.abs(keyed).max() < 0.25
    assert abs(float(np.mean(keyed))) < 0.05
    leaves = gains_by_frame(mix, scene, "first", 136, 81, 10)
    comes = gains_by_frame(mix, scene, "second", 136, 6, 10)
    assert np.abs(leaves - np.linspace(1, 0.1, 10)).max() < 0.2
    assert np.abs(comes - np.linspace(0, 0.9, 10)).max() < 0.2
