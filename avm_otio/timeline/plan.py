"""What a film is made of: the plan that selection writes and media export carries out.

All values; nothing here opens a file.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from fractions import Fraction

from avm_otio.timeline.gain import BOTH_SIDES, Sides
from avm_otio.timeline.model import GainKey, Media, Stem
from avm_otio.timeline.placed import Ramp
from avm_otio.timeline.time import FilmTime, MediaTime, RecordTime


@dataclass(frozen=True, slots=True)
class PictureLayer:
    """One source in one stretch of picture.

    Film frame ``n`` of the segment (counted from the segment's start) shows the media frame that covers
    media time ``media_in + n / film rate * speed``: the last that begins then or before; played backwards
    the mirror image of that, the first that ends then or after.

    Attributes:
        media: What is shown.
        media_in: Media time at the segment's first film frame; backwards it runs down from there.
        speed: Media seconds a film second: 1 as shot, 2 twice as fast, 0 a freeze, negative backwards.
        opacity_in: Opacity at the segment's start, 0 to 1 (dissolves).
        opacity_out: Opacity at the segment's end; linear in between.
        gain_db: Gain of the sound inside it.
        keys: Gain of that sound over time, added to ``gain_db``: see ``SoundSegment``, but ``at`` in film
            time.
        sides: How much of that sound is heard on each side.
    """

    media: Media
    media_in: MediaTime
    speed: Fraction
    opacity_in: Fraction = Fraction(1)
    opacity_out: Fraction = Fraction(1)
    gain_db: float = 0.0
    keys: tuple[GainKey, ...] = ()
    sides: Sides = BOTH_SIDES


@dataclass(frozen=True, slots=True)
class PictureSegment:
    """Film frames ``start`` up to ``end`` (not included) and what they show, topmost layer first.

    No layer is black. A layer without alpha and with full opacity hides all below it.
    """

    start: int
    end: int
    layers: tuple[PictureLayer, ...]


@dataclass(frozen=True, slots=True)
class SoundSegment:
    """A stretch of film time and the media whose sound is heard in it. Segments add up where they overlap.

    Attributes:
        start: First moment, film time.
        end: First moment after it, film time.
        media: What is heard.
        media_in: Media time at ``start``.
        speed: Media seconds a film second; negative backwards. Never 0: a freeze is silent.
        fade_in: Seconds from silence to full at its start, linear in amplitude; also a cross fade's half.
        fade_out: Seconds from full to silence at its end.
        gain_db: Gain throughout, in decibels; minus infinity is silence.
        keys: Gain over time in order, ``at`` in seconds of film time from ``start`` (may lie outside the
            segment), added to ``gain_db``: straight in decibels between two keys, held before the first and
            after the last. Two keys at one moment are a jump.
        channels: Which channels are heard, counted from 0 through all sound streams of the media in order:
            one on both sides, two left and right, more mixed down. Empty: the sound as the file has it.
        fade_in_from: Amplitude at ``start``, 0 to 1, from which the fade in rises: above 0 where the film
            begins within the fade. ``fade_in`` is what is left of it.
        fade_out_to: Amplitude at ``end`` down to which the fade out falls, where the film ends within it.
        sides: How much is heard on each side of what its channels come to.
        rises: Further fades from silence, seconds of film time from ``start``; all multiply.
        falls: Further fades to silence.
        stem: What it is of, where a run of ours laid it; ``None`` for the timeline's own sound.
        may_be_silent: Whether its media may have no sound: it is heard because it lies on a video track.
    """

    start: FilmTime
    end: FilmTime
    media: Media
    media_in: MediaTime
    speed: Fraction
    fade_in: Fraction = Fraction(0)
    fade_out: Fraction = Fraction(0)
    gain_db: float = 0.0
    keys: tuple[GainKey, ...] = ()
    channels: tuple[int, ...] = ()
    fade_in_from: Fraction = Fraction(0)
    fade_out_to: Fraction = Fraction(0)
    sides: Sides = BOTH_SIDES
    rises: tuple[Ramp, ...] = ()
    falls: tuple[Ramp, ...] = ()
    stem: Stem | None = None
    may_be_silent: bool = False


@dataclass(frozen=True, slots=True)
class FilmMap:
    """Where film time lies on the timeline: exact both ways.

    Attributes:
        record_start: Record time of the film's first frame.
        record_per_film: Record seconds a film second: 1 for a range; 1/2 for a clip that plays at 200 %,
            since a single clip's film is its media at the speed it was shot.
        film_duration: Length of the film.
    """

    record_start: RecordTime
    record_per_film: Fraction
    film_duration: FilmTime

    def to_record(self, film: FilmTime) -> RecordTime:
        """The record time at which a moment of the film is seen."""
        if self.record_per_film == 1:
            return RecordTime(self.record_start + film)
        return RecordTime(self.record_start + film * self.record_per_film)

    @property
    def record_end(self) -> RecordTime:
        """Record time of the film's end."""
        return self.to_record(self.film_duration)


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """One film: its frames, its sound, and where it lies on the timeline.

    Attributes:
        name: What was selected, in words, for messages and file names.
        rate: Frames a second of the film, exact.
        frames: How many frames it has.
        picture: Segments that cover ``0 … frames`` without a hole, in order.
        sound: What is mixed; empty is a film without sound.
        film_map: Film time ↔ record time.
        notes: What could not be taken over exactly, in words, one each.
    """

    name: str
    rate: Fraction
    frames: int
    picture: tuple[PictureSegment, ...]
    sound: tuple[SoundSegment, ...]
    film_map: FilmMap
    notes: tuple[str, ...] = ()

    @property
    def media(self) -> tuple[Media, ...]:
        """Every source that the film needs or may need, each once, in order of use."""
        used = [layer.media for segment in self.picture for layer in segment.layers]
        used += [segment.media for segment in self.sound]
        return tuple(dict.fromkeys(used))

    @property
    def picture_media(self) -> tuple[Media, ...]:
        """Every source that is seen or may be; empty where all is black."""
        return tuple(dict.fromkeys(layer.media for segment in self.picture for layer in segment.layers))

    @property
    def hidden_media(self) -> tuple[Media, ...]:
        """Sources that lie below others throughout: seen only if what covers them turns out transparent."""
        seen = {segment.media for segment in self.sound}
        for segment in self.picture:
            for layer in segment.layers:
                seen.add(layer.media)
                if layer.opacity_in == layer.opacity_out == 1:
                    break
        return tuple(source for source in self.media if source not in seen)

    def without(self, lost: Collection[Media]) -> ExportPlan:
        """The same film without some of its picture layers."""
        if not lost:
            return self
        picture = tuple(
            replace(segment, layers=tuple(layer for layer in segment.layers if layer.media not in lost))
            for segment in self.picture
        )
        notes = (f"“{source.clip_name}” is missing; it lies below other clips." for source in lost)
        return replace(self, picture=picture, notes=(*self.notes, *notes))
