"""When to try again, and how long to wait first.

Knows nothing of HTTP libraries: whoever talks to the network says what is a passing fault and what is not.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from avm_otio.errors import AvmError

T = TypeVar("T")

PASSING_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
"""HTTP statuses that may be gone a moment later, for calls that can be repeated without harm."""


class PassingFault(Exception):  # noqa: N818  # a signal between two functions, not an error to show
    """Something that may be gone next time. Never leaves ``Retrying.run``.

    It alone decides what may pass: the ``may_pass`` of every error that was not raised through it is false.

    Args:
        error: What to raise if it is not gone.
        retry_after: The answer's ``Retry-After``, as it came.
    """

    def __init__(self, error: AvmError, retry_after: str | None = None) -> None:
        super().__init__(error.what)
        error.may_pass = True
        self.error = error
        self.retry_after = retry_after


def retry_after_s(text: str | None, now: datetime) -> float | None:
    """Read a ``Retry-After`` header (RFC 9110, 10.2.3): seconds or an HTTP date.

    Returns:
        Seconds from ``now``, at least 0; ``None`` where there is no header or it cannot be read.
    """
    if text is None:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


@dataclass(frozen=True, slots=True)
class Retrying:
    """Full-jitter exponential backoff; the clock, the sleep and the dice are values, so that tests hold them.

    Attributes:
        attempts: How often to try in all.
        base_s: The longest wait before the second attempt; it doubles with every further one.
        cap_s: The longest wait that backoff alone reaches.
        retry_after_cap_s: The longest wait that a server can ask for.
    """

    attempts: int = 5
    base_s: float = 0.5
    cap_s: float = 20.0
    retry_after_cap_s: float = 120.0
    sleep: Callable[[float], None] = time.sleep
    dice: Callable[[], float] = random.random
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def delay_s(self, failed: int, retry_after: str | None = None) -> float:
        """How long to wait after ``failed`` failed attempts (at least one).

        A server that asks for a longer wait than backoff gets it, up to ``retry_after_cap_s``.
        """
        backoff = self.dice() * min(self.cap_s, self.base_s * 2.0 ** min(failed - 1, 30))
        asked = retry_after_s(retry_after, self.now()) or 0.0
        return max(backoff, min(asked, self.retry_after_cap_s))

    def run(self, attempt: Callable[[], T]) -> T:
        """Call ``attempt`` until it does not raise ``PassingFault``.

        Raises:
            AvmError: The error of the last passing fault; any other exception passes at once.
        """
        failed = 0
        while True:
            try:
                return attempt()
            except PassingFault as fault:
                failed += 1
                passing = fault
            if failed >= self.attempts:
                raise passing.error
            self.sleep(self.delay_s(failed, passing.retry_after))
