"""A timeline with all its nests as one flat list of clips, each at its exact record time.

Every range is summed as exact seconds, so nothing drifts at 24000/1001 over ten hours. Times of a list stand
in one coordinate frame: that of the timeline it was made from, 0 at its first moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from avm_otio.timeline.gain import BOTH_SIDES, Sides, sides_of, through
from avm_otio.timeline.model import Clip, GainKey, Media, Stem, Timeline, Track, TrackKind, Transition
from avm_otio.timeline.time import MediaTime, from_micros, nearest_frame

_ZERO = Fraction(0)
_ONE = Fraction(1)


@dataclass(frozen=True, slots=True)
class Ramp:
    """From nothing at ``start`` to full at ``end`` (or back, for a fade out)."""

    start: Fraction
    end: Fraction

    def moved(self, scale: Fraction, shift: Fraction) -> Ramp:
        """The same ramp after ``t → t * scale + shift``."""
        ends = sorted((self.start * scale + shift, self.end * scale + shift))
        return Ramp(ends[0], ends[1])

    def rising(self, time: Fraction) -> Fraction:
        """How far the ramp has come at a moment, 0 to 1."""
        if time >= self.end:
            return Fraction(1)
        return max(Fraction(0), (time - self.start) / (self.end - self.start))


@dataclass(frozen=True, slots=True)
class Level:
    """How loud a placed clip is: what it and each nest around it say, which multiply.

    Times stand in the list's frame.

    Attributes:
        gain_db: Gain throughout.
        curves: Gain key frames, in order; the gains of several add.
        rises: Fades from silence.
        falls: Fades to silence.
        sides: How much of each side is heard.
    """

    gain_db: float = 0.0
    curves: tuple[tuple[GainKey, ...], ...] = ()
    rises: tuple[Ramp, ...] = ()
    falls: tuple[Ramp, ...] = ()
    sides: Sides = BOTH_SIDES

    def moved(self, scale: Fraction, shift: Fraction) -> Level:
        """The same after ``t → t * scale + shift``."""
        if self == UNCHANGED:
            return self
        way = 1 if scale > 0 else -1
        rises, falls = (
            tuple(ramp.moved(scale, shift) for ramp in ramps)
            for ramps in ((self.rises, self.falls) if scale > 0 else (self.falls, self.rises))
        )
        curves = tuple(
            tuple(replace(key, at=key.at * scale + shift) for key in curve[::way]) for curve in self.curves
        )
        return Level(self.gain_db, curves, rises, falls, self.sides)

    def within(self, nest: Level) -> Level:
        """The same in a nest that has a level of its own."""
        if nest == UNCHANGED:
            return self
        return Level(
            self.gain_db + nest.gain_db,
            self.curves + nest.curves,
            self.rises + nest.rises,
            self.falls + nest.falls,
            through(self.sides, nest.sides),
        )

    def faded(self, rise: Ramp | None, fall: Ramp | None) -> Level:
        """The same with fades more."""
        if rise is None and fall is None:
            return self
        rises, falls = (() if ramp is None else (ramp,) for ramp in (rise, fall))
        return replace(self, rises=self.rises + rises, falls=self.falls + falls)


UNCHANGED = Level()


@dataclass(frozen=True, slots=True)
class Placed:
    """One clip where it is seen or heard.

    Attributes:
        clip: The clip itself.
        track: Index of the top-level track it lies in, among all tracks of the timeline, from 0.
        start: Where it begins, seconds in the list's frame.
        end: Where it ends.
        media: Its media, with the name of the clip; ``None`` for a generator, which no file stands behind.
        media_in: Media time at ``start``; for backwards play the media time from which it runs down.
        speed: Media seconds a second here.
        enabled: Whether it and all that holds it are enabled.
        own_sound: Whether the sound inside its picture file counts: not where its nest has audio tracks.
        fade_in: A dissolve at its head, if any.
        fade_out: A fade at its tail, if any.
        level: How loud it is, through all that holds it.
        stem: What it is of, where a run of ours laid it, as it or what holds it says.
    """

    clip: Clip
    track: int
    start: Fraction
    end: Fraction
    media: Media | None
    media_in: Fraction
    speed: Fraction
    enabled: bool = True
    own_sound: bool = True
    fade_in: Ramp | None = None
    fade_out: Ramp | None = None
    level: Level = UNCHANGED
    stem: Stem | None = None

    def media_at(self, time: Fraction) -> MediaTime:
        """Media time at a moment of the list's frame."""
        return MediaTime(self.media_in + (time - self.start) * self.speed)

    def trimmed(self, start: Fraction, end: Fraction) -> Placed | None:
        """The part of it inside a stretch; ``None`` where there is none. A clip without length stays one."""
        first, last = max(start, self.start), min(end, self.end)
        if first > last or (first == last and self.start != self.end):
            return None
        if (first, last) == (self.start, self.end):
            return self
        return replace(self, start=first, end=last, media_in=self.media_at(first))

    def shifted(self, by: Fraction) -> Placed:
        """The same, later by so many seconds."""
        return self._moved(_ONE, by, self.start + by, self.media_in, self.speed) if by else self

    def sped(self, speed: Fraction, duration: Fraction) -> Placed:
        """The same inside a nest of ``duration`` seconds that is played at ``speed``, not 0."""
        if speed == 1:
            return self
        if speed > 0:
            return self._moved(1 / speed, _ZERO, self.start / speed, self.media_in, self.speed * speed)
        start = duration - self.end / -speed
        return self._moved(1 / speed, duration, start, self.media_at(self.end), self.speed * speed)

    def _moved(
        self, scale: Fraction, shift: Fraction, start: Fraction, media_in: Fraction, speed: Fraction
    ) -> Placed:
        head, tail = (self.fade_in, self.fade_out) if scale > 0 else (self.fade_out, self.fade_in)
        return replace(
            self,
            start=start,
            end=start + (self.end - self.start) * abs(scale),
            media_in=media_in,
            speed=speed,
            fade_in=head and head.moved(scale, shift),
            fade_out=tail and tail.moved(scale, shift),
            level=self.level.moved(scale, shift),
        )


@dataclass(frozen=True, slots=True)
class Placements:
    """Opens the nests of one timeline.

    Attributes:
        timeline: The timeline.
        dissolves: Whether clips reach under their transitions (for rendering) or end at the cut (for naming).
        heard: Whether each fade counts, as it is heard, through all nests. What is seen has one at either
            end, and of a dissolve that of the clip above.
    """

    timeline: Timeline
    dissolves: bool = True
    heard: bool = False
    _media: dict[Any, Media] = field(default_factory=dict)

    def of(self, kind: TrackKind, inside: TrackKind | None = None) -> list[Placed]:
        """Every clip of one kind of track, nests opened, lowest layer first, in record time.

        Args:
            kind: Video or audio.
            inside: The kind of top-level track to look in, if another: audio clips of nests that lie on video
                tracks.
        """
        return [
            replace(placed, track=index)
            for index, track in enumerate(self.timeline.tracks)
            if track.kind is (inside or kind)
            for placed in self._track(track, kind, self.timeline.rate)
        ]

    def all(self) -> Iterator[Placed]:
        """Every clip that may be seen or heard, switched on or off."""
        yield from self.of(TrackKind.VIDEO)
        yield from self.of(TrackKind.AUDIO)
        yield from self.of(TrackKind.AUDIO, inside=TrackKind.VIDEO)

    def _track(self, track: Track, kind: TrackKind, rate: Fraction) -> Iterator[Placed]:
        """What a track shows; of a track of the other kind only what its nests hold."""
        joints = _Joints(track, rate) if self.dissolves and track.transitions else None
        end, holds = track.end, track.holds
        for index, clip in enumerate(track.clips):
            if track.kind is not kind and not isinstance(clip.content, Timeline):
                continue
            start, stop = clip.laid or (clip.start, clip.end)
            before, after = (None, None) if joints is None else (joints.into(index), joints.out_of(index))
            head = before.before if before else _ZERO
            tail = after.after if after else _ZERO
            rise = Ramp(start - head, start + before.after) if before else None
            fall = Ramp(stop - after.before, stop + tail) if after else None
            is_seen = kind is TrackKind.VIDEO and not self.heard
            if after and is_seen and joints is not None and joints.is_covered(after):
                fall = None  # the next clip rises over this one; were both to fade, the picture would dip
            for placed in self._clip(clip, kind, head, tail, rise is not None, after is not None):
                here = placed.shifted(start)
                cut = here.trimmed(_ZERO, end)
                if cut is not None:
                    if self.heard:
                        further = (cut.fade_in and rise, cut.fade_out and fall)
                        cut = replace(cut, level=cut.level.faded(*further))
                    enabled = cut.enabled and track.enabled
                    yield replace(
                        cut,
                        enabled=enabled,
                        fade_in=cut.fade_in or rise,
                        fade_out=cut.fade_out or fall,
                        stem=cut.stem or holds,
                    )

    def _clip(
        self, clip: Clip, kind: TrackKind, head: Fraction, tail: Fraction, rises: bool, falls: bool
    ) -> Iterator[Placed]:
        """What a clip or nest shows, in its own time: 0 at its cut in, ``-head`` where it dissolves in."""
        start, stop = clip.laid or (clip.start, clip.end)
        duration, speed = stop - start, clip.speed
        level = _level(clip, duration, rises, falls)
        if not isinstance(clip.content, Timeline):
            yield Placed(
                clip=clip,
                track=0,
                start=-head,
                end=duration + tail,
                media=self.media_of(clip),
                media_in=clip.media_in - head * speed,
                speed=speed,
                enabled=clip.enabled,
                level=level,
                stem=clip.stem,
            )
            return
        nest = clip.content
        first = clip.media_in - duration * -speed if speed < 0 else clip.media_in
        silent = any(track.kind is TrackKind.AUDIO for track in nest.tracks)
        lead, trail = (head, tail) if speed > 0 else (tail, head)
        window = first - lead * abs(speed), first + (duration + trail) * abs(speed)
        for inside in (held for track in nest.tracks for held in self._track(track, kind, nest.rate)):
            placed: Placed | None = None
            if speed:
                cut = inside.trimmed(*window)
                placed = cut and cut.shifted(-first).sped(speed, duration)
            elif inside.start <= first < inside.end:
                placed = replace(
                    inside,
                    start=-head,
                    end=duration + tail,
                    media_in=inside.media_at(first),
                    speed=_ZERO,
                    fade_in=None,
                    fade_out=None,
                )
            if placed is not None:
                yield replace(
                    placed,
                    enabled=placed.enabled and clip.enabled,
                    own_sound=placed.own_sound and not silent,
                    level=placed.level.within(level),
                    stem=placed.stem or clip.stem,
                )

    def media_of(self, clip: Clip) -> Media | None:
        """The media of a clip; one object for all uses of a file under one name, whoever measured it."""
        media = clip.media
        if media is None:
            return None
        named = replace(media, clip_name=clip.name)
        key = clip.name, named.url, named.names, named.counted_from, named.counted_rate, named.sequence
        return self._media.setdefault(key, named)


class _Joints:
    """Which transition of a track joins which clips."""

    def __init__(self, track: Track, rate: Fraction) -> None:
        edges = [clip.laid or (clip.start, clip.end) for clip in track.clips]
        starts = {start: index for index, (start, _) in reversed(list(enumerate(edges)))}
        ends = {end: index for index, (_, end) in enumerate(edges)}
        self._near = tuple(
            {nearest_frame(at, rate): index for at, index in exact.items()} for exact in (starts, ends)
        )
        self._exact = starts, ends
        self._into: dict[int, Transition] = {}
        self._out_of: dict[int, Transition] = {}
        for transition in track.transitions:
            if transition.before + transition.after <= 0:
                continue
            after, before = (self._found(side, transition, rate) for side in (0, 1))
            if after is not None:
                self._into[after] = transition
            if before is not None:
                self._out_of[before] = transition
        self._covered = {id(transition) for transition in self._into.values()}

    def _found(self, side: int, transition: Transition, rate: Fraction) -> int | None:
        index = self._exact[side].get(transition.at)
        return self._near[side].get(nearest_frame(transition.at, rate)) if index is None else index

    def into(self, index: int) -> Transition | None:
        """The transition at the head of a clip."""
        return self._into.get(index)

    def out_of(self, index: int) -> Transition | None:
        """The transition at the tail of a clip."""
        return self._out_of.get(index)

    def is_covered(self, transition: Transition) -> bool:
        """Whether a clip follows it."""
        return id(transition) in self._covered


def _level(clip: Clip, duration: Fraction, rises: bool, falls: bool) -> Level:
    """What a clip or nest itself says of its loudness; a transition at an edge takes its fade's place."""
    mix = clip.mix
    fade_in, fade_out = from_micros(mix.fade_in_us), from_micros(mix.fade_out_us)
    return Level(
        gain_db=mix.gain_db,
        curves=(mix.keys,) if mix.keys else (),
        rises=(Ramp(_ZERO, fade_in),) if fade_in and not rises else (),
        falls=(Ramp(duration - fade_out, duration),) if fade_out and not falls else (),
        sides=sides_of(mix.pan) if mix.pan else BOTH_SIDES,
    )
