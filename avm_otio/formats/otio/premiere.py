"""OTIO as Premiere Pro (25.6 and later) takes it in; its FCP7 XML says more.

All of this is [3p]: learnt from programs that write for it and from files that came out of it, none of which
can be checked here. What is not known is not written: gain, fades and speed go through the XML.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from avm_otio.formats.otio.frames import available_json, in_own_time, is_moved, lay_on_frames, unmeasured
from avm_otio.formats.otio.json_form import Document, is_a, noted, reference_of, time_json
from avm_otio.formats.otio.write import document, lanes
from avm_otio.timeline.features import Feature, Loss
from avm_otio.timeline.losses import Losses, unsupported
from avm_otio.timeline.model import SAMPLE_RATE_HZ, Clip, Generator, Media, Timeline, TrackKind
from avm_otio.timeline.urls import file_url, is_relative, is_web, plain_path

PREMIERE = "PremierePro_OTIO"
"""The key of its own metadata."""

_CHANNEL_TYPES = {1: "Mono", 2: "Stereo", 6: "5.1"}
"""``ChannelType``; above two channels by analogy."""

_IN_THE_XML = ": the .xml for Premiere says it"


def flavoured(timeline: Timeline, folder: Path) -> tuple[Document, tuple[Loss, ...]]:
    """A timeline as Premiere takes it in.

    Args:
        timeline: The timeline, its media where they are to be named.
        folder: Where the file will lie: relative paths are meant from here.

    Returns:
        The timeline in OTIO's JSON form, and what that does not say as the timeline does.
    """
    made = document(timeline)
    made["global_start_time"] = time_json(timeline.start_frame, timeline.rate)
    noted(made, PREMIERE).setdefault("MetadataVersion", "1.0")
    writer = _Writer(timeline.rate, folder, unmeasured(timeline), Losses(timeline))
    writer.stack(made["tracks"], timeline)
    if timeline.drop_frame:
        message = "drop-frame timecode is not written"
        writer.losses.add(Feature.START, f"Timeline “{timeline.name}”", message + _IN_THE_XML)
    return made, tuple(writer.losses)


@dataclass(slots=True)
class _Writer:
    """Writes one timeline; see ``_Writer`` of Resolve's flavour for what is held."""

    rate: Fraction
    folder: Path
    used: dict[Media, tuple[Fraction, Fraction]]
    losses: Losses
    made: dict[Media, Document] = field(default_factory=dict)

    def stack(self, stack: Document, timeline: Timeline) -> None:
        for loss in unsupported(timeline, (Feature.GAIN, Feature.FADE, Feature.PAN), "premiere"):
            if loss.feature is not Feature.EFFECT:  # Premiere reads them, or nobody knows how
                self.losses.add(loss.feature, loss.item, loss.message + _IN_THE_XML)
        width, height = timeline.size or (0, 0)
        premiere = noted(stack, PREMIERE)
        premiere.setdefault("AudioFrameRate", float(SAMPLE_RATE_HZ))
        premiere.setdefault("VideoFrameRate", float(self.rate))
        premiere.setdefault("PixelAspectRatio", {"denominator": 1.0, "numerator": 1.0})
        if width and height:
            premiere.setdefault("VideoResolution", {"height": height, "width": width})
        for lane in lanes(stack, timeline):
            lay_on_frames(lane, self.rate)
            if lane.track.kind is TrackKind.AUDIO and is_a(lane.member, "Track"):
                channels = lane.track.channels
                noted(lane.member, PREMIERE)["AudioChannels"] = {
                    "ChannelType": _CHANNEL_TYPES.get(channels, "Adaptive"),
                    "NumberOfChannels": channels,
                }
                if channels not in _CHANNEL_TYPES:
                    message = f"{channels} channels as an adaptive track: see that it is"
                    self.losses.add(Feature.CHANNELS, f"Track “{lane.track.name}”", message)
            for item, clip in lane.clips:
                self.clip(item, clip, lane.track.kind, timeline)

    def clip(self, item: Document, clip: Clip, kind: TrackKind, timeline: Timeline) -> None:
        name = timeline.named(clip)
        if is_moved(clip, self.rate):
            self.losses.add(Feature.TIME, name, "at the nearest frames" + _IN_THE_XML)
        if clip.speed != 1:
            message = "speed written as OTIO has it, which Premiere may read otherwise" + _IN_THE_XML
            self.losses.add(Feature.SPEED, name, message)
        else:
            # One that does nothing makes Premiere take the clip for a retimed one and drop its motion.
            item["effects"] = [one for one in item["effects"] if one.get("time_scalar") != 1.0]
        before = item["source_range"]
        head = in_own_time(item, clip, self.rate)
        first = before["start_time"]["value"] / before["start_time"]["rate"] if before else 0.0
        for marker in item["markers"]:  # they count in media time
            start = marker["marked_range"]["start_time"]
            moved = start["value"] + round((float(head) - first) * start["rate"], 6)
            marker["marked_range"] = marker["marked_range"] | {"start_time": start | {"value": moved}}
        premiere = noted(item, PREMIERE)
        if clip.link is not None:
            premiere["LinkID"] = clip.link
        if kind is TrackKind.AUDIO:
            premiere["AudioChannels"] = {
                "ChannelType": _CHANNEL_TYPES.get(len(clip.channels), "Adaptive"),
                "SecondaryAssignments": [{"SecondaryChannelIndex": channel} for channel in clip.channels],
            }
        premiere.setdefault("OriginalChannelGroupIndex", 0)
        premiere.setdefault("SourceClipIndex", 0)
        if isinstance(clip.content, Timeline):
            self.stack(item, clip.content)
        elif isinstance(clip.content, Generator):
            self.losses.add(Feature.GENERATOR, name, "a generator that Premiere may not know")
        else:
            self.media(item, clip.content, name)

    def media(self, item: Document, media: Media, name: str) -> None:
        if media.duration is None:
            message = "its length is unknown: written as what is used of it"
            self.losses.add(Feature.MEDIA, name, message)
        old = reference_of(item)
        if media.sequence is not None:
            message = "numbered images in OTIO's own words, which Premiere may not know"
            self.losses.add(Feature.MEDIA, name, message)
            if old is not None and media.path:
                old["target_url_base"] = self.url(media).rstrip("/") + "/"
            return
        if old is None:
            return
        made = self.made.get(media)
        if made is None:
            made = self.made[media] = self.reference(media)
        if old["metadata"]:
            made = made | {"metadata": old["metadata"]}
        item["media_references"][item["active_media_reference_key"]] = made

    def reference(self, media: Media) -> Document:
        """The reference to media, by the percent-encoded ``file:`` URL that Premiere writes itself."""
        made: Document = {
            "OTIO_SCHEMA": "ExternalReference.1",
            "metadata": {},
            "name": media.name,
            "available_range": available_json(media, self.rate, self.used),
            "available_image_bounds": None,
        }
        if not media.path:
            return made | {"OTIO_SCHEMA": "MissingReference.1"}
        return made | {"target_url": self.url(media)}

    def url(self, media: Media) -> str:
        """Where media lies; of numbered images their folder."""
        path = plain_path(media.path)
        if is_relative(path):
            path = str(self.folder / path)
        return path if is_web(path) else file_url(path)
