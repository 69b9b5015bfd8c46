"""Cuts and motion, from the picture at 64×36 grey; looked closely at, transitions, shots and the camera, too.

A cut is a frame that the one before cannot explain, even when each part of it may have moved a little: pans
and shakes are explained, new shots are not. A film is looked at window by window, each with what lies before
and after it, so that its length costs time and no memory.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from avm_otio.engine import camera, continuity, dissolves, fades
from avm_otio.engine.decoding import LUMA_HEIGHT, LUMA_WIDTH, Luma
from avm_otio.engine.shots import PerFrame, curves_of, shots_of
from avm_otio.engine.traits import Moment, PictureTraits, Span, Transition
from avm_otio.timeline.time import to_micros

_CHUNK_FRAMES = 256
_WINDOW = 2048
_MARGIN = 2 * dissolves.MARGIN
"""Frames before and after a window that are looked at with it: a fade may begin and end outside."""

_REACH = 3
"""How far a part may have moved between two frames, in pixels of the small picture."""

_BLOCK_HEIGHT, _BLOCK_WIDTH = 9, 8
_LEAST_CHANGE = 7.0
"""Grey levels (of 255) that a cut leaves unexplained at the least."""

_ABOVE_USUAL = 2.5
"""How many times more than its neighbourhood a cut leaves unexplained."""

_MOST_EMPTY = 4
"""Empty frames at the head of a film up to which what follows them is no new shot."""

_LEAST_SHOT = 4
"""Frames that another picture is seen for, between two of one shot, from which on it is a shot of its own."""

_GLARE = 6
"""Frames that a light hides everything for, before it goes: it is no fade."""

_ABOVE_WILD = 1.3
"""How many times more than anything near it, where only one side of it is calm."""

_NEIGHBOURHOOD = 10
_STRETCH_US = 1_500_000
_STILL_US = 3_000_000
_MOVING = 1.0
"""Grey levels that change from frame to frame on the mean in a picture that moves."""

_BUSY = 20.0
"""Grey levels at which a picture counts as moving all over."""

Floats = NDArray[Any]


@dataclass(slots=True)
class _Found:
    """What was found so far, in frames of the film."""

    times_us: array[int] = field(default_factory=lambda: array("q"))
    changed: list[Floats] = field(default_factory=list)
    cuts: list[tuple[int, float]] = field(default_factory=list)
    dissolves: list[dissolves.Dissolve] = field(default_factory=list)
    fades: list[fades.Fade] = field(default_factory=list)
    flashes: list[tuple[int, float]] = field(default_factory=list)
    per_frame: list[PerFrame] = field(default_factory=list)


def analyse_picture(frames: Iterable[tuple[Fraction, Luma]], *, closely: bool = False) -> PictureTraits:
    """Find cuts and motion.

    Args:
        frames: Film time in seconds and picture of each frame, in order.
        closely: Find dissolves, fades, flashes and shots, too, and tell the camera's moves from others.

    Returns:
        Times are those of the frames, to the microsecond.
    """
    found = _Found()
    for window in _windows(frames, found.times_us):
        _look(window, found, closely=closely)
    times_us = found.times_us
    if len(times_us) < 2:
        return PictureTraits(frames=len(times_us))
    cuts = found.cuts
    motion = np.concatenate(found.changed)
    motion[[0, *(frame for frame, _ in cuts)]] = 0.0
    parts = list(pairwise([0, *(frame for frame, _ in cuts), len(times_us)]))
    strongest = max((strength for _, strength in cuts), default=1.0)
    plain = PictureTraits(
        cuts=tuple(Moment(times_us[frame], strength / strongest) for frame, strength in cuts),
        busiest=tuple(_busiest(times_us, motion, parts)),
        stills=tuple(_stills(times_us, motion, parts)),
        motion=float(min(1.0, motion.mean() / _BUSY)),
        most_motion=float(min(1.0, motion.max() / _BUSY)),
        frames=len(times_us),
    )
    return _closely(plain, found, motion) if closely else plain


def _closely(plain: PictureTraits, found: _Found, motion: Floats) -> PictureTraits:
    """The same with all that was found closely."""
    times = [*found.times_us]
    ends = [*times[1:], 2 * times[-1] - times[-2]]
    faded = _whole_fades(found.fades)
    mixed = dissolves.likeliest(found.dissolves)
    mixed = [
        each
        for each in mixed
        if not any(each.first <= cut < each.end + 1 for cut, _ in found.cuts)
        and not any(each.first - 1 <= flash < each.end + 1 for flash, _ in found.flashes)
        and not any(each.first < fade.end and each.end > fade.first for fade in faded)
    ]
    transitions = [Transition(times[each.first], ends[each.end - 1], "dissolve") for each in mixed]
    transitions += [
        Transition(
            times[each.first], ends[each.end - 1], "fade out" if each.is_out else "fade in", each.colour
        )
        for each in faded
    ]
    heads = {frame for frame, _ in found.cuts} | {(each.first + each.end) // 2 for each in mixed}
    heads |= {each.first for each in faded if not each.is_out and each.first > 0}
    heads |= {each.end for each in faded if each.is_out and each.end < len(times)}
    per_frame = PerFrame.joined(found.per_frame, motion / _BUSY)
    parts = list(pairwise([0, *sorted(heads - {0}), len(times)]))
    brightest = max((rise for _, rise in found.flashes), default=1.0)
    return replace(
        plain,
        transitions=tuple(sorted(transitions, key=lambda each: each.start_us)),
        flashes=tuple(Moment(times[frame], rise / brightest) for frame, rise in found.flashes),
        shots=tuple(shots_of(parts, times, ends, per_frame)),
        curves=curves_of([first for first, _ in parts], times, ends, per_frame),
    )


def _whole_fades(found: Sequence[fades.Fade]) -> list[fades.Fade]:
    """Fades in order, each once."""
    kept: list[fades.Fade] = []
    for each in sorted(set(found), key=lambda fade: (fade.first, fade.end)):
        if not kept or each.first >= kept[-1].end - 1 or each.is_out != kept[-1].is_out:
            kept.append(each)
    return kept


@dataclass(frozen=True, slots=True)
class _Window:
    """Some frames of a film with those around them.

    Attributes:
        frames: All of them.
        first: The number of the first one.
        start, end: The numbers of the frames that the window is for.
    """

    frames: Luma
    first: int
    start: int
    end: int

    def holds(self, frame: int) -> bool:
        """Whether a frame (of ``frames``) is one that the window is for."""
        return self.start <= self.first + frame < self.end


def _windows(frames: Iterable[tuple[Fraction, Luma]], times_us: array[int]) -> Iterator[_Window]:
    """A film in windows; the times of its frames are added to ``times_us``."""
    held: list[Luma] = []
    first = start = 0
    many = 0
    for time, picture in frames:
        times_us.append(to_micros(time))
        held.append(picture)
        many += 1
        if many - start == _WINDOW + _MARGIN:
            yield _Window(np.stack(held), first, start, start + _WINDOW)
            start += _WINDOW
            gone = max(0, start - _MARGIN - first)
            del held[:gone]
            first += gone
    if many > start:
        yield _Window(np.stack(held), first, start, many)


def _look(window: _Window, found: _Found, *, closely: bool) -> None:
    """Find what a window shows."""
    frames = window.frames
    changed = np.zeros(len(frames), np.float32)
    unexplained = np.zeros(len(frames), np.float32)
    for at in range(1, len(frames), _CHUNK_FRAMES):
        part = frames[at - 1 : at + _CHUNK_FRAMES]
        plain = np.abs(np.diff(part.astype(np.int16), axis=0)).mean(axis=(1, 2), dtype=np.float32)
        changed[at : at + len(plain)] = plain
        unexplained[at : at + len(plain)] = _unexplained(part, plain)
    thumbs = fades.thumbnails(frames)
    head = _empty_head(thumbs) if window.first == 0 else 0
    found.cuts += [
        (window.first + frame, strength)
        for frame, strength in _cuts(unexplained, thumbs, frames)
        if window.holds(frame) and frame > head
    ]
    core = slice(window.start - window.first, window.end - window.first)
    found.changed.append(changed[core])
    if not closely:
        return
    found.dissolves += [
        dissolves.Dissolve(window.first + each.first, window.first + each.end, each.sureness)
        for each in dissolves.dissolves_in(frames)
        if window.holds((each.first + each.end) // 2)
        and not _same_beside(frames, each.first - 1, each.end + 1)
    ]
    found.fades += [
        fades.Fade(window.first + each.first, window.first + each.end, each.is_out, each.level)
        for each in fades.fades_in(thumbs)
        if window.holds(each.end if each.is_out else each.first) and not _is_glare(frames, each)
    ]
    found.flashes += [
        (window.first + frame, rise) for frame, rise in fades.flashes_in(thumbs) if window.holds(frame)
    ]
    found.per_frame.append(_per_frame(frames, thumbs, core))


def _same_beside(frames: Luma, before: int, after: int) -> bool:
    """Whether the same is seen before and after something: light that went, not a new shot."""
    return continuity.is_one_shot(frames[max(0, before)], frames[min(after, len(frames) - 1)])


def _is_glare(frames: Luma, fade: fades.Fade) -> bool:
    """Whether it is the end of a light that hid the shot for a moment."""
    if fade.is_out or fade.colour == "black":
        return False
    return any(
        _same_beside(frames, before, fade.end + 1)
        for before in range(max(0, fade.first - _GLARE), fade.first)
    )


def _empty_head(thumbs: Floats) -> int:
    """How many empty frames a film begins with, where they are few: encoders and cameras leave such."""
    contrast = thumbs[: _MOST_EMPTY + 1].std(axis=(1, 2))
    full = contrast >= fades.PLAIN
    return int(full.argmax()) if full.any() else 0


def _per_frame(frames: Luma, thumbs: Floats, core: slice) -> PerFrame:
    """Brightness, contrast and moves of the frames of a window."""
    at = np.arange(core.start, core.stop)
    compared = at[(at % camera.APART == 0) & (at + camera.APART < len(frames))]
    moves = camera.moves_between(frames[compared], frames[compared + camera.APART])
    bright, contrast = thumbs[core].mean(axis=(1, 2)) / 255, thumbs[core].std(axis=(1, 2)) / 128
    return PerFrame(bright, contrast, compared - core.start, moves, np.zeros(0))


def _unexplained(frames: Luma, changed: Floats) -> Floats:
    """For each frame but the first: grey levels that no small movement of the one before accounts for.

    Where too little changed to weigh in any decision about cuts, that change is given as it is.
    """
    unexplained = changed.copy()
    worth = np.flatnonzero(changed >= _LEAST_CHANGE / _ABOVE_USUAL)
    if not len(worth):
        return unexplained
    edges = ((0, 0), (_REACH, _REACH), (_REACH, _REACH))
    before = np.pad(frames[worth].astype(np.int16), edges, mode="edge")
    after = frames[worth + 1].astype(np.int16)
    rows, columns = LUMA_HEIGHT // _BLOCK_HEIGHT, LUMA_WIDTH // _BLOCK_WIDTH
    least = np.full((len(after), rows, columns), np.iinfo(np.int32).max, np.int32)
    for down in range(2 * _REACH + 1):
        for right in range(2 * _REACH + 1):
            moved = before[:, down : down + LUMA_HEIGHT, right : right + LUMA_WIDTH]
            off = np.abs(after - moved).reshape(-1, rows, _BLOCK_HEIGHT, columns, _BLOCK_WIDTH)
            np.minimum(least, off.sum(axis=(2, 4), dtype=np.int32), out=least)
    unexplained[worth] = least.mean(axis=(1, 2)) / (_BLOCK_HEIGHT * _BLOCK_WIDTH)
    return unexplained


def _cuts(unexplained: Floats, thumbs: Floats, frames: Luma) -> list[tuple[int, float]]:
    """The frames at which shots begin, and how much was new in each."""
    padded = np.pad(unexplained, _NEIGHBOURHOOD, mode="edge")
    windows = sliding_window_view(padded, 2 * _NEIGHBOURHOOD + 1)
    usual = np.percentile(windows, 80, axis=1)
    near = windows[:, _NEIGHBOURHOOD - 2 : _NEIGHBOURHOOD + 3].max(axis=1)
    stands_out = unexplained >= _ABOVE_USUAL * usual
    # Into or out of a whip pan it stands out on one side alone, and tops what moves on the other.
    for calm, wild in ((slice(0, _NEIGHBOURHOOD), -1), (slice(-_NEIGHBOURHOOD, None), 1)):
        beside = np.percentile(windows[:, calm], 80, axis=1)
        other = windows[:, _NEIGHBOURHOOD + 1 :] if wild < 0 else windows[:, :_NEIGHBOURHOOD]
        stands_out |= (unexplained >= _ABOVE_USUAL * beside) & (
            unexplained >= _ABOVE_WILD * other.max(axis=1)
        )
    changed = unexplained >= _LEAST_CHANGE
    changed[0] = False
    beside_it = np.maximum(windows[:, _NEIGHBOURHOOD - 1], windows[:, _NEIGHBOURHOOD + 1])
    likely = changed & stands_out & (unexplained == near)
    # Among flashes and strobes nothing stands out; there a cut is a single step to plainly another picture.
    single = changed & ~likely & (unexplained >= _ABOVE_USUAL * beside_it)
    found = [n for n in map(int, np.flatnonzero(likely)) if _is_new(frames, thumbs, n)]
    found += [n for n in map(int, np.flatnonzero(single)) if _is_another(frames, thumbs, n)]
    return [(n, float(unexplained[n])) for n in sorted(found)]


def _is_new(frames: Luma, thumbs: Floats, frame: int) -> bool:
    """Whether a sudden change is a new shot, rather than light over the one that goes on."""
    if fades.flash_frames(thumbs, frame):
        return _is_another(frames, thumbs, frame)
    return not continuity.goes_on(frames, frame)


def _is_another(frames: Luma, thumbs: Floats, frame: int) -> bool:
    """Whether something else is seen, and for longer than an insert that nobody takes for a shot."""
    lasts = fades.flash_frames(thumbs, frame)
    return lasts in {0, _LEAST_SHOT} and continuity.is_another(frames, frame)


def _busiest(starts_us: Sequence[int], motion: Floats, shots: Iterable[tuple[int, int]]) -> Iterator[Moment]:
    most = max(float(motion.max()), _MOVING)
    for first, end in shots:
        stretch = first
        while stretch < end:
            after = stretch
            while after < end and starts_us[after] - starts_us[stretch] < _STRETCH_US:
                after += 1
            frame = stretch + int(motion[stretch:after].argmax())
            if motion[frame] >= _MOVING:
                yield Moment(starts_us[frame], float(motion[frame]) / most)
            stretch = after


def _stills(starts_us: Sequence[int], motion: Floats, shots: Iterable[tuple[int, int]]) -> Iterator[Span]:
    for first, end in shots:
        last_us = starts_us[end - 1]
        if last_us - starts_us[first] >= _STILL_US and motion[first:end].max() < _MOVING:
            yield Span(starts_us[first], last_us)
