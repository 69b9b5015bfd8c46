"""Parts of clips, and clips heard through others: gain, fades and key frames as they fall.

What a cut leaves of a fade sounds as it would have: a fade from silence can no longer say it, key frames do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from heapq import heappop, heappush

from avm_otio.timeline.gain import added, falling_keys, pan_of, rising_keys, sides_of, through
from avm_otio.timeline.model import SAMPLE_RATE_HZ, Clip, GainKey, Mix
from avm_otio.timeline.time import MediaTime, RecordTime, from_micros, to_micros

_SAMPLE = Fraction(1, SAMPLE_RATE_HZ)

Curve = tuple[GainKey, ...]


def trimmed(clip: Clip, start: Fraction, end: Fraction) -> Clip:
    """The part of a clip between two record times that lie in it; fades and key frames as they fall."""
    if start == clip.start and end == clip.end:
        return clip
    cut = start - clip.start
    laid = clip.laid and (RecordTime(max(start, clip.laid[0])), RecordTime(min(end, clip.laid[1])))
    return replace(
        clip,
        start=RecordTime(start),
        end=RecordTime(end),
        media_in=MediaTime(clip.media_in + cut * clip.speed),
        mix=mix_between(clip.mix, clip.duration, cut, end - clip.start),
        laid=laid,
        markers=tuple(
            replace(m, start=m.start - cut) for m in clip.markers if 0 <= m.start - cut <= end - start
        ),
    )


def mix_between(mix: Mix, length: Fraction, start: Fraction, end: Fraction) -> Mix:
    """The mix of a part of a clip.

    Args:
        mix: The clip's.
        length: Seconds that the clip takes.
        start: Where the part begins, seconds from the clip's head; before it the clip is silent or as it is.
        end: Where the part ends, seconds from the clip's head.
    """
    rise, fall = from_micros(mix.fade_in_us), from_micros(mix.fade_out_us)
    fade_in_us = fade_out_us = 0
    curves: list[Curve] = []
    if rise and start < rise:
        if abs(start) < _SAMPLE and end >= rise:
            fade_in_us = mix.fade_in_us
        else:
            curves.append(rising_keys(Fraction(0), rise, start, end))
    if fall and end > length - fall:
        if abs(end - length) < _SAMPLE and start <= length - fall:
            fade_out_us = mix.fade_out_us
        else:
            curves.append(falling_keys(length - fall, length, start, end))
    gained = _with_curves(mix, curves)
    return replace(
        gained,
        fade_in_us=fade_in_us,
        fade_out_us=fade_out_us,
        keys=tuple(replace(key, at=key.at - start) for key in gained.keys),
    )


def retimed(mix: Mix, speed: Fraction) -> Mix:
    """The mix of a clip that passes so much faster."""
    if speed == 1:
        return mix
    return replace(
        mix,
        fade_in_us=to_micros(from_micros(mix.fade_in_us) / speed),
        fade_out_us=to_micros(from_micros(mix.fade_out_us) / speed),
        keys=tuple(replace(key, at=key.at / speed) for key in mix.keys),
    )


def heard_through(mix: Mix, over: Mix, length: Fraction) -> Mix:
    """How a clip is heard in what has a mix of its own: both at once.

    Args:
        mix: The clip's.
        over: What holds it, its mix over the clip's own length.
        length: Seconds that the clip takes.
    """
    pan = mix.pan or over.pan
    more_db = 0.0
    if mix.pan and over.pan:
        more_db, pan = pan_of(through(sides_of(mix.pan), sides_of(over.pan)))
    curves: list[Curve] = [over.keys] if over.keys else []
    # Of two fades at one end the longer stays one; the other is key frames.
    rises, falls = sorted((mix.fade_in_us, over.fade_in_us)), sorted((mix.fade_out_us, over.fade_out_us))
    if rises[0]:
        curves.append(rising_keys(Fraction(0), from_micros(rises[0])))
    if falls[0]:
        curves.append(falling_keys(length - from_micros(falls[0]), length))
    one = replace(mix, fade_in_us=rises[1], fade_out_us=falls[1], pan=pan)
    more_db += 0.0 if over.keys else over.gain_db
    if one.keys:
        one = replace(one, keys=tuple(replace(key, gain_db=key.gain_db + more_db) for key in one.keys))
    else:
        one = replace(one, gain_db=one.gain_db + more_db)
    return _with_curves(one, curves)


def _with_curves(mix: Mix, curves: Iterable[Curve]) -> Mix:
    """The same with more gains over time."""
    curves = tuple(curves)
    if not curves:
        return mix
    if mix.keys:
        return replace(mix, keys=added((mix.keys, *curves)))
    keys = tuple(replace(key, gain_db=key.gain_db + mix.gain_db) for key in added(curves))
    return replace(mix, gain_db=0.0, keys=keys)


class Rows:
    """Where things that may overlap lie, so that none overlaps in a row: each in the lowest that is free."""

    def __init__(self) -> None:
        self._count = 0
        self._busy: list[tuple[Fraction, int]] = []
        self._free: list[int] = []

    def place(self, start: Fraction, end: Fraction) -> int:
        """The row of one more, from 0.

        Args:
            start: Where it begins: never earlier than the one before it.
            end: Where it ends.
        """
        while self._busy and self._busy[0][0] <= start:
            heappush(self._free, heappop(self._busy)[1])
        if self._free:
            row = heappop(self._free)
        else:
            row = self._count
            self._count += 1
        heappush(self._busy, (end, row))
        return row
