"""AAF, as Media Composer and Pro Tools write and read it."""

from __future__ import annotations

from avm_otio.formats.format import EVERYTHING, Editor, Format, SoundFiles, later
from avm_otio.timeline.features import Feature

FORMAT = Format(
    name="avid",
    reads=(".aaf",),
    writes=(".aaf",),
    editors=(Editor("avid", "Avid Media Composer", names_absolutely=True),),
    sound=SoundFiles.MONO,
    says=EVERYTHING - {Feature.GENERATOR, Feature.LINK, Feature.NAME, Feature.METADATA, Feature.MEDIA},
    between_frames=True,
    read=later("avm_otio.formats.aaf.read", "read"),
    write=later("avm_otio.formats.aaf.write", "write"),
)
