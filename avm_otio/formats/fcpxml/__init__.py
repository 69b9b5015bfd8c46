"""FCPXML, as Final Cut Pro writes and reads it."""

from __future__ import annotations

from avm_otio.formats.format import EVERYTHING, Editor, Format, as_text, later
from avm_otio.timeline.features import Feature

FORMAT = Format(
    name="fcp",
    reads=(".fcpxml",),
    writes=(".fcpxml",),
    editors=(Editor("fcp", "Final Cut Pro"),),
    says=EVERYTHING - {Feature.METADATA, Feature.MEDIA},
    between_frames=True,
    read=later("avm_otio.formats.fcpxml.read", "read"),
    write=as_text(later("avm_otio.formats.fcpxml.write", "document")),
)
