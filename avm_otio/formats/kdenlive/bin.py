"""The bin of a Kdenlive project: its clips, and each place where one is played."""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from avm_otio.formats.kdenlive.text import IMAGE_SUFFIXES, SEQUENCE_ID, Notes, guides_text, prop
from avm_otio.formats.xml import REPLACEMENT, can_hold, escaped
from avm_otio.timeline.features import Feature
from avm_otio.timeline.losses import Item, Losses
from avm_otio.timeline.model import Clip, Generator, Media, Streams

NAMESPACE = uuid.UUID("6f9d3a52-7c0e-5b3e-9a55-3d1f6a2f4c10")
"""Under which the ids of a project are made: the same project gets the same ids each time."""


@dataclass(slots=True)
class Source:
    """One clip of the project bin.

    Attributes:
        number: Its id in the project.
        uuid: Its other id, in braces.
        name: Its name, escaped.
        resource: Where it lies, escaped; a colour for a generator.
        service: Which of MLT's producers opens it.
        frames: How many frames of the project it lasts; ``None`` where that is unknown.
        clip_type: Kdenlive's: 0 picture and sound, 1 sound, 2 picture.
        needed: Frames that the timeline uses, counted from its first.
        streams: Where its picture and its sound lie in the file, where that is known.
        markers: Texts by frame from its first, with category and length.
    """

    number: int
    uuid: str
    name: str
    resource: str
    service: str
    frames: int | None
    clip_type: int
    extra: str = ""
    streams: Streams | None = None
    needed: int = 1
    markers: Notes = field(default_factory=dict)

    @property
    def length(self) -> int:
        """Its length for MLT: never less than what is used, or MLT would cut the clip."""
        return max(self.frames or 1, self.needed)

    def indices(self, sound: int | None = None) -> str:
        """Which of its streams MLT opens: where nothing says, it takes the first stream for the picture.

        Args:
            sound: The stream to be heard; the first of its sound where none is chosen.
        """
        if self.streams is None:
            return ""
        picture, sounds = self.streams.picture, self.streams.sounds
        sound = sound if sound is not None else sounds[0][0] if sounds else -1
        return prop("video_index", -1 if picture is None else picture) + prop("audio_index", sound)

    def identity(self) -> str:
        """Which clip of the bin it is, as every use of it says."""
        return prop("kdenlive:id", self.number) + prop("kdenlive:control_uuid", self.uuid)


@dataclass(slots=True)
class Use:
    """One source as one playlist plays it: MLT cannot play one producer in two places at once."""

    id: str
    source: Source
    speed: Fraction
    enabled: bool
    is_audio: bool
    sound: int | None = None
    needed: int = 1


@dataclass(frozen=True, slots=True)
class Placed:
    """A clip in frames: its place on the timeline, and the frame of its source at its head."""

    clip: Clip
    source: Source
    first: int
    last: int
    source_in: int


def stream_heard(clip: Clip) -> tuple[int | None, tuple[int, ...], int]:
    """What MLT can hear of a clip, which is one stream of its file.

    Returns:
        The stream's number, ``None`` for the first; the channels that the clip plays, counted within it; how
        many it has. Channels of several streams are counted through all of them, as if there were one.
    """
    media = clip.media
    there = 0 if media is None else media.channels
    if media is None or media.streams is None or len(media.streams.sounds) < 2:
        return None, clip.channels, there
    found = media.streams.holding(clip.channels)
    return (None, clip.channels, there) if found is None else found


class Bin:
    """The clips of a project and their uses.

    Attributes:
        sources: The clips of the bin.
        uses: The producers of the timeline.
    """

    def __init__(self, name: str, folder: Path, rate: Fraction, losses: Losses) -> None:
        """An empty bin.

        Args:
            name: The project's name.
            folder: The absolute folder where the project will lie.
            rate: The project's frames a second.
            losses: Those of the project, to which what cannot be written is added.
        """
        self.folder = f"{folder.as_posix().rstrip('/')}/"
        self.seed = escaped(f"{self.folder}{name}")  # a lone surrogate has no bytes
        self.rate = rate
        self.losses = losses
        self.sources: dict[Media | Generator, Source] = {}
        self.uses: dict[tuple[int, str, Fraction, bool, int | None], Use] = {}

    def id(self, name: str) -> str:
        """An id in braces, the same for the same project each time."""
        return f"{{{uuid.uuid5(NAMESPACE, f'{self.seed}/{name}')}}}"

    def escaped(self, text: str, item: Item) -> str:
        """A name escaped; what XML cannot hold is reported."""
        if not can_hold(text):
            self.losses.add(Feature.NAME, item, f"what XML cannot say in its name is written {REPLACEMENT}")
        return escaped(text, one_line=True)

    def source(self, content: Media | Generator, title: str = "") -> Source:
        """The clip of the bin that some content is.

        Args:
            content: The content.
            title: What Kdenlive shows as its name; its file's where there is none.
        """
        found = self.sources.get(content)
        if found is None:
            number = SEQUENCE_ID + 1 + len(self.sources)
            found = self.sources[content] = (
                self._media_source(content, number, title or content.name)
                if isinstance(content, Media)
                else Source(
                    number=number,
                    uuid=self.id(f"{number}"),
                    name=self.escaped(content.name, f"Generator “{content.name}”"),
                    resource="0x000000ff",
                    service="color",
                    frames=None,
                    clip_type=2,
                )
            )
        return found

    def _media_source(self, media: Media, number: int, title: str) -> Source:
        path = (
            media.path.replace("\\", "/")
            if media.path[1:3] == ":\\" or media.path[:2] == "\\\\"
            else media.path
        )
        path = path.removeprefix(self.folder)
        if not path:
            self.losses.add(Feature.MEDIA, media, "its path is unknown")
            path = media.name
        service, extra = "avformat", ""
        if media.sequence is not None:
            sequence = media.sequence
            pattern = (
                f"{sequence.prefix}%{f'0{sequence.padding}' if sequence.padding else ''}d{sequence.suffix}"
            )
            path = f"{path.rstrip('/')}/{pattern}?begin:{sequence.start_number}"
            service, extra = "qimage", prop("ttl", 1) + prop("loop", 0)
            if sequence.step != 1:
                self.losses.add(Feature.MEDIA, media, f"only one image in {sequence.step} is there")
            if media.rate not in (None, self.rate):
                self.losses.add(Feature.SPEED, media, "its images play one a frame")
        elif Path(path).suffix.lower() in IMAGE_SUFFIXES:
            service = "qimage"
        streams = media.streams if service == "avformat" else None
        if not media.has_picture and service == "avformat" and streams is None:
            extra = prop("video_index", -1)  # or the cover of a song would be seen
        return Source(
            number=number,
            uuid=self.id(f"{number}"),
            name=self.escaped(title, media),
            resource=self.escaped(path, media),
            service=service,
            # A file may end within a frame: the frame in which it ends is there.
            frames=None if media.duration is None else math.ceil(media.duration * self.rate),
            clip_type=(0 if media.channels else 2) if media.has_picture else 1,
            extra=extra,
            streams=streams,
        )

    def use(self, placed: Placed, playlist: str, is_audio: bool, needed: int) -> Use:
        """The producer of a clip in a playlist.

        Args:
            placed: The clip.
            playlist: Which playlist.
            is_audio: Whether it is heard, not seen.
            needed: Frames from the head of its source, as its speed makes it, to the clip's end.
        """
        clip = placed.clip
        sound = stream_heard(clip)[0] if is_audio else None
        key = (placed.source.number, playlist, clip.speed, clip.enabled, sound)
        use = self.uses.get(key)
        if use is None:
            name = f"clip{len(self.uses)}"
            use = self.uses[key] = Use(name, placed.source, clip.speed, clip.enabled, is_audio, sound)
        use.needed = max(use.needed, needed)
        if clip.speed in (0, 1):
            placed.source.needed = max(placed.source.needed, needed)
        return use

    def use_text(self, use: Use) -> str:
        """One producer of the timeline."""
        source = use.source
        streams = source.indices(use.sound)
        if use.speed in (0, 1):
            length = source.length
            # Unless it looks, it takes the first stream for the picture, and sound is white [run].
            is_read = source.service == "avformat" and source.streams is not None
            service = "avformat-novalidate" if is_read else source.service
            opened = prop("resource", source.resource) + prop("mlt_service", service) + source.extra + streams
        else:
            length = max(use.needed, int((source.frames or 0) / abs(use.speed)))
            speed = f"{float(use.speed):.10g}"
            opened = (
                prop("resource", f"{speed}:{source.resource}")
                + prop("mlt_service", "timewarp")
                + prop("warp_speed", speed)
                + prop("warp_resource", source.resource)
                + prop("warp_pitch", 0)
                + source.extra
                + streams
            )
        return (
            f'<producer id="{use.id}" in="0" out="{length - 1}">\n'
            f"{prop('length', length)}{prop('eof', 'pause')}{opened}"
            f"{source.identity()}{prop('kdenlive:clip_type', source.clip_type)}"
            # Both off is how Kdenlive disables a clip; else a sound track shows no picture and the other way.
            f"{prop('set.test_audio', int(not (use.is_audio and use.enabled)))}"
            f"{prop('set.test_image', int(use.is_audio or not use.enabled))}"
            "</producer>\n"
        )

    def source_text(self, source: Source) -> str:
        """One producer of the bin."""
        markers = prop("kdenlive:markers", guides_text(source.markers)) if source.markers else ""
        return (
            f'<producer id="bin{source.number}" in="0" out="{source.length - 1}">\n'
            f"{prop('length', source.length)}{prop('eof', 'pause')}"
            f"{prop('resource', source.resource)}{prop('mlt_service', source.service)}"
            f"{source.extra}{source.indices()}"
            f"{prop('kdenlive:clipname', source.name)}{prop('kdenlive:folderid', -1)}{source.identity()}"
            f"{prop('kdenlive:clip_type', source.clip_type)}{markers}</producer>\n"
        )
