"""Final Cut Pro 7's XML by Apple's rules: frames of the sequence, -1 for an edge under a transition."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

from tests.differential.events import Event, File, Files, Found, Level, through
from tests.differential.readers.kit import SILENCE, decibels, level_of

Element = ElementTree.Element

TICKS = 254_016_000_000
"""Premiere's own a second."""


def fcp7(paths: list[Path], rate: Fraction, files: Files) -> Found:
    root = ElementTree.fromstring(paths[0].read_bytes())
    sequence = root.find("sequence")
    assert sequence is not None
    found = _sequence(
        sequence, rate, files, {one.get("id"): one for one in root.iter("sequence") if len(one)}
    )
    timecode = sequence.find("timecode")
    assert timecode is not None
    found.start = int(timecode.findtext("frame", ""))
    found.drop = timecode.findtext("displayformat") == "DF"
    return found


def _sequence(sequence: Element, rate: Fraction, files: Files, every: dict[str | None, Element]) -> Found:
    found = Found(crossings=set(), markers=[])
    found.markers += [
        (int(m.findtext("in", "")) / rate, m.findtext("name", "")) for m in sequence.findall("marker")
    ]
    for kind in ("video", "audio"):
        for track in sequence.findall(f"media/{kind}/track"):
            is_on = track.findtext("enabled", "TRUE") == "TRUE"
            inside = [item for item in track if item.tag in ("clipitem", "transitionitem")]
            for index, item in enumerate(inside):
                if item.tag == "transitionitem":
                    span = (int(item.findtext(tag, "")) / rate for tag in ("start", "end"))
                    found.crossings.add((kind, *span))
                    continue
                before = inside[index - 1] if index else None
                after = inside[index + 1] if index + 1 < len(inside) else None
                _item(item, before, after, kind, rate, files, every, found, is_on)
    return found


def _item(
    item: Element,
    before: Element | None,
    after: Element | None,
    kind: str,
    rate: Fraction,
    files: Files,
    every: dict[str | None, Element],
    found: Found,
    is_on: bool,
) -> None:
    start, end, frame_in, frame_out = (int(item.findtext(tag, "")) for tag in ("start", "end", "in", "out"))
    if start == -1:
        assert before is not None
        start = int(before.findtext("start", ""))
    if end == -1:
        assert after is not None
        end = int(after.findtext("end", ""))
    assert frame_out - frame_in == end - start, "as long in its file as on the timeline"
    begin, stop = start / rate, end / rate
    for marker in item.findall("marker"):
        at = begin + (int(marker.findtext("in", "")) - frame_in) / rate
        mark = (at, marker.findtext("name", ""))
        if mark not in found.markers:  # of a stereo sound each half says it
            found.markers.append(mark)
    if not is_on or item.findtext("enabled", "TRUE") != "TRUE":
        return
    nest = item.find("sequence")
    if nest is not None:
        _nest(every[nest.get("id")], begin, stop, frame_in / rate, kind, rate, files, every, found)
        return
    name = item.findtext("name", "")
    used, speed = _source(item, frame_in, files[name], rate)
    level, fades, pan = _sound(item, frame_in, (end - start) / rate, rate)
    channel = None
    if kind == "audio":
        channel = int(item.findtext("sourcetrack/trackindex", "1")) - 1
    found.events.append(Event(name, channel, begin, stop, used, speed, fades, pan, level))


def _nest(
    sequence: Element,
    begin: Fraction,
    stop: Fraction,
    used: Fraction,
    kind: str,
    rate: Fraction,
    files: Files,
    every: dict[str | None, Element],
    found: Found,
) -> None:
    for event in _sequence(sequence, rate, files, every).events:
        if (event.channel is None) == (kind == "video"):
            cut = through(event, begin, stop, begin - used)
            if cut is not None and cut not in found.events:  # each half of a stereo nest says all of it
                found.events.append(cut)


def _source(item: Element, frame_in: int, file: File, rate: Fraction) -> tuple[Fraction, Fraction]:
    """Where in its file it begins, by its ticks, and how fast it plays; its frames must say so, too."""
    speed = Fraction(1)
    for effect in item.findall("filter/effect"):
        if effect.findtext("effectid") == "timeremap":
            values = {p.findtext("parameterid"): p.findtext("value", "") for p in effect.findall("parameter")}
            speed = Fraction(values["speed"]).limit_denominator(10**6) / 100
            speed = -speed if values["reverse"] == "TRUE" else speed
    exact = Fraction(int(item.findtext("pproTicksIn", "")), TICKS)
    rough = frame_in / rate * (abs(speed) or 1)
    assert abs(exact - rough) * rate <= max(Fraction(1, 2), abs(speed) / 2) + Fraction(1, 1000)
    return (file.duration - exact if speed < 0 else exact), speed


def _sound(
    item: Element, frame_in: int, length: Fraction, rate: Fraction
) -> tuple[Level, tuple[Fraction, Fraction], float]:
    points: list[tuple[Fraction, float]] = []
    flat, pan = 0.0, 0.0
    for effect in item.findall("filter/effect"):
        for parameter in effect.findall("parameter"):
            if parameter.findtext("parameterid") == "pan":
                pan = float(parameter.findtext("value", "0"))
            if parameter.findtext("parameterid") != "level":
                continue
            flat = decibels(float(parameter.findtext("value", "1")))
            for key in parameter.findall("keyframe"):
                at = (int(key.findtext("when", "0")) - frame_in) / rate
                points.append((at, decibels(float(key.findtext("value", "1")))))
    rise = fall = Fraction(0)
    if len(points) > 1 and points[0][1] == SILENCE:  # from silence to the next key frame it fades
        rise = points[1][0] - points[0][0]
        points = points[1:]
    if len(points) > 1 and points[-1][1] == SILENCE:
        fall = points[-1][0] - points[-2][0]
        points = points[:-1]
    elif len(points) == 1 and flat == SILENCE:
        flat = points[0][1]
    return level_of(flat, points), (rise, fall), pan
