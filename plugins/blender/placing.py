"""Where the clips of a result lie on the channels of a scene, and how loud they are there.

Strips of one channel never overlap, so clips that fade into each other take turns on two.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

Clip = dict[str, Any]

_STEP_DB = 2.0
"""The most by which the gain differs between two points. Volume is linear in Blender; a straight line of 2 dB
is nowhere more than 0.06 dB off one that is straight in decibels."""

_RAMPS = ("fade_in_us", "fade_out_us")


@dataclass(frozen=True)
class Place:
    """One clip on its channel.

    Attributes:
        clip: It, of ``result.json``.
        channel: Its channel, counted from the lowest that is free.
        first: Its first frame with what it plays of a crossfade, from the scene's start.
        last: The frame after its last one.
        media_start: Seconds of its file that are left out.
        rise: Frames in which it fades in, by its own fade or a crossfade.
        fall: Frames in which it fades out.
    """

    clip: Clip
    channel: int
    first: int
    last: int
    media_start: Fraction
    rise: int
    fall: int


def pieces_of(result: dict[str, Any]) -> list[Clip]:
    """What is heard, for people: a piece of music that lies in several parts is one."""
    return [clip for clip in result["clips"] if not clip.get("part")]


def places_of(clips: Iterable[Clip], rate: Fraction) -> tuple[list[Place], int]:
    """Every clip's place, in their order, and how many channels they take.

    Args:
        clips: Of ``result.json``.
        rate: Frames a second.
    """
    clips = tuple(clips)
    ends = {(clip["track"], clip["record_frame"] + clip["frames"]): clip for clip in clips}
    fades = {}  # by the cut between two clips
    for clip in clips:
        fade = clip.get("cross_fade_us")
        cut = clip["track"], clip["record_frame"]
        if fade and cut in ends:
            fades[cut] = _cross_fade(ends[cut], clip, fade, rate)
    found: dict[int, Place] = {}
    channels = 0
    for track in dict.fromkeys(clip["track"] for clip in clips):
        free_from: list[int] = []  # by channel of this track
        numbers = [number for number, clip in enumerate(clips) if clip["track"] == track]
        for number in sorted(numbers, key=lambda each: int(clips[each]["record_frame"])):
            clip = clips[number]
            start, end = clip["record_frame"], clip["record_frame"] + clip["frames"]
            before, rise = fades.get((track, start), (0, 0))
            length, fall = fades.get((track, end), (0, 0))
            after = fall - length
            own_rise, own_fall = (
                min(round(Fraction(clip[name], 1_000_000) * rate), clip["frames"] // 2) for name in _RAMPS
            )
            at = next((each for each, free in enumerate(free_from) if free <= start - before), len(free_from))
            free_from[at : at + 1] = [end + after]
            media_start = Fraction(clip.get("media_start_us", 0), 1_000_000) - before / rate
            found[number] = Place(
                clip,
                channels + at,
                start - before,
                end + after,
                media_start,
                rise or own_rise,
                fall or own_fall,
            )
        channels += len(free_from)
    return [found[number] for number in range(len(clips))], channels


def _cross_fade(earlier: Clip, later: Clip, fade: dict[str, int], rate: Fraction) -> tuple[int, int]:
    """Frames for which the later of two clips is heard before the cut, and of the whole crossfade."""
    before, after = (Fraction(fade[name], 1_000_000) * rate for name in ("before", "after"))
    whole = max(1, round(before + after))
    # Neither is heard before its file begins, nor before the other one's middle.
    there = math.floor(Fraction(later["media_start_us"], 1_000_000) * rate)
    ahead = min(round(before), whole, there, earlier["frames"] // 2)
    return ahead, ahead + min(whole - ahead, later["frames"] // 2)


def volumes_of(place: Place, rate: Fraction) -> list[tuple[float, float]]:
    """The volume of a clip as points joined by straight lines: frames from the scene's start, and volumes.

    Args:
        place: The clip's.
        rate: Frames a second.
    """
    clip = place.clip
    head = clip["record_frame"]
    keys = [
        (float(head + Fraction(key["at_us"], 1_000_000) * rate), float(key["gain_db"]))
        for key in clip.get("keys") or ()
    ]
    keys = keys or [(float(head), float(clip["gain_db"]))]
    up, down = place.first + place.rise, place.last - place.fall
    edges = {float(edge) for edge in (place.first, up, down, place.last)}
    edges |= {at for at, _ in keys if place.first < at < place.last}
    if len(edges) == 2 and len({gain_db for _, gain_db in keys}) == 1:
        return [(float(place.first), _amplitude(keys[0][1]))]

    def volume(frame: float) -> float:
        rise = (frame - place.first) / place.rise if frame < up else 1.0
        fall = (place.last - frame) / place.fall if frame > down else 1.0
        return _amplitude(_gain_db(keys, frame)) * rise * fall

    ordered = sorted(edges)
    points = [ordered[0]]
    for start, end in pairwise(ordered):
        change_db = abs(_gain_db(keys, end) - _gain_db(keys, start))
        steps = max(1, math.ceil(change_db / _STEP_DB - 1e-9))
        if change_db and (start < up or end > down):  # both move: their product is no line
            frames = math.ceil(end - start)
            steps = frames * max(4 if frames < 8 else 1, math.ceil(steps / frames))
        points += [start + (end - start) * step / steps for step in range(1, steps + 1)]
    return [(frame, volume(frame)) for frame in points]


def _gain_db(keys: list[tuple[float, float]], frame: float) -> float:
    """The gain at a frame: straight between two keys, as the nearest one outside of them."""
    if frame <= keys[0][0]:
        return keys[0][1]
    for (start, before), (end, after) in pairwise(keys):
        if frame <= end:
            return before + (after - before) * (frame - start) / (end - start) if end > start else after
    return keys[-1][1]


def _amplitude(gain_db: float) -> float:
    return float(10 ** (gain_db / 20))
