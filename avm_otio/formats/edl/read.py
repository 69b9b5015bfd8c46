"""CMX3600 edit decision lists, read: every channel form, sound alone, lists that disagree with themselves.

Record time is followed: an edit lies where the list puts it, whatever length its source claims. The timeline
starts at the earliest record timecode, black included.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from avm_otio.errors import TimelineError
from avm_otio.formats.edl import FORMAT
from avm_otio.formats.edl import lines as edl_lines
from avm_otio.formats.edl.comments import Comments, comments_of
from avm_otio.formats.edl.common import (
    BARS_REEL,
    BLACK_REELS,
    COLORS,
    FILE_REEL,
    day_frames,
    speed_of,
)
from avm_otio.formats.edl.lines import Line, List, frames_of, text_of
from avm_otio.timeline.model import (
    Clip,
    GainKey,
    Generator,
    Kept,
    Marker,
    Media,
    Mix,
    Timeline,
    Track,
    TrackKind,
    Transition,
)
from avm_otio.timeline.time import MediaTime, RecordTime, dropped_per_minute, format_rate, to_micros
from avm_otio.timeline.urls import plain_path

_Key = tuple[TrackKind, tuple[int, ...]]
"""A track: its kind, and the video track or the sound channels that it stands for."""


def read(path: Path, rate: Fraction | None = None) -> tuple[list[Timeline], tuple[str, ...]]:
    """Read every list of a file.

    Args:
        path: The file.
        rate: Frames a second, which a list does not say; ``None`` to guess.

    Returns:
        The timelines, and what could not be read of them.

    Raises:
        TimelineError: It is no list, or has frames that the rate does not have.
    """
    text = text_of(path)
    notes = []
    if rate is None:
        rate = edl_lines.guessed_rate(text)
        notes.append(f"An EDL does not say its rate: read at {format_rate(rate)} fps; give --rate if wrong.")
    lists = [each for each in edl_lines.lists_of(text, str(path)) if each.lines]
    if not lists:
        raise TimelineError(f"{path} has no edit of a CMX3600 list.", "Export it again as CMX3600.")
    found = []
    for each in lists:
        reader = _Reader(path, rate, each)
        found.append(reader.timeline())
        notes += reader.notes()
    return found, tuple(dict.fromkeys(notes))


guessed_rate = edl_lines.guessed_rate


@dataclass(slots=True)
class _Lane:
    """A track in the making."""

    clips: list[Clip] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    fades_out: dict[int, int] = field(default_factory=dict)
    """First frame → length of each dissolve into silence."""


class _Reader:
    def __init__(self, path: Path, rate: Fraction, found: List) -> None:
        self.path = path
        self.rate = rate
        self.list = found
        self.counts: Counter[str] = Counter()
        self.lanes: dict[_Key, _Lane] = {}
        self.markers: list[Marker] = []
        self.links = 0
        has_drop = dropped_per_minute(rate) > 0
        has_semicolons = any(";" in time for line in found.lines for time in line.times[2:])
        self.is_drop = has_drop and (bool(found.is_drop) or has_semicolons)
        if found.is_drop and not has_drop:
            self.counts[f"says DROP FRAME, which {format_rate(rate)} fps does not have"] += 1
        # Several lines of one edit that stand together.
        self.edits: list[list[Line]] = []
        for line in found.lines:
            if self.edits and self.edits[-1][-1].number == line.number:
                self.edits[-1].append(line)
            else:
                self.edits.append([line])
        self.records = {line.place: self._record(line) for line in found.lines}
        self.start = self._unwrapped()

    def notes(self) -> list[str]:
        return [
            f"{count} × {note}." if count > 1 else f"{note[:1].upper()}{note[1:]}."
            for note, count in self.counts.items()
        ]

    def _frames(self, time: str, is_drop: bool, line: Line) -> int:
        return frames_of(time, self.rate, is_drop, f"{self.path}, line {line.place}")

    def _record(self, line: Line) -> tuple[int, int]:
        first, last = (self._frames(time, self.is_drop, line) for time in line.times[2:])
        return first, last if last >= first else last + day_frames(self.rate, self.is_drop)

    def _unwrapped(self) -> int:
        """The earliest record frame; edits after midnight follow those before it."""
        day = day_frames(self.rate, self.is_drop)
        starts = [first for first, _ in self.records.values()]
        if max(starts) - min(starts) > day // 2:
            for place, (first, last) in self.records.items():
                if first < day // 2:
                    self.records[place] = (first + day, last + day)
        return min(first for first, _ in self.records.values())

    def timeline(self) -> Timeline:
        for lines in self.edits:
            self._edit(lines)
        tracks = [
            track
            for key in sorted(self.lanes, key=lambda key: (key[0] is TrackKind.AUDIO, key[1]))
            for track in self._tracks(key, self.lanes[key])
        ]
        end = max(last for _, last in self.records.values()) - self.start
        return Timeline(
            name=self.list.title,
            rate=self.rate,
            tracks=tuple(tracks),
            start_frame=self.start,
            drop_frame=self.is_drop,
            duration=end / self.rate,
            markers=tuple(self.markers),
            kept=tuple(Kept(FORMAT.name, "comment", text) for text in self.list.header),
        )

    def _edit(self, lines: list[Line]) -> None:
        """Lay what the lines of one edit say."""
        comments = comments_of([comment for line in lines for comment in line.comments])
        leads = any(line.kind != "C" for line in lines)
        laid: list[tuple[Line, _Lane, int]] = []
        for at, line in enumerate(lines):
            first, last = self.records[line.place]
            keys = _keys(line)
            if not keys:
                self.counts["edit on no channel, not laid"] += 1
                continue
            is_from_black = at > 0 and lines[at - 1].reel in BLACK_REELS
            fade = 0 if line.kind == "C" else self._transition(line, keys, comments, is_from_black)
            if line.reel in BLACK_REELS:
                continue
            if last == first:
                if not (leads and line.kind == "C"):
                    self.counts["edit without length, not laid"] += 1
                continue
            way = "TO" if line.kind != "C" and (len(lines) > 1 or "TO" in comments.names) else "FROM"
            self._count_mismatch(line, comments)
            laid += self._clips(line, keys, comments, way, fade)
        self._rest(comments, lines, laid)

    def _transition(self, line: Line, keys: list[_Key], comments: Comments, is_from_black: bool) -> int:
        """Lay a transition; returns frames of the fade in where it is one of sound from silence."""
        first, last = self.records[line.place]
        if line.kind.startswith("K"):
            self.counts["key, laid as picture over picture"] += 1
            return 0
        frames = line.frames
        if frames > last - first:
            self.counts["transition longer than what it leads to, shortened"] += 1
            frames = last - first
        if not frames:
            return 0
        at = first - self.start
        fade = 0
        for key in keys:
            lane = self.lanes.setdefault(key, _Lane())
            if key[0] is TrackKind.AUDIO and line.reel in BLACK_REELS:
                lane.fades_out[at] = frames
            elif key[0] is TrackKind.AUDIO and is_from_black:
                fade = frames
            else:
                is_wipe = line.kind.startswith("W")
                lane.transitions.append(
                    Transition(
                        name=comments.effect or ("Wipe" if is_wipe else "Dissolve"),
                        at=RecordTime(at / self.rate),
                        before=Fraction(0),
                        after=frames / self.rate,
                        kind="Custom_Transition" if is_wipe else "SMPTE_Dissolve",
                        kept=(Kept(FORMAT.name, "wipe", line.kind),) if is_wipe else (),
                    )
                )
        return fade

    def _clips(
        self, line: Line, keys: list[_Key], comments: Comments, way: str, fade: int
    ) -> list[tuple[Line, _Lane, int]]:
        """Lay one line's clip on every track that it goes to."""
        first, last = (frame - self.start for frame in self.records[line.place])
        name = comments.names.get(way) or comments.names.get("TO", "") or line.reel
        speed, media_in, low = self._source(line, comments, last - first)
        content = self._content(line, comments, way, name)
        link = None
        if len(keys) > 1:
            self.links += 1
            link = self.links
        laid = []
        for key in keys:
            mix = Mix()
            channels: tuple[int, ...] = ()
            if key[0] is TrackKind.AUDIO:
                mix = replace(self._mix(line, comments, low, speed), fade_in_us=to_micros(fade / self.rate))
                channels = tuple(range(len(key[1])))
                patched = {to: source - 1 for source, to in comments.patches if source}
                if patched:
                    channels = tuple(patched.values())[: len(key[1])]
            lane = self.lanes.setdefault(key, _Lane())
            laid.append((line, lane, len(lane.clips)))
            lane.clips.append(
                Clip(
                    name=name,
                    start=RecordTime(first / self.rate),
                    end=RecordTime(last / self.rate),
                    content=content,
                    media_in=MediaTime(media_in / self.rate),
                    speed=speed,
                    mix=mix,
                    channels=channels,
                    link=link,
                    kept=(Kept(FORMAT.name, "reel", line.reel),) if line.reel != FILE_REEL else (),
                )
            )
        return laid

    def _span(self, line: Line) -> tuple[int, int]:
        """Source in and out."""
        low, high = (self._frames(time, line.is_drop, line) for time in line.times[:2])
        return low, high

    def _count_mismatch(self, line: Line, comments: Comments) -> None:
        first, last = self.records[line.place]
        low, high = self._span(line)
        if high - low != last - first and not comments.speeds and not comments.is_frozen:
            self.counts["source longer or shorter than what it fills, record is followed"] += 1

    def _source(self, line: Line, comments: Comments, length: int) -> tuple[Fraction, Fraction, int]:
        """Speed, media time at the head in frames, and the source frame from which gains are counted."""
        low, high = self._span(line)
        for reel, frames, at in comments.speeds:
            begins = self._frames(at, line.is_drop, line)
            if begins not in (low, high) or reel not in ("", line.reel):
                continue
            speed = speed_of(frames, self.rate)
            return speed, Fraction(max(low, high) if speed < 0 else low), low
        return Fraction(0 if comments.is_frozen else 1), Fraction(low), low

    def _content(self, line: Line, comments: Comments, way: str, name: str) -> Media | Generator:
        if line.reel == BARS_REEL:
            return Generator(name, "SMPTEBars")
        if way in comments.generators:
            return Generator(name)
        path = plain_path(comments.paths.get(way, ""))
        # Two lines of files are of the two sources, in the order of the edit's lines.
        file = next(iter(comments.files if way == "FROM" else comments.files[::-1]), "")
        if not file:
            file = re.split(r"[/\\]", path)[-1] or comments.names.get(way, "") or line.reel
        return Media(
            name=file,
            path=path,
            channels=max(line.audio, default=0) and len(line.audio),
            has_picture=bool(line.video),
            is_online=bool(path),
        )

    def _mix(self, line: Line, comments: Comments, low: int, speed: Fraction) -> Mix:
        levels = [(self._frames(time, line.is_drop, line) - low, gain) for time, gain in comments.levels]
        if len(levels) > 1 and speed > 0:
            places = dict(levels)
            keys = [GainKey(place / self.rate / speed, gain) for place, gain in sorted(places.items())]
            return Mix(keys=tuple(keys))
        if levels:
            return Mix(levels[0][1])
        return Mix(comments.volume or 0.0)

    def _rest(self, comments: Comments, lines: list[Line], laid: list[tuple[Line, _Lane, int]]) -> None:
        """Locators, and unknown comments: on the last clip of the edit."""
        here: list[Marker] = []
        if laid:
            line, lane, at = next(row for row in laid if row[0] is laid[-1][0])
            first, last = self.records[line.place]
        for time, text in comments.locators:
            color, _, rest = text.partition(" ")
            if color.upper() not in COLORS:
                color, rest = "", text
            frame = self._frames(time, self.is_drop, lines[-1])
            if laid and frame < first and first >= day_frames(self.rate, self.is_drop):
                frame += day_frames(self.rate, self.is_drop)
            inside = laid and first <= frame < last
            origin = first if inside else self.start
            marker = Marker(rest.strip(), (frame - origin) / self.rate, color=color.upper())
            (here if inside else self.markers).append(marker)
        kept = tuple(Kept(FORMAT.name, "comment", text) for text in comments.others)
        if laid:
            clip = lane.clips[at]
            lane.clips[at] = replace(clip, markers=tuple(here), kept=clip.kept + kept)
        elif kept:
            self.counts["comment below an edit that is not laid, left out"] += len(kept)

    def _tracks(self, key: _Key, lane: _Lane) -> list[Track]:
        """The track, and more of the same where its clips overlap: nothing is thrown away."""
        kind, numbers = key
        order = sorted(range(len(lane.clips)), key=lambda at: (lane.clips[at].start, at))
        dealt: list[list[Clip]] = []
        for at in order:
            clip = lane.clips[at]
            clip = self._faded(clip, lane)
            level = next((row for row in dealt if row[-1].end <= clip.start), None)
            if level is None:
                level = []
                dealt.append(level)
            level.append(clip)
        moved = sum(len(row) for row in dealt[1:])
        name = "V" if kind is TrackKind.VIDEO else "A"
        name = name + name.join(str(number) for number in numbers)
        if moved:
            self.counts[f"edit over another on {name}, laid on a track of its own"] += moved
        return [
            Track(
                name=name if row is dealt[0] else f"{name} ({number})",
                kind=kind,
                clips=tuple(row),
                transitions=tuple(sorted(lane.transitions, key=lambda transition: transition.at))
                if row is dealt[0]
                else (),
                channels=len(numbers) if kind is TrackKind.AUDIO else 0,
            )
            for number, row in enumerate(dealt, 1)
        ]

    def _faded(self, clip: Clip, lane: _Lane) -> Clip:
        """A clip of sound with the dissolve into silence that follows it as its fade."""
        frames = lane.fades_out.get(int(clip.end * self.rate))
        if frames is None:
            return clip
        length = frames / self.rate
        mix = replace(clip.mix, fade_out_us=to_micros(length))
        return replace(clip, end=RecordTime(clip.end + length), mix=mix)


def _keys(line: Line) -> list[_Key]:
    """The tracks that a line goes to: each video track, and its sound channels, the first two as a pair."""
    keys: list[_Key] = [(TrackKind.VIDEO, (number,)) for number in sorted(line.video)]
    if line.audio:
        keys.append((TrackKind.AUDIO, tuple(sorted(line.audio))))
    return keys
