"""Sounds as a bin: an OpenTimelineIO collection of clips, to be opened where timelines are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import opentimelineio as otio

from avm_otio.engine.searching import Found
from avm_otio.files import write_text
from avm_otio.timeline.model import SAMPLE_RATE_HZ
from avm_otio.timeline.urls import file_url


def write_bin(path: Path, name: str, found: Sequence[Found]) -> None:
    """Write a bin; its clips are as long as their files, at 48 kHz.

    Args:
        path: The ``.otio`` file.
        name: What the bin is called.
        found: The sounds, in their order.

    Raises:
        OutputError: It cannot be written.
    """
    clips = []
    for each in found:
        fields = each.as_json()
        length = round(each.item.duration_us * SAMPLE_RATE_HZ / 1_000_000)
        whole = otio.opentime.TimeRange(
            otio.opentime.RationalTime(0, SAMPLE_RATE_HZ), otio.opentime.RationalTime(length, SAMPLE_RATE_HZ)
        )
        media = otio.schema.ExternalReference(target_url=file_url(fields["file"]), available_range=whole)
        kept = {
            key: value for key, value in fields.items() if key not in ("file", "path") and value is not None
        }
        clips.append(
            otio.schema.Clip(
                name=each.item.title,
                media_reference=media,
                source_range=whole,
                metadata={"avm": {"version": 1, "library": kept}},
            )
        )
    write_text(path, otio.schema.SerializableCollection(name=name, children=clips).to_json_string(indent=4))
