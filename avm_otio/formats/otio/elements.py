"""What was not read from OTIO, in OTIO's words: media references, markers, and what stands under our key."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from avm_otio.formats.otio import metadata
from avm_otio.formats.otio.json_form import Document, range_json, span_json
from avm_otio.formats.otio.metadata import NAMESPACE
from avm_otio.timeline.model import Clip, Generator, Kept, Marker, Media, Mix, Timeline
from avm_otio.timeline.urls import name_in

_AS_IT_IS = Mix()
_ZERO = Fraction(0)
_ONE = Fraction(1)


def clip_data(clip: Clip, rate: Fraction) -> Document:
    """What stands under our key for a clip: all that OTIO cannot say of it."""
    data: Document = {}
    if clip.stem is not None:
        data["kind"] = str(clip.stem)
    start, end = (clip.offer and clip.offer.record) or (clip.start, clip.end)
    if clip.stem is not None or start * rate % 1 or end * rate % 1:
        data |= {"record_start": str(start), "record_end": str(end)}
    if clip.offer is not None or clip.mix != _AS_IT_IS:
        data |= {
            "gain_db": clip.mix.gain_db,
            "fade_in_us": clip.mix.fade_in_us,
            "fade_out_us": clip.mix.fade_out_us,
        }
    if clip.mix.pan:
        data["pan"] = clip.mix.pan
    if clip.mix.keys:
        data["gain_keys"] = [[str(key.at), key.gain_db] for key in clip.mix.keys]
    if clip.channels and not (clip.channels_assumed and clip.offer is not None):
        data["source_channels"] = list(clip.channels)
    if clip.link is not None:
        data["link"] = clip.link
    if clip.alternative:
        data["alternative"] = clip.alternative
    if clip.offer is not None:
        data |= metadata.offer_metadata(clip.offer)
    if clip.kept:
        data["kept"] = kept_data(clip.kept)
    if isinstance(clip.content, Timeline):
        data["nest"] = _nest_data(clip.content)
    if clip.media is not None and clip.offer is None:
        data["source"] = _source_data(clip.media)
    elif clip.media is not None and clip.media.sample_rate_hz:
        data["media"] = _measured(clip.media)
    return data


def _measured(media: Media) -> Document:
    """What a file of ours was measured to be."""
    samples = (media.duration or _ZERO) * (media.sample_rate_hz or 0)
    return {"samples": round(samples), "sample_rate_hz": media.sample_rate_hz, "channels": media.channels}


def _nest_data(nest: Timeline) -> dict[str, Any]:
    """What a nested stack cannot say of the timeline that it was."""
    data: dict[str, Any] = {
        "name": nest.name,
        "rate": str(nest.rate),
        "start_frame": nest.start_frame,
        "drop_frame": nest.drop_frame,
        "duration": str(nest.duration),
        "markers": len(nest.markers),
    }
    if nest.size:
        data["size"] = list(nest.size)
    if nest.kept:
        data["kept"] = kept_data(nest.kept)
    return data


def _source_data(media: Media) -> dict[str, Any]:
    data: dict[str, Any] = {"channels": media.channels, "has_picture": media.has_picture}
    if media.duration is not None:
        data["duration"] = str(media.duration)
    if media.rate is not None:
        data["rate"] = str(media.rate)
    if media.size:
        data["size"] = list(media.size)
    if media.sample_rate_hz:
        data["sample_rate_hz"] = media.sample_rate_hz
    if media.drop_frame:
        data["drop_frame"] = True
    return data


def reference(clip: Clip, rate: Fraction) -> Document:
    """The media reference of a clip that holds media or a generator."""
    content = clip.content
    if isinstance(content, Generator):
        return {
            "OTIO_SCHEMA": "GeneratorReference.1",
            "metadata": {},
            "name": content.name,
            "available_range": None,
            "generator_kind": content.kind,
            "parameters": {},
        }
    assert isinstance(content, Media)
    each = content.rate or rate
    available = None
    if content.duration is not None:
        available = span_json(content.start, content.duration, each)
    is_named = clip.offer is None or content.name != name_in(content.path)
    name = content.name if is_named else ""
    made: Document = {"metadata": {}, "name": name, "available_range": available}
    if not content.path or not content.is_online:
        if content.path:
            made["metadata"] = {NAMESPACE: {"path": content.path}}
        return made | {"OTIO_SCHEMA": "MissingReference.1"}
    numbering = content.sequence
    if numbering is None:
        return made | {"OTIO_SCHEMA": "ExternalReference.1", "target_url": content.path}
    return made | {
        "OTIO_SCHEMA": "ImageSequenceReference.1",
        "name": "",
        "target_url_base": content.path,
        "name_prefix": numbering.prefix,
        "name_suffix": numbering.suffix,
        "start_frame": numbering.start_number,
        "frame_step": numbering.step,
        "frame_zero_padding": numbering.padding,
        "rate": float(each),
        "missing_frame_policy": "error",
    }


def gap(frames: int, rate: Fraction) -> Document:
    """A hole of some frames."""
    return {
        "OTIO_SCHEMA": "Gap.1",
        "metadata": {},
        "name": "",
        "source_range": range_json(0, frames, rate),
        "effects": [],
        "markers": [],
        "enabled": True,
    }


def markers_json(
    markers: Iterable[Marker], first: Fraction, speed: Fraction, rate: Fraction
) -> list[Document]:
    """Markers as OTIO counts them: media time, from the media time at a clip's head."""
    scale = speed if speed > 0 else _ONE
    return [
        {
            "OTIO_SCHEMA": "Marker.2",
            "metadata": {},
            "name": marker.name,
            "color": marker.color or "GREEN",
            "marked_range": span_json(first + marker.start * scale, marker.duration * scale, rate),
            "comment": marker.comment,
        }
        for marker in markers
    ]


def kept_data(kept: Iterable[Kept]) -> list[list[str]]:
    """What only one format understands, as it stands under our key."""
    return [[one.format, one.label, one.text] for one in kept]
