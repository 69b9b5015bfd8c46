"""The sounds of a mix that can be made louder or softer, each with its place on the grid."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from avm_otio.mix.grid import Floats, Strip, Sum, amplitudes, strip, strip_of
from avm_otio.mix.heard import Heard
from avm_otio.mix.placement import Laid, LaidClip
from avm_otio.timeline.gain import louder
from avm_otio.timeline.model import Clip, Mix, Stem
from avm_otio.timeline.plan import FilmMap
from avm_otio.timeline.time import MediaTime, RecordTime


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """A clip that was laid, and how it sounds.

    Attributes:
        laid: The clip.
        lane: The number of its lane.
        heard: What was heard in its file; ``None`` where nobody listened.
        sound: It on the grid without its gain, with what crossfades take of its handles.
        joins_s: How long before its head and after its tail it is heard in a crossfade, and how long within.
        is_heard: Whether it is switched on.
    """

    laid: LaidClip
    lane: int
    heard: Heard | None
    sound: Strip | None
    joins_s: tuple[tuple[Fraction, Fraction], tuple[Fraction, Fraction]]
    is_heard: bool

    @property
    def is_effect(self) -> bool:
        """Whether it is an effect, and no music."""
        return self.laid.kind is Stem.EFFECTS

    @property
    def mix(self) -> Mix:
        """Its gain and fades."""
        return self.laid.clip.mix

    def with_mix(self, mix: Mix) -> Voice:
        """The same with another gain."""
        return replace(self, laid=replace(self.laid, clip=replace(self.laid.clip, mix=mix)))

    def with_gain(self, change_db: float) -> Voice:
        """The same, louder or softer throughout."""
        return self.with_mix(louder(self.mix, change_db))

    def amplitudes(self, origin: Fraction) -> Floats:
        """Its gain, fades and crossfades at the edges of its steps."""
        assert self.sound is not None
        clip, edges = self.laid.clip, self.sound.edges_s
        start, end = float(clip.start - origin), float(clip.end - origin)
        (lead, within_head), (trail, within_tail) = [tuple(map(float, join)) for join in self.joins_s]
        found = amplitudes(self.mix, edges, start, end)
        if lead or within_head:
            share = (edges - (start - lead)) / (lead + within_head)
            found = found * np.sqrt(np.clip(share, 0, 1))
        if trail or within_tail:
            share = ((end + trail) - edges) / (trail + within_tail)
            found = found * np.sqrt(np.clip(share, 0, 1))
        return found

    def placed(self, laid: LaidClip, origin: Fraction) -> Voice:
        """The same where it was moved to."""
        assert self.heard is not None
        return replace(
            self, laid=laid, sound=strip_of(_with_handles(laid.clip, self.joins_s), self.heard, origin)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Own:
    """The film's own sound on the grid.

    Attributes:
        sums: Its power and peaks; what takes its place is in it.
        origin: Record time of the grid's beginning.
    """

    sums: Sum
    origin: RecordTime

    def between(self, start: RecordTime, end: RecordTime) -> list[float]:
        """Its power from one moment to another, in steps of 100 ms."""
        whole = Strip(0, self.sums.power, self.sums.peak)
        return whole.between(float(start - self.origin), float(end - self.origin))


def own_sound(
    heard: Heard | None, replacing: Sequence[Voice], film_map: FilmMap, *, as_played: bool = False
) -> Own:
    """The film's own sound, and noise-reduced sound in its place where that is laid.

    Args:
        heard: What was heard.
        replacing: What takes its place.
        film_map: Where the film lies.
        as_played: Whether what was heard is what the timeline plays there, with all that takes its place.
    """
    origin = film_map.record_start
    length_s = float(film_map.record_end - origin)
    sums = Sum.silent(int(np.ceil(length_s / 0.01 - 1e-6)))
    if heard is not None:
        speed = 1.0 if as_played else float(1 / film_map.record_per_film)
        sound = strip(heard.curve, 0.0, length_s, 0.0, speed)
        audible = np.ones(len(sound.power) + 1)
        edges = sound.edges_s
        for voice in () if as_played else replacing:
            start, end = (float(at - origin) for at in (voice.laid.clip.start, voice.laid.clip.end))
            audible[(edges >= start - 1e-9) & (edges <= end + 1e-9)] = 0.0
        sums.add(sound, audible)
    if not as_played:
        add_all(sums, replacing, origin)
    return Own(sums, origin)


def add_all(sums: Sum, voices: Iterable[Voice], origin: Fraction) -> Sum:
    """Add what is heard of some voices to a mix."""
    for voice in voices:
        if voice.is_heard and voice.sound is not None:
            sums.add(voice.sound, voice.amplitudes(origin))
    return sums


def voices_of(laid: Laid, heard: dict[str, Heard | None], origin: RecordTime) -> list[Voice]:
    """Every clip that was laid, in the order of the lanes.

    Args:
        laid: It.
        heard: By the name of an item what was heard in its file.
        origin: Record time of the grid's beginning.
    """
    found = []
    for number, lane in enumerate(laid.lanes):
        for one in lane.clips:
            clip = one.clip
            joins = [(Fraction(0), Fraction(0)), (Fraction(0), Fraction(0))]
            for transition in lane.transitions:
                if transition.at == clip.start:
                    joins[0] = (transition.before, transition.after)
                if transition.at == clip.end:
                    joins[1] = (transition.after, transition.before)
            listened = heard.get(one.item.name)
            joins_s = (joins[0], joins[1])
            sound = None if listened is None else strip_of(_with_handles(clip, joins_s), listened, origin)
            found.append(Voice(one, number, listened, sound, joins_s, not lane.is_spare))
    return found


def _with_handles(clip: Clip, joins_s: tuple[tuple[Fraction, Fraction], tuple[Fraction, Fraction]]) -> Clip:
    """A clip with what crossfades take of its media before and after it."""
    (before, _), (after, _) = joins_s
    return replace(
        clip,
        start=RecordTime(clip.start - before),
        end=RecordTime(clip.end + after),
        media_in=MediaTime(clip.media_in - before * clip.speed),
    )
