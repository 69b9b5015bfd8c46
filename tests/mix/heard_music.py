"""Pieces of music as they would be heard, with bars that are known."""

from __future__ import annotations

import math
from itertools import accumulate, pairwise

from avm_otio.mix.fitted import Fitted
from avm_otio.mix.heard import STEP_US, Curve, Heard, Music, Rhythm, Section
from avm_otio.timeline.time import from_micros

FORM = "ABABCB"


def _alike(label: str, bar: int) -> tuple[float, ...]:
    """What a bar of a section sounds like: each of four in a section is another one."""
    vector = [0.2] * 12
    vector["ABC".index(label) * 4 + bar % 4] = 1.0
    length = math.sqrt(sum(part * part for part in vector))
    return tuple(part / length for part in vector)


def piece(
    seconds: float,
    *,
    bpm: float = 120,
    beats: int = 4,
    drift: float = 0.0,
    has_beat: bool = True,
    is_cut_off: bool = False,
    head_s: float = 0.0,
    tail_s: float = 2.0,
    rest_s: float = 0.1,
    phrase: int = 8,
) -> Heard:
    """A piece in bars.

    Args:
        seconds: How long its file is.
        bpm: Its tempo.
        beats: Beats in a bar.
        drift: How much faster each bar is than the one before, as a part.
        has_beat: Whether there is one; else it can be joined every half second.
        is_cut_off: Whether it has no ending.
        head_s: Silence before it.
        tail_s: How long it rings out.
        rest_s: Silence after it.
        phrase: Bars of a section.
    """
    length_us = round(seconds * 1e6)
    begins_us, ends_us = round(head_s * 1e6), length_us - round(rest_s * 1e6)
    step_us = 60e6 / bpm * beats if has_beat else 500_000.0
    steps = [step_us * (1 - drift) ** bar for bar in range(int((ends_us - begins_us) / step_us * 2) + 1)]
    edges = [round(at) for at in accumulate(steps, initial=begins_us) if at + step_us / 4 < ends_us]
    labels = [FORM[bar // phrase % len(FORM)] for bar in range(len(edges))]
    heads = range(0, len(edges), phrase)
    sections = tuple(
        Section(edges[bar], edges[bar + phrase] if bar + phrase < len(edges) else ends_us, labels[bar], -18.0)
        for bar in heads
    )
    ends = [*edges[1:], ends_us]
    beats_us = tuple(
        round(start + (end - start) * beat / beats)
        for start, end in zip(edges, ends, strict=True)
        for beat in range(beats)
    )
    rhythm = Rhythm(bpm, beats_us, beats, tuple(range(0, len(beats_us), beats)), 0.9) if has_beat else None
    likeness = tuple(_alike(label, bar % phrase) for bar, label in enumerate(labels))
    power = tuple(
        0.01 if begins_us <= step * STEP_US < ends_us else 0.0 for step in range(-(-length_us // STEP_US))
    )
    return Heard(
        length_us=length_us,
        curve=Curve(power, tuple(math.sqrt(each) for each in power)),
        begins_us=begins_us,
        ends_us=ends_us,
        is_cut_off=is_cut_off,
        attack_us=begins_us,
        peak_us=begins_us,
        tail_us=ends_us - round(tail_s * 1e6),
        music=Music(rhythm, sections, tuple(edges), likeness),
    )


def silence(seconds: float = 10) -> Heard:
    """A file in which nothing is heard."""
    length_us = round(seconds * 1e6)
    still = (0.0,) * (length_us // STEP_US)
    return Heard(length_us, Curve(still, still), 0, 0, False, 0, 0, 0, music=Music(None, (), (), ()))


def assert_whole(music: Fitted, heard: Heard) -> None:
    """It covers its stretch without a hole, on whole frames, within its file, with what crossfades need."""
    span, rate = music.span, music.rate
    assert music.covered == span
    assert music.pieces[0].start == span.start / rate
    assert music.pieces[-1].end == span.end / rate
    for before, after in pairwise(music.pieces):
        assert before.end == after.start
    assert len(music.joins) == len(music.pieces) - 1
    length = from_micros(heard.length_us)
    for each in music.pieces:
        assert each.start < each.end
        assert (each.start * rate).denominator == 1
        assert 0 <= each.media_in < each.media_out <= length
    for join, (out, into) in zip(music.joins, pairwise(music.pieces), strict=True):
        assert join.at == out.end
        assert out.media_out + join.after <= length
        assert into.media_in - join.before >= 0
        assert join.before <= out.end - out.start
        assert join.after <= into.end - into.start
