"""Where a sound begins and ends, where it strikes, and how it dies away.

Found in two looks: the level of each 10 ms says where about, the samples there say where exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avm_otio.media.decode import Samples
from avm_otio.media.loudness import GRAIN
from avm_otio.timeline.model import SAMPLE_RATE_HZ

Look = Callable[[int, int], Samples]
"""Gives the samples from one position up to another, shape (samples, 2)."""

_SILENT_DB = -80.0
"""K-weighted: what 16 bits with dither and lossy coders leave of silence lies lower."""

_RANGE_DB = 60.0
"""Nobody hears what lies so far below the loudest of a sound."""

_ATTACK_WITHIN = 2000
"""20 s in grains: what comes later is not what a sound was chosen for."""

_LOUD_DB = 12.0
"""An attack leads to within so much of the loudest."""

_ATTACK = 5
"""50 ms in grains: what takes longer to rise is a swell, which begins where it begins to be heard."""

_SUDDEN_DB = 12.0
_START = 10 ** (-40 / 20)
"""An attack begins where it stands out from what it leads to by no more than this …"""

_ABOVE_NOISE = 2.0
"""… and from what was heard before by this."""

_GAP = SAMPLE_RATE_HZ // 500
"""2 ms without anything that stands out: the attack begins after it. Half a wave of 60 Hz is longer than what
such a wave spends near zero."""

_RISING, _LONGEST_RISING = 12, 1500
"""0.12 s to 15 s, in grains: a riser or a whoosh."""

_RINGS_ON = 8
"""80 ms in grains: so long the K filter may go on ringing above the floor when a sound has stopped dead."""

_RISE_DB = 12.0
_PASSING_DB = 4.5
"""Half of a swell lies at least so much lower than its height; what stays loud does not rise to anything."""

_STEADY_RISE = 0.8
"""The correlation of level with time up to the peak."""

_BREAK = 3
"""30 ms in grains: a swell that has gone after so much breaks off."""

_CUT_DB, _STILL_DB = 30.0, 10.0
_RINGING_DB, _FALLEN_DB = 4.0, 3.0

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Shape:
    """The outline of a sound; positions in samples.

    Attributes:
        begins: Its first sample that is heard.
        ends: After its last sample that is heard.
        is_cut_off: Whether it stops dead.
        attack: Where its attack begins.
        peak: Where it is loudest, within 10 ms.
        tail: From where on it only rings out.
        is_rising: Whether it swells up to its peak.
    """

    begins: int = 0
    ends: int = 0
    is_cut_off: bool = False
    attack: int = 0
    peak: int = 0
    tail: int = 0
    is_rising: bool = False


def shape_of(grains: Floats, samples: int, look: Look) -> Shape:
    """The outline of a sound; all 0 for silence.

    Args:
        grains: K-weighted power of each 10 ms.
        samples: How long it is.
        look: Shows it once more, a little at a time.
    """
    level_db = 10 * np.log10(np.maximum(grains, 1e-14))
    loudest_db = float(level_db.max(initial=-140.0))
    floor_db = max(_SILENT_DB, loudest_db - _RANGE_DB)
    heard = np.flatnonzero(level_db > floor_db)
    if not len(heard):
        return Shape()
    first, last = int(heard[0]), int(heard[-1])
    begins, ends = _first_heard(look, first, floor_db), _last_heard(look, last, samples, floor_db)
    peak = int(grains.argmax())
    is_rising = _is_rising(grains[first : last + 1])
    is_cut_off = _is_cut_off(level_db[first : last + 1])
    attack = None if is_rising else _attack(level_db, first, look)
    return Shape(
        begins=begins,
        ends=ends,
        is_cut_off=is_cut_off,
        attack=begins if attack is None else attack,
        peak=min((_top_of_rise(grains) if is_rising else peak) * GRAIN + GRAIN // 2, ends),
        tail=ends if is_cut_off else min(max(_tail(grains[: last + 1]) * GRAIN, begins), ends),
        is_rising=is_rising,
    )


def _first_heard(look: Look, grain: int, floor_db: float) -> int:
    start = max(grain - 1, 0) * GRAIN
    level = _level(look(start, (grain + 1) * GRAIN), GRAIN // 2 if grain else 0)
    over = np.flatnonzero(level > 10 ** (floor_db / 20))
    return start + int(over[0]) if len(over) else grain * GRAIN


def _last_heard(look: Look, grain: int, samples: int, floor_db: float) -> int:
    start, end = max(grain - _RINGS_ON, 0) * GRAIN, min((grain + 2) * GRAIN, samples)
    level = _level(look(start, end)[::-1], GRAIN // 2 if end > (grain + 1) * GRAIN else 0)
    over = np.flatnonzero(level > 10 ** (floor_db / 20))
    return end - int(over[0]) if len(over) else min((grain + 1) * GRAIN, samples)


def _level(heard: Samples, rest: int) -> Floats:
    """Amplitude, the louder side, without the direct current of the first so many samples."""
    centre = np.median(heard[:rest], axis=0) if rest else np.zeros(heard.shape[1])
    level: Floats = np.abs(heard - centre).max(axis=1)
    return level


def _attack(level_db: Floats, first: int, look: Look) -> int | None:
    """Where the first sudden rise to nearly the loudest begins; ``None`` where nothing rises suddenly."""
    near = level_db[: first + _ATTACK_WITHIN]
    struck = int(np.flatnonzero(near >= near.max() - _LOUD_DB)[0])
    before = np.concatenate([np.full(_ATTACK, -140.0), near[:struck]])[-_ATTACK:]
    quiet = struck - _ATTACK + int(before.argmin())
    reached = near[struck : struck + 2]
    if reached.max() - before.min() < _SUDDEN_DB:
        return None
    start = max(quiet, 0) * GRAIN
    level = _level(look(start, (struck + len(reached)) * GRAIN), GRAIN // 2 if quiet >= 0 else 0)
    noise = float(level[:GRAIN].max()) if quiet >= 0 else 0.0
    top = float(level.max())
    over = np.flatnonzero(level > max(noise * _ABOVE_NOISE, top * _START))
    high = int(np.flatnonzero(level >= top / 4)[0])
    over = over[over <= high]
    if not len(over):
        return start + high
    fresh = np.diff(over, prepend=-_GAP - 1) > _GAP
    return start + int(over[np.flatnonzero(fresh)[-1]])


def _is_rising(grains: Floats) -> bool:
    """Whether a sound swells, steadily, from where it is first heard to its height."""
    level_db = _smooth_db(grains)
    top = int(level_db.argmax())
    rise, height = level_db[: top + 1], level_db[top]
    if not _RISING <= len(rise) <= _LONGEST_RISING or np.median(level_db) > height - _PASSING_DB:
        return False
    early, middle = rise[: len(rise) // 8 + 1].mean(), rise[: len(rise) * 2 // 5].max()
    if early > height - _RISE_DB or middle > height - _RISE_DB / 3:
        return False
    if rise[: -_ATTACK - _ATTACK // 2].max() < early + _RISE_DB / 2:  # that was a blow
        return False
    return bool(np.corrcoef(np.arange(len(rise)), rise)[0, 1] >= _STEADY_RISE)


def _top_of_rise(grains: Floats) -> int:
    """The grain at which a swell is at its height: its last where it breaks off, else the middle of it."""
    top = int(_smooth_db(grains).argmax())
    near = np.concatenate([grains, np.zeros(1)])[top : top + 2 * _ATTACK]
    fallen = np.flatnonzero(near < near.max() * 10 ** (-_SUDDEN_DB / 10))
    if not len(fallen) or near[max(fallen[0] - _BREAK, 0)] < near.max() * 10 ** (-_FALLEN_DB / 10):
        return top
    return top + max(int(fallen[0]) - 1, 0)


def _is_cut_off(level_db: Floats) -> bool:
    """Whether a sound, just before it ends, is still loud and has not fallen for a fifth of a second."""
    if len(level_db) < 3 * _ATTACK:
        return False
    before, last = level_db[-24:-16], level_db[-6:-2]
    before = before if len(before) else level_db[:_ATTACK]
    return bool(
        last.mean() > np.percentile(level_db, 95) - _CUT_DB and last.mean() > before.mean() - _STILL_DB
    )


def _tail(grains: Floats) -> int:
    """The grain from which on nothing rises any more, and from which on it falls."""
    level_db = _smooth_db(grains)
    ahead = np.maximum.accumulate(level_db[::-1])[::-1]
    rises = np.flatnonzero(ahead > level_db + _RINGING_DB)
    start = int(rises[-1]) + 1 if len(rises) else 0
    high = np.flatnonzero(level_db[start:] >= level_db[start:].max() - _FALLEN_DB)
    return start + int(high[-1]) + 1


def _smooth_db(grains: Floats) -> Floats:
    """The level over 50 ms around each 10 ms."""
    around = np.convolve(np.pad(grains, _ATTACK // 2), np.full(_ATTACK, 1 / _ATTACK), "valid")
    level_db: Floats = 10 * np.log10(np.maximum(around, 1e-14))
    return level_db
