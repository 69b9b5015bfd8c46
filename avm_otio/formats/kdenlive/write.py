"""Kdenlive's own project file: MLT XML with what Kdenlive says beside it.

Everything in it counts in frames of the project, so what lies between frames goes to the nearest one and is
reported. Where a constant comes from: [file] as Kdenlive 22–25 wrote it into the projects of its public test
suite; [run] measured by rendering with melt 7.12 and Kdenlive 26.08; [src] read in Kdenlive's public sources.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

from avm_otio.formats.kdenlive import FORMAT
from avm_otio.formats.kdenlive.bin import NAMESPACE, Bin, Placed
from avm_otio.formats.kdenlive.sound import SAMPLE, SoundEffects
from avm_otio.formats.kdenlive.streams import parted
from avm_otio.formats.kdenlive.text import (
    SEQUENCE_FOLDER,
    SEQUENCE_ID,
    Notes,
    crossfade,
    dissolve,
    document_properties,
    freeze,
    guides_text,
    note,
    profile,
    profile_name,
    profile_size,
    prop,
    track_filters,
)
from avm_otio.formats.xml import escaped
from avm_otio.timeline.features import Feature, Loss
from avm_otio.timeline.losses import Losses
from avm_otio.timeline.model import Clip, Generator, Marker, Timeline, Track, TrackKind
from avm_otio.timeline.nests import opened_and_reported
from avm_otio.timeline.time import format_rate, nearest_frame
from avm_otio.words import counted

_DROP_FRAME_RATE = Fraction(30000, 1001)
"""[src] Kdenlive counts in drop-frame at this rate, always, and at no other."""

_MOST_CHANNELS = 6
"""[file] ``audioChannels`` of a project is 2, 4 or 6."""


def document(timeline: Timeline, folder: Path) -> tuple[str, tuple[Loss, ...]]:
    """A Kdenlive project (document version 1.1: Kdenlive 23.04 and later; melt plays it too).

    Args:
        timeline: What is to be written.
        folder: The absolute folder where the file will lie; media below it are named relatively.

    Returns:
        The text, and what it does not say as the timeline does.
    """
    return _Project(timeline, folder).written()


class _Project:
    """One project in the making."""

    def __init__(self, timeline: Timeline, folder: Path) -> None:
        self.losses = Losses(timeline)
        self.losses.add_unsupported(FORMAT.says, FORMAT.name)
        self.losses.add_picture_gains()
        named = sum(
            1
            for clip in timeline.clips()
            if clip.media and clip.stem is None and clip.name != clip.media.name
        )
        if named:
            message = f"names of {counted(named, 'clip')} not written: Kdenlive shows those of their files"
            self.losses.add(Feature.NAME, timeline, message)
        self.timeline = parted(opened_and_reported(timeline, self.losses), self.losses)
        self.rate = timeline.rate
        self.bin = Bin(timeline.name, folder, self.rate, self.losses)
        self.effects = SoundEffects(self.rate, self.losses)
        self.links: dict[int, list[tuple[int, int, int, bool]]] = {}
        self.tracks: list[str] = []
        self.end = max(1, timeline.frames)
        self.guides: Notes = {}

    # The whole

    def written(self) -> tuple[str, tuple[Loss, ...]]:
        timeline = self.timeline
        # Lowest sound track first, then the pictures from the bottom [file].
        ordered = (*reversed(timeline.audio_tracks), *timeline.video_tracks)
        for number, track in enumerate(ordered):
            self._add_track(track, number)
        self._add_markers(timeline.markers, self.guides)
        for track in timeline.tracks:
            for marker in track.markers:
                self.losses.add(Feature.MARKER, track, f"marker “{marker.name}” written as a guide")
            self._add_markers(track.markers, self.guides)
        name = self.bin.escaped(timeline.name, timeline)
        sequence = self.bin.id("sequence")
        size = self._size(timeline.size or (1920, 1080))
        self._report_start()
        last = self.end - 1
        text = [
            '<?xml version="1.0" encoding="utf-8"?>\n',
            '<mlt LC_NUMERIC="C" version="7.28.0" producer="main_bin">\n',
            profile(size, self.rate),
            f'<producer id="black" in="0" out="{last}">\n',
            prop("length", 2147483647),
            prop("eof", "continue"),
            prop("resource", "black"),
            prop("mlt_service", "color"),
            prop("kdenlive:playlistid", "black_track"),
            prop("mlt_image_format", "rgba"),
            prop("set.test_audio", 0),
            "</producer>\n",
            *map(self.bin.use_text, self.bin.uses.values()),
            *self.tracks,
            self._sequence(sequence, name, ordered),
            *map(self.bin.source_text, self.bin.sources.values()),
            '<playlist id="main_bin">\n',
            document_properties(
                sequence=sequence,
                document=self.bin.id("document"),
                number=uuid.uuid5(NAMESPACE, self.bin.seed).int % 10**13,
                profile=profile_name(size, self.rate),
                channels=self._channels(),
            ),
            f'<entry producer="{sequence}" in="0" out="0"/>\n',
            *(
                f'<entry producer="bin{source.number}" in="0" out="{source.length - 1}"/>\n'
                for source in self.bin.sources.values()
            ),
            "</playlist>\n",
            f'<tractor id="project" in="0" out="{last}">\n',
            prop("kdenlive:projectTractor", 1),
            f'<track producer="{sequence}" in="0" out="{last}"/>\n</tractor>\n</mlt>\n',
        ]
        return "".join(text), tuple(self.losses)

    def _size(self, size: tuple[int, int]) -> tuple[int, int]:
        made = profile_size(size, self.rate)
        if made != size:
            message = (
                f"picture size {size[0]} × {size[1]} written as {made[0]} × {made[1]}, which Kdenlive has a "
                "profile for: pictures are fitted into it"
            )
            self.losses.add(Feature.MEDIA, self.timeline, message)
        elif profile_name(size, self.rate) is None:
            message = f"Kdenlive has no profile of {format_rate(self.rate)} fps: set it when it asks"
            self.losses.add(Feature.RATE, self.timeline, message)
        return made

    def _channels(self) -> int:
        most = max((track.channels for track in self.timeline.audio_tracks), default=2)
        for track in self.timeline.audio_tracks:
            if track.channels > _MOST_CHANNELS:
                message = f"{track.channels} channels, a project has at most {_MOST_CHANNELS}"
                self.losses.add(Feature.CHANNELS, track, message)
        return 2 if most <= 2 else 4 if most <= 4 else _MOST_CHANNELS

    def _report_start(self) -> None:
        timeline = self.timeline
        shown = self.rate == _DROP_FRAME_RATE
        if shown != timeline.drop_frame and (shown or timeline.start_frame):
            message = f"Kdenlive counts {'in' if shown else 'without'} drop-frame at this rate"
            self.losses.add(Feature.START, timeline, message)

    # Tracks

    def _add_track(self, track: Track, number: int) -> None:
        is_audio = track.kind is TrackKind.AUDIO
        placed = self._places(track)
        mixes = self._mixes(track, placed)
        lanes: tuple[list[str], list[str]] = ([], [])
        ends = [0, 0]
        lane = 0
        for index, item in enumerate(placed):
            before = mixes[index][0] if index in mixes else 0
            after = mixes[index + 1][1] if index + 1 in mixes else 0
            lane = 1 - lane if index in mixes else 0
            start = item.first - before
            if start > ends[lane]:
                lanes[lane].append(f'<blank length="{start - ends[lane]}"/>\n')
            ends[lane] = item.last + after
            source_out = item.source_in + item.last - item.first + after
            use = self.bin.use(item, f"{number}.{lane}", is_audio, source_out)
            filters = self._filters(item, before, after, is_audio)
            lanes[lane].append(
                f'<entry producer="{use.id}" in="{item.source_in - before}" out="{source_out - 1}">\n'
                f"{prop('kdenlive:id', item.source.number)}{filters}</entry>\n"
            )
            if item.clip.link is not None:
                member = (number, start, item.source.number, is_audio)
                self.links.setdefault(item.clip.link, []).append(member)
            self._add_clip_markers(item)
        self.end = max(self.end, *ends)
        mixed, lane = [], 0
        for index, item in enumerate(placed):
            lane = 1 - lane if index in mixes else 0
            if index in mixes:
                write = crossfade if is_audio else dissolve
                mixed.append(write(item.first - mixes[index][0], *mixes[index], reverse=lane == 0))
        hidden = "both" if not track.enabled else "video" if is_audio else "audio"
        kind = prop("kdenlive:audio_track", 1) if is_audio else ""
        name = self.bin.escaped(track.name, track)
        self.tracks.append(
            f'<playlist id="playlist{number}.0">\n{kind}{"".join(lanes[0])}</playlist>\n'
            f'<playlist id="playlist{number}.1">\n{kind}{"".join(lanes[1])}</playlist>\n'
            f'<tractor id="track{number}" in="0" out="{max(*ends, 1) - 1}">\n'
            f"{kind}{prop('kdenlive:track_name', name)}"
            f"{prop('kdenlive:locked_track', 1) if track.locked else ''}"
            f"{prop('kdenlive:trackheight', 67)}{prop('kdenlive:timeline_active', 1)}"
            f'<track hide="{hidden}" producer="playlist{number}.0"/>\n'
            f'<track hide="{hidden}" producer="playlist{number}.1"/>\n'
            f"{''.join(mixed)}{track_filters() if is_audio else ''}</tractor>\n"
        )

    def _filters(self, placed: Placed, before: int, after: int, is_audio: bool) -> str:
        if is_audio:
            return self.effects.filters(placed, before, after)
        return freeze(placed.source_in) if placed.clip.speed == 0 else ""

    def _places(self, track: Track) -> list[Placed]:
        """Each clip in frames. One that no whole frame is left for is left out."""
        placed: list[Placed] = []
        at = 0
        for clip in track.clips:
            if isinstance(clip.content, Timeline):  # none is left: nests were opened
                continue
            first, last = clip.frames(self.rate)
            first = max(first, at)
            if first >= last:
                self.losses.add(Feature.TIME, clip, "left out: it has no whole frame to itself")
                continue
            if clip.speed == 0 and track.kind is TrackKind.AUDIO:
                self.losses.add(Feature.SPEED, clip, "left out: a sound that stands still is silence")
                continue
            source = self.bin.source(clip.content, clip.name if clip.stem is not None else "")
            if isinstance(clip.content, Generator):
                self.losses.add(Feature.GENERATOR, clip, "written as black")
            exact = self._source_time(clip, first)
            source_in = max(0, nearest_frame(exact, self.rate))
            shifts = (
                first / self.rate - clip.start,
                last / self.rate - clip.end,
                source_in / self.rate - exact,
            )
            if any(abs(shift) >= SAMPLE for shift in shifts):
                self.losses.add(Feature.TIME, clip, "moved to the nearest frame")
            placed.append(Placed(clip, source, first, last, source_in))
            at = last
        return placed

    def _source_time(self, clip: Clip, first: int) -> Fraction:
        """What it plays at its first frame, in seconds from the head of its source as its speed makes it."""
        media = clip.media
        if media is None:
            return Fraction(0)
        inside = clip.media_in + (first / self.rate - clip.start) * clip.speed - media.start
        if clip.speed == 0:
            return inside
        if clip.speed > 0:
            return inside / clip.speed
        if media.duration is None:
            self.losses.add(Feature.SPEED, clip, "played backwards from its end: its length is unknown")
            return Fraction(0)
        return (media.duration - inside) / -clip.speed

    def _mixes(self, track: Track, placed: list[Placed]) -> dict[int, tuple[int, int]]:
        """Frames before and after the cut that each transition takes, by the number of the incoming clip."""
        mixes: dict[int, tuple[int, int]] = {}
        if not track.transitions:
            return mixes
        by_start = {each.first: index for index, each in enumerate(placed)}
        for transition in track.transitions:
            cut = nearest_frame(transition.at, self.rate)
            index = by_start.get(cut, 0)
            if not index or placed[index - 1].last != cut:
                self.losses.add(Feature.TRANSITION, transition, "written as a cut: one side is empty")
                continue
            outgoing, incoming = placed[index - 1], placed[index]
            wanted = tuple(
                nearest_frame(length, self.rate) for length in (transition.before, transition.after)
            )
            taken = mixes[index - 1][1] if index - 1 in mixes else 0
            before = min(wanted[0], incoming.source_in, outgoing.last - outgoing.first - taken)
            after = min(wanted[1], incoming.last - incoming.first, _left(outgoing))
            if before + after <= 0:
                self.losses.add(Feature.TRANSITION, transition, "written as a cut: the media have no more")
                continue
            mixes[index] = before, after
            if (before, after) != wanted:
                message = f"{before + after} frames long: the media have no more"
                self.losses.add(Feature.TRANSITION, transition, message)
            if transition.kind != "SMPTE_Dissolve":
                self.losses.add(Feature.TRANSITION, transition, "written as a dissolve")
        return mixes

    # Markers and links

    def _add_markers(self, markers: Iterable[Marker], into: Notes) -> None:
        for marker in markers:
            note(into, max(0, nearest_frame(marker.start, self.rate)), marker, self.rate)

    def _add_clip_markers(self, placed: Placed) -> None:
        clip = placed.clip
        for marker in clip.markers:
            # Kdenlive's are the bin clip's: they count from the head of the source, at its own speed.
            inside = marker.start * clip.speed
            if clip.media is not None:
                inside += clip.media_in - clip.media.start
            frame = max(0, nearest_frame(inside, self.rate))
            if clip.speed == 0 and marker.start:
                message = f"marker “{marker.name}” stands at its head: all of it is one frame of its file"
                self.losses.add(Feature.MARKER, clip, message)
            elif clip.speed and abs((frame / self.rate - inside) / clip.speed) >= SAMPLE:
                message = f"marker “{marker.name}” moved to the nearest frame of its file"
                self.losses.add(Feature.MARKER, clip, message)
            note(placed.source.markers, frame, marker, self.rate)

    def _groups(self) -> str:
        """Linked clips: one picture and its own sound are ``AVSplit``, anything else a plain group [file]."""
        groups = []
        for members in self.links.values():
            if len(members) < 2:
                continue
            pair = len(members) == 2 and members[0][2] == members[1][2] and members[0][3] != members[1][3]
            leaves = [
                {"data": f"{track}:{start}", "leaf": "clip", "type": "Leaf"} for track, start, _, _ in members
            ]
            groups.append({"children": leaves, "type": "AVSplit" if pair else "Normal"})
        return escaped(json.dumps(groups))

    def _sequence(self, sequence: str, name: str, ordered: tuple[Track, ...]) -> str:
        text = [
            f'<tractor id="{sequence}" in="0" out="{self.end - 1}">\n',
            prop("kdenlive:uuid", sequence),
            prop("kdenlive:control_uuid", sequence),
            prop("kdenlive:clipname", name),
            prop("kdenlive:producer_type", 17),
            prop("kdenlive:id", SEQUENCE_ID),
            prop("kdenlive:clip_type", 0),
            prop("kdenlive:folderid", SEQUENCE_FOLDER),
            prop("kdenlive:duration", self.end),
            prop("kdenlive:maxduration", self.end),
        ]
        audio = sum(track.kind is TrackKind.AUDIO for track in ordered)
        properties = {
            "documentuuid": sequence,
            "hasAudio": int(audio > 0),
            "hasVideo": int(audio < len(ordered)),
            "tracks": len(ordered),
            "tracksCount": len(ordered),
            "groups": self._groups(),
            "guides": guides_text(self.guides),
            # Frames [src: the marker dialog and the monitors add it to positions].
            "timecodeOffset": self.timeline.start_frame,
        }
        text += (prop(f"kdenlive:sequenceproperties.{key}", value) for key, value in properties.items())
        text.append('<track producer="black"/>\n')
        text += (f'<track producer="track{number}"/>\n' for number in range(len(ordered)))
        for number, track in enumerate(ordered, 1):
            # Without these, MLT plays the uppermost track alone [run].
            joined = (
                prop("mlt_service", "mix") + prop("kdenlive_id", "mix") + prop("sum", 1)
                if track.kind is TrackKind.AUDIO
                else prop("mlt_service", "qtblend") + prop("kdenlive_id", "qtblend")
            )
            text.append(
                f"<transition>\n{prop('a_track', 0)}{prop('b_track', number)}{joined}"
                f"{prop('internal_added', 237)}{prop('always_active', 1)}{prop('accepts_blanks', 1)}"
                "</transition>\n"
            )
        text.append("</tractor>\n")
        return "".join(text)


def _left(placed: Placed) -> int:
    """Frames of its source that are left after its tail."""
    source = placed.source
    if source.frames is None:
        return 2**31
    speed = abs(placed.clip.speed) or Fraction(1)
    return max(0, int(source.frames / speed) - placed.source_in - (placed.last - placed.first))
