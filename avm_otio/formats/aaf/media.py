"""Media in an AAF: the chain of mobs from what a clip plays to the file.

A clip plays a *master mob* (what an editor lists in its bin), which plays a *file mob*, which says what the
file is and where; behind that a *source mob* says which timecode the file begins with.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction

from avm_otio.formats.aaf.compound_file import Storage
from avm_otio.formats.aaf.names import Names, plain_text
from avm_otio.formats.aaf.objects import Aaf, i64, mob_id, rational, text, u32
from avm_otio.timeline.features import Feature
from avm_otio.timeline.losses import Losses
from avm_otio.timeline.model import SAMPLE_RATE_HZ, Clip, Media, Timeline
from avm_otio.timeline.time import MediaTime, nearest_frame, nominal_rate
from avm_otio.timeline.urls import file_url, is_relative

CHANNEL_NAMES = {1: ("",), 2: (".L", ".R"), 6: (".L", ".R", ".C", ".LFE", ".Ls", ".Rs")}
"""What a channel's mono clip is called after its sound's name, in the order of a WAV's channels: Pro Tools
names them so [file]."""

FILM_ORDER = (0, 2, 1, 4, 5, 3)
"""Which channels of a 5.1 WAV stand where in an AAF: L C R Ls Rs LFE, as in Pro Tools' files [file]."""

SOUND_RATE = Fraction(SAMPLE_RATE_HZ)
"""Edit units a second of sound: samples, so that a sound lies where it lies. So do Resolve's AAFs, and Pro
Tools' where it is not set to keep to Media Composer's frames [file, off]: there sounds snap to frames."""

_MONO_BITS = 24


@dataclass(frozen=True, slots=True)
class Source:
    """What a source clip plays: a slot of a master mob."""

    mob: bytes
    slot: int


class Sources:
    """The mobs of a timeline's media, each made when it is first asked for.

    Args:
        aaf: Where they go.
        timeline: Whose media.
        names: For their names.
        losses: Those of the file.
    """

    def __init__(self, aaf: Aaf, timeline: Timeline, names: Names, losses: Losses) -> None:
        self._aaf = aaf
        self._timeline = timeline
        self._names = names
        self._losses = losses
        self._files: dict[tuple[int, str], Source] = {}
        self._masters: dict[tuple[Media, str, str], Source] = {}
        self._lengths: dict[Media, Fraction] = {}
        self._used: dict[Media, Fraction] | None = None
        self._highest: dict[Media, int] = {}

    def picture(self, clip: Clip, media: Media) -> Source:
        """What a clip shows."""
        key = (media, clip.name, "picture")
        if key not in self._masters:
            file = self._picture_file(media)
            rate = self.rate_of(media)
            length = nearest_frame(self.length_of(media), rate)
            self._masters[key] = self._master(clip, media, "picture", [(file, rate, length)])
        return self._masters[key]

    def sound(self, clip: Clip, media: Media, channel: int) -> Source:
        """What a clip plays of one channel.

        Sound that was split is one master mob a channel, the form in which Pro Tools writes stereo and takes
        it [file], as Media Composer does from Pro Tools [off]. Else the file's channels are slots of one.
        """
        if channel < len(media.mono):
            key = (media, clip.name, f"mono {channel}")
            if key not in self._masters:
                # All of them, whichever are played: together they are the sound.
                for each in range(len(media.mono)):
                    file, length = self._mono_file(media, each)
                    made = self._master(clip, media, "sound", [(file, SOUND_RATE, length)], each)
                    self._masters[media, clip.name, f"mono {each}"] = made
            return self._masters[key]
        key = (media, clip.name, "sound")
        if key not in self._masters:
            rate = Fraction(media.sample_rate_hz or SAMPLE_RATE_HZ)
            length = nearest_frame(self.length_of(media), rate)
            file = self._sound_file(media, rate, length)
            slots = [(Source(file.mob, number), rate, length) for number in range(1, self._count(media) + 1)]
            self._masters[key] = self._master(clip, media, "sound", slots)
        return Source(self._masters[key].mob, channel + 1)

    def rate_of(self, media: Media) -> Fraction:
        """Frames a second of a picture."""
        return media.rate or self._timeline.rate

    def length_of(self, media: Media) -> Fraction:
        """How much there is of media: its length, or as much as is used where that is unknown."""
        if media.duration is not None:
            return media.duration
        found = self._lengths.get(media)
        if found is None:
            if self._used is None:
                self._used = self._uses()
            found = self._lengths[media] = self._used.get(media, Fraction(1))
            message = "its length is unknown: as much as is used is written"
            self._losses.add(Feature.MEDIA, media, message)
        return found

    def _count(self, media: Media) -> int:
        """How many channels are written of a sound: as many as it has, and those that are played."""
        if not self._highest:
            for clip in self._timeline.clips():
                if clip.media is not None:
                    highest = max((self._highest.get(clip.media, 1), *(at + 1 for at in clip.channels)))
                    self._highest[clip.media] = highest
            for used, highest in self._highest.items():
                if 0 < used.channels < highest:
                    message = f"channel {highest} of it is played, which it does not have"
                    self._losses.add(Feature.CHANNELS, used, message)
        return max(1, media.channels, self._highest.get(media, 1))

    def _uses(self) -> dict[Media, Fraction]:
        """How far into each piece of media the timeline goes."""
        used: dict[Media, Fraction] = {}
        for clip in self._timeline.clips():
            if clip.media is not None:
                end = clip.media_start - clip.media.start + clip.duration * abs(clip.speed)
                used[clip.media] = max(used.get(clip.media, Fraction(0)), end, Fraction(1))
        return used

    def _master(
        self,
        clip: Clip,
        media: Media,
        kind: str,
        slots: list[tuple[Source, Fraction, int]],
        channel: int | None = None,
    ) -> Source:
        """A master mob. Editors call a clip by its name, so every name of a piece of media has its own."""
        aaf = self._aaf
        identity = mob_id("master", slots[0][0].mob, clip.name, kind)
        suffix, noted = "", {}
        if channel is not None:
            count = len(media.mono)
            layout = CHANNEL_NAMES.get(count)
            suffix = layout[channel] if layout else f".{channel + 1}"
            noted = {"_AVM_CHANNEL": channel, "_AVM_CHANNELS": count}
        name = clip.name or media.name
        made = [
            aaf.made(
                "TimelineMobSlot",
                SlotID=u32(number),
                SlotName=self._names.encoded(media.name),
                PhysicalTrackNumber=u32(number),
                EditRate=rational(rate),
                Origin=i64(0),
                Segment=self._source_clip(file, kind, 0, length),
            )
            for number, (file, rate, length) in enumerate(slots, 1)
        ]
        # Media Composer notes where a clip was imported from in this column of the bin [file].
        where = aaf.tagged(**{"UNC Path": plain_text(_file_of(media))}) if media.path else None
        aaf.add_mob(
            identity,
            self._mob(
                "MasterMob",
                identity,
                self._names.encoded(name + suffix),
                made,
                UserComments=where,
                MobAttributeList=aaf.tagged(**noted) if noted else None,
            ),
        )
        return Source(identity, 1)

    def _picture_file(self, media: Media) -> Source:
        key = (id(media), "picture")
        if key in self._files:
            return self._files[key]
        aaf, rate = self._aaf, self.rate_of(media)
        length = nearest_frame(self.length_of(media), rate)
        width, height = media.size or self._timeline.size or (1920, 1080)
        if media.sequence is not None and media.path:
            message = "numbered images, named by the first of them"
            self._losses.add(Feature.MEDIA, media, message)
        # The least that a descriptor of a picture must have (Edit Protocol), with the values of a plain
        # progressive one; the editor looks at the file itself.
        descriptor = aaf.made(
            "CDCIDescriptor",
            SampleRate=rational(rate),
            Length=i64(length),
            StoredWidth=u32(width),
            StoredHeight=u32(height),
            FrameLayout=bytes(1),
            VideoLineMap=struct.pack("<ii", 42, 0),
            ImageAspectRatio=rational(Fraction(width, height)),
            ComponentWidth=u32(8),
            HorizontalSubsampling=u32(2),
            Locator=self._locator(_file_of(media)),
        )
        identity = mob_id("picture file", media.path, media.name, media.start, length)
        behind = self._timecode(media, "picture", rate, length)
        self._file_mob(identity, media, "picture", descriptor, behind, rate, length, 1)
        self._files[key] = Source(identity, 1)
        return self._files[key]

    def _mono_file(self, media: Media, channel: int) -> tuple[Source, int]:
        length = nearest_frame(self.length_of(media), SOUND_RATE)
        key = (id(media), f"mono {channel}")
        if key not in self._files:
            path = media.mono[channel]
            identity = mob_id("mono file", path, media.path, media.name, media.start, channel, length)
            descriptor = self._wave(path, SAMPLE_RATE_HZ, 1, _MONO_BITS, length)
            behind = self._timecode(media, "sound", SOUND_RATE, length) if media.start else None
            self._file_mob(identity, media, "sound", descriptor, behind, SOUND_RATE, length, 1)
            self._files[key] = Source(identity, 1)
        return self._files[key], length

    def _sound_file(self, media: Media, rate: Fraction, length: int) -> Source:
        key = (id(media), "sound")
        if key not in self._files:
            count = self._count(media)
            message = f"no mono files were made: {count} channels in one file, which Pro Tools may refuse"
            self._losses.add(Feature.CHANNELS, media, message)
            identity = mob_id("sound file", media.path, media.name, media.start, count, length)
            descriptor = self._wave(media.path, rate.numerator, count, _MONO_BITS, length)
            behind = self._timecode(media, "sound", rate, length) if media.start else None
            self._file_mob(identity, media, "sound", descriptor, behind, rate, length, count)
            self._files[key] = Source(identity, 1)
        return self._files[key]

    def _wave(self, path: str, hz: int, channels: int, bits: int, length: int) -> Storage:
        """What a WAV is: Pro Tools and Resolve describe it by the head of the file itself [file]."""
        block = channels * bits // 8
        size = min(length * block, (1 << 32) - 37)
        form = struct.pack("<HHIIHH", 1, channels, hz, hz * block, block, bits)
        summary = b"RIFF" + u32(size + 36) + b"WAVEfmt " + u32(len(form)) + form + b"data" + u32(size)
        return self._aaf.made(
            "WAVEDescriptor",
            SampleRate=rational(Fraction(hz)),
            Length=i64(length),
            ContainerFormat=self._aaf.weak["aaf"],
            Summary=summary,
            Locator=self._locator(path),
        )

    def _locator(self, path: str) -> list[Storage] | None:
        if not path:
            return None
        url = plain_text(path) if is_relative(path) else file_url(path)
        return [self._aaf.made("NetworkLocator", URLString=text(url))]

    def _file_mob(
        self,
        identity: bytes,
        media: Media,
        kind: str,
        descriptor: Storage,
        behind: tuple[Source, int] | None,
        rate: Fraction,
        length: int,
        channels: int,
    ) -> None:
        source, start = behind or (Source(bytes(32), 0), 0)
        slots = [
            self._aaf.made(
                "TimelineMobSlot",
                SlotID=u32(number),
                PhysicalTrackNumber=u32(number),
                EditRate=rational(rate),
                Origin=i64(0),
                Segment=self._source_clip(source, kind, start, length),
            )
            for number in range(1, channels + 1)
        ]
        made = self._mob(
            "SourceMob", identity, self._names.encoded(media.name), slots, EssenceDescription=descriptor
        )
        self._aaf.add_mob(identity, made)

    def _timecode(self, media: Media, kind: str, unit: Fraction, length: int) -> tuple[Source, int]:
        """A mob that says with which timecode media begins, and where in it the file does, in edit units."""
        aaf, rate = self._aaf, self.rate_of(media)
        first = int(media.start * rate)
        rest = nearest_frame(MediaTime(media.start - first / rate), unit)
        frames = nearest_frame((length + rest) / unit, rate)
        identity = mob_id("source", kind, media.path, media.name, media.start, rate, length)
        timecode = aaf.made(
            "Timecode",
            DataDefinition=aaf.weak["timecode"],
            Length=i64(frames),
            Start=i64(first),
            FPS=struct.pack("<H", nominal_rate(rate)),
            Drop=bytes([media.drop_frame]),
        )
        segments = [(self._source_clip(Source(bytes(32), 0), kind, 0, length + rest), unit), (timecode, rate)]
        slots = [
            aaf.made(
                "TimelineMobSlot",
                SlotID=u32(number),
                PhysicalTrackNumber=u32(1),
                EditRate=rational(each),
                Origin=i64(0),
                Segment=segment,
            )
            for number, (segment, each) in enumerate(segments, 1)
        ]
        descriptor = aaf.made("ImportDescriptor", Locator=self._locator(media.path))
        mob = self._mob(
            "SourceMob", identity, self._names.encoded(media.name), slots, EssenceDescription=descriptor
        )
        aaf.add_mob(identity, mob)
        return Source(identity, 1), rest

    def _source_clip(self, source: Source, kind: str, start: int, length: int) -> Storage:
        return source_clip(self._aaf, source, kind, start, length)

    def _mob(
        self,
        name: str,
        identity: bytes,
        called: bytes,
        slots: list[Storage],
        **more: list[Storage] | Storage | None,
    ) -> Storage:
        now = self._aaf.now
        return self._aaf.made(
            name, MobID=identity, Name=called, Slots=slots, LastModified=now, CreationTime=now, **more
        )


def _file_of(media: Media) -> str:
    """The file that stands for media: of numbered images the first."""
    if media.sequence is None or not media.path:
        return media.path
    return media.path.rstrip("/") + "/" + media.sequence.file_name(0)


def source_clip(aaf: Aaf, source: Source, kind: str, start: int, length: int) -> Storage:
    """A clip that plays a slot of a mob."""
    return aaf.made(
        "SourceClip",
        DataDefinition=aaf.weak[kind],
        Length=i64(length),
        StartTime=i64(start),
        SourceID=source.mob,
        SourceMobSlotID=u32(source.slot),
    )
