"""CMX3600 lists by their own rules: two columns of timecode, and comments below each edit."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from tests.differential.events import Event, Files, Found
from tests.differential.readers.kit import level_of

_EDIT = re.compile(r"\d{3,6} +(\S+) +(V|AA?|A\d) +(C|D|W\d{3}) +(\d{3} )? *((?:\d\d:\d\d:\d\d[:;]\d\d ?){4})")
_LEVEL = re.compile(r"\* AUDIO LEVEL AT (\S+) IS ([-+.\d]+) DB")


@dataclass
class _Edit:
    reel: str
    kind: str
    length: int
    source: tuple[int, int]
    record: tuple[int, int]
    source_drops: bool
    channels: list[int | None]
    name: str = ""
    file: str = ""
    from_name: str = ""
    speed: Fraction | None = None
    begins: int = 0
    levels: list[tuple[int, float]] = field(default_factory=list)


def count(text: str, rate: Fraction, drops: bool) -> int:
    """Frames since midnight."""
    base = math.ceil(rate)
    hours, minutes, seconds, frames = map(int, re.split("[:;]", text))
    number = ((hours * 60 + minutes) * 60 + seconds) * base + frames
    whole = hours * 60 + minutes
    return number - (base // 15) * (whole - whole // 10) if drops else number


def edl(paths: list[Path], rate: Fraction, files: Files) -> Found:
    found = Found(crossings=set(), markers=[])
    for path in paths:
        _list(path.read_text(encoding="utf-8"), rate, files, found)
    found.events.sort(key=lambda event: event.start)
    return found


def _list(text: str, rate: Fraction, files: Files, found: Found) -> None:
    drops = "FCM: DROP FRAME" in text.split("\n")[1]
    source_drops = drops
    edits: list[_Edit] = []
    marks: list[tuple[int, str]] = []
    for line in text.splitlines()[2:]:
        match = _EDIT.match(line)
        if line.startswith("FCM:"):
            source_drops = line == "FCM: DROP FRAME"
        elif match:
            times = match[5].split()
            source = [count(time, rate, source_drops) for time in times[:2]]
            record = [count(time, rate, drops) for time in times[2:]]
            channels: list[int | None] = [None] if match[2] == "V" else [0, 1] if match[2] == "AA" else [0]
            edits.append(
                _Edit(
                    match[1],
                    match[3],
                    int(match[4] or 0),
                    (source[0], source[1]),
                    (record[0], record[1]),
                    source_drops,
                    channels,
                )
            )
        elif edits:
            _comment(line, edits[-1], rate, marks, drops)
    zero = edits[0].record[0]
    found.start, found.drop = zero, drops
    found.markers += [((at - zero) / rate, name) for at, name in marks]
    events: list[tuple[_Edit, Event]] = []
    for number, edit in enumerate(edits):
        start, end = (Fraction(at - zero) / rate for at in edit.record)
        over = start + edit.length / rate
        before = edits[number - 1] if number else None
        if edit.kind != "C":
            assert before is not None
            from_black, to_black = before.reel == "BL", edit.reel == "BL"
            if not from_black:  # what it dissolves from lasts through it
                events = [
                    (of, replace(event, end=over, fades=(event.fades[0], over - start)))
                    if to_black and event.end == start and event.fades
                    else (of, replace(event, end=over))
                    if event.end == start
                    else (of, event)
                    for of, event in events
                ]
            if not (from_black or to_black):
                found.crossings.add(("video" if edit.channels == [None] else "audio", start, over))
        else:
            from_black = False
        if edit.reel == "BL" or edit.record[0] == edit.record[1]:
            continue
        file = files[edit.name]
        speed = Fraction(1) if edit.speed is None else edit.speed
        # Sources are counted at the list's rate; 24 and a file of 23.976 name the same frames.
        alike = file.rate is not None and math.ceil(file.rate) == math.ceil(rate)
        counted = file.rate if file.rate is not None and alike else rate
        used = Fraction(edit.source[1] if speed < 0 else edit.source[0])
        fades = (over - start if from_black else Fraction(0), Fraction(0))
        levels = [((at - used) / rate / (speed or 1), db) for at, db in edit.levels]
        for channel in edit.channels:
            event = Event(
                edit.name,
                channel,
                start,
                end,
                used / counted - file.start,
                speed,
                fades,
                None,
                level_of(levels[0][1] if levels else 0.0, levels),
            )
            events.append((edit, event))
    found.events += [event for _, event in events]


def _comment(line: str, edit: _Edit, rate: Fraction, marks: list[tuple[int, str]], drops: bool) -> None:
    level = _LEVEL.match(line)
    patch = re.match(r"\* PATCH \S+ +FROM SOURCE (\d+) TO RECORD (\d+)", line)
    if line.startswith("AUD"):
        edit.channels += [int(number) - 1 for number in line.split()[1:]]
    elif level:
        edit.levels.append((count(level[1], rate, edit.source_drops), float(level[2])))
    elif patch:
        edit.channels[int(patch[2]) - 1] = int(patch[1]) - 1
    elif line.startswith("M2"):
        speed = Fraction(line.split()[2]) / math.ceil(rate)
        edit.speed = speed.limit_denominator(12)
        edit.begins = count(line.split()[3], rate, edit.source_drops)
    elif line.startswith("* LOC:"):
        _, _, at, _, name = line.split(maxsplit=4)
        marks.append((count(at, rate, drops), name))
    elif re.match(r"\* (FROM|TO) CLIP NAME:", line):
        is_from = line.startswith("* FROM")
        name = line.split(":", 1)[1].strip()
        if not (is_from and edit.kind != "C"):
            edit.name = name
