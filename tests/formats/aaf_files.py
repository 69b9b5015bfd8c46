"""AAFs as editors write them, made by pyaaf2 for one question each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import aaf2
from aaf2.auid import AUID

SOUND, PICTURE = "sound", "picture"
GAIN = "9d2ea894-0968-11d3-8a38-0050040ef7d2"
COMBINER = "6b46dd7a-132d-4856-ab21-8b751d8462ec"
MOTION = "9d2ea890-0968-11d3-8a38-0050040ef7d2"
DISSOLVE = "0c3bea41-fc05-11d2-8a29-0050040ef7d2"
AMPLITUDE = "e4962321-2267-11d3-8a4c-0050040ef7d2"
PAN = "9d2ea893-0968-11d3-8a38-0050040ef7d2"
PLACE = "e4962322-2267-11d3-8a4c-0050040ef7d2"
RATIO = "72559a80-24d7-11d3-8a50-0050040ef7d2"
STRAIGHT, STEPS = (f"5b6c85a{n}-0ede-11d3-80a9-006008143e6f" for n in (4, 5))


class Aaf:
    """One AAF, of one sequence."""

    def __init__(self, file: Any, rate: Fraction, start: int, fps: int, drop: bool) -> None:
        self.file, self.rate = file, rate
        self.top = file.create.CompositionMob("cut")
        self.top.usage = "Usage_TopLevel"
        file.content.mobs.append(self.top)
        timecode = file.create.Timecode(fps=fps, drop=drop)
        timecode.start, timecode.length = start, 1000
        self.slot_of(self.top, rate, timecode, 1)

    def slot_of(
        self, mob: Any, rate: Fraction, segment: Any, number: int, tags: dict[str, int] | None = None
    ) -> Any:
        slot = mob.create_timeline_slot(rate)
        slot.segment = segment
        slot["PhysicalTrackNumber"].value = number
        if tags:
            slot["TimelineMobAttributeList"].value = [
                self.file.create.TaggedValue(name, value) for name, value in tags.items()
            ]
        return slot

    def source(
        self,
        path: str,
        kind: str = SOUND,
        channels: int = 1,
        numbers: Sequence[int] = (1,),
        length: int = 480_000,
        rate: Fraction = Fraction(48_000),
        unit: Fraction | None = None,
        held: int | None = None,
    ) -> Any:
        """A file mob with a slot of each physical number."""
        create = self.file.create
        mob = create.SourceMob(Path(path).stem)
        self.file.content.mobs.append(mob)
        descriptor = create.PCMDescriptor() if kind == SOUND else create.CDCIDescriptor()
        descriptor["SampleRate"].value, descriptor["Length"].value = rate, length
        if kind == SOUND:
            descriptor["Channels"].value = channels
            descriptor["AudioSamplingRate"].value = Fraction(48_000)
            for name in ("BlockAlign", "AverageBPS", "QuantizationBits"):
                descriptor[name].value = 16
        else:
            for name in ("StoredWidth", "StoredHeight", "ComponentWidth", "HorizontalSubsampling"):
                descriptor[name].value = 8
            descriptor["FrameLayout"].value, descriptor["VideoLineMap"].value = "FullFrame", [42, 0]
            descriptor["ImageAspectRatio"].value = Fraction(16, 9)
        locator = create.NetworkLocator()
        locator["URLString"].value = "file://" + path
        descriptor["Locator"].value = [locator]
        mob.descriptor = descriptor
        for number in numbers:
            clip = create.SourceClip(media_kind=kind)
            clip.length = length if held is None else held
            self.slot_of(mob, unit or rate, clip, number)
        return mob

    def master(self, name: str, *sources: Any, rate: Fraction | None = None, length: int = 250) -> Any:
        """A master mob; each source is a file mob, or one with its slot's place and channel ids."""
        mob = self.file.create.MasterMob(name)
        self.file.content.mobs.append(mob)
        for number, source in enumerate(sources, 1):
            file, at, ids = (*source, None)[:3] if isinstance(source, tuple) else (source, 0, None)
            clip = self.clip(file, 0, length, at)
            if ids:
                clip["ChannelIDs"].value = list(ids)
            self.slot_of(mob, rate or self.rate, clip, number)
        return mob

    def clip(self, mob: Any, start: int, length: int, at: int = 0) -> Any:
        """A source clip of a mob's slot."""
        slot = list(mob.slots)[at]
        return mob.create_source_clip(
            slot_id=slot.slot_id, start=start, length=length, media_kind=slot.media_kind
        )

    def group(self, number: str, inputs: Sequence[Any], length: int, *parameters: Any) -> Any:
        """An effect."""
        create, dictionary = self.file.create, self.file.dictionary
        kind = inputs[0].media_kind if inputs else SOUND
        definition = dictionary.lookup_operationdef(AUID(number))
        if definition is None:
            definition = create.OperationDef(AUID(number), number, "")
            definition.media_kind = kind
            definition["NumberInputs"].value = max(1, len(inputs))
            definition["IsTimeWarp"].value = number == MOTION
            dictionary.register_def(definition)
        made = create.OperationGroup(definition, length)
        made.media_kind = kind
        if inputs:
            made.segments.extend(inputs)
        if parameters:
            made.parameters.extend(parameters)
        return made

    def constant(self, number: str, value: Fraction) -> Any:
        made = self.file.create.ConstantValue()
        made["Definition"].value = self._parameter(number).auid
        made["Value"].add_pid_entry()
        rational = self.file.metadict.lookup_typedef("Rational")
        made["Value"].data = made["Value"].typedef.encode(value, rational)
        return made

    def varying(self, number: str, points: Sequence[tuple[Fraction, Fraction]], runs: str = STRAIGHT) -> Any:
        create = self.file.create
        made = create.VaryingValue()
        made["Definition"].value = self._parameter(number).auid
        made["Interpolation"].value = self._interpolation(runs)
        vector = []
        for at, value in points:
            point = create.ControlPoint()
            point.value, point.time = value, at
            vector.append(point)
        made["PointList"].value = vector
        return made

    def sequence(self, *parts: Any) -> Any:
        made = self.file.create.Sequence(media_kind=parts[0].media_kind)
        made.components.extend(parts)
        made.length = sum(part.length for part in parts if type(part).__name__ != "Transition")
        return made

    def track(self, *parts: Any, number: int = 1, rate: Fraction | None = None, **tags: int) -> Any:
        """A track of the sequence."""
        return self.slot_of(self.top, rate or self.rate, self.sequence(*parts), number, tags)

    def filler(self, length: int, kind: str = SOUND) -> Any:
        return self.file.create.Filler(kind, length)

    def marker(self, described: Sequence[Any], number: int, at: int, comment: str) -> None:
        """A marker in a slot of its own, as Media Composer has one a track."""
        create = self.file.create
        slot = create.EventMobSlot()
        slot["EditRate"].value, slot["SlotID"].value = self.rate, 1000 + len(list(self.top.slots))
        slot["PhysicalTrackNumber"].value = number
        sequence = create.Sequence(media_kind="DescriptiveMetadata")
        event = create.DescriptiveMarker()
        event.media_kind = "DescriptiveMetadata"
        event["Position"].value, event["Comment"].value = at, comment
        event["DescribedSlots"].value = {each.slot_id for each in described}
        sequence.components.append(event)
        slot.segment = sequence
        self.top.slots.append(slot)

    def _parameter(self, number: str) -> Any:
        dictionary = self.file.dictionary
        made = dictionary.lookup_parameterdef(AUID(number))
        if made is None:
            rational = dictionary.lookup_typedef("Rational")
            made = self.file.create.ParameterDef(AUID(number), number, "", rational)
            dictionary.register_def(made)
        return made

    def _interpolation(self, number: str) -> Any:
        dictionary = self.file.dictionary
        made = dictionary.lookup_interperlationdef(AUID(number))
        if made is None:
            made = self.file.create.InterpolationDef(AUID(number), number, "")
            dictionary.register_def(made)
        return made


@contextmanager
def aaf(
    path: Path, rate: Fraction = Fraction(25), start: int = 0, fps: int = 25, drop: bool = False
) -> Iterator[Aaf]:
    """An AAF to be, which is written at the end."""
    with aaf2.open(str(path), "w") as file:
        yield Aaf(file, rate, start, fps, drop)
