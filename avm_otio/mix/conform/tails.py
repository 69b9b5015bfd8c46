"""Tails of effects in a changed cut: none rings over a scene change that the new cut alone puts there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from avm_otio.mix.attacks import meant_at, sounds_at, tail_end, tail_fade_us
from avm_otio.mix.conform.moves import Moved, Placing
from avm_otio.mix.cues import Item
from avm_otio.mix.heard import Heard
from avm_otio.mix.placement import LaidClip
from avm_otio.mix.roles import role_of
from avm_otio.timeline.model import Clip
from avm_otio.timeline.parts import trimmed
from avm_otio.timeline.time import RecordTime, from_micros, to_micros


@dataclass(frozen=True, slots=True)
class Scenes:
    """Where a cut changes its scene.

    Attributes:
        changes: Hard cuts of its picture, record time, in order.
        rate: Frames a second of its record.
    """

    changes: Sequence[RecordTime]
    rate: Fraction


@dataclass(frozen=True, slots=True)
class TailCutter:
    """Ends tails at new scene changes.

    Attributes:
        old: Those of the old cut.
        new: Those of the new one.
        heard_of: What was heard in the file of an item.
    """

    old: Scenes
    new: Scenes
    heard_of: Callable[[Item], Heard | None]

    def cut(self, found: Moved) -> Moved:
        """A sound whose tails end where the new cut changes the scene.

        One that rang over a scene change before may do so now, and one whose length a person gave keeps it.
        """
        if not found.old.anchors or found.old.cue.is_timed:
            return found
        return replace(found, places=tuple(map(self._place, found.places)))

    def _place(self, place: Placing) -> Placing:
        by = place.new_at - place.old_at
        made: list[LaidClip] = []
        for parts in _sounds(place.laid):
            made += self._parts(parts, by)
        if made == list(place.laid):
            return place
        return replace(place, laid=tuple(made), is_tail_cut=True)

    def _parts(self, parts: Sequence[LaidClip], by: Fraction) -> Sequence[LaidClip]:
        first, last = parts[0], parts[-1]
        heard = self.heard_of(first.item)
        meant = () if heard is None else meant_at(first.clip, heard, role_of(first.cue, first.item))
        if heard is None or not meant:
            return parts
        at, end = meant[0], last.clip.end
        rings_from = sounds_at(first.clip, from_micros(heard.tail_us))
        if tail_end(at - by, rings_from - by, end - by, self.old.changes, self.old.rate) is not None:
            return parts
        change = tail_end(at, rings_from, end, self.new.changes, self.new.rate)
        if change is None:
            return parts
        left = (part for part in parts if part.clip.start < change)
        return [
            replace(part, clip=_ended(part.clip, change, tail_fade_us(at, change)))
            if part.clip.end > change
            else part
            for part in left
        ]


def _sounds(laid: Sequence[LaidClip]) -> Iterator[Sequence[LaidClip]]:
    """What is heard, all its parts; then each alternative."""
    heard = [each for each in laid if each.clip.enabled]
    if heard:
        yield heard
    yield from ([each] for each in laid if not each.clip.enabled)


def _ended(clip: Clip, end: RecordTime, fade_us: int) -> Clip:
    part = trimmed(clip, clip.start, end)
    return replace(part, mix=replace(part.mix, fade_out_us=fade_us).within(to_micros(end - clip.start)))
