"""In what a whole run plays, music lies as far below words as is set, and moves when that is set."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction as F
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest

from avm_otio.formats import reading
from avm_otio.mix.presets import PRESETS
from avm_otio.timeline.model import Stem
from tests.jobs.soundtracks import cut, done
from tests.media.numbered import movie
from tests.media.sounds import wav_bytes
from tests.media.tunes import tune
from tests.media.voices import utterance
from tests.mix.scenes import ebur128
from tests.scripted_service import ScriptedService, film_service, music, result_of
from tests.timelines import time_range

RATE, SECONDS, HZ = F(24), 30, 48_000
SPOKEN = ((2.317, 1.9), (7.871, 0.52), (9.02, 2.4), (14.6, 0.4), (18.25, 3.1), (21.8, 1.3), (26.04, 0.9))
"""When somebody speaks, and how long."""

SEEDS = (5, 26, 5, 26, 5, 26, 26)
"""Voices that the detector takes for some throughout."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sound = np.random.default_rng(3).normal(0, 0.001, SECONDS * HZ)
    for number, (at, length) in enumerate(SPOKEN):
        spoken = utterance(length, SEEDS[number])
        sound[round(at * HZ) : round(at * HZ) + len(spoken)] += spoken * 0.06 / np.sqrt((spoken**2).mean())
    stereo = np.repeat(sound[:, None], 2, axis=1)
    return movie(tmp_path_factory.mktemp("film") / "film.mp4", SECONDS * 24, RATE, sound=stereo)


@pytest.fixture(scope="module")
def service() -> Iterator[ScriptedService]:
    with film_service(result_of()) as found:
        swell = tune(104, seconds=40, seed=4).sound
        swell = swell * (0.55 + 0.45 * np.sin(np.arange(len(swell)) / HZ * 0.9))[:, None]
        found.result = result_of(musics=[music(found, 7, wav_bytes(swell))])
        yield found


@pytest.mark.parametrize("mix", ["gentle", "standard", "strong"])
def test_music_makes_room_for_words_as_is_set(
    tmp_path: Path,
    film: Path,
    service: ScriptedService,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    mix: str,
) -> None:
    monkeypatch.setenv("AVM_TOKEN", "sesame-1234567890")
    whole = time_range(0, SECONDS * 24, RATE)
    clip = otio.schema.Clip("film", otio.schema.ExternalReference(str(film), whole), whole)
    timeline = cut(tmp_path / "cut.otio", ("Video", [clip]), ("Audio", [clip.deepcopy()]))
    output = str(tmp_path / "out.otio")
    service_of = ("--service", service.url, "--services", "music", "--mix", mix)
    scored = done(capsys, "score", str(timeline), "-o", output, *service_of)
    done(capsys, "preview", output, "-o", str(tmp_path / "p.m4a"), "--stems", str(tmp_path / "stems"))
    bed = stem(tmp_path / "stems" / "p_MX.wav")
    preset, speech = PRESETS[mix], scored["mix"]["speech_lufs"]
    below = [speech - ebur128(bed[round(at * HZ) : round((at + length) * HZ)])[0] for at, length in SPOKEN]
    assert below == pytest.approx([preset.under_speech_lu] * len(SPOKEN), abs=0.5)
    laid = [each for each in reading.read(Path(output)).timeline.clips() if each.stem is Stem.MUSIC]
    keys = [float(each.start + key.at) for each in laid for key in each.mix.keys]
    for number, (at, length) in enumerate(SPOKEN):
        before = at - sum(SPOKEN[number - 1]) if number else 99.0
        after = SPOKEN[number + 1][0] - at - length if number + 1 < len(SPOKEN) else 99.0
        if before > 3:
            assert (
                nearest(keys, at - preset.lookahead_ms / 1000) <= 1 / 24 + 0.005
            )  # an edge of a word is found within 5 ms
            assert (
                nearest(keys, at - (preset.lookahead_ms + preset.attack_ms) / 1000) <= 1 / 24 + 0.005
            )  # an edge of a word is found within 5 ms
        if after > 3.6:
            assert (
                nearest(keys, at + length + preset.hold_ms / 1000) <= 1 / 24 + 0.005
            )  # an edge of a word is found within 5 ms


def nearest(moments: list[float], at: float) -> float:
    return min(abs(moment - at) for moment in moments)


def stem(path: Path) -> np.ndarray:
    """The samples of a stem, (samples, 2)."""
    raw = path.read_bytes()
    data = np.frombuffer(raw[raw.index(b"data") + 8 :], np.uint8)
    whole = data[: len(data) // 6 * 6].reshape(-1, 3).astype(np.int32)
    value = (whole[:, 0] << 8 | whole[:, 1] << 16 | whole[:, 2] << 24) >> 8
    return np.asarray(value.reshape(-1, 2) / 2**23)
