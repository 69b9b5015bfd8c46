"""What the media of a timeline really is: where each file lies, its own timecode, its channels."""

from __future__ import annotations

import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import opentimelineio as otio

from avm_otio.errors import InputError, MediaError
from avm_otio.files import same_file
from avm_otio.formats.otio.media import Facts, Offline
from avm_otio.report import Report
from avm_otio.timeline.flatten import AUDIO, VIDEO, MediaSource, flatten, media_of
from avm_otio.timeline.model import Media
from avm_otio.timeline.time import MediaTime, nearest_frame, time_range
from avm_otio.timeline.urls import place_of

if TYPE_CHECKING:
    from avm_otio.media.probe import MediaInfo


def facts_of(
    timeline: otio.schema.Timeline, folder: Path, roots: Sequence[Path], report: Report
) -> dict[MediaSource, Facts | Offline]:
    """Look at every file that a timeline names.

    Args:
        timeline: The timeline; not modified.
        folder: The folder from which its relative URLs are meant.
        roots: Where moved media are looked for by name.
        report: Who is told of progress, and of files that cannot be read.

    Returns:
        What is known of each; of a file that is not there or not readable, where it should be.

    Raises:
        TimelineError: A clip has no length.
    """
    from avm_otio.media.clock import media_clock
    from avm_otio.media.locate import look_for
    from avm_otio.media.probe import probe

    earliest: dict[Any, Fraction] = dict(_earliest(timeline))
    places, lost = look_for(earliest, folder=folder, roots=roots)
    infos: dict[Path, MediaInfo | None] = {}
    files: dict[Any, Path] = {source: _file(cast(Any, source), path) for source, path in places.items()}
    with report.step("Looking at the media", len(set(files.values()))) as advance:
        for path in files.values():
            if path not in infos:
                try:
                    infos[path] = probe(path)
                except MediaError as error:
                    report.warn(str(error))
                    infos[path] = None
                advance(len(infos), None)
    known: dict[Any, Facts | Offline] = {}
    for source, path in places.items():
        info = infos[files[source]]
        if info is None:
            lost.append(source)
            continue
        clock = media_clock(source, info, earliest[source])
        start = MediaTime(Fraction(0) if info.start is None else info.start)
        known[source] = Facts(_media(cast(Any, source), path, info, start), clock.origin, clock.scale)
    for source in lost:
        if source.url:
            known[source] = Offline(place_of(source.url, folder))
    return known


def _without_dots(path: Path) -> str:
    """The absolute path without ``..``, which not every editor follows; links stay what they are."""
    plain = Path(os.path.normpath(path.absolute()))
    return str(plain if same_file(plain, path) else path.resolve())


def _earliest(timeline: otio.schema.Timeline) -> dict[MediaSource, Fraction]:
    """All media of a timeline, and the earliest media time that is used of each."""
    found: dict[MediaSource, Fraction] = {}
    looks = ((VIDEO, VIDEO), (AUDIO, AUDIO), (AUDIO, VIDEO))
    for placed in (one for kind, inside in looks for one in flatten(timeline, kind, inside=inside)):
        if placed.media is not None:
            used = min(placed.media_in, placed.media_at(placed.end))
            found[placed.media] = min(found.get(placed.media, used), used)
    return found


def _file(source: MediaSource, path: Path) -> Path:
    """The file to look at: of a sequence its first image that is there."""
    if source.sequence is None:
        return path
    first = path / source.sequence.file_name(0)
    if first.is_file():
        return first
    prefix, suffix = source.sequence.prefix, source.sequence.suffix
    images = (one for one in path.iterdir() if one.name.startswith(prefix) and one.name.endswith(suffix))
    return min(images, default=first)


def _length_of_images(source: MediaSource, folder: Path) -> Fraction | None:
    """How long numbered images last: from the first that is meant to the last that is there."""
    sequence = source.sequence
    if sequence is None or not source.rate:
        return None
    written = (
        one.name.removeprefix(sequence.prefix).removesuffix(sequence.suffix)
        for one in folder.iterdir()
        if one.name.startswith(sequence.prefix) and one.name.endswith(sequence.suffix)
    )
    numbers = [int(one) for one in written if one.isascii() and one.removeprefix("-").isdigit()]
    after = max(numbers, default=sequence.start_number - 1) - sequence.start_number
    return None if after < 0 else (after // max(1, sequence.step) + 1) / source.rate


def _media(source: MediaSource, path: Path, info: MediaInfo, start: MediaTime) -> Media:
    video = info.video
    sound = info.audio[0] if info.audio else None
    duration = info.duration
    if video is not None and video.frames and not info.is_still:
        duration = video.frames / video.rate
    elif video is None and sound is not None and sound.samples:
        duration = Fraction(sound.samples, sound.sample_rate_hz)
    rate = None if video is None or info.is_still else video.rate
    return Media(
        name=source.sequence.file_name(0) if source.sequence else path.name,
        path=_without_dots(path),
        start=start if source.sequence is None else MediaTime(source.start or Fraction(0)),
        duration=_length_of_images(source, path) if source.sequence else duration,
        rate=source.rate if source.sequence else rate,
        size=(video.width, video.height) if video is not None else None,
        sample_rate_hz=sound.sample_rate_hz if sound is not None else None,
        channels=sum(stream.channels for stream in info.audio),
        has_picture=video is not None,
        sequence=source.sequence,
        drop_frame=video is not None and video.drop_frame,
    )


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
        path = look_for([cast(Any, source)], folder=folder, roots=roots)[0].get(cast(Any, source))
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
