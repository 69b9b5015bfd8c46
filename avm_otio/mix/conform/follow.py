"""Which moment of a new cut shows what a moment of the old one showed.

For every stretch of a source that both cuts show, each place in the new cut is given the one place in the old
cut that it came from. Where a source frame is seen once in the old cut, every new place came from there: the
shot was duplicated. Where it was seen several times, places are paired in order, those first whose neighbours
are alike; what is left in the new cut is a duplicate, what is left in the old one is gone.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

from avm_otio.mix.conform.cuts import Cut, cuts_of
from avm_otio.mix.conform.shots import Shot, shot_at

_ON_CUT_FRAMES = Fraction(1, 2)
"""How far from a cut a moment lies on it: times of answers are rounded, sounds laid to the nearest frame."""


@dataclass(frozen=True)
class Link:
    """A stretch of a source that an old and a new shot show.

    Attributes:
        old: The old shot.
        new: The new shot.
        low: From this media time.
        high: To this.
    """

    old: Shot
    new: Shot
    low: Fraction
    high: Fraction

    @property
    def old_span(self) -> tuple[Fraction, Fraction]:
        """From and to in the old record."""
        return _span(self.old, self.low, self.high)

    @property
    def new_span(self) -> tuple[Fraction, Fraction]:
        """From and to in the new record."""
        return _span(self.new, self.low, self.high)

    def holds(self, media: Fraction) -> bool:
        """Whether a media time lies in it, seen from the old shot."""
        if self.low == self.high:
            return self.old.shows(media) or self.new.shows(media)
        return self.low <= media < self.high if self.old.speed >= 0 else self.low < media <= self.high


@dataclass(frozen=True)
class Follow:
    """The way from an old cut into a new one.

    Attributes:
        old: The old cut's shots.
        new: The new cut's shots.
        links: What both show, in the order of the new record.
        rate: Frames a second of the old cut.
    """

    old: Sequence[Shot]
    new: Sequence[Shot]
    links: Sequence[Link]
    rate: Fraction
    _by_old: dict[int, list[Link]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, old: Sequence[Shot], new: Sequence[Shot], rate: Fraction) -> Follow:
        """Find out what both cuts show.

        Args:
            old: The old cut's shots.
            new: The new cut's shots.
            rate: Frames a second of the old cut.
        """
        links = sorted(_links(old, new), key=lambda link: (link.new_span[0], link.old.number))
        by_old: dict[int, list[Link]] = {}
        for link in links:
            by_old.setdefault(link.old.number, []).append(link)
        return cls(old, new, tuple(links), rate, by_old)

    def links_of(self, shot: Shot) -> Sequence[Link]:
        """Where an old shot is seen in the new cut."""
        return self._by_old.get(shot.number, ())

    def places(self, record: Fraction) -> list[Fraction]:
        """Every moment of the new record that shows the source frame of a moment of the old one, exactly."""
        shot = shot_at(self.old, record)
        if shot is None:
            return []
        media = shot.media_at(record)
        found = []
        for link in self.links_of(shot):
            if not link.holds(media):
                continue
            if shot.is_freeze and link.new.is_freeze:
                at = link.new.start + (record - shot.start)  # both stand still: the same moment of standing
                found.append(at if at < link.new.end else link.new.start)
            elif link.new.shows(media):
                found.append(link.new.record_at(media))
        return sorted(dict.fromkeys(found))

    def cut_at(self, record: Fraction) -> Cut | None:
        """The cut of the old record that lies at a moment, to half a frame; ``None`` where none does."""
        index = bisect_left(self._old_cuts, record, key=lambda cut: cut.at)
        near = self._old_cuts[max(0, index - 1) : index + 1]
        cut = min(near, key=lambda cut: abs(cut.at - record), default=None)
        return cut if cut is not None and abs(cut.at - record) * self.rate <= _ON_CUT_FRAMES else None

    def cut_places(self, cut: Cut) -> Sequence[Fraction]:
        """Every moment of the new record at which a cut of the old one is seen: the same two shots meet."""
        return self._new_cuts.get((cut.before, cut.after), ())

    @cached_property
    def _old_cuts(self) -> Sequence[Cut]:
        return tuple(cuts_of(self.old))

    @cached_property
    def _new_cuts(self) -> dict[tuple[int | None, int | None], list[Fraction]]:
        """By the two old shots that meet, the moments of the new record."""
        olds: dict[int | None, set[int | None]] = {None: {None}}
        for link in self.links:
            olds.setdefault(link.new.number, set()).add(link.old.number)
        found: dict[tuple[int | None, int | None], list[Fraction]] = {}
        for cut in cuts_of(self.new):
            for before in olds.get(cut.before, ()):
                for after in olds.get(cut.after, ()):
                    found.setdefault((before, after), []).append(cut.at)
        return found

    def spans(self, start: Fraction, end: Fraction) -> list[Piece]:
        """What is left in the new cut of a stretch of the old one, in new record order.

        Neighbours that follow each other in both cuts without a break are one piece.
        """
        pieces = []
        index = max(0, bisect_right(self.old, start, key=lambda shot: shot.start) - 1)
        below = bisect_left(self.old, end, key=lambda shot: shot.start)
        for link in (link for shot in self.old[index:below] for link in self.links_of(shot)):
            first, last = link.old_span
            begin, stop = max(first, start), min(last, end)
            if begin >= stop:
                continue
            if link.old.is_freeze or link.new.is_freeze:
                new_first, new_last = link.new_span
                pieces.append(Piece(begin, stop, new_first, min(new_last, new_first + (stop - begin))))
                continue
            edges = sorted(link.new.record_at(link.old.media_at(at)) for at in (begin, stop))
            is_turned = (link.old.speed > 0) != (link.new.speed > 0)
            pieces.append(Piece(begin, stop, edges[0], edges[1], is_turned=is_turned))
        return _merged(sorted(pieces, key=lambda piece: piece.new_start))

    def before(self, record: Fraction) -> Fraction:
        """Where in the new cut what was seen last before a moment of the old one ends; 0 where nothing is."""
        index = bisect_right(self.old, record, key=lambda shot: shot.start)
        for shot in reversed(self.old[:index]):
            ends = []
            for link in self.links_of(shot):
                if link.old_span[0] < record:
                    reached = link.old.media_at(min(record, link.old_span[1]))
                    ends.append(link.new_span[1] if link.new.is_freeze else link.new.record_at(reached))
            if ends:
                return max(ends)
        return Fraction(0)


@dataclass(frozen=True)
class Piece:
    """A stretch of the old record and the stretch of the new one that shows the same.

    Attributes:
        old_start: From, in the old record.
        old_end: To.
        new_start: From, in the new record.
        new_end: To; further or nearer than the old one where the shot was retimed.
        is_turned: Whether one of them plays backwards.
    """

    old_start: Fraction
    old_end: Fraction
    new_start: Fraction
    new_end: Fraction
    is_turned: bool = False

    @property
    def shift(self) -> Fraction | None:
        """How much later it lies; ``None`` where it was retimed."""
        if self.is_turned or self.new_end - self.new_start != self.old_end - self.old_start:
            return None
        return self.new_start - self.old_start


def _merged(pieces: Sequence[Piece]) -> list[Piece]:
    made: list[Piece] = []
    for piece in pieces:
        before = made[-1] if made else None
        if (
            before is not None
            and before.shift is not None
            and before.shift == piece.shift
            and before.old_end == piece.old_start
        ):
            made[-1] = replace(before, old_end=piece.old_end, new_end=piece.new_end)
        else:
            made.append(piece)
    return made


def _span(shot: Shot, low: Fraction, high: Fraction) -> tuple[Fraction, Fraction]:
    if shot.is_freeze:
        return shot.start, shot.end
    first, last = sorted((shot.record_at(low), shot.record_at(high)))
    return first, last


# Pairing


def _links(old: Sequence[Shot], new: Sequence[Shot]) -> Iterator[Link]:
    sources: dict[str, tuple[list[Shot], list[Shot]]] = {}
    for side, shots in enumerate((old, new)):
        for shot in shots:
            sources.setdefault(shot.source, ([], []))[side].append(shot)
    likeness = _Likeness(old, new)
    for olds, news in sources.values():
        if olds and news:
            yield from _moving(olds, news, likeness)
            yield from _standing(olds, news, likeness)


def _moving(olds: Sequence[Shot], news: Sequence[Shot], likeness: _Likeness) -> Iterator[Link]:
    """What shots of one source that move have in common."""
    sides = [[shot for shot in shots if not shot.is_freeze] for shots in (olds, news)]
    edges = sorted({edge for shots in sides for shot in shots for edge in shot.media})
    starts: dict[Fraction, list[tuple[int, Shot]]] = {}
    ends: dict[Fraction, list[tuple[int, Shot]]] = {}
    for side, shots in enumerate(sides):
        for shot in shots:
            starts.setdefault(shot.media[0], []).append((side, shot))
            ends.setdefault(shot.media[1], []).append((side, shot))
    showing: tuple[dict[int, Shot], dict[int, Shot]] = ({}, {})
    open_links: dict[tuple[int, int], Link] = {}
    for low, high in pairwise(edges):
        for side, shot in ends.get(low, ()):
            showing[side].pop(shot.number, None)
        for side, shot in starts.get(low, ()):
            showing[side][shot.number] = shot
        before_after = [sorted(each.values(), key=lambda shot: shot.start) for each in showing]
        pairs = _paired(before_after[0], before_after[1], likeness)
        now: dict[tuple[int, int], Link] = {}
        for before, after in pairs:
            key = before.number, after.number
            going_on = open_links.pop(key, None)
            now[key] = replace(going_on, high=high) if going_on else Link(before, after, low, high)
        yield from open_links.values()
        open_links = now
    yield from open_links.values()


def _standing(olds: Sequence[Shot], news: Sequence[Shot], likeness: _Likeness) -> Iterator[Link]:
    """Frozen frames: found again as frozen, else as the frame that moves; and the other way round."""
    frozen_new = [shot for shot in news if shot.is_freeze]
    groups: dict[Fraction, list[Shot]] = {}
    for shot in olds:
        if shot.is_freeze:
            groups.setdefault(shot.media_in, []).append(shot)
    found: set[int] = set()
    for media, standing in groups.items():
        alike = [shot for shot in frozen_new if shot.shows(media)]
        found.update(shot.number for shot in alike)
        if not alike:
            alike = [shot for shot in news if not shot.is_freeze and shot.shows(media)]
        for before, after in _paired(standing, alike, likeness):
            yield Link(before, after, media, media)
    for shot in frozen_new:
        if shot.number in found:
            continue
        showing = [each for each in olds if not each.is_freeze and each.shows(shot.media_in)]
        if showing:
            yield Link(
                max(showing, key=lambda each: likeness.of(each, shot)), shot, shot.media_in, shot.media_in
            )


def _paired(olds: Sequence[Shot], news: Sequence[Shot], likeness: _Likeness) -> list[tuple[Shot, Shot]]:
    """Where each new place of a stretch came from: as many as there are new places."""
    if not olds or not news:
        return []
    if len(olds) == 1:
        return [(olds[0], each) for each in news]
    best: list[list[tuple[float, int, int]]] = [[(0.0, 0, 0)] * (len(news) + 1) for _ in range(len(olds) + 1)]
    for row, before in enumerate(olds, 1):
        for column, after in enumerate(news, 1):
            both = best[row - 1][column - 1][0] + likeness.of(before, after)
            best[row][column] = max(
                (both, row - 1, column - 1),
                (best[row - 1][column][0], row - 1, column),
                (best[row][column - 1][0], row, column - 1),
                key=lambda each: each[0],
            )
    pairs: dict[int, Shot] = {}
    row, column = len(olds), len(news)
    while row and column:
        _, up, left = best[row][column]
        if (up, left) == (row - 1, column - 1):
            pairs[left] = olds[up]
        row, column = up, left
    return [
        (pairs.get(index) or max(olds, key=lambda each: likeness.of(each, after)), after)
        for index, after in enumerate(news)
    ]


class _Likeness:
    """How likely it is that a new shot came from an old one of the same source."""

    def __init__(self, old: Sequence[Shot], new: Sequence[Shot]) -> None:
        self._sides = old, new
        self._cache: dict[tuple[int, int], float] = {}

    def of(self, old: Shot, new: Shot) -> float:
        """The more, the likelier; always above 0."""
        key = old.number, new.number
        if key not in self._cache:
            self._cache[key] = self._found(old, new)
        return self._cache[key]

    def _found(self, old: Shot, new: Shot) -> float:
        low, high = max(old.media[0], new.media[0]), min(old.media[1], new.media[1])
        longest = max(old.media[1] - old.media[0], new.media[1] - new.media[0])
        shared = float((high - low) / longest) if longest and high > low else 0.0
        alike = sum(self._neighbour(0, old, by) == self._neighbour(1, new, by) for by in (-1, 1))
        return 1 + shared + alike + 0.5 * (old.speed == new.speed)

    def _neighbour(self, side: int, shot: Shot, by: int) -> str:
        at = shot.number + by
        shots = self._sides[side]
        return shots[at].source if 0 <= at < len(shots) else ""
