"""A mix held below a true peak by clip gain alone: no limiter.

Peaks of single sounds are known; those of their sum are at most their sum. Where that would be too high, the
true value is asked for, and clips that lie there are turned down as far as it takes, effects first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avm_otio.mix.ducking import LEAST_GAIN_DB
from avm_otio.mix.grid import COARSE, Floats, Sum
from avm_otio.mix.voices import Own, Voice, add_all
from avm_otio.timeline.time import RecordTime, from_micros

Stretch = tuple[RecordTime, RecordTime]
"""From and to, record time."""

Measure = Callable[[Sequence[Voice], Sequence[Stretch]], Sequence[float]]
"""True peaks of a mix in some stretches, in dBTP."""

_MOST_DB = {True: 12.0, False: 6.0}
"""An effect and a piece of music are turned down by no more for a peak that others nearly make by themselves:
what would take more is theirs, and the rest would have to go for it."""

_ROOM = 10 ** (-3 / 20)
"""Others that stay below this share of the limit leave room: then the peak is not theirs."""

_LONGEST = 5
"""Steps of 100 ms that are asked for as one stretch."""

_MARGIN_DB = 0.1
"""What a renderer may come to otherwise: another resampler, another filter for true peaks."""

_GOOD_DB = 0.4
"""A predicted true peak may be so far below the mix's own."""

_MOST_ASKED = 6000
"""Steps of 100 ms that are measured for the figure in the verdict, not for the limit."""


@dataclass(slots=True, eq=False)
class Peaks:
    """Holds a mix below a true peak.

    Attributes:
        own: The film's own sound.
        limit_dbtp: What the true peak has to stay below.
        measure: Measures the true peak of stretches; without it a mix is held by what its peaks are at most.
        turned_down: How many clips were turned down, and by how much at most.
    """

    own: Own
    limit_dbtp: float
    measure: Measure | None
    turned_down: dict[int, float]

    def hold(self, voices: list[Voice]) -> list[Voice]:
        """The same voices, turned down where the mix would peak too high."""
        limit = 10 ** ((self.limit_dbtp - _MARGIN_DB) / 20)
        for _ in range(4):
            bounds = self._bounds(voices)
            peaks, ours = bounds.whole, bounds.effects + bounds.music
            over = self._steps_over(peaks, limit) & self._steps_over(ours, 1e-5)
            asked = runs(over, _LONGEST)
            if not asked:
                break
            found = self._asked(voices, asked, peaks)
            changes: dict[int, float] = {}
            for (first, last), peak in zip(asked, found, strict=True):
                if peak > limit:
                    self._turn_down(
                        voices, bounds, slice(first * COARSE, last * COARSE), peak, limit, changes
                    )
            if not changes:
                break
            for number, change_db in changes.items():
                voices[number] = voices[number].with_gain(change_db)
                self.turned_down[number] = self.turned_down.get(number, 0.0) - change_db
        return voices

    def highest(self, voices: Sequence[Voice]) -> tuple[float, bool]:
        """The true peak of a mix in dBTP, and whether it is that, to 0.4 dB, or only at most that."""
        bounds = self._bounds(voices)
        steps = _coarse_max(bounds.whole)
        if not steps.size or steps.max() <= 0:
            return -np.inf, True
        mixed = self._steps_over(
            bounds.effects + bounds.music, 1e-5
        )  # elsewhere the film's peak is the mix's
        best = float(steps[~mixed].max(initial=0.0))
        if self.measure is None:
            highest = float(steps.max())
            return _db(highest), highest <= best
        known = np.zeros(len(steps), bool)
        for share in (10 ** (-1 / 20), 1.0):
            floor = max(best * 10 ** (_GOOD_DB / 20), steps.max() * share if share < 1 else 0.0)
            wanted = mixed & ~known & (steps > floor)
            if wanted.sum() + known.sum() > _MOST_ASKED:
                return _db(float(steps.max())), False
            stretches = runs(wanted, _LONGEST)
            if stretches:
                best = max(best, *self._asked(voices, stretches, bounds.whole))
            known |= wanted
        return _db(best), True

    def _bounds(self, voices: Sequence[Voice]) -> _Bounds:
        effects, music = (Sum.silent(len(self.own.sums.peak)) for _ in range(2))
        add_all(effects, (voice for voice in voices if voice.is_effect), self.own.origin)
        add_all(music, (voice for voice in voices if not voice.is_effect), self.own.origin)
        return _Bounds(self.own.sums.peak + effects.peak + music.peak, effects.peak, music.peak)

    def _steps_over(self, peaks: Floats, limit: float) -> NDArray[np.bool_]:
        return _coarse_max(peaks) > limit

    def _asked(
        self, voices: Sequence[Voice], steps: Sequence[tuple[int, int]], bound: Floats
    ) -> Sequence[float]:
        """True peaks as amplitudes; at most those where they cannot be measured."""
        if self.measure is None:
            return [float(bound[first * COARSE : last * COARSE].max()) for first, last in steps]
        end = len(self.own.sums.peak) * 10_000
        stretches = [
            (
                RecordTime(self.own.origin + from_micros(first * 100_000)),
                RecordTime(self.own.origin + from_micros(min(last * 100_000, end))),
            )
            for first, last in steps
        ]
        return [float(10 ** (peak / 20)) for peak in self.measure(voices, stretches)]

    def _turn_down(
        self,
        voices: Sequence[Voice],
        bounds: _Bounds,
        here: slice,
        peak: float,
        limit: float,
        changes: dict[int, float],
    ) -> None:
        """Turn down what is heard in a stretch, effects alone where that does.

        At any moment the mix is ``others + ours``. With ``ours`` times g it is (1 − g) · others + g · mix, so
        at most (1 − g) · the peak of the others + g · the peak of the mix: g follows, whatever the phases.
        """
        own = float(self.own.sums.peak[here].max())
        others = float((self.own.sums.peak[here] + bounds.music[here]).max())
        effects = [n for n, voice in enumerate(voices) if voice.is_effect and self._sounds(voice, here)]
        every = [n for n, voice in enumerate(voices) if self._sounds(voice, here)]
        for group, base in ((effects, others), (every, own)):
            gain = (limit - base) / (peak - base) if base < limit and peak > base else 0.0
            change_db = float(np.floor(200 * np.log10(gain)) / 10) if gain > 0 else -np.inf
            has_room = base <= limit * _ROOM
            if group and all(has_room or self._may(voices, number, change_db) for number in group):
                for number in group:
                    changes[number] = min(changes.get(number, 0.0), change_db)
                    for other in self._same_piece(voices, number):
                        changes[other] = min(changes.get(other, 0.0), changes[number])
                return

    def _may(self, voices: Sequence[Voice], number: int, change_db: float) -> bool:
        """Whether a clip may be turned down by so much more."""
        done_db = self.turned_down.get(number, 0.0)
        return done_db - change_db <= _MOST_DB[voices[number].is_effect]

    def _same_piece(self, voices: Sequence[Voice], number: int) -> list[int]:
        """The clips of one piece of music, which has one gain."""
        voice = voices[number]
        if voice.is_effect:
            return []
        item = voice.laid.item
        return [n for n, one in enumerate(voices) if one.lane == voice.lane and one.laid.item == item]

    def _sounds(self, voice: Voice, here: slice) -> bool:
        if not voice.is_heard or voice.sound is None or voice.mix.gain_db <= LEAST_GAIN_DB:
            return False
        sound = voice.sound
        first, last = max(sound.first, here.start), min(sound.end, here.stop)
        return first < last and float(sound.peak[first - sound.first : last - sound.first].max()) > 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class _Bounds:
    """What the peaks of a mix are at most: of all, of effects, of music."""

    whole: Floats
    effects: Floats
    music: Floats


def _coarse_max(values: Floats) -> Floats:
    whole = -(-len(values) // COARSE)
    padded = np.zeros(whole * COARSE)
    padded[: len(values)] = values
    found: Floats = padded.reshape(whole, COARSE).max(axis=1)
    return found


def runs(wanted: NDArray[np.bool_], longest: int) -> list[tuple[int, int]]:
    """Runs of steps that are wanted, none longer than so many: each with its first and the one after it."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], wanted.astype(np.int8), [0]))))
    return [
        (at, min(at + longest, int(last)))
        for first, last in zip(edges[::2], edges[1::2], strict=True)
        for at in range(int(first), int(last), longest)
    ]


def _db(amplitude: float) -> float:
    return float(20 * np.log10(amplitude)) if amplitude > 0 else -np.inf
