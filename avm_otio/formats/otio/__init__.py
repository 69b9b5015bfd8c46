"""OTIO's own files, plain or as one editor wants them."""

from __future__ import annotations

from avm_otio.formats.format import AS_IT_IS, Editor, Format, later

FORMAT = Format(
    name="otio",
    reads=(".otio", ".otioz", ".otiod"),
    writes=(".otio", ".otioz"),
    editors=(
        Editor(AS_IT_IS, "any program with OpenTimelineIO"),
        Editor("resolve", "DaVinci Resolve", names_absolutely=True),
        Editor("premiere", "Adobe Premiere Pro", names_absolutely=True),
        Editor("kdenlive", "Kdenlive", names_absolutely=True),
        Editor("blender", "Blender", names_absolutely=True),
    ),
    write=later("avm_otio.formats.otio.files", "write"),
)
