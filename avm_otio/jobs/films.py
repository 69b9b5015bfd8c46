"""The film of a request: the timeline that it names, what of that is selected, and the film as a file."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from avm_otio.addresses import LOCAL
from avm_otio.delivery.counting import as_media_count
from avm_otio.delivery.deliver import with_lengths
from avm_otio.formats import reading
from avm_otio.formats.reading import Opened
from avm_otio.jobs.folder import (
    FILM,
    SMALL_FILM,
    Job,
    is_media_of_a_job,
    readable,
    stamp,
)
from avm_otio.jobs.question import Question
from avm_otio.jobs.report_plan import report_plan
from avm_otio.media.originals import film_located
from avm_otio.mix.tracks import without_ours
from avm_otio.report import SILENT, Report
from avm_otio.request import Request
from avm_otio.services import FilmType
from avm_otio.timeline.limits import refuse_empty
from avm_otio.timeline.model import Media, Timeline, TrackKind
from avm_otio.timeline.plan import ExportPlan
from avm_otio.timeline.select import Selection, find_track, plan_film
from avm_otio.timeline.urls import paths_of

if TYPE_CHECKING:
    from avm_otio.media.film import FilmFile


def open_timeline(request: Request, report: Report = SILENT) -> Opened:
    """Read a timeline, without the tracks that an earlier run laid.

    Raises:
        TimelineError: It cannot be read.
    """
    opened = reading.read(request.timeline, rate=request.rate, sequence=request.sequence)
    opened = as_media_count(opened, request)
    for note in opened.notes:
        report.warn(note)
    is_ours = cache(is_media_of_a_job)
    timeline = without_ours(
        opened.timeline, lambda url: any(is_ours(path.parent) for path in paths_of(url, opened.folder))
    )
    refuse_empty(timeline)
    return with_lengths(replace(opened, timeline=timeline), request.media_roots)


def planned(opened: Opened, request: Request, report: Report) -> ExportPlan:
    """The film of what a request selects, reported as a ``plan``."""
    plan = plan_film(opened.timeline, request.selection)
    report_plan(plan, opened.timeline, report)
    return plan


def heard(timeline: Timeline, selection: Selection, plan: ExportPlan) -> list[tuple[int, Media | None]]:
    """Which sound of the timeline the film carried: tracks, and the media in them where not all."""
    indices = [index for index, track in enumerate(timeline.tracks) if track.kind is TrackKind.AUDIO]
    if selection.clip is not None:
        return [(index, segment.media) for index in indices for segment in plan.sound]
    if selection.track is not None and find_track(timeline, selection.track) in indices:
        return [(find_track(timeline, selection.track), None)]
    return [(index, None) for index in indices]


def export(request: Request, report: Report = SILENT) -> FilmFile:
    """Write the film of a clip or a range to a file, the request's output.

    Raises:
        InputError: The timeline, the selection or its media cannot be used.
        OutputError: The film cannot be written.
    """
    opened = open_timeline(request, report)
    plan, media = film_located(
        planned(opened, request, report), opened.folder, request.media_roots, strict=request.strict
    )
    return _export(plan, media, request.output, request.quality, report)


def make_film(
    job: Job,
    request: Request,
    question: Question,
    plan: ExportPlan,
    media: dict[Media, Path],
    report: Report,
) -> None:
    """The film as a file, unless the service has it or it lies there already."""
    from avm_otio.jobs.journal import Film
    from avm_otio.service.request import check_film_may

    made = job.journal.film
    if made is not None and (made.id is not None or job.film is not None):
        if made.quality not in (None, SMALL_FILM, request.quality):
            report.warn(f"The film was sent at {made.quality}; another size is a new question: add --again.")
        return
    is_here = request.service == LOCAL
    film = _export(plan, media, job.path / FILM, request.quality, report, may_pass=True, is_here=is_here)
    kind = FilmType.NORMAL if film.has_sound else FilmType.SILENT
    check_film_may(kind, question.request.services)
    size_bytes, modified_ns = stamp(film.path)
    job.record(
        film=Film(
            path=job.relative(film.path),
            size_bytes=size_bytes,
            modified_ns=modified_ns,
            frames=film.frames,
            duration_s=str(film.duration),
            has_sound=film.has_sound,
            quality=None if not film.reencoded else SMALL_FILM if is_here else request.quality,
            sent_as=f"{readable(request.timeline.stem)}-{job.journal.key}{film.path.suffix.lower()}",
            sending=made.sending if made is not None else False,
        )
    )


def _export(
    plan: ExportPlan,
    media: dict[Media, Path],
    output: Path,
    quality: str,
    report: Report,
    *,
    may_pass: bool = False,
    is_here: bool = False,
) -> FilmFile:
    """The film as a file; where it is one whole file that is small enough, and that is allowed, that file.

    What only the engine on this machine looks at is small, and no larger for any quality.
    """
    from avm_otio.media.film import (
        SMALL,
        WHOLE_FILE_MAX_BYTES,
        WHOLE_HERE_MAX_BYTES,
        Quality,
        export_film,
        whole_file,
    )

    for note in plan.notes:
        report.warn(note)
    most_bytes = WHOLE_HERE_MAX_BYTES if is_here else WHOLE_FILE_MAX_BYTES
    film = whole_file(plan, media, most_bytes) if may_pass else None
    if film is None:
        with report.step("Exporting the film", plan.frames) as advance:
            made = SMALL if is_here else Quality(quality)
            film = export_film(plan, media, output, quality=made, progress=advance)
    for note in film.notes:
        report.warn(note)
    report.event("film_exported", path=str(film.path), size_bytes=film.size_bytes, reencoded=film.reencoded)
    return film
