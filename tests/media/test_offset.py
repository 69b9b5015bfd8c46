"""A preview found in its licensed file, to the sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avm_otio.media.offset import offset_between
from tests.media.sounds import mono_wav, tune


@pytest.mark.parametrize("late", [0, 1, -1, 1105, 48_000, -20_000])
def test_a_preview_lies_in_its_licensed_file_to_the_sample(tmp_path: Path, late: int) -> None:
    sound = tune(4)
    preview = mono_wav(tmp_path / "preview.wav", 0.3 * sound)
    licensed = sound[-late:] if late < 0 else np.concatenate([np.zeros(late), sound])
    found = offset_between(preview, mono_wav(tmp_path / "licensed.wav", licensed))
    assert found.offset_samples == late
    assert found.correlation > 0.9


def test_a_voice_over_a_preview_does_not_hide_it_and_another_piece_is_not_it(tmp_path: Path) -> None:
    sound, voice = tune(4), np.zeros(4 * 48_000)
    voice[20_000:60_000] = np.random.default_rng(5).normal(0, 0.1, 40_000)
    preview = mono_wav(tmp_path / "preview.wav", sound + voice)
    licensed = mono_wav(tmp_path / "licensed.wav", np.concatenate([np.zeros(777), sound]))
    found = offset_between(preview, licensed)
    assert found.offset_samples == 777
    assert found.correlation > 0.5
    other = mono_wav(tmp_path / "other.wav", np.random.default_rng(9).normal(0, 0.1, 4 * 48_000))
    assert offset_between(preview, other).correlation < 0.3


def test_silence_is_like_nothing(tmp_path: Path) -> None:
    silence = mono_wav(tmp_path / "silence.wav", np.zeros(48_000))
    assert offset_between(silence, mono_wav(tmp_path / "sound.wav", tune(1))).correlation == 0
