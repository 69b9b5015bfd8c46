"""What a batch may spend: analyses and money, counted over all its jobs and all its runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto
from pathlib import Path

from avm_otio.errors import AvmError
from avm_otio.files import side_folder
from avm_otio.jobs.folder import JOURNAL, Job, read_journal
from avm_otio.jobs.order import Order


@dataclass(frozen=True, slots=True)
class Limits:
    """What all timelines of a batch together may use up.

    Attributes:
        analyses: Paid calls, earlier runs' counted; ``None`` for no limit.
        cost: Sum of the prices of what is laid, in the currency asked for; ``None`` for no limit.
    """

    analyses: int | None = None
    cost: Decimal | None = None


class May(Enum):
    """Whether a call may be paid for."""

    GO = auto()
    WAIT = auto()
    """It depends on what comes of those under way."""
    NOT = auto()


class Purse:
    """Counts jobs, not calls: several timelines that ask the same question share a job and its price.

    Not for several threads at once: whoever shares it holds a lock.

    Args:
        limits: What may be spent.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.refused: dict[str, str] = {}
        """Services that take no further call, and why."""
        self._paid: set[Path] = set()
        self._leaving: set[Path] = set()
        self.cost = Decimal(0)
        """What is laid costs so much."""
        self._prices: dict[Path, Decimal] = {}
        self._is_exceeded = False

    @property
    def paid(self) -> int:
        """How many jobs are paid for."""
        return len(self._paid)

    def know(self, job: Path, price: Decimal | None = None) -> None:
        """Count a job that is paid for; with its price once it is laid."""
        self._paid.add(job)
        self._leaving.discard(job)
        if price is not None:
            self._lay(job, price)

    def why_not(self, service: str) -> str:
        """Why no further call may be paid for; empty where one may, or may yet."""
        if service in self.refused:
            return self.refused[service]
        if self.limits.analyses is not None and self.paid >= self.limits.analyses:
            return f"--max-analyses {self.limits.analyses} is reached"
        if self.limits.cost is not None and (self._is_exceeded or self.cost >= self.limits.cost):
            return f"--max-cost {self.limits.cost} is reached"
        return ""

    def ask(self, job: Path, service: str) -> May:
        """Whether a job's call may leave; after ``GO`` it is under way until ``know`` or ``put_back``."""
        if job in self._paid:
            return May.GO
        if job in self._leaving:  # of another timeline that asks the same
            return May.WAIT
        if self.why_not(service):
            return May.NOT
        under_way, analyses, cost = len(self._leaving), self.limits.analyses, self.limits.cost
        if analyses is not None and self.paid + under_way >= analyses:
            return May.WAIT
        if cost is not None and self._prices and self.cost + under_way * self._usual_price() >= cost:
            return May.WAIT
        self._leaving.add(job)
        return May.GO

    def put_back(self, job: Path) -> None:
        """A call did not leave after all."""
        self._leaving.discard(job)

    def take(self, job: Path, price: Decimal) -> bool:
        """Whether a job's items may be laid; their price counts then. If not, no further call may leave."""
        others = self.cost - self._prices.get(job, Decimal(0))
        if self.limits.cost is not None and others + price > self.limits.cost:
            self._is_exceeded = True
            return False
        self._lay(job, price)
        return True

    def _lay(self, job: Path, price: Decimal) -> None:
        self.cost += price - self._prices.get(job, Decimal(0))
        self._prices[job] = price

    def _usual_price(self) -> Decimal:
        return self.cost / len(self._prices)


class Earlier:
    """The paid jobs of earlier runs, by the orders that they were made for."""

    def __init__(self) -> None:
        self._in: dict[Path, dict[str, Path]] = {}

    def job(self, order: Order) -> tuple[Path, Decimal | None] | None:
        """The job that an order has paid for, and its price where it is laid; ``None`` where it has none.

        Args:
            order: Its paths are absolute. One that asks anew has paid for nothing yet.
        """
        if order.again:
            return None
        folder = Path(order.jobs_dir) if order.jobs_dir else side_folder(Path(order.timeline))
        if folder not in self._in:
            self._in[folder] = dict(_paid_jobs(folder))
        path = self._in[folder].get(_words(order))
        if path is None:
            return None
        journal = read_journal(path)
        written = journal.outputs.get(Job(path, journal).relative(Path(order.output)))
        return path, None if written is None else Decimal(written.summary["total_price"])


def _paid_jobs(folder: Path) -> Iterator[tuple[str, Path]]:
    for file in sorted(folder.glob(f"*/{JOURNAL}")):
        path = file.parent
        try:
            journal = read_journal(path)
            if journal.call is not None:
                yield _words(Order.parse(journal.order).in_folder(path)), path
        except AvmError:
            continue  # not a job of ours, or not one that can be used


def _words(order: Order) -> str:
    """An order as text: equal orders, equal text."""
    return json.dumps(order.dump(), sort_keys=True)
