"""GStreamer Editing Services plays our plain .otio, by the OTIO project's own adapter to its .xges.

The adapter knows no gain, fade or switch: only what plays when is heard here.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from avm_otio.formats.writing import write
from tests.editors.hearing import hear, read_wav
from tests.editors.programs import XGES, program, run_again
from tests.editors.scene import make_scene

pytestmark = pytest.mark.editors

_CONVERT = """
import sys
from pathlib import Path
import opentimelineio as otio
timeline = otio.adapters.read_from_file(sys.argv[1])
for clip in timeline.find_clips():
    clip.media_reference.target_url = Path(clip.media_reference.target_url).as_uri()
otio.adapters.write_to_file(timeline, sys.argv[2])
"""
"""The adapter hands media on as they are named, and the program takes URLs only."""

_WAV = "audio/x-wav:audio/x-raw,format=S16LE,rate=48000,channels=2"
"""With ``audio/x-wav`` alone it waits for ever; so it does for media that it cannot decode."""

_SAMPLES_OFF = 24
"""Half a millisecond. Measured: 6; half a frame is about 1,000."""

_LYING = [  # sound, frame of the mix, frame of the sound, frames
    ("shot", 20, 30, 100),
    ("plain", 10, 0, 30),
    ("keyed", 50, 12, 40),
    ("left", 100, 0, 30),
    ("mono", 140, 0, 30),
    ("bed", 0, 0, 110),
    ("first", 60, 5, 75),
    ("second", 147, 17, 48),
    ("third", 207, 17, 43),
]


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(25)], ids=["23.976", "25"])
def test_every_sound_of_the_scene_is_heard_at_its_frame(tmp_path: Path, rate: Fraction) -> None:
    launch = program("ges-launch-1.0")
    if not XGES.exists():
        pytest.skip(f"{XGES} is not there: run tests/editors/setup.sh")
    media, cut = tmp_path / "media", tmp_path / "cut"
    media.mkdir()
    cut.mkdir()
    scene = make_scene(media, rate)
    write(scene.timeline, cut / "cut.otio")
    run_again([str(XGES), "-c", _CONVERT, str(cut / "cut.otio"), str(cut / "cut.xges")])
    mix = cut / "mix.wav"
    output = ["--track-types=audio", f"--outputuri={mix.as_uri()}", f"--format={_WAV}", "--no-interactive"]
    run_again([launch, f"--load={(cut / 'cut.xges').as_uri()}", *output])
    heard = read_wav(mix)
    for name, first, source, frames in _LYING:
        there = hear(heard, scene.part(name, source, frames))
        assert abs(there.at - scene.samples(first)) <= _SAMPLES_OFF, f"{name} at {there.seconds} s"
