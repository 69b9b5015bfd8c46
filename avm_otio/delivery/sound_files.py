"""The media of a timeline as an editor wants them: left where they are, copied, or made into WAVs.

The time reference of a WAV is samples since midnight in real time: at 23.976 the timecode 01:00:00:00 is
3603.6 s after midnight, and 3603.6 · 48,000 is what the file says. That is how Pro Tools, Nuendo and Reaper
count it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from avm_otio.delivery.copies import copied
from avm_otio.formats.format import SoundFiles
from avm_otio.report import Report
from avm_otio.timeline.losses import Losses
from avm_otio.timeline.model import SAMPLE_RATE_HZ, Clip, Media, Mix, Timeline, Track, TrackKind
from avm_otio.timeline.nests import OPENED, opened_and_reported, opened_nests
from avm_otio.timeline.time import MediaTime, nearest_frame, since_midnight

if TYPE_CHECKING:
    from avm_otio.delivery.conversions import Conversion, Made

_RATE = Fraction(SAMPLE_RATE_HZ)
"""Samples a day: a time reference begins anew at midnight."""


class Deliver(StrEnum):
    """What becomes of the media."""

    LINK = "link"
    """They stay where they are; only what has to be made anew lies beside the timeline."""
    COPY = "copy"
    """All of them lie beside the timeline."""


class MediaFormat(StrEnum):
    """What form sound is delivered in."""

    KEEP = "keep"
    """As it is."""
    WAV48 = "wav48"
    """48 kHz 24-bit Broadcast WAV."""


def prepare(
    timeline: Timeline,
    folder: Path,
    *,
    need: SoundFiles,
    deliver: Deliver,
    media_format: MediaFormat,
    report: Report,
    losses: Losses,
    is_foreign: Callable[[Media], bool] = lambda media: False,
) -> Timeline:
    """Bring a timeline's media into the form in which they are delivered.

    Sources are never touched. What is offline stays as it is. A second run finds the files of the first.

    Args:
        timeline: The timeline.
        folder: Where new files go; made where it is needed.
        need: What the editor's file can point at. Both kinds of WAV are made whatever ``media_format`` says;
            for ``SPOTTED`` nests are opened.
        deliver: Whether the rest is copied.
        media_format: Whether sound is converted where the editor would take it as it is.
        report: Receives progress.
        losses: Those of the timeline, to which the nests that are opened are added.
        is_foreign: Whether the editor does not take a sound as it is, so that it is made into WAV anyway.

    Returns:
        The same with the media that are delivered; tracks and clips stay as they are, except for nests that
        are opened.

    Raises:
        MediaError: A file cannot be read.
        OutputError: A file cannot be written.
    """
    folder = folder.absolute()
    taken: set[str] = set()
    _report_missing_channels(timeline, report)
    if need is SoundFiles.SPOTTED:
        timeline = opened_and_reported(timeline, losses, OPENED)
        timeline = _spotted(timeline, folder, taken, report)
    elif need is SoundFiles.MONO or media_format is MediaFormat.WAV48:
        split = need is SoundFiles.MONO
        timeline = _converted_whole(timeline, folder, taken, report, lambda media: True, split=split)
    else:
        timeline = _converted_whole(timeline, folder, taken, report, is_foreign, split=False)
    if deliver is Deliver.COPY:
        left = [one for one in timeline.media() if not _is_made(one, folder)]
        places = copied(left, folder, taken, report)
        timeline = _with_media(timeline, lambda clip, _: _moved(clip, places))
    return timeline


def _is_made(media: Media, folder: Path) -> bool:
    return bool(media.path) and Path(media.path).parent == folder


def _moved(clip: Clip, places: dict[Media, Media]) -> Clip:
    media = clip.media
    return clip if media is None else replace(clip, content=places.get(media, media))


def _with_media(timeline: Timeline, change: Callable[[Clip, Track], Clip]) -> Timeline:
    """The same with its clips changed, those inside nests too."""

    def clip_of(clip: Clip, track: Track) -> Clip:
        if isinstance(clip.content, Timeline):
            return replace(clip, content=_with_media(clip.content, change))
        return change(clip, track)

    tracks = (
        replace(track, clips=tuple(clip_of(clip, track) for clip in track.clips)) for track in timeline.tracks
    )
    return replace(timeline, tracks=tuple(tracks))


@dataclass(frozen=True, slots=True)
class _Use:
    """How a piece of media is heard: where its first sample would lie, and which channels are used."""

    media: Media
    time_reference: int
    channels: tuple[int, ...]


def _uses(timeline: Timeline) -> dict[str, _Use]:
    """Every file that is heard, by its path, in order of first use."""
    opened = opened_nests(timeline)
    heard = [clip for track in opened.audio_tracks for clip in track.clips if is_heard(clip)]
    # Clips of nests that play at no speed lie nowhere, yet their media is delivered too.
    heard = sorted(heard, key=lambda clip: clip.start)
    heard += _all_heard(timeline)
    found: dict[str, _Use] = {}
    for clip in heard:
        media = clip.media
        assert media is not None  # it is heard
        used = channels_of(clip, media)
        if media.path not in found:
            offset = (clip.media_in - media.start) / (clip.speed if clip.speed > 0 else 1)
            head = max(Fraction(0), timeline.start + clip.start - offset)
            found[media.path] = _Use(media, since_midnight(head, _RATE), used)
        else:
            first_use = found[media.path]
            if not set(used) <= set(first_use.channels):
                found[media.path] = replace(first_use, channels=tuple(sorted({*first_use.channels, *used})))
    return found


def _all_heard(timeline: Timeline) -> Iterator[Clip]:
    for track in timeline.tracks:
        for clip in track.clips:
            if isinstance(clip.content, Timeline):
                yield from _all_heard(clip.content)
            elif track.kind is TrackKind.AUDIO and is_heard(clip):
                yield clip


def is_heard(clip: Clip) -> bool:
    """Whether a clip of a sound track plays sound of its file that can be made into a file."""
    media = clip.media
    if media is None or not media.is_online or not media.path or media.channels <= 0:
        return False
    return not clip.channels or any(channel < media.channels for channel in clip.channels)


def _report_missing_channels(timeline: Timeline, report: Report) -> None:
    """Say which clips play channels that their files do not have; another is never put in their place."""
    for track in timeline.tracks:
        for clip in track.clips:
            if isinstance(clip.content, Timeline):
                _report_missing_channels(clip.content, report)
            media = clip.media
            if (
                track.kind is not TrackKind.AUDIO
                or media is None
                or not media.is_online
                or not media.channels
            ):
                continue
            missing = [channel + 1 for channel in clip.channels if channel >= media.channels]
            is_whole = set(clip.channels) >= set(range(media.channels))  # a mono file on a stereo track
            if missing and not is_whole:
                numbers = ", ".join(map(str, missing))
                report.warn(
                    f"“{clip.name}” plays channel {numbers} of {media.name}, which has {media.channels}."
                )


def channels_of(clip: Clip, media: Media) -> tuple[int, ...]:
    """The channels that a clip plays and its media has; the first where it does not choose."""
    return tuple(one for one in clip.channels if one < media.channels) or (0,)


def file_stem(media: Media) -> str:
    """What files that are made of a piece of media are called, without an ending."""
    name = Path(media.name or media.path).name
    return name.removesuffix(Path(name).suffix) or name


def _converted_whole(
    timeline: Timeline,
    folder: Path,
    taken: set[str],
    report: Report,
    is_wanted: Callable[[Media], bool],
    *,
    split: bool,
) -> Timeline:
    """Every file that is heard as one WAV with all its channels, or as one for each channel that is used.

    Those that are not wanted so stay as they are.
    """
    uses = {path: use for path, use in _uses(timeline).items() if is_wanted(use.media)}
    if not uses:
        return timeline
    from avm_otio.delivery.conversions import Conversion, converted  # most timelines need none

    wanted = {
        path: Conversion(
            Path(path),
            file_stem(use.media),
            channels=use.channels if split else None,
            time_reference=use.time_reference,
            description=use.media.name,
            split=split,
            expected=use.media.duration or Fraction(0),
            width=len(use.channels) if split else use.media.channels,
        )
        for path, use in uses.items()
    }
    made = converted(wanted.values(), folder, taken, report)
    report_quieter(made, report)

    def changed(clip: Clip, track: Track) -> Clip:
        media = clip.media
        if track.kind is not TrackKind.AUDIO or media is None or not is_heard(clip):
            return clip
        if media.path not in wanted:
            return clip
        one = wanted[media.path]
        delivered = wav_media(one, made[one])
        channels = channels_of(clip, media)
        if one.channels is not None:
            channels = tuple(one.channels.index(channel) for channel in channels)
        at = MediaTime(clip.media_in - media.start + delivered.start)
        mix = louder(clip.mix, made[one].quieter_db)
        return replace(clip, content=delivered, media_in=at, channels=channels, mix=mix)

    return _with_media(timeline, changed)


def wav_media(one: Conversion, made: Made) -> Media:
    """The WAV; it begins where its time reference says, which is what every editor shows as its timecode."""
    return Media(
        name=made.paths[0].name,
        path=str(made.paths[0]),
        start=MediaTime(one.time_reference / _RATE),
        duration=made.samples / _RATE,
        sample_rate_hz=SAMPLE_RATE_HZ,
        channels=made.channels,
        mono=tuple(map(str, made.paths)) if one.split else (),
    )


def _spotted(timeline: Timeline, folder: Path, taken: set[str], report: Report) -> Timeline:
    """Every clip that is heard as a WAV of its own, which knows where it lies."""
    from avm_otio.delivery.conversions import converted

    wanted: dict[tuple[int, int], Conversion] = {}
    for at, track in enumerate(timeline.audio_tracks):
        for number, clip in enumerate(track.clips):
            if is_heard(clip) and clip.speed:
                name = f"A{at + 1} {number + 1:03d} {clip.name}"
                wanted[at, number] = _cut(clip, name, timeline)
    made = converted(wanted.values(), folder, taken, report)
    report_quieter(made, report)
    numbers = iter(range(len(timeline.audio_tracks)))

    def track_of(track: Track) -> Track:
        if track.kind is not TrackKind.AUDIO:
            return track
        at = next(numbers)
        clips = (
            _cut_clip(clip, wanted[at, number], made[wanted[at, number]]) if (at, number) in wanted else clip
            for number, clip in enumerate(track.clips)
        )
        return replace(track, clips=tuple(clips))

    return replace(timeline, tracks=tuple(track_of(track) for track in timeline.tracks))


def _cut(clip: Clip, name: str, timeline: Timeline) -> Conversion:
    """What a clip plays of its file, at the file's own speed.

    Its first sample is the one that is heard at the sample of the record nearest to the clip's head; so the
    error is at most half a sample, and clips that follow one another leave no hole.
    """
    from avm_otio.delivery.conversions import Conversion

    media = clip.media
    assert media is not None  # it is heard
    first = nearest_frame(clip.start, _RATE) / _RATE
    last = max(first + 1 / _RATE, nearest_frame(clip.end, _RATE) / _RATE)
    length = nearest_frame((last - first) * abs(clip.speed), _RATE) / _RATE
    begins = clip.media_start
    if clip.speed > 0:
        begins = MediaTime(clip.media_in + (first - clip.start) * clip.speed)
    return Conversion(
        Path(media.path),
        name,
        channels=channels_of(clip, media),
        first=nearest_frame(begins - media.start, _RATE) / _RATE,
        length=max(length, 1 / _RATE),
        time_reference=since_midnight(timeline.start + first, _RATE),
        description=clip.name,
        expected=length,
        width=len(channels_of(clip, media)),
    )


def _cut_clip(clip: Clip, one: Conversion, made: Made) -> Clip:
    media = wav_media(one, made)
    at = media.start if clip.speed > 0 else MediaTime(media.start + clip.duration * -clip.speed)
    return replace(
        clip,
        content=media,
        media_in=at,
        channels=tuple(range(made.channels)),
        mix=louder(clip.mix, made.quieter_db),
    )


def louder(mix: Mix, more_db: float) -> Mix:
    """A clip's mix with more gain."""
    if not more_db:
        return mix
    keys = tuple(replace(key, gain_db=key.gain_db + more_db) for key in mix.keys)
    return replace(mix, keys=keys, gain_db=mix.gain_db if keys else mix.gain_db + more_db)


def report_quieter(made: dict[Conversion, Made], report: Report) -> None:
    """Say which files were made quieter, and that their clips' gain makes up for it."""
    quieter: dict[str, float] = {}
    for one, result in made.items():
        if result.quieter_db:
            quieter[one.source.name] = max(result.quieter_db, quieter.get(one.source.name, 0))
    listed = ", ".join(f"{name} ({loudest:g} dB)" for name, loudest in quieter.items())
    if quieter:
        report.warn(
            f"Above full scale: {listed}. Its WAV is that much quieter, which its clips' gain makes up for."
        )
