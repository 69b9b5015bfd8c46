"""Kdenlive's projects by MLT's rules: a playlist is a row of blanks and entries, in frames of the profile."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

from tests.differential.events import Event, File, Files, Found
from tests.differential.readers.kit import level_of

Element = ElementTree.Element

MONO_DB = 3.0103
"""MLT plays a mono sound so much quieter on each side of stereo."""


def property_of(element: Element, name: str) -> str | None:
    return next((p.text for p in element.findall("property") if p.get("name") == name), None)


def kdenlive(paths: list[Path], rate: Fraction, files: Files) -> Found:
    root = ElementTree.fromstring(paths[0].read_bytes())
    found = Found(crossings=set(), markers=[])
    project = _Project(root, rate, files, found)
    for tractor in root.iter("tractor"):
        if property_of(tractor, "kdenlive:track_name") is not None:
            project.track(tractor)
    found.events = _with_sides(found.events, files)
    for tractor in root.iter("tractor"):
        guides = property_of(tractor, "kdenlive:sequenceproperties.guides")
        if guides:
            found.markers += [(one["pos"] / rate, one["comment"]) for one in json.loads(guides)]
        start = property_of(tractor, "kdenlive:sequenceproperties.timecodeOffset")
        if start is not None:
            found.start = int(start)
    return found


def _with_sides(events: list[Event], files: Files) -> list[Event]:
    """Two mono sounds of one file, panned all the way, are its stereo: how loud each is says its pan."""
    made = []
    for event in events:
        sides = {
            each.pan: each.level(Fraction(0))
            for each in events
            if each.name == event.name and each.channel is not None and each.level is not None
        }
        if event.channel is None or len(files[event.name].streams) < 2 or set(sides) != {-1.0, 1.0}:
            made.append(event)
            continue
        apart = sides[1.0] - sides[-1.0]
        pan = math.copysign(1 - 10 ** (-abs(apart) / 20), apart)
        louder = next(
            each for each in events if each.name == event.name and each.pan == (1.0 if apart > 0 else -1.0)
        )
        # Of two that begin apart, under a transition that is a cut on one side, each counts from its head.
        level, later = louder.level, event.start - louder.start
        made.append(replace(event, pan=pan, level=lambda at, level=level, later=later: level(at + later)))
    return made


@dataclass
class _Project:
    root: Element
    rate: Fraction
    files: Files
    found: Found
    makers: dict[str | None, Element] = field(init=False)

    def __post_init__(self) -> None:
        self.makers = {one.get("id"): one for one in self.root if one.tag in ("producer", "chain")}
        self.bins = {
            property_of(one, "kdenlive:id"): one
            for one in self.root
            if (one.get("id") or "").startswith("bin")
        }

    def track(self, tractor: Element) -> None:
        heard = property_of(tractor, "kdenlive:audio_track") == "1"
        lists = {one.get("id"): one for one in self.root.iter("playlist")}
        on = True
        for part in tractor.findall("track"):
            on = on and not (part.get("hide") == "both" or (heard and part.get("hide") == "audio"))
        for transition in tractor.findall("transition"):
            first, last = (int(transition.get(edge, "")) for edge in ("in", "out"))
            kind = "audio" if heard else "video"
            assert property_of(transition, "mlt_service") == ("mix" if heard else "luma")
            self.found.crossings.add((kind, first / self.rate, last / self.rate))
        for part in tractor.findall("track"):
            at = 0
            for entry in lists[part.get("producer")]:
                if entry.tag == "blank":
                    at += int(entry.get("length", "0"))
                elif entry.tag == "entry":
                    self.entry(entry, at, heard, on)
                    at += int(entry.get("out", "0")) - int(entry.get("in", "0")) + 1

    def entry(self, entry: Element, at: int, heard: bool, on: bool) -> None:
        rate = self.rate
        first, last = int(entry.get("in", "0")), int(entry.get("out", "0"))
        maker = self.makers[entry.get("producer")]
        resource = property_of(maker, "warp_resource") or property_of(maker, "resource") or ""
        name = resource.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        file = self.files[name]
        speed = Fraction(property_of(maker, "warp_speed") or "1").limit_denominator(10**6)
        used = first / rate * abs(speed)
        if speed < 0:
            used = file.duration - used
        for effect in entry.findall("filter"):
            if property_of(effect, "mlt_service") == "freeze":
                speed, used = Fraction(0), int(property_of(effect, "frame") or "") / rate
        begin, end = at / rate, (at + last - first + 1) / rate
        here = self.bins.get(property_of(entry, "kdenlive:id"))
        for one in json.loads(property_of(here, "kdenlive:markers") or "[]") if here is not None else ():
            into = (one["pos"] / rate - used) / (speed or 1)
            for name_ in one["comment"].split(" / "):
                self.found.markers.append((begin + into, name_))
        off = property_of(maker, "set.test_audio" if heard else "set.test_image") == "1"
        if off or not on:
            return
        if not heard:
            self.found.events.append(Event(name, None, begin, end, used, speed))
            return
        assert property_of(maker, "video_index") == "-1" or file.streams
        channels, mono = _channels(maker, entry, file)
        level, fades, pan = self.sound(entry, first, last, mono)
        for channel in channels:
            self.found.events.append(Event(name, channel, begin, end, used, speed, fades, pan, level))

    def sound(self, entry: Element, first: int, last: int, mono: bool) -> tuple[object, tuple, float]:
        points: list[tuple[Fraction, float]] = []
        rise = fall = Fraction(0)
        pan = 0.0
        for effect in entry.findall("filter"):
            called = property_of(effect, "kdenlive_id")
            if called == "volume":
                for key in (property_of(effect, "level") or "").split(";"):
                    at, db = key.split("=")
                    points.append(((int(at) - first) / self.rate, float(db)))
            elif called in ("fadein", "fadeout"):
                begin, stop = int(effect.get("in", "")), int(effect.get("out", ""))
                length = (stop - begin + 1) / self.rate
                if called == "fadein":
                    assert begin == first, "a fade in begins with its clip"
                    rise = length
                else:
                    assert stop == last, "a fade out ends with its clip"
                    fall = length
            elif called == "audiobalance":
                pan = float(property_of(effect, "start") or "") * 2 - 1
        if mono:
            points = [(at, db - MONO_DB) for at, db in points] or [(Fraction(0), -MONO_DB)]
        return level_of(0.0, points), (rise, fall), pan


def _channels(maker: Element, entry: Element, file: File) -> tuple[tuple[int, ...], bool]:
    """Of the stream that is played all, or one on both sides."""
    streams = dict(file.streams)
    wanted = property_of(maker, "audio_index")
    number = int(wanted) if wanted and int(wanted) >= 0 else min(streams)
    before = sum(count for one, count in file.streams if one < number)
    channels = tuple(range(before, before + streams[number]))
    for effect in entry.findall("filter"):
        if property_of(effect, "mlt_service") == "channelcopy" and property_of(effect, "swap") != "1":
            channels = (before + int(property_of(effect, "from") or ""),)
    return channels, streams[number] == 1
