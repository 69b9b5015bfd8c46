"""The timeline's own media: where each file lies, its own timecode, its channels, how long it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from avm_otio.errors import InputError, MediaError
from avm_otio.files import same_file
from avm_otio.media.locate import found_all, look_for, search_for
from avm_otio.report import Report
from avm_otio.timeline.gain import BOTH_SIDES
from avm_otio.timeline.model import Clip, Media, Streams, Timeline
from avm_otio.timeline.placed import Placements
from avm_otio.timeline.time import MediaTime, format_timecode, nearest_frame
from avm_otio.timeline.urls import place_of

_MOST_NAMED = 6
"""How many missing files are named one by one."""

if TYPE_CHECKING:
    from avm_otio.media.clock import MediaClock
    from avm_otio.media.probe import MediaInfo
    from avm_otio.timeline.plan import ExportPlan, SoundSegment

_ZERO = Fraction(0)
_TOLERANCE = Fraction(1, 1000)
"""How far a timestamp may be off, in seconds."""
_LONGER_SOUND_S = Fraction(1, 10)


def film_located(
    plan: ExportPlan,
    folder: Path,
    roots: Sequence[Path],
    *,
    strict: bool = False,
    must_show: bool = True,
) -> tuple[ExportPlan, dict[Media, Path]]:
    """Find a film's media.

    What lies below other clips throughout is not insisted upon: a film needs what is seen and heard.

    Args:
        plan: The film.
        folder: The timeline's folder.
        roots: Where moved media are looked for by name.
        strict: Whether media that several files could be are refused.
        must_show: Whether it must show something.

    Returns:
        The film, without layers that are missing and not missed, and with no choice of channels where a clip
        plays all that its file has; and where its media lies.

    Raises:
        MissingMediaError: Media that is seen or heard is not there; names each clip and path.
        MediaError: The film would show nothing but black, where it must not; or ``strict``.
    """
    hidden = plan.hidden_media
    from avm_otio.media.clock import used_spans

    spans = used_spans(plan)
    needed = [media for media in plan.media if media not in hidden]
    search = search_for(needed, folder=folder, roots=roots, spans=spans)
    places = found_all(search, folder)
    below = search_for(hidden, folder=folder, roots=roots, spans=spans)
    if strict:
        search.refuse_choices()
        below.refuse_choices()
    places |= below.found
    lost = below.missing
    plan = replace(plan, notes=tuple(dict.fromkeys((*plan.notes, *search.notes, *below.notes))))
    plan = replace(plan, sound=_as_files_have_it(plan.sound, places)).without(lost)
    return (_seen(plan, places) if must_show or plan.picture_media else plan), places


def _seen(plan: ExportPlan, places: Mapping[Media, Path]) -> ExportPlan:
    """A film that shows something; what shows nothing, though a clip lies there, is noted.

    Media of which the timeline states what there is are looked at only until one is seen.

    Raises:
        MediaError: All of it would be black.
    """
    from avm_otio.media.clock import media_clocks
    from avm_otio.media.probe import probe

    files: dict[Media, tuple[MediaInfo, MediaClock] | None] = {}
    misses: dict[str, None] = {}
    is_seen = False
    for segment in plan.picture:
        for layer in segment.layers:
            media = layer.media
            if is_seen and media.counted_from is not None:
                continue
            if media not in files:
                try:
                    info = probe(_file_of(media, places[media]))
                    files[media] = info, media_clocks(plan, {media: info})[media]
                except MediaError:  # the export says so
                    files[media] = None
            file = files[media]
            last = layer.media_in + (segment.end - segment.start - 1) / plan.rate * layer.speed
            span = (min(layer.media_in, last), max(layer.media_in, last))
            miss = "" if file is None or media.sequence else _miss(media, *file, span)
            if miss:
                misses[miss] = None
            is_seen = is_seen or not miss
    notes = tuple(f"{miss}: it is black there." for miss in misses)
    if is_seen:
        return replace(plan, notes=(*plan.notes, *notes))
    if not misses:
        raise MediaError(
            f"“{plan.name}” shows nothing but black: no clip of it has a picture from a file.",
            "Choose a range with a clip in it, or export generators and titles as media.",
        )
    first, *more = misses
    others = f"; and {len(more)} more" if more else ""
    raise MediaError(
        f"“{plan.name}” shows nothing but black. {first}{others}.",
        "Check that the media are the right ones, and of an EDL the rate (--rate).",
    )


def _miss(media: Media, info: MediaInfo, clock: MediaClock, span: tuple[Fraction, Fraction]) -> str:
    """Why a stretch of media time is not seen; empty where some of it is."""
    video = info.video
    if video is None or info.is_still or info.duration is None:
        return ""
    first, last = (clock.file_time(time) for time in span)
    length = max(info.duration, video.frames / video.rate if video.frames else _ZERO)
    if last >= -_TOLERANCE and first < length:
        return ""
    start, rate = info.start or _ZERO, video.rate
    asked, begins, ends = (
        _timecode(time, rate, drop_frame=video.drop_frame)
        for time in (clock.origin * clock.scale + first, start, start + length)
    )
    return f"“{media.clip_name}” begins at {asked} of its source, and {info.path.name} has {begins} to {ends}"


def _timecode(time: Fraction, rate: Fraction, *, drop_frame: bool) -> str:
    frame = nearest_frame(time, rate)
    return format_timecode(frame, rate, drop_frame) if frame >= 0 else "before 00:00:00:00"


def _as_files_have_it(
    sound: Sequence[SoundSegment], places: Mapping[Media, Path]
) -> tuple[SoundSegment, ...]:
    """Sounds without a choice of channels where they play what is heard of their file anyway.

    So do two at one place that are the two channels of one file: sound tracks in pairs.
    """
    from avm_otio.media.probe import AudioInfo, probe

    streams: dict[Path, Sequence[AudioInfo]] = {}
    halves: dict[SoundSegment, int] = {}
    found: list[SoundSegment] = []
    for part in sound:
        path = places[part.media]
        if part.channels and path not in streams:
            try:
                streams[path] = probe(path).audio
            except MediaError:  # the export says so
                streams[path] = ()
        if not part.channels or not streams[path]:
            found.append(part)
            continue
        is_split = len(streams[path]) > 1 and all(stream.channels == 1 for stream in streams[path])
        usual = tuple(range(2 if is_split else streams[path][0].channels))
        every = sum(stream.channels for stream in streams[path])
        there = tuple(channel for channel in part.channels if channel < every)
        if there != tuple(range(every)):
            there = part.channels  # a channel that is not there is silence in its own place, and reported
        other_half = replace(part, channels=(1 - there[0],)) if every == 2 and len(there) == 1 else None
        if other_half is not None and part.sides == (1.0 - there[0], float(there[0])):
            # The left channel on the left alone, the right on the right: as the file has them.
            other_half = replace(other_half, sides=part.sides[::-1])
        if other_half in halves:
            found[halves.pop(other_half)] = replace(part, channels=(), sides=BOTH_SIDES)
            continue
        part = replace(part, channels=() if there == usual else there)
        halves[part] = len(found)
        found.append(part)
    return tuple(found)


Measured = tuple[int, int, Fraction]
"""First frame, number of frames and rate of a piece of media; of sound, samples."""


def measure(folder: Path, roots: Sequence[Path]) -> Callable[[Media], Measured | None]:
    """How long media is that a timeline says nowhere, where its file can be read.

    Args:
        folder: The timeline's folder.
        roots: Where moved media are looked for by name.
    """
    from avm_otio.media.probe import probe

    def measured(media: Media) -> Measured | None:
        path = look_for([media], folder=folder, roots=roots)[0].get(media)
        if path is None:
            return None  # selection names the clip if its length is needed
        try:
            info = probe(path)
        except InputError:
            return None
        if info.duration is None:
            return None
        rate = info.video.rate if info.video is not None else Fraction(info.audio[0].sample_rate_hz)
        frames = info.video.frames if info.video is not None else None
        return nearest_frame(info.start or _ZERO, rate), frames or nearest_frame(info.duration, rate), rate

    return measured


@dataclass(frozen=True, slots=True)
class _File:
    """A piece of media as its file is.

    Attributes:
        media: The media.
        origin: What the timeline counts at the file's first frame, media time as the timeline writes it.
        scale: File seconds a second of the timeline's media time; other than 1 where a timeline counts a
            23.976 file at 24, or the like.
    """

    media: Media
    origin: Fraction = _ZERO
    scale: Fraction = Fraction(1)


def located(
    timeline: Timeline,
    folder: Path,
    roots: Sequence[Path],
    report: Report,
    *,
    strict: bool = False,
    seen: dict[Path, MediaInfo | None] | None = None,
) -> Timeline:
    """A timeline whose media are as their files are, and whose clips count in the files' own time.

    Of a file that is not there or not readable, its media says where it should be.

    Args:
        timeline: The timeline, as it was read.
        folder: The folder from which its relative URLs are meant.
        roots: Where moved media are looked for by name.
        report: Receives progress, and warnings of files that cannot be read.
        strict: Whether media that several files could be are refused.
        seen: What files are that were looked at before, of another cut; those of this one are added.

    Raises:
        MediaError: They are.
    """
    placements = Placements(timeline)
    files = _files(placements, folder, roots, report, strict, {} if seen is None else seen)
    objects: dict[Media, Media] = {}  # each file is one object: writers ask for much of each

    def of_timeline(inner: Timeline) -> Timeline:
        tracks = (replace(track, clips=tuple(map(of_clip, track.clips))) for track in inner.tracks)
        return replace(inner, tracks=tuple(tracks))

    def of_clip(clip: Clip) -> Clip:
        if isinstance(clip.content, Timeline):
            return replace(clip, content=of_timeline(clip.content))
        media = placements.media_of(clip)
        file = None if media is None else files.get(media)
        if clip.media is None:
            return clip
        found, media_in = clip.media, clip.media_in
        if file is not None and file.media.is_online:
            found = file.media
            media_in = MediaTime((clip.media_in - file.origin) * file.scale + found.start)
        elif file is not None:
            found = replace(found, path=file.media.path, is_online=False)
        return replace(clip, content=objects.setdefault(found, found), media_in=media_in)

    return of_timeline(timeline)


def offline(timeline: Timeline, folder: Path, roots: Sequence[Path]) -> tuple[Media, ...]:
    """What clips of a timeline use and is nowhere found; no file is opened.

    Args:
        timeline: A timeline as it was read; its nests are looked into.
        folder: The timeline's folder.
        roots: Folders in which moved media are looked for by name.
    """
    placements = Placements(timeline)
    used = dict.fromkeys(filter(None, map(placements.media_of, _clips(timeline))))
    return tuple(search_for(used, folder=folder, roots=roots).missing)


def _files(
    placements: Placements,
    folder: Path,
    roots: Sequence[Path],
    report: Report,
    strict: bool,
    infos: dict[Path, MediaInfo | None],
) -> dict[Media, _File]:
    from avm_otio.media.clock import media_clock
    from avm_otio.media.probe import probe

    earliest: dict[Media, Fraction] = {}
    latest: dict[Media, Fraction] = {}
    for placed in placements.all():
        if placed.media is not None:
            used = min(placed.media_in, placed.media_at(placed.end))
            earliest[placed.media] = min(earliest.get(placed.media, used), used)
            used = max(placed.media_in, placed.media_at(placed.end))
            latest[placed.media] = max(latest.get(placed.media, used), used)
    for clip in _clips(placements.timeline):  # also what a nest's window hides, or plays at no speed
        media = placements.media_of(clip)
        if media is not None and media not in earliest:
            earliest[media] = latest[media] = clip.media_in
    spans = {media: (first, latest[media]) for media, first in earliest.items()}
    search = search_for(earliest, folder=folder, roots=roots, spans=spans)
    if strict:
        search.refuse_choices()
    places, lost = search.found, search.missing
    for note in search.notes:
        report.warn(note)
    for media, reason in list(search.reasons.items())[:_MOST_NAMED]:
        report.warn(f"“{media.clip_name or media.name}” is missing: {reason}.")
    if len(search.reasons) > _MOST_NAMED:
        report.warn(f"And {len(search.reasons) - _MOST_NAMED} more files are missing.")
    paths = {media: _file_of(media, path) for media, path in places.items()}
    with report.step("Looking at the media", len(set(paths.values()))) as advance:
        for path in paths.values():
            if path not in infos:
                try:
                    infos[path] = probe(path)
                except MediaError as error:
                    report.warn(str(error))
                    infos[path] = None
                info = infos[path]
                for note in () if info is None else info.notes:
                    report.warn(note)
                advance(len(infos), None)
    files: dict[Media, _File] = {}
    for media, path in places.items():
        info = infos[paths[media]]
        if info is None:
            lost.append(media)
        else:
            clock = media_clock(media, info, earliest[media])
            files[media] = _File(_as_filed(media, path, info), clock.origin, clock.scale)
    for media in lost:
        if media.url:
            files[media] = _File(replace(media, path=place_of(media.url, folder), is_online=False))
    return files


def _clips(timeline: Timeline) -> Iterator[Clip]:
    """All clips, those in nests too, wherever they lie."""
    for clip in timeline.clips():
        if isinstance(clip.content, Timeline):
            yield from _clips(clip.content)
        else:
            yield clip


def _as_filed(media: Media, path: Path, info: MediaInfo) -> Media:
    video = info.video
    sound = info.audio[0] if info.audio else None
    duration = info.duration
    if video is not None and video.frames and not info.is_still:
        pictures = video.frames / video.rate
        # Sound that goes on after the picture is part of the file; a codec's last frame of it is not.
        is_longer = duration is not None and duration > pictures + _LONGER_SOUND_S
        duration = duration if is_longer and sound is not None else pictures
    elif video is None and sound is not None and sound.samples:
        duration = Fraction(sound.samples, sound.sample_rate_hz)
    rate = None if video is None or info.is_still else video.rate
    start = info.start if media.sequence is None else media.counted_from
    return Media(
        name=media.sequence.file_name(0) if media.sequence else path.name,
        path=_without_dots(path),
        start=MediaTime(start or _ZERO),
        duration=_length_of_images(media, path) if media.sequence else duration,
        rate=media.counted_rate if media.sequence else rate,
        size=(video.width, video.height) if video is not None else None,
        sample_rate_hz=sound.sample_rate_hz if sound is not None else None,
        channels=sum(stream.channels for stream in info.audio),
        has_picture=video is not None,
        sequence=media.sequence,
        drop_frame=video is not None and video.drop_frame,
        streams=None
        if media.sequence
        else Streams(
            None if video is None else video.stream,
            tuple((stream.stream, stream.channels) for stream in info.audio),
        ),
    )


def _without_dots(path: Path) -> str:
    """The absolute path without ``..``, which not every editor follows; links stay what they are."""
    plain = Path(os.path.normpath(path.absolute()))
    return str(plain if same_file(plain, path) else path.resolve())


def _file_of(media: Media, path: Path) -> Path:
    """The file to look at: of a sequence its first image that is there."""
    if media.sequence is None:
        return path
    first = path / media.sequence.file_name(0)
    if first.is_file():
        return first
    prefix, suffix = media.sequence.prefix, media.sequence.suffix
    images = (one for one in path.iterdir() if one.name.startswith(prefix) and one.name.endswith(suffix))
    return min(images, default=first)


def _length_of_images(media: Media, folder: Path) -> Fraction | None:
    """How long numbered images last: from the first that is meant to the last that is there."""
    sequence = media.sequence
    if sequence is None or not media.counted_rate:
        return None
    written = (
        image.name.removeprefix(sequence.prefix).removesuffix(sequence.suffix)
        for image in folder.iterdir()
        if image.name.startswith(sequence.prefix) and image.name.endswith(sequence.suffix)
    )
    numbers = [int(text) for text in written if text.isascii() and text.removeprefix("-").isdigit()]
    after = max(numbers, default=sequence.start_number - 1) - sequence.start_number
    return None if after < 0 else (after // max(1, sequence.step) + 1) / media.counted_rate
