"""The rate of a CMX3600 list, which says none: by the media it names, by what it writes, or as given."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from avm_otio.formats.edl.comments import comments_of
from avm_otio.formats.edl.lines import List, has_drop_sign, lists_of, stated_rate, text_of
from avm_otio.timeline.time import format_rate, nominal_rate

DEFAULT_RATE = Fraction(24)
"""Taken where nothing speaks against it."""

_NOMINAL = (24, 25, 30, 48, 50, 60)
_UNLIKELY = 1e-4
"""How unlikely it may be that a list of a rate never writes that rate's highest frame numbers."""

_FRAMES_OFF = Fraction(3, 2)
"""How far a source's length may be off what its ``M2`` speed uses: both are rounded."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a list shows of its rate.

    Attributes:
        least: The lowest nominal rate that has all its frames and room for its transitions.
        highest: The highest frame number written.
        count: How many different timecodes are written that lie between whole seconds.
        is_drop: Whether it counts drop-frame.
        by_speed: Nominal rates at which its ``M2`` lines use what their sources say; empty for any.
        stated: The rate that a comment states, if one does.
    """

    least: int
    highest: int
    count: int
    is_drop: bool
    by_speed: frozenset[int]
    stated: Fraction | None

    def allows(self, rate: Fraction) -> bool:
        """Whether the list may well be of a rate."""
        nominal = nominal_rate(rate)
        if nominal < self.least or (self.is_drop and nominal % 30):
            return False
        if self.stated is not None:
            return nominal == nominal_rate(self.stated)
        if self.by_speed and nominal not in self.by_speed:
            return False
        return ((self.highest + 1) / nominal) ** self.count > _UNLIKELY

    @property
    def guess(self) -> Fraction:
        """The rate that the list has by itself: the lowest usual one that has room for it."""
        if self.stated is not None and nominal_rate(self.stated) >= self.least:
            return self.stated
        if self.is_drop:
            return Fraction(60_000, 1001) if self.least > 30 else Fraction(30_000, 1001)
        fitting = [rate for rate in _NOMINAL if rate >= self.least and (rate != 48 or self.stated)]
        likely = [rate for rate in fitting if rate in self.by_speed] or fitting
        return Fraction(likely[0] if likely else 60)


def evidence_of(lists: Iterable[List]) -> Evidence:
    """What the lists of one file show of their rate."""
    times: set[str] = set()
    least, is_drop, stated = 24, False, None
    votes: Counter[int] = Counter()
    speeds = 0
    for found in lists:
        stated = stated or stated_rate(found)
        is_drop = is_drop or bool(found.is_drop)
        for line in found.lines:
            is_drop = is_drop or line.is_drop or any(map(has_drop_sign, line.times))
            times.update(line.times)
            if line.kind != "C":
                # Where a transition of 25 frames fills a second of record, there are 25 frames to a second.
                room = (rate for rate in _NOMINAL if _length(line.times[2:], rate) >= line.frames)
                least = max(least, next(room, least))
            for _, frames, _ in comments_of(line.comments).speeds:
                fitting = _fitting(Fraction(frames), line.times)
                speeds += bool(fitting)
                votes.update(fitting)
    highest = max((int(re.split("[:;.,]", time)[3]) for time in times), default=0)
    least = max(least, next((rate for rate in (24, 25, 30, 50, 60) if highest < rate), highest + 1))
    most = max(votes.values(), default=0)
    by_speed = (
        frozenset(rate for rate, count in votes.items() if count == most) if most == speeds else frozenset()
    )
    between = [time for time in times if int(re.split("[:;.,]", time)[3])]  # whole seconds show nothing
    return Evidence(least, highest, len(between), is_drop, by_speed, stated)


def _length(times: tuple[str, ...], nominal: int) -> int:
    """Frames between two timecodes, drop-frame left aside."""
    counts = []
    for time in times[:2]:
        hours, minutes, seconds, frames = (int(part) for part in re.split("[:;.,]", time))
        counts.append(((hours * 60 + minutes) * 60 + seconds) * nominal + frames)
    return counts[1] - counts[0]


def _fitting(frames: Fraction, times: tuple[str, ...]) -> set[int]:
    """Nominal rates at which a speed uses just what its source says; none where it says nothing of that."""
    if not frames or _length(times[:2], 25) in (0, _length(times[2:], 25)):
        return set()
    found = set()
    for nominal in _NOMINAL:
        used = _length(times[2:], nominal) * abs(frames) / nominal
        slack = _FRAMES_OFF + abs(_length(times[2:], nominal)) * Fraction(1, 20) / nominal
        if abs(used - abs(_length(times[:2], nominal))) <= slack:
            found.add(nominal)
    return found


def rate_of(
    path: Path, asked: Fraction | None, media: Sequence[tuple[str, Fraction, Fraction]]
) -> tuple[Fraction, str]:
    """The rate of a list, and how it was found.

    What is asked for wins; else the rate of the media that are seen longest, where the list can have it; else
    what the list shows.

    Args:
        path: The list.
        asked: Frames a second that the user gives.
        media: Name of each picture that was found, its frames a second, and the seconds seen of it.

    Returns:
        The rate, and a note for the user; empty where there is nothing to say.

    Raises:
        TimelineError: It cannot be read.
    """
    evidence = evidence_of(lists_of(text_of(path)))
    seen: dict[Fraction, Fraction] = {}
    names: dict[Fraction, str] = {}
    for name, rate, seconds in media:
        seen[rate] = seen.get(rate, Fraction(0)) + seconds
        names.setdefault(rate, name)
    order = sorted(seen, key=lambda rate: (-seen[rate], rate))
    if asked is not None:
        if not order or any(nominal_rate(rate) == nominal_rate(asked) for rate in order):
            return asked, ""
        first = order[0]
        return asked, (
            f"Read at {format_rate(asked)} fps as --rate says; its media run at {format_rate(first)} "
            f"({names[first]}): leave out --rate to read it at the rate of its media."
        )
    for rate in order:
        if evidence.allows(rate):
            return rate, (
                f"An EDL does not say its rate: read at {format_rate(rate)} fps, as {names[rate]} runs; "
                "give --rate if wrong."
            )
    guess = evidence.guess
    for rate in order:
        half = rate / 2
        if evidence.allows(half):
            guess = half
            break
        if rate.denominator == 1001 and guess.denominator == 1 and nominal_rate(guess) % 25:
            guess = guess * 1000 / 1001  # film and video of one country: 24 and 30 are 23.976 and 29.97 there
            break
    return guess, guess_note(guess)


def guess_note(rate: Fraction) -> str:
    """What to say of a rate that nothing but the list itself speaks for."""
    return f"An EDL does not say its rate: read at {format_rate(rate)} fps; give --rate if wrong."
