"""Music that was planned → clips and crossfades on one track."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from avm_otio.mix.cues import Cue, Item
from avm_otio.mix.fitted import Fitted, Piece
from avm_otio.mix.music_plan import MusicPlan, Part
from avm_otio.mix.placement import CROSSFADE, Laid, LaidClip, Lane
from avm_otio.services import Service
from avm_otio.timeline.completed import all_channels
from avm_otio.timeline.model import Clip, Marker, Media, Mix, Offer, Stem, Transition
from avm_otio.timeline.plan import FilmMap
from avm_otio.timeline.time import MediaTime, to_micros


def laid_music(
    service: Service,
    cue: Cue,
    plan: MusicPlan,
    items: Sequence[Item],
    media_of: Callable[[Item], Media],
    film_map: FilmMap,
    *,
    gain_db: float = 0.0,
    beat_markers: bool = False,
) -> Lane:
    """The track of a plan: for every part of a piece a clip, for every join a crossfade.

    Args:
        service: Whose offer it is.
        cue: The place for which it is offered: the whole film.
        plan: The plan.
        items: What its pieces are, in the order in which they were given to it.
        media_of: The media of an item.
        film_map: Where film time lies on the timeline.
        gain_db: The gain of each clip.
        beat_markers: Put a marker on every bar.
    """
    clips: list[LaidClip] = []
    transitions: list[Transition] = []
    for part in plan.parts:
        if not part.music.pieces:
            continue
        item = items[part.piece]
        others = tuple(other for other in cue.items if other is not item)
        served = replace(cue, items=(item, *others))
        before, after = part.crossfade
        if before + after > 0:
            transitions.append(Transition(CROSSFADE, part.music.pieces[0].start, before, after))
        transitions += (
            Transition(CROSSFADE, join.at, join.before, join.after)
            for join in part.music.joins
            if join.before + join.after > 0
        )
        offer = _offer(item, others, part, film_map)
        media = media_of(item)
        title = item.title or f"{service.stem} {item.id}"
        media = media if media.name else replace(media, name=title)
        for number, piece in enumerate(part.music.pieces):
            clip = _clip(title, media, piece, gain_db, Stem(service.stem))
            # What the whole is made of stands on its first clip.
            clip = replace(clip, offer=offer if number == 0 else replace(offer, fitted=None))
            if beat_markers:
                clip = replace(clip, markers=_bars(part.music, piece))
            clips.append(LaidClip(clip, served, part=number))
    return Lane(service, service.track.format(number=1), tuple(clips), transitions=tuple(transitions))


def with_music(laid: Laid, lane: Lane, notes: Sequence[str] = ()) -> Laid:
    """What was laid, with a track of music in place of the one that was laid as it is.

    Args:
        laid: What was laid.
        lane: The track.
        notes: What the user should know of it.
    """
    is_replaced = [each.service == lane.service and not each.is_spare for each in laid.lanes]
    if True not in is_replaced:
        return replace(laid, notes=(*laid.notes, *notes))
    first = is_replaced.index(True)
    kept = [each for each, out in zip(laid.lanes, is_replaced, strict=True) if not out]
    lanes = (*kept[:first], *([lane] if lane.clips else []), *kept[first:])
    return replace(laid, lanes=lanes, notes=(*laid.notes, *notes))


def _clip(title: str, media: Media, piece: Piece, gain_db: float, stem: Stem) -> Clip:
    return Clip(
        name=title,
        start=piece.start,
        end=piece.end,
        content=media,
        media_in=MediaTime(media.start + piece.media_in),
        mix=Mix(gain_db, piece.fade_in_us, piece.fade_out_us),
        channels=all_channels(media),
        stem=stem,
        channels_assumed=True,
    )


def _offer(item: Item, others: Sequence[Item], part: Part, film_map: FilmMap) -> Offer:
    first, last = (frame / part.music.rate for frame in (part.music.span.start, part.music.span.end))
    return Offer(
        item=item.served,
        alternatives=tuple(other.served for other in others),
        film_start_us=max(0, to_micros(_film_time(film_map, first))),
        film_end_us=max(0, to_micros(_film_time(film_map, last))),
        fitted=part.music.as_dict(),
    )


def _film_time(film_map: FilmMap, record: Fraction) -> Fraction:
    return (record - film_map.record_start) / film_map.record_per_film


def _bars(music: Fitted, piece: Piece) -> tuple[Marker, ...]:
    """The bars that begin in a part, seconds from its head."""
    return tuple(
        replace(marker, start=marker.start - piece.start)
        for marker in music.beat_markers()
        if piece.start <= marker.start < piece.end
    )
