"""Formats that OTIO's official adapters read: FCP7 XML, FCPXML, CMX3600 EDL and AAF."""

from __future__ import annotations

import io
import logging
import re
import warnings
from contextlib import redirect_stderr, redirect_stdout
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio

from avm_otio.core.errors import TimelineError
from avm_otio.core.timing import format_rate, snap_rate

ADAPTERS = {".xml": "fcp_xml", ".fcpxml": "fcpx_xml", ".edl": "cmx_3600", ".aaf": "AAF"}
"""Suffix → the adapter that reads it."""

EDL_RATE = Fraction(24)
"""An EDL does not say its rate; this one is taken, and told, where the user does not say either."""

_MARKS = {"fcp_xml": b"<xmeml", "AAF": bytes.fromhex("d0cf11e0a1b11ae1")}
"""What stands near the start of a file; an AAF is a Microsoft compound file ([MS-CFB], 2.2)."""

_KINDS = {"fcp_xml": "XML of Final Cut Pro 7's kind", "AAF": "an AAF"}

_DROP_FRAME = re.compile(r"^FCM:\s*DROP\s+FRAME", re.MULTILINE | re.IGNORECASE)


def read(path: Path, rate: Fraction | None) -> tuple[otio.core.SerializableObject, tuple[str, ...]]:
    """Read a timeline through the official adapter for its suffix.

    Args:
        path: The file.
        rate: Frames a second of an EDL, which does not say; ``None`` to assume.

    Returns:
        What the adapter made of it, and notes.

    Raises:
        TimelineError: The adapter cannot read it.
    """
    adapter = ADAPTERS[path.suffix.lower()]
    options: dict[str, Any] = {}
    notes: tuple[str, ...] = ()
    if adapter == "cmx_3600":
        used = rate or _edl_rate(path)
        options = {"rate": float(used)}
        if rate is None:
            notes = (f"An EDL does not say its rate: read at {format_rate(used)} fps; give --rate if wrong.",)
    if adapter in _MARKS and not _begins_like(path, _MARKS[adapter]):
        raise TimelineError(f"{path} is not {_KINDS[adapter]}.", "Export it again, or as .otio.")
    said = io.StringIO()
    try:
        found = _through(adapter, path, options, said)
    except Exception as error:  # adapters raise whatever they stumble over
        told = str(error).strip().partition("\n")[0] or type(error).__name__
        if adapter != "cmx_3600":
            hint = "Export it again, or as .otio."
            raise TimelineError(
                f"{path} cannot be read as {path.suffix[1:].upper()} ({told}).", hint
            ) from error
        try:
            found = _through(adapter, path, options | {"ignore_timecode_mismatch": True}, said)
        except Exception:
            hint = "Give --rate if it is at another. Else export it again, or as .otio."
            raise TimelineError(f"{path} cannot be read as EDL ({told}).", hint) from error
        notes = (*notes, f"Source and record disagree somewhere, record is followed: {told}")
    if adapter == "cmx_3600":
        _start_where_recorded(found)
    lines = dict.fromkeys(line.strip() for line in said.getvalue().splitlines() if line.strip())
    return found, (*notes, *lines)


def _through(adapter: str, path: Path, options: dict[str, Any], said: io.StringIO) -> Any:
    """Call an adapter, keeping what it prints; what it logs is dropped."""
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stdout(said), redirect_stderr(said):
            warnings.simplefilter("ignore")  # of the adapters' own use of old OTIO names
            return otio.adapters.read_from_file(str(path), adapter_name=adapter, **options)
    finally:
        logging.disable(logging.NOTSET)


def _start_where_recorded(timeline: otio.schema.Timeline) -> None:
    """Give an EDL's timeline its start timecode.

    The adapter leaves it as a negative start of each track's source range, which would trim the track away.
    """
    for track in timeline.tracks:
        span = track.source_range
        if span is not None and span.start_time.value < 0:
            timeline.global_start_time = -span.start_time
            track.source_range = None


def _edl_rate(path: Path) -> Fraction:
    text = path.read_text(encoding="utf-8", errors="replace")
    return snap_rate("30000/1001") if _DROP_FRAME.search(text) else EDL_RATE


def _begins_like(path: Path, mark: bytes) -> bool:
    with path.open("rb") as file:
        return mark in file.read(4096)
