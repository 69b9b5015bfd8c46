"""A timeline → FCPXML 1.10, for Final Cut Pro.

Final Cut Pro has no tracks. The lowest video track becomes the spine, whose clips and gaps follow each other;
everything else is connected to what lies beneath its head: upper video tracks in lanes 1, 2 …, sound tracks
in lanes −1, −2 …. What it shows in place of a track's name is a role, so each sound track has one of its own:
``music.AVM Music 1``. The picture's own sound is one clip with its picture.

A connected clip's offset is in the local time of the clip that it is connected to [file]. Sound may lie
between frames, to the sample; the spine and pictures may not.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from avm_otio.formats.fcpxml import FORMAT, terms
from avm_otio.formats.fcpxml.clip import ClipTexts, element_text
from avm_otio.formats.fcpxml.inside import Timing, kept_elements, marker_text, plain
from avm_otio.formats.fcpxml.resources import Resources, attribute
from avm_otio.formats.fcpxml.roles import Links, roles_of
from avm_otio.formats.fcpxml.terms import xml_time
from avm_otio.formats.xml import can_hold
from avm_otio.timeline.features import Feature, Loss
from avm_otio.timeline.losses import Losses
from avm_otio.timeline.model import (
    SAMPLE_RATE_HZ,
    Clip,
    Generator,
    Marker,
    Timeline,
    Track,
    TrackKind,
    Transition,
)
from avm_otio.timeline.time import MediaTime, RecordTime, nearest_frame
from avm_otio.words import counted

_NO_GENERATOR = "generator not written, a gap stands for it"

_HOUR = Fraction(3600)
"""Where the local clock of a gap begins, as Final Cut Pro writes it [file]."""


def document(timeline: Timeline, folder: Path) -> tuple[str, tuple[Loss, ...]]:
    """Write a timeline as FCPXML.

    Args:
        timeline: The timeline.
        folder: Where the file will lie, absolute; media below it is named from there.

    Returns:
        The document, and what it does not say as the timeline does.

    Raises:
        TimelineError: Final Cut Pro has no project of its rate.
    """
    losses = Losses(timeline)
    resources = Resources(folder, losses)
    sequence = _Sequence(timeline, resources, losses).text()
    name = attribute(timeline.name)
    text = "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            "<!DOCTYPE fcpxml>",
            f'<fcpxml version="{terms.VERSION}">',
            "<resources>",
            *resources.lines(),
            "</resources>",
            "<library>",
            f'<event name="{name}">',
            f'<project name="{name}">',
            sequence,
            "</project>",
            "</event>",
            "</library>",
            "</fcpxml>",
            "",
        ]
    )
    return text, tuple(losses)


@dataclass(slots=True)
class _Beneath:
    """One item of the spine.

    Attributes:
        first: Its first frame.
        last: The first frame after it.
        clip: What it shows; ``None`` for a gap.
        start: Its local time at its head.
        connected: The elements that are connected to it.
        markers: Its markers, as elements.
    """

    first: int
    last: int
    clip: Clip | None
    start: Fraction
    timing: Timing
    connected: list[str]
    markers: list[str]


class _Sequence:
    """One timeline, or one nest, as a sequence."""

    def __init__(self, timeline: Timeline, resources: Resources, losses: Losses) -> None:
        self._timeline = timeline
        self._resources = resources
        self._losses = losses.within(timeline)
        self._rate = timeline.rate
        self._frame = 1 / timeline.rate
        self._origin = timeline.start
        self._videos = timeline.video_tracks
        self._sounds = timeline.audio_tracks
        self._roles = roles_of(self._sounds)
        self._links = Links(self._videos, self._sounds, self._rate)
        self._nests: dict[int, str] = {}
        self._gap_start = -(-_HOUR * self._rate // 1) / self._rate
        self._texts = ClipTexts(
            timeline, resources, self._links, self._roles, self._losses, self._nest, self._gap_start
        )

    def text(self) -> str:
        """The sequence's element."""
        timeline = self._timeline
        shape = self._resources.project_format(timeline)
        self._losses.add_unsupported(FORMAT.says, FORMAT.name)
        self._losses.add_picture_gains()
        self._report()
        spine = self._spine()
        for lane, track in enumerate(self._videos[1:], 1):
            self._connect(track, lane)
        for lane, track in enumerate(self._sounds, 1):
            self._connect(track, -lane)
        for marker in timeline.markers:
            self._mark(marker, timeline)
        for track in timeline.tracks:
            for marker in track.markers:
                self._mark(marker, track)
        layout = "surround" if any(track.channels > 2 for track in self._sounds) else "stereo"
        counting = "DF" if timeline.drop_frame else "NDF"
        return "\n".join(
            [
                f'<sequence format="{shape}" duration="{xml_time(timeline.duration)}" '
                f'tcStart="{xml_time(self._origin)}" tcFormat="{counting}" '
                f'audioLayout="{layout}" audioRate="{SAMPLE_RATE_HZ // 1000}k">',
                "<spine>",
                *self._spine_lines(spine),
                "</spine>",
                self._tracks_text(),
                "</sequence>",
            ]
        )

    def _tracks_text(self) -> str:
        """What our reader needs to make tracks of lanes and roles again."""
        rows: list[dict[str, object]] = []
        for lane, track in enumerate(self._videos):
            rows.append({"kind": "video", "lane": lane, "name": track.name})
        for lane, (track, role) in enumerate(zip(self._sounds, self._roles, strict=True), 1):
            row: dict[str, object] = {"kind": "audio", "lane": -lane, "name": track.name, "role": role}
            row |= {"channels": track.channels, "stem": track.stem}
            rows.append(row | ({"nests": True} if self._links.nests == lane - 1 else {}))
        order = [track.kind is TrackKind.VIDEO for track in self._timeline.tracks]
        if order != sorted(order, reverse=True):
            videos, sounds = iter(rows[: len(self._videos)]), iter(rows[len(self._videos) :])
            rows = [next(videos) if is_video else next(sounds) for is_video in order]
        strings = "".join(f"<string>{attribute(json.dumps(row))}</string>" for row in rows)
        return f'<metadata><md key="{terms.TRACKS_KEY}"><array>{strings}</array></md></metadata>'

    def _report(self) -> None:
        timeline, losses = self._timeline, self._losses
        if self._links.broken:
            losses.add(Feature.LINK, timeline, f"{self._links.broken} links of picture and sound not written")
        colors = sum(1 for marker in timeline.markers if marker.color)
        colors += sum(1 for track in timeline.tracks for marker in track.markers if marker.color)
        colors += sum(1 for clip in timeline.clips() for marker in clip.markers if marker.color)
        if colors:
            losses.add(Feature.MARKER, timeline, f"colours of {counted(colors, 'marker')} not written")
        for track in timeline.tracks:
            if not track.enabled:
                losses.add(Feature.DISABLED, track, "its clips are switched off one by one")
            if track.locked:
                losses.add(Feature.TRACK, track, "that it is locked not written")
        if not can_hold(timeline.name):
            losses.add(Feature.NAME, timeline, "characters that XML cannot carry are replaced")

    # The spine

    def _spine(self) -> list[_Beneath]:
        """The lowest video track without holes, at least as long as whatever is connected to it."""
        items: list[_Beneath] = []
        at = 0
        base = self._videos[0] if self._videos else None
        for clip in base.clips if base else ():
            first, last = self._framed(clip, at)
            if last <= first:
                continue
            if first > at:
                items.append(self._gap(at, first))
            moved = self._moved(clip, first, last)
            if isinstance(clip.content, Generator) and not self._texts.shown(clip):
                self._losses.add(Feature.GENERATOR, clip, _NO_GENERATOR)
                items.append(
                    replace(self._gap(first, last), markers=self._texts.markers(clip, self._gap_start))
                )
            else:
                timing = self._texts.timing(moved)
                items.append(_Beneath(first, last, moved, timing.start, timing, [], []))
            at = last
        others = [track.clips[-1].start for track in self._timeline.tracks if track.clips]
        marked = [marker.start for track in self._timeline.tracks for marker in track.markers]
        marked += [marker.start for marker in self._timeline.markers]
        end = max((int(start * self._rate // 1) + 1 for start in (*others, *marked)), default=0)
        end = max(end, self._timeline.frames)
        if end > at:
            items.append(self._gap(at, end))
        self._items = items
        self._heads = [item.first for item in items]
        return items

    def _gap(self, first: int, last: int) -> _Beneath:
        return _Beneath(first, last, None, self._gap_start, Timing(self._gap_start), [], [])

    def _spine_lines(self, items: Sequence[_Beneath]) -> Iterable[str]:
        base = self._videos[0] if self._videos else None
        cuts = self._heads_and_ends(items)
        crossing = dict(
            self._crossings(base.transitions if base else (), cuts, self._origin, TrackKind.VIDEO)
        )
        for item in items:
            if item.first in crossing:
                yield crossing.pop(item.first)
            offset = xml_time(self._origin + item.first / self._rate)
            length = xml_time((item.last - item.first) / self._rate)
            inside = "\n".join(item.connected)
            if item.clip is None:
                yield element_text(
                    f'gap name="Gap" offset="{offset}" start="{xml_time(item.start)}" duration="{length}"',
                    inside + "".join(item.markers),
                )
            else:
                place = f'offset="{offset}"'
                yield self._texts.clip(
                    item.clip, place, length, item.timing, 0, inside, "".join(item.markers)
                )
        yield from crossing.values()

    def _heads_and_ends(self, items: Sequence[_Beneath]) -> set[int]:
        """Frames at which clips of the spine begin or end."""
        clips = [item for item in items if item.clip is not None]
        return {item.first for item in clips} | {item.last for item in clips}

    def _crossings(
        self, transitions: Iterable[Transition], cuts: set[int], origin: Fraction, kind: TrackKind
    ) -> Iterable[tuple[int, str]]:
        """Transitions at the cuts where they lie."""
        for transition in transitions:
            at = nearest_frame(transition.at, self._rate)
            length = transition.before + transition.after
            if at not in cuts or length <= 0:
                self._losses.add(Feature.TRANSITION, transition, "transition written as a cut")
                continue
            inside = ""
            for kept in transition.kept:
                elements = kept_elements(kept.text, self._resources) if kept.format == FORMAT.name else None
                inside += "".join(plain(element) for element in elements or ())
            if not inside:
                inside = self._dissolve(kind)
                if transition.kind != "SMPTE_Dissolve":
                    self._losses.add(Feature.TRANSITION, transition, "written as a dissolve")
            begins = xml_time(origin + transition.at - transition.before)
            head = f'name="{attribute(transition.name)}" offset="{begins}"'
            yield at, f'<transition {head} duration="{xml_time(length)}">{inside}</transition>'

    def _dissolve(self, kind: TrackKind) -> str:
        fade = self._resources.effect("Audio Crossfade", terms.AUDIO_CROSSFADE)
        sound = f'<filter-audio ref="{fade}" name="Audio Crossfade"/>'
        if kind is TrackKind.AUDIO:
            return sound
        dissolve = self._resources.effect("Cross Dissolve", terms.CROSS_DISSOLVE)
        return f'<filter-video ref="{dissolve}" name="Cross Dissolve"/>{sound}'

    # What is connected to it

    def _beneath(self, at: Fraction) -> tuple[_Beneath, Fraction]:
        """What of the spine lies beneath a record time, and that time in its local time."""
        item = self._items[max(0, bisect_right(self._heads, int(at * self._rate // 1)) - 1)]
        return item, item.start + at - item.first / self._rate

    def _connect(self, track: Track, lane: int) -> None:
        clips: list[Clip] = []
        at = 0
        for clip in track.clips:
            if track.kind is TrackKind.VIDEO:
                first, last = self._framed(clip, at)
                at = max(at, last)
                if last <= first:
                    continue
                if isinstance(clip.content, Generator) and not self._texts.shown(clip):
                    self._losses.add(Feature.GENERATOR, clip, _NO_GENERATOR)
                    continue
                clip = self._moved(clip, first, last)
            elif isinstance(clip.content, Generator):
                self._losses.add(Feature.GENERATOR, clip, _NO_GENERATOR)
                continue
            elif self._links.is_folded(clip):
                continue
            clips.append(clip)
        rate = self._rate
        edges = {nearest_frame(at, rate) for clip in clips for at in (clip.start, clip.end)}
        joined = {nearest_frame(each.at, rate) for each in track.transitions} & edges
        run: list[Clip] = []
        for clip in clips:
            head, tail = nearest_frame(clip.start, rate), nearest_frame(clip.end, rate)
            if run and not (run[-1].end == clip.start and head in joined):
                self._storyline(track, run, lane)
                run = []
            if head in joined or tail in joined:
                run.append(clip)
            else:
                item, offset = self._beneath(clip.start)
                place = f'lane="{lane}" offset="{xml_time(offset)}"'
                timing = self._texts.timing(clip)
                item.connected.append(self._texts.clip(clip, place, xml_time(clip.duration), timing, lane))
        if run:
            self._storyline(track, run, lane)
        alone = [each for each in track.transitions if nearest_frame(each.at, rate) not in joined]
        list(self._crossings(alone, set(), Fraction(0), track.kind))

    def _storyline(self, track: Track, run: Sequence[Clip], lane: int) -> None:
        """Clips that transitions join: a spine of their own."""
        begin = run[0].start
        item, offset = self._beneath(begin)
        edges = {nearest_frame(clip.start, self._rate) for clip in run}
        edges.add(nearest_frame(run[-1].end, self._rate))
        inside = [each for each in track.transitions if nearest_frame(each.at, self._rate) in edges]
        crossing = dict(self._crossings(inside, edges, -begin, track.kind))
        lines = []
        for clip in run:
            here = nearest_frame(clip.start, self._rate)
            if here in crossing:
                lines.append(crossing.pop(here))
            place = f'offset="{xml_time(clip.start - begin)}"'
            lines.append(
                self._texts.clip(clip, place, xml_time(clip.duration), self._texts.timing(clip), lane)
            )
        lines += crossing.values()
        item.connected.append(
            element_text(f'spine lane="{lane}" offset="{xml_time(offset)}"', "\n".join(lines))
        )

    def _mark(self, marker: Marker, item: Timeline | Track) -> None:
        """A marker of the timeline, on what lies beneath it."""
        beneath, local = self._beneath(max(Fraction(0), marker.start))
        beneath.markers.append(marker_text(replace(marker, start=local), Fraction(0), self._frame))
        if beneath.clip is not None or isinstance(item, Track):
            self._losses.add(Feature.MARKER, item, f"marker “{marker.name}” stands on what lies beneath it")
        self._texts.lost_marker(marker, item)

    def _nest(self, nest: Timeline) -> str:
        """The id of a nest, written once."""
        found = self._nests.get(id(nest))
        if found is None:
            text = _Sequence(nest, self._resources, self._losses).text()
            found = self._nests[id(nest)] = self._resources.compound(nest.name, text)
        return found

    def _framed(self, clip: Clip, at: int) -> tuple[int, int]:
        first, last = clip.frames(self._rate)
        return max(first, at), last

    def _moved(self, clip: Clip, first: int, last: int) -> Clip:
        """A picture on whole frames."""
        start, end = RecordTime(first / self._rate), RecordTime(last / self._rate)
        if (start, end) == (clip.start, clip.end):
            return clip
        if max(abs(start - clip.start), abs(end - clip.end)) * SAMPLE_RATE_HZ >= 1:
            self._losses.add(Feature.TIME, clip, "moved to the nearest frame")
        shown = MediaTime(clip.media_in + (start - clip.start) * clip.speed)
        return replace(clip, start=start, end=end, media_in=shown)
