"""The parts of a Kdenlive project that are the same in every one."""

from __future__ import annotations

import json
from fractions import Fraction
from math import gcd

from avm_otio.formats.xml import escaped
from avm_otio.timeline.model import Marker
from avm_otio.timeline.time import format_rate, nearest_frame

SEQUENCE_FOLDER = 2
"""[file] The bin folder of the sequences."""

SEQUENCE_ID = 3
"""[file] The bin id of the first sequence; the media come after it."""

IMAGE_SUFFIXES = frozenset(
    (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".exr", ".dpx", ".tga")
)
"""Still pictures: MLT's picture producer holds one for as long as the clip is."""

_COLORS = {
    "GREEN": "#1cdc9a",
    "RED": "#da4453",
    "ORANGE": "#f47750",
    "YELLOW": "#fdbc4b",
    "CYAN": "#1abc9c",
    "BLUE": "#3daee9",
    "PURPLE": "#9b59b6",
    "MAGENTA": "#d500c9",
    "PINK": "#ff80c0",
    "BLACK": "#232629",
    "WHITE": "#eff0f1",
}

CATEGORY_OF_COLOR = {color: number for number, color in enumerate(_COLORS)}
"""OTIO's colour names, and the guide category that stands for each; one without a colour is in the first."""

GUIDE_CATEGORIES = escaped(
    json.dumps(
        [
            {"color": shade, "comment": color.capitalize(), "index": CATEGORY_OF_COLOR[color]}
            for color, shade in _COLORS.items()
        ]
    )
)

_PROFILE_SIZES = {
    (1280, 720): "atsc_720p",
    (1920, 1080): "atsc_1080p",
    (2560, 1440): "qhd_1440p",
    (3840, 2160): "uhd_2160p",
}
_PROFILE_RATES = {
    Fraction(24000, 1001): "2398",
    Fraction(24): "24",
    Fraction(25): "25",
    Fraction(30000, 1001): "2997",
    Fraction(30): "30",
    Fraction(50): "50",
    Fraction(60000, 1001): "5994",
    Fraction(60): "60",
}
"""MLT's own profiles: the files of ``share/mlt-7/profiles`` [run]."""


Notes = dict[int, tuple[str, int, int]]
"""Markers by frame: words, category, length in frames."""


def prop(name: str, value: object) -> str:
    """One property; the value is escaped already."""
    return f'<property name="{name}">{value}</property>\n'


def profile(size: tuple[int, int], rate: Fraction) -> str:
    """The picture's size and rate, square pixels."""
    width, height = size
    common = gcd(width, height)
    return (
        f'<profile description="{width}x{height} {format_rate(rate)} fps" width="{width}" height="{height}"'
        ' progressive="1" sample_aspect_num="1" sample_aspect_den="1"'
        f' display_aspect_num="{width // common}" display_aspect_den="{height // common}"'
        f' frame_rate_num="{rate.numerator}" frame_rate_den="{rate.denominator}" colorspace="709"/>\n'
    )


def profile_size(size: tuple[int, int], rate: Fraction) -> tuple[int, int]:
    """The size of the project for a picture of a size: Kdenlive opens one that MLT has no profile for at 25.

    Returns:
        The size itself where there is a profile of it or none at its rate; else that of the smallest one that
        holds it, or the largest.
    """
    if size in _PROFILE_SIZES or rate not in _PROFILE_RATES:
        return size
    holding = (one for one in _PROFILE_SIZES if one[0] >= size[0] and one[1] >= size[1])
    return min(holding, default=max(_PROFILE_SIZES))


def profile_name(size: tuple[int, int], rate: Fraction) -> str | None:
    """The profile's name, without which Kdenlive opens a project at 25 [run]; ``None`` where none has one."""
    if size in _PROFILE_SIZES and rate in _PROFILE_RATES:
        return f"{_PROFILE_SIZES[size]}_{_PROFILE_RATES[rate]}"
    return None


def document_properties(
    *, sequence: str, document: str, number: int, profile: str | None, channels: int
) -> str:
    """What the bin says of the whole project."""
    values = {
        "audioChannels": channels,
        "documentid": number,
        "enableproxy": 0,
        "generateproxy": 0,
        "guidesCategories": GUIDE_CATEGORIES,
        "kdenliveversion": "24.12.0",
        "seekOffset": 30000,
        "uuid": document,
        "version": "1.1",
        "opensequences": sequence,
        "activetimeline": sequence,
    }
    if profile:
        values["profile"] = profile
    return (
        prop(f"kdenlive:folder.-1.{SEQUENCE_FOLDER}", "Sequences")
        + prop("kdenlive:sequenceFolder", SEQUENCE_FOLDER)
        + "".join(prop(f"kdenlive:docproperties.{key}", value) for key, value in values.items())
        + prop("xml_retain", 1)
    )


def track_filters() -> str:
    """The filters that Kdenlive keeps on every sound track: volume, balance and level meter, all off."""
    off = prop("internal_added", 237) + prop("disable", 1)
    volume = prop("mlt_service", "volume") + prop("window", 75) + prop("max_gain", "20dB") + off
    panner = prop("mlt_service", "panner") + prop("channel", -1) + prop("start", 0.5) + off
    meter = prop("mlt_service", "audiolevel") + prop("dbpeak", 1) + prop("disable", 1)
    return "".join(f"<filter>\n{properties}</filter>\n" for properties in (volume, panner, meter))


def volume_filter(name: str, properties: str, first: int | None = None, last: int | None = None) -> str:
    """One of Kdenlive's effects that MLT's volume filter makes.

    Args:
        name: Kdenlive's name of the effect.
        properties: What else it says, as elements.
        first: First frame of the source that it works on; ``None`` for all.
        last: Last frame that it works on.
    """
    span = "" if first is None else f' in="{first}" out="{last}"'
    return (
        f"<filter{span}>\n{prop('window', 75)}{prop('max_gain', '20dB')}{properties}"
        f"{prop('mlt_service', 'volume')}{prop('kdenlive_id', name)}</filter>\n"
    )


def balance_filter(pan: float) -> str:
    """Kdenlive's “Balance”: it turns the other side down [run]; 0 is left, 1 right."""
    return (
        f"<filter>\n{prop('mlt_service', 'panner')}{prop('kdenlive_id', 'audiobalance')}"
        f"{prop('channel', -1)}{prop('start', f'{(pan + 1) / 2:.6g}')}</filter>\n"
    )


def crossfade(start: int, before: int, after: int, *, reverse: bool) -> str:
    """Two sound clips of a track that fade into each other.

    Args:
        start: First frame in which both are heard.
        before: Frames before the cut.
        after: Frames after the cut.
        reverse: Whether the incoming clip lies on the first of the two playlists.
    """
    return _mix(start, before, after, reverse, "mix", prop("start", -1) + prop("accepts_blanks", 1))


def dissolve(start: int, before: int, after: int, *, reverse: bool) -> str:
    """Two pictures of a track that dissolve into each other; arguments as of ``crossfade``."""
    return _mix(start, before, after, reverse, "luma", prop("softness", 0) + prop("alpha_over", 1))


def _mix(start: int, before: int, after: int, reverse: bool, service: str, more: str) -> str:
    return (
        # The last frame is the one after the overlap [file].
        f'<transition in="{start}" out="{start + before + after}">\n{prop("a_track", 0)}{prop("b_track", 1)}'
        # Counted back from the end of the overlap [src: getMixDuration() - getMixCutPosition() is the cut].
        f"{prop('kdenlive:mixcut', after)}{prop('mlt_service', service)}{prop('kdenlive_id', service)}"
        f"{more}{prop('reverse', int(reverse))}</transition>\n"
    )


def note(into: Notes, frame: int, marker: Marker, rate: Fraction) -> None:
    """Add a marker; Kdenlive keeps one a frame, so a second one's words join the first."""
    text = ": ".join(dict.fromkeys(part for part in (marker.name, marker.comment) if part))
    category = CATEGORY_OF_COLOR.get(marker.color, 0)
    length = nearest_frame(marker.duration, rate)
    if frame in into:
        words, category, longest = into[frame]
        text = words if text in words.split(" / ") else f"{words} / {text}"
        length = max(length, longest)
    into[frame] = text, category, length


def guides_text(markers: Notes) -> str:
    """Guides, or a clip's markers, as Kdenlive's JSON; ``duration`` is from 25.08 on, others pass over it."""
    return escaped(
        json.dumps(
            [
                {"comment": text, "duration": length, "pos": frame, "type": category}
                for frame, (text, category, length) in sorted(markers.items())
            ],
            ensure_ascii=False,
        )
    )


def freeze(frame: int) -> str:
    """Kdenlive's “Freeze”: one frame of the source for all of the clip."""
    return (
        f"<filter>\n{prop('mlt_service', 'freeze')}{prop('kdenlive_id', 'freeze')}"
        f"{prop('frame', frame)}{prop('freeze_before', 0)}{prop('freeze_after', 0)}</filter>\n"
    )
