"""What happens when: drawn and sounded, so that both agree to the moment.

All times are seconds of a scene's own clock, 0 at the first frame of its file.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np

STEP_S = 0.5
"""The walker puts a foot down at every multiple of this."""

TICK_S = 1.0
"""The clock's second hand jumps at every multiple of this."""

POLE_S = 1.25
"""A telegraph pole passes the train window at every multiple of this."""

WAVE_S = 3.2
"""From one wave on the beach to the next."""

GRAVITY = 9.81
"""Metres a second squared; the ball falls as a real one does."""

BOUNCES_S = (0.55, 1.50, 2.28, 2.92, 3.45, 3.88, 4.23)
"""When the ball touches the floor; it comes down from rest, loses height and ends rolling."""

BURSTS_S = (0.7, 1.6, 2.4, 3.7, 4.5, 5.9, 6.7, 7.4)
"""When a firework bursts."""

TALK_SEED = 7
"""Which speech the talker gives."""

TALK_S = 8.0
"""How long that speech is."""

DRUMS_S = (0.25, 1.25, 1.75, 2.25, 3.25, 3.5, 3.75, 4.25, 5.25, 5.75)
"""When the festival drum is struck."""


@dataclass(frozen=True, slots=True)
class Syllable:
    """One syllable of a made-up language.

    Attributes:
        start: When it begins.
        end: When it ends.
        vowel: Which of the five vowels it has, 0 to 4.
        stress: How loud and high it is, 0 to 1.
    """

    start: float
    end: float
    vowel: int
    stress: float

    def openness(self, t: float) -> float:
        """How far the mouth is open at a moment, 0 to 1."""
        if not self.start < t < self.end:
            return 0.0
        return float(np.sin(np.pi * (t - self.start) / (self.end - self.start))) * (0.5 + 0.5 * self.stress)


@cache
def speech(seed: int, seconds: float) -> tuple[Syllable, ...]:
    """Phrases of two to seven syllables with pauses for breath between them."""
    rng = np.random.default_rng(seed)
    syllables: list[Syllable] = []
    t = 0.3
    while t < seconds - 0.5:
        for _ in range(int(rng.integers(2, 8))):
            length = float(rng.uniform(0.11, 0.24))
            if t + length > seconds - 0.15:
                break
            syllables.append(Syllable(t, t + length, int(rng.integers(0, 5)), float(rng.uniform(0.2, 1))))
            t += length + float(rng.uniform(0.01, 0.06))
        t += float(rng.uniform(0.35, 0.75))
    return tuple(syllables)


def ball_height(t: float) -> float:
    """How high the ball's lowest point is above the floor, in metres."""
    if t < BOUNCES_S[0]:
        return 0.5 * GRAVITY * (BOUNCES_S[0] ** 2 - t**2)
    for down, up in pairwise(BOUNCES_S):
        if t < up:
            return 0.5 * GRAVITY * (t - down) * (up - t)
    return 0.0


def ball_speed_at(bounce: int) -> float:
    """How fast the ball comes down at its n-th touch, in metres a second."""
    fall = BOUNCES_S[0] if bounce == 0 else (BOUNCES_S[bounce] - BOUNCES_S[bounce - 1]) / 2
    return GRAVITY * fall
