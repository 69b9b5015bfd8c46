"""Many timelines at once: the processor's part of each in worker processes, the service's part in threads.

A timeline passes through the same three steps as alone (``pipeline``), and all that passes between them is
its job's folder. While one film is made another is sent, a third waited for, and a fourth one's items come::

    orders ─▶ prepare ─▶ answer ─▶ finish        what an earlier run finished is recalled and passes by
              process    thread    process       finish goes before prepare: results early, few films on disk
"""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from avm_otio.errors import AnalysesUsedUpError, AvmError, TokenRefusedError
from avm_otio.files import unwritable
from avm_otio.jobs.folder import Job, read_journal
from avm_otio.jobs.many.budget import Earlier, Limits, May, Purse
from avm_otio.jobs.many.workers import Worker, WorkerDiedError
from avm_otio.jobs.order import Order
from avm_otio.report import Advance, Report

if TYPE_CHECKING:
    from avm_otio.jobs.paid_call import Patience
    from avm_otio.jobs.pipeline import Access, Ask
    from avm_otio.timeline.model import Loss

_POLL_S = 0.5
"""How soon a waiting user's Ctrl-C is noticed on Windows."""

_FAREWELL_S = 2.0
"""How long an interrupted batch waits for steps under way to see that they are no longer wanted."""

_PAID_FAREWELL_S = 60.0
"""The same for paid calls: once one has left, its answer is worth waiting for."""


class Stage(StrEnum):
    """Where a timeline is in its batch."""

    WAITING = "waiting"
    PREPARING = "preparing"
    PREPARED = "prepared"
    """Its film is made, and waits to be sent."""
    ANSWERING = "answering"
    ANSWERED = "answered"
    """Its answer is here, and waits to be laid."""
    FINISHING = "finishing"
    DONE = "done"
    FAILED = "failed"
    HELD = "held"
    """A limit holds it back."""
    STOPPED = "stopped"
    """The batch was interrupted before its end."""


ENDS = (Stage.DONE, Stage.FAILED, Stage.HELD, Stage.STOPPED)


@dataclass(eq=False, slots=True)
class Item:
    """One timeline of a batch.

    Attributes:
        order: What is asked of it; its paths are absolute.
        stage: Where it is.
        job: Its job's folder, once it is known.
        is_recalled: Whether an earlier run had finished it.
        cues: How many clips were laid.
        price: What the chosen items cost, once they are laid.
        currency: What the price is in.
        seconds: From the beginning of its first step to its end, once there.
        error: Why it failed.
        reason: Why it is held back.
    """

    order: Order
    stage: Stage = Stage.WAITING
    job: Path | None = None
    is_recalled: bool = False
    cues: int | None = None
    price: Decimal | None = None
    currency: str = ""
    seconds: float | None = None
    error: AvmError | None = None
    reason: str = ""
    _service: str = ""
    _is_paid: bool = False
    _has_submitted: bool = False
    _has_lost_a_worker: bool = False
    _begun: float | None = None

    @property
    def _is_paying(self) -> bool:
        """Whether a paid call may be under way of which no answer has come."""
        return self.stage is Stage.ANSWERING and not (self._is_paid or self._has_submitted)


class News(NamedTuple):
    """A timeline came to another stage, or there is something to be told of it."""

    item: Item
    stage: Stage
    warning: str = ""
    losses: Sequence[Loss] = ()


@dataclass(frozen=True, slots=True)
class House:
    """What a batch is told by whoever knows the configuration.

    Attributes:
        make: An order made ready; goes to worker processes by its name.
        recall: The summary of an order that was carried out before, nothing having changed since.
        access: The way to an order's service, for the thread that asks.
        patience: How long an order's service is waited for.
    """

    make: Callable[[Order], Ask]
    recall: Callable[[Order], Mapping[str, Any] | None]
    access: Callable[[Order], Access]
    patience: Callable[[Order], Patience]


class Batch:
    """Timelines to be scored, and how far they are.

    Args:
        orders: What to do, their paths absolute and no output named twice.
        house: Who knows the configuration.
        limits: What may be spent.
        cpu_jobs: How many worker processes there are.
        service_jobs: How many timelines are with the service at once.
        report: Who is told of what concerns no single timeline.
    """

    def __init__(
        self,
        orders: Sequence[Order],
        house: House,
        *,
        limits: Limits = Limits(),  # noqa: B008  # a frozen value
        cpu_jobs: int,
        service_jobs: int,
        report: Report,
    ) -> None:
        self.items = [Item(order) for order in orders]
        self._house = house
        self._purse = Purse(limits)
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
        """How many jobs of the batch are paid for, earlier runs' among them."""
        return self._purse.paid

    def count(self) -> Counter[str]:
        """How many timelines are at each stage."""
        return Counter(str(item.stage) for item in self.items)

    def cost(self) -> dict[str, Decimal]:
        """What the chosen items cost, by currency; timelines that share a job share its price."""
        prices = {item.job: item for item in self.items if item.price is not None}
        total: dict[str, Decimal] = {}
        for item in prices.values():
            total[item.currency] = total.get(item.currency, Decimal(0)) + (item.price or Decimal(0))
        return total

    def look(self) -> list[Item]:
        """Find out what earlier runs have done and paid for, and whether the rest can be begun.

        What they finished is done at once; ``run`` tells of it.

        Returns:
            Timelines whose orders cannot be carried out, with their ``error``; nothing should be run then.
        """
        earlier = Earlier()
        wrong = []
        for item in self.items:
            try:
                summary = self._house.recall(item.order)
                if summary is not None:
                    item.is_recalled = True
                    self._be_done(item, summary)
                    continue
                item._service = self._house.make(item.order).question.service
                self._house.access(item.order)
            except AvmError as error:
                item.error = error
                wrong.append(item)
            found = earlier.job(item.order)
            if found is not None:
                item._is_paid = True
                self._purse.know(*found)
            self._to_prepare.append(item)
        return wrong

    def run(self) -> Generator[News, None, None]:
        """Carry out what is left to do; after ``look``.

        Yields:
            What happens, as it does. Closed before its end, it stops the batch as Ctrl-C does.

        Raises:
            KeyboardInterrupt: It was interrupted. What was begun goes on with the next run; nothing is at
                work any more, but for what does not answer.
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
            with self._ending_well(item):
                try:
                    if item.stage is Stage.PREPARING:
                        self._prepare(item, worker)
                    else:
                        self._finish(item, worker)
                except WorkerDiedError:
                    self._try_again(item)
        worker.close()

    def _use_service(self) -> None:
        while (item := self._next_for_service()) is not None:
            with self._ending_well(item):
                self._answer(item)

    def _next_for_worker(self) -> Item | None:
        with self._changed:
            while self._left and not self._is_stopping:
                if self._to_finish:
                    return self._begin(self._to_finish.popleft(), Stage.FINISHING)
                # No film is made that nobody could send soon.
                if self._to_prepare and len(self._to_answer) < self._service_jobs:
                    item = self._to_prepare.popleft()
                    if item._is_paid or not self._hold(item, self._purse.why_not(item._service)):
                        return self._begin(item, Stage.PREPARING)
                else:
                    self._changed.wait()
        return None

    def _next_for_service(self) -> Item | None:
        with self._changed:
            while self._left and not self._is_stopping:
                for item in list(self._to_answer):
                    assert item.job is not None
                    if item._is_paid or self._purse.ask(item.job, item._service) is May.GO:
                        self._to_answer.remove(item)
                        return self._begin(item, Stage.ANSWERING)
                    if reason := self._purse.why_not(item._service):
                        self._to_answer.remove(item)
                        self._hold(item, reason)
                if self._left:
                    self._changed.wait()
        return None

    # The three steps

    def _prepare(self, item: Item, worker: Worker) -> None:
        job, is_paid, warnings = worker.call(_prepare, self._house.make, item.order)
        self._tell(item, warnings)
        with self._changed:
            item.job, item._is_paid = job, is_paid
            if is_paid:
                self._purse.know(job)
            self._pass_on(item, Stage.PREPARED, self._to_answer)

    def _answer(self, item: Item) -> None:
        from avm_otio.jobs import paid_call as consult
        from avm_otio.jobs import pipeline

        assert item.job is not None
        ask = self._house.make(item.order)
        try:
            access, patience = self._house.access(item.order), self._house.patience(item.order)
            pipeline.answer(item.job, ask, access, patience, _Listening(self, item))
        except (AnalysesUsedUpError, TokenRefusedError) as error:
            with self._changed:
                self._purse.refused[item._service] = error.what
            raise
        finally:
            self._count(item)
        is_within = True
        if self._purse.limits.cost is not None:
            job = Job(item.job, read_journal(item.job))
            price = pipeline.total_price(consult.cues_of(job, ask.question, ask.layout))
            with self._changed:
                is_within = self._purse.take(item.job, price)
        with self._changed:
            if is_within:
                self._pass_on(item, Stage.ANSWERED, self._to_finish)
            else:
                told = f"with its items, {price}, it would go beyond --max-cost {self._purse.limits.cost}"
                self._hold(item, told)

    def _finish(self, item: Item, worker: Worker) -> None:
        assert item.job is not None
        summary, losses, warnings = worker.call(_finish, self._house.make, item.order, item.job)
        self._tell(item, warnings)
        self._be_done(item, summary, losses)

    # What comes of them

    @contextmanager
    def _ending_well(self, item: Item) -> Iterator[None]:
        """Whatever a step ends in, it is that timeline's alone."""
        try:
            yield
        except _StoppedError:
            pass  # ``_stop`` says so
        except Exception as error:
            with self._changed:
                item.error = _told(error, item.order)
                self._end(item, Stage.FAILED)

    def _tell(self, item: Item, warnings: Sequence[str]) -> None:
        for warning in warnings:
            self._news.put(News(item, item.stage, warning))

    def _try_again(self, item: Item) -> None:
        """A worker died of this timeline, or of another program's hunger: once, that is no failure."""
        with self._changed:
            if self._is_stopping:
                return
            if item._has_lost_a_worker:
                raise AvmError(
                    "Its worker process was ended twice from outside.",
                    "Mostly memory ran out: try again with a lower --cpu-jobs.",
                )
            item._has_lost_a_worker = True
            self._tell(item, ["Its worker process was ended from outside: it is tried again."])
            if item.stage is Stage.PREPARING:
                self._pass_on(item, Stage.WAITING, self._to_prepare)
            else:
                self._pass_on(item, Stage.ANSWERED, self._to_finish)

    def _begin(self, item: Item, stage: Stage) -> Item:
        if item._begun is None:
            item._begun = time.monotonic()
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
        """Hold a timeline back, if there is a reason to."""
        if reason:
            item.reason = reason
            self._end(item, Stage.HELD)
        return bool(reason)

    def _be_done(self, item: Item, summary: Mapping[str, Any], losses: Sequence[Loss] = ()) -> None:
        with self._changed:
            item.job = Path(summary["job"])
            item.cues = summary["music"] + summary["effects"] + summary["dialogue"]
            item.price, item.currency = Decimal(summary["total_price"]), summary["currency"]
            self._purse.know(item.job, item.price)
            self._end(item, Stage.DONE, losses)

    def _end(self, item: Item, stage: Stage, losses: Sequence[Loss] = ()) -> None:
        item.seconds = 0.0 if item._begun is None else time.monotonic() - item._begun
        self._left -= 1
        self._enter(item, stage, losses)

    def _count(self, item: Item) -> None:
        """Count what an answer, or a failure to get one, has used up."""
        assert item.job is not None
        is_paid = read_journal(item.job).call is not None
        with self._changed:
            (self._purse.know if is_paid else self._purse.put_back)(item.job)
            self._changed.notify_all()

    # The end before its time

    def _stop(self, threads: Sequence[threading.Thread]) -> None:
        """Begin nothing more, end what can be ended, and wait for paid calls that have left."""
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
        has_told = False
        while any(thread.is_alive() for thread in threads):
            time.sleep(0.02)
            passed_s = time.monotonic() - started
            if passed_s < _FAREWELL_S:
                continue
            paying = sum(item._is_paying for item in self.items)
            if not paying or passed_s > _PAID_FAREWELL_S:
                return
            if not has_told:
                calls = "1 paid call" if paying == 1 else f"{paying} paid calls"
                self._report.warn(f"Waiting for the answer to {calls}; Ctrl-C again leaves without it.")
                has_told = True


class _StoppedError(BaseException):
    """Ends a step of a batch that was interrupted."""


@dataclass(frozen=True, slots=True)
class _Listening:
    """The ``Report`` of a timeline that is with the service; it is also where an interrupted one ends.

    Nothing is lost by that: a step is told of when it is in the journal.
    """

    batch: Batch
    item: Item

    def event(self, name: str, /, **fields: object) -> None:
        """Something happened."""
        if name == "service_submitted":
            self.item._has_submitted = True
        self._check()

    def warn(self, text: str) -> None:
        """Something the user should know."""
        self.batch._tell(self.item, [text])

    @contextmanager
    def step(self, label: str, total: int | None = None) -> Iterator[Advance]:
        """A stretch of work."""
        self._check()
        yield lambda done, total=None: self._check()

    def _check(self) -> None:
        if self.batch._is_stopping:
            raise _StoppedError


@dataclass(slots=True)
class _Heard:
    """The ``Report`` of a step in a worker process: what it warned of."""

    warnings: list[str] = field(default_factory=list)

    def event(self, name: str, /, **fields: object) -> None:
        """Told by nobody."""

    def warn(self, text: str) -> None:
        """Something the user should know."""
        self.warnings.append(text)

    @contextmanager
    def step(self, label: str, total: int | None = None) -> Iterator[Advance]:
        """Watched by nobody."""
        yield lambda done, total=None: None


def _prepare(make: Callable[[Order], Ask], order: Order) -> tuple[Path, bool, list[str]]:
    """In a worker: the job, whether it is paid for, and warnings."""
    from avm_otio.jobs import pipeline

    heard = _Heard()
    job = pipeline.prepare(make(order), heard).job
    return job, read_journal(job).call is not None, heard.warnings


def _finish(
    make: Callable[[Order], Ask], order: Order, job: Path
) -> tuple[Mapping[str, Any], Sequence[Loss], list[str]]:
    """In a worker: the summary, losses and warnings."""
    from avm_otio.jobs import pipeline

    heard = _Heard()
    scored = pipeline.finish(job, make(order), heard)
    return scored.summary() | {"clips": [], "spare_clips": [], "notes": []}, scored.losses, heard.warnings


def _told(error: Exception, order: Order) -> AvmError:
    if isinstance(error, AvmError):
        return error
    if isinstance(error, OSError):
        return unwritable(Path(error.filename or order.output), error)
    told = f"This is a fault of avm-otio, not yours: {type(error).__name__}: {error}"
    return AvmError(told, "Score it alone: avm-otio score then keeps what is needed to report it.")
