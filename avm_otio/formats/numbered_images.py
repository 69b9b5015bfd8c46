"""Image sequences in formats that name a file: by the first image, or by a pattern."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import PurePosixPath

from avm_otio.timeline.model import ImageSequence

_IMAGES = frozenset(
    (".bmp", ".cin", ".dpx", ".exr", ".gif", ".jpeg", ".jpg", ".png", ".psd", ".tga", ".tif", ".tiff")
)
"""Suffixes of files that hold one picture: a numbered one that has a length is an image sequence."""

_NUMBERED = re.compile(r"(.*?)(\d+)", re.ASCII | re.DOTALL)
_PATTERN = re.compile(r"(.*?)(?:%0?(\d*)d|\[(\d+)-\d+\])(.*)", re.ASCII | re.DOTALL)


def named_by_first(path: str, length: Fraction | None) -> tuple[str, ImageSequence | None]:
    """A numbered image that has a length is the first of a sequence; some write a pattern instead.

    Args:
        path: A file's path, as a timeline names it.
        length: How many frames it has there; ``None`` where nobody knows.

    Returns:
        The images' folder and how they are numbered; else the path as it is, and ``None``.
    """
    slash = max(path.rfind("/"), path.rfind("\\")) + 1
    folder, name = path[:slash], path[slash:]
    stem, suffix = PurePosixPath(name).stem, PurePosixPath(name).suffix
    if suffix.lower() not in _IMAGES or length is None or length <= 1:
        return path, None
    pattern = _PATTERN.fullmatch(stem)
    if pattern is not None:
        first = int(pattern[3] or 0)
        padding = len(pattern[3]) if pattern[3] else int(pattern[2] or 1)
        return folder.rstrip("/\\"), ImageSequence(pattern[1], pattern[4] + suffix, first, 1, padding)
    numbered = _NUMBERED.fullmatch(stem)
    if numbered is None:
        return path, None
    return folder.rstrip("/\\"), ImageSequence(numbered[1], suffix, int(numbered[2]), 1, len(numbered[2]))
