"""A timeline as one file to watch: its picture from the job's film where that shows it, and all its sound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avm_otio.delivery.counting import as_media_count
from avm_otio.delivery.deliver import with_lengths
from avm_otio.errors import AvmError
from avm_otio.files import make_folder
from avm_otio.formats import reading
from avm_otio.formats.reading import Opened
from avm_otio.jobs.cache import Cache, media_digests
from avm_otio.jobs.folder import SMALL_FILM, is_media_of_a_job, read_journal, stamp
from avm_otio.jobs.of_timeline import jobs_of
from avm_otio.jobs.report_plan import report_plan
from avm_otio.media.originals import film_located
from avm_otio.mix.tracks import without_ours
from avm_otio.report import SILENT, Report
from avm_otio.request import Request
from avm_otio.timeline.plan import ExportPlan
from avm_otio.timeline.playback import plan_playback
from avm_otio.timeline.select import Selection, plan_film
from avm_otio.timeline.urls import paths_of

if TYPE_CHECKING:
    from avm_otio.jobs.journal import Journal
    from avm_otio.media.mixdown import Preview
    from avm_otio.media.remux import ReadyPicture
    from avm_otio.timeline.model import Timeline


_MOST_SHOWN = 12
"""Lines of what is above full scale; events tell all."""


def preview(request: Request, stems: Path | None = None, report: Report = SILENT) -> Preview:
    """Write a preview of a timeline, and its stems.

    Args:
        request: Complete; its paths are absolute. The timeline, the range and the output count.
        stems: A folder for the stems; ``None`` for none.
        report: Receives progress, warnings, and ``over`` for what is above full scale.

    Raises:
        UsageError: The output's suffix is another.
        InputError: The timeline, the range or its media cannot be used.
        OutputError: Something cannot be written.
    """
    from avm_otio.media.mixdown import refuse_suffix

    refuse_suffix(request.output)
    opened = reading.read(request.timeline, rate=request.rate, sequence=request.sequence)
    opened = as_media_count(opened, request)
    for note in opened.notes:
        report.warn(note)
    return write(with_lengths(opened, request.media_roots), request, stems, report)


def write(
    opened: Opened,
    request: Request,
    stems: Path | None = None,
    report: Report = SILENT,
    *,
    job: Path | None = None,
) -> Preview:
    """Write a preview of a timeline that was read or made.

    Args:
        opened: The timeline, with our tracks.
        request: The range and the output.
        stems: A folder for the stems; ``None`` for none.
        report: Receives progress and warnings.
        job: The folder of the job that laid our tracks, where it is known; it is looked for otherwise.

    Raises:
        InputError: The timeline, the range or its media cannot be used.
        OutputError: Something cannot be written.
    """
    from avm_otio.media.film import Quality
    from avm_otio.media.mixdown import write_preview

    timeline = opened.timeline
    plan = plan_playback(timeline, Selection(tc_in=request.tc_in, tc_out=request.tc_out))
    plan, media = film_located(
        plan, opened.folder, request.media_roots, strict=request.strict, must_show=False
    )
    report_plan(plan, timeline, report)
    for note in plan.notes:
        report.warn(note)
    film = _film_of(opened, plan, request, report, job) if _wants_picture(plan, request) else None
    make_folder(request.output.absolute().parent)
    with report.step("Writing the preview", plan.frames) as advance:
        made = write_preview(
            plan,
            media,
            request.output,
            film=film,
            stems=stems,
            start=timeline.start + plan.film_map.record_start,
            quality=Quality(request.quality),
            progress=advance,
        )
    for note in made.notes:
        report.warn(note)
    for over in made.overs:
        report.event(
            "over",
            of=over.of,
            record_in=timeline.timecode(plan.film_map.to_record(over.start)),
            duration_s=round(float(over.end - over.start), 6),
            over_db=round(over.over_db, 2),
        )
    for line in _notes_of(made, plan, timeline):
        report.warn(line)
    return made


def _notes_of(made: Preview, plan: ExportPlan, timeline: Timeline) -> Iterator[str]:
    """What is above full scale, for people."""
    for over in made.overs[:_MOST_SHOWN]:
        at = timeline.timecode(plan.film_map.to_record(over.start))
        what = f"The {over.of}" if over.of == over.of.lower() else over.of
        yield (
            f"{what} is up to {over.over_db:.1f} dB above full scale from {at} on, "
            f"for {float(over.end - over.start):.2g} s: it is cut off there."
        )
    if len(made.overs) > _MOST_SHOWN:
        yield f"And above full scale in {len(made.overs) - _MOST_SHOWN} more places."


def _wants_picture(plan: ExportPlan, request: Request) -> bool:
    return bool(plan.picture_media) and request.output.suffix.lower() == ".mp4"


def _film_of(
    opened: Opened, plan: ExportPlan, request: Request, report: Report, job: Path | None
) -> ReadyPicture | None:
    """The picture of the film of a job that shows what the plan shows, frame for frame; if there is one."""
    for path in [job] if job is not None else jobs_of(opened, request.jobs_dir):
        with suppress(AvmError, OSError, LookupError, TypeError, ValueError):  # another's, or damaged
            found = _film_in(path, opened, plan, request, report)
            if found is not None:
                return found
    return None


def _film_in(
    job: Path, opened: Opened, plan: ExportPlan, request: Request, report: Report
) -> ReadyPicture | None:
    journal = read_journal(job)
    made = journal.film
    if made is None or made.quality == SMALL_FILM or stamp(job / made.path)[0] != made.size_bytes:
        return None
    given = request.given or request
    if given.quality is not None and made.quality not in (None, given.quality):
        return None
    order = journal.order
    chosen = Selection(*(order.get(name) for name in ("clip", "track", "tc_in", "tc_out")))
    film = _film_now(opened, chosen)
    if not _shows(journal, film, opened, Cache(job.parent), request, report):
        return None
    first = _first_frame(plan, film, is_range=chosen.clip is None and chosen.track is None)
    if first is None:
        return None
    from avm_otio.media.remux import ready_picture

    return ready_picture(job / made.path, first, plan.frames, plan.rate)


def _film_now(opened: Opened, chosen: Selection) -> ExportPlan:
    """The plan of a job's film, were it made of the timeline as it is now."""
    is_ours = cache(is_media_of_a_job)
    users = without_ours(
        opened.timeline, lambda url: any(is_ours(path.parent) for path in paths_of(url, opened.folder))
    )
    return plan_film(users, chosen)


def _shows(
    journal: Journal, film: ExportPlan, opened: Opened, cached: Cache, request: Request, report: Report
) -> bool:
    """Whether a job's film shows what it would show were it made now; what it sounds like does not count."""
    from avm_otio.media.fingerprint import film_asked

    film, media = film_located(film, opened.folder, request.media_roots)
    now = film_asked(film, media_digests(film, media, cached, report))
    return _seen(now) == _seen(journal.asked["film"])


def _seen(asked: Mapping[str, Any]) -> list[Any]:
    """The picture of a film that was asked about, its media by content."""
    media = asked["media"]

    def named(layer: list[Any]) -> list[Any]:
        return [None if layer[0] is None else media[layer[0]], *layer[1:]]

    picture = [[start, end, [named(layer) for layer in layers]] for start, end, layers in asked["picture"]]
    return [asked["rate"], asked["frames"], picture]


def _first_frame(plan: ExportPlan, film: ExportPlan, *, is_range: bool) -> int | None:
    """The frame of a film that a plan begins with; ``None`` where the film does not show what the plan shows.

    Args:
        plan: The plan.
        film: The plan of the film.
        is_range: Whether the film shows all tracks; so it shows within its range what the plan shows.
    """
    if film.rate != plan.rate or film.film_map.record_per_film != Fraction(1):
        return None
    first = (plan.film_map.record_start - film.film_map.record_start) * plan.rate
    if first.denominator != 1 or first < 0 or first + plan.frames > film.frames:
        return None
    if not is_range:
        bare = (replace(film, sound=()).picture, replace(plan, sound=()).picture)
        return 0 if first == 0 and bare[0] == bare[1] else None
    return int(first)
