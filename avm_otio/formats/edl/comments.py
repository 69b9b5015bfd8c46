"""The comments below an edit of a CMX3600 list: where editors say what the edit cannot."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_FIELD = re.compile(
    r"\*?\s*(?:OTIO REFERENCE )?(FROM CLIP NAME|TO CLIP NAME|FROM CLIP|TO CLIP|FROM FILE|TO FILE|FROM|TO|"
    r"SOURCE FILE|EFFECTS? NAME(?: IS)?)(?:\s*:\s*|(?<=NAME IS) )(.*)"
)
_GENERATOR = re.compile(r"\*\s*(FROM|TO) CLIP IS A GENERATOR")
_LOC = re.compile(r"\*\s*LOC:\s*([\d:;.,]{8,13})(?:\s+(.*))?", re.ASCII)
_M2 = re.compile(r"M2\s+(.*?)\s+(-?\d{1,6}(?:\.\d{1,6})?)\s+([\d:;.,]{8,13})", re.ASCII)
_LEVEL = re.compile(
    r"\*\s*AUDIO LEVEL AT ([\d:;.,]{8,13}) IS ([+-]?\d{1,4}(?:\.\d{1,6})?)\s*DB\b.*", re.ASCII
)
_VOL = re.compile(r"\*\s*A\d{1,2} VOL\s*=\s*([+-]?\d{1,4}(?:\.\d{1,6})?)\s*DB\b.*", re.ASCII)
_PATCH = re.compile(r"\*\s*PATCH .*?FROM SOURCE (\d{1,2}) TO RECORD (\d{1,2})", re.ASCII)
_FREEZE = re.compile(r"\*\s*\*?\s*FREEZE FRAME")


@dataclass(slots=True)
class Comments:
    """What the comments of one edit say.

    Attributes:
        names: Clip names, by ``FROM`` and ``TO``.
        paths: Paths of media, likewise.
        files: Source files, in order.
        generators: Which of ``FROM`` and ``TO`` are generators.
        effect: The transition's name.
        speeds: Reel, nominal frames a second and source timecode of each ``M2`` line.
        is_frozen: Whether it is a freeze frame.
        levels: Gains in decibels at source timecodes, as Final Cut Pro 7 and OpenShot write them.
        volume: The one gain that Avid writes.
        patches: Source channel and record channel, from 1.
        locators: Record timecodes and texts.
        others: Lines that mean nothing to us.
    """

    names: dict[str, str] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    generators: set[str] = field(default_factory=set)
    effect: str = ""
    speeds: list[tuple[str, str, str]] = field(default_factory=list)
    is_frozen: bool = False
    levels: list[tuple[str, float]] = field(default_factory=list)
    volume: float | None = None
    patches: list[tuple[int, int]] = field(default_factory=list)
    locators: list[tuple[str, str]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


def comments_of(lines: list[str]) -> Comments:
    """Take the comments of an edit apart."""
    comments = Comments()
    for comment in lines:
        if found := _GENERATOR.fullmatch(comment):
            comments.generators.add(found[1])
        elif found := _FIELD.fullmatch(comment):
            key, value = found[1], found[2].strip()
            way = key.partition(" ")[0]
            if key.endswith("CLIP NAME"):
                comments.names.setdefault(way, value)
            elif key == "SOURCE FILE":
                comments.files.append(value)
            elif way in ("FROM", "TO"):
                comments.paths.setdefault(way, value)
            else:
                comments.effect = value
        elif found := _LOC.fullmatch(comment):
            comments.locators.append((found[1], (found[2] or "").strip()))
        elif found := _M2.fullmatch(comment):
            comments.speeds.append((found[1].strip(), found[2], found[3]))
        elif found := _LEVEL.fullmatch(comment):
            comments.levels.append((found[1], float(found[2])))
        elif found := _VOL.fullmatch(comment):
            comments.volume = float(found[1])
        elif found := _PATCH.match(comment):
            comments.patches.append((int(found[1]), int(found[2])))
        elif _FREEZE.fullmatch(comment):
            comments.is_frozen = True
        else:
            comments.others.append(comment)
    return comments
