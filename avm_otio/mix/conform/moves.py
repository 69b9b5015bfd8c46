"""Where each of our sounds of a scored cut lies in the new one.

What strikes goes with the moment that it was spotted on. On a cut it goes where the same two shots meet;
else, and where they do not meet any more, where the source frame of that moment is seen. Its distance to that
stays the same, and it is laid as often as that is seen. What lies under a stretch (room tone, noise-reduced
sound, long effects) goes with the stretch, and is cut where that is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from avm_otio.mix.conform.follow import Follow
from avm_otio.mix.conform.old_cues import OldCue
from avm_otio.mix.placement import LaidClip
from avm_otio.mix.used import stated_item
from avm_otio.timeline.model import CUT_FADE_US, Clip
from avm_otio.timeline.parts import trimmed
from avm_otio.timeline.time import RecordTime, to_micros


@dataclass(frozen=True, slots=True)
class Placing:
    """One place at which an old sound lies in the new cut.

    Attributes:
        old_at: The moment of the old record that it was followed by.
        new_at: The moment of the new record that shows the same source frame.
        laid: Its clips there, alternatives among them.
        is_cut: Whether less of it is left.
        is_turned: Whether the stretch that it goes with plays the other way round now, so that only its edges
            meet.
        is_on_cut: Whether it went with a cut: both moments are that cut.
        is_tail_cut: Whether its tail ends at a scene change that the new cut alone has there.
    """

    old_at: Fraction
    new_at: Fraction
    laid: tuple[LaidClip, ...]
    is_cut: bool = False
    is_turned: bool = False
    is_on_cut: bool = False
    is_tail_cut: bool = False

    @property
    def span(self) -> tuple[RecordTime, RecordTime]:
        """From and to where it lies."""
        clips = [each.clip for each in self.laid if each.clip.enabled] or [each.clip for each in self.laid]
        return min(clip.start for clip in clips), max(clip.end for clip in clips)


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of an old sound.

    Attributes:
        old: It.
        places: Where it lies now; empty where its picture is gone.
        lost_at: Where its picture was cut out, new record time.
        lost_cut: Whether it was spotted on a cut that is not there any more.
    """

    old: OldCue
    places: tuple[Placing, ...]
    lost_at: RecordTime
    lost_cut: bool = False


def moved(old: OldCue, follow: Follow, length: Fraction) -> Moved:
    """Where a sound lies in the new cut.

    Args:
        old: It.
        follow: The way into the new cut.
        length: How long the new cut is, seconds.
    """
    lost_at = RecordTime(min(follow.before(old.anchors[0] if old.anchors else old.start), length))
    if not old.anchors:
        return Moved(old, tuple(_with_stretch(old, follow, length)), lost_at)
    lost_cut = False
    for anchor in old.anchors:
        cut = follow.cut_at(anchor)
        if cut is not None and (places := follow.cut_places(cut)):
            placed = _at_moments(old, cut.at, places, length, is_on_cut=True)
            return Moved(old, tuple(placed), lost_at)
        lost_cut = lost_cut or cut is not None
        if places := follow.places(anchor):
            return Moved(old, tuple(_at_moments(old, anchor, places, length)), lost_at, lost_cut)
    return Moved(old, (), lost_at, lost_cut)


def _at_moments(
    old: OldCue, anchor: Fraction, places: Sequence[Fraction], length: Fraction, *, is_on_cut: bool = False
) -> Iterator[Placing]:
    for place in places:
        by = place - anchor
        laid = [*_laid(old, old.clips, by, length), *_laid_spares(old, by, length)]
        if laid:
            is_cut = any(
                each.clip.duration != clip.duration for each, clip in zip(laid, old.all, strict=False)
            )
            yield Placing(anchor, place, tuple(laid), is_cut, is_on_cut=is_on_cut)


def _laid(old: OldCue, clips: Sequence[Clip], by: Fraction, length: Fraction) -> Iterator[LaidClip]:
    for number, clip in enumerate(clips):
        lying = _within(_later(old, clip, by), length)
        if lying is not None:
            crossfade = old.crossfades[number] if number < len(old.crossfades) else Fraction(0)
            yield LaidClip(lying, old.cue, 0, number, crossfade)


def _laid_spares(old: OldCue, by: Fraction, length: Fraction) -> Iterator[LaidClip]:
    for clip in old.spares:
        lying = _within(_later(old, clip, by), length)
        if lying is not None:
            yield spare(old, lying)


def spare(old: OldCue, clip: Clip) -> LaidClip:
    """A clip of a cue, switched off, as one of its alternatives."""
    names = [item.name for item in old.cue.items]
    offered = stated_item(clip, old.stem)
    rank = names.index(offered.item.name) if offered is not None and offered.item.name in names else 0
    alternative = max(rank, clip.alternative, 1)
    return LaidClip(replace(clip, enabled=False, alternative=alternative), old.cue, rank)


def _with_stretch(old: OldCue, follow: Follow, length: Fraction) -> Iterator[Placing]:
    """What is left of a sound under a stretch, piece by piece."""
    for piece in follow.spans(old.start, old.end):
        by = piece.new_start - piece.old_start
        lasts = min(piece.new_end - piece.new_start, piece.old_end - piece.old_start)
        stop = piece.old_start + lasts
        clips: list[Clip] = []
        crossfades: list[Fraction] = []
        for number, clip in enumerate(old.clips):
            part = _part(clip, piece.old_start, stop)
            if part is not None:
                clips.append(part)
                crossfades.append(old.crossfades[number] if number < len(old.crossfades) else Fraction(0))
        spares = [part for clip in old.spares if (part := _part(clip, piece.old_start, stop)) is not None]
        cut = replace(old, clips=tuple(clips), spares=tuple(spares), crossfades=tuple(crossfades))
        laid = [*_laid(cut, cut.clips, by, length), *_laid_spares(cut, by, length)]
        if laid:
            is_cut = (piece.old_start, stop) != (old.start, old.end)
            old_at = piece.old_end if piece.is_turned else piece.old_start
            yield Placing(old_at, piece.new_start, tuple(laid), is_cut, piece.is_turned)


def _part(clip: Clip, start: Fraction, end: Fraction) -> Clip | None:
    """The part of a clip in a stretch; what is cut off comes and goes without a click."""
    first, last = max(clip.start, start), min(clip.end, end)
    if first >= last:
        return None
    part = trimmed(clip, first, last)
    mix = part.mix
    if first > clip.start:
        mix = replace(mix, fade_in_us=max(mix.fade_in_us, CUT_FADE_US))
    if last < clip.end:
        mix = replace(mix, fade_out_us=max(mix.fade_out_us, CUT_FADE_US))
    return replace(part, mix=mix.within(to_micros(last - first)))


def _later(old: OldCue, clip: Clip, by: Fraction) -> Clip:
    """A clip so much later; from now on its cue is one of the new cut."""
    first_us, last_us = (to_micros(max(Fraction(0), at + by)) for at in old.asked)
    offer = clip.offer and replace(clip.offer, record=None, film_start_us=first_us, film_end_us=last_us)
    start, end = RecordTime(clip.start + by), RecordTime(clip.end + by)
    return replace(clip, start=start, end=end, offer=offer, laid=None, raw=None)


def _within(clip: Clip, length: Fraction) -> Clip | None:
    """What of a clip lies within the cut; ``None`` where nothing does."""
    first, last = max(clip.start, Fraction(0)), min(clip.end, length)
    if first >= last:
        return None
    return _part(clip, first, last)


def lost_clips(gone: Moved) -> tuple[Clip, ...]:
    """What of a sound is kept that lost its picture: switched off, where that was cut out."""
    by = gone.lost_at - gone.old.start
    clips = gone.old.clips or gone.old.spares[:1]
    return tuple(replace(_later(gone.old, clip, by), enabled=False) for clip in clips)
