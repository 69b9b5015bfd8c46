"""Reading AAF: every sequence of a file as a timeline, with gains, fades, markers and disabled clips."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from traceback import walk_tb
from typing import Any

from aaf2.exceptions import AAFError
from aaf2.file import AAFFile

from avm_otio.errors import TimelineError, traced
from avm_otio.formats.aaf.chain import number_of
from avm_otio.formats.aaf.elements import Notes, first_of, items, kind_of, length_of, rate_of, tags, value_of
from avm_otio.formats.aaf.held import check_header, hold
from avm_otio.formats.aaf.markers_read import Layers, with_markers
from avm_otio.formats.aaf.mono_files import parted
from avm_otio.formats.aaf.segments import SegmentReader
from avm_otio.formats.aaf.sources import SourceReader
from avm_otio.formats.aaf.timecode import counted_frames
from avm_otio.formats.aaf.tracks import TRACK_FORMATS
from avm_otio.timeline.model import Clip, Mix, Timeline, Track, TrackKind, Transition
from avm_otio.timeline.parts import trimmed
from avm_otio.timeline.time import MediaTime, RecordTime, nearest_frame, snap_rate

_HIGHEST_FRAME_RATE = 1000
"""A slot of more edit units a second counts samples."""

_CHANNELS = {number: channels for channels, number in TRACK_FORMATS.items()} | {4: 8}
"""``_TRACK_FORMAT`` → channels; 7.1 too, as Pro Tools and Resolve write it [file]."""
_OURS = "avm_otio"
_ASSUMED_RATE = Fraction(24)


def read(path: Path, rate: Fraction | None = None) -> tuple[list[Timeline], tuple[str, ...]]:
    """Read an AAF.

    Args:
        path: The file.
        rate: Not needed: the file says its own.

    Returns:
        Its sequences, and what could not be read, a line for each kind.

    Raises:
        TimelineError: It is no AAF, is damaged, or has no sequence.
    """
    notes = Notes()
    hint = "Export it again, or as .otio."
    try:
        with _opened(path) as file:
            reader = _FileReader(file, notes)
            found = [reader.timeline(mob) for mob in reader.tops()]
    except OSError as error:
        raise TimelineError(f"{path} cannot be read ({error.strerror or error}).", hint) from error
    except TimelineError:
        raise
    except Exception as error:  # pyaaf2 raises whatever it stumbles over in a damaged file
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        refused = TimelineError(f"{path} cannot be read as AAF ({reason}).", hint)
        raise (refused if _is_pyaaf2s(error) else traced(refused, error)) from error
    if not found:
        raise TimelineError(f"{path} has no sequence.", hint)
    return found, notes.lines()


def _is_pyaaf2s(error: Exception) -> bool:
    """Whether pyaaf2 stumbled in reading the file, and not we in what we make of it."""
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    inner = str(frames[-1].f_globals.get("__name__")) if frames else ""
    return isinstance(error, AAFError) or inner.startswith("aaf2")


def _opened(path: Path) -> Any:
    """The file as pyaaf2 has it, which leaves a damaged one open: closed here."""
    with path.open("rb") as start:
        check_header(start.read(512), path.stat().st_size)
    hold()
    file = AAFFile.__new__(AAFFile)
    try:
        file.__init__(str(path), "r")
    except Exception:
        if hasattr(file, "f"):
            file.f.close()
        raise
    return file


class _FileReader:
    """Reads the compositions of one file."""

    def __init__(self, file: Any, notes: Notes) -> None:
        self._file = file
        self._notes = notes
        makers = [
            str(value_of(program, "ProductName"))
            for program in items(value_of(file.header, "IdentificationList"))
        ]
        self._sources = SourceReader(file, makers[-1:] == [_OURS], notes)
        self._opening: set[bytes] = set()
        self._nests: dict[bytes, Timeline] = {}

    def tops(self) -> list[Any]:
        """The sequences that no other uses; where none says so, all compositions, or all master clips."""
        content = self._file.content
        return list(content.toplevel()) or list(content.compositionmobs()) or list(content.mastermobs())

    def timeline(self, mob: Any) -> Timeline:
        """A mob's slots as tracks."""
        slots = items(value_of(mob, "Slots"))
        rate = self._rate(slots)
        start, drop = self._start(slots, rate)
        tracks: list[Track] = []
        by_slot: dict[int, Layers | None] = {}
        ends = [Fraction(0)]
        for slot in slots:
            number = int(value_of(slot, "SlotID") or 0)
            segment = value_of(slot, "Segment")
            holds = _holds(slot)
            if holds == "timecode":
                by_slot[number] = None
            if holds not in ("picture", "sound") or kind_of(slot) != "TimelineMobSlot":
                if holds == "other":
                    self._notes.add("a track that is neither picture nor sound is not read")
                continue
            ends.append(Fraction(length_of(segment)) / rate_of(slot))
            count = sum(1 for track in tracks if (track.kind is TrackKind.AUDIO) == (holds == "sound"))
            found = self._tracks(slot, segment, holds == "sound", count, rate)
            by_slot[number] = Layers(len(tracks), len(found), number_of(slot))
            for track in found:
                tracks += parted(track, self._sources.speakers, self._notes)
        ends += [clip.end for track in tracks for clip in track.clips]
        made = Timeline(
            name=str(value_of(mob, "Name") or ""),
            rate=rate,
            tracks=tuple(sorted(tracks, key=lambda track: track.kind is TrackKind.AUDIO)),
            start_frame=start,
            drop_frame=drop,
            duration=nearest_frame(max(ends), rate) / rate,
        )
        order = sorted(range(len(tracks)), key=lambda at: tracks[at].kind is TrackKind.AUDIO)
        places = {
            slot: None if layers is None else replace(layers, first=order.index(layers.first))
            for slot, layers in by_slot.items()
        }
        sizes = [media.size for media in made.media() if media.size]
        return replace(with_markers(made, slots, places, self._notes), size=max(sizes, default=None))

    def _tracks(self, slot: Any, segment: Any, is_sound: bool, count: int, rate: Fraction) -> list[Track]:
        """A slot as a track; a picture of several layers as that many, the empty ones among them."""
        kind = TrackKind.AUDIO if is_sound else TrackKind.VIDEO
        layers = [segment]
        if kind_of(segment) == "NestedScope":
            # Premiere and Media Composer write a layer for each of their tracks [file].
            layers = items(value_of(segment, "Slots")) or [None]
        noted = tags(slot, "TimelineMobAttributeList", "TimelineMobSlotAttributes")
        unit = rate_of(slot)
        asked = _CHANNELS.get(_whole(noted.get("_TRACK_FORMAT")), 0) if is_sound else 0
        made = []
        for number, layer in enumerate(layers, 1):
            reader = SegmentReader(self._sources, kind, self._notes, self._nest, rate, asked)
            clips = [_snapped(clip, unit, rate) for clip in reader.clips(layer, Fraction(0), unit)]
            name = str(value_of(slot, "SlotName") or "")
            if not name or number > 1:
                name = f"{'A' if is_sound else 'V'}{count + number}"
            widest = max((len(clip.channels) for clip in clips), default=1)
            made.append(
                Track(
                    name=name,
                    kind=kind,
                    clips=_apart(clips),
                    transitions=tuple(_joint_snapped(each, unit, rate) for each in reader.transitions),
                    channels=(asked or widest) if is_sound else 0,
                    enabled=not _whole(noted.get("AudioMixerCompMute")),
                )
            )
        if _whole(noted.get("AudioMixerCompSolo")):
            self._notes.add(f"track “{made[0].name}” is soloed: the others are read as heard, too")
        return made

    def _nest(self, mob: Any) -> Timeline | None:
        """Another composition; ``None`` for one that holds itself."""
        key = bytes(mob.mob_id.bytes_le)
        if key in self._opening:
            self._notes.add("a sequence inside itself is not read")
            return None
        if key not in self._nests:
            self._opening.add(key)
            try:
                self._nests[key] = self.timeline(mob)
            finally:
                self._opening.discard(key)
        return self._nests[key]

    def _rate(self, slots: list[Any]) -> Fraction:
        """Frames a second: the picture's, else the timecode's."""
        for wanted in ("picture", "timecode", "sound"):
            for slot in slots:
                if _holds(slot) == wanted and 1 < rate_of(slot) < _HIGHEST_FRAME_RATE:
                    return snap_rate(rate_of(slot))
        self._notes.add("no track says frames a second: 24 are taken")
        return _ASSUMED_RATE

    def _start(self, slots: list[Any], rate: Fraction) -> tuple[int, bool]:
        """The start timecode, in frames, and whether it drops: of the first timecode track."""
        found = [slot for slot in slots if _holds(slot) == "timecode"]
        found.sort(key=lambda slot: value_of(slot, "PhysicalTrackNumber") or 99)
        for slot in found:
            timecode = first_of([value_of(slot, "Segment")], "Timecode")
            if timecode is None:
                continue
            start, drops = counted_frames(timecode, rate, self._notes)
            return max(0, start), drops
        return 0, False


def _holds(slot: Any) -> str:
    """What a slot holds: ``picture``, ``sound``, ``timecode``, ``markers``, ``nothing``, or ``other``."""
    segment = value_of(slot, "Segment")
    name = str(value_of(value_of(segment, "DataDefinition"), "Name") or "").replace(" ", "").lower()
    if "soundmastertrack" in name or "edgecode" in name or segment is None:
        return "nothing"
    for word in ("picture", "sound", "timecode"):
        if word in name:
            return word
    return "markers" if "descriptivemetadata" in name else "other"


def _snapped(clip: Clip, unit: Fraction, rate: Fraction) -> Clip:
    """A clip of a slot that counts samples: what lies within half a sample of a frame lies on it."""
    if unit < _HIGHEST_FRAME_RATE:
        return clip

    def snap(at: Fraction) -> Fraction:
        return _near_frame(at, unit, rate)

    start, end = snap(clip.start), snap(clip.end)
    origin = clip.media.start if clip.media else MediaTime(Fraction(0))
    mix = clip.mix
    if mix != Mix():
        mix = replace(mix, keys=tuple(replace(key, at=snap(key.at)) for key in mix.keys))
    return replace(
        clip,
        start=RecordTime(start),
        end=RecordTime(end),
        media_in=MediaTime(origin + snap(clip.media_in - origin)),
        mix=mix,
    )


def _joint_snapped(joint: Transition, unit: Fraction, rate: Fraction) -> Transition:
    """A transition as the clips that it joins: where they meet is one moment."""
    if unit < _HIGHEST_FRAME_RATE:
        return joint
    edges = (joint.at - joint.before, joint.at, joint.at + joint.after)
    begin, cut, end = (_near_frame(edge, unit, rate) for edge in edges)
    return replace(joint, at=RecordTime(cut), before=cut - begin, after=end - cut)


def _near_frame(at: Fraction, unit: Fraction, rate: Fraction) -> Fraction:
    frame = nearest_frame(at, rate) / rate
    return frame if abs(frame - at) * unit <= Fraction(1, 2) else at


def _apart(clips: list[Clip]) -> tuple[Clip, ...]:
    """Clips in order, none running into the next."""
    ordered = sorted((clip for clip in clips if clip.end > clip.start >= 0), key=lambda clip: clip.start)
    done = [
        clip if clip.end <= following.start else trimmed(clip, clip.start, following.start)
        for clip, following in pairwise(ordered)
    ]
    return tuple(clip for clip in (*done, *ordered[-1:]) if clip.end > clip.start)


def _whole(value: Any) -> int:
    """A number that some programs write as text."""
    try:
        return int(value or 0)
    except (TypeError, ValueError):
        return 0
