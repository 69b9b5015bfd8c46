"""The sequence of a turnover: a timeline with a leader, its sound on a template's tracks, and sync pops."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from avm_otio.errors import UsageError
from avm_otio.jobs.turnover.template import OWN, POPS, STEMS, Entry, Template
from avm_otio.mix.roles import role_of_served
from avm_otio.timeline.model import (
    SAMPLE_RATE_HZ,
    Clip,
    Marker,
    Media,
    Stem,
    Timeline,
    Track,
    TrackKind,
)
from avm_otio.timeline.playback import exact
from avm_otio.timeline.time import (
    MediaTime,
    RecordTime,
    format_timecode,
    nearest_frame,
    nominal_rate,
    parse_timecode,
    touched_frames,
)

POP_S = 2
"""Seconds of timecode between a pop and the programme."""

_RATE = Fraction(SAMPLE_RATE_HZ)
_WIDTHS = (1, 2, 6)
"""Channels of a track that every program takes; others become mono tracks."""


@dataclass(frozen=True, slots=True)
class Pop:
    """A sync pop.

    Attributes:
        name: ``2-pop`` or ``tail pop``.
        frame: Its frame, from the sequence's first.
        sample: Its first sample, from the sequence's first.
        samples: How many it has.
    """

    name: str
    frame: int
    sample: int
    samples: int


@dataclass(frozen=True, slots=True)
class LaidTrack:
    """A sound track of the sequence, and what it was made of.

    Attributes:
        track: The track.
        stem: ``DX``, ``MX``, ``FX``; empty for the pops.
        source: The name of the track on the timeline; empty for the pops.
        entry: Which entry of the template it is by, from 0; ``None`` where the template has no place for it.
    """

    track: Track
    stem: str
    source: str = ""
    entry: int | None = None


@dataclass(frozen=True, slots=True)
class Laid:
    """The sequence of a turnover.

    Attributes:
        timeline: It as a timeline: pictures, then the sound tracks in the template's order.
        tracks: Its sound tracks.
        first: The programme's first frame, from the sequence's first.
        frames: How many frames the programme has.
        pops: The sync pops.
        notes: What became of what lies not as it lay, one line each.
        last_picture: The last frame with a picture, from the sequence's first; ``None`` where there is none.
    """

    timeline: Timeline
    tracks: tuple[LaidTrack, ...]
    first: int
    frames: int
    pops: tuple[Pop, ...]
    notes: tuple[str, ...] = ()
    last_picture: int | None = None

    @property
    def start_frame(self) -> int:
        """The programme's start timecode as a count of frames."""
        return self.timeline.start_frame + self.first

    def timecode(self, frame: int) -> str:
        """The timecode of a frame of the sequence."""
        return self.timeline.timecode(frame / self.timeline.rate)


def sample_of(frame: int, rate: Fraction) -> int:
    """The sample at which a frame begins, to the nearest."""
    return nearest_frame(frame / rate, _RATE)


def start_of(timeline: Timeline, template: Template) -> tuple[int, bool]:
    """The programme's first frame as a count since 00:00:00:00, and whether its timecode drops frames.

    A start with a ``;`` is drop-frame whatever the timeline counts; one without is as the timeline counts.

    Raises:
        TimeFormatError: The template's is no timecode of this rate.
        UsageError: The leader would begin before midnight, or the sequence end after it.
    """
    first, drops = timeline.start_frame, timeline.drop_frame
    if template.start != OWN:
        text = template.start
        drops = drops or ";" in text
        if drops:
            head, _, tail = text.rpartition(":")
            text = f"{head};{tail}" if ";" not in text else text
        first = parse_timecode(text, timeline.rate)
    _refuse_past_midnight(
        first - template.leader * nominal_rate(timeline.rate), timeline.frames, timeline, drops
    )
    if first < template.leader * nominal_rate(timeline.rate):
        raise UsageError(
            f"The programme starts at {format_timecode(first, timeline.rate, drops)}: there is no room "
            f"before it for {template.leader} s of leader.",
            "Give --start 01:00:00:00, or a template with a shorter leader.",
        )
    return first, drops


def _refuse_past_midnight(first: int, frames: int, timeline: Timeline, drops: bool) -> None:
    """Refuse a sequence that is not over when its timecode begins anew."""
    rate = timeline.rate
    day = parse_timecode(f"23:59:59{';' if drops else ':'}{nominal_rate(rate) - 1}", rate) + 1
    if first + frames <= day:
        return
    raise UsageError(
        f"The sequence would begin at {format_timecode(first, rate, drops)} and end at "
        f"{format_timecode(first + frames, rate, drops)}: past midnight, where timecode starts over.",
        "Give --start 01:00:00:00, or turn over the timeline in parts.",
    )


def sequence_of(timeline: Timeline, template: Template, pop: Media) -> Laid:
    """Lay a timeline out as a turnover.

    Args:
        timeline: The timeline, nests opened, media located.
        template: How.
        pop: The file of the sync pop.

    Raises:
        TimeFormatError: The template's start is no timecode of this rate.
        UsageError: The leader would begin before midnight, or the sequence end after it.
    """
    timeline = exact(timeline)
    rate, nominal = timeline.rate, nominal_rate(timeline.rate)
    frames, leader = _programme(timeline), template.leader * nominal
    start, drops = start_of(timeline, template)
    by = leader / rate
    last = max((clip.end for track in timeline.tracks for clip in track.clips), default=Fraction(0))
    length = max(leader + frames + template.tail * nominal, leader + touched_frames(last, rate)) / rate
    _refuse_past_midnight(start - leader, touched_frames(length, rate), timeline, drops)
    pops = tuple(_pops(template, leader, frames, rate))
    dealt = _Dealt(template)
    for track in timeline.audio_tracks:
        dealt.add(track)
    laid = dealt.tracks(_pop_track(template, pops, pop, rate))
    pictures = tuple(replace(_later(track, by), raw=None) for track in timeline.video_tracks)
    tracks = tuple(
        each if each.stem == "" and not each.source else replace(each, track=_later(each.track, by))
        for each in laid
    )
    made = replace(
        timeline,
        tracks=(*pictures, *(each.track for each in tracks)),
        start_frame=start - leader,
        drop_frame=drops,
        duration=length,
        markers=tuple(_marker(each, by) for each in timeline.markers),
        kept=(),
        origin=None,
        raw=None,
    )
    shown = _frames_of(timeline.video_tracks, rate)
    return Laid(made, tracks, leader, frames, pops, tuple(dealt.notes), leader + shown - 1 if shown else None)


def _programme(timeline: Timeline) -> int:
    """How many frames anything is seen or heard for; all of them where all is switched off."""
    return _frames_of(timeline.tracks, timeline.rate) or max(1, timeline.frames)


def _frames_of(tracks: Iterable[Track], rate: Fraction) -> int:
    """How many frames what is switched on lasts; 0 for nothing."""
    ends = [clip.end for track in tracks if track.enabled for clip in track.clips if clip.enabled]
    return touched_frames(max(ends), rate) if ends else 0


def _pops(template: Template, leader: int, frames: int, rate: Fraction) -> Iterator[Pop]:
    away = POP_S * nominal_rate(rate)
    places = []
    if template.pops.head:
        places.append(("2-pop", leader - away))
    if template.pops.tail:
        end = leader + frames - (template.pops.tail_from != "end")
        places.append(("tail pop", end + away))
    for name, frame in places:
        first = sample_of(frame, rate)
        yield Pop(name, frame, first, sample_of(frame + 1, rate) - first)


def _pop_track(template: Template, pops: tuple[Pop, ...], media: Media, rate: Fraction) -> LaidTrack:
    entry = template.place(POPS, "", "")
    name = "POP" if entry is None else entry.name.replace("{number}", "1")
    clips = tuple(
        Clip(
            name=pop.name,
            start=RecordTime(pop.frame / rate),
            end=RecordTime((pop.frame + 1) / rate),
            content=media,
            media_in=media.start,
            channels=(0,),
        )
        for pop in pops
    )
    return LaidTrack(Track(name, TrackKind.AUDIO, clips, channels=1), "")


@dataclass(slots=True)
class _Dealt:
    """The sound tracks of a timeline, dealt to the entries of a template."""

    template: Template
    found: dict[Entry | None, list[LaidTrack]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, track: Track) -> None:
        """Deal a track: one for each entry that takes of it, and one for each number of channels."""
        holds = track.holds
        if holds is not None and not any(clip.enabled for clip in track.clips):
            if track.clips:
                count = f"{len(track.clips)} clip{'s' * (len(track.clips) != 1)}"
                self.notes.append(f"Track “{track.name}” is switched off and left out ({count}).")
            return
        track = self._without_offline(track)
        parts: dict[tuple[Entry | None, int], list[Clip]] = {}
        for clip in track.clips:
            width = _width(clip)
            parts.setdefault((self._entry(clip, track), width), []).append(clip)
        for (entry, width), clips in parts.items():
            if width in _WIDTHS:
                self._lay(entry, width, clips, track, split=len(parts) > 1)
                continue
            self.notes.append(f"Track “{track.name}”: {width} channels became as many mono tracks.")
            for number in range(width):
                ones = [
                    replace(clip, channels=clip.channels[number : number + 1], channels_assumed=False)
                    for clip in clips
                ]
                self._lay(entry, 1, ones, track, split=len(parts) > 1)

    def _without_offline(self, track: Track) -> Track:
        """A track without what is switched off and has no media: nothing could be turned over of it."""
        gone = [clip for clip in track.clips if not (clip.enabled and track.enabled) and not _has_file(clip)]
        self.notes += [
            f"“{clip.name}” on track “{track.name}” is switched off and its media is missing: it is left out."
            for clip in gone
        ]
        return replace(track, clips=tuple(clip for clip in track.clips if clip not in gone))

    def _entry(self, clip: Clip, track: Track) -> Entry | None:
        stem = clip.stem or track.holds
        role = ""
        if stem is Stem.EFFECTS and clip.offer is not None:
            title = clip.offer.item.get("title")
            role = role_of_served(clip.offer.cue or {}, title if isinstance(title, str) else "")
        return self.template.place(OWN if stem is None else stem.value, role, track.name)

    def _lay(self, entry: Entry | None, width: int, clips: list[Clip], track: Track, *, split: bool) -> None:
        transitions = []
        for each in track.transitions:
            begins = [clip for clip in clips if clip.start == each.at]
            ends = [clip for clip in clips if clip.end == each.at]
            if bool(begins) == bool(ends) or not (split and _joins(each.at, track.clips)):
                transitions += [each] if begins or ends else []
                continue
            # What it joined lies on two tracks now: one clip fades out, and the other fades in.
            length = min(each.before + each.after, (begins or ends)[0].duration)
            before, after = (Fraction(0), length) if begins else (length, Fraction(0))
            transitions.append(replace(each, before=before, after=after, raw=None))
            note = f"Track “{track.name}” is split, and “{each.name}” in it became a fade on each part."
            self.notes += [note] if note not in self.notes else []
        if entry is not None:
            stem = entry.stem
        else:
            stem = next((name for name, one in STEMS.items() if one is (clips[0].stem or track.holds)), "DX")
        heard_in = STEMS[stem] if stem != "DX" or track.holds is not None else None
        made = replace(
            track,
            clips=tuple(replace(clip, stem=clip.stem and STEMS[stem]) for clip in clips),
            transitions=tuple(transitions),
            channels=max(1, width),
            channels_assumed=False,
            stem=heard_in,
            length=None,
            raw=None,
        )
        if entry is None:
            self.notes.append(
                f"The template has no place for track “{track.name}”: it lies at the end under its own name."
            )
        self.found.setdefault(entry, []).append(LaidTrack(made, stem, track.name))

    def tracks(self, pops: LaidTrack) -> tuple[LaidTrack, ...]:
        """All of them, named, in the template's order."""
        made: list[LaidTrack] = []
        taken = {pops.track.name.casefold()} if pops.track.clips else set[str]()
        found, pop_entry = dict(self.found), self.template.place(POPS, "", "")
        for index, entry in enumerate(self.template.tracks):
            if entry is pop_entry and pops.track.clips:
                made.append(replace(pops, entry=index))
            # Of two entries that are alike in all, the first has what both take.
            for number, each in enumerate(found.pop(entry, ()), 1):
                made.append(_named(replace(each, entry=index), _free(entry.name, number, taken)))
        without = found.pop(None, ())
        return (*made, *(_named(each, _free(each.track.name, 1, taken)) for each in without))


def _named(laid: LaidTrack, name: str) -> LaidTrack:
    """A track under another name, heard in the stem in which it is, whatever its name says of it."""
    track = replace(laid.track, name=name)
    if track.stem is None and track.holds is not None:
        track = replace(track, stem=STEMS[laid.stem])
    return replace(laid, track=track)


def _free(pattern: str, number: int, taken: set[str]) -> str:
    """The first name, by its number, that no track has yet: tracks are known by their names."""
    while True:
        name = pattern.replace("{number}", str(number))
        if "{number}" not in pattern and number > 1:
            name = f"{name} {number}"
        if name.casefold() not in taken:
            taken.add(name.casefold())
            return name
        number += 1


def _joins(at: Fraction, clips: Iterable[Clip]) -> bool:
    edges = [(clip.start, clip.end) for clip in clips]
    return any(end == at for _, end in edges) and any(start == at for start, _ in edges)


def _has_file(clip: Clip) -> bool:
    media = clip.media
    return media is not None and media.is_online and bool(media.path) and Path(media.path).is_file()


def _width(clip: Clip) -> int:
    """How many channels of its media a clip plays."""
    media = clip.media
    count = len(clip.channels) or 1
    if media is None or not media.channels:
        return count
    return max(1, sum(channel < media.channels for channel in clip.channels) if clip.channels else 1)


def _later(track: Track, by: Fraction) -> Track:
    return replace(
        track,
        clips=tuple(
            replace(clip, start=RecordTime(clip.start + by), end=RecordTime(clip.end + by), laid=None)
            for clip in track.clips
        ),
        transitions=tuple(replace(each, at=RecordTime(each.at + by)) for each in track.transitions),
        markers=tuple(_marker(each, by) for each in track.markers),
        length=None,
        raw=None,
    )


def _marker(marker: Marker, by: Fraction) -> Marker:
    return replace(marker, start=marker.start + by, raw=None)


def pop_media(path: str, rate: Fraction, start: Fraction) -> Media:
    """The file of the sync pop: as long as the longest frame of a rate.

    Args:
        path: Where it lies.
        rate: Frames a second.
        start: What its time reference says, in seconds.
    """
    samples = math.ceil(_RATE / rate)
    return Media(
        name="2-pop.wav",
        path=path,
        start=MediaTime(start),
        duration=samples / _RATE,
        sample_rate_hz=SAMPLE_RATE_HZ,
        channels=1,
        mono=(path,),
    )
