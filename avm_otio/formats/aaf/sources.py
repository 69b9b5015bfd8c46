"""From what a clip plays to the file: master mob, file mob, and the timecode behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from avm_otio.formats.aaf.elements import Notes, first_of, items, kind_of, rate_of, tags, value_of
from avm_otio.formats.aaf.media import CHANNEL_NAMES, FILM_ORDER
from avm_otio.timeline.model import Media
from avm_otio.timeline.time import MediaTime, snap_rate
from avm_otio.timeline.urls import plain_path

_DEEPEST = 20
"""Mobs behind one another: more is a circle."""


@dataclass(frozen=True, slots=True)
class Played:
    """What a source clip plays.

    Attributes:
        name: The master mob's name.
        media: The file.
        into: Seconds from the file's first frame to where the master mob begins.
        channel: Which channel of the file, from 0; of a picture 0.
    """

    name: str
    media: Media
    into: Fraction
    channel: int


class SourceReader:
    """Looks up what clips play, once for each slot of a mob.

    Args:
        file: The AAF.
        is_ours: Whether this program wrote it: then a file's own name and its channels are noted in it.
        notes: What could not be read.
    """

    def __init__(self, file: Any, is_ours: bool, notes: Notes) -> None:
        self._file = file
        self._is_ours = is_ours
        self._notes = notes
        self._found: dict[tuple[bytes, int], Played] = {}
        self._mobs = {bytes(mob.mob_id.bytes_le): mob for mob in file.content.mobs}
        self._essence = {bytes(data.mob_id.bytes_le) for data in file.content.essencedata}
        self._split = self._split_files() if is_ours else {}

    def mob(self, clip: Any) -> Any:
        """The mob that a source clip refers to; ``None`` where it is none, or not in the file."""
        number = value_of(clip, "SourceID")
        return None if number is None else self._mobs.get(bytes(number.bytes_le))

    def slot(self, clip: Any) -> Any:
        """The slot that a source clip refers to."""
        number = value_of(clip, "SourceMobSlotID")
        slots = items(value_of(self.mob(clip), "Slots"))
        return next((slot for slot in slots if value_of(slot, "SlotID") == number), None)

    def played(self, clip: Any, is_sound: bool) -> Played:
        """What a source clip of a composition plays."""
        mob = self.mob(clip)
        if mob is None:
            self._notes.add("a clip refers to a master clip that is not in the file: read as offline")
            return Played("", Media("", is_online=False, has_picture=not is_sound), Fraction(0), 0)
        key = (bytes(mob.mob_id.bytes_le), int(value_of(clip, "SourceMobSlotID") or 0))
        if key not in self._found:
            self._found[key] = self._look(mob, self.slot(clip), is_sound)
        return self._found[key]

    def together(self, played: Sequence[Played]) -> tuple[Media, tuple[int, ...]]:
        """The sound that several channels make, and which of its channels they are."""
        first = played[0]
        if all(source.media == first.media for source in played):
            return first.media, tuple(dict.fromkeys(source.channel for source in played))
        paths = tuple(source.media.path for source in played)
        if len(paths) == len(FILM_ORDER):
            paths = tuple(paths[FILM_ORDER.index(at)] for at in range(len(paths)))
        name = bare_name(first.name, len(played), 0)
        mono = paths if all(paths) else ()
        media = replace(first.media, name=name, channels=len(played), mono=mono)
        return media, tuple(range(len(played)))

    def _look(self, mob: Any, slot: Any, is_sound: bool) -> Played:
        name = str(value_of(mob, "Name") or "")
        into = Fraction(0)
        at, where = mob, slot
        for _ in range(_DEEPEST):
            if kind_of(at) == "SourceMob" or where is None:
                break
            inner = first_of([value_of(where, "Segment")], "SourceClip")
            if inner is None or self.mob(inner) is None:
                break
            into += Fraction(int(value_of(inner, "StartTime") or 0)) / rate_of(where)
            at, where = self.mob(inner), self.slot(inner)
        if kind_of(at) != "SourceMob" or where is None:
            self._notes.add("a master clip refers to no file: read as offline")
            media = Media(name, is_online=False, has_picture=not is_sound, channels=int(is_sound))
            return Played(name, media, into, 0)
        media, channel = self._media(at, where, name, is_sound)
        marks = tags(mob, "MobAttributeList") if self._is_ours else {}
        if "_AVM_CHANNEL" in marks:
            channel = int(marks["_AVM_CHANNEL"])
            count = int(marks["_AVM_CHANNELS"])
            name = bare_name(name, count, channel)
            media = replace(media, channels=count, mono=self._split.get(_split_key(mob, media), ()))
        if self._is_ours:
            media = replace(media, path=str(tags(mob, "UserComments").get("UNC Path", "")))
        return Played(name, media, into, channel)

    def _media(self, mob: Any, slot: Any, name: str, is_sound: bool) -> tuple[Media, int]:
        """A file mob as media, and which of its channels a slot of it is."""
        descriptor = value_of(mob, "EssenceDescription")
        about = self._about(descriptor, is_sound)
        hz = value_of(about, "SampleRate", "AudioSamplingRate")
        length, rate = value_of(about, "Length"), Fraction(hz) if hz else rate_of(slot)
        if length is None:
            length, rate = value_of(value_of(slot, "Segment"), "Length"), rate_of(slot)
        path = self._path(mob, descriptor, about)
        start, drop, timecode_rate = self._timecode(mob, slot)
        slots = [each for each in items(value_of(mob, "Slots")) if _is_sound(each)]
        numbers = [value_of(each, "SlotID") for each in slots]
        channel = numbers.index(value_of(slot, "SlotID")) if value_of(slot, "SlotID") in numbers else 0
        width, height = value_of(about, "StoredWidth"), value_of(about, "StoredHeight")
        if value_of(about, "FrameLayout") == "SeparateFields" and height:
            height *= 2
        media = Media(
            name=(str(value_of(mob, "Name") or "") if self._is_ours else "") or name,
            path=path,
            start=MediaTime(start),
            duration=None if length is None or length < 0 else Fraction(int(length)) / rate,
            rate=None
            if is_sound
            else snap_rate(rate_of(slot) if rate_of(slot) > 1 else timecode_rate or rate),
            size=(int(width), int(height)) if width and height and not is_sound else None,
            sample_rate_hz=int(rate) if is_sound and rate.denominator == 1 and rate >= 8000 else None,
            channels=max(_channels(about), len(slots)) if is_sound else 0,
            has_picture=not is_sound,
            is_online=bool(path),
            drop_frame=drop and not is_sound,
        )
        return media, channel

    def _about(self, descriptor: Any, is_sound: bool) -> Any:
        """The part of a descriptor that is about sound, or picture, where it has several."""
        if descriptor is None or kind_of(descriptor) != "MultipleDescriptor":
            return descriptor
        inner = items(value_of(descriptor, "FileDescriptors"))
        sounds = ("PCMDescriptor", "SoundDescriptor", "WAVEDescriptor", "AIFCDescriptor", "AES3PCMDescriptor")
        return next(
            (candidate for candidate in inner if (kind_of(candidate) in sounds) == is_sound), descriptor
        )

    def _path(self, mob: Any, *descriptors: Any) -> str:
        for descriptor in descriptors:
            for locator in items(value_of(descriptor, "Locator")):
                url = value_of(locator, "URLString")
                if url:
                    return plain_path(str(url))
        if bytes(mob.mob_id.bytes_le) in self._essence:
            self._notes.add("media inside the AAF is not read: export with links to media files")
        return ""

    def _timecode(self, mob: Any, slot: Any) -> tuple[Fraction, bool, Fraction | None]:
        """With which timecode a file begins, whether that drops frames, and its rate."""
        at = Fraction(0)
        for _ in range(_DEEPEST):
            for each in items(value_of(mob, "Slots")):
                timecode = first_of([value_of(each, "Segment")], "Timecode")
                if timecode is not None:
                    start = Fraction(int(value_of(timecode, "Start") or 0)) / rate_of(each)
                    return start + at, bool(value_of(timecode, "Drop")), rate_of(each)
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
            clip = first_of(
                [value_of(each, "Segment") for each in items(value_of(mob, "Slots"))], "SourceClip"
            )
            file = None if clip is None else self.mob(clip)
            if channel is not None and file is not None:
                media, _ = self._media(file, self.slot(clip), "", True)
                found.setdefault(_split_key(mob, media), {})[int(channel)] = media.path
        return {key: tuple(paths[at] for at in sorted(paths)) for key, paths in found.items()}


def bare_name(name: str, count: int, channel: int) -> str:
    """A mono clip's name without its channel's."""
    suffix = CHANNEL_NAMES[count][channel] if count in CHANNEL_NAMES else f".{channel + 1}"
    return name.removesuffix(suffix)


def _split_key(mob: Any, media: Media) -> tuple[str, str]:
    return str(tags(mob, "UserComments").get("UNC Path", "")), media.name


def _is_sound(slot: Any) -> bool:
    segment = value_of(slot, "Segment")
    return segment is not None and "Sound" in str(value_of(value_of(segment, "DataDefinition"), "Name"))


def _channels(descriptor: Any) -> int:
    """How many channels a file has, as its descriptor or the head of the WAV in it says."""
    summary = bytes(value_of(descriptor, "Summary") or b"")
    at = summary.find(b"fmt ")
    if at >= 0 and len(summary) >= at + 12:
        return int.from_bytes(summary[at + 10 : at + 12], "little")
    return int(value_of(descriptor, "Channels") or 1)
