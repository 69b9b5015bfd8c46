from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from avm_otio.engine.sound_analysis import analyse_sound
from avm_otio.engine.starter import starter_library
from avm_otio.engine.starter_effects import effect
from avm_otio.engine.starter_music import bed_names
from tests.engine.engine_films import RATE_HZ, read_wav


@pytest.fixture(scope="module")
def starter(shared_cache: Path) -> Path:
    return starter_library(shared_cache)


def test_there_are_beds_and_effects_enough_in_little_room(starter: Path) -> None:
    assert len(list((starter / "music").glob("*.wav"))) >= 8
    assert len(list((starter / "effects").glob("*.wav"))) >= 24
    assert sum(path.stat().st_size for path in starter.rglob("*.wav")) < 60e6


def test_each_sound_is_clean_at_its_ends_and_below_the_ceiling(starter: Path) -> None:
    for path in starter.rglob("*.wav"):
        sound = read_wav(path)
        assert sound.shape[0] == 2, path.name
        assert np.abs(sound).max() <= 10 ** (-1 / 20), path.name
        assert np.abs(sound[:, [0, -1]]).max() == 0, path.name
        assert np.abs(sound[:, -4:]).max() < 0.003, path.name
        assert np.abs(sound.mean(axis=1)).max() < 0.001, path.name
        assert np.abs(sound).max() > 0.1, path.name


@pytest.mark.slow
def test_beds_have_one_loudness_their_own_tempo_and_a_natural_end(starter: Path) -> None:
    assert len({name.split()[-2] for name in bed_names()}) == len(bed_names())
    for path in (starter / "music").glob("*.wav"):
        sound = read_wav(path)
        traits = analyse_sound([sound])
        assert 20 <= sound.shape[1] / RATE_HZ <= 60, path.name
        assert traits.loudness_lufs == pytest.approx(-18, abs=0.5), path.name
        assert np.corrcoef(sound)[0, 1] < 0.95, path.name
        level = np.sqrt((sound**2).mean(axis=0))
        assert level[: RATE_HZ // 4].mean() > 5 * level[-RATE_HZ // 4 :].mean(), path.name


def test_categories_differ_in_their_spectra(starter: Path) -> None:
    bright: dict[str, list[float]] = defaultdict(list)
    for path in (starter / "effects").glob("*.wav"):
        bright[path.stem.split(" – ")[0]].append(analyse_sound([read_wav(path)]).brightness_hz)
    middle = {name: float(np.median(values)) for name, values in bright.items()}
    assert middle["Impact"] < 200 < 700 < middle["Whoosh"]
    assert middle["Impact"] < middle["Door"] < middle["Tick"]
    assert middle["Room"] < 300 < middle["Ambience"]


def test_a_sound_is_the_same_each_time_it_is_made() -> None:
    assert np.array_equal(effect("Whoosh – Fast Air"), effect("Whoosh – Fast Air"))


def test_a_library_that_is_there_is_not_made_again(starter: Path, shared_cache: Path) -> None:
    told: list[int] = []
    assert starter_library(shared_cache, lambda done, total=None: told.append(done)) == starter
    assert told == []
