"""Final Cut Pro 7's XML (xmeml), as Premiere Pro writes and reads it."""

from __future__ import annotations

from avm_otio.formats.format import EVERYTHING, Editor, Format, as_text, later
from avm_otio.timeline.features import Feature

FORMAT = Format(
    name="fcp7",
    reads=(".xml",),
    writes=(".xml",),
    editors=(Editor("premiere", "Adobe Premiere Pro", names_absolutely=True),),
    says=EVERYTHING - {Feature.METADATA, Feature.MEDIA},
    read=later("avm_otio.formats.fcp7.read", "read"),
    write=as_text(later("avm_otio.formats.fcp7.write", "document")),
)
