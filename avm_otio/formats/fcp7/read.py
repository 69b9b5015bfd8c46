"""Final Cut Pro 7's XML (xmeml) → timelines: files of Premiere Pro, Hiero, Resolve, Final Cut and ours."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from xml.etree.ElementTree import Element

from avm_otio.errors import TimelineError
from avm_otio.formats.fcp7.elements import (
    files_of,
    flag_of,
    markers_of,
    number_of,
    rate_of,
    text_of,
    timecode_of,
)
from avm_otio.formats.fcp7.items import Items
from avm_otio.formats.fcp7.tracks import Lane, Whole, joined, linked
from avm_otio.formats.xml import parsed
from avm_otio.timeline.model import Timeline, Track, TrackKind
from avm_otio.timeline.time import nearest_frame

_ABOVE = frozenset({"project", "bin", "children", "xmeml"})
"""What a top-level sequence may stand in [off]."""

_RATE = Fraction(30)
"""Of a sequence that does not say: what Final Cut takes; no file of the samples leaves it out."""


def read(path: Path, rate: Fraction | None = None) -> tuple[list[Timeline], tuple[str, ...]]:
    """Read every sequence of an xmeml file.

    Args:
        path: The file.
        rate: Not needed: the file says its own.

    Returns:
        The sequences that stand by themselves, in order; and what could not be read.

    Raises:
        TimelineError: It is no xmeml, or has no sequence.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TimelineError(
            f"{path} cannot be read: {error.strerror or error}.", "Look at the path."
        ) from error
    root = parsed(data, str(path))
    if root.tag != "xmeml":
        raise TimelineError(f"{path} is no Final Cut Pro 7 XML.", "Export it again, as Final Cut Pro XML.")
    try:
        reader = _Reader(root)
        found = [made for element in _top_level(root) if (made := reader.sequence(element)) is not None]
    except RecursionError as error:
        raise TimelineError(f"{path} nests sequences too deeply.", "Export it again.") from error
    if not found:
        raise TimelineError(f"{path} has no sequence.", "Export a sequence.")
    return found, tuple(f"{count} × {note}" for note, count in reader.notes.items())


def _top_level(element: Element) -> list[Element]:
    found = []
    waiting = [element]
    while waiting:
        for child in waiting.pop(0):
            if child.tag == "sequence":
                found.append(child)
            elif child.tag in _ABOVE:
                waiting.append(child)
    return found


@dataclass(slots=True)
class _Reader:
    """Reads the sequences of one document, each once."""

    root: Element
    notes: Counter[str] = field(default_factory=Counter)
    _files: dict[str, Element] = field(init=False)
    _full: dict[str, Element] = field(default_factory=dict)
    _made: dict[str, Timeline] = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._files = files_of(self.root)
        for element in self.root.iter("sequence"):
            name = element.get("id", "")
            if element.find("media") is not None and name not in self._full:
                self._full[name] = element

    def sequence(self, element: Element) -> Timeline | None:
        """A sequence; ``None`` where it is not there, or holds itself."""
        name = element.get("id", "")
        if name in self._made:
            return self._made[name]
        full = element if element.find("media") is not None else self._full.get(name)
        if full is None or name in self._open:
            self.notes["nested sequence that is not in the file"] += 1
            return None
        if name:
            self._open.add(name)
        made = self._sequence(full)
        if name:
            self._open.discard(name)
            self._made[name] = made
        return made

    def _sequence(self, full: Element) -> Timeline:
        rate = rate_of(full, None) or rate_of(full.find("timecode"), None)
        rate = rate or rate_of(full.find("media/video/format/samplecharacteristics"), None) or _RATE
        items = Items(self._files, self.sequence, rate, self.notes)
        tracks: list[Whole] = []
        for element in full.iterfind("media/video/track"):
            lane = self._lane(element, items, TrackKind.VIDEO)
            track = lane.track
            track = Track(
                track.name,
                track.kind,
                transitions=tuple(lane.transitions),
                enabled=track.enabled,
                locked=track.locked,
            )
            tracks.append(Whole(track, [(item.clip, (item,)) for item in lane.items]))
        sound = [
            self._lane(element, items, TrackKind.AUDIO) for element in full.iterfind("media/audio/track")
        ]
        tracks += joined(sound, full.get("explodedTracks", "").lower() == "true")
        made = linked(tracks)
        start, drop = timecode_of(full, rate)
        length = number_of(full, "duration") or Fraction(0)
        last = max((clip.end for track in made for clip in track.clips), default=Fraction(0))
        width = number_of(full, "media/video/format/samplecharacteristics/width")
        height = number_of(full, "media/video/format/samplecharacteristics/height")
        return Timeline(
            name=text_of(full, "name") or full.get("id", ""),
            rate=rate,
            tracks=made,
            start_frame=nearest_frame(start, rate),
            drop_frame=drop,
            duration=max(length / rate, Fraction(last)),
            markers=markers_of(full, rate),
            size=(int(width), int(height)) if width and height else None,
        )

    def _lane(self, element: Element, items: Items, kind: TrackKind) -> Lane:
        heard = kind is TrackKind.AUDIO
        found, transitions = items.of_track(element, heard)
        name = element.get("MZ.TrackName") or text_of(element, "name")
        track = Track(
            name,
            kind,
            enabled=flag_of(element, "enabled", True),
            locked=flag_of(element, "locked", False),
        )
        return Lane(track, found, transitions, _part(element) if heard else None)


def _part(element: Element) -> tuple[int, int] | None:
    at, count = element.get("currentExplodedTrackIndex", ""), element.get("totalExplodedTrackCount", "")
    if not (at.isascii() and at.isdigit() and count.isascii() and count.isdigit()):
        return None
    return int(at[:3]), min(64, max(1, int(count[:3])))
