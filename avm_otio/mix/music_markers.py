"""Where a picture wants music, as its markers say: ``NO MUSIC``, ``MUSIC IN``, ``MUSIC OUT``, or ``MX``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from avm_otio.timeline.model import Marker
from avm_otio.timeline.time import FrameSpan, nearest_frame


class Word(StrEnum):
    """What a marker asks for."""

    NONE = "NO MUSIC"
    IN = "MUSIC IN"
    OUT = "MUSIC OUT"


_WORDS = (
    (Word.NONE, re.compile(r"\W*NO[\s_-]*(MUSIC|MX)\b", re.IGNORECASE)),
    (Word.IN, re.compile(r"\W*(MUSIC|MX)[\s_-]*(IN|START)\b", re.IGNORECASE)),
    (Word.OUT, re.compile(r"\W*(MUSIC|MX)[\s_-]*(OUT|STOP|END)\b", re.IGNORECASE)),
)


_LEAST_S, _SHORT_S = 3, 12
"""Seconds under which no piece is begun before or after a silence, unless a marker says so; and of a picture
in which that is not asked."""


def word_of(marker: Marker) -> Word | None:
    """What a marker asks for, by its name, or its comment where the name says nothing."""
    for text in (marker.name, marker.comment):
        for word, pattern in _WORDS:
            if pattern.match(text):
                return word
    return None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where music is wanted.

    Attributes:
        spans: Frames of the record, in order, not touching.
        entries: Frames within them at which a marker lets a piece begin.
        notes: What contradicted, and what became of it, one line each.
    """

    spans: tuple[FrameSpan, ...]
    entries: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Event:
    at: int
    word: Word
    is_end: bool = False
    """Whether it is only where a marker with a length ends."""


def wanted_music(
    markers: Iterable[Marker], span: FrameSpan, rate: Fraction, timecode: Callable[[Fraction], str]
) -> Wanted:
    """Where a stretch wants music: all of it where no marker says anything.

    ``MUSIC IN`` begins music and ``MUSIC OUT`` ends it; where the first of all is an ``IN``, there is none
    before. ``NO MUSIC`` ends it until the next ``IN``; with a length there is none for so long, whatever else
    is said. An ``IN`` with a length ends by itself, an ``OUT`` with a length lets the music come back.

    A ``NO MUSIC`` is no cue for a piece of a moment: where an ``IN`` follows within 3 s of its end, music
    waits for that, and what is left of less than 3 s before it has none. In a picture of less than 12 s all
    is short, and stays.

    Args:
        markers: Of the timeline, record time; those of other names are no matter.
        span: The stretch, frames of the record.
        rate: Frames a second.
        timecode: A record time as people read it, for messages.
    """
    events, silences = _read(markers, rate)
    notes: list[str] = []

    def say(word: Word, at: int, what: str) -> None:
        if span.start <= at < span.end:
            notes.append(f"{word} at {timecode(at / rate)}: {what}.")

    first = next((event for event in events if not event.is_end), None)
    is_on = first is None or first.word is not Word.IN
    if not is_on and first is not None:  # a silence before it says that there is music before that
        is_on = any(span.start < silence.start and silence.end <= first.at for silence in silences)
    spans: list[FrameSpan] = []
    entries: list[int] = []
    begins = span.start if is_on else span.end
    for index, event in enumerate(events):
        at = event.at
        twin = events[index + 1] if index + 1 < len(events) else None
        if event.word is Word.OUT and twin is not None and (twin.at, twin.word) == (at, Word.IN):
            if not (event.is_end or twin.is_end):
                say(Word.OUT, at, "MUSIC IN is there, too; music continues with a new piece")
            if is_on:
                entries.append(at)
                is_on, begins = False, _closed(spans, begins, at, span)
            continue
        if event.word is Word.IN:
            inside = next((each for each in silences if each.start <= at < each.end), None)
            if inside is not None and not event.is_end:
                say(Word.IN, at, f"it lies in NO MUSIC, so music comes in at {timecode(inside.end / rate)}")
            if is_on and begins < at and not event.is_end:
                entries.append(at)
            elif not is_on:
                is_on, begins = True, at
                if not event.is_end:
                    entries.append(at)
        elif is_on:
            is_on, begins = False, _closed(spans, begins, at, span)
        elif event.word is Word.OUT and not event.is_end:
            say(Word.OUT, at, "no music plays there")
    if is_on:
        _closed(spans, begins, span.end, span)
    least = _LEAST_S * rate if span.duration >= _SHORT_S * rate else Fraction(0)
    silent = [*silences, *(FrameSpan(event.at, event.at) for event in events if event.word is Word.NONE)]
    left: list[FrameSpan] = []
    for each in _without(_merged(spans), silences):
        waited = _until_the_in(each, entries, silent, least)
        is_whole = waited.duration >= least or waited.start in entries
        if is_whole or not any(waited.end == silence.start for silence in silent):
            left.append(waited)
            continue
        seconds = f"{float(waited.duration / rate):.1f} s before NO MUSIC are too short for a piece"
        notes.append(f"No music at {timecode(waited.start / rate)}: the {seconds}.")
    if not left:
        notes.append("The markers want no music anywhere.")
    kept = sorted({at for at in entries if any(each.start <= at < each.end for each in left)})
    return Wanted(tuple(left), tuple(kept), tuple(notes))


def _until_the_in(
    span: FrameSpan, entries: Iterable[int], silences: Iterable[FrameSpan], least: Fraction
) -> FrameSpan:
    """A stretch of music; after a NO MUSIC it waits for a MUSIC IN that follows at once."""
    if not any(span.start == silence.end for silence in silences):
        return span
    near = [at for at in entries if span.start < at < span.end and at < span.start + least]
    return FrameSpan(min(near), span.end) if near else span


def _read(markers: Iterable[Marker], rate: Fraction) -> tuple[list[_Event], list[FrameSpan]]:
    """What markers ask for in order, ends before beginnings; and the stretches that shall be silent."""
    events: list[_Event] = []
    silences: list[FrameSpan] = []
    for marker in markers:
        word = word_of(marker)
        if word is None:
            continue
        at, until = (nearest_frame(time, rate) for time in (marker.start, marker.start + marker.duration))
        has_length = until - at > 1  # some editors give every marker a frame
        if word is Word.NONE and has_length:
            silences.append(FrameSpan(at, until))
            continue
        events.append(_Event(at, Word.IN if word is Word.IN else Word.OUT if has_length else word))
        if has_length:
            events.append(_Event(until, Word.OUT if word is Word.IN else Word.IN, is_end=True))
    events.sort(key=lambda event: (event.at, event.word is Word.IN))
    return events, sorted(silences, key=lambda silence: silence.start)


def _closed(spans: list[FrameSpan], begins: int, at: int, span: FrameSpan) -> int:
    """End the music at a frame; where the next may begin at the earliest."""
    first, last = max(begins, span.start), min(at, span.end)
    if first < last:
        spans.append(FrameSpan(first, last))
    return at


def _merged(spans: Iterable[FrameSpan]) -> list[FrameSpan]:
    merged: list[FrameSpan] = []
    for span in sorted(spans, key=lambda span: span.start):
        if merged and span.start <= merged[-1].end:
            merged[-1] = FrameSpan(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return merged


def _without(spans: Iterable[FrameSpan], silences: Iterable[FrameSpan]) -> Iterable[FrameSpan]:
    silences = _merged(silences)
    for span in spans:
        at = span.start
        for silence in silences:
            if silence.end <= at or silence.start >= span.end:
                continue
            if silence.start > at:
                yield FrameSpan(at, silence.start)
            at = silence.end
        if at < span.end:
            yield FrameSpan(at, span.end)
