from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from avm_otio.engine.denoise import denoise_to
from tests.engine.engine_films import RATE_HZ, read_wav, speech_like


def in_blocks(sound: NDArray[np.float32]) -> Callable[[], Iterator[NDArray[np.float32]]]:
    return lambda: (sound[:, start : start + 100_000] for start in range(0, sound.shape[1], 100_000))


def si_sdr_db(heard: NDArray[np.float32], clean: NDArray[np.float32]) -> float:
    heard, clean = heard.astype(np.float64), clean.astype(np.float64)
    target = (heard @ clean) / (clean @ clean) * clean
    return float(10 * np.log10((target @ target) / ((heard - target) @ (heard - target))))


def pink(samples: int) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(np.random.default_rng(3).standard_normal(samples))
    return np.fft.irfft(spectrum / np.sqrt(np.maximum(np.fft.rfftfreq(samples, 1 / RATE_HZ), 20)), samples)


@pytest.mark.parametrize("snr_db", [5, 15])
def test_noise_falls_and_not_a_sample_moves(tmp_path: Path, snr_db: int) -> None:
    clean = speech_like(8)
    noise = pink(len(clean))
    noise *= np.sqrt((clean @ clean) / (noise @ noise) / 10 ** (snr_db / 10))
    noisy = (clean + noise).astype(np.float32)
    denoise_to(tmp_path / "out.wav", in_blocks(noisy[None]))
    heard = read_wav(tmp_path / "out.wav")[0]
    assert len(heard) == len(noisy)
    assert si_sdr_db(heard, clean) - si_sdr_db(noisy, clean) >= 3
    size = 2 * len(clean)
    likeness = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(clean, size)))
    assert int(likeness.argmax()) == 0


@pytest.mark.parametrize("samples", [1, 700, 2048, 48_001])
def test_any_length_comes_out_as_it_went_in(tmp_path: Path, samples: int) -> None:
    sound = np.random.default_rng(1).uniform(-0.1, 0.1, (2, samples)).astype(np.float32)
    denoise_to(tmp_path / "out.wav", in_blocks(sound))
    assert read_wav(tmp_path / "out.wav").shape == (2, samples)


def test_silence_stays_silence(tmp_path: Path) -> None:
    denoise_to(tmp_path / "out.wav", in_blocks(np.zeros((1, RATE_HZ), np.float32)))
    assert not read_wav(tmp_path / "out.wav").any()


def test_breaking_off_leaves_no_file(tmp_path: Path) -> None:
    def breaking() -> Iterator[NDArray[np.float32]]:
        yield np.zeros((1, RATE_HZ), np.float32)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        denoise_to(tmp_path / "out.wav", breaking)
    assert list(tmp_path.iterdir()) == []


def test_a_film_whose_sound_is_empty_gets_an_empty_file(tmp_path: Path) -> None:
    denoise_to(tmp_path / "out.wav", lambda: iter(()))
    assert read_wav(tmp_path / "out.wav").shape == (1, 0)
