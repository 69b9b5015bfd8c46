"""The budget of a batch: analyses and money, counted over all its jobs and all its runs."""

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
from avm_otio.mix.cues import Total
from avm_otio.request import Request


@dataclass(frozen=True, slots=True)
class Limits:
    """What all timelines of a batch together may use up.

    Attributes:
        analyses: Number of paid calls, those of earlier runs included; ``None`` for no limit.
        cost: Sum of the prices of the items laid, in the currency asked for; ``None`` for no limit.
    """

    analyses: int | None = None
    cost: Decimal | None = None


class Permission(Enum):
    """Whether a paid call may be sent."""

    GRANTED = auto()
    WAIT = auto()
    """It depends on the results of the calls under way."""
    DENIED = auto()


class Budget:
    """Counts jobs, not calls: several timelines that ask the same question share a job and its price.

    Not safe for several threads: whoever shares it holds a lock.

    Args:
        limits: What may be spent.

    Attributes:
        limits: What may be spent.
        refused: Services that take no further call, and why.
        cost: Total price of the items laid.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.refused: dict[str, str] = {}
        self.cost = Decimal(0)
        self._paid: set[Path] = set()
        self._reserved: set[Path] = set()
        self._prices: dict[Path, Decimal] = {}
        self._is_exceeded = False

    @property
    def paid(self) -> int:
        """Number of paid jobs."""
        return len(self._paid)

    def count_paid(self, job: Path, price: Decimal | None = None) -> None:
        """Count a paid job; with its price once its items are laid."""
        self._paid.add(job)
        self._reserved.discard(job)
        if price is not None:
            self._count_price(job, price)

    def exhausted(self, service: str) -> str:
        """Why no further call to a service may be paid; empty if one may, or might later."""
        if service in self.refused:
            return self.refused[service]
        if self.limits.analyses is not None and self.paid >= self.limits.analyses:
            return f"--max-analyses {self.limits.analyses} is reached"
        if self.limits.cost is not None and (self._is_exceeded or self.cost >= self.limits.cost):
            return f"--max-cost {self.limits.cost} is reached"
        return ""

    def reserve(self, job: Path, service: str) -> Permission:
        """Whether a job's paid call may be sent.

        After ``GRANTED`` the call counts as under way until ``count_paid`` or ``release``.
        """
        if job in self._paid:
            return Permission.GRANTED
        if job in self._reserved:  # for another timeline that asks the same
            return Permission.WAIT
        if self.exhausted(service):
            return Permission.DENIED
        under_way, analyses, cost = len(self._reserved), self.limits.analyses, self.limits.cost
        if analyses is not None and self.paid + under_way >= analyses:
            return Permission.WAIT
        if cost is not None and self._prices and self.cost + under_way * self._average_price() >= cost:
            return Permission.WAIT
        self._reserved.add(job)
        return Permission.GRANTED

    def release(self, job: Path) -> None:
        """A reserved call was not sent after all."""
        self._reserved.discard(job)

    def accept(self, job: Path, total: Total) -> bool:
        """Whether a job's items may be laid.

        If so, their price counts from now on; if not, no further call may be paid. Below a limit, items whose
        price cannot be read may not: they may cost anything.
        """
        others = self.cost - self._prices.get(job, Decimal(0))
        if self.limits.cost is not None and (total.unread or others + total.price > self.limits.cost):
            self._is_exceeded = True
            return False
        self._count_price(job, total.price)
        return True

    def _count_price(self, job: Path, price: Decimal) -> None:
        self.cost += price - self._prices.get(job, Decimal(0))
        self._prices[job] = price

    def _average_price(self) -> Decimal:
        return self.cost / len(self._prices)


class PaidBefore:
    """Finds the jobs that earlier runs have paid for, by the requests that they were made for."""

    def __init__(self) -> None:
        self._in: dict[Path, dict[str, Path]] = {}

    def job(self, request: Request) -> tuple[Path, Decimal | None] | None:
        """The job paid for a request, and its price if it is laid; ``None`` if there is none.

        Args:
            request: Its paths are absolute. One with ``again`` has paid for nothing yet.
        """
        if request.again:
            return None
        folder = request.jobs_dir or side_folder(request.timeline)
        if folder not in self._in:
            self._in[folder] = dict(_paid_jobs(folder))
        path = self._in[folder].get(_canonical(request))
        if path is None:
            return None
        journal = read_journal(path)
        written = journal.outputs.get(Job(path, journal).relative(request.output))
        return path, None if written is None else Decimal(written.summary["total_price"])


def _paid_jobs(folder: Path) -> Iterator[tuple[str, Path]]:
    for file in sorted(folder.glob(f"*/{JOURNAL}")):
        path = file.parent
        try:
            journal = read_journal(path)
            if journal.call is not None:
                yield _canonical(Request.parse(journal.order).in_folder(path)), path
        except AvmError:
            continue  # not a job of ours, or not one that can be used


def _canonical(request: Request) -> str:
    """A request as text: equal requests give equal text."""
    return json.dumps(request.dump(), sort_keys=True)
