"""Where people speak is found where a voice was laid, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avm_otio.media import speech
from avm_otio.media.speech import hear_speech, spoken
from avm_otio.mix.heard import Speech
from tests.media.sounds import noise, wav
from tests.media.voices import RATE, utterance

CHUNK_US = 32_000


def scene(level: float = 1.0, hiss: float = 0.0003) -> np.ndarray:
    """A voice from 1 to 2.5 and from 3.5 to 4.3 seconds."""
    quiet = np.zeros(RATE)
    voice = np.concatenate([quiet, utterance(1.5, 5), quiet, utterance(0.8, 26), quiet])
    stereo = np.repeat(level * voice[:, None], 2, axis=1)
    return stereo + hiss * np.random.default_rng(1).standard_normal(stereo.shape)


@pytest.mark.parametrize("level", [1.0, 0.03], ids=["close", "faint"])
@pytest.mark.parametrize("rate", [48_000, 32_000])
def test_a_voice_is_found_where_it_speaks(tmp_path: Path, level: float, rate: int) -> None:
    samples = scene(level, 0.0003 * level)
    if rate != RATE:
        at = np.arange(len(samples) * rate // RATE) * RATE / rate
        samples = np.stack([np.interp(at, np.arange(len(samples)), side) for side in samples.T], axis=1)
    (first, second) = hear_speech(wav(tmp_path / "a.wav", samples, rate)).spoken
    assert first == pytest.approx((1_000_000, 2_500_000), abs=150_000)
    assert second == pytest.approx((3_500_000, 4_300_000), abs=150_000)


@pytest.mark.parametrize(
    "sound",
    [lambda: np.zeros((2 * RATE, 2)), lambda: noise(3), lambda: 1e-4 * noise(3)],
    ids=["silence", "noise", "faint noise"],
)
def test_nobody_speaks_in_silence_or_noise(tmp_path: Path, sound: Callable[[], np.ndarray]) -> None:
    assert hear_speech(wav(tmp_path / "a.wav", sound())) == Speech()


def test_a_copy_of_a_film_is_not_listened_to_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = wav(tmp_path / "a.wav", scene()), tmp_path / "b.wav"
    other.write_bytes(one.read_bytes())
    found = hear_speech(one)
    monkeypatch.setattr(speech, "speech_in", lambda blocks: pytest.fail("it was listened to again"))
    assert hear_speech(other) == found


def test_listening_for_speech_can_be_broken_off(tmp_path: Path) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hear_speech(wav(tmp_path / "a.wav", noise(1)), check=stop)


def test_a_short_pause_parts_no_words_and_a_short_noise_is_no_word() -> None:
    yes, no = [0.9], [0.0]
    assert len(spoken(yes * 10 + no * 6 + yes * 10)) == 1
    assert len(spoken(yes * 10 + no * 7 + yes * 10)) == 2
    assert spoken(no * 10 + yes * 4 + no * 10) == ()
    assert len(spoken([0.9] + [0.4] * 10)) == 1, "what is doubtful goes on"
    assert spoken([0.4] * 10) == (), "but begins nothing"


@given(st.lists(st.floats(0, 1), max_size=200))
def test_speech_lies_within_the_film_in_order_and_apart(likely: list[float]) -> None:
    ends = [moment for stretch in spoken(likely) for moment in stretch]
    assert ends == sorted(set(ends))
    assert all(0 <= end <= len(likely) * CHUNK_US for end in ends)


def test_the_edges_of_a_word_are_those_of_its_sound(tmp_path: Path) -> None:
    (first, second) = hear_speech(wav(tmp_path / "a.wav", scene())).spoken
    assert first == pytest.approx((1_000_000, 2_500_000), abs=20_000)
    assert second == pytest.approx((3_500_000, 4_300_000), abs=20_000)
