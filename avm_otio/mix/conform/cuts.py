"""Where the picture cuts from one shot to the next, to black or out of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from avm_otio.mix.conform.shots import Shot


@dataclass(frozen=True, slots=True)
class Cut:
    """A cut of the picture.

    Attributes:
        at: Record time.
        before: The number of the shot that ends there; ``None`` for black, and for what is before the film.
        after: That of the shot that begins there; ``None`` for black, and for what is after the film.
    """

    at: Fraction
    before: int | None
    after: int | None


def cuts_of(shots: Sequence[Shot]) -> Iterator[Cut]:
    """Every cut of some shots, in order; a split of a shot that plays on is none."""
    if not shots:
        return
    yield Cut(shots[0].start, None, shots[0].number)
    for before, after in pairwise(shots):
        if before.end < after.start:
            yield Cut(before.end, before.number, None)
            yield Cut(after.start, None, after.number)
        elif not _plays_on(before, after):
            yield Cut(after.start, before.number, after.number)
    yield Cut(shots[-1].end, shots[-1].number, None)


def _plays_on(before: Shot, after: Shot) -> bool:
    """Whether a shot shows what follows in the source of the one before it, as fast."""
    alike = (before.source, before.speed) == (after.source, after.speed)
    return alike and before.media_at(before.end) == after.media_in
