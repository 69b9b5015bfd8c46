"""CMX3600 edit decision lists."""

from __future__ import annotations

from avm_otio.formats.format import EVERYTHING, Editor, Format, later
from avm_otio.timeline.features import Feature

FORMAT = Format(
    name="edl",
    reads=(".edl",),
    writes=(".edl",),
    editors=(Editor("edl", "any program that reads a CMX3600 list", names_absolutely=True),),
    says=EVERYTHING - {Feature.LINK, Feature.NAME, Feature.PAN, Feature.METADATA, Feature.MEDIA},
    read=later("avm_otio.formats.edl.read", "read"),
    write=later("avm_otio.formats.edl.write", "write"),
    rate_of=later("avm_otio.formats.edl.rates", "rate_of"),
)
