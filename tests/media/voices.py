"""A voice made for tests: enough like one for a detector of speech, no word in any language."""

from __future__ import annotations

import numpy as np

RATE = 48_000
_VOWELS = ((730, 1090, 2440), (270, 2290, 3010), (530, 1840, 2480), (570, 840, 2410), (440, 1020, 2240))
"""Formants of five vowels in Hz (Peterson and Barney's means of men)."""


def utterance(seconds: float, seed: int = 1) -> np.ndarray:
    """Syllables of a hiss and a vowel, mono at 48 kHz, peaks at 0.5."""
    chance = np.random.default_rng(seed)
    sound = np.zeros(round(seconds * RATE))
    at = 0
    while at < len(sound):
        count = min(round(chance.uniform(0.14, 0.24) * RATE), len(sound) - at)
        sound[at : at + count] += _syllable(count, at / len(sound), chance)
        at += count
    return 0.5 * sound / np.abs(sound).max()


def _syllable(count: int, share: float, chance: np.random.Generator) -> np.ndarray:
    time = np.arange(count) / RATE
    pitch = (135 - 30 * share) * (1 + 0.06 * np.sin(2 * np.pi * 3 * time + chance.uniform(0, 6)))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    formants = np.array(_VOWELS[chance.integers(len(_VOWELS))])
    voice = np.zeros(count)
    for k in range(1, 30):
        resonance = sum(
            level / (1 + ((k * pitch - hertz) / width) ** 2)
            for hertz, level, width in zip(formants, (1.0, 0.5, 0.25), (60, 80, 120), strict=True)
        )
        voice += resonance / k**0.3 * np.sin(k * phase)
    voice *= np.sin(np.pi * np.clip(time / time[-1], 0, 1)) ** 0.5 if count > 1 else 0
    hiss = np.diff(chance.standard_normal(count + 1)) * np.exp(-((time - 0.02) ** 2) / 0.0002)
    return voice + 0.15 * hiss
