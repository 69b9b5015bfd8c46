"""The ``<file>`` elements of xmeml: each file in full where it is first used, by its id afterwards.

That is what Premiere Pro writes [file], and what readers take for one piece of media; a definition a clip
would be longer, and no program is known to need it. (OpenShot leaves out clips that name a file by its id
alone, because it plays the sound together with the picture that was defined first.)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from avm_otio.formats.fcp7.common import SLUG, rate_xml, timebase, timecode_xml
from avm_otio.formats.xml import can_hold, escaped
from avm_otio.timeline.features import Feature
from avm_otio.timeline.losses import Losses
from avm_otio.timeline.model import SAMPLE_RATE_HZ, Generator, Media, Timeline
from avm_otio.timeline.time import dropped_per_minute, format_rate, nearest_frame, whole_frames
from avm_otio.timeline.urls import file_url, is_relative

_GENERATED_S = Fraction(24 * 3600)
"""How much of a generated picture there is, in seconds [file]."""

_PICTURE = "<pixelaspectratio>square</pixelaspectratio>\n<fielddominance>none</fielddominance>\n"


@dataclass(slots=True)
class File:
    """One file of the document.

    Attributes:
        number: Of its file id and of its master clip's.
        text: Its definition.
        is_defined: Whether that stands already.
    """

    number: int
    text: str
    is_defined: bool = False

    @property
    def xml(self) -> str:
        """The element where it is next used."""
        if self.is_defined:
            return f'<file id="file-{self.number}"/>\n'
        self.is_defined = True
        return f'<file id="file-{self.number}">\n{self.text}</file>\n'


class Files:
    """The files of one document."""

    def __init__(self, timeline: Timeline, folder: Path) -> None:
        self.losses = Losses(timeline)
        self._folder = folder
        self._rate = timeline.rate
        self._size = timeline.size or (1920, 1080)
        self._merged = _Merged(timeline.media())
        self._by_id: dict[int, tuple[object, File]] = {}
        self._by_key: dict[object, File] = {}

    def of(self, content: Media | Generator) -> File:
        """The file of a clip's content."""
        # Contents are shared between clips and their hashes are slow; held, so that no id comes twice.
        held = self._by_id.get(id(content))
        if held is not None:
            return held[1]
        key: object = content if isinstance(content, Generator) else self._merged.key(content)
        found = self._by_key.get(key)
        if found is None:
            number = len(self._by_key) + 1
            text = self._generated(content) if isinstance(content, Generator) else self._media(content)
            found = self._by_key[key] = File(number, text)
        self._by_id[id(content)] = (content, found)
        return found

    def _media(self, content: Media) -> str:
        media = self._merged.of(content)
        if not can_hold(media.name):
            self.losses.add(Feature.NAME, media, "characters that XML cannot hold replaced")
        rate = self._rate
        if media.rate is not None and timebase(media.rate):
            rate = media.rate
        elif media.rate is not None:
            message = (
                f"its {format_rate(media.rate)} fps written as {format_rate(rate)}, which the format can say"
            )
            self.losses.add(Feature.RATE, media, message)
        lines = [f"<name>{escaped(media.name, one_line=True)}</name>\n"]
        if media.path:
            lines.append(f"<pathurl>{escaped(self._url(media))}</pathurl>\n")
        lines.append(rate_xml(rate))
        if (frames := media.frames(rate)) is not None:
            lines.append(f"<duration>{frames}</duration>\n")
        drop = media.drop_frame and bool(dropped_per_minute(rate))
        lines.append(timecode_xml(nearest_frame(media.start, rate), rate, drop))
        lines.append("<media>\n")
        if media.has_picture:
            lines.append(_video(rate, media.size))
        if media.channels:
            lines.append(_audio(media.sample_rate_hz or SAMPLE_RATE_HZ, media.channels))
        lines.append("</media>\n")
        return "".join(lines)

    def _generated(self, generator: Generator) -> str:
        frames = whole_frames(_GENERATED_S, self._rate)
        return (
            f"<name>{escaped(generator.name, one_line=True)}</name>\n"
            f"<mediaSource>{escaped(generator.kind or SLUG, one_line=True)}</mediaSource>\n"
            f"{rate_xml(self._rate)}<duration>{frames}</duration>\n{timecode_xml(0, self._rate, False)}"
            f"<media>\n{_video(self._rate, self._size)}</media>\n"
        )

    def _url(self, media: Media) -> str:
        path = media.path
        if media.sequence is not None:
            slash = "" if path.endswith(("/", "\\")) else "\\" if "\\" in path else "/"
            path += slash + media.sequence.file_name(0)
        return file_url(str(self._folder / path) if is_relative(path) else path, "localhost")


def _file_of(media: Media) -> tuple[object, ...]:
    return media.path or (media.name,), media.sequence and media.sequence.prefix, media.start


class _Merged:
    """What is known of each file: a timeline may have its picture in one clip and its sound in another.

    Files of one path that begin or end elsewhere are left apart: so Premiere writes subclips [file].
    """

    def __init__(self, every: tuple[Media, ...]) -> None:
        self._pictures = {_file_of(media): media for media in reversed(every) if media.has_picture}
        self._media: dict[tuple[object, ...], Media] = {}
        for media in every:
            key = self.key(media)
            found = self._media.get(key)
            self._media[key] = media if found is None else _both(found, media)

    def key(self, media: Media) -> tuple[object, ...]:
        """By what its file goes."""
        file = _file_of(media)
        shown = media if media.has_picture else self._pictures.get(file, media)
        return (*file, shown.duration, shown.has_picture)

    def of(self, media: Media) -> Media:
        """All that is known of its file."""
        return self._media.get(self.key(media), media)


def _both(first: Media, second: Media) -> Media:
    base = first if first.has_picture or not second.has_picture else second
    return replace(
        base,
        duration=base.duration if base.duration is not None else first.duration or second.duration,
        size=first.size or second.size,
        sample_rate_hz=first.sample_rate_hz or second.sample_rate_hz,
        channels=max(first.channels, second.channels),
        has_picture=first.has_picture or second.has_picture,
    )


def _video(rate: Fraction, size: tuple[int, int] | None) -> str:
    pixels = f"<width>{size[0]}</width>\n<height>{size[1]}</height>\n" if size else ""
    return (
        f"<video>\n<samplecharacteristics>\n{rate_xml(rate)}{pixels}<anamorphic>FALSE</anamorphic>\n{_PICTURE}"
        "</samplecharacteristics>\n</video>\n"
    )


def _audio(hz: int, channels: int) -> str:
    channel = "<audiochannel><sourcechannel>1</sourcechannel></audiochannel>\n" if channels == 1 else ""
    return (
        f"<audio>\n<samplecharacteristics><depth>16</depth><samplerate>{hz}</samplerate></samplecharacteristics>\n"
        f"<channelcount>{channels}</channelcount>\n{channel}</audio>\n"
    )
