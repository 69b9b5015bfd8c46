"""Music for a whole picture: which piece lies under which stretch of it, and how they follow each other."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise

from avm_otio.mix.fit import STING, MusicLength, fit
from avm_otio.mix.fitted import Coverage, Ending, Fitted, coverage
from avm_otio.mix.heard import Heard
from avm_otio.mix.music_markers import wanted_music
from avm_otio.timeline.model import Marker
from avm_otio.timeline.time import FrameSpan, RecordTime, format_timecode, from_micros, nearest_frame


class MusicPer(StrEnum):
    """What gets a piece of music of its own."""

    FILM = "film"
    """The whole picture, or the stretches of it that want music."""
    SCENE = "scene"
    """Scenes, as many as make a piece worth while."""
    MARKER = "marker"
    """What begins at a marker ``MUSIC IN``."""


MOST_TIMES = 3
"""How often one piece is heard under ``picture`` where the answer holds others."""

_LEAST_PART, _MOST_PART = Fraction(30), Fraction(180)
"""Seconds of picture that get a piece of their own under ``scene``: shorter is restless."""

_PAUSE, _NOWHERE, _IN_SPEECH = 0.3, 1.0, 0.5
"""What it costs to change the music not at a cut but in a pause of speech, or at neither; and while somebody
speaks."""

_REPEATED, _RANK, _USED, _SAME = 0.3, 0.2, 0.5, 100.0
"""What it costs that a piece is heard once more, comes later in the answer, was taken already, and is its own
neighbour."""

_CROSSFADE = Fraction(1)
"""Seconds before and after a change between two pieces of which the first has no ending."""

_MOST_CHANGES = 400


@dataclass(frozen=True, slots=True)
class Part:
    """One piece under one stretch.

    Attributes:
        piece: Which of the pieces, from 0.
        music: How it lies.
        crossfade: Seconds before and after its beginning in which the one before goes over into it.
    """

    piece: int
    music: Fitted
    crossfade: tuple[Fraction, Fraction] = (Fraction(0), Fraction(0))


@dataclass(frozen=True, slots=True)
class MusicPlan:
    """Music for a picture.

    Attributes:
        parts: In order.
        asked: The stretches that want music.
        rate: Frames a second.
        drop_frame: Whether timecode drops frames.
        notes: What the user should know, one line each.
    """

    parts: tuple[Part, ...]
    asked: tuple[FrameSpan, ...]
    rate: Fraction
    drop_frame: bool = False
    notes: tuple[str, ...] = ()

    @property
    def coverage(self) -> Coverage:
        """How much of what wants music has some."""
        return coverage(
            (part.music for part in self.parts), self.asked, self.rate, drop_frame=self.drop_frame
        )

    @property
    def pieces(self) -> tuple[int, ...]:
        """The pieces that are heard, each once, in the order in which they first are."""
        return tuple(dict.fromkeys(part.piece for part in self.parts))


def plan_music(
    pieces: Sequence[Heard],
    span: FrameSpan,
    rate: Fraction,
    *,
    names: Sequence[str] = (),
    length: MusicLength = MusicLength.PICTURE,
    per: MusicPer = MusicPer.FILM,
    end: int | None = None,
    markers: Sequence[Marker] = (),
    cuts: Sequence[RecordTime] = (),
    spoken: Sequence[tuple[RecordTime, RecordTime]] = (),
    start_frame: int = 0,
    drop_frame: bool = False,
) -> MusicPlan:
    """Plan the music of a picture.

    Args:
        pieces: What was heard in each piece of the answer, best first.
        span: The picture, frames of the record.
        rate: Frames a second of the record.
        names: What the pieces are called, for messages.
        length: What becomes of a piece that is not as long as its stretch.
        per: What gets a piece of its own.
        end: The frame of the record at which the music ends; ``None`` for the picture's end.
        markers: Of the timeline, record time.
        cuts: Strong cuts and scene changes, in order.
        spoken: Where people speak, in order.
        start_frame: The timeline's start timecode, as a count of frames.
        drop_frame: Whether it drops frames.
    """

    def timecode(at: Fraction) -> str:
        frame = max(0, start_frame + nearest_frame(at, rate))
        return format_timecode(frame, rate, drop_frame)

    planner = _Planner(pieces, rate, names, cuts, spoken, timecode)
    notes: list[str] = []
    if end is not None and span.start < end < span.end:
        span = FrameSpan(span.start, end)
    elif end is not None and end != span.end:
        notes.append(f"The music cannot end at {timecode(end / rate)}, outside the picture: it ends with it.")
    wanted = wanted_music(markers, span, rate, timecode)
    notes += wanted.notes
    usable, silent = planner.usable()
    notes += silent
    stretches: list[FrameSpan] = []
    for each in wanted.spans:
        if per is MusicPer.MARKER:
            stretches += _split(each, [at for at in wanted.entries if each.start < at < each.end])
        elif per is MusicPer.SCENE:
            stretches += planner.scenes(each, usable)
        elif length is MusicLength.PICTURE:
            stretches += planner.for_pieces(each, usable)
        else:
            stretches.append(each)
    if per is MusicPer.MARKER and not wanted.entries:
        notes.append("No marker MUSIC IN begins a piece: there is one for the whole.")
    if per is MusicPer.SCENE and not any(span.start < nearest_frame(cut, rate) < span.end for cut in cuts):
        notes.append("No scene changes are known: there is one piece for the whole.")
    is_varied = per is not MusicPer.FILM or len(stretches) > len(wanted.spans)
    parts: list[Part] = []
    for stretch, piece in zip(stretches, planner.dealt(stretches, usable, is_varied), strict=False):
        music = fit(pieces[piece], stretch, rate, length, cuts=cuts)
        notes += [f"{planner.name(piece)}: {note}." for note in music.notes]
        if music.times > MOST_TIMES and len(usable) == 1 and length is MusicLength.PICTURE:
            times = f"{float(music.times):.1f}".removesuffix(".0")
            notes.append(f"{planner.name(piece)}: it is heard {times} times; the answer holds no other.")
        parts.append(Part(piece, music))
    joined = goes_over(parts, pieces)
    return MusicPlan(joined, wanted.spans, rate, drop_frame, tuple(dict.fromkeys(notes)))


def _split(span: FrameSpan, changes: Sequence[int]) -> list[FrameSpan]:
    return [FrameSpan(first, last) for first, last in pairwise((span.start, *changes, span.end))]


@dataclass(frozen=True, slots=True)
class _Planner:
    pieces: Sequence[Heard]
    rate: Fraction
    names: Sequence[str]
    cuts: Sequence[RecordTime]
    spoken: Sequence[tuple[RecordTime, RecordTime]]
    timecode: Callable[[Fraction], str]

    def name(self, piece: int) -> str:
        """A piece as people know it."""
        return f"“{self.names[piece]}”" if piece < len(self.names) else f"Music {piece + 1}"

    def usable(self) -> tuple[list[int], list[str]]:
        """The pieces that sound, and a line for each that does not."""
        sounding = [index for index, piece in enumerate(self.pieces) if self._length(index) > 0]
        silent = [index for index in range(len(self.pieces)) if index not in sounding]
        return sounding, [f"{self.name(index)} is silent, and not laid." for index in silent]

    def _length(self, piece: int) -> Fraction:
        heard = self.pieces[piece]
        return from_micros(heard.ends_us - heard.begins_us) if heard.sounds else Fraction(0)

    def for_pieces(self, span: FrameSpan, usable: Sequence[int]) -> list[FrameSpan]:
        """A stretch as it is, or in as many parts as it takes that no piece is heard too often."""
        lengths = [self._length(piece) for piece in usable if self._length(piece) >= STING]
        whole = span.duration / self.rate
        if len(lengths) < 2 or whole <= MOST_TIMES * lengths[0]:
            return [span]
        parts = -(-whole // (MOST_TIMES * lengths[0]))
        return self._parted(span, whole / parts, [*self._cuts(span), *self._pauses(span)])

    def scenes(self, span: FrameSpan, usable: Sequence[int]) -> list[FrameSpan]:
        """A stretch in scenes, or several of them together: each worth a piece."""
        lengths = sorted(self._length(piece) for piece in usable) or [_LEAST_PART]
        ideal = min(max(lengths[len(lengths) // 2], 2 * _LEAST_PART), _MOST_PART)
        return self._parted(span, ideal, list(self._cuts(span)), must=True)

    def _parted(
        self, span: FrameSpan, ideal: Fraction, changes: Sequence[tuple[int, float]], *, must: bool = False
    ) -> list[FrameSpan]:
        """A stretch in parts of about a length, changed where it is cheapest.

        Args:
            span: The stretch.
            ideal: Seconds of a part.
            changes: Frames at which it may be changed, and what each costs.
            must: Whether it may be changed nowhere else.
        """
        places = dict(sorted(changes, key=lambda change: -change[1])[-_MOST_CHANGES:])
        if not must:
            count = round(span.duration / self.rate / ideal)
            for part in range(1, count):
                at = span.start + span.duration * part // count
                places.setdefault(at, _NOWHERE + self._speech_cost(at))
        frames = [span.start, *sorted(places), span.end]
        best: list[tuple[float, int]] = [(0.0, -1)]
        length = float(ideal * self.rate)
        least = float(_LEAST_PART * self.rate) / 2
        for index in range(1, len(frames)):
            point = places.get(frames[index], 0.0)
            options = (
                (cost + self._part_cost(frames[index] - frames[before], length, least) + point, before)
                for before, (cost, _) in enumerate(best)
            )
            best.append(min(options))
        changed: list[int] = []
        at = best[-1][1]
        while at > 0:
            changed.append(frames[at])
            at = best[at][1]
        return _split(span, changed[::-1])

    @staticmethod
    def _part_cost(frames: int, ideal: float, least: float) -> float:
        off = (frames - ideal) / ideal
        return 4 * off * off + (10.0 if frames < least else 0.0)

    def _cuts(self, span: FrameSpan) -> Iterator[tuple[int, float]]:
        for cut in self.cuts:
            at = nearest_frame(cut, self.rate)
            if span.start < at < span.end:
                yield at, self._speech_cost(at)

    def _pauses(self, span: FrameSpan) -> Iterator[tuple[int, float]]:
        for (_, ends), (begins, _) in pairwise(self.spoken):
            at = nearest_frame((ends + begins) / 2, self.rate)
            if begins - ends >= 1 and span.start < at < span.end:
                yield at, _PAUSE

    def _speech_cost(self, frame: int) -> float:
        at = frame / self.rate
        index = bisect_right(self.spoken, at, key=lambda spoken: spoken[0]) - 1
        return _IN_SPEECH if index >= 0 and at < self.spoken[index][1] else 0.0

    def dealt(self, stretches: Sequence[FrameSpan], usable: Sequence[int], is_varied: bool) -> list[int]:
        """A piece for each stretch: neighbours differ where there are two.

        Args:
            stretches: The stretches.
            usable: The pieces.
            is_varied: Whether several are wanted: else the first comes back after a silence, too.
        """
        dealt: list[int] = []
        for stretch in stretches if usable else ():
            used = [_USED * dealt.count(piece) if is_varied else 0.0 for piece in usable]
            costs = [
                self._cost(piece, stretch.duration / self.rate) + before
                for piece, before in zip(usable, used, strict=True)
            ]
            if is_varied and dealt:
                costs[usable.index(dealt[-1])] += _SAME
            dealt.append(usable[costs.index(min(costs))])
        return dealt

    def _cost(self, piece: int, seconds: Fraction) -> float:
        """What it costs to lay a piece under so many seconds."""
        length = self._length(piece)
        times = float(seconds / length)
        often = _REPEATED * max(0.0, times - 1) + (2.0 if times > MOST_TIMES else 0.0)
        return often + _RANK * piece + (5.0 if length < STING < seconds else 0.0)


def goes_over(parts: Sequence[Part], pieces: Sequence[Heard]) -> tuple[Part, ...]:
    """The same where a piece without an ending goes over into the next one.

    Args:
        parts: In order.
        pieces: What was heard in the pieces.
    """
    made = list(parts)
    for index, (before, after) in enumerate(pairwise(parts)):
        if before.music.ending is not Ending.FADE or not after.music.pieces:
            continue
        out, into = made[index].music.pieces[-1], after.music.pieces[0]
        if out.end != into.start:
            continue
        left = from_micros(pieces[before.piece].length_us) - out.media_out
        tail = min(_CROSSFADE, left, (into.end - into.start) / 2)
        head = min(_CROSSFADE, into.media_in, (out.end - out.start) / 2)
        if head + tail < _CROSSFADE / 2 or min(head, tail) < 0:
            continue
        made[index] = replace(made[index], music=_last_faded(made[index].music, 0))
        first = replace(into, fade_in_us=0)
        music = replace(after.music, pieces=(first, *after.music.pieces[1:]))
        made[index + 1] = replace(after, music=music, crossfade=(head, tail))
    return tuple(made)


def _last_faded(music: Fitted, fade_out_us: int) -> Fitted:
    *others, last = music.pieces
    return replace(music, pieces=(*others, replace(last, fade_out_us=fade_out_us)))
