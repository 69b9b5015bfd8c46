"""What a fitted plan sounds like: on the beat, without a click, at its level; bars are known by construction.

A click is measured so: the second difference of the samples (which is high-passed, so that a step stands out)
within 10 ms of a crossfade, each over the largest one that either part of the file has there within a
millisecond. A crossfade only mixes the two, so none passes 1 by much; a cut adds a step of its own. Bad joins
show that the measure catches them.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from avm_otio.media.align import phases_of
from avm_otio.mix.fit import MusicLength, aligned, fit
from avm_otio.mix.fitted import Fitted
from avm_otio.mix.heard import Heard
from avm_otio.timeline.time import FrameSpan
from tests.mix.heard_music import FORM, assert_whole, piece

HZ = 12_000
"""Enough for what is measured here, and quick."""

CLICK = 1.5
Samples = NDArray[Any]

CHORDS = {"A": (220.0, 277.2, 329.6), "B": (174.6, 220.0, 261.6), "C": (196.0, 246.9, 293.7)}


def played(heard: Heard, beats: int = 4) -> Samples:
    """A piece as ``heard_music.piece`` says: a chord a section, a tick on every beat, a ringing end."""
    assert heard.music is not None
    assert heard.music.rhythm is not None
    time = np.arange(round(heard.length_us / 1e6 * HZ)) / HZ
    sound = np.zeros(len(time))
    for section in heard.music.sections:
        inside = (time >= section.start_us / 1e6) & (time < section.end_us / 1e6)
        for tone in CHORDS[section.label]:
            sound[inside] += 0.08 * np.sin(2 * np.pi * tone * time[inside])
    tick = np.sin(2 * np.pi * 3000 * np.arange(HZ // 50) / HZ) * np.exp(-np.arange(HZ // 50) / (HZ / 400))
    for number, at in enumerate(heard.music.rhythm.beats_us):
        first = round(at / 1e6 * HZ)
        room = sound[first : first + len(tick)]
        room += (0.5 if number % beats == 0 else 0.25) * tick[: len(room)]
    if heard.is_cut_off:
        return sound
    return np.asarray(sound * np.clip((heard.ends_us / 1e6 - time) / 2.0, 0, 1))


def rendered(music: Fitted, file: Samples) -> Samples:
    """The plan as an editor plays it: linear fades and crossfades."""
    start, end = (frame / music.rate for frame in (music.span.start, music.span.end))
    mix = np.zeros(round((end - start) * HZ) + HZ)
    joins = [None, *music.joins, None]
    for each, (into, out) in zip(music.pieces, pairwise(joins), strict=True):
        head, tail = (into.before if into else F(0)), (out.after if out else F(0))
        first, last = (round(float(at) * HZ) for at in (each.media_in - head, each.media_out + tail))
        part = file[first:last].copy()
        rise = (into.before + into.after) if into else F(each.fade_in_us, 1_000_000)
        fall = (out.before + out.after) if out else F(each.fade_out_us, 1_000_000)
        for length, way in ((rise, 1), (fall, -1)):
            count = min(len(part), round(float(length) * HZ))
            if count:
                edge = part[::way][:count]
                edge *= (np.arange(count) + 0.5) / count
        at = round(float(each.start - head - start) * HZ)
        mix[at : at + len(part)] += part[: len(mix) - at]
    return mix[: round(float(end - start) * HZ)]


def steps(sound: Samples) -> Samples:
    return np.abs(np.diff(sound, 2))


def click(music: Fitted, number: int, sound: Samples, file: Samples) -> float:
    """How much rougher a join is than what it joins."""
    join, start = music.joins[number], music.span.start / music.rate
    near, beside = HZ // 100, HZ // 1000
    first, last = (round(float(at - start) * HZ) for at in (join.at - join.before, join.at + join.after))
    count = last - first + 2 * near

    def from_(samples: Samples, origin: F) -> Samples:
        begin = first - near - beside + round(float(start - origin) * HZ)
        taken = samples[max(0, begin) : begin + count + 2 * beside + 2]
        return steps(np.pad(taken, (max(0, -begin), 0)))

    parts = [from_(file, each.start - each.media_in) for each in music.pieces[number : number + 2]]
    size = min(map(len, parts))
    rough = np.maximum(*(part[:size] for part in parts))
    around = np.lib.stride_tricks.sliding_window_view(rough, 2 * beside + 1).max(axis=1)
    here = from_(sound, start)[beside : beside + len(around)]
    return float(np.max(here / (around + 0.1 * float(np.median(steps(file))))))


def beats_in(sound: Samples) -> Samples:
    """When a tick is heard, in seconds."""
    tick = np.sin(2 * np.pi * 3000 * np.arange(HZ // 50) / HZ) * np.exp(-np.arange(HZ // 50) / (HZ / 400))
    found = np.abs(np.correlate(sound, tick, "valid"))
    loud = found > 0.3 * 0.25 * float(np.sum(tick * tick))
    edges = np.flatnonzero(np.diff(loud.astype(int)) == 1)
    heard: list[float] = []
    for edge in edges:
        at = edge + int(np.argmax(found[edge : edge + HZ // 50]))
        if not heard or at / HZ - heard[-1] > 0.1:
            heard.append(at / HZ)
    return np.array(heard)


@pytest.mark.parametrize(("seconds", "picture"), [(20, 45), (24, 24), (60, 20), (90, 200), (180, 61.3)])
@pytest.mark.parametrize("bpm", [96, 120, 131])
def test_no_join_is_off_the_beat_and_none_clicks(seconds: int, picture: float, bpm: float) -> None:
    heard = piece(seconds, bpm=bpm)
    file = played(heard)
    music = fit(heard, FrameSpan(48, 48 + round(picture * 24)), F(24))
    sound = rendered(music, file)
    assert len(sound) == round(round(picture * 24) / 24 * HZ)
    ticks = beats_in(sound)
    beat = 60 / bpm
    last_bar = float(music.bars[-1].at) - 2
    gaps = np.diff(ticks[ticks < last_bar])  # the last bar is as long as what is left
    assert np.max(np.abs(gaps - beat)) <= 0.015
    for number in range(len(music.joins)):
        assert click(music, number, sound, file) <= CLICK


@pytest.mark.parametrize("picture", [30, 75])
def test_a_loop_stays_on_the_beat(picture: int) -> None:
    heard = piece(20, is_cut_off=True, rest_s=0)
    music = fit(heard, FrameSpan(0, picture * 24), F(24), MusicLength.LOOP)
    ticks = beats_in(rendered(music, played(heard)))
    gaps = np.diff(ticks[ticks < picture - 2])
    assert np.max(np.abs(gaps - 0.5)) <= 0.015


@pytest.mark.parametrize("off", [F(1, 7), F(1, 3), F(5, 11)])
def test_the_measure_catches_bad_joins(off: F) -> None:
    heard = piece(60)
    file = played(heard)
    music = fit(heard, FrameSpan(0, 150 * 24), F(24))

    early = F(3, 24)  # right on a beat its hit would hide a click from everybody
    joins = tuple(replace(join, at=join.at - early, before=F(0), after=F(0)) for join in music.joins)
    pieces = [
        replace(
            each,
            start=each.start - (early if number else 0),
            end=each.end - (early if number < len(joins) else 0),
            media_in=each.media_in - (early if number else 0) + (number % 2) * off,
        )
        for number, each in enumerate(music.pieces)
    ]
    bad = replace(music, joins=joins, pieces=tuple(pieces))
    sound = rendered(bad, file)
    assert min(click(bad, number, sound, file) for number in range(len(bad.joins))) > CLICK
    assert np.max(np.abs(np.diff(beats_in(sound)) - 0.5)) > 0.015


def test_the_level_holds_over_a_join() -> None:
    heard = piece(60)
    file = played(heard)
    music = fit(heard, FrameSpan(0, 150 * 24), F(24))
    sound = rendered(music, file)
    for join in music.joins:
        at = round(float(join.at) * HZ)
        here = np.mean(sound[at - HZ // 5 : at + HZ // 5] ** 2)
        beat = HZ // 2
        around = [np.mean(sound[at + n * beat - HZ // 5 : at + n * beat + HZ // 5] ** 2) for n in (-4, 4)]
        assert 10 * np.log10(here / min(around)) > -1.5


def test_the_pieces_have_their_form() -> None:
    assert set(FORM) == set(CHORDS)


def test_joins_that_were_listened_to_are_in_phase_and_longer() -> None:
    heard = piece(60, bpm=113)
    file = played(heard)

    def read(first: int, count: int) -> Samples:
        ahead = max(0, -first)
        return np.pad(file[max(0, first) : first + count], (ahead, 0))[:count]

    music = fit(heard, FrameSpan(0, 150 * 24), F(24))
    phases = phases_of(music, read, HZ)
    better = aligned(music, heard, phases)
    assert_whole(better, heard)
    assert all(abs(phase.offset_us) <= 5000 for phase in phases.values())
    assert all(join.correlation is not None for join in better.joins)
    assert better.ending is music.ending
    assert abs(better.pieces[-1].media_out - F(heard.ends_us, 1_000_000)) <= F(1, 24)
    sound = rendered(better, file)
    for number, join in enumerate(better.joins):
        assert abs(join.off_frames_ms) <= 20
        assert click(better, number, sound, file) <= CLICK
        if (join.correlation or 0) > 0.5:
            was = music.joins[number]
            assert join.before + join.after > was.before + was.after
    again = phases_of(better, read, HZ)
    for pair, phase in again.items():
        assert (phase.correlation or 0) >= (phases[pair].correlation or 0) - 0.35
