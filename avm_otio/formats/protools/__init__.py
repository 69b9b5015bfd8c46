"""Pro Tools: the text of a session."""

from __future__ import annotations

from avm_otio.formats.format import EVERYTHING, Editor, Format, SoundFiles, as_text, later
from avm_otio.timeline.features import Feature

FORMAT = Format(
    name="protools",
    writes=(".txt",),
    editors=(Editor("protools", "Pro Tools"),),
    sound=SoundFiles.SPOTTED,
    says=EVERYTHING
    - {
        Feature.FADE,
        Feature.GAIN,
        Feature.GENERATOR,
        Feature.PAN,
        Feature.LINK,
        Feature.MEDIA,
        Feature.METADATA,
        Feature.SPEED,
        Feature.TRANSITION,
    },
    write=as_text(later("avm_otio.formats.protools.write", "document")),
)
