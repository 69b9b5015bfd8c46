"""What a stated licence lets a production do with a sound that it passes on inside its film."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Clearance(StrEnum):
    """How far a sound may be passed on."""

    FREE = "free"
    CREDIT = "credit"
    """If its author is credited."""
    TERMS = "terms"
    """Under terms that somebody has to read."""
    NO = "no"
    """Not without asking, or not in a film that is cut and sold."""
    NOT_STATED = "not stated"


@dataclass(frozen=True, slots=True)
class Stated:
    """What is stated of a sound.

    Attributes:
        licence: Its short name, or the words as they stand there; empty where nothing is stated.
        place: Where: a tag, or a file.
        author: Whom to credit, where that is said.
    """

    licence: str = ""
    place: str = ""
    author: str = ""


_ZERO = re.compile(
    r"\bcc[\s_-]?0\b|\bcc[\s_-]?zero\b|publicdomain/zero|creative\s*commons\s*zero|\bunlicense\b",
    re.IGNORECASE,
)
_CREATIVE_COMMONS = re.compile(
    r"(?:creative\s*commons|\bcc|licenses/)[\s:/_-]*(?:attribution|by)\b"
    r"(?P<more>(?:[\s_,-]*(?:non[\s_-]?commercial|no[\s_-]?deriv\w*|share[\s_-]?alike|nc|nd|sa)\b)*)",
    re.IGNORECASE,
)
_OTHERS = tuple(
    (re.compile(pattern, re.IGNORECASE), name)
    for pattern, name in (
        (r"public[\s_-]domain", "public domain"),
        (r"\bsampling\s*\+|sampling[\s_-]plus", "Sampling+"),
        (r"royalty[\s_-]*free", "royalty-free"),
        (r"all rights reserved", "all rights reserved"),
        (r"\b(a?l?gpl(?: ?v?[23](?:\.\d)?)?)\b|gnu general public", "GPL"),
        (r"\boga[\s_-]by\b", "OGA-BY"),
        (r"\bmit license\b", "MIT"),
    )
)
_MAY_NAME = re.compile(r"cc|creative|public|sampling|royalty|rights|gpl|gnu|oga|mit|license", re.IGNORECASE)
"""What a text must have that names one of these: most names of sounds do not."""

_PARTS = (("NC", ("nc", "noncommercial")), ("ND", ("nd", "noderiv")), ("SA", ("sa", "sharealike")))
_WORDS = {
    Clearance.FREE: "may be passed on",
    Clearance.CREDIT: "may be passed on if its author is credited",
    Clearance.NO: "may not be passed on in a film without asking",
    Clearance.TERMS: "read its terms before it is passed on",
    Clearance.NOT_STATED: "nothing says that it may be passed on",
}


def licence_in(text: str) -> str:
    """The licence that a text names, in short; empty where it names none that is known."""
    if not _MAY_NAME.search(text):
        return ""
    if _ZERO.search(text):
        return "CC0"
    if found := _CREATIVE_COMMONS.search(text):
        more = re.sub(r"[\s_-]", "", found["more"].lower())
        return "-".join(["CC BY", *(short for short, signs in _PARTS if any(sign in more for sign in signs))])
    return next((name for pattern, name in _OTHERS if pattern.search(text)), "")


def clearance_of(stated: Stated) -> Clearance:
    """What a stated licence lets a production do."""
    name = licence_in(stated.licence)
    if not stated.licence:
        return Clearance.NOT_STATED
    if name in ("CC0", "public domain"):
        return Clearance.FREE
    if name in ("CC BY", "OGA-BY"):
        return Clearance.CREDIT
    if name == "all rights reserved" or "-NC" in name or "-ND" in name:
        return Clearance.NO
    return Clearance.TERMS


def words_of(stated: Stated) -> str:
    """What that means, for people."""
    name, clearance = licence_in(stated.licence), clearance_of(stated)
    if "-NC" in name:
        return "not for commercial use"
    if "-ND" in name:
        return "may not be cut or mixed"
    if "-SA" in name:
        return "asks that what it is part of is shared alike: read its terms"
    return _WORDS[clearance]


def credit_of(title: str, stated: Stated) -> str:
    """The line that a licence asks for in the credits; empty where it asks for none."""
    if not licence_in(stated.licence).startswith(("CC BY", "OGA-BY")):
        return ""
    by = f" by {stated.author}" if stated.author else ""
    return f"“{title}”{by}, {licence_in(stated.licence)}"
