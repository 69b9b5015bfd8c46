"""The only place that puts the steps together: a timeline in, a scored timeline out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avm_otio.addresses import LOCAL
from avm_otio.delivery.counting import as_media_count
from avm_otio.delivery.deliver import deliver, delivery_of, with_lengths
from avm_otio.errors import AvmError, InputError, UsageError
from avm_otio.files import make_folder
from avm_otio.formats import reading
from avm_otio.formats.reading import Opened
from avm_otio.jobs import choices, soundtrack
from avm_otio.jobs.by_hand import Update, keep, laid_of, stem_of
from avm_otio.jobs.cache import Cache, digest_of, media_digests, stamps
from avm_otio.jobs.downloads import sounds_in
from avm_otio.jobs.folder import (
    FILM,
    JOURNAL,
    REQUEST,
    SCORED,
    SMALL_FILM,
    Job,
    folder_of,
    is_media_of_a_job,
    locked,
    now,
    open_job,
    quoted,
    read_journal,
    readable,
    stamp,
    write_json,
)
from avm_otio.jobs.journal import Journal, State, Written
from avm_otio.jobs.offered import Place
from avm_otio.jobs.paid_call import Access, Patience, answer_kept, cues_of, fetch_answer
from avm_otio.jobs.question import Question, key_of
from avm_otio.jobs.report_plan import report_plan
from avm_otio.jobs.scored import Scored
from avm_otio.jobs.soundtrack import Soundtrack
from avm_otio.jobs.spots import asking, find_spots, held_against
from avm_otio.media.originals import film_located
from avm_otio.mix.choices import Choices
from avm_otio.mix.cues import Cues, Item
from avm_otio.mix.placement import Laid
from avm_otio.mix.tracks import Origin, add_tracks, without_ours
from avm_otio.report import Report, Silent
from avm_otio.request import Request
from avm_otio.services import FilmType
from avm_otio.timeline.limits import refuse_empty
from avm_otio.timeline.model import Media, Timeline, TrackKind
from avm_otio.timeline.plan import ExportPlan
from avm_otio.timeline.select import Selection, find_track, plan_film
from avm_otio.timeline.urls import paths_of, url_of

if TYPE_CHECKING:
    from avm_otio.media.film import FilmFile

_SILENT = Silent()
_MUTE_IT = "The picture's own sound is on no track: mute it in your editor under the new dialogue."


def open_timeline(request: Request, report: Report = _SILENT) -> Opened:
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


def export(request: Request, report: Report = _SILENT) -> FilmFile:
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


@dataclass(frozen=True, slots=True)
class Prepared:
    """A job whose film is made, or was.

    Attributes:
        job: The job's folder.
        opened: The timeline.
        plan: Its film.
    """

    job: Path
    opened: Opened
    plan: ExportPlan


def score(
    request: Request, question: Question, access: Access, patience: Patience, report: Report = _SILENT
) -> Scored:
    """Score a timeline: make the film, have it answered, lay the answer.

    The service is opened only when the film is there: what is wrong with the timeline is reported before.
    What an earlier run of the same question has reached is not done, sent or paid for again.

    Args:
        request: Complete; its paths are absolute.
        question: What it asks the service.
        access: The way to the service, or to the local engine.
        patience: How long to wait.
        report: Receives progress.

    Raises:
        AvmError: In every way that ``errors`` lists. Nothing is written at the output then.
    """
    prepared = prepare(request, question, report)
    answer(prepared.job, request, question, access, patience, report)
    return finish(prepared.job, request, question, report, prepared)


def prepare(request: Request, question: Question, report: Report = _SILENT) -> Prepared:
    """Find or begin the job, and make its film unless the service has it already. Needs no service.

    Raises:
        InputError: The timeline, the selection or its media cannot be used.
        UnsupportedFilmError: The services do not take such a film.
        OutputError: The film or the job cannot be written.
    """
    from avm_otio.media.fingerprint import film_asked

    read = stamps([request.timeline])
    opened = open_timeline(request, report)
    soundtrack.check(request, opened.timeline)
    plan = planned(opened, request, report)
    question = spotted(question, request, opened, plan, report)
    if isinstance(request.spots, Path):
        read |= stamps([request.spots])
    plan, media = film_located(plan, opened.folder, request.media_roots, strict=request.strict)
    read |= stamps(media.values())
    jobs_folder = request.jobs_dir or opened.side_folder
    cache = Cache(jobs_folder)
    film = film_asked(plan, media_digests(plan, media, cache, report))
    path, asked = _job_of(question, jobs_folder, plan, film, again=request.again)
    if request.jobs_dir is None and not (path / JOURNAL).exists():
        _tell_of_the_same(path, opened.side_folder, report)
    order = (request.given or request).seen_from(path.absolute()).dump()
    with open_job(path, report, partial(_begin, path, plan, asked, question, order)) as (job, report):
        outputs = dict(job.journal.outputs)
        if order != job.journal.order:  # what is there was written for another request
            outputs.pop(job.relative(request.output), None)
        job.record(order=order, outputs=outputs, read=read, error=None)
        job.keep_timeline(request.timeline)
        cache.save()
        _make_film(job, request, question, plan, media, report)
    return Prepared(path, opened, plan)


def answer(
    path: Path,
    request: Request,
    question: Question,
    access: Access,
    patience: Patience,
    report: Report = _SILENT,
    *,
    wait_on: bool = False,
) -> None:
    """Have the job's film answered, and its items here. Takes no processor time to speak of.

    Args:
        path: The job's folder.
        request: Which items are laid, and so needed.
        question: What the service is asked.
        access: The way to the service, or to the local engine; not opened where all is here.
        patience: How long to wait.
        report: Receives progress.
        wait_on: Wait for what came of an uncertain paid call as long as for a result.

    Raises:
        ServiceError: The service or the network failed; what was reached is kept.
        CueError: The answer makes no sense; it is kept.
    """
    with open_job(path, report) as (job, report):
        question = question.as_asked(job.journal.asked)
        fetch_answer(
            job, access, question, request=request, patience=patience, report=report, wait_on=wait_on
        )


def finish(
    path: Path,
    request: Request,
    question: Question,
    report: Report = _SILENT,
    prepared: Prepared | None = None,
    by_hand: Update | None = None,
) -> Scored:
    """Lay a job's answer and write the timeline.

    Args:
        path: The job's folder.
        request: How it is laid and written.
        question: What the service was asked.
        report: Receives progress.
        prepared: What ``prepare`` found, where it was called in this run; read anew otherwise.
        by_hand: The output that somebody changed, to be kept as far as nothing else was chosen.

    Raises:
        AvmError: The answer, the timeline or its media cannot be used, or something cannot be written.
    """
    opened = prepared.opened if prepared is not None else open_timeline(request, report)
    plan = prepared.plan if prepared is not None else plan_film(opened.timeline, request.selection)
    with open_job(path, report) as (job, report):
        make_folder(request.output.absolute().parent)
        question = question.as_asked(job.journal.asked)
        with answer_kept(job):
            cues = cues_of(job, question, request)
            spots = find_spots(request, opened.timeline, plan)
            cues = held_against(cues, request, spots, question.service, opened.timeline)
            if not cues.chosen:
                report.warn("The service found nothing to lay.")
            with_tracks = with_tracks_of(job, request, question, opened, plan)
            chosen = choices.digest(path)  # first: a choice that comes meanwhile counts as not written
            decided = choices.kept(path).choices
            media_of = media_of_job(job, opened, decided.offering(cues))
            made = soundtrack.soundtrack(
                job,
                request,
                opened,
                plan,
                cues,
                media_of,
                with_tracks,
                report,
                choices=decided,
                music_markers=spots.spotted.music,
            )
        whole_timeline = replace(opened, timeline=with_tracks(made.laid))
        scored = _written(job, request, question, whole_timeline, cues, made, report, decided, by_hand)
        size_bytes, modified_ns = stamp(scored.output)
        digest = digest_of(request, question.keys, question.library)
        written = Written(
            size_bytes=size_bytes,
            modified_ns=modified_ns,
            digest=digest,
            summary=scored.summary(),
            choices=chosen,
            order=(request.given or request).seen_from(path.absolute()).dump(),
        )
        job.record(outputs={**job.journal.outputs, job.relative(scored.output): written}, error=None)
        cache = Cache(path.parent)
        cache.learn_request(digest, path.name, job.journal.read)
        cache.save()
    return scored


def place_of(request: Request, report: Report = _SILENT) -> Place:
    """Where a job's film lies: the timeline that a request names, and its plan.

    Raises:
        InputError: The timeline or the selection cannot be used.
    """
    opened = open_timeline(request, report)
    return Place(opened.timeline, plan_film(opened.timeline, request.selection))


def written_again(
    path: Path,
    request: Request,
    question: Question,
    access: Access,
    patience: Patience,
    report: Report = _SILENT,
    by_hand: Update | None = None,
) -> Scored:
    """Write a job's timeline again, with what is chosen. Nothing is asked, and nothing bought.

    Items that are not here yet are fetched from where the answer says that they lie.

    Args:
        path: The job's folder.
        request: How its answer is laid, and what is written; complete.
        question: What the service was asked.
        access: The way to the service; not opened where all is here.
        patience: How long to wait.
        report: Receives progress.
        by_hand: See ``finish``.

    Raises:
        InputError: The timeline shows another film now: the answer is of no use for it.
        AvmError: In every way that ``finish`` raises.
    """
    from avm_otio.media.fingerprint import film_asked

    journal = read_journal(path)
    opened = open_timeline(request, report)
    soundtrack.check(request, opened.timeline)
    plan = plan_film(opened.timeline, request.selection)
    plan, media = film_located(plan, opened.folder, request.media_roots, strict=request.strict)
    cache = Cache(path.parent)
    film = film_asked(plan, media_digests(plan, media, cache, report))
    cache.save()
    if _as_text(film) != _as_text(journal.asked.get("film")):
        raise InputError(
            f"{request.timeline} or its media have changed since it was scored: its cues lie elsewhere now.",
            "Score it again.",
        )
    answer(path, request, question, access, patience, report)
    return finish(path, request, question, report, Prepared(path, opened, plan), by_hand)


def _as_text(asked: object) -> str:
    return json.dumps(asked, sort_keys=True, default=str)


def forget_call(path: Path, report: Report = _SILENT) -> None:
    """Let a paid call of which nobody knows whether it came through be sent again.

    Raises:
        UsageError: The job has no such call.
    """
    with open_job(path, report) as (job, report):
        if job.journal.state is not State.UNSURE:
            raise UsageError(
                f"{path} has no uncertain paid call: it is {job.journal.state}.", "Leave out --resubmit."
            )
        job.record(call=None)


def _job_of(
    question: Question, jobs_folder: Path, plan: ExportPlan, film: Mapping[str, Any], *, again: bool
) -> tuple[Path, dict[str, Any]]:
    """The folder of what is asked: the latest attempt; with ``again`` a new one if that was answered.

    It is there when this returns: of two runs that ask the same under two names, one finds the other's.
    """
    with locked(jobs_folder):
        path, asked = latest_attempt(question, jobs_folder, plan, film, again=again)
        make_folder(path)
    return path, asked


def latest_attempt(
    question: Question, jobs_folder: Path, plan: ExportPlan, film: Mapping[str, Any], *, again: bool
) -> tuple[Path, dict[str, Any]]:
    """The folder that a question belongs to, and the whole question; the folder may not be there yet.

    Args:
        question: What is asked.
        jobs_folder: Where jobs lie.
        plan: The film's.
        film: What the film shows, as ``media.fingerprint.film_asked`` describes it.
        again: Whether a question that was answered is asked anew.
    """
    attempt = 0
    path, asked = _attempt(question, jobs_folder, plan, film, attempt)
    while (path / JOURNAL).exists():
        following = _attempt(question, jobs_folder, plan, film, attempt + 1)
        is_last = not (following[0] / JOURNAL).exists()
        if is_last and not (again and read_journal(path).answered is not None):
            break
        attempt += 1
        path, asked = following
    return path, asked


def _tell_of_the_same(path: Path, side_folder: Path, report: Report) -> None:
    """Say where another timeline's jobs, such as those of this one before it was renamed, hold this answer.

    It is not taken from there: both timelines would play the sounds of one folder, and go with it.
    """
    key = path.name.rsplit("-", 1)[-1]
    for other in sorted(side_folder.parent.glob(f"*{side_folder.suffix}/*-{key}")):
        with suppress(AvmError, OSError):
            if other.parent != side_folder and read_journal(other).answered is not None:
                report.warn(
                    f"{other} holds an answer to this very question. This is a question of its own; to use "
                    f"that answer, stop this run and add --jobs-dir {quoted(other.parent)}."
                )
                return


def _attempt(
    question: Question, jobs_folder: Path, plan: ExportPlan, film: Mapping[str, Any], attempt: int
) -> tuple[Path, dict[str, Any]]:
    asked = question.asked(film, attempt)
    return folder_of(jobs_folder, plan.name, key_of(asked)), asked


def _begin(
    path: Path, plan: ExportPlan, asked: dict[str, Any], question: Question, order: dict[str, Any]
) -> Journal:
    from avm_otio.jobs.journal import Journal

    write_json(path / REQUEST, question.request.payload(question.keys) | {"notify_url": None})
    return Journal(key=key_of(asked), name=plan.name, made=now(), asked=asked, order=order)


def _make_film(
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


def media_of_job(job: Job, opened: Opened, cues: Cues) -> Callable[[Item], Media]:
    """The media of a job's items, as its timeline names them; ``LookupError`` for one that is not here."""
    style, folder = reading.url_style(opened.timeline), opened.folder
    return sounds_in(cues, job.media, job.journal.media, lambda path: url_of(path, style, folder))


def with_tracks_of(
    job: Job, request: Request, question: Question, opened: Opened, plan: ExportPlan
) -> Callable[[Laid], Timeline]:
    """Makes the timeline with what was laid."""
    film, call = job.journal.film, job.journal.call
    origin = Origin(
        question.service,
        question.currency,
        question.language,
        None if film is None else film.id,
        None if call is None else call.session_id,
        question.request.license,
    )

    def with_tracks(laid: Laid) -> Timeline:
        replaced = heard(opened.timeline, request.selection, plan) if laid.replacements else ()
        return add_tracks(opened.timeline, laid, origin, replaced=replaced)

    return with_tracks


def _written(
    job: Job,
    request: Request,
    question: Question,
    scored: Opened,
    cues: Cues,
    made: Soundtrack,
    report: Report,
    decided: Choices,
    by_hand: Update | None,
) -> Scored:
    """The timeline with what was laid, for whoever opens it."""
    film, call, laid = job.journal.film, job.journal.call, made.laid
    is_muted = any(clip.replaced_by for clip in scored.timeline.clips())
    notes = (*laid.notes, *([_MUTE_IT] if laid.replacements and not is_muted else ()))
    if not delivery_of(request).is_as_it_is:  # what the editor's file cannot say is not lost
        reading.save(scored, job.path / SCORED)
    if by_hand is None:
        written = deliver(scored, request, report, speech=made.spoken)
        lies = laid_of(laid, stem_of)
    else:
        written, lies = by_hand.write(job, request, scored, laid, decided, report)
    keep(job, request.output, written.paths, lies, decided, has_theirs=by_hand is not None)
    notes += written.notes
    for note in notes:
        report.warn(note)
    report.event("written", path=str(request.output), tracks=list(written.tracks))
    preview = None
    if request.preview:
        from avm_otio.jobs.preview import write

        preview = request.output.with_name(f"{request.output.stem}.preview.mp4")
        write(scored, replace(request, output=preview, tc_in=None, tc_out=None), report=report, job=job.path)
    return Scored(
        output=request.output,
        job=job.path,
        film_id=None if film is None else film.id,
        session_id=None if call is None else call.session_id,
        made=made,
        currency=question.currency,
        start_frame=scored.timeline.start_frame,
        drop_frame=scored.timeline.drop_frame,
        folder=scored.folder,
        notes=notes,
        unavailable=cues.unavailable,
        losses=written.losses,
        media_folder=written.media_folder,
        replaced_files=written.made,
        preview=preview,
    )


def spotted(
    question: Question, request: Request, opened: Opened, plan: ExportPlan, report: Report
) -> Question:
    """A question with what people spotted; what of that is not sent is told.

    Raises:
        InputError: What was spotted cannot be read.
        UsageError: A colour or a kind of spot that there is not.
    """
    spots = find_spots(request, opened.timeline, plan)
    question, notes = asking(question, request, spots, opened.timeline)
    for note in (*spots.notes, *notes):
        report.warn(note)
    return question


def planned(opened: Opened, request: Request, report: Report) -> ExportPlan:
    """The film of what a request selects, reported as a ``plan``."""
    plan = plan_film(opened.timeline, request.selection)
    report_plan(plan, opened.timeline, report)
    return plan


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


def heard(timeline: Timeline, selection: Selection, plan: ExportPlan) -> list[tuple[int, Media | None]]:
    """Which sound of the timeline the film carried: tracks, and the media in them where not all."""
    indices = [index for index, track in enumerate(timeline.tracks) if track.kind is TrackKind.AUDIO]
    if selection.clip is not None:
        return [(index, segment.media) for index in indices for segment in plan.sound]
    if selection.track is not None and find_track(timeline, selection.track) in indices:
        return [(find_track(timeline, selection.track), None)]
    return [(index, None) for index in indices]
