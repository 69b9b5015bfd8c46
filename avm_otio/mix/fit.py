"""Music to the picture: one piece cut to a stretch of the timeline, as a person would cut it.

A longer piece is shortened, a shorter one repeated, at places that sound alike (``joins``), by the cheapest
way that takes the time (``paths``). The audio is never stretched. Cuts lie on whole frames of the timeline;
what keeps the beat is that the file jumps by exactly the distance of two places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from fractions import Fraction

from avm_otio.mix.cutting import Cutter, Phase, described
from avm_otio.mix.fitted import Ending, Fitted, Piece, seconds_words
from avm_otio.mix.heard import Heard
from avm_otio.mix.joins import Grid, grid_of, joins_of
from avm_otio.mix.paths import Reward, cheapest
from avm_otio.timeline.model import MUSIC_FADE_US
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

_SHORTEST_LOOP_US = 1_000_000
_ROUNDS = 4
"""How often a way is looked for anew where its joins give way by more than half a frame in all."""
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
        return sting.noted(f"it lasts {seconds_words(sounds)}, too short to be repeated: it is heard once")
    if grid is None:
        once = _played(heard, span, rate, heard.begins_us)
        return once.noted("nothing is known of its bars: it is heard once, as it is")
    frame_us = -(-MICROSECONDS * rate.denominator // rate.numerator)
    reward = _reward(cuts, span, rate, grid.bar_us) if cuts else None
    if grid.has_ending and to_micros(wanted) < grid.ends_us - grid.rings_us + grid.bar_us // 2:
        grid = replace(grid, has_ending=False)  # nothing would be heard but how it rings out
    joins, builder = joins_of(grid, rate), Cutter(heard, grid, span, rate)
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
        return fitted.noted("it has no two places that could be joined: it is repeated as a whole")
    if fitted.joins and not grid.has_beat:
        return fitted.noted("no beat holds throughout it: it is joined where it is softest and most alike")
    return fitted


def aligned(fitted: Fitted, heard: Heard, phases: Mapping[tuple[int, int], Phase]) -> Fitted:
    """The same with its joins in phase, and crossfades as long as the level holds.

    Args:
        fitted: What ``fit`` made.
        heard: Of the same piece.
        phases: By the places that a join leaves and enters (microseconds of the file), what
            ``media.align`` found there.
    """
    if not fitted.joins:
        return fitted
    grid = grid_of(heard)
    enters = [to_micros(fitted.pieces[0].media_in), *(join.enters_us for join in fitted.joins)]
    leaves = [join.leaves_us for join in fitted.joins]
    taken = sum(end - start for start, end in zip(enters, leaves, strict=False))
    last = enters[-1] + to_micros(fitted.span.duration / fitted.rate) - taken
    made = Cutter(heard, grid, fitted.span, fitted.rate).of_runs(
        list(zip(enters, [*leaves, last], strict=True)),
        [1 / join.score - 1 for join in fitted.joins],
        fitted.ending,
        lead_in_us=fitted.pieces[0].fade_in_us,
        phases=[phases.get((join.leaves_us, join.enters_us), Phase()) for join in fitted.joins],
    )
    joins = (
        replace(new, bars=old.bars, score=old.score)
        for new, old in zip(made.joins, fitted.joins, strict=True)
    )
    return replace(made, joins=tuple(joins), notes=fitted.notes)


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
    return described(Fitted(span, rate, (piece,), ending=ending, times=times), grid_of(heard))


def _full(heard: Heard, span: FrameSpan, rate: Fraction) -> Fitted:
    """The whole piece once."""
    fitted = _played(heard, span, rate, heard.begins_us)
    left = fitted.span.end / rate - fitted.pieces[-1].end
    if fitted.ending is Ending.EARLY and left * rate >= 1:
        return fitted.noted(f"it is over {seconds_words(left)} before the picture is")
    if fitted.ending is Ending.FADE:
        over = from_micros(heard.ends_us) - fitted.pieces[-1].media_out
        if over > 0:
            return fitted.noted(f"it is {seconds_words(over)} longer than the picture, and faded there")
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
    if last - first < _SHORTEST_LOOP_US:
        return _played(heard, span, rate, heard.begins_us).noted("it is too short to be repeated")
    builder = Cutter(heard, grid, span, rate)
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
