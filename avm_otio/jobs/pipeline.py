"""The only place that puts the steps together: a timeline in, a scored timeline out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from avm_otio.delivery.deliver import deliver, delivery_of
from avm_otio.errors import InputError, UsageError
from avm_otio.files import make_folder
from avm_otio.formats import reading
from avm_otio.formats.reading import Opened
from avm_otio.jobs import choices, soundtrack
from avm_otio.jobs.attempts import job_of, warn_of_the_same
from avm_otio.jobs.by_hand import Update, keep, laid_of, stem_of
from avm_otio.jobs.cache import Cache, digest_of, media_digests, stamps
from avm_otio.jobs.downloads import sounds_in
from avm_otio.jobs.films import heard, make_film, open_timeline, planned
from avm_otio.jobs.folder import (
    JOURNAL,
    REQUEST,
    SCORED,
    Job,
    now,
    open_job,
    read_journal,
    stamp,
    write_json,
)
from avm_otio.jobs.journal import Journal, State, Written
from avm_otio.jobs.offered import Place
from avm_otio.jobs.paid_call import Access, Patience, answer_kept, cues_of, fetch_answer
from avm_otio.jobs.question import Question, key_of
from avm_otio.jobs.scored import Scored
from avm_otio.jobs.soundtrack import Soundtrack
from avm_otio.jobs.spots import asking, find_spots, held_against
from avm_otio.media.originals import film_located
from avm_otio.mix.choices import Choices
from avm_otio.mix.cues import Cues, Item
from avm_otio.mix.placement import Laid
from avm_otio.mix.tracks import Origin, add_tracks
from avm_otio.report import SILENT, Report
from avm_otio.request import Request
from avm_otio.timeline.model import Media, Timeline
from avm_otio.timeline.plan import ExportPlan
from avm_otio.timeline.select import plan_film
from avm_otio.timeline.urls import url_of

_MUTE_IT = "The picture's own sound is on no track: mute it in your editor under the new dialogue."


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
    request: Request, question: Question, access: Access, patience: Patience, report: Report = SILENT
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


def prepare(request: Request, question: Question, report: Report = SILENT) -> Prepared:
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
    path, asked = job_of(question, jobs_folder, plan, film, again=request.again)
    if request.jobs_dir is None and not (path / JOURNAL).exists():
        warn_of_the_same(path, opened.side_folder, report)
    order = (request.given or request).seen_from(path.absolute()).dump()
    with open_job(path, report, partial(_begin, path, plan, asked, question, order)) as (job, report):
        outputs = dict(job.journal.outputs)
        if order != job.journal.order:  # what is there was written for another request
            outputs.pop(job.relative(request.output), None)
        job.record(order=order, outputs=outputs, read=read, error=None)
        job.keep_timeline(request.timeline)
        cache.save()
        make_film(job, request, question, plan, media, report)
    return Prepared(path, opened, plan)


def answer(
    path: Path,
    request: Request,
    question: Question,
    access: Access,
    patience: Patience,
    report: Report = SILENT,
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
    report: Report = SILENT,
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


def place_of(request: Request, report: Report = SILENT) -> Place:
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
    report: Report = SILENT,
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


def forget_call(path: Path, report: Report = SILENT) -> None:
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


def _begin(
    path: Path, plan: ExportPlan, asked: dict[str, Any], question: Question, order: dict[str, Any]
) -> Journal:
    from avm_otio.jobs.journal import Journal

    write_json(path / REQUEST, question.request.payload(question.keys) | {"notify_url": None})
    return Journal(key=key_of(asked), name=plan.name, made=now(), asked=asked, order=order)


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
        written, lies = by_hand.write(request, scored, laid, decided, report)
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
