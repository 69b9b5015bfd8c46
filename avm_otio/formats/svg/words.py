"""Text in a picture: how wide it is, as much of it as fits, and as XML holds it."""

from __future__ import annotations

import re
import unicodedata

from avm_otio.formats.xml import escaped
from avm_otio.text import one_line

_NARROW, _WIDE = frozenset("iljftrI.,:;'|!()[]{} -·"), frozenset("mwMW@%—")
_NARROW_EM, _WIDE_EM, _CAPITAL_EM, _USUAL_EM = 0.33, 0.92, 0.69, 0.585
"""Widths of letters in parts of the size: those of Inter, the widest of the usual sans serifs."""
_ELLIPSIS_EM = 0.8
_BOLD = 1.06


_CJK = re.compile(
    "[\u1100-\u11ff\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef"
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff]"
)
_OTHER = re.compile("[\u0530-\u10ff\u1200-\u1dff\ufb1d-\ufdff\ufe70-\ufeff]")
"""Scripts that the font of the picture lacks: each is asked for in fonts of the system that have it."""


def words(text: str) -> str:
    """A text as XML holds it, without what steers its direction or cannot be seen."""
    return escaped(one_line(text))


def width(text: str, size: float, *, bold: bool = False) -> float:
    """About how wide a text is, in pixels; rather more than less."""
    return sum(map(_em, text)) * size * (_BOLD if bold else 1)


def fitted(text: str, room: float, size: float, *, bold: bool = False) -> str:
    """As much of a text as fits; empty where that is not even two letters."""
    text = one_line(text)
    if room <= 0:
        return ""
    if width(text, size, bold=bold) <= room:
        return text
    left = room / (size * (_BOLD if bold else 1)) - _ELLIPSIS_EM
    kept = 0
    for sign in text:
        left -= _em(sign)
        if left < 0:
            break
        kept += 1
    return f"{text[:kept].rstrip(' –-·,')}…" if kept > 1 else ""


def shortened(label: str, room: float, size: float, *, bold: bool = False) -> str:
    """As much of a track's name as fits, with the number at its end, which tells it from its neighbours."""
    name, _, number = label.rpartition(" ")
    whole = fitted(label, room, size, bold=bold)
    if not number.isdecimal() or whole == one_line(label):
        return whole
    return f"{fitted(name, room - width(f' {number}', size, bold=bold), size, bold=bold)} {number}"


def text(x: float, y: float, content: str, size: float, style: str, *, anchor: str = "") -> str:
    """A line of text.

    Args:
        x: Where it begins, in pixels.
        y: Its base line.
        content: Any text.
        size: In pixels.
        style: Its classes.
        anchor: ``middle`` or ``end`` where ``x`` is that of it.
    """
    where = f" text-anchor='{anchor}'" if anchor else ""
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' font-size='{size:g}' class='{style}{_script(content)}'{where} "
        f"xml:space='preserve'>{words(content)}</text>"
    )


def _script(content: str) -> str:
    """The class of a text that has letters of another script: all of it is set in a font that has them."""
    if content.isascii():
        return ""
    return " cjk" if _CJK.search(content) else " other" if _OTHER.search(content) else ""


def title(content: str) -> str:
    """What is shown where the pointer rests on an element, to stand inside it."""
    return f"<title>{words(content)}</title>"


def _em(sign: str) -> float:
    if sign in _NARROW:
        return _NARROW_EM
    if sign in _WIDE:
        return _WIDE_EM
    if sign == "…":
        return _ELLIPSIS_EM
    if sign.isascii():
        return _CAPITAL_EM if sign.isupper() else _USUAL_EM
    if unicodedata.combining(sign) or unicodedata.category(sign) in ("Mn", "Cf"):
        return 0.0
    if unicodedata.east_asian_width(sign) in "WF":
        return 1.02
    return _CAPITAL_EM
