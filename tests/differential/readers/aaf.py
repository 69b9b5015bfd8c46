"""AAF by pyaaf2: lengths in edit units of the slot, transitions over what they join, channels by slots."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.differential.events import Event, Files, Found, Level
from tests.differential.readers.kit import decibels, level_of, on_line


def aaf(paths: list[Path], rate: Fraction, files: Files) -> Found:
    import aaf2

    found = Found(crossings=set(), markers=[])
    with aaf2.open(str(paths[0])) as file:
        for mob in file.content.toplevel():
            for slot in mob.slots:
                kind = type(slot.segment).__name__
                if kind == "Timecode":
                    found.start, found.drop = slot.segment.start, bool(slot.segment.drop)
                elif type(slot).__name__ == "EventMobSlot":
                    _markers(slot, rate, found)
                elif kind == "Sequence" or getattr(slot.segment, "media_kind", "") == "Sound":
                    _slot(slot, found)
    return found


def _markers(slot: Any, rate: Fraction, found: Found) -> None:
    for marker in slot.segment.components:
        noted = {one.name: one.value for one in marker.get("CommentMarkerAttributeList").value}
        found.markers.append((marker["Position"].value / rate, noted.get("_ATN_CRM_COM", "")))


def _slot(slot: Any, found: Found) -> None:
    attributes = {one.name: one.value for one in slot.get("TimelineMobAttributeList") or ()}
    is_off = bool(attributes.get("AudioMixerCompMute"))
    unit = Fraction(slot.edit_rate)
    at = 0
    whole, pan = slot.segment, level_of(0.0, ())
    if type(whole).__name__ == "OperationGroup":  # a mono track that is panned
        pan, whole = _pan(whole, unit), whole.segments[0]
    parts = list(whole.components)
    for index, component in enumerate(parts):
        kind = type(component).__name__
        if kind == "Transition":
            at -= component.length
            begin = Fraction(at) / unit
            before, after = (type(parts[index + way]).__name__ for way in (-1, 1))
            if "Filler" not in (before, after):
                kind = "video" if component.media_kind == "Picture" else "audio"
                found.crossings.add((kind, begin, begin + Fraction(component.length) / unit))
            continue
        lies = Fraction(at) / unit
        fades = tuple(
            Fraction(parts[edge].length) / unit if _is_fade(parts, edge, edge + way) else Fraction(0)
            for edge, way in ((index - 1, -1), (index + 1, 1))
        )
        if not is_off:
            for event in _clips(component, unit):
                # What a clip reaches under a transition is less than half of it.
                place = None if event.channel is None else pan(lies + event.end / 2)
                event = replace(event, start=lies, end=lies + event.end, fades=fades, pan=place)
                found.events.append(event)
        at += component.length


def _is_fade(parts: list[Any], edge: int, beyond: int) -> bool:
    """Whether a transition stands there, to or from nothing."""
    if not 0 <= edge < len(parts) or type(parts[edge]).__name__ != "Transition":
        return False
    return type(parts[beyond]).__name__ == "Filler"


def _clips(component: Any, unit: Fraction) -> list[Event]:
    """What lies in a component, from its head: one event a channel."""
    kind = type(component).__name__
    length = Fraction(component.length) / unit
    if kind == "SourceClip" and component.mob is not None:
        master = component.mob
        file_clip = next(slot.segment for slot in master.slots if slot.slot_id == component.slot_id)
        file_slot = next(slot for slot in file_clip.mob.slots if slot.slot_id == file_clip.slot_id)
        is_sound = component.media_kind == "Sound"
        channel = int(file_slot["PhysicalTrackNumber"].value) - 1 if is_sound else None
        used = Fraction(component.start) / unit
        level: Level | None = (lambda at: 0.0) if is_sound else None
        return [Event(master.name, channel, Fraction(0), length, used, Fraction(1), None, None, level)]
    if kind != "OperationGroup":
        return []
    name = component.operation.name
    made = []
    for segment in component.segments:
        for event in _clips(segment, unit):
            event = replace(event, end=length)
            if name == "Audio Gain" and event.level is not None:
                event = replace(event, level=_gain(component, length))
            elif name == "Motion Control":
                event = _slowed(component, event, unit)
            made.append(event)
    return made


def _slowed(group: Any, event: Event, unit: Fraction) -> Event:
    """Its offset map says which frame of the input plays when; the input begins with the lowest."""
    offsets = next(one for one in group.parameters if one.name == "PARAM_SPEED_OFFSET_MAP_U").pointlist
    (first, begins), (last, ends) = (
        (Fraction(float(p.time)).limit_denominator(10**6), Fraction(float(p.value)).limit_denominator(10**6))
        for p in (offsets[0], offsets[-1])
    )
    speed = (ends - begins) / (last - first)
    used = event.used
    assert used is not None
    if speed < 0:  # the input is what it uses, played from its end
        used += (begins - ends) / unit
    return replace(event, used=used + begins / unit, speed=speed)


def _pan(group: Any, unit: Fraction) -> Level:
    """Places of a track, from -1 to 1, at seconds from its head."""
    assert group.operation.name == "Audio Pan"
    place = next(one for one in group.parameters if one.name == "Pan")
    if not hasattr(place, "pointlist"):
        return level_of(float(place.value) * 2 - 1, ())
    length = group.length / unit
    line = [(Fraction(p.time) * length, float(p.value) * 2 - 1) for p in place.pointlist]
    return level_of(0.0, line)


def _gain(group: Any, length: Fraction) -> Level:
    amplitude = next(one for one in group.parameters if one.name == "Amplitude")
    if not hasattr(amplitude, "pointlist"):
        return level_of(decibels(float(amplitude.value)), ())
    line = [
        (Fraction(float(point.time)).limit_denominator(10**6) * length, decibels(float(point.value)))
        for point in amplitude.pointlist
    ]

    def level(at: Fraction) -> float:
        close = [value for where, value in line if abs(where - at) < Fraction(1, 1000)]
        return close[-1] if close else on_line(line, at)

    return level
