"""Writing AAF for Media Composer and Pro Tools.

What each part looks like is taken from files that these programs, Premiere and Resolve wrote ([file] beside
each constant), from Avid's own manuals [off], and where neither says from what others found [3p].

A stereo track is one slot of ``_TRACK_FORMAT`` 2 whose clips are an Audio Channel Combiner over two mono
clips: Pro Tools writes stereo so, in the mode that its manual calls compatible with Media Composer, and
requires that mode for stereo [file, off]. Two mono slots would arrive as two tracks in both.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

from avm_otio.formats.aaf import FORMAT
from avm_otio.formats.aaf.colors import MARKER_COLORS
from avm_otio.formats.aaf.compound_file import Storage
from avm_otio.formats.aaf.media import SOUND_RATE, Sources
from avm_otio.formats.aaf.names import Names
from avm_otio.formats.aaf.objects import Aaf, i64, mob_id, rational, text, u32
from avm_otio.formats.aaf.tracks import TRACK_FORMATS, TrackWriter
from avm_otio.formats.format import Files, Target
from avm_otio.timeline.features import Feature, Loss
from avm_otio.timeline.losses import Losses, words_of_pan
from avm_otio.timeline.model import Clip, Marker, Timeline, Track
from avm_otio.timeline.nests import opened_and_reported
from avm_otio.timeline.time import format_rate, nearest_frame, nominal_rate

_MARKED_BY = "avm_otio"

_PROJECT_RATES = frozenset(Fraction(n) for n in (24, 25, 30, 48, 50, 60, 100, 120)) | frozenset(
    Fraction(n * 1000, 1001) for n in (24, 30, 48, 60, 120)
)
"""What Media Composer has projects of [3p]."""


def write(timeline: Timeline, target: Target) -> tuple[Files, tuple[Loss, ...]]:
    """A timeline as an AAF.

    Args:
        timeline: What to write; ``Media.mono`` of its sounds names the mono files that are pointed at.
        target: Where to.

    Returns:
        The file, and what it does not say as the timeline does.
    """
    aaf, losses = document(timeline, datetime.now(UTC).replace(tzinfo=None, microsecond=0))

    def save(path: Path) -> None:
        with path.open("wb") as file:
            aaf.save(file)

    return {target.path: save}, losses


def document(timeline: Timeline, now: datetime) -> tuple[Aaf, tuple[Loss, ...]]:
    """A timeline as the objects of an AAF, the same at the same moment; and what they do not say."""
    losses = Losses(timeline)
    opened = opened_and_reported(timeline, losses)
    losses = losses.within(opened)
    losses.add_unsupported(FORMAT.says, FORMAT.name)
    losses.add_picture_gains()
    if opened.rate not in _PROJECT_RATES:
        message = f"Media Composer has no project of {format_rate(opened.rate)} fps"
        losses.add(Feature.RATE, opened, message)
    sizes = {clip.media.size for track in opened.video_tracks for clip in track.clips if clip.media}
    if opened.size and opened.size not in sizes:
        width, height = opened.size
        message = f"picture size {width} × {height} not written"
        losses.add(Feature.METADATA, opened, message)
    aaf = Aaf(now)
    _Composition(aaf, opened, losses).make()
    return aaf, tuple(dict.fromkeys(losses))


def _off(track: Track) -> Track:
    """A picture track that is switched off has each of its clips switched off: Avid would show it."""
    if track.enabled:
        return track
    return replace(track, clips=tuple(replace(clip, enabled=False) for clip in track.clips))


class _Composition:
    """The composition mob of a timeline: timecode, tracks, markers."""

    def __init__(self, aaf: Aaf, timeline: Timeline, losses: Losses) -> None:
        self._aaf = aaf
        self._timeline = timeline
        self._losses = losses
        self._names = Names(losses)
        sources = Sources(aaf, timeline, self._names, losses)
        self._tracks = TrackWriter(aaf, timeline, sources, losses)
        self._slots: list[Storage] = []
        self._marked: list[tuple[int, int, list[tuple[Marker, Fraction, bool]]]] = []

    def make(self) -> None:
        """Make it and all that it refers to."""
        timeline, aaf = self._timeline, self._aaf
        self._slots.append(self._timecode())
        self._mark(1, 1, [(marker, Fraction(0), False) for marker in timeline.markers])
        for number, track in enumerate(timeline.video_tracks, 1):
            if not track.enabled:
                message = "it is switched off clip by clip"
                self._losses.add(Feature.DISABLED, track, message)
            self._track(_off(track), number, timeline.rate, track.name, ())
        number = 0
        for track in timeline.audio_tracks:
            for name, channels in self._layout(track):
                number += 1
                self._track(track, number, SOUND_RATE, name, channels)
        for slot, number, marks in self._marked:
            self._slots.append(self._events(slot, number, marks))
        identity = mob_id("composition", repr(timeline), aaf.now.hex())
        aaf.add_mob(
            identity,
            aaf.made(
                "CompositionMob",
                MobID=identity,
                Name=self._names.encoded(timeline.name or "Timeline"),
                Slots=self._slots,
                UsageCode=aaf.top_level,
                LastModified=aaf.now,
                CreationTime=aaf.now,
            ),
        )

    def _timecode(self) -> Storage:
        timeline, aaf = self._timeline, self._aaf
        segment = aaf.made(
            "Timecode",
            DataDefinition=aaf.weak["timecode"],
            Length=i64(timeline.frames),
            Start=i64(timeline.start_frame),
            FPS=struct.pack("<H", nominal_rate(timeline.rate)),
            Drop=bytes([timeline.drop_frame]),
        )
        return self._slot(1, "", 1, timeline.rate, segment)

    def _layout(self, track: Track) -> list[tuple[str, tuple[int, ...]]]:
        """The slots of a sound track: their names, and which of its channels each holds."""
        count = max(1, track.channels)
        played = {len(clip.channels or (0,)) for clip in track.clips}
        if count == 2 and played == {1} and any(clip.mix.pan for clip in track.clips):
            self._losses.add(Feature.CHANNELS, track, "written as a mono track, which has a pan")
            return [(track.name, (0,))]
        for clip in track.clips:
            self._report_channels(clip, count)
            if clip.mix.pan and count > 1:
                message = f"pan of {words_of_pan(clip.mix.pan)} not written: its track is not mono"
                self._losses.add(Feature.PAN, clip, message)
        same = all(len(clip.channels or (0,)) == count for clip in track.clips)
        if count in TRACK_FORMATS and (count <= 2 or same):
            return [(track.name, tuple(range(count)))]
        message = f"its {count} channels are written as {count} mono tracks"
        self._losses.add(Feature.CHANNELS, track, message)
        return [(f"{track.name} {channel + 1}", (channel,)) for channel in range(count)]

    def _report_channels(self, clip: Clip, count: int) -> None:
        has = len(clip.channels or (0,))
        if has > count:
            message = f"only {count} of its {has} channels written: its track has no more"
        elif has < count == 2:
            message = "one channel on a stereo track: heard on both sides"
        else:
            return
        self._losses.add(Feature.CHANNELS, clip, message)

    def _track(self, track: Track, number: int, unit: Fraction, name: str, channels: tuple[int, ...]) -> None:
        timeline, aaf = self._timeline, self._aaf
        total = nearest_frame(timeline.duration, unit)
        sequence = self._tracks.sequence(track, unit, total, channels)
        slot = len(self._slots) + 1
        noted = {}
        if channels:
            noted["_TRACK_FORMAT"] = TRACK_FORMATS[len(channels)]
            if not track.enabled:
                noted["AudioMixerCompMute"] = 1  # as Media Composer's mixer says it [file]
        if track.locked:
            self._losses.add(Feature.TRACK, track, "that it is locked not written")
        attributes = aaf.tagged(**noted) if noted else None
        self._slots.append(self._slot(slot, name, number, unit, sequence, attributes))
        if not channels or channels[0] == 0:
            marks = [(marker, Fraction(0), False) for marker in track.markers]
            marks += [(marker, clip.start, True) for clip in track.clips for marker in clip.markers]
            self._mark(slot, number, marks)

    def _slot(
        self,
        slot: int,
        name: str,
        number: int,
        unit: Fraction,
        segment: Storage,
        attributes: list[Storage] | None = None,
    ) -> Storage:
        return self._aaf.made(
            "TimelineMobSlot",
            SlotID=u32(slot),
            SlotName=self._names.encoded(name),
            PhysicalTrackNumber=u32(number),
            EditRate=rational(unit),
            Origin=i64(0),
            Segment=segment,
            TimelineMobAttributeList=attributes,
        )

    def _mark(self, slot: int, number: int, marks: Iterable[tuple[Marker, Fraction, bool]]) -> None:
        ordered = sorted(marks, key=lambda mark: mark[0].start + mark[1])
        if ordered:
            self._marked.append((slot, number, ordered))

    def _events(self, slot: int, number: int, marks: list[tuple[Marker, Fraction, bool]]) -> Storage:
        """The markers of one slot, in a slot of events as Media Composer writes them [file]."""
        aaf = self._aaf
        segment = aaf.made(
            "Sequence",
            DataDefinition=aaf.weak["descriptivemetadata"],
            Components=[self._marker(slot, *mark) for mark in marks],
        )
        return aaf.made(
            "EventMobSlot",
            SlotID=u32(len(self._slots) + 1),
            PhysicalTrackNumber=u32(number),
            EditRate=rational(self._timeline.rate),
            Segment=segment,
        )

    def _marker(self, slot: int, marker: Marker, since: Fraction, on_clip: bool) -> Storage:
        aaf, rate = self._aaf, self._timeline.rate
        at = max(0, nearest_frame(marker.start + since, rate))
        if abs(at / rate - marker.start - since) >= 1 / SOUND_RATE:
            item = f"Marker “{marker.name}” at {self._timeline.timecode(marker.start + since)}"
            self._losses.add(Feature.MARKER, item, "moved to the nearest frame")
        length = nearest_frame(marker.duration, rate)
        name, comment = (self._plain(label) for label in (marker.name, marker.comment))
        # Media Composer shows the comment; the name is the user's there, who is no part of a marker of ours.
        shown = ": ".join(label for label in dict.fromkeys((name, comment)) if label)
        color = marker.color if marker.color in MARKER_COLORS else "GREEN"
        if marker.color not in ("", color):
            item = f"Marker “{marker.name}”"
            self._losses.add(Feature.MARKER, item, f"written green, not {marker.color.lower()}")
        noted: dict[str, int | str] = {"_ATN_CRM_USER": _MARKED_BY, "_ATN_CRM_COM": shown}
        if marker.color:
            noted["_ATN_CRM_COLOR"] = color.capitalize()
        if length:
            noted["_ATN_CRM_LENGTH"] = length
        noted |= {"_AVM_NAME": name, "_AVM_COMMENT": comment, "_AVM_ON_CLIP": int(on_clip)}
        return aaf.made(
            "DescriptiveMarker",
            DataDefinition=aaf.weak["descriptivemetadata"],
            Position=i64(at),
            Length=i64(length) if length else None,
            Comment=text(shown),
            CommentMarkerUser=text(_MARKED_BY),
            CommentMarkerColor=struct.pack("<HHH", *MARKER_COLORS[color]) if marker.color else None,
            CommentMarkerAttributeList=aaf.tagged(**noted),
            DescribedSlots=u32(slot),
        )

    def _plain(self, words: str) -> str:
        return self._names.encoded(words)[:-2].decode("utf-16-le")
