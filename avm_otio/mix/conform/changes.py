"""What became of each event of an old cut, in words that an editor reads."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from avm_otio.mix.conform.follow import Follow, Link
from avm_otio.mix.conform.moves import Moved
from avm_otio.mix.conform.shots import Shot
from avm_otio.timeline.time import nearest_frame

Span = tuple[Fraction, Fraction]


@dataclass(frozen=True, slots=True)
class Change:
    """One event of the old or the new cut.

    Attributes:
        kind: ``shot``, ``effects``, ``dialogue`` or ``music``.
        name: What people call it.
        state: ``kept``, ``followed`` (a sound its picture), ``changed``, ``moved``, ``gone`` or ``new``.
        message: What became of it.
        old: From and to in the old record; ``None`` for what is new.
        new: From and to in the new record, at every place; empty for what is gone.
    """

    kind: str
    name: str
    state: str
    message: str
    old: Span | None = None
    new: tuple[Span, ...] = ()


def changes_of(follow: Follow, rate: Fraction) -> Iterator[Change]:
    """What became of every shot of the old cut, and which are new.

    Args:
        follow: The way into the new cut.
        rate: Frames a second in which lengths are told.
    """
    stayed = _in_order(follow)
    for shot in follow.old:
        links = follow.links_of(shot)
        span = shot.start, shot.end
        if not links:
            yield Change("shot", shot.name, "gone", "deleted", span)
            continue
        words = list(_words(shot, links, rate, is_moved=shot.number not in stayed))
        state = "kept" if not words else "moved" if words == ["moved"] else "changed"
        places = tuple(link.new_span for link in links)
        yield Change("shot", shot.name, state, ", ".join(words) or "kept", span, places)
    linked = {link.new.number for link in follow.links}
    for shot in follow.new:
        if shot.number not in linked:
            yield Change("shot", shot.name, "new", "new", None, ((shot.start, shot.end),))


def change_of(found: Moved) -> Change:
    """What became of a sound."""
    old, places = found.old, found.places
    span = old.start, old.end
    kind = str(old.stem)
    if not places:
        what = "cut" if found.lost_cut else "picture"
        return Change(kind, old.name, "gone", f"its {what} is gone: kept, switched off", span)
    words = []
    if found.lost_cut:
        words.append("its cut is gone: on its source frame")
    if not old.clips:
        words.append("switched off as before")
    if len(places) > 1:
        words.append(f"at {len(places)} places" if old.anchors else f"in {len(places)} parts")
    if any(place.is_cut for place in places):
        words.append("cut with its picture")
    if any(place.is_tail_cut for place in places):
        words.append("its tail ends at a new cut")
    by = places[0].new_at - places[0].old_at
    state = "changed" if words else "followed" if by else "kept"
    with_what = "with its cut" if places[0].is_on_cut else "with its picture"
    message = ", ".join(words) or (with_what if by else "kept")
    return Change(kind, old.name, state, message, span, tuple(place.span for place in places))


def _words(shot: Shot, links: Sequence[Link], rate: Fraction, *, is_moved: bool) -> Iterator[str]:
    news = {link.new.number: link.new for link in links}
    if is_moved:
        yield "moved"
    if len(news) > 1:
        overlap = _is_shared(links)
        yield f"seen {len(news)} times" if overlap else f"split in {len(news)}"
    speeds = dict.fromkeys(link.new.speed for link in links if link.new.speed != shot.speed)
    if speeds:
        yield f"retimed from {_percent(shot.speed)} to {' and '.join(map(_percent, speeds))}"
    if shot.is_freeze or any(link.new.is_freeze for link in links):
        lasts = sum((link.new_span[1] - link.new_span[0] for link in links), Fraction(0))
        frames = nearest_frame(lasts - (shot.end - shot.start), rate)
        if frames:
            yield f"{_frames(abs(frames))} {'longer' if frames > 0 else 'shorter'}"
        return
    low, high = min(link.low for link in links), max(link.high for link in links)
    head, tail = low - shot.media[0], shot.media[1] - high
    if shot.speed < 0:
        head, tail = tail, head
    for cut, end in ((head, "head"), (tail, "tail")):
        frames = nearest_frame(cut / abs(shot.speed), rate)
        if frames:
            yield f"{_frames(frames)} trimmed off its {end}"
    gaps = _gap(links)
    if frames := nearest_frame(gaps / abs(shot.speed), rate):
        yield f"{_frames(frames)} cut out of its middle"
    if len(news) == 1:
        (new,) = news.values()
        head, tail = low - new.media[0], new.media[1] - high
        if new.speed < 0:
            head, tail = tail, head
        for more, end in ((head, "head"), (tail, "tail")):
            frames = nearest_frame(more / abs(new.speed), rate) if new.speed else 0
            if frames:
                yield f"{_frames(frames)} longer at its {end}"


def _is_shared(links: Sequence[Link]) -> bool:
    """Whether some of it is seen at several places."""
    spans = sorted((link.low, link.high) for link in links)
    return any(after[0] < before[1] for before, after in pairwise(spans))


def _gap(links: Sequence[Link]) -> Fraction:
    """Media seconds between the first and the last frame that are left that are seen nowhere."""
    gap, reached = Fraction(0), None
    for low, high in sorted((link.low, link.high) for link in links):
        if reached is not None and low > reached:
            gap += low - reached
        reached = high if reached is None else max(reached, high)
    return gap


def _in_order(follow: Follow) -> set[int]:
    """The old shots that come in the new cut in the order of the old one: as many as can be."""
    firsts = [(shot.number, links[0].new_span[0]) for shot in follow.old if (links := follow.links_of(shot))]
    tails: list[Fraction] = []
    ends: list[int] = []
    before: dict[int, int | None] = {}
    for index, (_, start) in enumerate(firsts):
        place = bisect_left(tails, start)
        before[index] = ends[place - 1] if place else None
        if place == len(tails):
            tails.append(start)
            ends.append(index)
        else:
            tails[place], ends[place] = start, index
    found: set[int] = set()
    at: int | None = ends[-1] if ends else None
    while at is not None:
        found.add(firsts[at][0])
        at = before[at]
    return found


def _frames(count: int) -> str:
    return f"{count} frame{'s' * (count != 1)}"


def _percent(speed: Fraction) -> str:
    return "a freeze" if speed == 0 else f"{float(speed * 100):.4g} %".replace("-", "−")
