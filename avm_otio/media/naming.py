"""Names for downloaded files: stems that every file system takes, endings that tell the truth."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

_MAX_ENDING_BYTES = 32
"""What is longer is no ending, but the rest of a name with a dot in it."""

MAX_STEM_BYTES = 100
"""In UTF-8: leaves room for endings and folders under the 255 bytes of a name and the 260 signs of a path."""

_FORBIDDEN = frozenset('<>:"/\\|?*')
"""What Windows forbids in a name; ``/`` is all that the others do."""

_WINDOWS_KEEPS = frozenset(
    ("CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in range(1, 10)))
)
"""Names of devices: no file may be called so, whatever its ending."""

_FOREIGN = re.compile(r'[<>:"/\\|?*\x00-\x20\x7f-\x9f\ud800-\udfff\u200b-\u206f\ufeff]')
"""What no ending of a file holds."""

_JOINER = "\u200d"
"""Zero-width, yet what holds an emoji of several signs together: kept after a pictorial sign."""

_AUDIO_ENDINGS = {
    "audio/aac": ".aac",
    "audio/aiff": ".aiff",
    "audio/flac": ".flac",
    "audio/m4a": ".m4a",
    "audio/mp3": ".mp3",
    "audio/mp4": ".m4a",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "audio/opus": ".opus",
    "audio/vnd.wave": ".wav",
    "audio/wav": ".wav",
    "audio/wave": ".wav",
    "audio/webm": ".webm",
    "audio/x-aiff": ".aiff",
    "audio/x-flac": ".flac",
    "audio/x-m4a": ".m4a",
    "audio/x-wav": ".wav",
    "video/mp4": ".mp4",
    "video/webm": ".webm",
}
_KNOWN_ENDINGS = frozenset(_AUDIO_ENDINGS.values()) | {".aif", ".caf", ".mov", ".mka", ".wma"}


def safe_stem(item_id: int, title: str | None) -> str:
    """A file stem that begins with the item's id and goes on with what can be kept of its title.

    No separators, control, invisible or text-direction signs, no dot or space at the end; never a name that
    Windows keeps for itself, since a number comes first. At most ``MAX_STEM_BYTES`` long. CJK and emoji stay.
    Two items of one title differ by their ids.
    """
    words = kept_words(title or "")
    return _cut(f"{item_id} {words}" if words else str(item_id))


def safe_name(title: str, ending: str = "", otherwise: str = "sound") -> str:
    """A file name for a title: what every file system takes of it, the ending whole.

    As ``safe_stem``, without a number: a name that Windows keeps for itself gets a line before it.

    Args:
        title: What it is called.
        ending: What the name ends with, ``".wav"``.
        otherwise: Its stem where nothing of the title can be kept.
    """
    if len(ending.encode("utf-8", "surrogatepass")) > _MAX_ENDING_BYTES:
        title, ending = title + ending, ""
    stem = _cut(kept_words(title)) or otherwise
    if stem.partition(".")[0].rstrip().upper() in _WINDOWS_KEEPS:
        stem = f"_{stem}"
    return stem + _FOREIGN.sub("", ending)


def kept_words(title: str) -> str:
    """What of a title may stand in a file name, separated by single spaces; may be empty."""
    signs = unicodedata.normalize("NFC", title)
    kept = "".join(
        sign if _may_stay(sign, signs[max(0, at - 1) : at]) else " " for at, sign in enumerate(signs)
    )
    return " ".join(kept.split()).strip("-. ")


def _cut(stem: str) -> str:
    return stem.encode()[:MAX_STEM_BYTES].decode("utf-8", "ignore").rstrip(f"-. {_JOINER}")


def _may_stay(sign: str, before: str) -> bool:
    if sign == _JOINER:
        return bool(before) and unicodedata.category(before) in ("So", "Sk", "Mn")
    # C: control, format, surrogate, private and unassigned signs. Zl, Zp: line and paragraph separators.
    category = unicodedata.category(sign)
    return sign not in _FORBIDDEN and category[0] != "C" and category not in ("Zl", "Zp")


def audio_ending(head: bytes, content_type: str, url_path: str) -> str | None:
    """The ending for a file: by what it holds, else by what the server calls it, else by its address.

    Args:
        head: The first bytes; 12 are enough.
        content_type: The header, as it came.
        url_path: The path of the address.

    Returns:
        An ending with its dot; ``None`` where nothing tells.
    """
    by_type = _AUDIO_ENDINGS.get(content_type.partition(";")[0].strip().lower())
    by_path = PurePosixPath(url_path).suffix.lower()
    return sniffed_ending(head) or by_type or (by_path if by_path in _KNOWN_ENDINGS else None)


def sniffed_ending(head: bytes) -> str | None:
    """The ending that the first bytes of a file stand for; ``None`` where they say nothing.

    Source of the marks: the WHATWG's MIME Sniffing Standard, and the formats' own specifications.
    """
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return ".wav"
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return ".aiff"
    if head[4:8] == b"ftyp":
        return ".m4a"
    for mark, ending in ((b"fLaC", ".flac"), (b"OggS", ".ogg"), (b"ID3", ".mp3"), (b"caff", ".caf")):
        if head.startswith(mark):
            return ending
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        # Eleven set bits begin a frame; the two layer bits after the version tell MP3 (01) from AAC (00).
        return {0b01: ".mp3", 0b00: ".aac"}.get(head[1] >> 1 & 0b11)
    return None
