"""An OTIO adapter: ``otioconvert -i result.avm.json -o tracks.otio`` in any OTIO install.

OTIO tells adapters apart by the last suffix alone, so this one answers for every ``.json``; OTIO's own JSON
under that suffix is read as such.
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from avm_otio.errors import CueError
from avm_otio.formats.otio.write import timeline_of
from avm_otio.mix.answers import read_cues
from avm_otio.mix.results import DEFAULT_RATE, lay_alone
from avm_otio.request import Request
from avm_otio.timeline.time import snap_rate


def read_from_string(
    input_str: str, rate: float | str | Fraction = DEFAULT_RATE, skip_bad_cues: bool = False
) -> otio.core.SerializableObject:
    """Tracks of a saved Film, service result or notification.

    Args:
        input_str: The JSON.
        rate: Frames a second of the tracks.
        skip_bad_cues: Leave out cues that make no sense instead of refusing the whole.

    Raises:
        CueError: It is not such JSON.
    """
    try:
        document = json.loads(input_str)
    except ValueError as error:
        raise CueError(f"This is not JSON, or is cut short ({error}).", "Save the answer again.") from error
    if isinstance(document, dict) and "OTIO_SCHEMA" in document:
        return otio.core.deserialize_json_from_string(input_str)
    request = Request(skip_bad_cues=skip_bad_cues)
    return timeline_of(lay_alone(read_cues(document), rate=snap_rate(rate), request=request)[0])


def read_from_file(
    filepath: str, rate: float | str | Fraction = DEFAULT_RATE, skip_bad_cues: bool = False
) -> otio.core.SerializableObject:
    """The same from a file; see ``read_from_string``."""
    return read_from_string(Path(filepath).read_text(encoding="utf-8-sig"), rate, skip_bad_cues)
