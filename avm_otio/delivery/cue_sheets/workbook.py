"""A cue sheet as a workbook: lengths are times that a spreadsheet can add up, words are never formulas."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import xlsxwriter

from avm_otio.delivery.cue_sheets.words import header_lines, holders_of, share_words
from avm_otio.files import whole
from avm_otio.mix.cue_sheet import CueSheet, Row
from avm_otio.mix.rights import Role, Use

_DAY_S = 86_400

_COLUMNS = (
    ("Seq", 5), ("Cue", 7), ("Title", 32), ("Use", 5), ("In", 13), ("Out", 13), ("Duration", 11),
    ("Frames", 8), ("Composer", 26), ("Society", 10), ("IPI", 14), ("Share", 8),
    ("Publisher", 26), ("Society", 10), ("IPI", 14), ("Share", 8), ("Source", 18), ("Item", 14), ("Reel", 22),
)  # fmt: skip
_USE = 3
_DURATION = 6
_FRAMES = 7
_LENGTHS = ("Programme length", "Music length")


def write_workbook(sheet: CueSheet, path: Path) -> None:
    """Write a cue sheet as ``.xlsx``.

    Raises:
        OutputError: It cannot be written.
    """
    with whole(path) as temporary:
        # Nothing of what comes from outside is taken for a formula, an address or a number.
        options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        with xlsxwriter.Workbook(str(temporary), {**options, "in_memory": True}) as book:
            book.set_properties({"title": f"Cue sheet {sheet.header.production}".strip()})
            _fill(book, sheet)


def _fill(book: Any, sheet: CueSheet) -> None:
    page = book.add_worksheet("Cue sheet")
    bold, top = book.add_format({"bold": True}), {"valign": "top"}
    words = book.add_format({**top, "text_wrap": True})
    number = book.add_format(top)
    time = book.add_format({**top, "num_format": "[h]:mm:ss.000"})
    total = book.add_format({"bold": True, "num_format": "[h]:mm:ss.000", "top": 1})
    head = book.add_format({"bold": True, "bottom": 1, "bg_color": "#E8EDF2"})
    at = 0
    for name, text in header_lines(sheet):
        page.write_string(at, 0, name, bold)
        if name in _LENGTHS:
            seconds = sheet.programme_s if name == _LENGTHS[0] else sheet.music_s
            page.write_number(
                at, 2, _days(seconds), book.add_format({"num_format": "[h]:mm:ss.000", "align": "left"})
            )
        else:
            page.write_string(at, 2, text)
        at += 1
    at += 1
    for column, (name, width) in enumerate(_COLUMNS):
        page.set_column(column, column, width)
        page.write_string(at, column, name, head)
    page.freeze_panes(at + 1, 3)
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    page.repeat_rows(at)
    first = at + 1
    for row in sheet.rows:
        at += 1
        for column, value in enumerate(_cells(row)):
            if isinstance(value, str):
                page.write_string(at, column, value, words)
            else:
                page.write_number(at, column, value, time if column == _DURATION else number)
    if sheet.rows:
        last = at + 1
        page.write_string(last, 2, "Music", bold)
        page.write_formula(last, _DURATION, _sum_of_music(_DURATION, first, at), total, _days(sheet.music_s))
        music = [row for row in sheet.rows if row.use is not Use.EFFECT]
        if len({row.rate for row in music}) == 1:  # frames of one length
            frames = sum(row.frames for row in music)
            rule = book.add_format({"bold": True, "top": 1})
            page.write_formula(last, _FRAMES, _sum_of_music(_FRAMES, first, at), rule, frames)


def _sum_of_music(column: int, first: int, last: int) -> str:
    """The formula that adds up a column's cells of cues that are music, rows from 0."""
    use, added = (chr(ord("A") + each) for each in (_USE, column))
    return f'=SUMIF({use}{first + 1}:{use}{last + 1},"<>{Use.EFFECT}",{added}{first + 1}:{added}{last + 1})'


def _cells(row: Row) -> list[str | float]:
    people: list[str | float] = []
    for role in Role:
        holders = holders_of(row, role)
        people += [
            _lines([holder.name for holder in holders]),
            _lines([holder.society for holder in holders]),
            _lines([holder.ipi for holder in holders]),
            _lines([share_words(holder) for holder in holders]),
        ]
    return [
        row.sequence,
        row.number,
        row.title,
        str(row.use),
        row.timecode_in,
        row.timecode_out,
        _days(row.duration),
        row.frames,
        *people,
        row.rights.source,
        row.item.name,
        row.reel,
    ]


def _lines(words: list[str]) -> str:
    return "\n".join(words) if any(words) else ""


def _days(seconds: Fraction) -> float:
    """Seconds as a spreadsheet counts time."""
    return float(seconds / _DAY_S)
