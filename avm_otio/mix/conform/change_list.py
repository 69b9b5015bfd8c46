"""The way from the old cut into the new one as a timeline of its own: what a change EDL says.

Its one source is the old cut by its record timecode, its record is the new cut. Programs that conform sound
sessions read such lists: a session follows the list as the picture did.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from avm_otio.mix.conform.follow import Follow, Link
from avm_otio.timeline.model import Clip, Kept, Media, Timeline, Track, TrackKind
from avm_otio.timeline.time import MediaTime, RecordTime, nearest_frame

OLD_REEL = "OLDCUT"
"""What the old cut is called as a source: within the eight letters of a CMX 3600 list."""

_REEL = (Kept("edl", "reel", OLD_REEL),)


def change_list(follow: Follow, old: Timeline, new: Timeline) -> Timeline:
    """The list.

    Args:
        follow: The way from the old cut into the new one.
        old: The old cut.
        new: The new cut.
    """
    rate = new.rate
    source = Media(
        OLD_REEL,
        start=MediaTime(old.start),
        duration=max(old.duration, Fraction(1) / old.rate),
        rate=old.rate,
        has_picture=True,
        is_online=False,
        drop_frame=old.drop_frame,
        reel=OLD_REEL,
    )
    clips: list[Clip] = []
    at = 0
    for link in follow.links:
        start, end = link.new_span
        first, last = max(at, nearest_frame(start, rate)), nearest_frame(end, rate)
        if first >= last:
            continue
        speed = link.new.speed / link.old.speed if link.old.speed else Fraction(0)
        media_in = link.old_span[0] if link.old.is_freeze else _old_at(link, first / rate)
        before = clips[-1] if clips else None
        span = RecordTime(first / rate), RecordTime(last / rate)
        if (
            before is not None
            and before.end == span[0]
            and before.speed == speed
            and before.media_in + before.duration * speed == old.start + media_in
        ):
            clips[-1] = replace(before, end=span[1])
        else:
            name = link.old.name
            made = Clip(name, *span, source, MediaTime(old.start + media_in), speed, kept=_REEL)
            clips.append(made)
        at = last
    track = Track("V1", TrackKind.VIDEO, tuple(clips))
    return Timeline(
        f"{new.name} from {old.name}",
        rate,
        (track,),
        new.start_frame,
        new.drop_frame,
        max(new.duration, track.end),
    )


def _old_at(link: Link, record: Fraction) -> Fraction:
    """The moment of the old record that a moment of the new one shows."""
    if link.new.is_freeze:
        return link.old.record_at(link.new.media_in)
    return link.old.record_at(link.new.media_at(record))
