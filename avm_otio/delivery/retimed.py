"""Sound that does not play at its own speed, rendered as it plays: an AAF says no speed of sound."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import numpy as np

from avm_otio.delivery.sound_files import channels_of, file_stem, is_heard, louder
from avm_otio.files import free_name, make_folder, whole
from avm_otio.media import broadcast_wav
from avm_otio.media.broadcast_wav import Origin
from avm_otio.media.clock import media_clocks
from avm_otio.media.decode import Doubles
from avm_otio.media.film_sound import mixed
from avm_otio.media.naming import safe_name
from avm_otio.media.probe import probe
from avm_otio.media.wav import packed
from avm_otio.report import Report
from avm_otio.timeline.model import SAMPLE_RATE_HZ, Clip, Media, Timeline, Track, TrackKind
from avm_otio.timeline.plan import ExportPlan, FilmMap, SoundSegment
from avm_otio.timeline.time import FilmTime, MediaTime, RecordTime, nearest_frame

_RATE = Fraction(SAMPLE_RATE_HZ)
_NONE = Fraction(0)


def retimed(timeline: Timeline, folder: Path, handles: Fraction, report: Report) -> Timeline:
    """A timeline all of whose sounds play at their own speed, those that did not being rendered.

    Pitch follows speed, as on tape and in the preview. A freeze is silent, and stays as it is.

    Args:
        timeline: The timeline, nests opened, media located.
        folder: Where rendered sounds go; made where it is needed.
        handles: Seconds of the record before and after each clip, as far as its file has them.
        report: Receives progress, and a note of each.

    Raises:
        MediaError: A sound cannot be read.
        OutputError: A sound cannot be written.
    """
    wanted = [
        clip
        for track in timeline.audio_tracks
        for clip in track.clips
        if clip.speed not in (0, 1) and is_heard(clip)
    ]
    if not wanted:
        return timeline
    make_folder(folder)
    taken: set[str] = set()
    made: dict[int, Clip] = {}
    with report.step("Rendering sound at another speed", len(wanted)) as advance:
        for number, clip in enumerate(wanted, 1):
            made[id(clip)] = _rendered(clip, folder, handles, taken)
            report.warn(
                f"{timeline.named(clip)} plays at {float(clip.speed):g} times its speed: it is rendered so."
            )
            advance(number)

    def of_track(track: Track) -> Track:
        if track.kind is not TrackKind.AUDIO:
            return track
        return replace(track, clips=tuple(made.get(id(clip), clip) for clip in track.clips))

    return replace(timeline, tracks=tuple(map(of_track, timeline.tracks)))


def _rendered(clip: Clip, folder: Path, handles: Fraction, taken: set[str]) -> Clip:
    media = clip.media
    assert media is not None  # it is heard
    before, after = (min(handles, room) for room in _room(clip, media))
    first = nearest_frame(before, _RATE)
    count = first + nearest_frame(clip.duration + after, _RATE)
    channels = channels_of(clip, media)
    path = folder / f"{free_name(safe_name(f'{file_stem(media)} {float(clip.speed):g}x'), taken)}.wav"
    peak = 0.0
    for scale in (1.0, None):
        if scale is None and peak <= 1:
            break
        quieter_db = 0.0 if scale else math.ceil(200 * math.log10(peak)) / 10
        with whole(path) as temporary, temporary.open("wb") as file:
            broadcast_wav.begin(file, len(channels), Origin(description=clip.name), datetime.now())
            for block in _blocks(clip, media, channels, first, count):
                peak = max(peak, float(np.abs(block).max(initial=0)))
                file.write(packed(block * 10 ** (-quieter_db / 20)).tobytes())
            broadcast_wav.finish(file, count, len(channels))
    sound = Media(
        name=path.name,
        path=str(path),
        duration=count / _RATE,
        sample_rate_hz=SAMPLE_RATE_HZ,
        channels=len(channels),
    )
    return replace(
        clip,
        content=sound,
        media_in=MediaTime(first / _RATE),
        speed=Fraction(1),
        channels=tuple(range(len(channels))),
        channels_assumed=False,
        mix=louder(clip.mix, quieter_db),
    )


def _room(clip: Clip, media: Media) -> tuple[Fraction, Fraction]:
    """Seconds of the record for which its file goes on before and after a clip."""
    low = max(_NONE, clip.media_start - media.start)
    used = clip.media_start + clip.duration * abs(clip.speed)
    high = _NONE if media.end is None else max(_NONE, media.end - used)
    rooms = (low / abs(clip.speed), high / abs(clip.speed))
    return rooms if clip.speed > 0 else rooms[::-1]


def _blocks(clip: Clip, media: Media, channels: tuple[int, ...], first: int, count: int) -> Iterator[Doubles]:
    """What a clip plays with its handles, in blocks; each channel is rendered by itself."""
    info = probe(Path(media.path))

    def channel(number: int) -> Iterator[Doubles]:
        part = SoundSegment(
            start=FilmTime(_NONE),
            end=FilmTime(count / _RATE),
            media=media,
            media_in=MediaTime(clip.media_in - first / _RATE * clip.speed),
            speed=clip.speed,
            channels=(number,),
        )
        film_map = FilmMap(RecordTime(_NONE), Fraction(1), FilmTime(count / _RATE))
        plan = ExportPlan(clip.name, _RATE, count, (), (part,), film_map)
        for block in mixed(plan, {media: info}, media_clocks(plan, {media: info})):
            yield block[0][:, :1].astype(np.float64)

    for blocks in zip(*map(channel, channels), strict=True):
        yield np.concatenate(blocks, axis=1)
