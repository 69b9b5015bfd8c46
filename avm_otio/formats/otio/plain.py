"""Plain OTIO whose media lie where they were delivered; all else stays as it is."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from avm_otio.formats.otio.json_form import is_a
from avm_otio.formats.otio.patch import (
    Json,
    available_json,
    closed,
    in_own_time,
    lanes,
    opened,
    range_json,
    reference_of,
    unmeasured,
)
from avm_otio.timeline.losses import Loss
from avm_otio.timeline.model import Clip, Media, Timeline
from avm_otio.timeline.urls import UrlStyle, paths_of, url_of


def flavoured(
    timeline: otio.schema.Timeline, arrangement: Timeline, folder: Path
) -> tuple[otio.schema.Timeline, tuple[Loss, ...]]:
    """A timeline that names its media where the arrangement has them: below the folder relatively.

    Args:
        timeline: The timeline; not modified.
        arrangement: What it says; media paths in it are the ones to name.
        folder: Where the file will lie.

    Returns:
        A new timeline, and no loss: OTIO says all that we know.
    """
    document = opened(timeline)
    _point(document["tracks"], arrangement, folder)
    return closed(document), ()


def _point(stack: Json, arrangement: Timeline, folder: Path) -> None:
    used = unmeasured(arrangement)
    for lane in lanes(stack, arrangement):
        for item, clip in lane.clips:
            if isinstance(clip.content, Timeline):
                _point(item, clip.content, folder)
                continue
            reference = reference_of(item)
            if reference is None or clip.media is None or not clip.media.is_online or not clip.media.path:
                continue
            if is_a(reference, "ImageSequenceReference"):
                reference["target_url_base"] = _url(clip.media, folder) + "/"
            elif Path(clip.media.path) not in paths_of(reference.get("target_url") or "", folder):
                _count_anew(item, clip, arrangement.rate)
                reference["OTIO_SCHEMA"] = "ExternalReference.1"
                reference["target_url"] = _url(clip.media, folder)
                reference["available_range"] = available_json(clip.media, arrangement.rate, used)


def _count_anew(item: Json, clip: Clip, rate: Fraction) -> None:
    """Where a file took another's place, count the range from its own first frame as its timecode does."""
    if item["source_range"] is None:
        first, last = clip.frames(rate)
        item["source_range"] = range_json(0, last - first, rate)
    in_own_time(item, clip, rate)


def _url(media: Media, folder: Path) -> str:
    path = Path(media.path)
    inside = path.is_relative_to(folder)
    return url_of(path, UrlStyle.RELATIVE if inside else UrlStyle.FILE_URL, folder)
