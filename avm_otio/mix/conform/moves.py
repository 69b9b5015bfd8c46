"""Our sounds of a scored cut, and where each of them lies in the new one.

What strikes has one moment that it was spotted on: the start of its cue, of a riser its end. It goes where
the source frame of that moment is seen, with the same distance to it, as often as the frame is seen. What
lies under a stretch (room tone, noise-reduced sound, long effects) goes with the stretch, and is cut where
that is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from avm_otio.mix.answers import read_item
from avm_otio.mix.conform.follow import Follow
from avm_otio.mix.cues import Cue, Item
from avm_otio.mix.placement import ONE_SHOT, LaidClip
from avm_otio.mix.roles import Role, role_of
from avm_otio.mix.used import ServiceItem, service_of, stated_item
from avm_otio.timeline.model import CUT_FADE_US, Clip, Stem, Timeline, Track
from avm_otio.timeline.parts import trimmed
from avm_otio.timeline.plan import FilmMap
from avm_otio.timeline.time import FilmTime, RecordTime, from_micros, to_micros

ItemOf = Callable[[Clip, Stem | None], ServiceItem | None]


@dataclass(frozen=True, slots=True)
class OldCue:
    """One of our sounds in the old cut.

    Attributes:
        cue: What was offered for it, the heard item first.
        stem: What it is of.
        clips: What is heard: one clip, or the parts of a sound that is repeated; empty where an editor
            switched all of it off.
        spares: What lies there switched off: alternatives, best first.
        anchors: The moments that it was spotted on, the first that is seen in the new cut counts; empty for
            what goes with the stretch under which it lies.
        crossfades: Seconds over which each of its clips comes in from the one before it.
        asked: From and to where its cue lies, old record time.
    """

    cue: Cue
    stem: Stem
    clips: tuple[Clip, ...]
    spares: tuple[Clip, ...] = ()
    anchors: tuple[Fraction, ...] = ()
    crossfades: tuple[Fraction, ...] = ()
    asked: tuple[Fraction, Fraction] = (Fraction(0), Fraction(0))

    @property
    def all(self) -> tuple[Clip, ...]:
        """Its clips, heard or not."""
        return (*self.clips, *self.spares)

    @property
    def name(self) -> str:
        """What people call it."""
        return self.all[0].name

    @property
    def start(self) -> RecordTime:
        """Where it begins in the old record."""
        return min(clip.start for clip in self.clips or self.spares)

    @property
    def end(self) -> RecordTime:
        """Where it ends there."""
        return max(clip.end for clip in self.clips or self.spares)


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
    """

    old_at: Fraction
    new_at: Fraction
    laid: tuple[LaidClip, ...]
    is_cut: bool = False
    is_turned: bool = False

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
    """

    old: OldCue
    places: tuple[Placing, ...]
    lost_at: RecordTime


def old_cues(
    timeline: Timeline, item_of: ItemOf, film_map: FilmMap | None, *, with_music: bool = False
) -> Iterator[OldCue]:
    """Our sounds on a scored cut.

    Args:
        timeline: The cut.
        item_of: What a clip is that does not say so itself.
        film_map: Where the film lay that was asked about; ``None`` where nobody knows: what strikes then goes
            by its head.
        with_music: Whether music goes with the stretch that it lies under, and is not fitted anew.
    """
    found: dict[str, list[tuple[Track, Clip, ServiceItem]]] = {}
    for track in timeline.audio_tracks:
        if not track.is_ours:
            continue
        for clip in track.clips:
            stem = clip.stem or track.holds
            offered = stated_item(clip, stem) or item_of(clip, stem)
            if offered is None or stem is None or (stem is Stem.MUSIC and not with_music):
                continue
            clip = replace(clip, stem=stem, enabled=clip.enabled and track.enabled)
            found.setdefault(_key(clip), []).append((track, clip, offered))
    for alike in found.values():
        yield from _grouped(alike, film_map)


def _key(clip: Clip) -> str:
    """What clips of one cue share; a clip that does not say its cue is one by itself."""
    offer = clip.offer
    if offer is None or offer.cue is None:
        return f"{clip.stem} {id(clip)}"
    cue = json.dumps(offer.cue, sort_keys=True, default=str)
    return f"{clip.stem} {offer.film_start_us} {offer.film_end_us} {cue}"


def _grouped(alike: Sequence[tuple[Track, Clip, ServiceItem]], film_map: FilmMap | None) -> Iterator[OldCue]:
    """The cues of clips that were offered for one place: several where an editor copied it."""
    heard: list[list[tuple[Track, Clip, ServiceItem]]] = []
    spares: list[tuple[Clip, ServiceItem]] = []
    for track, clip, offered in sorted(alike, key=lambda each: each[1].start):
        if not clip.enabled:
            spares.append((clip, offered))
        elif heard and _goes_on(heard[-1][-1], (track, clip, offered)):
            heard[-1].append((track, clip, offered))
        else:
            heard.append([(track, clip, offered)])
    if not heard:
        yield _cue_of([], spares, film_map)
        return
    nearest: dict[int, list[tuple[Clip, ServiceItem]]] = {}
    for clip, offered in spares:
        index = min(range(len(heard)), key=lambda index: abs(heard[index][0][1].start - clip.start))
        nearest.setdefault(index, []).append((clip, offered))
    for index, parts in enumerate(heard):
        yield _cue_of(parts, nearest.get(index, ()), film_map)


def _goes_on(before: tuple[Track, Clip, ServiceItem], after: tuple[Track, Clip, ServiceItem]) -> bool:
    """Whether a clip is the next part of the same sound."""
    return (
        before[0] is after[0]
        and before[1].end == after[1].start
        and before[2].item.name == after[2].item.name
    )


def _cue_of(
    parts: Sequence[tuple[Track, Clip, ServiceItem]],
    spares: Iterable[tuple[Clip, ServiceItem]],
    film_map: FilmMap | None,
) -> OldCue:
    spares = sorted(spares, key=lambda each: (each[0].alternative, each[0].start))
    first, offered = (parts[0][1], parts[0][2]) if parts else spares[0]
    assert first.stem is not None
    cue = _offered_cue(first, offered.item, [each[1].item for each in spares])
    role = role_of(cue, offered.item)
    start, end = (parts[0][1].start, parts[-1][1].end) if parts else (first.start, first.end)
    is_long = end - start > ONE_SHOT and role in (Role.FOLEY, Role.OTHER)
    goes_with_stretch = first.stem is not Stem.EFFECTS or role is Role.AMBIENCE or is_long
    crossfades = [Fraction(0)]
    for (track, before, _), _ in pairwise(parts):
        joint = next((each for each in track.transitions if each.at == before.end), None)
        crossfades.append(Fraction(0) if joint is None else joint.before + joint.after)
    return OldCue(
        cue,
        first.stem,
        tuple(clip for _, clip, _ in parts),
        tuple(clip for clip, _ in spares),
        () if goes_with_stretch else _anchors(first, start, end, role, film_map),
        tuple(crossfades[: len(parts)]),
        _asked(first, film_map) or (start, end),
    )


def _offered_cue(clip: Clip, heard: Item, others: Sequence[Item]) -> Cue:
    """The cue, the heard item first, then what lies there, then what else was offered."""
    offer = clip.offer
    assert clip.stem is not None
    items = {heard.name: heard} | {item.name: item for item in others if item.name != heard.name}
    if offer is not None:
        for served in (offer.item, *offer.alternatives):
            item = read_item(service_of(clip.stem), served)
            if item is not None:
                items.setdefault(item.name, item)
    start_us = offer.film_start_us if offer is not None else to_micros(max(Fraction(0), clip.start))
    # It ends nowhere: an effect that was spotted stays on its frame, and never moves into a pause of speech.
    return Cue(start_us, None, tuple(items.values()), {} if offer is None else offer.cue or {})


def _anchors(
    clip: Clip, start: Fraction, end: Fraction, role: Role, film_map: FilmMap | None
) -> tuple[Fraction, ...]:
    """The moments that a sound was spotted on, the likeliest first."""
    found: list[Fraction] = []
    asked = _asked(clip, film_map)
    if asked is not None:  # what an editor moved away from its cue was spotted by the editor
        found += [asked[1]] if role is Role.RISER and start < asked[1] <= end else []
        found += [asked[0]] if start <= asked[0] < end else []
    return tuple(found) or (start,)


def _asked(clip: Clip, film_map: FilmMap | None) -> tuple[Fraction, Fraction] | None:
    """Where the cue of a clip lies, old record time."""
    if film_map is None or clip.offer is None:
        return None
    start, end = (
        film_map.to_record(FilmTime(from_micros(at_us)))
        for at_us in (clip.offer.film_start_us, clip.offer.film_end_us)
    )
    return start, end


# Into the new cut


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
    for anchor in old.anchors:
        places = follow.places(anchor)
        if places:
            return Moved(old, tuple(_at_moments(old, anchor, places, length)), lost_at)
    return Moved(old, (), lost_at)


def _at_moments(
    old: OldCue, anchor: Fraction, places: Sequence[Fraction], length: Fraction
) -> Iterator[Placing]:
    for place in places:
        by = place - anchor
        laid = [*_laid(old, old.clips, by, length), *_laid_spares(old, by, length)]
        if laid:
            is_cut = any(
                each.clip.duration != clip.duration for each, clip in zip(laid, old.all, strict=False)
            )
            yield Placing(anchor, place, tuple(laid), is_cut)


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
