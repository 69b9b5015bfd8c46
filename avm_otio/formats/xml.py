"""XML: read without its traps, and text as it can hold it."""

from __future__ import annotations

import re
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder, tostring
from xml.parsers import expat

from avm_otio.errors import TimelineError

_UNHOLDABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 (``Char``, section 2.2) cannot hold in any form: most control characters, lone surrogates."""

_BLANKS = re.compile("[\t\n\r]")
_MARKUP = re.compile("[&<>\"']")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}

REPLACEMENT = "\ufffd"


def can_hold(text: str) -> bool:
    """Whether XML can hold a text as it is."""
    return _UNHOLDABLE.search(text) is None


def holdable(text: str) -> str:
    """A text with U+FFFD for what XML cannot hold."""
    return _UNHOLDABLE.sub(REPLACEMENT, text)


def escaped(text: str, *, one_line: bool = False) -> str:
    """A text for the inside of an element or of an attribute in quotes; ``]]>`` is escaped with the rest.

    Args:
        text: Any text; what XML cannot hold becomes U+FFFD.
        one_line: Whether tabs and line ends become blanks, as an attribute's reader makes them anyway.
    """
    if _UNHOLDABLE.search(text):
        text = holdable(text)
    if one_line:
        text = _BLANKS.sub(" ", text)
    return _MARKUP.sub(lambda found: _ENTITIES[found[0]], text) if _MARKUP.search(text) else text


def parsed(data: bytes | str, name: str) -> Element:
    """Read XML; comments and processing instructions are left out.

    Nothing outside the text is ever opened, and entities may not be declared: that is how a few lines can
    grow to gigabytes.

    Args:
        data: The document.
        name: What messages call it: its path.

    Raises:
        TimelineError: It is not well-formed, or declares entities.
    """
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data

    def refuse(*_: object) -> NoReturn:
        raise TimelineError(f"{name} declares XML entities; no editor does.", "Export it again.")

    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
        return builder.close()
    except (expat.ExpatError, ValueError, LookupError, UnicodeError) as error:
        raise TimelineError(f"{name} is not well-formed XML: {error}.", "Export it again.") from error


def element_text(element: Element) -> str:
    """An element as text again, without what follows it; a carriage return stays one."""
    return tostring(element, encoding="unicode").strip().replace("\r", "&#13;")
