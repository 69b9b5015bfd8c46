"""The Python face: what batch scripts import from ``avm_otio``, and what the command line calls.

Documented with runnable examples in ``docs/api.md``.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from avm_otio.addresses import is_loopback
from avm_otio.config.addresses import LOCAL
from avm_otio.config.load import load_settings
from avm_otio.config.settings import Settings
from avm_otio.config.tokens import find_token
from avm_otio.errors import InputError, UsageError
from avm_otio.files import same_file
from avm_otio.report import Report, Silent
from avm_otio.services import MUSIC, ServiceKeys, service_names

if TYPE_CHECKING:
    from avm_otio.delivery.deliver import Delivered
    from avm_otio.formats.reading import Opened
    from avm_otio.jobs.many.batch import Batch
    from avm_otio.jobs.many.budget import Limits
    from avm_otio.jobs.order import Order
    from avm_otio.jobs.paid_call import Access, Patience
    from avm_otio.jobs.pipeline import Ask, Scored, Source
    from avm_otio.jobs.question import Question
    from avm_otio.jobs.said import Said
    from avm_otio.media.film import FilmFile
    from avm_otio.mix.placement import Layout
    from avm_otio.service.client import Client
    from avm_otio.service.request import ServiceRequest
    from avm_otio.timeline.losses import Loss

MUSIC_AND_EFFECTS = ("music", "effects")
"""What is asked for where nothing is said."""

_BUDGET = (0.0, 100_000.0)
"""Least and largest budget where none is set: the reference's own example asks for 1 to 100,000."""

_ENGINE_LICENSE = (1,), 1, (1,)
"""Range, duration and platforms that the local engine is asked with; there they mean nothing."""

_SILENT = Silent()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an order.

    Attributes:
        summary: What is told at the end, as ``Scored.summary`` says it.
        losses: What the file does not say as the timeline does.
        is_recalled: Whether all was there already: nothing was read, asked or written.
    """

    summary: Mapping[str, Any]
    losses: tuple[Loss, ...] = ()
    is_recalled: bool = False


def score(
    source: Source,
    output: Path,
    *,
    services: Collection[str] = MUSIC_AND_EFFECTS,
    settings: Settings | None = None,
    layout: Layout | None = None,
    jobs_folder: Path | None = None,
    notify_url: str | None = None,
    editor: str | None = None,
    deliver: str = "link",
    media_format: str = "keep",
    again: bool = False,
    report: Report = _SILENT,
) -> Scored:
    """Score a timeline: music and effects for it, laid into a copy of it.

    What was asked before is not sent or paid for again; a run that broke off is gone on with.

    Args:
        source: The timeline and what of it.
        output: The timeline to write; its suffix names the format.
        services: Names of the table of services, such as ``music``.
        settings: What is configured; read from the user's configuration where not given.
        layout: How cues are laid.
        jobs_folder: Where the job's folder goes; beside the timeline by default.
        notify_url: Where the service should post its result, too; ``{job}`` in it is the job's secret.
        editor: Who will open the output: a name that ``--for`` takes; by its suffix where not given.
        deliver: Where media go: ``link`` (they stay), ``copy`` (beside the output) or ``bundle`` (one file).
        media_format: ``keep``, or ``wav48`` for 48 kHz 24-bit Broadcast WAVs.
        again: Ask, and pay, anew, though the same was asked before.
        report: Who is told of progress.

    Raises:
        AvmError: In every way that ``errors`` lists. Nothing is written at ``output`` then.
    """
    from avm_otio.jobs import pipeline
    from avm_otio.jobs.order import Order
    from avm_otio.mix.placement import AS_IT_COMES

    settings = settings or load_settings()
    layout = layout or AS_IT_COMES
    check_services(services)
    order = Order.parse(
        {
            "timeline": str(source.path),
            "output": str(output),
            "clip": source.selection.clip,
            "track": source.selection.track,
            "tc_in": source.selection.tc_in,
            "tc_out": source.selection.tc_out,
            "rate": None if source.rate is None else str(source.rate),
            "sequence": source.sequence,
            "media_roots": [str(root) for root in source.media_roots],
            "quality": settings.quality,
            "services": list(services),
            "service": settings.service,
            "library": None if settings.library is None else str(settings.library),
            "language": settings.language,
            "currency": settings.currency,
            "notify_url": notify_url,
            "effects_length": str(layout.effects_length),
            "music_gain_db": layout.music_gain_db,
            "effects_gain_db": layout.effects_gain_db,
            "skip_bad_cues": layout.skip_bad,
            "alternatives": layout.alternatives,
            "editor": editor,
            "deliver": deliver,
            "media_format": media_format,
            "jobs_dir": None if jobs_folder is None else str(jobs_folder),
            "again": again,
        },
        "The call",
        UsageError,
    ).in_folder(Path.cwd())
    ask = make_ready(order, settings)
    return pipeline.score(ask, access_to(settings, report), patience_of(settings), report)


def carry_out(order: Order, *, report: Report = _SILENT) -> Outcome:
    """Carry out an order; where that was done before and nothing has changed since, say so at once.

    Args:
        order: Its paths are absolute. What it leaves out is what is configured.
        report: Who is told of progress.

    Raises:
        AvmError: In every way that ``errors`` lists. Nothing is written at the output then.
    """
    if outcome := recalled(order.dump()):
        return outcome
    from avm_otio.jobs import pipeline

    settings = load_settings(order.settings)
    if order.library is not None and settings.service != LOCAL:
        report.warn(f"The library is for --service local: {settings.service} chooses from its own sounds.")
    ask = make_ready(order, settings)
    scored = pipeline.score(ask, access_to(settings, report), patience_of(settings), report)
    return Outcome(scored.summary(), scored.losses)


def recalled(said: Said) -> Outcome | None:
    """What became of an order before, if nothing that it read or wrote has changed since.

    Args:
        said: The order as JSON, not checked yet; its paths are absolute.
    """
    from avm_otio.jobs.recall import recall
    from avm_otio.jobs.said import settings_in

    settings = load_settings(settings_in(said))
    known = recall(said, told_of(said, settings, _sounds_of(settings)))
    return None if known is None else Outcome(known, is_recalled=True)


def resume(path: Path, *, wait: bool = False, resubmit: bool = False, report: Report = _SILENT) -> Outcome:
    """Go on with a job, wherever it stopped; a finished one whose output is as it was is finished.

    Args:
        path: The job's folder.
        wait: Where nobody knows whether the paid call came through, wait for its answer as long as for any.
        resubmit: Send it again there. It may be paid for twice.
        report: Who is told of progress.

    Raises:
        AvmError: In every way that ``errors`` lists.
    """
    from avm_otio.jobs.recall import finished_before

    if not (wait or resubmit) and (known := finished_before(path)):
        return Outcome(known, is_recalled=True)
    from avm_otio.jobs import pipeline
    from avm_otio.jobs.folder import read_journal
    from avm_otio.jobs.order import Order
    from avm_otio.jobs.paid_call import Access
    from avm_otio.jobs.question import Question

    journal = read_journal(path)
    order = Order.parse(journal.order, f"The order in {path}").in_folder(path.absolute())
    settings = load_settings(order.settings)
    question = Question.of(journal.asked, service_keys(settings), order.notify_url)
    ask = replace(make_ready(order, settings, question), jobs_folder=path.absolute().parent, again=False)
    if resubmit:
        pipeline.forget_call(path, report)
    prepared = None
    if journal.film is None:
        prepared = pipeline.prepare(ask, report)
        if not same_file(prepared.job, path):
            raise InputError(
                f"The timeline or its media have changed since {path} began, so it is another job now.",
                f"Score the timeline again, and drop the old job with avm-otio jobs forget {path}.",
            )
    access = Access(  # a token is asked for only where the service is
        lambda: access_to(settings, report).open(), is_free=settings.service == LOCAL
    )
    pipeline.answer(path, ask, access, patience_of(settings), report, wait_on=wait)
    scored = pipeline.finish(path, ask, report, prepared)
    return Outcome(scored.summary(), scored.losses)


@contextmanager
def batch(
    orders: Sequence[Order],
    *,
    limits: Limits | None = None,
    cpu_jobs: int | None = None,
    service_jobs: int = 8,
    report: Report = _SILENT,
) -> Iterator[Batch]:
    """Many orders at once; see ``jobs.many.batch``.

    Args:
        orders: Their paths are absolute, and no output is named twice.
        limits: What all of them together may use up.
        cpu_jobs: How many processes make films and lay answers; as many as there are processors by default.
        service_jobs: How many timelines are with the service at once.
        report: Who is told of what is done for all of them.

    Yields:
        The batch: ``check`` it first, then ``run`` it.
    """
    from avm_otio.jobs.many.batch import Batch, Setup
    from avm_otio.jobs.many.budget import Limits

    def known(order: Order) -> Mapping[str, Any] | None:
        outcome = recalled(order.dump())
        return None if outcome is None else outcome.summary

    with _Services(report) as services:
        yield Batch(
            orders,
            Setup(
                make=ready,
                recall=known,
                access=lambda order: services.access_to(load_settings(order.settings)),
                patience=lambda order: patience_of(load_settings(order.settings)),
            ),
            limits=limits or Limits(),
            cpu_jobs=cpu_jobs or os.cpu_count() or 1,
            service_jobs=service_jobs,
            report=report,
        )


def ready(order: Order) -> Ask:
    """An order with all that is configured on this machine; as ``make_ready``."""
    return make_ready(order, load_settings(order.settings))


class _Services:
    """The services of a batch: a client for each thread, and one engine for all. A context manager."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._held = ExitStack()
        self._starting = threading.Lock()
        self._engines: dict[Path | None, tuple[str, str]] = {}
        self._checked: set[tuple[str, Path | None]] = set()
        self._mine = threading.local()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def access_to(self, settings: Settings) -> Access:
        """As the function of that name, for several threads."""
        from avm_otio.jobs.paid_call import Access

        place = settings.service, settings.library
        if place not in self._checked:
            access_to(settings, self._report)
            self._checked.add(place)
        return Access(lambda: nullcontext(self._client(settings)), is_free=settings.service == LOCAL)

    def _client(self, settings: Settings) -> Client:
        """This thread's client: to make one takes a twentieth of a second."""
        clients: dict[str, Any] = vars(self._mine)
        key = repr((settings.service, settings.library, settings.language, settings.currency))
        if key not in clients:
            with self._starting:
                address, token, keys = self._place_of(settings)
                clients[key] = self._held.enter_context(_client(settings, address, token, keys))
        client: Client = clients[key]
        return client

    def _place_of(self, settings: Settings) -> tuple[str, str, ServiceKeys]:
        if settings.service != LOCAL:
            return settings.service, find_token(settings.origin).reveal(), service_keys(settings)
        if settings.library not in self._engines:
            self._engines[settings.library] = self._held.enter_context(_engine(settings, self._report))
        return *self._engines[settings.library], ServiceKeys()


def watch(
    folders: Sequence[Path],
    *,
    once: bool = False,
    poll_s: float = 0.5,
    parallel: int = 1,
    allow_outside: bool = False,
    report: Report = _SILENT,
) -> None:
    """Carry out the requests that are left in some folders, until interrupted; ``docs/watch-folder.md``.

    Args:
        folders: The folders.
        once: End as soon as nothing is left to do.
        poll_s: How often they are looked at.
        parallel: How many requests are worked on at a time.
        allow_outside: Whether a request may name a timeline or an output outside its own folder.
        report: Who is told of each request.

    Raises:
        InputError: A folder is not there.
        OutputError: A folder cannot be written.
        KeyboardInterrupt: It was interrupted; what was under way is left to others.
    """
    from avm_otio.jobs.watch.protocol import Result, result_of
    from avm_otio.jobs.watch.watcher import Rules, Watch

    def done(order: Order, told: Report) -> Result:
        outcome = carry_out(order, report=told)
        return result_of(outcome.summary, outcome.losses, outcome.is_recalled)

    settings = load_settings()
    configured = (LOCAL, settings.service.rstrip("/"))
    rules = Rules(configured, allow_outside)
    Watch(folders, done, rules, report, parallel=parallel).run(once=once, poll_s=poll_s)


def make_ready(order: Order, settings: Settings, question: Question | None = None) -> Ask:
    """An order with all that is configured, checked before any work is done.

    Args:
        order: Its paths are absolute.
        settings: What is configured, with what the order says of it.
        question: What is asked for; made of order and settings where not given.

    Raises:
        UsageError: Things that do not go together.
        InputError: A rate that is none.
    """
    from avm_otio.delivery import deliver as delivery
    from avm_otio.jobs.pipeline import Ask, Source
    from avm_otio.jobs.question import Question
    from avm_otio.mix.placement import EffectsLength, Layout
    from avm_otio.timeline.select import Selection
    from avm_otio.timeline.time import snap_rate

    timeline, output = Path(order.timeline), Path(order.output)
    _refuse_same(timeline, output)
    spare = int(order.editor is not None) if order.alternatives is None else order.alternatives
    sounds = _sounds_of(settings)
    if question is None:
        request = build_request(settings, order.services, timeline.stem, order.notify_url)
        service = LOCAL if settings.service == LOCAL else settings.origin
        question = Question(
            service,
            settings.language,
            settings.currency,
            request,
            library=sounds,
            is_titled=bool(settings.requirement.title),
            keys=service_keys(settings),
        )
    roots = (*map(Path, order.media_roots), *settings.media_roots)
    return Ask(
        source=Source(
            timeline,
            Selection(order.clip, order.track, order.tc_in, order.tc_out),
            tuple(dict.fromkeys(roots)),
            None if order.rate is None else snap_rate(order.rate),
            order.sequence,
        ),
        output=output,
        question=question,
        how=delivery.wanted(output, order.editor, order.deliver, order.media_format),
        layout=Layout(
            EffectsLength(order.effects_length),
            order.music_gain_db,
            order.effects_gain_db,
            order.skip_bad_cues,
            spare,
        ),
        order=order,
        told=told_of(order.dump(), settings, sounds),
        quality=settings.quality,
        jobs_folder=None if order.jobs_dir is None else Path(order.jobs_dir),
        again=order.again,
    )


def told_of(said: Said, settings: Settings, sounds: str) -> str:
    """A digest of an order, of all that is configured and of a library, by which the same is recognised."""
    from avm_otio import __version__
    from avm_otio.jobs.said import digest, shortest

    configured = {
        each.name: getattr(settings, each.name)
        for each in fields(settings)
        if each.name not in ("sources", "timeouts", "cache_dir", "options")
    }
    told = {name: value for name, value in shortest(said).items() if name not in ("again", "version")}
    return digest([told, configured, sounds, __version__])


def _sounds_of(settings: Settings) -> str:
    """Which sounds the library that is configured holds; empty where none is, or the service is remote."""
    if settings.library is None or settings.service != LOCAL:
        return ""
    from avm_otio.engine.listing import digest_of

    return digest_of(settings.library)


def patience_of(settings: Settings) -> Patience:
    """How long the service that is configured is waited for."""
    from avm_otio.jobs.paid_call import Patience

    return Patience(settings.timeouts.wait_s, settings.timeouts.look_s, settings.cache_dir)


def write(
    opened: Opened,
    output: Path,
    *,
    editor: str | None = None,
    deliver: str = "link",
    media_format: str = "keep",
    media_roots: Sequence[Path] = (),
    report: Report = _SILENT,
) -> Delivered:
    """Write a timeline for an editor, with its media where they are to go.

    Args:
        opened: The timeline, as ``read`` or ``lay_answer`` gives it; not modified.
        output: The file to write.
        editor: Who will open it: a name that ``--for`` takes; by the output's suffix where not given.
        deliver: Where media go: ``link`` (they stay), ``copy`` (beside the output) or ``bundle`` (one file).
        media_format: ``keep``, or ``wav48`` for 48 kHz 24-bit Broadcast WAVs.
        media_roots: Where moved media are looked for by name.
        report: Who is told of progress.

    Returns:
        The files that were written, and what they do not say as the timeline does.

    Raises:
        AvmError: The timeline or its media cannot be used, or something cannot be written.
    """
    _refuse_same(opened.path, output)
    from avm_otio.delivery import deliver as delivery

    how = delivery.wanted(output, editor, deliver, media_format)
    return delivery.deliver(opened, output, how, media_roots=media_roots, report=report)


def export_film(
    source: Source, output: Path, *, settings: Settings | None = None, report: Report = _SILENT
) -> FilmFile:
    """Write the film of a clip or a range, as it would be sent, to a file.

    Raises:
        InputError: The timeline, the selection or its media cannot be used.
        OutputError: The film cannot be written.
    """
    from avm_otio.jobs import pipeline

    settings = settings or load_settings()
    return pipeline.export(source, output, quality=settings.quality, report=report)


def open_service(
    settings: Settings | None = None, report: Report = _SILENT
) -> AbstractContextManager[Client]:
    """A client of the service that is configured; for ``local`` the engine runs as long as it is open.

    Raises:
        TokenRefusedError: There is no token for it.
        InputError: The local engine's library cannot be used.
    """
    return access_to(settings or load_settings(), report).open()


def access_to(settings: Settings, report: Report = _SILENT) -> Access:
    """The way to the service that is configured. What can be refused at once is: a token must be there.

    Raises:
        TokenRefusedError: There is no token for it.
        InputError: The local engine's library is not there.
    """
    from avm_otio.jobs.paid_call import Access

    if settings.service == LOCAL:
        if settings.library is not None and not settings.library.is_dir():
            raise InputError(f"There is no library folder {settings.library}.", "Give a folder of sounds.")
        return Access(lambda: _local(settings, report), is_free=True)
    token = find_token(settings.origin)
    return Access(
        lambda: _client(settings, settings.service, token.reveal(), service_keys(settings)), is_free=False
    )


@contextmanager
def _local(settings: Settings, report: Report) -> Iterator[Client]:
    with (
        _engine(settings, report) as (address, token),
        _client(settings, address, token, ServiceKeys()) as client,
    ):
        yield client


@contextmanager
def _engine(settings: Settings, report: Report) -> Iterator[tuple[str, str]]:
    """The local engine in this process: its address, and the token that it takes."""
    from avm_otio.engine.server import running

    token = secrets.token_urlsafe(24)
    library = library_of(settings, report)
    data = settings.cache_dir / "engine"
    with running(data_dir=data, library=library, token=token, tell=report.warn) as address:
        yield address, token


def service_keys(settings: Settings) -> ServiceKeys:
    """The JSON keys of the service that is configured."""
    return ServiceKeys(asdict(settings.service_keys))


def _client(settings: Settings, address: str, token: str, keys: ServiceKeys) -> Client:
    from avm_otio.service.client import Client

    return Client(
        address,
        token,
        language=settings.language,
        currency=settings.currency,
        keys=keys,
        answer_timeout_s=settings.timeouts.answer_s,
        film_timeout_s=settings.timeouts.film_s,
    )


def library_of(settings: Settings, report: Report = _SILENT) -> Path:
    """The local engine's library: the configured one, else the starter library, made at first use."""
    if settings.library is not None:
        return settings.library
    from avm_otio.engine.starter import starter_folder, starter_library

    if starter_folder(settings.cache_dir).exists():
        return starter_library(settings.cache_dir)
    with report.step("Making the starter library") as advance:
        return starter_library(settings.cache_dir, progress=advance)


def build_request(
    settings: Settings, services: Collection[str], title: str, notify_url: str | None = None
) -> ServiceRequest:
    """What to ask the service for.

    Args:
        settings: Licence and requirement.
        services: Names of the table of services, such as ``music``.
        title: Of the request, where the configuration has none.
        notify_url: Where the service should post its result.

    Raises:
        UsageError: A service that there is not, or no licence for a service that needs one.
    """
    from avm_otio.service.request import ServiceRequest

    check_services(services)
    parameters: dict[str, Mapping[str, Any]] = {name: {} for name in services}
    if MUSIC.name in services:
        parameters[MUSIC.name] = _requirement(settings, title)
    return ServiceRequest(_license(settings), parameters, notify_url or None)


def check_services(services: Collection[str]) -> None:
    """Refuse a service that there is not.

    Raises:
        UsageError: There is none of that name, or none is asked for.
    """
    unknown = [name for name in services if name not in service_names()]
    if unknown or not services:
        told = f"There is no service “{unknown[0]}”." if unknown else "No service is asked for."
        raise UsageError(told, f"There are {', '.join(service_names())}.")


def _license(settings: Settings) -> dict[str, Any]:
    asked = settings.license
    is_here = settings.service == LOCAL or is_loopback(urlsplit(settings.service).hostname or "")
    spare = _ENGINE_LICENSE if is_here else ((), None, ())
    area = list(asked.range or spare[0])
    duration = spare[1] if asked.duration is None else asked.duration
    platforms = list(asked.usage_platforms or spare[2])
    if area and duration is not None and platforms:
        return {"range": area, "duration": duration, "usage_platforms": platforms}
    raise UsageError(
        "The service needs to know the licence: where, how long, and for which platforms.",
        "Give --license-range, --license-duration and --license-platforms, or set them under [license].",
    )


def _requirement(settings: Settings, title: str) -> dict[str, Any]:
    asked = settings.requirement
    lowest = _BUDGET[0] if asked.budget_min is None else asked.budget_min
    highest = max(_BUDGET[1], lowest) if asked.budget_max is None else asked.budget_max
    if lowest > highest:
        raise UsageError(f"The least budget ({lowest:g}) is above the largest ({highest:g}).", "Swap them.")
    return {
        "title": asked.title or title,
        "budget_min": lowest,
        "budget_max": highest,
        "outline": asked.outline or None,
        "ref_music": asked.ref_music or None,
        "bpm": asked.bpm,
        "genre": list(asked.genre) or None,
        "instrument": list(asked.instrument) or None,
        "language": asked.language,
    }


def _refuse_same(source: Path, output: Path) -> None:
    if same_file(source, output):
        raise UsageError(
            f"{output} is the timeline itself.", "The input is never changed: choose another name."
        )
