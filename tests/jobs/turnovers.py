"""A short cut with sound that has handles, and turnovers of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction as F
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import aaf2
import numpy as np

from avm_otio import finishing
from avm_otio.formats.writing import write
from avm_otio.jobs.turnover.make import Turned
from avm_otio.media.probe import probe
from avm_otio.request import Request
from avm_otio.timeline.model import Clip, Media, Mix, Stem, Timeline, Track, TrackKind
from avm_otio.timeline.time import MediaTime, RecordTime, nominal_rate
from tests.media.numbered import movie
from tests.scored import write_sound

TEMPLATE = """
leader = 3
tail = 3
[[tracks]]
name = "DIA {number}"
stem = "DX"
takes = ["own", "dialogue"]
[[tracks]]
name = "MUS {number}"
stem = "MX"
takes = ["music"]
names = ["*music*"]
[[tracks]]
name = "SFX {number}"
stem = "FX"
takes = ["effects"]
[[tracks]]
name = "SYNC"
takes = ["pops"]
"""
SECONDS = 2


@dataclass(frozen=True)
class Cut:
    """Where a cut lies, and what it is."""

    path: Path
    rate: F
    drop_frame: bool


def media_of(path: Path) -> Media:
    info = probe(path)
    if info.video is not None:
        assert info.video.frames is not None
        return Media(
            path.name, str(path), duration=info.video.frames / info.video.rate, rate=info.video.rate,
            size=(info.video.width, info.video.height), channels=2, has_picture=True,
        )  # fmt: skip
    (sound,) = info.audio
    assert sound.samples is not None
    return Media(
        path.name, str(path), duration=F(sound.samples, sound.sample_rate_hz),
        sample_rate_hz=sound.sample_rate_hz, channels=sound.channels,
    )  # fmt: skip


def clip(media: Media, start: F, end: F, media_in: F = F(0), **more: Any) -> Clip:
    channels = () if media.has_picture else tuple(range(media.channels))
    return Clip(
        Path(media.name).stem, RecordTime(start), RecordTime(end), media, MediaTime(media_in),
        channels=channels, **more,
    )  # fmt: skip


def cut(folder: Path, rate: F, drop_frame: bool = False) -> Cut:
    """Two seconds of picture; dialogue, music of the user's own, and an effect of ours between two frames."""
    frames = SECONDS * nominal_rate(rate)
    film = movie(folder / "shot.mp4", frames, rate, size=(64, 36), sound=np.zeros((96_000, 2)))
    dialogue = media_of(write_sound(folder / "dia.wav", 14, channels=1, seed=1))
    short = media_of(write_sound(folder / "short.wav", 1.5, channels=1, seed=2, hz=44_100))
    music = media_of(write_sound(folder / "song.wav", 14, seed=3))
    effect = media_of(write_sound(folder / "hit.wav", 0.4, seed=4))
    second, whole, late = nominal_rate(rate) / rate, frames / rate, F(1, 3) + F(100, 48_000)
    timeline = Timeline(
        "my cut", rate,
        (
            Track("V1", TrackKind.VIDEO, (clip(media_of(film), F(0), whole),)),
            Track(
                "A1", TrackKind.AUDIO, channels=1,
                clips=(clip(dialogue, F(0), second, F(6)), clip(short, second, whole, F(1, 4))),
            ),
            Track(
                "Temp Music", TrackKind.AUDIO, channels=2,
                clips=(clip(music, second / 2, whole, F(11, 2), mix=Mix(gain_db=-6.0, fade_in_us=100_000)),),
            ),
            Track(
                "AVM Effects 1", TrackKind.AUDIO, channels=2, stem=Stem.EFFECTS,
                clips=(clip(effect, late, late + F(2, 5), stem=Stem.EFFECTS),),
            ),
        ),
        drop_frame=drop_frame, duration=whole,
    )  # fmt: skip
    path = folder / "cut.otio"
    write(timeline, path)
    return Cut(path, rate, drop_frame)


@cache
def template(folder: Path) -> Path:
    path = folder / "house.toml"
    path.write_text(TEMPLATE)
    return path


def turned(of: Cut, output: Path, **more: Any) -> Turned:
    more = {"template": template(of.path.parent)} | more
    return finishing.turnover(str(of.path), Request(), output, **more)


def rewritten(folder: Path, change: Any) -> None:
    """Change a turnover's manifest in place."""
    path = folder / "manifest.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


RATES = [(F(24_000, 1001), False), (F(25), False), (F(30_000, 1001), True)]


def slots_of(path: Path) -> tuple[dict[str, Any], dict[str, list[tuple[int, int, list[Any]]]]]:
    """What pyaaf2 finds in an AAF: its timecode, and of each track where clips lie and what they play."""
    with aaf2.open(str(path)) as file:
        (top,) = file.content.toplevel()
        head: dict[str, Any] = {}
        tracks: dict[str, list[tuple[int, int, list[Any]]]] = {}
        for slot in top.slots:
            segment = slot.segment
            if type(segment).__name__ == "Timecode":
                head = {"start": segment.start, "drop": segment.drop, "fps": segment.fps}
                head["rate"] = F(slot.edit_rate.numerator, slot.edit_rate.denominator)
                continue
            if segment.media_kind != "Sound":
                continue
            assert slot.edit_rate == 48_000
            while type(segment).__name__ == "OperationGroup":
                (segment,) = segment.segments
            at, found = 0, []
            for part in segment.components:
                kind = type(part).__name__
                if kind == "Transition":
                    at -= part.length
                    continue
                if kind != "Filler":
                    found.append((at, part.length, list(played(part))))
                at += part.length
            tracks[slot.name] = found
    return head, tracks


def played(part: Any) -> Any:
    """The file, first sample and length in the file of each channel that a component plays."""
    if type(part).__name__ == "OperationGroup":
        for inner in part.segments:
            yield from played(inner)
    elif type(part).__name__ == "SourceClip":
        file = part.mob.slots[0].segment.mob
        (locator,) = file.descriptor["Locator"].value
        name = unquote(str(locator["URLString"].value).rpartition("/")[2])
        yield name, part.start, file.descriptor["Length"].value


def with_track(timeline: Timeline, name: str, change: Callable[[Track], Track]) -> Timeline:
    return replace(
        timeline,
        tracks=tuple(change(track) if track.name == name else track for track in timeline.tracks),
    )
