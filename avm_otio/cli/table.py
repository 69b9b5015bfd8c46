"""Tables for people: columns that fit a terminal, whatever script their words are written in."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Sequence
from unicodedata import category, east_asian_width

_GAP = "  "
_NARROWEST = 4


def cells(text: str) -> int:
    """How many columns of a terminal a text takes: two for a wide character, none for a mark."""
    marks = ("Mn", "Me", "Cf")
    return sum(0 if category(c) in marks else 1 + (east_asian_width(c) in "WF") for c in text)


def shortened(text: str, most: int) -> str:
    """A text in at most so many columns; ``…`` stands where it was cut."""
    if cells(text) <= most:
        return text
    while text and cells(text) > most - 1:
        text = text[:-1]
    return f"{text}…" if most > 0 else ""


def table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[str] = (), most: int | None
) -> Iterator[str]:
    """The lines of a table; where it is too wide, the widest columns give way first.

    Args:
        heads: The columns' names.
        rows: Their words, one for each column.
        right: The columns whose words end under each other.
        most: How wide it may be, in columns of a terminal; ``None`` for any width.
    """
    plain = [[" ".join(word.split()) for word in row] for row in (heads, *rows)]
    widths = [max(map(cells, column)) for column in zip(*plain, strict=True)]
    while most is not None and sum(widths) + len(_GAP) * (len(widths) - 1) > most:
        widest = max(range(len(widths)), key=widths.__getitem__)
        if widths[widest] <= _NARROWEST:
            break
        widths[widest] -= 1
    for row in plain:
        words = []
        for head, word, width in zip(heads, row, widths, strict=True):
            shown = shortened(word, width)
            space = " " * (width - cells(shown))
            words.append(space + shown if head in right else shown + space)
        yield _GAP.join(words).rstrip()


def terminal_width() -> int | None:
    """How wide the terminal is on standard output; ``None`` where there is none."""
    return shutil.get_terminal_size((0, 0)).columns or None
