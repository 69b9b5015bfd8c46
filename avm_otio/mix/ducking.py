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

from avm_otio.mix.grid import Strip
from avm_otio.mix.heard import Heard, lufs
from avm_otio.mix.loudness import integrated
from avm_otio.mix.presets import Preset
from avm_otio.timeline.model import Clip, GainKey, Mix
from avm_otio.timeline.time import RecordTime, nearest_frame, touched_frames, whole_frames

MOST_GAIN_DB = 12.0
"""Premiere's and Final Cut Pro 7's clip gain ends there (level 3.98)."""

LEAST_GAIN_DB = -60.0

_PART_RAMP = Fraction(1, 2)
"""Seconds of a ramp from one part of a piece to the next."""

_LEAST_PART_DB = 0.5
_NEAR_LU = 0.3
"""How far from its distance music under an utterance may be, for several to share one gain."""

_LEAST_RIDDEN, _RIDDEN_LU, _RIDDEN_RAMP = Fraction(6, 5), 1.5, Fraction(2, 5)
"""Seconds of a part of an utterance, how far the music under it is from that under the whole for it to be
parted, and seconds of the ramp from one part to the next."""

_LEAST_RAMP = Fraction(1, 8)
"""Seconds of a pause in which the gain may move from one utterance to the next."""


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
class Flat:
    """A stretch of one gain.

    Attributes:
        first: Its first frame, of record time.
        last: Its last frame, from which a ramp goes on.
        gain_db: The gain.
        is_under: Whether somebody speaks, so that nothing but the anchor decides it.
    """

    first: int
    last: int
    gain_db: float
    is_under: bool = False

    @property
    def middle(self) -> int:
        """A frame in its middle."""
        return (self.first + self.last) // 2


@dataclass(frozen=True, slots=True)
class Line:
    """The gain of a piece: flats in order, ramps straight in decibels between them.

    Attributes:
        flats: At least one; the first holds before it, the last after it.
        rate: Frames a second.
        out_of_reach: How many utterances the music is too soft or too loud for.
    """

    flats: tuple[Flat, ...]
    rate: Fraction
    out_of_reach: int = 0

    def raised(self, between_db: float, all_db: float = 0.0) -> Line:
        """The same with more gain.

        Args:
            between_db: Where nobody speaks.
            all_db: Everywhere.
        """
        if not between_db and not all_db:
            return self
        flats = (
            replace(flat, gain_db=_held(flat.gain_db + all_db + (0.0 if flat.is_under else between_db)))
            for flat in self.flats
        )
        return replace(self, flats=tuple(flats))

    def on(self, clip: Clip) -> Mix:
        """The mix of one of the piece's clips: gain, or key frames where that changes within it."""
        corners = [(frame, flat.gain_db) for flat in self.flats for frame in (flat.first, flat.last)]
        head, tail = clip.start * self.rate, clip.end * self.rate
        inside = [(Fraction(frame), gain_db) for frame, gain_db in corners if head < frame < tail]
        points = [(head, self.at(head)), *inside, (tail, self.at(tail))]
        if len({round(gain_db, 3) for _, gain_db in points}) == 1:
            return replace(clip.mix, gain_db=points[0][1], keys=())
        kept = [
            point
            for before, point, after in zip([None, *points[:-1]], points, [*points[1:], None], strict=True)
            if not (before and before[1] == point[1] and (after is None or after[1] == point[1]))
            and not (before is None and after and after[1] == point[1])
        ]
        keys = (GainKey((frame - head) / self.rate, round(gain_db, 3)) for frame, gain_db in kept)
        return replace(clip.mix, gain_db=0.0, keys=tuple(keys))

    def at(self, frame: Fraction) -> float:
        """The gain at a moment, counted in frames of record time."""
        flats = self.flats
        index = bisect_right(flats, frame, key=lambda flat: Fraction(flat.first)) - 1
        if index < 0:
            return flats[0].gain_db
        flat = flats[index]
        if frame <= flat.last or index + 1 == len(flats):
            return flat.gain_db
        following = flats[index + 1]
        share = float((frame - flat.last) / (following.first - flat.last))
        return flat.gain_db + share * (following.gain_db - flat.gain_db)


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
    """Stretches of speech; what is nearer together than a ramp of gain is one."""
    found: list[Utterance] = []
    for start, end in sorted(spoken):
        if end <= start:
            continue
        if found and start - found[-1].end < _LEAST_RAMP:
            found[-1] = Utterance(found[-1].start, max(found[-1].end, end))
        else:
            found.append(Utterance(start, end))
    return tuple(found)


def line_of(
    piece: Sequence[Played],
    said: Sequence[Utterance],
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
        said: What is spoken in the film.
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
    down, missed = _under(piece, said, anchor_lufs - preset.under_speech_lu, parts, preset, rate, origin)
    return Line(tuple(_joined(parts, down, rate)), rate, missed)


def _held(gain_db: float) -> float:
    return round(min(max(gain_db, LEAST_GAIN_DB), MOST_GAIN_DB), 2)


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
        runs.append(Flat(first, end, _held(gain_db)))
        for start, section_lufs in _sections_in(played):
            at = min(max(nearest_frame(start, rate), first), end)
            off = section_lufs - loudness
            wanted = min(max(off, -preset.sections_lu), preset.sections_lu) - off
            change = min(max(wanted, -preset.lift_db), preset.lift_db) if math.isfinite(off) else 0.0
            runs[-1] = replace(runs[-1], last=at)
            runs.append(Flat(at, end, _held(gain_db + (change if abs(change) >= _LEAST_PART_DB else 0.0))))
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
    said: Sequence[Utterance],
    wanted_lufs: float,
    parts: Sequence[Flat],
    preset: Preset,
    rate: Fraction,
    origin: RecordTime,
) -> tuple[list[_Down], int]:
    """Where music is held down, and under how many utterances it cannot be as far below as it should."""
    within = [each for each in said if each.start < piece[-1].clip.end and each.end > piece[0].clip.start]
    groups: list[list[Utterance]] = []
    for each in within:
        if groups and (each.start - groups[-1][-1].end) * 1000 < Fraction(preset.least_pause_ms):
            groups[-1].append(each)
        else:
            groups.append([each])
    found, missed = [], 0
    for group in groups:
        wishes = []
        group = [part for each in group for part in _ridden(piece, each, origin)]
        for each in group:
            heard_lufs = _loudness_in(piece, each, origin)
            up_db = _part_at(parts, nearest_frame(each.start, rate)).gain_db
            gain_db = up_db if heard_lufs == -math.inf else wanted_lufs - heard_lufs
            held = _held(min(gain_db, up_db + preset.lift_db))
            missed += abs(held - gain_db) > _NEAR_LU
            wishes.append(held)
        found.append(_held_down(group, wishes, preset, rate))
    return found, missed


def _ridden(piece: Sequence[Played], each: Utterance, origin: RecordTime) -> list[Utterance]:
    """An utterance, parted where the music under it swells or ebbs: one gain would cover half of it."""
    if each.end - each.start < 2 * _LEAST_RIDDEN:
        return [each]
    middle = RecordTime((each.start + each.end) / 2)
    halves = (Utterance(each.start, middle), Utterance(middle, each.end))
    whole = _loudness_in(piece, each, origin)
    if max(abs(_loudness_in(piece, half, origin) - whole) for half in halves) <= _RIDDEN_LU:
        return [each]
    return [part for half in halves for part in _ridden(piece, half, origin)]


def _loudness_in(piece: Sequence[Played], each: Utterance, origin: RecordTime) -> float:
    """How loud a piece is under an utterance."""
    start, end = each.start - origin, each.end - origin
    steps: list[float] = []
    for played in piece:
        clip = played.clip
        if clip.start < each.end and clip.end > each.start:
            first, last = max(start, clip.start - origin), min(end, clip.end - origin)
            steps += played.sound.between(float(first), float(last))
    if not steps:
        return -math.inf
    found = integrated(steps)
    return found if found > -math.inf else lufs(sum(steps) / len(steps))


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
        within = Fraction(0) if pause else _RIDDEN_RAMP / 2  # music that swells under one utterance
        leaves = touched_frames(before[-1].end + min(hold, pause / 4) - within, rate)
        arrives = whole_frames(after[0].start - min(ahead, pause / 4) + within, rate)
        edges += [leaves, max(arrives, leaves + 1)]
    edges.append(touched_frames(last, rate))
    flats = (
        Flat(edges[2 * number], max(edges[2 * number], edges[2 * number + 1]), _held((low + high) / 2), True)
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
    for number, held in enumerate([*down, None]):
        until = parts[-1].last if held is None else held.falls
        floor_db = -math.inf
        if held is not None and number:  # softer passages that are raised under words are not dropped between
            floor_db = min(down[number - 1].flats[-1].gain_db, held.flats[0].gain_db)
        if until >= up_from:
            found += _raised_to(_between(parts, up_from, until, rate), floor_db)
        if held is not None:
            found += held.flats
            up_from = held.rises
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
