"""What was heard in a sound file: the values that fitting and levelling work with.

``media.listening`` finds them, once for each file. All times are microseconds of the file, 0 at its first
sample. Loudness is that of the sound as a mix at 48 kHz stereo plays it: mono on both sides, more than two
channels mixed down.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

STEP_US = 100_000
"""One step of a loudness curve: ITU-R BS.1770-5 measures blocks of 400 ms, one every 100 ms."""

GRAIN_US = 10_000
"""The finest step of a sound's power."""

_OFFSET_LU = -0.691
"""BS.1770-5, equation 2: what K weighting adds at 1 kHz is taken off."""


def lufs(power: float) -> float:
    """Loudness of a K-weighted mean square; minus infinity of silence."""
    return _OFFSET_LU + 10 * math.log10(power) if power > 0 else -math.inf


def power_of(loudness_lufs: float) -> float:
    """The K-weighted mean square of a loudness."""
    return float(10 ** ((loudness_lufs - _OFFSET_LU) / 10))


@dataclass(frozen=True, slots=True)
class Curve:
    """How loud a sound is from step to step, the first from its first sample.

    Attributes:
        power: K-weighted mean square of each step of 100 ms, summed over its channels.
        peak: True peak within each step as an amplitude, 1 full scale, at four times the rate and more.
    """

    power: tuple[float, ...]
    peak: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The beat of a piece.

    Attributes:
        bpm: Tempo, beats a minute.
        beats_us: Every beat, in order.
        bar: Beats in a bar.
        downbeats: Which of the beats begin a bar: indices, in order. A bar that is not heard to repeat what
            other bars are is left out.
        confidence: How sure the bars are, 0 to 1: most that they repeat truly, then which beat begins them.
    """

    bpm: float
    beats_us: tuple[int, ...]
    bar: int
    downbeats: tuple[int, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a piece that is like itself; parts with one label are like each other.

    Attributes:
        start_us: Where it begins, on a downbeat where the piece has bars.
        end_us: Where it ends.
        label: ``A``, ``B`` …, in the order in which they first come.
        loudness_lufs: Of the part.
    """

    start_us: int
    end_us: int
    label: str
    loudness_lufs: float


@dataclass(frozen=True, slots=True)
class Music:
    """What a piece of music is made of.

    Attributes:
        rhythm: Its beat; ``None`` for a piece without one (ambient, rubato), which goes by energy alone.
        sections: From its first sound to its last, without holes.
        places_us: Where it can be joined, in order: every downbeat; every half second where it has no beat.
        likeness: What is heard from each place on, to the next: a vector of length 1 of harmony and timbre
            (the dot product of two says how alike they sound). As many as there are places.
    """

    rhythm: Rhythm | None
    sections: tuple[Section, ...]
    places_us: tuple[int, ...]
    likeness: tuple[tuple[float, ...], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard in a sound.

    Attributes:
        length_us: How long it plays.
        curve: How loud it is from step to step.
        begins_us: Where it really begins: silence before that.
        ends_us: Where it really ends: silence after that.
        is_cut_off: Whether it stops dead, rather than by ringing out or fading.
        attack_us: Where its attack begins, to the sample: what should lie on a cue's start.
        peak_us: Where it is loudest, within 10 ms.
        tail_us: From where on it only rings out.
        is_rising: Whether it swells up to its peak (a riser, a whoosh), so that the peak is what is meant.
        music: What it is made of as a piece of music; ``None`` where that was not asked for.
        grains: K-weighted mean square of each 10 ms, as in ``curve``: a drum within a short word, or just
            before it, is 3 LU. Empty where that was not asked for.
    """

    length_us: int
    curve: Curve
    begins_us: int
    ends_us: int
    is_cut_off: bool
    attack_us: int
    peak_us: int
    tail_us: int
    is_rising: bool = False
    music: Music | None = None
    grains: tuple[float, ...] = field(default=(), repr=False)

    @property
    def sounds(self) -> bool:
        """Whether there is anything in it but silence."""
        return self.ends_us > self.begins_us and any(self.curve.power)


@dataclass(frozen=True, slots=True)
class Speech:
    """Where people speak in a film.

    Attributes:
        spoken: From and to, microseconds of film time, in order, not touching.
    """

    spoken: tuple[tuple[int, int], ...] = ()
