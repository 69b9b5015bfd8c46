"""The timeline's own media: where it lies, and how long it is where the timeline does not say."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from avm_otio.errors import InputError
from avm_otio.timeline.flatten import media_of
from avm_otio.timeline.plan import ExportPlan, MediaSource
from avm_otio.timeline.time import nearest_frame, time_range


def located(
    plan: ExportPlan, folder: Path, roots: Sequence[Path]
) -> tuple[ExportPlan, dict[MediaSource, Path]]:
    """Find a film's media.

    What lies below other clips throughout is not insisted upon: a film needs what is seen and heard.

    Args:
        plan: The film.
        folder: The timeline's folder.
        roots: Where moved media are looked for by name.

    Returns:
        The film, without layers that are missing and not missed, and where its media lies.

    Raises:
        MissingMediaError: Media that is seen or heard is not there; names each clip and path.
    """
    from avm_otio.media.locate import locate, look_for

    hidden = plan.hidden_media
    places = locate([one for one in plan.media if one not in hidden], folder=folder, roots=roots)
    below, lost = look_for(hidden, folder=folder, roots=roots)
    return plan.without(lost), places | below


def give_lengths(timeline: otio.schema.Timeline, folder: Path, roots: Sequence[Path]) -> None:
    """Give clips that say nowhere how long they are the range of their media, where it can be read.

    Args:
        timeline: Changed in place: give a copy.
        folder: The timeline's folder.
        roots: Where moved media are looked for by name.
    """
    from avm_otio.media.locate import look_for
    from avm_otio.media.probe import probe

    for clip in timeline.find_clips():
        reference = clip.media_reference
        if clip.source_range is not None or getattr(reference, "available_range", True) is not None:
            continue
        source = media_of(clip)
        if source is None:
            continue
        path = look_for([source], folder=folder, roots=roots)[0].get(source)
        if path is None:
            continue  # selection names the clip if its length is needed
        try:
            info = probe(path)
        except InputError:
            continue
        if info.duration is not None:
            rate = info.video.rate if info.video is not None else Fraction(info.audio[0].sample_rate_hz)
            frames = info.video.frames if info.video is not None else None
            first = nearest_frame(info.start or Fraction(0), rate)
            reference.available_range = time_range(first, frames or nearest_frame(info.duration, rate), rate)
