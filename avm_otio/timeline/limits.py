"""What no editor takes: timelines of absurd length, and starts that no timecode can write."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from avm_otio.errors import TimelineError
from avm_otio.timeline.features import Feature, Loss
from avm_otio.timeline.model import Clip, Timeline
from avm_otio.timeline.time import dropped_per_minute, format_timecode, nominal_rate

_LONGEST_S = 1000 * 3600
"""Seconds of the longest timeline: far beyond any that is cut, far below where files count over."""

_FURTHEST_S = 10**11
"""How far from 0 media time may lie. Cameras write seconds since 1970."""

_FASTEST = 10**6


_DEEPEST = 10
"""Nests in nests: each may be on a picture and on a sound track, so every level doubles what there is."""


def refuse_deep_nests(timeline: Timeline) -> None:
    """Check that nests do not lie in one another without end.

    Raises:
        TimelineError: They do.
    """
    waiting = [(timeline, 0)]
    while waiting:
        holder, depth = waiting.pop()
        if depth > _DEEPEST:
            message = f"Timeline “{timeline.name}” has more than {_DEEPEST} nests in one another."
            raise TimelineError(message, "Open some of them in your editor, and export it again.")
        nests = (clip.content for clip in holder.clips() if isinstance(clip.content, Timeline))
        waiting += ((nest, depth + 1) for nest in nests)


def unmeasured(timeline: Timeline) -> Clip | None:
    """The first clip that says nowhere how long it is; ``None`` where each does."""
    for clip in timeline.clips():
        found = unmeasured(clip.content) if isinstance(clip.content, Timeline) else None
        if found is not None or clip.unmeasured:
            return found or clip
    return None


def refuse_empty(timeline: Timeline) -> None:
    """Check that there is something on a timeline.

    Raises:
        TimelineError: There is not.
    """
    if any(track.clips for track in timeline.tracks):
        return
    if timeline.markers:
        count = len(timeline.markers)
        raise TimelineError(
            f"Timeline “{timeline.name}” holds {count} marker{'s' if count > 1 else ''} and no clip.",
            "A list of markers has no picture: give the timeline that they belong to.",
        )
    if not timeline.duration:
        raise TimelineError(
            f"Timeline “{timeline.name}” is empty.", "Put at least one clip on a video track."
        )


def refuse_unmeasured(timeline: Timeline) -> None:
    """Check that every clip says how long it is.

    Raises:
        TimelineError: One does not.
    """
    clip = unmeasured(timeline)
    if clip is not None:
        raise TimelineError(
            f"Clip “{clip.name}” does not say how long it is.",
            "Give it a source range in your editor and export the timeline again.",
        )


def believe(timeline: Timeline) -> None:
    """Check that a timeline and its nests are such as somebody may have cut.

    Raises:
        TimelineError: Something is longer or faster than anything real.
    """
    ends = [timeline.duration, *(clip.end for clip in timeline.clips())]
    if max(ends) > _LONGEST_S:
        hours = int(max(ends) / 3600)
        message = f"Timeline “{timeline.name}” is {hours if hours < 10**9 else 'over 10⁹'} hours long."
        raise TimelineError(message, "Its file is damaged: export it again.")
    for clip in timeline.clips():
        if abs(clip.media_in) > _FURTHEST_S or abs(clip.speed) > _FASTEST:
            raise TimelineError(
                f"{timeline.named(clip)} uses its media at a place or speed that none can have.",
                "Set it right in your editor, and export the timeline again.",
            )
        if isinstance(clip.content, Timeline):
            believe(clip.content)


def within_a_day(timeline: Timeline) -> tuple[Timeline, tuple[Loss, ...]]:
    """The same with a start that a timecode can say: it begins anew at midnight."""
    rate = timeline.rate
    dropped = dropped_per_minute(rate) * (1440 - 144) if timeline.drop_frame else 0
    day = nominal_rate(rate) * 86_400 - dropped
    start = timeline.start_frame % day
    if start == timeline.start_frame:
        return timeline, ()
    days = Fraction(timeline.start_frame - start, day)
    which = "the day before" if days == -1 else "the day after" if days == 1 else "another day"
    message = f"it starts on {which}: written as {format_timecode(start, rate, timeline.drop_frame)}"
    loss = Loss(Feature.START, f"Timeline “{timeline.name}”", message)
    return replace(timeline, start_frame=start), (loss,)
