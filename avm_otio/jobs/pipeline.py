"""The only place that puts the steps together: a timeline in, a scored timeline out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import opentimelineio as otio

from avm_otio.core.arrangement import Loss
from avm_otio.core.cues import Cues, read_cues
from avm_otio.core.errors import AvmError, ServiceError
from avm_otio.core.flatten import AUDIO, kind_of, timeline_rate
from avm_otio.core.metadata import Origin
from avm_otio.core.placement import AS_IT_COMES, Laid, LaidClip, Layout, lay
from avm_otio.core.plan import ExportPlan, MediaSource
from avm_otio.core.report import Report, Silent
from avm_otio.core.selection import Selection, find_track, plan_film, start_frame
from avm_otio.core.timing import format_timecode, nearest_frame
from avm_otio.core.tracks import add_tracks, without_ours
from avm_otio.core.urls import url_of
from avm_otio.dialects import registry
from avm_otio.dialects.registry import Opened
from avm_otio.files import make_folder
from avm_otio.jobs.delivery import Wanted, deliver
from avm_otio.jobs.folder import JobFolder, open_job, readable
from avm_otio.jobs.items import download
from avm_otio.jobs.originals import give_lengths, located

if TYPE_CHECKING:
    from avm_otio.api.client import Client
    from avm_otio.api.models import ServiceRequest, ServiceResult
    from avm_otio.media.export import FilmFile

_SILENT = Silent()
WHOLE = Selection()
"""The whole timeline."""

_MUTE_IT = "The picture's own sound is on no track: mute it in your editor under the new dialogue."

PATIENCE_S = 3600.0
"""How long a result is waited for where nothing else is said, in seconds."""


@dataclass(frozen=True, slots=True)
class Source:
    """A timeline and what of it.

    Attributes:
        path: The timeline file.
        selection: What of it.
        media_roots: Folders in which moved media are looked for by name.
        rate: Frames a second, for an EDL.
        sequence: Which timeline, where the file holds several.
    """

    path: Path
    selection: Selection = WHOLE
    media_roots: tuple[Path, ...] = ()
    rate: Fraction | None = None
    sequence: str | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """The way to a service.

    Attributes:
        name: What it is called in jobs and in metadata: its origin, or ``local``.
        language: What its words will be in.
        currency: What its prices will be in.
        open: Opens it; for ``local`` the engine runs as long as it is open.
    """

    name: str
    language: str
    currency: str
    open: Callable[[], AbstractContextManager[Client]]


@dataclass(frozen=True, slots=True)
class Scored:
    """What a run made.

    Attributes:
        output: The timeline that was written.
        job: The job's folder.
        film_id: The Film.
        session_id: The film service.
        laid: What lies on the timeline.
        currency: What prices are in.
        losses: What the file does not say as the timeline does.
        media_folder: Where media were copied or made for the editor, if any were.
        total: Sum of the chosen items' prices, each item once, what is bought already not counted.
        start_frame: The timeline's start timecode, as a count of frames.
        notes: What the user should know, one line each.
    """

    output: Path
    job: Path
    film_id: int
    session_id: int
    laid: Laid
    currency: str
    total: Decimal
    start_frame: int
    notes: tuple[str, ...] = ()
    losses: tuple[Loss, ...] = ()
    media_folder: Path | None = None

    def timecode(self, clip: LaidClip) -> str:
        """The record timecode at which a clip lies."""
        return format_timecode(self.start_frame + clip.span.start, self.laid.rate)


def open_timeline(source: Source, report: Report = _SILENT) -> Opened:
    """Read a timeline, without the tracks that an earlier run laid.

    Raises:
        TimelineError: It cannot be read.
    """
    opened = registry.read(source.path, rate=source.rate, sequence=source.sequence)
    for note in opened.notes:
        report.warn(note)
    timeline = without_ours(opened.timeline)
    give_lengths(timeline, opened.folder, source.media_roots)
    return replace(opened, timeline=timeline)


def export(source: Source, output: Path, *, quality: str | None = None, report: Report = _SILENT) -> FilmFile:
    """Write the film of a clip or a range to a file.

    Raises:
        InputError: The timeline, the selection or its media cannot be used.
        OutputError: The film cannot be written.
    """
    opened = open_timeline(source, report)
    return _export(opened, source, _plan(opened, source, report), output, quality, report)


def score(
    source: Source,
    output: Path,
    access: Access,
    request: ServiceRequest,
    *,
    how: Wanted,
    layout: Layout = AS_IT_COMES,
    quality: str | None = None,
    jobs_folder: Path | None = None,
    timeout_s: float = PATIENCE_S,
    report: Report = _SILENT,
) -> Scored:
    """Score a timeline: export, upload, ask, wait, download, lay, write.

    The service is opened only when the film is there: what is wrong with the timeline is told before.

    Args:
        source: The timeline and what of it.
        output: The timeline to write.
        access: The way to the service, or to the local engine.
        request: What to ask for.
        how: Who will open the output, and where its media go.
        layout: How cues are laid.
        quality: How the film is encoded.
        jobs_folder: Where the job's folder goes; beside the timeline by default.
        timeout_s: How long to wait for the result, in seconds.
        report: Who is told of progress.

    Raises:
        AvmError: In every way that ``core.errors`` lists. Nothing is written at ``output`` then.
    """
    from avm_otio.api.models import FilmType, check_film_may

    opened = open_timeline(source, report)
    plan = _plan(opened, source, report)
    job = open_job(jobs_folder or opened.side_folder, plan.name, _asked(plan, request, access))
    film = _export(opened, source, plan, job.film, quality, report, may_pass=True)
    check_film_may(FilmType.NORMAL if film.has_sound else FilmType.SILENT, request.services)
    folder = make_folder(output.absolute().parent)
    style = registry.url_style(opened.timeline)
    rate = timeline_rate(opened.timeline)
    with access.open() as client:
        name = f"{readable(source.path.stem)}-{job.key}{film.path.suffix.lower()}"
        film_id, session_id, answer = _ask(client, request, job, film, name, timeout_s, report)
        with _answer_kept(job):
            cues = _cues_in(answer, layout, report)
            sound_of = download(
                cues.chosen,
                job.media,
                lambda path: url_of(path, style, folder),
                service_url=client.base_url,
                report=report,
                spare=cues.spare(layout.alternatives),
            )
            laid = lay(cues, plan.film_map, rate, sound_of, layout)
    license = request.license.dump()
    origin = Origin(access.name, access.currency, access.language, film_id, session_id, license)
    replaced = heard(opened.timeline, source.selection, plan) if laid.dialogue else ()
    here = registry.moved(opened, folder)
    scored = replace(here, timeline=add_tracks(here.timeline, laid, origin, replaced=replaced))
    notes = (*laid.notes, *([_MUTE_IT] if laid.dialogue and not replaced else ()))
    if not how.is_as_it_is:  # what the editor's file cannot say is not lost
        registry.write(scored, job.path / "scored.otio")
    written = deliver(scored, output, how, media_roots=source.media_roots, report=report)
    notes += written.notes
    for note in notes:
        report.warn(note)
    report.event("written", path=str(output), tracks=list(written.tracks))
    return Scored(
        output=output,
        job=job.path,
        film_id=film_id,
        session_id=session_id,
        laid=laid,
        currency=access.currency,
        total=total_price(cues),
        start_frame=start_frame(opened.timeline, rate),
        notes=notes,
        losses=written.losses,
        media_folder=written.media_folder,
    )


def _cues_in(answer: ServiceResult, layout: Layout, report: Report) -> Cues:
    """The cues of an answer; one without any is an error where it says why, which the local engine does."""
    cues = read_cues(answer.dump(), skip_bad=layout.skip_bad)
    reasons = (answer.model_extra or {}).get("message")
    if not cues.chosen and reasons:
        told = " ".join(map(str, reasons)) if isinstance(reasons, list) else str(reasons)
        raise ServiceError(f"The service could not use the film: {told}", "Try another range or --quality.")
    if not cues.chosen:
        report.warn("The service found nothing to lay.")
    return cues


@contextmanager
def _answer_kept(job: JobFolder) -> Iterator[None]:
    """Whatever fails once the service has answered, say that its answer is not lost."""
    try:
        yield
    except AvmError as error:
        error.hint = (
            f"{error.hint} The answer, which is paid for, is kept: {job.path / 'result.json'}.".strip()
        )
        raise


def total_price(cues: Cues) -> Decimal:
    """Sum of the prices of the chosen items: each item once, what is bought already not counted."""
    chosen = {item.id: item for item in cues.chosen if not item.served.get("is_bought")}
    return sum((item.price for item in chosen.values() if item.price is not None), Decimal(0))


def _plan(opened: Opened, source: Source, report: Report) -> ExportPlan:
    plan = plan_film(opened.timeline, source.selection)
    rate = timeline_rate(opened.timeline)
    first = start_frame(opened.timeline, rate)
    edges = [nearest_frame(edge, rate) for edge in (plan.film_map.record_start, plan.film_map.record_end)]
    record_in, record_out = (format_timecode(max(0, first + edge), rate) for edge in edges)
    report.event(
        "plan",
        name=plan.name,
        record_in=record_in,
        record_out=record_out,
        frames=plan.frames,
        rate=str(plan.rate),
        notes=list(plan.notes),
    )
    return plan


def _asked(plan: ExportPlan, request: ServiceRequest, access: Access) -> dict[str, Any]:
    """What makes a job the one it is, as JSON."""
    return {
        "version": 1,
        "service": access.name,
        "language": access.language,
        "currency": access.currency,
        "request": request.dump(),
        "plan": asdict(plan),
    }


def _export(
    opened: Opened,
    source: Source,
    plan: ExportPlan,
    output: Path,
    quality: str | None,
    report: Report,
    *,
    may_pass: bool = False,
) -> FilmFile:
    """The film as a file; where it is one whole file that is small enough, and that is allowed, that file."""
    from avm_otio.media.export import Quality, export_film, whole_file

    plan, media = located(plan, opened.folder, source.media_roots)
    for note in plan.notes:
        report.warn(note)
    film = whole_file(plan, media) if may_pass else None
    if film is None:
        with report.step("Exporting the film", plan.frames) as advance:
            film = export_film(
                plan, media, output, quality=Quality(quality or Quality.P540), progress=advance
            )
    for note in film.notes:
        report.warn(note)
    report.event("film_exported", path=str(film.path), size_bytes=film.size_bytes, reencoded=film.reencoded)
    return film


def _ask(
    client: Client,
    request: ServiceRequest,
    job: JobFolder,
    film: FilmFile,
    name: str,
    timeout_s: float,
    report: Report,
) -> tuple[int, int, ServiceResult]:
    """Upload, submit and wait; the answer is on disk when this returns."""
    from avm_otio.api.models import resolve_result
    from avm_otio.api.waiting import wait_for_result

    with report.step("Uploading the film", film.size_bytes) as advance:
        film_id = client.create_film(film.path, filename=name, progress=advance)
    report.event("film_created", film_id=film_id)
    try:
        session_id = client.create_service(film_id, request)
    except KeyboardInterrupt:
        report.warn(f"The paid call was under way: see avm-otio film show {film_id} before you run it again.")
        raise
    report.event("service_submitted", film_id=film_id, session_id=session_id)
    with report.step("Waiting for the service") as advance:

        def on_poll(elapsed_s: float, result: object) -> None:
            report.event("waiting", elapsed_s=round(elapsed_s, 1))
            advance(0)

        result = wait_for_result(client, film_id, session_id, timeout_s=timeout_s, on_poll=on_poll)
    job.save("result.json", result.payload(client.keys))
    described = client.film(film_id)
    job.save("film.json", described.dump())
    return film_id, session_id, resolve_result(result, described, request.services)


def heard(
    timeline: otio.schema.Timeline, selection: Selection, plan: ExportPlan
) -> list[tuple[int, MediaSource | None]]:
    """Which sound of the timeline the film carried: tracks, and the media in them where not all."""
    indices = [index for index, track in enumerate(timeline.tracks) if kind_of(track) == AUDIO]
    if selection.clip is not None:
        return [(index, segment.media) for index in indices for segment in plan.sound]
    if selection.track is not None and find_track(timeline, selection.track) in indices:
        return [(find_track(timeline, selection.track), None)]
    return [(index, None) for index in indices]
