"""Music whose bars are known, because it was made by them, is heard as it was made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avm_otio.media.heard_json import heard_in, heard_text
from avm_otio.media.listening import hear
from avm_otio.mix.heard import Heard, Music
from tests.media.sounds import noise, wav
from tests.media.tunes import RATE, Tune, tune


def heard(folder: Path, made: Tune) -> Heard:
    return hear(wav(folder / "tune.wav", made.sound), music=True)


def music(folder: Path, made: Tune) -> Music:
    found = heard(folder, made).music
    assert found is not None
    return found


def far_from(times_us: tuple[int, ...], true_s: np.ndarray) -> np.ndarray:
    """How far each time that lies within the bars is from the nearest true one, in milliseconds."""
    times = np.array(times_us) / 1e6
    times = times[(times > true_s[0] - 0.1) & (times < true_s[-1] + 0.1)]
    nearest = true_s[np.abs(times[:, None] - true_s).argmin(axis=1)]
    return 1000 * (times - nearest)


TUNES = {
    "slow": {"bpm": 60},
    "common": {"bpm": 110},
    "fast": {"bpm": 180},
    "waltz": {"bpm": 90, "beats": 3},
    "fast waltz": {"bpm": 150, "beats": 3},
    "six eight": {"bpm": 80, "beats": 2, "compound": True},
    "swing": {"bpm": 120, "swing": True},
    "drums later": {"bpm": 100, "drums_from": 6},
    "no drums": {"bpm": 140, "drums": False},
}


@pytest.mark.parametrize("name", TUNES)
def test_tempo_beats_and_bars_are_those_of_the_tune(tmp_path: Path, name: str) -> None:
    made = tune(**TUNES[name])  # type: ignore[arg-type]
    found = music(tmp_path, made)
    rhythm = found.rhythm
    assert rhythm is not None
    assert rhythm.bpm == pytest.approx(TUNES[name]["bpm"], rel=0.002)
    assert rhythm.bar == TUNES[name].get("beats", 4)
    beats = far_from(rhythm.beats_us, made.beats)
    assert np.abs(beats).max() <= 5
    assert np.ptp(beats) <= 3, "what lies between two places is exact to 3 ms"
    assert np.abs(far_from(found.places_us, made.bars)).max() <= 5
    assert len(found.places_us) >= len(made.bars) - 1
    assert found.places_us == tuple(
        rhythm.beats_us[beat] for beat in rhythm.downbeats if rhythm.beats_us[beat] in found.places_us
    )


def test_sections_begin_where_the_music_changes(tmp_path: Path) -> None:
    """Eight bars of one tune, eight of another, the first once more, at one tempo."""
    first, other = (
        tune(120, seconds=16, drums=drums, lead_in=0, seed=seed) for drums, seed in ((1, 1), (0, 7))
    )
    bars = 8 * 2 * RATE
    sound = np.concatenate([first.sound[:bars], other.sound[:bars], first.sound])
    made = Tune(sound, np.arange(0, 48.1, 2.0), np.arange(0, 48.1, 0.5))
    found = music(tmp_path, made)
    assert found.rhythm is not None
    assert found.rhythm.bpm == pytest.approx(120, rel=0.002)
    starts = [section.start_us / 1e6 for section in found.sections]
    assert min(abs(start - 16) for start in starts) < 0.01
    assert min(abs(start - 32) for start in starts) < 0.01
    labels = {
        second: next(s.label for s in found.sections if s.start_us <= second * 1e6 < s.end_us)
        for second in (8, 24, 36)
    }
    assert labels[8] == labels[36] != labels[24]
    vectors = np.array(found.likeness)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(vectors)), abs=0.01)
    at = {place: n for n, place in enumerate(round(p / 1e6) for p in found.places_us)}
    assert vectors[at[4]] @ vectors[at[36]] > vectors[at[4]] @ vectors[at[20]] + 0.1


def test_sections_cover_a_piece_without_holes(tmp_path: Path) -> None:
    made = heard(tmp_path, tune(110, seconds=20))
    assert made.music is not None
    ends = [made.begins_us, *(section.end_us for section in made.music.sections)]
    assert ends[-1] == made.ends_us
    assert ends[:-1] == [section.start_us for section in made.music.sections]
    assert len(made.music.places_us) == len(made.music.likeness)
    assert heard_in(heard_text(made)) == made


@pytest.mark.parametrize("kind", ["drone", "noise", "swells"])
def test_a_piece_without_a_beat_has_none(tmp_path: Path, kind: str) -> None:
    time = np.arange(20 * RATE) / RATE
    if kind == "noise":
        sound = noise(20)
    else:
        sound = sum(np.sin(2 * np.pi * hertz * time) for hertz in (110, 165.3, 220.4))[:, None] * np.ones(2)
        sound = sound * (0.1 + 0.05 * np.sin(0.8 * time + np.sin(0.23 * time)))[:, None]
        sound = sound + (1e-3 * noise(20) if kind == "swells" else 0)
    found = music(tmp_path, Tune(sound, time, time))
    assert found.rhythm is None
    assert np.diff(found.places_us) == pytest.approx(500_000)
    assert found.sections


@pytest.mark.parametrize("seconds", [0.6, 3.0])
def test_a_short_piece_has_places_but_no_bars(tmp_path: Path, seconds: float) -> None:
    found = music(
        tmp_path, Tune(tune(120, seconds=4).sound[: round(seconds * RATE)], np.zeros(1), np.zeros(1))
    )
    assert found.rhythm is None
    assert found.places_us
    assert len(found.sections) == 1


def test_silence_is_no_music(tmp_path: Path) -> None:
    assert music(tmp_path, Tune(np.zeros((RATE, 2)), np.zeros(1), np.zeros(1))) == Music(None, (), (), ())
