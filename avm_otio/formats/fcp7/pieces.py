"""Pieces of an xmeml document that are the same wherever they stand: filters, transitions, markers."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from avm_otio.errors import TimelineError
from avm_otio.formats.fcp7 import FORMAT
from avm_otio.formats.fcp7.common import (
    CROSS_FADE,
    CROSS_FADE_ID,
    DISSOLVE,
    DISSOLVE_ID,
    LEVEL_MAX,
    MARKER_COLORS,
    rate_xml,
    ticks,
)
from avm_otio.formats.xml import element_text, escaped, parsed
from avm_otio.timeline.model import Kept, Marker, TrackKind
from avm_otio.timeline.time import nearest_frame

LOGGING = (
    "<logginginfo><description></description><scene></scene><shottake></shottake>"
    "<lognote>{}</lognote></logginginfo>\n"
)
"""Where a clip's log note stands [file]."""

BLACK_MATTE = (
    "<effect><name>Color</name><effectid>Color</effectid><effectcategory>Matte</effectcategory>"
    "<effecttype>generator</effecttype><mediatype>video</mediatype>"
    '<parameter authoringApp="PremierePro"><parameterid>fillcolor</parameterid><name>Color</name>'
    "<value><alpha>0</alpha><red>0</red><green>0</green><blue>0</blue></value></parameter></effect>\n"
)
"""A colour matte [file]; the colour of another program's is not known here."""


def level_filter(value: float, keys: Sequence[tuple[int, float]]) -> str:
    """The gain of a clip [file].

    Args:
        value: Linear gain, where there are no key frames.
        keys: Frame, counted from the media's first as ``in`` is [file], → linear gain.
    """
    frames = "".join(
        f"<keyframe><when>{at}</when><value>{level:.6g}</value></keyframe>" for at, level in keys
    )
    return (
        "<filter><effect><name>Audio Levels</name><effectid>audiolevels</effectid>"
        "<effectcategory>audiolevels</effectcategory><effecttype>audiolevels</effecttype>"
        '<mediatype>audio</mediatype><parameter authoringApp="PremierePro"><parameterid>level</parameterid>'
        f"<name>Level</name><valuemin>0</valuemin><valuemax>{LEVEL_MAX}</valuemax>"
        f"<value>{value:.6g}</value>{frames}</parameter></effect></filter>\n"
    )


def pan_filter(pan: float) -> str:
    """The pan of a clip, -1 to 1 [file]; of the halves of a stereo clip both say its balance [file]."""
    return (
        "<filter><effect><name>Audio Pan</name><effectid>audiopan</effectid>"
        "<effectcategory>audiopan</effectcategory><effecttype>audiopan</effecttype>"
        '<mediatype>audio</mediatype><parameter authoringApp="PremierePro"><parameterid>pan</parameterid>'
        f"<name>Pan</name><valuemin>-1</valuemin><valuemax>1</valuemax><value>{pan:.6g}</value>"
        "</parameter></effect></filter>\n"
    )


def speed_filter(speed: Fraction, kind: TrackKind) -> str:
    """The constant speed of a clip, in percent [file]; ``reverse`` says which way [file]."""

    def parameter(name: str, value: str, limits: str = "") -> str:
        return (
            f'<parameter authoringApp="PremierePro"><parameterid>{name}</parameterid><name>{name}</name>'
            f"{limits}<value>{value}</value></parameter>"
        )

    return (
        "<filter><effect><name>Time Remap</name><effectid>timeremap</effectid>"
        "<effectcategory>motion</effectcategory><effecttype>motion</effecttype>"
        f"<mediatype>{kind}</mediatype>"
        + parameter("variablespeed", "0", "<valuemin>0</valuemin><valuemax>1</valuemax>")
        + parameter(
            "speed",
            f"{float(abs(speed) * 100):.9g}",
            "<valuemin>-100000</valuemin><valuemax>100000</valuemax>",
        )
        + parameter("reverse", "TRUE" if speed < 0 else "FALSE")
        + parameter("frameblending", "FALSE")
        + "</effect></filter>\n"
    )


def effect_xml(name: str, effect_id: str, kind: TrackKind) -> str:
    """What a transition does."""
    category = "" if kind is TrackKind.AUDIO else "<effectcategory>Dissolve</effectcategory>"
    return (
        f"<effect><name>{name}</name><effectid>{effect_id}</effectid>{category}"
        f"<effecttype>transition</effecttype><mediatype>{kind}</mediatype>"
        "<wipecode>0</wipecode><wipeaccuracy>100</wipeaccuracy><startratio>0</startratio>"
        "<endratio>1</endratio><reverse>FALSE</reverse></effect>\n"
    )


def transition_item(
    span: tuple[int, int], cut: int, alignment: str, rate: Fraction, kind: TrackKind, effect: str = ""
) -> str:
    """A transition; clips that meet it have -1 for the edge that it hides [off].

    Args:
        span: Its first frame and the first one after it.
        cut: The frame of the cut.
        alignment: As Apple names them [off].
        rate: Frames a second.
        kind: Of the track.
        effect: The ``<effect>``; empty for a plain dissolve.
    """
    if not effect:
        heard = kind is TrackKind.AUDIO
        effect = effect_xml(*((CROSS_FADE, CROSS_FADE_ID) if heard else (DISSOLVE, DISSOLVE_ID)), kind)
    return (
        f"<transitionitem>\n<start>{span[0]}</start>\n<end>{span[1]}</end>\n<alignment>{alignment}</alignment>\n"
        f"<cutPointTicks>{ticks((cut - span[0]) / rate)}</cutPointTicks>\n{rate_xml(rate)}{effect}"
        "</transitionitem>\n"
    )


def marker_xml(marker: Marker, rate: Fraction, first: int) -> str:
    """A marker; ``out`` is -1 for a point [file].

    Args:
        marker: The marker.
        rate: Frames a second.
        first: The frame at which it would stand if its start were 0.
    """
    at = first + nearest_frame(marker.start, rate)
    end = at + nearest_frame(marker.duration, rate)
    color = MARKER_COLORS.get(marker.color)
    return (
        f"<marker><comment>{escaped(marker.comment)}</comment><name>{escaped(marker.name)}</name>"
        f"<in>{at}</in><out>{end if end > at else -1}</out>"
        f"{'' if color is None else f'<pproColor>{color}</pproColor>'}</marker>\n"
    )


def kept_xml(kept: Kept, tag: str) -> str | None:
    """What was kept, if it is ours and still such an element; it may have come through another file."""
    if kept.format != FORMAT.name:
        return None
    try:
        found = parsed(kept.text, "")
        return element_text(found) + "\n" if found.tag == tag else None
    except (TimelineError, RecursionError):
        return None
