"""The comments below an edit of a CMX3600 list: where editors say what the edit cannot."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from avm_otio.formats.edl.common import COLORS

_FIELD = re.compile(
    r"[*>\s]*(?:OTIO REFERENCE )?(?P<key>(?:FROM|TO|KEY) CLIP NAME|(?:FROM|TO|KEY) CLIP|(?:FROM|TO|KEY) FILE|"
    r"FROM|TO|CLIP NAME|SOURCE CLIP NAME|SOURCE FILE(?:NAME| NAME)?|FILE ?NAME|MEDIA FILE|FILE PATH|"
    r"(?:SOURCE )?(?:REEL|TAPE)(?: NAME)?|EFFECTS? NAME(?: IS)?)"
    r"(?:\s*:\s*|(?<=NAME IS)\s+)(?P<value>.*)",
    re.IGNORECASE,
)
_GENERATOR = re.compile(r"\*?\s*(FROM|TO|KEY) CLIP IS A GENERATOR", re.IGNORECASE)
_LOC = re.compile(r"\*\s*LOC:\s*([\d:;.,]{8,13})(?:\s+(.*))?", re.ASCII | re.IGNORECASE)
_M2 = re.compile(
    r"M2\s+(?:(.*?)\s+)??([+-]?\d{1,6}(?:\.\d{1,6})?)(?:\s+([\d:;.,]{8,13}))?", re.ASCII | re.IGNORECASE
)
_LEVEL = re.compile(
    r"\*\s*AUDIO LEVEL AT ([\d:;.,]{8,13}) IS ([+-]?\d{1,4}(?:\.\d{1,6})?)\s*DB\b(?:.*\b(A\d{1,2})\))?.*",
    re.ASCII | re.IGNORECASE,
)
_VOL = re.compile(r"\*\s*A\d{1,2} VOL\s*=\s*([+-]?\d{1,4}(?:\.\d{1,6})?)\s*DB\b.*", re.ASCII | re.IGNORECASE)
_PATCH = re.compile(r"\*\s*PATCH .*?FROM SOURCE (\d{1,2}) TO RECORD (\d{1,2})", re.ASCII | re.IGNORECASE)
_FREEZE = re.compile(r"\*\s*\*?\s*FREEZE FRAME.*", re.IGNORECASE)
_REEL_OF = re.compile(
    r"\*?\s*(?:FINAL CUT PRO )?REEL:?\s+(?P<long>.+?)\s+REPLACED BY:?\s+(?P<short>.+)|"
    r"\*?\s*(?:REEL )?(?P<for>\S+) IS CLIP (?P<clip>.+)",
    re.IGNORECASE,
)
"""A reel that is written shorter than it is [file: ``finalcut7/trailer.edl``], or stands for a clip."""

_RESOLVE = re.compile(
    r"(?P<note>.*?)\|C:(?P<color>[^|]*)\|M:(?P<name>.*?)(?:\|D:\s*(?P<frames>\d{1,9})\s*)?", re.ASCII
)
_RESOLVE_COLORS = {
    "FUCHSIA": "MAGENTA",
    "ROSE": "PINK",
    "LAVENDER": "PURPLE",
    "SKY": "CYAN",
    "MINT": "GREEN",
    "LEMON": "YELLOW",
    "SAND": "ORANGE",
    "COCOA": "ORANGE",
    "CREAM": "WHITE",
}
"""OTIO's nearest colours for those that only Resolve has."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A marker of DaVinci Resolve: ``note |C:ResolveColorBlue |M:name |D:frames``, at its edit's record in.

    Attributes:
        name: Its name.
        note: Its note.
        color: OTIO's name of its colour.
        frames: Its length.
    """

    name: str
    note: str
    color: str
    frames: int


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
        levels: Gains in decibels at source timecodes, and of which channel where they say, as Final Cut
            Pro 7 and OpenShot write them.
        volume: The one gain that Avid writes.
        patches: Source channel and record channel, from 1.
        locators: Record timecodes and texts.
        flags: Resolve's markers.
        reels: Longer names of reels, by the short ones.
        others: Lines that mean nothing to us.
    """

    names: dict[str, str] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    generators: set[str] = field(default_factory=set)
    effect: str = ""
    speeds: list[tuple[str, str, str]] = field(default_factory=list)
    is_frozen: bool = False
    levels: list[tuple[str, float, str]] = field(default_factory=list)
    volume: float | None = None
    patches: list[tuple[int, int]] = field(default_factory=list)
    locators: list[tuple[str, str]] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    reels: dict[str, str] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)


def comments_of(lines: list[str]) -> Comments:
    """Take the comments of an edit apart."""
    comments = Comments()
    for comment in lines:
        if found := _GENERATOR.fullmatch(comment):
            comments.generators.add(_way(found[1]))
        elif flag := _flag(comment):
            note = [flag.note] if flag.note else []
            plain = [text for text in comments.others if not text.startswith("*")]
            comments.others = [text for text in comments.others if text.startswith("*")]
            comments.flags.append(replace(flag, note="\n".join(plain + note)))
        elif found := _REEL_OF.fullmatch(comment):
            comments.reels[found["short"] or found["for"]] = found["long"] or found["clip"]
            comments.others.append(comment)
        elif found := _FIELD.fullmatch(comment):
            _take(comments, comment, found["key"].upper(), found["value"].strip())
        elif found := _LOC.fullmatch(comment):
            comments.locators.append((found[1], (found[2] or "").strip()))
        elif found := _M2.fullmatch(comment):
            comments.speeds.append(((found[1] or "").strip(), found[2], found[3] or ""))
        elif found := _LEVEL.fullmatch(comment):
            comments.levels.append((found[1], float(found[2]), (found[3] or "").upper()))
        elif found := _VOL.fullmatch(comment):
            comments.volume = float(found[1])
        elif found := _PATCH.match(comment):
            comments.patches.append((int(found[1]), int(found[2])))
        elif _FREEZE.fullmatch(comment):
            comments.is_frozen = True
        else:
            comments.others.append(comment)
    return comments


def _take(comments: Comments, comment: str, key: str, value: str) -> None:
    way = _way(key.partition(" ")[0])
    if key.endswith("CLIP NAME"):
        comments.names.setdefault(way if way == "TO" else "FROM", value)
    elif key.endswith(("REEL", "REEL NAME", "TAPE", "TAPE NAME")):
        comments.reels.setdefault("", value)
        comments.others.append(comment)
    elif way in ("FROM", "TO"):
        comments.paths.setdefault(way, value)
    elif "FILE" in key:
        comments.files.append(value)
    else:
        comments.effect = value


def _way(word: str) -> str:
    """A key is what comes in over what lies below it, as the second source of a dissolve does."""
    return "TO" if word.upper() == "KEY" else word.upper()


def _flag(comment: str) -> Flag | None:
    found = _RESOLVE.fullmatch(comment)
    if found is None:
        return None
    color = found["color"].strip().upper().removeprefix("RESOLVECOLOR")
    return Flag(
        name=found["name"].strip(),
        note=found["note"].strip(" *"),
        color=_RESOLVE_COLORS.get(color, color if color in COLORS else ""),
        frames=int(found["frames"] or 1),
    )
