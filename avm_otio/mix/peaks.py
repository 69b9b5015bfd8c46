"""A mix held below a true peak by gain on what was laid: no limiter.

Peaks of single sounds are known; those of their sum are at most their sum. Where that would be too high, the
true value is asked for, and what was laid there dips as far as it takes, effects first. Where that would be
too often, the whole of it is turned down.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from avm_otio.mix.dips import Dips
from avm_otio.mix.grid import COARSE, Floats, Sum
from avm_otio.mix.line import LEAST_GAIN_DB
from avm_otio.mix.presets import Preset
from avm_otio.mix.voices import Own, Voice, add_all
from avm_otio.timeline.time import RecordTime, from_micros

Stretch = tuple[RecordTime, RecordTime]
"""From and to, record time."""

Measure = Callable[[Sequence[Voice], Sequence[Stretch]], Sequence[float]]
"""True peaks of a mix in some stretches, in dBTP."""

_MOST_DB = {True: 12.0, False: 6.0}
"""An effect and a piece of music are turned down as a whole by no more for peaks that others nearly make by
themselves."""

_ROOM = 10 ** (-3 / 20)
"""Others that stay below this share of the limit leave room: then the peak is not theirs."""

_LONGEST = 5
"""Steps of 100 ms that are asked for as one stretch."""

_ROUNDS = 8
_MARGIN_DB = 0.1
"""What a renderer may come to otherwise: another resampler, another filter for true peaks."""

_GOOD_DB = 0.4
"""A predicted true peak may be so far below the mix's own."""

_HEARD_DB = 0.5
"""By so much the film's own peaks may be higher than in what was listened to: the film is coded."""

_MOST_ASKED = 6000
"""Steps of 100 ms that are measured for the figure in the verdict, not for the limit."""

_MOST_OWN_ASKED = 600

_SHORT_S = 2.0
"""An effect that is heard for no longer is one sound: it is turned down as a whole rather than bent."""

_MANY, _FEW = 0.25, 3
"""From this share of what is heard on, dips are many; so few are not before they take half of it."""

_HALF = 0.5
"""Where the film's own sound is too high by itself for more of a piece than this, the piece stays."""

_APART = 10
"""Places are so many steps apart: a second."""

_STEP = Fraction(1, 10)


@dataclass(frozen=True, slots=True)
class OwnPeak:
    """Where the film's own sound is above the limit by itself.

    Attributes:
        highest_dbtp: Its true peak.
        at: Where that is, to 100 ms; ``None`` where it is below the limit.
        places: How many places are above the limit, a second apart or more.
        raised_db: By how much what was laid makes it higher in one of these, at most.
    """

    highest_dbtp: float
    at: RecordTime | None = None
    places: int = 0
    raised_db: float = 0.0


@dataclass(frozen=True, slots=True)
class _Over:
    """A step of 100 ms in which the mix is too high; amplitudes.

    Attributes:
        step: Its number.
        peak: The true peak of the mix.
        own: That of the film's own sound by itself.
    """

    step: int
    peak: float
    own: float

    @property
    def here(self) -> slice:
        """Its steps of the grid."""
        return slice(self.step * COARSE, (self.step + 1) * COARSE)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a sound has to come down by in a step, and whether others leave room there."""

    over: _Over
    change_db: float
    has_room: bool


_Key = tuple[int, str, int | None]
"""What sounds as one: a lane, the name of an item, and the cue of an effect."""


@dataclass(slots=True, eq=False)
class Peaks:
    """Holds a mix below a true peak.

    Attributes:
        own: The film's own sound.
        limit_dbtp: What the true peak has to stay below.
        measure: Measures the true peak of stretches; without it a mix is held by what its peaks are at most.
        rate: Frames a second of the record.
        preset: How fast a dip comes and goes.
        turned_down: How many clips were turned down as a whole, and by how much at most.
        dips: The dips of each sound.
    """

    own: Own
    limit_dbtp: float
    measure: Measure | None
    rate: Fraction
    preset: Preset
    turned_down: dict[int, float] = field(default_factory=dict)
    dips: dict[_Key, Dips] = field(default_factory=dict)
    _measured_own: dict[int, float] = field(default_factory=dict)
    """True peaks of the film's own sound that were measured, by their step."""

    def hold(self, voices: list[Voice]) -> list[Voice]:
        """The same voices, turned down where the mix would peak too high."""
        limit = _amplitude(self.limit_dbtp - _MARGIN_DB)
        bases, now = list(voices), list(voices)
        for _ in range(_ROUNDS):
            bounds = self._bounds(now)
            overs = self._overs(now, bounds, limit)
            if not overs or not self._lower(bases, bounds, overs, limit):
                break
            now = [self._dipped(voice) for voice in bases]
        return now

    def highest(self, voices: Sequence[Voice]) -> tuple[float, bool]:
        """The true peak of a mix in dBTP, and whether it is that, to 0.4 dB, or only at most that."""
        bounds = self._bounds(voices)
        steps = _coarse_max(bounds.whole)
        if not steps.size or steps.max() <= 0:
            return -np.inf, True
        mixed = _coarse_max(bounds.ours) > 1e-5  # elsewhere the film's peak is the mix's
        best = float(steps[~mixed].max(initial=0.0))
        if self.measure is None:
            highest = float(steps.max())
            return _db(highest), highest <= best
        near = np.flatnonzero(~mixed & (steps > best * _amplitude(-2 * _HEARD_DB)))
        if best and len(near) <= _MOST_OWN_ASKED:
            best = max(self._own_peaks(near.tolist()).values())
        measured = np.zeros(len(steps), bool)
        for share in (_amplitude(-1), 1.0):
            floor = max(best * _amplitude(_GOOD_DB), steps.max() * share if share < 1 else 0.0)
            wanted = mixed & ~measured & (steps > floor)
            if wanted.sum() + measured.sum() > _MOST_ASKED:
                return _db(float(steps.max())), False
            stretches = runs(wanted, _LONGEST)
            if stretches:
                best = max(best, *self._asked(voices, stretches, bounds.whole))
            measured |= wanted
        return _db(best), True

    def own_peak(self, voices: Sequence[Voice]) -> OwnPeak:
        """Where the film's own sound is too high by itself, and what the mix makes of it."""
        steps = _coarse_max(self.own.sums.peak)
        if not steps.size or steps.max() <= 0:
            return OwnPeak(-math.inf)
        floor = min(_amplitude(self.limit_dbtp), float(steps.max())) * _amplitude(-_HEARD_DB)
        near = np.flatnonzero(steps >= floor)
        near = near[np.argsort(-steps[near], kind="stable")][:_MOST_OWN_ASKED]
        peaks = self._own_peaks(sorted(near.tolist()))
        limit = _amplitude(self.limit_dbtp)
        over = [step for step, peak in peaks.items() if peak > limit]
        highest = max(peaks, key=lambda step: peaks[step])
        if not over:
            return OwnPeak(_db(peaks[highest]))
        found = self._asked(voices, [(step, step + 1) for step in over], self._bounds(voices).whole)
        raised_db = max(_db(mixed) - _db(peaks[step]) for step, mixed in zip(over, found, strict=True))
        places = 1 + int((np.diff(over) >= _APART).sum())
        return OwnPeak(_db(peaks[highest]), self._moment(highest), places, max(raised_db, 0.0))

    def _overs(self, voices: Sequence[Voice], bounds: _Bounds, limit: float) -> list[_Over]:
        """The steps in which a mix is too high and something of ours is heard."""
        own = _coarse_max(self.own.sums.peak)
        near = np.where(own > limit * _ROOM, limit * _amplitude(-_HEARD_DB), limit)
        wanted = (_coarse_max(bounds.whole) > near) & (_coarse_max(bounds.ours) > 1e-5)
        asked = runs(wanted, _LONGEST)
        found = self._asked(voices, asked, bounds.whole)
        steps = [
            step
            for (first, last), peak in zip(asked, found, strict=True)
            for step in range(first, last)
            if peak > limit
        ]
        peaks = self._asked(voices, [(step, step + 1) for step in steps], bounds.whole)
        too_high = [(step, peak) for step, peak in zip(steps, peaks, strict=True) if peak > limit]
        own_peaks = self._own_peaks([step for step, _ in too_high])
        return [_Over(step, peak, own_peaks[step]) for step, peak in too_high]

    def _lower(self, bases: list[Voice], bounds: _Bounds, overs: Sequence[_Over], limit: float) -> bool:
        """Lower what is heard in some steps; whether anything could be."""
        wishes: dict[_Key, list[_Wish]] = {}
        heard: dict[_Key, list[int]] = {}
        for number, voice in enumerate(bases):
            if voice.is_heard and voice.sound is not None:
                heard.setdefault(_key(voice), []).append(number)
        for over in overs:
            here = [
                key
                for key, numbers in heard.items()
                if any(self._sounds(bases[number], over.here) for number in numbers)
            ]
            effects = [key for key in here if bases[heard[key][0]].is_effect]
            for group, change_db, has_room in self._ways(effects, here, bounds, over, limit):
                if has_room or group is not effects or self._may(effects, over, change_db):
                    for key in group:
                        wishes.setdefault(key, []).append(_Wish(over, change_db, has_room))
                    break
        changed = [self._carried_out(bases, heard[key], key, of) for key, of in wishes.items()]
        return any(changed)

    def _ways(
        self, effects: list[_Key], every: list[_Key], bounds: _Bounds, over: _Over, limit: float
    ) -> Iterator[tuple[list[_Key], float, bool]]:
        """What could be lowered in a step, by how much, and whether the others leave room.

        At any moment the mix is ``others + ours``. With ``ours`` times g it is (1 − g) · others + g · mix, so
        at most (1 − g) · the peak of the others + g · the peak of the mix: g follows, whatever the phases.
        """
        others = over.own + float(bounds.music[over.here].max())
        for group, base in ((effects, others), (every, over.own)):
            if not group:
                continue
            gain = (limit - base) / (over.peak - base) if base < limit and over.peak > base else 0.0
            change_db = math.floor(200 * math.log10(gain)) / 10 if gain > 1e-4 else LEAST_GAIN_DB
            yield group, change_db, base <= limit * _ROOM

    def _may(self, effects: Sequence[_Key], over: _Over, change_db: float) -> bool:
        """Whether effects alone may come down by so much more before music goes with them."""
        return all(self._down(key, over) + change_db >= -_MOST_DB[True] for key in effects)

    def _down(self, key: _Key, over: _Over) -> float:
        """How far the dips of a sound reach in a step, decibels."""
        dips = self.dips.get(key)
        return dips.lowest(*self._stretch(over.step)) if dips else 0.0

    def _carried_out(
        self, bases: list[Voice], numbers: Sequence[int], key: _Key, wishes: Sequence[_Wish]
    ) -> bool:
        """Lower one sound where it has to be; whether that changed anything."""
        is_effect = bases[numbers[0]].is_effect
        heard_s = sum(bases[number].laid.clip.duration for number in numbers)
        done_db = max(self.turned_down.get(number, 0.0) for number in numbers)
        left_db = done_db - _MOST_DB[is_effect]
        deepest_db = min(wish.change_db for wish in wishes)
        if is_effect and len(numbers) == 1 and heard_s <= _SHORT_S:
            if all(wish.has_room for wish in wishes) or deepest_db >= left_db:
                return self._turn_down(bases, numbers, deepest_db)
        elif self._are_many(key, wishes, float(heard_s), _MANY):
            whole_db = self._whole(wishes, left_db)
            if whole_db < 0:
                return self._turn_down(bases, numbers, whole_db)
        by_itself = [wish for wish in wishes if wish.over.own > _amplitude(self.limit_dbtp)]
        if by_itself and self._are_many(key, by_itself, float(heard_s), _HALF):
            wishes = [wish for wish in wishes if wish not in by_itself]
        before = self.dips.get(key, Dips.none(self.rate, self.preset))
        dips = before
        for wish in wishes:
            stretch = self._stretch(wish.over.step)
            change_db = max(before.lowest(*stretch) + wish.change_db, LEAST_GAIN_DB)
            dips = dips.deeper(*stretch, change_db)
        self.dips[key] = dips
        return dips != before

    def _are_many(self, key: _Key, wishes: Sequence[_Wish], heard_s: float, share: float) -> bool:
        """Whether dips for all that is too high would be more of what is heard than a share."""
        dips = self.dips.get(key, Dips.none(self.rate, self.preset))
        for wish in wishes:
            dips = dips.deeper(*self._stretch(wish.over.step), -1.0)
        most = share if len(dips.flats) > _FEW else max(share, _HALF)
        return float(dips.seconds) > heard_s * most

    @staticmethod
    def _whole(wishes: Sequence[_Wish], left_db: float) -> float:
        """By how much a sound is turned down as a whole, decibels: so that few dips are left."""
        ours = min((wish.change_db for wish in wishes if wish.has_room), default=0.0)
        others = sorted(wish.change_db for wish in wishes if not wish.has_room)
        most = others[len(others) // 4] if others else 0.0
        return min(ours, max(most, left_db))

    def _turn_down(self, bases: list[Voice], numbers: Sequence[int], change_db: float) -> bool:
        for number in numbers:
            bases[number] = bases[number].with_gain(change_db)
            self.turned_down[number] = self.turned_down.get(number, 0.0) - change_db
        return True

    def _dipped(self, voice: Voice) -> Voice:
        dips = self.dips.get(_key(voice))
        if not dips or not voice.is_heard:
            return voice
        (lead, _), (trail, _) = voice.joins_s
        return voice.with_mix(dips.on(voice.laid.clip, lead, trail))

    def _bounds(self, voices: Sequence[Voice]) -> _Bounds:
        effects, music = (Sum.silent(len(self.own.sums.peak)) for _ in range(2))
        add_all(effects, (voice for voice in voices if voice.is_effect), self.own.origin)
        add_all(music, (voice for voice in voices if not voice.is_effect), self.own.origin)
        ours: Floats = effects.peak + music.peak
        return _Bounds(self.own.sums.peak + ours, ours, music.peak)

    def _own_peaks(self, steps: Sequence[int]) -> dict[int, float]:
        """True peaks of the film's own sound in some steps, as amplitudes."""
        new = [step for step in steps if step not in self._measured_own]
        found = self._asked((), [(step, step + 1) for step in new], self.own.sums.peak)
        self._measured_own.update(zip(new, found, strict=True))
        return {step: self._measured_own[step] for step in steps}

    def _asked(
        self, voices: Sequence[Voice], steps: Sequence[tuple[int, int]], bound: Floats
    ) -> Sequence[float]:
        """True peaks as amplitudes; at most those where they cannot be measured."""
        if not steps:
            return ()
        if self.measure is None:
            return [float(bound[first * COARSE : last * COARSE].max()) for first, last in steps]
        stretches = [(self._moment(first), self._stretch(last - 1)[1]) for first, last in steps]
        return [_amplitude(peak) for peak in self.measure(voices, stretches)]

    def _stretch(self, step: int) -> Stretch:
        end = RecordTime(self.own.origin + from_micros(len(self.own.sums.peak) * 10_000))
        return self._moment(step), min(self._moment(step + 1), end)

    def _moment(self, step: int) -> RecordTime:
        return RecordTime(self.own.origin + step * _STEP)

    def _sounds(self, voice: Voice, here: slice) -> bool:
        if voice.sound is None or (not voice.mix.keys and voice.mix.gain_db <= LEAST_GAIN_DB):
            return False
        sound = voice.sound
        first, last = max(sound.first, here.start), min(sound.end, here.stop)
        return first < last and float(sound.peak[first - sound.first : last - sound.first].max()) > 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class _Bounds:
    """What the peaks of a mix are at most: of all, of what was laid, of music."""

    whole: Floats
    ours: Floats
    music: Floats


def _key(voice: Voice) -> _Key:
    return voice.lane, voice.laid.item.name, voice.laid.cue.start_us if voice.is_effect else None


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


def _amplitude(level_db: float) -> float:
    return float(10 ** (level_db / 20))
