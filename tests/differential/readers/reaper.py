"""Reaper's projects by the ``rpp`` package: seconds throughout, amplitudes, envelopes in take time."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.differential.events import Event, Files, Found
from tests.differential.readers.kit import decibels, level_of

SAMPLE = Fraction(1, 44_100)


def reaper(paths: list[Path], rate: Fraction, files: Files) -> Found:
    import rpp

    project = rpp.loads(paths[0].read_text(encoding="utf-8"))
    found = Found(crossings=set(), markers=[], start=round(Fraction(project.find("PROJOFFS")[1]) * rate))
    open_regions: set[str] = set()
    for marker in project.findall("MARKER"):
        is_region = marker[4] == "1"
        if is_region and marker[1] in open_regions:  # the line at which it ends
            open_regions.remove(marker[1])
            continue
        if is_region:
            open_regions.add(marker[1])
        found.markers.append((Fraction(marker[2]), marker[3]))
    for track in project.findall("TRACK"):
        is_off = track.find("MUTESOLO")[1] != "0"
        items = [(_item(item, files), item.find("MUTE")[1] != "0") for item in track.findall("ITEM")]
        for item in track.findall("ITEM"):
            found.markers += [(at, name) for at, name in _marked(item)]
        for (before, _), (after, _) in pairwise(items):
            _crossed(before, after)
        for (before, off), (after, also_off) in pairwise(items):
            span = after[0].start, before[0].end
            if span[1] - span[0] >= SAMPLE and not (is_off or off or also_off):
                found.crossings.add(("audio", *span))
        found.events += [event for events, off in items for event in events if not (is_off or off)]
    return found


def _crossed(before: list[Event], after: list[Event]) -> None:
    """Items that overlap cross fade: their fades there are as long, and no fades of their own."""
    length = before[0].end - after[0].start
    if length < SAMPLE:  # places are rounded
        return
    for number, event in enumerate(before):
        assert event.fades is not None
        assert abs(event.fades[1] - length) < SAMPLE
        before[number] = replace(event, fades=(event.fades[0], Fraction(0)))
    for number, event in enumerate(after):
        assert event.fades is not None
        assert abs(event.fades[0] - length) < SAMPLE
        after[number] = replace(event, fades=(Fraction(0), event.fades[1]))


def _marked(item: Any) -> list[tuple[Fraction, str]]:
    start, used, speed = (Fraction(item.find(tag)[1]) for tag in ("POSITION", "SOFFS", "PLAYRATE"))
    return [(start + (Fraction(mark[1]) - used) / speed, mark[2]) for mark in item.findall("TKM")]


def _item(item: Any, files: Files) -> list[Event]:
    name = item.find("NAME")[1]
    start, length, used = (Fraction(item.find(tag)[1]) for tag in ("POSITION", "LENGTH", "SOFFS"))
    speed = Fraction(item.find("PLAYRATE")[1])
    source = item.find("SOURCE")
    backwards = source.attrib[0] == "SECTION" and int(source.find("MODE")[1]) & 2
    if source.attrib[0] == "SECTION":
        begin, lasts = Fraction(source.find("STARTPOS")[1]), Fraction(source.find("LENGTH")[1])
        used = begin + lasts - used if backwards else begin + used
        source = source.find("SOURCE")
    points = []
    envelope = item.find("VOLENV")
    if envelope is not None:  # in seconds of the take, which runs at its playing speed
        points = [(Fraction(p[1]) / speed, decibels(float(p[2]))) for p in envelope.findall("PT")]
    gain = decibels(float(item.find("VOLPAN")[1]))
    line = [(at, gain + db) for at, db in points]
    mode = int(item.find("CHANMODE")[1])
    is_picture = source.attrib[0] == "VIDEO" and source.find("AUDIO") is not None
    channels: tuple[int | None, ...]
    if is_picture:
        channels = (None,)
    elif mode >= 67:
        channels = (mode - 67, mode - 66)
    elif mode >= 3:
        channels = (mode - 3,)
    else:
        channels = tuple(range(files[name].channels))
    fades = Fraction(item.find("FADEIN")[2]), Fraction(item.find("FADEOUT")[2])
    return [
        Event(
            name,
            channel,
            start,
            start + length,
            used,
            -speed if backwards else speed,
            fades,
            float(item.find("VOLPAN")[2]),
            level_of(gain, line),
        )
        for channel in channels
    ]
