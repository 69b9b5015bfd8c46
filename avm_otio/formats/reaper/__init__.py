"""Reaper's projects."""

from __future__ import annotations

from avm_otio.formats.format import EVERYTHING, Editor, Format, SoundFiles, as_text, later
from avm_otio.timeline.features import Feature

FORMAT = Format(
    name="reaper",
    writes=(".rpp",),
    editors=(Editor("reaper", "Reaper"),),
    sound=SoundFiles.SPOTTED,
    says=EVERYTHING - {Feature.GENERATOR, Feature.METADATA, Feature.MEDIA},
    between_frames=True,
    write=as_text(later("avm_otio.formats.reaper.write", "document")),
)
