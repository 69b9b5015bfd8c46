"""The two timelines in older formats, written as other programs do: FCP7 XML and CMX3600 EDL."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate
from xml.etree import ElementTree as ET

from canvas import HEIGHT, WIDTH
from footage import FOOTAGE, NTSC_FILM, Shot
from timelines import url

Cut = tuple[str, int, int]
"""A file, the first frame used (0 is the file's first), and how many."""

XML_CUTS: tuple[Cut, ...] = (
    ("A002_shore.mov", 6, 60),
    ("A001_drive.mov", 30, 66),
    ("A002_shore.mov", 72, 42),
)

EDL_CUTS: tuple[Cut, ...] = (
    ("walker.mp4", 12, 60),
    ("rain.mp4", 6, 48),
    ("clock.mp4", 20, 40),
    ("ball.mp4", 6, 72),
    ("train.mp4", 16, 60),
)

TICKS_A_SECOND = 254_016_000_000
"""Premiere's own clock, which ``pproTicksIn`` and ``pproTicksOut`` count."""


def fcp7_xml() -> str:
    """Three shots at 23.976 as Premiere Pro writes them: each stereo track exploded into two."""
    length = sum(cut[2] for cut in XML_CUTS)
    groups = [
        _node("group", ("index", n), ("numchannels", 1), ("downmix", 0), _node("channel", ("index", n)))
        for n in (1, 2)
    ]
    video = _node("video", _node("format", _picture_format()), _track("video", 0))
    sound_format = _node("format", _node("samplecharacteristics", ("depth", 16), ("samplerate", 48000)))
    audio = _node("audio", ("numOutputChannels", 2), sound_format, _node("outputs", *groups))
    audio.extend([_track("audio", 1), _track("audio", 2)])
    sequence = _node(
        "sequence",
        ("uuid", "5f0c6a6e-1b5a-4c0e-9d5e-3f1d6f0a7c11"),
        ("duration", length),
        _rate(),
        ("name", "FCP7 short"),
        _node("media", video, audio),
        _timecode(86_400, "01:00:00:00"),
        _node(
            "marker",
            ("name", "Into the city"),
            ("comment", "First hard cut"),
            ("in", XML_CUTS[0][2]),
            ("out", -1),
        ),
        id="sequence-1",
        explodedTracks="true",
    )
    root = _node("xmeml", sequence, version="4")
    ET.indent(root, "\t")
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>\n'
    return head + ET.tostring(root, encoding="unicode") + "\n"


def edl() -> str:
    """Five cuts at 24 fps, record from 01:00:00:00, with the comments that relink a cut to its files."""
    lines = ["TITLE: EDL short", "FCM: NON-DROP FRAME", ""]
    starts = accumulate((length for *_, length in EDL_CUTS), initial=86_400)
    for number, ((file, first, length), start) in enumerate(zip(EDL_CUTS, starts, strict=False), 1):
        times = (first, first + length, start, start + length)
        reel = file.partition(".")[0].upper()[:8]
        lines += [
            f"{number:03d}  {reel:<8} V     C        " + " ".join(_timecode_24(frame) for frame in times),
            f"* FROM CLIP NAME: {file}",
            f"* FROM FILE: {url(file)}",
            "",
        ]
    return "\n".join(lines)


def _node(tag: str, *children: ET.Element | tuple[str, object], **attributes: str) -> ET.Element:
    """An element; a child given as a pair is an element that holds a text."""
    element = ET.Element(tag, attributes)
    for child in children:
        if isinstance(child, tuple):
            ET.SubElement(element, child[0]).text = str(child[1])
        else:
            element.append(child)
    return element


def _rate() -> ET.Element:
    return _node("rate", ("timebase", 24), ("ntsc", "TRUE"))


def _timecode(frame: int, text: str) -> ET.Element:
    return _node("timecode", _rate(), ("string", text), ("frame", frame), ("displayformat", "NDF"))


def _picture_format() -> ET.Element:
    return _node(
        "samplecharacteristics",
        _rate(),
        ("width", WIDTH),
        ("height", HEIGHT),
        ("anamorphic", "FALSE"),
        ("pixelaspectratio", "square"),
        ("fielddominance", "none"),
    )


def _track(kind: str, channel: int) -> ET.Element:
    """The picture's track, or that of one channel (1 or 2) of the sound."""
    start = 0
    items = []
    for number, cut in enumerate(XML_CUTS, 1):
        items.append(_clipitem(kind, channel, number, cut, start))
        start += cut[2]
    ends = [("enabled", "TRUE"), ("locked", "FALSE")]
    if kind == "video":
        return _node("track", *items, *ends)
    return _node(
        "track",
        *items,
        *ends,
        ("outputchannelindex", channel),
        currentExplodedTrackIndex=str(channel - 1),
        totalExplodedTrackCount="2",
        premiereTrackType="Stereo",
    )


def _clipitem(kind: str, channel: int, number: int, cut: Cut, start: int) -> ET.Element:
    file, first, length = cut
    names = [name for name, *_ in XML_CUTS]
    ticks = [int(Fraction(frame) / NTSC_FILM * TICKS_A_SECOND) for frame in (first, first + length)]
    item = _node(
        "clipitem",
        ("masterclipid", f"masterclip-{sorted(set(names)).index(file) + 1}"),
        ("name", file),
        ("enabled", "TRUE"),
        ("duration", FOOTAGE[file].frames),
        _rate(),
        ("start", start),
        ("end", start + length),
        ("in", first),
        ("out", first + length),
        ("pproTicksIn", ticks[0]),
        ("pproTicksOut", ticks[1]),
        _file(file, whole=kind == "video" and names.index(file) == number - 1),
        id=_item_id(channel, number),
    )
    if kind == "audio":
        item.set("premiereChannelType", "stereo")
        item.append(_node("sourcetrack", ("mediatype", "audio"), ("trackindex", channel)))
    item.extend(_links(number))
    return item


def _item_id(channel: int, number: int) -> str:
    return f"clipitem-{channel * len(XML_CUTS) + number}"


def _links(number: int) -> list[ET.Element]:
    links = []
    for channel, kind in enumerate(("video", "audio", "audio")):
        place = [
            ("linkclipref", _item_id(channel, number)),
            ("mediatype", kind),
            ("trackindex", max(channel, 1)),
        ]
        group = [("groupindex", 1)] if channel else []
        links.append(_node("link", *place, ("clipindex", number), *group))
    return links


def _file(file: str, whole: bool) -> ET.Element:
    """The file itself at its first use, its id alone afterwards."""
    element = ET.Element("file", id=f"file-{file.partition('.')[0]}")
    if whole:
        media = FOOTAGE[file]
        assert isinstance(media, Shot)
        sound = _node("samplecharacteristics", ("depth", 16), ("samplerate", 48000))
        element.extend(
            _node(
                "file",
                ("name", file),
                ("pathurl", url(file)),
                _rate(),
                ("duration", media.frames),
                _timecode(media.start, media.timecode),
                _node("media", _node("video", _picture_format()), _node("audio", sound, ("channelcount", 2))),
            )
        )
    return element


def _timecode_24(frame: int) -> str:
    seconds, frame = divmod(frame, 24)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{frame:02d}"
