"""Made music of many kinds of groove: what is known of each is its beats and its bars.

``TUNED`` is what the ear of ``media.rhythm`` was made by; ``HELD_OUT`` is made otherwise (other patterns,
other voices, a room) and was kept from that: what it says is what can be expected of music never heard.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tests.media.tunes import RATE, Tune

Voice = Callable[[float, float, np.random.Generator], np.ndarray]


def _sine(hertz: float, seconds: float, decay: float, partials: int = 5, fall: float = 1.4) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    wave = sum(np.sin(2 * np.pi * k * hertz * time) / k**fall for k in range(1, partials + 1))
    edge = np.minimum(np.minimum(time / 0.003, (seconds - time) / 0.02), 1)
    return wave * np.exp(-decay * time) * edge


def _kick(_: float, __: float, ___: np.random.Generator) -> np.ndarray:
    time = np.arange(round(0.25 * RATE)) / RATE
    return np.sin(2 * np.pi * (48 * time - 82 / 35 * np.exp(-35 * time))) * np.exp(-14 * time)


def _snare(_: float, __: float, chance: np.random.Generator) -> np.ndarray:
    time = np.arange(round(0.18 * RATE)) / RATE
    return chance.uniform(-1, 1, len(time)) * np.exp(-25 * time)


def _hat(_: float, __: float, chance: np.random.Generator) -> np.ndarray:
    time = np.arange(round(0.05 * RATE)) / RATE
    return np.diff(chance.uniform(-1, 1, len(time) + 1)) * np.exp(-70 * time)


def _shaker(_: float, __: float, chance: np.random.Generator) -> np.ndarray:
    time = np.arange(round(0.08 * RATE)) / RATE
    return np.diff(chance.uniform(-1, 1, len(time) + 1)) * np.exp(-(((time - 0.015) / 0.012) ** 2))


def _pluck(hertz: float, _: float, __: np.random.Generator) -> np.ndarray:
    return _sine(hertz, 0.6, 6.0, 8, 1.1)


def _bass(hertz: float, seconds: float, _: np.random.Generator) -> np.ndarray:
    return _sine(hertz, max(seconds, 0.15), 3.0, 3)


def _pad(hertz: float, seconds: float, _: np.random.Generator) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    edge = np.minimum(np.minimum(time / 0.25, (seconds - time) / 0.25), 1)
    return sum(np.sin(2 * np.pi * k * hertz * time) / k for k in (0.998, 1.002, 2)) * edge


def _fm(hertz: float, seconds: float, _: np.random.Generator) -> np.ndarray:
    seconds = max(seconds, 0.2)
    time = np.arange(round(seconds * RATE)) / RATE
    bell = np.sin(2 * np.pi * 2.01 * hertz * time) * np.exp(-6 * time) * 2
    edge = np.minimum(np.minimum(time / 0.006, (seconds - time) / 0.03), 1)
    return np.sin(2 * np.pi * hertz * time + bell) * np.exp(-2 * time) * edge


def _bow(hertz: float, seconds: float, _: np.random.Generator) -> np.ndarray:
    seconds = max(seconds, 0.12)
    time = np.arange(round(seconds * RATE)) / RATE
    edge = np.minimum(np.minimum(time / 0.04, (seconds - time) / 0.05), 1)
    return (
        sum(np.sin(2 * np.pi * k * d * hertz * time) / k for k in range(1, 7) for d in (0.998, 1.003)) * edge
    )


def _wood(_: float, __: float, ___: np.random.Generator) -> np.ndarray:
    time = np.arange(round(0.08 * RATE)) / RATE
    return np.sin(2 * np.pi * 1100 * time) * np.exp(-60 * time)


def _tom(_: float, __: float, ___: np.random.Generator) -> np.ndarray:
    time = np.arange(round(0.4 * RATE)) / RATE
    return np.sin(2 * np.pi * (90 * time - 1.2 * np.exp(-20 * time))) * np.exp(-8 * time)


@dataclass(frozen=True)
class Part:
    """What one voice plays in each bar.

    Attributes:
        voice: It.
        at: Where it strikes, in beats of the bar (of the group of bars).
        level: How loud.
        steps: Which of the chord's notes it plays, one after the other; octaves of 12 may be added.
        held: How long a note is, in beats.
        every: How many bars the pattern spans.
        chance: How likely each strike is.
    """

    voice: Voice
    at: Sequence[float]
    level: float = 0.3
    steps: Sequence[int] = (0,)
    held: float = 0.5
    every: int = 1
    chance: float = 1.0


@dataclass(frozen=True)
class Groove:
    """A kind of music.

    Attributes:
        tempi: Beats a minute at which it is made.
        beats: Beats in a bar.
        parts: Who plays.
        swing: Where the half of a beat lies.
        bars_a_chord: How often harmony changes.
        room: How long it rings, in seconds.
        is_compound: Whether a beat has three parts.
    """

    tempi: Sequence[float]
    parts: Sequence[Part]
    beats: int = 4
    swing: float = 0.5
    bars_a_chord: int = 1
    room: float = 0.0
    is_compound: bool = False
    drift: float = 0.0
    human_ms: float = 0.0
    chords: Sequence[Sequence[int]] = field(default=((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14)))


def made(groove: Groove, bpm: float, *, seconds: float = 30.0, seed: int = 1) -> Tune:
    """A piece of a kind."""
    chance = np.random.default_rng(seed)
    beat = 60 / bpm
    bars = max(8, round(seconds / beat / groove.beats))
    bars -= bars % 4
    total = bars * groove.beats
    paces = beat * (1 + groove.drift * np.linspace(-0.5, 0.5, total))
    grid = 0.2 + np.concatenate([[0.0], np.cumsum(paces)])
    mix = np.zeros(round((grid[-1] + 2.5) * RATE))
    key = 196 * 2 ** (int(chance.integers(12)) / 12)

    def when(position: float) -> float:
        whole, part = divmod(position, 1)
        if groove.swing != 0.5:
            part = (
                part * 2 * groove.swing
                if part <= 0.5
                else groove.swing + (part - 0.5) * 2 * (1 - groove.swing)
            )
        jitter = chance.normal(0, groove.human_ms / 1000) if groove.human_ms else 0.0
        return float(np.interp(whole + part, np.arange(len(grid)), grid)) + jitter

    for part in groove.parts:
        count = 0
        for bar in range(0, bars, part.every):
            for at in part.at:
                if part.chance < 1 and chance.random() > part.chance:
                    continue
                here = bar + int(at // groove.beats)
                chord = groove.chords[here // groove.bars_a_chord % len(groove.chords)]
                step = part.steps[count % len(part.steps)]
                pitch = chord[step % 3] + 12 * (step // 3)
                level = part.level * (1 - 0.2 * chance.random())
                note = part.voice(key * 2 ** (pitch / 12), part.held * beat, chance)
                first = max(0, round(when(bar * groove.beats + at) * RATE))
                note = note[: len(mix) - first]
                mix[first : first + len(note)] += level * note
                count += 1
    for step in groove.chords[0]:
        note = _sine(key * 2 ** (step / 12), 2.2, 2.0)
        first = round(grid[-1] * RATE)
        mix[first : first + len(note)] += 0.15 * note[: len(mix) - first]
    if groove.room:
        tail = chance.standard_normal(round(groove.room * RATE)) * np.exp(
            -6.9 * np.arange(round(groove.room * RATE)) / (groove.room * RATE)
        )
        size = 1 << (len(mix) + len(tail)).bit_length()
        wet = np.fft.irfft(np.fft.rfft(mix, size) * np.fft.rfft(tail, size), size)[: len(mix)]
        mix = mix + 0.25 * wet / np.abs(wet).max() * np.abs(mix).max()
    mix *= 0.6 / np.abs(mix).max()
    return Tune(np.repeat(mix[:, None], 2, axis=1), grid[:: groove.beats], grid)


_EIGHTHS = tuple(n / 2 for n in range(8))
_SIXTEENTHS = tuple(n / 4 for n in range(16))
_CHORD = tuple(Part(_pad, (0,), 0.06, (n,), 4.0) for n in range(3))
_DOTTED = tuple(n * 0.75 for n in range(11))  # eleven dotted eighths in two bars, then anew

TUNED: Mapping[str, Groove] = {
    "four on the floor": Groove(
        (118, 126, 140),
        (Part(_kick, (0, 1, 2, 3), 0.6), Part(_hat, (0.5, 1.5, 2.5, 3.5), 0.15),
         Part(_bass, (0.5, 1.5, 2.5, 3.5), 0.25, (-3,)), *_CHORD),
    ),
    "rock": Groove(
        (84, 100, 120, 150),
        (Part(_kick, (0, 2, 2.5), 0.6), Part(_snare, (1, 3), 0.3), Part(_hat, _EIGHTHS, 0.1),
         Part(_bass, (0, 1.5, 2, 3), 0.25, (-3, -3, -3, -1)), *_CHORD,
         Part(_pluck, _EIGHTHS, 0.12, (3, 4, 5, 4), chance=0.5)),
    ),
    "half time": Groove(
        (130, 140, 150),
        (Part(_kick, (0, 1.5), 0.6), Part(_snare, (2,), 0.35), Part(_hat, _EIGHTHS, 0.1),
         Part(_bass, (0, 1.5, 3.5), 0.3, (-3,)), *_CHORD),
    ),
    "syncopated bass": Groove(
        (92, 104, 120),
        (Part(_bass, (0, 0.75, 1.5, 2.5, 3.25), 0.4, (-3, -3, -1, -3, -2)), Part(_kick, (0, 1.5, 2.5), 0.5),
         Part(_snare, (1, 3), 0.25), *_CHORD),
    ),
    "dotted ostinato": Groove(
        (90, 108, 120),
        (Part(_pluck, _DOTTED, 0.3, (3, 4, 5, 4), every=2), Part(_kick, (0,), 0.4), *_CHORD),
    ),
    "dotted with drums": Groove(
        (96, 120, 132),
        (Part(_pluck, _DOTTED, 0.3, (3, 4, 5, 4), every=2), Part(_kick, (0, 2), 0.5),
         Part(_snare, (1, 3), 0.25), Part(_bass, (0, 1.5, 3), 0.3, (-3,)), *_CHORD),
    ),
    "tresillo": Groove(
        (84, 100, 120),
        (Part(_kick, (0, 1.5, 3), 0.6), Part(_bass, _EIGHTHS, 0.25, (-3,)), *_CHORD,
         Part(_pluck, _EIGHTHS, 0.15, (3, 4, 5), chance=0.4)),
    ),
    "pads with arpeggio": Groove(
        (72, 96, 120),
        (*_CHORD, Part(_pluck, _EIGHTHS, 0.2, (3, 4, 5, 4)), Part(_bass, (0,), 0.3, (-3,), 3.5)),
    ),
    "arpeggio of three": Groove(
        (90, 110, 128),
        (*_CHORD, Part(_pluck, _SIXTEENTHS, 0.2, (3, 4, 5)), Part(_bass, (0,), 0.3, (-3,), 3.5)),
    ),
    "shaker only": Groove(
        (80, 104, 124),
        (Part(_shaker, _SIXTEENTHS, 0.1), Part(_shaker, (0, 1, 2, 3), 0.2), *_CHORD),
    ),
    "waltz": Groove(
        (90, 140, 168),
        (Part(_bass, (0,), 0.4, (-3, -1), 0.9), Part(_pluck, (1, 2), 0.2, (3,)),
         Part(_pluck, (1, 2), 0.2, (4,)),
         Part(_pluck, (0, 0.5, 1, 1.5, 2, 2.5), 0.15, (6, 7, 8, 7), chance=0.5)),
        beats=3,
    ),
    "jig": Groove(
        (96, 112, 126),
        (Part(_kick, (0, 1), 0.4), Part(_pluck, tuple(n / 3 for n in range(6)), 0.2, (3, 4, 5, 6, 5, 4)),
         Part(_bass, (0, 1), 0.3, (-3,)), Part(_hat, (2 / 3, 5 / 3), 0.1)),
        beats=2, is_compound=True,
    ),
    "swing": Groove(
        (110, 140, 170),
        (Part(_hat, (0, 1, 1.5, 2, 3, 3.5), 0.2), Part(_bass, (0, 1, 2, 3), 0.35, (-3, -2, -1, -2), 0.9),
         Part(_pluck, _EIGHTHS, 0.15, (3, 4, 5), chance=0.4)),
        swing=2 / 3,
    ),
    "slowing rock": Groove(
        (90, 120),
        (Part(_kick, (0, 2, 2.5), 0.6), Part(_snare, (1, 3), 0.3), Part(_hat, _EIGHTHS, 0.1),
         Part(_bass, (0, 1.5, 2, 3), 0.25, (-3, -3, -3, -1)), *_CHORD),
        drift=0.06,
    ),
    "hurrying arpeggio": Groove(
        (80, 110),
        (*_CHORD, Part(_pluck, _EIGHTHS, 0.2, (3, 4, 5, 4)), Part(_bass, (0, 2), 0.3, (-3,), 1.8)),
        drift=-0.06,
    ),
}  # a row a line, to be read as a table  # fmt: skip

_BOWS = tuple(Part(_bow, (0,), 0.04, (n,), 3.9) for n in range(3))

HELD_OUT: Mapping[str, Groove] = {
    "bossa": Groove(
        (112, 130, 144),
        (Part(_wood, (0, 1.5, 3, 5, 6.5), 0.3, every=2), Part(_bass, (0, 1.5, 2, 3.5), 0.3, (-3, -3, -1, -1)),
         Part(_fm, (0, 1, 2.5, 4.5, 5.5, 7), 0.15, (3,), every=2), Part(_shaker, _EIGHTHS, 0.1)),
        room=0.8, human_ms=4,
    ),
    "breakbeat": Groove(
        (125, 136, 165),
        (Part(_kick, (0, 0.5, 2.5, 2.75), 0.6), Part(_snare, (1, 1.75, 2.25, 3), 0.3),
         Part(_hat, _EIGHTHS, 0.1),
         Part(_bass, (0, 0.75, 2.5), 0.3, (-3,)), *_BOWS),
        room=0.5, bars_a_chord=2,
    ),
    "one drop": Groove(
        (70, 76, 84),
        (Part(_kick, (2,), 0.5), Part(_wood, (2,), 0.3), Part(_fm, (0.5, 1.5, 2.5, 3.5), 0.25, (3,), 0.2),
         Part(_bass, (0, 0.75, 1.5, 3), 0.35, (-3, -2, -1, -3)), Part(_hat, _EIGHTHS, 0.08)),
        room=0.8, bars_a_chord=2,
    ),
    "cinema tresillo": Groove(
        (95, 110, 125),
        (*_BOWS, Part(_bow, (0, 0.75, 1.5, 2.25, 3, 3.5), 0.1, (0, 0, 1, 0, 2, 1), 0.3),
         Part(_tom, (0, 1.5, 3), 0.5), Part(_bass, (0, 1.5, 3), 0.3, (-6,))),
        room=1.6, bars_a_chord=2,
    ),
    "march": Groove(
        (100, 116),
        (Part(_tom, (0, 2), 0.4), Part(_snare, (1, 1.5, 1.75, 3), 0.2),
         Part(_fm, (0, 0.75, 1, 2, 3), 0.25, (3, 4, 5, 4, 3)),
         Part(_bow, (0, 2), 0.1, (-3, -1), 1.0)),
        room=1.0, human_ms=3,
    ),
    "piano waltz": Groove(
        (84, 108, 150),
        (Part(_fm, (0,), 0.3, (-3,), 2.5), Part(_fm, (1, 2), 0.2, (1,)), Part(_fm, (1, 2), 0.2, (2,)),
         Part(_fm, (0, 1, 1.5, 2), 0.2, (6, 7, 5, 8), chance=0.7)),
        beats=3, room=1.0, human_ms=5,
    ),
    "six eight ballad": Groove(
        (60, 72, 84),
        (Part(_fm, tuple(n / 3 for n in range(6)), 0.2, (0, 3, 4, 5, 4, 3), 0.6),
         Part(_bass, (0,), 0.3, (-3,), 1.8), Part(_kick, (0,), 0.4), Part(_snare, (1,), 0.2)),
        beats=2, room=1.0, is_compound=True,
    ),
    "shuffle": Groove(
        (96, 120, 138),
        (Part(_kick, (0, 2), 0.5), Part(_snare, (1, 3), 0.3), Part(_hat, _EIGHTHS, 0.12),
         Part(_bass, _EIGHTHS, 0.25, (-3, -3, -1, -1)), Part(_fm, (0, 1.5, 2.5), 0.2, (3, 4))),
        swing=2 / 3, room=0.6, human_ms=4, bars_a_chord=2,
    ),
    "minimal pulse": Groove(
        (100, 120, 132),
        (Part(_fm, _SIXTEENTHS, 0.15, (3, 5, 4, 6, 5)), Part(_fm, (0, 0.75, 1.5, 2.25, 3), 0.15, (6,)),
         *_BOWS),
        room=1.2, bars_a_chord=2,
    ),
    "club": Groove(
        (122, 128, 174),
        (Part(_kick, (0, 1, 2, 3), 0.6), Part(_shaker, _SIXTEENTHS, 0.1), Part(_snare, (1, 3), 0.2),
         Part(_fm, (0, 0.75, 1.5, 2.25, 3, 3.75, 4.5, 5.25, 6, 6.75, 7.5), 0.2, (3, 4, 5), every=2)),
        room=0.5, bars_a_chord=4,
    ),
    "slowing bossa": Groove(
        (112, 130),
        (Part(_wood, (0, 1.5, 3, 5, 6.5), 0.3, every=2), Part(_bass, (0, 1.5, 2, 3.5), 0.3, (-3, -3, -1, -1)),
         Part(_shaker, _EIGHTHS, 0.1), *_BOWS),
        drift=0.05, room=0.6,
    ),
    "hurrying waltz": Groove(
        (96, 120),
        (Part(_fm, (0,), 0.3, (-3,), 2.5), Part(_fm, (1, 2), 0.2, (1,)), Part(_fm, (1, 2), 0.2, (2,)),
         Part(_bow, (0,), 0.08, (4,), 2.8)),
        beats=3, drift=-0.06, room=0.8,
    ),
}  # a row a line, to be read as a table  # fmt: skip


def chance_groove(seed: int) -> tuple[Groove, float]:
    """A groove thrown together, and its tempo; even seeds are for making, odd ones to be held out."""
    chance = np.random.default_rng(1000 + seed)
    beats = int(chance.choice([4, 4, 4, 3]))
    steps = [n / 2 for n in range(2 * beats)] if chance.random() < 0.5 else [n / 4 for n in range(4 * beats)]

    def some(share: float) -> tuple[float, ...]:
        taken = [at for at in steps if chance.random() < share * (1.0 if at % 1 else 1.6)]
        return tuple(taken) or (0,)

    voices = (_kick, _snare, _hat, _shaker, _wood, _tom)
    drums = [
        Part(voices[int(chance.integers(6))], some(0.3), float(chance.uniform(0.1, 0.5))) for _ in range(3)
    ]
    notes = (_pluck, _fm, _bow, _bass)
    tones = [
        Part(notes[int(chance.integers(4))], some(0.4), 0.2, tuple(map(int, chance.integers(0, 6, 4))))
        for _ in range(2)
    ]
    low = Part(_bass, (0, *some(0.2)), 0.3, (-3, -3, -1))
    groove = Groove(
        (),
        (*drums[: int(chance.integers(1, 4))], *tones, low, *_CHORD),
        beats=beats,
        room=float(chance.choice([0, 0.8])),
        bars_a_chord=int(chance.choice([1, 2])),
        human_ms=float(chance.choice([0, 4])),
        drift=float(chance.choice([0, 0, 0, 0.06, -0.04])),
    )
    return groove, float(round(chance.uniform(66, 168)))


def without_beat(seed: int, seconds: float = 30.0) -> Tune:
    """Notes that come as they will: by chance, or in phrases that hurry and linger; chords that swell."""
    chance = np.random.default_rng(2000 + seed)
    mix = np.zeros(round(seconds * RATE))
    at = 0.1
    kind = seed % 3
    while at < seconds - 4:
        hertz = 220 * 2 ** (int(chance.choice([0, 2, 4, 7, 9, 12])) / 12)
        voice: Voice = (_fm, _pluck, _pad)[kind]
        note = voice(hertz, 3.0, chance)[: len(mix) - round(at * RATE)]
        mix[round(at * RATE) : round(at * RATE) + len(note)] += 0.2 * note
        at += (
            float(chance.exponential(0.5) + 0.08)
            if kind == 0
            else float(0.5 * 2 ** chance.normal(0, 0.35) if kind == 1 else chance.uniform(0.7, 3))
        )
    return Tune(np.repeat(mix[:, None] / np.abs(mix).max() * 0.5, 2, axis=1), np.zeros(1), np.zeros(1))
