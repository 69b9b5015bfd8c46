"""What a sound file, or a text beside it, states of its licence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from avm_otio.errors import MediaError
from avm_otio.files import read_plain
from avm_otio.media.containers import opened, sound_streams
from avm_otio.mix.clearance import Stated, licence_in

_TAGS = (
    "license",
    "licence",
    "wcop",
    "copyrighturl",
    "usageterms",
    "rights",
    "copyright",
    "icop",
    "tcop",
    "cprt",
)
"""Tags that state a licence, the surest first, as FFmpeg and other programs name them."""

_COMMENTS = ("comment", "icmt", "description")
"""Tags that may name one among other things."""

_AUTHORS = ("artist", "iart", "author", "album_artist", "composer", "originator")
_TEXTS = ("license", "licence", "copying", "copyright", "readme", "credits")
_MOST_BYTES = 64 * 1024


def stated_of(path: Path, top: Path | None = None) -> Stated:
    """What is stated of a sound: in its tags, in a text named after it, or in one of its folders' texts.

    Args:
        path: The file.
        top: The library's folder: texts in it and between it and the file count, too. Without it only what
            the file itself says counts.
    """
    tags = _tags(path)
    author = next((tags[name] for name in _AUTHORS if tags.get(name)), "")
    for name in _TAGS:
        if text := tags.get(name):
            return Stated(licence_in(text) or text, f"tag “{name}”", author)
    for name in _COMMENTS:
        if named := licence_in(tags.get(name, "")):
            return Stated(named, f"tag “{name}”", author)
    if top is None:
        return Stated(author=author)
    for file in _beside(path):
        if text := _text(file):
            first = next((line.strip() for line in text.splitlines() if line.strip()), "")
            return Stated(licence_in(text) or first, file.name, author)
    for folder in (path.parent, *path.parent.parents):
        for file in _in_folder(folder):
            if named := licence_in(_text(file)):
                return Stated(
                    named, str(file.relative_to(top)) if file.is_relative_to(top) else file.name, author
                )
        if folder == top:
            break
    return Stated(author=author)


def _tags(path: Path) -> Mapping[str, str]:
    found: dict[str, str] = {}
    with suppress(MediaError), opened(path) as container:
        for metadata in (container.metadata, *(stream.metadata for stream in sound_streams(container))):
            for key, value in metadata.items():
                found.setdefault(re.sub(r"[^a-z_]", "", key.lower()), value.strip())
    return found


def _beside(path: Path) -> list[Path]:
    """Texts of one sound: ``x.wav.license`` (as REUSE names them), ``x.license.txt``, ``x.txt``."""
    names = [
        f"{base}{end}"
        for base in (path.name, path.stem)
        for end in (".license", ".licence", ".license.txt", ".txt")
    ]
    return [path.with_name(name) for name in names if path.with_name(name).is_file()]


def _in_folder(folder: Path) -> list[Path]:
    try:
        there = sorted(each for each in folder.iterdir() if each.suffix.lower() in ("", ".txt", ".md"))
    except OSError:
        return []
    return [
        each for start in _TEXTS for each in there if each.name.lower().startswith(start) and each.is_file()
    ]


def _text(path: Path) -> str:
    with suppress(OSError):
        return read_plain(path, most_bytes=_MOST_BYTES).decode("utf-8", "replace")
    return ""
