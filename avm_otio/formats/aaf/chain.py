"""The chain of mobs behind a clip, from its master mob to the file, and which channels of the file it plays.

Editors say the channel in three ways, all met in real files [file]:

- ``ChannelIDs`` of a source clip (Media Composer, linked media): which channels of the slot that it refers
  to, from 1.
- ``PhysicalTrackNumber`` of the file mob's slot: one file mob a channel, each of a single slot and all of one
  file (Resolve), or one file mob with a slot a channel (Premiere).
- ``PhysicalTrackNumber`` of the master mob's slot, where the file mobs say no more.

A file may hold several streams of sound, each described by a file mob of its own (Media Composer). Its
channels count on from one to the next, as everywhere in this program.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from avm_otio.formats.aaf.elements import (
    Notes,
    first_of,
    fmt_of,
    is_sound,
    items,
    key_of,
    kind_of,
    length_of,
    origin_of,
    part_about,
    paths_in,
    rate_of,
    value_of,
)

_DEEPEST = 20
"""Mobs behind one another: more is a circle."""


@dataclass(frozen=True, slots=True)
class Chain:
    """What stands behind a slot of a mob.

    Attributes:
        master: The last mob before the file's; ``None`` where there is none.
        master_slot: Its slot.
        file: The file mob; ``None`` where the chain ends before one.
        slot: Its slot.
        into: Seconds from the file's first frame to the beginning of what was asked for.
        picked: Which channels of the file mob's slot are asked for, from 0; empty where nothing says.
    """

    master: Any
    master_slot: Any
    file: Any
    slot: Any
    into: Fraction
    picked: tuple[int, ...]

    @property
    def path(self) -> str:
        """Where the file lies; empty where nobody says."""
        return next(iter(paths_in(value_of(self.file, "EssenceDescription"))), "")

    @property
    def used(self) -> Fraction:
        """How many seconds of the file the master mob uses; 0 where nobody says."""
        if self.master_slot is None:
            return Fraction(0)
        return length_of(value_of(self.master_slot, "Segment")) / rate_of(self.master_slot)

    @property
    def count(self) -> int:
        """How many channels the file mob says that its sound has; 0 where it does not say."""
        return channels_of(part_about(value_of(self.file, "EssenceDescription"), True))

    @property
    def number(self) -> int:
        """The physical number of the file mob's slot; 0 where it has none."""
        return number_of(self.slot)


def slot_of(mob: Any, number: Any) -> Any:
    """The slot of a number; ``None`` where there is none."""
    return next((slot for slot in items(value_of(mob, "Slots")) if value_of(slot, "SlotID") == number), None)


def number_of(slot: Any) -> int:
    """A slot's physical number; 0 where it has none."""
    return int(value_of(slot, "PhysicalTrackNumber") or 0)


def picked_by(clip: Any, inner: tuple[int, ...], notes: Notes) -> tuple[int, ...]:
    """Which channels a source clip asks for, from 0, where ``inner`` are asked for of itself."""
    given = tuple(max(0, int(number) - 1) for number in value_of(clip, "ChannelIDs") or ())
    if not given or not inner:
        return given or inner
    if max(inner) >= len(given):
        notes.add("a clip asks for a channel that its master clip does not have: read as the first")
    return tuple(given[at] if at < len(given) else given[0] for at in inner)


def channels_of(descriptor: Any) -> int:
    """How many channels a file has, as its descriptor or the head of the WAV in it says; 0 for unknown."""
    form = fmt_of(descriptor)
    return form[0] if form else int(value_of(descriptor, "Channels", "ChannelCount") or 0)


class Chains:
    """Follows chains of mobs.

    Args:
        mobs: The file's mobs by id.
        notes: What could not be read.
    """

    def __init__(self, mobs: Mapping[bytes, Any], notes: Notes) -> None:
        self._mobs = mobs
        self._notes = notes

    def mob(self, clip: Any) -> Any:
        """The mob that a source clip refers to; ``None`` where it is none, or not in the file."""
        number = value_of(clip, "SourceID")
        return None if number is None else self._mobs.get(key_of(number))

    def behind(self, mob: Any, slot: Any, picked: tuple[int, ...] = ()) -> Chain:
        """What stands behind a slot of a mob, of which some channels are asked for."""
        into, master, master_slot = Fraction(0), None, None
        for _ in range(_DEEPEST):
            into += origin_of(slot)
            if slot is None or kind_of(mob) == "SourceMob":
                break
            segment = value_of(slot, "Segment")
            clip = first_of([segment], "SourceClip")
            if clip is None or self.mob(clip) is None:
                break
            if len([part for part in items(value_of(segment, "Components")) if _is_media(part)]) > 1:
                self._notes.add("a master clip of several files is read as the first of them")
            into += Fraction(int(value_of(clip, "StartTime") or 0)) / rate_of(slot)
            picked = picked_by(clip, picked, self._notes)
            master, master_slot = mob, slot
            mob = self.mob(clip)
            mono = list(value_of(clip, "MonoSourceSlotIDs") or ())
            if mono:  # a slot a channel, each mono
                at = picked[0] if picked else 0
                if len(mono) > 1 and len(picked) != 1:
                    self._notes.add("a master clip of several mono slots is read as the first of them")
                slot, picked = slot_of(mob, mono[min(at, len(mono) - 1)]), ()
            else:
                slot = slot_of(mob, value_of(clip, "SourceMobSlotID"))
        if slot is None or kind_of(mob) != "SourceMob":
            return Chain(master, master_slot, None, None, into, picked)
        return Chain(master, master_slot, mob, slot, into, picked)

    def channels(self, chain: Chain, expected: int) -> tuple[tuple[int, ...], int]:
        """Which channels of the file a chain of sound plays, from 0, and how many the file has.

        Args:
            chain: The chain, which ends at a file.
            expected: How many channels the track or the combiner asks of one clip; 0 where nothing says.
        """
        slots = [slot for slot in items(value_of(chain.file, "Slots")) if is_sound(slot)]
        if len(slots) > 1 and not chain.picked:
            return self._of_slots(chain, slots)
        before, total = self._streams(chain)
        count = max(1, chain.count)
        if chain.picked:
            if max(chain.picked) >= count:
                self._notes.add("a clip plays a channel that its file does not have, as the AAF says")
            played = tuple(before + at for at in chain.picked)
            return played, max(total, *(at + 1 for at in played))
        if count == 1:
            return (before,), max(total, before + 1)
        return tuple(before + at for at in self._of_one_slot(chain, count, expected)), total

    def _of_slots(self, chain: Chain, slots: Sequence[Any]) -> tuple[tuple[int, ...], int]:
        """A slot a channel: by their physical numbers; where these say nothing, in their order."""
        count = max(chain.count, len(slots))
        numbers = [number_of(slot) for slot in slots]
        at = next(at for at, slot in enumerate(slots) if slot is chain.slot or _same(slot, chain.slot))
        if not all(numbers):
            return (at,), count
        if len(set(numbers)) < len(numbers):
            self._notes.add("several slots of a file say that they are one channel: read in their order")
            return (at,), count
        if max(numbers) <= count:
            return (numbers[at] - 1,), count
        return (sorted(numbers).index(numbers[at]),), count  # counted on from the picture's

    def _of_one_slot(self, chain: Chain, count: int, expected: int) -> tuple[int, ...]:
        """One slot of a file of several channels, and no list of channels."""
        siblings = self._siblings(chain)
        if len(siblings) < 2 and (expected == count or (not expected and chain.number < 2)):
            return tuple(range(count))  # nothing else plays the file: the slot is all of it
        here = [sibling.number for sibling in siblings]
        there = [number_of(sibling.master_slot) for sibling in siblings]
        says = chain.number if _tells(here, count) else 0
        master_says = number_of(chain.master_slot) if _tells(there, count) else 0
        if says and master_says and says != master_says and len(siblings) > 1:
            self._notes.add(
                f"file and master clip contradict each other about a channel ({says} and {master_says}):"
                " read as the file says"
            )
        if not says and not master_says:
            self._notes.add("nothing says which channel of its file a clip plays: read as the first")
        return (max(1, says or master_says) - 1,)

    def _siblings(self, chain: Chain) -> list[Chain]:
        """What the sound slots of its master mob play of the same file, itself among them."""
        if chain.master is None:
            return [chain]
        found = [
            self.behind(chain.master, slot)
            for slot in items(value_of(chain.master, "Slots"))
            if is_sound(slot)
        ]
        return [each for each in found if each.file is not None and _is_one_file(each, chain)]

    def _streams(self, chain: Chain) -> tuple[int, int]:
        """How many channels the file has before the stream that a file mob describes, and in all."""
        count = max(1, chain.count)
        siblings = self._siblings(chain)
        streams = {key_of(each.file.mob_id): each for each in reversed(siblings)}
        picked = any(each.picked for each in siblings)
        if len(streams) < 2 or not (picked or all(max(1, each.count) == 1 for each in streams.values())):
            before = self._mono_before(chain) if count == 1 and not chain.picked else 0
            return before, max(count, before + 1)
        ordered = sorted(streams.values(), key=lambda each: (each.number, number_of(each.master_slot)))
        if len({each.number for each in ordered}) < len(ordered):
            ordered.sort(key=lambda each: number_of(each.master_slot))
        before = total = 0
        for each in ordered:
            if key_of(each.file.mob_id) == key_of(chain.file.mob_id):
                before = total
            total += max(1, each.count)
        return before, total

    def _mono_before(self, chain: Chain) -> int:
        """The channel of a mono stream that is alone in its master mob beside a picture of the same file."""
        if not chain.path or chain.master is None:
            return 0
        for slot in items(value_of(chain.master, "Slots")):
            if not is_sound(slot) and self.behind(chain.master, slot).path == chain.path:
                return max(1, number_of(chain.master_slot)) - 1
        return 0


def _is_media(part: Any) -> bool:
    number = value_of(part, "SourceID")
    return kind_of(part) == "SourceClip" and number is not None and any(number.bytes_le)


def _is_one_file(one: Chain, other: Chain) -> bool:
    if key_of(one.file.mob_id) == key_of(other.file.mob_id):
        return True
    return bool(one.path) and one.path == other.path


def _same(one: Any, other: Any) -> bool:
    return bool(value_of(one, "SlotID") == value_of(other, "SlotID"))


def _tells(numbers: Sequence[int], count: int) -> bool:
    """Whether some slots' numbers say which channel each is."""
    return len(set(numbers)) == len(numbers) and all(1 <= number <= count for number in numbers)
