"""The words of a cue sheet that its files share."""

from __future__ import annotations

from fractions import Fraction

from avm_otio.mix.cue_sheet import CueSheet, Row
from avm_otio.mix.rights import NOT_ON_FILE, Holder, Role, Use


def exact_clock(seconds: Fraction) -> str:
    """A length to the millisecond: shorter than any frame, so that sums agree."""
    ms = (2000 * seconds.numerator + seconds.denominator) // (2 * seconds.denominator)
    return f"{ms // 3_600_000:d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"


def header_lines(sheet: CueSheet) -> list[tuple[str, str]]:
    """What stands above the rows: names and words; what nobody said is left out."""
    header = sheet.header
    lines = [
        ("Production", header.production),
        ("Episode", header.episode),
        ("Air date", header.air_date),
        ("Company", header.company),
        ("Programme length", exact_clock(sheet.programme_s)),
        ("Music length", exact_clock(sheet.music_s)),
    ]
    return [(name, words) for name, words in lines if words]


def holders_of(row: Row, role: Role) -> tuple[Holder, ...]:
    """Who is printed for a role; where nobody said anything of a piece of music, one who is not on file."""
    nobody = () if row.use is Use.EFFECT else (Holder(role, NOT_ON_FILE),)
    return row.rights.of(role) or nobody


def share_words(holder: Holder) -> str:
    """A share as it is printed: ``50 %``."""
    return "" if holder.share is None else f"{holder.share.normalize():f} %"
