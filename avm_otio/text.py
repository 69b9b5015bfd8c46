"""Text from outside, made safe for a line that people read: on a terminal, in a log, in a report.

For a file name there is ``media.naming``, for XML and SVG ``formats.xml``, for Lua ``hosts.lua``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_LINE_ENDS = re.compile(r"[ \t]*[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+[ \t]*")
"""Whatever a terminal, an editor or Python takes for the end of a line: nothing may forge a line of ours."""

_STEERS = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters: escape sequences begin with them
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction: what is read is not what is there
    "\u200b\u2060-\u2065\ufeff\ufff9-\ufffb\ufffe\uffff"  # seen by nobody, or no characters
    "\U000e0000-\U000e007f"  # tags: whole sentences that are not seen
    "]"
)
"""Joiners (U+200C, U+200D) stay: Persian, Hindi and emoji are written with them."""

_UNSAFE_IN_JSON = re.compile(f"{_STEERS.pattern[:-1]}\u2028\u2029]")

REPLACEMENT = "\ufffd"


def one_line(text: str) -> str:
    """A text as a single line that shows what is there, and steers nothing.

    Line ends become a blank, what steers a terminal or the direction of writing U+FFFD. Blanks stay as they
    are: a name in the text is typed back as it is printed.
    """
    if text.isascii() and text.isprintable():
        return text
    return _STEERS.sub(REPLACEMENT, _LINE_ENDS.sub(" ", text))


def nearest(word: str, words: Iterable[str]) -> str:
    """The one of some words that a mistyped one is most like, upper or lower case; empty where none is."""
    from difflib import get_close_matches  # only mistakes need it

    by_fold = {each.casefold(): each for each in words}
    close = get_close_matches(word.casefold(), by_fold, n=1)
    return by_fold[close[0]] if close else ""


def json_shown(json: str) -> str:
    r"""A JSON document that steers no terminal either: such characters are written as ``\uXXXX``."""
    return _UNSAFE_IN_JSON.sub(lambda found: _escaped(ord(found[0])), json)


def _escaped(sign: int) -> str:
    if sign < 0x10000:
        return f"\\u{sign:04x}"
    high, low = divmod(sign - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
