"""Music to the picture: one piece cut to a stretch of the timeline, as a person would cut it.

A longer piece is shortened, a shorter one repeated, at places that sound alike (``joins``), by the cheapest
way that takes the time (``paths``). The audio is never stretched. Cuts lie on whole frames of the timeline;
what keeps the beat is that the file jumps by exactly the distance of two places.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise

from avm_otio.mix.fitted import Bar, Ending, Fitted, Join, Piece, seconds_words
from avm_otio.mix.heard import Heard
from avm_otio.mix.joins import Grid, grid_of, joins_of
from avm_otio.mix.paths import Reward, Way, cheapest
from avm_otio.timeline.model import CUT_FADE_US, MUSIC_FADE_US
from avm_otio.timeline.time import MICROSECONDS, FrameSpan, RecordTime, from_micros, to_micros


class MusicLength(StrEnum):
    """What becomes of a piece that is not as long as the picture."""

    PICTURE = "picture"
    """Cut to the exact length, with its own ending at the end."""
    FULL = "full"
    """The whole piece once, from its first sound."""
    LOOP = "loop"
    """The whole piece again and again, on its bars, faded at the end."""
    AS_IS = "as-is"
    """From its first sample, cut with a fade."""


STING = Fraction(3)
"""Seconds: what is shorter is a sting, and never repeated under ``picture``."""

_LONGEST_JOIN, _SHORTEST_JOIN = Fraction(1, 4), Fraction(2, 25)
"""Crossfade of two bars: of two sounds that have nothing in common a linear one of a quarter of a second
takes less than 1 dB off the momentary loudness (400 ms)."""
_SOFT_JOIN = Fraction(2)
"""Crossfade of a piece without a beat: slow enough to be no event, in a valley where a dip is a breath."""
_SOFT_LEAD_IN_US = 1_500_000
_GIVE = Fraction(15, 1000)
"""Seconds that a join may be off the beat, so that no editor that counts frames is off by nearly a frame."""
_ROUNDS = 4
"""How often a way is looked for anew where its joins give way by more than half a frame in all."""
_NO_FADE = Fraction(5, 1000)
_NEAR_CUT, _ON_CUT, _ON_CUT_US = 0.5, 1.0, 80_000
"""What it is worth that a section begins within a bar of a cut, and as much more on it, to two frames: as
much as a join costs."""
_REWARD_US = 10_000
_FEW_CUTS = 4
"""Bars from one cut to the next on average: where there are more, each is worth less."""


def fit(
    heard: Heard,
    span: FrameSpan,
    rate: Fraction,
    length: MusicLength = MusicLength.PICTURE,
    *,
    cuts: Sequence[RecordTime] = (),
) -> Fitted:
    """Fit a piece of music to a stretch of the timeline.

    Args:
        heard: What was heard in it, its music among that.
        span: The stretch, frames of the record; at least one.
        rate: Frames a second of the record.
        length: What becomes of a piece that is not as long.
        cuts: Strong cuts of the picture: sections of the piece are laid to begin there.
    """
    if heard.ends_us <= heard.begins_us or not any(heard.curve.power):
        return Fitted(span, rate, notes=("it is silent, and not laid",))
    if length is MusicLength.AS_IS:
        return _played(heard, span, rate, 0)
    if length is MusicLength.FULL:
        return _full(heard, span, rate)
    grid = grid_of(heard)
    sounds = from_micros(heard.ends_us - heard.begins_us)
    wanted = span.duration / rate
    if length is MusicLength.LOOP:
        return _repeated(heard, grid, span, rate)
    if sounds < STING:
        sting = _played(heard, span, rate, heard.begins_us)
        if sounds >= wanted:
            return sting
        return _noted(sting, f"it lasts {seconds_words(sounds)}, too short to be repeated: it is heard once")
    if grid is None:
        once = _played(heard, span, rate, heard.begins_us)
        return _noted(once, "nothing is known of its bars: it is heard once, as it is")
    frame_us = -(-MICROSECONDS * rate.denominator // rate.numerator)
    reward = _reward(cuts, span, rate, grid.bar_us) if cuts else None
    if grid.has_ending and to_micros(wanted) < grid.ends_us - grid.rings_us + grid.bar_us // 2:
        grid = replace(grid, has_ending=False)  # nothing would be heard but how it rings out
    joins, builder = joins_of(grid, rate), _Builder(heard, grid, span, rate)
    given = Fraction(0)
    fitted: Fitted | None = None
    for _ in range(_ROUNDS):
        way = cheapest(grid, joins, to_micros(wanted + given), frame_us, reward)
        if way is None:
            break
        runs = builder.runs(way)
        fitted = builder.fitted(way, runs)
        before, given = given, builder.given(runs)
        if abs(given - before) * rate < Fraction(1, 2):
            break
    if fitted is None:
        fitted = _repeated(heard, grid, span, rate)
        return _noted(fitted, "it has no two places that could be joined: it is repeated as a whole")
    return fitted


def _noted(fitted: Fitted, note: str) -> Fitted:
    return replace(fitted, notes=(*fitted.notes, note))


def _played(heard: Heard, span: FrameSpan, rate: Fraction, from_us: int) -> Fitted:
    """A piece played once from a moment on, cut with a fade where the stretch is over before."""
    start, end = RecordTime(span.start / rate), RecordTime(span.end / rate)
    natural = from_micros(heard.length_us - from_us)
    over = RecordTime(min(end, start + natural))
    is_cut = over == end and natural > end - start
    fade_us = min(MUSIC_FADE_US, to_micros((over - start) / 2)) if is_cut else 0
    piece = Piece(start, over, from_micros(from_us), fade_out_us=fade_us)
    ending = Ending.FADE if is_cut else Ending.OWN if over == end else Ending.EARLY
    times = (over - start) / from_micros(heard.length_us)
    return _described(Fitted(span, rate, (piece,), ending=ending, times=times), grid_of(heard))


def _full(heard: Heard, span: FrameSpan, rate: Fraction) -> Fitted:
    """The whole piece once."""
    fitted = _played(heard, span, rate, heard.begins_us)
    left = fitted.span.end / rate - fitted.pieces[-1].end
    if fitted.ending is Ending.EARLY and left * rate >= 1:
        return _noted(fitted, f"it is over {seconds_words(left)} before the picture is")
    if fitted.ending is Ending.FADE:
        over = from_micros(heard.ends_us) - fitted.pieces[-1].media_out
        if over > 0:
            return _noted(fitted, f"it is {seconds_words(over)} longer than the picture, and faded there")
    return fitted


def _repeated(heard: Heard, grid: Grid | None, span: FrameSpan, rate: Fraction) -> Fitted:
    """The whole piece again and again: from its last bar line to its first, or from its end to its head."""
    first, last = heard.begins_us, heard.ends_us
    enters = leaves = 0
    if grid is not None and grid.has_beat and grid.count > 1:
        enters = 0 if grid.bars[0] else 1
        beyond = grid.edges_us[-2] + grid.bar_us  # where the bar after the last would begin
        leaves = grid.count
        first, last = grid.edges_us[enters], min(beyond, grid.ends_us)
        if last - grid.edges_us[-2] < grid.bar_us * 9 // 10:  # it breaks off within its last bar
            leaves, last = grid.count - 1, grid.edges_us[-2]
    if last - first <= 0:
        return _played(heard, span, rate, heard.begins_us)
    builder = _Builder(heard, grid, span, rate)
    wanted_us, frame_us = to_micros(span.duration / rate), to_micros(1 / rate)
    runs = [(heard.begins_us, last)]
    taken = last - heard.begins_us
    while taken + frame_us < wanted_us:
        runs.append((first, last))
        taken += last - first
    quality = 0.0 if grid is not None and grid.has_beat else 1.0
    return builder.of_runs(runs, (quality,) * (len(runs) - 1), Ending.FADE, (enters, leaves))


def _reward(cuts: Sequence[RecordTime], span: FrameSpan, rate: Fraction, bar_us: int) -> Reward | None:
    """What it is worth that a section begins so long before the end: the more, the nearer to a cut."""
    import numpy as np

    end = span.end / rate
    before = sorted(to_micros(end - cut) for cut in cuts if span.start / rate < cut < end)
    if not before:
        return None
    places = np.array(before, dtype=np.int64)
    length_us = to_micros(span.duration / rate)
    left = np.arange(0, length_us + _REWARD_US, _REWARD_US)
    index = np.searchsorted(places, left)
    after = np.abs(places[np.minimum(index, len(places) - 1)] - left)
    until = np.abs(places[np.maximum(index - 1, 0)] - left)
    off = np.minimum(after, until)
    near = _NEAR_CUT * np.maximum(0.0, 1 - off / bar_us)
    sparse = min(1.0, length_us / (len(before) * _FEW_CUTS * bar_us))
    return _REWARD_US, (near + _ON_CUT * (off <= _ON_CUT_US)) * sparse


@dataclass(frozen=True, slots=True)
class _Builder:
    """Makes parts and joins of a way.

    Attributes:
        heard: The piece.
        grid: Its places.
        span: The stretch.
        rate: Frames a second.
    """

    heard: Heard
    grid: Grid | None
    span: FrameSpan
    rate: Fraction

    def runs(self, way: Way) -> list[tuple[int, int]]:
        """From and to in the file of each run of a way."""
        assert self.grid is not None  # the way leads through it
        edges = self.grid.edges_us
        runs: list[tuple[int, int]] = []
        at = way.start_us
        for leaves, enters, _ in way.joins:
            runs.append((at, edges[leaves]))
            at = edges[enters]
        taken = sum(end - start for start, end in runs)
        return [*runs, (at, at + to_micros(self.span.duration / self.rate) - taken)]

    def given(self, runs: Sequence[tuple[int, int]]) -> Fraction:
        """By how many seconds all joins together are off, so that none is off by much."""
        return sum(self._steps(runs)[1], Fraction(0))

    def fitted(self, way: Way, runs: Sequence[tuple[int, int]]) -> Fitted:
        """A way as it lies."""
        assert self.grid is not None
        ending = Ending.OWN if self.grid.has_ending else Ending.FADE
        qualities = tuple(quality for _, _, quality in way.joins)
        made = self.of_runs(runs, qualities, ending, lead_in_us=way.lead_in_us)
        if self.heard.is_cut_off:
            return _noted(made, "it has no ending of its own, and is faded")
        if ending is Ending.FADE:
            return _noted(made, "the picture is shorter than its ending: it is faded")
        return made

    def of_runs(
        self,
        runs: Sequence[tuple[int, int]],
        qualities: Sequence[float],
        ending: Ending,
        seam: tuple[int, int] | None = None,
        *,
        lead_in_us: int = 0,
    ) -> Fitted:
        """Parts and joins of runs through the file.

        Args:
            runs: From and to in the file, microseconds; what the last one exceeds the stretch by is cut.
            qualities: What each join costs.
            ending: How it ends.
            seam: The places that every join enters and leaves, where they are all one.
            lead_in_us: How much of the beginning only leads to the first place.
        """
        rate, span = self.rate, self.span
        shifts, gives = self._shifts(runs, ending)
        cuts = self._cuts(runs, shifts)
        pieces = [
            Piece(
                RecordTime((span.start + first) / rate),
                RecordTime((span.start + last) / rate),
                shift + first / rate,
            )
            for shift, (first, last) in zip(shifts, pairwise(cuts), strict=True)
        ]
        joins = []
        for index, ((_, leaves), (enters, _)) in enumerate(pairwise(runs)):
            before, after = self._crossfade(pieces[index], pieces[index + 1], qualities[index])
            if not before + after:  # there is nothing to fade with: no click, at least
                pieces[index] = replace(pieces[index], fade_out_us=to_micros(_NO_FADE))
                pieces[index + 1] = replace(pieces[index + 1], fade_in_us=to_micros(_NO_FADE))
            jump = shifts[index + 1] - shifts[index]
            rounded = round(shifts[index + 1] * rate) - round(shifts[index] * rate)
            has_beat = self.grid is not None and self.grid.has_beat
            off = rounded / rate - (jump - gives[index]) if has_beat else Fraction(0)
            joins.append(
                Join(
                    at=pieces[index].end,
                    leaves_us=leaves,
                    enters_us=enters,
                    bars=self._bars(leaves, enters, seam),
                    before=before,
                    after=after,
                    score=round(1 / (1 + qualities[index]), 3),
                    off_beat_ms=round(float(gives[index] * 1000), 2),
                    off_frames_ms=round(float(off * 1000), 2),
                )
            )
        pieces[0] = replace(pieces[0], fade_in_us=self._fade_in_us(pieces[0], lead_in_us))
        pieces[-1] = replace(pieces[-1], fade_out_us=self._fade_out_us(pieces[-1], ending))
        sounds = from_micros(max(1, self.heard.ends_us - self.heard.begins_us))
        made = Fitted(
            span, rate, tuple(pieces), tuple(joins), ending=ending, times=span.duration / rate / sounds
        )
        return _described(made, self.grid)

    def _steps(self, runs: Sequence[tuple[int, int]]) -> tuple[list[Fraction], list[Fraction]]:
        """How far each run jumps ahead of the first one, and how far each join gives way for that.

        An editor that counts frames rounds each run by itself. As long as what is rounded stays within half
        a frame, a join is off by no more than its distance is from whole frames; where it would not, the
        join gives way.
        """
        rate = self.rate
        has_beat = self.grid is not None and self.grid.has_beat
        sums, gives = [Fraction(0)], []
        off = Fraction(0)
        for (_, leaves), (enters, _) in pairwise(runs):
            step = from_micros(enters - leaves)
            give = Fraction(0)
            if has_beat:
                off += step * rate - round(step * rate)
                over = abs(off) - Fraction(49, 100)
                if 0 < over <= _GIVE * rate:
                    give = -over / rate if off > 0 else over / rate
                off += give * rate
                off -= round(off)
            gives.append(give)
            sums.append(sums[-1] + step + give)
        return sums, gives

    def _shifts(
        self, runs: Sequence[tuple[int, int]], ending: Ending
    ) -> tuple[list[Fraction], list[Fraction]]:
        """Media time less record time of each run, from the stretch's head; and how far each join gives way.

        The whole is moved by up to half a frame, so that as many runs as can be begin on whole frames of
        the media.
        """
        rate = self.rate
        sums, gives = self._steps(runs)
        length = from_micros(self.heard.length_us)
        whole = self.span.duration / rate
        first = from_micros(runs[0][0])
        if ending is Ending.OWN:
            first = from_micros(self.heard.ends_us) - whole - sums[-1]
        first = max(Fraction(0), min(first, length - whole - sums[-1]))
        moved = round(first * rate) / rate
        for start in (moved, moved - 1 / rate, moved + 1 / rate):
            if abs(start - first) * rate < 1 and start >= 0 and start + sums[-1] + whole <= length:
                first = start
                break
        return [first + each for each in sums], gives

    def _cuts(self, runs: Sequence[tuple[int, int]], shifts: Sequence[Fraction]) -> list[int]:
        """Frames of the stretch at which a run begins, and where the last one ends.

        A cut lies on the beat's frame or right before it, so that the new hit is heard whole.
        """
        cuts = [0]
        for index, ((_, leaves), _) in enumerate(pairwise(runs)):
            exact = (from_micros(leaves) - shifts[index]) * self.rate
            frame = exact // 1
            if shifts[index + 1] + frame / self.rate < 0:
                frame = -(-exact // 1)
            cuts.append(max(cuts[-1] + 1, int(frame)))
        cuts.append(self.span.duration)
        return cuts

    def _crossfade(self, out: Piece, into: Piece, quality: float) -> tuple[Fraction, Fraction]:
        """How long before and after the cut it is, within what the media hold."""
        rate = self.rate
        has_beat = self.grid is not None and self.grid.has_beat
        if has_beat:
            clear = Fraction(min(1.0, max(0.0, quality))).limit_denominator(100)
            whole = max(2, round((_LONGEST_JOIN - clear * (_LONGEST_JOIN - _SHORTEST_JOIN)) * rate))
            after = Fraction(max(1, round(rate / 25)))
            before = max(Fraction(1), whole - after)
        else:
            before = after = Fraction(max(1, round(_SOFT_JOIN * rate / 2)))
        left = from_micros(self.heard.length_us) - out.media_out
        before = min(before / rate, into.media_in, (out.end - out.start) / 2)
        after = min(after / rate, left, (into.end - into.start) / 2)
        return max(Fraction(0), before), max(Fraction(0), after)

    def _bars(self, leaves: int, enters: int, seam: tuple[int, int] | None) -> tuple[int, int] | None:
        grid = self.grid
        if grid is None or not grid.has_beat:
            return None
        numbers = dict(zip(grid.edges_us, (*grid.bars, grid.bars[-1] + 1), strict=True))
        if seam is not None:
            enters, leaves = (grid.edges_us[place] for place in seam)
        return numbers[leaves], numbers[enters]

    def _fade_in_us(self, first: Piece, lead_in_us: int) -> int:
        heard = self.heard
        if to_micros(first.media_in) <= heard.begins_us + CUT_FADE_US:
            return 0
        longest_us = to_micros((first.end - first.start) / 2)
        if self.grid is not None and not self.grid.has_beat:
            return min(_SOFT_LEAD_IN_US, longest_us)
        return min(max(CUT_FADE_US, lead_in_us), longest_us)

    def _fade_out_us(self, last: Piece, ending: Ending) -> int:
        longest_us = to_micros((last.end - last.start) / 2)
        if ending is Ending.FADE:
            return min(MUSIC_FADE_US, longest_us)
        plays_out = from_micros(self.heard.length_us) - last.media_out < from_micros(CUT_FADE_US)
        return 0 if plays_out else min(CUT_FADE_US, longest_us)


def _described(fitted: Fitted, grid: Grid | None) -> Fitted:
    """With the bars and sections that are heard."""
    if grid is None:
        return fitted
    bars: list[Bar] = []
    sections: list[tuple[RecordTime, RecordTime, str]] = []
    for piece in fitted.pieces:
        first_us, last_us = to_micros(piece.media_in), to_micros(piece.media_out)
        first = max(0, bisect_right(grid.edges_us, first_us) - 1)
        for place in range(first, min(bisect_left(grid.edges_us, last_us), grid.count)):
            begins_us, ends_us = grid.edges_us[place : place + 2]
            if (min(ends_us, last_us) - max(begins_us, first_us)) * fitted.rate < MICROSECONDS:
                continue  # less than a frame of it
            begins = RecordTime(max(piece.start, piece.record_of(begins_us)))
            ends = RecordTime(min(piece.end, piece.record_of(ends_us)))
            if grid.has_beat and grid.bars[place] and begins_us >= first_us:
                bars.append(Bar(begins, grid.bars[place], grid.labels[place]))
            if sections and sections[-1][2] == grid.labels[place] and place not in grid.starts:
                sections[-1] = (sections[-1][0], ends, sections[-1][2])
            else:
                sections.append((begins, ends, grid.labels[place]))
    return replace(fitted, bars=tuple(bars), sections=tuple(sections))
