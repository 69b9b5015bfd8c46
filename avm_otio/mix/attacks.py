"""An effect on its frame: what is meant of it lies on its cue, not the head of its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from avm_otio.mix.heard import Heard
from avm_otio.mix.roles import Role
from avm_otio.timeline.model import CUT_FADE_US
from avm_otio.timeline.time import RecordTime, from_micros, to_micros, whole_frames

TAIL_FADE_US = 150_000
"""Fade-out of a tail that ends at a scene change: it is heard to go, and not to be cut off."""

_MOST_BEFORE = Fraction(1, 4)
"""Seconds that are kept of what is heard before an attack: a hand on a latch, no room tone."""

_JUST_BEFORE = Fraction(CUT_FADE_US, 10**6)

_NEAR_ITS_END = Fraction(3, 20)
"""Seconds from the peak of a riser to its end, up to which it is the end that is meant."""


@dataclass(frozen=True, slots=True)
class Cued:
    """Where a cue lies.

    Attributes:
        start: Its start, record time.
        end: Its end, not before that.
        first: Where the film begins on the record.
        last: Where it ends.
        rate: Frames a second of the record.
        scene_changes: Hard cuts of the picture over which no tail rings, record time, in order.
    """

    start: RecordTime
    end: RecordTime
    first: RecordTime
    last: RecordTime
    rate: Fraction
    scene_changes: Sequence[RecordTime] = ()


@dataclass(frozen=True, slots=True)
class OnFrame:
    """Where an effect lies.

    Attributes:
        start: Exact record time of its head.
        end: Exact record time of its tail.
        media_in: Seconds of its file at its head.
        fade_in_us: Fade where sound before its head is left out.
        fade_out_us: Fade where it is cut before its end.
    """

    start: RecordTime
    end: RecordTime
    media_in: Fraction
    fade_in_us: int
    fade_out_us: int


def on_frame(
    cued: Cued, heard: Heard, natural: Fraction, role: Role, *, rings_out: bool, exactly: bool = False
) -> OnFrame:
    """Where an effect lies so that what is meant of it is on its cue.

    Of what strikes that is its attack, on the cue's start; of what swells its peak, a riser's end on the
    cue's end; ambience simply begins.

    Args:
        cued: Where the cue lies.
        heard: What was heard in its file.
        natural: How long the file is, in seconds.
        role: What the effect is for.
        rings_out: Whether it is heard to its end, however long its cue is.
        exactly: Whether it begins on a frame in any case, less than a frame of its beginning left out for
            that, so that what is meant of it is where it should be in every editor.
    """
    begins, ends, attack, peak, tail = (
        min(from_micros(at_us), natural)
        for at_us in (heard.begins_us, heard.ends_us, heard.attack_us, heard.peak_us, heard.tail_us)
    )
    swells = heard.is_rising or role is Role.WHOOSH or (role is Role.RISER and 2 * peak > begins + ends)
    is_riser = swells and (role is Role.RISER or ends - peak <= _NEAR_ITS_END)
    at, point = cued.start, attack
    head = begins if attack - begins <= _MOST_BEFORE else max(begins, attack - _JUST_BEFORE)
    if role is Role.AMBIENCE:
        point = head = begins
    elif is_riser and 2 * (cued.end - cued.start) >= peak - begins:
        at, head = min(cued.end, cued.last), begins
        point = ends if ends - peak <= _NEAR_ITS_END else peak
        if not rings_out:
            head = max(begins, point - (at - cued.start))
    elif swells:
        point, head = peak, begins
    head = max(head, point - (at - cued.first))
    start = at - (point - head)
    frame = Fraction(whole_frames(start, cued.rate)) / cued.rate
    if head <= begins and cued.first <= frame and start - frame <= head:
        # There is silence to spare: it can begin on a frame, and its attack is exact all the same.
        head -= start - frame
        start = RecordTime(frame)
    elif exactly and start != frame:
        head += 1 / cued.rate - (start - frame)
        start = RecordTime(frame + 1 / cued.rate)
    sound_end = at + (natural - point)
    end = sound_end if rings_out or sound_end <= cued.end else max(cued.end, at + 1 / cued.rate)
    end = min(end, sound_end, cued.last)
    fade_out_us = CUT_FADE_US if end < sound_end else 0
    for change in cued.scene_changes:
        if change > at + 1 / cued.rate and change >= at + (tail - point) and change < end:
            end = change
            fade_out_us = min(TAIL_FADE_US, to_micros(change - at))
            break
    # The attack itself is not faded.
    fade_in_us = min(CUT_FADE_US, max(0, to_micros(point - head))) if head > begins else 0
    return OnFrame(RecordTime(start), RecordTime(max(end, start)), head, fade_in_us, fade_out_us)
