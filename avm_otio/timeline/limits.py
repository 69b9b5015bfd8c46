"""What no editor takes: timelines of absurd length or depth, and starts that no timecode can write."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

from avm_otio.errors import TimelineError
from avm_otio.limits import in_force
from avm_otio.timeline.features import Feature, Loss
from avm_otio.timeline.model import Clip, Timeline
from avm_otio.timeline.time import dropped_per_minute, format_timecode, nominal_rate

_FURTHEST_S = 10**11
"""How far from 0 media time may lie. Cameras write seconds since 1970."""

_FASTEST = 10**6


def bounded(timeline: Timeline) -> Timeline:
    """The same, once it is counts that no later step can grow without end, of whatever file it was read.

    Raises:
        TimelineError: It is longer than the limits allow, its nests lie too deep in one another, or opening
            them would make too many clips.
    """
    refuse_deep_nests(timeline)
    _refuse_expansion(timeline, whole=False)
    refuse_long(timeline)
    return timeline


def refuse_deep_nests(timeline: Timeline) -> None:
    """Check that nests do not lie in one another without end.

    Raises:
        TimelineError: They do.
    """
    level, depth = [timeline], -1
    while level:
        nests = (clip.content for holder in level for clip in holder.clips())
        level = list({id(nest): nest for nest in nests if isinstance(nest, Timeline)}.values())
        depth += 1
    what = f"Timeline “{timeline.name}” has {depth} nests in one another"
    in_force().check("depth", depth, what, "Open some of them in your editor.")


def refuse_wide_nests(timeline: Timeline) -> None:
    """Check that a file which holds each nest as often as it is used does not grow out of hand.

    Raises:
        TimelineError: It would.
    """
    _refuse_expansion(timeline, whole=True)


def _refuse_expansion(timeline: Timeline, *, whole: bool) -> None:
    made = _opened(timeline, whole, {}) - _held(timeline)
    what = f"The nests of “{timeline.name}” come to {min(made, 10**9)} clips more than its file holds"
    in_force().check("objects", made, what, "Open some of them in your editor.")


def _opened(timeline: Timeline, whole: bool, counts: dict[int, int]) -> int:
    """How many clips there are with all nests opened: what each shows of its nest, or the whole of it."""
    count = counts.get(id(timeline))
    if count is not None:
        return count
    count = 0
    for clip in timeline.clips():
        count += 1
        if not isinstance(clip.content, Timeline):
            continue
        inside = _opened(clip.content, whole, counts)
        if not whole and clip.speed:
            used = clip.duration * abs(clip.speed)
            first = clip.media_in - (used if clip.speed < 0 else 0)
            shown = [each for each in clip.content.clips() if each.start < first + used and each.end > first]
            nests = (each.content for each in shown)
            inside = len(shown) + sum(counts[id(one)] for one in nests if isinstance(one, Timeline))
        count += inside
    counts[id(timeline)] = count
    return count


def _held(timeline: Timeline) -> int:
    """How many clips there are, those of a nest counted once however often it is used."""
    waiting, seen, count = [timeline], {id(timeline)}, 0
    while waiting:
        for clip in waiting.pop().clips():
            count += 1
            if isinstance(clip.content, Timeline) and id(clip.content) not in seen:
                seen.add(id(clip.content))
                waiting.append(clip.content)
    return count


def refuse_long(timeline: Timeline) -> None:
    """Check that a timeline and what it holds are no longer than the limits allow.

    Raises:
        TimelineError: One is longer.
    """
    waiting, seen, limits = [timeline], {id(timeline)}, in_force()
    while waiting:
        one = waiting.pop()
        end = max([one.duration, *(clip.end for clip in one.clips())])
        hint = "Its file is damaged: export it again."
        what = f"Timeline “{one.name}” is {min(int(end / 3600), 10**9)} hours long"
        limits.check("seconds", math.ceil(end), what, hint)
        frames = math.ceil(end * one.rate)
        limits.check("frames", frames, f"Timeline “{one.name}” has {frames} frames", hint)
        nests = {id(c.content): c.content for c in one.clips() if isinstance(c.content, Timeline)}
        waiting += (nest for name, nest in nests.items() if name not in seen)
        seen |= nests.keys()


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
    refuse_long(timeline)
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
