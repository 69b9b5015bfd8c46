"""A picture of a timeline."""

from __future__ import annotations

from avm_otio.formats.format import Format, later

FORMAT = Format(
    name="svg",
    writes=(".svg",),
    write=later("avm_otio.formats.svg.write", "write"),
)
