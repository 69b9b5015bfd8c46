"""Timelines written for DaVinci Resolve, and what stands in them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio

from avm_otio.formats.otio.resolve import flavoured
from avm_otio.formats.otio.write import otio_of
from avm_otio.timeline.features import Loss
from avm_otio.timeline.model import Clip, GainKey, Marker, Media, Mix, Timeline, Track, TrackKind, Transition
from avm_otio.timeline.time import RecordTime
from tests.models import plain, settled

FOLDER = Path("/cut")


Json = dict[str, Any]


def written(wanted: Timeline) -> tuple[otio.schema.Timeline, tuple[Loss, ...]]:
    made, losses = flavoured(wanted, FOLDER)
    return otio_of(made), losses


def as_json(timeline: otio.schema.Timeline) -> Json:
    found: Json = json.loads(timeline.to_json_string())
    return found


def objects(document: object) -> Iterator[Json]:
    if isinstance(document, dict):
        if "OTIO_SCHEMA" in document:
            yield document
        for value in document.values():
            yield from objects(value)
    elif isinstance(document, list):
        for value in document:
            yield from objects(value)


def volume_of(mix: Mix) -> list[Json]:
    document = as_json(written(one_sound(mix=mix))[0])
    return [one for one in objects(document) if one["OTIO_SCHEMA"].startswith("Effect.")]


def one_sound(rate: Fraction = Fraction(24), **changes: Any) -> Timeline:
    """One stereo sound of four seconds on a track."""
    media = Media("hit.wav", "/media/hit.wav", duration=Fraction(8), sample_rate_hz=48_000, channels=2)
    clip = Clip("hit", RecordTime(Fraction(0)), RecordTime(96 / rate), media, channels=(0, 1))
    track = Track("A1", TrackKind.AUDIO, (replace(clip, **changes),), channels=2)
    return settled(Timeline("cut", rate, (track,)))


VOLUME = "Fairlight Clip Volume and Fades"


def shape(value: Json) -> Json:
    return {key: type(one) for key, one in value.items()}


def shapes(document: object) -> dict[str, list[Json]]:
    """Every shape under Resolve's key in a document, by place."""
    found: dict[str, list[Json]] = defaultdict(list)

    def add(place: str, value: Json) -> None:
        if value and shape(value) not in found[place]:
            found[place].append(shape(value))

    for one in objects(document):
        raw = one.get("metadata", {}).get("Resolve_OTIO")
        if raw is None:
            continue
        schema = one["OTIO_SCHEMA"].partition(".")[0]
        if schema in ("Clip", "Stack"):
            heard, linked = "Channels" in raw, "Link Group ID" in raw
            add(f"{'linked ' * linked}{'sound' if heard else 'picture'}", raw)
            for channel in raw.get("Channels", ()):
                add("channel", channel)
        elif schema == "Track":
            add(f"{one['kind'].lower()} track", raw)
        elif schema == "Effect":
            add("effect", raw)
            for parameter in raw["Parameters"] if raw["Effect Name"] == VOLUME else ():
                add("volume" if parameter["Parameter ID"] == "volume" else "fader", parameter)
                for key in parameter.get("Key Frames", {}).values():
                    add("key frame", key)
        elif schema == "Transition":
            add("transition", raw)
            add("effect", raw["Effects"])
        else:
            places = {"Timeline": "timeline", "Marker": "marker", "MissingReference": "missing"}
            add(places[schema], raw)
    return dict(found)


def full() -> Timeline:
    """One of everything that is written in Resolve's words."""
    whole = plain()
    sound, music = whole.audio_tracks[:2]
    first, second = sound.clips
    cross = Transition("", second.start, Fraction(1, 2), Fraction(1, 2))
    keys = (GainKey(Fraction(-1), 0.0), GainKey(Fraction(2), -6.0))
    gone = Media("gone.wav", r"D:\gone.wav", duration=Fraction(9), channels=2, is_online=False)
    clips = (replace(first, mix=Mix(0.0, 250_000, 10_000, keys)), replace(second, content=gone))
    video = replace(whole.video_tracks[0].clips[0], speed=Fraction(2))
    return replace(
        whole,
        markers=(Marker("note", Fraction(1), comment="here", color="RED"),),
        tracks=(
            replace(whole.video_tracks[0], clips=(video, *whole.video_tracks[0].clips[1:]), locked=True),
            replace(sound, clips=clips, transitions=(cross,)),
            music,
        ),
    )
