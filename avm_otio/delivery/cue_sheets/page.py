"""A cue sheet as pages to print: A4 across, the head on each, letters of any script.

Latin, Greek and Cyrillic are set in Inter, which is put into the file. Chinese, Japanese and Korean are left
to the reader's own fonts, as PDF provides: to put those in would make a page of ten megabytes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache, partial
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, Table

from avm_otio.delivery.cue_sheets.words import exact_clock, header_lines, holders_of, share_words
from avm_otio.files import whole
from avm_otio.formats.xml import escaped
from avm_otio.mix.cue_sheet import CueSheet, Row
from avm_otio.mix.rights import Holder, Role, Use

_INTER = "AVM Inter"
_HAN, _HANGUL = "STSong-Light", "HYSMyeongJo-Medium"
"""Fonts that every reader of PDF stands in for: all Han and kana of GB 18030, and hangul."""

_COLUMNS = (
    ("Seq", 10), ("Cue", 13), ("Title", 47), ("Use", 10), ("In", 23), ("Out", 23), ("Length", 21),
    ("Frames", 15), ("Composer", 46), ("Publisher", 46), ("Item, reel", 26),
)  # fmt: skip
"""Names, and widths in millimetres: 280 of the page's 297."""

_RIGHT = (0, 6, 7)
"""Columns whose words end under each other."""

_MARGIN = 8.5 * mm
_INK, _RULE, _HEAD = HexColor("#16202A"), HexColor("#C9D2DA"), HexColor("#E8EDF2")


def write_page(sheet: CueSheet, path: Path) -> None:
    """Write a cue sheet as ``.pdf``.

    Raises:
        OutputError: It cannot be written.
    """
    _fonts()
    title = " ".join(filter(None, ("Cue sheet", sheet.header.production, sheet.header.episode)))
    with whole(path) as temporary:
        document = SimpleDocTemplate(
            str(temporary),
            pagesize=landscape(A4),
            leftMargin=_MARGIN,
            rightMargin=_MARGIN,
            topMargin=12 * mm,
            bottomMargin=14 * mm,
            title=title,
            author=sheet.header.company or "avm_otio",
            invariant=1,  # the same sheet gives the same file
        )
        footed = partial(_foot, words=title)
        document.build(list(_parts(sheet)), onFirstPage=footed, onLaterPages=footed)


def _parts(sheet: CueSheet) -> Iterator[Any]:
    yield _paragraph("Cue sheet", _style(15, leading=20))
    yield Spacer(1, 2 * mm)
    lines = [
        [_paragraph(name, _style(8, pale=True)), _paragraph(words, _style(9))]
        for name, words in header_lines(sheet)
    ]
    above = Table(lines, colWidths=[34 * mm, 246 * mm], hAlign="LEFT")
    above.setStyle(
        [
            ("TOPPADDING", (0, 0), (-1, -1), 0.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 0.5),
            ("LEFTPADDING", (0, 0), (0, -1), 0),
        ]
    )
    yield above
    yield Spacer(1, 4 * mm)
    head, cell, right = _style(8), _style(8), _style(8, right=True)
    rows = [[_paragraph(name, right if at in _RIGHT else head) for at, (name, _) in enumerate(_COLUMNS)]]
    for row in sheet.rows:
        rows.append(
            [_paragraph(words, right if at in _RIGHT else cell) for at, words in enumerate(_cells(row))]
        )
    music = [row for row in sheet.rows if row.use is not Use.EFFECT]
    frames = str(sum(row.frames for row in music)) if len({row.rate for row in music}) == 1 else ""
    total = ["", "", "Music", "", "", "", exact_clock(sheet.music_s), frames, "", "", ""]
    rows.append([_paragraph(words, right if at in _RIGHT else cell) for at, words in enumerate(total)])
    listed = LongTable(rows, colWidths=[width * mm for _, width in _COLUMNS], repeatRows=1, hAlign="LEFT")
    listed.setStyle(
        [
            ("BACKGROUND", (0, 0), (-1, 0), _HEAD),
            ("LINEBELOW", (0, 0), (-1, -2), 0.4, _RULE),
            ("LINEABOVE", (0, -1), (-1, -1), 0.8, _INK),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 3),
            ("RIGHTPADDING", (0, 0), (-1, -1), 3),
            ("TOPPADDING", (0, 0), (-1, -1), 2.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
        ]
    )
    yield listed


def _cells(row: Row) -> list[str]:
    return [
        str(row.sequence),
        row.number,
        row.title,
        str(row.use),
        row.timecode_in,
        row.timecode_out,
        exact_clock(row.duration),
        str(row.frames),
        *("\n".join(map(_holder, holders_of(row, role))) for role in Role),
        "\n".join(filter(None, (row.item.name, row.reel, row.rights.source))),
    ]


def _holder(holder: Holder) -> str:
    about = [holder.society, f"IPI {holder.ipi}" if holder.ipi else "", share_words(holder)]
    about = [words.replace(" ", "\u00a0") for words in about]  # a number stays with its sign
    return ", ".join(filter(None, (holder.name, *about)))


def _foot(canvas: Any, document: Any, *, words: str) -> None:
    canvas.saveState()
    canvas.setStrokeColor(_RULE)
    foot = _paragraph(f"{words}  ·  page {document.page}", _style(7, pale=True))
    width, _ = foot.wrap(landscape(A4)[0] - 2 * _MARGIN, 10 * mm)
    assert width
    foot.drawOn(canvas, _MARGIN + 6, 7 * mm)
    canvas.restoreState()


@cache
def _style(size: float, *, leading: float = 0.0, pale: bool = False, right: bool = False) -> Any:
    return ParagraphStyle(
        f"{size} {leading} {pale} {right}",
        fontName=_INTER,
        fontSize=size,
        leading=leading or size * 1.3,
        textColor=HexColor("#5B6B7A") if pale else _INK,
        alignment=2 if right else 0,
        splitLongWords=1,
    )


def _paragraph(words: str, style: Any) -> Any:
    """Words, each run of them in a font that has its letters; nothing in them is taken for markup."""
    runs = []
    for font, signs in groupby(words, key=_font_of):
        run = escaped("".join(signs)).replace("\n", "<br/>")
        runs.append(run if font == _INTER else f'<font name="{font}">{run}</font>')
    is_wide = any(_font_of(sign) != _INTER for sign in words)
    if is_wide:  # breaks between any two signs, as such scripts do
        style = ParagraphStyle(f"{style.name} wide", parent=style, wordWrap="CJK")
    return Paragraph("".join(runs), style)


def _font_of(sign: str) -> str:
    if ord(sign) in _fonts() or sign.isspace():
        return _INTER
    return _HANGUL if unicodedata.name(sign, "").startswith("HANGUL") else _HAN


@cache
def _fonts() -> Any:
    """Make the fonts known; the code points of the letters that Inter has."""
    spec = find_spec("fontpkg_inter")
    assert spec is not None
    assert spec.origin is not None
    font = TTFont(_INTER, str(Path(spec.origin).parent / "files" / "Inter[opsz,wght].ttf"))
    pdfmetrics.registerFont(font)
    for name in (_HAN, _HANGUL):
        pdfmetrics.registerFont(UnicodeCIDFont(name))
    return font.face.charToGlyph
