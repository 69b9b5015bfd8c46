"""A timeline → Final Cut Pro 7's XML (xmeml 4), as Premiere Pro writes and reads it.

A stereo track is two ``<track>``s, “exploded” [file]: each half carries its own clip items, of one master
clip and one file, and every item of a group that belongs together lists the whole group. Times are frames of
the sequence; where in the media a clip begins is written in ticks as well, which are exact.

What a clip of ours is (``avm effects``) stands in its log note, which Premiere shows as such; its ids, prices
and licence stay in the ``.otio``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from avm_otio.errors import TimelineError
from avm_otio.formats.fcp7 import FORMAT
from avm_otio.formats.fcp7.common import (
    OTHER_TRACK_TYPE,
    TRACK_TYPES,
    VERSION,
    rate_xml,
    ticks,
    timebase,
    timecode_xml,
)
from avm_otio.formats.fcp7.cuts import Cut, cuts_of
from avm_otio.formats.fcp7.files import Files
from avm_otio.formats.fcp7.levels import levels_of
from avm_otio.formats.fcp7.links import Member, members_of
from avm_otio.formats.fcp7.markup import Markup, logged
from avm_otio.formats.fcp7.pieces import kept_xml, level_filter, pan_filter, speed_filter
from avm_otio.timeline.features import Feature, Loss
from avm_otio.timeline.losses import Losses
from avm_otio.timeline.model import SAMPLE_RATE_HZ, Clip, Generator, Media, Mix, Timeline, Track, TrackKind
from avm_otio.timeline.time import dropped_per_minute, format_rate, nearest_frame, whole_frames
from avm_otio.words import counted

_SAMPLE = Fraction(1, SAMPLE_RATE_HZ)
_PLAIN = Mix()


def document(timeline: Timeline, folder: Path) -> tuple[str, tuple[Loss, ...]]:
    """A timeline as an xmeml document.

    Args:
        timeline: What to write.
        folder: The absolute folder where the file will lie: relative media are meant from there, and are
            written absolute, for the format knows no other way.

    Returns:
        The document, and what it does not say as the timeline does.

    Raises:
        TimelineError: The format cannot say its rate.
    """
    made = _Document(timeline, folder)
    text = made.sequence(timeline)
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>\n<xmeml version="{VERSION}">\n'
    return f"{head}{text}</xmeml>\n", (*made.losses, *made.files.losses)


class _Document:
    """What all sequences of a document share."""

    def __init__(self, timeline: Timeline, folder: Path) -> None:
        self.files = Files(timeline, folder)
        self.losses = Losses(timeline)
        self.items = 0
        self._sequences: dict[int, tuple[Timeline, int]] = {}

    def sequence(self, timeline: Timeline) -> str:
        """A sequence: in full where it first stands, by its id afterwards."""
        _, number = self._sequences.get(id(timeline), (None, 0))
        if number:
            return f'<sequence id="sequence-{number}"/>\n'
        number = len(self._sequences) + 1
        self._sequences[id(timeline)] = (timeline, number)
        if timebase(timeline.rate) is None:
            raise TimelineError(
                f"Final Cut Pro 7's XML cannot say {format_rate(timeline.rate)} frames a second.",
                "Conform the timeline to a usual rate, or write it as .otio.",
            )
        self.losses.within(timeline).add_unsupported(FORMAT.says, FORMAT.name)
        return _Sequence(self, timeline).xml(number)


class _Sequence:
    """One sequence on its way into the document."""

    def __init__(self, document: _Document, timeline: Timeline) -> None:
        self.document = document
        self.timeline = timeline
        self.rate = timeline.rate
        self.rate_xml = rate_xml(timeline.rate)
        self.frame_s = 1 / timeline.rate
        self.losses = document.losses.within(timeline)
        self.markup = Markup(timeline.rate, self.losses)
        self.members, too_many = members_of(timeline, document.items)
        document.items += sum(len(of_clip) for track in self.members for of_clip in track)
        if timeline.start_frame < 0:
            self.losses.add(Feature.START, timeline, "begins before 00:00:00:00, where it is put")
        for number, size in too_many:
            self.losses.add(Feature.LINK, timeline, f"link {number} of {size} clips not written")

    def xml(self, number: int) -> str:
        timeline = self.timeline
        video: list[str] = []
        audio: list[str] = []
        end = timeline.frames
        markers = list(timeline.markers)
        for track, members in zip(timeline.tracks, self.members, strict=True):
            markers += track.markers
            if track.markers:
                self.losses.add(
                    Feature.MARKER, track, f"{counted(len(track.markers), 'marker')} moved to the sequence"
                )
            texts, last = self._track(track, members)
            (video if track.kind is TrackKind.VIDEO else audio).extend(texts)
            end = max(end, last)
        drop = timeline.drop_frame and bool(dropped_per_minute(self.rate))
        # Of the outermost alone [file].
        exploded = ' explodedTracks="true"' if number == 1 else ""
        return (
            f'<sequence id="sequence-{number}"{exploded}>\n<duration>{end}</duration>\n'
            f"{self.rate_xml}<name>{self.markup.name(timeline.name, timeline)}</name>\n"
            f"<media>\n<video>\n{self._format()}{''.join(video)}</video>\n"
            f"<audio>\n{self._outputs()}{''.join(audio)}</audio>\n</media>\n"
            f"{timecode_xml(timeline.start_frame, self.rate, drop)}"
            f"{self.markup.markers(markers, 0, timeline)}"
            "<labels><label2>Forest</label2></labels>\n</sequence>\n"
        )

    def _format(self) -> str:
        width, height = self.timeline.size or (1920, 1080)
        return (
            f"<format>\n<samplecharacteristics>\n{self.rate_xml}<width>{width}</width>\n"
            f"<height>{height}</height>\n<anamorphic>FALSE</anamorphic>\n"
            "<pixelaspectratio>square</pixelaspectratio>\n<fielddominance>none</fielddominance>\n"
            "<colordepth>24</colordepth>\n</samplecharacteristics>\n</format>\n"
        )

    def _outputs(self) -> str:
        """The bus: a group a channel; with one group for all of them Premiere drops the sound [3p]."""
        count = max(2, *(track.channels for track in self.timeline.audio_tracks), 2)
        groups = "".join(
            f"<group><index>{n}</index><numchannels>1</numchannels><downmix>0</downmix>"
            f"<channel><index>{n}</index></channel></group>\n"
            for n in range(1, count + 1)
        )
        return (
            f"<numOutputChannels>{count}</numOutputChannels>\n<format><samplecharacteristics><depth>16</depth>"
            f"<samplerate>{SAMPLE_RATE_HZ}</samplerate></samplecharacteristics></format>\n"
            f"<outputs>\n{groups}</outputs>\n"
        )

    def _track(self, track: Track, members: Sequence[Sequence[Member]]) -> tuple[list[str], int]:
        """The ``<track>``s of a track: one for pictures, one a channel for sound; and where they end."""
        places = self._places(track)
        cuts = cuts_of(track, places, self.rate, self.losses)
        heard = track.kind is TrackKind.AUDIO
        halves: list[list[str]] = [[] for _ in range(max(1, track.channels) if heard else 1)]
        written: set[int] = set()
        for clip, place, mine in zip(track.clips, places, members, strict=True):
            if place is None:
                continue
            head, tail = cuts.get(place[0]), cuts.get(place[1])
            if head is not None and place[0] not in written:
                written.add(place[0])
                for half in halves:
                    half.append(head.xml)
            for half, text in zip(halves, self._items(clip, track, place, head, tail, mine), strict=False):
                half.append(text)
            if tail is not None and tail.is_last:
                written.add(place[1])
                for half in halves:
                    half.append(tail.xml)
        name = self.markup.name(track.name, track)
        named = f' MZ.TrackName="{name}"' if name else ""
        end = f"<enabled>{_flag(track.enabled)}</enabled>\n<locked>{_flag(track.locked)}</locked>\n"
        last = max((place[1] for place in places if place), default=0)
        if not heard:
            return [f"<track{named}>\n{''.join(halves[0])}{end}</track>\n"], last
        sort = TRACK_TYPES.get(len(halves), OTHER_TRACK_TYPE)
        mono = ' monotrack="TRUE"' if len(halves) == 1 else ""
        return [
            f'<track{mono}{named} currentExplodedTrackIndex="{at}" totalExplodedTrackCount="{len(halves)}"'
            f' premiereTrackType="{sort}">\n{"".join(half)}{end}'
            f"<outputchannelindex>{at + 1}</outputchannelindex>\n</track>\n"
            for at, half in enumerate(halves)
        ], last

    def _places(self, track: Track) -> list[tuple[int, int] | None]:
        """The frames of every clip, none over another; ``None`` where no frame is left for one."""
        places: list[tuple[int, int] | None] = []
        at = 0
        for clip in track.clips:
            first, last = clip.frames(self.rate)
            first = max(first, at)
            if last <= first:
                self.losses.add(Feature.TIME, clip, "shorter than a frame: not written")
                places.append(None)
                continue
            places.append((first, last))
            at = last
        return places

    def _items(
        self,
        clip: Clip,
        track: Track,
        place: tuple[int, int],
        head: Cut | None,
        tail: Cut | None,
        members: Sequence[Member],
    ) -> list[str]:
        """The clip items of a clip: one for a picture, one a channel for sound."""
        heard = track.kind is TrackKind.AUDIO
        first, last = place
        before = head.before if head else 0
        after = tail.after if tail else 0
        offset = self._offset(clip, place)
        speed = abs(clip.speed)
        scale = speed or Fraction(1)
        length = _length(clip)
        if clip.speed.numerator == clip.speed.denominator:  # nearly every clip: no fractions needed
            frame_in = nearest_frame(offset, self.rate) - before
            whole = 0 if length is None else whole_frames(length, self.rate)
        else:
            frame_in = nearest_frame(offset / scale, self.rate) - before
            whole = 0 if length is None else whole_frames(length / scale, self.rate)
        frame_out = frame_in + last - first + before + after
        ticks_in = ticks(offset - before / self.rate * speed if before else offset)
        ticks_out = ticks_in + ticks((frame_out - frame_in) * self.frame_s * speed)
        frames = max(frame_out, whole)
        named = self.markup.name(clip.name, clip)
        rate = self.rate_xml
        top = (
            f"<name>{named}</name>\n<enabled>{_flag(clip.enabled)}</enabled>\n<duration>{frames}</duration>\n"
        )
        span = (
            f"<start>{-1 if head else first}</start>\n<end>{-1 if tail else last}</end>\n"
            f"<in>{frame_in}</in>\n<out>{frame_out}</out>\n"
        )
        exact = f"<pproTicksIn>{ticks_in}</pproTicksIn>\n<pproTicksOut>{ticks_out}</pproTicksOut>\n"
        content = self.markup.shown(clip)
        effect = "" if heard else self.markup.matte(clip, content)
        if effect:
            number = members[0].number
            text = f'<generatoritem id="clipitem-{number}">\n{top}{span}{rate}{effect}</generatoritem>\n'
            return [text]
        filters = self._filters(clip, track.kind, frame_in + before, last - first)
        markers = self.markup.markers(clip.markers, frame_in + before, clip)
        end = filters + (members[0].links if members else "") + markers + logged(clip)
        if not heard:
            picture = "" if isinstance(content, Timeline) else "<alphatype>none</alphatype>\n"
            number = members[0].number
            head_text = f'<clipitem id="clipitem-{number}">\n{self._master(content)}{top}{rate}{span}{exact}'
            return [f"{head_text}{picture}{self._file(content)}{end}</clipitem>\n"]
        if len(clip.channels) > len(members):
            message = f"{len(clip.channels) - len(members)} of its {len(clip.channels)} channels not written"
            self.losses.add(Feature.CHANNELS, clip, message)
        sort = {1: "mono", 2: "stereo", 6: "5.1"}.get(len(members), "multichannel")
        top = f"{self._master(content)}{top}{rate}{span}{exact}"
        items = []
        for member in members:
            source = (
                ""
                if isinstance(content, Timeline)
                else f"<sourcetrack><mediatype>audio</mediatype><trackindex>{member.channel + 1}</trackindex>"
                "</sourcetrack>\n"
            )
            opening = f'<clipitem id="clipitem-{member.number}" premiereChannelType="{sort}">\n'
            items.append(f"{opening}{top}{self._file(content)}{source}{end}</clipitem>\n")
        return items

    def _offset(self, clip: Clip, place: tuple[int, int]) -> Fraction:
        """How far into its media a clip is at the frame at which it begins, in seconds.

        A clip that lies between frames is cut on the nearest; its sound keeps its place, so far as there is
        any before its head. One that begins with its media is moved instead: its attack is not cut away.
        """
        content = clip.content
        if clip.speed.numerator < 0:
            length = _length(clip)
            end = (content.start if isinstance(content, Media) else 0) + (length or 0)
            offset = end - clip.media_in if length is not None else Fraction(0)
        else:
            offset = clip.media_in - (content.start if isinstance(content, Media) else 0)
        if not (self._is_at(clip.start, place[0]) and self._is_at(clip.end, place[1])):
            shift = place[0] / self.rate - clip.start
            moved = max(abs(shift), abs(place[1] / self.rate - clip.end))
            message = f"moved by {float(moved) * 1000:.3g} ms to the nearest frame"
            if offset > 0 and offset + shift * abs(clip.speed) >= 0:
                offset += shift * abs(clip.speed)
                message = "cut on the nearest frame, what it plays kept in place"
            if moved >= _SAMPLE:
                self.losses.add(Feature.TIME, clip, message)
        if offset.numerator < 0:
            self.losses.add(Feature.TIME, clip, "begins before its media: moved into it")
            return Fraction(0)
        return offset

    def _is_at(self, time: Fraction, frame: int) -> bool:
        return time.numerator * self.rate.numerator == frame * time.denominator * self.rate.denominator

    def _file(self, content: Media | Generator | Timeline) -> str:
        if isinstance(content, Timeline):
            return self.document.sequence(content)
        return self.document.files.of(content).xml

    def _master(self, content: Media | Generator | Timeline) -> str:
        if isinstance(content, Timeline):
            return ""
        return f"<masterclipid>masterclip-{self.document.files.of(content).number}</masterclipid>\n"

    def _filters(self, clip: Clip, kind: TrackKind, frame_in: int, frames: int) -> str:
        parts = []
        if clip.speed.numerator != clip.speed.denominator:
            parts.append(speed_filter(clip.speed, kind))
        if clip.mix is not _PLAIN and clip.mix != _PLAIN:
            level = replace(clip.mix, pan=0.0)
            if kind is TrackKind.VIDEO:
                self.losses.add(Feature.GAIN, clip, "gain and fades of a picture not written")
            elif level != _PLAIN:
                levels = levels_of(level, frames, self.rate)
                for feature, message in levels.losses:
                    self.losses.add(feature, clip, message)
                parts.append(level_filter(levels.value, [(at + frame_in, v) for at, v in levels.keys]))
            if kind is TrackKind.AUDIO and clip.mix.pan:
                parts.append(pan_filter(clip.mix.pan))
        for kept in clip.kept:
            text = kept_xml(kept, "filter")
            if text:
                parts.append(text)
            elif kept.format == FORMAT.name and kept.label not in ("label", "generator"):
                self.losses.add(Feature.EFFECT, clip, f"{kept.label} not written")
        return "".join(parts)


def _flag(value: bool) -> str:
    return "TRUE" if value else "FALSE"


def _length(clip: Clip) -> Fraction | None:
    """How much there is of a clip's content, in seconds; ``None`` where that is unknown or it has no end."""
    content = clip.content
    return None if isinstance(content, Generator) else content.duration
