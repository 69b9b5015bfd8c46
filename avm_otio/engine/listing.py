"""Which sounds lie in a library: their names, and nothing that takes longer to find out."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path

_ENDINGS = frozenset(
    f".{ending}"
    for ending in "aac aif aifc aiff caf flac m4a mka mp3 oga ogg opus w64 wav wma".split()  # noqa: SIM905  # a list to read
)


def sounds_below(folder: Path) -> list[str]:
    """The paths of all sounds below a folder, in order, with slashes; what is hidden is left out."""
    return sorted(_found(folder))


def digest_of(folder: Path) -> str:
    """Changes when sounds come, go or are renamed; the same wherever the folder lies, on any system."""
    names = sorted(unicodedata.normalize("NFC", name) for name in _found(folder))
    return hashlib.sha256("\0".join(names).encode("utf-8", "surrogateescape")).hexdigest()


def _found(folder: Path) -> Iterator[str]:
    root = len(os.path.join(folder, ""))  # noqa: PTH118  # text throughout: a library holds many files
    for here, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        below = f"{here[root:]}/".replace(os.sep, "/").lstrip("/")
        for name in files:
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in _ENDINGS:  # noqa: PTH122  # the same
                yield below + name
