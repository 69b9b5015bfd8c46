"""The gain of a piece of music over time: level from part to part, down while somebody speaks.

The gain is one line for a piece, over record time, whatever number of clips it is cut to; each clip gets
its share of it, so that it goes on across a join. It is flat but for ramps: where a part begins, before
words, and after them. All its corners lie on frames.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from avm_otio.mix.line import Flat, Line, held
from avm_otio.mix.loudness import integrated
from avm_otio.mix.presets import Preset
from avm_otio.mix.under import RIDDEN_RAMP, Played, Utterance, corrected, loudness_in, ridden
from avm_otio.timeline.time import RecordTime, nearest_frame, touched_frames, whole_frames

_PART_RAMP = Fraction(1, 2)
"""Seconds of a ramp from one part of a piece to the next."""

_LEAST_PART_DB = 0.5
_NEAR_LU = 0.3
"""How far from its distance music under an utterance may be, for several to share one gain."""


_LEAST_RAMP = Fraction(1, 8)
"""Seconds in which the gain moves from one utterance to the next."""


def line_of(
    piece: Sequence[Played],
    spoken: Sequence[Utterance],
    anchor_lufs: float,
    preset: Preset,
    rate: Fraction,
    origin: RecordTime,
    *,
    alone_lu: float | None = None,
) -> Line:
    """The gain of a piece.

    Args:
        piece: Its clips, by their start.
        spoken: What is spoken in the film.
        anchor_lufs: What distances are measured from.
        preset: The distances and times.
        rate: Frames a second of the record.
        origin: Record time of the grid's beginning.
        alone_lu: How far below the anchor it is between words, where not as the preset says.
    """
    below_lu = preset.between_lu if alone_lu is None else alone_lu
    loudness = integrated([step for played in piece for step in _all_of(played)])
    if loudness == -math.inf:
        return Line((Flat(0, 0, 0.0),), rate)
    parts = _parts(piece, loudness, anchor_lufs - below_lu - loudness, preset, rate)
    down, missed = _under(piece, spoken, anchor_lufs - preset.under_speech_lu, parts, preset, rate, origin)
    return Line(tuple(_joined(parts, down, rate)), rate, missed)


def _all_of(played: Played) -> list[float]:
    sound = played.sound
    return sound.between(sound.first * 0.01, sound.end * 0.01)


def _parts(
    piece: Sequence[Played], loudness: float, gain_db: float, preset: Preset, rate: Fraction
) -> list[Flat]:
    """The gain between words from part to part, without ramps: each ends where the next begins."""
    runs: list[Flat] = []
    for played in piece:
        clip = played.clip
        first, end = nearest_frame(clip.start, rate), nearest_frame(clip.end, rate)
        runs.append(Flat(first, end, held(gain_db)))
        for start, section_lufs in _sections_in(played):
            at = min(max(nearest_frame(start, rate), first), end)
            off = section_lufs - loudness
            wanted = min(max(off, -preset.sections_lu), preset.sections_lu) - off
            change = min(max(wanted, -preset.lift_db), preset.lift_db) if math.isfinite(off) else 0.0
            runs[-1] = replace(runs[-1], last=at)
            runs.append(Flat(at, end, held(gain_db + (change if abs(change) >= _LEAST_PART_DB else 0.0))))
    joined: list[Flat] = []
    for run in runs:
        if run.last <= run.first and joined:
            continue
        if joined and abs(joined[-1].gain_db - run.gain_db) < _LEAST_PART_DB:
            joined[-1] = replace(joined[-1], last=run.last)
        elif joined and joined[-1].last <= joined[-1].first:
            joined[-1] = run
        else:
            joined.append(run)
    return joined


def _sections_in(played: Played) -> list[tuple[RecordTime, float]]:
    """Where parts of the piece begin in a clip, record time, and how loud they are."""
    clip, music = played.clip, played.heard.music
    if music is None or clip.speed <= 0:
        return []
    head = clip.media_in - (clip.media.start if clip.media else 0)
    found = []
    for section in music.sections:
        start, end = Fraction(section.start_us, 10**6) - head, Fraction(section.end_us, 10**6) - head
        if end > 0 and start < clip.duration * clip.speed:
            found.append(
                (RecordTime(clip.start + max(start, Fraction(0)) / clip.speed), section.loudness_lufs)
            )
    return found


@dataclass(frozen=True, slots=True)
class _Down:
    """Music held down: flats without a rise between them.

    Attributes:
        falls: The frame from which the gain comes down.
        flats: In order.
        rises: The frame at which it is up again.
    """

    falls: int
    flats: tuple[Flat, ...]
    rises: int


def _under(
    piece: Sequence[Played],
    spoken: Sequence[Utterance],
    wanted_lufs: float,
    parts: Sequence[Flat],
    preset: Preset,
    rate: Fraction,
    origin: RecordTime,
) -> tuple[list[_Down], int]:
    """Where music is held down, and under how many utterances it cannot be as far below as it should."""
    within = [each for each in spoken if each.start < piece[-1].clip.end and each.end > piece[0].clip.start]
    groups: list[list[Utterance]] = []
    for each in within:
        if groups and (each.start - groups[-1][-1].end) * 1000 < Fraction(preset.least_pause_ms):
            groups[-1].append(each)
        else:
            groups.append([each])
    found, missed = [], 0
    for group in groups:
        wishes, parted, wanted = [], [], []
        for each in group:
            before = missed
            for part in ridden(piece, each, origin):
                heard_lufs = loudness_in(piece, part, origin)
                up_db = _part_at(parts, nearest_frame(part.start, rate)).gain_db
                gain_db = up_db if heard_lufs == -math.inf else wanted_lufs - heard_lufs
                wishes.append(held(min(gain_db, up_db + preset.lift_db)))
                parted.append(part)
                missed += heard_lufs == -math.inf or abs(wishes[-1] - gain_db) > _NEAR_LU
            if missed == before:
                wanted.append((each, wanted_lufs))
        down = _held_down(parted, wishes, preset, rate)
        found.append(replace(down, flats=corrected(down.flats, piece, wanted, rate, origin)))
    return found, missed


def _held_down(group: Sequence[Utterance], wishes: Sequence[float], preset: Preset, rate: Fraction) -> _Down:
    """Utterances in whose pauses music does not rise, as few flats as their gains allow."""
    runs: list[tuple[list[Utterance], float, float]] = []
    for each, wish in zip(group, wishes, strict=True):
        low, high = wish - _NEAR_LU, wish + _NEAR_LU
        if runs and max(low, runs[-1][1]) <= min(high, runs[-1][2]):
            runs[-1] = ([*runs[-1][0], each], max(low, runs[-1][1]), min(high, runs[-1][2]))
        else:
            runs.append(([each], low, high))
    ahead, attack, hold, release = (
        Fraction(value) / 1000
        for value in (preset.lookahead_ms, preset.attack_ms, preset.hold_ms, preset.release_ms)
    )
    first, last = group[0].start - ahead, group[-1].end + hold
    edges = [whole_frames(first, rate)]
    for (before, *_), (after, *_) in pairwise(runs):
        pause = after[0].start - before[-1].end
        # A ramp takes some of the words on either side where the pause is too short, or there is none.
        within = max(Fraction(0), (_LEAST_RAMP - pause) / 2) if pause else RIDDEN_RAMP / 2
        leaves = touched_frames(before[-1].end + min(hold, pause / 4) - within, rate)
        arrives = whole_frames(after[0].start - min(ahead, pause / 4) + within, rate)
        edges += [leaves, max(arrives, leaves + 1)]
    edges.append(touched_frames(last, rate))
    flats = (
        Flat(edges[2 * number], max(edges[2 * number], edges[2 * number + 1]), held((low + high) / 2), True)
        for number, (_, low, high) in enumerate(runs)
    )
    falls = min(nearest_frame(first - attack, rate), edges[0])
    rises = max(nearest_frame(last + release, rate), edges[-1])
    return _Down(falls, tuple(flats), rises)


def _part_at(parts: Sequence[Flat], frame: int) -> Flat:
    return parts[max(0, bisect_right(parts, frame, key=lambda part: part.first) - 1)]


def _joined(parts: Sequence[Flat], down: Sequence[_Down], rate: Fraction) -> list[Flat]:
    """The flats of a piece: its parts wherever it is not held down."""
    found: list[Flat] = []
    up_from = parts[0].first
    for number, each in enumerate([*down, None]):
        until = parts[-1].last if each is None else each.falls
        floor_db = -math.inf
        if each is not None and number:  # softer passages that are raised under words are not dropped between
            floor_db = min(down[number - 1].flats[-1].gain_db, each.flats[0].gain_db)
        if until >= up_from:
            found += _raised_to(_between(parts, up_from, until, rate), floor_db)
        if each is not None:
            found += each.flats
            up_from = each.rises
    return found or [parts[0]]


def _between(parts: Sequence[Flat], first: int, last: int, rate: Fraction) -> list[Flat]:
    """The parts of a piece from one frame to another, a ramp before each that begins there."""
    ramp = touched_frames(_PART_RAMP, rate)
    here = [part for part in parts if part.first < last and part.last > first] or [_part_at(parts, first)]
    found = []
    for number, part in enumerate(here):
        begins = max(part.first, first) if number else first
        ends = last if number + 1 == len(here) else max(begins, min(last, part.last - ramp))
        found.append(replace(part, first=begins, last=ends))
    return found


def _raised_to(flats: Sequence[Flat], floor_db: float) -> list[Flat]:
    return [replace(flat, gain_db=max(flat.gain_db, floor_db)) for flat in flats]
