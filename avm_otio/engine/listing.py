"""Which sounds lie in a library: found by their names, or by how the files begin."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path

_ENDINGS = tuple(
    f".{ending}"
    for ending in """
    3ga aac ac3 aif aifc aiff amr ape au bwf caf dff dsf dts eac3 flac gsm m4a m4b mka mp2 mp3 mpa mpc oga ogg
    opus ra rf64 shn snd spx tak tta voc vqf w64 wav wave weba wma wv
    """.split()
)
"""What names of sounds end with: such files are not looked into until they are listened to."""

_STARTS = (
    (0, b"RF64"), (0, b"BW64"), (0, b"fLaC"), (0, b"OggS"), (0, b"ID3"), (0, b"caff"), (0, b"wvpk"),
    (0, b"MAC "), (0, b"TTA1"), (0, b"TTA2"), (0, b"tBaK"), (0, b"MPCK"), (0, b"MP+"), (0, b".snd"),
    (0, b"#!AMR"), (0, b"DSD "), (0, b"FRM8"), (0, b"Creative Voice File"), (0, b"NIST_1A"), (0, b"ajkg"),
    (0, b"\x0b\x77"), (0, b"\x7f\xfe\x80\x01"), (0, b"riff\x2e\x91\xcf\x11"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"), (0, b"\x1a\x45\xdf\xa3"),
    (8, b"WAVE"), (8, b"AIFF"), (8, b"AIFC"), (8, b"8SVX"), (8, b"M4A "), (8, b"M4B "),
)  # a list to read  # fmt: skip
"""How sounds begin, and at which byte: files of any other name are looked at for these."""

_SYNCS = frozenset((*range(0xE2, 0xE8), *range(0xF0, 0xFE)))
"""What follows ``FF`` where MPEG sound of any layer, or ADTS, begins without a tag before it."""

_LOOKED_AT = 32


def sounds_below(folder: Path) -> list[str]:
    """The paths of all sounds below a folder, in order, with slashes; what is hidden is left out."""
    return sorted(_found(folder))


def digest_of(folder: Path) -> str:
    """Changes when sounds come, go or are renamed; the same wherever the folder lies, on any system."""
    names = sorted(unicodedata.normalize("NFC", name) for name in _found(folder))
    return hashlib.sha256("\0".join(names).encode("utf-8", "surrogateescape")).hexdigest()


def is_named_sound(path: str) -> bool:
    """Whether a file's name says that it is a sound."""
    return path.lower().endswith(_ENDINGS)


def _found(folder: Path) -> Iterator[str]:
    for here, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        place = Path(here)
        below = f"{place.relative_to(folder).as_posix()}/".removeprefix("./")
        for name in files:
            if not name.startswith(".") and (is_named_sound(name) or _begins_as_sound(place / name)):
                yield below + name


def _begins_as_sound(path: Path) -> bool:
    """Whether a file begins as a sound does; what cannot be opened, or is no plain file, does not."""
    try:
        if not path.is_file():  # a pipe would wait for ever
            return False
        with path.open("rb") as file:
            head = file.read(_LOOKED_AT)
    except OSError:
        return False
    if len(head) == _LOOKED_AT and head[0] == 0xFF and head[1] in _SYNCS:
        return True
    return any(head[at : at + len(start)] == start for at, start in _STARTS)
