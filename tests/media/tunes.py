"""Music made for tests: its bars are known, because it was made by them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RATE = 48_000


@dataclass(frozen=True)
class Tune:
    """A made piece: samples of shape (samples, 2), and the times in seconds of its bar lines and beats."""

    sound: np.ndarray
    bars: np.ndarray
    beats: np.ndarray


_CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))


def tune(
    bpm: float,
    *,
    beats: int = 4,
    compound: bool = False,
    seconds: float = 40.0,
    swing: bool = False,
    drums_from: int = 0,
    drums: bool = True,
    lead_in: float = 0.3,
    seed: int = 1,
    drift: float = 0.0,
) -> Tune:
    """A tune of chords, bass, melody and drums that ends on a chord.

    Args:
        bpm: Beats a minute; dotted ones where compound.
        beats: Beats in a bar.
        compound: Whether each beat has three parts (6/8 is two such beats).
        seconds: About how long it is to be.
        swing: Whether the second half of a beat comes late.
        drums_from: The bar in which the drums come in.
        drums: Whether there are any.
        lead_in: Silence before the first bar, in seconds.
        seed: Of its melody.
        drift: How much slower its last beat is than its first, as a share.
    """
    chance = np.random.default_rng(seed)
    beat = 60 / bpm
    count = max(2, round(seconds / beat / beats))
    lengths = beat * np.linspace(1, 1 + drift, count * beats + 1)
    grid = lead_in + np.concatenate([[0.0], np.cumsum(lengths)])
    mix = np.zeros(round((grid[count * beats] + 3) * RATE))

    def when(position: float) -> float:
        return float(np.interp(position, np.arange(len(grid)), grid))

    parts = (1 / 3, 2 / 3) if compound else (2 / 3 if swing else 0.5,)
    key = 220 * 2 ** (int(chance.integers(12)) / 12)
    for bar in range(count + 1):
        first = bar * beats
        chord = _CHORDS[0 if bar == count else bar % len(_CHORDS)]
        held = 2.5 if bar == count else beats * beat
        for step in chord:
            _lay(mix, when(first), _note(key * 2 ** (step / 12), held, 2.0), 0.1)
        _lay(mix, when(first), _note(key / 2 * 2 ** (chord[0] / 12), held, 3.0), 0.2)
        if bar == count:
            break
        for n in range(beats):
            if n:
                _lay(mix, when(first + n), _note(key / 2 * 2 ** (chord[n % 3] / 12), beat, 4.0), 0.12)
            for part in (0, *parts):
                if chance.random() < 0.45:
                    step = chord[int(chance.integers(3))] + 12
                    _lay(mix, when(first + n + part), _note(key * 2 ** (step / 12), beat, 5.0), 0.1)
            if drums and bar >= drums_from:
                is_low = n == 0 or (not compound and beats == 4 and n == 2)
                _lay(mix, when(first + n), _kick() if is_low else _snare(chance), 0.4 if is_low else 0.2)
                for part in (0, *parts):
                    _lay(mix, when(first + n + part), _hat(chance), 0.06)
    mix *= 0.7 / np.abs(mix).max()
    return Tune(
        np.repeat(mix[:, None], 2, axis=1), grid[: count * beats + 1 : beats], grid[: count * beats + 1]
    )


def _lay(mix: np.ndarray, at: float, note: np.ndarray, level: float) -> None:
    first = round(at * RATE)
    note = note[: len(mix) - first]
    mix[first : first + len(note)] += level * note


def _note(hertz: float, seconds: float, decay: float) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    wave = sum(np.sin(2 * np.pi * k * hertz * time) / k**1.4 for k in range(1, 6))
    edge = np.minimum(np.minimum(time / 0.003, (time[-1] - time) / 0.02), 1)
    return wave * np.exp(-decay * time) * edge


def _kick() -> np.ndarray:
    time = np.arange(round(0.25 * RATE)) / RATE
    return np.sin(2 * np.pi * (48 * time - 82 / 35 * np.exp(-35 * time))) * np.exp(-14 * time)


def _snare(chance: np.random.Generator) -> np.ndarray:
    time = np.arange(round(0.18 * RATE)) / RATE
    return chance.uniform(-1, 1, len(time)) * np.exp(-25 * time)


def _hat(chance: np.random.Generator) -> np.ndarray:
    time = np.arange(round(0.05 * RATE)) / RATE
    return np.diff(chance.uniform(-1, 1, len(time) + 1)) * np.exp(-70 * time)
