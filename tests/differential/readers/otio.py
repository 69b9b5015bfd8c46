"""OTIO's files by OTIO itself; what an editor says beside it by the names in the editor's own files."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio

from tests.differential.events import Event, File, Files, Found, through
from tests.differential.readers.kit import level_of


def exact(time: otio.opentime.RationalTime) -> Fraction:
    rate = Fraction(time.rate).limit_denominator(1)
    for over in (24, 30, 60, 48, 120):
        if abs(time.rate - over * 1000 / 1001) < 0.01:
            rate = Fraction(over * 1000, 1001)
    return Fraction(time.value).limit_denominator(1_000_000) / rate


def plain(paths: list[Path], rate: Fraction, files: Files) -> Found:
    """What OTIO says, and beside it what ``docs/metadata.md`` says."""
    return _found(paths[0], rate, files, _Words(_ours))


def resolve(paths: list[Path], rate: Fraction, files: Files) -> Found:
    return _found(paths[0], rate, files, _Words(_resolve, _in_frames))


def premiere(paths: list[Path], rate: Fraction, files: Files) -> Found:
    """What OTIO says, and Premiere's own word for channels."""
    return _found(paths[0], rate, files, _Words(_premiere))


def _premiere(clip: Any, rate: Fraction, files: Files) -> Heard:
    noted = clip.metadata["PremierePro_OTIO"].get("AudioChannels", {})
    return {"channels": tuple(one["SecondaryChannelIndex"] for one in noted.get("SecondaryAssignments", ()))}


def kdenlive(paths: list[Path], rate: Fraction, files: Files) -> Found:
    """As Kdenlive's importer reads it: nothing beside OTIO's own words, all in frames of the timeline."""
    return _found(paths[0], rate, files, _Words(_first_stream, _after_its_range, _retold))


def _first_stream(clip: Any, rate: Fraction, files: Files) -> Heard:
    return {"channels": range(files[clip.name].streams[0][1])} if files[clip.name].streams else {}


STUB = "last frame: delete me"
"""What is laid after the end for Kdenlive, as a loss says."""

Heard = Mapping[str, Any]


def _found(path: Path, rate: Fraction, files: Files, beside: _Words) -> Found:
    timeline = otio.adapters.read_from_file(str(path))
    found = Found(crossings=set(), markers=[])
    _stack(timeline.tracks, found, rate, files, beside)
    start = timeline.global_start_time
    found.start = 0 if start is None else round(exact(start) * rate)
    return found


def _stack(stack: Any, found: Found, rate: Fraction, files: Files, beside: _Words) -> None:
    found.markers += [(exact(mark.marked_range.start_time), mark.name) for mark in stack.markers]
    for track in stack:
        found.markers += [(exact(mark.marked_range.start_time), mark.name) for mark in track.markers]
        kind = track.kind.lower()
        for index, item in enumerate(track):
            if isinstance(item, otio.schema.Transition):
                at = exact(track.range_of_child_at_index(index).start_time)
                # OTIO's range of a transition begins where it begins.
                length = exact(item.in_offset) + exact(item.out_offset)
                found.crossings.add((kind, at, at + length))
                continue
            if isinstance(item, otio.schema.Gap):
                continue
            lies = track.trimmed_range_of_child_at_index(index)
            start, end = exact(lies.start_time), exact(lies.start_time) + exact(lies.duration)
            head, tail = _neighbours(track, index)
            for mark in item.markers:
                inside = beside.marked(mark, item, rate, files)
                found.markers.append((start + inside, mark.name))
            if not (track.enabled and item.enabled):
                continue
            if isinstance(item, otio.schema.Stack):
                inner = Found(crossings=set(), markers=[])
                _stack(item, inner, rate, files, beside)
                used = exact(item.trimmed_range().start_time)
                for event in inner.events:
                    cut = through(event, start, end, start - used)
                    if cut is not None and (event.channel is None) == (kind == "video"):
                        found.events.append(cut)
                continue
            _clip(item, kind, (start - head, end + tail, head), rate, files, beside, found)


def _in_media(mark: Any, item: Any, rate: Fraction, files: Files) -> Fraction:
    """Where a marker stands, from the head of its clip: it counts in media time."""
    head, speed = exact(item.trimmed_range().start_time), _speed(item)
    return (exact(mark.marked_range.start_time) - head) / (speed if speed > 0 else 1)


def _in_frames(mark: Any, item: Any, rate: Fraction, files: Files) -> Fraction:
    """The same in Resolve's files: that of a retimed clip counts in frames of the timeline."""
    head, speed = exact(item.trimmed_range().start_time), _speed(item)
    if speed > 0 and speed != 1:
        zero = exact(item.media_reference.available_range.start_time)
        head = ((head - zero) / speed + zero) * rate // 1 / rate
    return exact(mark.marked_range.start_time) - head


def _after_its_range(mark: Any, item: Any, rate: Fraction, files: Files) -> Fraction:
    """The same in Kdenlive: after where the clip's range begins, timecode and all."""
    zero = _retold(item, rate, files[item.name]) if item.name in files else Fraction(0)
    speed = _speed(item)
    return (exact(mark.marked_range.start_time) + zero) / (speed if speed > 0 else 1)


def _begins(clip: Any, rate: Fraction, file: File) -> Fraction:
    """What a clip's range counts at the first frame of its file."""
    return exact(clip.media_reference.available_range.start_time)


def _retold(clip: Any, rate: Fraction, file: File) -> Fraction:
    """The same in Kdenlive: the file's timecode as text, counted at the rate of the timeline."""
    if not file.start or file.rate in (None, rate):
        return file.start
    base, own = math.ceil(rate), math.ceil(file.rate)
    seconds, frames = divmod(round(file.start * file.rate), own)
    return file.start if frames >= base else (seconds * base + frames) / rate


@dataclass(frozen=True)
class _Words:
    """How one editor reads what OTIO leaves open.

    Attributes:
        heard: What stands beside a clip.
        marked: Where a marker of a clip stands, from its head.
        begins: What a clip's range counts at the first frame of its file.
    """

    heard: Callable[[Any, Fraction, Files], Heard]
    marked: Callable[[Any, Any, Fraction, Files], Fraction] = _in_media
    begins: Callable[[Any, Fraction, File], Fraction] = _begins


def _neighbours(track: Any, index: int) -> tuple[Fraction, Fraction]:
    """What a clip plays under the transitions beside it, before its head and after its tail."""
    head = tail = Fraction(0)
    if index and isinstance(track[index - 1], otio.schema.Transition):
        head = exact(track[index - 1].in_offset)
    if index + 1 < len(track) and isinstance(track[index + 1], otio.schema.Transition):
        tail = exact(track[index + 1].out_offset)
    return head, tail


def _speed(item: Any) -> Fraction:
    for effect in item.effects:
        if isinstance(effect, otio.schema.FreezeFrame):
            return Fraction(0)
        if isinstance(effect, otio.schema.LinearTimeWarp):
            return Fraction(effect.time_scalar).limit_denominator(1_000_000)
    return Fraction(1)


def _clip(
    clip: Any,
    kind: str,
    lies: tuple[Fraction, Fraction, Fraction],
    rate: Fraction,
    files: Files,
    beside: _Words,
    found: Found,
) -> None:
    start, end, head = lies
    if clip.name == STUB:
        return
    speed = _speed(clip)
    span = clip.trimmed_range()
    used = exact(span.start_time) - beside.begins(clip, rate, files[clip.name])
    if speed < 0:  # backwards it begins at the end of what it uses
        used += exact(span.duration) * -speed
    used -= head * speed
    heard = beside.heard(clip, rate, files)
    channels = (None,) if kind == "video" else heard.get("channels", range(files[clip.name].channels))
    for channel in channels:
        found.events.append(
            Event(
                clip.name,
                channel,
                start,
                end,
                used,
                speed,
                heard.get("fades"),
                heard.get("pan"),
                None if "level" not in heard else lambda at: heard["level"](at - head),
            )
        )


def _ours(clip: Any, rate: Fraction, files: Files) -> Heard:
    """By the fields that ``docs/metadata.md`` lists."""
    noted = clip.metadata.get("avm", {})
    points = [(Fraction(at), float(db)) for at, db in noted.get("gain_keys", ())]
    fades = tuple(Fraction(int(noted.get(f"fade_{way}_us", 0)), 1_000_000) for way in ("in", "out"))
    heard = {
        "fades": fades,
        "pan": float(noted.get("pan", 0.0)),
        "level": level_of(float(noted.get("gain_db", 0.0)), points),
    }
    if "source_channels" in noted:
        heard["channels"] = tuple(noted["source_channels"])
    return heard


def _resolve(clip: Any, rate: Fraction, files: Files) -> Heard:
    noted = clip.metadata.get("Resolve_OTIO", {})
    heard: dict[str, Any] = {"fades": (Fraction(0), Fraction(0)), "level": lambda at: 0.0, "pan": 0.0}
    if "Channels" in noted:
        firsts = [0]
        for _, count in files[clip.name].streams:
            firsts.append(firsts[-1] + count)
        heard["channels"] = tuple(
            firsts[one["Source Track ID"]] + one["Source Channel ID"] for one in noted["Channels"]
        )
    for effect in clip.effects:
        beside = effect.metadata.get("Resolve_OTIO", {})
        if beside.get("Effect Name") != "Fairlight Clip Volume and Fades":
            continue
        values = {one["Parameter ID"]: one for one in beside["Parameters"]}
        volume = values.get("volume", {})
        keys = sorted((int(at), key["Value"]) for at, key in volume.get("Key Frames", {}).items())
        points = [(at / rate, float(db)) for at, db in keys]
        heard["level"] = level_of(float(volume.get("Parameter Value", 0.0)), points)
        heard["fades"] = tuple(
            Fraction(values.get(fader, {}).get("Parameter Value", 0.0)).limit_denominator(10**6) / rate
            for fader in ("faderIn", "faderOut")
        )
    return heard
