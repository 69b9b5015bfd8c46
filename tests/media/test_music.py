"""Music whose bars are known, because it was made by them, is heard as it was made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avm_otio.media.heard_json import heard_in, heard_text
from avm_otio.media.listening import hear
from avm_otio.mix.heard import Heard, Music
from tests.media.grooves import HELD_OUT, TUNED, made, without_beat
from tests.media.sounds import noise, wav
from tests.media.tunes import RATE, Tune, tune


def heard(folder: Path, piece: Tune) -> Heard:
    return hear(wav(folder / "tune.wav", piece.sound), music=True)


def music(folder: Path, piece: Tune) -> Music:
    found = heard(folder, piece).music
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


@pytest.mark.slow
@pytest.mark.parametrize("name", TUNES)
def test_tempo_beats_and_bars_are_those_of_the_tune(tmp_path: Path, name: str) -> None:
    tuned = tune(**TUNES[name])
    found = music(tmp_path, tuned)
    rhythm = found.rhythm
    assert rhythm is not None
    assert rhythm.bpm == pytest.approx(TUNES[name]["bpm"], rel=0.002)
    assert rhythm.bar == TUNES[name].get("beats", 4)
    beats = far_from(rhythm.beats_us, tuned.beats)
    assert np.abs(beats).max() <= 5
    assert np.ptp(beats) <= 3, "what lies between two places is exact to 3 ms"
    assert np.abs(far_from(found.places_us, tuned.bars)).max() <= 5
    assert len(found.places_us) >= len(tuned.bars) - 1
    assert found.places_us == tuple(
        rhythm.beats_us[beat] for beat in rhythm.downbeats if rhythm.beats_us[beat] in found.places_us
    )


GROOVES = {
    "dotted with drums": 120,
    "slowing rock": 90,
    "hurrying arpeggio": 110,
    "cinema tresillo": 95,
    "slowing bossa": 130,
    "half time": 130,
    "waltz": 140,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", GROOVES)
def test_what_lies_between_two_places_keeps_the_beat_whatever_the_groove(tmp_path: Path, name: str) -> None:
    """Whichever part of the bar is taken for its beginning, and where the piece hurries or lingers, too."""
    sound = made((TUNED | HELD_OUT)[name], GROOVES[name], seconds=22)
    found = music(tmp_path, sound)
    assert found.rhythm is not None
    places = np.array(found.places_us) / 1e6
    places = places[(places > sound.beats[0] - 0.05) & (places < sound.beats[-1] - 0.02)]
    assert len(places) >= 4
    halves = np.interp(np.arange(0, len(sound.beats) - 0.5, 0.5), np.arange(len(sound.beats)), sound.beats)
    off = places - halves[np.abs(places[:, None] - halves).argmin(axis=1)]
    assert np.ptp(off) <= 0.015


def test_low_notes_that_beat_against_each_other_are_no_rhythm(tmp_path: Path) -> None:
    """A held chord whose notes beat, and ticks at 120: it is the ticks that are heard."""
    time = np.arange(20 * RATE) / RATE
    sound = 0.08 * sum(np.sin(2 * np.pi * hertz * time) for hertz in (174.6, 220.0, 261.6))
    tick = np.sin(2 * np.pi * 3000 * time[:960]) * np.exp(-np.arange(960) / 120)
    for beat in range(39):
        sound[beat * RATE // 2 :][:960] += (0.25 if beat % 4 else 0.5) * tick
    found = music(tmp_path, Tune(np.repeat(sound[:, None], 2, axis=1), time, time))
    assert found.rhythm is not None
    assert found.rhythm.bpm == pytest.approx(120, rel=0.002)


@pytest.mark.parametrize("seed", [0, 1, 2, 4])
def test_notes_that_come_as_they_will_make_no_bars(tmp_path: Path, seed: int) -> None:
    assert music(tmp_path, without_beat(seed, 20)).rhythm is None


@pytest.mark.slow
def test_sections_begin_where_the_music_changes(tmp_path: Path) -> None:
    """Eight bars of one tune, eight of another, the first once more, at one tempo."""
    first, other = (
        tune(120, seconds=16, drums=drums, lead_in=0, seed=seed) for drums, seed in ((1, 1), (0, 7))
    )
    bars = 8 * 2 * RATE
    sound = np.concatenate([first.sound[:bars], other.sound[:bars], first.sound])
    piece = Tune(sound, np.arange(0, 48.1, 2.0), np.arange(0, 48.1, 0.5))
    found = music(tmp_path, piece)
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
    piece = heard(tmp_path, tune(110, seconds=20))
    assert piece.music is not None
    ends = [piece.begins_us, *(section.end_us for section in piece.music.sections)]
    assert ends[-1] == piece.ends_us
    assert ends[:-1] == [section.start_us for section in piece.music.sections]
    assert len(piece.music.places_us) == len(piece.music.likeness)
    assert heard_in(heard_text(piece)) == piece


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
