"""Reading the small elements of xmeml: numbers, rates, timecodes, markers, files."""

from __future__ import annotations

import re
from fractions import Fraction
from xml.etree.ElementTree import Element

from avm_otio.errors import TimeFormatError
from avm_otio.formats.fcp7.common import MARKER_COLORS
from avm_otio.formats.numbered_images import named_by_first
from avm_otio.timeline.model import Generator, Marker, Media
from avm_otio.timeline.time import MediaTime, dropped_per_minute, parse_timecode, snap_rate
from avm_otio.timeline.urls import plain_path

_NUMBER = re.compile(r"\s*-?\d{1,15}(\.\d{1,15})?\s*", re.ASCII)
_SHOWN = {"102": True, "103": False, "106": True, "107": False}
"""``MZ.Sequence.VideoTimeDisplayFormat`` → whether it drops frames: at 29.97 and at 59.94 [file] [3p]. Others
are of rates that drop none."""
_COLORS = {number: name for name, number in MARKER_COLORS.items()}


def text_of(element: Element, tag: str, otherwise: str = "") -> str:
    """The text of a child; ``otherwise`` where there is none."""
    found = element.find(tag)
    return otherwise if found is None or found.text is None else found.text


def number_of(element: Element, tag: str) -> Fraction | None:
    """The number in a child; ``None`` where there is none, or where it is no number."""
    found = element.find(tag)
    if found is None or found.text is None or _NUMBER.fullmatch(found.text) is None:
        return None
    # Whole numbers are nearly all there are, and a fraction is slow to make from text.
    return Fraction(int(found.text) if "." not in found.text else found.text.strip())


def flag_of(element: Element, tag: str, otherwise: bool) -> bool:
    """The truth in a child."""
    value = text_of(element, tag).strip().upper()
    return value == "TRUE" if value else otherwise


def rate_of(element: Element | None, otherwise: Fraction | None) -> Fraction | None:
    """The rate that an element's ``<rate>`` says."""
    rate = None if element is None else element.find("rate")
    base = None if rate is None else number_of(rate, "timebase")
    if rate is None or base is None or base <= 0:
        return otherwise
    exact = snap_rate(base)
    if flag_of(rate, "ntsc", False) and exact.denominator == 1:
        return exact * Fraction(1000, 1001)
    return exact


def timecode_of(element: Element, rate: Fraction) -> tuple[Fraction, bool]:
    """The start timecode of a sequence or a file in seconds, and whether it drops frames."""
    timecode = element.find("timecode")
    if timecode is None:
        return Fraction(0), False
    counted = rate_of(timecode, rate) or rate
    is_drop = text_of(timecode, "displayformat").strip().upper() == "DF"
    frame = number_of(timecode, "frame")
    if frame is None:
        written = text_of(timecode, "string").strip()
        is_drop = (is_drop or ";" in written) and bool(dropped_per_minute(counted))
        try:
            frame = Fraction(parse_timecode(_colons(written, is_drop), counted))
        except TimeFormatError:
            frame = Fraction(0)
    # Premiere says DF of every sequence at 29.97; how it shows the time says whether it is [file].
    drop = _SHOWN.get(element.get("MZ.Sequence.VideoTimeDisplayFormat", "").strip(), is_drop)
    return max(Fraction(0), frame / counted), drop and bool(dropped_per_minute(counted))


def _colons(written: str, drop: bool) -> str:
    head, _, frames = written.replace(";", ":").rpartition(":")
    return f"{head}{';' if drop else ':'}{frames}"


def markers_of(element: Element, rate: Fraction, first: Fraction = Fraction(0)) -> tuple[Marker, ...]:
    """The markers of a sequence or a clip.

    Args:
        element: Whose.
        rate: Frames a second of their numbers.
        first: The frame that is 0 for what is returned: the clip's ``in``.
    """
    found = []
    for marker in element.iterfind("marker"):
        at = number_of(marker, "in")
        if at is None:
            continue
        end = number_of(marker, "out")
        length = end - at if end is not None and end > at else Fraction(0)
        shade = number_of(marker, "pproColor")
        color = "GREEN" if shade is None else _COLORS.get(int(shade), "GREEN")
        start = (at - first) / rate
        found.append(Marker(text_of(marker, "name"), start, length / rate, text_of(marker, "comment"), color))
    return tuple(found)


class Definitions:
    """Which ``<file>`` in full each one of a document means: another by its id alone.

    Where an id has several definitions of one place, or without any, the longest says all that is known.
    Where it has several places, it stands for as many files, and means the one that was defined last.
    """

    def __init__(self, root: Element) -> None:
        every = [(file, file.get("id", ""), text_of(file, "pathurl").strip()) for file in root.iter("file")]
        places: dict[str, list[str]] = {}
        for _, name, url in every:
            if name and url and url not in places.setdefault(name, []):
                places[name].append(url)
        self.told_twice = {name for name, urls in places.items() if len(urls) > 1}
        self._meant: dict[Element, tuple[str, str]] = {}
        self._longest: dict[tuple[str, str], Element] = {}
        last: dict[str, str] = {}
        for file, name, url in every:
            if not name:
                continue
            place = last[name] = url or last.get(name) or places.get(name, [""])[0]
            key = self._meant[file] = (name, place)
            if key not in self._longest or len(file) > len(self._longest[key]):
                self._longest[key] = file

    def of(self, file: Element) -> Element:
        """The definition that an element means; itself where it has no id."""
        key = self._meant.get(file)
        return file if key is None else self._longest[key]

    def name(self, full: Element) -> str:
        """What a definition goes by: one name for one file."""
        name, url = full.get("id", ""), text_of(full, "pathurl").strip()
        return f"{name} {url}" if name in self.told_twice else name or url


def content_of(full: Element, rate: Fraction, name: str) -> tuple[Media | Generator, bool]:
    """What a ``<file>`` is.

    Args:
        full: The element, in full.
        rate: Frames a second of the sequence, where the file says none.
        name: What the clip is called, where the file says no name.

    Returns:
        It, and whether the file says how many channels of sound it has.
    """
    called = text_of(full, "name") or name
    url = text_of(full, "pathurl").strip()
    source = text_of(full, "mediaSource").strip()
    if not url and source:
        return Generator(called, source), False
    own = rate_of(full, rate) or rate
    start, drop = timecode_of(full, own)
    length = number_of(full, "duration")
    # What stands for unknown media (one frame of nothing) is no length [file].
    if not url and (length or 0) <= 1:
        length = None
    video = full.find("media/video")
    sounds = full.findall("media/audio")
    counted = [number_of(sound, "channelcount") for sound in sounds]
    channels = sum(int(count if count is not None else 1) for count in counted)
    path, sequence = named_by_first(plain_path(url), length)
    hertz = next(
        (hz for hz in (number_of(s, "samplecharacteristics/samplerate") for s in sounds) if hz), None
    )
    return Media(
        name=called,
        path=path,
        start=MediaTime(start),
        duration=None if length is None else length / own,
        rate=own if video is not None else None,
        size=_size(full),
        sample_rate_hz=None if hertz is None else int(hertz),
        channels=channels,
        has_picture=video is not None,
        sequence=sequence,
        is_online=bool(url),
        drop_frame=drop,
    ), any(count is not None for count in counted)


def _size(full: Element) -> tuple[int, int] | None:
    for where in ("media/video/samplecharacteristics/", ""):
        width, height = number_of(full, f"{where}width"), number_of(full, f"{where}height")
        if width and height:
            return int(width), int(height)
    return None
