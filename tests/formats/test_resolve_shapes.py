"""Whatever is written under Resolve's key has the shape that it has in files of its own."""

from __future__ import annotations

import json
from collections import defaultdict
from fractions import Fraction

from hypothesis import given, settings

from avm_otio.timeline.model import GainKey, Mix, Timeline
from tests.formats.resolve_otio import VOLUME, Json, as_json, full, objects, shapes, volume_of, written
from tests.models import timelines
from tests.real_files import real_file

EFFECT = {"Effect Name": str, "Enabled": bool, "Name": str, "Parameters": list, "Type": int}


RULES: dict[str, Json] = {
    "timeline": {"Resolve OTIO Meta Version": str},
    "video track": {"Locked": bool},
    "audio track": {"Audio Type": str, "Locked": bool, "SoloOn": bool},
    "linked picture": {"Link Group ID": int},
    "sound": {"Channels": list},
    "linked sound": {"Channels": list, "Link Group ID": int},
    "channel": {"Source Channel ID": int, "Source Track ID": int},
    "effect": EFFECT,
    "volume": {
        "Default Parameter Value": float,
        "Key Frames": dict,
        "Parameter ID": str,
        "Parameter Value": float,
        "Variant Type": str,
        "maxValue": float,
        "minValue": float,
    },
    "fader": {
        "Default Parameter Value": float,
        "Parameter ID": str,
        "Parameter Value": float,
        "Variant Type": str,
        "maxValue": float,
        "minValue": float,
    },
    "key frame": {"Value": float, "Variant Type": str},
    "marker": {"Keywords": list, "Note": str},
    "transition": {"Effects": dict, "Transition Type": str},
    "missing": {"Media Url": str},
}
"""What stands under Resolve's key, place by place: read off its own files; ``fader`` as others report it."""


def test_every_shape_is_by_the_rules() -> None:
    found = shapes(as_json(written(full())[0]))
    assert set(found) == set(RULES)
    for place, ones in found.items():
        assert ones == [RULES[place]], place


@settings(max_examples=40)
@given(timelines())
def test_every_shape_of_any_timeline_is_by_the_rules(wanted: Timeline) -> None:
    for place, ones in shapes(as_json(written(wanted)[0])).items():
        assert ones == [RULES[place]], place


def test_the_rules_are_those_of_resolves_own_files() -> None:
    found: dict[str, list[Json]] = defaultdict(list)
    for name in ("picchu-effects.otio", "ayon-clip-retime-2p5x.json"):
        document = json.loads(real_file(f"resolve/{name}").read_text(encoding="utf-8"))
        for place, ones in shapes(document).items():
            found[place] += ones
    reported_elsewhere = {"fader", "linked sound"}
    assert set(RULES) - set(found) == reported_elsewhere
    for place, rule in RULES.items():
        if place not in reported_elsewhere:
            assert rule in found[place], place


def test_the_volume_effect_is_the_one_of_the_real_file() -> None:
    document = json.loads(real_file("resolve/picchu-effects.otio").read_text(encoding="utf-8"))
    real = next(
        one["metadata"]["Resolve_OTIO"]
        for one in objects(document)
        if one.get("metadata", {}).get("Resolve_OTIO", {}).get("Effect Name") == VOLUME
        and any(one["Key Frames"] for one in one["metadata"]["Resolve_OTIO"]["Parameters"])
    )
    keys = tuple(
        GainKey(Fraction(at, 24), gain) for at, gain in ((96, 0.0), (194, -2.0), (241, -29.540000000000006))
    )
    (effect,) = volume_of(Mix(keys=keys))
    assert effect["metadata"]["Resolve_OTIO"] == real
