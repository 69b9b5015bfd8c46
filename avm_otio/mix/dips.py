"""Short dips of gain: what was laid goes down around a moment and comes back, by key frames.

A dip adds to the gain that a clip has there, in decibels. All its corners lie on frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from avm_otio.mix.line import LEAST_GAIN_DB, Flat, Line
from avm_otio.mix.presets import Preset
from avm_otio.timeline.gain import added
from avm_otio.timeline.model import Clip, Mix
from avm_otio.timeline.time import RecordTime, touched_frames, whole_frames


@dataclass(frozen=True, slots=True)
class Dips:
    """The dips of what sounds as one: a piece of music, an effect.

    Attributes:
        rate: Frames a second of the record.
        attack: Frames in which it comes down.
        release: Frames in which it comes back.
        flats: Where it is down, in order, none touching another; the gain is the change.
    """

    rate: Fraction
    attack: int
    release: int
    flats: tuple[Flat, ...] = ()

    @classmethod
    def none(cls, rate: Fraction, preset: Preset) -> Dips:
        """No dip yet, with the times of a preset."""
        attack, release = (
            max(1, touched_frames(Fraction(value) / 1000, rate))
            for value in (preset.dip_attack_ms, preset.dip_release_ms)
        )
        return cls(rate, attack, release)

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.flats)

    def deeper(self, start: RecordTime, end: RecordTime, change_db: float) -> Dips:
        """The same with one more: fully down from one moment to another, by so many decibels in all.

        What it touches becomes one dip with it, as deep as the deepest.
        """
        first = whole_frames(start, self.rate)
        flat = Flat(first, max(touched_frames(end, self.rate), first + 1), change_db)
        return replace(self, flats=tuple(_merged([*self.flats, flat])))

    def lowest(self, start: RecordTime, end: RecordTime) -> float:
        """How far down it is at most between two moments, decibels."""
        line = self._line(self.flats)
        edges = [Fraction(start * self.rate), Fraction(end * self.rate)]
        inside = (Fraction(at) for flat in line.flats for at in (flat.first, flat.last))
        return min(line.at(at) for at in (*edges, *(at for at in inside if edges[0] < at < edges[1])))

    @property
    def seconds(self) -> Fraction:
        """How long the gain is anything but what it was, about."""
        frames = sum(flat.last - flat.first + self.attack + self.release for flat in self.flats)
        return frames / self.rate

    def on(self, clip: Clip, lead: Fraction = Fraction(0), trail: Fraction = Fraction(0)) -> Mix:
        """The mix of a clip with the dips that it is heard in.

        Args:
            clip: It, without them.
            lead: How long before its head it is heard in a crossfade, seconds.
            trail: How long after its tail.
        """
        head, tail = clip.start * self.rate, clip.end * self.rate
        before, after = head - lead * self.rate, tail + trail * self.rate
        leading = [flat for flat in self.flats if head >= flat.last > before]
        trailing = [flat for flat in self.flats if tail <= flat.first < after]
        flats = [flat for flat in self.flats if flat not in leading and flat not in trailing]
        if leading:  # in the crossfade the gain of the head holds, so it is that of the deepest
            last = -(-head.numerator // head.denominator)
            flats.insert(0, Flat(leading[0].first, last, min(flat.gain_db for flat in leading)))
        if trailing:
            first = tail.numerator // tail.denominator
            flats.append(Flat(first, trailing[-1].last, min(flat.gain_db for flat in trailing)))
        line = self._line(_merged(flats))
        dip = line.on(replace(clip, mix=Mix()))
        if not dip.keys:
            return _changed(clip.mix, dip.gain_db) if dip.gain_db else clip.mix
        if not clip.mix.keys:
            return _changed(replace(clip.mix, gain_db=0.0, keys=dip.keys), clip.mix.gain_db)
        return _changed(replace(clip.mix, keys=added([clip.mix.keys, dip.keys])), 0.0)

    def _line(self, flats: Sequence[Flat]) -> Line:
        """The change over time: between two dips it comes back where there is time for that."""
        found: list[Flat] = []
        for flat in flats:
            falls = flat.first - self.attack
            if not found:
                found.append(Flat(falls, falls, 0.0))
            elif found[-1].last + self.release <= falls:
                found.append(Flat(found[-1].last + self.release, falls, 0.0))
            found.append(flat)
        if found:
            rises = found[-1].last + self.release
            found.append(Flat(rises, rises, 0.0))
        return Line(tuple(found) or (Flat(0, 0, 0.0),), self.rate)


def _merged(flats: Sequence[Flat]) -> list[Flat]:
    """Dips of which none touches another, each as deep as the deepest that it is made of."""
    found: list[Flat] = []
    for flat in sorted(flats, key=lambda flat: flat.first):
        if found and flat.first <= found[-1].last:
            before = found.pop()
            flat = Flat(before.first, max(before.last, flat.last), min(before.gain_db, flat.gain_db))
        found.append(flat)
    return found


def _changed(mix: Mix, change_db: float) -> Mix:
    """A mix that is louder, or softer, throughout, but never below the least gain."""
    if not mix.keys:
        return replace(mix, gain_db=_least(mix.gain_db + change_db))
    return replace(mix, keys=tuple(replace(key, gain_db=_least(key.gain_db + change_db)) for key in mix.keys))


def _least(gain_db: float) -> float:
    return round(max(gain_db, LEAST_GAIN_DB), 3)
