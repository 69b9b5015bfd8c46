"""A timeline that somebody changed by hand, with some cues laid anew: all else stays as it is there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from avm_otio.timeline.model import Clip, Timeline, Track, TrackKind, Transition
from avm_otio.timeline.time import RecordTime, nearest_frame

Place = tuple[int, int]
"""A clip by the number of its track and its own number there."""


@dataclass(frozen=True, slots=True)
class CueClip:
    """Where a clip of a cue was laid.

    Attributes:
        cue: The cue's name.
        file: Name of the file that it plays, without its ending.
        start: Its head, record time.
        end: Its tail, record time.
    """

    cue: str
    file: str
    start: Fraction
    end: Fraction


@dataclass(frozen=True, slots=True)
class LaidAnew:
    """The clips of chosen cues on one of our tracks.

    Attributes:
        track: The track, with all that lies on it.
        cues: The cue's name of each clip that is chosen, by the clip's number on the track.
        is_spare: Whether it holds alternatives that are switched off.
    """

    track: Track
    cues: Mapping[int, str]
    is_spare: bool = False

    @property
    def clips(self) -> list[Clip]:
        """The chosen clips."""
        return [self.track.clips[number] for number in sorted(self.cues)]


@dataclass(frozen=True, slots=True)
class Merged:
    """What came of it.

    Attributes:
        timeline: The timeline.
        edited: The names of chosen cues that somebody changed by hand, too.
        lost: Clips of those that are nowhere to be taken out: in a nest, or gone.
    """

    timeline: Timeline
    edited: tuple[str, ...] = ()
    lost: tuple[CueClip, ...] = ()


def merged(
    written: Timeline,
    now: Timeline,
    anew: Sequence[LaidAnew],
    laid: Sequence[CueClip],
    cues: Collection[str],
) -> Merged:
    """The timeline as it is now, the chosen cues laid anew.

    Args:
        written: The timeline as it was written before somebody changed it, read as ``now``.
        now: The timeline as it is.
        anew: The clips of the chosen cues, by their tracks; empty for what is left out.
        laid: Where all clips of ours were laid.
        cues: The names of the chosen cues.
    """
    desk = _Found(written, now, laid)
    gone: set[Place] = set()
    edited: dict[str, None] = {}
    lost: list[CueClip] = []
    came_from: dict[str, list[int]] = {}
    for clip in laid:
        if clip.cue not in cues:
            continue
        places, is_same = desk.places_of(clip)
        if not is_same:
            edited[clip.cue] = None
        if not places:
            lost.append(clip)
        gone |= set(places)
        came_from.setdefault(clip.cue, []).extend(track for track, _ in places)
    tracks = [_without(track, number, gone) for number, track in enumerate(now.tracks)]
    for lane in anew:
        _put(tracks, lane, came_from, now)
    ends = (clip.end for lane in anew for clip in lane.clips)
    timeline = replace(now, tracks=tuple(tracks), duration=max((now.duration, *ends)))
    return Merged(timeline, tuple(edited), tuple(lost))


def missing(before: Timeline, after: Timeline, laid: Sequence[CueClip], cues: Collection[str]) -> list[Clip]:
    """The clips of a timeline that another does not have just so, but those of some cues.

    Args:
        before: The one.
        after: The other.
        laid: Where clips of ours were laid.
        cues: The cues whose clips may differ.
    """
    theirs = [_heard_as(clip, after.rate) for track in after.tracks for clip in track.clips]
    left: list[Clip] = []
    files = {clip.file for clip in laid if clip.cue in cues}
    for track in before.tracks:
        for clip in track.clips:
            key = _heard_as(clip, before.rate)
            if key in theirs:
                theirs.remove(key)
            elif not any(_plays(clip, file) for file in files):
                left.append(clip)
    return left


@dataclass
class _Found:
    """Which clip of the timeline as it is was which one before."""

    written: Timeline
    now: Timeline
    laid: Sequence[CueClip]
    _same: dict[Place, Place] = field(default_factory=dict)
    _strays: dict[Place, CueClip] = field(default_factory=dict)
    _written_as: dict[CueClip, list[Place]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rate = self.written.rate
        free: dict[Any, list[Place]] = {}
        for place, clip in _placed(self.now):
            free.setdefault(_heard_as(clip, self.now.rate), []).append(place)
        for place, clip in _placed(self.written):
            alike = free.get(_heard_as(clip, rate))
            if alike:
                on_its_track = [each for each in alike if each[0] == place[0]]
                self._same[place] = (on_its_track or alike)[0]
                alike.remove(self._same[place])
        sounds = [each for each in _placed(self.written) if each[1].media is not None]
        for was in self.laid:
            first, last = nearest_frame(was.start, rate), nearest_frame(was.end, rate)
            self._written_as[was] = [
                place
                for place, clip in sounds
                if _plays(clip, was.file)
                and abs(nearest_frame(clip.start, rate) - first) <= 1
                and abs(nearest_frame(clip.end, rate) - last) <= 1
            ]
        moved = [was for was in self.laid if not self._is_as_it_was(was)]
        for place in (each for places in free.values() for each in places):
            clip = self.now.tracks[place[0]].clips[place[1]]
            near = [was for was in moved if _plays(clip, was.file)]
            if near:
                self._strays[place] = min(near, key=lambda was: abs(was.start - clip.start))

    def _is_as_it_was(self, was: CueClip) -> bool:
        places = self._written_as[was]
        return bool(places) and all(place in self._same for place in places)

    def places_of(self, was: CueClip) -> tuple[list[Place], bool]:
        """Where a clip is now, and whether it is as it was written."""
        kept = [self._same[place] for place in self._written_as[was] if place in self._same]
        if self._is_as_it_was(was):
            return kept, True
        return [*kept, *(place for place, of in self._strays.items() if of == was)], False


def _placed(timeline: Timeline) -> Iterator[tuple[Place, Clip]]:
    for number, track in enumerate(timeline.tracks):
        if track.kind is TrackKind.AUDIO:
            for index, clip in enumerate(track.clips):
                yield (number, index), clip


def _plays(clip: Clip, file: str) -> bool:
    """Whether a clip plays a file, or what was made of it for an editor: the name begins alike."""
    media = clip.media
    if media is None:
        return False
    for name in (*media.names, *media.mono):
        stem = file_stem(name)
        if stem == file or (stem.startswith(file) and not stem[len(file)].isalnum()):
            return True
    return False


def file_stem(name: str) -> str:
    """The name of a file as a person sees it, without its ending: in some timelines it is part of a URL."""
    return PurePosixPath(unquote(name).replace("\\", "/")).stem


def _heard_as(clip: Clip, rate: Fraction) -> tuple[Any, ...]:
    """What a person who looks and listens can tell of a clip, as near as formats say it."""
    media, mix = clip.media, clip.mix
    name = clip.content.name if media is None else file_stem(media.names[0] if media.names else "")
    return (
        name,
        *clip.frames(rate),
        round(clip.media_in * 1000),
        round(float(clip.speed), 4),
        clip.enabled,
        clip.channels,
        round(mix.gain_db, 1),
        round(mix.pan, 2),
        tuple((round(key.at * 100), round(key.gain_db, 1)) for key in mix.keys),
        *(nearest_frame(Fraction(fade, 1_000_000), rate) for fade in (mix.fade_in_us, mix.fade_out_us)),
    )


def _without(track: Track, number: int, gone: Collection[Place]) -> Track:
    """A track without some clips, and without the crossfades that they were part of."""
    left = [clip for index, clip in enumerate(track.clips) if (number, index) not in gone]
    if len(left) == len(track.clips):
        return track
    taken = [clip for index, clip in enumerate(track.clips) if (number, index) in gone]
    edges = {edge for clip in taken for edge in (clip.start, clip.end)}
    joins = tuple(each for each in track.transitions if each.at not in edges)
    return _loose(replace(track, clips=tuple(left), transitions=joins))


def _loose(track: Track) -> Track:
    """A track that lies where its clips say, not where OTIO's own object had them."""
    if track.raw is None:
        return track
    return replace(track, raw={**track.raw, "children": [], "source_range": None}, length=None)


def _put(
    tracks: list[Track], lane: LaidAnew, came_from: Mapping[str, Sequence[int]], timeline: Timeline
) -> None:
    """Put the clips of a track where they were, if there is room: each cue's together."""
    for cue in dict.fromkeys(lane.cues[number] for number in sorted(lane.cues)):
        clips = [lane.track.clips[number] for number in sorted(lane.cues) if lane.cues[number] == cue]
        chosen = next(
            (
                number
                for number in _candidates(tracks, lane, came_from.get(cue, ()))
                if not _overlap(tracks[number].clips, clips, timeline.rate)
            ),
            None,
        )
        joins = _joins(lane.track.transitions, clips)
        if chosen is None:
            taken = {track.name for track in tracks}
            names = (
                lane.track.name,
                *(f"{lane.track.name} {number}" for number in range(2, len(tracks) + 3)),
            )
            name = next(name for name in names if name not in taken)
            made = replace(lane.track, name=name, clips=tuple(clips), transitions=joins)
            behind = [
                number
                for number, track in enumerate(tracks)
                if track.holds == lane.track.stem and _is_spare(track) is lane.is_spare
            ]
            tracks.insert(behind[-1] + 1 if behind else len(tracks), made)
        else:
            track = tracks[chosen]
            whole = tuple(sorted((*track.clips, *clips), key=lambda clip: clip.start))
            crossed = tuple(sorted((*track.transitions, *joins), key=lambda join: join.at))
            tracks[chosen] = _loose(replace(track, clips=whole, transitions=crossed))


def _candidates(tracks: Sequence[Track], lane: LaidAnew, came_from: Iterable[int]) -> list[int]:
    """Tracks for a clip: where it was, then the one of that name, then others of its kind."""
    fitting = [
        number
        for number, track in enumerate(tracks)
        if track.kind is TrackKind.AUDIO and (not track.clips or _is_spare(track) is lane.is_spare)
    ]
    was = list(came_from)
    ours = [
        number
        for number in fitting
        if number in was or tracks[number].name == lane.track.name or tracks[number].holds == lane.track.stem
    ]
    return sorted(ours, key=lambda number: (number not in was, tracks[number].name != lane.track.name))


def _is_spare(track: Track) -> bool:
    return bool(track.clips) and not any(clip.enabled for clip in track.clips)


def _overlap(there: Sequence[Clip], clips: Sequence[Clip], rate: Fraction) -> bool:
    spans = [clip.frames(rate) for clip in there]
    return any(
        first < last_there and first_there < last
        for first, last in (clip.frames(rate) for clip in clips)
        for first_there, last_there in spans
    )


def _joins(transitions: Sequence[Transition], clips: Sequence[Clip]) -> tuple[Transition, ...]:
    """The crossfades between some clips."""
    heads: set[RecordTime] = {clip.start for clip in clips}
    tails = {clip.end for clip in clips}
    return tuple(each for each in transitions if each.at in heads and each.at in tails)
