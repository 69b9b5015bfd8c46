"""The film that is sent plays what the timeline plays: as loud, and only channels that are switched on."""

from __future__ import annotations

from fractions import Fraction as F
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest

from avm_otio import Request, export_film, read
from avm_otio.media.fingerprint import film_asked
from avm_otio.media.originals import film_located
from avm_otio.timeline.select import plan_film
from tests.media.numbered import movie
from tests.media.sounds import sound_of
from tests.timelines import clip, timeline, track

RATE = F(25)
SECONDS = 4
TONES_HZ = (220, 330)


@pytest.fixture(scope="module")
def reel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture of numbered frames whose left channel is one tone and whose right is another."""
    times = np.arange(SECONDS * 48_000) / 48_000
    tones = np.stack([0.3 * np.sin(2 * np.pi * hz * times) for hz in TONES_HZ], axis=1)
    path = tmp_path_factory.mktemp("reel") / "tone.mov"
    return movie(path, SECONDS * 25, RATE, sound=tones, sound_codec="pcm_s16le")


def xml(reel: Path, *sounds: tuple[int, str, str]) -> str:
    """A sequence as Final Cut Pro 7 writes it: one picture, and of each sound channel, switch and filters."""
    rate = "<rate><timebase>25</timebase><ntsc>FALSE</ntsc></rate>"
    media = (
        f'<file id="f"><name>tone.mov</name><pathurl>{reel.as_uri()}</pathurl>{rate}<duration>100</duration>'
        "<media><video/><audio><channelcount>2</channelcount></audio></media></file>"
    )
    place = f"<duration>100</duration>{rate}<start>0</start><end>100</end><in>0</in><out>100</out>"
    tracks = "".join(
        f'<track><clipitem id="a{number}"><name>tone.mov</name><enabled>{switch}</enabled>{place}'
        f'<file id="f"/><sourcetrack><mediatype>audio</mediatype><trackindex>{channel}</trackindex>'
        f"</sourcetrack>{filters}</clipitem></track>"
        for number, (channel, switch, filters) in enumerate(sounds)
    )
    return (
        f'<?xml version="1.0"?><!DOCTYPE xmeml><xmeml version="5"><sequence id="s"><name>cut</name>'
        f"<duration>100</duration>{rate}<media><video><track><clipitem id='v'><name>tone.mov</name>{place}"
        f"{media}</clipitem></track></video><audio>{tracks}</audio></media></sequence></xmeml>"
    )


def level(value: float) -> str:
    return (
        "<filter><effect><name>Audio Levels</name><effectid>audiolevels</effectid>"
        "<mediatype>audio</mediatype>"
        f"<parameter><parameterid>level</parameterid><value>{value}</value></parameter></effect></filter>"
    )


def heard(path: Path) -> list[list[float]]:
    """How loud each tone is on each side of a film, in decibels of full scale."""
    samples = sound_of(path)[24_000:72_000]
    turns = np.arange(len(samples)) / 48_000
    return [
        [
            float(20 * np.log10(np.abs(np.exp(-2j * np.pi * hz * turns) @ side) * 2 / len(samples) + 1e-9))
            for hz in TONES_HZ
        ]
        for side in samples.T
    ]


def film(folder: Path, text: str, suffix: str = ".xml") -> list[list[float]]:
    path = folder / f"cut{suffix}"
    path.write_text(text)
    return heard(export_film(Request(path, folder / "film.mp4")).path)


FULL_DB = 20 * np.log10(0.3)


def test_a_clip_at_a_tenth_of_its_level_is_20_db_lower(tmp_path: Path, reel: Path) -> None:
    both = film(tmp_path, xml(reel, (1, "TRUE", level(0.1)), (2, "TRUE", level(0.1))))
    assert both[0][0] == pytest.approx(FULL_DB - 20, abs=0.5)
    assert both[1][1] == pytest.approx(FULL_DB - 20, abs=0.5)


def test_a_channel_that_is_switched_off_is_not_heard(tmp_path: Path, reel: Path) -> None:
    left, right = film(tmp_path, xml(reel, (1, "TRUE", ""), (2, "FALSE", "")))
    assert left[0] == pytest.approx(FULL_DB, abs=0.5)
    assert max(left[1], *right) < FULL_DB - 40


def test_a_clip_at_no_level_is_silent(tmp_path: Path, reel: Path) -> None:
    left, right = film(tmp_path, xml(reel, (1, "TRUE", level(0)), (2, "TRUE", level(1))))
    assert right[1] == pytest.approx(FULL_DB, abs=0.5)
    assert max(right[0], *left) < FULL_DB - 40


def test_a_muted_track_is_not_heard(tmp_path: Path, reel: Path) -> None:
    sound = clip("s", 0, 100, rate=RATE, url=str(reel), available=(0, 100))
    quiet = sound.deepcopy()
    quiet.metadata["avm"] = {"version": 1, "gain_db": -6.0, "source_channels": [1]}
    loud = track(sound, kind="Audio")
    loud.enabled = False
    cut = timeline(track(sound.deepcopy()), loud, track(quiet, kind="Audio"))
    for side in film(tmp_path, cut.to_json_string(), ".otio"):
        assert side[1] == pytest.approx(FULL_DB - 6, abs=0.5)
        assert side[0] < FULL_DB - 40


def asked(folder: Path, reel: Path, *sounds: otio.schema.Clip) -> list[list[object]]:
    """The sound of a cut, a track each, as its film is asked for."""
    path = folder / "cut.otio"
    picture = clip("p", 0, 100, rate=RATE, url=str(reel), available=(0, 100))
    path.write_text(
        timeline(track(picture), *(track(sound, kind="Audio") for sound in sounds)).to_json_string()
    )
    plan, media = film_located(plan_film(read(path).timeline), folder, [])
    parts: list[list[object]] = film_asked(plan, dict.fromkeys(media, "digest"))["sound"]
    return parts


def test_a_film_without_gains_and_choices_is_the_question_that_it_was(tmp_path: Path, reel: Path) -> None:
    sound = clip("s", 0, 100, rate=RATE, url=str(reel), available=(0, 100))
    as_before = [["0", "4", 0, "0", "1", "0", "0"]]
    assert asked(tmp_path, reel, sound) == as_before
    sound.metadata["avm"] = {"version": 1, "source_channels": [0, 1]}
    assert asked(tmp_path, reel, sound) == as_before  # all that there is: no choice
    sound.metadata["avm"] = {"version": 1, "source_channels": [1]}
    assert asked(tmp_path, reel, sound) == [[*as_before[0], {"channels": [1]}]]


def test_a_pair_of_tracks_that_are_the_two_channels_of_a_file_is_its_stereo(
    tmp_path: Path, reel: Path
) -> None:
    left, right = (clip("s", 0, 100, rate=RATE, url=str(reel), available=(0, 100)) for _ in range(2))
    left.metadata["avm"] = {"version": 1, "source_channels": [0]}
    right.metadata["avm"] = {"version": 1, "source_channels": [1]}
    assert asked(tmp_path, reel, left, right) == [["0", "4", 0, "0", "1", "0", "0"]]
    right.metadata["avm"] = {"version": 1, "source_channels": [1], "gain_db": -6.0}
    assert [part[-1] for part in asked(tmp_path, reel, left, right)] == [
        {"channels": [0]},
        {"gain_db": "-6.0", "channels": [1]},
    ]
