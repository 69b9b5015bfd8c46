"""What a sound file says of itself: ID3, Vorbis comments, MP4, RIFF's INFO, Broadcast Wave's texts.

FFmpeg reads all of these but iXML, which is read here (specification 3.01). In its ``USER`` and ``ASWG``
parts sound libraries keep the fields of the Universal Category System.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from avm_otio.errors import TimelineError
from avm_otio.formats.xml import parsed

_MOST_IXML = 1 << 20
_MOST_TEXT = 2000
"""Longer texts are descriptions of whole libraries."""

_KEYS = {
    "title": ("title", "tracktitle", "fxname", "inam"),
    "artist": (
        "artist",
        "designer",
        "creatorid",
        "author",
        "albumartist",
        "composer",
        "originator",
        "iart",
        "manufacturer",
    ),
    "album": ("album", "library", "source", "sourceid", "project", "show", "iprd"),
    "genre": ("genre", "ignr", "musicgenre"),
    "description": (
        "description",
        "comment",
        "bwdescription",
        "note",
        "notes",
        "icmt",
        "synopsis",
        "subtitle",
    ),
    "keywords": ("keywords", "keyword", "ikey", "isbj", "subject", "mood", "grouping", "contentgroup"),
    "category": ("category",),
    "subcategory": ("subcategory",),
    "cat_id": ("catid",),
    "bpm": ("bpm", "tbpm", "tempo", "tmpo"),
    "key": ("initialkey", "key", "tkey", "inkey"),
    "licence": ("license", "licence", "wcop", "copyrighturl", "usageterms", "rights"),
    "copyright": ("copyright", "icop", "tcop", "cprt"),
}
"""The names that programs give one thing, without blanks, in lower case; the first that is there counts."""


@dataclass(frozen=True, slots=True)
class Tags:
    """What a file says of itself; empty where it says nothing."""

    title: str = ""
    artist: str = ""
    album: str = ""
    genre: str = ""
    description: str = ""
    keywords: str = ""
    category: str = ""
    subcategory: str = ""
    cat_id: str = ""
    bpm: str = ""
    key: str = ""
    licence: str = ""
    copyright: str = ""

    @property
    def stated_bpm(self) -> float | None:
        """The tempo that it states, if that is one."""
        with suppress(ValueError):
            bpm = float(self.bpm.replace(",", "."))
            return bpm if 20 <= bpm <= 400 else None
        return None


NO_TAGS = Tags()


def tags_of(path: Path) -> Tags:
    """Read a file's tags.

    Raises:
        MediaError: It cannot be opened.
    """
    from avm_otio.media.containers import opened, sound_streams  # FFmpeg: not needed to search

    found: dict[str, str] = {}
    with opened(path) as container:
        for metadata in (container.metadata, *(stream.metadata for stream in sound_streams(container))):
            for key, value in metadata.items():
                found.setdefault(_key(key), value)
    for key, value in _ixml(path):
        if value.strip():
            found[_key(key)] = value
    return _settled(found)


def _settled(found: Mapping[str, str]) -> Tags:
    values = {
        name: next((_text(found[key]) for key in keys if found.get(key, "").strip()), "")
        for name, keys in _KEYS.items()
    }
    return Tags(**values)


def _key(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower().rpartition(":")[2])


def _text(value: str) -> str:
    return " ".join(value.replace("\0", " ").split())[:_MOST_TEXT]


def _ixml(path: Path) -> Iterator[tuple[str, str]]:
    """The fields of a WAV's iXML, those of its ``USER`` and ``ASWG`` parts last: they say most."""
    with suppress(OSError), path.open("rb") as file:
        body = _chunk(file, b"iXML")
        with suppress(TimelineError):
            root: Any = parsed(body.strip(b"\0 \t\r\n"), "iXML") if body else ()
            for element in root:
                if not len(element):
                    yield element.tag, element.text or ""
            for part in ("BEXT", "ASWG", "USER"):
                for group in root.findall(part) if body else ():
                    for element in group:
                        yield element.tag.replace("_", "").removeprefix("BWF"), element.text or ""


def _chunk(file: BinaryIO, name: bytes) -> bytes:
    """The body of a chunk of a WAV (RIFF, RF64, BW64); empty where it has none."""
    head = file.read(12)
    if head[:4] not in (b"RIFF", b"RF64", b"BW64") or head[8:] != b"WAVE":
        return b""
    long_data = 0
    while len(mark := file.read(8)) == 8:
        length = int.from_bytes(mark[4:], "little")
        body = file.tell()
        if mark[:4] == name:
            return file.read(min(length, _MOST_IXML))
        if mark[:4] == b"ds64":
            long_data = int.from_bytes(file.read(16)[8:], "little")
        elif mark[:4] == b"data" and length == 0xFFFF_FFFF:
            length = long_data
        file.seek(body + length + length % 2)
    return b""
