"""Sound cut to what a timeline plays, with some more on either side: handles, by which a mixer moves edits.

Each file becomes as many WAVs as there are stretches of it in use; stretches whose handles meet are one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from avm_otio.delivery.conversions import Conversion, converted
from avm_otio.delivery.sound_files import (
    channels_of,
    file_stem,
    is_heard,
    louder,
    report_quieter,
    wav_media,
)
from avm_otio.report import Report
from avm_otio.timeline.model import SAMPLE_RATE_HZ, Clip, Timeline, Track, TrackKind
from avm_otio.timeline.time import MediaTime, since_midnight

_RATE = Fraction(SAMPLE_RATE_HZ)
_GAP_S = 1
"""What lies between two stretches and is no longer than this is copied, too: one file is simpler than two."""

_Key = tuple[str, tuple[int, ...]]
"""A file and the channels of it that are played."""


@dataclass(frozen=True, slots=True)
class _Use:
    """A stretch of a file that a clip plays, seconds from the file's head; and where its head would lie."""

    first: Fraction
    last: Fraction
    clip: Clip


def with_handles(
    timeline: Timeline, folder: Path, handles: Fraction, *, split: bool, report: Report
) -> Timeline:
    """A timeline whose sounds are 48 kHz 24-bit Broadcast WAVs, cut to what is played and its handles.

    Args:
        timeline: The timeline, nests opened, media located; media that lie in ``folder`` stay.
        folder: Where the WAVs go.
        handles: Seconds before and after each stretch that is played, as far as the file has them.
        split: One file a channel.
        report: Receives progress and warnings.

    Returns:
        The same with these files. Each begins where its time reference says: where its first sample would
        lie on the record, by its first use.

    Raises:
        MediaError: A sound cannot be read.
        OutputError: A WAV cannot be written.
    """
    uses: dict[_Key, list[_Use]] = {}
    for track in timeline.audio_tracks:
        for clip in track.clips:
            if (key := _key(clip, folder)) is not None:
                uses.setdefault(key, []).append(_use(clip, track))
    wanted: dict[_Key, list[Conversion]] = {
        key: list(_stretches(key, found, handles, timeline, split=split)) for key, found in uses.items()
    }
    taken = {path.name.casefold() for path in folder.iterdir()} if folder.is_dir() else set()
    made = converted((one for each in wanted.values() for one in each), folder, taken, report)
    report_quieter(made, report)
    media = {one: wav_media(one, result) for one, result in made.items()}  # writers ask for much of each

    def moved(clip: Clip) -> Clip:
        key = _key(clip, folder)
        if key is None or clip.media is None:
            return clip
        at = clip.media_start - clip.media.start
        one = [each for each in wanted[key] if each.first <= at or each is wanted[key][0]][-1]
        return replace(
            clip,
            content=media[one],
            media_in=MediaTime(clip.media_in - clip.media.start - one.first + media[one].start),
            channels=tuple(range(len(key[1]))),
            channels_assumed=False,
            mix=louder(clip.mix, made[one].quieter_db),
        )

    def of_track(track: Track) -> Track:
        if track.kind is not TrackKind.AUDIO:
            return track
        return replace(track, clips=tuple(moved(clip) for clip in track.clips))

    return replace(timeline, tracks=tuple(map(of_track, timeline.tracks)))


def handles_of(clip: Clip) -> tuple[Fraction, Fraction]:
    """How much of its media lies before and after what a clip plays, in seconds; 0 where nobody knows."""
    media = clip.media
    if media is None or media.end is None:
        return Fraction(0), Fraction(0)
    last = clip.media_start + clip.duration * abs(clip.speed)
    return max(Fraction(0), clip.media_start - media.start), max(Fraction(0), media.end - last)


def _key(clip: Clip, folder: Path) -> _Key | None:
    media = clip.media
    if media is None or not is_heard(clip) or Path(media.path).parent == folder:
        return None
    return media.path, channels_of(clip, media)


def _use(clip: Clip, track: Track) -> _Use:
    """What a clip plays, with what its transitions reach beyond its edges."""
    media = clip.media
    assert media is not None  # it is heard
    before = max((one.before for one in track.transitions if one.at == clip.start), default=Fraction(0))
    after = max((one.after for one in track.transitions if one.at == clip.end), default=Fraction(0))
    first = clip.media_start - media.start
    last = first + clip.duration * abs(clip.speed)
    return _Use(first - before * abs(clip.speed), last + after * abs(clip.speed), clip)


def _stretches(
    key: _Key, uses: Iterable[_Use], handles: Fraction, timeline: Timeline, *, split: bool
) -> Iterator[Conversion]:
    """The WAVs of a file, in order."""
    joined: list[tuple[Fraction, Fraction, Clip]] = []
    for use in sorted(uses, key=lambda use: use.first):
        media = use.clip.media
        assert media is not None
        first = Fraction(math.floor(max(Fraction(0), use.first - handles) * _RATE)) / _RATE
        last = Fraction(math.ceil((use.last + handles) * _RATE)) / _RATE
        if media.duration is not None:
            last = max(first + 1 / _RATE, min(last, Fraction(math.ceil(media.duration * _RATE)) / _RATE))
        if joined and first <= joined[-1][1] + _GAP_S:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last), joined[-1][2])
        else:
            joined.append((first, last, use.clip))
    path, channels = key
    for number, (first, last, clip) in enumerate(joined, 1):
        media = clip.media
        assert media is not None
        into = clip.media_start - media.start - first
        head = timeline.start + clip.start - into / (clip.speed if clip.speed > 0 else 1)
        name = file_stem(media)
        yield Conversion(
            Path(path),
            f"{name}_{number:02d}" if len(joined) > 1 else name,
            channels=channels,
            first=first,
            length=last - first,
            time_reference=since_midnight(head, _RATE),
            description=clip.name,
            split=split,
            expected=last - first,
            width=len(channels),
        )
