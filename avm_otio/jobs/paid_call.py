"""The service's part of a job: upload, the one paid call, the wait, and the downloads.

Each step is written down before the next: what a run that was killed had begun is looked for at the service
before anything is sent again. A paid call that may have come through is never sent again unasked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from avm_otio.addresses import LOCAL
from avm_otio.errors import (
    AvmError,
    ContractError,
    MediaError,
    NetworkError,
    OutputError,
    RefusedError,
    ServiceError,
    UnsureIfPaidError,
    UsageError,
)
from avm_otio.jobs import choices, estimates
from avm_otio.jobs.cache import stamps
from avm_otio.jobs.downloads import download, is_here, wanted
from avm_otio.jobs.folder import CALL, RESULT, SERVICE_FILM, Job, now, quoted
from avm_otio.jobs.question import Question, digest_of
from avm_otio.mix.answers import Film, ServiceResult, read_film, read_result
from avm_otio.mix.choice import choose
from avm_otio.mix.cues import Cues
from avm_otio.report import Report
from avm_otio.request import Request
from avm_otio.retry import PASSING_STATUSES, PassingFault, Retrying
from avm_otio.timeline.time import to_micros

if TYPE_CHECKING:
    from avm_otio.service.client import Client
    from avm_otio.service.notify import Mailbox
    from avm_otio.service.request import ServiceRequest

_UPLOADING = Retrying(attempts=3, base_s=1.0)
_LOOK_AGAIN_S = 0.5
_SHOW_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Access:
    """The way to a service.

    Attributes:
        open: Opens it; for ``local`` the engine runs as long as it is open.
        is_free: Whether asking twice costs nothing.
        may_pay: Whether a film and a paid call may be sent; what was asked before may be fetched either way.
        confirmed: The digest of the one question that may be paid for; empty for any.
    """

    open: Callable[[], AbstractContextManager[Client]]
    is_free: bool
    may_pay: bool = True
    confirmed: str = ""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a service is waited for.

    Attributes:
        result_s: For a result, in seconds.
        look_s: For signs of a paid call that may have come through, in seconds; also how long nothing further
            must have come before what came of it counts as all.
        cache_dir: Where earlier waits are remembered, and notifications arrive.
    """

    result_s: float
    look_s: float
    cache_dir: Path


def fetch_answer(
    job: Job,
    access: Access,
    question: Question,
    *,
    request: Request,
    patience: Patience,
    report: Report,
    wait_on: bool = False,
) -> None:
    """Get the answer and its items into the job's folder. The service is opened only if something is missing.

    Args:
        job: The job, held, its film made.
        access: The way to the service.
        question: What to ask for.
        request: Which items are laid, and so needed.
        patience: How long to wait.
        report: Where progress goes.
        wait_on: Look for an uncertain paid call as long as for any result, and for more of an adopted one;
            and for items that could not be had.

    Raises:
        UnsureIfPaidError: A paid call was sent, and nothing says whether it came through.
        ServiceError: The service or the network failed; what was reached is kept.
        CueError: The answer makes no sense; it is kept.
    """
    answered_before = job.journal.answered is not None and all(
        (job.path / name).is_file() for name in (RESULT, SERVICE_FILM)
    )
    if answered_before and not wait_on:
        with answer_kept(job):
            if _is_complete(job, question, request):
                return
    with access.open() as client:
        if wait_on and job.journal.unavailable:  # all is looked for once more
            job.record(unavailable={})
        may_pay = access.is_free or access.may_pay
        visit = _Visit(
            job,
            client,
            question.request,
            patience,
            report,
            is_free=access.is_free,
            may_pay=may_pay,
            confirmed="" if access.is_free else access.confirmed,
        )
        if not answered_before or wait_on:
            visit.get_answer(wait_on)
        with answer_kept(job):
            if answered_before and not _is_complete(job, question, request):
                visit.refetch()
            chosen = choices.kept(job.path).choices
            lost = download(
                chosen.offering(_offered(job, question, request)),
                request.spares,
                job.media,
                job.journal.media,
                service_url=client.base_url,
                choose=lambda cues: chosen.needed(choose(cues, _film_us(job), request)),
                keep=lambda name, kept: job.record(media={**job.journal.media, name: kept}),
                fresh=lambda: client.film(_film_id(job)).cues,
                report=report,
            )
            if lost:
                job.record(unavailable={**job.journal.unavailable, **lost})


def cues_of(job: Job, question: Question, request: Request) -> Cues:
    """The cues of the job's answer, of what can be had; what is heard without any choice stands first.

    Raises:
        CueError: They make no sense.
        ServiceError: The service says in its answer why it has none.
        InputError: The answer is not in the job's folder any more.
    """
    return choose(_offered(job, question, request), _film_us(job), request)


def heard_of(job: Job, question: Question, request: Request) -> Cues:
    """The cues of the job's answer with what was chosen, what is heard first; raises as ``cues_of``."""
    return choices.kept(job.path).choices.heard(cues_of(job, question, request))


def _film_us(job: Job) -> int | None:
    film = job.journal.film
    return None if film is None else to_micros(Fraction(film.duration_s))


def _offered(job: Job, question: Question, request: Request) -> Cues:
    """The cues of the job's answer, without the items that can never be had."""
    result, film = read_result(job.load(RESULT), question.keys), read_film(job.load(SERVICE_FILM))
    cues = result.completed(film, question.request.services)
    cues.check(skip_bad=request.skip_bad_cues)
    if not cues.chosen and result.message:
        raise ServiceError(
            f"The service could not use the film: {result.message}",
            "Try another range, or --quality with --again.",
        )
    return cues.without(job.journal.unavailable)


@contextmanager
def answer_kept(job: Job) -> Iterator[None]:
    """Whatever fails once the service has answered, say that its answer is not lost."""
    try:
        yield
    except AvmError as error:
        paid = "" if job.journal.asked.get("service") == LOCAL else ", which is paid for,"
        error.hint = f"{error.hint} The answer{paid} is kept: {job.path / RESULT}.".strip()
        raise


def _is_complete(job: Job, question: Question, request: Request) -> bool:
    """Whether every chosen item is here."""
    kept = job.journal.media
    cues = choices.kept(job.path).choices.needed(cues_of(job, question, request))
    chosen = wanted(cues, request.spares)
    return all(name in kept and is_here(job.media, kept[name]) for name in chosen)


def _film_id(job: Job) -> int:
    film = job.journal.film
    assert film is not None
    assert film.id is not None
    return film.id


@dataclass(frozen=True, slots=True)
class _Visit:
    """One run with the service for one job."""

    job: Job
    client: Client
    request: ServiceRequest
    patience: Patience
    report: Report
    is_free: bool
    may_pay: bool
    confirmed: str

    def get_answer(self, wait_on: bool) -> None:
        """Bring the job to where the answer is on disk."""
        call = self.job.journal.call
        if call is not None and (call.session_id is None or call.adopted):
            return self._look(self.patience.result_s if wait_on else self.patience.look_s)
        with self._mailbox() as mailbox:
            for is_last in (False, True):
                was_sent_before = self._upload()
                try:
                    was_begun = self.job.journal.call is not None
                    if was_sent_before and not was_begun and self._has_come():
                        return None
                    if not was_begun and not self._pay(mailbox):
                        return self._look(self.patience.look_s)
                    return self._wait(mailbox, is_measured=not was_begun)
                except RefusedError as error:
                    if is_last or error.status != 404 or not self._may_begin_anew():
                        raise
                    self.report.warn("The service has the film no longer: it is sent again.")
                    self._forget_upload()
        return None

    def refetch(self) -> None:
        """Fetch an earlier run's answer again where that works: its addresses may have expired.

        What came takes the earlier answer's place once it can be read, and not before. A film that a free
        service has no longer is sent, and answered, again.
        """
        call, came = self.job.journal.call, dict[str, bytes]()
        try:
            film = self.client.film(_film_id(self.job), received=partial(came.__setitem__, SERVICE_FILM))
            if call is not None and call.session_id is not None:
                result = self.client.service_result(
                    film.id, call.session_id, received=partial(came.__setitem__, RESULT)
                )
            else:
                result = self._found_on(film)
            if call is not None and result.is_done:
                for name, body in came.items():
                    self.job.keep_received(name, body)
                self._keep(result, film, at=self.job.journal.answered)
        except ServiceError as error:
            if isinstance(error, RefusedError) and error.status == 404 and self.is_free and self.job.film:
                self.report.warn("The service has the film no longer: it is sent again.")
                self._forget_upload()
                self.get_answer(wait_on=False)
                return
            self.report.warn(f"The answer could not be fetched again, trying its old addresses: {error.what}")

    # Upload

    def _upload(self) -> bool:
        """Bring the film to the service; whether an earlier run did."""
        made = self.job.journal.film
        assert made is not None
        if made.id is not None or (made.sending and self._adopt_upload()):
            return True
        path = self.job.film
        if path is None:
            self.job.record(film=None)
            raise MediaError(f"The film of {self.job.path} is gone.", "Run it again: it is made again.")
        self._refuse_unconfirmed()
        self.job.record(film=made.but(sending=True))
        with self.report.step("Uploading the film", made.size_bytes) as advance:
            film_id = _UPLOADING.run(_Sending(self, path, made.sent_as, advance))
        self._uploaded(film_id)
        return False

    def _uploaded(self, film_id: int) -> None:
        made = self.job.journal.film
        assert made is not None
        self.job.record(film=made.but(id=film_id, sending=False))
        self.report.event("film_created", film_id=film_id)

    def _adopt_upload(self) -> bool:
        """Take over the film of an upload of which no answer came."""
        found = None
        with suppress(ServiceError):  # to send it again costs no analysis
            found = self.film_by_name()
        if found is None:
            return False
        self.report.warn(f"An earlier upload came through: film {found.id} is used.")
        self._uploaded(found.id)
        return True

    def film_by_name(self) -> Film | None:
        """The newest film at the service whose name carries the job's key."""
        mark = f"-{self.job.journal.key}"
        ours = [
            film
            for film in self.client.films()
            if any(mark in name for name in (film.filename, film.title)) and film.is_active is not False
        ]
        return max(ours, key=lambda film: film.id, default=None)

    def _may_begin_anew(self) -> bool:
        """Whether a film that the service has no longer may be sent again: nothing is paid for, or costs."""
        return self.job.film is not None and (self.job.journal.call is None or self.is_free)

    def _forget_upload(self) -> None:
        made = self.job.journal.film
        assert made is not None
        self.job.record(film=made.but(id=None, sending=False), call=None, answered=None)

    # The paid call

    def _refuse_unconfirmed(self) -> None:
        """Send neither a film nor a paid call where nobody allowed one.

        Raises:
            UsageError: Nobody did.
        """
        if not self.may_pay:
            raise UsageError(
                f"Nobody confirmed that {self.client.base_url} may be sent the film and use up an analysis.",
                "Nothing was sent. Confirm the paid call.",
            )
        journal = self.job.journal
        if self.confirmed and (
            digest_of(journal.asked) != self.confirmed or stamps(map(Path, journal.read)) != journal.read
        ):
            raise UsageError(
                "The timeline, its media or the settings have changed since the paid call was confirmed.",
                "Nothing was sent. Confirm the paid call again.",
            )

    def _pay(self, mailbox: Mailbox | None) -> bool:
        """Send the paid call; whether its answer came."""
        from avm_otio.jobs.journal import Call
        from avm_otio.service import notify

        self._refuse_unconfirmed()
        film_id, request = _film_id(self.job), self.request
        if mailbox is not None and request.notify_url is not None:
            address = notify.notify_url(request.notify_url, mailbox.secret)
            request = replace(request, notify_url=address)

        def leaving() -> None:
            self.job.record(call=Call(begun=now()))

        def received(body: bytes) -> None:
            with suppress(OutputError):  # on a full disk the session's number may still find room
                self.job.keep_received(CALL, body)

        try:
            session_id = self.client.create_service(film_id, request, leaving=leaving, received=received)
        except UnsureIfPaidError as error:
            if self.is_free and isinstance(error.__cause__, RefusedError):
                self.job.record(call=None)
                raise error.__cause__ from None
            if self.job.journal.call is None:
                leaving()
            self.report.warn(error.what)
            return False
        except KeyboardInterrupt:
            if self.job.journal.call is not None:
                self.report.warn(f"The paid call was under way. {_ways_on(self.job)}")
            raise
        except (RefusedError, NetworkError):
            if self.job.journal.call is not None:  # surely not carried out
                self.job.record(call=None)
            raise
        call = self.job.journal.call
        assert call is not None
        self.job.record(call=call.but(session_id=session_id))
        self.report.event("service_submitted", film_id=film_id, session_id=session_id)
        return True

    def _has_come(self) -> bool:
        """Whether a film that an earlier run sent holds already all that is asked for: it is then adopted.

        So a call that was carried out and answered with a refusal is not paid for again. A film that the
        service has no longer is sent again.

        Raises:
            RefusedError: There is no such film, with status 404.
        """
        from avm_otio.jobs.journal import Call

        film = self._film()
        found = self._found_on(film)
        if self._missing_in(found):
            return False
        self.report.warn("The film holds all that is asked for already: nothing is paid for again.")
        self.job.record(call=Call(begun=now(), adopted=True))
        self.report.event("answer_adopted", film_id=film.id, missing=[])
        self._keep(found, film)
        return True

    @contextmanager
    def _mailbox(self) -> Iterator[Mailbox | None]:
        """Where the service's notification arrives, if one was asked for at a place that we watch."""
        from avm_otio.service import notify

        given, secret = self.request.notify_url, self.job.journal.notify_secret
        if given is None or not notify.wants_mailbox(given):
            yield None
            return
        spool = self.patience.cache_dir / "notify"
        mailbox = notify.Mailbox.open(spool) if secret is None else notify.Mailbox.reopen(spool, secret)
        if secret is None:
            self.job.record(notify_secret=mailbox.secret)
        yield mailbox
        mailbox.close()  # only once the answer is here: a later run waits at the same address

    # The answer

    def _wait(self, mailbox: Mailbox | None, *, is_measured: bool) -> None:
        from avm_otio.service.client import wait_for_result

        call, made = self.job.journal.call, self.job.journal.film
        assert call is not None
        assert made is not None
        assert call.session_id is not None
        film_id, film_s = _film_id(self.job), float(Fraction(made.duration_s))
        cache_dir, service = self.patience.cache_dir, self.job.journal.asked["service"]
        rest = time.sleep if mailbox is None else mailbox.pause
        estimate_s = estimates.estimate(cache_dir, service, film_s)
        expected_s = None if estimate_s is None else max(1, round(estimate_s))
        waited_s = 0.0
        with self.report.step("Waiting for the service", expected_s) as advance:

            def on_poll(elapsed_s: float, result: object) -> None:
                nonlocal waited_s
                waited_s = elapsed_s
                self.report.event("waiting", elapsed_s=round(elapsed_s, 1), estimate_s=expected_s)
                advance(round(elapsed_s))

            def pause(seconds: float) -> None:
                # In short pieces: the time is seen to pass, and the report can end the wait.
                ends = time.monotonic() + seconds
                while (left_s := ends - time.monotonic()) > 0 and not rest(min(left_s, _SHOW_EVERY_S)):
                    advance(round(time.monotonic() - started))

            started = time.monotonic()
            result = wait_for_result(
                self.client,
                film_id,
                call.session_id,
                timeout_s=self.patience.result_s,
                on_poll=on_poll,
                pause=pause,
                on_trouble=self.report.warn,
                received=partial(self.job.keep_received, RESULT),
                later=f"Nothing is lost: continue with {_resume(self.job)}.",
            )
        if is_measured:  # an earlier run had waited, too, for an unknown time
            estimates.remember(cache_dir, service, film_s, waited_s)
        self._keep(result, self._film())

    def _look(self, patience_s: float) -> None:
        """Look on the Film for what came of a paid call whose own answer is lost, and adopt it."""
        job = self.job
        started = looked = time.monotonic()
        seen: object = None
        with self.report.step("Looking for what came of the paid call") as advance:
            while True:
                film = self._film_of_the_call()
                found = self._found_on(film) if film is not None else None
                missing = self._missing_in(found)
                if film is not None and found is not None and found.served != seen:
                    seen, looked = found.served, time.monotonic()
                is_settled = time.monotonic() - looked >= self.patience.look_s
                has_some = found is not None and len(missing) < len(self.request.services)
                if film is not None and found is not None and has_some and (not missing or is_settled):
                    break
                if time.monotonic() - started >= patience_s and not has_some:
                    return self._stay_unsure()
                advance(0)
                time.sleep(_LOOK_AGAIN_S)
        if missing:
            self.report.warn(
                f"Nothing came for {', '.join(sorted(missing))}; look again later with {_resume(job)} --wait."
            )
        assert job.journal.call is not None
        job.record(call=job.journal.call.but(adopted=True))
        self.report.event("answer_adopted", film_id=film.id, missing=sorted(missing))
        self._keep(found, film)
        return None

    def _stay_unsure(self) -> None:
        if self.is_free:  # the local engine: a second call costs nothing
            self.report.warn("The engine has nothing of the call that broke off: it is sent again.")
            self.job.record(call=None)
            return self.get_answer(wait_on=False)
        raise UnsureIfPaidError(
            f"A paid call for film {_film_id(self.job)} was sent, and nothing says whether it came through.",
            _ways_on(self.job),
        )

    def _film(self) -> Film:
        return self.client.film(_film_id(self.job), received=partial(self.job.keep_received, SERVICE_FILM))

    def _film_of_the_call(self) -> Film | None:
        try:
            return self._film()
        except RefusedError as error:
            if error.status != 404:
                raise
            return None

    def _found_on(self, film: Film) -> ServiceResult:
        """What a Film holds, as the result of a call that asked for it."""
        keys = self.client.keys
        found = {
            keys.of(service): {"is_done": True, service.result_list: film.served.get(service.film_list) or []}
            for service in self.request.services
        }
        return read_result({"is_done": True, **found}, keys)

    def _missing_in(self, result: ServiceResult | None) -> set[str]:
        """The services that were asked for and of which nothing has come."""
        return {
            service.name
            for service in self.request.services
            if result is None or not result.cues.has_any(service)
        }

    def _keep(self, result: ServiceResult, film: Film, at: str | None = None) -> None:
        self.job.save(RESULT, result.served)
        self.job.save(SERVICE_FILM, film.served)
        self.job.record(answered=at or now())


@dataclass(slots=True)
class _Sending:
    """Sends a film, and again only where it is not at the service: its answer may be lost, or late."""

    visit: _Visit
    path: Path
    name: str
    advance: Callable[..., None]
    fault: NetworkError | ContractError | RefusedError | None = None

    def __call__(self) -> int:
        if self.fault is not None and (found := self._found(self.fault)) is not None:
            return found
        try:
            return self.visit.client.create_film(self.path, filename=self.name, progress=self.advance)
        except (NetworkError, ContractError, RefusedError) as error:
            if isinstance(error, RefusedError) and error.status not in PASSING_STATUSES:
                raise
            self.fault = error  # the one to report, whatever comes of looking
            if (found := self._found(error)) is not None:
                return found
            raise PassingFault(error) from None

    def _found(self, fault: NetworkError | ContractError | RefusedError) -> int | None:
        """The id of the film at the service; a service that cannot even say what it holds is sent nothing."""
        try:
            film = self.visit.film_by_name()
        except ServiceError:
            raise PassingFault(fault) from None
        return None if film is None else film.id


def _resume(job: Job) -> str:
    return f"avm-otio jobs resume {quoted(job.path)}"


def _ways_on(job: Job) -> str:
    return (
        f"Look for its answer with {_resume(job)} --wait, or, if you are sure that it was not carried out, "
        f"send it again with {_resume(job)} --resubmit."
    )
