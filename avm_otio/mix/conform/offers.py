"""What an editor's file does not say of our sounds, said again: for which cue each was offered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from avm_otio.mix.cues import Cue
from avm_otio.mix.used import ServiceItem
from avm_otio.timeline.model import Clip, Offer, Stem, Timeline
from avm_otio.timeline.plan import FilmMap
from avm_otio.timeline.time import FilmTime, from_micros, to_micros


def with_offers(
    timeline: Timeline,
    item_of: Callable[[Clip, Stem | None], ServiceItem | None],
    cues_with: Callable[[str], Sequence[Cue]],
    film_map: FilmMap,
) -> Timeline:
    """The timeline with the offers of clips that do not say them: of the nearest cue that offers the item.

    Args:
        timeline: A scored timeline as an editor wrote it.
        item_of: What a clip is, by the jobs' files.
        cues_with: The cues that offer an item, by its name.
        film_map: Where the film lay that was asked about.
    """

    def with_offer(clip: Clip, stem: Stem | None) -> Clip:
        offered = None if clip.offer is not None else item_of(clip, stem)
        if offered is None:
            return clip
        item = offered.item
        cues = [cue for cue in cues_with(item.name) if cue.end_us is not None]
        if stem is not Stem.EFFECTS or not cues:
            end_us = to_micros(film_map.film_duration)
            return replace(clip, offer=Offer(item.served, (), 0, end_us, currency=offered.currency))
        cue = min(cues, key=lambda cue: _distance(clip, cue, film_map))
        others = tuple(other.served for other in cue.items if other.name != item.name)
        rank = [other.name for other in cue.items].index(item.name)
        return replace(
            clip,
            alternative=0 if clip.enabled else max(1, rank),
            offer=Offer(
                item.served,
                others,
                cue.start_us,
                cue.end_us or cue.start_us,
                cue=cue.served,
                currency=offered.currency,
            ),
        )

    tracks = (
        replace(track, clips=tuple(with_offer(clip, clip.stem or track.holds) for clip in track.clips))
        if track.is_ours
        else track
        for track in timeline.tracks
    )
    return replace(timeline, tracks=tuple(tracks))


def _distance(clip: Clip, cue: Cue, film_map: FilmMap) -> Fraction:
    """How far a clip lies from a cue: nothing where the cue begins or ends within it."""
    edges = (cue.start_us, cue.end_us or cue.start_us)
    return min(
        max(clip.start - at, at - clip.end, Fraction(0))
        for at in (film_map.to_record(FilmTime(from_micros(edge))) for edge in edges)
    )
