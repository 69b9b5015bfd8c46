"""A picture of a timeline."""

from __future__ import annotations

from avm_otio.formats.format import Format, later

FORMAT = Format(
    name="svg",
    writes=(".svg", ".png"),
    write=later("avm_otio.formats.svg.write", "write"),
    wanted=later("avm_otio.formats.svg.layout", "wanted"),
)
"""A timeline as a picture, for people who would rather look: ``-o cut.svg``, ``-o cut.png``."""
