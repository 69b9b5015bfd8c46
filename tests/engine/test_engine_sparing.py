"""Sound that is clean is left as it is; where there is noise, all of the reduction is heard."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avm_otio.engine.sparing import LOOK_AHEAD, Samples, Sparing, amount_needed

HZ = 48_000


class Silencer:
    """Takes everything away, half a second late."""

    def __init__(self) -> None:
        self.waiting = 24_000

    def feed(self, samples: Samples) -> Samples:
        done = max(0, len(samples) - self.waiting)
        self.waiting -= len(samples) - done
        return np.zeros(done, np.float32)

    def close(self) -> None:
        pass


def through(sound: Samples, size: int) -> Samples:
    """A sound, fed in pieces of a size, with the silence that brings its end out."""
    whole = np.concatenate([sound, np.zeros(LOOK_AHEAD + 24_000 + size, np.float32)])
    spared = Sparing(Silencer())
    pieces = [spared.feed(whole[at : at + size]) for at in range(0, len(whole), size)]
    return np.concatenate(pieces)[: len(sound)]


def bursts(noise_db: float, seconds: int = 8) -> Samples:
    """Half a second of noise at −20 dB in each second, and noise below throughout."""
    dice = np.random.default_rng(1)
    voice = dice.standard_normal(seconds * HZ) * 0.1
    voice *= np.tile(np.repeat([1.0, 0.0], HZ // 2), seconds)
    return (voice + dice.standard_normal(seconds * HZ) * 0.1 * 10 ** (noise_db / 20)).astype(np.float32)


@pytest.mark.parametrize(("noise_db", "is_left"), [(-60, True), (-5, False)])
def test_clean_sound_is_left_and_noisy_sound_is_not(noise_db: float, is_left: bool) -> None:
    sound = bursts(noise_db)
    heard = through(sound, 48_000)
    assert np.array_equal(heard, sound if is_left else np.zeros_like(sound))


@given(st.integers(1, 200_000))
def test_it_does_not_matter_in_what_pieces_a_sound_comes(size: int) -> None:
    sound = bursts(-20, seconds=2)
    assert np.array_equal(through(sound, size + 5000), through(sound, 48_000))


@given(st.lists(st.floats(0, 1), max_size=400))
def test_an_amount_is_a_part(powers: list[float]) -> None:
    assert 0 <= amount_needed(np.array(powers)) <= 1


def test_digital_silence_is_no_noise() -> None:
    gated = bursts(-8).reshape(-1, HZ // 2)
    gated[1::2] = 0
    assert np.array_equal(through(gated.ravel(), 48_000), np.zeros(gated.size, np.float32))
