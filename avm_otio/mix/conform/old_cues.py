"""Our sounds on a scored cut, each with the moments that it was spotted on.

What strikes was spotted on one moment: the start of its cue, of a riser its end; where an editor moved it
from there, on where what is meant of it (its attack, its peak, its end) is heard now.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from avm_otio.mix.answers import read_item
from avm_otio.mix.attacks import meant_at
from avm_otio.mix.cues import Cue, Item
from avm_otio.mix.heard import Heard
from avm_otio.mix.placement import ONE_SHOT
from avm_otio.mix.roles import Role, role_of
from avm_otio.mix.used import ServiceItem, service_of, stated_item
from avm_otio.timeline.model import Clip, Stem, Timeline, Track
from avm_otio.timeline.plan import FilmMap
from avm_otio.timeline.time import MICROS_OFF, FilmTime, RecordTime, from_micros, to_micros, unrounded

ItemOf = Callable[[Clip, Stem | None], ServiceItem | None]
HeardOf = Callable[[Item], Heard | None]
Span = tuple[Fraction, Fraction]


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


def old_cues(
    timeline: Timeline,
    item_of: ItemOf,
    film_map: FilmMap | None,
    heard_of: HeardOf = lambda item: None,
    *,
    with_music: bool = False,
) -> Iterator[OldCue]:
    """Our sounds on a scored cut.

    Args:
        timeline: The cut.
        item_of: What a clip is that does not say so itself.
        film_map: Where the film lay that was asked about; ``None`` where nobody knows: what strikes then goes
            by what is meant of it.
        heard_of: What was heard in the file of an item; where there is nothing, its head is what is meant.
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
    read = _Reader(film_map, heard_of, timeline.rate)
    for alike in found.values():
        yield from read.cues(alike)


def _key(clip: Clip) -> str:
    """What clips of one cue share; a clip that does not say its cue is one by itself."""
    offer = clip.offer
    if offer is None or offer.cue is None:
        return f"{clip.stem} {id(clip)}"
    cue = json.dumps(offer.cue, sort_keys=True, default=str)
    return f"{clip.stem} {offer.film_start_us} {offer.film_end_us} {cue}"


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads cues off a cut.

    Attributes:
        film_map: Where the film lay that was asked about, where anybody knows.
        heard_of: What was heard in the file of an item.
        rate: Frames a second of the cut.
    """

    film_map: FilmMap | None
    heard_of: HeardOf
    rate: Fraction

    def cues(self, alike: Sequence[tuple[Track, Clip, ServiceItem]]) -> Iterator[OldCue]:
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
            yield self._cue_of([], spares)
            return
        nearest: dict[int, list[tuple[Clip, ServiceItem]]] = {}
        for clip, offered in spares:
            index = min(range(len(heard)), key=lambda index: abs(heard[index][0][1].start - clip.start))
            nearest.setdefault(index, []).append((clip, offered))
        for index, parts in enumerate(heard):
            yield self._cue_of(parts, nearest.get(index, ()))

    def _cue_of(
        self, parts: Sequence[tuple[Track, Clip, ServiceItem]], spares: Iterable[tuple[Clip, ServiceItem]]
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
            () if goes_with_stretch else self._anchors(first, offered.item, (start, end), role),
            tuple(crossfades[: len(parts)]),
            self._asked(first) or (start, end),
        )

    def _anchors(self, clip: Clip, item: Item, lies: Span, role: Role) -> tuple[Fraction, ...]:
        """The moments that a sound was spotted on, the likeliest first."""
        start, end = lies
        asked = self._asked(clip)
        spotted: list[Fraction] = []
        if asked is not None:
            spotted += [asked[1]] if role is Role.RISER and start < asked[1] <= end + MICROS_OFF else []
            spotted += [asked[0]] if start - MICROS_OFF <= asked[0] < end else []
        heard = self.heard_of(item)
        meant = meant_at(clip, heard, role) if heard is not None else ()
        # Within a frame of its cue, by that or by its head, it is as laid; else an editor spotted it anew.
        is_as_asked = any(abs(at - each) * self.rate <= 1 for at in (*meant, start) for each in spotted)
        found = (*spotted, *meant) if is_as_asked else (*meant, *spotted)
        return found or (start,)

    def _asked(self, clip: Clip) -> tuple[Fraction, Fraction] | None:
        """Where the cue of a clip lies, old record time."""
        if self.film_map is None or clip.offer is None:
            return None
        start, end = (
            unrounded(self.film_map.to_record(FilmTime(from_micros(at_us))), self.rate)
            for at_us in (clip.offer.film_start_us, clip.offer.film_end_us)
        )
        return start, end


def _goes_on(before: tuple[Track, Clip, ServiceItem], after: tuple[Track, Clip, ServiceItem]) -> bool:
    """Whether a clip is the next part of the same sound."""
    return (
        before[0] is after[0]
        and before[1].end == after[1].start
        and before[2].item.name == after[2].item.name
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
