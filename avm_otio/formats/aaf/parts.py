"""Parts of a sequence in an AAF: what is seen of each, and clips cut to it, moved and faded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from avm_otio.formats.aaf.elements import items, kind_of, tags, value_of
from avm_otio.timeline.model import Clip
from avm_otio.timeline.parts import trimmed
from avm_otio.timeline.time import RecordTime, to_micros


@dataclass
class Part:
    """One component of a sequence: where it lies, and what of it is seen."""

    component: Any
    start: Fraction
    end: Fraction
    first: Fraction
    last: Fraction
    fade_in: Fraction = Fraction(0)
    fade_out: Fraction = Fraction(0)


def is_empty(component: Any) -> bool:
    """Whether a segment shows nothing."""
    kind = kind_of(component)
    return kind in ("Filler", "ScopeReference") or (
        kind == "Sequence" and all(is_empty(part) for part in items(value_of(component, "Components")))
    )


def unit_in(segment: Any, unit: Fraction) -> Fraction:
    """Edit units a second inside a segment: media of another rate counts its own [file, 3p]."""
    mixed = tags(segment, "ComponentAttributeList")
    number, over = mixed.get("_MIXMATCH_RATE_NUM"), mixed.get("_MIXMATCH_RATE_DENOM")
    return (Fraction(int(number), int(over or 1)) if number else unit) or unit


def are_one(clips: Sequence[Clip]) -> bool:
    """Whether clips of several channels are equal in all but the channel."""
    first = clips[0]
    return all(
        (clip.start, clip.end, clip.speed, clip.enabled, clip.mix, clip.markers)
        == (first.start, first.end, first.speed, first.enabled, first.mix, first.markers)
        for clip in clips[1:]
    )


def within(clips: list[Clip], first: Fraction, last: Fraction) -> list[Clip]:
    """What of some clips lies between two moments."""
    return [
        trimmed(clip, max(clip.start, first), min(clip.end, last))
        for clip in clips
        if max(clip.start, first) < min(clip.end, last)
    ]


def moved(clip: Clip, by: Fraction) -> Clip:
    """The same clip, later by some seconds."""
    return replace(clip, start=RecordTime(clip.start + by), end=RecordTime(clip.end + by))


def faded(clips: list[Clip], part: Part) -> list[Clip]:
    """The clips of a part with the part's fades on the first and the last."""
    if clips and part.fade_in:
        mix = replace(clips[0].mix, fade_in_us=to_micros(part.fade_in))
        clips[0] = replace(clips[0], mix=mix)
    if clips and part.fade_out:
        mix = replace(clips[-1].mix, fade_out_us=to_micros(part.fade_out))
        clips[-1] = replace(clips[-1], mix=mix)
    return clips


def stem_of(names: list[str]) -> str:
    """What the names of a sound's channels have in common, without the channels' own endings."""
    first = names[0]
    if all(name == first for name in names):
        return first
    for ending in (".L", ".l", "_L", " L", ".A1", "-L"):
        if first.endswith(ending):
            return first.removesuffix(ending)
    return first
