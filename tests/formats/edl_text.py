"""Lines of an edit list, and reading them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from avm_otio.timeline.model import Timeline

ReadText = Callable[..., tuple[list[Timeline], tuple[str, ...]]]

HEAD = "TITLE: cut\nFCM: NON-DROP FRAME\n"

PAL = Fraction(25)

NTSC = Fraction(30_000, 1001)


def edit(
    channels: str,
    source: tuple[str, str] = ("00:00:01:00", "00:00:02:00"),
    record: tuple[str, str] = ("01:00:00:00", "01:00:01:00"),
    *,
    number: str = "001",
    reel: str = "AX",
    kind: str = "C       ",
) -> str:
    return f"{number}  {reel:<8} {channels:<5} {kind} {' '.join(source)} {' '.join(record)}\n"
