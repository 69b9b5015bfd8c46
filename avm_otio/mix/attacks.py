"""An effect on its frame: what is meant of it lies on its cue, not the head of its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from avm_otio.mix.heard import Heard
from avm_otio.mix.roles import Role
from avm_otio.timeline.model import CUT_FADE_US, Clip
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
    swells, is_riser = _swells(heard, role, begins, peak, ends)
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
    change = tail_end(at, at + (tail - point), end, cued.scene_changes, cued.rate)
    if change is not None:
        end = change
        fade_out_us = tail_fade_us(at, change)
    # The attack itself is not faded.
    fade_in_us = min(CUT_FADE_US, max(0, to_micros(point - head))) if head > begins else 0
    return OnFrame(RecordTime(start), RecordTime(max(end, start)), head, fade_in_us, fade_out_us)


def tail_end(
    at: Fraction, rings_from: Fraction, end: Fraction, scene_changes: Sequence[RecordTime], rate: Fraction
) -> RecordTime | None:
    """The scene change at which a tail ends; ``None`` where it rings over none.

    Args:
        at: Where what is meant of the sound lies, record time.
        rings_from: From where on it only rings out.
        end: Where it ends.
        scene_changes: Hard cuts of the picture, in order.
        rate: Frames a second of the record.
    """
    over = (each for each in scene_changes if each > at + 1 / rate and rings_from <= each < end)
    return next(over, None)


def tail_fade_us(at: Fraction, change: Fraction) -> int:
    """How long a tail fades that ends at a scene change, so that what is meant of it does not."""
    return min(TAIL_FADE_US, to_micros(max(Fraction(0), change - at)))


def meant_at(clip: Clip, heard: Heard, role: Role) -> tuple[RecordTime, ...]:
    """Where what is meant of an effect is heard as it lies, the likeliest first, record time.

    Of what strikes that is its attack, of what swells its peak, of a riser its end or its peak. Empty where
    it does not play forwards, or that was cut off.

    Args:
        clip: The effect as it lies.
        heard: What was heard in its file.
        role: What it is for.
    """
    if clip.speed <= 0:
        return ()
    begins, ends, peak = map(from_micros, (heard.begins_us, heard.ends_us, heard.peak_us))
    swells, is_riser = _swells(heard, role, begins, peak, ends)
    if not swells:
        points = [begins if role is Role.AMBIENCE else from_micros(heard.attack_us)]
    else:
        points = [ends, peak] if is_riser and ends - peak <= _NEAR_ITS_END else [peak]
    found = (sounds_at(clip, point) for point in points)
    return tuple(at for at in found if clip.start <= at <= clip.end)


def sounds_at(clip: Clip, point: Fraction) -> RecordTime:
    """Where a moment of a clip's file is heard, record time, whether it was cut off or not.

    Args:
        clip: A clip of a sound that plays forwards.
        point: Seconds of its file.
    """
    head = clip.media_in - (clip.media.start if clip.media else 0)
    return RecordTime(clip.start + (point - head) / clip.speed)


def _swells(heard: Heard, role: Role, begins: Fraction, peak: Fraction, ends: Fraction) -> tuple[bool, bool]:
    """Whether a sound swells, so that its peak is what is meant, and whether its end is."""
    swells = heard.is_rising or role is Role.WHOOSH or (role is Role.RISER and 2 * peak > begins + ends)
    return swells, swells and (role is Role.RISER or ends - peak <= _NEAR_ITS_END)
