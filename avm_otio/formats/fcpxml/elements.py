"""What single elements of FCPXML say: media, gains, speeds, markers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from fractions import Fraction
from xml.etree.ElementTree import Element

from avm_otio.formats.fcpxml import FORMAT
from avm_otio.formats.fcpxml.inside import FILTERS, KEPT_TAGS, plain
from avm_otio.formats.fcpxml.terms import PAN_MODE, conformed_rate, rate_in_name, source_rate, time_of
from avm_otio.formats.numbered_images import named_by_first
from avm_otio.timeline.gain import SILENCE_DB, added
from avm_otio.timeline.model import GainKey, Kept, Media
from avm_otio.timeline.time import MediaTime, snap_rate
from avm_otio.timeline.urls import plain_path

_COLORS = {"0": "RED", "1": "GREEN"}
"""Colour of a to-do marker that is open, and of one that is done: what Final Cut Pro shows [off]."""


def time_at(element: Element, name: str, default: Fraction = Fraction(0)) -> Fraction:
    """A time attribute of an element."""
    text = element.get(name)
    return default if text is None else time_of(text)


def number_at(element: Element, name: str) -> int:
    """A whole number that an attribute says; 0 where it says none."""
    text = element.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


class References:
    """The resources of a document.

    Args:
        root: The document.

    Attributes:
        notes: What was passed over, and how often.
        outside: Names of markers that lie outside of their clips, where Final Cut Pro shows none.
    """

    def __init__(self, root: Element) -> None:
        self.notes: Counter[str] = Counter()
        self.outside: list[str] = []
        self._by_id = {
            resource.get("id", ""): resource
            for resource in root.iterfind("resources/*")
            if resource.get("id") is not None
        }
        self._media: dict[tuple[str, bool], Media] = {}

    def element(self, reference: str | None, *tags: str) -> Element | None:
        """The resource that an element refers to, where it is of some kind."""
        found = self._by_id.get(reference or "")
        return found if found is not None and found.tag in tags else None

    def rate(self, reference: str | None) -> Fraction | None:
        """The rate of a format."""
        shape = self.element(reference, "format")
        if shape is None:
            return None
        duration = time_at(shape, "frameDuration")
        return snap_rate(1 / duration) if duration > 0 else rate_in_name(shape.get("name", ""))

    def size(self, reference: str | None) -> tuple[int, int] | None:
        """The picture size of a format."""
        shape = self.element(reference, "format")
        if shape is None:
            return None
        width, height = number_at(shape, "width"), number_at(shape, "height")
        return (width, height) if width and height else None

    def first_rate(self) -> Fraction | None:
        """The first rate that any format has."""
        return next(filter(None, map(self.rate, self._by_id)), None)

    def media(self, reference: str, drop_frame: bool) -> Media | None:
        """The media of an asset; ``None`` where there is no such asset."""
        found = self._media.get((reference, drop_frame))
        if found is None:
            asset = self.element(reference, "asset")
            if asset is None:
                return None
            found = self._media[reference, drop_frame] = self._of_asset(asset, drop_frame)
        return found

    def _of_asset(self, asset: Element, drop_frame: bool) -> Media:
        representation = asset.find("media-rep")
        source = asset.get("src", "") or (representation.get("src", "") if representation is not None else "")
        path = plain_path(source).replace("\0", "")
        channels = number_at(asset, "audioChannels") * max(1, number_at(asset, "audioSources"))
        if asset.get("hasAudio") == "1":
            channels = channels or 2
        elif asset.get("hasAudio") == "0":
            channels = 0
        picture = asset.get("hasVideo")
        has_picture = picture == "1" or (picture is None and not channels)
        duration = time_at(asset, "duration", Fraction(-1))
        rate = self.rate(asset.get("format")) if has_picture else None
        numbering, name = None, path.replace("\\", "/").rpartition("/")[2]
        if rate is not None:
            path, numbering = named_by_first(path, duration * rate)
        return Media(
            name=asset.get("name") or name,
            path=path,
            start=MediaTime(time_at(asset, "start")),
            duration=duration if duration >= 0 else None,
            rate=rate,
            size=self.size(asset.get("format")) if has_picture else None,
            sample_rate_hz=number_at(asset, "audioRate") or None,
            channels=channels,
            has_picture=has_picture,
            sequence=numbering,
            drop_frame=drop_frame and has_picture,
        )


@dataclass(frozen=True, slots=True)
class Clock:
    """How a clip's local time runs.

    Attributes:
        start: Local time at its head.
        stretch: Record seconds a local second: not 1 where Final Cut Pro conforms the rate.
        content: What its content counts at its head.
        speed: Content seconds a local second.
    """

    start: Fraction
    stretch: Fraction
    content: Fraction
    speed: Fraction


def clock_of(
    element: Element, start: Fraction, length: Fraction, rate: Fraction, notes: Counter[str]
) -> Clock:
    """How the local time of a clip runs.

    Args:
        element: The clip.
        start: Its local time at its head.
        length: How long it is, in its parent's time.
        rate: The timeline's.
        notes: Speeds that change are counted here.
    """
    stretch = Fraction(1)
    conform = element.find("conform-rate")
    if conform is not None and conform.get("scaleEnabled") != "0":
        source = source_rate(conform.get("srcFrameRate", ""))
        if source is not None:
            stretch = source / conformed_rate(source, rate)
    points = sorted(
        (time_at(point, "time"), time_of(point.get("value", "0s")))
        for point in element.iterfind("timeMap/timept")
    )
    times = {time for time, _ in points}
    if len(times) < 2:
        return Clock(start, stretch, start, Fraction(1))
    end = start + length / stretch
    inside = [time for time, _ in points if start < time < end]
    content = _mapped(points, start)
    # What is shown of it, from head to tail, says more than the map's ends where the speed changes.
    speed = (_mapped(points, end) - content) / (end - start) if end > start else _slope(points, start)
    if len({_slope(points, time) for time in (start, *inside)}) > 1:
        notes["clips whose speed changes are read at their average speed"] += 1
    if speed.denominator > 1_000_000:
        speed = speed.limit_denominator(1_000_000)
    return Clock(start, stretch, content, speed)


def _pair(
    points: list[tuple[Fraction, Fraction]], time: Fraction
) -> tuple[tuple[Fraction, Fraction], tuple[Fraction, Fraction]]:
    """The two points of a map between which a time lies, or the nearest two."""
    at = 0
    while at + 2 < len(points) and points[at + 1][0] <= time:
        at += 1
    return points[at], points[at + 1]


def _slope(points: list[tuple[Fraction, Fraction]], time: Fraction) -> Fraction:
    (first, low), (last, high) = _pair(points, time)
    return (high - low) / (last - first) if last != first else Fraction(1)


def _mapped(points: list[tuple[Fraction, Fraction]], time: Fraction) -> Fraction:
    (first, low), _ = _pair(points, time)
    return low + (time - first) * _slope(points, time)


@dataclass(frozen=True, slots=True)
class Volume:
    """What an element says of loudness; key frames in its local time."""

    gain_db: float = 0.0
    fade_in: Fraction = Fraction(0)
    fade_out: Fraction = Fraction(0)
    keys: tuple[GainKey, ...] = ()
    is_on: bool = True
    pan: float = 0.0


def volume_of(element: Element) -> Volume:
    """The gain, fades, key frames, pan and switches of an element.

    A muted range is a jump to silence and back.
    """
    panner = element.find("adjust-panner")
    pan = None if panner is None else pan_of(panner)
    volume = replace(_adjusted(element.find("adjust-volume")), pan=pan or 0.0)
    curves = [volume.keys] if volume.keys else []
    for mute in element.iterfind("mute"):
        if mute.get("start") is None and mute.get("duration") is None:
            volume = replace(volume, is_on=False)
            continue
        begin, end = time_at(mute, "start", Fraction(-1)), None
        if mute.get("duration") is not None:
            end = time_at(mute, "start") + time_at(mute, "duration")
        edges = [(begin, 0.0, SILENCE_DB)] if mute.get("start") is not None else []
        edges += [(end, SILENCE_DB, 0.0)] if end is not None else []
        curves.append(tuple(GainKey(at, gain) for at, *gains in edges for gain in gains))
    is_on = volume.is_on and "0" not in (element.get("enabled"), element.get("active"))
    if len(curves) <= bool(volume.keys):
        return replace(volume, is_on=is_on)
    keys = tuple(GainKey(key.at, key.gain_db + volume.gain_db) for key in added(curves))
    return replace(volume, gain_db=0.0, keys=keys, is_on=is_on)


def _adjusted(adjust: Element | None) -> Volume:
    if adjust is None:
        return Volume()
    gain = decibels(adjust.get("amount", "0dB"))
    fade_in = fade_out = Fraction(0)
    keys: list[GainKey] = []
    for param in adjust.iterfind("param"):
        if param.get("name") != "amount":
            continue
        gain = decibels(param.get("value", f"{gain}"))
        for fade in param.iterfind("fadeIn"):
            fade_in = time_at(fade, "duration")
        for fade in param.iterfind("fadeOut"):
            fade_out = time_at(fade, "duration")
        keys += [
            GainKey(time_at(key, "time"), decibels(key.get("value", "0dB")))
            for key in param.iterfind("keyframeAnimation/keyframe")
        ]
    return Volume(0.0 if keys else gain, fade_in, fade_out, tuple(sorted(keys, key=lambda key: key.at)))


def pan_of(panner: Element) -> float | None:
    """Where a panner puts a sound, from -1 to 1; ``None`` where it is no pan from left to right, or moves."""
    if panner.get("mode", "").strip() not in ("1", PAN_MODE):
        return None
    amount = panner.get("amount", "0")
    for param in panner.iterfind("param"):
        if param.get("name") != "amount" or param.find("keyframeAnimation") is not None:
            return None
        amount = param.get("value", amount)
    try:
        percent = float(amount)
    except ValueError:
        return None
    return min(max(percent / 100, -1.0), 1.0) if percent == percent else None


def decibels(text: str) -> float:
    """A gain: ``-12dB``, or the bare number; 0 where it says nothing that can be understood."""
    try:
        gain = float(text.strip().removesuffix("dB"))
    except ValueError:
        return 0.0
    return min(max(gain, -200.0), 200.0) if gain == gain else 0.0


def color_of(marker: Element) -> str:
    """The colour in which Final Cut Pro shows a marker that is not a plain one."""
    if marker.tag == "chapter-marker":
        return "ORANGE"
    return _COLORS.get(marker.get("completed", ""), "")


def numbers_in(text: str) -> tuple[int, ...]:
    """Channels, from 0, of a list that counts from 1: ``1, 2``."""
    found = (int(part) for part in text.split(",") if part.strip().isdecimal() and len(part) < 6)
    return tuple(number - 1 for number in found if number > 0)


def kept_of(element: Element, references: References) -> Iterator[Kept]:
    """What of a clip no other format understands."""
    for child in element:
        if child.tag == "adjust-panner" and pan_of(child) is not None:
            continue  # our clip says it itself
        if child.tag in KEPT_TAGS:
            yield Kept(FORMAT.name, _named(child), text_with_effects([child], references))


def _named(element: Element) -> str:
    name = element.get("name") or element.get("value") or ""
    return f"{element.tag} “{name}”" if name and element.tag in (*FILTERS, "keyword") else element.tag


def text_with_effects(elements: list[Element], references: References) -> str:
    """Elements as text, after the effects that they refer to."""
    effects: dict[str, Element] = {}
    elements = deepcopy(elements)
    styles: dict[str, str] = {}
    for inner in (inner for element in elements for inner in element.iter("text-style-def")):
        inner.set("id", styles.setdefault(inner.get("id", ""), f"t{len(styles) + 1}"))
    for inner in (inner for element in elements for inner in element.iter()):
        reference = inner.get("ref", "")
        found = references.element(reference, "effect")
        if inner.tag == "text-style" and reference in styles:
            inner.set("ref", styles[reference])
        elif found is not None:
            # Ids of its own, so that it says the same wherever it was read.
            effect = effects.setdefault(reference, Element("effect", {**found.attrib}))
            effect.set("id", f"e{list(effects).index(reference) + 1}")
            inner.set("ref", effect.get("id", ""))
    return "".join(plain(each) for each in (*effects.values(), *elements))
