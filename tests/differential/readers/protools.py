"""Pro Tools' session text by its columns: hundredths of a frame, and samples since midnight."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

from tests.differential.events import Event, Files, Found
from tests.differential.readers.edl import count


def protools(paths: list[Path], rate: Fraction, files: Files) -> Found:
    lines = paths[0].read_text(encoding="utf-8").splitlines()
    head = dict(line.split("\t", 1) for line in lines[:8])
    drops = "Drop" in head["TIMECODE FORMAT:"]

    def at(text: str) -> Fraction:
        timecode, part = text.strip().rsplit(".", 1)
        return (count(timecode, rate, drops) + Fraction(int(part), 100)) / rate

    zero = at(head["SESSION START TIMECODE:"])
    found = Found(markers=[], start=round(zero * rate), drop=drops)
    sources: dict[str, tuple[str, int]] = {}
    section, on = "", True
    for line in lines:
        cells = [cell.strip() for cell in line.split("\t")]
        if re.match(r"([A-Z] )+ ", line):
            section = " ".join(word.replace(" ", "") for word in line.split("  "))
        elif section.endswith("CLIPS IN SESSION") and len(cells) > 1 and cells[0] != "CLIP NAME":
            channel = int(cells[2].strip("[]")) - 1 if len(cells) > 2 else 0
            sources[cells[0]] = (cells[1].rsplit(".", 1)[0], channel)
        elif line.startswith("STATE:"):
            on = "Muted" not in line
        elif section == "TRACK LISTING" and len(cells) == 8 and cells[0].isdigit():
            name, channel = sources[cells[2]]
            start, end = at(cells[3]) - zero, at(cells[4]) - zero
            assert abs(Fraction(int(cells[6]), 48_000) - zero - start) * rate <= Fraction(1, 100), line
            if on and cells[7] == "Unmuted":
                start = Fraction(int(cells[6]), 48_000) - zero
                found.events.append(Event(name, channel, start, end))
        elif section == "MARKERS LISTING" and len(cells) >= 7 and cells[0].isdigit():
            assert abs(Fraction(int(cells[2]), 48_000) - (at(cells[1]) - zero)) * rate <= Fraction(1, 100)
            found.markers.append((at(cells[1]) - zero, cells[4]))
    return found
