"""A clip item of xmeml → a clip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from xml.etree.ElementTree import Element

from avm_otio.formats.fcp7 import FORMAT
from avm_otio.formats.fcp7.common import NOTE, OWN_LABELS, TICKS
from avm_otio.formats.fcp7.elements import (
    Definitions,
    content_of,
    flag_of,
    markers_of,
    number_of,
    rate_of,
    text_of,
)
from avm_otio.formats.fcp7.heard import LEVELS, PAN, Hearing, filters_of
from avm_otio.formats.xml import element_text
from avm_otio.timeline.model import Clip, Generator, Kept, Media, Mix, Stem, Timeline, Transition
from avm_otio.timeline.time import MediaTime, RecordTime, nearest_frame

_STALE_FRAMES = 2
"""Ticks further than this from ``in`` were left over by a program that does not know them."""

_OWN_FILTERS = frozenset({LEVELS, PAN, "timeremap"})


@dataclass(slots=True)
class Item:
    """A clip item as read.

    Attributes:
        clip: The clip; of a sound, one channel of it.
        name: Its id.
        links: The ids of those that it belongs together with.
        source: What its file, or its nested sequence, goes by.
        counts_channels: Whether its file says how many channels it has.
        agrees: Whether it is as long on the timeline as in its media; Premiere may err by a transition.
        pan: What its pan filter says, -1 to 1; ``None`` where it has none.
        is_mono: Whether Premiere says that it is no half of anything; ``None`` where nothing says.
        names_channel: Whether it says which channel it plays.
    """

    clip: Clip
    name: str
    links: tuple[str, ...]
    source: str
    counts_channels: bool = False
    agrees: bool = True
    pan: float | None = None
    is_mono: bool | None = None
    names_channel: bool = True

    @property
    def place(self) -> tuple[object, ...]:
        """What the halves of one stereo clip have in common."""
        clip = self.clip
        return (
            self.source,
            clip.start,
            clip.end,
            clip.enabled,
            clip.mix,
            clip.speed,
            nearest_frame(clip.media_in, _FINE),
            tuple(kept for kept in clip.kept if kept.label != "label"),
        )


_FINE = Fraction(1000)
"""Halves of a pair begin in their media within a millisecond."""


@dataclass(slots=True)
class Items:
    """Reads the items of one sequence.

    Attributes:
        files: Which definition each ``<file>`` means.
        nest: Reads a nested sequence.
        rate: Frames a second of the sequence.
        notes: What could not be read, counted.
    """

    files: Definitions
    nest: Callable[[Element], Timeline | None]
    rate: Fraction
    notes: Counter[str]
    _media: dict[str, tuple[Media | Generator, bool]] = field(default_factory=dict)

    def of_track(self, track: Element, heard: bool) -> tuple[list[Item], list[Transition]]:
        """The items and the transitions of a ``<track>``, in record order."""
        children = [child for child in track if child.tag in ("clipitem", "generatoritem", "transitionitem")]
        cuts = {
            at: cut
            for at, child in enumerate(children)
            if child.tag == "transitionitem" and (cut := self._cut(child)) is not None
        }
        items = []
        end = Fraction(0)
        for at, child in enumerate(children):
            if child.tag == "transitionitem":
                continue
            item = self._item(child, heard, cuts.get(at - 1), cuts.get(at + 1), end)
            if item is None:
                self.notes["clip without a place or without a length"] += 1
                continue
            items.append(item)
            end = item.clip.end * self.rate
        items.sort(key=lambda item: item.clip.start)
        return items, [cuts[at][1] for at in sorted(cuts)]

    def _cut(self, element: Element) -> tuple[Fraction, Transition, Fraction] | None:
        """The first frame of a transition, the transition, and the frame after it."""
        start, end = number_of(element, "start"), number_of(element, "end")
        if start is None or end is None or end <= start:
            self.notes["transition without a place"] += 1
            return None
        alignment = text_of(element, "alignment", "center").strip().lower()
        hidden = number_of(element, "cutPointTicks")
        cut = start + (end - start) / 2
        if alignment in ("start", "start-black"):
            cut = start
        elif alignment in ("end", "end-black"):
            cut = end
        elif hidden is not None and 0 <= hidden / TICKS * self.rate <= end - start:
            cut = start + hidden / TICKS * self.rate
        cut = Fraction(nearest_frame(cut / self.rate, self.rate))
        effect = element.find("effect")
        name = text_of(effect, "name") if effect is not None else ""
        plain = text_of(effect, "effectid") if effect is not None else ""
        dissolves = plain == "Cross Dissolve" or plain.startswith("KGAudioTransCrossFade") or not plain
        kept = (_kept("transition", effect),) if effect is not None and not dissolves else ()
        return (
            start,
            Transition(
                name=name,
                at=RecordTime(cut / self.rate),
                before=(cut - start) / self.rate,
                after=(end - cut) / self.rate,
                kind="SMPTE_Dissolve" if dissolves else "Custom_Transition",
                kept=kept,
            ),
            end,
        )

    def _item(
        self,
        element: Element,
        heard: bool,
        head: tuple[Fraction, Transition, Fraction] | None,
        tail: tuple[Fraction, Transition, Fraction] | None,
        last_end: Fraction,
    ) -> Item | None:
        rate = self.rate
        own = rate_of(element, rate) or rate
        start, end = number_of(element, "start"), number_of(element, "end")
        frame_in, frame_out = number_of(element, "in"), number_of(element, "out")
        first = frame_in if frame_in is not None and frame_in >= 0 else Fraction(0)
        length = (frame_out - first) / own * rate if frame_out is not None and frame_out > first else None
        # A hidden edge (-1) lies under a transition, and the other numbers reach to the transition's far end.
        hidden = Fraction(0)
        if start is None or start < 0:
            if head is not None:
                start = head[1].at * rate
                hidden = start - head[0]
            elif end is not None and end >= 0 and length is not None:
                start = end - length
            else:
                start = last_end
        if end is None or end < 0:
            if tail is not None:
                end = tail[1].at * rate
            elif length is not None:
                end = start - hidden + length
        if end is None or end <= start or start < 0:
            return None
        name = text_of(element, "name")
        content, source, counts_channels = self._content(element, name)
        speed = self._speed(element, own)
        offset = self._offset(element, speed, own, first)
        offset += hidden / rate * abs(speed)
        # What a subclip leaves out before and after: its frames count from its own first one [3p].
        cut = number_of(element, f"subclipinfo/{'end' if speed < 0 else 'start'}offset")
        offset += (cut or 0) / own
        if speed < 0:
            whole = _length(content)
            offset = (whole if whole is not None else offset + (end - start) / rate * -speed) - offset
        media_in = offset + (content.start if isinstance(content, Media) else 0)
        frames = nearest_frame((end - start) / rate, rate)
        first += hidden / rate * own
        kind, alternative = _ours(element)
        channel = number_of(element, "sourcetrack/trackindex")
        hearing = Hearing(element, own, first, frames, rate, self.notes)
        clip = Clip(
            name=name,
            start=RecordTime(start / rate),
            end=RecordTime(end / rate),
            content=content,
            media_in=MediaTime(media_in),
            speed=speed,
            enabled=flag_of(element, "enabled", True),
            mix=hearing.mix() if heard else Mix(),
            channels=(max(0, int(channel or 1) - 1),) if heard else (),
            markers=markers_of(element, own, first),
            stem=kind,
            alternative=alternative,
            kept=self._kept(element),
        )
        refs = (text_of(link, "linkclipref") for link in element.iterfind("link"))
        links = tuple(ref for ref in refs if ref)
        sort = element.get("premiereChannelType", "").strip().lower()
        if heard and element.get("PannerCurrentValue", "0.5") not in ("0.5", ""):
            self.notes["clip whose panner stands off the middle, read in the middle"] += 1
        return Item(
            clip,
            element.get("id", ""),
            links,
            source,
            counts_channels,
            _agrees(element, clip, rate),
            pan=hearing.pan() if heard else None,
            is_mono=sort == "mono" if sort else None,
            names_channel=channel is not None,
        )

    def _content(self, element: Element, name: str) -> tuple[Media | Generator | Timeline, str, bool]:
        nested = element.find("sequence")
        if nested is not None:
            inner = self.nest(nested)
            return (inner if inner is not None else Generator(name, "sequence")), nested.get("id", ""), True
        if element.tag == "generatoritem":
            return Generator(name, text_of(element, "effect/effectid")), element.get("id", ""), False
        file = element.find("file")
        if file is None:
            angles = element.findall("multiclip/angle")
            chosen = [a for a in angles if flag_of(a, "activevideoangle", False)] or angles
            file = chosen[0].find(".//file") if chosen else None
        if file is None:
            return Media(name or "?", is_online=False), text_of(element, "masterclipid") or name, False
        full = self.files.of(file)
        key = self.files.name(full) or name
        found = self._media.get(key)
        if found is None:
            found = self._media[key] = content_of(full, self.rate, name)
        return found[0], key, found[1]

    def _speed(self, element: Element, own: Fraction) -> Fraction:
        for effect in filters_of(element, "timeremap"):
            speed, backwards, ratio = Fraction(100), False, True
            for parameter in effect.iterfind("parameter"):
                sort = text_of(parameter, "parameterid").strip()
                if sort == "speed":
                    value = number_of(parameter, "value")
                    speed = Fraction(100) if value is None else value
                    ratio = parameter.find("valuemax") is None and parameter.get("authoringApp") is None
                elif sort == "reverse":
                    backwards = flag_of(parameter, "value", False)
                elif sort == "variablespeed" and (
                    number_of(parameter, "value") or flag_of(parameter, "value", False)
                ):
                    self.notes["clip whose speed varies, read at its average"] += 1
            # Hiero writes the ratio where Final Cut and Premiere write percent [file]; no clip plays at 10 %
            # of that.
            exact = _by_ticks(element, own, speed if ratio and abs(speed) < 10 else speed / 100)
            return -exact if backwards else exact
        return Fraction(1)

    def _offset(self, element: Element, speed: Fraction, own: Fraction, first: Fraction) -> Fraction:
        """How far into its media an item begins, in seconds: exact by its ticks, else by its frames."""
        by_frames = first / own * (abs(speed) or 1)
        begin = number_of(element, "pproTicksIn")
        if begin is None or begin < 0:
            return by_frames
        exact = begin / TICKS
        if speed == 1 and abs(exact - by_frames) * own >= _STALE_FRAMES:
            return by_frames
        return exact

    def _kept(self, element: Element) -> tuple[Kept, ...]:
        kept = []
        if element.tag == "generatoritem":
            effect = element.find("effect")
            if effect is not None:
                kept.append(_kept("generator", effect))
        for effect in element.iterfind("filter"):
            inner = effect.find("effect")
            if inner is None or text_of(inner, "effectid").strip() in _OWN_FILTERS:
                continue
            kept.append(_kept(text_of(inner, "name") or text_of(inner, "effectid") or "filter", effect))
        label = text_of(element, "labels/label2")
        if label and label not in OWN_LABELS:
            kept.append(Kept(FORMAT.name, "label", label))
        return tuple(kept)


def _kept(name: str, element: Element) -> Kept:
    for inner in element.iter():
        # Indentation of the file that it comes from.
        inner.tail = None
        if len(inner) and inner.text is not None and not inner.text.strip():
            inner.text = None
    return Kept(FORMAT.name, " ".join(name.split()), element_text(element))


def _by_ticks(element: Element, own: Fraction, speed: Fraction) -> Fraction:
    """A speed as the ticks have it, where they agree: percents are rounded, and over whole frames [file]."""
    ticks_in, ticks_out = number_of(element, "pproTicksIn"), number_of(element, "pproTicksOut")
    frame_in, frame_out = number_of(element, "in"), number_of(element, "out")
    if None in (ticks_in, ticks_out, frame_in, frame_out) or frame_out == frame_in or not speed:
        return speed
    assert ticks_in is not None
    assert ticks_out is not None
    assert frame_in is not None
    assert frame_out is not None
    ratio = (ticks_out - ticks_in) / TICKS * own / (frame_out - frame_in)
    simple = ratio.limit_denominator(1000)
    if abs(ratio - simple) > Fraction(1, 10**9) or abs(simple - abs(speed)) > abs(speed) / 1000:
        return speed
    return simple if speed > 0 else -simple


def _agrees(element: Element, clip: Clip, rate: Fraction) -> bool:
    begin, end = number_of(element, "pproTicksIn"), number_of(element, "pproTicksOut")
    if begin is None or end is None:
        return True
    return abs((end - begin) / TICKS - clip.duration * abs(clip.speed)) * rate < _STALE_FRAMES


def _length(content: object) -> Fraction | None:
    return content.duration if isinstance(content, (Media, Timeline)) else None


def _ours(element: Element) -> tuple[Stem | None, int]:
    """What a clip of ours is, from its log note."""
    words = text_of(element, "logginginfo/lognote").split()
    if len(words) not in (2, 3) or words[0] != NOTE:
        return None, 0
    kind = next((kind for kind in Stem if kind == words[1]), None)
    number = words[2] if len(words) == 3 else "0"
    if kind is None or not (number.isascii() and number.isdigit()):
        return None, 0
    return kind, int(number[:3])
