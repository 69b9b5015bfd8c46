"""What stands inside a clip of FCPXML: speed, gain, channels, markers, what was kept of Final Cut Pro's own.

A clip's inside counts in its local time: media time at speed 1, media time divided by the speed under a
``timeMap``. Its key frames, markers and connected clips all stand in it [file].
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from xml.etree.ElementTree import Element, tostring

from avm_otio.errors import TimelineError
from avm_otio.formats.fcpxml import FORMAT
from avm_otio.formats.fcpxml.resources import Resources, attribute
from avm_otio.formats.fcpxml.terms import HIGHEST_DB, LOWEST_DB, PAN_MODE, source_rate_name, xml_time
from avm_otio.formats.xml import parsed
from avm_otio.timeline.model import Clip, Kept, Marker, Media, Mix, Timeline
from avm_otio.timeline.time import from_micros

BEFORE_VOLUME = (
    "adjust-crop",
    "adjust-corners",
    "adjust-conform",
    "adjust-transform",
    "adjust-blend",
    "adjust-stabilization",
    "adjust-rollingShutter",
)
"""Adjustments of a picture, in the order in which they must stand [off]."""

NOTES = ("keyword", "rating")
FILTERS = ("filter-video", "filter-audio")
KEPT_TAGS = ("note", *BEFORE_VOLUME, "adjust-panner", *NOTES, *FILTERS)
"""What of a clip of theirs is kept as it stands, in the order in which it must stand [off]."""


@dataclass(frozen=True, slots=True)
class Timing:
    """A clip's local clock.

    Attributes:
        start: Local time at its head.
        text: The elements that make it so.
    """

    start: Fraction
    text: str = ""


def timing_of(clip: Clip, rate: Fraction, origin: Fraction) -> Timing:
    """How a clip's local clock runs.

    Args:
        clip: A clip of media or a nest.
        rate: The timeline's.
        origin: What the content counts at the head of a nest; 0 for media, which say it themselves.
    """
    content = clip.content
    own = content.rate if isinstance(content, Timeline | Media) else None
    low, length = origin, None
    if isinstance(content, Media):
        low, length = content.start, content.duration
        own = own if content.has_picture else None
    elif isinstance(content, Timeline):
        length = content.duration
    head = origin + clip.media_in
    if clip.speed == 1:
        if own is None or own == rate:
            return Timing(head)
        name = source_rate_name(own)
        source = f' srcFrameRate="{name}"' if name else ""
        # Not scaled: its frames are shown when their time has come, none is stretched [file].
        return Timing(head, f'<conform-rate scaleEnabled="0"{source}/>')
    used = (head, head + clip.duration * clip.speed)
    low = min(low, *used)
    high = max(*used, low + length if length is not None else low)
    if clip.speed == 0:
        return Timing(Fraction(0), _time_map((Fraction(0), head), (clip.duration, head)))
    long = (high - low) / abs(clip.speed)
    if clip.speed > 0:
        return Timing((head - low) / clip.speed, _time_map((Fraction(0), low), (long, high)))
    return Timing((high - head) / -clip.speed, _time_map((Fraction(0), high), (long, low)))


def _time_map(*points: tuple[Fraction, Fraction]) -> str:
    inside = "".join(
        f'<timept time="{xml_time(time)}" value="{xml_time(value)}" interp="linear"/>'
        for time, value in points
    )
    return f"<timeMap>{inside}</timeMap>"


def volume_of(mix: Mix, start: Fraction) -> str:
    """The gain, fades and key frames of a clip whose local clock is at ``start`` at its head."""
    if not (mix.gain_db or mix.fade_in_us or mix.fade_out_us or mix.keys):
        return ""
    amount = "" if mix.keys else f' amount="{_decibels(mix.gain_db)}"'
    inside = []
    if mix.fade_in_us:
        inside.append(f'<fadeIn type="linear" duration="{xml_time(from_micros(mix.fade_in_us))}"/>')
    if mix.fade_out_us:
        inside.append(f'<fadeOut type="linear" duration="{xml_time(from_micros(mix.fade_out_us))}"/>')
    if mix.keys:
        keys = "".join(
            f'<keyframe time="{xml_time(start + key.at)}" value="{_decibels(key.gain_db)}" curve="linear"/>'
            for key in mix.keys
        )
        inside.append(f"<keyframeAnimation>{keys}</keyframeAnimation>")
    if not inside:
        return f"<adjust-volume{amount}/>"
    return f'<adjust-volume{amount}><param name="amount">{"".join(inside)}</param></adjust-volume>'


def panner_of(mix: Mix) -> str:
    """The pan of a clip."""
    return f'<adjust-panner mode="{PAN_MODE}" amount="{mix.pan * 100:.6g}"/>' if mix.pan else ""


def _decibels(gain: float) -> str:
    held = min(max(gain, LOWEST_DB), HIGHEST_DB)
    return f"{round(held, 4):.10g}dB"


def is_too_loud(mix: Mix) -> bool:
    """Whether a gain lies outside of what Final Cut Pro takes."""
    gains = [key.gain_db for key in mix.keys] or [mix.gain_db]
    return not all(LOWEST_DB <= gain <= HIGHEST_DB for gain in gains)


def channels_of(channels: Sequence[int], available: int, role: str) -> str:
    """Which channels of its media a clip plays; empty where it plays them all.

    Args:
        channels: Those, from 0.
        available: How many there are.
        role: The role of what is played, escaped.
    """
    if not channels or tuple(channels) == tuple(range(available)):
        return ""
    others = [channel for channel in range(available) if channel not in channels]
    text = f'<audio-channel-source srcCh="{_numbers(channels)}" role="{role}"/>'
    return text + (f'<audio-channel-source srcCh="{_numbers(others)}" active="0"/>' if others else "")


def _numbers(channels: Iterable[int]) -> str:
    return ", ".join(str(channel + 1) for channel in channels)


def marker_text(marker: Marker, start: Fraction, frame: Fraction) -> str:
    """A marker of a clip whose local clock is at ``start`` at its head; a point is a frame long [file]."""
    note = f' note="{attribute(marker.comment)}"' if marker.comment else ""
    return (
        f'<marker start="{xml_time(start + marker.start)}" duration="{xml_time(marker.duration or frame)}" '
        f'value="{attribute(marker.name)}"{note}/>'
    )


class KeptText:
    """What was kept of a clip, put where it must stand.

    Args:
        kept: Of any format; only Final Cut Pro's own is written.
        resources: Where the effects go.
    """

    def __init__(self, kept: Iterable[Kept], resources: Resources) -> None:
        self.broken: list[Kept] = []
        found: dict[str, list[str]] = {}
        for each in kept:
            if each.format != FORMAT.name:
                continue
            elements = kept_elements(each.text, resources)
            once = {element.tag for element in elements or ()} - {*NOTES, *FILTERS}
            if elements is None or once - set(KEPT_TAGS) or once & found.keys():
                self.broken.append(each)
                continue
            for element in elements:
                found.setdefault(element.tag, []).append(plain(element))
        self._found = found

    def of(self, *tags: str) -> str:
        """What there is of some elements, in their order."""
        if not self._found:
            return ""
        return "".join("".join(self._found.get(tag, ())) for tag in tags)


def kept_elements(text: str, resources: Resources) -> list[Element] | None:
    """The elements of a kept text, their effects among the resources; ``None`` where it is no such text."""
    try:
        root = parsed(f"<kept>{text}</kept>", "what was kept")
    except TimelineError:
        return None
    effects = {
        child.get("id", ""): resources.effect(
            child.get("name", ""), child.get("uid", ""), child.get("src", "")
        )
        for child in root
        if child.tag == "effect"
    }
    elements = [child for child in root if child.tag != "effect"]
    renamed: dict[str, str] = {}
    for element in elements:
        for inner in element.iter():
            if inner.tag == "text-style-def":
                renamed[inner.get("id", "")] = resources.new_id().replace("r", "ts")
    for element in elements:
        for inner in element.iter():
            if inner.tag == "text-style-def":
                inner.set("id", renamed[inner.get("id", "")])
            elif inner.tag == "text-style" and inner.get("ref") in renamed:
                inner.set("ref", renamed[inner.get("ref", "")])
            elif "ref" in inner.attrib:
                if inner.get("ref") not in effects:
                    return None
                inner.set("ref", effects[inner.get("ref", "")])
    return elements


def plain(element: Element) -> str:
    """An element as text, on one line where it has no text of its own."""
    element.tail = None
    return re.sub(r">\s+<", "><", tostring(element, encoding="unicode"))
