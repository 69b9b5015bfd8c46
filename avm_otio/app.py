"""Settings, the service and jobs, wired together.

The command line, watchers, farms and scripts come in here; ``avm_otio`` names what is public.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avm_otio.access import Services, access_to, sounds_of
from avm_otio.addresses import LOCAL
from avm_otio.config.load import load_settings
from avm_otio.config.settings import Settings
from avm_otio.errors import InputError, UsageError
from avm_otio.files import same_file
from avm_otio.report import SILENT, Report
from avm_otio.request import Request

if TYPE_CHECKING:
    from avm_otio.delivery.deliver import Delivered
    from avm_otio.formats.reading import Opened
    from avm_otio.jobs.forecast import Forecast
    from avm_otio.jobs.many.batch import Batch
    from avm_otio.jobs.many.budget import Limits
    from avm_otio.jobs.paid_call import Patience
    from avm_otio.jobs.question import Question
    from avm_otio.jobs.scored import Scored
    from avm_otio.media.film import FilmFile
    from avm_otio.media.mixdown import Preview
    from avm_otio.service.client import Client
    from avm_otio.timeline.features import Loss

_ANY = Request()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request.

    Attributes:
        summary: What is reported at the end, as ``Scored.summary`` says it.
        losses: What could not be written.
        is_recalled: Whether all was there already: nothing was read, asked or written.
    """

    summary: Mapping[str, Any]
    losses: tuple[Loss, ...] = ()
    is_recalled: bool = False


def score(request: Request, *, report: Report = SILENT) -> Scored:
    """Score a timeline: music and effects for it, laid into a copy of it.

    What was asked before is not sent or paid for again; an interrupted run continues where it stopped.

    Args:
        request: What to score, with what, and where it goes. What it leaves out is what is configured.
        report: Receives progress and warnings.

    Raises:
        AvmError: In every way that ``errors`` lists. Nothing is written at the output then.
    """
    settings = load_settings()
    return _score(here(request), settings, report)


def carry_out(
    request: Request, *, may_pay: bool = True, confirmed: str = "", report: Report = SILENT
) -> Outcome:
    """Score a timeline, unless that was done before and nothing has changed since.

    Args:
        request: As for ``score``.
        may_pay: Whether a film may be sent and paid for. Without it what was asked before is fetched and
            laid, and what was not is refused before anything leaves; the engine on this machine is free.
        confirmed: The ``digest`` of the forecast that was agreed to: where the question, the cut or its media
            are others by now, that is refused before anything leaves. Empty: whatever is asked is paid for.
        report: Receives progress and warnings.

    Raises:
        AvmError: In every way that ``errors`` lists. Nothing is written at the output then.
    """
    settings = load_settings()
    request = settings.complete(here(request))
    if summary := carried_out(request, settings):
        return Outcome(summary, is_recalled=True)
    if request.library is not None and request.service != LOCAL:
        report.warn(f"The library is for --service local: {request.service} chooses from its own sounds.")
    scored = _score(request, settings, report, may_pay=may_pay, confirmed=confirmed)
    return Outcome(scored.summary(), scored.losses)


def look_ahead(request: Request, *, report: Report = SILENT) -> Forecast:
    """What scoring a timeline would send and use up; nothing is sent, made or written.

    Args:
        request: As for ``score``.
        report: Receives progress and warnings.

    Raises:
        InputError: The timeline, the selection or its media cannot be used.
        UsageError: Things that do not go together.
    """
    from avm_otio.jobs.forecast import forecast

    settings = load_settings()
    request, question = ready(here(request), settings)
    return forecast(request, question, settings.cache_dir, report)


def carried_out(request: Request, settings: Settings) -> Mapping[str, Any] | None:
    """The summary of a complete request that was carried out before, if nothing has changed since."""
    from avm_otio.jobs import cache

    return cache.carried_out(request, settings.service_keys, sounds_of(request))


def resume(path: Path, *, wait: bool = False, resubmit: bool = False, report: Report = SILENT) -> Outcome:
    """Continue a job where it stopped; a finished one whose output is unchanged is finished.

    Args:
        path: The job's folder.
        wait: Where nobody knows whether the paid call came through, wait for its answer as long as for any.
        resubmit: Send it again there. It may be paid for twice.
        report: Receives progress and warnings.

    Raises:
        AvmError: In every way that ``errors`` lists.
    """
    from avm_otio.jobs import cache

    if not (wait or resubmit) and (summary := cache.finished(path)):
        return Outcome(summary, is_recalled=True)
    from avm_otio.jobs import pipeline
    from avm_otio.jobs.folder import read_journal
    from avm_otio.jobs.paid_call import Access
    from avm_otio.jobs.question import Question

    journal, settings = read_journal(path), load_settings()
    given = Request.parse(journal.order, f"The request in {path}").in_folder(path.absolute())
    request = replace(settings.complete(given), jobs_dir=path.absolute().parent, again=False)
    check_delivery(request)
    question = Question.from_journal(journal.asked, settings.service_keys, request.notify_url)
    if resubmit:
        pipeline.forget_call(path, report)
    prepared = None
    if journal.film is None:
        prepared = pipeline.prepare(request, question, report)
        if not same_file(prepared.job, path):
            raise InputError(
                f"The timeline or its media have changed since {path} began, so it is another job now.",
                f"Score the timeline again, and drop the old job with avm-otio jobs forget {path}.",
            )
    access = Access(  # a token is asked for only where the service is
        lambda: access_to(request, settings, report).open(), is_free=request.service == LOCAL
    )
    pipeline.answer(path, request, question, access, patience_of(settings), report, wait_on=wait)
    scored = pipeline.finish(path, request, question, report, prepared)
    return Outcome(scored.summary(), scored.losses)


@contextmanager
def batch(
    requests: Sequence[Request],
    *,
    limits: Limits | None = None,
    cpu_jobs: int | None = None,
    service_jobs: int = 8,
    report: Report = SILENT,
) -> Iterator[Batch]:
    """Many requests at once; see ``jobs.many.batch``.

    Args:
        requests: Their paths are absolute, and no output is named twice.
        limits: What all of them together may use up.
        cpu_jobs: How many processes make films and lay answers; as many as there are processors by default.
        service_jobs: How many timelines are with the service at once.
        report: Receives what is done for all of them.

    Yields:
        The batch: ``check`` it first, then ``run`` it.
    """
    from avm_otio.jobs.many.batch import Batch, Setup
    from avm_otio.jobs.many.budget import Limits

    settings = load_settings()
    with Services(settings, report) as services:
        yield Batch(
            requests,
            Setup(
                make=ready,
                recall=lambda request: carried_out(settings.complete(request), settings),
                access=lambda request: services.access_to(settings.complete(request)),
                patience=patience_of(settings),
            ),
            limits=limits or Limits(),
            cpu_jobs=cpu_jobs or os.cpu_count() or 1,
            service_jobs=service_jobs,
            report=report,
        )


def watch(
    folders: Sequence[Path],
    *,
    once: bool = False,
    poll_s: float = 0.5,
    parallel: int = 1,
    allow_outside: bool = False,
    media_roots: Sequence[Path] = (),
    time_limit_s: float = 24 * 3600.0,
    report: Report = SILENT,
) -> None:
    """Carry out the requests that are left in some folders, until interrupted; ``docs/watch-folder.md``.

    Args:
        folders: The folders.
        once: End as soon as nothing is left to do.
        poll_s: How often they are looked at.
        parallel: How many requests are worked on at a time.
        allow_outside: Whether a request may name a timeline or an output outside its own folder, and may be
            anybody's.
        media_roots: Where moved media are looked for by name, of strangers' requests, too.
        time_limit_s: How long a request may take.
        report: Receives what becomes of each request.

    Raises:
        InputError: A folder is not there.
        OutputError: A folder cannot be written.
        KeyboardInterrupt: It was interrupted; what was under way is left to others.
    """
    from avm_otio.jobs.watch.protocol import Result, result_of
    from avm_otio.jobs.watch.visits import Rules
    from avm_otio.jobs.watch.watcher import Watch

    def done(request: Request, report: Report) -> Result:
        request = replace(request, media_roots=(*request.media_roots, *media_roots))
        outcome = carry_out(request, report=report)
        return result_of(outcome.summary, outcome.losses, outcome.is_recalled)

    configured = load_settings().complete(_ANY)
    rules = Rules(
        (LOCAL, configured.service),
        allow_outside,
        configured.currency,
        (*configured.media_roots, *media_roots),
        configured.notify_url,
        time_limit_s,
    )
    Watch(folders, done, rules, report, parallel=parallel).run(once=once, poll_s=poll_s)


def ready(request: Request, settings: Settings | None = None) -> tuple[Request, Question]:
    """A request with all that is configured here, checked before any work is done, and its question.

    Args:
        request: Its paths are absolute.
        settings: What is configured; read where not given.

    Raises:
        UsageError: Things that do not go together.
    """
    from avm_otio.jobs.question import Question

    settings = settings or load_settings()
    request = settings.complete(request)
    check_delivery(request)
    return request, Question.of(request, settings.service_keys, sounds_of(request))


def patience_of(settings: Settings) -> Patience:
    """How long a service is waited for."""
    from avm_otio.jobs.paid_call import Patience

    return Patience(settings.timeouts.wait_s, settings.timeouts.look_s, settings.cache_dir)


def write(
    opened: Opened,
    output: Path,
    *,
    editor: str | None = None,
    deliver: str | None = None,
    media_format: str | None = None,
    media_roots: Sequence[Path] = (),
    report: Report = SILENT,
) -> Delivered:
    """Write a timeline for an editor, with its media where they are to go.

    Args:
        opened: The timeline, as ``read`` or ``lay_answer`` gives it; not modified.
        output: The file to write.
        editor: Who will open it: a name that ``--for`` takes; by the output's suffix where not given.
        deliver: Where media go: ``link`` (they stay; the default), ``copy`` (beside the output) or ``bundle``
            (one file).
        media_format: ``keep`` (the default), or ``wav48`` for 48 kHz 24-bit Broadcast WAVs.
        media_roots: Where moved media are looked for by name.
        report: Receives progress and warnings.

    Returns:
        The files that were written, and what they could not say.

    Raises:
        AvmError: The timeline or its media cannot be used, or something cannot be written.
    """
    from avm_otio.delivery import deliver as delivery

    refuse_same(opened.path, output)
    given: dict[str, Any] = {"editor": editor, "deliver": deliver, "media_format": media_format}
    given = {name: value for name, value in given.items() if value is not None}
    request = Request(output=output, media_roots=tuple(media_roots), **given)
    return delivery.deliver(opened, request, report)


def export_film(request: Request, *, report: Report = SILENT) -> FilmFile:
    """Write the film of a clip or a range, as it would be sent, to the request's output.

    Raises:
        InputError: The timeline, the selection or its media cannot be used.
        OutputError: The film cannot be written.
    """
    from avm_otio.jobs import films

    return films.export(load_settings().complete(here(request)), report)


def preview(request: Request, *, stems: Path | None = None, report: Report = SILENT) -> Preview:
    """Write what a range of a timeline shows and plays, scored or not, to the request's output.

    The picture is copied from the job's film where that shows it, else made as ``export_film`` makes it. The
    sound is mixed as the timeline says, with nothing done to it that the timeline does not say.

    Args:
        request: The timeline, the range and the output: ``.mp4``, or ``.m4a`` for the sound alone.
        stems: A folder for dialogue, music and effects as Broadcast WAVs; ``None`` for none.
        report: Receives progress and warnings.

    Raises:
        UsageError: The output's suffix is another, or the output is the timeline itself.
        InputError: The timeline, the range or its media cannot be used.
        OutputError: Something cannot be written.
    """
    from avm_otio.jobs import preview as previews

    refuse_same(request.timeline, request.output)
    stems = None if stems is None else stems.absolute()
    return previews.preview(load_settings().complete(here(request)), stems, report)


def open_service(request: Request = _ANY, *, report: Report = SILENT) -> AbstractContextManager[Client]:
    """A client of the service that a request names, or that is configured.

    For ``local`` the engine runs as long as it is open.

    Raises:
        TokenRefusedError: There is no token for it.
        InputError: The local engine's library cannot be used.
    """
    settings = load_settings()
    return access_to(settings.complete(here(request)), settings, report).open()


def here(request: Request) -> Request:
    """A request with its paths absolute, relative ones from the working folder."""
    return request.in_folder(Path.cwd())


def _score(
    request: Request, settings: Settings, report: Report, *, may_pay: bool = True, confirmed: str = ""
) -> Scored:
    from avm_otio.jobs import pipeline

    request, question = ready(request, settings)
    access = replace(access_to(request, settings, report), may_pay=may_pay, confirmed=confirmed)
    return pipeline.score(request, question, access, patience_of(settings), report)


def check_delivery(request: Request) -> None:
    """Refuse a request whose output cannot be written for its editor, or is its timeline.

    Raises:
        UsageError: It is so.
    """
    from avm_otio.delivery.deliver import delivery_of

    if request.timeline == Path() or request.output == Path():
        raise UsageError("A request needs a timeline and an output.", "Name both.")
    refuse_same(request.timeline, request.output)
    delivery_of(request)


def refuse_same(source: Path, output: Path) -> None:
    """Refuse to write over what is read.

    Raises:
        UsageError: Both are one file.
    """
    if same_file(source, output):
        raise UsageError(
            f"{output} is the timeline itself.", "The input is never changed: choose another name."
        )
