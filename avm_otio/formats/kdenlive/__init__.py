"""Kdenlive's own projects."""

from __future__ import annotations

from avm_otio.formats.format import EVERYTHING, Editor, Format, as_text, later
from avm_otio.timeline.features import Feature

FORMAT = Format(
    name="kdenlive",
    writes=(".kdenlive",),
    editors=(Editor("kdenlive", "Kdenlive"),),
    says=EVERYTHING - {Feature.METADATA, Feature.MEDIA},
    write=as_text(later("avm_otio.formats.kdenlive.write", "document")),
)
