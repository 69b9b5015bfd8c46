"""Whether a file is media at all: what may be put into a bundle because a timeline names it."""

from __future__ import annotations

from pathlib import Path

from avm_otio.errors import MediaError

_RAW = frozenset((".r3d", ".braw", ".ari", ".arx", ".arri", ".crm", ".rmf", ".nev", ".cine", ".dng"))
"""What cameras write that FFmpeg cannot decode; editors can."""

_IMAGES = frozenset(
    (".bmp", ".cin", ".dpx", ".exr", ".jpeg", ".jpg", ".png", ".tga", ".tif", ".tiff", ".webp")
)

_HEAD_BYTES = 1024


def is_media(path: Path) -> bool:
    """Whether a file is picture or sound: by its camera's or images' ending, or because it decodes.

    Text is none, though FFmpeg makes a picture even of that. The keys, letters and lists of whoever runs this
    program are not to travel in a bundle because a timeline from elsewhere names them.
    """
    ending = path.suffix.lower()
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return False
    if _is_text(head):
        return False
    if ending in _RAW or ending in _IMAGES:
        return True
    from avm_otio.media.probe import probe

    try:
        probe(path)
    except MediaError:
        return False
    return True


def _is_text(head: bytes) -> bool:
    if any(byte < 32 and byte not in b"\t\n\f\r\x1b" for byte in head):
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 3 and len(head) == _HEAD_BYTES  # a letter cut in two
    return True
