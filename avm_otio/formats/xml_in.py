"""XML that others wrote, without its traps."""

from __future__ import annotations

from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder, tostring
from xml.parsers import expat

from avm_otio.errors import TimelineError


def parsed(data: bytes | str, what: str) -> Element:
    """Read XML; comments and processing instructions are left out.

    Nothing outside the text is ever opened, and entities may not be declared: that is how a few lines can
    grow to gigabytes.

    Args:
        data: The document.
        what: What it is, for messages: a path.

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
        raise TimelineError(f"{what} declares XML entities; no editor does.", "Export it again.")

    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
        return builder.close()
    except (expat.ExpatError, ValueError, LookupError, UnicodeError) as error:
        raise TimelineError(f"{what} is not well-formed XML: {error}.", "Export it again.") from error


def element_text(element: Element) -> str:
    """An element as text again, without what follows it; a carriage return stays one."""
    return tostring(element, encoding="unicode").strip().replace("\r", "&#13;")
