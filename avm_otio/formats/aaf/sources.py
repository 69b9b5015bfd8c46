"""From what a clip plays to the file: master mob, file mob, and the timecode behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from avm_otio.formats.aaf.chain import Chain, Chains, channels_of, picked_by, slot_of
from avm_otio.formats.aaf.elements import (
    Notes,
    first_of,
    fmt_of,
    is_sound,
    items,
    key_of,
    part_about,
    paths_in,
    rate_of,
    ratio_in,
    tags,
    value_of,
)
from avm_otio.formats.aaf.media import CHANNEL_NAMES, FILM_ORDER
from avm_otio.formats.aaf.mono_files import speakers_of
from avm_otio.formats.aaf.timecode import counted_start
from avm_otio.formats.numbered_images import named_by_first
from avm_otio.timeline.model import Media
from avm_otio.timeline.time import MediaTime, snap_rate

_DEEPEST = 20
"""Mobs behind one another: more is a circle."""

_LOWEST_SAMPLE_RATE = 8000
"""Whatever counts fewer units a second counts no samples of sound."""


@dataclass(frozen=True, slots=True)
class Played:
    """What a source clip plays.

    Attributes:
        name: The master mob's name.
        media: The file.
        into: Seconds from the file's first frame to where the master mob begins.
        channels: Which channels of the file, from 0; of a picture none.
    """

    name: str
    media: Media
    into: Fraction
    channels: tuple[int, ...] = ()


class SourceReader:
    """Looks up what clips play, once for each slot of a mob.

    Args:
        file: The AAF.
        is_ours: Whether this program wrote it: then a file's own name and its channels are noted in it.
        notes: What could not be read.

    Attributes:
        speakers: Paths of the mono files of each sound that is made of such → what each is for.
    """

    def __init__(self, file: Any, is_ours: bool, notes: Notes) -> None:
        self._file = file
        self._is_ours = is_ours
        self._notes = notes
        self._found: dict[tuple[object, ...], Played] = {}
        self._read: dict[tuple[object, ...], Media] = {}
        self._followed: dict[tuple[object, ...], Chain] = {}
        self._mobs = {key_of(mob.mob_id): mob for mob in file.content.mobs}
        self._chains = Chains(self._mobs, notes)
        self._essence = {key_of(data.mob_id) for data in file.content.essencedata}
        self._split = self._split_files() if is_ours else {}
        self.speakers: dict[tuple[str, ...], tuple[str, ...]] = {}

    def mob(self, clip: Any) -> Any:
        """The mob that a source clip refers to; ``None`` where it is none, or not in the file."""
        return self._chains.mob(clip)

    def slot(self, clip: Any) -> Any:
        """The slot that a source clip refers to."""
        return slot_of(self.mob(clip), value_of(clip, "SourceMobSlotID"))

    def played(self, clip: Any, is_sound: bool, expected: int) -> Played:
        """What a source clip of a composition plays.

        Args:
            clip: The clip.
            is_sound: Whether it lies on a sound track.
            expected: How many channels its track, or what combines channels, asks of it; 0 for unknown.
        """
        mob = self.mob(clip)
        if mob is None:
            self._notes.add("a clip refers to a master clip that is not in the file: read as offline")
            return Played("", Media("", is_online=False, has_picture=not is_sound), Fraction(0), (0,))
        numbers = [int(value_of(clip, "SourceMobSlotID") or 0)]
        mono = [int(number) for number in value_of(clip, "MonoSourceSlotIDs") or ()]
        picked = picked_by(clip, (), self._notes)
        found = []
        for number in mono or numbers:
            key = (key_of(mob.mob_id), number, picked, expected)
            if key not in self._found:
                self._found[key] = self._look(mob, slot_of(mob, number), is_sound, picked, expected)
            found.append(self._found[key])
        if len(found) == 1:
            return found[0]
        media, channels = self.together(found)
        return replace(found[0], media=media, channels=channels)

    def together(self, played: Sequence[Played]) -> tuple[Media, tuple[int, ...]]:
        """The sound that several channels make, and which of its channels they are."""
        first = played[0]
        channels = tuple(channel for source in played for channel in source.channels)
        if all(source.media == first.media for source in played) or (
            first.media.path and all(source.media.path == first.media.path for source in played)
        ):
            if channels == FILM_ORDER:
                channels = tuple(range(len(FILM_ORDER)))
            elif len(set(channels)) == 1:
                channels = channels[:1]
            count = max(source.media.channels for source in played)
            return replace(first.media, channels=count), channels
        if any(source.channels != (0,) or source.media.channels > 1 for source in played):
            self._notes.add(
                "a sound of channels of several files, one of them no mono file, is read as the first of them"
            )
            return first.media, first.channels
        if len({(source.media.start, source.into) for source in played}) > 1:
            self._notes.add(
                "the channels of a sound begin at several times: read as the first of them begins"
            )
        name = bare_name(first.name, len(played), 0)
        mono = tuple(source.media.path for source in played)
        if any(mono):
            self.speakers[mono] = speakers_of([source.name for source in played], self._notes)
        media = replace(first.media, name=name, channels=len(played), mono=mono if any(mono) else ())
        return media, tuple(range(len(played)))

    def _look(self, mob: Any, slot: Any, is_sound: bool, picked: tuple[int, ...], expected: int) -> Played:
        name = str(value_of(mob, "Name") or "")
        chain = self._behind(mob, slot, picked)
        if chain.file is None:
            self._notes.add("a master clip refers to no file: read as offline")
            media = Media(name, is_online=False, has_picture=not is_sound, channels=int(is_sound))
            return Played(name, media, chain.into, (0,))
        media = self._media(chain, name, is_sound)
        channels: tuple[int, ...] = (0,)
        if is_sound:
            channels, count = self._chains.channels(chain, expected)
            media = replace(media, channels=max(media.channels, count))
        marks = tags(mob, "MobAttributeList") if self._is_ours else {}
        if "_AVM_CHANNEL" in marks:
            channels = (int(marks["_AVM_CHANNEL"]),)
            count = int(marks["_AVM_CHANNELS"])
            name = bare_name(name, count, channels[0])
            media = replace(media, channels=count, mono=self._split.get(_split_key(mob, media), ()))
        if self._is_ours:
            path = str(tags(mob, "UserComments").get("UNC Path", ""))
            images = media.sequence is not None
            media = replace(media, path=named_by_first(path, _frames(media))[0] if images else path)
        return Played(name, media, chain.into, channels)

    def _media(self, chain: Chain, name: str, is_sound: bool) -> Media:
        """The file mob at the end of a chain as media, read once; named as its mob, else as said."""
        key = (key_of(chain.file.mob_id), chain.slot.slot_id, chain.used, is_sound)
        if key not in self._read:
            self._read[key] = self._read_media(chain, is_sound)
        media = self._read[key]
        return media if self._is_ours and media.name else replace(media, name=name)

    def _behind(self, mob: Any, slot: Any, picked: tuple[int, ...] = ()) -> Chain:
        """What stands behind a slot, looked up once."""
        key = (key_of(mob.mob_id), None if slot is None else slot.slot_id, picked)
        if key not in self._followed:
            self._followed[key] = self._chains.behind(mob, slot, picked)
        return self._followed[key]

    def _read_media(self, chain: Chain, is_sound: bool) -> Media:
        mob, slot = chain.file, chain.slot
        descriptor = value_of(mob, "EssenceDescription")
        about = part_about(descriptor, is_sound)
        length, rate = _length_in(about, slot, chain.used)
        path = self._path(mob, descriptor)
        start, drop, timecode_rate = self._timecode(mob, slot)
        width, height = value_of(about, "StoredWidth"), value_of(about, "StoredHeight")
        if value_of(about, "FrameLayout") == "SeparateFields" and height:
            height *= 2
        media = Media(
            name=str(value_of(mob, "Name") or "") if self._is_ours else "",
            path=path,
            start=MediaTime(start),
            duration=length,
            rate=None
            if is_sound
            else snap_rate(rate_of(slot) if rate_of(slot) > 1 else timecode_rate or rate),
            size=(int(width), int(height)) if width and height and not is_sound else None,
            sample_rate_hz=_sample_rate_of(about, rate) if is_sound else None,
            channels=max(1, channels_of(about), _sounds_in(mob)) if is_sound else 0,
            has_picture=not is_sound,
            is_online=bool(path),
            drop_frame=drop and not is_sound,
        )
        path, numbering = named_by_first(path, _frames(media))
        return media if is_sound or numbering is None else replace(media, path=path, sequence=numbering)

    def _path(self, mob: Any, descriptor: Any) -> str:
        path = next(paths_in(descriptor), "")
        if not path and key_of(mob.mob_id) in self._essence:
            self._notes.add("media inside the AAF is not read: export with links to media files")
        return path

    def _timecode(self, mob: Any, slot: Any) -> tuple[Fraction, bool, Fraction | None]:
        """With which timecode a file begins, whether that drops frames, and its rate."""
        at = Fraction(0)
        for _ in range(_DEEPEST):
            for each in items(value_of(mob, "Slots")):
                timecode = first_of([value_of(each, "Segment")], "Timecode")
                if timecode is not None:
                    start, drop = counted_start(timecode, rate_of(each), self._notes)
                    return start + at, drop, rate_of(each)
            clip = first_of([value_of(slot, "Segment")], "SourceClip")
            behind = None if clip is None else self.mob(clip)
            if clip is None or behind is None:
                break
            at += Fraction(int(value_of(clip, "StartTime") or 0)) / rate_of(slot)
            mob, slot = behind, self.slot(clip)
        return Fraction(0), False, None

    def _split_files(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """The mono files of each sound that we split, in order."""
        found: dict[tuple[str, str], dict[int, str]] = {}
        for mob in self._file.content.mastermobs():
            channel = tags(mob, "MobAttributeList").get("_AVM_CHANNEL")
            slots = items(value_of(mob, "Slots"))
            chain = self._behind(mob, slots[0]) if slots else None
            if channel is not None and chain is not None and chain.file is not None:
                media = self._media(chain, "", True)
                found.setdefault(_split_key(mob, media), {})[int(channel)] = media.path
        return {key: tuple(paths[at] for at in sorted(paths)) for key, paths in found.items()}


def _frames(media: Media) -> Fraction | None:
    """How many frames a picture has; ``None`` where nobody knows."""
    return media.duration * media.rate if media.duration is not None and media.rate else None


def bare_name(name: str, count: int, channel: int) -> str:
    """A mono clip's name without its channel's."""
    suffix = CHANNEL_NAMES[count][channel] if count in CHANNEL_NAMES else f".{channel + 1}"
    return name.removesuffix(suffix)


def _split_key(mob: Any, media: Media) -> tuple[str, str]:
    return str(tags(mob, "UserComments").get("UNC Path", "")), media.name


def _sounds_in(mob: Any) -> int:
    return sum(1 for slot in items(value_of(mob, "Slots")) if is_sound(slot))


def _length_in(descriptor: Any, slot: Any, used: Fraction) -> tuple[Fraction | None, Fraction]:
    """How long a file is, in seconds, where its mob says; and the rate in which that counts.

    A descriptor's length counts in its own rate (Object Specification, FileDescriptor). But Premiere counts
    it as its slot does, in frames of the sequence, and notes samples a second beside [file]: so it is where
    there would not be as much as the master clip uses.

    Args:
        descriptor: The file's, or the part of it that is asked for.
        slot: The file mob's.
        used: How much the master clip uses of it, in seconds; 0 where nobody knows.
    """
    hz = ratio_in(value_of(descriptor, "SampleRate", "AudioSamplingRate"))
    length = value_of(descriptor, "Length")
    held, unit = value_of(value_of(slot, "Segment"), "Length"), rate_of(slot)
    if hz and length and length > 0:
        duration = Fraction(int(length)) / hz
        if (duration + 1 / unit > used) if used else (length != held):
            return duration, hz
    if not held or held < 0:
        held = length
    return (None if not held or held < 0 else Fraction(int(held)) / unit), unit


def _sample_rate_of(descriptor: Any, counted: Fraction) -> int | None:
    """Samples a second of a sound, where its mob says."""
    form = fmt_of(descriptor)
    sampled = ratio_in(value_of(descriptor, "AudioSamplingRate")) or Fraction(form[1] if form else 0)
    for rate in (sampled, ratio_in(value_of(descriptor, "SampleRate")), counted):
        if rate.denominator == 1 and rate >= _LOWEST_SAMPLE_RATE:
            return int(rate)
    return None
