"""A way through a piece of music → the parts of its file and the joins between them, on whole frames."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from avm_otio.mix.fitted import Bar, Ending, Fitted, Join, Piece
from avm_otio.mix.heard import Heard
from avm_otio.mix.joins import Grid
from avm_otio.mix.paths import Way
from avm_otio.timeline.model import CUT_FADE_US, MUSIC_FADE_US
from avm_otio.timeline.time import MICROSECONDS, FrameSpan, RecordTime, from_micros, to_micros

_LONGEST_JOIN, _SHORTEST_JOIN = Fraction(1, 4), Fraction(2, 25)
"""Crossfade of two bars: of two sounds that have nothing in common a linear one of a quarter of a second
takes less than 1 dB off the momentary loudness (400 ms). It may be longer by what they have in common: over
it a third of the power is lost of all that they have not."""
_MOST_ALIKE = 0.75
"""Of what is alike to more than that, a crossfade of a second is long enough."""
_SOFT_JOIN = Fraction(2)
"""Crossfade of a piece without a beat: slow enough to be no event, in a valley where a dip is a breath."""
_SOFT_LEAD_IN_US = 1_500_000
_GIVE = Fraction(15, 1000)
"""Seconds that a join may be off the beat, so that no editor that counts frames is off by nearly a frame."""
_NO_FADE = Fraction(5, 1000)


@dataclass(frozen=True, slots=True)
class Phase:
    """How the two sides of a join fit.

    Attributes:
        offset_us: How much later in its file what is gone on with should begin, so that both are in phase.
        correlation: How alike both are then, -1 to 1; ``None`` where nobody listened.
    """

    offset_us: int = 0
    correlation: float | None = None


@dataclass(frozen=True, slots=True)
class Cutter:
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
            return made.noted("it has no ending of its own, and is faded")
        if ending is Ending.FADE:
            return made.noted("the picture is shorter than its ending: it is faded")
        return made

    def of_runs(
        self,
        runs: Sequence[tuple[int, int]],
        qualities: Sequence[float],
        ending: Ending,
        seam: tuple[int, int] | None = None,
        *,
        lead_in_us: int = 0,
        phases: Sequence[Phase] = (),
    ) -> Fitted:
        """Parts and joins of runs through the file.

        Args:
            runs: From and to in the file, microseconds; what the last one exceeds the stretch by is cut.
            qualities: What each join costs.
            ending: How it ends.
            seam: The places that every join enters and leaves, where they are all one.
            lead_in_us: How much of the beginning only leads to the first place.
            phases: How the sides of each join fit, where somebody listened.
        """
        rate, span = self.rate, self.span
        phases = phases or (Phase(),) * (len(runs) - 1)
        shifts, gives = self._shifts(runs, ending, phases)
        cuts = self._cuts(runs, shifts)
        pieces = [
            Piece(
                RecordTime((span.start + first) / rate),
                RecordTime((span.start + last) / rate),
                shift + first / rate,
            )
            for shift, (first, last) in zip(shifts, pairwise(cuts), strict=True)
        ]
        left = from_micros(self.heard.length_us) - pieces[-1].media_in
        if pieces[-1].media_out - pieces[-1].media_in > left:  # it plays out within its last frame
            pieces[-1] = replace(pieces[-1], end=RecordTime(pieces[-1].start + left))
        joins = []
        for index, ((_, leaves), (enters, _)) in enumerate(pairwise(runs)):
            correlation = phases[index].correlation
            before, after = self._crossfade(pieces[index], pieces[index + 1], qualities[index], correlation)
            if not before + after:  # there is nothing to fade with: no click, at least
                pieces[index] = replace(pieces[index], fade_out_us=to_micros(_NO_FADE))
                pieces[index + 1] = replace(pieces[index + 1], fade_in_us=to_micros(_NO_FADE))
            jump = shifts[index + 1] - shifts[index]
            rounded = round(shifts[index + 1] * rate) - round(shifts[index] * rate)
            off = rounded / rate - (jump - gives[index]) if self._has_beat else Fraction(0)
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
                    correlation=None if correlation is None else round(correlation, 3),
                )
            )
        pieces[0] = replace(pieces[0], fade_in_us=self._fade_in_us(pieces[0], lead_in_us))
        pieces[-1] = replace(pieces[-1], fade_out_us=self._fade_out_us(pieces[-1], ending))
        sounds = from_micros(max(1, self.heard.ends_us - self.heard.begins_us))
        made = Fitted(
            span, rate, tuple(pieces), tuple(joins), ending=ending, times=span.duration / rate / sounds
        )
        return described(made, self.grid)

    def _steps(
        self, runs: Sequence[tuple[int, int]], phases: Sequence[Phase] = ()
    ) -> tuple[list[Fraction], list[Fraction]]:
        """How far each run jumps ahead of the first one, and how far each join gives way for that.

        An editor that counts frames rounds each run by itself. As long as what is rounded stays within half
        a frame, a join is off by no more than its distance is from whole frames; where it would not, the
        join gives way.
        """
        rate = self.rate
        sums, gives = [Fraction(0)], []
        off = Fraction(0)
        for index, ((_, leaves), (enters, _)) in enumerate(pairwise(runs)):
            step = from_micros(enters - leaves)
            give = from_micros(phases[index].offset_us) if phases else Fraction(0)
            if self._has_beat:
                off += (step + give) * rate - round(step * rate)
                over = abs(off) - Fraction(49, 100)
                if 0 < over <= _GIVE * rate:
                    back = -over / rate if off > 0 else over / rate
                    give, off = give + back, off + back * rate
                off -= round(off)
            gives.append(give)
            sums.append(sums[-1] + step + give)
        return sums, gives

    def _shifts(
        self, runs: Sequence[tuple[int, int]], ending: Ending, phases: Sequence[Phase]
    ) -> tuple[list[Fraction], list[Fraction]]:
        """Media time less record time of each run, from the stretch's head; and how far each join gives way.

        The whole is moved by up to half a frame, so that as many runs as can be begin on whole frames of
        the media.
        """
        rate = self.rate
        sums, gives = self._steps(runs, phases)
        length = from_micros(self.heard.length_us)
        whole = self.span.duration / rate
        first = from_micros(runs[0][0])
        if ending is Ending.OWN:
            first = from_micros(self.heard.ends_us) - whole - sums[-1]
        first = max(Fraction(0), min(first, length - whole - sums[-1]))
        moved = round(first * rate) / rate
        is_own = ending is Ending.OWN
        starts = [
            start
            for start in (moved + frames / rate for frames in (0, -1, 1, -2, 2, -3, 3))
            if (is_own or abs(start - first) * rate < 1) and start >= 0 and start + sums[-1] + whole <= length
        ]
        found = [self._shifted(runs, [start + each for each in sums], gives) for start in starts or [first]]
        if not is_own:
            return found[0]

        def missed(shifts: Sequence[Fraction]) -> Fraction:
            """By how many frames its own ending misses that of the picture."""
            return abs(shifts[-1] + whole - from_micros(self.heard.ends_us)) * rate

        return next(
            (each for each in found if missed(each[0]) <= 1), min(found, key=lambda each: missed(each[0]))
        )

    def _shifted(
        self, runs: Sequence[tuple[int, int]], shifts: Sequence[Fraction], gives: Sequence[Fraction]
    ) -> tuple[list[Fraction], list[Fraction]]:
        """The same, later from a join on at which no frame lies between the end of the file and its head."""
        rate, shifts, gives = self.rate, list(shifts), list(gives)
        length = from_micros(self.heard.length_us)
        for index, ((_, leaves), _) in enumerate(pairwise(runs)):
            exact = (from_micros(leaves) - shifts[index]) * rate
            missing = -(shifts[index + 1] + exact // 1 / rate)
            if missing > 0 and -(-exact // 1) / rate + shifts[index] > length:
                # The whole file again: one frame is earlier.
                shifts[index + 1 :] = [shift + missing for shift in shifts[index + 1 :]]
                gives[index] += missing
        return shifts, gives

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

    def _crossfade(
        self, out: Piece, into: Piece, quality: float, correlation: float | None
    ) -> tuple[Fraction, Fraction]:
        """How long before and after the cut it is, within what the media hold."""
        rate = self.rate
        if self._has_beat:
            clear = Fraction(min(1.0, max(0.0, quality))).limit_denominator(100)
            length = _LONGEST_JOIN - clear * (_LONGEST_JOIN - _SHORTEST_JOIN)
            if correlation is not None:
                alike = Fraction(min(_MOST_ALIKE, max(0.0, correlation))).limit_denominator(100)
                length = length / (1 - alike) if correlation > 0 else _SHORTEST_JOIN
            whole = max(2, round(length * rate))
            after = Fraction(max(1, round(rate / 25)))
            before = max(Fraction(1), whole - after)
        else:
            before = after = Fraction(max(1, round(_SOFT_JOIN * rate / 2)))
        left = from_micros(self.heard.length_us) - out.media_out
        before = min(before / rate, into.media_in, (out.end - out.start) / 2)
        after = min(after / rate, left, (into.end - into.start) / 2)
        return max(Fraction(0), before), max(Fraction(0), after)

    @property
    def _has_beat(self) -> bool:
        return self.grid is not None and self.grid.has_beat

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


def described(fitted: Fitted, grid: Grid | None) -> Fitted:
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
