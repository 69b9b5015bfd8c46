"""What a scoring would send and use up, found out without sending or writing anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from avm_otio.addresses import LOCAL
from avm_otio.jobs import soundtrack
from avm_otio.jobs.attempts import latest_attempt
from avm_otio.jobs.cache import Cache, media_digests
from avm_otio.jobs.estimates import estimate
from avm_otio.jobs.films import open_timeline, planned
from avm_otio.jobs.folder import JOURNAL, read_journal
from avm_otio.jobs.journal import State
from avm_otio.jobs.pipeline import spotted
from avm_otio.jobs.question import Question, digest_of
from avm_otio.media.film import SMALL, FilmFile, Quality, film_ahead
from avm_otio.media.originals import film_located
from avm_otio.report import Report
from avm_otio.request import Request
from avm_otio.service.request import check_film_may
from avm_otio.services import FilmType
from avm_otio.timeline.model import Media
from avm_otio.timeline.plan import ExportPlan
from avm_otio.timeline.time import format_timecode

_PAID = (State.WAITING, State.ANSWERED, State.FINISHED)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a scoring would do.

    Attributes:
        question: Who would be asked for what.
        name: What would be shown: the timeline, or the clip.
        record: Timecodes of the first frame and of the first one after it.
        rate: Frames a second of the film, as text.
        film: The film, its size an estimate where ``is_estimate``.
        is_estimate: Whether the film has still to be made.
        job: The folder of an earlier run that asked the same; ``None`` where there is none.
        state: How far that one came.
        wait_s: How long the service may take, from earlier waits; ``None`` where there were none.
        digest: Of the whole question and all that the film shows and plays; empty where nothing is paid for.
    """

    question: Question
    name: str
    record: tuple[str, str]
    rate: str
    film: FilmFile
    is_estimate: bool
    job: Path | None
    state: State | None
    wait_s: float | None
    digest: str

    @property
    def is_free(self) -> bool:
        """Whether the engine on this machine is asked."""
        return self.question.service == LOCAL

    @property
    def sends_film(self) -> bool:
        """Whether the film would be uploaded."""
        return not self.is_free and self.state in (None, State.PLANNED, State.EXPORTED)

    @property
    def analyses(self) -> int:
        """How many analyses would be used up; of an uncertain call the answer is looked for first."""
        return int(not self.is_free and self.state not in (*_PAID, State.UNSURE))

    @property
    def length(self) -> str:
        """How long the film is, as a timecode of its rate."""
        return format_timecode(self.film.frames, self.film.frames / self.film.duration)

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        request = self.question.request
        return {
            "name": self.name,
            "record_in": self.record[0],
            "record_out": self.record[1],
            "frames": self.film.frames,
            "rate": self.rate,
            "length": self.length,
            "width": self.film.width,
            "height": self.film.height,
            "has_sound": self.film.has_sound,
            "size_bytes": self.film.size_bytes,
            "is_size_estimate": self.is_estimate,
            "file": None if self.film.reencoded else str(self.film.path),
            "service": self.question.service,
            "services": [service.name for service in request.services],
            "language": self.question.language,
            "currency": self.question.currency,
            "license": dict(request.license),
            "parameters": {name: dict(given) for name, given in request.parameters.items()},
            "sends_film": self.sends_film,
            "analyses": self.analyses,
            "is_unsure": self.state is State.UNSURE and not self.is_free,
            "job": None if self.job is None else str(self.job),
            "wait_s": self.wait_s,
        }


def forecast(request: Request, question: Question, cache_dir: Path, report: Report) -> Forecast:
    """Find out what a scoring would send and use up; nothing is sent, made or written.

    Args:
        request: Complete; its paths are absolute.
        question: What it asks the service.
        cache_dir: Where earlier waits are kept.
        report: Receives progress and warnings.

    Raises:
        InputError: The timeline, the selection or its media cannot be used.
        UnsupportedFilmError: The services do not take such a film.
    """
    opened = open_timeline(request, report)
    soundtrack.check(request, opened.timeline)
    plan = planned(opened, request, report)
    question = spotted(question, request, opened, plan, report)
    record = plan.film_map.record_start, plan.film_map.record_end
    plan, media = film_located(plan, opened.folder, request.media_roots, strict=request.strict)
    quality = SMALL if request.service == LOCAL else Quality(request.quality)
    film = film_ahead(plan, media, quality=quality, may_pass=True)
    kind = FilmType.NORMAL if film.has_sound else FilmType.SILENT
    check_film_may(kind, question.request.services)
    jobs_folder = request.jobs_dir or opened.side_folder
    job, digest, state, is_estimate = None, "", None, film.reencoded
    if jobs_folder.is_dir() or request.service != LOCAL:
        job, digest = _job_of(question, jobs_folder, plan, media, request, report)
    if job is not None:
        journal = read_journal(job)
        state = journal.state
        if journal.film is not None and is_estimate:
            film, is_estimate = replace(film, size_bytes=journal.film.size_bytes), False
    return Forecast(
        question=question,
        name=plan.name,
        record=(opened.timeline.timecode(record[0]), opened.timeline.timecode(record[1])),
        rate=str(plan.rate),
        film=film,
        is_estimate=is_estimate,
        job=job,
        state=state,
        wait_s=estimate(cache_dir, question.service, float(film.duration)),
        digest=digest,
    )


def _job_of(
    question: Question,
    jobs_folder: Path,
    plan: ExportPlan,
    media: Mapping[Media, Path],
    request: Request,
    report: Report,
) -> tuple[Path | None, str]:
    """The job that asked the same, if there is one, and the question's digest."""
    from avm_otio.media.fingerprint import film_asked

    film = film_asked(plan, media_digests(plan, media, Cache(jobs_folder), report))
    path, asked = latest_attempt(question, jobs_folder, plan, film, again=request.again)
    return path if (path / JOURNAL).exists() else None, digest_of(asked)
