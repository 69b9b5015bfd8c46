"""FCPXML by Apple's rules: an element's offset counts in its parent's own time, which begins at ``start``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

from tests.differential.events import Event, Files, Found, Level, through
from tests.differential.readers.kit import level_of

Element = ElementTree.Element


def _time(text: str | None) -> Fraction:
    return Fraction((text or "0s").removesuffix("s"))


def _decibels(text: str | None) -> float:
    return float((text or "0dB").removesuffix("dB"))


def fcpxml(paths: list[Path], rate: Fraction, files: Files) -> Found:
    root = ElementTree.fromstring(paths[0].read_bytes())
    sequence = next(root.iter("project")).find("sequence")
    assert sequence is not None
    found = Found(crossings=set(), markers=[])
    _Walk(root, found).sequence(sequence)
    found.start = round(_time(sequence.get("tcStart")) * rate)
    found.drop = sequence.get("tcFormat") == "DF"
    return found


@dataclass
class _Walk:
    root: Element
    found: Found

    def sequence(self, sequence: Element) -> None:
        spine = sequence.find("spine")
        assert spine is not None
        self.walk(spine, -_time(sequence.get("tcStart")), True)

    def walk(self, parent: Element, origin: Fraction, enabled: bool) -> None:
        """All that lies in a parent whose own time 0 is a record time."""
        joints = [
            (
                origin + _time(one.get("offset")),
                origin + _time(one.get("offset")) + _time(one.get("duration")),
            )
            for one in parent.findall("transition")
        ]
        for child in parent:
            start = origin + _time(child.get("offset"))
            if child.tag == "spine":
                self.walk(child, start, enabled)
            elif child.tag == "transition":
                is_sound = child.find("filter-video") is None
                span = (start, start + _time(child.get("duration")))
                self.found.crossings.add(("audio" if is_sound else "video", *span))
            elif child.tag in ("asset-clip", "ref-clip", "gap"):
                self.clip(child, start, enabled, joints)

    def clip(
        self, clip: Element, start: Fraction, enabled: bool, joints: list[tuple[Fraction, Fraction]]
    ) -> None:
        end = start + _time(clip.get("duration"))
        asset = next((one for one in self.root.iter("asset") if one.get("id") == clip.get("ref")), None)
        local = _time(clip.get("start"))
        if clip.get("start") is None and asset is not None:
            local = _time(asset.get("start"))
        on = enabled and clip.get("enabled", "1") == "1"
        if clip.tag == "ref-clip" and on:
            self.nest(clip, start, end, local)
        if asset is not None and on:
            for event in self.events(clip, asset, start, end, local):
                self.found.events.append(_under(event, joints))
        for marker in clip.findall("marker"):
            at = start + _time(marker.get("start")) - local
            self.found.markers.append((at, marker.get("value", "")))
        self.walk(clip, start - local, on if clip.tag == "gap" else enabled)

    def nest(self, clip: Element, start: Fraction, end: Fraction, local: Fraction) -> None:
        media = next(one for one in self.root.iter("media") if one.get("id") == clip.get("ref"))
        inner = Found(crossings=set(), markers=[])
        sequence = media.find("sequence")
        assert sequence is not None
        _Walk(self.root, inner).sequence(sequence)
        wants = clip.get("srcEnable", "all")
        for event in inner.events:
            kind = "video" if event.channel is None else "audio"
            cut = through(event, start, end, start - local + _time(sequence.get("tcStart")))
            if cut is not None and wants in ("all", kind):
                self.found.events.append(cut)

    def events(
        self, clip: Element, asset: Element, start: Fraction, end: Fraction, local: Fraction
    ) -> Iterator[Event]:
        zero = _time(asset.get("start"))
        used, speed = local - zero, Fraction(1)
        points = [(_time(p.get("time")), _time(p.get("value"))) for p in clip.findall("timeMap/timept")]
        if points:
            (at, value), (later, last) = points[0], points[-1]
            speed = (last - value) / (later - at)
            used = value + (local - at) * speed - zero
        for channel in _channels(clip, asset.get("hasVideo") == "1", int(asset.get("audioChannels", "0"))):
            event = Event(clip.get("name", ""), channel, start, end, used, speed, _fades(clip))
            yield replace(event, level=_level(clip, local))


def _under(event: Event, joints: list[tuple[Fraction, Fraction]]) -> Event:
    """The transition lies over the edges that it joins."""
    start, end, used = event.start, event.end, event.used
    into = Fraction(0)
    for begin, stop in joints:
        if begin <= event.start <= stop and begin < event.end and not stop >= event.end:
            into = event.start - begin
            start, used = begin, used - into * event.speed
        elif begin <= event.end <= stop:
            end = stop
    level = event.level
    return replace(event, start=start, end=end, used=used, level=lambda at: level(at - into))


def _level(clip: Element, local: Fraction) -> Level:
    """Key frames count on the clip's own clock, which shows ``local`` at its head."""
    own = [*clip.findall("adjust-volume"), *clip.findall("audio-channel-source/adjust-volume")]
    adjust = next(iter(own), None)
    if adjust is None:
        return lambda at: 0.0
    keys = [(_time(key.get("time")) - local, _decibels(key.get("value"))) for key in adjust.iter("keyframe")]
    return level_of(_decibels(adjust.get("amount")), keys)


def _fades(clip: Element) -> tuple[Fraction, Fraction]:
    rise, fall = (
        sum((_time(one.get("duration")) for one in clip.findall(f"adjust-volume//{tag}")), Fraction(0))
        for tag in ("fadeIn", "fadeOut")
    )
    return rise, fall


def _channels(clip: Element, seen: bool, channels: int) -> Iterator[int | None]:
    wants = clip.get("srcEnable", "all")
    if seen and wants != "audio":
        yield None
    if wants == "video":
        return
    sources = list(clip.iter("audio-channel-source"))
    sources = clip.findall("audio-channel-source")
    if not sources:
        yield from range(channels)
    for source in sources:
        if source.get("enabled", "1") == "1" and source.get("active", "1") == "1":
            yield from (int(number) - 1 for number in re.findall(r"\d+", source.get("srcCh", "")))
