"""What was laid → tracks of the timeline; and our own tracks taken off again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby, pairwise
from typing import Any

from avm_otio.mix.placement import Laid, LaidClip, Lane
from avm_otio.timeline.completed import widest
from avm_otio.timeline.model import (
    Clip,
    Marker,
    Media,
    Stem,
    Timeline,
    Track,
    TrackKind,
)
from avm_otio.timeline.parts import trimmed
from avm_otio.timeline.time import RecordTime, nearest_frame
from avm_otio.words import priced

_COLORS = {Stem.MUSIC: "CYAN", Stem.EFFECTS: "GREEN", Stem.DIALOGUE: "ORANGE"}
"""Colours of our markers, in OTIO's words."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Which answer of which service a clip comes from.

    Attributes:
        service: The service's origin, or ``local``.
        currency: What every price beside it is in; empty where unknown.
        language: What titles are in; empty where unknown.
        film_id: The Film, where known.
        session_id: The film service, where known.
        license: The licence that was asked for, as sent; empty where unknown.
    """

    service: str = ""
    currency: str = ""
    language: str = ""
    film_id: int | None = None
    session_id: int | None = None
    license: Mapping[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """As it stands in the metadata: what is unknown is left out."""
        values = {
            "service": self.service,
            "currency": self.currency,
            "language": self.language,
            "film_id": self.film_id,
            "session_id": self.session_id,
            "license": self.license,
        }
        return {key: value for key, value in values.items() if value not in (None, "")}


def add_tracks(
    timeline: Timeline,
    laid: Laid,
    origin: Origin,
    *,
    replaced: Sequence[tuple[int, Media | None]] = (),
) -> Timeline:
    """The timeline with what was laid on new audio tracks, in place of those of an earlier run.

    Args:
        timeline: The timeline.
        laid: What to lay.
        origin: Where it comes from.
        replaced: The sound that what was laid takes the place of: index of the track among all, and which
            media in it (``None`` for all). It is disabled over the laid range, not deleted.
    """
    timeline = without_ours(timeline)
    tracks = list(timeline.tracks)
    for clip in laid.replacements:
        for index, media in replaced:
            tracks[index] = _disabled(tracks[index], clip, media, timeline.rate)
    tracks += [_track(lane, origin) for lane in laid.lanes]
    ends = (clip.clip.frames(laid.rate)[1] / laid.rate for lane in laid.lanes for clip in lane.clips)
    noted: dict[str, Any] | None = None
    if laid.clips:
        first, last = min(clip.lies[0] for clip in laid.clips), max(clip.lies[1] for clip in laid.clips)
        noted = origin.as_dict() | {"record_start": str(first), "record_end": str(last)}
    return replace(timeline, tracks=tuple(tracks), duration=max((timeline.duration, *ends)), origin=noted)


def _track(lane: Lane, origin: Origin) -> Track:
    """One of our tracks."""
    clips = tuple(_clip(clip, origin) for clip in lane.clips)
    made = Track(lane.name, TrackKind.AUDIO, clips, lane.transitions, stem=lane.stem)
    return replace(made, channels=widest(made), channels_assumed=True)


def _clip(laid: LaidClip, origin: Origin) -> Clip:
    """A clip that says where its answer comes from."""
    clip = laid.clip
    offer = clip.offer and replace(
        clip.offer,
        film_id=origin.film_id,
        session_id=origin.session_id,
        currency=origin.currency,
        license=origin.license,
    )
    marker = () if laid.rank or laid.part else (_marker(laid, origin),)
    return replace(clip, offer=offer, markers=(*marker, *clip.markers))


def _marker(laid: LaidClip, origin: Origin) -> Marker:
    """What an editor shows of a cue without knowing our metadata: what, how much, what else there is."""
    item = laid.item
    about = [", ".join(laid.cue.words)]
    if item.is_bought:
        about.append("bought")
    elif item.price is not None:
        about.append(priced(item.price, origin.currency))
    if others := len(laid.alternatives):
        about.append(f"{others} alternative{'s' * (others != 1)}")
    about.append(laid.note)
    comment = "; ".join(filter(None, about))
    return Marker(laid.clip.name, Fraction(0), comment=comment, color=_COLORS[laid.kind])


def without_ours(timeline: Timeline, is_of_a_job: Callable[[str], bool] = lambda url: False) -> Timeline:
    """The timeline without the tracks of an earlier run, and with the sound that it disabled enabled again.

    Args:
        timeline: The timeline.
        is_of_a_job: Of the URL of a sound, whether a job brought it. A track of nothing else is ours, too:
            some editors keep neither metadata nor names.
    """
    users = [track for track in timeline.tracks if not (track.is_ours or _holds_only(track, is_of_a_job))]
    duration = timeline.duration
    if len(users) < len(timeline.tracks):
        duration = min(duration, max((track.end for track in users), default=Fraction(0)))
    tracks = tuple(_restored(track) if track.kind is TrackKind.AUDIO else track for track in users)
    return replace(timeline, tracks=tracks, duration=duration, origin=None)


def _holds_only(track: Track, is_of_a_job: Callable[[str], bool]) -> bool:
    if track.kind is not TrackKind.AUDIO or not track.clips:
        return False
    return all(
        clip.media is not None
        and clip.media.is_online
        and clip.media.sequence is None
        and is_of_a_job(clip.media.path)
        for clip in track.clips
    )


def _disabled(track: Track, by: LaidClip, media: Media | None, rate: Fraction) -> Track:
    """Disable what sounds on a track under a clip of ours; what reaches out from under it is cut there.

    Args:
        track: The track.
        by: The clip.
        media: What of the track; ``None`` for all.
        rate: Frames a second of the timeline.
    """
    clips: list[Clip] = []
    for clip in track.clips:
        first, last = clip.frames(rate)
        begin, stop = (nearest_frame(edge, rate) for edge in by.lies)
        if not clip.enabled or begin >= last or stop <= first or not _is_from(clip, media):
            clips.append(clip)
            continue
        head = clip.start if begin <= first else RecordTime(begin / rate)
        tail = clip.end if stop >= last else RecordTime(stop / rate)
        clips += _pieces(clip, head, tail, by.kind)
    return replace(track, clips=tuple(clips))


def _pieces(clip: Clip, head: Fraction, tail: Fraction, stem: Stem) -> Iterator[Clip]:
    """A clip disabled between two record times, in up to three pieces that remember what they were."""
    whole = None if (head, tail) == (clip.start, clip.end) else clip
    for start, end in pairwise(sorted({clip.start, head, tail, clip.end})):
        piece = replace(trimmed(clip, start, end), cut_from=whole)
        yield replace(piece, enabled=False, replaced_by=stem) if head <= start < tail else piece


def _is_from(clip: Clip, media: Media | None) -> bool:
    if media is None:
        return True
    here = clip.media
    return here is not None and (here.path, here.sequence) == (media.path, media.sequence)


def _restored(track: Track) -> Track:
    """Undo what ``_disabled`` did: enable again, and make pieces one again."""
    if not any(clip.replaced_by or clip.cut_from for clip in track.clips):
        return track
    clips: list[Clip] = []
    moved = Fraction(0)  # pieces that somebody took out make what follows later
    for whole, grouped in groupby(track.clips, key=_cut_from):
        pieces = list(grouped)
        if whole is None:
            clips += [_enabled(_later(clip, moved)) for clip in pieces]
            continue
        for run in _runs(pieces):
            first, last = run[0], run[-1]
            assert first.cut_from is not None
            start = RecordTime(first.start + moved)
            clips.append(replace(first.cut_from, start=start, end=RecordTime(start + whole.duration)))
            moved += whole.duration - (last.end - first.start)
    return replace(track, clips=tuple(clips))


def _cut_from(clip: Clip) -> Clip | None:
    """What a clip was cut from, wherever that lay."""
    whole = clip.cut_from
    return whole and replace(whole, start=RecordTime(Fraction(0)), end=RecordTime(whole.duration))


def _runs(pieces: Sequence[Clip]) -> Iterator[list[Clip]]:
    """Pieces that follow each other without a hole."""
    run = [pieces[0]]
    for before, piece in pairwise(pieces):
        if piece.start != before.end:
            yield run
            run = []
        run.append(piece)
    yield run


def _later(clip: Clip, by: Fraction) -> Clip:
    return replace(clip, start=RecordTime(clip.start + by), end=RecordTime(clip.end + by)) if by else clip


def _enabled(clip: Clip) -> Clip:
    return replace(clip, enabled=True, replaced_by=None) if clip.replaced_by is not None else clip
