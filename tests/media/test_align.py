"""Two sounds are laid in phase."""

from __future__ import annotations

import numpy as np
import pytest

from avm_otio.media.align import align

NOISE = np.random.default_rng(7).standard_normal(20_000)


@pytest.mark.parametrize("off", [0, 37, -200])
def test_the_same_sound_is_found_to_the_sample(off: int) -> None:
    found = align(NOISE[5000:11_000], NOISE[5000 - 240 - off : 11_000 + 240 - off])
    assert found.offset_samples == off
    assert found.correlation == pytest.approx(1)


def test_on_both_channels_it_is_the_same() -> None:
    both = np.stack([NOISE, NOISE], axis=1)
    assert align(both[5000:11_000], both[4800:11_200]).correlation == pytest.approx(1)


def test_what_has_nothing_in_common_stays_where_it_is() -> None:
    other = np.random.default_rng(8).standard_normal(20_000)
    found = align(NOISE[:6000], other[:6480])
    assert found.offset_samples == 0
    assert abs(found.correlation) < 0.1


def test_opposite_phase_is_turned() -> None:
    tone = np.sin(2 * np.pi * 220 * np.arange(20_000) / 48_000)
    found = align(tone[5000:11_000], -tone[5000 - 240 : 11_000 + 240])
    assert abs(abs(found.offset_samples) - 48_000 / 220 / 2) <= 1
    assert found.correlation > 0.99


def test_silence_and_too_little() -> None:
    assert align(np.zeros(100), NOISE[:120]).correlation == 0
    assert align(NOISE[:100], np.zeros(120)).offset_samples == 0
    with pytest.raises(ValueError, match="as much"):
        align(NOISE[:100], NOISE[:50])


def test_a_second_is_aligned_at_once_and_as_a_plain_correlation_would() -> None:
    chance = np.random.default_rng(4)
    out, into = chance.normal(size=(4_801, 2)), chance.normal(size=(5_280, 2))
    into[117 : 117 + 4_801] += out
    found = align(out, into)
    left, right = out.mean(axis=1), into.mean(axis=1)
    plain = np.correlate(right, left, "valid")
    assert found.offset_samples + 479 // 2 == int(np.argmax(plain)) == 117
    power = np.sum(left**2) * np.sum(right[117 : 117 + 4_801] ** 2)
    assert found.correlation == pytest.approx(plain[117] / np.sqrt(power), abs=1e-9)
