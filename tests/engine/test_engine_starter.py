from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from avm_otio.engine.sorting import roles_of
from avm_otio.engine.sound_analysis import analyse_sound
from avm_otio.engine.starter import starter_library, write_starter
from avm_otio.engine.starter_effects import effect
from avm_otio.engine.starter_music import bed_names
from avm_otio.engine.ucs import ucs_name
from avm_otio.errors import InputError
from avm_otio.tags import NO_TAGS
from tests.engine.engine_films import RATE_HZ, read_wav


@pytest.fixture(scope="module")
def starter(shared_cache: Path) -> Path:
    return starter_library(shared_cache)


def test_there_are_beds_and_effects_enough_in_little_room(starter: Path) -> None:
    assert len(list((starter / "music").glob("*.wav"))) == 16
    assert len(list((starter / "effects").glob("*.wav"))) == 60
    assert sum(path.stat().st_size for path in starter.rglob("*.wav")) < 160e6


def test_each_effect_has_a_name_by_the_system_whose_category_does_what_it_does(starter: Path) -> None:
    roles: Counter[str] = Counter()
    for path in (starter / "effects").glob("*.wav"):
        named = ucs_name(path.stem)
        assert named is not None, path.name
        (role, *_) = roles_of(path.name, NO_TAGS, named.category, 1_000_000)
        roles[role.name.lower()] += 1
    assert roles == {"whoosh": 12, "impact": 11, "riser": 9, "tick": 10, "ambience": 7, "spot": 11}


def test_effects_are_as_loud_as_what_they_do(starter: Path) -> None:
    loud: dict[str, list[float]] = defaultdict(list)
    for path in (starter / "effects").glob("*.wav"):
        loud[path.stem.partition("_")[0]].append(analyse_sound([read_wav(path)]).loudness_lufs or -99)
    for category, lufs in (("DSGNImpt", -16), ("DSGNWhsh", -20), ("AMBRoom", -38), ("DOORWood", -24)):
        assert all(abs(each - lufs) < 3.5 for each in loud[category]), (category, loud[category])


def test_each_sound_is_clean_at_its_ends_and_below_the_ceiling(starter: Path) -> None:
    for path in starter.rglob("*.wav"):
        sound = read_wav(path)
        assert sound.shape[0] == 2, path.name
        assert np.abs(sound).max() <= 10 ** (-1 / 20), path.name
        assert np.abs(sound[:, [0, -1]]).max() == 0, path.name
        assert np.abs(sound[:, -4:]).max() < 0.003, path.name
        assert np.abs(sound.mean(axis=1)).max() < 0.001, path.name
        assert np.abs(sound).max() > 0.02, path.name


@pytest.mark.slow
def test_beds_have_one_loudness_their_own_tempo_and_a_natural_end(starter: Path) -> None:
    assert len({name.split()[-2] for name in bed_names()}) == len(bed_names())
    lengths: list[float] = []
    for path in (starter / "music").glob("*.wav"):
        sound = read_wav(path)
        traits = analyse_sound([sound])
        lengths.append(sound.shape[1] / RATE_HZ)
        assert traits.loudness_lufs == pytest.approx(-18, abs=0.5), path.name
        assert np.corrcoef(sound)[0, 1] < 0.95, path.name
        level = np.sqrt((sound**2).mean(axis=0))
        assert level[: RATE_HZ // 4].mean() > 5 * level[-RATE_HZ // 4 :].mean(), path.name
    assert min(lengths) >= 20
    assert sorted(length > 120 for length in lengths) == [False] * 14 + [True] * 2


def test_categories_differ_in_their_spectra(starter: Path) -> None:
    bright: dict[str, list[float]] = defaultdict(list)
    for path in (starter / "effects").glob("*.wav"):
        bright[path.stem.partition("_")[0]].append(analyse_sound([read_wav(path)]).brightness_hz)
    middle = {name: float(np.median(values)) for name, values in bright.items()}
    assert middle["DSGNImpt"] < 200 < 700 < middle["DSGNWhsh"]
    assert middle["DSGNImpt"] < middle["DOORWood"] < middle["UIClick"]
    assert middle["AMBRoom"] < 300 < middle["RAIN"]


def test_it_is_written_where_the_user_wants_it_and_over_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="something in"):
        write_starter(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_sound_is_the_same_each_time_it_is_made() -> None:
    assert np.array_equal(
        effect("DSGNWhsh_Whoosh Fast Air_AVM_STARTER"), effect("DSGNWhsh_Whoosh Fast Air_AVM_STARTER")
    )


def test_a_library_that_is_there_is_not_made_again(starter: Path, shared_cache: Path) -> None:
    steps: list[int] = []
    assert starter_library(shared_cache, lambda done, total=None: steps.append(done)) == starter
    assert steps == []
