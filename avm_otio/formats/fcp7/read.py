"""Final Cut Pro 7's XML (xmeml) → timelines: files of Premiere Pro, Hiero, Resolve, Final Cut and ours."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from xml.etree.ElementTree import Element

from avm_otio.errors import TimelineError
from avm_otio.formats.fcp7.elements import (
    Definitions,
    flag_of,
    markers_of,
    number_of,
    rate_of,
    text_of,
    timecode_of,
)
from avm_otio.formats.fcp7.heard import Outputs
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
    _files: Definitions = field(init=False)
    _full: dict[str, Element] = field(default_factory=dict)
    _made: dict[str, Timeline] = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._files = Definitions(self.root)
        if twice := self._files.told_twice:
            self.notes["file id that stands for several files, each read as its own"] += len(twice)
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
        audio = full.find("media/audio")
        outputs = Outputs(audio)
        lanes = [
            replace(self._lane(element, items, TrackKind.AUDIO), side=_side(element, outputs))
            for element in full.iterfind("media/audio/track")
        ]
        tracks += joined(lanes, full.get("explodedTracks", "").lower() == "true", self.notes)
        self._note_filters(audio)
        made = linked(tracks, self.notes)
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
        attributes = {key.lower(): value.lower() for key, value in element.attrib.items()}
        if any("solo" in key and value in ("1", "true") for key, value in attributes.items()):
            self.notes["track that is soloed, read without"] += 1
        if heard and element.get("PannerCurrentValue", "0.5") not in ("0.5", ""):
            self.notes["track whose panner stands off the middle, read in the middle"] += 1
        channel = number_of(element, "outputchannelindex") if heard else None
        return Lane(
            track,
            found,
            transitions,
            _part(element) if heard else None,
            output=None if channel is None else int(channel),
        )

    def _note_filters(self, audio: Element | None) -> None:
        """Filters of all sound, or of a whole track, which are not read; a level of 1 says nothing [file]."""
        for holder in () if audio is None else (audio, *audio.iterfind("track")):
            for effect in holder.iterfind("filter/effect"):
                levels = {number_of(one, where) for where in ("value",) for one in effect.iter("parameter")}
                keys = {number_of(one, "value") for one in effect.iter("keyframe")}
                if levels | keys - {None} != {Fraction(1)}:
                    self.notes["filter of a whole sound track or of all of them, not read"] += 1


def _side(element: Element, outputs: Outputs) -> float | None:
    """Which side a track that is no half of another feeds; ``None`` where nothing says."""
    if element.get("premiereTrackType") is not None:
        return None  # Premiere writes a mono track with output 1, and plays it in the middle [file]
    channel = number_of(element, "outputchannelindex")
    return outputs.side(None if channel is None else int(channel))


def _part(element: Element) -> tuple[int, int] | None:
    at, count = element.get("currentExplodedTrackIndex", ""), element.get("totalExplodedTrackCount", "")
    if not (at.isascii() and at.isdigit() and count.isascii() and count.isdigit()):
        return None
    return int(at[:3]), min(64, max(1, int(count[:3])))
