"""Names as XML can carry them."""

from __future__ import annotations

import re

_UNSAID = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 (``Char``, section 2.2) cannot say in any form: most control characters, lone surrogates."""

_BLANKS = re.compile("[\t\n\r]")
_MARKUP = re.compile("[&<>\"']")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}

REPLACEMENT = "\ufffd"


def is_sayable(text: str) -> bool:
    """Whether XML can carry a text as it is."""
    return _UNSAID.search(text) is None


def sayable(text: str) -> str:
    """A text with U+FFFD for what XML cannot say."""
    return _UNSAID.sub(REPLACEMENT, text)


def escaped(text: str, *, one_line: bool = False) -> str:
    """A text for the inside of an element or of an attribute in quotes; ``]]>`` is escaped with the rest.

    Args:
        text: Any text; what XML cannot say becomes U+FFFD.
        one_line: Whether tabs and line ends become blanks, as an attribute's reader makes them anyway.
    """
    if _UNSAID.search(text):
        text = sayable(text)
    if one_line:
        text = _BLANKS.sub(" ", text)
    return _MARKUP.sub(lambda found: _ENTITIES[found[0]], text) if _MARKUP.search(text) else text
