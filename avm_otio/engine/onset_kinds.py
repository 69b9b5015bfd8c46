"""What an onset resembles: something that strikes and is over, has a pitch, or is noise that lasts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from avm_otio.engine.decoding import SOUND_RATE_HZ, Samples

_BEFORE = SOUND_RATE_HZ * 60 // 1000
_AFTER = SOUND_RATE_HZ * 350 // 1000
_GRAIN = SOUND_RATE_HZ * 4 // 1000
_FALL = 10.0
"""A sound is over where its power has fallen by this factor twice: 20 dB."""

_SHORT_S = 0.09
"""What is over in so little time strikes: a click, a knock; a note or a gust lasts."""

_FRAME = 4096
_LOW_HZ, _HIGH_HZ = 70.0, 12_000.0
_PEAK = 12.0
"""How many times the power around it a partial has."""

_AROUND = 15
_TONAL_SHARE = 0.55
"""Of the power above what was heard before, so much lies in partials of a sound with a pitch."""

Floats = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Resemblance:
    """What an onset is like.

    Attributes:
        kind: What it is like most.
        confidence: How plainly so, 0.5 to 1.
    """

    kind: Literal["transient", "tonal", "noise"]
    confidence: float


def resemblances(blocks: Iterable[Samples], onsets_us: Sequence[int]) -> Iterator[Resemblance]:
    """What each of some onsets is like, in their order; in one pass, and in bounded memory.

    Args:
        blocks: The sound, channels × samples at 48 kHz.
        onsets_us: Where they are, in rising order, microseconds from its head.
    """
    places = [round(at * SOUND_RATE_HZ / 1_000_000) for at in onsets_us]
    held: Floats = np.zeros(_BEFORE, np.float32)
    first, number = -_BEFORE, 0

    def heard(until: int) -> Iterator[Resemblance]:
        nonlocal number
        while number < len(places) and places[number] + _AFTER <= until:
            following = places[number + 1] if number + 1 < len(places) else places[number] + _AFTER
            length = min(_AFTER, max(following - places[number], 2 * _GRAIN))
            start = places[number] - first
            yield resemblance(held[max(0, start - _BEFORE) : start], held[start : start + length])
            number += 1

    for block in blocks:
        held = np.concatenate([held, block.mean(axis=0)])
        yield from heard(first + len(held))
        gone = max(0, len(held) - _BEFORE - _AFTER - SOUND_RATE_HZ)
        held, first = held[gone:], first + gone
    held = np.concatenate([held, np.zeros(_AFTER + _GRAIN, np.float32)])
    yield from heard(first + len(held))


def resemblance(before: Floats, after: Floats) -> Resemblance:
    """What a sound is like.

    Args:
        before: What was heard right before it, mono.
        after: What is heard from its onset on.
    """
    lasts = _lasts_s(before, after)
    if lasts <= _SHORT_S:
        return Resemblance("transient", round(float(np.clip(1.0 - 0.5 * lasts / _SHORT_S, 0.5, 1.0)), 2))
    share = _tonal_share(before, after)
    is_tonal = share >= _TONAL_SHARE
    away = abs(share - _TONAL_SHARE) / (1 - _TONAL_SHARE if is_tonal else _TONAL_SHARE)
    return Resemblance("tonal" if is_tonal else "noise", round(float(0.5 + 0.5 * min(away, 1.0)), 2))


def _lasts_s(before: Floats, after: Floats) -> float:
    """Seconds until its power has fallen by 20 dB, or to what was heard before it."""
    power = (after[: len(after) // _GRAIN * _GRAIN].reshape(-1, _GRAIN).astype(np.float64) ** 2).mean(axis=1)
    if not len(power):
        return 0.0
    top = int(power[: max(1, 100 * SOUND_RATE_HZ // 1000 // _GRAIN)].argmax())
    quiet = float((before.astype(np.float64) ** 2).mean()) if len(before) else 0.0
    over = np.flatnonzero(power[top:] <= max(power[top] / _FALL**2, 1.6 * quiet))
    lasts = (top + (int(over[0]) if len(over) else len(power) - top)) * _GRAIN
    return float(lasts / SOUND_RATE_HZ) if len(over) else 1.0


def _tonal_share(before: Floats, after: Floats) -> float:
    """How much of what came lies in partials, 0 to 1."""
    skipped = after[SOUND_RATE_HZ // 100 :]
    now = _spectrum(skipped)
    quiet = _spectrum(before) * (1.0 if len(before) >= _BEFORE // 2 else 0.0)
    low, high = (round(each * _FRAME / SOUND_RATE_HZ) for each in (_LOW_HZ, _HIGH_HZ))
    came = np.maximum(now - 1.5 * quiet, 0.0)[low:high]
    total = float(came.sum())
    if total <= 0:
        return 0.0
    padded = np.pad(came, _AROUND, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _AROUND + 1)
    usual = np.percentile(windows, 40, axis=1)
    highest = windows[:, _AROUND - 2 : _AROUND + 3].max(axis=1)
    partials = np.flatnonzero((came == highest) & (came > _PEAK * usual) & (came > 1e-4 * came.max()))
    within = np.zeros(len(came), bool)
    for partial in partials:
        within[max(0, partial - 3) : partial + 4] = True
    return float(came[within].sum()) / total


def _spectrum(sound: Floats) -> Floats:
    """Mean power by frequency, of frames of 85 ms; shorter sounds are filled up."""
    sound = np.pad(sound, (0, max(0, _FRAME - len(sound))))
    starts = range(0, len(sound) - _FRAME + 1, _FRAME // 2)
    window = np.hanning(_FRAME)
    power: Floats = np.mean(
        [np.abs(np.fft.rfft(sound[at : at + _FRAME] * window)) ** 2 for at in starts], axis=0
    )
    return power
