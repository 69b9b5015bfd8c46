"""Lines of an edit list, and reading them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from avm_otio.timeline.model import Timeline

ReadText = Callable[..., tuple[list[Timeline], tuple[str, ...]]]

HEAD = "TITLE: cut\nFCM: NON-DROP FRAME\n"

PAL = Fraction(25)

NTSC = Fraction(30_000, 1001)

REAL = [
    ("avid/DC7_R1_v8.2-audio.edl", 24),
    ("avid/INS4_R1_DX-audio.edl", 24),
    ("avid/speed_effects.edl", 24),
    ("avid/SR_010-cr-lineends.edl", 24),
    ("finalcut7/black_slug_fcp.edl", 24),
    ("finalcut7/trailer.edl", 25),
]
"""Lists of real programs, and their frames a second."""


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
