"""Rules that FCPXML must keep, in our own words: what to check where Apple's DTD is not at hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from xml.etree.ElementTree import Element

_TIME = re.compile(r"-?\d+(/\d+)?s")
_TIMES = {"offset", "start", "duration", "tcStart", "audioStart", "audioDuration", "time", "frameDuration"}
_STORY = ("asset-clip", "ref-clip", "title", "video", "gap", "spine")
_INSIDE = (
    ("note",),
    ("conform-rate",),
    ("timeMap",),
    ("adjust-crop",),
    ("adjust-corners",),
    ("adjust-conform",),
    ("adjust-transform",),
    ("adjust-blend",),
    ("adjust-stabilization",),
    ("adjust-rollingShutter",),
    ("adjust-volume",),
    ("adjust-panner",),
    ("asset-clip", "ref-clip", "title", "video", "spine"),
    ("marker", "keyword", "rating"),
    ("audio-channel-source",),
    ("filter-video",),
    ("filter-audio",),
)
"""What stands in a clip, in this order; the last five and the connected clips any number of times."""

_OFTEN = 12


def time(text: str | None) -> Fraction:
    return Fraction((text or "0s").removesuffix("s"))


def broken_rules(root: Element) -> list[str]:
    """Every rule that a document breaks, one line each."""
    return [*_of_values(root), *_of_order(root), *_of_time(root)]


def _of_values(root: Element) -> Iterator[str]:
    ids = [one.get("id") for one in root.iter() if "id" in one.attrib]
    if len(ids) != len(set(ids)):
        yield "two elements of one id"
    kinds = {one.get("id"): one.tag for one in root.find("resources") or ()}
    wanted = {"asset-clip": "asset", "ref-clip": "media", "filter-video": "effect", "filter-audio": "effect"}
    for one in root.iter():
        if one.tag in wanted and kinds.get(one.get("ref")) != wanted[one.tag]:
            yield f"{one.tag} refers to {one.get('ref')}"
        if "format" in one.attrib and kinds.get(one.get("format")) != "format":
            yield f"{one.tag} has the format {one.get('format')}"
        if one.get("enabled", "1") not in "01":
            yield f"{one.tag} is enabled={one.get('enabled')}"
        for name in _TIMES & one.attrib.keys():
            text = one.get(name, "")
            if not _TIME.fullmatch(text):
                yield f"{one.tag} has {name}={text}"
            elif time(text).denominator >= 2**31:
                yield f"{one.tag} has {name}={text}, past 32 bit"
        if one.tag in (*_STORY, "transition") and one.tag != "spine" and time(one.get("duration")) <= 0:
            yield f"{one.tag} “{one.get('name')}” has no length"
    for asset in root.iter("asset"):
        if [child.tag for child in asset][:1] != ["media-rep"]:
            yield f"asset {asset.get('id')} has no file"


def _of_order(root: Element) -> Iterator[str]:
    for one in root.iter():
        if one.tag in ("asset-clip", "ref-clip"):
            places = [next((at for at, tags in enumerate(_INSIDE) if child.tag in tags), -1) for child in one]
            if places != sorted(places) or -1 in places:
                yield f"{one.tag} “{one.get('name')}” holds {[child.tag for child in one]}"
            if any(places.count(at) > 1 for at in range(_OFTEN)):
                yield f"{one.tag} “{one.get('name')}” says something twice"
        if one.tag == "sequence" and [child.tag for child in one] not in (["spine"], ["spine", "metadata"]):
            yield f"a sequence holds {[child.tag for child in one]}"
        if one.tag == "gap" and "lane" in one.attrib:
            yield "a gap is connected"


def _of_time(root: Element) -> Iterator[str]:
    for sequence in root.iter("sequence"):
        shape = next(one for one in root.iter("format") if one.get("id") == sequence.get("format"))
        frame = time(shape.get("frameDuration"))
        spine = sequence.find("spine")
        at = start = time(sequence.get("tcStart"))
        lanes: dict[str, list[tuple[Fraction, Fraction]]] = {}
        for item in spine if spine is not None else ():
            offset, length = time(item.get("offset")), time(item.get("duration"))
            if (offset - start) % frame or length % frame:
                yield f"{item.tag} “{item.get('name')}” is not on frames"
            if item.tag == "transition":
                continue
            if offset != at:
                yield f"{item.tag} “{item.get('name')}” begins at {offset}, not {at}"
            at = offset + length
            for child in item:
                if child.tag not in _STORY:
                    continue
                lane, begins = child.get("lane", "0"), time(child.get("offset"))
                head = time(item.get("start"))
                if lane == "0":
                    yield f"{child.tag} “{child.get('name')}” is connected in no lane"
                if not head <= begins < head + length:
                    yield f"{child.tag} “{child.get('name')}” does not lie above what it is connected to"
                record = offset + begins - head
                span = sum(
                    (time(one.get("duration")) for one in child if one.tag != "transition"), Fraction(0)
                )
                long = span if child.tag == "spine" else time(child.get("duration"))
                lanes.setdefault(lane, []).append((record, record + long))
        for lane, spans in lanes.items():
            spans.sort()
            if any(one[1] > other[0] for one, other in pairwise(spans)):
                yield f"clips overlap in lane {lane}"
