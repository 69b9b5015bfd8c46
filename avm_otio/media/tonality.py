"""The key of a piece: which of the 24 major and minor scales its harmony fits best."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_MAJOR = (0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400)
_MINOR = (0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330)
"""How much each step of a scale is heard, from its first on (Temperley, Kostka-Payne corpus, 2007)."""

_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_FROM_A = 9
"""Chroma counts from A."""

_LEAST = 0.55
"""A weaker correlation is no key: noise has none."""

Floats = NDArray[np.floating[Any]]


def key_of(chroma: Floats) -> str | None:
    """The key, as in ``C`` or ``F#m``; ``None`` where none stands out.

    Args:
        chroma: Harmony over time, steps × 12 pitch classes from A on, as ``Features`` has it.
    """
    heard = np.roll(chroma.sum(axis=0, dtype=np.float64), _FROM_A)
    if not heard.any() or heard.std() < 0.05 * heard.mean():
        return None
    fits = {
        f"{_NAMES[step]}{mode}": float(np.corrcoef(heard, np.roll(profile, step))[0, 1])
        for mode, profile in (("", _MAJOR), ("m", _MINOR))
        for step in range(12)
    }
    best = max(fits, key=fits.__getitem__)
    return best if fits[best] >= _LEAST else None
