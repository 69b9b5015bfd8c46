"""Names, markers and generators of a sequence as xmeml: as near as it comes, the rest reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from avm_otio.formats.fcp7 import FORMAT
from avm_otio.formats.fcp7.common import COLOR, LABELS, MARKER_COLORS, NEAREST_COLORS, NOTE, SLUG
from avm_otio.formats.fcp7.pieces import BLACK_MATTE, LOGGING, kept_xml, marker_xml
from avm_otio.formats.xml import can_hold, escaped
from avm_otio.timeline.features import Feature
from avm_otio.timeline.losses import Item, Losses
from avm_otio.timeline.model import SAMPLE_RATE_HZ, Clip, Generator, Marker, Media, Timeline
from avm_otio.timeline.time import nearest_frame

_SAMPLE = Fraction(1, SAMPLE_RATE_HZ)


@dataclass(slots=True)
class Markup:
    """Texts of one sequence.

    Attributes:
        rate: Frames a second of the sequence.
        losses: Those of the sequence, which it adds to.
    """

    rate: Fraction
    losses: Losses

    def name(self, name: str, item: Item) -> str:
        """A name as it stands in the document, on one line."""
        written = escaped(name, one_line=True)
        if written is not name and (not can_hold(name) or any(c in name for c in "\t\n\r")):
            self.losses.add(Feature.NAME, item, "characters that XML cannot hold replaced")
        return written

    def markers(self, markers: Sequence[Marker], first: int, item: Item) -> str:
        """Markers as elements.

        Args:
            markers: The markers.
            first: The frame at which one would stand if its start were 0.
            item: Whose they are.
        """
        rate = self.rate
        written = []
        for marker in markers:
            if marker.color not in MARKER_COLORS and marker.color not in ("", "GREEN"):
                near = NEAREST_COLORS.get(marker.color, "GREEN")
                message = f"marker “{marker.name}” is {near.lower()}, not {marker.color.lower()}"
                self.losses.add(Feature.MARKER, item, message)
                marker = replace(marker, color=near)
            at, end = marker.start, marker.start + marker.duration
            if any(abs(nearest_frame(time, rate) / rate - time) >= _SAMPLE for time in (at, end)):
                self.losses.add(Feature.MARKER, item, f"marker “{marker.name}” moved to a frame")
            if first + nearest_frame(at, rate) < 0:
                self.losses.add(
                    Feature.MARKER, item, f"marker “{marker.name}” moved to the first frame there is"
                )
                marker = replace(marker, start=-first / rate)
            if not can_hold(marker.name) or not can_hold(marker.comment) or "\r" in marker.comment:
                self.losses.add(Feature.NAME, item, f"marker “{marker.name}”: characters replaced")
            written.append(marker_xml(marker, rate, first))
        return "".join(written)

    def shown(self, clip: Clip) -> Media | Generator | Timeline:
        """What a clip's item points at: a generator that the format knows none of is black."""
        content = clip.content
        if not isinstance(content, Generator) or content.kind in (SLUG, COLOR):
            return content
        if any(kept_xml(kept, "filter") or kept_xml(kept, "effect") for kept in clip.kept):
            return content
        self.losses.add(
            Feature.GENERATOR, clip, f"{content.kind or 'picture'} of a generator written as black"
        )
        return Generator(content.name, SLUG)

    def matte(self, clip: Clip, content: object) -> str:
        """The ``<effect>`` of a clip that is a generator item; empty for any other."""
        if not isinstance(content, Generator) or content.kind == SLUG:
            return ""
        for kept in clip.kept:
            text = kept_xml(kept, "effect")
            if text:
                return text
        if content.kind != COLOR:
            return ""
        self.losses.add(Feature.GENERATOR, clip, "its colour is unknown: written as black")
        return BLACK_MATTE


def logged(clip: Clip) -> str:
    """What a clip of ours is, and its label: ours by what it holds, the user's as it was."""
    label = next(
        (kept.text for kept in clip.kept if kept.format == FORMAT.name and kept.label == "label"), ""
    )
    note = ""
    if clip.stem is not None:
        number = f" {clip.alternative}" if clip.alternative else ""
        note = LOGGING.format(f"{NOTE} {clip.stem}{number}")
        label = label or LABELS[clip.stem]
    label = label or ("Caribbean" if clip.channels else "Iris")
    return f"{note}<labels><label2>{escaped(label, one_line=True)}</label2></labels>\n"
