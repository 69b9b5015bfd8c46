"""A piece of music as it lies under a picture: the parts of its file, the joins between them, its end.

Record times count from the timeline's first frame; media times from the file's first sample.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import Any

from avm_otio.timeline.model import Marker
from avm_otio.timeline.time import (
    MICROSECONDS,
    FrameSpan,
    RecordTime,
    format_timecode,
    from_micros,
    to_micros,
)


class Ending(StrEnum):
    """How music ends."""

    OWN = "ending"
    """The piece's own ending lands on the end of the stretch."""
    FADE = "fade"
    """It is faded out at the end of the stretch."""
    EARLY = "early"
    """It is over before the stretch is."""
    NONE = "none"
    """There is no music."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the file, as it lies.

    Attributes:
        start: Record time of its head, on a whole frame.
        end: Record time of its tail.
        media_in: Media seconds at its head.
        fade_in_us: Fade from silence at its head.
        fade_out_us: Fade to silence at its tail.
    """

    start: RecordTime
    end: RecordTime
    media_in: Fraction
    fade_in_us: int = 0
    fade_out_us: int = 0

    @property
    def media_out(self) -> Fraction:
        """Media seconds at its tail."""
        return self.media_in + self.end - self.start

    def record_of(self, media_us: int) -> Fraction:
        """The record time at which a moment of the file is heard, be it in this part or not."""
        return self.start + from_micros(media_us) - self.media_in


@dataclass(frozen=True, slots=True)
class Join:
    """Where one part of a piece goes over into another.

    Attributes:
        at: Record time of the cut, on a whole frame.
        leaves_us: The place of the file that is left.
        enters_us: The place of the file that is gone on with.
        bars: The same as the numbers of two bars, from 1; ``None`` for a piece without a beat.
        before: Seconds that the crossfade begins before the cut.
        after: Seconds that it ends after the cut.
        score: How little it is to be heard, 0 to 1.
        off_beat_ms: How far it is off the beat, where media are cut to the sample.
        off_frames_ms: The same where an editor cuts them to the frame.
        correlation: How alike both sides are in the crossfade, -1 to 1; ``None`` where nobody listened.
    """

    at: RecordTime
    leaves_us: int
    enters_us: int
    bars: tuple[int, int] | None
    before: Fraction
    after: Fraction
    score: float
    off_beat_ms: float = 0.0
    off_frames_ms: float = 0.0
    correlation: float | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar as it is heard.

    Attributes:
        at: Record time of its downbeat.
        number: Its number in the piece, from 1.
        label: Of its section.
    """

    at: RecordTime
    number: int
    label: str


@dataclass(frozen=True, slots=True)
class Fitted:
    """One piece of music under one stretch.

    Attributes:
        span: The stretch, frames of the record.
        rate: Frames a second.
        pieces: Its parts in order, abutting.
        joins: Between each two of them.
        bars: Every bar that is heard; empty for a piece without a beat.
        sections: From and to in the record, and the label, of each section as it is heard.
        ending: How it ends.
        times: How often the piece is heard, by length.
        notes: What the user should know, one line each.
    """

    span: FrameSpan
    rate: Fraction
    pieces: tuple[Piece, ...] = ()
    joins: tuple[Join, ...] = ()
    bars: tuple[Bar, ...] = ()
    sections: tuple[tuple[RecordTime, RecordTime, str], ...] = ()
    ending: Ending = Ending.NONE
    times: Fraction = Fraction(0)
    notes: tuple[str, ...] = ()

    @property
    def covered(self) -> FrameSpan:
        """The frames under which it lies; a frame that it reaches into counts."""
        if not self.pieces:
            return FrameSpan(self.span.start, self.span.start)
        last = -(-self.pieces[-1].end * self.rate // 1)
        return FrameSpan(round(self.pieces[0].start * self.rate), min(last, self.span.end))

    def noted(self, note: str) -> Fitted:
        """The same with one more line for the user."""
        return replace(self, notes=(*self.notes, note))

    def beat_markers(self) -> tuple[Marker, ...]:
        """A marker on every bar, record time."""
        return tuple(
            Marker(f"Bar {bar.number}", bar.at, comment=bar.label, color="CYAN") for bar in self.bars
        )

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain JSON; times as in the ``avm`` metadata."""
        return {
            "record": [str(self.span.start / self.rate), str(self.span.end / self.rate)],
            "ending": str(self.ending),
            "times": round(float(self.times), 2),
            "bars": [[str(bar.at), bar.number] for bar in self.bars],
            "sections": [[str(start), str(end), label] for start, end, label in self.sections],
            "joins": [
                {
                    "record": str(join.at),
                    "from_us": join.leaves_us,
                    "to_us": join.enters_us,
                    "bars": None if join.bars is None else list(join.bars),
                    "crossfade": [str(join.before), str(join.after)],
                    "score": join.score,
                    "off_beat_ms": join.off_beat_ms,
                    "off_frames_ms": join.off_frames_ms,
                    "correlation": join.correlation,
                }
                for join in self.joins
            ],
        }


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of what was asked for has music.

    Attributes:
        frames: Frames with music.
        of: Frames that were asked for.
        rate: Frames a second.
        drop_frame: Whether timecode drops frames.
    """

    frames: int
    of: int
    rate: Fraction
    drop_frame: bool = False

    def __str__(self) -> str:
        part = 100 * self.frames // self.of if self.of else 0
        percent = "less than 1" if self.frames and not part else str(part)
        return f"music covers {percent} % of {format_timecode(self.of, self.rate, self.drop_frame)}"


def coverage(
    fitted: Iterable[Fitted], asked: Iterable[FrameSpan], rate: Fraction, *, drop_frame: bool = False
) -> Coverage:
    """How much of the stretches that want music has some.

    Args:
        fitted: The music; none overlap but in a crossfade.
        asked: The stretches.
        rate: Frames a second.
        drop_frame: Whether timecode drops frames.
    """
    lying = [each.covered for each in fitted]
    of = frames = 0
    for span in asked:
        of += span.duration
        at = span.start
        for lies in sorted(lying, key=lambda lies: lies.start):
            first, last = max(at, lies.start), min(span.end, lies.end)
            if first < last:
                frames += last - first
                at = last
    return Coverage(frames, of, rate, drop_frame)


def seconds_words(seconds: Fraction) -> str:
    """A length as people read it: 21.4 s."""
    return f"{to_micros(seconds) / MICROSECONDS:.1f} s"
