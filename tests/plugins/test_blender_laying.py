"""A piece of music in parts, laid in the real Blender: where its parts lie, and what is heard."""

from __future__ import annotations

import io
import json
import wave
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.editors.hearing import read_wav
from tests.plugins.blender_clips import clip, placing_outside
from tests.plugins.blender_home import FPS, home_in, in_blender

pytestmark = pytest.mark.editors

FADE = {"before": 125_000, "after": 125_000}
DOWN = [{"at_us": at, "gain_db": db} for at, db in ((0, 0), (800_000, 0), (1_200_000, -14), (1_600_000, -14))]


@pytest.mark.parametrize("rate", FPS, ids=["23.976", "25"])
def test_parts_are_heard_from_their_in_points_to_the_sample_at_their_levels(
    tmp_path: Path, rate: Fraction
) -> None:
    sound = np.random.default_rng(1).uniform(-0.3, 0.3, 48_000 * 12)
    file = tmp_path / "theme.wav"
    stereo = np.repeat(np.round(sound * 32767).astype("<i2")[:, None], 2, axis=1)
    file.write_bytes(_wav(stereo))
    common = {
        "file": str(file),
        "title": "Theme",
        "kind": "music",
        "speed": "1",
        "price": None,
        "is_bought": False,
    }
    common |= {"timecode": "01:00:00:00"}
    clips = [
        clip(0, 50, media_start_us=1_013_000, keys=DOWN, gain_db=-14.0),
        clip(50, 50, media_start_us=9_317_000, part=1, cross_fade_us=FADE, gain_db=-14.0),
        clip(100, 50, media_start_us=3_777_700, part=2, cross_fade_us=FADE, gain_db=-14.0),
    ]
    result = {"rate": str(rate), "clips": [one | common for one in clips], "notes": [], "currency": "USD"}
    (tmp_path / "result.json").write_text(json.dumps(result | {"job": str(tmp_path / "jobs" / "one")}))
    out, mix = tmp_path / "out.json", tmp_path / "mix.wav"
    ended = in_blender(
        home_in(tmp_path), "blender_lays.py", tmp_path / "result.json", *FPS[rate], "150", out, mix
    )
    assert ended.returncode == 0, ended.stderr
    report = json.loads(out.read_text())
    assert report["markers"] == [[1, "Theme"]]
    assert report["strips"] == [[1, 1, 54], [2, 48, 104], [1, 98, 151]]
    placing = placing_outside()
    for place, volume in zip(placing.places_of(clips, rate)[0], report["volumes"], strict=True):
        points = zip(*placing.volumes_of(place, rate), strict=True)
        wanted = np.interp(range(place.first, place.last + 1), *points)
        assert np.allclose(volume, wanted, atol=1e-3), "straight from point to point"
    heard = read_wav(mix)[:, 0]
    # Where the level stands still: frames from the start, seconds of the file at the first of them, the gain.
    for first, last, media_s, gain_db in (
        (2, 18, 1.013 + 2 / float(rate), 0.0),
        (35, 46, 1.013 + 35 / float(rate), -14.0),
        (56, 95, 9.317 + 6 / float(rate), -14.0),
        (106, 145, 3.7777 + 6 / float(rate), -14.0),
    ):
        start, end = (round(frame / rate * 48_000) for frame in (first, last))
        wanted = [
            sound[at : at + end - start] * 10 ** (gain_db / 20)
            for at in (round(media_s * 48_000) + late for late in (-2, -1, 0, 1, 2))
        ]
        apart = min(float(np.std(heard[start:end] - one) / np.std(one)) for one in wanted)
        assert 20 * np.log10(apart) < -40, (first, apart)


def _wav(samples: Any) -> bytes:

    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(48_000)
        file.writeframes(samples.tobytes())
    return made.getvalue()
