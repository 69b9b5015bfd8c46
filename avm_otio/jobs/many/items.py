"""The timelines of a batch: what is asked of each, how far it is, and the result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from avm_otio.errors import AvmError
from avm_otio.request import Request

if TYPE_CHECKING:
    from avm_otio.timeline.features import Loss


class Stage(StrEnum):
    """Where a timeline is in its batch."""

    WAITING = "waiting"
    PREPARING = "preparing"
    PREPARED = "prepared"
    """Its film is exported and waits to be sent."""
    ANSWERING = "answering"
    ANSWERED = "answered"
    """Its answer has arrived and waits to be laid."""
    FINISHING = "finishing"
    DONE = "done"
    FAILED = "failed"
    HELD = "held"
    """A limit holds it back."""
    STOPPED = "stopped"
    """The batch was interrupted before this timeline was done."""


ENDS = (Stage.DONE, Stage.FAILED, Stage.HELD, Stage.STOPPED)
"""Stages after which nothing more happens to a timeline."""


@dataclass(eq=False, slots=True)
class Item:
    """One timeline of a batch.

    Attributes:
        request: What is asked; its paths are absolute.
        stage: Where it is.
        job: Its job's folder, once found or made.
        is_recalled: Whether an earlier run had finished it.
        cues: Number of clips laid.
        price: Total price of the chosen items, once laid.
        currency: Currency of the price.
        seconds: From the start of its first step to its end, once it has ended.
        error: Why it failed.
        reason: Why it is held back.
        service: Who is asked: the service's origin, or ``local``.
        is_paid: Whether its job is paid.
        has_submitted: Whether the service has confirmed its paid call.
        has_lost_worker: Whether a worker process died while working on it.
        started: When its first step began, by ``time.monotonic``.
    """

    request: Request
    stage: Stage = Stage.WAITING
    job: Path | None = None
    is_recalled: bool = False
    cues: int | None = None
    price: Decimal | None = None
    currency: str = ""
    seconds: float | None = None
    error: AvmError | None = None
    reason: str = ""
    service: str = ""
    is_paid: bool = False
    has_submitted: bool = False
    has_lost_worker: bool = False
    started: float | None = None

    @property
    def is_paying(self) -> bool:
        """Whether a paid call may be under way that has no answer yet."""
        return self.stage is Stage.ANSWERING and not (self.is_paid or self.has_submitted)


def count_stages(items: Iterable[Item]) -> Counter[str]:
    """Number of timelines at each stage."""
    return Counter(str(item.stage) for item in items)


def total_cost(items: Iterable[Item]) -> dict[str, Decimal]:
    """Total price of the chosen items, by currency; timelines that share a job share its price."""
    prices = {item.job: item for item in items if item.price is not None}
    total: dict[str, Decimal] = {}
    for item in prices.values():
        total[item.currency] = total.get(item.currency, Decimal(0)) + (item.price or Decimal(0))
    return total


class News(NamedTuple):
    """A timeline has reached another stage, or there is a warning about it."""

    item: Item
    stage: Stage
    warning: str = ""
    losses: Sequence[Loss] = ()
