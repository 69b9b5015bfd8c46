"""A saved answer laid onto a timeline, or onto one of its own: no service in sight."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from avm_otio.formats.reading import Opened, url_style
from avm_otio.jobs.downloads import found_in
from avm_otio.jobs.films import heard, open_timeline
from avm_otio.mix import results
from avm_otio.mix.answers import read_cues
from avm_otio.mix.placement import Laid, lay
from avm_otio.mix.tracks import Origin, add_tracks
from avm_otio.report import SILENT, Report
from avm_otio.request import Request
from avm_otio.timeline.select import plan_film
from avm_otio.timeline.urls import UrlStyle, url_of

_UNKNOWN = Origin()


def lay_answer(
    document: Any,
    request: Request,
    *,
    media_folder: Path | None = None,
    origin: Origin = _UNKNOWN,
    report: Report = SILENT,
) -> tuple[Opened, Laid]:
    """Lay a saved answer onto a timeline.

    Args:
        document: A Film, a service result or a notification, as parsed.
        request: The timeline, where on it the film lay, and how cues are laid.
        media_folder: Where the items' files are, named ``<id>.*`` or by title; an item without one is
            referenced by its URL and the length that the service says, or its cue's.
        origin: What is known of where the answer comes from.
        report: Receives progress.

    Returns:
        The timeline with the new tracks, not written yet, and what was laid.

    Raises:
        InputError: The answer, the timeline or the selection cannot be used.
    """
    opened = open_timeline(request, report)
    plan = plan_film(opened.timeline, request.selection)
    cues = read_cues(document)
    if not cues.chosen:
        report.warn("The answer offers nothing to lay.")
    style = url_style(opened.timeline)
    media_of = found_in(media_folder, lambda path: url_of(path, style, opened.folder))
    laid = lay(cues, plan.film_map, opened.timeline.rate, media_of, request)
    replaced = heard(opened.timeline, request.selection, plan) if laid.replacements else ()
    return replace(opened, timeline=add_tracks(opened.timeline, laid, origin, replaced=replaced)), laid


def lay_alone(
    document: Any,
    path: Path,
    request: Request,
    *,
    media_folder: Path | None = None,
    origin: Origin = _UNKNOWN,
) -> tuple[Opened, Laid]:
    """A timeline that holds nothing but what a saved answer offers.

    Args:
        document: A Film, a service result or a notification, as parsed.
        path: Where the answer was saved.
        request: How cues are laid; its rate is the timeline's, 24 frames a second where it has none, since an
            answer knows of no frames.
        media_folder: Where the items' files are; see ``lay_answer``.
        origin: What is known of where the answer comes from.

    Raises:
        InputError: The answer cannot be used.
    """
    cues = read_cues(document)
    media_of = found_in(media_folder, lambda found: url_of(found, UrlStyle.FILE_URL, path.parent))
    timeline, laid = results.lay_alone(
        cues,
        rate=request.rate or results.DEFAULT_RATE,
        media_of=media_of,
        request=request,
        origin=origin,
    )
    return Opened(timeline, path, path.absolute().parent), laid
