"""Readers of what we write that share no code with ours: by the format's own rules, or another's program."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import opentimelineio as otio

from tests.differential.cuts import Event

Level = Callable[[Fraction], float]


def _db(amplitude: float) -> float:
    return 20 * math.log10(amplitude) if amplitude > 0 else -144.0


def _on_line(points: list[tuple[Fraction, float]], at: Fraction) -> float:
    """A value on a line of points; of two at one place the later."""
    before = [value for where, value in points if where <= at]
    if not before:
        return points[0][1]
    later = [(where, value) for where, value in points if where > at]
    if not later:
        return before[-1]
    start = max(where for where, _ in points if where <= at)
    share = float((at - start) / (later[0][0] - start))
    return before[-1] + (later[0][1] - before[-1]) * share


Found = Iterator[tuple[Event, Level | None]]


def reaper(paths: list[Path], rate: Fraction) -> Found:
    """By the ``rpp`` package: seconds throughout, amplitudes, envelopes in take time."""
    import rpp

    project = rpp.loads(paths[0].read_text(encoding="utf-8"))
    for track in project.findall("TRACK"):
        if track.find("MUTESOLO")[1] != "0":
            continue
        for item in track.findall("ITEM"):
            if item.find("MUTE")[1] != "0":
                continue
            start, length, used = (Fraction(item.find(tag)[1]) for tag in ("POSITION", "LENGTH", "SOFFS"))
            source = item.find("SOURCE")
            mode = int(item.find("CHANMODE")[1])
            gain = _db(float(item.find("VOLPAN")[1]))
            line = []
            envelope = item.find("VOLENV")
            if envelope is not None:
                line = [(Fraction(p[1]), _db(float(p[2]))) for p in envelope.findall("PT")]

            def level(at: Fraction, gain: float = gain, line: list[tuple[Fraction, float]] = line) -> float:
                return gain + (_on_line(line, at) if line else 0.0)

            if source.attrib[0] == "VIDEO" and source.find("AUDIO") is not None:
                channels: tuple[int | None, ...] = (None,)
            elif mode >= 67:
                channels = (mode - 67, mode - 66)
            elif mode >= 3:
                channels = (mode - 3,)
            else:
                channels = tuple(range(64))
            for channel in channels:
                yield Event(item.find("NAME")[1], channel, start, start + length, used), level


def fcp7(paths: list[Path], rate: Fraction) -> Found:
    """By Apple's rules: frames of the sequence, -1 for an edge under a transition, tracks by kind."""
    root = ElementTree.fromstring(paths[0].read_bytes())
    sequence = root.find("sequence")
    assert sequence is not None
    for kind in ("video", "audio"):
        for track in sequence.findall(f"media/{kind}/track"):
            if track.findtext("enabled", "TRUE") != "TRUE":
                continue
            inside = [item for item in track if item.tag in ("clipitem", "transitionitem")]
            for index, item in enumerate(inside):
                if item.tag != "clipitem" or item.findtext("enabled", "TRUE") != "TRUE":
                    continue
                start, end, used = (int(item.findtext(tag, "")) for tag in ("start", "end", "in"))
                if start == -1:
                    begin, start = _crossing(inside[index - 1])
                    used += start - begin
                if end == -1:
                    end = _crossing(inside[index + 1])[1]
                channel = None
                if kind == "audio":
                    channel = int(item.findtext("sourcetrack/trackindex", "1")) - 1
                yield (
                    Event(
                        item.findtext("name", ""),
                        channel,
                        start / rate,
                        end / rate,
                        used / rate,
                    ),
                    _fcp7_level(item, rate, used),
                )


def _crossing(item: ElementTree.Element) -> tuple[int, int]:
    """Where a transition begins, and the cut."""
    begin, end = int(item.findtext("start", "")), int(item.findtext("end", ""))
    ticks = item.findtext("cutPointTicks")
    if ticks is not None:  # Premiere's own place of a cut that is not in the middle, 254016000000 a second
        timebase = int(item.findtext("rate/timebase", ""))
        ntsc = item.findtext("rate/ntsc") == "TRUE"
        rate = Fraction(timebase * 1000, 1001) if ntsc else Fraction(timebase)
        return begin, begin + round(int(ticks) * rate / 254_016_000_000)
    where = item.findtext("alignment", "center")
    at = begin if where.startswith("start") else end if where.startswith("end") else (begin + end) // 2
    return begin, at


def _fcp7_level(item: ElementTree.Element, rate: Fraction, used: int) -> Level:
    points: list[tuple[Fraction, float]] = []
    flat = 0.0
    for effect in item.findall("filter/effect"):
        if effect.findtext("effectid") != "audiolevels":
            continue
        for parameter in effect.findall("parameter"):
            if parameter.findtext("parameterid") != "level":
                continue
            flat += _db(float(parameter.findtext("value", "1")))
            for key in parameter.findall("keyframe"):
                at = (int(key.findtext("when", "0")) - used) / rate
                points.append((at, _db(float(key.findtext("value", "1")))))
    return lambda at: _on_line(points, at) if points else flat


def _time(text: str | None) -> Fraction:
    return Fraction((text or "0s").removesuffix("s"))


def fcpxml(paths: list[Path], rate: Fraction) -> Found:
    """By Apple's rules: an element's offset counts in its parent's own time, which begins at ``start``."""
    root = ElementTree.fromstring(paths[0].read_bytes())
    starts = {asset.get("id"): _time(asset.get("start")) for asset in root.iter("asset")}
    pictures = {asset.get("id"): asset.get("hasVideo") == "1" for asset in root.iter("asset")}
    sounds = {asset.get("id"): int(asset.get("audioChannels", "0")) for asset in root.iter("asset")}
    sequence = next(root.iter("sequence"))
    spine = sequence.find("spine")
    assert spine is not None
    zero = _time(sequence.get("tcStart"))

    def walk(parent: ElementTree.Element, origin: Fraction, enabled: bool) -> Found:
        for child in parent:
            if child.tag == "spine":
                at = _time(child.get("offset"))
                yield from walk(child, origin + at, enabled)
                continue
            if child.tag not in ("asset-clip", "clip", "gap"):
                continue
            start = origin + _time(child.get("offset"))
            length = _time(child.get("duration"))
            on = enabled and child.get("enabled", "1") == "1"
            ref = child.get("ref") or next((i.get("ref") for i in child if i.get("ref") in starts), None)
            local = _time(child.get("start"))
            if child.tag == "asset-clip" and child.get("start") is None:
                local = starts.get(ref, Fraction(0))
            if ref is not None and child.tag != "gap" and on:
                used = local - starts[ref] if child.find("timeMap") is None else None
                for channel in _fcpxml_channels(child, pictures[ref], sounds[ref]):
                    said = Event(child.get("name", ""), channel, start, start + length, used)
                    yield replace(said, fades=_fcpxml_fades(child)), _fcpxml_level(child, local)
            yield from walk(child, start - local, on if child.tag == "gap" else enabled)

    yield from walk(spine, -zero, True)


def _decibels(text: str | None) -> float:
    return float((text or "0dB").removesuffix("dB"))


def _fcpxml_level(clip: ElementTree.Element, local: Fraction) -> Level:
    """Key frames count on the clip's own clock, which shows ``local`` at its head."""
    own = [*clip.findall("adjust-volume"), *clip.findall("audio-channel-source/adjust-volume")]
    adjust = next(iter(own), None)
    if adjust is None:
        return lambda at: 0.0
    keys = [(_time(key.get("time")) - local, _decibels(key.get("value"))) for key in adjust.iter("keyframe")]
    flat = _decibels(adjust.get("amount"))
    return lambda at: _on_line(keys, at) if keys else flat


def _fcpxml_fades(clip: ElementTree.Element) -> tuple[Fraction, Fraction]:
    rise, fall = (
        sum((_time(one.get("duration")) for one in clip.findall(f"adjust-volume//{tag}")), Fraction(0))
        for tag in ("fadeIn", "fadeOut")
    )
    return rise, fall


def _fcpxml_channels(clip: ElementTree.Element, seen: bool, channels: int) -> Iterator[int | None]:
    if seen and clip.get("srcEnable", "all") != "audio":
        yield None
    said = list(clip.iter("audio-channel-source"))
    if not said:
        yield from range(channels)
    for source in said:
        if source.get("enabled", "1") == "1" and source.get("active", "1") == "1":
            yield from (int(number) - 1 for number in re.findall(r"\d+", source.get("srcCh", "")))


def _of_otio(timeline: otio.schema.Timeline, start: bool = False) -> Found:
    """OTIO's own sums; which channels a clip plays it does not say."""
    for track in timeline.tracks:
        for clip in track.find_clips():
            if not (track.enabled and clip.enabled):
                continue
            lies = clip.range_in_parent()
            media = clip.media_reference
            used = None
            if media is not None and media.available_range is not None and not clip.effects:
                used = _exact(clip.source_range.start_time) - _exact(media.available_range.start_time)
            begin = _exact(lies.start_time)
            end = begin + _exact(lies.duration)
            for channel in (None,) if track.kind == "Video" else range(64):
                yield Event(clip.name, channel, begin, end, used), None


def _exact(time: otio.opentime.RationalTime) -> Fraction:
    rate = Fraction(time.rate).limit_denominator(1)
    for over in (24, 30, 60, 48, 120):
        if abs(time.rate - over * 1000 / 1001) < 0.01:
            rate = Fraction(over * 1000, 1001)
    return Fraction(time.value).limit_denominator(1_000_000) / rate


def by_otio(paths: list[Path], rate: Fraction) -> Found:
    """By OTIO itself."""
    return _of_otio(otio.adapters.read_from_file(str(paths[0])))


def kdenlive(paths: list[Path], rate: Fraction) -> Found:
    """By MLT's rules: a playlist is a row of blanks and entries, in and out in frames of the profile."""
    root = ElementTree.fromstring(paths[0].read_bytes())
    lists = {one.get("id"): one for one in root.iter("playlist")}

    def said(element: ElementTree.Element, name: str) -> str | None:
        return next((p.text for p in element.findall("property") if p.get("name") == name), None)

    makers = {one.get("id"): one for one in root if one.tag in ("producer", "chain")}
    for tractor in root.iter("tractor"):
        for part in tractor.findall("track"):
            row = lists.get(part.get("producer"))
            if row is None or row.get("id") == "main_bin":
                continue
            heard = said(row, "kdenlive:audio_track") == "1"
            if part.get("hide") == "both" or (heard and part.get("hide") == "audio"):
                continue
            at = 0
            for entry in row:
                if entry.tag == "blank":
                    at += int(entry.get("length", "0"))
                if entry.tag != "entry":
                    continue
                first, last = int(entry.get("in", "0")), int(entry.get("out", "0"))
                maker = makers[entry.get("producer")]
                off = said(maker, "set.test_audio" if heard else "set.test_image") == "1"
                resource = (said(maker, "resource") or "").rsplit("/", 1)[-1]
                name = resource.rsplit(".", 1)[0]
                if said(maker, "mlt_service") == "timewarp":
                    name = (said(maker, "warp_resource") or "").rsplit("/", 1)[-1].rsplit(".", 1)[0]
                if not off:
                    for channel in range(64) if heard else (None,):
                        yield (
                            Event(name, channel, at / rate, (at + last - first + 1) / rate, first / rate),
                            None,
                        )
                at += last - first + 1


def aaf(paths: list[Path], rate: Fraction) -> Found:
    """By pyaaf2: lengths in edit units of the slot, transitions over what they join, channels by slots."""
    import aaf2

    with aaf2.open(str(paths[0])) as file:
        for mob in file.content.toplevel():
            for slot in mob.slots:
                said = {one.name: one.value for one in slot.get("TimelineMobAttributeList") or ()}
                if type(slot.segment).__name__ != "Sequence" or said.get("AudioMixerCompMute"):
                    continue
                unit = Fraction(slot.edit_rate)
                at = 0
                for component in slot.segment.components:
                    if type(component).__name__ == "Transition":
                        at -= component.length
                        continue
                    lies = Fraction(at) / unit
                    for event, level in _aaf_clips(component, unit):
                        yield Event(event.name, event.channel, lies, lies + event.end, event.used), level
                    at += component.length


def _aaf_clips(component: Any, unit: Fraction) -> Found:
    """What lies in a component, from its head: one event a channel."""
    kind = type(component).__name__
    length = Fraction(component.length) / unit
    if kind == "SourceClip" and component.mob is not None:
        master = component.mob
        file_clip = next(slot.segment for slot in master.slots if slot.slot_id == component.slot_id)
        file_slot = next(slot for slot in file_clip.mob.slots if slot.slot_id == file_clip.slot_id)
        is_sound = component.media_kind == "Sound"
        channel = int(file_slot["PhysicalTrackNumber"].value) - 1 if is_sound else None
        used = Fraction(component.start) / unit
        yield Event(master.name, channel, Fraction(0), length, used), (lambda at: 0.0) if is_sound else None
    if kind != "OperationGroup":
        return
    name = component.operation.name
    for segment in component.segments:
        for event, level in _aaf_clips(segment, unit):
            is_gain = name == "Audio Gain" and level is not None
            used = event.used if is_gain or name == "Audio Channel Combiner" else None
            whole = Event(event.name, event.channel, event.start, length, used)
            yield whole, _aaf_gain(component, length) if is_gain else level


def _aaf_gain(group: Any, length: Fraction) -> Level:
    amplitude = next(one for one in group.parameters if one.name == "Amplitude")
    if not hasattr(amplitude, "pointlist"):
        gain = _db(float(amplitude.value))
        return lambda at: gain
    line = [
        (Fraction(float(point.time)).limit_denominator(10**6) * length, _db(float(point.value)))
        for point in amplitude.pointlist
    ]

    def level(at: Fraction) -> float:
        close = [value for where, value in line if abs(where - at) < Fraction(1, 1000)]
        return close[-1] if close else _on_line(line, at)

    return level
