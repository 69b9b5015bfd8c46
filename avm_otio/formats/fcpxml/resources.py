"""The resources of an FCPXML document: each format, asset, effect and compound clip once."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from avm_otio.formats.fcpxml.terms import format_name, frame_duration, media_frame_duration, xml_time
from avm_otio.formats.xml import can_hold, escaped
from avm_otio.timeline.features import Feature
from avm_otio.timeline.losses import Losses
from avm_otio.timeline.model import Clip, Media, Timeline
from avm_otio.timeline.urls import is_relative, is_web

DEFAULT_SIZE = (1920, 1080)
"""The picture size that is written where it is unknown."""

_DRIVE = re.compile(r"[A-Za-z]:[/\\]")
_SAFE = "/!$&'()*+,;=:@-._~"


def attribute(text: str) -> str:
    """A text for an attribute, line ends and tabs included."""
    return escaped(text).replace("\n", "&#10;").replace("\t", "&#9;").replace("\r", "&#13;")


class Resources:
    """What a document's clips refer to.

    Args:
        folder: Where the document will lie; media below it is named from there.
        losses: Those of the document, to which what cannot be written is added.
    """

    def __init__(self, folder: Path, losses: Losses) -> None:
        self._folder = folder
        self._losses = losses
        self._lines: list[str] = []
        self._ids: dict[object, str] = {}
        self._ids_of: dict[int, str] = {}
        self._count = 0
        self._media: dict[str, Media] = {}
        self._used: dict[str, tuple[Fraction, Fraction, int]] = {}

    def lines(self) -> list[str]:
        """The resources, each an element."""
        assets = [self._asset_text(key, media) for key, media in self._media.items()]
        return self._lines + assets

    def new_id(self) -> str:
        """An id that nothing else has."""
        self._count += 1
        return f"r{self._count}"

    def project_format(self, timeline: Timeline) -> str:
        """The id of the format of a timeline.

        Raises:
            TimelineError: Final Cut Pro has no project of its rate.
        """
        frame_duration(timeline.rate)
        if timeline.size is None:
            width, height = DEFAULT_SIZE
            message = f"its picture size is unknown: {width} × {height} is written"
            self._losses.add(Feature.MEDIA, timeline, message)
        return self._format(timeline.rate, timeline.size or DEFAULT_SIZE)

    def _format(self, rate: Fraction | None, size: tuple[int, int] | None) -> str:
        key = ("format", rate, size)
        found = self._ids.get(key)
        if found is None:
            found = self._ids[key] = self.new_id()
            name = "FFVideoFormatRateUndefined" if rate is None else format_name(rate, size or DEFAULT_SIZE)
            parts = [f'<format id="{found}"']
            if name:
                parts.append(f'name="{name}"')
            if rate is not None:
                parts.append(f'frameDuration="{media_frame_duration(rate)}"')
            if rate is not None or size is not None:
                width, height = size or DEFAULT_SIZE
                parts.append(f'width="{width}" height="{height}"')
            self._lines.append(" ".join(parts) + "/>")
        return found

    def effect(self, name: str, uid: str, source: str = "") -> str:
        """The id of an effect."""
        key = ("effect", name, uid, source)
        found = self._ids.get(key)
        if found is None:
            found = self._ids[key] = self.new_id()
            where = f' src="{attribute(source)}"' if source else ""
            names = f'name="{attribute(name)}" uid="{attribute(uid)}"{where}'
            self._lines.append(f'<effect id="{found}" {names}/>')
        return found

    def compound(self, name: str, text: str) -> str:
        """The id of a compound clip that holds a sequence."""
        found = self.new_id()
        self._lines.append(f'<media id="{found}" name="{attribute(name)}">\n{text}\n</media>')
        return found

    def asset(self, media: Media) -> str:
        """The id of a piece of media."""
        found = self._ids_of.get(id(media))
        if found is None:
            key = ("asset", media)
            found = self._ids.get(key) or ""
            if not found:
                found = self._ids[key] = self.new_id()
                self._media[found] = media
                self._report(media)
            self._ids_of[id(media)] = found
        return found

    def clip_format(self, media: Media) -> str:
        """The format of a clip of some media: sound has one without a rate, and so may lie between frames."""
        return self._format(media.rate, media.size) if media.has_picture else self._format(None, None)

    def note_use(self, key: str, clip: Clip) -> None:
        """Note how much of media without a length, or without a channel count, a clip uses."""
        low, high, channels = self._used.get(key, (clip.media_start, clip.media_start, 0))
        end = clip.media_start + clip.duration * abs(clip.speed)
        count = max((channel + 1 for channel in clip.channels), default=0)
        self._used[key] = (min(low, clip.media_start), max(high, end), max(channels, count))

    def _report(self, media: Media) -> None:
        if media.duration is None:
            self._losses.add(Feature.MEDIA, media, "its length is unknown: what is used is written")
        if not media.path:
            self._losses.add(Feature.MEDIA, media, "its path is unknown: only its name is written")
        if media.sequence is not None:
            message = "Final Cut Pro opens no image sequence: its first image is named"
            self._losses.add(Feature.MEDIA, media, message)
        if not can_hold(media.name):
            self._losses.add(Feature.NAME, media, "characters that XML cannot carry are replaced")

    def _asset_text(self, key: str, media: Media) -> str:
        low, high, used_channels = self._used.get(key, (media.start, media.start, 0))
        duration = media.duration if media.duration is not None else max(Fraction(0), high - media.start)
        start = media.start if media.duration is not None else min(media.start, low)
        parts = [
            f'<asset id="{key}" name="{attribute(media.name)}" start="{xml_time(start)}" '
            f'duration="{xml_time(duration)}"'
        ]
        if media.has_picture:
            parts.append(f'hasVideo="1" format="{self.clip_format(media)}" videoSources="1"')
        channels = media.channels or used_channels
        if channels:
            parts.append(f'hasAudio="1" audioSources="1" audioChannels="{channels}"')
            if media.sample_rate_hz:
                parts.append(f'audioRate="{media.sample_rate_hz}"')
        return f'{" ".join(parts)}>\n<media-rep kind="original-media" src="{self._source(media)}"/>\n</asset>'

    def _source(self, media: Media) -> str:
        path = media.path or _encoded(media.name, relative=True)
        if media.sequence is not None:
            path = f"{path.rstrip('/')}/{media.sequence.file_name(0)}"
        if is_web(path) or is_relative(path) or path.lower().startswith("file:"):
            return attribute(path)
        if _DRIVE.match(path):
            return attribute("file:///" + _encoded(path.replace("\\", "/")))
        if path.startswith("\\\\"):
            return attribute("file:" + _encoded(path.replace("\\", "/")))
        plain = PurePosixPath(path)
        if plain.is_relative_to(self._folder.as_posix()):
            beside = plain.relative_to(self._folder.as_posix()).as_posix()
            return attribute(_encoded(beside, relative=True))
        return attribute("file://" + _encoded(path))


def _encoded(path: str, *, relative: bool = False) -> str:
    """A path as a URL says it; bytes that are no text as they are in the file's name."""
    try:
        data = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        data = path.encode("utf-8", "replace")
    return quote(data, safe=_SAFE.replace(":", "") if relative else _SAFE)
