"""What music comes to under each utterance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from avm_otio.mix.grid import Floats, Strip
from avm_otio.mix.heard import Heard, lufs
from avm_otio.mix.line import Flat, held
from avm_otio.mix.loudness import integrated
from avm_otio.timeline.model import Clip
from avm_otio.timeline.time import RecordTime

_LEAST_RIDDEN, _RIDDEN_LU, RIDDEN_RAMP = Fraction(6, 5), 1.5, Fraction(2, 5)
"""Seconds of a part of an utterance, how far the music under it is from that under the whole for it to be
parted, and seconds of the ramp from one part to the next."""

_ONE = Fraction(1, 50)
"""Seconds between two stretches of speech that are one."""

_CORRECTED_DB, _CORRECTIONS, _EXACT_LU = 6.0, 6, 0.05
"""How far a gain is moved for what ramps take of an utterance, in how many steps, and what is near enough."""


@dataclass(frozen=True, slots=True)
class Played:
    """A clip of a piece of music, with what it sounds like.

    Attributes:
        clip: It.
        heard: What was heard in its file.
        sound: It on the grid.
    """

    clip: Clip
    heard: Heard
    sound: Strip


@dataclass(frozen=True, slots=True)
class Utterance:
    """What somebody says without a pause in which music could rise or fall.

    Attributes:
        start: Where it begins, record time.
        end: Where it ends.
    """

    start: RecordTime
    end: RecordTime


def utterances(spoken: Sequence[tuple[RecordTime, RecordTime]]) -> tuple[Utterance, ...]:
    """Stretches of speech; what no ear tells apart is one."""
    found: list[Utterance] = []
    for start, end in sorted(spoken):
        if end <= start:
            continue
        if found and start - found[-1].end < _ONE:
            found[-1] = Utterance(found[-1].start, max(found[-1].end, end))
        else:
            found.append(Utterance(start, end))
    return tuple(found)


def ridden(piece: Sequence[Played], each: Utterance, origin: RecordTime) -> list[Utterance]:
    """An utterance, parted where the music under it swells or ebbs: one gain would cover half of it."""
    if each.end - each.start < 2 * _LEAST_RIDDEN:
        return [each]
    middle = RecordTime((each.start + each.end) / 2)
    halves = (Utterance(each.start, middle), Utterance(middle, each.end))
    whole = loudness_in(piece, each, origin)
    if max(abs(loudness_in(piece, half, origin) - whole) for half in halves) <= _RIDDEN_LU:
        return [each]
    return [part for half in halves for part in ridden(piece, half, origin)]


def loudness_in(
    piece: Sequence[Played], each: Utterance, origin: RecordTime, line: tuple[Floats, Floats] | None = None
) -> float:
    """How loud a piece is under an utterance.

    Args:
        piece: Its clips.
        each: The utterance.
        origin: Record time of the grid's beginning.
        line: The corners of a gain, seconds of the grid, and their decibels; none where it is as it comes.
    """
    start, end = each.start - origin, each.end - origin
    steps: list[float] = []
    for played in piece:
        clip = played.clip
        if clip.start < each.end and clip.end > each.start:
            first, last = max(start, clip.start - origin), min(end, clip.end - origin)
            sound = played.sound if line is None else played.sound.louder(*line, float(first), float(last))
            steps += sound.between(float(first), float(last))
    if not steps:
        return -math.inf
    found = integrated(steps)
    return found if found > -math.inf else lufs(sum(steps) / len(steps))


def corrected(
    flats: Sequence[Flat],
    piece: Sequence[Played],
    wanted: Sequence[tuple[Utterance, float]],
    rate: Fraction,
    origin: RecordTime,
) -> tuple[Flat, ...]:
    """Flats whose utterances are as loud as they should be with the ramps between them.

    Args:
        flats: What music is held down to, in order.
        piece: Its clips.
        wanted: Utterances, and how loud the music should be under each.
        rate: Frames a second.
        origin: Record time of the grid's beginning.
    """
    if len(flats) < 2:
        return tuple(flats)
    corners = [float(at / rate - origin) for flat in flats for at in (flat.first, flat.last)]
    first = np.array([flat.gain_db for flat in flats])
    gains_db = first.copy()
    covers = [
        [
            number
            for number, flat in enumerate(flats)
            if flat.first < each.end * rate and flat.last > each.start * rate
        ]
        for each, _ in wanted
    ]
    for _ in range(_CORRECTIONS):
        line = (np.array(corners), np.repeat(gains_db, 2))
        off: list[list[float]] = [[] for _ in flats]
        for (each, lufs_there), covering in zip(wanted, covers, strict=True):
            short_lu = lufs_there - loudness_in(piece, each, origin, line)
            for number in covering:
                off[number].append(short_lu)
        change = np.array([sum(each) / len(each) if each else 0.0 for each in off])
        if np.abs(change).max() < _EXACT_LU:
            break
        gains_db = np.clip(gains_db + change, first - _CORRECTED_DB, first + _CORRECTED_DB)
    return tuple(
        replace(flat, gain_db=held(float(gain_db))) for flat, gain_db in zip(flats, gains_db, strict=True)
    )
