"""Which piece of music lies under which stretch of a new cut: as in the old one, where its picture stayed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from avm_otio.mix.conform.follow import Follow
from avm_otio.timeline.time import FrameSpan, nearest_frame

LEAST_RUN_S = Fraction(4)
"""A piece that would be heard for less between two others gives way to the longer of them: shots that changed
places do not make the music change with them."""

_LEAST_HOLE_S = Fraction(1, 2)
_NONE = -1
_OPEN = -2


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of the old record under which a piece was heard.

    Attributes:
        piece: Which of the pieces, from 0.
        start: Record time.
        end: Record time.
    """

    piece: int
    start: Fraction
    end: Fraction


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of the new record and the piece that lies under it.

    Attributes:
        piece: Which of the pieces, from 0.
        span: Frames of the record.
    """

    piece: int
    span: FrameSpan


def music_runs(
    old: Sequence[Stretch],
    follow: Follow,
    length: Fraction,
    rate: Fraction,
    wanted: Sequence[FrameSpan] | None = None,
) -> tuple[Run, ...]:
    """Which piece lies where in a new cut.

    New pictures take the music of what comes before them; at the head, of what comes after.

    Args:
        old: The music of the old cut, in order.
        follow: The way into the new cut.
        length: How long the new cut is, seconds.
        rate: Frames a second of the new cut.
        wanted: Where music is wanted, as its markers say; ``None`` for everywhere.
    """
    frames = nearest_frame(length, rate)
    if not old or frames < 1:
        return ()
    labels = _filled(_labels(old, follow, frames, rate))
    runs = _settled(labels, rate)
    found = [Run(piece, span) for piece, span in runs if piece != _NONE]
    if wanted is None:
        return tuple(found)
    cut = []
    for run in found:
        for span in wanted:
            first, last = max(run.span.start, span.start), min(run.span.end, span.end)
            if first < last:
                cut.append(Run(run.piece, FrameSpan(first, last)))
    return tuple(cut)


def _labels(
    old: Sequence[Stretch], follow: Follow, frames: int, rate: Fraction
) -> list[tuple[int, FrameSpan]]:
    """What lay under each stretch of the new record in the old one, without a hole."""
    edges: dict[int, int] = {}
    marks = sorted({edge for stretch in old for edge in (stretch.start, stretch.end)})
    parts: list[tuple[int, int, int]] = []
    for link in follow.links:
        first, last = link.old_span
        inner = [first, *(mark for mark in marks if first < mark < last), last]
        for begin, end in pairwise(inner):
            label = next((each.piece for each in old if each.start <= begin < each.end), _NONE)
            if link.old.is_freeze or link.new.is_freeze:
                span = link.new_span
            else:
                ends = sorted(link.new.record_at(link.old.media_at(at)) for at in (begin, end))
                span = ends[0], ends[1]
            first_frame, last_frame = (min(frames, max(0, nearest_frame(at, rate))) for at in span)
            parts.append((first_frame, last_frame, label))
    for first_frame, last_frame, _ in parts:
        edges |= {first_frame: 0, last_frame: 0}
    edges |= {0: 0, frames: 0}
    parts.sort()
    found: list[tuple[int, FrameSpan]] = []
    index = 0
    for begin_frame, end_frame in pairwise(sorted(edges)):
        while index < len(parts) and parts[index][1] <= begin_frame:
            index += 1
        label = _OPEN
        for first_frame, last_frame, under in parts[index:]:
            if first_frame > begin_frame:
                break
            if last_frame >= end_frame:
                label = under
                break
        found.append((label, FrameSpan(begin_frame, end_frame)))
    return _joined(found)


def _filled(labels: Sequence[tuple[int, FrameSpan]]) -> list[tuple[int, FrameSpan]]:
    """New pictures with the music before them, at the head with the music after."""
    made: list[tuple[int, FrameSpan]] = []
    first = next((label for label, _ in labels if label != _OPEN), _NONE)
    for label, span in labels:
        before = made[-1][0] if made else first
        made.append((before if label == _OPEN else label, span))
    return _joined(made)


def _settled(labels: Sequence[tuple[int, FrameSpan]], rate: Fraction) -> list[tuple[int, FrameSpan]]:
    """The same without runs too short to be worth a change."""
    runs = list(labels)
    while len(runs) > 1:
        short = [
            index
            for index, (label, span) in enumerate(runs)
            if span.duration / rate < (_LEAST_HOLE_S if label == _NONE else LEAST_RUN_S)
            and (label == _NONE or any(near != _NONE for near in _near(runs, index)))
        ]
        if not short:
            break
        index = min(short, key=lambda index: runs[index][1].duration)
        neighbours = [at for at in (index - 1, index + 1) if 0 <= at < len(runs)]
        if runs[index][0] != _NONE:
            neighbours = [at for at in neighbours if runs[at][0] != _NONE]
        longer = max(neighbours, key=lambda at: runs[at][1].duration)
        runs[index] = (runs[longer][0], runs[index][1])
        runs = _joined(runs)
    return runs


def _near(runs: Sequence[tuple[int, FrameSpan]], index: int) -> list[int]:
    return [runs[at][0] for at in (index - 1, index + 1) if 0 <= at < len(runs)]


def _joined(labels: Sequence[tuple[int, FrameSpan]]) -> list[tuple[int, FrameSpan]]:
    made: list[tuple[int, FrameSpan]] = []
    for label, span in labels:
        if made and made[-1][0] == label and made[-1][1].end == span.start:
            made[-1] = (label, replace(made[-1][1], end=span.end))
        else:
            made.append((label, span))
    return made
