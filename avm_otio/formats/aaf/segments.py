"""Segments of a composition → clips.

Every segment says how long it is in edit units of its slot; a moment here is seconds from the beginning of
the slot, as an exact fraction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from avm_otio.formats.aaf.effects_read import Effect, has_a_curve, louder, panned, slowed, speed_in
from avm_otio.formats.aaf.elements import Notes, items, kind_of, length_of, rate_of, tags, value_of
from avm_otio.formats.aaf.parts import Part, are_one, faded, is_empty, moved, stem_of, unit_in, within
from avm_otio.formats.aaf.sources import Played, SourceReader
from avm_otio.timeline.model import Clip, Generator, Mix, Timeline, Track, TrackKind, Transition
from avm_otio.timeline.time import MediaTime, RecordTime, to_micros

_DEEPEST = 30
"""Segments and compositions inside one another: more is a circle."""

_BIN_USAGES = ("Usage_SubClip", "Usage_AdjustedClip")
"""Those of them that a bin shows, with a gain of their own."""

_INLINE_USAGES = ("Usage_SubClip", "Usage_AdjustedClip", "Usage_LowerLevel", "Usage_Template")
"""Compositions that stand for a clip, not for a sequence (Edit Protocol, mob usage)."""


class SegmentReader:
    """Reads the segments of one slot.

    Args:
        sources: What source clips play.
        kind: What the slot holds.
        notes: What could not be read.
        nested: Reads another composition.
        rate: Frames a second of the picture.
        expected: How many channels a sound track has; 0 where nothing says.
    """

    def __init__(
        self,
        sources: SourceReader,
        kind: TrackKind,
        notes: Notes,
        nested: Callable[[Any], Timeline | None],
        rate: Fraction,
        expected: int = 0,
    ) -> None:
        self._sources = sources
        self._kind = kind
        self._notes = notes
        self._nested = nested
        self._rate = rate
        self._expected = expected
        self._deep = 0
        self.transitions: list[Transition] = []

    @property
    def _is_sound(self) -> bool:
        return self._kind is TrackKind.AUDIO

    def clips(self, segment: Any, start: Fraction, unit: Fraction) -> list[Clip]:
        """The clips of a segment that begins at a moment.

        Args:
            segment: The segment; ``None`` has none.
            start: When it begins.
            unit: Edit units a second.
        """
        if segment is None:
            return []
        kind = kind_of(segment)
        read = _READERS.get(kind)
        if read is None:
            self._notes.add(f"a segment of the class {kind} is not read: a hole stands for it")
            return []
        if self._deep > _DEEPEST:
            self._notes.add("segments too deep inside one another are not read")
            return []
        self._deep += 1
        try:
            return read(self, segment, start, unit)
        finally:
            self._deep -= 1

    def _nothing(self, segment: Any, start: Fraction, unit: Fraction) -> list[Clip]:
        return []

    def _sequence(self, segment: Any, start: Fraction, unit: Fraction) -> list[Clip]:
        unit = unit_in(segment, unit)
        parts: list[Part] = []
        waiting: tuple[Any, Fraction, Fraction] | None = None
        at = start
        for component in items(value_of(segment, "Components")):
            length = Fraction(length_of(component)) / unit
            if kind_of(component) == "Transition":
                at -= length
                waiting = component, at, length
                continue
            parts.append(Part(component, at, at + length, at, at + length))
            at += length
            if waiting is not None:
                self._join(parts, *waiting, unit)
                waiting = None
        found: list[Clip] = []
        for part in parts:
            if part.first >= part.last:
                continue
            inside = self.clips(part.component, part.start, unit)
            found += faded(within(inside, part.first, part.last), part)
        return found

    def _join(
        self, parts: list[Part], transition: Any, at: Fraction, length: Fraction, unit: Fraction
    ) -> None:
        """Lay a transition between the last two parts: what each gave to the overlap is beyond its edge."""
        coming = parts[-1]
        going = parts[-2] if len(parts) > 1 else None
        cut_point = value_of(transition, "CutPoint")
        cut = at + (length / 2 if cut_point is None else Fraction(int(cut_point)) / unit)
        fades_in = going is None or is_empty(going.component)
        fades_out = is_empty(coming.component)
        if self._is_sound and has_a_curve(value_of(transition, "OperationGroup")):
            self._notes.add("a fade or cross fade with a curve is read as straight")
        if self._is_sound and fades_in != fades_out:
            if fades_in:
                coming.fade_in = length
            elif going is not None:
                going.fade_out = length
            return
        if going is not None:
            going.last = min(going.last, cut)
        coming.first = max(coming.first, cut)
        if fades_in and fades_out:
            return
        effect = Effect.of(value_of(transition, "OperationGroup"))
        wipes = not any(word in effect.name.lower() for word in ("dissolve", "fade", "dip", "blend"))
        self.transitions.append(
            Transition(
                name=effect.called or effect.name or "Transition",
                at=RecordTime(cut),
                before=max(Fraction(0), cut - at),
                after=max(Fraction(0), at + length - cut),
                kind="Custom_Transition" if wipes and effect.name else "SMPTE_Dissolve",
            )
        )

    def _source_clip(self, segment: Any, start: Fraction, unit: Fraction) -> list[Clip]:
        length = Fraction(length_of(segment)) / unit
        begins = Fraction(int(value_of(segment, "StartTime") or 0)) / unit
        number = value_of(segment, "SourceID")
        if length <= 0:
            return []
        if number is None or not any(number.bytes_le):
            self._notes.add("a clip that refers to nothing is read as a hole")
            return []
        mob = self._sources.mob(segment)
        if mob is not None and kind_of(mob) == "CompositionMob":
            return self._composition(mob, self._sources.slot(segment), start, begins, length)
        played = self._sources.played(segment, self._is_sound, self._expected)
        fade_in, fade_out = (
            to_micros(max(0, int(value_of(segment, name) or 0)) / unit) if self._is_sound else 0
            for name in ("FadeInLength", "FadeOutLength")
        )
        return [
            Clip(
                name=played.name,
                start=RecordTime(start),
                end=RecordTime(start + length),
                content=played.media,
                media_in=MediaTime(played.media.start + played.into + begins),
                mix=Mix(0.0, fade_in, fade_out),
                channels=played.channels if self._is_sound else (),
            )
        ]

    def _composition(
        self, mob: Any, slot: Any, start: Fraction, begins: Fraction, length: Fraction
    ) -> list[Clip]:
        """What another composition shows: a nest, or the clip that it stands for."""
        segment = value_of(slot, "Segment")
        if segment is None:
            self._notes.add("a clip refers to a sequence that is not in the file")
            return []
        several = len(items(value_of(segment, "Components"))) > 1 or kind_of(segment) == "NestedScope"
        if str(value_of(mob, "UsageCode")) not in _INLINE_USAGES and several:
            inner = self._nested(mob)
            if inner is not None:
                place = RecordTime(start), RecordTime(start + length)
                name = str(value_of(mob, "Name") or "")
                channels = (0, 1) if self._is_sound else ()
                return [Clip(name, *place, inner, MediaTime(begins), channels=channels)]
        inside = within(self.clips(segment, Fraction(0), rate_of(slot)), begins, begins + length)
        if str(value_of(mob, "UsageCode")) in _BIN_USAGES:
            # What a clip of the bin was turned to is heard where it is played from there. A sequence that it
            # is cut into has its own copy, in the same file [file].
            inside = [replace(clip, mix=replace(clip.mix, gain_db=0.0, keys=())) for clip in inside]
        return [moved(clip, start - begins) for clip in inside]

    def _operation(self, segment: Any, start: Fraction, unit: Fraction) -> list[Clip]:
        effect = Effect.of(segment)
        inputs = items(value_of(segment, "InputSegments"))
        length = Fraction(length_of(segment)) / unit
        if effect.is_combiner:
            return self._combined(inputs, start, length, unit)
        if effect.is_time_warp:
            inside = self.clips(inputs[0] if inputs else None, Fraction(0), unit)
            speed, from_start = speed_in(segment, length_of(segment), self._notes)
            # Both count in edit units, which are shorter inside where the media is of another rate.
            inner = unit_in(inputs[0], unit) if inputs else unit
            speed *= unit / inner
            return slowed(inside, start, length, speed, from_start / inner, self._notes)
        found = [self.clips(channel, start, unit) for channel in inputs]
        filled = [clips for clips in found if clips]
        if effect.is_gain:
            return [
                louder(clip, segment, start, length, self._notes) for clips in filled[:1] for clip in clips
            ]
        if effect.is_pan:
            return [
                panned(clip, segment, start, length, self._notes) for clips in filled[:1] for clip in clips
            ]
        if effect.does_something:
            self._notes.add(f"the effect “{effect.called or effect.name}” is not read")
        if not filled and not inputs and not self._is_sound and length > 0:
            made = Generator(effect.called or effect.name)
            return [Clip(made.name, RecordTime(start), RecordTime(start + length), made)]
        if len(filled) > 1:
            return self._layers(effect.name, filled, start, length)
        return filled[0] if filled else []

    def _combined(self, inputs: list[Any], start: Fraction, length: Fraction, unit: Fraction) -> list[Clip]:
        """The channels of one sound.

        They are one only where they are equal in all but the channel. Its length is what the combiner says:
        Resolve writes the clips inside in whole frames [file].
        """
        expected, before = self._expected, len(self.transitions)
        self._expected = 1
        found: list[list[Clip]] = []
        transitions: list[list[Transition]] = []
        for channel in inputs:
            found.append(self.clips(channel, start, unit))
            transitions.append(self.transitions[before:])
            del self.transitions[before:]
        self._expected = expected
        found = [clips for clips in found if clips]
        if not found:
            return []
        self.transitions += transitions[0]
        if len(found) < len(inputs) or any(each != transitions[0] for each in transitions):
            self._notes.add("channels of one sound that are cut differently are read as the first of them")
            return found[0]
        if any(not are_one(clips) for clips in zip(*found, strict=False)) or len(set(map(len, found))) > 1:
            self._notes.add(
                "channels of one sound that differ in gain, fades or place are read as the first of them"
            )
            return found[0]
        joined = [self._joined_channels(clips) for clips in zip(*found, strict=True)]
        if len(joined) == 1:
            joined = [replace(joined[0], end=RecordTime(start + length))]
        return joined

    def _joined_channels(self, clips: Sequence[Clip]) -> Clip:
        first = clips[0]
        played = [
            Played(clip.name, clip.media, clip.media_in - clip.media.start, clip.channels)
            for clip in clips
            if clip.media is not None
        ]
        if len(played) < len(clips):  # a nest, which has channels of its own
            return first
        media, channels = self._sources.together(played)
        into = first.media_in - played[0].media.start
        name = stem_of([clip.name for clip in clips])
        at = MediaTime(media.start + into)
        return replace(first, name=name, content=media, channels=channels, media_in=at)

    def _layers(self, name: str, layers: list[list[Clip]], start: Fraction, length: Fraction) -> list[Clip]:
        """Clips above one another: a nest of as many tracks."""
        if self._is_sound:
            return layers[0]
        tracks = tuple(
            Track(f"V{number}", self._kind, tuple(moved(clip, -start) for clip in clips))
            for number, clips in enumerate(layers, 1)
        )
        inner = Timeline(name, self._rate, tracks, duration=length)
        return [Clip(name, RecordTime(start), RecordTime(start + length), inner)]

    def _selector(self, segment: Any, start: Fraction, unit: Fraction) -> list[Clip]:
        selected = value_of(segment, "Selected")
        others = items(value_of(segment, "Alternates"))
        disabled = tags(segment, "ComponentAttributeList").get("_DISABLE_CLIP_FLAG")
        if disabled and selected is not None and not is_empty(selected):
            return [replace(clip, enabled=False) for clip in self.clips(selected, start, unit)]
        if others and (selected is None or is_empty(selected)):
            return [replace(clip, enabled=False) for clip in self.clips(others[0], start, unit)]
        if others:
            self._notes.add("the other angles of a group clip are not read")
        return self.clips(selected, start, unit)

    def _scope(self, segment: Any, start: Fraction, unit: Fraction) -> list[Clip]:
        filled = [
            clips for layer in items(value_of(segment, "Slots")) if (clips := self.clips(layer, start, unit))
        ]
        if len(filled) > 1:
            return self._layers("Layers", filled, start, Fraction(length_of(segment)) / unit)
        return filled[0] if filled else []

    def _first_choice(self, segment: Any, start: Fraction, unit: Fraction) -> list[Clip]:
        choices = items(value_of(segment, "Choices"))
        return self.clips(choices[0] if choices else None, start, unit)

    def _pulled(self, segment: Any, start: Fraction, unit: Fraction) -> list[Clip]:
        return self.clips(value_of(segment, "InputSegment"), start, unit)


_READERS: dict[str, Callable[[SegmentReader, Any, Fraction, Fraction], list[Clip]]] = {
    "Filler": SegmentReader._nothing,
    "ScopeReference": SegmentReader._nothing,
    "Sequence": SegmentReader._sequence,
    "SourceClip": SegmentReader._source_clip,
    "OperationGroup": SegmentReader._operation,
    "Selector": SegmentReader._selector,
    "NestedScope": SegmentReader._scope,
    "EssenceGroup": SegmentReader._first_choice,
    "Pulldown": SegmentReader._pulled,
}
