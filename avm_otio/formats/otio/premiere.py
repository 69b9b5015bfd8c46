"""OTIO as Premiere Pro (25.6 and later) takes it in; its FCP7 XML says more.

All of this is [3p]: told by programs that write for it and by files that came out of it, none of which can be
checked here. What is not known is not written: gain, fades and speed go through the XML.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from avm_otio.formats.otio.json_form import is_a
from avm_otio.formats.otio.patch import (
    Json,
    available_json,
    closed,
    in_own_time,
    is_moved,
    lanes,
    lay_on_frames,
    noted,
    opened,
    reference_of,
    time_json,
    unmeasured,
)
from avm_otio.timeline.losses import Feature, Loss, unsupported
from avm_otio.timeline.model import SAMPLE_RATE_HZ, Clip, Generator, Media, Timeline, TrackKind
from avm_otio.timeline.urls import file_url, is_relative, is_web, plain_path

PREMIERE = "PremierePro_OTIO"
"""The key of its own metadata."""

_CHANNEL_TYPES = {1: "Mono", 2: "Stereo", 6: "5.1"}
"""``ChannelType``; above two channels by analogy."""

_IN_THE_XML = ": the .xml for Premiere says it"

Losses = tuple[Loss, ...]


def flavoured(
    timeline: otio.schema.Timeline, arrangement: Timeline, folder: Path
) -> tuple[otio.schema.Timeline, Losses]:
    """A timeline as Premiere takes it in.

    Args:
        timeline: The timeline; not modified.
        arrangement: What it says; media paths in it are the ones to name.
        folder: Where the file will lie: relative paths are meant from here.

    Returns:
        A new timeline, and what it does not say as the arrangement does.
    """
    document = opened(timeline)
    document["global_start_time"] = time_json(arrangement.start_frame, arrangement.rate)
    noted(document, PREMIERE).setdefault("MetadataVersion", "1.0")
    writer = _Writer(arrangement.rate, folder, unmeasured(arrangement))
    writer.stack(document["tracks"], arrangement)
    if arrangement.drop_frame:
        told = "that its timecode drops frames is not said"
        writer.losses.append(Loss(Feature.START, f"Timeline “{arrangement.name}”", told + _IN_THE_XML))
    return closed(document), tuple(writer.losses)


def _cannot(arrangement: Timeline) -> list[Loss]:
    """What Premiere does not read, or nobody knows how it would."""
    told = unsupported(arrangement, (Feature.GAIN, Feature.FADE), "premiere")
    return [
        replace(loss, message=loss.message + _IN_THE_XML)
        for loss in told
        if loss.feature is not Feature.EFFECT
    ]


@dataclass(slots=True)
class _Writer:
    """Writes one timeline; see ``_Writer`` of Resolve's flavour for what is held."""

    rate: Fraction
    folder: Path
    used: dict[Media, tuple[Fraction, Fraction]]
    losses: list[Loss] = field(default_factory=list)
    made: dict[Media, Json] = field(default_factory=dict)

    def stack(self, stack: Json, arrangement: Timeline) -> None:
        self.losses += _cannot(arrangement)
        width, height = arrangement.size or (0, 0)
        said = noted(stack, PREMIERE)
        said.setdefault("AudioFrameRate", float(SAMPLE_RATE_HZ))
        said.setdefault("VideoFrameRate", float(self.rate))
        said.setdefault("PixelAspectRatio", {"denominator": 1.0, "numerator": 1.0})
        if width and height:
            said.setdefault("VideoResolution", {"height": height, "width": width})
        for lane in lanes(stack, arrangement):
            lay_on_frames(lane, self.rate)
            if lane.track.kind is TrackKind.AUDIO and is_a(lane.member, "Track"):
                channels = lane.track.channels
                noted(lane.member, PREMIERE)["AudioChannels"] = {
                    "ChannelType": _CHANNEL_TYPES.get(channels, "Adaptive"),
                    "NumberOfChannels": channels,
                }
                if channels not in _CHANNEL_TYPES:
                    told = f"{channels} channels as an adaptive track: see that it is"
                    self.losses.append(Loss(Feature.CHANNELS, f"Track “{lane.track.name}”", told))
            for item, clip in lane.clips:
                self.clip(item, clip, lane.track.kind, arrangement)

    def clip(self, item: Json, clip: Clip, kind: TrackKind, arrangement: Timeline) -> None:
        name = arrangement.named(clip)
        if is_moved(clip, self.rate):
            self.losses.append(Loss(Feature.TIME, name, "at the nearest frames" + _IN_THE_XML))
        if clip.speed != 1:
            told = "speed written as OTIO has it, which Premiere may read otherwise" + _IN_THE_XML
            self.losses.append(Loss(Feature.SPEED, name, told))
        else:
            # One that does nothing makes Premiere take the clip for a retimed one and drop its motion.
            item["effects"] = [one for one in item["effects"] if one.get("time_scalar") != 1.0]
        before = item["source_range"]
        head = in_own_time(item, clip, self.rate)
        first = before["start_time"]["value"] / before["start_time"]["rate"] if before else 0.0
        for marker in item["markers"]:  # they count in media time
            start = marker["marked_range"]["start_time"]
            start["value"] += round((float(head) - first) * start["rate"], 6)
        said = noted(item, PREMIERE)
        if clip.link is not None:
            said["LinkID"] = clip.link
        if kind is TrackKind.AUDIO:
            said["AudioChannels"] = {
                "ChannelType": _CHANNEL_TYPES.get(len(clip.channels), "Adaptive"),
                "SecondaryAssignments": [{"SecondaryChannelIndex": channel} for channel in clip.channels],
            }
        said.setdefault("OriginalChannelGroupIndex", 0)
        said.setdefault("SourceClipIndex", 0)
        if isinstance(clip.content, Timeline):
            self.stack(item, clip.content)
        elif isinstance(clip.content, Generator):
            self.losses.append(Loss(Feature.GENERATOR, name, "a generator that Premiere may not know"))
        else:
            self.media(item, clip.content, name)

    def media(self, item: Json, media: Media, name: str) -> None:
        if media.duration is None:
            told = "its length is not known: written as what is used of it"
            self.losses.append(Loss(Feature.MEDIA, name, told))
        old = reference_of(item)
        if old is None or media.sequence is not None:
            if media.sequence is not None:
                told = "numbered images in OTIO's own words, which Premiere may not know"
                self.losses.append(Loss(Feature.MEDIA, name, told))
            return
        made = self.made.get(media)
        if made is None:
            made = self.made[media] = self.reference(media)
        if old["metadata"]:
            made = made | {"metadata": old["metadata"]}
        item["media_references"][item["active_media_reference_key"]] = made

    def reference(self, media: Media) -> Json:
        """The reference to media, by the percent-encoded ``file:`` URL that Premiere writes itself."""
        made: Json = {
            "OTIO_SCHEMA": "ExternalReference.1",
            "metadata": {},
            "name": media.name,
            "available_range": available_json(media, self.rate, self.used),
            "available_image_bounds": None,
        }
        path = plain_path(media.path)
        if is_relative(path):
            path = str(self.folder / path)
        if not path:
            return made | {"OTIO_SCHEMA": "MissingReference.1"}
        return made | {"target_url": path if is_web(path) else file_url(path)}
