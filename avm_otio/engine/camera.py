"""What moves: the camera, or things before it. By how parts of the picture move from frame to frame.

Where most parts move alike, or away from one point, it is the camera that moves; what moves otherwise is a
thing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avm_otio.engine.decoding import LUMA_HEIGHT, LUMA_WIDTH, Luma

APART = 3
"""Frames between two that are compared: less cannot be seen to move at this size."""

_HIGH, _WIDE = LUMA_HEIGHT, LUMA_WIDTH
_BLOCK = 8, 8
_TOP = 2
"""Rows that are left out, above and below: 36 is no multiple of a block's height."""

_REACH = 8
_LEAST_DETAIL = 12.0
"""Variance of a part in which movement can be seen at all."""

_LIKE = 1.25
"""Pixels by which a part may move otherwise than the camera and still move with it."""

_LEAST_PARTS = 6
_CHUNK = 64

Floats = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Moves:
    """How pictures move, one value for each that is compared with the one ``APART`` later.

    Attributes:
        right: The camera's, in picture widths a frame; the picture goes the other way.
        down: The same, in picture widths.
        closer: How much larger what is seen becomes, a frame: 0.01 is one per cent.
        things: The share of the picture that moves otherwise.
        is_seen: Whether enough can be seen to move.
    """

    right: Floats
    down: Floats
    closer: Floats
    things: Floats
    is_seen: NDArray[np.bool_]

    @classmethod
    def joined(cls, parts: Sequence[Moves]) -> Moves:
        """Those of parts that follow each other, as one."""
        if not parts:
            none = np.zeros(0)
            return cls(none, none, none, none, np.zeros(0, bool))
        names = ("right", "down", "closer", "things", "is_seen")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def moves_between(one: Luma, other: Luma) -> Moves:
    """How the picture moves from each of some frames to each of others.

    Args:
        one: Frames, grey.
        other: The frames ``APART`` later.
    """
    parts = [_moves(one[at : at + _CHUNK], other[at : at + _CHUNK]) for at in range(0, len(one), _CHUNK)]
    return Moves.joined(parts)


def _moves(one: Luma, other: Luma) -> Moves:
    shifts, detail, is_moved = _shifts(one, other)
    rows, columns = shifts.shape[1:3]
    y, x = np.mgrid[:rows, :columns]
    places = np.stack([(y - (rows - 1) / 2) * _BLOCK[0], (x - (columns - 1) / 2) * _BLOCK[1]], axis=-1)
    places = places.reshape(-1, 2)
    found = np.zeros((5, len(one)))
    for number in range(len(one)):
        seen = detail[number].ravel() >= _LEAST_DETAIL
        if seen.sum() < _LEAST_PARTS:
            continue
        moved = shifts[number].reshape(-1, 2)[seen]
        found[:, number] = *_camera(places[seen], moved, is_moved[number].ravel()[seen]), 1
    across = APART * _WIDE
    return Moves(-found[1] / across, -found[0] / across, found[2] / APART, found[3], found[4].astype(bool))


def _camera(places: Floats, shifts: Floats, is_moved: Floats) -> tuple[float, float, float, float]:
    """The move of most parts: down, right (pixels), growth; and the share of parts that do not follow it."""
    best: tuple[int, float, NDArray[np.bool_]] | None = None
    middle = np.median(shifts, axis=0)
    guesses = [(middle, 0.0), (np.zeros(2), 0.0)]
    # Two parts give a move and a growth; a dozen pairs are enough to meet one of parts that follow it.
    chance = np.random.default_rng(0)
    for _ in range(16):
        a, b = chance.choice(len(places), 2, replace=False)
        apart = places[b] - places[a]
        growth = float(((shifts[b] - shifts[a]) * apart).sum() / (apart * apart).sum())
        guesses.append((shifts[a] - growth * places[a], growth if abs(growth) < 0.2 else 0.0))
    for move, growth in guesses:
        off = np.abs(shifts - move - growth * places).max(axis=1)
        follows = off <= _LIKE
        rank = int(follows.sum()), -abs(growth)
        if best is None or rank > (best[0], best[1]):
            best = (*rank, follows)
    assert best is not None
    follows = best[2]
    if follows.sum() < 0.4 * len(places):
        return 0.0, 0.0, 0.0, float(is_moved.mean())
    its, at = shifts[follows], places[follows]
    mean, centre = its.mean(axis=0), at.mean(axis=0)
    spread = ((at - centre) ** 2).sum()
    growth = float(((its - mean) * (at - centre)).sum() / spread) if spread > 0 else 0.0
    growth = growth if abs(growth) * APART > 0.004 else 0.0
    move = mean - growth * centre
    off = np.abs(shifts - move - growth * places).max(axis=1) > _LIKE
    return float(move[0]), float(move[1]), growth, float((off & is_moved).mean())


def _shifts(one: Luma, other: Luma) -> tuple[Floats, Floats, Floats]:
    """How far each part moves (down, right; finer than pixels), how much is in it, and whether it changes."""
    rows, columns = (_HIGH - 2 * _TOP) // _BLOCK[0], _WIDE // _BLOCK[1]
    many = len(one)

    def cut(pictures: Any) -> Any:
        return pictures[:, _TOP : _HIGH - _TOP].reshape(many, rows, _BLOCK[0], columns, _BLOCK[1])

    before, now = one.astype(np.float32), cut(other.astype(np.float32))
    now = now - other.mean(axis=(1, 2), dtype=np.float32)[:, None, None, None, None]
    before = before - before.mean(axis=(1, 2))[:, None, None]
    detail = np.minimum(now.var(axis=(2, 4)), cut(before).var(axis=(2, 4)))
    padded = np.pad(before, ((0, 0), (_REACH, _REACH), (_REACH, _REACH)), mode="edge")
    side = 2 * _REACH + 1
    square: Floats = np.empty((many, rows, columns, side, side), np.float32)
    for lower in range(side):
        for further in range(side):
            moved = padded[:, lower : lower + _HIGH, further : further + _WIDE]
            square[..., lower, further] = np.abs(cut(moved) - now).mean(axis=(2, 4))
    # Where nothing speaks for a move, there is none.
    stays = square[..., _REACH, _REACH]
    off = square.reshape(many, rows, columns, -1)
    best = off.argmin(axis=-1)
    least = np.take_along_axis(off, best[..., None], -1)[..., 0]
    best = np.where(stays <= least + 0.35, _REACH * side + _REACH, best)
    down, right = best // side, best % side
    fine = np.stack([_between(square, down, right, 0), _between(square, down, right, 1)], axis=-1)
    shifts = np.stack([down, right], axis=-1) - _REACH + fine
    # Where a part came from is against where it goes.
    return -shifts, detail, (np.abs(shifts).max(axis=-1) > 0.5) | (least > 6.0)


def _between(off: Floats, down: Floats, right: Floats, axis: int) -> Floats:
    """Where between pixels the least lies along an axis, by a parabola through three."""
    side = off.shape[-1]
    index = np.indices(down.shape)
    at = (down, right)[axis]
    lower, higher = np.maximum(at - 1, 0), np.minimum(at + 1, side - 1)
    if axis == 0:
        one, two, three = (off[(*index, each, right)] for each in (lower, at, higher))
    else:
        one, two, three = (off[(*index, down, each)] for each in (lower, at, higher))
    bend = one - 2 * two + three
    moved: Floats = np.where(bend > 1e-3, 0.5 * (one - three) / np.maximum(bend, 1e-3), 0.0)
    return np.clip(moved, -0.5, 0.5)
