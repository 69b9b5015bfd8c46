"""A timeline that is only read and written is what it was, with all that only OTIO understands."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import opentimelineio as otio
from hypothesis import given, settings
from hypothesis import strategies as st

from avm_otio.formats.otio.read import from_otio
from avm_otio.formats.otio.write import in_otio, timeline_of
from avm_otio.timeline.completed import completed

Json = dict[str, Any]


class Maker:
    """Makes timelines as other programs write them, with something of their own on every object."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)

    def value(self, depth: int = 2) -> Any:
        kind = self.dice.randrange(8 if depth else 6)
        plain = (None, True, self.dice.randrange(-(2**40), 2**40), 0.5, "é", [])
        if kind < 6:
            return plain[kind]
        if kind == 6:
            return [self.value(depth - 1) for _ in range(2)]
        return {name: self.value(depth - 1) for name in self.dice.sample("abc", 2)}

    def described(self, schema: str, **more: Any) -> Json:
        noted = {name: self.value() for name in ("cmx_3600", "fcp_xml", "x") if self.dice.random() < 0.4}
        if self.dice.random() < 0.3:
            noted["unknown"] = {"OTIO_SCHEMA": "Somebodys.7", "depth": self.value(0), "metadata": {}}
        return {"OTIO_SCHEMA": schema, "name": self.dice.choice(["", "a", "b"]), "metadata": noted, **more}

    def item(self, schema: str, **more: Any) -> Json:
        effects, markers = [], []
        if self.dice.random() < 0.3:
            effects.append(self.described("Effect.1", effect_name="Blur"))
        if self.dice.random() < 0.3:
            effects.append(self.described("LinearTimeWarp.1", effect_name="w", time_scalar=2.0))
        if self.dice.random() < 0.3:
            markers.append(self.described("Marker.2", marked_range=span(1, 2), color="RED", comment="c"))
        enabled = self.dice.random() < 0.8
        return self.described(schema, effects=effects, markers=markers, enabled=enabled, **more)

    def reference(self) -> Json:
        return self.dice.choice(
            [
                self.described(
                    "ExternalReference.1", target_url="media/a.mov", available_range=span(0, 1000)
                ),
                self.described("MissingReference.1", available_range=None),
                self.described("GeneratorReference.1", generator_kind="bars", parameters={}),
            ]
        )

    def clip(self) -> Json:
        return self.item(
            "Clip.2",
            source_range=span(self.dice.randrange(500), self.dice.randrange(500)),
            media_references={"DEFAULT_MEDIA": self.reference(), "proxy": self.reference()},
            active_media_reference_key=self.dice.choice(["DEFAULT_MEDIA", "proxy"]),
        )

    def window(self) -> Json | None:
        return span(self.dice.randrange(30), self.dice.randrange(1, 30)) if self.dice.random() < 0.3 else None

    def track(self, depth: int) -> Json:
        children: list[Json] = []
        for _ in range(self.dice.randrange(5)):
            if children and self.dice.random() < 0.4:
                offsets = {"in_offset": time(2), "out_offset": time(1)}
                children.append(self.described("Transition.1", transition_type="SMPTE_Dissolve", **offsets))
            kind = self.dice.randrange(4)
            if kind == 0:
                children.append(self.item("Gap.1", source_range=span(0, 10)))
            elif kind == 1 and depth:
                children.append(self.dice.choice([self.stack, self.track])(depth - 1))
            else:
                children.append(self.clip())
        kind_of = self.dice.choice(["Video", "Audio"])
        return self.item("Track.1", children=children, kind=kind_of, source_range=self.window())

    def stack(self, depth: int = 2) -> Json:
        inside = [self.member(depth) for _ in range(self.dice.randrange(1, 4))]
        return self.item("Stack.1", children=inside, source_range=self.window())

    def member(self, depth: int) -> Json:
        """What lies in a stack: a track mostly, but anything may."""
        if self.dice.random() < 0.7:
            return self.track(depth)
        if self.dice.random() < 0.3:
            return self.item("Gap.1", source_range=span(0, 10))
        return self.stack(depth - 1) if depth and self.dice.random() < 0.3 else self.clip()

    def timeline(self) -> otio.schema.Timeline:
        start = self.dice.choice([None, time(86_400)])
        document = self.described("Timeline.1", tracks=self.stack(), global_start_time=start)
        made: otio.schema.Timeline = otio.core.deserialize_json_from_string(json.dumps(document))
        return made


def time(value: float) -> Json:
    return {"OTIO_SCHEMA": "RationalTime.1", "rate": 24.0, "value": float(value)}


def span(start: int, length: int) -> Json:
    return {"OTIO_SCHEMA": "TimeRange.1", "start_time": time(start), "duration": time(length)}


timelines_of_others = st.integers(0, 2**32).map(lambda seed: Maker(seed).timeline())


@settings(max_examples=150)
@given(timelines_of_others)
def test_what_is_only_read_and_written_is_as_otio_itself_writes_it(theirs: otio.schema.Timeline) -> None:
    assert timeline_of(from_otio(theirs)).to_json_string() == theirs.to_json_string()


@settings(max_examples=30)
@given(timelines_of_others)
def test_what_nothing_states_is_not_written_into_it(theirs: otio.schema.Timeline) -> None:
    filled_in = completed(in_otio(from_otio(theirs)))
    assert timeline_of(filled_in).to_json_string() == theirs.to_json_string()
