"""Many timelines at once: exporting and writing in worker processes, the service's part in threads.

A timeline passes through the same three steps as alone (``pipeline``), and its job's folder holds everything
that passes between them. While one film is exported another is sent, a third waited for, and the items of a
fourth are downloaded::

    requests ─▶ prepare ─▶ answer ─▶ finish        what an earlier run finished skips all steps
              process    thread    process       finish goes before prepare: results early, few films on disk
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avm_otio import services
from avm_otio.config.faults import keep_trace
from avm_otio.errors import AnalysesUsedUpError, AvmError, TokenRefusedError, internal_error
from avm_otio.files import unwritable
from avm_otio.jobs.folder import Job, read_journal
from avm_otio.jobs.many import workers
from avm_otio.jobs.many.budget import Budget, Limits, PaidBefore, Permission
from avm_otio.jobs.many.items import ENDS, Item, News, Stage
from avm_otio.jobs.many.workers import Worker, WorkerDiedError
from avm_otio.report import Advance, Report
from avm_otio.request import Request

if TYPE_CHECKING:
    from avm_otio.jobs.paid_call import Access, Patience
    from avm_otio.jobs.question import Question
    from avm_otio.timeline.features import Loss

_POLL_S = 0.5
"""How soon a waiting user's Ctrl-C is noticed on Windows."""

_STOP_S = 2.0
"""How long an interrupted batch waits for the steps under way to end, in seconds."""

_PAID_STOP_S = 60.0
"""The same for paid calls: once one has been sent, its answer is worth waiting for."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What the configuration makes of a request; ``app`` provides it.

    Attributes:
        make: Completes a request, and makes its question; worker processes get it by name.
        recall: The summary of a request that was carried out before, if nothing has changed since.
        access: The way to a request's service, for the thread that asks.
        patience: How long to wait for a service.
    """

    make: Callable[[Request], tuple[Request, Question]]
    recall: Callable[[Request], Mapping[str, Any] | None]
    access: Callable[[Request], Access]
    patience: Patience


class Batch:
    """Timelines to be scored, and how far they are.

    Args:
        requests: What to do; their paths are absolute, and no output is named twice.
        setup: What the configuration makes of a request.
        limits: What may be spent.
        cpu_jobs: Number of worker processes.
        service_jobs: How many timelines are with the service at once.
        report: Receives what concerns no single timeline.

    Attributes:
        items: The timelines, in the order given.
    """

    def __init__(
        self,
        requests: Sequence[Request],
        setup: Setup,
        *,
        limits: Limits,
        cpu_jobs: int,
        service_jobs: int,
        report: Report,
    ) -> None:
        self.items = [Item(request) for request in requests]
        self._setup = setup
        self._budget = Budget(limits)
        self._service_jobs = service_jobs
        self._report = report
        self._workers = [Worker() for _ in range(cpu_jobs)]
        self._changed = threading.Condition()
        self._news: queue.SimpleQueue[News] = queue.SimpleQueue()
        self._to_prepare: deque[Item] = deque()
        self._to_answer: deque[Item] = deque()
        self._to_finish: deque[Item] = deque()
        self._left = len(self.items)
        self._is_stopping = False

    @property
    def paid(self) -> int:
        """Number of jobs of the batch that are paid, those of earlier runs included."""
        return self._budget.paid

    def check(self) -> list[Item]:
        """Check every request, and find out what earlier runs have done and paid for.

        What they finished is done at once; ``run`` reports it.

        Returns:
            Timelines that cannot be carried out, with their ``error``; the batch should not run then.
        """
        paid_before = PaidBefore()
        wrong = []
        for item in self.items:
            try:
                summary = self._setup.recall(item.request)
                if summary is not None:
                    item.is_recalled = True
                    self._set_done(item, summary)
                    continue
                _, question = self._setup.make(item.request)
                item.service = question.service
                self._setup.access(item.request)
            except AvmError as error:
                item.error = error
                wrong.append(item)
            found = paid_before.job(item.request)
            if found is not None:
                item.is_paid = True
                self._budget.count_paid(*found)
            self._to_prepare.append(item)
        return wrong

    def run(self) -> Generator[News, None, None]:
        """Carry out what is left to do; after ``check``.

        Yields:
            What happens, as it does. Closing the generator early stops the batch as Ctrl-C does.

        Raises:
            KeyboardInterrupt: It was interrupted. The next run continues where it stopped; no step is running
                any more, except one that does not respond.
        """
        threads = [
            threading.Thread(target=self._use_worker, args=(worker,), daemon=True) for worker in self._workers
        ]
        threads += [
            threading.Thread(target=self._use_service, daemon=True)
            for _ in range(min(self._service_jobs, len(self._to_prepare)))
        ]
        for thread in threads:
            thread.start()
        try:
            while self._left or not self._news.empty():
                try:
                    yield self._news.get(timeout=_POLL_S)
                except queue.Empty:
                    continue
            for thread in threads:
                thread.join()
        except BaseException:
            self._stop(threads)
            raise

    # What is done next

    def _use_worker(self, worker: Worker) -> None:
        while (item := self._next_for_worker()) is not None:
            with self._failing_alone(item):
                try:
                    if item.stage is Stage.PREPARING:
                        self._prepare(item, worker)
                    else:
                        self._finish(item, worker)
                except WorkerDiedError:
                    self._retry(item)
        worker.close()

    def _use_service(self) -> None:
        while (item := self._next_for_service()) is not None:
            with self._failing_alone(item):
                self._answer(item)

    def _next_for_worker(self) -> Item | None:
        with self._changed:
            while self._left and not self._is_stopping:
                if self._to_finish:
                    return self._begin(self._to_finish.popleft(), Stage.FINISHING)
                # No film is exported that could not be sent soon.
                if self._to_prepare and len(self._to_answer) < self._service_jobs:
                    item = self._to_prepare.popleft()
                    if item.is_paid or not self._hold(item, self._budget.exhausted(item.service)):
                        return self._begin(item, Stage.PREPARING)
                else:
                    self._changed.wait()
        return None

    def _next_for_service(self) -> Item | None:
        with self._changed:
            while self._left and not self._is_stopping:
                for item in list(self._to_answer):
                    assert item.job is not None
                    if item.is_paid or self._budget.reserve(item.job, item.service) is Permission.GRANTED:
                        self._to_answer.remove(item)
                        return self._begin(item, Stage.ANSWERING)
                    if reason := self._budget.exhausted(item.service):
                        self._to_answer.remove(item)
                        self._hold(item, reason)
                if self._left:
                    self._changed.wait()
        return None

    # The three steps

    def _prepare(self, item: Item, worker: Worker) -> None:
        job, is_paid, warnings = worker.call(workers.prepare, self._setup.make, item.request)
        self._warn(item, warnings)
        with self._changed:
            item.job, item.is_paid = job, is_paid
            if is_paid:
                self._budget.count_paid(job)
            self._pass_on(item, Stage.PREPARED, self._to_answer)

    def _answer(self, item: Item) -> None:
        from avm_otio.jobs import paid_call, pipeline

        assert item.job is not None
        request, question = self._setup.make(item.request)
        try:
            access, report = self._setup.access(item.request), _ItemReport(self, item)
            pipeline.answer(item.job, request, question, access, self._setup.patience, report)
        except (AnalysesUsedUpError, TokenRefusedError) as error:
            with self._changed:
                self._budget.refused[item.service] = error.what
            raise
        finally:
            self._count(item)
        is_within = True
        limit = self._budget.limits.cost
        if limit is not None:
            job = Job(item.job, read_journal(item.job))
            total = paid_call.heard_of(job, question, request).total
            with self._changed:
                is_within = self._budget.accept(item.job, total)
        with self._changed:
            if is_within:
                self._pass_on(item, Stage.ANSWERED, self._to_finish)
            else:
                unread = (
                    f" and {', '.join(total.unread)} at a price that cannot be read" if total.unread else ""
                )
                reason = (
                    f"its items cost {total.price}{unread}, and the total would exceed --max-cost {limit}"
                )
                self._hold(item, reason)

    def _finish(self, item: Item, worker: Worker) -> None:
        assert item.job is not None
        summary, losses, warnings = worker.call(workers.finish, self._setup.make, item.request, item.job)
        self._warn(item, warnings)
        self._set_done(item, summary, losses)

    # Their results

    @contextmanager
    def _failing_alone(self, item: Item) -> Iterator[None]:
        """A step that fails is that timeline's failure alone."""
        try:
            yield
        except _StoppedError:
            pass  # ``_stop`` reports it
        except Exception as error:
            with self._changed:
                item.error = _as_avm_error(error, item.request)
                keep_trace(item.error)
                self._end(item, Stage.FAILED)

    def _warn(self, item: Item, warnings: Sequence[str]) -> None:
        for warning in warnings:
            self._news.put(News(item, item.stage, warning))

    def _retry(self, item: Item) -> None:
        """Try a timeline again whose worker died, perhaps for want of memory; once only."""
        with self._changed:
            if self._is_stopping:
                return
            if item.has_lost_worker:
                raise AvmError(
                    "Its worker process was ended twice from outside.",
                    "It probably ran out of memory: try again with a lower --cpu-jobs.",
                )
            item.has_lost_worker = True
            self._warn(item, ["Its worker process was ended from outside; retrying."])
            if item.stage is Stage.PREPARING:
                self._pass_on(item, Stage.WAITING, self._to_prepare)
            else:
                self._pass_on(item, Stage.ANSWERED, self._to_finish)

    def _begin(self, item: Item, stage: Stage) -> Item:
        if item.started is None:
            item.started = time.monotonic()
        self._enter(item, stage)
        return item

    def _pass_on(self, item: Item, stage: Stage, waiting: deque[Item]) -> None:
        waiting.append(item)
        self._enter(item, stage)

    def _enter(self, item: Item, stage: Stage, losses: Sequence[Loss] = ()) -> None:
        item.stage = stage
        self._news.put(News(item, stage, losses=losses))
        self._changed.notify_all()

    def _hold(self, item: Item, reason: str) -> bool:
        """Hold a timeline back if there is a reason to."""
        if reason:
            item.reason = reason
            self._end(item, Stage.HELD)
        return bool(reason)

    def _set_done(self, item: Item, summary: Mapping[str, Any], losses: Sequence[Loss] = ()) -> None:
        with self._changed:
            item.job = Path(summary["job"])
            item.cues = services.count_of(summary)
            item.price, item.currency = Decimal(summary["total_price"]), summary["currency"]
            self._budget.count_paid(item.job, item.price)
            self._end(item, Stage.DONE, losses)

    def _end(self, item: Item, stage: Stage, losses: Sequence[Loss] = ()) -> None:
        item.seconds = 0.0 if item.started is None else time.monotonic() - item.started
        self._left -= 1
        self._enter(item, stage, losses)

    def _count(self, item: Item) -> None:
        """Count the analysis that an answer, or a failure to get one, has used up."""
        assert item.job is not None
        is_paid = read_journal(item.job).call is not None
        with self._changed:
            (self._budget.count_paid if is_paid else self._budget.release)(item.job)
            self._changed.notify_all()

    # Interruption

    def _stop(self, threads: Sequence[threading.Thread]) -> None:
        """Begin nothing more, end what can be ended, and wait for paid calls that have been sent."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
        for worker in self._workers:
            worker.stop()
        try:
            self._wait_for(threads)
        finally:
            with self._changed:
                for item in self.items:
                    if item.stage not in ENDS:
                        self._end(item, Stage.STOPPED)

    def _wait_for(self, threads: Sequence[threading.Thread]) -> None:
        started = time.monotonic()
        has_warned = False
        while any(thread.is_alive() for thread in threads):
            time.sleep(0.02)
            passed_s = time.monotonic() - started
            if passed_s < _STOP_S:
                continue
            paying = sum(item.is_paying for item in self.items)
            if not paying or passed_s > _PAID_STOP_S:
                return
            if not has_warned:
                calls = "1 paid call" if paying == 1 else f"{paying} paid calls"
                self._report.warn(f"Waiting for the answer to {calls}; Ctrl-C again leaves without it.")
                has_warned = True


class _StoppedError(BaseException):
    """Ends a step of a batch that was interrupted."""


@dataclass(frozen=True, slots=True)
class _ItemReport:
    """The ``Report`` of a timeline that is with the service; ends its step when the batch is interrupted.

    Nothing is lost by that: a step is reported once it is in the journal.
    """

    batch: Batch
    item: Item

    def event(self, name: str, /, **fields: object) -> None:
        """Something happened."""
        if name == "service_submitted":
            self.item.has_submitted = True
        self._check()

    def warn(self, text: str) -> None:
        """Something the user should know."""
        self.batch._warn(self.item, [text])

    @contextmanager
    def step(self, label: str, total: int | None = None) -> Iterator[Advance]:
        """A stretch of work."""
        self._check()
        yield lambda done, total=None: self._check()

    def _check(self) -> None:
        if self.batch._is_stopping:
            raise _StoppedError


def _as_avm_error(error: Exception, request: Request) -> AvmError:
    if isinstance(error, AvmError):
        return error
    if isinstance(error, OSError):
        return unwritable(Path(error.filename or request.output), error)
    return internal_error(error, "Score it alone: avm-otio score then keeps what is needed to report it.")
